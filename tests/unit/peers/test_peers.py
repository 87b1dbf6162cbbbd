"""`make bench ARGS=peers`: the harness takes the gas of what was done, the document says what was measured.

Most of it needs no peer: Plimsoll and a market that does less than it should are measured here.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.peers import report, several
from bench.peers.floor import floors
from bench.peers.ground import Call, Done, Failed, Ground
from bench.peers.node import node
from bench.peers.operations import BAD_QUOTE, OPERATIONS, Measured, measure
from bench.peers.ours import Basket, Plimsoll, slot_oracle
from bench.peers.packages import ROOT, installed, pinned
from bench.peers.results import plain, ratio, run
from plimsoll.chain.anvil import Anvil
from plimsoll.chain.engine import undone
from plimsoll.units import WAD

RESULTS = json.loads((ROOT / "bench" / "peers.json").read_text())
DOCUMENT = report.DOCUMENT.read_text()
STRANGER = "0x" + "57" * 20


class Sloppy(Plimsoll):
    """A market that refuses withdrawals, lends no flash loans, repays short and skips positions."""

    def withdraw(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "withdraw", amount, who, who, sender=STRANGER)

    def flash_loan(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "accrue", sender=who)

    def repay_all(self, who: str) -> Call:
        return self.repay(who, self.debt(who))  # an hour before: the interest of that hour stays

    def liquidate_many(self, who: str, owners: list[str], repaid: int) -> Call:
        return super().liquidate_many(who, owners[1:] or owners, repaid)


@pytest.fixture(scope="module")
def anvil(anvil: Anvil) -> Iterator[Anvil]:
    """A node of its own: that of the tests keeps no states, which traces need."""
    with node() as engine:
        yield engine


@pytest.fixture(scope="module")
def played(anvil: Anvil) -> Callable[[type[Plimsoll]], tuple[Measured, dict[str, dict[str, int]]]]:
    """A run of one market on the common ground, and the floors; small batches."""

    def played(market: type[Plimsoll]) -> tuple[Measured, dict[str, dict[str, int]]]:
        with undone(anvil):
            ground = Ground(anvil)
            return measure(ground, market(ground, slot_oracle), batches=(1, 3)), floors(ground)

    return played


@pytest.fixture(scope="module")
def honest(played) -> tuple[Measured, dict[str, dict[str, int]]]:
    return played(Plimsoll)


@pytest.fixture(scope="module")
def sloppy(played) -> Measured:
    return played(Sloppy)[0]


def test_two_runs_give_the_same_gas_to_the_unit(played, honest: tuple[Measured, Any]) -> None:
    again, _ = played(Plimsoll)
    assert set(again.operations) == set(OPERATIONS)
    assert asdict(again) == asdict(honest[0])


def test_every_operation_is_done(honest: tuple[Measured, Any]) -> None:
    uses = [use for pair in honest[0].operations.values() for use in pair]
    assert [use for use in (*uses, *honest[0].batches.values()) if not isinstance(use, Done)] == []
    assert honest[0].bad_debt_left == 0


def test_the_committed_gas_is_about_what_is_measured(honest: tuple[Measured, Any]) -> None:
    """To a hundredth: addresses differ beside other deployments, and with them the bytes of calldata."""
    committed = RESULTS["markets"]["plimsoll_slot"]["operations"]
    for name, uses in honest[0].operations.items():
        for use, kind in zip(uses, ("first", "steady"), strict=True):
            assert use.gas == pytest.approx(committed[name][kind]["gas"], rel=0.01), (name, kind)


def test_a_refused_operation_is_failed(sloppy: Measured) -> None:
    assert all(isinstance(use, Failed) and use.reason for use in sloppy.operations["withdraw"])


def test_an_operation_that_moves_nothing_is_failed(sloppy: Measured) -> None:
    expected = f"moved 0 of LOAN, expected {200_000 * WAD} to {200_000 * WAD}"
    assert sloppy.operations["flash_loan"] == (Failed(expected), Failed(expected))


def test_a_repayment_that_leaves_debt_is_failed(sloppy: Measured) -> None:
    for use in sloppy.operations["repay_all"]:
        assert isinstance(use, Failed) and use.reason.startswith("a debt of "), use


def test_a_batch_that_skips_a_position_is_failed(sloppy: Measured) -> None:
    assert isinstance(sloppy.batches[1], Done)
    assert isinstance(sloppy.batches[3], Failed)
    assert sloppy.marginal == Failed("a batch failed")


def test_what_failed_is_shown_as_failed_and_has_no_ratio(sloppy: Measured, tmp_path: Path) -> None:
    results = copy.deepcopy(RESULTS)
    market = plain(sloppy)
    results["markets"]["morpho_blue"]["operations"] = market["operations"]
    results["markets"]["morpho_blue"]["marginal_liquidation"] = market["marginal_liquidation"]
    assert ratio(results, ("plimsoll_slot", "morpho_blue"), "withdraw") is None
    for grid in report.grids(results)[:2]:
        row = next(row for row in grid.rows if row[0] == "withdraw")
        theirs = grid.header.index("Morpho Blue")
        assert row[theirs : theirs + 2] == ("failed", "-")
    assert "withdraw" not in report.dear(results)
    report.draw(results, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 10_000


def test_the_floor_is_below_what_is_measured(honest: tuple[Measured, dict[str, dict[str, int]]]) -> None:
    measured, floor = honest
    assert set(floor) == set(report.ROWS)
    for name, parts in floor.items():
        assert parts["total"] == sum(cost for part, cost in parts.items() if part != "total")
        figure = measured.marginal if name == "marginal_liquidation" else measured.operations[name][1].gas
        assert 0.6 * figure < parts["total"] < figure, name


@pytest.mark.parametrize("count", several.COUNTS)
def test_the_committed_gas_of_a_basket_is_about_what_is_measured(anvil: Anvil, count: int) -> None:
    with undone(anvil):
        ground = Ground(anvil)
        legs = ground.legs(count)
        figures = several.measure(ground, Basket(ground, legs), legs)
    committed = RESULTS["several"]["gas"][str(count)]["plimsoll"]
    assert set(figures) == set(committed)
    for name, figure in figures.items():
        assert figure == pytest.approx(committed[name], rel=0.01), name


@pytest.mark.parametrize("tell", [several.dust, several.silence])
def test_what_a_basket_leaves_of_a_position_with_junk(anvil: Anvil, tell: Callable[..., Any]) -> None:
    with undone(anvil):
        ground = Ground(anvil)
        legs = ground.legs(2)
        told = tell(ground, Basket(ground, legs), legs)
    assert told == RESULTS["several"][tell.__name__]["plimsoll"]


def test_a_basket_books_no_loss_while_junk_is_silent(anvil: Anvil) -> None:
    with undone(anvil):
        ground = Ground(anvil)
        legs = ground.legs(2)
        (step,) = several.silence(ground, Basket(ground, legs), legs, [BAD_QUOTE])
    assert step["refusal"] == "basket: value unknown"


def test_aave_leaves_debt_that_nobody_closes_and_a_basket_none() -> None:
    dust, silence = RESULTS["several"]["dust"], RESULTS["several"]["silence"]
    ours, theirs = (dust[market]["with_junk"] for market in ("plimsoll", "aave_v3"))
    assert not any(ours["held"]) and not any(theirs["held"])
    assert ours["debt"] == 0 < ours["booked"]
    assert theirs["debt"] > 2_500 * WAD and theirs["booked"] == 0 and theirs["again"] == "46"
    assert dust["plimsoll"]["without_junk"]["debt"] < 30 * WAD
    assert all(step["refusal"] for step in silence["aave_v3"])
    assert not any(step["refusal"] for step in silence["plimsoll"])
    last = {market: steps[-1] for market, steps in silence.items()}
    worth = {market: step["held"][0] * step["quote"] for market, step in last.items()}
    assert last["aave_v3"]["debt"] > worth["aave_v3"]
    assert last["plimsoll"]["debt"] < worth["plimsoll"]


def test_the_document_tells_of_several_collaterals_what_was_measured() -> None:
    section = " ".join(DOCUMENT.split("\n## Several collaterals")[1].split("\n## ")[0].split())
    gas, dust, silence = (RESULTS["several"][part] for part in ("gas", "dust", "silence"))
    ours, theirs = dust["plimsoll"], dust["aave_v3"]
    last = silence["plimsoll"][-1]
    worth = last["held"][0] * last["quote"]
    for sentence in (
        f"with 8, a call pays {report.tokens(gas['8']['aave_v3']['paid'])}",
        f"{report.tokens(theirs['without_junk']['debt'])} are still owed",
        f"{report.tokens(theirs['with_junk']['debt'])} are owed by an account without collateral",
        f"closes all but its share of the debt, {report.tokens(ours['without_junk']['debt'])};",
        f"at 1,300 a debt of {report.tokens(last['debt'])} stands on {report.tokens(worth)}",
    ):
        assert sentence in section, sentence


def test_the_document_shows_the_committed_figures() -> None:
    assert report.markdown(RESULTS) in DOCUMENT
    left = RESULTS["markets"]["aave_v3"]["bad_debt_left"]
    assert f"still owes {left // WAD:,} loan tokens" in DOCUMENT


def test_every_dear_row_has_a_reason() -> None:
    section = DOCUMENT.split("## Why")[1].split("\n## ")[0]
    assert [row for row in report.dear(RESULTS) if f"- **{report.title(row)}**: " not in section] == []
    assert section.count("\n- **") == len(report.dear(RESULTS))


def test_versions_are_those_that_were_measured() -> None:
    assert RESULTS["packages"] == pinned()
    for name, version in pinned().items():
        assert f"`{name}` {version}" in DOCUMENT or f"{name} {version}" in DOCUMENT
    for compiler in RESULTS["compilers"].values():
        runs = compiler["settings"]["optimizer"]["runs"]
        assert f"solc {compiler['solc']}" in DOCUMENT and f"{runs:,} runs" in DOCUMENT


@pytest.mark.processes
@pytest.mark.skipif(not installed(), reason="the peers are not installed; `make test` installs them")
def test_a_run_beside_the_peers_gives_the_committed_figures() -> None:
    with node() as engine:
        results = run(Ground(engine))
    assert json.loads(json.dumps(results)) == RESULTS
