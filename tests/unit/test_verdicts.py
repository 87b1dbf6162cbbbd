"""The record of the mutants: what a row holds, and when it no longer counts."""

from pathlib import Path

import pytest

from quality import verdicts
from quality.verdicts import Change, Row, read, table, write

UNITS, RATES = "contracts/modules/units.vy", "contracts/modules/rates.vy"
KEPT, ARGUED = ("_rate", "x > 0", "x >= 0"), ("_rate", "x: uint256 = 0", "x: uint256 = (0 + 1)")


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty record."""
    monkeypatch.setattr(verdicts, "PATH", tmp_path / "verdicts.json")
    return verdicts.PATH


def changes(source: str, *changes: tuple[str, str, str]) -> list[Change]:
    return [(source, *change) for change in changes]


def row_of(source: str, argued: set[Change]) -> list[str]:
    text, _ = table(argued)
    return next(line for line in text.splitlines() if line.startswith(source)).split()[1:]


def test_a_row_comes_back_as_it_was_written() -> None:
    rows = {source: Row.now(source, 9, changes(source, KEPT)) for source in (UNITS, RATES)}
    for source, row in rows.items():
        write(source, row)
    assert read() == rows
    assert rows[RATES].left(RATES) == changes(RATES, KEPT)


def test_what_is_argued_is_equivalent() -> None:
    write(RATES, Row.now(RATES, 9, changes(RATES, KEPT, ARGUED, ARGUED)))
    assert row_of(RATES, set())[:4] == ["9", "6", "3", "0"]
    assert row_of(RATES, set(changes(RATES, ARGUED)))[:4] == ["9", "6", "1", "2"]
    assert table(set(changes(RATES, ARGUED)))[1] == 6 / 7


def test_a_file_without_a_row_is_named() -> None:
    write(UNITS, Row.now(UNITS, 3, []))
    assert row_of(RATES, set()) == ["not", "judged", "yet"]


def test_a_row_of_other_sources_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """And does not count any more: a module that is linked into the same contract may have changed."""
    write(UNITS, Row.now(UNITS, 3, []))
    write(RATES, Row.now(RATES, 9, changes(RATES, KEPT)))
    assert row_of("together", set())[-4:] == ["12", "11", "1", "0"]
    monkeypatch.setattr(verdicts, "digest", lambda source: "other" if source == RATES else now[source])
    now = {source: row.sources for source, row in read().items()}
    assert row_of(RATES, set())[-1] == "stale"
    assert row_of(UNITS, set())[-1] != "stale"
    assert row_of("together", set())[-4:] == ["3", "3", "0", "0"]


def test_a_digest_is_of_all_that_the_file_is_linked_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {source: verdicts.digest(source) for source in (UNITS, RATES)}
    rules = tmp_path / "rules"
    rules.write_text(verdicts.RULES.read_text() + "\n")
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "RULES", rules)
        assert all(verdicts.digest(source) != digest for source, digest in before.items())
    monkeypatch.setattr(verdicts, "parts", lambda name: frozenset())
    assert verdicts.digest(RATES) == verdicts.digest(UNITS) not in before.values()
