"""Alerts: what is told, once, and by which ways."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from plimsoll.play import acts
from plimsoll.play.alerts import Alert, Limits, Watch, alerts
from plimsoll.play.session import Session, own
from tests.utils.play import VAULT

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOW = Alert("health", VAULT, "you", "The loan of you is below 1.05.")


@pytest.fixture
def session() -> Session:
    """A market with one loan in danger."""
    session = own(borrowers=0)
    words = {"who": "you", "collateral": {"weth": "1.6"}, "debt": "2500"}
    acts.act(session, "open", VAULT, words)
    return session


def kinds(session: Session, **limits: str) -> list[tuple[str, str, str]]:
    """Which alerts there are."""
    given = {name: Decimal(value) for name, value in limits.items()}
    return [each[:3] for each in alerts(session.state(), Limits(**given))]


def test_a_loan_is_told_of_below_the_limit(session: Session) -> None:
    assert kinds(session) == []
    assert kinds(session, health="1.0625") == [("health", VAULT, "you")]
    assert kinds(session, health="1.0624") == []
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1800"}})
    (alert,) = alerts(session.state(), Limits())
    assert alert.words == "The loan of you can be liquidated: health 0.9562, 2500 USDC of debt."


def test_a_silent_oracle_says_nothing_of_healths(session: Session) -> None:
    acts.act(session, "silence", VAULT, {"on": True})
    assert kinds(session) == [
        ("oracle", VAULT, "WETH"), ("oracle", "basket blue", "WETH"), ("oracle", "basket blue", "WBTC"),
    ]  # fmt: skip


def test_utilisation_and_a_raise_without_a_witness(session: Session) -> None:
    assert kinds(session, utilisation="0.25") == [("utilisation", "pool", "")]
    assert kinds(session, utilisation="0.2501") == []
    market = session.seen_from(VAULT)
    market.council.queue_limit(100_000_100)
    (alert,) = alerts(session.state(), Limits())
    assert alert[:3] == ("raise", VAULT, "") and "A raise to 100000100 USDC is queued" in alert.words
    market.council.witness(by="anyone")
    assert kinds(session) == []
    market.council.cancel()
    market.council.queue_limit(100_000_200)  # a new one, which nobody has seen
    assert kinds(session) == [("raise", VAULT, "")]


class Receiver:
    """A webhook, which may be out of order."""

    def __init__(self) -> None:
        got: list[Any] = []
        self.got, self.status = got, 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if receiver.status == 200:
                    got.append(json.loads(body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that runs."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_each_is_told_once_and_told_to_be_over(receiver: Receiver, tmp_path: Path) -> None:
    said: list[str] = []
    file = tmp_path / "alerts.jsonl"
    watch = Watch("mainnet", said.append, file, receiver.url)
    for found in ([LOW], [LOW._replace(words="lower still")], [], []):
        watch.look(found, NOW)
    assert said == [
        "2026-05-01 12:00:00 new   vault weth: The loan of you is below 1.05.",
        "2026-05-01 12:00:00 over  vault weth: lower still",
    ]
    assert [json.loads(line) for line in file.read_text().splitlines()] == receiver.got
    assert receiver.got[0] == {
        "time": "2026-05-01T12:00:00+00:00", "network": "mainnet", "what": "new", **LOW._asdict(),
    }  # fmt: skip


def test_a_webhook_that_fails_gets_it_later(receiver: Receiver) -> None:
    said: list[str] = []
    watch = Watch("mainnet", said.append, None, receiver.url)
    receiver.status = 500
    watch.look([LOW], NOW)
    assert said[1].startswith("The webhook does not answer (HTTP Error 500")
    receiver.status = 200
    watch.look([LOW], NOW)
    assert [each["what"] for each in receiver.got] == ["new"]
