"""What a scenario may say about borrowers who come and go while it is played."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.people import LtvRange
from plimsoll.scenario.spans import SomeTokens, in_order
from plimsoll.scenario.strict_model import StrictModel, fault
from plimsoll.scenario.vaults import VaultConfig

Rate = Annotated[Decimal, Field(ge=0, le=1_000)]


class ArrivalsConfig(StrictModel):
    """Borrowers who come by chance (a Poisson process) and open a loan at the oracle's price of the block.

    Who finds no room, because the pool has no cash, the vault's limit or pace is reached or its oracle is
    silent, is turned away.
    """

    vault: int = Field(0, strict=True, ge=0, description="number of the vault")
    per_day: Decimal = Field(gt=0, le=100_000, description="how many come a day on average")
    start: Decimal = Field(Decimal(0), ge=0, le=MAX_HOURS, description="hour from which they come")
    end: Decimal | None = Field(None, gt=0, le=MAX_HOURS, description="hour until which; without, the end")
    debt: SomeTokens = Field(description="median of their loans, loan tokens; at least the `min_debt`")
    debt_sigma: Decimal = Field(
        Decimal(1), ge=0, le=4, description="spread of the log-normal sizes; 0: all alike"
    )
    ltv: LtvRange = Field(description="loan-to-value at the start, at the oracle's price")
    stay_hours: Decimal | None = Field(
        None, gt=0, le=MAX_HOURS, description="how long a loan lasts on average; without, for good"
    )
    rate_limit: Rate | None = Field(
        None, description="nobody comes while the borrow rate a year is above that; without, always"
    )

    def check(self, name: str, vault: VaultConfig) -> None:
        """Refuses loans that the vault cannot give.

        Raises:
            PydanticCustomError: see `strict_model.fault`.
        """
        if self.debt < vault.min_debt:
            raise fault(
                f"{name}.debt", f"is {self.debt}, below the vault's min_debt {vault.min_debt}; raise it"
            )
        if self.ltv.max > vault.ltv:
            raise fault(f"{name}.ltv.max", f"is {self.ltv.max}, above the vault's ltv {vault.ltv}; lower it")

    _ordered = model_validator(mode="after")(in_order)


class RefinancingConfig(StrictModel):
    """A loan elsewhere at a lower rate, with which borrowers of all vaults repay everything and leave."""

    rate: Rate = Field(description="borrowers leave while the borrow rate a year is above that")
    per_day: Decimal = Field(
        Decimal(1), gt=0, le=1_000, description="how fast, as an intensity: 1 means that 63 % leave in a day"
    )


class ExploiterConfig(StrictModel):
    """Borrows against a lie.

    While the oracle says so much more than the outside price that a loan at the vault's `ltv` is worth more
    than its collateral costs outside, it buys collateral there, borrows all that it may, and keeps the money.
    """

    vault: int = Field(0, strict=True, ge=0, description="number of the vault")
    capital: SomeTokens = Field(description="loan tokens for which it buys collateral, all blocks together")
    gain: Decimal = Field(
        Decimal("0.01"), ge=0, le=10, description="least gain, as a part of what the collateral costs"
    )
