"""The codec: what contracts are asked, answer and log, as bytes, by their ABI.

`eth_abi` has the say. Words, of which most calls and answers are made, are coded without it, many times as
fast. Addresses are hexadecimal strings in lower case; a struct is a named tuple.
"""

import functools
import reprlib
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError, InsufficientDataBytes
from eth_utils.crypto import keccak

from plimsoll.chain.artifact import AbiEntry as AbiEntry
from plimsoll.chain.artifact import Artifact
from plimsoll.chain.words import WORD, Answer, Reader, of_struct, of_type
from plimsoll.chain.words import words as words
from plimsoll.strict import unknown

_DEMANDS = {
    "address": "an account, a contract or an address: 0x and 40 hexadecimal digits",
    "bool": "True or False",
    "string": "a text",
    "bytes": "bytes",
}
_WORDS = ("uint256", "address", "int256")
_MISFITS = (EncodingError, ArithmeticError, TypeError, ValueError)  # of values that a type does not hold


class Log(NamedTuple):
    """An event as the chain keeps it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Log":
        """An event as JSON-RPC says it."""
        topics = tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"])
        return cls(entry["address"].lower(), topics, bytes.fromhex(entry["data"][2:]))


@dataclass(frozen=True)
class Function:
    """A function of a contract."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_view: bool
    _parts: tuple[AbiEntry, ...]  # the inputs
    _shapes: tuple["_Shape", ...]  # of the outputs
    _answer: Answer | None  # if it is made of words

    @classmethod
    def of(cls, entry: AbiEntry) -> "Function":
        """A function by its entry in an ABI."""
        name, inputs = entry["name"], tuple(map(type_of, entry["inputs"]))
        outputs = tuple(map(type_of, entry["outputs"]))
        shapes = tuple(map(_Shape.of, entry["outputs"]))
        return cls(
            name,
            _digest(f"{name}({','.join(inputs)})")[:4],
            inputs,
            outputs,
            entry.get("stateMutability") in ("view", "pure") or entry.get("constant", False),
            tuple(entry["inputs"]),
            shapes,
            _answer_of(shapes),
        )

    @classmethod
    @functools.cache
    def parse(cls, signature: str, returns: str) -> "Function":
        """A view by its signature, such as `balanceOf(address)`, and its answer's types, such as `uint256`.

        Of plain types and lists of them.
        """
        name, inputs = signature[:-1].split("(")
        kinds = [[{"type": kind} for kind in part.split(",") if kind] for part in (inputs, returns)]
        return cls.of({"name": name, "inputs": kinds[0], "outputs": kinds[1], "stateMutability": "view"})

    @property
    def signature(self) -> str:
        """How it is called, with names and types."""
        return _signature(self.name, self._parts)

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """The data of a call; whatever has an `address` may stand for it.

        Raises:
            TypeError: the arguments are too many or too few, or of other types.
        """
        try:
            return self.selector + encode_values(self.inputs, arguments)
        except _MISFITS:
            raise _misfit(self.name, self._parts, arguments) from None

    def values(self, answer: bytes) -> tuple[Any, ...]:
        """All that was answered.

        Raises:
            DecodingError: the answer is of other types.
        """
        if self._answer and (values := self._answer.read(answer)) is not None:
            return values
        if len(answer) < WORD * len(self.outputs):  # ape lets eth_abi read what is not there as zeros
            raise InsufficientDataBytes(f"{len(answer)} bytes are no {','.join(self.outputs)}")
        decoded = decode(self.outputs, answer)
        return tuple(shape(value) for shape, value in zip(self._shapes, decoded, strict=True))

    def decode(self, answer: bytes) -> Any:
        """As `values`; of one value the value alone, of none None."""
        values = self.values(answer)
        if len(values) == 1:
            return values[0]
        return values or None


