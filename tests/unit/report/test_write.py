"""Reports: complete, exact, readable offline, and never half written."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from plimsoll.params import RiskParams
from plimsoll.report import figures, page
from plimsoll.report.columns import TABLES
from plimsoll.report.data import WORST, heads
from plimsoll.report.folder import FolderError, check_folder, claimed, read
from plimsoll.report.measures import measure
from plimsoll.report.summary import formatted, lines
from plimsoll.report.write import write
from plimsoll.scenario.paths import Candles
from plimsoll.scenario.reading import load
from plimsoll.scenario.records import (
    AgentRow,
    LadderRow,
    LiquidationRow,
    LossRow,
    PoolRow,
    PositionRow,
    VaultRow,
)
from plimsoll.yaml_lines import reader

ROWS = {
    "vaults": VaultRow, "pool": PoolRow, "liquidations": LiquidationRow, "losses": LossRow,
    "agents": AgentRow, "positions": PositionRow, "ladder": LadderRow,
}  # fmt: skip


def test_a_report_is_complete(folder, result) -> None:
    expected = {"summary.json", "scenario.yaml", "report.html"}
    expected |= {f"{name}.parquet" for name in result.tables()} | {f"{name}.svg" for name in figures.CHARTS}
    assert {path.name for path in folder.iterdir()} == expected
    for name in figures.CHARTS:
        ElementTree.parse(folder / f"{name}.svg")


@pytest.mark.parametrize("table", ROWS)
def test_every_field_has_a_column(table) -> None:
    known = {column.source or column.name for column in TABLES[table]}
    assert known == {*ROWS[table]._fields}
    assert all(column.meaning for column in TABLES[table])


def test_tables_are_exact(folder, result) -> None:
    closes = pq.read_table(folder / "liquidations.parquet").to_pylist()
    assert len(closes) == len(result.liquidations) == 3
    for row, close in zip(closes, result.liquidations, strict=True):
        assert row["repaid"] == Decimal(close.repaid).scaleb(-6)
        assert row["seized"] == Decimal(close.seized).scaleb(-18 if close.vault == 0 else -8)
        assert int(row["shares_before"]) == close.shares_before
        assert int(row["exact_price"]) == close.price
        assert row["health_before"] == 0.9
        assert row["health_after"] is None
        assert (row["owner"], row["blocks_waited"]) == (close.owner, close.blocks_waited)
    assert [row["price"] for row in closes] == [1_250, 40_000, 500]
    pool = pq.read_table(folder / "pool.parquet").to_pylist()
    assert [row["utilisation"] for row in pool] == [0.6, 0.8, 0.5]
    assert pool[0]["borrow_rate"] == pytest.approx(0.031536)
    assert [row["oracle"] for row in pq.read_table(folder / "vaults.parquet").to_pylist()][2] is None


@pytest.mark.usefixtures("quick")
def test_amounts_beyond_38_digits_are_exact_too(result, tmp_path) -> None:
    """The most collateral that a position can hold is 2^128 - 1 base units."""
    huge = result.positions[1]._replace(collateral=2**128 - 1)  # 8 decimals, beside a token with 18
    write(replace(result, positions=[huge]), tmp_path / "huge")
    table = pq.read_table(tmp_path / "huge" / "positions.parquet")
    assert str(table.schema.field("collateral").type) == "decimal256(76, 18)"
    assert str(table.schema.field("debt").type) == "decimal128(38, 6)"
    assert Fraction(table.to_pylist()[0]["collateral"]) * 10**8 == 2**128 - 1
    assert read(tmp_path / "huge").tables["positions"]["collateral"][0] == pytest.approx(2**128 / 1e8)


def test_tables_say_what_their_columns_mean(folder) -> None:
    schema = pq.read_schema(folder / "liquidations.parquet")
    assert schema.field("repaid").metadata == {b"unit": b"USDC", b"meaning": b"what was paid for the debt"}
    assert schema.field("seized").metadata[b"unit"] == b"WETH or WBTC"
    assert schema.metadata[b"seed"] == b"7"


def test_pandas_reads_the_tables(folder) -> None:
    frame = pd.read_parquet(folder / "liquidations.parquet")
    assert frame["repaid"].sum() == 3_600


def test_the_summary_says_what_was_played(folder, result, scenario) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["title"], summary["seed"], summary["engine"]) == (scenario.title, 7, "revm")
    assert (summary["transactions"], summary["compared"]) == (12, 321)
    assert summary["closes"] == {"all": 3, "restorable": 2, "shortfall": 1}
    assert summary["borrowers_liquidated"] == 2
    assert summary["measures"] == measure(result)
    assert summary["command"] in (folder / "report.html").read_text()
    assert set(summary["versions"]) >= {"plimsoll", "python", "vyper", "pyrevm"}
    assert summary["reverts"] == [{"transaction": "unwind", "reason": "vault: late", "count": 3}]
    assert "3 times unwind (vault: late)." in (folder / "report.html").read_text()


def test_the_scenario_of_a_report_says_all_numbers(folder, scenario) -> None:
    """Also those of a preset, which may be others one day."""
    path = folder / "scenario.yaml"
    for vault in reader().load(path)["vaults"]:
        assert set(RiskParams.model_fields) <= set(vault)
    assert load(path) == scenario


@pytest.mark.usefixtures("quick")
def test_a_report_brings_the_candles_of_its_prices(result, scenario, tmp_path) -> None:
    """It can be read and played again wherever it is moved, without the CSV file of the scenario."""
    candles = tmp_path / "candles.csv"
    candles.write_text("open,high,low,close\n2000,2000,900,1000\n")
    price = Candles(kind="csv", file=candles, hours_per_candle=2)
    vaults = (scenario.vaults[0].model_copy(update={"price": price}), scenario.vaults[1])
    write(replace(result, scenario=scenario.model_copy(update={"vaults": vaults})), tmp_path / "report")
    candles.unlink()
    (tmp_path / "report").rename(tmp_path / "moved")
    found = read(tmp_path / "moved").scenario
    assert found.vaults[0].price.candles().tolist() == [[2000, 2000, 900, 1000]]


@pytest.mark.usefixtures("quick")
def test_a_report_brings_the_candles_of_the_loan_asset(result, scenario, tmp_path) -> None:
    """And says where they were cut."""
    candles = tmp_path / "usdc.csv"
    rows = "".join(f"2023-03-11T{hour:02}:00Z,1,1,0.9,0.95\n" for hour in range(0, 24, 2))
    candles.write_text(f"time,open,high,low,close\n{rows}")
    price = Candles.model_validate(
        {"kind": "csv", "file": candles, "hours_per_candle": 2, "from": "2023-03-11T16:00Z"}
    )
    pool = scenario.pool.model_copy(update={"loan_price": price})
    played = scenario.model_copy(update={"pool": pool, "start": price.begins})
    write(replace(result, scenario=played), tmp_path / "report")
    candles.unlink()
    found = read(tmp_path / "report").scenario.pool.loan_price
    assert (found.hours, found.begins.hour) == (8, 16)


def test_people_are_told_the_summary(folder) -> None:
    shown = {label: figure for _, label, figure in lines(read(folder).summary)}
    assert shown["bad debt"] == "520.00 USDC"
    assert shown["closed within 2 blocks"] == "75.0 %"
    assert shown["time to liquidation, 95 %"] == "20 blocks"
    assert [formatted(each, "blocks", "USDC", "+") for each in (-1, 0, 1, 10)] == [
        "-1 block", "+0 blocks", "+1 block", "+10 blocks"
    ]  # fmt: skip


def test_the_page_needs_no_network(folder) -> None:
    """Nor may it: its policy lets it load nothing. What its scripts do is seen in tests/browser."""
    html = (folder / "report.html").read_text()
    assert "default-src 'none'; script-src 'sha256-" in html
    html = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S)
    assert re.findall(r"https?://|@import|url\((?!#)|<link", html) == []
    targets = re.findall(r"(?:src|href)=\"(?!#|data:)([^\"]*)\"", html)
    assert {Path(target).suffix for target in targets} == {".svg", ".parquet"}
    assert all((folder / target).is_file() for target in targets)
    assert html.count("<svg ") == len(figures.CHARTS)
    for columns in TABLES.values():
        assert all(f"<code>{column.name}</code>" in html for column in columns)


def test_the_page_begins_with_words_and_six_figures(folder) -> None:
    html = (folder / "report.html").read_text()
    assert "A run &lt;made&gt; by hand" in html
    assert "<made>" not in html
    assert "Of 400 USDC written off the reserve carried 250, the backstop 100 and lenders 50." in html
    keys = html[html.index('<ul class="keys">') : html.index("<h2>")]
    assert re.findall("<li><b>(.*?)</b>", keys) == [
        "520 USDC", "50 USDC", "2 of 2", "4,000 USDC", "25 %", "45 USDC",
    ]  # fmt: skip
    assert html.index("<svg ") < html.index("<table>")
    row = '<th scope="row">bad debt</th><td class="n">520.00 USDC</td><td class="n">0.00 USDC</td>'
    assert f"<tr>{row}</tr>" in html


def test_the_worst_rows_come_first(folder, result) -> None:
    shown = heads(result)
    names = [column.name for column in TABLES["liquidations"]]
    assert shown["liquidations"][0][names.index("kind")] == "shortfall"
    names = [column.name for column in TABLES["pool"]]
    assert [row[names.index("utilisation")] for row in shown["pool"]] == ["0.8", "0.6", "0.5"]
    assert set(WORST) >= set(TABLES)


def test_figures_come_in_other_formats_too(calm, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(figures, "CHARTS", {"prices": figures.CHARTS["prices"]})
    monkeypatch.setattr(page, "CHARTS", figures.CHARTS)
    write(calm, tmp_path / "calm", formats=("png", "pdf"))
    with Image.open(tmp_path / "calm" / "prices.png") as shown:
        assert (shown.format, shown.width) == ("PNG", 1_200)
    assert (tmp_path / "calm" / "prices.pdf").read_bytes().startswith(b"%PDF")
    assert read(tmp_path / "calm").summary["files"].count("prices.pdf") == 1


def test_a_quiet_run_has_a_report_too(calm, tmp_path) -> None:
    write(calm, tmp_path / "calm")
    html = (tmp_path / "calm" / "report.html").read_text()
    assert "Nobody was liquidated. No debt was written off." in html
    assert html.count("<svg ") == 3  # prices, rates and the reserve
    assert '<a href="waterfall.svg">Who carried the losses</a>' in html
    assert pq.read_table(tmp_path / "calm" / "losses.parquet").num_rows == 0


@pytest.mark.usefixtures("quick")
def test_a_report_replaces_an_older_one(result, calm, tmp_path) -> None:
    write(result, tmp_path / "report")
    write(calm, tmp_path / "report")
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["seed"] == 8
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("blow", [KeyboardInterrupt, OSError("disk full")])
@pytest.mark.usefixtures("quick")
def test_a_report_that_breaks_off_leaves_the_older_one(result, tmp_path, monkeypatch, blow) -> None:
    write(result, tmp_path / "report")
    before = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}

    def of_run(*_: object) -> str:
        raise blow

    monkeypatch.setattr(page, "of_run", of_run)
    with pytest.raises(type(blow) if isinstance(blow, OSError) else blow):
        write(result, tmp_path / "report")
    assert {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("quick")
def test_the_older_report_comes_back_when_the_new_one_cannot_move_in(result, tmp_path, monkeypatch) -> None:
    write(result, tmp_path / "report")
    (tmp_path / "report" / "scenario.yaml").write_text("old")
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        if target == tmp_path / "report" and not source.name.endswith("-old"):
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(KeyboardInterrupt):
        write(result, tmp_path / "report")
    assert (tmp_path / "report" / "scenario.yaml").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("name", ["thesis.tex", "summary.json", "vaults.parquet"])
def test_folders_with_other_things_are_left_alone(result, tmp_path, name) -> None:
    """Even when a thing is called like one of a report's files."""
    (tmp_path / name).write_text("years of work")
    with pytest.raises(FolderError) as refusal:
        write(result, tmp_path)
    assert str(refusal.value) == f"{tmp_path} holds more than a report ({name}); name a new or empty folder."
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("quick")
def test_a_report_with_something_added_is_left_alone(result, tmp_path) -> None:
    write(result, tmp_path / "report")
    (tmp_path / "report" / "notes.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"holds more than a report \(notes.txt\)"):
        write(result, tmp_path / "report")


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


def test_a_folder_is_written_by_one_command_at_a_time(tmp_path) -> None:
    mine = tmp_path / "mine"
    with claimed(mine), claimed(tmp_path / "other"), pytest.raises(FolderError) as refused, claimed(mine):
        pass
    assert str(refused.value) == f"Another command is writing {mine}; wait for it, or name another folder."
    with claimed(mine):
        pass
