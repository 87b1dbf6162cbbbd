"""Figures as files: SVG, PNG and PDF, the same for the same run; and an SVG's picture for a page."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plimsoll.report.figures.style import DPI, ON_PAGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPRESSION = 3  # of 9, of a PNG
_PLACES = re.compile(r' (?:d|x|y)="[^"]*"')
_DIGITS = re.compile(r"(\d\.\d\d)\d+")
_GROUP = re.compile(r'<g id="(?!title-)[^"]*"')
_TITLE = re.compile(r'<g id="title-(\d+)(-empty)?".*?</g>', re.S)
_SIZE = re.compile(r'<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')
_ABOUT = re.compile(r"<metadata>.*?</metadata>|<style type=.*?</style>", re.S)
_COLOUR = re.compile(r"(?<=: )#[0-9a-f]{6}\b")


def write(figure: Figure, path: Path) -> None:
    """Writes a figure as what its file's name ends with.

    Raises:
        FileNotFoundError: there is no folder for it.
        ValueError: it ends with no format.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} for {path.name}; make it first")
    match path.suffix:
        case ".svg":
            _svg(figure, path)
        case ".png":
            _png(figure, path)
        case ".pdf":
            from matplotlib.backends.backend_pdf import FigureCanvasPdf

            FigureCanvasPdf(figure).print_pdf(path, metadata={"CreationDate": None})
        case other:
            raise ValueError(
                f"{other or path.name} is no format of a figure; end the name in .svg, .pdf or .png"
            )


def _png(figure: Figure, path: Path) -> None:
    """`Figure.savefig` would draw it twice, for layouts that settle late."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(DPI)  # SVG has 72, and leaves it so
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(path, compress_level=COMPRESSION)


def _svg(figure: Figure, path: Path) -> None:
    """To a hundredth of a point, and without the names of what it is made of."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = StringIO()
    rcParams["svg.hashsalt"] = path.stem  # what is defined in two pictures of a page has two names
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    rounded = _PLACES.sub(lambda place: _DIGITS.sub(r"\1", place[0]), text.getvalue())
    path.write_text(_GROUP.sub("<g", rounded), encoding="utf-8")


def picture(svg: str, label: str) -> str:
    """What stands in a page for the text of an SVG file: without its title, in the colours of the page.

    Nothing does for a figure without anything in it.

    Args:
        svg: as `write` left it.
        label: what is read aloud.
    """
    size, title = _SIZE.search(svg), _TITLE.search(svg)
    if size is None or title is None:
        raise ValueError("this SVG is no figure of a report")
    if title[2]:
        return ""
    width, height, above = float(size[1]), float(size[2]), int(title[1])
    body = _ABOUT.sub("", svg[size.end() : title.start()] + svg[title.end() :])
    body = _COLOUR.sub(_shade, body).replace("xlink:href", "href")
    box = f"0 {above} {width:g} {height - above:g}"
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(label)}">{body}'


def _shade(colour: re.Match[str]) -> str:
    """A colour of the page for one of ours."""
    return f"var(--{ON_PAGES[colour[0]]})" if colour[0] in ON_PAGES else colour[0]
