"""Two runs side by side."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from plimsoll.cli.compare import cli
from plimsoll.report import figures
from plimsoll.report.compare import compare, lines
from plimsoll.report.folder import FolderError
from plimsoll.report.write import write
from plimsoll.scenario.reading import load
from tests.unit.report.conftest import SCENARIO


@pytest.fixture
def other(calm, tmp_path, quick):
    """The report of a run in which nothing happened."""
    write(calm, tmp_path / "calm")
    return tmp_path / "calm"


def test_a_comparison_has_figures_measures_and_settings(folder, other, tmp_path) -> None:
    summary = compare(folder, other, tmp_path / "both")
    assert json.loads((tmp_path / "both" / "summary.json").read_text())["measures"] == summary["measures"]
    assert summary["measures"]["bad_debt"] == {"a": 520, "b": 0, "difference": -520}
    assert summary["measures"]["borrower_loss"]["difference"] is None
    assert ("seed", "7", "8") in summary["settings"]
    assert ("liquidators.0.kind", "capital", "") in summary["settings"]
    assert ["bad debt", "520.00 USDC", "0.00 USDC", "-520.00 USDC"] in lines(summary)
    html = (tmp_path / "both" / "report.html").read_text()
    assert html.index('<ul class="keys">') < html.index('id="charts"') < html.index("<h2>Measures</h2>")
    assert '<b class="two">520.00 USDC</b><b class="two">→ 0.00 USDC</b>' in html
    assert "-520.00 USDC" in html
    assert {path.stem for path in (tmp_path / "both").glob("*.svg")} == set(figures.CHARTS)


def test_another_path_of_the_same_scenario_is_named(calm, other, tmp_path) -> None:
    """Before any setting: what looks like their doing is that of other prices."""
    write(replace(calm, path=3), tmp_path / "third")
    summary = compare(other, tmp_path / "third", tmp_path / "both")
    assert summary["settings"] == [("--path", "0", "3")]
    assert (summary["a"]["path"], summary["b"]["path"]) == (0, 3)
    page = (tmp_path / "both" / "report.html").read_text()
    assert "seed 8, path 0, revm" in page
    assert "seed 8, path 3, revm" in page
    compare(other, other, tmp_path / "same")
    assert "Nothing: the same scenario on the same path." in (tmp_path / "same" / "report.html").read_text()


def test_prices_differ_by_what_their_files_hold(calm, tmp_path, quick) -> None:
    """Not by their names: each report has a copy of its own."""
    folders = []
    for name, last in (("a", 1_000), ("b", 1_000), ("c", 999)):
        file = tmp_path / f"{name}.csv"
        rows = [f"2024-01-0{day}T0{hour}:00:00,2000,2000,{last},{last}" for day in (1,) for hour in range(3)]
        file.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
        (tmp_path / f"{name}.yaml").write_text(
            SCENARIO.replace(
                "{kind: waypoints, points: [[0, 2000], [1, 1000]]}", f"{{kind: csv, file: {name}.csv}}"
            ).replace("block_seconds: 1800", "block_seconds: 1200")
        )
        scenario = load(tmp_path / f"{name}.yaml")
        update = {"vaults": scenario.vaults[:1], "borrowers": (), "liquidators": ()}
        write(replace(calm, scenario=scenario.model_copy(update=update)), tmp_path / name)
        folders.append(tmp_path / name)
    a, b, c = folders
    assert compare(a, b, tmp_path / "same")["settings"] == []
    ((name, one, other),) = compare(a, c, tmp_path / "other")["settings"]
    assert name == "vaults.0.price.file"
    assert one.startswith("4 lines, SHA-256 ")
    assert one != other


def test_what_is_no_run_is_refused(folder, other, tmp_path) -> None:
    with pytest.raises(FolderError, match=r"nowhere has no summary\.json of a run; name a folder that"):
        compare(folder, tmp_path / "nowhere", tmp_path / "both")
    compare(folder, other, tmp_path / "both")
    with pytest.raises(FolderError, match="both holds a comparison; name a folder that"):
        compare(folder, tmp_path / "both", tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["pool.parquet", "scenario.yaml"])
def test_a_damaged_run_is_refused(folder, other, tmp_path, name) -> None:
    (other / name).write_text("nonsense")
    with pytest.raises(FolderError, match=r"calm is damaged \(.*\); write it again."):
        compare(folder, other, tmp_path / "both")


def test_the_command_shows_the_table_and_the_page(folder, other, tmp_path) -> None:
    reply = CliRunner().invoke(cli, [str(folder), str(other), "--out", str(tmp_path / "both")])
    assert reply.exit_code == 0, reply.output
    assert "-520.00 USDC" in reply.output
    assert "(seed 8, path 0)" in reply.output
    assert "what differs:\n  seed: 7 -> 8\n  vaults.1" in reply.output
    assert "more, see the page\npage: " in reply.output
    reply = CliRunner().invoke(cli, [str(folder), str(folder), "--out", str(tmp_path / "same")])
    assert "what differs:\n  nothing: the same scenario on the same path\npage: " in reply.output


def test_the_command_says_what_is_wrong(folder, tmp_path) -> None:
    reply = CliRunner().invoke(cli, [str(folder), str(tmp_path), "--out", str(tmp_path / "both")])
    assert reply.exit_code == 1
    assert reply.output == (
        f"Error: {tmp_path} has no summary.json of a run; name a folder that `plimsoll run` wrote.\n"
    )
