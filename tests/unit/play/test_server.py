"""The server: who is let in, what a page is told, and what nobody is asked twice."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from plimsoll import Market
from plimsoll.play import app
from plimsoll.play.app import Server
from plimsoll.play.session import Session, own
from tests.utils.play import TOKEN, VAULT, live

PORT = 8642
HERE = f"http://127.0.0.1:{PORT}"
SOCKET = f"ws://127.0.0.1:{PORT}/socket"
HOSTILE = "<img src=x onerror=x()>"


@pytest.fixture
def enter() -> Iterator[Callable[..., TestClient]]:
    """Starts a server and answers a browser that has followed its link."""
    stack = ExitStack()

    def make(session: Callable[[], Session] = lambda: own(borrowers=3), link: bool = True) -> TestClient:
        server = Server(session, TOKEN, PORT)
        stack.callback(server.close)
        client = stack.enter_context(TestClient(server.app, HERE, headers={"origin": HERE}))
        if link:
            assert client.get(f"/?token={TOKEN}").status_code == 200
        return client

    yield make
    stack.close()


def ask(page: Any, request: str, **said: Any) -> dict[str, Any]:
    """What the server answers; states and questions on the way are in `told`."""
    page.send_json({"id": 1, "request": request, **said})
    told = []
    while "id" not in (answer := page.receive_json()):
        told.append(answer)
    return {**answer, "told": told}


def test_the_link_lets_in_and_its_token_leaves_the_address(enter: Callable[..., TestClient]) -> None:
    client = enter(link=False)
    answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = client.get("/")
    assert page.status_code == 200 and TOKEN not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    scripts = [line for line in page.text.splitlines() if "<script" in line]
    assert len(scripts) == 2 and "importmap" in scripts[0] and 'src="/play/play.js"' in scripts[1]
    for path in ("/play/play.js", "/play/play.css", "/static/waterline.js"):
        assert client.get(path).status_code == 200
    for path in ("/play/../app.py", "/play/%2e%2e/app.py", "/static/../parts.py", "/socket"):
        assert client.get(path).status_code == 404


def rebound(host: str) -> dict[str, str]:
    """What a browser sends to a name that was made to point here (DNS rebinding)."""
    return {"host": host, "origin": f"http://{host}"}


@pytest.mark.parametrize(
    ("link", "headers"),
    [
        ("/", {}),
        ("/play/play.js", {}),
        ("/?token=wrong", {}),
        ("/?token=", {}),
        ("/?token=%ff%00", {}),
        ("/", {"cookie": f"plimsoll-{PORT}=wrong"}),
        ("/", {"cookie": "=;;;\\"}),
        (f"/?token={TOKEN}", rebound("evil.example")),
        (f"/?token={TOKEN}", rebound(f"127.0.0.1:{PORT + 1}")),
        (f"/?token={TOKEN}", rebound(f"127.0.0.1.evil.example:{PORT}")),
        (f"/?token={TOKEN}", {"origin": "http://evil.example"}),
        (f"/?token={TOKEN}", {"origin": "null"}),
    ],
)
def test_others_are_refused(link: str, headers: dict[str, str], enter: Callable[..., TestClient]) -> None:
    answer = enter(link=False).get(link, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": ""}, rebound("evil.example"), {"cookie": "a=b"}],
)
def test_others_get_no_socket(headers: dict[str, str], enter: Callable[..., TestClient]) -> None:
    client = enter()
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
        pass


def test_a_page_is_told_what_another_does(enter: Callable[..., TestClient]) -> None:
    client = enter()
    with client.websocket_connect(SOCKET) as one:
        first = one.receive_json()["state"]
        with client.websocket_connect(SOCKET) as other:
            assert other.receive_json()["state"] == first
            words = {"who": "you", "collateral": {"weth": "10"}, "debt": "15000"}
            done = ask(one, "act", act="open", spoke=VAULT, words=words)
            assert done["answer"]["result"] == "15000"
            (told,) = done["told"]
            assert other.receive_json() == told
        vault = told["state"]["spokes"][0]["positions"]
        place = vault["owner"].index("you")
        assert (vault["debt"][place], vault["collateral"][place]) == ("15000", ["10"])
        looked = ask(one, "preview", act="open", spoke=VAULT, words=words | {"debt": "18000"})
        assert looked["error"].startswith("vault: above the loan-to-value.")
        assert looked["told"] == []


def test_what_is_tried_meanwhile_hides_no_change(
    enter: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act that is asked for while something else is tried and undone is told like any other."""
    trying, undo, go = Event(), Event(), Event()

    def tried(session: Session, _: Any) -> None:
        session.version += 1
        trying.set()
        undo.wait(5)
        session.version -= 1

    def acted(session: Session, _: Any) -> None:
        go.wait(5)
        session.version += 1

    for name, call in (("tried", tried), ("acted", acted)):
        monkeypatch.setitem(app.REQUESTS, name, call)
    client = enter()
    with client.websocket_connect(SOCKET) as page:
        page.receive_json()
        page.send_json({"id": 0, "request": "tried"})
        assert trying.wait(5)
        page.send_json({"id": 1, "request": "acted"})
        client.get("/")  # the server has seen it by now
        undo.set()
        assert page.receive_json() == {"id": 0, "answer": None}
        go.set()
        assert page.receive_json()["state"]["version"] == 1


