"""docs/indexing.md: its snippets, on the logs of real transactions."""

import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

import plimsoll
from plimsoll import BasketMarket, Market
from plimsoll.chain.abi import Log, LoggedEvent

GUIDE = (Path(__file__).parents[2] / "docs" / "indexing.md").read_text()


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.S | re.M)


@pytest.fixture(scope="module")
def transactions() -> list[list[dict[str, Any]]]:
    """The logs of liquidations, as JSON-RPC has them: in part, in full, many at once, with a loss."""
    m = Market.local(depth=5_000_000)
    found = []

    def keep() -> None:
        found.append([_as_json(log) for log in m.desk.ground._node.logs()])  # type: ignore[attr-defined]

    for name, debt in (("alice", 15_000), ("carol", 14_000), ("dave", 12_500), ("erin", 10_000)):
        m.borrower(name, collateral=10, debt=debt)
    m.advance(days=100)
    m.price = 1_700
    for close in (lambda: m.liquidate("alice", "1234.5"), lambda: m.flash_liquidate("alice")):
        close()
        keep()
    m.price = 1_150
    m.liquidate_all(by="bob")
    keep()
    return found


def _as_json(log: Log) -> dict[str, Any]:
    topics = ["0x" + topic.hex() for topic in log.topics]
    return {"address": log.address, "topics": topics, "data": "0x" + log.data.hex()}


@pytest.fixture(scope="module")
def closes(transactions: list[list[dict[str, Any]]]) -> list[LoggedEvent]:
    """What the package's own decoder says."""
    events = [each for logs in transactions for each in plimsoll.decode(logs)]
    return [each for each in events if each.name == "Liquidation"]


def test_the_transactions_are_of_every_kind(closes: list[LoggedEvent]) -> None:
    assert len(closes) == 6
    assert {each.loss > 0 for each in closes} == {each.fee > 0 for each in closes} == {True, False}
    assert {each.health_after is None for each in closes} == {True, False}


def test_python(transactions: list[list[dict[str, Any]]], closes: list[LoggedEvent], capsys: Any) -> None:
    (snippet,) = snippets("python")
    for logs in transactions:
        exec(snippet, {"plimsoll": plimsoll, "logs": logs})
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        [each.owner, str(each.seized)] for each in closes
    ]


