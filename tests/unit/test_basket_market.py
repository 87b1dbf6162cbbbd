"""The market with a basket that `plimsoll.testing` gives to whoever tests something against one."""

from decimal import Decimal

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import Account, refusal
from plimsoll.testing.market import BasketMarket, Builder, Leg
from plimsoll.twin import slices
from plimsoll.units import MAX, WAD


def test_is_open_and_people_are_provided_for(
    basket_market: BasketMarket, borrower: Account, liquidator: Account
) -> None:
    """10 of one leg and half of the other carry a loan; at half the price the twin knows the close."""
    market = basket_market
    market.open(borrower, [10, Decimal("0.5")], 39_000)
    assert market.position(borrower)[0] == (10 * 10**18, 5 * 10**7)
    assert market.basket.health(borrower) == 50_000 * 83 * 10**16 // 39_000
    market.set_quote(1, 30_000)
    assert market.prices() == (2_000 * 10**24, 30_000 * 10**34)
    expected = market.quote(borrower)
    assert expected.shares > 0
    closed = market.basket.liquidate(borrower, MAX, [], 0, liquidator, b"", sender=liquidator).return_value
    assert closed[:2] == (expected.paid, expected.fee)
    assert tuple(closed[2][:2]) == expected.seized


def test_a_silenced_leg_has_no_price(basket_market: BasketMarket, borrower: Account) -> None:
    market = basket_market
    market.silence(0)
    assert market.prices() == (0, 60_000 * 10**34)
    assert refusal(market.basket.deposit, 0, 10**18, borrower, sender=borrower) is not None
    market.silence(0, is_silent=False)
    assert market.prices()[0] > 0


def test_legs_of_every_kind(builder: Builder) -> None:
    """Ratios of their own, a ceiling in prices, and what they have in common from the risk parameters."""
    loan, plain, strange = builder.token(6), builder.token(18), builder.token(8)
    oracles = [builder.oracle(2_000 * 10**24), builder.oracle(5 * 10**34)]
    pool = builder.pool(loan).pool
    legs = [
        Leg(plain, oracles[0]),
        Leg(strange, oracles[1], Decimal("0.5"), Decimal("0.6"), ceiling=4),
    ]
    basket = builder.basket(pool, legs, min_debt=Decimal(3_000))
    assert [slices.Leg(*leg[2:]) for leg in basket.legs()] == [
        slices.Leg(80 * 10**16, 83 * 10**16, 20_000 * 10**24),
        slices.Leg(5 * 10**17, 6 * 10**17, 20 * 10**34),
    ]
    ltv, threshold, *common, min_debt = basket.risk()
    assert (ltv, threshold, min_debt) == (0, 0, 3_000 * 10**6)
    assert tuple(common) == BLUE_CHIP.to_struct(6)[2:-1]
    assert common[0] == 2 * WAD // 100
    assert builder.factory.is_basket(basket)
