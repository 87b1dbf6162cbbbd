"""A37: a counterparty overflowed a packed field of another's account (Notional).

Here every lane of every word, driven to its top from outside, reverts or holds, and its neighbours stay.
"""

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, LIQUIDATOR, OTHER_BORROWER, STRANGER
from plimsoll.twin.liquidation import Quote
from plimsoll.twin.position import pack_debt_totals, pack_liquidation, unpack_liquidation
from plimsoll.units import DAY, HOUR, MAX, NO_LIMIT, PRICE_SCALE, order
from tests.utils.attack import lenders, million
from tests.utils.baskets import EIGHT, LegTerms, small_place
from tests.utils.vaults import liquidate_batch

COLLATERAL_TOP, VALUE_TOP, COUNT_TOP = 2**128 - 1, 2**94 - 1, 2**104 - 1
WRAP = 2**32


def rich(market: Market, *people) -> None:
    """As much of both tokens as an amount can say, and more."""
    for who in people:
        for token in (market.loan, market.collateral):
            held = market.balance(token, who)
            token.mint(who, 2**130 - held, sender=DEPLOYER)
            for spender in (market.pool, market.vault):
                token.approve(spender, MAX, sender=who)


def test_a37_collateral():
    """2^128 - 1 is held; one more, by anybody, is refused; the debt shares above it stay."""
    market = million(quote=2_000)
    rich(market, BORROWER, STRANGER)
    market.open(BORROWER, 10, 15_000)
    shares = market.position(BORROWER)[1]
    market.vault.poke(BORROWER, sender=STRANGER)
    room = COLLATERAL_TOP - market.collaterals(10)
    assert refusal(market.vault.deposit, room + 1, BORROWER, sender=STRANGER) == "vault: too much collateral"
    assert refusal(market.vault.deposit, MAX, BORROWER, sender=STRANGER) == "vault: too much collateral"
    assert refusal(market.vault.open, room + 1, 0, sender=BORROWER) == "vault: too much collateral"
    market.vault.deposit(room, BORROWER, sender=STRANGER)
    assert market.position(BORROWER) == (COLLATERAL_TOP, shares)
    assert refusal(market.vault.deposit, 1, BORROWER, sender=STRANGER) == "vault: too much collateral"
    assert market.vault.send("close", MAX, MAX, sender=BORROWER)[1] == COLLATERAL_TOP
    assert market.vault.positions(BORROWER) == 0


def topped(market: Market) -> None:
    """All that fits is lent and borrowed: 2^94 - 1 base units, but for the roundings."""
    rich(market, LENDER, BORROWER, OTHER_BORROWER, LIQUIDATOR)
    pool, vault = market.pool, market.vault
    room = pool.maxDeposit(LENDER)
    assert refusal(pool.deposit, room + 1, LENDER, sender=LENDER) == "pool: amount too large"
    pool.deposit(room, LENDER, sender=LENDER)
    vault.deposit(2**127, sender=BORROWER)
    market.oracle.set_price(10**36, sender=DEPLOYER)
    vault.borrow(MAX, sender=BORROWER)


