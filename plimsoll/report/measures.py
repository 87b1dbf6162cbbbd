"""The measures of a run; `risk` has those of many. Each function's first paragraphs are its definition.

Amounts are whole loan tokens, as floats. A measure that is not defined for a run, such as the time to
liquidation when nobody was liquidated, is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from inspect import getdoc
from typing import Any, NamedTuple

from plimsoll.scenario.flows import BONUS, FEE
from plimsoll.scenario.parties import KINDS
from plimsoll.scenario.profits import gains
from plimsoll.scenario.records import RESTORABLE, FeeRow, LiquidationRow, Result, VaultRow

BAD_DEBT, LIQUIDATED_DEBT = "bad_debt", "liquidated_debt"

Measured = dict[str, float | None]


class Quoted(NamedTuple):
    """Prices of a collateral, loan tokens for a whole one."""

    path: float  # without feedback
    outside: float  # with feedback


def _loan(result: Result, units: float) -> float:
    return float(units / 10**result.scenario.pool.loan.decimals)


def _restorable(result: Result) -> list[LiquidationRow]:
    return [close for close in result.liquidations if close.kind == RESTORABLE]


def _last(result: Result) -> dict[int, VaultRow]:
    """The last row of each vault."""
    return {row.vault: row for row in result.vaults}


# ----------------------------------------------------------------------------------------------- a run


def liquidated_debt(result: Result) -> float:
    """Debt that closes extinguished: what liquidators repaid, and in shortfalls what was written off."""
    return _loan(result, sum(close.extinguished for close in result.liquidations))


def written_off(result: Result) -> float:
    """Debt extinguished and not paid: what reserve, backstop and lenders carried together."""
    return _loan(result, sum(loss.extinguished for loss in result.losses))


def lenders_loss(result: Result) -> float:
    """The part of the debt written off that lenders carried, after reserve and backstop."""
    return _loan(result, sum(loss.lenders for loss in result.losses))


def uncovered_debt(result: Result) -> float:
    """Debt at the end beyond what the collateral is worth at the outside price, over all positions.

    A loss that has happened and that no close has booked yet.
    """
    return sum((max(0.0, debt - value) for value, debt in _at_the_end(result)), start=0.0)


def borrowers_equity(result: Result) -> float:
    """What is left to borrowers at the end: collateral at the outside price less debt.

    Over all positions whose collateral is worth more than their debt; nobody owes beyond their collateral.
    """
    return sum((max(0.0, value - debt) for value, debt in _at_the_end(result)), start=0.0)


def _at_the_end(result: Result) -> Iterator[tuple[float, float]]:
    """Collateral at the outside price and debt of each position at the end."""
    outside = {(vault, leg): rows[-1].outside for (vault, leg), rows in _quotes(result).items()}
    worth: dict[tuple[int, str], float] = {}
    held = [(row.vault, 0, row.owner, row.collateral) for row in result.positions if row.moment == "end"]
    held += [(row.vault, row.leg, row.owner, row.amount) for row in result.holdings if row.moment == "end"]
    for vault, leg, owner, amount in held:
        if amount is not None:
            token = result.scenario.vaults[vault].collaterals[leg].collateral
            value = amount / 10**token.decimals * outside[vault, leg]
            worth[vault, owner] = worth.get((vault, owner), 0.0) + value
    for row in result.positions:
        if row.moment == "end":
            yield worth.get((row.vault, row.owner), 0.0), _loan(result, row.debt)


def _quotes(result: Result) -> dict[tuple[int, int], list[Quoted]]:
    """The rows with prices of each collateral, by number of the vault and of the leg."""
    found: dict[tuple[int, int], list[Quoted]] = {}
    for row in result.vaults:
        if row.path is not None and row.outside is not None:
            found.setdefault((row.vault, 0), []).append(Quoted(row.path, row.outside))
    for leg in result.legs:
        found.setdefault((leg.vault, leg.leg), []).append(Quoted(leg.path, leg.outside))
    return found


def bad_debt(result: Result) -> float:
    """Debt that nobody pays: written off during the run, or uncovered at its end."""
    return written_off(result) + uncovered_debt(result)


def borrower_loss(result: Result) -> float | None:
    """What borrowers lose for a unit of debt restored.

    Over all restorable closes: collateral seized, at the oracle's price, less debt extinguished, over debt
    extinguished. 0.05 means that ending 100 of debt cost borrowers 105 of collateral.
    """
    closes = _restorable(result)
    debt = sum(close.extinguished for close in closes)
    return (sum(close.worth for close in closes) - debt) / debt if debt else None


def borrowers_cost(result: Result) -> float:
    """What borrowers lose by restorable closes: collateral seized, at the oracle's price, less debt ended."""
    return _loan(result, sum(close.worth - close.extinguished for close in _restorable(result)))


