"""An Anvil of one's own, which may be killed, and a proxy that fails as nodes do."""

import gzip
import json
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

from ape.exceptions import ProviderError
from web3 import Web3

PATIENCE = 30  # seconds


class AnvilProcess:
    """A provider, as far as `plimsoll.chain.anvil.Anvil` needs one."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.web3 = Web3(Web3.HTTPProvider(self.url))  # for batches
        self._process: subprocess.Popen | None = None

    def start(self, state: Path | None = None, *options: str) -> None:
        """A fresh chain, or that of a state's file; `options` are Anvil's."""
        command = ["anvil", "--silent", "--port", str(self._port), "--gas-price", "0", "--base-fee", "0"]
        command += options
        if state is not None:
            command += ["--load-state", str(state)]
        self._process = subprocess.Popen([*command, "--hardfork", "prague"])
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError):
                self.make_request("eth_chainId", [])
                return
            time.sleep(0.02)
        raise TimeoutError(f"Anvil does not answer on port {self._port} after {PATIENCE} seconds.")

    def kill(self) -> None:
        """By SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def dump(self, state: Path) -> None:
        """Writes the chain into a file, for `start`."""
        dumped = str(self.make_request("anvil_dumpState", [True]))
        state.write_bytes(gzip.decompress(bytes.fromhex(dumped[2:])))

    def make_request(self, method: str, parameters: list) -> Any:
        """The result of a request; raises `ProviderError`."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        with urlopen(Request(self.url, body, {"Content-Type": "application/json"})) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise ProviderError(reply["error"]["message"])
        return reply["result"]


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
