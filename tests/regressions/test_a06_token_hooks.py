"""A6: a token that called out let its holder in again (Lendf.Me, Cream, Agave, Rari).

Here such tokens are not supported, and do no harm: A21 enters every function in every hook. The pool is
open in the hook of a payment to it; whatever is done there, the payment arrives in full or nothing happens.
"""

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, DEPLOYER
from plimsoll.units import FRACTION, WAD
from tests.utils.moves import VICTIM, Call, every_move, hooked_market, plan

PAYING = ("repay", "close", "liquidate", "liquidate_batch")


@pytest.fixture(scope="module")
def hooked() -> tuple[Market, Contract]:
    """The loan asset has hooks."""
    return hooked_market("loan")


def hook(market: Market, intruder: Contract, moment: str, *calls: Call) -> None:
    plan(intruder, *calls)
    market.loan.send(moment, intruder.address, intruder.encode("run"), sender=DEPLOYER)


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("name", PAYING)
def test_a06_a_payment_arrives_in_full_or_not_at_all(hooked, name, moment):
    """What moves the pool's cash meanwhile makes the payment fail; what does not changes no price."""
    market, intruder = hooked
    pool, who = market.pool, intruder.address
    (move,) = (move for move in every_move(market) if move.name == name)
    flash = (pool, "flashLoan", (who, market.loan.address, 10**6, b""))
    for call, harm in (
        ((pool, "deposit", (10**6, who)), True),
        ((pool, "mint", (10**9, who)), True),
        ((pool, "withdraw", (10**6, who, who)), True),
        ((pool, "redeem", (10**9, who, who)), True),
        ((pool, "exit", (10**9, 0, who, who)), True),
        ((market.loan, "transfer", (pool.address, 1)), True),
        ((pool, "book_shortfall", ()), False),
        ((pool, "accrue", ()), False),
        ((pool, "transfer", (VICTIM, 1)), False),
        (flash, False),  # what goes out comes back
    ):
        with market.chain.isolated():
            price, residue = pool.call("convertToAssets", WAD), market.residue()
            hook(market, intruder, moment, call)
            assert move.refusal() == ("vault: payment did not arrive" if harm else None), call
            if not harm:
                move.make()
                assert intruder.call("outcomes")[-1][0], call
                assert pool.call("convertToAssets", WAD) == price
                assert market.residue() >= residue
            market.assert_sums([BORROWER, VICTIM, who])


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("name", PAYING)
def test_a06_moving_cash_out_and_in_again_changes_nothing(hooked, name, moment):
    market, intruder = hooked
    pool, who = market.pool, intruder.address
    (move,) = (move for move in every_move(market) if move.name == name)
    with market.chain.isolated():
        price, residue = pool.call("convertToAssets", WAD), market.residue()
        hook(
            market,
            intruder,
            moment,
            (pool, "withdraw", (10**9, who, who)),
            (pool, "deposit", (10**9, who)),
        )
        move.make()
        assert all(success for success, _ in intruder.call("outcomes"))
        assert pool.call("convertToAssets", WAD) - price in (0, 1)
        assert market.residue() > residue - 2 * FRACTION  # roundings of the two
        market.assert_sums([BORROWER, VICTIM, who])


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("name", ["deposit", "open"])
def test_a06_collateral_arrives_as_said_or_not_at_all(name, moment):
    """A gift to the vault in the hook is not taken for the caller's collateral."""
    market, intruder = hooked_market("collateral")
    (move,) = (m for m in every_move(market) if m.name == name and m.contract is market.vault)
    gift = (market.collateral, "transfer", (market.vault.address, 1))
    plan(intruder, gift)
    market.collateral.send(moment, intruder.address, intruder.encode("run"), sender=DEPLOYER)
    assert move.refusal() == "vault: collateral missing"
    plan(intruder)
    assert move.refusal() is None
