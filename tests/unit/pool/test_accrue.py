"""Interest, to the last fraction."""

import random
from decimal import Decimal
from math import gcd

import pytest

from plimsoll.params import RateParams
from plimsoll.testing import refusal
from plimsoll.twin.ledger import COUNT_TOP, VALUE_TOP, Totals, accrued, utilisation
from plimsoll.twin.rates import LOG_RATE_TOP, rate_at_target
from plimsoll.units import DAY, FRACTION, HOUR, WAD, YEAR
from tests.utils.pool_harness import build_lab, holding


@pytest.mark.parametrize("seconds", [1, 2, 12, HOUR, DAY, 30 * DAY, YEAR, 10 * YEAR])
def test_equals_the_twin(chain, busy, stranger, seconds):
    """T1."""
    before, expected = busy.books(), busy.books_after(seconds)
    chain.advance(seconds)
    receipt = busy.pool.accrue(sender=stranger)
    assert receipt.events == []
    assert busy.books() == expected
    assert expected.total_debt > before.total_debt
    assert expected.total_assets > before.total_assets
    assert expected[2:4] == before[2:4]


def test_by_hand(chain, lab, lender):
    """A year at 80 % utilisation in one step, from the design's formulas and no module of ours."""
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(800_000))
    log_rate = lab.books().log_rate
    chain.advance(YEAR)

    rate_min, rate_max, rate_initial, speed = 31_709_791, 63_419_583_967, 1_268_391_679, 1_585_489_599_188
    span = Decimal(rate_max).ln() - Decimal(rate_min).ln()
    error = (Decimal("0.9") - Decimal("0.8")) / Decimal("0.9")
    fall = error * speed * YEAR / WAD  # of the logarithm
    start = Decimal(rate_initial).ln() - Decimal(rate_min).ln()
    assert fall > start  # it ends at the lowest rate
    middle = Decimal(rate_min) * (start / 2).exp()
    rate = middle * (1 - Decimal("0.75") * error)
    x = rate * YEAR / WAD
    interest = 800_000 * (x + x**2 / 2 + x**3 / 6)

    books = lab.books()
    assert log_rate == pytest.approx(int(start / span * 2**32), rel=1e-4)
    assert books.log_rate == 0
    debt = Decimal(books.total_debt) / FRACTION / 10**6
    assets = Decimal(books.total_assets) / FRACTION / 10**6
    assert float(debt - 800_000) == pytest.approx(float(interest), rel=1e-3)
    assert float(assets - 1_000_000) == pytest.approx(float(interest) * 0.9, rel=1e-3)


def test_gives_the_debt(chain, busy, stranger):
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    answer = busy.pool.accrue.call(sender=stranger)
    assert (
        tuple(answer) == tuple(busy.pool.debt_totals()) == (expected.total_debt, expected.total_debt_shares)
    )


def test_once_a_block(chain, busy, stranger):
    chain.advance(DAY)
    busy.pool.accrue(sender=stranger)
    before = busy.books()
    busy.pool.accrue(sender=stranger)
    assert busy.books() == before


