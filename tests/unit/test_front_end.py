"""What the compiler reads in the contracts, each of them once: interfaces, layouts, documentation."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from plimsoll.chain.abi import Event, Function
from quality.interfaces import ABI, SOLIDITY, SOURCES, written
from quality.layouts import GOLDEN, contracts, golden, layout
from tests.utils.solidity import compile_solidity, needs_packages
from website import natspec

RENEW = "run `.venv/bin/python -m quality.interfaces`"
MOVED = "if that is meant, run `.venv/bin/python -m quality.layouts` and say so in the changelog"


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
@pytest.mark.processes
@needs_packages
@pytest.mark.parametrize("name", SOURCES)
def test_solidity_calls_the_same_functions(name: str) -> None:
    abi = json.loads((ABI / f"{SOURCES[name].stem}.json").read_text())
    made = compiled()[f"{name}.sol"][name]
    assert meaning(made["abi"]) == meaning(abi)
    selectors = {Function.of(entry).selector.hex() for entry in abi if entry["type"] == "function"}
    assert set(made["evm"]["methodIdentifiers"].values()) == selectors


@pytest.mark.parametrize("contract", contracts(), ids=lambda path: path.stem)
def test_nothing_has_moved(contract: Path) -> None:
    """Storage, transient storage and immutables lie where `tests/golden/layout` says."""
    assert golden(contract).exists(), f"{contract.stem} is new: {MOVED}"
    assert layout(contract) == json.loads(golden(contract).read_text()), f"something has moved: {MOVED}"


def test_no_layout_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {path.stem for path in contracts()}, MOVED


@pytest.mark.slow
@pytest.mark.parametrize("path", natspec.deployable(), ids=lambda path: path.stem)
def test_contracts_say_what_they_do(path: Path) -> None:
    """Each external function of what is deployed, those of modules that it exports included."""
    contract = natspec.read(path)
    assert contract.functions and contract.notice
    assert natspec.undocumented([contract]) == []
