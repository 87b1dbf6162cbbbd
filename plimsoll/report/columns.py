"""The columns of a report's tables: names, units, meanings, and how a row's integers become values."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context
from typing import Any

from plimsoll.scenario.config import Scenario

WAD = 10**18
_EXACT = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    `kind` is the type and decides the unit: text, integer, flag, ratio, wad (a scaled ratio), usd, hours,
    time, price (loan tokens for a collateral token), loan, collateral (whole tokens, exact), shares (exact).
    """

    name: str
    kind: str
    meaning: str
    source: str = ""  # the row's attribute, when it has another name

    def unit(self, scenario: Scenario) -> str:
        """The unit in words, empty when there is none."""
        loan, collateral = scenario.market.loan.symbol, scenario.market.collateral.symbol
        units = {
            "usd": f"USD for 1 {collateral}",
            "hours": "h since the start",
            "time": "UTC",
            "price": f"{loan} for 1 {collateral}",
            "loan": loan,
            "collateral": collateral,
            "shares": "debt shares",
            "ratio": "ratio",
            "wad": "ratio",
        }
        return units.get(self.kind, "")

    def value(self, row: Any, scenario: Scenario) -> Any:
        """The row's value: amounts as exact decimals in whole tokens, ratios and prices as floats."""
        raw = getattr(row, self.source or self.name)
        market = scenario.market
        if raw is None:
            return None
        match self.kind:
            case "text":
                return str(raw)
            case "time":
                return datetime.fromtimestamp(raw, UTC)
            case "wad":
                return raw / WAD
            case "price":
                return raw * 10**market.collateral.decimals / 10 ** (36 + market.loan.decimals)
            case "loan" | "collateral" | "shares":
                return _EXACT.scaleb(_EXACT.create_decimal(raw), -self.decimals(scenario))
            case _:
                return raw

    def decimals(self, scenario: Scenario) -> int:
        """Digits after the point of an exact amount."""
        market = scenario.market
        return {"loan": market.loan.decimals, "collateral": market.collateral.decimals}.get(self.kind, 0)


STEPS = (
    Column("step", "integer", "number of the step, from 0"),
    Column("hour", "hours", "when the step is"),
    Column("time", "time", "the same on the chain's clock"),
    Column("block", "integer", "block in which the price moved"),
    Column("price", "usd", "answer of the collateral's feed"),
    Column("outage", "flag", "whether the scenario keeps the liquidator from acting"),
    Column("open_positions", "integer", "positions with debt, before the liquidator acts"),
    Column("liquidatable", "integer", "positions that a liquidation could close, before the liquidator acts"),
    Column(
        "left_liquidatable", "integer", "the same after it has acted: capital or an outage kept it from more"
    ),
    Column("health_min", "ratio", "lowest health of the open positions, before the liquidator acts"),
    *(
        Column(f"health_p{part:02}", "ratio", f"{part} % of the open positions have at most this health")
        for part in (5, 25, 50, 75, 95)
    ),
    Column("health_mean", "ratio", "mean health of the open positions, each counted once"),
    Column("closes_restorable", "integer", "closes of positions that covered debt and minimum bonus"),
    Column("closes_shortfall", "integer", "closes of positions that did not"),
    Column("repaid_restorable", "loan", "debt paid in restorable closes, without fees"),
    Column("repaid_shortfall", "loan", "debt paid in shortfall closes"),
    Column("seized", "collateral", "collateral that the liquidator received"),
    Column("fees", "loan", "paid on top, into the reserve"),
    Column("extinguished", "loan", "debt that ceased to exist, rounded down for each close"),
    Column("loss_reserves", "loan", "part of what was extinguished and not paid that the reserve carried"),
    Column("loss_backstop", "loan", "part that the backstop carried; nobody has staked in it here"),
    Column("loss_lenders", "loan", "part that lenders carried"),
    Column("reserves", "loan", "the reserve after the step"),
    Column("total_assets", "loan", "what lenders own after the step"),
    Column("total_debt", "loan", "what borrowers owe after the step, rounded up"),
    Column("cash", "loan", "loan asset in the pool after the step"),
    Column("utilisation", "wad", "debt over lenders' assets after the step"),
    Column("liquidator_loan", "loan", "loan asset of the liquidator after the step"),
    Column("liquidator_collateral", "collateral", "collateral that it has yet to sell"),
)

LIQUIDATIONS = (
    Column("step", "integer", "number of the step"),
    Column("hour", "hours", "when the step is"),
    Column("time", "time", "time of the block"),
    Column("block", "integer", "block of the liquidation"),
    Column("owner", "text", "address of the borrower"),
    Column("kind", "text", "restorable: value covers debt and minimum bonus; shortfall: it does not"),
    Column("price", "price", "the oracle's price"),
    Column("oracle_price", "text", "the same as the vault used it: an integer, scaled by 1e36", "price"),
    Column("collateral_before", "collateral", "collateral in the position before"),
    Column("debt_before", "loan", "debt before, rounded up"),
    Column("shares_before", "shares", "debt shares before"),
    Column("shares", "shares", "debt shares extinguished"),
    Column("seized", "collateral", "collateral that the liquidator received"),
    Column("repaid", "loan", "what it paid for the debt"),
    Column("fee", "loan", "what it paid on top, into the reserve"),
    Column("extinguished", "loan", "debt extinguished, rounded down"),
    Column("health_before", "wad", "health factor before, rounded down to 1e-9"),
    Column("health_after", "wad", "health factor after; empty: no debt left, or above 4.29"),
    Column("profit", "loan", "value of what was seized at the oracle's price, less repaid and fee"),
)

POSITIONS = (
    Column("moment", "text", "start: after the first price; end: after the last step"),
    Column("owner", "text", "address of the borrower"),
    Column("collateral", "collateral", "collateral locked"),
    Column("debt_shares", "shares", "debt shares"),
    Column("debt", "loan", "debt, rounded up"),
    Column("health", "wad", "health factor, rounded down; empty without debt"),
    Column("closes", "integer", "liquidations of this position up to then"),
)

TABLES: dict[str, tuple[Column, ...]] = {"steps": STEPS, "liquidations": LIQUIDATIONS, "positions": POSITIONS}
"""The columns by table; the tables are those of `Result.rows`."""
