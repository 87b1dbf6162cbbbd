"""What a scenario may say about the pool and who supplies it."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from plimsoll.market.oracles import LoanPlan
from plimsoll.params import LOAN_DECIMALS, CooldownDays, DrawBurst, DrawRefill, RateParams, ReserveFactor
from plimsoll.scenario.collateral import TokenConfig
from plimsoll.scenario.oracles import LoanFeedConfig, RateConfig
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
    loan_feed: LoanFeedConfig | None = Field(
        None,
        description="the loan asset's feed, by whose answer all oracles divide that of their own, which must "
        "be in `dollars` then; without, oracles do not ask what a loan token is worth",
    )
    loan_rate: RateConfig | None = Field(
        None,
        description="the loan asset is a share of an ERC-4626 vault: `loan_feed` says what the vault's asset "
        "is worth, oracles divide by the rate too, and loans count it at least at its anchor",
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
        if self.loan_rate and not self.loan_feed:
            raise ValueError("loan_rate needs loan_feed, which says what the vault's asset is worth; add one")
        return self

    @property
    def loan_plan(self) -> LoanPlan | None:
        """What oracles ask of the loan asset, made before anything has moved."""
        if not self.loan_feed:
            return None
        rate = self.loan_rate.plan() if self.loan_rate else None
        return LoanPlan(self.loan_feed.plan(self.asset_price(1, 0)), rate)

    def asset_price(self, price: float, second: int) -> float:
        """What `loan_feed` says when a loan token is worth `price` dollars: that, or its vault's asset."""
        return price / self.loan_rate.at(second, "market") if self.loan_rate else price
