"""Borrowers drawn from a seed."""

from decimal import Decimal

import pytest

from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.config import load
from tests.unit.scenario.test_config import SHIPPED


def health(borrower, scenario) -> Decimal:
    """The health at the first price, from the drawn amounts."""
    market = scenario.market
    value = (
        Decimal(borrower.collateral).scaleb(-market.collateral.decimals) * scenario.price.waypoints[0].price
    )
    return value * market.risk.threshold / Decimal(borrower.debt).scaleb(-market.loan.decimals)


@pytest.mark.parametrize("seed", [0, 7, 20200312])
def test_borrowers_keep_to_the_scenario(seed: int) -> None:
    scenario = load(SHIPPED[0]).with_seed(seed)
    borrowers = draw(scenario)
    people, unit = scenario.borrowers, 10**scenario.market.loan.decimals
    assert len({borrower.address for borrower in borrowers}) == people.count
    assert all(borrower.debt >= scenario.market.risk.min_debt * unit for borrower in borrowers)
    total = sum(borrower.debt for borrower in borrowers)
    assert 0 <= people.total_debt * unit - total < people.count * unit
    healths = [health(borrower, scenario) for borrower in borrowers]
    assert all(people.health.min <= each <= people.health.max + Decimal("1e-4") for each in healths)
    assert max(healths) - min(healths) > Decimal("1.2")
    assert max(borrower.debt for borrower in borrowers) > 3 * total // people.count


def test_the_same_seed_draws_the_same_borrowers(tiny) -> None:
    assert draw(tiny) == draw(tiny)
    assert {borrower.debt for borrower in draw(tiny)} != {
        borrower.debt for borrower in draw(tiny.with_seed(8))
    }


def test_without_spread_all_owe_the_same(tiny) -> None:
    alike = tiny.model_copy(
        update={"borrowers": tiny.borrowers.model_copy(update={"debt_sigma": Decimal(0)})}
    )
    assert {borrower.debt for borrower in draw(alike)} == {25_000 * 10**6}
