"""Colours of pages: what is written can be read, and what is drawn can be told from its ground (WCAG 2.1)."""

import re

import pytest

from plimsoll.page import parts

VARIABLES = dict(re.findall(r"--([\w-]+): light-dark\(([^)]+)\)", parts.source("theme.css")))
THEMES = {"light": 0, "dark": 1}
TEXT, DRAWN = 4.5, 3  # success criteria 1.4.3 and 1.4.11
WRITTEN = ("ink", "faint", "accent", "price", "ghost", "health-0")
SHAPES = ("edge", *(f"health-{i}" for i in range(4)), *(f"c{i}" for i in range(8)))


def channels(name: str, theme: str) -> list[float]:
    """Red, green, blue and opacity of a variable, from 0 to 1."""
    digits = VARIABLES[name].split(", ")[THEMES[theme]].removeprefix("#").ljust(8, "f")
    return [int(digits[i : i + 2], 16) / 255 for i in range(0, 8, 2)]


def contrast(one: list[float], other: list[float]) -> float:
    """Of two opaque colours; from https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""
    bright, dim = sorted(
        (
            0.05
            + sum(
                part * (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4)
                for part, each in zip((0.2126, 0.7152, 0.0722), colour[:3], strict=True)
            )
            for colour in (one, other)
        ),
        reverse=True,
    )
    return bright / dim


@pytest.mark.parametrize("theme", THEMES)
def test_colours_have_the_contrast_that_they_need(theme: str) -> None:
    paper, back, water = (channels(name, theme) for name in ("paper", "back", "water"))
    under = [
        over * water[3] + below * (1 - water[3]) for over, below in zip(water[:3], paper[:3], strict=True)
    ]
    needs = [(name, ground, TEXT) for name in WRITTEN for ground in (paper, back)]
    needs += [(name, paper, DRAWN) for name in SHAPES] + [("health-0", under, DRAWN), ("edge", back, DRAWN)]
    short = {name for name, ground, least in needs if contrast(channels(name, theme), ground) < least}
    short |= {
        f"paper on {name}" for name in ("accent", "price") if contrast(paper, channels(name, theme)) < TEXT
    }
    assert short == set()
