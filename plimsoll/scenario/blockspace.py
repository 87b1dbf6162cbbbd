"""What transactions take of a block, what that costs, and which of them wait.

Gas is a schedule, so that a run is the same on every engine: what receipts of Anvil say of the steady case,
see bench/README.md. `tests/integration/test_gas_schedule.py` holds whole runs against their receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plimsoll.keeper.gas import batch_gas
from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.gas import FREE, GWEI, Fees, GasConfig
from plimsoll.scenario.markets import Market
from plimsoll.scenario.records import FeeRow
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.world import World
from plimsoll.units import HOUR

OTHERS = 70_000  # gas of what has no entry of its own: deposits, repayments, borrowing
GAS = {
    "swapExactTokensForTokens": 91_000, "close": 190_000, "deposit": 45_000, "set_operator": 46_000,
    "approve": 46_000,
}  # fmt: skip
"""Gas by function; that of liquidations is the keeper's."""
REVERTED = 0.35  # of the gas that a success would take
SINGLE = {"liquidate", "liquidate_basket"}
WITHOUT = 3  # the place of the mask of what is left out, in the arguments of a single close of a basket
BATCHES = {"liquidate_batch", "liquidate_basket_batch"}


class Blockspace:
    """The blocks of one run."""

    def __init__(self, settings: GasConfig | None, world: World) -> None:
        """Nothing waits; without settings everything fits and is free."""
        self._settings = settings
        self._world = world
        self._waiting: list[Action] = []
        self._ether = world.loan_units(settings.ether) if settings else 0

    def fees(self, second: int) -> Fees:
        """What gas costs at a second after the start; nothing without settings."""
        if not self._settings:
            return FREE
        return Fees(self._settings.base_at(second), self._ether, self._settings.limit or FREE.limit)

    def auction(self, sent: Iterable[Action]) -> list[Action]:
        """Raises bids: what is public is seen by all, who goes to his limit and no further than he has to."""
        sent = list(sent)
        limits: dict[str, int] = {}
        for action in sent:
            if not action.is_private:
                limits[action.agent] = max(limits.get(action.agent, 0), action.most)

        def raised(action: Action) -> Action:
            if action.is_private:
                return action._replace(bid=max(action.bid, action.most))
            rival = max((limit for agent, limit in limits.items() if agent != action.agent), default=0)
            return action._replace(bid=max(action.bid, min(action.most, rival + 1 if rival else 0)))

        return [raised(action) for action in sent]

    def again(self, sent: Sequence[Action]) -> list[Action]:
        """What waits, but for that of senders who send anew, ahead of what is sent."""
        anew = {action.sender for action in sent}
        return [*(action for action in self._waiting if action.sender not in anew), *sent]

    def fitting(self, ordered: Sequence[Action]) -> list[Action]:
        """What finds room, in its order; the rest waits, with all that its sender sends after it."""
        limit = self._settings.limit if self._settings else None
        if limit is None:
            return list(ordered)
        taken, late = 0, set[str]()
        fits: list[Action] = []
        self._waiting = []
        for action in ordered:
            gas = 0 if action.sender == DEPLOYER else gas_of(self._world, action)
            if action.sender in late or taken + gas > limit:
                late.add(action.sender)
                self._waiting.append(action)
            else:
                taken += gas
                fits.append(action)
        return fits

    def charges(self, block: int, second: int, outcomes: Iterable[Outcome]) -> list[FeeRow]:
        """What each agent pays for a block; a private transaction that reverts is not mined."""
        fees, found = self.fees(second), dict[str, FeeRow]()
        if not self._settings:
            return []
        for action, success in ((it.action, it.is_success) for it in outcomes):
            if not action.agent or action.sender == DEPLOYER or (action.is_private and not success):
                continue
            gas = gas_of(self._world, action)
            gas = gas if success else int(gas * REVERTED)
            row = found.get(action.agent) or FeeRow(block, second / HOUR, action.agent, 0, 0, 0, 0)
            found[action.agent] = FeeRow(
                block,
                row.hour,
                row.agent,
                row.transactions + 1,
                row.gas + gas,
                row.gas_paid + fees.cost(gas, fees.base),
                row.bids_paid + fees.cost(gas, action.bid * GWEI),
            )
        return list(found.values())


def gas_of(world: World, action: Action) -> int:
    """The gas that a transaction takes when it succeeds."""
    flash = world.liquidator.contract if world.liquidator else None
    for market in world.markets:
        vault = market.vault.contract
        is_flash = action.contract is flash and action.arguments[0] == vault.address
        if not is_flash and action.contract is not vault:
            continue
        if action.function in BATCHES:
            first, each = liquidation_gas(market, is_flash)
            return first + each * len(next(it for it in action.arguments if isinstance(it, list)))
        if action.function in SINGLE:
            without = action.arguments[WITHOUT].bit_count() if market.is_basket else 0
            return sum(liquidation_gas(market, is_flash, without))
    return GAS.get(action.function, OTHERS)


def liquidation_gas(market: Market, is_flash: bool, without: int = 0) -> tuple[int, int]:
    """The gas of closes in a vault or basket: of a batch whatever is in it, and of each order.

    Args:
        market: the vault or basket.
        is_flash: whether they go through the Liquidator.
        without: how many of a basket's legs are left out.
    """
    return batch_gas(len(market.legs) - without if market.is_basket else None, is_flash)
