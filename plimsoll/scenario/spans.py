"""Amounts and stretches of time, of which the settings of a scenario are made."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import HOUR

MAX_TOKENS = 10**12

Tokens = Annotated[Decimal, Field(ge=0, le=MAX_TOKENS)]
SomeTokens = Annotated[Decimal, Field(gt=0, le=MAX_TOKENS)]
Part = Annotated[Decimal, Field(ge=0, le=1)]


class Span(StrictModel):
    """Hours in which something is so."""

    start: Decimal = Field(ge=0, le=MAX_HOURS, description="first hour")
    end: Decimal = Field(gt=0, le=MAX_HOURS, description="the first hour in which it is over")
    reason: str = Field("", max_length=100, description="for reports")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}; swap or correct them")
        return self

    def covers(self, second: int) -> bool:
        """Whether it is so at a second after the start."""
        return self.start * HOUR <= second < self.end * HOUR
