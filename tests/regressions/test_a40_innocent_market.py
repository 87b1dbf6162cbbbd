"""A40: an innocent market was charged with another's loss, because it was the one that settled next.

Here a vault's line falls by what it extinguished and was not paid; a shortfall that stood before is nobody's.
"""

from dataclasses import replace
from random import Random

import pytest

from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, LIQUIDATOR, OTHER_BORROWER, STRANGER
from plimsoll.units import DAY, MAX, NOBODY
from tests.utils.attack import donate, losses_of, million, stake

SEIZED, DEBT, LINE = 250_000, 300_000, 500_000


def lent() -> Market:
    """Of a million 300,000 are lent to the vault's only borrower."""
    market = million(limit=LINE)
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER, 200, DEBT)
    return market


def seize(market: Market, whole_tokens: int = SEIZED) -> None:
    """The issuer of the loan asset takes cash from the pool, and nobody has booked it."""
    market.loan.burn(market.pool, market.loans(whole_tokens), sender=DEPLOYER)


def payments(market: Market) -> dict:
    """Ways to settle without a loss of one's own."""
    vault = market.vault
    return {
        "in full": (vault.repay, MAX, BORROWER),
        "a part": (vault.repay, market.loans(100_000), BORROWER),
        "a unit": (vault.repay, 1, BORROWER),
        "close": (vault.close, MAX, MAX, BORROWER, BORROWER),
        "liquidate": (vault.liquidate, BORROWER, MAX),
    }


@pytest.mark.parametrize("way", ["in full", "a part", "a unit", "close", "liquidate"])
def test_a40_seized_cash_is_charged_to_nobody(way):
    """P11. 250,000 gone; an honest payment leaves the line at 500,000, and the event names no vault."""
    market = lent()
    pool, vault, assets = market.pool, market.vault, market.pool.totalAssets()
    if way == "liquidate":
        market.set_quote(1_760)
    seize(market)
    method, *arguments = payments(market)[way]
    sender = LIQUIDATOR if way == "liquidate" else BORROWER
    receipt = method(*arguments, sender=sender)
    assert losses_of(market, receipt)[0] == (
        NOBODY,
        0,
        0,
        assets - pool.totalAssets(),
    )
    fee = receipt.return_value[1] if way == "liquidate" else 0
    assert market.loans(SEIZED) - fee - 1 <= assets - pool.totalAssets() <= market.loans(SEIZED)
    assert pool.losses(vault) <= 1  # the rounding of a settlement that leaves others in debt
    assert market.loans(LINE) - 1 <= pool.credit_line(vault)[0] <= market.loans(LINE)
    if way in ("in full", "close"):
        assert (pool.credit_line(vault)[0], pool.losses(vault)) == (market.loans(LINE), 0)
        assert len(losses_of(market, receipt)) == 1


def test_a40_both_in_one_call():
    """A seizure and a close that loses some of its own: two events, the line falls by the vault's."""
    market = lent()
    seize(market)
    market.set_quote(1_000)
    debt = market.debt(BORROWER)
    receipt = market.vault.liquidate(BORROWER, MAX, sender=LIQUIDATOR)
    own = debt - receipt.return_value[0]
    nobodys, vaults = losses_of(market, receipt)
    assert nobodys == (NOBODY, 0, 0, market.loans(SEIZED))
    assert vaults == (market.vault.address.lower(), 0, 0, own)
    assert market.pool.losses(market.vault) == own
    assert market.pool.credit_line(market.vault)[0] == market.loans(LINE) - own


def test_a40_reserve_and_backstop_first_for_what_stood_before():
    """What is nobody's is borne in the same order; the vault is charged with its own all the same."""
    market = lent()
    donate(market, 10_000)
    stake(market, LENDER, 50_000)
    seize(market, 40_000)
    market.set_quote(1_400)
    debt, assets = market.debt(BORROWER), market.pool.totalAssets()
    receipt = market.vault.liquidate(BORROWER, MAX, sender=LIQUIDATOR)
    own = debt - receipt.return_value[0]
    nobodys, vaults = losses_of(market, receipt)
    assert nobodys == (NOBODY, 0, market.loans(30_000), 0)
    assert vaults[0] == market.vault.address.lower()
    assert sum(vaults[1:]) == own
    assert assets - market.pool.totalAssets() == market.loans(30_000) + own
    assert market.pool.credit_line(market.vault)[0] == market.loans(LINE) - own


def other_market(market: Market) -> Market:
    """A second vault of the same pool, with an oracle of its own and a line of 50,000."""
    oracle = market.builder.oracle(market.oracle.price())
    vault = market.builder.vault(market.pool, market.collateral, oracle)
    market.council.queue_limit(vault, market.loans(50_000), sender=CURATOR)
    market.chain.advance(3 * DAY)
    market.council.execute_queued(sender=CURATOR)
    other = replace(market, oracle=oracle, vault=vault)
    for who in (OTHER_BORROWER, LIQUIDATOR, STRANGER):
        other.give(who)
    other.open(OTHER_BORROWER, 30, 45_000)
    return other


@pytest.mark.parametrize("seed", range(12))
def test_a40_only_who_lost_is_charged_in_any_order(seed):
    """Seizures, losing closes, honest repayments in the middle: each line falls by its own vault's loss."""
    random = Random(seed)
    market = lent()
    other = other_market(market)
    extinguished = {market: 0, other: 0}

    def repay():
        debt = market.debt(BORROWER)
        market.vault.repay(min(debt, market.loans(random.randint(1, 60_000))), BORROWER, sender=BORROWER)

    def seize_some():
        seize(market, random.randint(1, 20_000))

    def book():
        market.pool.book_shortfall(sender=STRANGER)

    def lose(which: Market, owner):
        def close():
            which.set_quote(random.randint(300, 1_300))
            debt = which.debt(owner)
            if not which.vault.preview_liquidate(owner, MAX)[0]:
                return
            offer = which.loans(random.randint(1_000, 30_000))
            receipt = which.vault.liquidate(owner, offer, sender=LIQUIDATOR)
            extinguished[which] += debt - which.debt(owner) - receipt.return_value[0]

        return close

    steps = [repay, seize_some, book, lose(other, OTHER_BORROWER), lose(market, BORROWER)]
    for count in range(1, 40):
        random.choice(steps[:4] if seed % 2 else steps)()
        for which, limit in ((market, LINE), (other, 50_000)):
            line, losses = which.pool.credit_line(which.vault)[0], which.pool.losses(which.vault)
            assert abs(losses - extinguished[which]) <= 2 * count, (
                seed,
                count,
            )  # roundings of a unit a settlement
            assert line == max(0, market.loans(limit) - losses)
    if seed % 2:
        assert market.pool.losses(market.vault) <= 40
    assert market.pool.losses(other.vault) > 10**6
