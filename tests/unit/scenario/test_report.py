"""Reports: complete, readable, exact, and never half written."""

import json
import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from plimsoll.report import page, picture
from plimsoll.report.columns import TABLES
from plimsoll.report.summary import lines, summarise
from plimsoll.report.write import FILES, FolderError, check_folder, write
from plimsoll.scenario.records import LiquidationRow, PositionRow, StepRow
from tests.unit.scenario.conftest import TINY

COMMAND = "ape run demo --scenario tiny.yaml"


@pytest.fixture(scope="session")
def folder(result, tmp_path_factory) -> Path:
    """A report of the short scenario."""
    folder = tmp_path_factory.mktemp("reports") / "tiny"
    write(result, folder, source=TINY, command=COMMAND)
    return folder


@pytest.fixture
def quick_picture(monkeypatch) -> None:
    """Draws nothing: a picture takes a second."""
    monkeypatch.setattr(picture, "draw", lambda result, path: path.write_bytes(b"\x89PNG"))


def write_again(result, folder: Path) -> None:
    write(result, folder, source=TINY, command=COMMAND)


def test_a_report_is_complete(folder) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "scenario.yaml").read_text() == TINY


@pytest.mark.parametrize(
    ("table", "row"), [("steps", StepRow), ("liquidations", LiquidationRow), ("positions", PositionRow)]
)
def test_every_field_has_a_column(table: str, row: type) -> None:
    assert {column.source or column.name for column in TABLES[table]} == {field.name for field in fields(row)}
    assert all(column.meaning for column in TABLES[table])


def test_tables_are_exact(folder, result) -> None:
    closes = pq.read_table(folder / "liquidations.parquet").to_pylist()
    assert len(closes) == len(result.liquidations)
    for row, close in zip(closes, result.liquidations, strict=True):
        assert row["repaid"] == Decimal(close.repaid).scaleb(-6)
        assert int(row["seized"].scaleb(18)) == close.seized
        assert int(row["shares_before"]) == close.shares_before
        assert int(row["oracle_price"]) == close.price
        assert row["price"] == pytest.approx(close.price / 1e24)
        assert row["health_before"] == close.health_before / 10**18
        assert row["time"].timestamp() == close.time
        assert (row["owner"], row["kind"]) == (close.owner, close.kind)
    steps = pq.read_table(folder / "steps.parquet").to_pylist()
    assert [row["price"] for row in steps] == [200.0, 185.0, 170.0, 145.0, 120.0, 135.0, 150.0]
    positions = pq.read_table(folder / "positions.parquet").to_pylist()
    assert [row["moment"] for row in positions] == ["start"] * 8 + ["end"] * 8


def test_tables_say_what_their_columns_mean(folder) -> None:
    schema = pq.read_schema(folder / "liquidations.parquet")
    assert schema.field("repaid").metadata == {b"unit": b"USDC", b"meaning": b"what it paid for the debt"}
    assert schema.metadata[b"seed"] == b"7"


def test_pandas_reads_the_tables(folder, result) -> None:
    import pandas as pd

    frame = pd.read_parquet(folder / "liquidations.parquet")
    assert frame["repaid"].sum() == Decimal(sum(close.repaid for close in result.liquidations)).scaleb(-6)


def test_the_summary_adds_up(folder, result) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    closes, losses = summary["closes"], summary["losses"]
    assert closes["all"] == closes["restorable"] + closes["shortfall"] == len(result.liquidations)
    assert losses["all"] == pytest.approx(losses["reserves"] + losses["lenders"])
    assert losses["all"] == pytest.approx(summary["extinguished"] - summary["repaid"]["all"], abs=1e-3)
    gone = summary["pool"]["start"]["lenders_assets"] - summary["pool"]["end"]["lenders_assets"]
    assert gone == pytest.approx(losses["lenders"], rel=0.01)  # less the interest of three hours
    assert (summary["seed"], summary["command"]) == (7, COMMAND)
    assert set(summary["versions"]) >= {"plimsoll", "python", "vyper", "anvil"}