def test_the_reserve_gets_its_part_rounded_up(chain, busy, stranger):
    """P3: never less than nothing."""
    before = busy.books()
    chain.advance(1)
    after = busy.books()
    interest = after.total_debt - before.total_debt
    lenders = after.total_assets - before.total_assets
    assert interest - lenders == -(-interest // 10)
    assert interest % 10 != 0


@pytest.mark.parametrize("reserve_factor", [0, Decimal("0.25")])
def test_reserve_factors(chain, builder, lender, reserve_factor):
    lab = build_lab(builder, [lender], reserve_factor=reserve_factor)
    lab.lend(lender, lab.units(1_000))
    lab.draw(lab.units(900))
    before, expected = lab.books(), lab.books_after(YEAR)
    chain.advance(YEAR)
    after = lab.books()
    assert after == expected
    interest = after.total_debt - before.total_debt
    part = interest - (after.total_assets - before.total_assets)
    assert part == -(-interest * lab.reserve_factor // WAD)
    assert part > 0 or reserve_factor == 0


def test_without_debt_only_the_rate_moves(chain, lab, lender):
    lab.lend(lender, lab.units(1_000_000))
    before = lab.books()
    chain.advance(DAY)
    after = lab.books()
    assert after.log_rate < before.log_rate
    assert after == before._replace(log_rate=after.log_rate)


def test_every_actor_accrues_first(chain, busy, lender):
    """Debt grows at the utilisation before the call, not after it."""
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    busy.pool.draw(busy.units(300_000), busy.vault, sender=busy.vault)
    after = busy.books()
    assert after.log_rate == expected.log_rate
    assert after.total_assets == expected.total_assets
    assert after.total_debt - expected.total_debt < (busy.units(300_000) + 1) * FRACTION


# ------------------------------------------------------------------- precision


@pytest.mark.parametrize(("decimals", "lent"), [(6, 100), (8, Decimal("0.01"))])
def test_interest_of_short_blocks_is_not_lost(chain, builder, lender, decimals, lent):
    """A hundred dollars, or a hundredth of a bitcoin, at 4 %, poked every two seconds.

    In whole base units every poke of the bitcoin would add nothing.
    """
    static = RateParams(speed=0)
    lab = build_lab(builder, [lender], decimals=decimals, rates=static)
    units = int(Decimal(lent).scaleb(decimals))
    lab.lend(lender, units * 10 // 9)
    lab.draw(units)
    pokes = 30
    start, once = lab.books(), lab.books_after(2 * pokes)
    assert lab.books_after(2).total_debt - start.total_debt < FRACTION  # less than a base unit
    for _ in range(pokes):
        chain.advance(2)
        lab.pool.accrue(sender=lender)
    poked = lab.books()
    assert start.total_debt < poked.total_debt
    assert 0 <= once.total_debt - poked.total_debt <= pokes
    # lenders: as much, and the reserve's part rounded up each time
    assert 0 <= once.total_assets - poked.total_assets <= 2 * pokes


@pytest.mark.parametrize(("pokes", "span"), [(2, YEAR), (12, 3 * YEAR)])
def test_often_or_once(chain, builder, lender, pokes, span):
    """P8: at a constant rate they differ by the remainder of the series and a fraction an accrual."""
    flat = RateParams(speed=0, steepness=1, rate_initial=Decimal("0.2"))
    lab = build_lab(builder, [lender], rates=flat, reserve_factor=0)
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(500_000))
    start, once = lab.books(), lab.books_after(span)
    for _ in range(pokes):
        chain.advance(span // pokes)
        lab.pool.accrue(sender=lender)
    often = lab.books()

    x = Decimal(lab.pool.borrow_rate()) * (span // pokes * pokes) / WAD
    remainder = start.total_debt * (x.exp() - (1 + x + x**2 / 2 + x**3 / 6))
    assert 0 <= often.total_debt - once.total_debt + pokes <= remainder + 2 * pokes
    assert often.total_debt > once.total_debt or pokes == 2
    assert often.total_debt <= start.total_debt * x.exp()


# -------------------------------------------------------------------- extremes


@pytest.mark.parametrize("years", [50, 200])
def test_never_reverts_however_long_nobody_called(chain, busy, lender, stranger, years):
    """200 years are more than the clock holds: 136 of them do not count."""
    for _ in range(4):
        expected = busy.books_after(years * YEAR)
        chain.advance(years * YEAR)
        assert busy.books() == expected
        busy.pool.accrue(sender=stranger)
        assert busy.books() == expected
    _, shares, owed = busy.line()
    busy.give(busy.vault, owed)
    busy.settle(shares, owed)
    assert busy.books().total_debt == 0
    busy.pool.exit(2**255, 0, lender, lender, sender=lender)


def test_one_interval_counts_for_at_most_one_e_fold(chain, lab, lender):
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(1_000_000))
    before = lab.books()
    chain.advance(50 * YEAR)
    assert lab.books().total_debt == before.total_debt + before.total_debt * (10**18 * 10 // 6) // WAD


def test_clipped_to_what_the_fields_hold(chain, lab, lender, stranger):
    """The rest is forgiven; paying and leaving go on."""
    half = 2**93
    lab.loan.mint(lender, half, sender=lender)
    lab.lend(lender, half)
    lab.pool.set_limit(lab.vault, 2**94 - 1, sender=lab.council)
    lab.draw(half)
    for _ in range(3):
        chain.advance(50 * YEAR)
        lab.pool.accrue(sender=stranger)
    clipped = lab.books()
    assert clipped.total_debt == VALUE_TOP
    assert clipped.total_assets <= VALUE_TOP
    assert clipped.total_assets == half * FRACTION + (VALUE_TOP - half * FRACTION) * 9 // 10

    shares = lab.drawn()
    paid = 2**94
    lab.loan.mint(lab.vault, paid, sender=stranger)
    lab.settle(shares // 2, paid // 2)
    lab.settle(shares - shares // 2, paid // 2)
    assert lab.books().total_debt == 0
    lab.pool.exit(2**255, clipped.total_assets // FRACTION - 1, lender, lender, sender=lender)


def test_assets_are_clipped_as_well(lab):
    """A state that only a hundred years of interest on nearly everything would reach."""
    almost = Totals(VALUE_TOP - 5, VALUE_TOP // 2, 10**30, 10**30, LOG_RATE_TOP, 1)
    after = books_with(lab.pool, almost, YEAR)
    assert after == accrued(almost, YEAR, lab.curve, lab.reserve_factor)
    assert after.total_assets == VALUE_TOP


@pytest.mark.parametrize(
    ("total_assets", "total_debt", "expected"),
    [(0, 0, 0), (0, 1, WAD), (1, 0, 0), (1, 1, WAD), (1, 2, WAD), (3, 2, 2 * WAD // 3)],
)
def test_utilisation_at_the_edges(lab, total_assets, total_debt, expected):
    """Nothing divides by zero."""
    totals = Totals(total_assets * FRACTION, total_debt * FRACTION, 0, 0, 2**31, 1)
    assert utilisation(totals.total_assets, totals.total_debt) == expected
    with holding(lab.pool, totals, 0):
        assert lab.pool.utilisation() == expected
    after = books_with(lab.pool, totals, DAY)
    assert after == accrued(totals, DAY, lab.curve, lab.reserve_factor)


CURVES = {
    "default": RateParams(),
    "static": RateParams(speed=0),
    "flat": RateParams(steepness=1, floor=0),
    "steep and fast": RateParams(speed=1_000, steepness=100, rate_max=10, floor=0),
    "odd": RateParams(
        target_utilisation=Decimal("0.123456789"),
        rate_min=Decimal("0.0000012345"),
        rate_max=Decimal("7.6543"),
        rate_initial=Decimal("0.0314159"),
        speed=Decimal("2.71828"),
        steepness=Decimal("1.41421"),
        floor=123,
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_equals_the_twin_on_any_books(builder, lab, name):
    """T1, on states that no test could reach: also larger debts than assets, and intervals of 136 years."""
    rng = random.Random(f"accrue {name}")
    other = build_lab(builder, token=lab.loan, rates=CURVES[name], reserve_factor=Decimal("0.13"))
    for _ in range(40):
        totals = Totals(
            size(rng, VALUE_TOP),
            size(rng, VALUE_TOP),
            size(rng, COUNT_TOP),
            size(rng, COUNT_TOP),
            rng.choice([0, 1, LOG_RATE_TOP - 1, LOG_RATE_TOP, rng.randrange(2**32)]),
            rng.randrange(8),
        )
        elapsed = rng.choice([0, 1, 2, size(rng, 2**32 - 1), 2**32 - 1])
        expected = accrued(totals, elapsed, other.curve, other.reserve_factor)
        assert books_with(other.pool, totals, elapsed) == expected, (totals, elapsed)


KEEN = RateParams(  # the fastest and steepest, from half of the highest rate upwards: units show most often
    target_utilisation=Decimal("0.123456789"),
    rate_min=Decimal("5.04"),
    rate_max=10,
    rate_initial=10,
    speed=1_000,
    steepness=100,
    floor=0,
)
# found by trying: where another last digit of a summand or of a divisor of the series shows
LOG_RATES = (4290587328, 4284889445, 4271941598, 4266183989, 4252875029, 3933912410)
# utilisation, seconds, log rate: where another last digit of the deviation, of STEPS or of WAD**2 shows
MOVES = (
    (442966776481065581, 15_376, 0),
    (118686757323369671, 17_550, LOG_RATE_TOP),
    (788436661484575265, 15_410, 0),
    (577206579972239452, 19_790, 0),
)


def test_equals_the_twin_where_the_last_digits_of_its_constants_show(builder, lab):
    """A part in 10**18 of WAD changes a rate once in millions; these are such."""
    keen = build_lab(builder, token=lab.loan, rates=KEEN)
    assets = WAD * FRACTION
    for log_rate in LOG_RATES:
        with holding(keen.pool, Totals(assets, 0, assets, 0, log_rate, 0), 0):
            assert keen.pool.rate_at_target() == rate_at_target(log_rate, keen.curve)
    for utilised, elapsed, log_rate in MOVES:
        totals = Totals(assets, utilised * FRACTION, assets, utilised * FRACTION, log_rate, 0)
        assert utilisation(totals.total_assets, totals.total_debt) == utilised
        expected = accrued(totals, elapsed, keen.curve, keen.reserve_factor)
        assert 0 < expected.log_rate < LOG_RATE_TOP
        assert books_with(keen.pool, totals, elapsed) == expected


def test_a_curve_over_the_widest_range(builder, lab):
    """From the lowest rate that there is to the highest, which it never passes."""
    widest = RateParams(rate_min=Decimal(YEAR) / WAD, rate_max=10, rate_initial=1)
    wide = build_lab(builder, token=lab.loan, rates=widest)
    assert wide.curve.rate_min == 1
    assets = WAD * FRACTION
    for log_rate in (0, 2**31, LOG_RATE_TOP):
        with holding(wide.pool, Totals(assets, 0, assets, 0, log_rate, 0), 0):
            assert wide.pool.rate_at_target() == rate_at_target(log_rate, wide.curve) <= wide.curve.rate_max


def test_what_a_vault_owes_is_rounded_up_from_the_least_rest(chain, lab, lender):
    lab.lend(lender, lab.units(1_000))
    lab.draw(1)
    chain.advance(YEAR)
    amounts = iter(range(1, 100))
    while gcd(lab.drawn(), 10) > 1:  # else there is no debt with such a rest
        lab.draw(next(amounts))
    drawn, books = lab.drawn(), lab.books()
    units = (books.total_debt_shares + 1_000) * FRACTION
    debt = pow(drawn, -1, units) + units - FRACTION
    with holding(lab.pool, books._replace(total_debt=debt), 0):
        assert drawn * (debt + FRACTION) % units == 1
        assert lab.line()[2] == drawn * (debt + FRACTION) // units + 1


def test_interest_where_the_last_digits_of_its_constants_show(builder, lab):
    """The reserve's part is rounded up from the least rest; a unit in 10**18 of the cube's divisor shows."""
    steady = RateParams(speed=0, steepness=1)
    flat = build_lab(builder, token=lab.loan, rates=steady, reserve_factor=Decimal("0.130000000000000001"))
    rate = rate_at_target(LOG_RATE_TOP, flat.curve)

    def powers(elapsed: int) -> tuple[int, int, int]:
        x = rate * elapsed
        return x, x * x // (2 * WAD), x * x // (2 * WAD) * x

    elapsed = next(
        seconds for seconds in range(YEAR // 4, YEAR // 2) if powers(seconds)[2] % (3 * WAD) < WAD // 100
    )
    x, square, cube = powers(elapsed)
    assert x < WAD
    assert cube // (3 * WAD) > cube // (3 * WAD + 3)
    growth = x + square + cube // (3 * WAD)
    interest = pow(flat.reserve_factor, -1, WAD)
    for debt in (-(-interest * WAD // growth), VALUE_TOP // 4):
        totals = Totals(VALUE_TOP // 2, debt, COUNT_TOP // 2, COUNT_TOP // 2, LOG_RATE_TOP, 0)
        after = books_with(flat.pool, totals, elapsed)
        earned = debt * growth // WAD
        assert earned == after.total_debt - debt >= interest
        reserves = -(-earned * flat.reserve_factor // WAD)
        assert after.total_assets - totals.total_assets == earned - reserves
        assert (earned * flat.reserve_factor % WAD == 1) == (earned == interest)


def test_more_debt_shares_than_the_books_can_hold(lab, lender):
    lab.lend(lender, lab.units(1_000))
    with holding(lab.pool, lab.books()._replace(total_debt_shares=COUNT_TOP), 0):
        assert refusal(lab.pool.draw, 1_000, lab.vault, sender=lab.vault) == "pool: too many shares"


def size(rng: random.Random, top: int) -> int:
    """A number up to `top` of any length; the edges are likely."""
    if rng.random() < 0.3:
        return rng.choice([0, 1, top - 1, top])
    return rng.randrange(min(top + 1, 2 ** rng.randrange(1, top.bit_length() + 1)))


def books_with(pool, totals: Totals, elapsed: int) -> Totals:
    """What the pool says of such books."""
    with holding(pool, totals, elapsed):
        return Totals(*pool.totals())
