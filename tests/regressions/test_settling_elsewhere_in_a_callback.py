"""What a repayment books as a loss when its callback settles debt of the pool in another vault.

The amount to pay is fixed before the callback. A settlement inside raises the debt of a share by its
rounding, so what is then extinguished may be worth a fraction more than was paid: a loss of one unit, which
the reserve carries and the line bears. When the callback makes it the last debt, it takes the rest along.
"""

from dataclasses import replace
from itertools import count
from random import Random

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import Contract, refusal
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, OTHER_BORROWER
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.rates import Curve
from plimsoll.units import DAY, FRACTION, MAX, PRICE_SCALE, WAD, YEAR

TOKENS = 10**7


@pytest.fixture
def markets() -> tuple[Market, Market, Contract]:
    """Two vaults of a pool, and an actor with a debt in both."""
    first = small_market()
    parts = (first.pool, first.collateral, first.oracle)
    terms = BLUE_CHIP.to_struct(first.decimals[0])
    address = first.factory.send("create_vault", *(part.address for part in parts), terms, sender=DEPLOYER)
    second = replace(first, vault=first.chain.at("Vault", address))
    actor = first.chain.make("CallbackActor")
    for market in (first, second):
        for token, digits in zip((market.loan, market.collateral), market.decimals, strict=True):
            token.send("mint", actor.address, TOKENS * 10**digits, sender=DEPLOYER)
            actor.send("approve", token.address, market.vault.address, sender=DEPLOYER)
    first.council.send("queue_limit", address, first.loans(10_000), sender=CURATOR)
    first.chain.advance(3 * DAY)
    first.council.send("execute_queued", sender=CURATOR)
    return first, second, actor


def act(actor: Contract, vault: Contract, name: str, *arguments) -> None:
    actor.send("act", vault.address, vault.encode(name, *arguments), sender=DEPLOYER)


def plan(actor: Contract, *calls: tuple) -> None:
    steps = [(vault.address, vault.encode(name, *arguments)) for vault, name, *arguments in calls]
    actor.send("plan", steps, sender=DEPLOYER)


def lost(market: Market) -> int:
    return int(market.pool.call("losses", market.vault.address))


@pytest.mark.parametrize("call", ["close", "liquidate"])
def test_a_settlement_inside_costs_the_line_a_unit_at_most(markets, call):
    """Reached, and not exceeded, over three hundred amounts and up to thirty settlements each."""
    first, second, actor = markets
    who, rng, seen = actor.address, Random(call), []
    if call == "close":
        act(actor, first.vault, "open", first.collaterals(20), first.loans(15_000))
    else:
        first.give(BORROWER)
        first.open(BORROWER, 10, 15_000)
    act(actor, second.vault, "open", second.collaterals(20), second.loans(5_000))
    first.chain.advance(YEAR)
    first.pool.send("accrue", sender=DEPLOYER)
    first.set_quote(1_700)
    for _ in range(300):
        with first.chain.isolated():
            repays = [(second.vault, "repay", rng.randint(1, 10**6)) for _ in range(rng.randint(1, 30))]
            plan(actor, *repays)
            amount = rng.randint(10, 10**10)
            limit, residue = first.pool.call("credit_line", first.vault.address)[0], first.residue()
            assets = first.pool.call("totals")[0]
            arguments = {
                "close": (amount, 0, who, who, b"inside"),
                "liquidate": (BORROWER, amount, 0, who, b"inside"),
            }[call]
            act(actor, first.vault, call, *arguments)
            assert all(success for success, _ in actor.call("answers"))
            loss = lost(first)
            assert limit - first.pool.call("credit_line", first.vault.address)[0] == loss
            assert first.residue() > residue - FRACTION
            assert first.pool.call("totals")[0] == assets  # the reserve carries it
            seen.append(loss)
    assert set(seen) == {0, 1}


def test_without_a_settlement_inside_nothing_is_lost(markets):
    first, second, actor = markets
    who, rng = actor.address, Random(0)
    for market in (first, second):
        act(actor, market.vault, "open", market.collaterals(20), market.loans(5_000))
    first.chain.advance(YEAR)
    plan(actor, (second.vault, "deposit", 1), (second.vault, "borrow", 10**6))
    for _ in range(300):
        with first.chain.isolated():
            act(actor, first.vault, "close", rng.randint(10, 10**9), 0, who, who, b"inside")
            assert all(success for success, _ in actor.call("answers"))
            assert lost(first) == 0


