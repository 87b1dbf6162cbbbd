"""More owners than a call answers for, and what Python makes of the answers."""

from dataclasses import fields as dataclass_fields

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Engine
from plimsoll.chain.lens import (
    PAGE,
    BasketPosition,
    BasketSummary,
    CreditLine,
    LegSummary,
    MarginTerms,
    PoolSummary,
    Position,
    VaultSummary,
)
from plimsoll.twin import slices
from plimsoll.twin.liquidation import Quote, Risk
from tests.stateful.world import BORROWER, OTHER_BORROWER, role
from tests.utils.lens import FAIR, build

CROWD = [role(1_000 + number) for number in range(PAGE)]


def test_more_than_a_page_is_refused(engine: Engine) -> None:
    place = build(engine)
    for function in ("positions", "liquidatable", "health_at", "shortfall_at"):
        rest = [FAIR] if function.endswith("_at") else []
        assert place.lens.contract.call(function, place.vault, CROWD, *rest) is not None
        with pytest.raises(CallReverted):
            place.lens.contract.call(function, place.vault, [*CROWD, BORROWER], *rest)


def test_python_asks_page_after_page(engine: Engine) -> None:
    """And adds up what the pages say."""
    place = build(engine)
    lens, vault, price = place.lens, place.vault, 1_400 * 10**24
    owners = [*CROWD, BORROWER, *CROWD, OTHER_BORROWER]
    assert [each.owner for each in lens.positions(vault, owners)] == owners
    assert lens.health_at(vault, owners, price)[PAGE] == lens.health_at(vault, [BORROWER], price)[0]
    assert len(lens.health_at(vault, owners, price)) == len(owners)
    assert lens.shortfall_at(vault, owners, price) == lens.shortfall_at(vault, [BORROWER], price)
    assert lens.debt_by_liquidation_price(vault, owners, []) == [27_000 * 10**6]
    place.set_price(1_400)
    answered, candidates = lens.liquidatable(vault, owners)
    assert (answered, list(candidates)) == (price, [BORROWER, OTHER_BORROWER])


def test_the_structs_have_the_fields_of_the_contract() -> None:
    """In their order; they are filled by position."""
    functions = {entry["name"]: entry for entry in artifact("Lens").abi if "name" in entry}

    def fields(function: str, *path: str) -> tuple[str, ...]:
        parts = functions[function]["outputs"][-1]["components"]
        for name in path:
            parts = next(part for part in parts if part["name"] == name)["components"]
        return tuple(part["name"] for part in parts)

    assert Position._fields == fields("positions")
    assert MarginTerms._fields == fields("positions", "terms")
    assert CreditLine._fields == fields("credit_lines") == fields("vault_summary", "line")
    assert VaultSummary._fields == fields("vault_summary")
    assert PoolSummary._fields == fields("pool_summary")
    assert BasketPosition._fields == fields("basket_positions")
    assert BasketSummary._fields == fields("basket_summary")
    assert LegSummary._fields == fields("basket_summary", "legs")
    assert slices.Quote._fields == fields("basket_liquidatable", "quote")
    assert fields("liquidatable") == ("owner", "quote")
    assert Quote._fields == fields("liquidatable", "quote")
    assert tuple(field.name for field in dataclass_fields(Risk)) == fields("vault_summary", "risk")
