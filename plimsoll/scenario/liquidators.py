"""What a scenario may say about liquidators."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plimsoll.scenario.collateral import Part, Span, Tokens
from plimsoll.scenario.strict_model import StrictModel


class LiquidatorConfig(StrictModel):
    """One liquidator.

    With `capital` it pays with its own money and sells the collateral a block later, on the vault's DEX if
    there is one, else at the outside price. With `flash` it needs none: it sells on the DEX inside the call.
    """

    kind: Literal["capital", "flash"] = Field(
        description="`capital`: own money, sells a block later; `flash`: none, sells on the DEX inside "
        "the call",
    )
    vaults: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, description="numbers of the vaults it watches; without, all"
    )
    leaves_out: tuple[str, ...] = Field(
        (), description="symbols of collaterals that it never takes; of a basket it takes the other legs"
    )
    capital: Tokens = Field(Decimal(0), description="all that a `capital` liquidator has")
    margin: Part = Field(
        Decimal("0.005"), description="least profit at the oracle's price, as a part of what it pays"
    )
    min_profit: Tokens = Field(Decimal(0), description="least profit of a transaction, loan tokens")
    latency: int = Field(
        0, ge=0, le=10_000, description="blocks from deciding to landing; until then it sends nothing else"
    )
    bid: int = Field(
        10,
        ge=1,
        le=10**6,
        description="for its place in the block; the highest goes first, of equal ones the first in the file",
    )
    batch: int = Field(64, ge=1, le=256, description="most positions in a transaction")
    outages: tuple[Span, ...] = Field((), description="hours in which it does nothing")

    @model_validator(mode="after")
    def _funded(self) -> Self:
        if self.vaults and len(set(self.vaults)) < len(self.vaults):
            raise ValueError(f"vaults {list(self.vaults)} names one twice; remove it")
        if self.kind == "capital" and not self.capital:
            raise ValueError("a liquidator of kind capital has no capital; give it some")
        if self.kind == "flash" and self.capital:
            raise ValueError(f"a flash liquidator has capital {self.capital}; remove it, or use kind capital")
        return self
