"""`interfaces/` and `abi/` say what the contracts are."""

import functools
import json
from typing import Any

import pytest

from plimsoll.chain.abi import Event, Function
from quality.interfaces import ABI, SOLIDITY, SOURCES, written
from tests.utils.solidity import compile_solidity, needs_packages

RENEW = "run `.venv/bin/python -m quality.interfaces`"


@functools.cache
def compiled() -> dict[str, dict[str, Any]]:
    """What Solidity's compiler makes of the interfaces."""
    return compile_solidity({path.name: path.read_text() for path in SOLIDITY.glob("*.sol")})


def meaning(abi: Any) -> tuple[set[tuple[str, tuple[str, ...], bool]], set[tuple[bytes, tuple[bool, ...]]]]:
    """Functions by signature, with what they return and whether they are views; events by topic."""
    functions = [Function.of(entry) for entry in abi if entry["type"] == "function"]
    events = [Event.of(entry) for entry in abi if entry["type"] == "event"]
    return (
        {(f"{each.name}({','.join(each.inputs)})", each.outputs, each.is_view) for each in functions},
        {(each.topic, each.indexed) for each in events},
    )


@pytest.mark.slow
def test_they_are_what_the_contracts_say() -> None:
    files = written()
    assert {path for folder in (SOLIDITY, ABI) for path in folder.iterdir()} == set(files), RENEW
    assert [path.name for path, text in files.items() if path.read_text() != text] == [], RENEW


@pytest.mark.slow
@needs_packages
@pytest.mark.parametrize("name", SOURCES)
def test_solidity_calls_the_same_functions(name: str) -> None:
    abi = json.loads((ABI / f"{SOURCES[name].stem}.json").read_text())
    made = compiled()[f"{name}.sol"][name]
    assert meaning(made["abi"]) == meaning(abi)
    selectors = {Function.of(entry).selector.hex() for entry in abi if entry["type"] == "function"}
    assert set(made["evm"]["methodIdentifiers"].values()) == selectors
