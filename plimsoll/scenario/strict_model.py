"""What every part of a scenario has in common: unknown keys are refused by name, and in one sentence."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from plimsoll.params import FrozenModel
from plimsoll.sentences import demand


def short(text: str) -> str:
    """A text for a sentence."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def fault(field: str, says: str) -> PydanticCustomError:
    """What a check of several fields raises.

    Args:
        field: the dotted path of the one to change, from the model that checks.
        says: what is wrong with it; the field's name is put before that.
    """
    return fault_at(field, f"{field} {says}")


def fault_at(field: str, message: str) -> PydanticCustomError:
    """As `fault`; `message` is the whole sentence."""
    return PydanticCustomError("fault", "{message}", {"field": field, "message": message})


class StrictModel(FrozenModel):
    """A part of a scenario; it cannot be changed, and holds finite numbers."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        keys = ", ".join(known)
        if not isinstance(data, dict):
            raise ValueError(
                f"{short(repr(data))} stands where the keys {keys} belong; write them as `key: value`"
            )
        for key in data:
            if key not in known:
                raise ValueError(f"unknown key {key!r}; remove it or use one of {keys}")
        return data


def _beside(file: Path, info: ValidationInfo) -> Path:
    """A file that is named relative to the scenario's folder."""
    return Path((info.context or {}).get("folder", "")) / file


NamedFile = Annotated[Path, AfterValidator(_beside)]

KINDS = {
    "waypoints", "csv", "gbm", "jumps", "bootstrap", "passive", "top_up", "deleverage", "unwind",
    "a vault", "a basket", "a group", "positions",
}  # fmt: skip


def field_of(error: ValidationError) -> str:
    """The dotted path of the first field that is wrong; empty for the whole."""
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if part not in KINDS]
    return ".".join([*parts, first["ctx"]["field"]] if first["type"] == "fault" else parts)


def sentence(error: ValidationError) -> str:
    """The first thing that is wrong: field, value, remedy."""
    first = error.errors()[0]
    field, kind, value = field_of(error), first["type"], first["input"]
    if kind == "fault":
        return str(first["ctx"]["message"])
    if kind == "missing":
        return f"{field} is missing; add it"
    if kind == "value_error":
        message = str(first["ctx"]["error"])
        return f"{field}: {message}" if field else message
    if kind.startswith("datetime") or kind.startswith("date_"):
        return f"{field} is {value!r}, but must be a time such as 2020-03-12T00:00:00Z; correct it"
    if kind == "extra_forbidden":
        return f"{field} is not a key that is known here; remove it"
    if isinstance(value, (list, tuple)):
        shown = f"a list of {len(value)}"
    else:
        shown = short(str(value) if isinstance(value, Decimal) else repr(value))
    return f"{field} is {shown}, but {demand(first)}"
