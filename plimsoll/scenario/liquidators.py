"""What a scenario may say about liquidators."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plimsoll.scenario.spans import Part, Span, Tokens
from plimsoll.scenario.strict_model import StrictModel


class LiquidatorConfig(StrictModel):
    """One liquidator.

    With `capital` it pays with its own money and sells the collateral later, on the vault's DEX if there is
    one, else at the outside price. It buys what it can sell at a profit behind what it holds, holds what the
    DEX does not pay, and stops when it has lost enough. With `subsidised` it does none of that: somebody else
    bears its losses. With `flash` it needs no money: it sells on the DEX inside the call.
    """

    kind: Literal["capital", "subsidised", "flash"] = Field(
        description="`capital`: own money, buys what it can sell at a profit, holds what the DEX does not "
        "pay; `subsidised`: own money, sells all a block later at any price and goes on when it loses; "
        "`flash`: no money, sells on the DEX inside the call",
    )
    vaults: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, description="numbers of the vaults it watches; without, all"
    )
    leaves_out: tuple[str, ...] = Field(
        (), description="symbols of collaterals that it never takes; of a basket it takes the other legs"
    )
    capital: Tokens = Field(Decimal(0), description="all the money of one that is not `flash`")
    slippage: Part = Field(
        Decimal("0.01"),
        description="how far below the outside price a `capital` liquidator sells; what has cost less it "
        "sells down to its cost",
    )
    stops_after: Part = Field(
        Decimal("0.05"),
        description="while a `capital` liquidator has lost that part of its capital, its collateral at the "
        "outside price, it closes nothing",
    )
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
        description="for its place in the block; the highest goes first, of equal ones the first in the "
        "file; where gas has a price it is paid: gwei for a unit",
    )
    pays: Part = Field(
        Decimal(0),
        description="part of its expected profit that it bids besides, where gas has a price: in private all "
        "of that, in public what it takes to be ahead of the others who do",
    )
    private: bool = Field(
        False,
        description="whether its transactions are seen by nobody until they are mined; those that would "
        "revert are not mined and cost nothing",
    )
    batch: int = Field(64, ge=1, le=256, description="most positions in a transaction")
    outages: tuple[Span, ...] = Field((), description="hours in which it does nothing")

    @model_validator(mode="after")
    def _funded(self) -> Self:
        if self.vaults and len(set(self.vaults)) < len(self.vaults):
            raise ValueError(f"vaults {list(self.vaults)} names one twice; remove it")
        if self.kind != "flash" and not self.capital:
            raise ValueError(f"a liquidator of kind {self.kind} has no capital; give it some")
        if self.kind == "flash" and self.capital:
            raise ValueError(f"a flash liquidator has capital {self.capital}; remove it, or use kind capital")
        return self
