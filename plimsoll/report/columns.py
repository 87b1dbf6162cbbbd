"""The columns of a run's tables: names, kinds, meanings, units, and how a row's integers become values.

This is the only place that says so; the Parquet files, the page and docs/results.md are made from it.
"""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from plimsoll.scenario.config import Scenario
from plimsoll.units import WAD, YEAR

PRICE_DECIMALS = 36
HEAD = 10  # rows of a table on the page
_EXACT = Context(prec=100)

KINDS = {
    "text": ("", "text"),
    "integer": ("", "64-bit integer"),
    "number": ("", "64-bit float"),
    "hours": ("hours since the start", "64-bit float"),
    "ratio": ("ratio", "64-bit float"),
    "wad": ("ratio", "64-bit float, from 18 digits"),
    "dollars": ("dollars", "64-bit float"),
    "rate": ("a year", "64-bit float: the rate a second times 31,536,000, without compounding"),
    "quote": ("{loan} for 1 {collateral}", "64-bit float"),
    "price": ("{loan} for 1 {collateral}", "64-bit float, from 36 digits"),
    "exact price": ("1e-36 base units for a base unit", "text of the exact integer, up to 78 digits"),
    "loan": ("{loan}", "exact decimal of whole tokens"),
    "collateral": ("{collateral}", "exact decimal of whole tokens"),
    "shares": ("debt shares", "exact decimal without digits after the point"),
}
"""Unit and representation by kind of column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; its kind, a key of `KINDS`, decides unit and type."""

    name: str
    kind: str
    meaning: str
    source: str = ""  # the row's attribute, when it has another name

    def unit(self, scenario: Scenario | None = None) -> str:
        """The unit in words, empty when there is none; with a scenario, its tokens by name."""
        loan, collateral = "loan token", "collateral token"
        if scenario:
            loan = scenario.pool.loan.symbol
            symbols = (each.collateral.symbol for _, each in scenario.collaterals)
            collateral = " or ".join(dict.fromkeys(symbols))
        return KINDS[self.kind][0].format(loan=loan, collateral=collateral)

    @property
    def is_exact(self) -> bool:
        """Whether its values are decimals."""
        return self.kind in ("loan", "collateral", "shares")

    def digits(self, scenario: Scenario) -> int:
        """Digits after the point of an exact column; of several collaterals, the most that one has."""
        if self.kind == "shares":
            return 0
        if self.kind == "loan":
            return scenario.pool.loan.decimals
        return max(each.collateral.decimals for _, each in scenario.collaterals)

    def value(self, row: Any, scenario: Scenario) -> Any:
        """The row's value: amounts as exact decimals of whole tokens, ratios and prices as floats."""
        raw = getattr(row, self.source or self.name)
        if raw is None:
            return None
        loan = scenario.pool.loan.decimals
        match self.kind:
            case "wad":
                return raw / WAD
            case "rate":
                return raw * YEAR / WAD
            case "price":
                return raw * 10 ** _collateral(row, scenario) / 10 ** (PRICE_DECIMALS + loan)
            case "exact price":
                return str(raw)
            case "loan":
                return _EXACT.scaleb(_EXACT.create_decimal(raw), -loan)
            case "collateral":
                return _EXACT.scaleb(_EXACT.create_decimal(raw), -_collateral(row, scenario))
            case "shares":
                return _EXACT.create_decimal(raw)
            case "number":
                return float(raw)
            case _:
                return raw


def cell(column: Column, value: Any) -> str:
    """A table's value, as the page shows it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,.4f}" if column.kind != "shares" else f"{value:,f}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1_000 else f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) if len(str(value)) <= 14 or column.kind != "text" else f"{value[:10]}…"


def _collateral(row: Any, scenario: Scenario) -> int:
    """Decimals of a row's collateral: of the vault's, or of a basket's leg."""
    return int(scenario.vaults[row.vault].collaterals[getattr(row, "leg", 0)].collateral.decimals)


_BLOCK = Column("block", "integer", "number of the block, 0 at the start")
_TIME = _BLOCK, Column("hour", "hours", "when that is")
_VAULT = Column("vault", "integer", "number of the vault, from 0, in the order of the scenario")
_PLACE = *_TIME, _VAULT
_LEG = Column("leg", "integer", "number of the basket's leg, from 0")
_OWNER = Column("owner", "text", "address of the borrower")
_MOMENT = Column("moment", "text", "start or end of the run")
_QUOTES = (
    Column("path", "quote", "outside price without feedback"),
    Column("outside", "quote", "outside price with feedback"),
    Column("oracle", "quote", "what the oracle says; empty while it refuses"),
    Column("safe", "quote", "the oracle's safe price, at which loans are judged; empty while it refuses"),
    Column("dex", "quote", "marginal price on the DEX, before its fee; empty without one"),
)  # in `vaults` empty for a basket

