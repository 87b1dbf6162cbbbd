"""The exchange rate of an ERC-4626 vault, on either side, and the cap on it: it restricts lending alone."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from plimsoll.units import DAY, HOUR, WAD, YEAR
from tests.utils.oracles import (
    COLLATERAL_ANSWER,
    LOAN_ANSWER,
    PRICE,
    Feed,
    Rate,
    assert_fails,
    exact_price,
    prices,
    rate_cap,
)

RATE0 = 1_234_567_890_123_456_789
GROWTH = WAD // 20 // YEAR  # 5 % a year
SIDES = ["collateral_rate", "loan_rate"]


@pytest.fixture(scope="module")
def vault(yard):
    return yard.rate_vault(yard.token(18), 18, RATE0)


def price_at(rate: int, side: str) -> int:
    loan_quote = Fraction(LOAN_ANSWER, 10**8)
    if side == "collateral_rate":
        return exact_price(3_200 * Fraction(rate, WAD), loan_quote)
    return exact_price(3_200, loan_quote * Fraction(rate, WAD))


def prices_at(rate: int, cap: int, side: str) -> tuple[int, int]:
    """Price and safe price while a rate is this and its cap that."""
    high, low = {
        "collateral_rate": (rate, min(rate, cap)),
        "loan_rate": (min(rate, cap), max(rate, RATE0)),
    }[side]
    return price_at(high, side), price_at(low, side)


@pytest.fixture(params=SIDES)
def side(request):
    return request.param


@pytest.fixture
def oracle(yard, plain_config, vault, side):
    terms = {side: Rate(vault, GROWTH)}
    return yard.oracle(plain_config.but(expected_price=price_at(RATE0, side), **terms))


@pytest.fixture
def born(chain, oracle):
    return chain.now


@pytest.fixture
def cap(oracle, side):
    return getattr(oracle, f"{side}_cap")


def test_the_rate_of_the_construction(oracle, cap, side):
    assert cap() == RATE0
    assert prices(oracle) == (price_at(RATE0, side),) * 2


@pytest.mark.parametrize("days", [0, 1, 30, 365])
def test_each_price_by_its_own_rate(chain, oracle, born, cap, side, vault, deployer, refresh, days):
    """Above the cap, at it, between it and the first rate, at that, and below."""
    chain.advance(days * DAY)
    refresh()
    top = rate_cap(RATE0, GROWTH, days * DAY)
    assert cap() == top
    for rate in (2 * RATE0, top + 1, top, top - 1, RATE0, RATE0 - 1, RATE0 // 2, 1):
        vault.set_rate(rate, sender=deployer)
        assert prices(oracle) == prices_at(rate, top, side)


def test_what_the_two_directions_come_to(oracle, vault, side, deployer):
    """The same in words: a high rate lends nothing, a low one on the loan's side neither."""
    first = price_at(RATE0, side)
    vault.set_rate(2 * RATE0, sender=deployer)
    price, safe = prices(oracle)
    assert (price == first, safe == first) == ((False, True) if side == "collateral_rate" else (True, False))
    vault.set_rate(RATE0 // 2, sender=deployer)
    price, safe = prices(oracle)
    assert price != first
    assert (safe == first) == (side == "loan_rate")


def test_the_cap_compounds(chain, oracle, born, cap):
    """How much it is short of what grows by as much in every second."""
    for years, short in ((1, "0.0000003"), (10, "0.0017516"), (30, "0.0656425")):
        chain.advance(born + years * YEAR - chain.now)
        with localcontext(prec=40):
            grown = (1 + Decimal(GROWTH) / WAD) ** (years * YEAR)
            missing = 1 - Decimal(cap()) / RATE0 / grown
        assert round(missing, 7) == Decimal(short)


def test_both_sides_at_once(chain, yard, plain_config, deployer):
    """Either price takes the worse of both for whom it restrains."""
    vaults = [yard.rate_vault(yard.token(18), 18, RATE0) for _ in SIDES]
    rates = {side: Rate(vault, GROWTH) for side, vault in zip(SIDES, vaults, strict=True)}
    oracle = yard.oracle(plain_config.but(**rates))
    for collateral, loan, price, safe in (
        (2, 1, 2, 1),
        (1, 2, 1, Fraction(1, 2)),
        (2, 2, 2, Fraction(1, 2)),
        (Fraction(1, 2), Fraction(1, 2), 1, Fraction(1, 2)),
    ):
        for vault, part in zip(vaults, (collateral, loan), strict=True):
            vault.set_rate(int(RATE0 * Fraction(part)), sender=deployer)
        found = [Fraction(answer, PRICE) for answer in prices(oracle)]
        assert [round(float(ratio), 9) for ratio in found] == [float(price), float(safe)]


@pytest.mark.parametrize("rate", [0, 2**128, 2**190])
def test_a_rate_out_of_range(oracle, vault, deployer, rate):
    vault.set_rate(rate, sender=deployer)
    assert_fails(oracle, "oracle: rate out of range")


def test_the_largest_rate(oracle, born, vault, side, deployer):
    vault.set_rate(2**128 - 1, sender=deployer)
    assert prices(oracle) == prices_at(2**128 - 1, RATE0, side)


def test_a_price_above_a_word(yard, plain_config, deployer):
    """The safe price fails with it, although it would fit."""
    vault = yard.rate_vault(yard.token(18), 18, WAD)
    feed = yard.feed(COLLATERAL_ANSWER)
    terms = Feed(feed, HOUR, 1, 2**127)
    oracle = yard.oracle(plain_config.but(collateral_rate=Rate(vault, 1), collateral_feed=terms))
    vault.set_rate(2**128 - 1, sender=deployer)
    feed.set_answer(2**126, sender=deployer)
    assert_fails(oracle, "math: mul_div overflow")


def test_a_safe_price_of_zero(yard, plain_config, deployer):
    """Both are refused: with 27 decimals against 6 the scale divides."""
    vault = yard.rate_vault(yard.token(18), 18, WAD)
    feed = yard.feed(7 * 10**18, 18)
    oracle = yard.oracle(
        plain_config.but(
            collateral=yard.token(27),
            loan=yard.token(6),
            expected_price=exact_price(7, 2, 27, 6),
            collateral_feed=Feed(feed, HOUR, 1, 10**22),
            loan_feed=Feed(yard.feed(2, 0), DAY, 1, 10),
            collateral_rate=Rate(vault, 1),
        )
    )
    vault.set_rate(2 * WAD, sender=deployer)
    feed.set_answer(2_000, sender=deployer)
    assert prices(oracle) == (2, 1)
    feed.set_answer(1_999, sender=deployer)
    assert_fails(oracle, "oracle: zero safe price")


def test_a_vault_that_reverts(oracle, vault, deployer):
    vault.set_silent(True, sender=deployer)
    assert_fails(oracle, "rate vault: silent")


def test_the_cap_stands_still_after_a_century(chain, oracle, born, cap, side, vault, deployer, refresh):
    top = rate_cap(RATE0, GROWTH, 100 * YEAR)
    vault.set_rate(top + 1, sender=deployer)
    for years in (100, 101):
        chain.advance(born + years * YEAR - chain.now)
        refresh()
        assert cap() == top
        assert prices(oracle) == prices_at(top + 1, top, side)


def test_no_rate_no_cap(yard, plain_config):
    plain = yard.oracle(plain_config)
    assert plain.collateral_rate_cap() == plain.loan_rate_cap() == 0


class TestFall:
    """A rate that is lower than the first one by more than was said is no rate."""

    @pytest.fixture
    def config(self, plain_config, vault, side):
        terms = {side: Rate(vault, GROWTH, WAD // 10)}
        return plain_config.but(expected_price=price_at(RATE0, side), **terms)

    @pytest.fixture
    def lowest(self):
        return RATE0 * 9 // 10

    def test_with_a_second(self, yard, config, vault, side, deployer, lowest):
        high, low = config.expected_price * 101 // 100, config.expected_price * 99 // 100
        second = yard.lying_oracle(config.expected_price)
        oracle = yard.oracle(config.but(second=second))
        second.set_prices(high, low, sender=deployer)
        vault.set_rate(lowest, sender=deployer)
        own = prices_at(lowest, RATE0, side)
        assert prices(oracle) == (max(own[0], high), min(own[1], low))
        vault.set_rate(lowest - 1, sender=deployer)
        assert prices(oracle) == (high, low)
        second.set_silent(True, sender=deployer)
        assert_fails(oracle, "oracle: rate fell")

    def test_with_a_fallback(self, chain, yard, config, vault, side, deployer, refresh, keeper, lowest):
        """A true collapse freezes the prices until the marks of 14 days prove it."""
        fallback = yard.lying_oracle(config.expected_price)
        oracle = yard.oracle(config.but(fallback=fallback))
        fallback.set_price(7, sender=deployer)
        vault.set_rate(lowest - 1, sender=deployer)
        for _ in range(7):
            refresh()
            assert_fails(oracle, "oracle: rate fell")
            oracle.mark(sender=keeper)
            chain.advance(2 * DAY)
        refresh()
        oracle.mark(sender=keeper)
        assert prices(oracle) == (7, 7)
        vault.set_rate(lowest, sender=deployer)
        assert prices(oracle) == prices_at(lowest, rate_cap(RATE0, GROWTH, 14 * DAY), side)

    def test_without_it(self, oracle, vault, side, deployer, lowest):
        vault.set_rate(lowest - 1, sender=deployer)
        assert prices(oracle) == prices_at(lowest - 1, RATE0, side)
