"""What a scenario may say about a collateral: its token, price, oracle and DEX."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Self

from pydantic import Field, field_validator, model_validator

from plimsoll.params import COLLATERAL_DECIMALS
from plimsoll.scenario.oracles import OracleConfig
from plimsoll.scenario.paths import Path_, Shock
from plimsoll.scenario.spans import Part, SomeTokens, Span, Tokens
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.twin.uniswap_v2 import RESERVE_TOP

LEAST_STOCK = 10**6  # base units of a pair, so that its rounding does not count


class TokenConfig(StrictModel):
    """A token that the run deploys."""

    symbol: str = Field(min_length=1, max_length=8, description="at most 8 characters")
    decimals: int = Field(strict=True, ge=0, le=COLLATERAL_DECIMALS[1], description="0 to 27")

    @field_validator("symbol")
    @classmethod
    def _printable(cls, symbol: str) -> str:
        if not all("!" <= letter <= "~" for letter in symbol):
            raise ValueError(f"{symbol!r} has a space or a character outside ASCII; rename it")
        return symbol


def distinct(symbols: Iterable[str]) -> list[str]:
    """Symbols, with their number where two are the same."""
    known = list(symbols)
    return [
        symbol if known.count(symbol) == 1 else f"{symbol} ({number})" for number, symbol in enumerate(known)
    ]


class ThinningConfig(StrictModel):
    """What providers of liquidity do when the market moves.

    They keep `calm` over the realised volatility of the outside price in the pair, at most everything and at
    least `least`; what they take out they bring back when it is calm again.
    """

    calm: Decimal = Field(gt=0, le=20, description="volatility a year up to which they keep everything there")
    window: Decimal = Field(
        Decimal(6), gt=0, le=720, description="hours over which volatility is measured, looking back"
    )
    least: Part = Field(Decimal("0.1"), description="part of the first depth that always stays")
    step: Part = Field(
        Decimal("0.05"), description="part of the first depth by which it must be off before they act"
    )


class DetourConfig(TokenConfig):
    """Another way to sell: through a token that has a pair with the collateral and one with the loan asset.

    Its own price stands still.
    """

    price: SomeTokens = Field(Decimal(1), description="loan tokens for one of the token between, always")
    depth: SomeTokens = Field(
        description="loan tokens on either side of both pairs, or their worth, at the first price"
    )
    arbitrage: Tokens = Field(
        Decimal(0), description="loan tokens that arbitrageurs trade in a block at most, on each of them"
    )

    @property
    def between(self) -> int:
        """What either pair holds of the token at first, base units."""
        return int(self.depth / self.price * 10**self.decimals)

    @model_validator(mode="after")
    def _stocked(self) -> Self:
        if not LEAST_STOCK <= self.between <= RESERVE_TOP:
            raise ValueError(
                f"{self.depth} loan tokens are {self.between} base units of {self.symbol}; a pair holds "
                f"{LEAST_STOCK} to {RESERVE_TOP}, so change depth, price or decimals"
            )
        return self


class DexConfig(StrictModel):
    """A Uniswap v2 pair of the collateral and the loan asset."""

    depth: SomeTokens = Field(description="loan tokens on either side of the pair at the first price")
    arbitrage: Tokens = Field(
        Decimal(0), description="loan tokens that an arbitrageur trades in a block at most"
    )
    feedback: Part = Field(
        Decimal(0),
        description="cascade strength: the part of what sales take off the DEX's price that the outside "
        "price loses too, for good, both as logarithms; arbitrageurs' trades do not count",
    )
    thinning: ThinningConfig | None = Field(
        None, description="how its depth follows volatility; without, nobody takes any out"
    )
    detour: DetourConfig | None = Field(
        None, description="a second way to sell; liquidators take the one that pays more"
    )


class CollateralConfig(StrictModel):
    """A collateral: a vault has one, a basket several."""

    collateral: TokenConfig
    price: Path_
    shocks: tuple[Shock, ...] = ()
    oracle: OracleConfig = Field(OracleConfig(), description="when its feed is updated")
    dex: DexConfig | None = Field(None, description="without, collateral is sold at the outside price")
    halts: tuple[Span, ...] = Field((), description="hours in which nobody can move the token")

    def is_halted(self, second: int) -> bool:
        """Whether the token is stopped at a second after the start."""
        return any(span.covers(second) for span in self.halts)
