"""What a run leaves behind. Amounts are base units; units of prices and healths stand beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from plimsoll.scenario.config import Scenario

if TYPE_CHECKING:
    from plimsoll.report.frames import Frames

RESTORABLE = "restorable"
SHORTFALL = "shortfall"


class LiquidationRow(NamedTuple):
    """One close of one position, from its event."""

    block: int
    hour: float
    vault: int
    owner: str
    liquidator: str
    kind: str  # RESTORABLE or SHORTFALL
    price: int | None  # the oracle's, 1e36; None of a basket, whose legs have rows of their own
    collateral_before: int | None
    shares_before: int
    debt_before: int
    shares: int
    seized: int | None
    worth: int  # of what was seized, at the oracles' prices
    repaid: int
    fee: int
    extinguished: int
    needed: int  # the least repayment that brings health to 1; the debt in a shortfall
    health_before: int  # WAD
    health_after: int | None  # WAD; None: no debt left, or above 4.29
    blocks_waited: int  # since the oracle's price first made the position liquidatable


class SeizureRow(NamedTuple):
    """What one close of a position took of one leg of a basket."""

    block: int
    hour: float
    vault: int
    leg: int
    owner: str
    price: int | None  # the oracle's, 1e36; None while it was silent
    before: int
    seized: int


class LossRow(NamedTuple):
    """One loss, and who bore it."""

    block: int
    hour: float
    vault: int
    extinguished: int  # debt written off and not paid
    reserve: int
    backstop: int
    lenders: int


class VaultRow(NamedTuple):
    """One vault or basket at the end of one recorded block; the prices of a basket are in `LegRow`."""

    block: int
    hour: float
    vault: int
    path: float | None  # loan tokens for a whole collateral token, without feedback
    outside: float | None  # with feedback
    oracle: float | None  # what the vault's oracle says; None while it refuses
    safe: float | None  # its safe price
    dex: float | None  # marginal price on the DEX
    positions: int  # with debt
    health_min: float | None
    health_p05: float | None
    health_p25: float | None
    health_p50: float | None
    health_p75: float | None
    debt: int
    liquidatable: int  # positions left so
    closes: int  # since the last recorded block
    repaid: int
    seized: int | None
    reverted: int  # transactions that failed since the last recorded block


class LegRow(NamedTuple):
    """One leg of a basket at the end of one recorded block."""

    block: int
    hour: float
    vault: int
    leg: int
    path: float  # loan tokens for a whole collateral token, without feedback
    outside: float  # with feedback
    oracle: float | None  # what the leg's oracle says; None while it refuses
    safe: float | None  # its safe price
    dex: float | None  # marginal price on the DEX
    locked: int  # in all positions
    seized: int  # since the last recorded block


class LadderRow(NamedTuple):
    """The positions of one vault whose liquidation prices are near each other, at the end of a block.

    Of a basket, which has no price of its own, those whose healths are.
    """

    block: int
    hour: float
    vault: int
    price: float | None  # loan tokens for a whole collateral token; theirs are at most 2.5 % above it
    health: float | None  # of a basket; theirs are at most 2.5 % above it
    debt: int
    collateral: int | None


class PoolRow(NamedTuple):
    """The pool at the end of one recorded block."""

    block: int
    hour: float
    total_assets: int
    total_debt: int
    cash: int
    utilisation: int  # WAD
    borrow_rate: int  # WAD per second
    reserves: int
    backstop: int  # value of the backstop's pool shares
    share_price: float  # assets of a lender's share, 1 at the start
    loan_price: float  # dollars for a loan token
    debt_index: float  # what a debt of 1 has become with interest, 1 at the start


class AgentRow(NamedTuple):
    """What an agent records."""

    block: int
    agent: str
    key: str
    value: float


class FeeRow(NamedTuple):
    """What one agent paid for its transactions of one block, where gas has a price."""

    block: int
    hour: float
    agent: str
    transactions: int
    gas: int
    gas_paid: int  # the base fee, which is burnt
    bids_paid: int  # to whoever makes the block


class PositionRow(NamedTuple):
    """One borrower at the start or at the end."""

    moment: str  # start or end
    vault: int
    owner: str
    collateral: int | None  # None in a basket, whose legs have rows of their own
    debt: int
    health: int | None  # WAD, at the oracles' prices; None without debt, or while a vault's oracle refuses
    liquidation_price: int | None  # 1e36; None in a basket


class ChangeRow(NamedTuple):
    """A leg of a position at the end of a block that has changed the position, not by interest alone."""

    block: int
    hour: float
    vault: int
    leg: int
    owner: str
    collateral: int
    debt: int  # of the whole position


class HoldingRow(NamedTuple):
    """What one borrower holds of one leg of a basket at the start or at the end."""

    moment: str  # start or end
    vault: int
    leg: int
    owner: str
    amount: int


class FlowRow(NamedTuple):
    """What one party gave another for one purpose since the last recorded block; see `flows`."""

    block: int
    hour: float
    payer: str
    payee: str
    purpose: str
    vault: int  # -1: of none
    leg: int | None  # of the vault: which collateral; None: loan asset alone
    loan: int  # tokens, and claims on the pool
    collateral: int | None
    value: int  # of both, at the outside prices of their blocks


class ProfitRow(NamedTuple):
    """What one party has made of the run; see `flows`."""

    party: str
    kind: str
    start: int  # worth at the outside prices of the first block
    end: int  # and of the last
    brought: int  # from the outside, less what went there
    gained: int  # from other parties
    price_moves: int  # of what it held
    uncovered: int  # losses at the end that nobody has booked, carried (negative) or caused
    profit: int


@dataclass(repr=False)
class Result:
    """A finished run."""

    scenario: Scenario
    engine: str  # anvil or revm
    client: str = ""  # its name and version, as it says them
    path: int = 0  # number of the random prices
    vaults: list[VaultRow] = field(default_factory=list)
    pool: list[PoolRow] = field(default_factory=list)
    liquidations: list[LiquidationRow] = field(default_factory=list)
    losses: list[LossRow] = field(default_factory=list)
    agents: list[AgentRow] = field(default_factory=list)
    positions: list[PositionRow] = field(default_factory=list)
    changes: list[ChangeRow] = field(default_factory=list)
    legs: list[LegRow] = field(default_factory=list)
    seizures: list[SeizureRow] = field(default_factory=list)
    holdings: list[HoldingRow] = field(default_factory=list)
    ladder: list[LadderRow] = field(default_factory=list)
    fees: list[FeeRow] = field(default_factory=list)
    flows: list[FlowRow] = field(default_factory=list)
    profits: list[ProfitRow] = field(default_factory=list)
    compared: int = 0  # numbers of the books that were equal on chain and twin
    transactions: int = 0
    reverts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by what was sent, and the reason
    seconds: float = 0.0

    def __repr__(self) -> str:
        """On a line: what was played, how many were closed, what was lost."""
        it, measures = self.scenario, self.measures()
        return (
            f"<{it.title}, seed {it.seed}, path {self.path}: {len(self.liquidations):,} closes, bad debt "
            f"{measures['bad_debt']:,.0f} {it.pool.loan.symbol}>"
        )

    def measures(self) -> dict[str, float | None]:
        """Every measure by its name, see docs/results.md; amounts are whole loan tokens."""
        from plimsoll.report.measures import measure

        return measure(self)

    def frames(self) -> Frames:
        """Every table as a data frame: amounts are floats of whole tokens, times UTC."""
        from plimsoll.report.frames import frames

        return frames(self)

    def report(self, folder: str | Path) -> Path:
        """Writes the report: tables, figures and a page, whose path is the answer.

        Raises:
            FolderError: the folder holds something else.
        """
        from plimsoll.report.folder import PAGE
        from plimsoll.report.write import write

        write(self, Path(folder))
        return Path(folder) / PAGE

    def tables(self) -> dict[str, list[Any]]:
        """The rows by table."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: rows for name, rows in found.items() if isinstance(rows, list)}
