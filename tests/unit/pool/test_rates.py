"""The adaptive curve: where it goes, how far, and that nobody can pin it."""

from decimal import Decimal

import pytest

from plimsoll.params import RateParams
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.rates import LN2, LOG_RATE_TOP, rate_at_target, step, times_exp
from plimsoll.units import DAY, HOUR, WAD, YEAR
from tests.utils.pool_harness import build_lab

PER_SECOND = WAD // YEAR  # 100 % a year


def lend_out(lab, lender, percent, whole=1_000_000):
    lab.lend(lender, lab.units(whole))
    lab.draw(lab.units(whole) * percent // 100)


@pytest.mark.parametrize(("percent", "efolds"), [(95, 25), (45, -25)])
def test_rises_above_target_and_falls_below(chain, lab, lender, percent, efolds):
    """Half of the way from target to full, or to nothing: 25 e-folds a year."""
    lend_out(lab, lender, percent)
    before = lab.pool.rate_at_target()
    chain.advance(DAY)
    after = lab.pool.rate_at_target()
    assert after / before == pytest.approx(float((Decimal(efolds) / 365).exp()), rel=1e-4)


def test_stands_still_at_target(chain, builder, lender):
    lab = build_lab(builder, [lender])
    lend_out(lab, lender, 90)
    assert lab.pool.utilisation() == WAD * 9 // 10
    before = lab.books().log_rate
    chain.advance(DAY)
    assert lab.books().log_rate == before


@pytest.mark.parametrize(
    ("percent", "times"),
    [(0, Decimal("0.25")), (45, Decimal("0.625")), (90, 1), (95, Decimal("2.5")), (100, 4)],
)
def test_the_kink(lab, lender, percent, times):
    """A quarter of the rate at target when nothing is lent, four times as much when all is."""
    lend_out(lab, lender, percent)
    assert lab.pool.borrow_rate() == int(lab.pool.rate_at_target() * times)


def test_the_rate_charged_is_the_one_in_the_middle(chain, lab, lender):
    lend_out(lab, lender, 100)
    before = lab.books()
    chain.advance(30 * DAY)
    after = lab.books()
    middle = rate_at_target((before.log_rate + after.log_rate) // 2, lab.curve)
    x = middle * 4 * 30 * DAY
    x2 = x * x // (2 * WAD)
    expected = before.total_debt * (x + x2 + x2 * x // (3 * WAD)) // WAD
    assert after.total_debt - before.total_debt == expected


def test_clamped_at_the_top(chain, lab, lender):
    lend_out(lab, lender, 100)
    for _ in range(3):
        chain.advance(60 * DAY)
        lab.pool.accrue(sender=lender)
    assert lab.books().log_rate == LOG_RATE_TOP
    assert lab.pool.rate_at_target() == pytest.approx(2 * PER_SECOND, rel=1e-7)
    assert lab.pool.rate_at_target() <= lab.curve.rate_max
    assert lab.pool.borrow_rate() <= 8 * PER_SECOND
    chain.advance(DAY)
    assert lab.books().log_rate == LOG_RATE_TOP


def test_clamped_at_the_bottom(chain, lab, lender):
    lend_out(lab, lender, 0)
    chain.advance(60 * DAY)
    lab.pool.accrue(sender=lender)
    assert lab.books().log_rate == 0
    assert lab.pool.rate_at_target() == lab.curve.rate_min
    chain.advance(YEAR)
    assert lab.books().log_rate == 0


def test_leaves_the_clamps_again(chain, lab, lender):
    lend_out(lab, lender, 0)
    chain.advance(60 * DAY)
    lab.draw(lab.units(1_000_000))
    assert lab.books().log_rate == 0
    chain.advance(HOUR)
    rise = lab.books().log_rate
    assert rise == lab.curve.steps * HOUR // WAD > 0


def test_with_speed_0_it_is_a_static_kink(chain, builder, lender):
    lab = build_lab(builder, [lender], rates=RateParams(speed=0))
    lend_out(lab, lender, 100)
    before = lab.pool.rate_at_target(), lab.pool.borrow_rate()
    chain.advance(YEAR)
    lab.pool.accrue(sender=lender)
    assert (lab.pool.rate_at_target(), lab.pool.borrow_rate()) == before


def test_stands_still_below_the_floor(chain, lab, lender):
    """So nobody can set the first lenders' rate with a few tokens of his own."""
    lab.lend(lender, lab.units(10_000) - 1)
    lab.draw(lab.units(9_999))
    before = lab.books()
    chain.advance(HOUR)
    assert lab.books().log_rate == before.log_rate
    assert lab.books().total_debt > before.total_debt


def test_moves_at_the_floor(chain, lab, lender):
    lab.lend(lender, lab.units(10_000))
    before = lab.books()
    chain.advance(1)
    assert lab.books().log_rate < before.log_rate


# -------------------------------------------------------- pinned by frequent accrual


def test_pokes_every_two_seconds(chain, lab, lender):
    """On the chain, what the twin says; the bound below is then shown on the twin alone."""
    lend_out(lab, lender, 95)
    expected = lab.books()
    for _ in range(20):
        expected = accrued(expected, 2, lab.curve, lab.reserve_factor)
        chain.advance(2)
        lab.pool.accrue(sender=lender)
    assert lab.books() == expected


@pytest.mark.parametrize("percent", [0, 45, 89, 91, 95, 100])
@pytest.mark.parametrize("interval", [1, 2, 12])
def test_frequent_pokes_do_not_pin_the_rate(lab, lender, percent, interval):
    """Each poke truncates less than one step of the logarithm, 1.8e-9 of the rate.

    So `pokes` steps at most; a percent off target, poked every second, that is less than a tenth of the way.
    Utilisation, which interest moves, is held here.
    """
    pokes = 20_000 // interval
    utilisation = percent * WAD // 100
    start = lab.books().log_rate
    assets = lab.units(1_000_000)
    log_rate = start
    for _ in range(pokes):
        log_rate, _ = step(utilisation, log_rate, interval, assets, lab.curve)
    at_once, _ = step(utilisation, start, interval * pokes, assets, lab.curve)
    assert abs(at_once - start) - pokes <= abs(log_rate - start) <= abs(at_once - start)
    assert abs(log_rate - start) >= abs(at_once - start) * 9 // 10


def test_a_day_of_pokes_and_a_day_in_one(lab, lender):
    """With interest: the two differ by less than a thousandth of the way."""
    lend_out(lab, lender, 97)
    start = lab.books()
    poked = start
    for _ in range(DAY // 12):
        poked = accrued(poked, 12, lab.curve, lab.reserve_factor)
    once = accrued(start, DAY, lab.curve, lab.reserve_factor)
    way = once.log_rate - start.log_rate
    assert abs(poked.log_rate - once.log_rate) < way // 1_000
    assert poked.total_debt - start.total_debt == pytest.approx(once.total_debt - start.total_debt, rel=1e-3)


def test_the_dead_zone(lab):
    """Only a deviation below 0.1 % poked every second stands still; it is not pushed the other way."""
    assets, start = lab.units(1_000_000), 2**31
    target = lab.curve.target_utilisation
    within = target + (WAD - target) // 1_000
    beyond = target + (WAD - target) // 500
    assert step(within, start, 1, assets, lab.curve)[0] == start
    assert step(beyond, start, 1, assets, lab.curve)[0] > start
    below = target - target // 1_000
    assert step(below, start, 1, assets, lab.curve)[0] == start
    assert step(target - target // 500, start, 1, assets, lab.curve)[0] < start


# --------------------------------------------------------------------- the twin itself


@pytest.mark.parametrize("base", [31_709_791, 1, 10**11])
def test_the_exponential(base):
    """At most 0.01 % below the true value, above it by no more than the last digit of ln 2; monotone."""
    points = [0, 1, WAD // 3, LN2 - 1, LN2, LN2 + 1, 2 * LN2 - 1, 2 * LN2, 5 * WAD, 26 * WAD]
    values = [times_exp(base, x) for x in points]
    assert values == sorted(values)
    for x, value in zip(points, values, strict=True):
        exact = base * (Decimal(x) / WAD).exp()
        assert exact * (1 - Decimal("0.0001")) - 1 < value <= exact * (1 + Decimal(40) / WAD)


def test_totals_are_not_touched_by_a_view(lab, lender):
    lend_out(lab, lender, 50)
    stored = Totals(*lab.pool.totals())
    lab.pool.rate_at_target()
    lab.pool.borrow_rate()
    assert lab.books() == stored
