"""What every part of a scenario has in common: unknown keys are refused by name, and in one sentence."""

from decimal import Decimal
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from plimsoll.params import FrozenModel


def short(text: str) -> str:
    """A text for a sentence."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def fault(field: str, message: str) -> PydanticCustomError:
    """What a check of several fields raises.

    Args:
        field: the dotted path of the one to change, from the model that checks.
        message: the whole sentence, with the field's name.
    """
    return PydanticCustomError("fault", "{message}", {"field": field, "message": message})


class StrictModel(FrozenModel):
    """A part of a scenario; it cannot be changed, and holds finite numbers."""

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


_REMEDIES = {
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be below {lt}",
    "less_than_equal": "it must be at most {le}",
    "finite_number": "it must be a finite number",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "decimal_parsing": "it must be a number",
    "decimal_type": "it must be a number",
    "string_type": "it must be a text; put it in quotes",
    "string_too_short": "it must not be empty",
    "string_too_long": "it must have at most {max_length} characters",
    "literal_error": "it must be {expected}",
    "tuple_type": "it must be a list",
    "too_short": "it needs at least {min_length} entries",
    "too_long": "it must have at most {max_length} entries",
    "model_type": "it must be written as keys and values",
    "model_attributes_type": "it must be written as keys and values",
    "dict_type": "it must be written as keys and values",
    "extra_forbidden": "there is no such key; remove it",
    "string_pattern_mismatch": "it must have printable ASCII characters alone, without spaces",
    "union_tag_invalid": "its kind must be one of {expected_tags}",
    "union_tag_not_found": "it needs a `kind`",
}


KINDS = {"waypoints", "csv", "gbm", "jumps", "bootstrap", "passive", "top_up", "deleverage", "unwind"}


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
        return f"{field} is {value!r}; it must be a time such as 2020-03-12T00:00:00Z"
    remedy = _REMEDIES.get(kind, first["msg"][:1].lower() + first["msg"][1:]).format(**first.get("ctx", {}))
    if isinstance(value, (list, tuple)):
        shown = f"a list of {len(value)}"
    else:
        shown = short(str(value) if isinstance(value, Decimal) else repr(value))
    return f"{field} is {shown}; {remedy}"
