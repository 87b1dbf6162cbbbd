"""A price for blocks: base fees, bids that are paid, room that is short, and what MEV takes."""

import re

import pytest

from plimsoll.report.measures import measure
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.scenario.records import FeeRow, Result
from plimsoll.units import HOUR
from tests.utils.laboratory import ROOT, SCENARIOS, play, small_basket, tiny

GAS = "gas={ether: 200, base_fee: [[0, 20]]}"
FAST = "block_seconds=120"
GWEI = 10**9


def two(first: str, second: str, *settings: str) -> Result:
    """Two liquidators without capital, who want the same."""
    return play(tiny(FAST, GAS, f"liquidators=[{{kind: flash{first}}}, {{kind: flash{second}}}]", *settings))


def fees_of(result: Result, number: int) -> list[FeeRow]:
    return [row for row in result.fees if row.agent == f"liquidator {number}"]


def bids(result: Result, number: int) -> float:
    """Whole loan tokens."""
    return sum(row.bids_paid for row in fees_of(result, number)) / 10**6


def closes(result: Result, number: int) -> int:
    return sum(close.liquidator == f"liquidator {number}" for close in result.liquidations)


def last(result: Result, key: str, number: int) -> float:
    rows = [it for it in result.agents if it.agent == f"liquidator {number}" and it.key == key]
    return rows[-1].value


def test_gas_costs_the_base_fee_of_the_hour_and_the_bid() -> None:
    spike = "gas={ether: 200, base_fee: [[0, 20], [0.5, 20], [0.6, 120]]}"
    result = play(tiny(FAST, spike))
    assert fees_of(result, 0)
    for row in result.fees:
        gwei = 20 + 100 * min(1, max(0, (row.hour - 0.5) / 0.1))
        for paid, rate in ((row.gas_paid, gwei), (row.bids_paid, 10)):
            if rate == gwei or row.agent.startswith("liquidator "):
                exact = row.gas * rate * GWEI * 200 * 10**6 / 10**18
                assert exact - 1 <= paid <= exact + row.transactions
    assert any(row.hour < 0.5 for row in result.fees)
    assert any(row.hour > 0.6 for row in result.fees)


def test_what_is_paid_leaves_the_keepers_money() -> None:
    result = two("", ", latency: 1")
    plain = play(tiny(FAST, "liquidators=[{kind: flash}, {kind: flash, latency: 1}]"))
    for number in (0, 1):
        paid = sum(row.gas_paid + row.bids_paid for row in fees_of(result, number))
        assert paid == last(result, "gas_paid", number) + last(result, "bids_paid", number) > 0
    assert measure(result)["liquidators_profit"] < measure(plain)["liquidators_profit"]
    found = measure(result)
    assert found["gas_paid"] == pytest.approx(2 * found["bids_paid"], rel=1e-3)


def test_dear_gas_leaves_small_closes_undone() -> None:
    cheap, dear = (play(tiny(FAST, f"gas={{ether: 200, base_fee: [[0, {fee}]]}}")) for fee in (1, 2_000))
    assert 0 < len(dear.liquidations) < len(cheap.liquidations)
    assert measure(dear)["liquidators_profit"] > 0


def test_in_public_the_highest_limit_wins_for_what_the_other_would_pay() -> None:
    """And who loses pays for a transaction that reverts, at the bid that it had come to."""
    result = two(", pays: 0.5", ", pays: 0.9")
    assert closes(result, 0) == 0 < closes(result, 1)
    alone = two("", ", pays: 0.9")
    assert bids(alone, 1) < bids(result, 1) / 20
    sealed = two(", pays: 0.5", ", pays: 0.9, private: true")
    assert bids(result, 1) < 0.7 * bids(sealed, 1)
    assert bids(result, 0) > 100
    assert last(result, "profit", 0) < 0


def test_in_private_bids_are_sealed_and_reverts_cost_nothing() -> None:
    result = two(", pays: 0.5, private: true", ", pays: 0.9, private: true")
    assert closes(result, 0) == 0 < closes(result, 1)
    assert sum(result.reverts[key] for key in result.reverts if key[0] == "liquidator 0") > 10
    assert fees_of(result, 0) == []
    assert last(result, "profit", 0) == 0
    paid, kept = bids(result, 1), last(result, "profit", 1) / 10**6
    assert paid / (paid + kept) == pytest.approx(0.9, abs=0.02)


def test_what_finds_no_room_waits_with_all_that_its_sender_sends_after_it() -> None:
    full = play(tiny(FAST, "gas={ether: 200, base_fee: [[0, 20]], limit: 1_000_000}", *CROWD))
    free = play(tiny(FAST, GAS, *CROWD))
    by_block: dict[int, int] = {}
    for row in full.fees:
        by_block[row.block] = by_block.get(row.block, 0) + row.gas
    assert 800_000 < max(by_block.values()) <= 1_000_000
    most = max(sum(it.gas for it in free.fees if it.block == row.block) for row in free.fees)
    assert most > 1_000_000
    assert full.compared > 50


