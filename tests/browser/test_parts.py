"""The parts of a page by themselves: waterline, chart over time, table."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from plimsoll.page import parts
from tests.utils.browser import NARROW, WIDE

pytestmark = pytest.mark.processes
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"
POSITIONS = [
    {
        "id": f"0x{i}",
        "name": HOSTILE if i == 3 else f"borrower {i}",
        "price": 1000 + 10 * i,
        "debt": 100 * (i + 1),
    }
    for i in range(20)
]
SCRIPT = """
import {waterline} from "plimsoll/waterline";
import {timechart} from "plimsoll/timechart";
import {table} from "plimsoll/table";
import {csv, downloads, printed} from "plimsoll/figure";
const positions = window.positions = JSON.parse(document.querySelector("#positions").textContent);
const main = document.querySelector("main");
window.picked = [];
const onselect = each => picked.push(each.id);
window.line = waterline(main, {label: "WETH", unit: "USDC", debtUnit: "USDC", onprice, onselect});
window.rows = table(main, {caption: "positions", columns: [
  {name: "name", key: "name"}, {name: "debt", key: "debt", unit: "USDC", number: true}],
  sort: {key: "debt", descending: true}, limit: 5, onselect, by: "name"});
const times = positions.map((_, i) => 1584000000 + 3600 * i);
window.charts = ["one", "two"].map(title => timechart(main, {title, times, group: "all", series: [
  {name: "low", values: times.map((_, i) => i), colour: "c0", kind: "stack"},
  {name: "high", values: times.map((_, i) => 2 * i), colour: "c1", kind: "stack"}]}));