def test_javascript(transactions: list[list[dict[str, Any]]], closes: list[LoggedEvent]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    found = in_node(node, "liquidations", transactions)
    assert len(found) == len(closes)
    for each, expected in zip(found, closes, strict=True):
        healths = [each.pop(name) for name in ("healthBefore", "healthAfter")]
        assert [None if it is None else round(it * 10**9) * 10**9 for it in healths] == [
            expected.health_before, expected.health_after,
        ]  # fmt: skip
        assert each.pop("vault") == expected.contract
        assert each == {name: str(expected.arguments[name]) for name in each}


def in_node(node: str, function: str, transactions: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What a function of the guide finds."""
    program = "".join(snippets("js")) + (
        "const plain = (name, value) => typeof value === 'bigint' ? value.toString() : value;"
        f"const all = JSON.parse(require('fs').readFileSync(0)).flatMap({function});"
        "console.log(JSON.stringify(all, plain));"
    )
    done = subprocess.run(
        [node, "-e", program], input=json.dumps(transactions), capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def of_baskets() -> list[list[dict[str, Any]]]:
    """The logs of liquidations of a basket: in part, without a leg, with a loss."""
    m = BasketMarket.local(legs={"weth": 2_000, "wbtc": {"price": 60_000, "decimals": 8}, "link": 15})
    found = []
    m.borrower("alice", {"weth": 10, "wbtc": "0.5", "link": 100}, 36_000)
    m.borrower("carol", {"weth": 5, "link": 400}, 12_000)
    m.advance(days=100)
    m.prices["wbtc"] = 40_000
    for close in (
        lambda: m.liquidate("alice", "1234.5"),
        lambda: m.liquidate("alice", without=["link"]),
        lambda: (m.prices.__setitem__("weth", 900), m.liquidate_all()),
    ):
        close()
        found.append([_as_json(log) for log in m.desk.ground._node.logs()])  # type: ignore[attr-defined]
    return found


def test_javascript_of_baskets(of_baskets: list[list[dict[str, Any]]]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    closes = [each for logs in of_baskets for each in plimsoll.decode(logs) if each.name == "Liquidation"]
    assert len(closes) == 4 and {each.loss > 0 for each in closes} == {True, False}
    found = in_node(node, "basketLiquidations", of_baskets)
    for each, expected in zip(found, closes, strict=True):
        assert each.pop("basket") == expected.contract
        healths = [each.pop(name) for name in ("healthBefore", "healthAfter")]
        assert [None if it is None else round(it * 10**9) * 10**9 for it in healths] == [
            expected.health_before, expected.health_after,
        ]  # fmt: skip
        for name in ("seized", "prices"):
            assert tuple(map(int, each.pop(name))) == expected.arguments[name]
        assert each == {name: str(expected.arguments[name]) for name in each}


def test_the_lanes_of_a_basket_begin_where_the_guide_says(of_baskets: list[list[dict[str, Any]]]) -> None:
    (data,) = (log["data"] for log in of_baskets[0] if plimsoll.decode(log).name == "Liquidation")
    close = plimsoll.decode(of_baskets[0])[0]

    def lane(first: int, digits: int) -> int:
        return int(data[first - 1 : first - 1 + digits], 16)

    assert (lane(41, 26), lane(83, 24), lane(107, 24)) == (close.shares, close.fee, close.repaid)
    assert (lane(75, 8) * 10**9, lane(67, 8) * 10**9) == (close.health_before, close.health_after)
    legs = [lane(131 + 64 * word + 32 * (1 - half), 32) for word in range(4) for half in range(2)]
    assert tuple(legs) == close.seized


def test_sql(transactions: list[list[dict[str, Any]]], closes: list[LoggedEvent]) -> None:
    views, query = snippets("sql")
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE logs (id INTEGER PRIMARY KEY, address, topic0, topic1, data)")
    for log in (log for logs in transactions for log in logs):
        topics = (*log["topics"], None)[:2]
        database.execute(
            "INSERT INTO logs (address, topic0, topic1, data) VALUES (?, ?, ?, ?)",
            (log["address"], *topics, log["data"]),
        )
    database.executescript(views)
    rows = database.execute("SELECT * FROM liquidations ORDER BY id").fetchall()
    assert len(rows) == len(closes)
    for (_, vault, owner, *figures), expected in zip(rows, closes, strict=True):
        assert (vault, owner) == (expected.contract, expected.owner)
        healths = [
            None if it is None else pytest.approx(it / 10**18, rel=1e-12)
            for it in (expected.health_before, expected.health_after)
        ]
        amounts = [expected.seized / 10**18, expected.repaid / 10**6, expected.fee / 10**6]
        assert figures == [*(pytest.approx(it, rel=1e-12) for it in amounts), *healths]
    digits = database.execute("SELECT digits FROM lanes WHERE name = 'shares' ORDER BY id").fetchall()
    assert [int(each, 16) for (each,) in digits] == [each.shares for each in closes]
    by_owner = database.execute(query).fetchall()
    assert len(by_owner) == len({each.owner for each in closes})
    paid = sum(each.repaid + each.fee for each in closes) / 10**6
    assert sum(row[3] for row in by_owner) == pytest.approx(paid, rel=1e-12)


def test_a_single_log_and_other_events(transactions: list[list[dict[str, Any]]]) -> None:
    decoded = plimsoll.decode(transactions[0])
    logs = [log for log in transactions[0] if len(log["topics"]) > 1]
    (liquidation,) = [each for each in decoded if each.name == "Liquidation"]
    names = [plimsoll.decode(log).name for log in logs]
    assert "Transfer" in names  # of the loan asset: the pool's share logs the same
    alone = plimsoll.decode(logs[names.index("Liquidation")])
    assert alone.seized == liquidation.seized and alone.repaid == liquidation.repaid
    with pytest.raises(AttributeError, match="Liquidation has no 'los'; perhaps you meant loss"):
        _ = liquidation.los
    with pytest.raises(AttributeError, match="Liquidation has no 'loss'"):
        _ = alone.loss
    assert plimsoll.decode({"logs": transactions[0]}) == decoded
    with pytest.raises(ValueError, match="this event is none of Plimsoll's contracts'"):
        plimsoll.decode({"address": "0x", "topics": ["0x" + "00" * 32], "data": "0x"})