def over_liquidation(result: Result) -> float | None:
    """How many times the debt was repaid that had to be.

    Over all restorable closes: debt repaid over the least that would have brought health to 1, where a close
    of less than that counts as all needed. 1 is the least.
    """
    closes = _restorable(result)
    needed = sum(min(close.needed, close.repaid) for close in closes)
    return sum(close.repaid for close in closes) / needed if needed else None


def liquidated_within(result: Result, blocks: int) -> float | None:
    """Part of the liquidated debt that waited for its close no longer than that: `blocks_waited` <= {blocks}.

    Counted from the block in which the oracle's price made the position liquidatable; 0 is that block.
    Positions that are never closed do not count, see `left_liquidatable`.
    """
    debt = sum(close.extinguished for close in result.liquidations)
    soon = sum(close.extinguished for close in result.liquidations if close.blocks_waited <= blocks)
    return soon / debt if debt else None


def time_to_liquidation(result: Result, part: float) -> float | None:
    """The fewest blocks within which {part:.0%} of the liquidated debt was closed.

    Counted from the block in which the oracle's price made the position liquidatable; 0 is that block.
    """
    waits: dict[int, int] = {}
    for close in result.liquidations:
        waits[close.blocks_waited] = waits.get(close.blocks_waited, 0) + close.extinguished
    wanted, reached = Fraction(str(part)) * sum(waits.values()), 0
    for blocks in sorted(waits):
        reached += waits[blocks]
        if reached >= wanted:
            return float(blocks)
    return None


def left_liquidatable(result: Result) -> float:
    """Positions that could be liquidated at the end and were not, of all vaults."""
    return float(sum(row.liquidatable for row in _last(result).values()))


def cascade_amplification(result: Result) -> float | None:
    """How many times deeper the outside price fell than its path without feedback.

    For each collateral: the largest fall below the first price with feedback over the largest fall without,
    in recorded blocks; of all the highest. 1 means no cascade.
    """
    found = []
    for rows in _quotes(result).values():
        start = rows[0].path
        fall = start - min(row.path for row in rows)
        if fall > 0:
            found.append((start - min(row.outside for row in rows)) / fall)
    return max(found, default=None)


def final_price(result: Result) -> float:
    """The outside price at the end with feedback over that without, of all collaterals the lowest.

    1 means that nothing of the cascade stayed.
    """
    return min(rows[-1].outside / rows[-1].path for rows in _quotes(result).values())


def liquidators_profit(result: Result) -> float:
    """What all liquidators have at the end above their capital, collateral at the outside price included."""
    last = {
        (row.agent, row.key): row.value
        for row in result.agents
        if row.key in ("profit", "inventory") and row.agent.startswith("liquidator ")
    }
    return _loan(result, sum(last.values()))


def bonus(result: Result) -> float:
    """What all closes gave for what they took: collateral at the outside price, less debt repaid, less fees.

    Before it is sold; negative where the outside price is so far below the oracle's.
    """
    parts = {BONUS: 1, FEE: -1}
    return _loan(result, sum(row.value * parts.get(row.purpose, 0) for row in result.flows))


def gained(result: Result, kind: str) -> float:
    """What {kind} gained from others, in `flows` at the outside prices of their blocks.

    The gains of all kinds add up to 0. What prices did to what somebody held is not in them, nor is debt
    that is uncovered at the end; see the table `profits`.
    """
    return _loan(result, sum(row.gained for row in result.profits if row.kind == kind))


def gas_paid(result: Result) -> float:
    """What liquidators paid for the base fee of their transactions, which is burnt."""
    return _loan(result, sum(row.gas_paid for row in _of_liquidators(result)))


def bids_paid(result: Result) -> float:
    """What liquidators paid for their places to those who make blocks: what MEV takes of the bonus."""
    return _loan(result, sum(row.bids_paid for row in _of_liquidators(result)))


def saved_by_bids(result: Result) -> float:
    """What backstop and lenders would not have lost had bids gone to the reserve: `reserve_share` of them.

    A loss takes what liquidators have paid until its block and no loss before has taken. Everything else is
    left as it was.
    """
    if not result.scenario.gas:
        return 0.0
    share = result.scenario.gas.reserve_share
    paid, left, saved = iter(_of_liquidators(result)), 0, 0
    row = next(paid, None)
    for loss in result.losses:
        while row and row.block <= loss.block:
            left += int(row.bids_paid * share)
            row = next(paid, None)
        part = min(left, loss.backstop + loss.lenders)
        left, saved = left - part, saved + part
    return _loan(result, saved)


