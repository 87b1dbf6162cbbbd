"""A compiled contract; without imports, so that what compiles contracts needs a compiler alone."""

from dataclasses import dataclass
from typing import Any

AbiEntry = dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A compiled contract."""

    name: str
    abi: tuple[AbiEntry, ...]
    initcode: bytes