@pytest.mark.parametrize("years", [0, 40])
def test_the_last_debt_takes_the_rest_along(markets, years):
    """Known issue 9: what virtual shares leave, at most the debt index in units, plus the unit from above."""
    first, second, actor = markets
    who = actor.address
    for market in (first, second):
        act(actor, market.vault, "open", market.collaterals(200_000), market.loans(5_000))
    first.give(BORROWER)
    first.open(BORROWER, 10**6, 189_000)  # all that is lent, so that the rate is high
    for _ in range(years // 20):
        first.chain.advance(20 * YEAR)
        first.pool.send("accrue", sender=DEPLOYER)
    first.vault.send("repay", MAX, sender=BORROWER)
    debt, shares = first.pool.call("debt_totals")
    index = -(-debt * 1_000 // (shares * FRACTION))
    assert index > 2 or years == 0
    plan(actor, (second.vault, "repay", MAX))
    residue, paid = first.residue(), first.vault.call("debt_of", who)
    act(actor, first.vault, "close", MAX, 0, who, who, b"inside")
    assert first.pool.call("debt_totals") == (0, 0)
    assert lost(first) <= index + 1
    assert lost(first) >= index - 2  # all but what the roundings up of two debts gave
    assert residue - first.residue() <= (index + 1) * FRACTION
    assert paid > first.loans(5_000) or years == 0


def test_nobody_elses_debt_or_collateral_moves(markets):
    first, second, actor = markets
    who = actor.address
    for owner in (BORROWER, OTHER_BORROWER):
        first.give(owner)
        first.open(owner, 10, 10_000)
    for market in (first, second):
        act(actor, market.vault, "open", market.collaterals(20), market.loans(5_000))
    held = [first.position(owner) for owner in (BORROWER, OTHER_BORROWER)]
    debts = [first.debt(owner) for owner in (BORROWER, OTHER_BORROWER)]
    plan(actor, *[(second.vault, "repay", 7)] * 30)
    act(actor, first.vault, "close", 10**9, 0, who, who, b"inside")
    assert [first.position(owner) for owner in (BORROWER, OTHER_BORROWER)] == held
    after = [first.debt(owner) for owner in (BORROWER, OTHER_BORROWER)]
    assert all(now - before in (0, 1) for now, before in zip(after, debts, strict=True))


def test_v2_a_withdrawal_is_judged_by_the_books_after_the_callback(markets):
    """V2: settlements inside lift the debt above a whole unit; what was just enough no longer is."""
    first, second, actor = markets
    who, engine, pool = actor.address, first.chain.engine, first.pool
    for market in (first, second):
        act(actor, market.vault, "open", market.collaterals(20), market.loans(5_000))
    repays = [(second.vault, "repay", 1)] * 30

    def debts() -> tuple[int, int]:
        """Now, and after the settlements."""
        with first.chain.isolated():
            before = first.debt(who)
            for vault, *call in repays:
                act(actor, vault, *call)
            return before, first.debt(who)

    books, curve = Totals(*pool.call("totals")), Curve(*pool.call("rate_params"))
    factor, mine = pool.call("reserve_factor"), first.position(who)[1]

    def is_near(seconds: int) -> bool:
        """Whether by then the debt lacks less than 12 fractions to a whole unit."""
        now = accrued(books, seconds, curve, factor)
        totals = DebtTotals(now.total_debt, now.total_debt_shares)
        return totals.assets_up(mine) != DebtTotals(totals.debt + 12, totals.shares).assets_up(mine)

    for seconds in filter(is_near, count(1)):
        snapshot = engine.snapshot()
        engine.advance(seconds)
        if len(set(debts())) == 2:
            break
        engine.revert(snapshot)
    debt, _ = debts()
    ltv = first.vault.call("risk")[0]
    value = -(-debt * WAD // ltv)
    needed = -(-value * PRICE_SCALE // first.price())
    withdrawal = first.position(who)[0] - needed
    plan(actor, *repays)
    for data, allowed in ((b"", True), (b"inside", False)):
        call = first.vault.encode("close", 0, withdrawal, who, who, data)
        reason = refusal(actor.act, first.vault.address, call, sender=DEPLOYER)
        assert reason == (None if allowed else "vault: above the loan-to-value")
