"""What a scenario may say about vaults and baskets."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from plimsoll.params import RiskParams, with_preset
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.spans import SomeTokens
from plimsoll.scenario.strict_model import StrictModel, sentence
from plimsoll.twin.basket import MAX_LEGS

LEAST_CEILING = 4  # times the first price, as the Factory demands


class SpokeConfig(StrictModel, RiskParams):
    """What a vault and a basket have in common: risk parameters and credit line."""

    preset: str = Field("blue-chip", description="risk parameters: `blue-chip`, `correlated` or `volatile`")
    credit_limit: SomeTokens = Field(description="what it may draw from the pool")

    @model_validator(mode="before")
    @classmethod
    def _merged(cls, data: Any) -> Any:
        """The preset's risk parameters below those that are given."""
        return with_preset(data.get("preset", "blue-chip"), data) if isinstance(data, dict) else data

    @property
    def collaterals(self) -> tuple[CollateralConfig, ...]:
        """The one of a vault, or each leg of a basket."""
        raise NotImplementedError

    def risk_of(self, _leg: int = 0) -> RiskParams:
        """The risk parameters that hold for a collateral."""
        return RiskParams(**{name: getattr(self, name) for name in RiskParams.model_fields})

    @property
    def least_health(self) -> Decimal:
        """No loan can start below: threshold over loan-to-value, of a basket the highest of its legs."""
        risks = [self.risk_of(leg) for leg in range(len(self.collaterals))]
        return max(risk.threshold / risk.ltv for risk in risks)


class VaultConfig(SpokeConfig, CollateralConfig):
    """A market: collateral, risk parameters, credit line, price, oracle, DEX."""

    @property
    def collaterals(self) -> tuple[CollateralConfig, ...]:
        """The one that it has."""
        return (self,)


class LegConfig(CollateralConfig):
    """One collateral of a basket."""

    ltv: Decimal | None = Field(None, description="instead of the basket's")
    threshold: Decimal | None = Field(None, description="instead of the basket's")
    ceiling: Decimal = Field(
        Decimal(5),
        ge=LEAST_CEILING,
        le=1_000,
        description="times the first price: what it counts for while its oracle is silent, and at most for "
        "a loan",
    )


class BasketConfig(SpokeConfig):
    """Several collaterals behind one debt; `ltv` and `threshold` are for legs without their own."""

    legs: tuple[LegConfig, ...] = Field(
        min_length=2, max_length=MAX_LEGS, description="its collaterals, numbered from 0"
    )
    separate: bool = Field(
        False,
        description="a vault for each leg in place of the basket, for comparison: the same people lock the "
        "same collateral, and owe in each vault what starts at the same health",
    )

    @property
    def collaterals(self) -> tuple[CollateralConfig, ...]:
        """Its legs."""
        return self.legs

    def risk_of(self, leg: int = 0) -> RiskParams:
        """The basket's risk parameters with the leg's own loan-to-value and threshold.

        Raises:
            ValueError: they do not fit together; a sentence.
        """
        shared = {name: getattr(self, name) for name in RiskParams.model_fields}
        own = {name: getattr(self.legs[leg], name) for name in ("ltv", "threshold")}
        try:
            return RiskParams(**shared | {name: value for name, value in own.items() if value is not None})
        except ValidationError as error:
            raise ValueError(sentence(error)) from None

    def vaults(self) -> list[VaultConfig]:
        """A vault for each leg, with its parameters and the basket's credit limit."""
        return [
            VaultConfig(
                **dict(self.risk_of(number)),
                preset=self.preset,
                credit_limit=self.credit_limit,
                **{name: getattr(leg, name) for name in CollateralConfig.model_fields},
            )
            for number, leg in enumerate(self.legs)
        ]


def _kind(data: Any) -> str:
    """Whether an entry under `vaults` is a basket."""
    has_legs = "legs" in data if isinstance(data, dict) else isinstance(data, BasketConfig)
    return "a basket" if has_legs else "a vault"


Spoke_ = Annotated[
    Annotated[VaultConfig, Tag("a vault")] | Annotated[BasketConfig, Tag("a basket")], Discriminator(_kind)
]
