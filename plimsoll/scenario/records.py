"""What a run leaves behind. Amounts are base units, healths WAD, times seconds since 1970."""

from dataclasses import dataclass, field
from typing import Any

from plimsoll.scenario.config import Scenario

RESTORABLE = "restorable"
SHORTFALL = "shortfall"
START = "start"
END = "end"


@dataclass(frozen=True, slots=True)
class LiquidationRow:
    """One close of one position: the packed event, decoded, and what it was applied to."""

    step: int
    hour: float
    time: int
    block: int
    owner: str
    kind: str  # RESTORABLE or SHORTFALL
    price: int  # 1e36
    collateral_before: int
    debt_before: int
    shares_before: int
    shares: int
    seized: int
    repaid: int
    fee: int
    extinguished: int
    health_before: int
    health_after: int | None  # None: no debt left, or above 4.29
    profit: int  # value of the seized collateral at the oracle's price, less repaid and fee


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: the market after its price has moved, and what the liquidator then did."""

    step: int
    hour: float
    time: int
    block: int  # in which the price moved
    price: float  # US dollars
    outage: bool
    open_positions: int  # with debt, before the liquidator acts
    liquidatable: int  # before the liquidator acts
    left_liquidatable: int  # after it has acted
    health_min: float | None  # these seven before the liquidator acts; None without debts
    health_p05: float | None
    health_p25: float | None
    health_p50: float | None
    health_p75: float | None
    health_p95: float | None
    health_mean: float | None
    closes_restorable: int
    closes_shortfall: int
    repaid_restorable: int
    repaid_shortfall: int
    seized: int
    fees: int
    extinguished: int
    loss_reserves: int
    loss_backstop: int
    loss_lenders: int
    reserves: int  # these seven after the liquidator has acted
    total_assets: int
    total_debt: int
    cash: int
    utilisation: int
    liquidator_loan: int
    liquidator_collateral: int


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One borrower at the start or at the end."""

    moment: str  # START or END
    owner: str
    collateral: int
    debt_shares: int
    debt: int
    health: int | None  # None without debt
    closes: int  # liquidations up to then


@dataclass(frozen=True)
class Result:
    """A finished run; every promise in `checks` held each time that it was examined."""

    scenario: Scenario
    steps: tuple[StepRow, ...]
    liquidations: tuple[LiquidationRow, ...]
    positions: tuple[PositionRow, ...]
    checks: dict[str, int]  # promise: how often it was examined
    wall_seconds: float
    versions: dict[str, str] = field(default_factory=dict)

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """The rows by table."""
        return {"steps": self.steps, "liquidations": self.liquidations, "positions": self.positions}
