"""Making baskets: what the Factory checks, each refusal beside the nearest that it accepts."""

import pytest

from plimsoll.params import BLUE_CHIP, price_of
from plimsoll.testing import refusal
from plimsoll.units import MAX, NOBODY, PRICE_SCALE, WAD

CENT = WAD // 100
TOKEN, ORACLE, LTV, THRESHOLD, CEILING = range(5)
LTV_SHARED, THRESHOLD_SHARED, BONUS_MIN, BONUS_MAX, HEALTH, TARGET, SLOPE, FEE, MIN_DEBT = range(9)


@pytest.fixture(scope="session")
def risk() -> tuple[int, ...]:
    """What the legs of a basket share: no ratios."""
    return (0, 0, *BLUE_CHIP.to_struct(6)[2:])


@pytest.fixture(scope="session")
def legs(builder) -> list[tuple]:
    """Eight: 18 decimals at 2,000, 8 at 60,000, then some at 1."""
    made = []
    for decimals, quote in ((18, 2_000), (8, 60_000), (6, 1), (18, 1), (27, 1), (12, 1), (18, 1), (18, 1)):
        price = price_of(quote, decimals, 6)
        token, oracle = builder.token(decimals), builder.oracle(price)
        made.append((token.address, oracle.address, 78 * CENT, 83 * CENT, 10 * price))
    return made


def changed(legs: list[tuple], leg: int, field: int, value) -> list[tuple]:
    """The legs with another value in one place."""
    fields = list(legs[leg])
    fields[field] = value
    return [*legs[:leg], tuple(fields), *legs[leg + 1 :]]


@pytest.fixture
def refuses(factory, market, risk, stranger):
    """Why a basket would not be made; None: it would."""

    def why(legs, changes=(), pool=None):
        fields = list(risk)
        for place, value in dict(changes).items():
            fields[place] = value
        return refusal(factory.create_basket, pool or market.pool, legs, tuple(fields), sender=stranger)

    return why


def test_makes_a_basket(chain, factory, market, legs, risk, stranger):
    number = factory.vault_count(market.pool)
    for count in (2, 8):
        receipt = factory.create_basket(market.pool, legs[:count], risk, sender=stranger)
        basket = chain.at("Basket", factory.vaults(market.pool, number))
        assert factory.vault_count(market.pool) == number + 1
        assert factory.pool_of(basket) == market.pool.address == basket.pool()
        assert factory.is_basket(basket)
        assert [tuple(leg) for leg in basket.legs()] == legs[:count]
        assert tuple(basket.risk()) == risk
        (created,) = receipt.events
        assert (created.basket, created.pool) == (basket.address, market.pool.address)
        assert [tuple(leg) for leg in created.legs] == legs[:count]
        assert tuple(created.risk) == risk
        number += 1


def test_gives_the_address(factory, market, legs, risk, stranger):
    arguments = (market.pool, legs[:3], risk)
    promised = factory.create_basket.call(*arguments, sender=stranger)
    factory.create_basket(*arguments, sender=stranger)
    assert factory.vaults(market.pool, factory.vault_count(market.pool) - 1) == promised


def test_vaults_and_pools_are_no_baskets(factory, market, stranger):
    for other in (market.vault, market.pool, stranger, NOBODY, factory):
        assert not factory.is_basket(other)


def test_draws_nothing_until_the_curator_says_so(chain, factory, market, legs, risk, stranger):
    factory.create_basket(market.pool, legs[:2], risk, sender=stranger)
    basket = factory.vaults(market.pool, factory.vault_count(market.pool) - 1)
    assert tuple(market.pool.credit_line(basket)) == (0, 0, 0)
    assert refusal(market.pool.draw, 0, basket, sender=basket) == "pool: not a vault"


def test_only_for_its_own_pools(chain, builder, market, legs, refuses, stranger):
    foreign = type(builder)(chain).pool(market.loan).pool
    for pool in (stranger, NOBODY, market.vault, foreign):
        assert refuses(legs[:2], pool=pool) == "factory: not a pool"


def test_two_to_eight_legs(refuses, legs):
    for count in (0, 1):
        assert refuses(legs[:count]) == "basket: fewer than 2 legs"
    for count in (2, 8):
        assert refuses(legs[:count]) is None
    assert refuses([*legs, legs[0]]) == ""  # nine do not fit the list


def test_ratios_belong_to_legs(refuses, legs):
    for place in (LTV_SHARED, THRESHOLD_SHARED):
        assert refuses(legs[:2], {place: 1}) == "basket: ratios belong to legs"


def test_no_token_twice(refuses, legs):
    """Wherever the two stand."""
    for first in range(8):
        for second in range(8):
            if first != second:
                twice = changed(legs, second, TOKEN, legs[first][TOKEN])
                assert refuses(twice) == "basket: a token twice"


