"""A contract on an engine and its model on the twin."""

from typing import Any, NamedTuple

from plimsoll.chain.engine import Contract


class Side(NamedTuple):
    """A contract and its twin."""

    contract: Contract
    model: Any