def test_a37_totals_shares_and_debt_shares():
    """Lent and borrowed to the top: what is beyond is refused, what is held pays back and out in full."""
    market = million(decimals=(18, 18), supply=0, limit=1)
    market = lifted(market, VALUE_TOP)
    topped(market)
    pool, vault = market.pool, market.vault
    totals = pool.totals()
    assert totals.total_assets >= (VALUE_TOP - 1) * 65_536
    assert totals.total_debt_shares >= VALUE_TOP // 10**3 * 999 * 1_000
    assert max(totals.total_supply, totals.total_debt_shares) <= COUNT_TOP
    for method, *arguments in (
        (pool.deposit, 10**6, LENDER),
        (pool.mint, 10**9, LENDER),
        (pool.deposit, MAX, LENDER),
        (pool.mint, MAX, LENDER),
        (pool.mint, COUNT_TOP, LENDER),
    ):
        assert refusal(method, *arguments, sender=LENDER) in (
            "pool: amount too large",
            "pool: too many shares",
            "",
        )
    for amount in (10**6, 2**94, 2**104, 2**200):
        assert refusal(vault.borrow, amount, sender=BORROWER) is not None
    # interest is clipped at the top, and nothing wraps
    market.chain.advance(3_650 * DAY)
    pool.accrue(sender=STRANGER)
    later = pool.totals()
    assert later.total_debt >= totals.total_debt and later.total_assets >= totals.total_assets
    assert max(later.total_debt, later.total_assets) <= 2**110 - 1
    vault.repay(MAX, sender=BORROWER)
    assert pool.debt_totals() == (0, 0)
    assert pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)[0] > 0
    assert pool.balanceOf(LENDER) == 0


def lifted(market: Market, limit: int) -> Market:
    """A pool like it whose vault has this limit, base units."""
    made = market.builder.pool(market.loan)
    vault = market.builder.vault(made.pool, market.collateral, market.oracle, BLUE_CHIP)
    market.builder.open(made, {vault: limit})
    return Market(
        market.builder,
        market.decimals,
        market.loan,
        market.collateral,
        market.oracle,
        made.pool,
        made.council,
        vault,
    )


def test_a37_limits():
    """2^94 - 1 is a limit, 2^94 is none, wherever it is said; drawn shares beside it stay."""
    market = million(supply=0)
    made = market.builder.pool(market.loan)
    vault = market.builder.vault(made.pool, market.collateral, market.oracle)
    for amount in (VALUE_TOP + 1, 2**104, 2**152, MAX):
        assert refusal(made.council.set_limit, vault, amount, sender=CURATOR) == "pool: limit too large"
    made.council.set_limit(vault, VALUE_TOP, sender=CURATOR)
    assert made.pool.credit_line(vault) == (VALUE_TOP, 0, 0)
    made.council.open_pool(sender=CURATOR)
    assert refusal(made.council.queue_limit, vault, MAX, sender=CURATOR) == "council: raise too large"
    made.council.queue_limit(vault, VALUE_TOP + 1, sender=CURATOR)
    market.chain.advance(3 * DAY)
    assert refusal(made.council.execute_queued, sender=CURATOR) == "pool: limit too large"
    assert made.pool.credit_line(vault)[0] == VALUE_TOP
    for cap in (VALUE_TOP + 1, MAX):
        assert refusal(made.council.set_supply_cap, cap, sender=CURATOR) == "pool: cap too large"


@pytest.mark.parametrize("early", [1, HOUR, 7 * HOUR])
def test_a37_clocks_across_2_to_the_32(early):
    """Level, interest and the line's other lanes, on both sides of the second in which 32 bits wrap."""
    pace = {"draw_burst": "0.25", "draw_refill": 6 * HOUR}
    common = {"limit": 400_000, **pace}
    markets = [million(now=WRAP - early, **common), million(**common)]
    seen = []
    for market in markets:
        market.give(BORROWER)
        rows = []
        market.open(BORROWER, 1_000, 99_000)
        for step in (1, HOUR - 1, HOUR, HOUR, 3 * HOUR, DAY):
            market.chain.advance(step)
            market.pool.accrue(sender=STRANGER)
            rows.append((market.pool.max_draw(market.vault), market.debt(BORROWER), market.pool.totals()))
            market.vault.repay(market.loans(5), sender=BORROWER)
            market.vault.borrow(market.loans(6), sender=BORROWER)
            rows.append((market.pool.max_draw(market.vault), market.pool.credit_line(market.vault)))
        seen.append(rows)
    assert seen[0] == seen[1]


