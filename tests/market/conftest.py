"""The same market on every engine."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plimsoll import BasketMarket, Market


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> list[str]:
    """What markets stand on in this run, besides the twin."""
    return ["revm", *(["anvil"] if request.config.getoption("--engine") == "anvil" else [])]


@pytest.fixture
def market() -> Market:
    """A market in process."""
    return Market.local()


@pytest.fixture
def baskets_everywhere(engines: list[str]) -> Iterator[Callable[..., list[BasketMarket]]]:
    """Makes the same market with a basket on the twin and on every engine."""
    made: list[BasketMarket] = []

    def make(**arguments: Any) -> list[BasketMarket]:
        new = [BasketMarket.local(engine, **arguments) for engine in ("twin", *engines)]
        made.extend(new)
        return new

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def everywhere(engines: list[str]) -> Iterator[Callable[..., list[Market]]]:
    """Makes the same market on the twin and on every engine."""
    made: list[Market] = []

    def make(**arguments: Any) -> list[Market]:
        new = [Market.local(engine, **arguments) for engine in ("twin", *engines)]
        made.extend(new)
        return new

    yield make
    for each in made:
        each.stop()
