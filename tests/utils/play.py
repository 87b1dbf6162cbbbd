"""A page to play with, served in this process for tests."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
from playwright.sync_api import Page, expect

from plimsoll.play import acts
from plimsoll.play.app import Server
from plimsoll.play.session import Session, own

TOKEN = "a-token-for-tests"
VAULT, BASKET = "vault weth", "basket blue"
Answer = TypeVar("Answer")


class Served:
    """A server that runs in a thread.

    Attributes:
        link: what a person opens.
        said: the acts that pages have sent and that were done, in order.
    """

    def __init__(self, make: Callable[[], Session], port: int = 0) -> None:
        """Listens; `port` 0 is a free one."""
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind(("127.0.0.1", port))
        self.listening.listen()
        self.port: int = self.listening.getsockname()[1]
        self.server = Server(make, TOKEN, self.port)
        self.link = f"http://127.0.0.1:{self.port}/?token={TOKEN}"
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        settings = uvicorn.Config(self.server.app, log_level="error", ws="websockets-sansio", lifespan="off")
        self.running = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.running.run, args=([self.listening],))
        self.thread.start()

    @property
    def session(self) -> Session:
        """What is played with; ask it by `ask` alone."""
        return self.server.session

    def ask(self, call: Callable[[Session], Answer]) -> Answer:
        """Asks the session, in its thread."""
        return self.server.in_turn(lambda: call(self.session))

    def stop(self) -> None:
        """Ends it; pages lose their connection."""
        self.running.should_exit = True
        self.thread.join()
        self.server.close()
        self.listening.close()

    def replayed(self, engine: str = "twin", **arguments: Any) -> Session:
        """What the pages have done, done again on another engine."""
        other = own(engine=engine, **arguments)
        for name, spoke, words in self.said:
            acts.act(other, name, spoke, words)
        return other


@contextmanager
def serving(make: Callable[[], Session], port: int = 0) -> Iterator[Served]:
    """A server while it is needed, which notes what is done."""
    made = Served(make, port)
    try:
        yield made
    finally:
        made.stop()


def live(actor: str | None) -> Session:
    """As if money were at stake."""
    session = own(borrowers=2)
    session.network, session.actor, session._is_live = "mainnet", actor, True
    return session


def crowd(served: Served, page: Page, count: int) -> None:
    """Shows the page a vault with so many positions that no chain has."""

    def crowded(session: Session) -> None:
        state = session.state()
        vault = state["spokes"][0]["positions"]
        vault["owner"] = [f"borrower {i}" for i in range(count)]
        vault["collateral"] = [["10"]] * count
        vault["debt"] = [str(1_000 + i % 997 * 10) for i in range(count)]
        vault["level"] = [str(700 + i * 1_250 / count) for i in range(count)]
        vault["health"] = [str(2_000 / (700 + i * 1_250 / count)) for i in range(count)]
        vault["is_liquidatable"] = [False] * count
        session.state = lambda: json.loads(json.dumps(state))  # type: ignore[method-assign]

    served.ask(crowded)
    page.reload()
    expect(page.locator("#positions")).to_contain_text(f"of {count:,}")


# Moves the price twice a frame, by the keyboard; answers what the page did in so many frames.
DRAG = """async frames => {
    const handle = document.querySelector("[role=slider]");
    const canvas = CanvasRenderingContext2D.prototype, clear = canvas.clearRect;
    let drawn = 0, changed = 0;
    canvas.clearRect = function (...box) { drawn += 1; return clear.apply(this, box); };
    const seen = new MutationObserver(found => { changed += found.length; });
    seen.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
    for (let i = 0; i < frames; i += 1) {
        for (const by of ["Arrow", "Page"]) {
            const key = by + (i % 2 ? "Down" : "Up");
            handle.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
        }
        await new Promise(requestAnimationFrame);
    }
    seen.disconnect();
    canvas.clearRect = clear;
    return {drawn, changed, elements: document.querySelectorAll("*").length};
}"""


def comparable(state: dict[str, Any]) -> dict[str, Any]:
    """A state without what engines differ in: the chain, and how often it has changed."""
    return {name: value for name, value in state.items() if name not in ("chain", "version")}
