"""Answers made of words: numbers, addresses, flags, structs of them, and lists of any of these.

They are read here, several times as fast as by `eth_abi`, as long as nothing about them is odd.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WORD = 32
_NUMBERED = re.compile(r"(uint|int|bytes)(\d+)$")
_FIXED = re.compile(r"(.+)\[(\d+)\]$")

Read = Callable[[Sequence[int], int], Any]  # of some words, at a place


class Odd(Exception):
    """A word that its type does not hold."""


@dataclass(frozen=True)
class Reader:
    """How something of a constant number of words is read."""

    size: int
    read: Read


def of_type(kind: str, member: Reader | None = None) -> Reader | None:
    """How a type is read; `member` is what it calls tuple. None of one that has no constant size."""
    if fixed := _FIXED.match(kind):
        inner = of_type(fixed[1], member)
        return inner and _repeated(inner, int(fixed[2]))
    return member if kind == "tuple" else _word(kind)


def of_struct(make: Callable[..., Any], members: Sequence[Reader | None]) -> Reader | None:
    """How a struct is read, `make` of its members; None if one of them has no constant size."""
    places: list[tuple[Read, int]] = []
    size = 0
    for member in members:
        if member is None:
            return None
        places.append((member.read, size))
        size += member.size
    return Reader(size, lambda words, at: make(*[read(words, at + place) for read, place in places]))


def words(data: bytes) -> tuple[int, ...]:
    """Data as unsigned words."""
    return tuple(int.from_bytes(data[at : at + WORD], "big") for at in range(0, len(data), WORD))


@dataclass(frozen=True)
class Answer:
    """What a function answers."""

    parts: tuple[tuple[Reader, Callable[[Any], Any] | None], ...]  # the second makes a list of many

    def read(self, data: bytes) -> tuple[Any, ...] | None:
        """The values; None if the data are not just as Vyper and Solidity lay them out."""
        head = sum(1 if many else reader.size for reader, many in self.parts)
        if len(data) % WORD or len(data) < WORD * head:
            return None
        found, at, rest = words(data), 0, head
        values = []
        try:
            for reader, many in self.parts:
                if many is None:
                    values.append(reader.read(found, at))
                    at += reader.size
                    continue
                if found[at] != WORD * rest:
                    return None
                end = rest + 1 + found[rest] * reader.size
                if end > len(found):
                    return None
                values.append(many(reader.read(found, place) for place in range(rest + 1, end, reader.size)))
                at, rest = at + 1, end
        except (Odd, IndexError):
            return None
        return tuple(values) if rest == len(found) else None


def _repeated(inner: Reader, count: int) -> Reader:
    size = inner.size * count
    return Reader(
        size,
        lambda words, at: tuple(inner.read(words, place) for place in range(at, at + size, inner.size)),
    )


def _word(kind: str) -> Reader | None:
    if kind == "uint256":
        return Reader(1, lambda words, at: words[at])
    if kind == "address":
        return Reader(1, lambda words, at: f"0x{_below(words[at], 160):040x}")
    if kind == "bool":
        return Reader(1, lambda words, at: _below(words[at], 1) == 1)
    numbered = _NUMBERED.match(kind)
    if numbered is None:
        return None
    size = int(numbered[2])
    if numbered[1] == "uint":
        return Reader(1, lambda words, at: _below(words[at], size))
    if numbered[1] == "bytes":
        return Reader(1, lambda words, at: _left(words[at], size))
    return Reader(1, lambda words, at: _signed(words[at], size))


def _below(word: int, bits: int) -> int:
    if word >> bits:
        raise Odd
    return word


def _left(word: int, size: int) -> bytes:
    data = word.to_bytes(WORD, "big")
    if any(data[size:]):
        raise Odd
    return data[:size]


def _signed(word: int, bits: int) -> int:
    value = word - 2**256 if word >> 255 else word
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise Odd
    return value
