"""`plimsoll watch`: what raises an alert, what ends one, and how alerts leave."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ape import networks
from ape.exceptions import ProviderError

from plimsoll.inspection import bells, watch
from plimsoll.inspection.alerts import Limits
from plimsoll.inspection.bells import BellError, LogFile, Webhook
from plimsoll.inspection.watch import Look, Watcher
from plimsoll.units import MAX, WAD
from tests.unit.inspection.conftest import IDLE, InspectedMarket
from tests.utils.on_ape import pass_time, send

ROOT = Path(__file__).parents[3]
SECRET = "/hooks/T0/secret-token"


def watcher(place: InspectedMarket, limits: Limits | None = None) -> Watcher:
    return Watcher(place.desk.book(), networks.provider, limits or Limits())


def told(look: Look) -> tuple[list[str], list[str]]:
    """The kinds of what begins and of what is over."""
    return [each.kind for each in look.begun], [each.kind for each in look.over]


def test_a_look_says_how_the_market_stands(place: InspectedMarket) -> None:
    look = watcher(place).look()
    assert told(look) == ([], [])
    assert "pUSDC 33.00 % used" in look.line
    assert "pUSDC/weth 2,000.00 USDC: 3 positions with debt, lowest health 1.106" in look.line
    assert "pUSDC/wbtc 60,000.00 USDC: 0 positions with debt" in look.line


def test_low_health_is_told_once_and_over_when_it_is_clear_of_the_limit(place: InspectedMarket) -> None:
    it = watcher(place)
    place.set_quote(1_850)
    (alert,) = it.look().begun
    assert (alert.kind, alert.where, alert.limit) == ("health", "pUSDC/weth", int(1.05 * WAD))
    assert alert.owner == place.account(4).address.lower()
    assert alert.said.endswith("in pUSDC/weth has a health of 1.0236, below 1.05")
    assert told(it.look()) == ([], [])
    place.set_quote(1_900)  # a health of 1.0513, not one per cent above
    assert told(it.look()) == ([], [])
    place.set_quote(2_000)
    assert told(it.look()) == ([], ["health"])
    place.set_quote(1_790)
    look = it.look()
    assert look.begun[0].said.endswith("a health of 0.9904, and can be liquidated")
    assert "1 can be liquidated" in look.line


def test_a_silent_oracle_leaves_the_health_of_positions_unknown(place: InspectedMarket) -> None:
    it = watcher(place)
    place.set_quote(1_850)
    it.look()
    place.set_quote(0)
    look = it.look()
    assert told(look) == (["oracle"], [])
    assert look.begun[0].said == "the oracle of WETH in pUSDC/weth is silent"
    assert "pUSDC/weth no price" in look.line
    place.set_quote(2_000)
    assert sorted(told(it.look())[1]) == ["health", "oracle"]


def test_a_pool_in_full_use(place: InspectedMarket) -> None:
    assert watcher(place, Limits(utilisation=WAD * 34 // 100)).look().begun == ()
    (alert,) = watcher(place, Limits(utilisation=WAD * 30 // 100)).look().begun
    assert (alert.kind, alert.said) == ("utilisation", "pUSDC is used to 33.00 %, above 30.00 %")


def test_a_raise_that_nobody_has_witnessed(place: InspectedMarket) -> None:
    """That of a guardian needs no witness."""
    it, curator = watcher(place), place.desk.account
    council = place.desk.book().contracts().councils["pUSDC"]
    send(council.queue_guardian, place.account(8), sender=curator)
    assert it.look().begun == ()
    send(council.cancel_queued, sender=curator)
    send(council.queue_limit, place.vault, 11_000_000 * 10**6, sender=curator)
    (alert,) = it.look().begun
    assert re.fullmatch(
        r"a raise of the limit of pUSDC/weth to 11,000,000\.00 USDC is queued for .* UTC, and nobody has "
        r"witnessed it; anyone may call witness\(\)",
        alert.said,
    )
    assert told(it.look()) == ([], [])
    send(council.witness, sender=place.account(9))
    assert told(it.look()) == ([], ["raise"])


def test_who_comes_later_is_found_too(place: InspectedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although only the latest blocks are read again."""
    monkeypatch.setattr(watch, "RESCANNED", 1)
    it = watcher(place)
    it.look()
    pass_time(1)
    pass_time(1)
    late = place.account(IDLE)
    send(place.vault.borrow, 15_500 * 10**6, sender=late)
    place.set_quote(1_900)
    owners = {each.owner for each in it.look().begun}
    assert owners == {late.address.lower()}
    newcomer, weth = place.account(9), place.desk.book().contracts().tokens["WETH"]
    send(weth.mint, newcomer, 10**19, sender=newcomer)
    send(weth.approve, place.vault, MAX, sender=newcomer)
    send(place.vault.open, 10**19, 15_000 * 10**6, sender=newcomer)
    place.set_quote(1_850)
    assert newcomer.address.lower() in {each.owner for each in it.look().begun}


