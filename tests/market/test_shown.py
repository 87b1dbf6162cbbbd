"""What people see: one line, tables in a terminal, HTML in a notebook, sentences for refusals."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from plimsoll import Market, Refused
from plimsoll.market.refusals import HINTS
from plimsoll.market.show import text

ROOT = Path(__file__).parents[2]


@pytest.fixture
def busy(market: Market) -> Market:
    for name, debt in (("alice", 15_000), ("carol", 12_500), ("dave", 3_000)):
        market.borrower(name, collateral=10, debt=debt)
    market.price = 1_750
    return market


def printed(what: object, width: int = 120, colours: bool = False) -> str:
    console = Console(width=width, force_terminal=colours, color_system="standard" if colours else None)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


class Tables(HTMLParser):
    """The cells of every table, and what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.cells.append(data.strip())


def test_one_line(busy: Market) -> None:
    assert re.fullmatch(
        r"Market pUSDC/weth on pyrevm [\d.]+: 1 WETH = 1,750 USDC, 30,500 of 1,000,000 USDC lent", repr(busy)
    )


def test_in_a_terminal(busy: Market) -> None:
    lines = printed(busy).splitlines()
    assert lines[0] == repr(busy)
    (debt,) = [line.split(maxsplit=1)[1] for line in lines if line.startswith("debt")]
    assert debt.strip() == "30,500.00 USDC"
    rows = [line.split() for line in lines if line.split()[:1] in (["alice"], ["carol"], ["dave"])]
    assert rows == [
        ["alice", "10.00", "15,000.00", "0.9683", "1,807.23", "yes"],
        ["carol", "10.00", "12,500.00", "1.162", "1,506.02", "no"],
        ["dave", "10.00", "3,000.00", "4.842", "361.45", "no"],
    ]


def test_health_has_a_colour(busy: Market) -> None:
    shown = printed(busy, colours=True)
    for name, figure, colour in (
        ("alice", "0.9683", "1;31"),
        ("carol", "1.162", "33"),
        ("dave", "4.842", "32"),
    ):
        (line,) = [line for line in shown.splitlines() if name in line]
        assert re.search(rf"\x1b\[{colour}m *{re.escape(figure)}", line), line


def test_in_a_notebook(busy: Market) -> None:
    tables = Tables()
    html = busy._repr_html_()
    tables.feed(html)
    assert tables.open == []
    for cell in ("alice", "carol", "dave", "30,500.00 USDC", repr(busy)):
        assert cell in tables.cells
    assert "color" not in html  # so that it is read on light and dark pages
    busy.borrower("<b>eve</b>", collateral=10, debt=3_000)
    assert "<b>eve" not in busy._repr_html_()


def test_answers_are_tables_as_well(busy: Market) -> None:
    done = busy.liquidate("alice", by="bob")
    assert "health after" in printed(done) and "1.05" in printed(done)
    assert "<b>liquidation</b>" in done._repr_html_()
    assert "4.265 WETH" in printed(busy.wallet("bob"))


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0.00"),
        (float("inf"), "∞"),
        (0.123456, "0.1235"),
        ("x", "x"),
    ],
)
def test_figures(figure: object, shown: str) -> None:
    assert text(figure) == shown


def test_every_hint_is_for_a_reason_that_a_contract_has() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "contracts").rglob("*.vy"))
    reasons = set(re.findall(r'"([a-z]+: [^"]+)"', sources))
    assert set(HINTS) <= reasons
    for hint in HINTS.values():
        assert hint[0].isupper() and hint.endswith(".")


def test_a_refusal_is_a_reason_and_what_to_do() -> None:
    assert str(Refused("vault: healthy")) == f"vault: healthy. {HINTS['vault: healthy']}"
    assert str(Refused("")).startswith("no reason given. A balance is too small")
    assert (
        str(Refused("factory: not a pool"))
        == "factory: not a pool. SPECIFICATION §14 says when that happens."
    )
