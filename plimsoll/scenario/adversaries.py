"""What a scenario may say about who means harm: a griefer, a forger of collateral, a pumper of its price."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.spans import SomeTokens, Span
from plimsoll.scenario.strict_model import StrictModel


class GrieferConfig(StrictModel):
    """Closes a dust amount of the worst liquidatable positions ahead of the liquidators."""

    repay: SomeTokens = Field(Decimal("0.01"), description="loan tokens a close")
    per_block: int = Field(3, ge=1, le=50, description="closes in a block")
    bid: int = Field(10**6, ge=1, le=10**6, description="for its place in the block")


class ForgerConfig(StrictModel):
    """Has learnt to make collateral of nothing, and borrows against it whatever the vault may draw.

    The oracle goes on believing in the collateral until the vault's price falls. A guardian who is named cuts
    the vault's limit to zero, after as many hours as people need to notice and to sign.
    """

    vault: int = Field(0, strict=True, ge=0, description="number of the vault")
    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when it begins")
    guardian_after: Decimal | None = Field(
        None, ge=0, le=MAX_HOURS, description="hours from then to the guardian's cut; without, no guardian"
    )


class PumperConfig(Span):
    """Buys a thin token on its DEX, in every block, for as long as its price is to be high; then sells it.

    It is no borrower: see `exploiter` for who borrows against the price.
    """

    vault: int = Field(0, strict=True, ge=0, description="number of the vault, which has a DEX")
    capital: SomeTokens = Field(description="loan tokens for which it buys, in equal parts a block")
