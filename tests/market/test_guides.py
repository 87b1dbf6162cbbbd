"""The guides of the front door, as they are written."""

from pathlib import Path

import pytest

from tests.utils.guides import DOCS, play

ROOT = Path(__file__).parents[2]


def test_a_first_loan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = play("first-loan.md", {}, capsys, printed=18)
    assert names["m"].position("alice").debt > 0


def test_the_readme_begins_as_the_guide() -> None:
    """In under 15 lines."""
    readme, guide = (
        path.read_text().split("```python\n")[1].split("```")[0]
        for path in (ROOT / "README.md", DOCS / "first-loan.md")
    )
    assert readme == guide
    assert len(guide.splitlines()) < 15
