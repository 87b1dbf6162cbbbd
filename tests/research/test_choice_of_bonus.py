"""The choice of the bonus: two choices in one market, as the page has them."""

import pytest

from plimsoll.arena import variation
from tests.utils.notebooks import study

pytestmark = [pytest.mark.slow, pytest.mark.replay]
MARKET = "august-2024, thin"


def test_the_page_says_what_the_arena_plays() -> None:
    before = variation.PICKY
    choices = "[DEFAULT, (0.02, 0.08, 0.93, 0.1)]"
    names, page = study("choice-of-bonus", PATHS="8", ALONE="1", CHOICES=choices, PLAYED=f'("{MARKET}",)')
    header, *_ = [line for line in page.splitlines() if MARKET in line and line.startswith("| choice")]
    column = header.split(" | ").index(MARKET)
    lost, paid = (names[name][MARKET].tolist() for name in ("loss", "paid"))
    for label, ours in {
        "2 to 10 %, 0.93, 0.1": (lost[0], paid[0]),
        "2 to 8 %, 0.93, 0.1": (lost[1], paid[1]),
    }.items():
        told = [line.split(" | ") for line in page.splitlines() if line.startswith(f"| {label} |")]
        assert [cells[column].rstrip(" |") for cells in told[:2]] == [f"{figure:,.1f}" for figure in ours]

    assert before == variation.PICKY  # what the notebook changes of the package it changes back

    # dominated: less is lost in the tail, and less is paid
    assert lost[1] < lost[0]
    assert paid[1] < paid[0]
