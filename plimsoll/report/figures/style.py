"""Colours and type of all pictures.

The colours are Okabe and Ito's, which colour-blind people tell apart, with a brown for their yellow, which
does not show on white. On a dark page each has another shade; see `CSS`.
"""

from typing import Any

INK, GREY, PALE, GRID, PAPER = "#222222", "#8a8a8a", "#d0d0d0", "#dddddd", "#ffffff"
BLUE, SKY, GREEN = "#0072b2", "#56b4e9", "#009e73"
ORANGE, VERMILLION, PURPLE, BROWN = "#e69f00", "#d55e00", "#cc79a7", "#7a5c2e"
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BROWN, INK)
"""Of things that a picture tells apart, in this order."""

DARK = {
    INK: "#e8e8e8", GREY: "#9b9b9b", PALE: "#5a5f66", GRID: "#33383f", PAPER: "#15181c",
    BLUE: "#3f93e6", SKY: "#9fdcff", GREEN: "#12b886",
    ORANGE: "#ffb52e", VERMILLION: "#ff6a3d", PURPLE: "#d98bc4", BROWN: "#8c6d3f",
}  # fmt: skip
"""What stands on a dark page for each colour."""

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