@pytest.mark.parametrize("leg", [0, 1, 7])
def test_every_leg_is_checked_as_a_vaults_collateral(market, refuses, legs, leg, builder):
    for field, value, reason in (
        (TOKEN, market.loan.address, "vault: collateral is the loan"),
        (TOKEN, market.pool.address, "vault: collateral is the pool"),
        (TOKEN, market.pool.backstop(), "vault: collateral is backstop"),
        (TOKEN, builder.token(28).address, "vault: above 27 decimals"),
        (TOKEN, NOBODY, ""),
        (ORACLE, builder.oracle(0).address, "vault: zero price"),
        (ORACLE, NOBODY, ""),
        (LTV, 0, "vault: no loan-to-value"),
        (LTV, 83 * CENT, "vault: ltv not below threshold"),
        (THRESHOLD, WAD, "vault: threshold not below 1"),
        (THRESHOLD, MAX, "vault: threshold not below 1"),
        (THRESHOLD, 845 * CENT // 10 + CENT, "vault: bonus can lower health"),
        (ORACLE, builder.oracle(250_001 * PRICE_SCALE).address, "vault: collateral unit coarse"),
    ):
        assert refuses(changed(legs, leg, field, value)) == reason


def test_the_safe_price_at_most_the_price(builder, refuses, legs):
    oracle = builder.oracle(10**24)
    oracle.set_prices(10**24, 10**24 + 1, sender=builder.deployer)
    assert refuses(changed(legs, 1, ORACLE, oracle.address)) == "vault: safe price above price"


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (BONUS_MIN, 0, "vault: no minimum bonus"),
        (BONUS_MAX, 2 * CENT - 1, "vault: bonus range"),
        (HEALTH, WAD, "vault: max bonus at health 1"),
        (HEALTH, 912 * CENT // 10, "vault: bonus can lower health"),
        (TARGET, 1_005 * 10**15 - 1, "vault: target health below 1.005"),
        (TARGET, 125 * CENT + 1, "vault: target health above 1.25"),
        (SLOPE, WAD // 4 + 1, "vault: slope above 1/4"),
        (FEE, 30 * CENT + 1, "vault: fee above 30 %"),
        (MIN_DEBT, 2**94, "vault: minimum debt too large"),
        (MIN_DEBT, 0, "vault: minimum debt too small"),
    ],
)
def test_what_they_share_is_checked_as_a_vaults(refuses, legs, place, value, reason):
    assert refuses(legs[:2], {place: value}) == reason


def test_thresholds_from_a_hundredth(refuses, legs):
    low = changed(changed(legs[:2], 1, LTV, 1), 1, THRESHOLD, CENT - 1)
    assert refuses(low) == "basket: threshold below 1 %"
    assert refuses(changed(low, 1, THRESHOLD, CENT)) is None


@pytest.mark.parametrize("leg", [0, 7])
def test_ceilings_of_four_prices_at_least(refuses, legs, leg):
    price = legs[leg][CEILING] // 10
    for low in (0, price, 4 * price - 1):
        assert refuses(changed(legs, leg, CEILING, low)) == "basket: ceiling below 4 prices"
    assert refuses(changed(legs, leg, CEILING, 4 * price)) is None
    for high in (2**200 + 1, MAX):
        assert refuses(changed(legs, leg, CEILING, high)) == "basket: ceiling too high"
    assert refuses(changed(legs, leg, CEILING, 2**200)) is None


def test_ceilings_are_of_the_price_not_of_the_safe_price(builder, refuses, legs):
    oracle = builder.oracle(10**24)
    oracle.set_prices(10**24, 10**23, sender=builder.deployer)
    made = changed(legs[:2], 1, ORACLE, oracle.address)
    assert refuses(changed(made, 1, CEILING, 4 * 10**24)) is None
    assert refuses(changed(made, 1, CEILING, 4 * 10**24 - 1)) == "basket: ceiling below 4 prices"


def test_a_base_unit_of_every_leg_is_little(builder, refuses, legs):
    """Together at most a hundredth of the smallest bonus on the smallest debt, to the unit of price."""
    top = BLUE_CHIP.to_struct(6)[MIN_DEBT] * 2 * PRICE_SCALE // 10_000  # min_debt * 2 % / 100
    third = top // 3
    for more, reason in ((0, None), (1, "basket: leg units coarse")):
        made = legs[:3]
        for leg, price in enumerate((third, third, top - 2 * third + more)):
            made = changed(changed(made, leg, ORACLE, builder.oracle(price).address), leg, CEILING, 4 * price)
        assert refuses(made) == reason


def test_a_silent_oracle_makes_no_basket(builder, refuses, legs):
    oracle = builder.oracle(1)
    oracle.set_silent(True, sender=builder.deployer)
    assert refuses(changed(legs, 1, ORACLE, oracle.address)) == "lying oracle: silent"


def test_blind_arithmetic_refuses(builder, refuses, legs):
    """Prices near the top of a word: refused one way or another, never accepted."""
    for price in (2**199, 2**253, 2**254, MAX):
        oracle = builder.oracle(price).address
        for ceiling in (2**200, MAX):
            made = changed(changed(legs[:2], 1, ORACLE, oracle), 1, CEILING, ceiling)
            assert refuses(made) is not None
