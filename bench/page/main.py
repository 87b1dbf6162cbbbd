"""Libraries for pictures on a page: the size of their file, and frames a second with 10,000 positions.

In headless Chromium without a graphics card. Script and processor are milliseconds a frame, the latter of all
processes and whatever else the machine does: frames a second need it to be idle. Every frame draws every
position anew, coloured by its health at another price. The libraries come from npm, see package.json beside
this; candidates.js draws with each. `waterline` is the module of this project, with its axis and words. Last
comes the page of `plimsoll play` with as many positions, whose price moves twice a frame, and what its thread
takes for it.
"""

import gzip
import shutil
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

from plimsoll.page import parts
from plimsoll.play.session import own
from tests.utils.play import DRAG, crowd, serving

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
BLANK = (
    f"<!doctype html><style>{parts.styles()}</style><main></main><script type='importmap'>"
    f"{parts.embedded({}, '')['imports']}</script>"
)
POSITIONS, MILLISECONDS, FRAMES = 10_000, 4_000, 120
FILES = {
    "canvas": (),
    "uplot": ("uplot/dist/uPlot.iife.min.js",),
    "waterline": (),
    "echarts": ("echarts/dist/echarts.min.js",),
    "echarts-svg": ("echarts/dist/echarts.min.js",),
    "plotly": ("plotly.js-dist-min/plotly.min.js",),
    "plot": ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js"),
    "d3": ("d3/dist/d3.min.js",),
    "pixi": ("pixi.js/dist/pixi.min.js",),
    "preact": ("htm/preact/standalone.umd.js",),
    "alpine": ("alpinejs/dist/cdn.min.js",),
}


def processor() -> float:
    """Seconds that the browser's processes have taken of all processors."""
    times = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)


def play(browser: Browser) -> tuple[float, float]:
    """Frames a second while the line is dragged, and milliseconds of the page's thread a frame."""
    page = browser.new_page(reduced_motion="reduce")
    with serving(lambda: own(borrowers=20)) as served:
        page.goto(served.link)
        page.wait_for_selector("#figures dd")
        crowd(served, page, POSITIONS)
        thread = page.context.new_cdp_session(page)
        thread.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            metrics = thread.send("Performance.getMetrics")["metrics"]
            return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

        before, began = worked(), time.monotonic()
        page.evaluate(DRAG, FRAMES)
        took = time.monotonic() - began
        spent = worked() - before
        page.close()
    return FRAMES / took, spent * 1_000 / FRAMES


def main() -> None:
    print("| drawn with | kB | gzipped | frames a second | script | processor |\n|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, files in FILES.items():
            page = browser.new_page()
            page.set_content(BLANK)
            for file in (*(MODULES / each for each in files), HERE / "candidates.js"):
                page.add_script_tag(path=file)
            before = processor()
            frames, rate, script = page.evaluate(f"measure('{name}', {POSITIONS}, {MILLISECONDS})")
            taken = (processor() - before) * 1_000 / frames
            content = b"".join((MODULES / each).read_bytes() for each in files)
            sizes = f"{len(content) / 1000:,.0f} | {len(gzip.compress(content)) / 1000:,.0f}"
            print(f"| {name} | {sizes} | {rate:.0f} | {script:.1f} | {taken:.0f} |", flush=True)
            page.close()
        print("| plimsoll play | | | {:.0f} | {:.1f} | |".format(*play(browser)))
        browser.close()


if __name__ == "__main__":
    main()
