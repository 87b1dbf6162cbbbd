"""Answers read word by word are what `eth_abi` makes of them; what is odd about them is left to it."""

from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.chain.abi import AbiEntry, Function, type_of

WORD_TYPES = ("uint256", "uint8", "int256", "int128", "address", "bool", "bytes32", "bytes4")
LIST = Function.parse("owners()", "address[]")

values = {
    "uint256": st.integers(0, 2**256 - 1),
    "uint8": st.integers(0, 255),
    "int256": st.integers(-(2**255), 2**255 - 1),
    "int128": st.integers(-(2**127), 2**127 - 1),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
    "string": st.text(max_size=5),
    "bytes": st.binary(max_size=40),
}


def parts(kinds: st.SearchStrategy[str]) -> st.SearchStrategy[AbiEntry]:
    """Types as an ABI has them: words, structs of structs, lists of a number and of any number."""
    plain = kinds.map(lambda kind: {"name": "", "type": kind})

    def wider(inner: st.SearchStrategy[AbiEntry]) -> st.SearchStrategy[AbiEntry]:
        members = st.lists(inner, min_size=1, max_size=4)
        structs = members.map(lambda found: {"name": "", "type": "tuple", "components": found})
        many = st.tuples(plain, st.sampled_from(["[]", "[2]", "[2][]"]))
        lists = many.map(lambda found: found[0] | {"type": found[0]["type"] + found[1]})
        of_structs = structs.map(lambda found: found | {"type": "tuple[]"})
        return structs | lists | of_structs

    return st.recursive(plain, wider, max_leaves=6)


def value_of(part: AbiEntry) -> st.SearchStrategy[Any]:
    kind = part["type"]
    if kind.endswith("]"):
        inner, count = kind[:-1].rsplit("[", 1)
        size = {"min_size": int(count), "max_size": int(count)} if count else {"max_size": 3}
        return st.lists(value_of(part | {"type": inner}), **size)
    if kind == "tuple":
        return st.tuples(*map(value_of, part["components"]))
    return values[kind]


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_it_is_what_eth_abi_says(data: st.DataObject) -> None:
    outputs = data.draw(st.lists(parts(st.sampled_from([*WORD_TYPES, "string"])), min_size=1, max_size=3))
    function = Function.of({"name": "view", "inputs": [], "outputs": outputs})
    kinds = [type_of(part) for part in outputs]
    answer = encode(kinds, [data.draw(value_of(part)) for part in outputs])
    assert plain(function.values(answer)) == plain(decode(kinds, answer))


ARGUMENTS = st.sampled_from(["uint256", "address", "int256", "uint256[]", "address[]", "int256[]", "bytes"])


@given(st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_arguments_are_laid_out_as_eth_abi_does(data: st.DataObject) -> None:
    """Words and lists of them without it; anything else, such as bytes, with it."""
    inputs = data.draw(st.lists(ARGUMENTS, max_size=4))
    arguments = [data.draw(value_of({"type": kind})) for kind in inputs]
    function = Function.of({"name": "send", "inputs": [{"type": kind} for kind in inputs], "outputs": []})
    assert function.encode(arguments)[4:] == encode(inputs, arguments)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int256", 2**255), ("int256", -(2**255) - 1), ("uint256[]", [-1]), ("address[]", "0x")],
)
def test_an_argument_that_is_no_such_value_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(TypeError):
        Function.of({"name": "send", "inputs": [{"name": "it", "type": kind}], "outputs": []}).encode([value])


def plain(value: Any) -> Any:
    """Lists and structs as tuples, whose members keep their types: True is not 1 here."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else (type(value), value)


@pytest.mark.parametrize("kind", WORD_TYPES)
def test_words_are_read_without_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, in a struct and in a list."""
    monkeypatch.setattr("plimsoll.chain.abi.decode", None)
    struct = {"name": "", "type": "tuple", "components": [{"name": "it", "type": kind}] * 2}
    for part in ({"type": kind}, {"type": f"{kind}[]"}, struct, struct | {"type": "tuple[]"}):
        function = Function.of({"name": "view", "inputs": [], "outputs": [part]})
        some = {"address": "0x" + "ab" * 20, "bool": True, "bytes32": b"a" * 32, "bytes4": b"abcd"}.get(
            kind, 7
        )
        pair, is_list = (some, some), part["type"].endswith("[]")
        value = {"tuple": pair, "tuple[]": [pair, pair]}.get(part["type"], pair if is_list else some)
        assert function.decode(encode([type_of(part)], [value])) == value


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("address", 2**160),
        ("bool", 2),
        ("uint8", 256),
        ("int128", 2**127),
        ("bytes4", 1),
    ],
)
def test_a_word_that_is_no_such_value_is_refused(kind: str, word: int) -> None:
    with pytest.raises(DecodingError):
        Function.parse("view()", kind).values(word.to_bytes(32, "big"))


def test_lists_may_lie_elsewhere() -> None:
    """Nobody lays them out so, but the standard lets them; more than that is refused."""
    answer = encode(["address[]"], [["0x" + "ab" * 20]])
    away = (64).to_bytes(32, "big") + bytes(32) + answer[32:]
    assert LIST.values(away) == LIST.values(answer) == (("0x" + "ab" * 20,),)
    with pytest.raises(DecodingError):
        LIST.values(answer[:32] + (2).to_bytes(32, "big") + answer[64:])
