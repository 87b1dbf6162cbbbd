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
from plimsoll import Market
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
    (snippet,) = snippets("js")
    program = snippet + (
        "const plain = (name, value) => typeof value === 'bigint' ? value.toString() : value;"
        "const all = JSON.parse(require('fs').readFileSync(0)).flatMap(liquidations);"
        "console.log(JSON.stringify(all, plain));"
    )
    done = subprocess.run(
        [node, "-e", program], input=json.dumps(transactions), capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert len(found) == len(closes)
    for each, expected in zip(found, closes, strict=True):
        healths = [each.pop(name) for name in ("healthBefore", "healthAfter")]
        assert [None if it is None else round(it * 10**9) * 10**9 for it in healths] == [
            expected.health_before, expected.health_after,
        ]  # fmt: skip
        assert each.pop("vault") == expected.contract
        assert each == {name: str(expected.arguments[name]) for name in each}


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
