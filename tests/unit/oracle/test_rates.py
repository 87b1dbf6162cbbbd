"""The cap on an exchange rate, on either side."""

from fractions import Fraction

import pytest

from plimsoll.units import DAY, WAD, YEAR
from tests.utils.oracles import LOAN_ANSWER, Rate, assert_fails, exact_price

RATE0 = 1_234_567_890_123_456_789
GROWTH = WAD // 20 // YEAR  # 5 % a year


@pytest.fixture(scope="session")
def vault(yard):
    return yard.rate_vault(yard.token(18), 18, RATE0)


def price_at(rate: int, side: str) -> int:
    loan_quote = Fraction(LOAN_ANSWER, 10**8)
    if side == "collateral_rate":
        return exact_price(3_200 * Fraction(rate, WAD), loan_quote)
    return exact_price(3_200, loan_quote * Fraction(rate, WAD))


@pytest.fixture(params=["collateral_rate", "loan_rate"])
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


def cap_after(seconds: int) -> int:
    return RATE0 * (WAD + GROWTH * seconds) // WAD


def test_the_rate_of_the_construction(oracle, cap, side):
    assert cap() == RATE0
    assert oracle.price() == oracle.safe_price() == price_at(RATE0, side)


def test_a_jump_is_cut_to_the_cap(chain, oracle, born, cap, side, vault, deployer):
    vault.set_rate(RATE0 * 114 // 100, sender=deployer)
    chain.advance(12)
    elapsed = chain.now - born
    assert cap() == cap_after(elapsed)
    assert oracle.price() == oracle.safe_price() == price_at(cap_after(elapsed), side)


def test_the_cap_grows_every_second(chain, oracle, born, cap, side, vault, deployer, refresh, travel):
    vault.set_rate(2 * RATE0, sender=deployer)
    for days in (1, 30, 365):
        travel(days * DAY)
        refresh()
        elapsed = chain.now - born
        assert cap() == cap_after(elapsed)
        assert oracle.price() == price_at(cap_after(elapsed), side)


def test_a_rate_below_the_cap_is_taken_as_it_is(
    chain, oracle, born, cap, side, vault, deployer, refresh, travel
):
    travel(30 * DAY)
    refresh()
    at_cap = cap_after(chain.now - born)
    vault.set_rate(at_cap - 1, sender=deployer)
    assert cap() == at_cap
    assert oracle.price() == price_at(at_cap - 1, side)


def test_a_fall_is_not_smoothed(oracle, side, vault, deployer):
    vault.set_rate(RATE0 // 2, sender=deployer)
    assert oracle.price() == oracle.safe_price() == price_at(RATE0 // 2, side)
    vault.set_rate(1, sender=deployer)
    assert oracle.price() == oracle.safe_price() == price_at(1, side)


def test_a_rate_of_zero(oracle, vault, deployer):
    vault.set_rate(0, sender=deployer)
    assert_fails(oracle, "oracle: zero rate")


def test_a_vault_that_reverts(oracle, vault, deployer):
    vault.set_silent(True, sender=deployer)
    assert_fails(oracle, "rate vault: silent")


def test_the_cap_stands_still_after_a_century(oracle, cap, side, vault, deployer, refresh, travel):
    vault.set_rate(10 * RATE0, sender=deployer)
    travel(101 * YEAR)
    refresh()
    assert cap() == cap_after(100 * YEAR)
    assert oracle.price() == price_at(cap_after(100 * YEAR), side)
    travel(DAY)
    assert cap() == cap_after(100 * YEAR)


def test_no_rate_no_cap(yard, plain_config):
    plain = yard.oracle(plain_config)
    assert plain.collateral_rate_cap() == plain.loan_rate_cap() == 0
