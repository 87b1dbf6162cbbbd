"""The server behind the page: this machine's browsers only, and only with the link's token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from plimsoll.market.refusals import MarketError
from plimsoll.page.parts import STATIC, importmap
from plimsoll.play import acts, paths, tour
from plimsoll.play.session import Session

PAGE = Path(__file__).with_name("static")
LOOK_EVERY = 2.0  # seconds, at a chain that others move
MOST_CLOSES = 50  # that a page is told of when it begins
PATIENCE = 180.0  # seconds until a signature that was asked for counts as refused
GONE = "The chain does not answer."
_log = logging.getLogger("plimsoll.play")

Found = TypeVar("Found")
Asked = Callable[[Session, Mapping[str, Any]], Any]

REQUESTS: Mapping[str, Asked] = {
    "act": lambda it, said: acts.act(it, _text(said, "act"), _text(said, "spoke"), _words(said)),
    "preview": lambda it, said: acts.preview(it, _text(said, "act"), _text(said, "spoke"), _words(said)),
    "closes": lambda it, _: it.closes(MOST_CLOSES),
    "what_if": lambda it, said: acts.what_if(it, _words(said)),
    "person": lambda it, said: acts.person(it, _text(said, "spoke"), _words(said)),
    "start_over": lambda it, _: it.start_over(),
    "steps": lambda _, __: tour.told(),
    "tour": lambda it, said: tour.go(it, said.get("step")),
    "paths": lambda _, __: paths.titles(),
    "path": lambda _, said: paths.path(_text(said, "name"), said.get("seed")),
}
"""What the page may ask for over its socket; what changes the market is followed by its new state."""


class Server:
    """A session, and the pages that look at it.

    The chain is asked from one thread, in turn.
    """

    def __init__(self, make: Callable[[], Session], token: str, port: int) -> None:
        """A server for a session.

        Args:
            make: makes the session, in the thread that will ask it; what it raises is raised here.
            token: of the link.
            port: on which it is reached.
        """
        self._thread = ThreadPoolExecutor(1, "plimsoll-play")
        self._pages: set[WebSocket] = set()
        self._shown: Any = None
        self._looking: asyncio.Task[None] | None = None
        self._numbers = count(1)  # of what pages are asked
        self.session = self.in_turn(make)
        routes = [
            Route("/", self._page),
            WebSocketRoute("/socket", self._socket),
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/play", StaticFiles(directory=PAGE)),
        ]
        self.app: ASGIApp = Guard(Starlette(routes=routes), token, port)

    def in_turn(self, call: Callable[[], Found]) -> Found:
        """Calls something in the thread that asks the chain, after what waits there already."""
        return self._thread.submit(call).result()

    def close(self) -> None:
        """Ends what the session has started."""
        self.in_turn(self.session.stop)
        self._thread.shutdown()

    async def _on_chain(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *arguments))

    async def _look(self) -> None:
        """Tells pages what others have changed, while there are any, when there is a new block."""
        seen: Any = None
        while self._pages:
            await asyncio.sleep(LOOK_EVERY)
            block: Any = None  # of a chain that does not answer
            with contextlib.suppress(*self.session.faults):
                block = await self._on_chain(self.session.block)
            if block is None or block != seen:
                await self._tell()
            seen = block

    async def _tell(self, *to: WebSocket) -> None:
        """Sends the state to some pages; to all, if it is another one than they were told last."""
        try:
            told = {"state": await self._on_chain(self.session.state)}
        except self.session.faults as error:
            told = {"gone": GONE}
            if told != self._shown:
                _log.warning("%s (%s)", GONE, str(error).partition("\n")[0])
        pages = to if told == self._shown else tuple(self._pages)
        self._shown = told
        for page in pages:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has just left
                await page.send_json(told)

    async def _page(self, _: Request) -> Response:
        text = (PAGE / "play.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace("IMPORT_MAP", _IMPORT_MAP))

    async def _socket(self, page: WebSocket) -> None:
        await page.accept()
        self._pages.add(page)
        if not self.session.is_own and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())
        asks: dict[int, asyncio.Future[bool]] = {}
        tasks: set[asyncio.Task[None]] = set()
        try:
            await self._tell(page)
            while True:
                said = await page.receive_json()
                if not isinstance(said, dict):
                    continue
                if "consent" in said:
                    found = asks.get(said["consent"]) if isinstance(said["consent"], int) else None
                    if found and not found.done():
                        found.set_result(said.get("yes") is True)
                    continue
                task = asyncio.create_task(self._answer(page, said, asks))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (WebSocketDisconnect, ValueError):  # it has left, or it does not speak JSON
            pass
        finally:
            self._pages.discard(page)
            for ask in asks.values():
                ask.cancel()

    async def _answer(
        self, page: WebSocket, said: Mapping[str, Any], asks: dict[int, asyncio.Future[bool]]
    ) -> None:
        """Does what a page has asked for, and tells it."""
        loop = asyncio.get_running_loop()

        async def ask(transaction: Mapping[str, Any]) -> bool:
            key = next(self._numbers)
            asks[key] = loop.create_future()
            await page.send_json({"ask": key, "transaction": transaction})
            try:
                return await asyncio.wait_for(asks[key], PATIENCE)
            except (TimeoutError, asyncio.CancelledError):
                return False
            finally:
                asks.pop(key, None)

        def consent(transaction: Mapping[str, Any]) -> bool:
            return asyncio.run_coroutine_threadsafe(ask(transaction), loop).result()

        def work() -> Any:
            self.session.recorder.consent = consent if self.session.is_live else None
            wanted = REQUESTS.get(str(said.get("request")))
            if wanted is None:
                raise MarketError(f"There is no request {said.get('request')!r}.")
            before = self.session.version  # in this thread, where it changes
            try:
                return wanted(self.session, said)
            finally:
                changed.append(self.session.version != before)

        changed: list[bool] = []
        told: dict[str, Any]
        is_gone = False
        try:
            told = {"answer": await self._on_chain(work)}
        except MarketError as error:
            told = {"error": str(error)}
        except self.session.faults:
            told, is_gone = {"error": GONE}, True
        except Exception:  # a mistake of ours: the page gets a sentence, the terminal all of it
            _log.exception("a request failed: %s", said)
            told = {"error": "That has failed; the terminal of `plimsoll play` says why."}
        if is_gone or any(changed):
            await self._tell()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await page.send_json({"id": said.get("id")} | told)


class Guard:
    """Lets in who comes from this machine, by this name, with the token; says nothing else to others.

    The link's token is turned into a cookie, so that it does not stay in the address bar. `Host` keeps out
    pages whose name was made to point here (DNS rebinding), `Origin` those of other sites.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        """Stands before `app`."""
        self._app, self._token = app, token
        self._cookie = f"plimsoll-{port}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        send = send if is_socket else _with_headers(send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        is_ours = origin == f"http://{host}" or (origin is None and not is_socket)
        if host not in self._hosts or not is_ours:
            await self._refuse(scope, receive, send, "Not from here.")
            return
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and self._is_token(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="lax")
            await answer(scope, receive, send)
            return
        if not self._is_token(self._of_cookie(headers.get("cookie", ""))):
            words = "This page takes the link that `plimsoll play` has printed when it was started last."
            await self._refuse(scope, receive, send, words)
            return
        await self._app(scope, receive, send)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _of_cookie(self, header: str) -> str:
        try:
            found = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, words: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            close: Message = {"type": "websocket.close", "code": 1008, "reason": words}
            await send(close)
            return
        await PlainTextResponse(words, 403)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    """Adds what every answer says."""

    async def sends(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sends


def _text(said: Mapping[str, Any], name: str) -> str:
    return str(said.get(name))


def _words(said: Mapping[str, Any]) -> Mapping[str, Any]:
    words = said.get("words")
    return words if isinstance(words, dict) else {}


_IMPORT_MAP = importmap(lambda name: f"/static/{name}.js")
_HASH = b64encode(sha256(_IMPORT_MAP.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self' 'sha256-{_HASH}'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The import map is the one script in the page itself, and has no code; its hash lets it in."""
