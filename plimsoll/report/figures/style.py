"""Colours and type of all pictures.

The colours are Okabe and Ito's, which colour-blind people tell apart, with a brown for their yellow, which
does not show on white. In a page each is a variable, light or dark; see `ON_PAGES`.
"""

from typing import Any

INK, GREY, PALE, GRID, PAPER = "#222222", "#8a8a8a", "#d0d0d0", "#dddddd", "#ffffff"
BLUE, SKY, GREEN = "#0072b2", "#56b4e9", "#009e73"
ORANGE, VERMILLION, PURPLE, BROWN = "#e69f00", "#d55e00", "#cc79a7", "#7a5c2e"
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BROWN, INK)
"""Of things that a picture tells apart, in this order."""

ON_PAGES = {
    INK: "ink", GREY: "grey", PALE: "pale", GRID: "line", PAPER: "paper",
    BLUE: "c0", VERMILLION: "c1", GREEN: "c2", ORANGE: "c3", PURPLE: "c4", SKY: "c5", BROWN: "c6",
}  # fmt: skip
"""The variable of `plimsoll/page/static/theme.css` that stands in a page for each colour."""

DPI = 120

STYLE: Any = {
    "text.parse_math": False,  # a token may be called $USD$
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9.5,
    "svg.fonttype": "none",  # text that can be searched and read aloud
    "pdf.fonttype": 42,  # TrueType, which journals ask for
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # Verdana is as wide, where the other lacks
}
"""matplotlib's settings."""
