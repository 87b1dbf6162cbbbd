"""Where alerts go besides the terminal: a log file, and a webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any
from urllib.parse import urlsplit

import requests

WAITS = (1, 5, 25)
"""Seconds before each further attempt."""
TIMEOUT = 10
"""Seconds for which an attempt waits for an answer."""
WAITING = 1_000
"""Messages that wait for a webhook at most; what comes then is lost."""
AGAIN = (408, 425, 429)
"""Answers besides 5xx after which a message is sent again; others of 4xx will not become better."""


class BellError(ValueError):
    """A log or a webhook cannot be used; the message is one sentence for the person who named it."""


class LogFile:
    """A file that has one JSON object a line."""

    def __init__(self, path: Path) -> None:
        """Appends to a file. Raises `BellError`."""
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            reason = str(error.strerror or error).lower()
            raise BellError(f"{path} cannot be written ({reason}); name another file with --log.") from None

    def ring(self, message: Mapping[str, Any]) -> None:
        """Writes a message. Raises `OSError`."""
        self._file.write(json.dumps(message, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """No more comes."""
        self._file.close()


class Webhook:
    """An address to which messages are posted as JSON, in their order, by a thread of its own.

    Its path and query are secrets of whoever owns it: they are in no sentence and no log.
    """

    def __init__(self, url: str, complain: Callable[[str], None]) -> None:
        """Begins; `complain` is told of what did not arrive. Raises `BellError`."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            raise BellError(
                "The webhook's address cannot be read; give one that begins with https://."
            ) from None
        if parts.scheme != "https" and not (
            parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
        ):
            raise BellError(
                "The webhook's address must begin with https://, or with http:// on this machine alone: "
                "whoever reads it may post there."
            )
        if not host:
            raise BellError("The webhook's address names no host.")
        self.host = host + port
        self._url, self._complain = url, complain
        self._queue: Queue[Mapping[str, Any] | None] = Queue(WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def ring(self, message: Mapping[str, Any]) -> None:
        """Sends a message, later; says so when too many wait already."""
        try:
            self._queue.put_nowait(message)
        except Full:
            self._complain(f"{WAITING:,} alerts wait for {self.host} already; one is not sent.")

    def close(self, seconds: float) -> None:
        """Sends what waits, for so many seconds at most and without pauses; says what is lost."""
        self._stop.set()
        with suppress(Full):
            self._queue.put(None, timeout=seconds)
        self._thread.join(seconds)
        lost = 0
        while True:
            try:
                lost += self._queue.get_nowait() is not None
            except Empty:
                break
        if lost or self._thread.is_alive():
            self._complain(f"{lost + self._thread.is_alive()} of the alerts for {self.host} were not sent.")

    def _work(self) -> None:
        while (message := self._queue.get()) is not None:
            reason = self._post(message)
            for wait in WAITS:
                if not reason or reason.startswith("refuses"):
                    break
                self._stop.wait(wait)
                reason = self._post(message)
            if reason:
                self._complain(f"The webhook at {self.host} {reason}; an alert was not delivered.")

    def _post(self, message: Mapping[str, Any]) -> str:
        """Why a message did not arrive; empty when it did."""
        try:
            answer = requests.post(self._url, json=message, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:  # its text has the address
            return f"does not answer ({type(error).__name__})"
        if answer.ok and not answer.is_redirect:
            return ""
        if answer.status_code >= 500 or answer.status_code in AGAIN:
            return f"answers {answer.status_code}"
        return f"refuses with {answer.status_code}"
