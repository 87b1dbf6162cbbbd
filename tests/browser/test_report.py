"""Reports in a browser: any moment of a run, sorted tables, files to take away, hostile names."""

import csv
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page

from plimsoll import lab
from plimsoll.cli.arena import cli as arena
from plimsoll.cli.compare import cli as compare
from plimsoll.report import figures
from plimsoll.report import page as report_page
from plimsoll.report.folder import read
from plimsoll.report.measures import MEASURES
from plimsoll.report.page import of_comparison
from plimsoll.report.scrubber import comparison
from plimsoll.scenario.records import Result
from tests.utils.browser import NARROW, faults, overflow
from tests.utils.laboratory import TINY, parse, play, small_basket

pytestmark = pytest.mark.processes
TITLE = "</script><img src=x onerror=alert(1)>"
SYMBOL = "<b>W</b>"


@pytest.fixture(scope="session")
def played() -> Result:
    """A short fall, with names that would like to be more than text."""
    return play(parse(TINY.replace("A short fall", TITLE).replace("WETH", f"'{SYMBOL}'"), "hostile.yaml"))


@pytest.fixture(scope="session")
def folder(played: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report."""
    made = tmp_path_factory.mktemp("reports") / "run"
    played.report(made)
    return made


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A sweep, two of them beside each other, and a tournament of two rules."""
    made = tmp_path_factory.mktemp("studies")
    (made / "tiny.yaml").write_text(TINY)
    for name in ("one", "other"):
        lab.sweep(lab.load(TINY), {}, 1, out=made / name, workers=1)
    for cli, *words in (
        (compare, made / "one", made / "other", "--out", made / "both"),
        (
            arena,
            made / "tiny.yaml",
            "--rules",
            "plimsoll,morpho-blue",
            "--paths",
            1,
            "--workers",
            1,
            "--out",
            made / "arena",
        ),
    ):
        assert CliRunner().invoke(cli, [str(word) for word in words]).exit_code == 0
    return [made / name for name in ("one", "both", "arena")]


@pytest.fixture
def opened(folder: Path, pages: Callable[..., Page]) -> Callable[..., Page]:
    """Opens it."""

    def make(**options: object) -> Page:
        page = pages(**options)
        page.goto((folder / "report.html").as_uri())
        page.locator("#charts canvas").first.wait_for()
        return page

    return make


def to(page: Page, place: int) -> None:
    page.locator("#moment").evaluate(
        "(each, place) => { each.value = place; each.dispatchEvent(new Event('input')); }", place
    )


def test_the_moment_is_the_same_everywhere(opened: Callable[..., Page], played: Result) -> None:
    page = opened()
    rows = page.locator("#closed tbody tr")
    assert "liquidatable" in page.locator("#now").inner_text()
    to(page, 0)
    assert rows.count() == 0
    assert page.locator("#positions tbody tr").count() == 12
    line = page.locator(".waterline canvas").get_attribute("aria-label")
    assert "0 of 16 positions can be liquidated" in line
    first = page.locator(".timechart canvas").first.screenshot()
    last = page.locator("#moment").get_attribute("max")
    to(page, int(last))
    assert page.locator(".waterline canvas").get_attribute("aria-label") != line
    assert page.locator(".timechart canvas").first.screenshot() != first
    assert rows.count() == min(25, len(played.liquidations))
    assert page.locator("#closed caption").inner_text().startswith("Closed so far, worst first")
    lost = [row.repaid - row.extinguished for row in played.liquidations]
    worst = rows.first.locator("td").nth(5).inner_text()
    assert float(worst.replace(",", "")) == pytest.approx(-min(lost) / 1e6, rel=1e-5)
    page.locator("#moment").press("Home")
    assert rows.count() == 0


def test_a_chart_goes_to_the_moment_that_is_clicked(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator(".u-over").first.click(position={"x": 3, "y": 20})
    assert page.locator("#moment").input_value() == "0"
    button = page.locator("#charts .legend").first.get_by_role("button", name="oracle")
    button.press("Space")
    assert button.get_attribute("aria-pressed") == "false"


def test_a_position_tells_what_became_of_it(opened: Callable[..., Page], played: Result) -> None:
    page = opened()
    to(page, int(page.locator("#moment").get_attribute("max")))
    page.locator("#closed tbody button").first.press("Enter")
    story = page.locator("#story").inner_text()
    assert "At the start it owed" in story
    assert re.search(r"closed by .*, health 0\.\d+ at", story)
    assert any(row.owner in story for row in played.liquidations)


def test_what_the_page_says_is_what_the_tables_say(opened: Callable[..., Page], folder: Path) -> None:
    """At the end: the positions of the waterline, to the digits that are shown."""
    page = opened()
    to(page, int(page.locator("#moment").get_attribute("max")))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="the-waterline as CSV").click()
    with Path(waiting.value.path()).open(newline="") as file:
        shown = {row["name"]: float(row["debt"]) for row in csv.DictReader(file)}
    end = read(folder).tables["positions"].query("moment == 'end'").set_index("owner")["debt"]
    assert len(shown) == len(end)
    for owner, debt in end.items():
        name = f"{str(owner)[:8]}…{str(owner)[-4:]}"
        assert shown[name] == pytest.approx(debt, rel=1e-5, abs=1e-3)


def test_a_basket_has_a_waterline_too(
    pages: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its level is that of all prices; health is what the tables say."""
    monkeypatch.setattr(figures, "CHARTS", {})
    monkeypatch.setattr(report_page, "CHARTS", {})
    play(small_basket()).report(tmp_path / "basket")
    page = pages(size=NARROW)
    page.goto((tmp_path / "basket" / "report.html").as_uri())
    to(page, int(page.locator("#moment").get_attribute("max")))
    line = page.locator(".waterline canvas").get_attribute("aria-label")
    assert "all prices at 70.2\u00a0% of the start: 4 of 20" in line
    end = read(tmp_path / "basket").tables["positions"].query("moment == 'end' and debt > 0")
    lowest = page.locator("#positions tbody tr").first.locator("td").nth(1).inner_text()
    assert float(lowest) == pytest.approx(end["health"].min(), rel=1e-3)
    page.locator("#positions tbody tr").first.click()
    assert "At the start it owed" in page.locator("#story").inner_text()
    assert overflow(page) <= 0


def test_tables_sort_and_figures_can_be_taken_away(opened: Callable[..., Page]) -> None:
    page = opened()
    table = page.locator("table.sorted", has=page.locator("th", has_text="blocks_waited")).last
    numbers = [float(text.replace(",", "")) for text in table.locator("td:nth-child(18)").all_inner_texts()]
    head = table.locator("th").nth(17)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    found = [float(text.replace(",", "")) for text in table.locator("td:nth-child(18)").all_inner_texts()]
    assert found == sorted(numbers, reverse=True)
    prices = page.locator("figure#prices")
    for label, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("vaults.csv", b"block,hour,vault")):
        with page.expect_download() as waiting:
            prices.get_by_text(label, exact=True).click()
        assert Path(waiting.value.path()).read_bytes().startswith(begin)


def test_names_are_text(opened: Callable[..., Page]) -> None:
    page = opened()
    assert page.locator("h1").inner_text() == TITLE
    assert page.locator("img, b:text-is('W')").count() == 0
    assert f"Price of {SYMBOL}" in page.locator("#charts h3").first.inner_text()
    assert SYMBOL in page.locator(".waterline canvas").get_attribute("aria-label")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_phone(opened: Callable[..., Page], dark: bool) -> None:
    page = opened(size=NARROW, dark=dark)
    assert overflow(page) <= 0
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
    to(page, int(page.locator("#moment").get_attribute("max")))
    page.locator("#closed tbody button").first.press("Enter")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert faults(page) == []
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != back


def test_paper_holds_the_widest_table(opened: Callable[..., Page]) -> None:
    page = opened(size=(700, 900))
    page.emulate_media(media="print")
    assert overflow(page) <= 0
    assert not page.get_by_text("Click a chart").is_visible()


def test_two_runs_are_drawn_over_each_other(folder: Path, pages: Callable[..., Page], tmp_path: Path) -> None:
    run = read(folder)
    rows = [[each.title, "1", "1", "0"] for each in MEASURES.values()]
    (tmp_path / "both.html").write_text(of_comparison([run, run], rows, [], folder))
    times = comparison([run, run])["times"]
    assert times[-1] - times[0] == 3600 * run.scenario.duration
    steps = [after - before for before, after in pairwise(times)]
    assert max(steps) - min(steps) <= 1  # second
    page = pages(size=NARROW)
    page.goto((tmp_path / "both.html").as_uri())
    page.locator("#charts canvas").nth(4).wait_for()
    assert page.locator("#charts .legend").first.get_by_role("button").all_inner_texts() == ["A", "B"]
    assert overflow(page) <= 0
    assert faults(page) == []


def test_pages_of_a_sweep_and_of_the_arena_keep_the_rules(
    studies: list[Path], pages: Callable[..., Page]
) -> None:
    """Of accessibility, in light and in dark."""
    page = pages(size=NARROW)
    for folder in studies:
        page.goto((folder / "report.html").as_uri())
        page.locator("#theme").wait_for()
        assert overflow(page) <= 0
        assert faults(page) == []
        page.locator("#theme").click()
        assert faults(page) == []