@dataclass(frozen=True)
class Event:
    """An event that a contract can log."""

    name: str
    topic: bytes
    fields: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]

    @classmethod
    def of(cls, entry: AbiEntry) -> "Event":
        """An event by its entry in an ABI."""
        inputs = entry["inputs"]
        types = tuple(map(type_of, inputs))
        return cls(
            entry["name"],
            _digest(f"{entry['name']}({','.join(types)})"),
            tuple(part["name"] for part in inputs),
            types,
            tuple(part["indexed"] for part in inputs),
        )

    def decode(self, log: Log) -> tuple[Any, ...]:
        """The arguments of an event, in their order; of indexed strings and bytes their hash."""
        found = self._words_of(log)
        if found is not None:
            return found
        in_data = [kind for kind, indexed in zip(self.types, self.indexed, strict=True) if not indexed]
        topics, data = iter(log.topics[1:]), iter(_decode(in_data, log.data))
        return tuple(
            _decode([kind], next(topics))[0] if indexed else next(data)
            for kind, indexed in zip(self.types, self.indexed, strict=True)
        )

    @functools.cached_property
    def _plan(self) -> tuple[tuple[bool, bool], ...] | None:
        """Of each argument, if all of them are words: whether it is indexed, and whether an address."""
        if any(kind not in ("uint256", "address") for kind in self.types):
            return None
        return tuple(
            (indexed, kind == "address") for kind, indexed in zip(self.types, self.indexed, strict=True)
        )

    def _words_of(self, log: Log) -> tuple[Any, ...] | None:
        """As `decode`, of words alone; None of anything else."""
        indexed_count = sum(self.indexed)
        if self._plan is None or len(log.topics) != indexed_count + 1:
            return None
        if len(log.data) != WORD * (len(self._plan) - indexed_count):
            return None
        topic, at, values = 1, 0, []
        for indexed, is_address in self._plan:
            if indexed:
                word = int.from_bytes(log.topics[topic], "big")
                topic += 1
            else:
                word = int.from_bytes(log.data[at : at + WORD], "big")
                at += WORD
            values.append(f"0x{word:040x}" if is_address else word)
        return tuple(values)


@dataclass(frozen=True)
class LoggedEvent:
    """A decoded event, equal to another of the same contract, kind and arguments; these are attributes."""

    contract: str
    name: str
    arguments: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """An argument of the event."""
        try:
            return self.__dict__["arguments"][name]
        except KeyError:
            raise unknown(self.__dict__.get("name", "The event"), name, self.arguments) from None


class Events:
    """The events of contracts at known addresses."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._known: dict[tuple[str, bytes], Event] = {}

    def listen(self, address: str, abi: Sequence[AbiEntry]) -> None:
        """Knows the events of a contract from now on."""
        self._known.update({(address, event.topic): event for event in events_of(abi)})

    def of(self, log: Log) -> Event | None:
        """The kind of an event; None for one of a contract, or of a kind, that is not known."""
        return self._known.get((log.address, log.topics[0])) if log.topics else None


def functions_of(abi: Sequence[AbiEntry]) -> Mapping[tuple[str, int], Function]:
    """The functions of a contract by name and number of arguments, which tells overloads apart.

    An ABI is read once: what is changed in it later is not seen.
    """
    return _read(_Abi(abi))[0]


def events_of(abi: Sequence[AbiEntry]) -> Sequence[Event]:
    """The events of a contract; its ABI is read once."""
    return _read(_Abi(abi))[1]


class _Abi:
    """An ABI, equal to itself alone: to compare what is in it takes as long as to read it."""

    def __init__(self, entries: Sequence[AbiEntry]) -> None:
        self.entries = entries

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Abi) and other.entries is self.entries

    def __hash__(self) -> int:
        return id(self.entries)


@functools.lru_cache(256)  # ABIs; thousands of contracts share a few
def _read(abi: _Abi) -> tuple[Mapping[tuple[str, int], Function], Sequence[Event]]:
    functions = {
        (entry["name"], len(entry["inputs"])): Function.of(entry)
        for entry in abi.entries
        if entry["type"] == "function"
    }
    return functions, [Event.of(entry) for entry in abi.entries if entry["type"] == "event"]


def constructor_data(made: Artifact, arguments: Sequence[Any]) -> bytes:
    """What follows the initcode of a contract.

    Raises:
        TypeError: the arguments are too many or too few, or of other types.
    """
    inputs: list[AbiEntry] = next((it["inputs"] for it in made.abi if it["type"] == "constructor"), [])
    try:
        return encode_values(tuple(map(type_of, inputs)), arguments)
    except _MISFITS:
        raise _misfit(made.name, inputs, arguments) from None


def encode_values(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Values as a contract takes them."""
    if len(types) == len(values) and all(map(_is_of_words, types, values)):
        head, tail = list[bytes](), list[bytes]()
        for kind, value in zip(types, values, strict=True):
            if not kind.endswith("[]"):
                head.append(_word(kind, value))
                continue
            head.append((WORD * (len(types) + len(tail))).to_bytes(WORD, "big"))
            tail.append(len(value).to_bytes(WORD, "big"))
            tail += [_word(kind[:-2], each) for each in value]
        return b"".join(head + tail)
    return encode(types, [_plain(value) for value in values])


def _is_of_words(kind: str, value: Any) -> bool:
    """Whether an argument is a word of one of the usual types, or a list of such words."""
    if kind.endswith("[]"):
        return kind[:-2] in _WORDS and isinstance(value, list | tuple)
    return kind in _WORDS


