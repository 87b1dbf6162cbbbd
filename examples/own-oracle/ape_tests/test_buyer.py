"""The same through ape: contracts of its project, its accounts and receipts, on its Anvil.

ape test ape_tests --plimsoll-engine ape
"""

import ape
import pytest

from plimsoll.chain.containers import container
from plimsoll.params import price_of
from plimsoll.units import HOUR, MAX, PRICE_SCALE


@pytest.fixture
def oracle(project, accounts):
    """Says 2,000; the first account reports."""
    return project.PostedOracle.deploy(accounts[0], price_of(2_000, 18, 6), sender=accounts[0])


def test_the_buyer_pays_out_of_its_owners_wallet(project, accounts, market):
    keeper, owner, borrower = accounts[1:4]
    market.give(owner)
    market.open(market.give(borrower), collateral=10, debt=15_000)
    vault = container("Vault").at(market.vault.address)
    buyer = project.Buyer.deploy(vault, owner, PRICE_SCALE**2 // price_of(1_800, 18, 6), sender=keeper)
    market.loan.approve(buyer, MAX, sender=owner)

    with ape.reverts("vault: healthy"):
        buyer.buy(borrower, sender=keeper)
    market.set_quote(1_750)
    seized = vault.preview_liquidate(borrower, MAX).seized
    receipt = buyer.buy(borrower, sender=keeper)

    assert receipt.return_value == seized
    assert [each.owner for each in receipt.decode_logs(vault.Liquidation)] == [borrower]
    assert vault.health(borrower) > 10**18


def test_the_oracle_is_stale_after_an_hour(accounts, oracle, builder):
    assert oracle.price() == price_of(2_000, 18, 6)
    builder.chain.advance(HOUR + 1)
    with ape.reverts("posted: stale"):
        oracle.price()
    oracle.report(price_of(1_000, 18, 6), sender=accounts[0])
    assert oracle.price() == price_of(1_000, 18, 6)
