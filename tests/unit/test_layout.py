"""Storage, transient storage and immutables lie where `tests/golden/layout` says."""

import json
from pathlib import Path

import pytest

from quality.layouts import GOLDEN, contracts, golden, layout

RENEW = "if that is meant, run `.venv/bin/python -m quality.layouts` and say so in the changelog"


@pytest.mark.parametrize("contract", contracts(), ids=lambda path: path.stem)
def test_nothing_has_moved(contract: Path) -> None:
    assert golden(contract).exists(), f"{contract.stem} is new: {RENEW}"
    assert layout(contract) == json.loads(golden(contract).read_text()), f"something has moved: {RENEW}"


def test_no_layout_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {path.stem for path in contracts()}, RENEW
