"""What one says about a keeper, as options or in the environment."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Tokens = Annotated[Decimal, Field(ge=0)]


class Settings(BaseModel):
    """A keeper of one vault or basket; what is not given is taken from the environment, as `KEEPER_VAULT`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vault: str | None = Field(
        None,
        description="name of a vault or basket in the address book, or its address; without, the only one in "
        "the book",
    )
    from_block: int = Field(0, ge=0, description="for an address: the block in which it was deployed")
    dry_run: bool = Field(False, description="show what would be done, and send nothing")
    coin_price: Tokens | None = Field(
        None,
        description="whole loan tokens for the coin that gas is paid in; needed where gas has a price",
    )
    floor: Tokens = Field(
        Decimal(0), description="least profit of a batch, whole loan tokens; at least one base unit"
    )
    discount: Decimal = Field(
        Decimal(1), ge=0, le=50, description="% below the oracle's price at which you sell what is seized"
    )
    pair: str | None = Field(
        None,
        description="address of the Uniswap v2 pair into which you sell, instead of the discount; its depth "
        "limits the batch; not of a basket",
    )
    liquidator: str | None = Field(
        None,
        description="address of a Liquidator, or `book` for that of the address book: liquidate without "
        "funds, selling on Uniswap v2 inside the call",
    )
    via: tuple[str, ...] = Field(
        (),
        description="token between collateral and loan asset, with a Liquidator; in order (in the "
        "environment separated by commas)",
    )
    gas_cap: int = Field(15_000_000, ge=200_000, description="gas of one batch")
    cooldown: int = Field(
        60, ge=0, description="seconds for which the owners of a failed batch are left alone"
    )
    patience: int = Field(
        30, ge=1, description="seconds after which a transaction that is not mined is replaced"
    )
    allowance: Tokens | None = Field(
        None,
        description="standing allowance in whole loan tokens, which saves a transaction before each batch; "
        "without, what the batch needs",
    )
    clean_up: Tokens = Field(
        Decimal(0),
        description="whole loan tokens that may be lost in a day with closes below the floor",
    )
    upkeep: Tokens = Field(
        Decimal(0),
        description="whole loan tokens that may be spent in a day on gas for lenders: poking positions that "
        "lack more than is provided for, witnessing queued raises when the pool has shrunk",
    )
    database: Path | None = Field(
        None, description="file of positions and transactions; without, `.keeper/<chain>-<vault>.sqlite`"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        keys = {name: f"KEEPER_{name.upper()}" for name in cls.model_fields}
        return {name: os.environ[key] for name, key in keys.items() if key in os.environ} | given

    @field_validator("via", mode="before")
    @classmethod
    def _split(cls, via: object) -> object:
        return via.split(",") if isinstance(via, str) else via
