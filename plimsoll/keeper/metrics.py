"""The keeper's status as Prometheus text, in a file or on a local port."""

from __future__ import annotations

import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from plimsoll.keeper.loop import Status

COUNTS = ("ticks", "sent", "replaced", "mined", "reverted", "errors", "no price", "dry")


def text(status: Status) -> str:
    """Prometheus' text format; the price in 1e36, funds in base units of the loan asset."""
    lines = []
    for name in ("block", "positions", "liquidatable", "price", "funds"):
        lines += [f"# TYPE plimsoll_keeper_{name} gauge", f"plimsoll_keeper_{name} {getattr(status, name)}"]
    for name in COUNTS:
        metric = f"plimsoll_keeper_{name.replace(' ', '_')}_total"
        lines += [f"# TYPE {metric} counter", f"{metric} {status.counts[name]}"]
    return "\n".join(lines) + "\n"


def write(status: Status, path: Path) -> None:
    """Replaces the file in one step, as a textfile collector needs it."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text(status), encoding="utf-8")
    os.replace(draft, path)


def serve(status: Callable[[], Status], port: int) -> ThreadingHTTPServer:
    """Answers every GET on 127.0.0.1 from a thread that ends with the process; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text(status()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not in the keeper's log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server
