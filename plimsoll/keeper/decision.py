"""What to do with a vault now: one pure function, whoever runs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.keeper.choice import Gas, Venue, candidates, choose, least_losses, within_funds
from plimsoll.twin.liquidation import DebtTotals, Risk

PLANNED = 80  # % of what may be lost; the rest is for gas beyond the forecast


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
        reason = "all that could be closed cool down after a failure"
        return Decision(len(found), None, terms.floor, reason)
    best = choose(warm, now.venue, now.gas)
    batch = within_funds(best, now.funds, now.venue, now.gas)
    if batch.candidates and batch.profit >= terms.floor:
        reason = f"{len(batch.candidates)} closes bring {batch.profit} base units"
        return Decision(len(found), batch, terms.floor, reason)
    if terms.clean_up:
        budget = terms.clean_up * PLANNED // 100
        cheap = least_losses(warm, now.venue, now.gas, budget, terms.least_income)
        cheap = within_funds(cheap, now.funds, now.venue, now.gas)
        if cheap.candidates:
            reason = f"{len(cheap.candidates)} closes that do not pay cost {-cheap.profit} base units"
            return Decision(len(found), cheap, -terms.clean_up, reason)
    if not best.candidates:
        reason = "no batch pays for its gas and the sale"
    elif not batch.candidates:
        reason = f"the keeper's funds, {now.funds} base units, pay for no close"
    else:
        reason = f"the best batch brings {batch.profit} base units, below the floor"
    return Decision(len(found), None, terms.floor, reason)
