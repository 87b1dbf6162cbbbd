"""What a scenario may say about the pool and who supplies it."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from plimsoll.params import LOAN_DECIMALS, CooldownDays, DrawBurst, DrawRefill, RateParams, ReserveFactor
from plimsoll.scenario.collateral import TokenConfig
from plimsoll.scenario.paths import Path_
from plimsoll.scenario.spans import SomeTokens, Tokens
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.scenario.suppliers import LendersConfig, StakersConfig, VisitorConfig
from plimsoll.units import DAY


class PoolConfig(StrictModel):
    """The pool and who supplies it."""

    loan: TokenConfig = Field(description="the loan asset; 6 to 18 decimals")
    loan_price: Path_ | None = Field(
        None,
        description="what a loan token is worth, in dollars, 1 at first; prices of collaterals are then in "
        "dollars, too. Without, it keeps its peg",
    )
    supply: SomeTokens = Field(description="of all lenders together")
    lenders: LendersConfig = LendersConfig()
    visitors: tuple[VisitorConfig, ...] = ()
    reserve: Tokens = Field(Decimal(0), description="given to the reserve at first")
    stake: Tokens = Field(
        Decimal(0), description="supplied and staked in the backstop, which carries losses after the reserve"
    )
    stakers: StakersConfig = StakersConfig()
    cooldown_days: CooldownDays = Field(
        Decimal(14), description="from asking to leave the backstop to leaving"
    )
    reserve_factor: ReserveFactor = Field(
        Decimal("0.10"), description="part of the interest that goes to the reserve"
    )
    rates: RateParams = Field(RateParams(), description="the curve of the borrow rate")
    draw_burst: DrawBurst = Field(
        Decimal(1), description="part of a credit line that may be drawn at once; 1: no pace"
    )
    draw_refill: DrawRefill = Field(
        DAY, description="seconds until what was drawn at once may be drawn again"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low, high = LOAN_DECIMALS
        if not low <= self.loan.decimals <= high:
            raise ValueError(f"loan.decimals is {self.loan.decimals}; a pool takes {low} to {high}")
        return self
