"""What a scenario may say about who supplies the pool: lenders, large visitors, stakers."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.spans import Part, SomeTokens, in_order
from plimsoll.scenario.strict_model import StrictModel


class LendersConfig(StrictModel):
    """The lenders, who supply equal parts, when they exit and when they come back."""

    count: int = Field(4, strict=True, ge=1, le=100, description="they supply equal parts")
    flee_utilisation: Part | None = Field(
        None, description="leave while utilisation is above that; without, never"
    )
    flee_loss: bool = Field(False, description="leave once lenders have lost anything")
    return_utilisation: Part | None = Field(
        None,
        description="come back, with what they took out, while utilisation is below that; without, never",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        come, go = self.return_utilisation, self.flee_utilisation
        if come is not None and self.flee_loss:
            raise ValueError("who leaves for a loss does not return; remove return_utilisation or flee_loss")
        if come is not None and (go is None or come >= go):
            raise ValueError(
                f"return_utilisation is {come}, not below flee_utilisation {'none' if go is None else go}; "
                "lower it"
            )
        return self


class VisitorConfig(StrictModel):
    """Somebody large, who supplies at one hour and takes out at another, as far as the pool has cash."""

    amount: SomeTokens = Field(description="loan tokens that are supplied")
    start: Decimal = Field(Decimal(0), ge=0, le=MAX_HOURS, description="hour of the supply")
    end: Decimal | None = Field(
        None, gt=0, le=MAX_HOURS, description="hour from which it is taken out; without, never"
    )

    _ordered = model_validator(mode="after")(in_order)


class StakersConfig(StrictModel):
    """Who stakes `stake` in the backstop, in equal parts, and when they ask to leave it.

    Who has asked waits for the cooldown, carries losses meanwhile, then leaves, and takes the loan asset out
    of the pool as far as it has cash.
    """

    count: int = Field(1, strict=True, ge=1, le=100, description="they stake equal parts")
    request_at: Decimal | None = Field(
        None, ge=0, le=MAX_HOURS, description="hour in which they ask to leave; without, never"
    )
    request_on_loss: bool = Field(False, description="ask to leave once anybody has lost anything")
