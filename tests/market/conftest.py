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


def on_all(engines: list[str], local: Callable[..., Any]) -> Iterator[Callable[..., list[Any]]]:
    """Makes the same market on the twin and on every engine; stops them afterwards."""
    made: list[Any] = []

    def make(**arguments: Any) -> list[Any]:
        new = [local(engine, **arguments) for engine in ("twin", *engines)]
        made.extend(new)
        return new

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def baskets_everywhere(engines: list[str]) -> Iterator[Callable[..., list[BasketMarket]]]:
    """Makes the same market with a basket on the twin and on every engine."""
    yield from on_all(engines, BasketMarket.local)


@pytest.fixture
def everywhere(engines: list[str]) -> Iterator[Callable[..., list[Market]]]:
    """Makes the same market on the twin and on every engine."""
    yield from on_all(engines, Market.local)
