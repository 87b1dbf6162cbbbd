"""What a sweep leaves for people: page, pictures, and the comparison of two of them."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from plimsoll import lab
from plimsoll.cli.compare import cli as compare
from plimsoll.report import sweep_page
from plimsoll.report.sweep import compact, read, step_of
from plimsoll.report.sweep_page import verdict
from tests.utils.laboratory import TINY

BROWNIAN = {"vaults.0.price": {"kind": "gbm", "start": 200, "hours": 3, "volatility": 15}}
DEPTHS = (50_000, 3e6)


def without_pictures(patch: pytest.MonkeyPatch) -> None:
    """They take most of the time."""
    patch.setattr(sweep_page, "pictures", lambda _study: [])


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """Sweeps of two axes, of one, of the same with a higher bonus, and of a single point."""
    folder = tmp_path_factory.mktemp("sweeps")
    scenario = lab.load(TINY).with_(BROWNIAN)
    axis = {"vaults.0.dex.depth": DEPTHS}
    for name, settings, grid in (
        ("two", {}, axis | {"vaults.0.ltv": (0.8, 0.9)}),
        ("one", {}, axis),
        ("higher", {"vaults.0.bonus_max": 0.12}, axis),
        ("point", {"vaults.0.bonus_max": 0.12}, {}),
    ):
        with pytest.MonkeyPatch.context() as patch:
            if name == "higher":
                without_pictures(patch)
            lab.sweep(scenario.with_(settings), grid, 10, out=folder / name, workers=1)
    return {each.name: each for each in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("two", ["heat-bad_debt_es_99", "heat-bad_debt_mean", "heat-liquidated_debt_mean", "risk"]),
        ("one", ["curve-bad_debt_es_99", "curve-bad_debt_mean", "curve-liquidated_debt_mean", "risk"]),
        ("point", ["risk"]),
    ],
)
def test_the_page_holds_everything(folders, name, drawn) -> None:
    page = (folders[name] / "report.html").read_text()
    shown = re.findall(r'<figure id="(.+?)">', page)
    assert set(drawn) <= set(shown)
    assert page.count("<svg ") == len(shown)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    for each in shown:
        assert (folders[name] / f"{each}.svg").read_text().startswith("<?xml")
        assert (folders[name] / f"{each}.pdf").read_bytes().startswith(b"%PDF")
    summary = json.loads((folders[name] / "summary.json").read_text())
    assert f"{summary['compared']:,} numbers" in page
    paths = 10 * len(summary["points"])
    assert f"{len(summary['points'])} of {paths} beside the contracts' own bytecode" in page  # path 0 of each
    assert ("Impossible corners" in page) == (name == "two")
    assert "too few for their intervals to be trusted" in page


def test_only_settings_that_hold_are_named(tmp_path, monkeypatch) -> None:
    """Not what a later one, or an axis, has changed again."""
    without_pictures(monkeypatch)
    scenario = lab.load(TINY).with_({"vaults.0.dex.depth": 1e5, "seed": 3}).with_({"seed": 4})
    changed = scenario.with_({"vaults.0.dex": {"depth": 2e5}, "hours": 1})
    study = lab.sweep(changed, {"hours": (1, 2)}, out=tmp_path, workers=1)
    assert study.summary["settings"] == ["seed=4", 'vaults.0.dex={"depth": 200000.0}']
    assert "seed=3" not in (tmp_path / "report.html").read_text()


def test_tables_name_steps_as_pictures_do(folders) -> None:
    page = (folders["one"] / "report.html").read_text()
    for step in ("50,000", "3 M"):
        assert f'">{step}</td>' in page
    assert step_of("[{start: 9, end: 10, reason: congestion}]") == "[{start: 9, end: 10, reason: congestion}]"


def test_what_is_zero_everywhere_is_not_drawn(tmp_path) -> None:
    calm = lab.load(TINY).with_(
        {"vaults.0.price": {"kind": "gbm", "start": 200, "hours": 3, "volatility": 0.1}}
    )
    study = lab.sweep(calm, paths=2, out=tmp_path / "calm", workers=1)
    assert study.points["bad_debt_max"].tolist() == [0]
    assert "How likely" not in (tmp_path / "calm" / "report.html").read_text()


def test_a_folder_is_a_sweep_to_compare(folders) -> None:
    found = lab.compare(folders["one"], str(folders["higher"])).set_index("figure")
    assert found.loc["bad_debt_mean", "vaults.0.dex.depth"].tolist() == list(DEPTHS)


def test_the_page_says_where_it_is_worst_and_whether_paths_tell_it_apart(folders) -> None:
    study = read(folders["one"])
    figures = study.points.set_index("vaults.0.dex.depth")["bad_debt_es_99"]
    worst, best, apart, without = verdict(study)
    names = {50_000: "50,000", 3e6: "3 M"}
    assert worst.startswith(f"The ES 99 of bad debt is highest at dex.depth {names[figures.idxmax()]}: ")
    assert best.startswith(f"It is lowest at dex.depth {names[figures.idxmin()]}: ")
    assert re.match(
        r"(The paths tell them apart|These paths do not tell them apart): the difference, path", apart
    )
    assert without.endswith("% of the paths are without bad debt.")
    (alone, _) = verdict(read(folders["point"]))
    assert re.fullmatch(r"The ES 99 of bad debt is [\d,k ]+ USDC \([\d,k ]+ to [\d,k ]+\)\.", alone)


def test_two_sweeps_are_compared_at_every_point(folders, tmp_path) -> None:
    out = tmp_path / "both"
    reply = CliRunner().invoke(
        compare, [str(folders["one"]), str(folders["higher"]), "--out", str(out)], catch_exceptions=False
    )
    assert reply.exit_code == 0, reply.output
    summary = json.loads((out / "summary.json").read_text())
    assert [point["label"] for point in summary["points"]] == ["dex.depth 50,000", "dex.depth 3 M"]
    ours, theirs = (
        pq.read_table(folders[name] / "paths.parquet").to_pandas().groupby("point")["borrowers_cost"].mean()
        for name in ("one", "higher")
    )
    for number, point in enumerate(summary["points"]):
        value, low, high = point["differences"]["borrowers_cost_mean"]
        assert value == pytest.approx(theirs[number] - ours[number])
        assert low <= value <= high
    assert "loss by restorable closes, mean" in (out / "report.html").read_text()
    assert "interval of 95" in reply.output


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("one", "point", "have no grid point in common; repeat one with the axes of the other."),
        ("one", "nowhere", "nowhere holds no finished sweep; name a folder that `plimsoll sweep` wrote."),
        ("one", "one", "one is one of the two; name another folder with --out."),
    ],
)
def test_what_cannot_be_compared_is_refused(folders, tmp_path, a, b, message) -> None:
    out = folders["one"] if a == b else tmp_path / "out"
    words = [str(folders[a]), str(folders.get(b, tmp_path / b)), "--out", str(out)]
    reply = CliRunner().invoke(compare, words, catch_exceptions=False)
    assert reply.exit_code == 1
    assert message in reply.output
    assert not (tmp_path / "out").exists()


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert [compact(amount) for amount in (-0.2, -0.7, -12_345.0)] == ["0", "-1", "-12 k"]