def test_a37_a_line_that_nobody_touches_for_136_years():
    """One call less than every 2^32 seconds is all that the clock asks for; a level is full long before."""
    market = million(limit=400_000, draw_burst="0.25", draw_refill=6 * HOUR)
    market.give(BORROWER)
    market.open(BORROWER, 1_000, 99_000)
    market.vault.repay(MAX, sender=BORROWER)
    market.chain.advance(WRAP - 1)
    assert market.loans(100_000) - 2 <= market.pool.max_draw(market.vault) <= market.loans(100_000)


@pytest.mark.parametrize("paid", [2**94, 2**128, MAX])
def test_a37_levels_and_absurd_payments(paid):
    """Cash beyond every total, and a repayment of the largest uint: level and limit hold."""
    market = million(limit=400_000, draw_burst="0.25", draw_refill=6 * HOUR)
    market.give(BORROWER)
    market.open(BORROWER, 1_000, 99_000)
    market.loan.mint(market.pool, min(paid, 2**250), sender=DEPLOYER)
    step = market.loans(100_000) // 2**24 + 1  # of a level: what a round trip may cost by rounding
    line = market.pool.credit_line(market.vault)
    before = market.pool.totals().total_assets
    market.vault.repay(MAX, sender=BORROWER)
    assert market.pool.credit_line(market.vault) == (line[0], 0, 0)
    assert market.loans(100_000) - 2 * step <= market.pool.max_draw(market.vault) <= market.loans(100_000)
    assert market.pool.totals().total_assets == before


def test_a37_events_of_a_liquidation_at_the_top():
    """2^128 - 1 of collateral taken for nearly 2^94 base units: every lane says what the call answered."""
    market = lifted(million(decimals=(18, 18), supply=0, limit=1), VALUE_TOP)
    topped(market)
    rich(market, LIQUIDATOR)
    market.vault.deposit(COLLATERAL_TOP - 2**127, BORROWER, sender=BORROWER)
    debt = market.debt(BORROWER)
    assert market.position(BORROWER)[0] == COLLATERAL_TOP
    for factor in (115, 50):  # restorable, then in shortfall
        with market.chain.isolated():
            price = debt * factor * 10**36 // (100 * COLLATERAL_TOP)
            market.oracle.set_price(price, sender=DEPLOYER)
            answer = liquidate_any(market)
            assert answer.paid > 2**90
    market.oracle.set_price(1, sender=DEPLOYER)
    assert liquidate_any(market).seized == COLLATERAL_TOP


def liquidate_any(market: Market) -> Quote:
    """Closes all that can be closed; the event's lanes against what the twin expects of the close."""
    expected = market.quote(BORROWER)
    totals = market.debt_totals()
    receipt = market.vault.liquidate(BORROWER, MAX, sender=LIQUIDATOR)
    (event,) = receipt.of(market.vault.Liquidation)
    (call,) = receipt.of(market.vault.LiquidationCall)
    packed = pack_liquidation(
        expected.seized,
        expected.shares,
        expected.paid,
        expected.fee,
        expected.health_before,
        expected.health_after,
    )
    assert (event.close, event.payment) == packed
    assert call.debt_totals == pack_debt_totals(totals.debt, totals.shares)
    found = unpack_liquidation(event.close, event.payment, call.debt_totals)
    assert (found.seized, found.shares, found.repaid, found.fee) == (
        expected.seized,
        expected.shares,
        expected.paid,
        expected.fee,
    )
    assert receipt.return_value == (expected.paid, expected.fee, expected.seized)
    return expected


@pytest.mark.parametrize("limit", [0, 1, NO_LIMIT - 1, NO_LIMIT])
def test_a37_orders_with_all_bits(limit):
    """An order's limit never reaches its owner: the largest address with the largest limit closes nobody."""
    market = million()
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER)
    market.set_quote(1_780)
    top = "0x" + "ff" * 20
    orders = [order(top, limit), order(BORROWER, limit), order("0x" + "00" * 20, NO_LIMIT)]
    bits = market.vault.preview_liquidate_batch(orders)[3]
    assert bits == (0b010 if limit else 0)
    if bits:
        liquidate_batch(market, orders, LIQUIDATOR)
    else:
        assert (
            refusal(market.vault.liquidate_batch, orders, sender=LIQUIDATOR) == "vault: no order can execute"
        )