def test_what_a_new_page_is_told_is_no_secret_from_others(enter: Callable[..., TestClient]) -> None:
    """Somebody else has changed the market before it came."""

    def made() -> Session:
        session, states = own(engine="twin", borrowers=0), [{"block": 1}, {"block": 1}, {"block": 2}]
        session.state = lambda: states.pop(0)  # type: ignore[method-assign]
        return session

    client = enter(made)
    with client.websocket_connect(SOCKET) as one:
        one.receive_json()
        for told in ([], [{"state": {"block": 2}}]):
            with client.websocket_connect(SOCKET) as other:
                other.receive_json()
                assert ask(one, "steps")["told"] == told


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"request": "steal"}, "There is no request 'steal'."),
        ({}, "There is no request None."),
        ({"request": "act", "act": ["open"], "spoke": VAULT}, "There is no act \"['open']\""),
        ({"request": "act", "act": "supply", "spoke": {}}, "There is no '{}' here"),
        ({"request": "tour", "step": "x"}, "There is no step 'x'"),
        ({"request": "path", "name": 5}, "There is no path '5'"),
        ({"request": "path", "name": "random", "seed": "x"}, "The seed 'x' is no whole number"),
        ({"request": "person", "spoke": VAULT, "words": 7}, "Say who"),
    ],
)
def test_nonsense_is_answered_by_a_sentence(
    said: dict[str, Any], sentence: str, enter: Callable[..., TestClient]
) -> None:
    with enter().websocket_connect(SOCKET) as page:
        page.receive_json()
        for noise in ([], "x", 5, None, {"consent": 1}, {"consent": {}}):
            page.send_json(noise)
        page.send_json({"id": 1, **said})
        assert page.receive_json()["error"].startswith(sentence)


def test_names_of_a_chain_are_data(enter: Callable[..., TestClient]) -> None:
    """A token's symbol goes nowhere but into JSON."""

    def hostile() -> Session:
        return Session(lambda: Market.local("twin", loan=(HOSTILE, 6), collateral=("</script>", 18)))

    client = enter(hostile)
    assert HOSTILE not in client.get("/").text
    with client.websocket_connect(SOCKET) as page:
        state = page.receive_json()["state"]
    assert state["loan"]["symbol"] == HOSTILE


class Fallen:
    """A session whose chain has gone."""

    def __init__(self) -> None:
        self.session = own(borrowers=0)
        self.session.state = self._state  # type: ignore[method-assign]

    def _state(self) -> dict[str, Any]:
        raise OSError("the node does not answer")


def test_a_chain_that_is_gone_is_said(enter: Callable[..., TestClient]) -> None:
    with enter(lambda: Fallen().session).websocket_connect(SOCKET) as page:
        assert page.receive_json() == {"gone": app.GONE}


def test_a_live_network_is_only_looked_at_without_an_account(enter: Callable[..., TestClient]) -> None:
    with enter(lambda: live(None)).websocket_connect(SOCKET) as page:
        assert page.receive_json()["state"]["chain"]["is_read_only"]
        done = ask(page, "act", act="supply", spoke=VAULT, words={"who": "you", "amount": "1"})
        assert done["error"].startswith("mainnet is a live network and no account is named")
        for request, words in (("start_over", {}), ("tour", {"step": 1})):
            assert "not this page's own" in ask(page, request, **words)["error"]
        seen = ask(page, "what_if", words={"prices": {"WETH": "500"}})["answer"]
        assert len(seen["closes"]) == 2 and seen["loss"] is None


def test_what_others_do_on_a_network_comes_by_itself(
    enter: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LOOK_EVERY", 0.01)
    looks: list[int] = []

    def network() -> Session:
        session = live(None)

        def block() -> int:
            looks.append(1)
            if len(looks) == 3:
                session.market.supply("somebody", 5)
            return len(looks) // 3

        session.block = block
        return session

    with enter(network).websocket_connect(SOCKET) as page:
        first = page.receive_json()["state"]["pool"]["cash"]
        while (told := page.receive_json()["state"]["pool"]["cash"]) == first:
            pass
        assert float(told) == float(first) + 5 and len(looks) >= 3


@pytest.mark.parametrize("yes", [True, False, "yes"])
def test_every_signature_on_a_live_network_is_asked_for(
    yes: object, enter: Callable[..., TestClient]
) -> None:
    client = enter(lambda: live("treasurer"))
    with client.websocket_connect(SOCKET) as page:
        before = page.receive_json()["state"]["pool"]["assets"]
        page.send_json(
            {"id": 1, "request": "act", "act": "supply", "spoke": VAULT, "words": {"who": "x", "amount": "5"}}
        )
        asked, after = [], before
        while "id" not in (told := page.receive_json()):
            if "ask" in told:
                asked.append(told["transaction"])
                page.send_json({"consent": told["ask"], "yes": yes})
            else:
                after = told["state"]["pool"]["assets"]
        if yes is True:
            functions = [(each["sender"], each["contract"], each["function"]) for each in asked]
            assert functions[1:] == [("treasurer", "USDC", "approve"), ("treasurer", "pool", "deposit")]
            assert told["answer"]["transactions"][-1]["arguments"][0] == "5000000"
            assert float(after) == pytest.approx(float(before) + 5, abs=0.1)  # with interest
        else:
            assert len(asked) == 1 and told["error"].endswith("was not signed; nothing was sent.")
            assert after == before
        refused = ask(page, "act", act="price", spoke=VAULT, words={"prices": {"WETH": "1"}})
        assert refused["error"] == "'price' goes in a market for play only."
