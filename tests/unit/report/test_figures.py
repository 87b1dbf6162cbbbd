"""Figures: nothing covers anything, nothing is cut off, and what stands there is true."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from plimsoll.page import parts
from plimsoll.report import figures
from plimsoll.report.figures import calendar, style
from plimsoll.report.figures.closes import morpho_bonus
from plimsoll.report.figures.flows import paid
from plimsoll.report.figures.sheet import names, shade
from plimsoll.report.figures.writing import picture
from plimsoll.report.folder import read
from plimsoll.report.write import write
from tests.unit.report.conftest import draw_nothing
from tests.utils.laboratory import tiny


@pytest.fixture(scope="module")
def runs(folder, calm, tmp_path_factory):
    """Two: of two vaults and of one."""
    other = tmp_path_factory.mktemp("calm") / "report"
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        write(calm, other)
    return [read(folder), read(other)]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", figures.CHARTS)
def test_panels_title_and_legend_have_their_places(runs, name, count) -> None:
    figure = figures.draw(name, runs[:count])
    renderer = figure.canvas.get_renderer()
    boxes = [panel.get_tightbbox(renderer) for panel in figure.axes if panel.get_visible()]
    boxes += [part.get_window_extent(renderer) for part in (*figure.texts, *figure.legends)]
    for box in boxes:
        assert (box.min >= 0).all()
        assert (box.max <= figure.bbox.max).all()
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    assert sum(box.width * box.height for box in boxes) > figure.bbox.width * figure.bbox.height / 2
    if count == 2:  # on the same axes
        left, right = [panel for panel in figure.axes if panel.get_visible()][:2]
        assert (left.get_xlim(), left.get_ylim()) == (right.get_xlim(), right.get_ylim())


def test_hours_without_blocks_are_marked() -> None:
    scenario = tiny("sequencer={halts: [{start: 0.5, end: 1.5}]}", "vaults.0.halts=[{start: 1, end: 2}]")
    panel = Figure().subplots()
    shade(panel, SimpleNamespace(scenario=scenario), 0)
    marked = {each.get_label(): (each.get_x(), each.get_x() + each.get_width()) for each in panel.patches}
    assert marked["there are no blocks"] == (0.5, 1.5)
    assert marked["the token is halted"] == (1, 2)
    assert len(marked) == 3  # and a liquidator is out


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["liquidated", "drawdown", "frontier", "debt-over-time", "liquidations"])
def test_axes_that_two_runs_share_hold_both(runs, name, first) -> None:
    tables = dict(runs[0].tables)
    for table in ("liquidations", "losses", "ladder"):
        amounts = tables[table].select_dtypes(float).columns.difference(["hour", "price", "health_before"])
        tables[table] = tables[table].copy()
        tables[table][amounts] /= 10
    tables["liquidations"]["collateral_before"] *= 20
    smaller = replace(runs[0], tables=tables)
    figure = figures.draw(name, [runs[0], smaller] if first == 0 else [smaller, runs[0]])
    for panel in figure.axes:
        data, view = panel.dataLim, panel.viewLim
        if name != "frontier" and np.isfinite(data.extents).all():  # whose line goes on
            assert data.y1 <= view.y1 and data.x1 <= view.x1 + 1e-9
        for marks in panel.collections:
            if marks.get_label().endswith("ours"):
                assert (marks.get_offsets() <= view.max).all()


def test_the_same_run_has_the_same_files(runs, tmp_path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        figures.save("frontier", runs[:1], folder, ("svg", "pdf", "png"))
    for kind in ("svg", "pdf", "png"):
        one, two = ((tmp_path / name / f"frontier.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two, kind


def test_a_picture_in_a_page_has_no_title_and_the_pages_colours(runs, tmp_path) -> None:
    figures.save("health", runs[:1], tmp_path, ("svg",))
    svg = (tmp_path / "health.svg").read_text()
    assert "by hand; seed 7, revm" in svg
    shown = picture(svg, "Health <b>")
    assert "by hand" not in shown
    assert 'aria-label="Health &lt;b&gt;"' in shown
    assert "health factor" in shown
    used = {colour for colour, name in style.ON_PAGES.items() if f"var(--{name})" in shown}
    assert used >= {style.PAPER, style.INK, style.GRID, style.BLUE, style.SKY, style.VERMILLION}
    assert not any(f": {colour}" in shown for colour in style.ON_PAGES)


def test_names_of_tokens_are_no_markup_and_no_formula(runs, tmp_path) -> None:
    run = runs[0]
    vaults = [
        vault.model_copy(update={"collateral": vault.collateral.model_copy(update={"symbol": symbol})})
        for vault, symbol in zip(run.scenario.vaults, ("<b>$x^$", "]]>&1.23456"), strict=True)
    ]
    odd = replace(run, scenario=run.scenario.model_copy(update={"vaults": tuple(vaults)}))
    figures.save("prices", [odd], tmp_path, ("svg",))
    svg = (tmp_path / "prices.svg").read_text()
    assert "<b>" not in svg
    assert "USDC for 1 &lt;b&gt;$x^$" in svg
    assert "1.23456" in svg


def test_the_path_is_named_where_it_tells_something(runs) -> None:
    at = [replace(runs[0], summary=runs[0].summary | {"path": path}) for path in (0, 3)]
    assert names(at[:1]) == ["A run <made> by hand; seed 7, revm"]
    assert names(at[1:]) == ["A run <made> by hand; seed 7, path 3, revm"]
    assert [", path 0" in names(at)[0], ", path 3" in names(at)[1]] == [True, True]


@pytest.mark.parametrize(
    ("start", "hours", "places", "labels"),
    [
        ("2020-03-12T00:00", 47, [0, 6, 12, 18, 24, 30, 36, 42], ["12 Mar\n+0 h", "06:00\n+6 h"]),
        ("2024-08-04T22:30", 12, [1.5, 3.5, 5.5, 7.5, 9.5, 11.5], ["5 Aug\n+1:30 h", "02:00\n+3:30 h"]),
        ("2025-10-10T21:00", 1, [0, 1 / 6, 1 / 3, 0.5, 2 / 3, 5 / 6, 1], ["21:00\n+0 h", "21:10\n+0:10 h"]),
        ("2021-05-01T06:00", 24 * 30, [162, 330, 498, 666], ["8 May\n+162 h", "15 May\n+330 h"]),
    ],
)
def test_times_are_marked_at_round_times_of_the_day(start, hours, places, labels) -> None:
    found = calendar.ticks(datetime.fromisoformat(start).replace(tzinfo=UTC), hours, 9)
    assert found[0] == pytest.approx(places)
    assert found[1][:2] == labels


def test_runs_of_different_days_share_the_hours(runs) -> None:
    later = runs[1].scenario.model_copy(update={"start": datetime(2022, 6, 1, tzinfo=UTC)})
    figure = figures.draw("rates", [runs[0], replace(runs[1], scenario=later)])
    assert figure.axes[-1].get_xlabel() == "hours since the start"
    figure = figures.draw("rates", runs)
    assert figure.axes[-1].get_xlabel().startswith("UTC, from ")


def test_closes_of_ours_stand_below_the_frontier_and_shortfalls_on_it(runs) -> None:
    figure = figures.draw("frontier", runs[:1])
    marks = {
        (number, kind.get_label()): kind.get_offsets()
        for number, panel in enumerate(figure.axes)
        for kind in panel.collections
        if kind.get_label().endswith("ours")
    }
    ((ltv, bonus),) = marks[0, "restorable close, ours"]
    assert ltv == pytest.approx(5_000 / 1_250, rel=1) and bonus == pytest.approx(0.05)
    ((ltv, bonus),) = marks[0, "shortfall close, ours"]
    assert ltv == 1.5  # 10, at the edge
    assert np.isclose(bonus, 1 / 1.5 - 1)


def test_bad_debt_follows_the_fall_of_the_price(runs) -> None:
    """It ends at the measure of that name."""
    figure = figures.draw("drawdown", runs[:1])
    lines = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines}
    assert lines["with debt beyond the worth of its collateral"] == [[0, 0], [0.375, 250], [0.75, 520]]
    assert lines["written off so far"] == [[0, 0], [0.375, 0], [0.75, 400]]
    assert lines["at the end"] == [[0.75, runs[0].summary["measures"]["bad_debt"]]]


def test_debt_stands_at_its_price_and_time(runs) -> None:
    figure = figures.draw("debt-over-time", runs[:1])
    (image,) = figure.axes[0].images
    depth = image.get_array()[..., 3]
    left, right, low, high = image.get_extent()
    assert (left, right) == (0, runs[0].scenario.duration)

    def shown(hour: float, price: float) -> float:
        row = int((np.log10(price) - low) / (high - low) * depth.shape[0])
        return float(depth[row, int(hour / right * (depth.shape[1] - 1))])

    assert shown(0.2, 1_610) == shown(0.7, 1_610) == 1
    assert shown(0.7, 655) == shown(1, 1_610) == 0
    assert shown(1, 655) == pytest.approx((1_620 / 4_000) ** 0.5)


def test_payments_are_summed_turned_and_named(runs) -> None:
    found = [(*each.ends, each.purpose, round(each.value)) for each in paid(runs[0].tables["flows"])]
    assert found == [
        ("reserve", "borrowers", "loss", 250),
        ("borrowers", "liquidator 0", "bonus", 150),
        ("backstop", "borrowers", "loss", 100),
        ("dex 0", "arbitrageur 0", "trade", 20),
        ("liquidator 0", "reserve", "fee", 3),
        ("liquidator 0", "validators", "others", 3),
    ]


def test_bands_fill_the_bars_of_both_sides(runs) -> None:
    """A band of a payment is as wide as its part of all, at both ends, and none lies on another."""
    (panel,) = figures.draw("flows", runs[:1]).axes
    bands = [
        patch.get_path().vertices for patch in panel.patches if patch.get_path().vertices.shape == (9, 2)
    ]
    bars = [bar.get_bbox() for bars in panel.containers for bar in bars]
    assert len(bands) == 6
    for first, last, bar_end in ((0, 7, "x1"), (3, 4, "x0")):
        edges = sorted((band[last][1], band[first][1]) for band in bands)
        assert sum(high - low for low, high in edges) == pytest.approx(1)
        assert all(low >= high - 1e-9 for (_, high), (low, _) in pairwise(edges))
        here = [bar for bar in bars if getattr(bar, bar_end) == pytest.approx(bands[0][first][0])]
        assert sum(bar.height for bar in here) == pytest.approx(1)
        for low, high in edges:
            assert any(bar.y0 - 1e-9 <= low and high <= bar.y1 + 1e-9 for bar in here)
    texts = {text.get_text() for text in panel.texts}
    assert {"borrowers: 150 USDC", "borrowers: 350 USDC", "validators: 3 USDC"} <= texts


def test_morphos_bonus_is_that_of_its_documentation() -> None:
    assert morpho_bonus(0.86) == pytest.approx(0.0438, abs=1e-4)
    assert morpho_bonus(0.385) == pytest.approx(0.15)


def _seen(colour: str, kind: str) -> np.ndarray:
    """A colour in CIELAB, as people see it who lack a kind of cone (Machado, Oliveira, Fernandes 2009)."""
    deficient = {
        "none": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                   [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
    }[kind]  # fmt: skip
    coded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    xyz = to_xyz @ np.clip(deficient @ linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("kind", ["none", "protan", "deutan", "tritan"])
def test_colour_blind_people_tell_all_colours_apart(kind) -> None:
    """On paper, and on light and dark pages."""
    pairs = re.findall(r"--(c|health-)\d: light-dark\((.{7}), (.{7})\)", parts.source("theme.css"))
    assert len(pairs) == 8 + 4
    pages = [
        [each[page] for each in pairs if each[0] == what] for what in ("c", "health-") for page in (1, 2)
    ]
    for colours in (style.COLOURS, *pages):
        for one, other in combinations(colours, 2):
            assert np.linalg.norm(_seen(one, kind) - _seen(other, kind)) > 15, (one, other)
