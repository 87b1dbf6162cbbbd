"""What every part of a scenario has in common: unknown keys are refused by name."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


def short(text: str) -> str:
    """A text for a sentence."""
    return text if len(text) <= 60 else f"{text[:57]}..."


class Checked(BaseModel):
    """A part of a scenario; it cannot be changed, and holds finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        keys = ", ".join(cls.model_fields)
        if not isinstance(data, dict):
            raise ValueError(
                f"{short(repr(data))} stands where the keys {keys} belong; write them as `key: value`"
            )
        for key in data:
            if key not in cls.model_fields:
                raise ValueError(f"unknown key {key!r}; remove it or use one of {keys}")
        return data
