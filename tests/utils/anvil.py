"""A proxy that fails as nodes do."""

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import Request, urlopen


class Proxy:
    """Stands between keeper and node.

    Attributes:
        before: what is done when a method is asked for, before the node is; once. It may sleep or wait.
        failing: methods that are answered with an error 500, once, after the node has done its work.
        asked: the methods, in their order.
    """

    def __init__(self, node: str) -> None:
        self.before: dict[str, Callable[[], object]] = {}
        self.failing: set[str] = set()
        self.asked: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                method = proxy._method(body)
                proxy.asked.append(method)
                status = 500 if method in proxy.failing else 200
                proxy.failing.discard(method)
                proxy.before.pop(method, lambda: None)()
                try:
                    with urlopen(Request(node, body, {"Content-Type": "application/json"})) as reply:
                        answer = reply.read()
                except OSError:  # the node is down
                    self.close_connection = True
                    return
                with suppress(OSError):  # who asked has gone
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Not in the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _method(body: bytes) -> str:
        request = json.loads(body)
        return "batch" if isinstance(request, list) else request["method"]
