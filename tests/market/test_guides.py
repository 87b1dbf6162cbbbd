"""The guides of the front door, as they are written."""

from pathlib import Path

import pytest

from tests.integration.test_guides import play

ROOT = Path(__file__).parents[2]


def test_a_first_loan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = play("first-loan.md", {}, capsys, printed=15)
    first = (ROOT / "docs" / "first-loan.md").read_text().split("```python\n")[1].split("```")[0]
    assert len(first.splitlines()) < 15
    assert names["m"].position("alice").debt > 0
