"""Who is asked with too little gas must not pass for silent: no amount of gas changes what is done.

Every leg's oracle burns most of what it may, so that too little gas starves it at one question or another.
"""

from collections.abc import Iterator

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Method
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, STRANGER
from plimsoll.units import MAX, order
from tests.utils.baskets import BasketPlace, starved

HUNGER = 990_000  # about what an oracle can burn of the million that it is offered, and still answer
TOO_LITTLE = "basket: not enough gas"


@pytest.fixture(scope="module")
def with_hungry(builder) -> BasketPlace:
    """10, 0.5 and 100 tokens under 30,000; the third counts ten times as much when it is silent."""
    place = BasketPlace(builder)
    place.hold(10, "0.5", 2_000)
    place.borrow(30_000)
    low, high = HUNGER - 20_000, 1_000_000
    while high - low > 200:  # the most with which every oracle answers; engines differ in what is warm
        middle = (low + high) // 2
        starve(place, middle)
        low, high = (
            (middle, high) if place.basket.health(BORROWER) == place.twin.health(BORROWER) else (low, middle)
        )
    starve(place, low - 1_000)
    return place


def starve(place: BasketPlace, appetite: int) -> None:
    for oracle in place.oracles:
        oracle.set_appetite(appetite, sender=STRANGER)


@pytest.fixture
def hungry(with_hungry) -> Iterator[BasketPlace]:
    with with_hungry.isolated():
        yield with_hungry


def gases(place: BasketPlace, method: Method, arguments: tuple, sender: str, questions: int) -> list[int]:
    """Around the gas with which each question just gets what it needs, and from far too little to enough."""
    low, high = 40_000, (questions + 1) * 1_100_000
    while high - low > 500:
        middle = (low + high) // 2
        try:
            place.chain.engine.call(sender, method.contract.address, method.encode(*arguments), middle)
            high = middle
        except CallReverted:
            low = middle
    near = [high - each * HUNGER + step for each in range(questions) for step in range(-45_000, 9_000, 1_800)]
    return sorted({*near, *range(40_000, high + 200_000, 131_000)})


def calls(place: BasketPlace) -> dict[str, tuple]:
    """Everything that asks oracles; with how many questions, at which prices, and by whom."""
    basket = place.basket
    whole = BORROWER, MAX, [], 0, LIQUIDATOR, b""
    batch = [order(BORROWER)], [], LIQUIDATOR, b""
    return {
        "liquidate": (basket.liquidate, whole, 3, 600, LIQUIDATOR),
        "liquidate a part": (basket.liquidate, (BORROWER, MAX, [], 1, LIQUIDATOR, b""), 3, 600, LIQUIDATOR),
        "liquidate in shortfall": (basket.liquidate, whole, 3, 400, LIQUIDATOR),
        "liquidate_batch": (basket.liquidate_batch, batch, 3, 600, LIQUIDATOR),
        "poke": (basket.poke, (BORROWER,), 3, 400, STRANGER),
        "borrow": (basket.borrow, (place.loans(8_000),), 6, 1_000, BORROWER),
        "withdraw": (basket.withdraw, (1, place.of_leg(1, "0.1")), 6, 1_000, BORROWER),
        "deposit": (basket.deposit, (2, place.of_leg(2, 1_000)), 1, 1_000, STRANGER),
        "health": (basket.health, (BORROWER,), 3, 600, STRANGER),
        "preview_liquidate": (basket.preview_liquidate, (BORROWER, MAX), 3, 600, STRANGER),
    }  # fmt: skip


NAMES = (
    "liquidate", "liquidate a part", "liquidate in shortfall", "liquidate_batch", "poke", "borrow",
    "withdraw", "deposit", "health", "preview_liquidate",
)  # fmt: skip


def scaled(place: BasketPlace, per_mille: int) -> None:
    for leg, price in enumerate(place.fair):
        place.oracles[leg].set_price(price * per_mille // 1_000, sender=STRANGER)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_gas_makes_nobody_silent(hungry, name):
    """It is refused for want of gas, or does what plenty of gas does."""
    method, arguments, questions, prices, sender = calls(hungry)[name]
    scaled(hungry, prices)
    reasons = starved(
        hungry, method, *arguments, sender=sender, gases=gases(hungry, method, arguments, sender, questions)
    )
    assert reasons <= {"", TOO_LITTLE}
    assert TOO_LITTLE in reasons or name == "deposit"  # which asks without a limit of its own


def test_how_much_there_must_be(place):
    """Of what is there 63/64 can be offered, and calling costs something: a million needs 1,030,000."""
    place.hold(10)
    place.borrow(10_000)
    place.silence(0)
    low, high = 100_000, 3_000_000
    while high - low > 100:
        middle = (low + high) // 2
        refused = starved(place, place.basket.health, BORROWER, sender=STRANGER, gases=[middle])
        low, high = (middle, high) if refused else (low, middle)
    assert 1_030_000 < high < 1_090_000
    assert refused <= {TOO_LITTLE}


@pytest.mark.parametrize("legs", [(0,), (2,), (0, 1, 2)])
def test_who_is_silent_is_so_with_any_gas(hungry, legs):
    """A leg that reverts at once: with little gas refused, though nothing was starved."""
    for leg in legs:
        hungry.oracles[leg].set_silent(True, sender=STRANGER)
    few = [*range(60_000, 4_000_000, 331_000)]
    reasons = starved(hungry, hungry.basket.health, BORROWER, sender=STRANGER, gases=few)
    assert reasons <= {"", TOO_LITTLE}


@pytest.mark.slow
def test_a_leg_that_burns_all_it_gets(hungry):
    """Three oracles without an end cost their three million and stop nothing."""
    for oracle in hungry.oracles:
        oracle.set_appetite(10**9, sender=STRANGER)
    for script in hungry.scripts:
        script.price_answer = script.safe_price_answer = "burnt"
    hungry.compare()
    hungry.act("repay", MAX, BORROWER, sender=BORROWER)
    for leg in range(3):
        hungry.act("withdraw", leg, hungry.position()[0][leg], BORROWER, BORROWER, sender=BORROWER)


@pytest.mark.slow
def test_an_oracle_that_needs_a_little_more_than_its_million_is_silent(hungry):
    """See `IOracle`; it is so at any gas, and never by its caller's choice."""
    hungry.oracles[2].set_appetite(1_010_000, sender=STRANGER)
    hungry.scripts[2].price_answer = hungry.scripts[2].safe_price_answer = "burnt"
    hungry.compare()
    few = [*range(900_000, 4_000_000, 171_000)]
    reasons = starved(hungry, hungry.basket.health, BORROWER, sender=STRANGER, gases=few)
    assert reasons <= {"", TOO_LITTLE}
