"""Amounts and stretches of time, of which the settings of a scenario are made."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import HOUR

MAX_TOKENS = 10**12

Tokens = Annotated[Decimal, Field(ge=0, le=MAX_TOKENS)]
SomeTokens = Annotated[Decimal, Field(gt=0, le=MAX_TOKENS)]
Part = Annotated[Decimal, Field(ge=0, le=1)]


def in_order(it: Any) -> Any:
    """A check of models with hours of `start` and `end`, which may be None."""
    if it.end is not None and it.end <= it.start:
        raise ValueError(f"end {it.end} is not after start {it.start}; swap or correct them")
    return it


class Span(StrictModel):
    """Hours in which something is so."""

    start: Decimal = Field(ge=0, le=MAX_HOURS, description="first hour")
    end: Decimal = Field(gt=0, le=MAX_HOURS, description="the first hour in which it is over")
    reason: str = Field("", max_length=100, description="for reports")

    _ordered = model_validator(mode="after")(in_order)

    def covers(self, second: int) -> bool:
        """Whether it is so at a second after the start."""
        return self.start * HOUR <= second < self.end * HOUR
