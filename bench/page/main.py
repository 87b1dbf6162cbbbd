"""Libraries for pictures on a page: the size of their file, and frames a second with 10,000 positions.

In headless Chromium without a graphics card. Every frame draws every position anew, coloured by its health at
another price. The libraries come from npm, by bench/page/package.json; candidates.js draws with each.
"""

import gzip
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
POSITIONS, MILLISECONDS = 10_000, 4_000
FILES = {
    "canvas": (),
    "uplot": ("uplot/dist/uPlot.iife.min.js",),
    "echarts": ("echarts/dist/echarts.min.js",),
    "echarts-svg": ("echarts/dist/echarts.min.js",),
    "plotly": ("plotly.js-dist-min/plotly.min.js",),
    "plot": ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js"),
    "d3": ("d3/dist/d3.min.js",),
    "pixi": ("pixi.js/dist/pixi.min.js",),
    "preact": ("htm/preact/standalone.umd.js",),
    "alpine": ("alpinejs/dist/cdn.min.js",),
}


def main() -> None:
    print("| drawn with | kB | gzipped | frames a second | ms of script a frame |\n|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, files in FILES.items():
            page = browser.new_page()
            page.set_content("<!doctype html><main></main>")
            for file in (*(MODULES / each for each in files), HERE / "candidates.js"):
                page.add_script_tag(path=file)
            rate, script = page.evaluate(f"measure('{name}', {POSITIONS}, {MILLISECONDS})")
            content = b"".join((MODULES / each).read_bytes() for each in files)
            sizes = f"{len(content) / 1000:,.0f} | {len(gzip.compress(content)) / 1000:,.0f}"
            print(f"| {name} | {sizes} | {rate:.0f} | {script:.1f} |", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