TABLES: dict[str, tuple[Column, ...]] = {
    "vaults": (
        *_PLACE,
        *_QUOTES,
        Column("positions", "integer", "positions with debt"),
        Column("health_min", "ratio", "lowest health factor of these, at the oracle's price"),
        *(
            Column(f"health_p{part:02}", "ratio", f"least health factor that {part} % of these do not exceed")
            for part in (5, 25, 50, 75)
        ),
        Column("debt", "loan", "debt of all positions, rounded up"),
        Column("liquidatable", "integer", "positions that could be liquidated and were not"),
        Column("closes", "integer", "closes since the last recorded block"),
        Column("repaid", "loan", "debt repaid in these, without fees"),
        Column("seized", "collateral", "collateral seized in these; empty for a basket"),
        Column("reverted", "integer", "failed transactions, for all vaults, since the last recorded block"),
    ),
    "pool": (
        *_TIME,
        Column("total_assets", "loan", "what lenders own, the backstop's stake included, rounded down"),
        Column("total_debt", "loan", "what borrowers owe, rounded up"),
        Column("cash", "loan", "loan asset in the pool"),
        Column("utilisation", "wad", "debt over what lenders own"),
        Column("borrow_rate", "rate", "interest of borrowers"),
        Column("reserves", "loan", "the reserve: cash and debt less what lenders own"),
        Column("backstop", "loan", "value of the pool shares staked in the backstop"),
        Column("share_price", "ratio", "assets of a lender's share over those at the start"),
        Column("loan_price", "dollars", "what a loan token is worth"),
        Column("debt_index", "ratio", "what a debt of 1 at the start has become with interest"),
    ),
    "liquidations": (
        *_PLACE,
        _OWNER,
        Column("liquidator", "text", "name of the agent who called"),
        Column("kind", "text", "restorable: value covers debt and minimum bonus; shortfall: it does not"),
        Column("price", "price", "the oracle's price; empty for a basket, see `seizures`"),
        Column("exact_price", "exact price", "the same as the vault used it", "price"),
        Column("collateral_before", "collateral", "collateral in the position before; empty for a basket"),
        Column("debt_before", "loan", "debt before, rounded up"),
        Column("shares_before", "shares", "debt shares before"),
        Column("shares", "shares", "debt shares extinguished"),
        Column("seized", "collateral", "collateral that the liquidator received; empty for a basket"),
        Column("worth", "loan", "what was seized is worth at the oracles' prices, rounded down"),
        Column("repaid", "loan", "what was paid for the debt"),
        Column("fee", "loan", "what was paid on top, into the reserve"),
        Column("extinguished", "loan", "debt that ceased to exist, rounded down: repaid or written off"),
        Column("needed", "loan", "least repayment that brings health to 1; in a shortfall the debt"),
        Column("health_before", "wad", "health factor before, rounded down to 1e-9"),
        Column("health_after", "wad", "health factor after; empty: no debt left, or above 4.29"),
        Column("blocks_waited", "integer", "blocks since the oracle's price made it liquidatable"),
    ),
    "losses": (
        *_TIME,
        Column("vault", "integer", "number of the vault whose debt it was; -1: of none"),
        Column("extinguished", "loan", "debt written off: the sum of the three below"),
        Column("reserve", "loan", "part that the reserve carried"),
        Column("backstop", "loan", "part that the backstop carried"),
        Column("lenders", "loan", "part that lenders carried"),
    ),
    "agents": (
        _BLOCK,
        Column("agent", "text", "name of the agent"),
        Column("key", "text", "what it records"),
        Column("value", "number", "base units of the loan asset for what is an amount of it"),
    ),
    "positions": (
        _MOMENT,
        _VAULT,
        _OWNER,
        Column("collateral", "collateral", "collateral locked; empty in a basket, see `holdings`"),
        Column("debt", "loan", "debt, rounded up"),
        Column("health", "wad", "health factor at the oracle's price; empty: no debt, or it refuses"),
        Column(
            "liquidation_price", "price",
            "it can be liquidated below; 0 without collateral, empty in a basket",
        ),
        Column("exact_liquidation_price", "exact price", "the same, rounded up", "liquidation_price"),
    ),
    "changes": (
        *_PLACE,
        Column("leg", "integer", "number of the basket's leg, from 0; 0 in a vault"),
        _OWNER,
        Column("collateral", "collateral", "what is locked of the leg after it"),
        Column("debt", "loan", "debt of the position after it, rounded up"),
    ),
    "legs": (
        *_PLACE,
        _LEG,
        *_QUOTES,
        Column("locked", "collateral", "what the basket holds of it"),
        Column("seized", "collateral", "what was seized of it since the last recorded block"),
    ),
    "seizures": (
        *_PLACE,
        _LEG,
        _OWNER,
        Column("price", "price", "the oracle's price; empty while it was silent"),
        Column("before", "collateral", "what the position had of the leg before"),
        Column("seized", "collateral", "what the liquidator received of it; 0: it was left out"),
    ),
    "holdings": (
        _MOMENT,
        _VAULT,
        _LEG,
        _OWNER,
        Column("amount", "collateral", "what is locked of the leg"),
    ),
    "ladder": (
        *_PLACE,
        Column("price", "quote", "a price; positions here can be liquidated below it or up to 2.5 % above"),
        Column("health", "ratio", "of a basket, instead: a health factor; theirs is at most 2.5 % more"),
        Column("debt", "loan", "debt of these, rounded up"),
        Column("collateral", "collateral", "what they have locked; empty for a basket"),
    ),
    "flows": (
        *_TIME,
        Column("payer", "text", "who gave: a kind of people, or an agent by its name"),
        Column("payee", "text", "who received"),
        Column("purpose", "text", "what for"),
        Column("vault", "integer", "number of the vault whose matter it was; -1: of none"),
        Column("leg", "integer", "number of the basket's leg, 0 in a vault; empty: loan asset alone"),
        Column("loan", "loan", "loan tokens and claims on the pool that the payer gave; negative: got"),
        Column("collateral", "collateral", "collateral that the payer gave for it; negative: got"),
        Column("value", "loan", "of both, at the outside price of the block; negative: the payee lost"),
    ),
    "profits": (
        Column("party", "text", "a kind of people, or an agent by its name"),
        Column("kind", "text", "what kind of people that is"),
        Column("start", "loan", "worth at the first outside price"),
        Column("end", "loan", "worth at the last outside price"),
        Column("brought", "loan", "from the outside less what went there, at the outside price of the block"),
        Column("gained", "loan", "from other parties, see `flows`; these add up to 0"),
        Column("price_moves", "loan", "what is left of `end` less `start`: prices of what it held moved"),
        Column(
            "uncovered", "loan",
            "debt that collateral does not cover at the end and nobody has booked: what the party will "
            "carry of it (negative), or never pay",
        ),
        Column("profit", "loan", "the sum of the last three"),
    ),
    "fees": (
        *_TIME,
        Column("agent", "text", "name of the agent"),
        Column("transactions", "integer", "how many were mined"),
        Column("gas", "integer", "gas that they took"),
        Column("gas_paid", "loan", "for the base fee, which is burnt"),
        Column("bids_paid", "loan", "to whoever makes the block"),
    ),
}  # fmt: skip
"""The columns by table; the tables are those of `Result.tables`."""

