"""The engine that users see: Anvil, through JSON-RPC, and a process of it.

Every account is impersonated. Each transaction has a block of its own.
"""

import gzip
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from plimsoll.chain import npm
from plimsoll.chain.abi import Log, reason_of
from plimsoll.chain.engine import CallReverted, Receipt, Transaction

_GAS = 25_000_000
_WEALTH = hex(10**18)  # for gas
_BLOCK_GAS = hex(30_000_000)  # Anvil's own limit; the limits of a block's transactions have to fit
_PATIENCE = 30  # seconds
_PAUSE = 0.0005  # seconds between two looks for a block; without it the looks keep a processor busy
_GIVES_RECEIPTS = (1, 3)  # the first Anvil that answers a transaction with its receipt


class Anvil:
    """An `Engine` on Anvil."""

    def __init__(
        self,
        url: str,
        gas_limit: int = _GAS,
        now: int | None = None,
        block_seconds: int = 1,
    ) -> None:
        """Takes over the clock of a node.

        Args:
            url: of a local Anvil.
            gas_limit: of every transaction and call.
            now: what the clock is set to, past or future; seconds.
            block_seconds: that a transaction takes; with 0 time passes by `advance` alone.
        """
        self._node = JsonRpc(url)
        self._block_seconds = block_seconds
        self._gas = hex(gas_limit)
        self.request("anvil_autoImpersonateAccount", True)
        if now is None:
            now = int(self.request("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 1
        else:
            self.request("evm_setTime", now)
        self._now = now
        self._gives_receipts = tuple(map(int, re.findall(r"\d+", self.client)[:2])) >= _GIVES_RECEIPTS
        self._receipt: dict[str, Any] = {}
        self._times: dict[int, int] = {}

    def close(self) -> None:
        """Ends the impersonation."""
        self.request("anvil_autoImpersonateAccount", False)

    @property
    def client(self) -> str:
        """What runs the code, with its version."""
        return str(self.request("web3_clientVersion"))

    @property
    def chain_id(self) -> int:
        """What signatures are bound to."""
        return int(self.request("eth_chainId"), 16)

    @property
    def now(self) -> int:
        """Timestamp of the block in which the next call runs, seconds."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Moves the time of the next call."""
        self._now += seconds

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made."""
        request = {"from": sender, "data": "0x" + initcode.hex()}
        try:
            self._transact(request)
        except CallReverted:
            self._call(request)  # says why
            raise
        return str(self._receipt["contractAddress"]).lower()

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the same call would have returned just before."""
        answer = self.call(sender, to, data)
        self._transact({"from": sender, "to": to, "data": "0x" + data.hex()})
        return answer

    def call(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        """Asks without a transaction, with so much gas when it is said."""
        return self._call({"from": sender, "to": to, "data": "0x" + data.hex()}, gas)

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""
        return _logs(self._receipt)

    def block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """Puts transactions into one block at the current time, in this order.

        Anvil works on a batch of requests in any order, so falling gas prices say which comes first.
        """
        if not transactions:
            return []
        self.request("evm_setAutomine", False)
        self.request("evm_setBlockGasLimit", hex(len(transactions) * int(self._gas, 16)))
        try:
            senders = list(dict.fromkeys(each.sender for each in transactions))
            counts = self._batch([("eth_getTransactionCount", [sender, "latest"]) for sender in senders])
            nonces = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
            self._batch([("anvil_setBalance", [sender, _WEALTH]) for sender in senders])
            requests = []
            for place, each in enumerate(transactions):
                request = {
                    "from": each.sender,
                    "to": each.to,
                    "data": "0x" + each.data.hex(),
                    "gas": self._gas,
                }
                request |= {
                    "gasPrice": hex(len(transactions) - place),
                    "nonce": hex(nonces[each.sender]),
                }
                nonces[each.sender] += 1
                requests.append(("eth_sendTransaction", [request]))
            hashes = self._batch(requests)
            self.request("evm_setNextBlockTimestamp", self._now)
            self.request("evm_mine")
        finally:
            self.request("evm_setBlockGasLimit", _BLOCK_GAS)
            self.request("evm_setAutomine", True)
        receipts = self._batch([("eth_getTransactionReceipt", [each]) for each in hashes])
        return [Receipt(int(each["status"], 16) == 1, _logs(each)) for each in receipts]

    @property
    def identifier(self) -> str | None:
        """The hash of the last transaction."""
        return str(self._receipt["transactionHash"])

    @property
    def gas_used(self) -> int:
        """What the receipt of the last transaction says."""
        return int(self._receipt["gasUsed"], 16)

    def trace(self, tracer: str, **config: Any) -> Any:
        """What one of the node's tracers says of the last transaction."""
        options = {"tracer": tracer, "tracerConfig": config}
        return self.request("debug_traceTransaction", self._receipt["transactionHash"], options)

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""
        number = int(self.request("evm_snapshot"), 16)
        self._times[number] = self._now
        return number

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""
        # a moment after it has mined Anvil 1.7.1 drops transactions of the same nonce, also new ones
        deadline = time.monotonic() + _PATIENCE
        while int(self.request("txpool_status")["pending"], 16) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        self.request("evm_revert", hex(snapshot))
        self._now = self._times[snapshot]

    def code(self, address: str) -> bytes:
        """What runs at an address, immutables included."""
        return bytes.fromhex(self.request("eth_getCode", address, "latest")[2:])

    def storage(self, address: str, slot: int) -> int:
        """A word of storage."""
        return int(self.request("eth_getStorageAt", address, hex(slot), "latest"), 16)

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Overwrites a word of storage: what no contract can do."""
        self.request("anvil_setStorageAt", address, hex(slot), f"0x{word:064x}")

    def _call(self, request: dict[str, Any], gas: int | None = None) -> bytes:
        request = {**request, "gas": hex(gas) if gas else self._gas}
        answer = self.request("eth_call", request, "latest", {}, {"time": hex(self._now)})
        return bytes.fromhex(str(answer)[2:])

    def _transact(self, request: dict[str, Any]) -> None:
        self.request("evm_setNextBlockTimestamp", self._now)
        self._receipt = self._mined({**request, "gas": self._gas, "gasPrice": "0x0"})
        self._now += self._block_seconds
        if int(self._receipt["status"], 16) == 0:
            raise CallReverted("")

    def _mined(self, request: dict[str, Any]) -> dict[str, Any]:
        """The receipt of a transaction, which is sent."""
        receipt: dict[str, Any] | None
        if self._gives_receipts:
            receipt = self.request("eth_sendTransactionSync", request)
        else:
            identifier = self.request("eth_sendTransaction", request)
            receipt = None
            deadline = time.monotonic() + _PATIENCE
            while receipt is None and time.monotonic() < deadline:  # it answers before the block is there
                time.sleep(_PAUSE)
                receipt = self.request("eth_getTransactionReceipt", identifier)
        if receipt is None:
            raise TimeoutError(f"Anvil has not mined a transaction within {_PATIENCE} seconds")
        return receipt

    def _batch(self, requests: list[tuple[str, list[Any]]]) -> list[Any]:
        """The results of many requests, in their order."""
        return self._node.batch(requests)

    def request(self, method: str, *parameters: Any) -> Any:
        """Whatever else the node can do; see `JsonRpc.request`."""
        return self._node.request(method, *parameters)


class JsonRpc:
    """JSON-RPC to a local node over one connection; a sixth of the time that web3's provider takes."""

    def __init__(self, url: str) -> None:
        """Connects with the first request."""
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)

    def request(self, method: str, *parameters: Any) -> Any:
        """The result of a request.

        Raises:
            CallReverted: the call reverts.
            RuntimeError: the node refuses.
            OSError: the node does not answer.
        """
        return _result(self._post(_body(0, method, parameters)))

    def batch(self, requests: list[tuple[str, list[Any]]]) -> list[Any]:
        """As `request`, of many at once; the results in their order."""
        replies = self._post([_body(number, *request) for number, request in enumerate(requests)])
        return [_result(reply) for reply in sorted(replies, key=lambda reply: int(reply["id"]))]

    def _post(self, body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request("POST", "/", json.dumps(body), headers)
            return json.load(self._connection.getresponse())
        except (HTTPException, OSError) as error:
            self._connection.close()  # the next request connects anew
            raise OSError(f"the node does not answer: {error}") from error


def _body(number: int, method: str, parameters: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(parameters)}


class AnvilProcess:
    """An Anvil of one's own, which runs within a `with`.

    Attributes:
        url: where it answers.
        request: see `JsonRpc.request`.
    """

    def __init__(self, *options: str) -> None:
        """Finds a free port; nothing runs yet. `options` are Anvil's."""
        self._options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.request = JsonRpc(self.url).request
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Starts it; see `start`."""
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it."""
        self.kill()

    def start(self, state: Path | None = None) -> None:
        """A fresh chain, or that of a state's file.

        Raises:
            FileNotFoundError: there is no Anvil.
            TimeoutError: it does not answer.
        """
        command = [_anvil(), "--silent", "--port", str(self._port), "--gas-price", "0", "--base-fee", "0"]
        command += [*self._options, "--hardfork", "prague"]
        if state is not None:
            command += ["--load-state", str(state)]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError):
                self.request("eth_chainId")
                return
            time.sleep(0.02)
        raise TimeoutError(f"Anvil does not answer on port {self._port} after {_PATIENCE} seconds.")

    def kill(self) -> None:
        """By SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def dump(self, state: Path) -> None:
        """Writes the chain into a file, for `start`."""
        dumped = str(self.request("anvil_dumpState", True))
        state.write_bytes(gzip.decompress(bytes.fromhex(dumped[2:])))


def _anvil() -> str:
    """The program: the user's own, or the one that was fetched."""
    fetched = npm.find(npm.anvil_package())
    found = shutil.which("anvil") or (fetched and shutil.which("anvil", path=fetched / "bin"))
    if not found:
        raise FileNotFoundError("There is no anvil; `plimsoll fetch anvil` gets it, or install Foundry.")
    return found


def _result(reply: Any) -> Any:
    """What a reply says.

    Raises:
        CallReverted: the call reverts.
        RuntimeError: the node refuses.
    """
    if "error" not in reply:
        return reply["result"]
    error = reply["error"]
    if "revert" in error["message"] or "EVM error" in error["message"]:
        raise CallReverted(reason_of(bytes.fromhex((error.get("data") or "0x")[2:])))
    raise RuntimeError(f"Anvil refused a request: {error['message']}")


def _logs(receipt: dict[str, Any]) -> list[Log]:
    return list(map(Log.of, receipt["logs"]))
