"""What a scenario may say about the price of blocks, and what gas costs then."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.spans import Part, SomeTokens
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import HOUR, PRICE_SCALE

GWEI, ETHER = 10**9, 10**18

Hour = Annotated[Decimal, Field(ge=0, le=MAX_HOURS)]
Gwei = Annotated[Decimal, Field(ge=0, le=10**6)]


class GasConfig(StrictModel):
    """A price for blocks: bids are gwei for a unit of gas then, and are paid, as is the base fee."""

    ether: SomeTokens = Field(description="loan tokens for an ether")
    base_fee: tuple[tuple[Hour, Gwei], ...] = Field(
        min_length=1,
        description="[hour, gwei], straight lines between, the first at hour 0; a single point: always that",
    )
    limit: int | None = Field(
        None,
        strict=True,
        ge=1_000_000,
        le=10**9,
        description="gas that people's transactions have of a block; what does not fit waits; without, all "
        "fit",
    )
    reserve_share: Part = Field(
        Decimal(1), description="part of the bids that `saved_by_bids` supposes to go to the reserve"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        hours = [hour for hour, _ in self.base_fee]
        if hours[0] != 0 or any(b <= a for a, b in pairwise(hours)):
            raise ValueError(
                f"hours of base_fee are {', '.join(map(str, hours))}; begin at 0 and let them rise"
            )
        return self

    def base_at(self, second: int) -> int:
        """The base fee at a second after the start, wei for a unit of gas."""
        hours, gwei = zip(*((float(hour), float(fee)) for hour, fee in self.base_fee), strict=True)
        return round(float(np.interp(second / HOUR, hours, gwei)) * GWEI)


class Fees(NamedTuple):
    """What gas costs in a block."""

    base: int = 0  # wei for a unit of gas
    ether: int = 0  # base units of the loan asset for an ether
    limit: int = 10**9  # gas of a transaction

    def price(self, bid: int) -> int:
        """Loan asset for a unit of gas at a bid in gwei, base units times 1e36."""
        return (self.base + bid * GWEI) * self.ether * (PRICE_SCALE // ETHER) if self.ether else 0

    def cost(self, gas: int, wei: int) -> int:
        """Base units of the loan asset for gas at a price in wei, rounded up."""
        return -(-gas * wei * self.ether // ETHER)

    def bid(self, gas: int, amount: int) -> int:
        """The bid in gwei at which so much gas costs at most `amount` base units of the loan asset."""
        return amount * ETHER // (gas * self.ether * GWEI) if self.ether else 0


FREE = Fees()