CROWD = (
    "borrowers=[{count: 60, total_debt: 200_000, health: {min: 1.1, max: 1.12}, "
    "behaviour: {kind: top_up, below: 1.08, to: 1.3}}]",
)


def test_baskets_pay_for_gas_too() -> None:
    free, dear = (small_basket(f"gas={{ether: 200, base_fee: [[0, {fee}]]}}", "hours=2") for fee in (0, 500))
    found = [play(it) for it in (free, dear)]
    assert found[1].fees
    assert len(found[1].liquidations) < len(found[0].liquidations)


@pytest.mark.parametrize(("share", "saved"), [("1", 1.0), ("0.25", 0.25), ("0", 0.0)])
def test_what_bids_would_have_covered(share: str, saved: float) -> None:
    """A loss takes what was bid up to its block and no loss before it has taken, and no more than it is."""
    result = two(", pays: 0.3, private: true", ", pays: 0.2, private: true", f"gas.reserve_share={share}")
    part, left, covered = float(share), 0.0, 0.0
    paid = {row.block: row.bids_paid for row in fees_of(result, 0)}
    events = sorted({*paid, *(loss.block for loss in result.losses)})
    for block in events:
        left += paid.get(block, 0) * part
        for loss in (it for it in result.losses if it.block == block):
            used = min(left, loss.backstop + loss.lenders)
            left, covered = left - used, covered + used
    assert measure(result)["saved_by_bids"] == pytest.approx(covered / 10**6, abs=1e-4)
    assert (covered > 0) == (saved > 0)


def test_what_is_paid_is_in_the_flows() -> None:
    """With ether from elsewhere, so that no profit but that of who pays changes."""
    result = two(", pays: 0.9", ", pays: 0.5, private: true")
    for number in (0, 1):
        name = f"liquidator {number}"
        for purpose, column in (("gas", "gas_paid"), ("bid", "bids_paid")):
            flows = [it for it in result.flows if (it.payer, it.purpose) == (name, purpose)]
            assert {it.payee for it in flows} <= {"validators"}
            assert sum(it.value for it in flows) == sum(getattr(it, column) for it in fees_of(result, number))
        (row,) = (it for it in result.profits if it.party == name)
        assert row.profit == last(result, "profit", number)
    paid = sum(row.gas_paid + row.bids_paid for row in result.fees)
    assert sum(it.value for it in result.flows if it.payee == "validators") == paid > 0


ROWS = re.findall(
    r"^\| `(\[\{kind: flash.*?)` \| (.*) \|$", (ROOT / "docs" / "scenarios.md").read_text(), flags=re.M
)


@pytest.mark.parametrize(("liquidators", "row"), ROWS, ids=["free", "public", "private"])
def test_the_guides_figures_are_what_is_measured(liquidators: str, row: str) -> None:
    settings = ["gas={ether: 2_000, base_fee: [[0, 30]]}", f"liquidators={liquidators}"]
    found = measure(play(load(SCENARIOS / "bank-run.yaml", settings)))
    names = ("liquidators_profit", "gas_paid", "bids_paid", "saved_by_bids", "bad_debt")
    assert row == " | ".join(f"{found[name]:,.0f}" for name in names)


def test_without_a_price_nothing_is_paid() -> None:
    result = play(tiny(FAST))
    assert result.fees == []
    assert [measure(result)[key] for key in ("gas_paid", "bids_paid", "saved_by_bids")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("liquidators.0.pays=0.5", "liquidators.0.pays means nothing where gas has no price; add `gas`"),
        ("liquidators.0.private=true", "liquidators.0.private means nothing where gas has no price; add"),
        (
            "gas={ether: 200, base_fee: [[1, 20]]}",
            "hours of base_fee are 1; begin at 0 and let them rise",
        ),
        ("gas={ether: 200, base_fee: [[0, 20], [0, 30]]}", "hours of base_fee are 0, 0; begin at 0"),
    ],
)
def test_what_means_nothing_is_refused(setting: str, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence.replace(".", r"\.")):
        tiny(setting)


def test_the_base_fee_is_a_line_between_points() -> None:
    scenario: Scenario = tiny("gas={ether: 200, base_fee: [[0, 20], [1, 40]]}")
    assert scenario.gas is not None
    assert [scenario.gas.base_at(second) / GWEI for second in (0, HOUR // 2, HOUR, 5 * HOUR)] == [
        20,
        30,
        40,
        40,
    ]
