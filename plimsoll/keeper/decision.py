"""What to do with a vault now: one pure function, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.keeper.choice import Batch, Gas, Venue, candidates, choose, least_losses, within_funds
from plimsoll.twin.liquidation import DebtTotals, Risk

PLANNED = 80  # % of what may be lost; the rest is for gas beyond the forecast
COOLING = "all that could be closed cool down after a failure"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on, of one block."""

    positions: Mapping[str, tuple[int, ...]]  # collateral in base units, debt shares
    price: int  # the oracle's, 1e36
    totals: DebtTotals
    risk: Risk
    venue: Venue
    gas: Gas
    funds: int  # the keeper's, base units of the loan asset
    cooling: Collection[str]  # owners to leave alone


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch has to leave, in base units of the loan asset."""

    floor: int = 1  # least profit
    clean_up: int = 0  # most that may be lost where no batch leaves the floor
    least_income: int | None = None  # that a batch has to leave before gas whatever may be lost; None: any

    @property
    def budget(self) -> int:
        """What closes may lose by the forecast."""
        return self.clean_up * PLANNED // 100


@dataclass(frozen=True, slots=True)
class Decision:
    """A batch to carry out, or None and why not."""

    liquidatable: int  # positions that can be closed
    batch: Any  # `Batch` or `BasketBatch`
    floor: int  # least profit of the batch, below 0 where a loss is accepted; base units of the loan asset
    reason: str


def decide(now: Situation, terms: Terms) -> Decision:
    """The batch of the greatest profit; where that is below the floor, what can be closed at a small loss."""
    found = candidates(now.positions, now.price, now.totals, now.risk)
    if not found:
        return Decision(0, None, terms.floor, "every position is healthy")
    warm = [each for each in found if each.owner not in now.cooling]
    if not warm:
        return Decision(len(found), None, terms.floor, COOLING)
    best = choose(warm, now.venue, now.gas)

    def cheap() -> Batch | None:
        losing = least_losses(warm, now.venue, now.gas, terms.budget, terms.least_income)
        return _some(within_funds(losing, now.funds, now.venue, now.gas))

    batch = within_funds(best, now.funds, now.venue, now.gas)
    return settled(len(found), _some(best), _some(batch), cheap, now.funds, terms)


def _some(batch: Batch) -> Batch | None:
    return batch if batch.candidates else None


def settled(
    count: int, best: Any, batch: Any, cheap: Callable[[], Any], funds: int, terms: Terms
) -> Decision:
    """What becomes of a batch: it is carried out, or one that loses little, or none, and why.

    Args:
        count: positions that can be closed.
        best: the batch of the greatest profit; None: all lose.
        batch: the same for the keeper's funds; None: they pay for no close that gains.
        cheap: finds closes that lose at most the budget; None: there are none.
        funds: the keeper's, base units of the loan asset.
        terms: what it has to leave.
    """
    if batch and batch.profit >= terms.floor:
        number = len(batch.candidates)
        return Decision(count, batch, terms.floor, f"{number} closes bring {batch.profit} base units")
    if terms.clean_up and (losing := cheap()):
        number = len(losing.candidates)
        reason = f"{number} closes that do not pay cost {-losing.profit} base units"
        return Decision(count, losing, -terms.clean_up, reason)
    if not best:
        reason = "no batch pays for its gas and the sale"
    elif not batch:
        reason = f"the keeper's funds, {funds} base units, pay for no close"
    else:
        reason = f"the best batch brings {batch.profit} base units, below the floor"
    return Decision(count, None, terms.floor, reason)
