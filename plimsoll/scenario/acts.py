"""What a scenario may say about acts in time: of a curator, of a guardian, of anybody who pokes."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from plimsoll.scenario.paths import MAX_HOURS
from plimsoll.scenario.spans import Tokens
from plimsoll.scenario.strict_model import StrictModel

OF_A_VAULT = ("set_limit", "queue_limit", "restore_limit", "cut_limit")
OF_ANYBODY = ("announce", "distribute", "witness")
OF_A_GUARDIAN = ("cut_limit", "pause", "cancel_payout")
WITH_A_LIMIT = ("set_limit", "queue_limit", "restore_limit", "set_supply_cap")


class ActConfig(StrictModel):
    """One act of the council's people at an hour; one that the contract refuses is counted as failed."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when")
    act: Literal[
        "set_limit", "queue_limit", "execute_queued", "cancel_queued", "restore_limit", "set_supply_cap",
        "unpause", "announce", "distribute", "cut_limit", "pause", "cancel_payout", "witness",
    ] = Field(
        description="the curator's `set_limit` (lowers one), `queue_limit`, `execute_queued`, "
        "`cancel_queued`, `restore_limit`, `set_supply_cap`, `unpause`; the guardian's `cut_limit`, "
        "`pause`, `cancel_payout`; anybody's `announce`, `distribute`, `witness`"
    )  # fmt: skip
    vault: int | None = Field(None, strict=True, ge=0, description="number of the vault, for a limit")
    limit: Tokens | None = Field(None, description="loan tokens, for a limit or a supply cap")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for field, acts in (("vault", OF_A_VAULT), ("limit", WITH_A_LIMIT)):
            given = getattr(self, field) is not None
            if given != (self.act in acts):
                verb = "takes no" if given else "needs a"
                raise ValueError(f"{self.act} {verb} {field}; {'remove it' if given else 'add it'}")
        return self


class PokerConfig(StrictModel):
    """Somebody who pokes positions whose shortfall exceeds what the pool has provided for."""

    every: int = Field(1, strict=True, ge=1, le=10_000, description="blocks from one look to the next")
    per_block: int = Field(16, ge=1, le=256, description="pokes in a block at most, the largest lack first")
    bid: int = Field(1, ge=1, le=10**6, description="for its place in the block")