downloads(main, {name: "line", svg: line.svg, data: () => csv(line.data())});
printed(main, charts[0].svg);
function onprice(price) { window.price = price; line.update({price}); }
line.update({positions, price: 1250});
rows.update(positions);
window.ready = true;
"""


@pytest.fixture
def shown(pages: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """Opens a page of one file with all parts."""

    def show(**options: Any) -> Page:
        made = parts.embedded({}, SCRIPT)
        file = tmp_path / "page.html"
        file.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>parts</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{made["policy"]}">'
            f"<style>{parts.styles()}</style></head><body><main></main>"
            f'<script type="application/json" id="positions">{parts.as_json(POSITIONS)}</script>'
            f'<script>{made["library"]}</script><script type="importmap">{made["imports"]}</script>'
            f'<script type="module">{made["entry"]}</script></body></html>'
        )
        page = pages(**options)
        page.goto(file.as_uri())
        page.wait_for_function("window.ready && charts.every(each => each.svg().length > 500)")
        return page

    return show


def test_the_line_is_dragged_and_moved_by_keys(shown: Callable[..., Page]) -> None:
    page = shown()
    slider = page.get_by_role("slider", name="price of WETH")
    assert "0 of 20 positions can be liquidated" in slider.get_attribute("aria-valuetext")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] - 200, steps=3)
    page.mouse.up()
    assert page.evaluate("price") < 1190
    dragged = page.evaluate("price")
    assert ": 0 of 20" not in slider.get_attribute("aria-valuetext")
    slider.press("ArrowUp")
    assert page.evaluate("price") < dragged
    slider.press("End")
    assert ": 0 of 20" in slider.get_attribute("aria-valuetext")
    page.locator(".waterline canvas").hover(position={"x": 200, "y": 200})
    assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_charts_of_a_group_zoom_together_and_hide_their_series(shown: Callable[..., Page]) -> None:
    page = shown()
    over = page.locator(".u-over").first
    box = over.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    assert page.locator(".legend").nth(1).inner_text() != "low\nhigh"  # the other one shows values too
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 50, steps=3)
    page.mouse.up()
    both = "charts.map(each => (each.svg().match(/L/g) ?? []).length)"
    zoomed = page.evaluate(both)
    assert zoomed[0] == zoomed[1] < 40
    over.dblclick(position={"x": 50, "y": 50})
    assert page.evaluate(both)[1] > zoomed[1]
    whole = page.evaluate("charts[0].svg().length")
    button = page.locator(".legend").first.get_by_role("button", name="high")
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate("charts[0].svg().length") < whole


def test_what_is_always_nothing_has_an_axis_to_one(shown: Callable[..., Page]) -> None:
    page = shown()
    page.evaluate("const none = Array(20).fill(0); charts[0].update({values: [none, none]})")
    assert re.findall(r'text-anchor="end">([^<]+)<', page.evaluate("charts[0].svg()"))[-1] == "1"


def test_a_drawing_nobody_has_seen_keeps_its_legend_within_it(shown: Callable[..., Page]) -> None:
    page = shown()
    out = page.evaluate(
        """async () => {
          const {timechart} = await import("plimsoll/timechart");
          const one = (_, i) => ({name: `borrowers ${i}`, values: [1, i], colour: "c0"});
          const given = {title: "crowded", times: [0, 3600], series: Array.from({length: 24}, one)};
          const drawn = ["", "none"].map(display => {
            const root = document.createElement("div");
            root.style.display = display;
            document.querySelector("main").append(root);
            return timechart(root, given).svg();
          });
          return drawn.map(svg => {
            document.body.insertAdjacentHTML("beforeend", svg);
            const shown = document.body.lastElementChild, {width, height} = shown.viewBox.baseVal;
            const boxes = [...shown.querySelectorAll("text")].map(each => each.getBBox());
            const out = boxes.filter(box => box.x + box.width > width || box.y + box.height > height);
            return [svg.includes("borrowers 23"), /NaN|undefined|null/.test(svg), out.length];
          });
        }"""
    )
    assert out == [[True, False, 0]] * 2


def test_tables_sort_and_texts_are_texts(shown: Callable[..., Page]) -> None:
    page = shown()
    first = page.locator("tbody tr").first
    assert first.inner_text() == "borrower 19\t2000"
    head = page.get_by_role("columnheader", name="debt")
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    assert first.inner_text() == "borrower 0\t100"
    assert page.locator("tbody tr").count() == 5
    assert page.get_by_text(HOSTILE).count() == 1  # the fourth by debt, as it is


def test_rows_are_chosen_with_the_keyboard_and_keep_it(shown: Callable[..., Page]) -> None:
    """Also when they come anew meanwhile."""
    page = shown()
    page.get_by_role("button", name="borrower 18").press("Enter")
    page.evaluate("rows.update(positions.slice(0, -1))")
    assert page.evaluate("document.activeElement.textContent") == "borrower 17"  # where 18 stood
    page.keyboard.press("Space")
    page.get_by_role("cell", name="1800", exact=True).click()
    assert page.evaluate("picked") == ["0x18", "0x17", "0x17"]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_words_at_the_line_cross_neither_ones_own_disc_nor_each_other(
    size: tuple[int, int], shown: Callable[..., Page]
) -> None:
    page = shown(size=size)
    crossed = page.evaluate(
        """() => {
          const crossed = [], place = document.createElement("div");
          document.body.append(place);
          for (const own of [1100, 1150, 1190]) for (const price of [1050, 1100, 1120, 1150, 1160, 1190]) {
            const mine = {id: "you", name: "you", price: own, debt: 1500, mark: true};
            line.update({positions: [...positions, mine], price, ghost: price - 20});
            place.innerHTML = line.svg();
            const svg = place.firstElementChild, ring = [...svg.querySelectorAll("circle[fill=none]")].at(-1);
            const words = [...svg.querySelectorAll("text[stroke]")];
            const boxes = [ring, ...words].map(each => each.getBBox());
            if (words.length !== 4) crossed.push("words are missing");
            boxes.forEach((a, i) => {
              const isOut = a.x < 0 || a.x + a.width > svg.viewBox.baseVal.width;
              if (isOut) crossed.push([own, price, words[i - 1]?.textContent]);
              boxes.slice(i + 1).forEach((b, j) => {
                const isBeside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                if (isBeside || a.y + a.height <= b.y + 2 || b.y + b.height <= a.y + 2) return;
                crossed.push([own, price, words[i - 1]?.textContent ?? "disc", words[i + j].textContent]);
              });
            });
          }
          return crossed;
        }"""
    )
    assert crossed == []


def test_files_to_take_away(shown: Callable[..., Page], tmp_path: Path) -> None:
    page = shown(dark=True)
    found = {}
    for kind in ("PNG", "SVG", "CSV"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"line as {kind}").click()
        found[kind] = Path(waiting.value.path()).read_bytes()
    assert found["PNG"].startswith(b"\x89PNG")
    assert found["SVG"].startswith(b"<svg")
    assert b"nobody is under water" in found["SVG"]
    assert found["CSV"].splitlines()[0] == b"id,name,liquidation price,debt,health"
    assert b"alert(1)" in found["CSV"]
    assert len(found["CSV"].splitlines()) == 21


def test_paper_gets_drawings_in_light_colours(shown: Callable[..., Page]) -> None:
    page = shown(dark=True)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    drawing = page.locator(".printed svg")
    assert drawing.is_visible()
    assert 'fill="rgb(255, 255, 255)"' in drawing.evaluate("each => each.outerHTML")
    assert not page.locator(".timechart").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".printed svg").count() == 0


def test_discs_move_to_where_they_are_now(shown: Callable[..., Page]) -> None:
    """And shrink to nothing where a debt is paid."""
    page = shown(reduced_motion="no-preference")
    page.evaluate("""async () => {
      const to = each => (each.id % 2 ? {debt: 0, price: 0} : {price: 1100});
      const moved = positions.map(each => ({...each, ...to(each)}));
      line.update({positions: moved});
      await new Promise(done => { setTimeout(done, 1500); });
    }""")
    drawn = page.evaluate("line.svg()")
    assert drawn.count("<circle") == 10
    assert len(set(re.findall(r'cy="([\d.]+)"', drawn))) == 1


def test_tables_sort_by_the_values_that_cells_carry(shown: Callable[..., Page]) -> None:
    """Before the texts that they show."""
    page = shown()
    found = page.evaluate("""async () => {
      const {sortable} = await import("plimsoll/table");
      const table = document.createElement("table");
      table.innerHTML = "<tr><th class='n'>size</th></tr>" +
        [["2 k", 2000], ["900", 900], ["none", ""], ["1 M", 1e6]].map(
          ([text, value]) => `<tr><td data-value="${value}">${text}</td></tr>`).join("");
      sortable(table);
      table.querySelector("button").click();
      return [...table.rows].slice(1).map(each => each.textContent);
    }""")
    assert found == ["1 M", "2 k", "900", "none"]


def test_ten_thousand_positions(shown: Callable[..., Page]) -> None:
    """Fluid, whatever else the machine does; `python -m bench page` says how fluid."""
    page = shown()
    spent = page.evaluate("""async () => {
      const one = i => ({id: i, name: `${i}`, price: 1000 + i % 997, debt: 1 + i % 31});
      const many = Array.from({length: 10000}, (_, i) => one(i));
      line.update({positions: many, price: 1500});
      const frame = () => new Promise(requestAnimationFrame);
      await frame(); await frame();
      const taken = [];
      for (let i = 0; i < 15; i += 1) {
        const before = performance.now();
        line.update({price: 1500 - 20 * i});
        await new Promise(done => { requestAnimationFrame(() => done()); });
        taken.push(performance.now() - before);
      }
      return taken.sort((a, b) => a - b)[7];
    }""")
    assert spent < 200  # many times what it takes, on a machine that has other work
