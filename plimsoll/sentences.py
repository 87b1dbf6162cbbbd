"""Words for people: what pydantic demands of a value, and errors without what they should not say."""

import re

from pydantic_core import ErrorDetails

_URL = re.compile(r"\w+://\S+|(?<=url: )\S+")
_NUMBER = "must be a number such as 0.83; correct it"
_WHOLE = "must be a whole number; correct it"
_SECTION = "must be a section with keys of its own; see the examples in scenarios/ and markets/"
_DEMANDS = {
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "finite_number": "must be a finite number; correct it",
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_type": _WHOLE,
    "bool_parsing": "must be true or false; correct it",
    "bool_type": "must be true or false; correct it",
    "string_type": "must be a text; put it in quotes",
    "string_too_short": "must not be empty; fill it in",
    "string_too_long": "must have at most {max_length} characters; shorten it",
    "string_pattern_mismatch": "must match {pattern}; rename it",
    "literal_error": "must be {expected}; choose one",
    "tuple_type": "must be a list; write it in brackets",
    "too_short": "needs at least {min_length} entries; add some",
    "too_long": "must have at most {max_length} entries; remove some",
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "dict_type": _SECTION,
    "greater_than": "must be above {gt}; raise it",
    "greater_than_equal": "must be at least {ge}; raise it",
    "less_than": "must be below {lt}; lower it",
    "less_than_equal": "must be at most {le}; lower it",
    "union_tag_invalid": "its kind must be one of {expected_tags}; correct it",
    "union_tag_not_found": "needs a `kind`; add it",
}


def demand(error: ErrorDetails) -> str:
    """What the value has to be and what to do, to follow "but"."""
    return _DEMANDS.get(error["type"], f"is wrong ({error['msg']}); correct it").format(
        **error.get("ctx", {})
    )


def without_urls(text: str) -> str:
    """A text without addresses of nodes, which may contain a key."""
    return _URL.sub("...", text)