def test_a37_a_provision_of_everything():
    """It counts at most what is drawn, and the flag in the position's word is a bit of its own."""
    market = million()
    lenders(market, 1, 10)
    market.give(BORROWER)
    market.open(BORROWER, 200, 300_000)
    shares = market.position(BORROWER)
    market.oracle.set_price(1, sender=DEPLOYER)
    lack = market.vault.send("poke", BORROWER, sender=STRANGER)
    assert lack <= market.debt(BORROWER)
    assert market.vault.positions(BORROWER) >> 255 == 1
    assert market.position(BORROWER) == shares
    rich(market, STRANGER)
    assert (
        refusal(market.vault.deposit, COLLATERAL_TOP, BORROWER, sender=STRANGER)
        == "vault: too much collateral"
    )


def test_a37_legs_at_their_top():
    """2^128 - 1 of eight legs: each lane holds it, mask and debt shares stay, every close says it."""
    place = small_place(EIGHT)
    top = 2**128 - 1
    place.hold(10, "0.5", 5_000, 900, 200_000, 30_000, 50, 2)
    place.act("borrow", place.twin.max_borrow(BORROWER), BORROWER, BORROWER, sender=BORROWER)
    shares = place.position()[1]
    for leg in range(8):
        place.act("mint", STRANGER, 2**129, sender=STRANGER, of=f"token{leg}")
        place.act("deposit", leg, top - place.position()[0][leg], BORROWER, sender=STRANGER)
        place.refused("vault: too much collateral", "deposit", leg, 1, BORROWER, sender=STRANGER)
    assert place.position() == ((top,) * 8, shares)
    assert place.word(place.basket, "book.positions", BORROWER) == 0xFF | shares << 128
    whole = place.debt() * PRICE_SCALE
    for per_cent in (115, 50):  # restorable, then in shortfall
        for without in (0, 0b1010_1010):
            with place.isolated():
                for leg in range(8):
                    place.set_price(leg, max(1, whole * per_cent // (800 * top)))
                place.act("poke", BORROWER, sender=STRANGER)
                place.close(place.loans(100), without)
                place.close(MAX, without)
    for price in (2**129, MAX):
        for leg in range(8):
            place.set_price(leg, price)
        place.refused("vault: healthy", "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
        place.act("poke", BORROWER, sender=STRANGER)
        place.act("withdraw", 0, 1, BORROWER, BORROWER, sender=BORROWER)
    place.silence(*range(8))
    place.refused("vault: healthy", "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)


def test_a37_a_line_in_full_on_two_legs_at_their_top():
    """Ten million of an 18-decimal asset on two legs at their top: closed as the twin says, to the unit."""
    place = small_place((LegTerms(), LegTerms()), loan_decimals=18, supply=0)
    place.act("mint", LENDER, 2**94, sender=STRANGER, of="loan")
    line = place.pool.credit_line(place.basket)[0]
    place.act("deposit", line, LENDER, sender=LENDER, of="pool")
    for leg in (0, 1):
        place.act("mint", BORROWER, 2**128, sender=STRANGER, of=f"token{leg}")
        place.act("deposit", leg, 2**128 - 1, BORROWER, sender=BORROWER)
    place.act("borrow", line, BORROWER, BORROWER, sender=BORROWER)
    place.act("mint", LIQUIDATOR, 2**95, sender=STRANGER, of="loan")
    for per_cent in (118, 70):
        for without in (0, 0b10):
            with place.isolated():
                for leg in (0, 1):
                    place.set_price(leg, place.debt() * per_cent * PRICE_SCALE // (200 * (2**128 - 1)))
                assert place.close(MAX, without).paid > 10**24