def type_of(part: AbiEntry) -> str:
    """The type of an argument, structs written out."""
    kind = str(part["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(type_of, part['components']))}){kind.removeprefix('tuple')}"


def reason_of(data: bytes) -> str:
    """The reason in the data of a revert; empty when there is none."""
    if data[:4] != bytes.fromhex("08c379a0"):  # Error(string)
        return ""
    try:
        return str(decode(["string"], data[4:])[0])
    except DecodingError:
        return ""


@dataclass(frozen=True)
class _Shape:
    """Gives structs their names."""

    make: Callable[[Any], Any] | None  # None: the value as it is
    reader: Reader | None  # of one value, or of one of a list; None: eth_abi reads it
    many: Callable[[Any], Any] | None  # makes a list; None: it is one value

    @classmethod
    def of(cls, part: AbiEntry) -> "_Shape":
        kind = str(part["type"])
        many = (list if kind.startswith("tuple") else tuple) if kind.endswith("[]") else None
        each = kind.removesuffix("[]")
        if not kind.startswith("tuple"):
            return cls(None, of_type(each), many)
        shapes = [cls.of(inner) for inner in part["components"]]
        fields = [inner.get("name") or f"_{at}" for at, inner in enumerate(part["components"])]
        struct = namedtuple("Struct", fields, rename=True)  # type: ignore[misc]

        def make(value: Any) -> Any:
            return struct(*(shape(inner) for shape, inner in zip(shapes, value, strict=True)))

        reader = of_struct(struct, [None if shape.many else shape.reader for shape in shapes])
        if each != "tuple":  # a list of lists
            reader = None
        return cls(
            (lambda values: [make(value) for value in values]) if kind.endswith("]") else make, reader, many
        )

    def __call__(self, value: Any) -> Any:
        return value if self.make is None else self.make(value)


def _answer_of(shapes: Sequence[_Shape]) -> Answer | None:
    parts = [(shape.reader, shape.many) for shape in shapes if shape.reader]
    return Answer(tuple(parts)) if len(parts) == len(shapes) else None


def _plain(value: Any) -> Any:
    """A value with addresses in place of what has one."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return getattr(value, "address", value)


def _word(kind: str, value: Any) -> bytes:
    """One argument; what does not fit is left to eth_abi to refuse."""
    if kind == "uint256" and type(value) is int and 0 <= value < 2**256:
        return value.to_bytes(WORD, "big")
    if kind == "int256" and type(value) is int and -(2**255) <= value < 2**255:
        return value.to_bytes(WORD, "big", signed=True)
    if kind == "address":
        value = getattr(value, "address", value)
        if isinstance(value, str) and len(value) == 42:
            return bytes(12) + bytes.fromhex(value[2:])
    return encode([kind], [value])


def _decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    if all(kind in ("uint256", "address") for kind in types) and len(data) == WORD * len(types):
        return tuple(
            f"0x{word:040x}" if kind == "address" else word
            for kind, word in zip(types, words(data), strict=True)
        )
    return decode(types, data)


def counted(count: int) -> str:
    """So many arguments, in words."""
    return f"{count} argument{'' if count == 1 else 's'}"


def _signature(name: str, parts: Sequence[AbiEntry]) -> str:
    inputs = (f"{part['name']}: {type_of(part)}" if part.get("name") else type_of(part) for part in parts)
    return f"{name}({', '.join(inputs)})"


def _misfit(name: str, parts: Sequence[AbiEntry], values: Sequence[Any]) -> TypeError:
    """Why a call cannot be encoded."""
    if len(values) != len(parts):
        return TypeError(f"{name} got {counted(len(values))}, but is called as {_signature(name, parts)}.")
    for at, (part, value) in enumerate(zip(parts, values, strict=True)):
        kind, inner = type_of(part), part.get("components", [])
        try:
            encode_values((kind,), (value,))
        except _MISFITS:
            what = part.get("name") or f"argument {at}"
            if part["type"] == "tuple" and isinstance(value, list | tuple):
                return TypeError(f"{name}: {_misfit(what, inner, value)}")
            return TypeError(f"{name}: {what} is {reprlib.repr(value)}, but must be {_demand(kind)}.")
    return TypeError(f"{name} cannot take {reprlib.repr(values)}; it is called as {_signature(name, parts)}.")


def _demand(kind: str) -> str:
    """What a value of a type is."""
    bits = kind.removeprefix("u").removeprefix("int")
    if bits.isdecimal():
        top = int(bits) - (kind[0] != "u")
        return f"a whole number from {0 if kind[0] == 'u' else f'-2**{top}'} to 2**{top} - 1"
    size = kind.removeprefix("bytes")
    return f"{size} bytes" if size.isdecimal() else _DEMANDS.get(kind, f"of the type {kind}")


@functools.cache
def _digest(signature: str) -> bytes:
    return keccak(text=signature)