def test_the_table_shows_the_summary(result) -> None:
    shown = {label: figure for _, label, figure in lines(summarise(result))}
    assert shown["all (restorable, shortfall)"].startswith(f"{len(result.liquidations)} (")
    assert shown["examined, broken"] == f"{sum(result.checks.values()):,}, 0"


def test_the_page_needs_no_network(folder, result) -> None:
    html = (folder / "index.html").read_text()
    assert re.findall(r"https?://", html) == []
    assert re.findall(r"(?:src|href)=\"(?!data:image/png;base64,)", html) == []
    for needed in (COMMAND, result.liquidations[0].owner[:10], "outages:", "steps.parquet"):
        assert needed in html
    for columns in TABLES.values():
        assert all(f"<code>{column.name}</code>" in html for column in columns)


@pytest.mark.usefixtures("quick_picture")
def test_what_a_scenario_says_is_not_taken_for_html(result, tmp_path) -> None:
    write(result, tmp_path / "report", source=TINY + "# <script>alert(1)</script>", command="<b>")
    html = (tmp_path / "report" / "index.html").read_text()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_quiet_scenario_has_a_report_too(tiny, play, tmp_path) -> None:
    calm = tiny.model_copy(
        update={
            "price": tiny.price.model_copy(update={"waypoints": tuple(_calm(tiny))}),
            "liquidator": tiny.liquidator.model_copy(update={"outages": ()}),
        }
    )
    result = play(calm)
    assert result.liquidations == ()
    write_again(result, tmp_path / "calm")
    html = (tmp_path / "calm" / "index.html").read_text()
    assert "There was no loss to carry." in html
    assert pq.read_table(tmp_path / "calm" / "liquidations.parquet").num_rows == 0


def _calm(tiny):
    return (waypoint.model_copy(update={"price": Decimal(200)}) for waypoint in tiny.price.waypoints[:2])


@pytest.mark.usefixtures("quick_picture")
def test_a_report_replaces_an_older_one(result, tmp_path) -> None:
    write_again(result, tmp_path / "report")
    (tmp_path / "report" / "summary.json").write_text("old")
    write_again(result, tmp_path / "report")
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["seed"] == 7
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("blow", [KeyboardInterrupt, OSError("disk full")])
@pytest.mark.usefixtures("quick_picture")
def test_a_report_that_breaks_off_leaves_the_older_one(result, tmp_path, monkeypatch, blow) -> None:
    write_again(result, tmp_path / "report")
    before = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}

    def render(*_: object) -> str:
        raise blow

    monkeypatch.setattr(page, "render", render)
    with pytest.raises(type(blow) if isinstance(blow, OSError) else blow):
        write_again(result, tmp_path / "report")
    assert {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("quick_picture")
def test_the_older_report_comes_back_when_the_new_one_cannot_move_in(result, tmp_path, monkeypatch) -> None:
    write_again(result, tmp_path / "report")
    (tmp_path / "report" / "summary.json").write_text("old")
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        if target == tmp_path / "report" and not source.name.endswith("-old"):
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(KeyboardInterrupt):
        write_again(result, tmp_path / "report")
    assert (tmp_path / "report" / "summary.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_folders_with_other_things_are_left_alone(result, tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FolderError) as refusal:
        write_again(result, tmp_path)
    assert (
        str(refusal.value) == f"{tmp_path} holds more than a report (thesis.tex); name a new or empty folder."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_cannot_be_a_folder_is_refused(tmp_path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FolderError) as refusal:
        check_folder(file)
    assert str(refusal.value) == f"{file} is not a folder; name a new one for the report."
    with pytest.raises(FolderError) as refusal:
        check_folder(file / "report")
    assert str(refusal.value) == (
        f"{file / 'report'} cannot be made (file exists); name another folder for the report."
    )
    check_folder(tmp_path / "new" / "report")
