"""What the tests of edges share: building contracts on any engine, and calls that must be refused."""

from collections.abc import Callable
from typing import Any

from plimsoll.chain.engine import CallReverted, Contract, Engine, deploy
from plimsoll.params import BLUE_CHIP, PoolParams
from tests.stateful import world
from tests.stateful.rules import begin
from tests.stateful.world import DEPLOYER

WAD = 10**18
DAY = 86_400
YEAR = 365 * DAY
NOBODY = "0x" + "00" * 20
RISK = dict(
    zip(
        ("ltv", "threshold", "bonus_min", "bonus_max", "health_for_max_bonus", "target_health",
         "shortfall_slope", "liquidation_fee", "min_debt"),
        BLUE_CHIP.to_struct(6),
        strict=True,
    )
)  # fmt: skip
RATES = dict(
    zip(
        ("target_utilisation", "rate_min", "rate_max", "rate_initial", "speed", "steepness", "floor"),
        PoolParams(name="P", symbol="P").rates.to_struct(6),
        strict=True,
    )
)


def make(engine: Engine, name: str, *arguments: Any) -> Contract:
    """Deploys a contract of `world.SOURCES`, or what stands in for it."""
    return deploy(engine, world.compiled(name)[0], *arguments, sender=DEPLOYER)


def refused(reason: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Makes a call that has to revert with this reason (empty: without one).

    Raises:
        AssertionError: when it does not, or with another.
    """
    try:
        call(*arguments, **options)
    except CallReverted as revert:
        assert revert.reason == reason, f"{revert.reason!r} instead of {reason!r}"
    else:
        raise AssertionError(f"accepted instead of {reason!r}: {arguments}")


def accepted(engine: Engine, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Makes a call that must not revert, and forgets it."""
    before = engine.snapshot()
    call(*arguments, **options)
    engine.revert(before)


def market(engine: Engine, **options: Any) -> world.World:
    """An open pool with two vaults, a guardian and a lender, as every campaign starts."""
    place = world.World(engine, **options)
    begin(place)
    return place


def pool_struct(asset: str, **changes: Any) -> tuple[Any, ...]:
    """`IPool.PoolParams` with other fields, those of the curve included."""
    fields = {"name": "Plimsoll", "symbol": "P", "reserve_factor": WAD // 10, "flash_fee": 0}
    assert changes.keys() <= fields.keys() | RATES.keys()
    rates = tuple(changes.get(name, value) for name, value in RATES.items())
    return (asset, *(changes.get(name, value) for name, value in fields.items()), rates)
