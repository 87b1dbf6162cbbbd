"""What to do with a vault now: one pure function, whoever runs it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plimsoll.keeper.choice import Batch, Gas, Venue, candidates, choose, within_funds
from plimsoll.twin.liquidation import DebtTotals, Risk


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on, of one block."""

    positions: dict[str, tuple[int, int]]  # collateral in base units, debt shares
    price: int  # the oracle's, 1e36
    totals: DebtTotals
    risk: Risk
    venue: Venue
    gas: Gas
    funds: int  # the keeper's, base units of the loan asset
    cooling: Collection[str]  # owners to leave alone


@dataclass(frozen=True, slots=True)
class Decision:
    """A batch to carry out, or None and why not."""

    liquidatable: int  # positions that can be closed
    batch: Batch | None
    reason: str


def decide(now: Situation, floor: int) -> Decision:
    """The batch of the greatest profit, unless that is below `floor`, in base units of the loan asset."""
    found = candidates(now.positions, now.price, now.totals, now.risk)
    if not found:
        return Decision(0, None, "every position is healthy")
    warm = [each for each in found if each.owner not in now.cooling]
    if not warm:
        return Decision(len(found), None, "all that could be closed cool down after a failure")
    best = choose(warm, now.venue, now.gas)
    batch = within_funds(best, now.funds, now.venue, now.gas)
    if not best.candidates:
        return Decision(len(found), None, "no batch pays for its gas and the sale")
    if not batch.candidates:
        return Decision(len(found), None, f"the keeper's funds, {now.funds} base units, pay for no close")
    if batch.profit < floor:
        return Decision(len(found), None, f"the best batch brings {batch.profit} base units, below the floor")
    return Decision(len(found), batch, f"{len(batch.candidates)} closes bring {batch.profit} base units")
