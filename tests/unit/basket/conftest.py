"""Baskets with 400 days of interest, so that no ratio is round; each test is undone on both sides."""

from collections.abc import Iterator

import pytest

from plimsoll.testing.roles import OTHER_BORROWER
from plimsoll.units import DAY
from tests.utils.actor import Actor
from tests.utils.baskets import EIGHT, BasketPlace


def seasoned(place: BasketPlace) -> BasketPlace:
    """`OTHER_BORROWER` has had a loan for 400 days, which nothing in a test closes."""
    place.hold(1_000, 3, owner=OTHER_BORROWER)
    place.borrow(900_000, owner=OTHER_BORROWER)
    place.advance(400 * DAY)
    return place


@pytest.fixture(scope="session")
def with_three(builder) -> BasketPlace:
    return seasoned(BasketPlace(builder))


@pytest.fixture(scope="session")
def with_eight(builder) -> BasketPlace:
    return seasoned(BasketPlace(builder, EIGHT))


@pytest.fixture
def place(with_three: BasketPlace) -> Iterator[BasketPlace]:
    """18 decimals at 2,000, 8 at 60,000, 6 at 1; nobody but `OTHER_BORROWER` holds anything."""
    with with_three.isolated():
        yield with_three


@pytest.fixture
def eight(with_eight: BasketPlace) -> Iterator[BasketPlace]:
    """Eight legs of 0 to 27 decimals."""
    with with_eight.isolated():
        yield with_eight


@pytest.fixture
def lent(place: BasketPlace) -> BasketPlace:
    """The borrower owes 30,000 on 10, 0.5 and 10,000 tokens worth 60,000; at 3/5 of the prices unhealthy."""
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    return place


@pytest.fixture
def actor(place: BasketPlace) -> Actor:
    """A contract with tokens and approvals; anybody may tell it what to do."""
    return place.actor()