def _of_liquidators(result: Result) -> list[FeeRow]:
    return [row for row in result.fees if row.agent.startswith("liquidator ")]


def highest_utilisation(result: Result) -> float:
    """The highest utilisation of the pool at the end of a recorded block."""
    return max(row.utilisation for row in result.pool) / 10**18


def share_in_dollars(result: Result) -> float:
    """What a lender's dollar of the start is worth in dollars at the end, in shares of the pool.

    Interest raises it; losses, and a loan asset that loses its peg, lower it.
    """
    last = result.pool[-1]
    return last.share_price * last.loan_price


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its title and its unit: loan, ratio, part, blocks or positions."""

    title: str
    unit: str
    function: Callable[[Result], float | None]

    @property
    def definition(self) -> str:
        """What it is, as its function says."""
        function: Any = self.function
        values = function.keywords if isinstance(function, partial) else {}
        return (getdoc(getattr(function, "func", function)) or "").format(**values)


_SAID = {"dex": "DEXs", "outside": "the outside"}  # kinds of people that have another name

MEASURES = {
    LIQUIDATED_DEBT: Measure("liquidated debt", "loan", liquidated_debt),
    BAD_DEBT: Measure("bad debt", "loan", bad_debt),
    "written_off": Measure("bad debt, written off", "loan", written_off),
    "uncovered_debt": Measure("bad debt, uncovered at the end", "loan", uncovered_debt),
    "lenders_loss": Measure("loss of lenders", "loan", lenders_loss),
    "borrower_loss": Measure("borrowers' loss for a unit of debt restored", "ratio", borrower_loss),
    "borrowers_cost": Measure("borrowers' loss by restorable closes", "loan", borrowers_cost),
    "borrowers_equity": Measure("left to borrowers at the end", "loan", borrowers_equity),
    "over_liquidation": Measure("debt repaid over the least needed", "ratio", over_liquidation),
    "time_to_liquidation_median": Measure(
        "time to liquidation, median", "blocks", partial(time_to_liquidation, part=0.5)
    ),
    "time_to_liquidation_95": Measure(
        "time to liquidation, 95 %", "blocks", partial(time_to_liquidation, part=0.95)
    ),
    "liquidated_within_1": Measure("closed within 1 block", "part", partial(liquidated_within, blocks=1)),
    "liquidated_within_2": Measure("closed within 2 blocks", "part", partial(liquidated_within, blocks=2)),
    "liquidated_within_16": Measure("closed within 16 blocks", "part", partial(liquidated_within, blocks=16)),
    "left_liquidatable": Measure("liquidatable at the end", "positions", left_liquidatable),
    "cascade_amplification": Measure("cascade amplification", "ratio", cascade_amplification),
    "final_price": Measure("final price with feedback over without", "ratio", final_price),
    "liquidators_profit": Measure("profit of liquidators", "loan", liquidators_profit),
    "bonus": Measure("bonus, less fees", "loan", bonus),
    **{
        f"gained_by_{kind}": Measure(f"gained by {_SAID.get(kind, kind)}", "loan", partial(gained, kind=kind))
        for kind in KINDS
    },
    "gas_paid": Measure("base fees paid by liquidators", "loan", gas_paid),
    "bids_paid": Measure("bids paid by liquidators", "loan", bids_paid),
    "saved_by_bids": Measure("losses that bids in the reserve would have covered", "loan", saved_by_bids),
    "share_in_dollars": Measure("a lender's dollar at the end", "ratio", share_in_dollars),
    "highest_utilisation": Measure("highest utilisation", "part", highest_utilisation),
}
"""The measures of a run by name."""


OF_ALL = (
    "liquidators_profit",
    "gas_paid",
    "bids_paid",
    "saved_by_bids",
    "highest_utilisation",
    "share_in_dollars",
)
"""Measures that a vault has not for itself."""


def measure(result: Result) -> Measured:
    """All measures of a finished run, by name."""
    return {name: each.function(result) for name, each in MEASURES.items()}


def by_vault(result: Result) -> list[Measured]:
    """The measures of each vault by name, but `OF_ALL`."""
    measures = {name: each.function for name, each in MEASURES.items() if name not in OF_ALL}
    tables = ("vaults", "liquidations", "losses", "positions", "legs", "holdings", "flows")
    found = []
    for number in range(len(result.scenario.vaults)):
        rows: dict[str, Any] = {
            name: [row for row in getattr(result, name) if row.vault == number] for name in tables
        }
        own = replace(result, **rows, profits=gains(rows["flows"]))
        found.append({name: function(own) for name, function in measures.items()})
    return found
