"""What a basket says of itself; positions, debts, health and previews are compared in every test."""

from plimsoll.testing.roles import BORROWER, STRANGER
from plimsoll.units import MAX, NOBODY


def test_what_it_was_made_with(place, eight):
    for each in (place, eight):
        basket = each.basket
        assert [tuple(leg) for leg in basket.legs()] == each.leg_structs()
        risk = basket.risk()
        assert (risk.ltv, risk.threshold) == (0, 0)
        assert tuple(risk) == tuple(getattr(each.risk, name) for name in each.risk.__slots__)
        assert (basket.pool(), basket.loan_asset()) == (each.pool.address, each.loan.address)
        factory = each.builder.factory
        assert factory.pool_of(basket) == each.pool.address
        assert factory.is_basket(basket) and not factory.is_basket(each.pool)


def test_who_has_nothing(place):
    for owner in (STRANGER, NOBODY, place.basket.address):
        assert place.position(owner) == ((0, 0, 0), 0)
        assert place.debt(owner) == place.basket.provision_of(owner) == place.basket.positions(owner) == 0
        assert place.basket.health(owner) == MAX
        assert not place.preview(owner).liquidatable


def test_health_without_debt_asks_nobody(place):
    place.hold(1)
    place.silence(0, 1, 2)
    assert place.basket.health(BORROWER) == MAX


def test_health_follows_interest(lent):
    """Views accrue to the block that they are asked in."""
    before, debt = lent.basket.health(BORROWER), lent.debt()
    lent.advance(30 * 86_400)
    assert lent.basket.health(BORROWER) < before
    assert lent.debt() > debt


def test_a_preview_of_two_and_of_three_arguments(lent):
    """Without a mask nothing is left out."""
    lent.scale_prices(600)
    assert lent.basket.preview_liquidate(BORROWER, MAX) == lent.basket.preview_liquidate(BORROWER, MAX, 0)
    assert lent.basket.preview_liquidate(BORROWER, MAX) != lent.basket.preview_liquidate(BORROWER, MAX, 1)