def test_a_node_that_is_silent_ends_no_other_alert(
    place: InspectedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = watcher(place)
    place.set_quote(1_850)
    looks: list[Look] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if len(looks) == 1:
                monkeypatch.setattr(type(networks.provider), "make_request", refuse)
            if len(looks) == 5:
                monkeypatch.undo()
            return len(looks) == 6

    def refuse(*_: Any) -> Any:
        raise ProviderError("http://user:key@node/ is gone")

    watch.watch(it, looks.append, Stop(), 0)
    assert [told(each) for each in looks] == [
        (["health"], []), ([], []), ([], []), (["node"], []), ([], []), ([], ["node"]),
    ]  # fmt: skip
    assert looks[3].begun[0].said.endswith("does not answer as it should (ProviderError)")
    assert all("key" not in json.dumps(each.to_json()) for each in looks)


def test_a_chain_that_stands_still(place: InspectedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local chain has blocks only when somebody sends something."""
    it = watcher(place)
    now = it.look().time
    monkeypatch.setattr("plimsoll.inspection.watch.time.time", lambda: now + 301)
    assert told(it.look()) == ([], [])
    monkeypatch.setattr(it, "_is_local", False)
    assert told(it.look()) == (["node"], [])


# ---------------------------------------------------------------------------------------------------- bells


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[str, list[Any]]]]:
    """Starts what takes messages: its address, and what it has taken; answers are given in order."""
    monkeypatch.setattr(bells, "WAITS", (0, 0))
    servers = []

    def start(*answers: int) -> tuple[str, list[Any]]:
        taken: list[Any] = []
        left = list(answers)

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(left.pop(0) if left else 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Taking)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}{SECRET}", taken

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "posts", "complaint"),
    [
        ((), 1, None),
        ((503, 429), 3, None),
        ((500, 500, 500), 3, "answers 500"),
        ((404,), 1, "refuses with 404"),
        ((302,), 1, "refuses with 302"),
    ],
)
def test_a_webhook_is_tried_again_if_that_may_help(
    post: Callable[..., tuple[str, list[Any]]], answers: tuple[int, ...], posts: int, complaint: str | None
) -> None:
    url, taken = post(*answers)
    said: list[str] = []
    bell = Webhook(url, said.append)
    bell.ring({"text": "ALERT"})
    bell.close(10)
    assert taken == [{"text": "ALERT"}] * posts
    assert [complaint in each for each in said] == ([True] if complaint else [])
    assert "secret" not in "".join(said)


def test_a_webhook_that_is_not_there_gives_no_secret_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "WAITS", (0,))
    said: list[str] = []
    bell = Webhook(f"http://127.0.0.1:1{SECRET}", said.append)
    bell.ring({"text": "ALERT"})
    bell.close(10)
    assert said == [
        "The webhook at 127.0.0.1:1 does not answer (ConnectionError); an alert was not delivered."
    ]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"http://example.org{SECRET}", "must begin with https://"),
        (f"ftp://example.org{SECRET}", "must begin with https://"),
        ("https://", "names no host"),
        (f"https://[{SECRET}", "cannot be read"),
    ],
)
def test_an_address_that_is_no_webhook(url: str, sentence: str) -> None:
    with pytest.raises(BellError, match=sentence) as refused:
        Webhook(url, print)
    assert "secret" not in str(refused.value)


def test_a_log_has_an_object_a_line(place: InspectedMarket, tmp_path: Path) -> None:
    place.set_quote(1_850)
    message = watcher(place).look().to_json()
    log = LogFile(tmp_path / "alerts.jsonl")
    log.ring(message)
    log.ring(message)
    log.close()
    one, other = map(json.loads, (tmp_path / "alerts.jsonl").read_text().splitlines())
    assert one == other
    assert one["text"].startswith("ALERT the position of 0x")
    (alert,) = one["begun"]
    assert (alert["where"], alert["owner"], alert["limit"]) == (
        "pUSDC/weth",
        place.account(4).address,
        "1.050000000000000000",
    )
    with pytest.raises(BellError, match="cannot be written"):
        LogFile(tmp_path)


# -------------------------------------------------------------------------------------------------- command


@pytest.fixture
def folder(place: InspectedMarket, tmp_path: Path) -> Path:
    """With the market's address book where the command looks for it."""
    (tmp_path / "deployments").mkdir(exist_ok=True)
    (tmp_path / "deployments" / "local.json").write_text(place.desk.book_path.read_text())
    return tmp_path


def command(folder: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    """In a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "plimsoll", "watch", "--network", networks.provider.uri, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command(
    place: InspectedMarket, post: Callable[..., tuple[str, list[Any]]], folder: Path
) -> None:
    """Ctrl-C ends it, after a price has fallen and come back."""
    url, taken = post()
    words = ("pUSDC/weth", "--interval", "0.2", "--log", "log")
    with command(folder, *words, PLIMSOLL_WEBHOOK=url) as process:
        assert process.stdout is not None
        late = threading.Timer(20, process.kill)
        late.start()
        lines = [process.stdout.readline()]
        while lines[-1] and "lowest health 1.106" not in lines[-1]:  # ape has something to say before
            lines.append(process.stdout.readline())
        place.set_quote(1_850)
        while lines[-1] and "ALERT" not in lines[-1]:
            lines.append(process.stdout.readline())
        place.set_quote(2_000)
        while lines[-1] and "over" not in lines[-1]:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
        late.cancel()
    assert process.returncode == 0
    assert rest.endswith("No alerts stand.\n")
    assert "secret" not in "".join(lines) + rest + errors
    assert [len(each["begun"]) for each in taken] == [1, 0]
    assert [json.loads(line) for line in (folder / "log").read_text().splitlines()] == taken


def test_once_tells_by_its_exit_code(place: InspectedMarket, folder: Path) -> None:
    place.set_quote(1_800)
    with command(folder, "--once") as process:
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 3, said + errors
    assert said.endswith("1 alert stands.\n")