PURPOSES = {
    "vaults": "one row for each vault and recorded block, at its end",
    "pool": "one row for each recorded block, at its end",
    "liquidations": "one row for each close of a position, in order",
    "losses": "one row for each loss, and who carried it",
    "agents": "what agents record, one row for each recorded block and key",
    "positions": "one row for each borrower at the start, and one at the end",
    "changes": "one row for each position, leg and block that changed it, otherwise than by interest",
    "legs": "one row for each leg of a basket and recorded block, at its end",
    "seizures": "one row for each close of a position in a basket and leg that the position had",
    "holdings": "one row for each borrower and leg of a basket at the start, and one at the end",
    "fees": "what each agent paid for its transactions of a block, where gas has a price",
    "ladder": "debt by liquidation price, of a basket by health, at 100 to 200 moments; a row for each",
    "flows": "one row for each payer, payee, purpose, vault and leg since the last recorded block",
    "profits": "one row for each party, at the end",
}

FLOWS = {
    "bonus": "a close: collateral seized, for the debt repaid",
    "fee": "what a close pays into the reserve",
    "loss": "debt written off: who carried it, to whom owed it",
    "trade": "on a DEX, from who trades: what was sold, for what came out; its fee and slippage, and what an "
    "arbitrageur takes (negative)",
    "interest": "from debtors to lenders, backstop and reserve; between vaults as they have drawn",
    "gas": "paid for a transaction's gas",
    "bid": "paid for a place in a block",
    "forged": "collateral made of nothing",
    "payout": "reserve above its target that was paid out",
    "repricing": "claims on the pool that changed without a token: exits below the plain price",
    "transfer": "what one gave another for nothing, such as a gift to the reserve",
    "rounding": "base units that rounding moves",
    "outside": "brought from elsewhere, or taken there; no gain",
}
"""What flows are for, by their purpose."""
