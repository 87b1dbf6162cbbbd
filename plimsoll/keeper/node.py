"""A vault on a node, through JSON-RPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from eth_abi.exceptions import DecodingError
from web3.exceptions import Web3Exception

from plimsoll.chain.abi import Function, Log
from plimsoll.chain.logs import in_halves
from plimsoll.keeper.events import TOPICS
from plimsoll.sentences import without_urls
from plimsoll.twin.liquidation import DebtTotals, Risk

Answer = TypeVar("Answer")


class NodeError(Exception):
    """The node cannot be reached, refuses, or answers what makes no sense; trying later may help."""


class Refused(NodeError):
    """The node has answered, with an error of its own."""


class Reverted(Exception):
    """A call would revert; the message is the reason."""


class Node:
    """JSON-RPC with errors of two kinds: the contract's and the node's.

    No message contains the node's address, which may contain a key.
    """

    def __init__(self, request: Callable[[str, Any], Any]) -> None:
        """`request` gives the JSON-RPC reply to a method and its parameters, as web3's providers do."""
        self._request = request

    def ask(self, method: str, *parameters: Any, read: Callable[[Any], Answer]) -> Answer:
        """What `read` makes of the result of a request; it may raise whatever a wrong type raises.

        Raises:
            Reverted: a contract reverted.
            Refused: the node answers with another error.
            NodeError: anything else.
        """
        try:
            reply = self._request(method, list(parameters))
        except (Web3Exception, OSError, ValueError) as error:  # requests' errors are OSErrors
            raise NodeError(f"The node does not answer {method} ({_kind(error)}).") from None
        try:
            if (refusal := reply.get("error")) is not None:
                raise _failure(method, refusal)
            return read(reply["result"])
        except (AttributeError, LookupError, TypeError, ValueError):
            raise NodeError(f"The node's answer to {method} makes no sense ({_plain(reply)}).") from None

    def number(self, method: str, *parameters: Any) -> int:
        """As `ask`, for a quantity."""
        return self.ask(method, *parameters, read=lambda it: int(it, 16))

    def view(
        self,
        address: str,
        signature: str,
        returns: str,
        *arguments: Any,
        block: Any = "latest",
    ) -> tuple[Any, ...]:
        """What a call would return.

        Args:
            address: of the contract.
            signature: such as `balanceOf(address)`.
            returns: the types of the answer, such as `uint256,address`.
            arguments: of the call.
            block: a tag, or `{"blockHash": ...}`.

        Raises:
            Reverted: also when the address answers something else, or is no contract.
        """
        function = Function.parse(signature, returns)
        answer = self.call(address, function.encode(arguments), block=block)
        try:
            return function.values(answer)
        except DecodingError:
            raise Reverted(f"{address} does not know {signature}") from None

    def call(self, address: str, data: bytes, *, block: Any = "latest", sender: str | None = None) -> bytes:
        """As `view`, of encoded data and without decoding; `sender` is who calls."""
        call = {"to": address, "data": "0x" + data.hex()}
        if sender:
            call["from"] = sender
        return self.ask("eth_call", call, block, read=_bytes)


class VaultNode:
    """One vault on a node: the source of its events, and its books."""

    def __init__(self, node: Node, vault: str) -> None:
        """Asks the vault for its pool, tokens and parameters.

        Raises:
            NodeError: the node does not answer.
            Reverted: there is no vault at the address.
        """
        self.node, self.address = node, vault
        (self.pool,) = node.view(vault, "pool()", "address")
        (self.loan,) = node.view(vault, "loan_asset()", "address")
        (self.collateral,) = node.view(vault, "collateral_asset()", "address")
        (self.oracle,) = node.view(vault, "oracle()", "address")
        self.risk = Risk.from_struct(node.view(vault, "risk()", ",".join(["uint256"] * 9)))

    def head(self) -> int:
        """The number of the newest block."""
        return self.node.number("eth_blockNumber")

    def block_hash(self, block: int) -> bytes | None:
        """The hash of a block; None when the chain is shorter."""
        return self.node.ask(
            "eth_getBlockByNumber",
            hex(block),
            False,
            read=lambda found: None if found is None else _bytes(found["hash"]),
        )

    def logs(self, first: int, last: int) -> list[Log]:
        """The vault's events that change positions; a range that the node refuses is asked in halves."""
        wanted = {"address": self.address, "topics": [["0x" + topic.hex() for topic in TOPICS]]}

        def ask(first: int, last: int) -> list[Log]:
            blocks = {"fromBlock": hex(first), "toBlock": hex(last)}
            return self.node.ask("eth_getLogs", {**wanted, **blocks}, read=lambda it: list(map(Log.of, it)))

        return in_halves(ask, first, last, lambda error: isinstance(error, Refused))

    def position(self, owner: str, block: bytes) -> tuple[int, int]:
        """Collateral in base units and debt shares of `owner`, in the block of a hash."""
        collateral, shares = self.node.view(
            self.address, "position_of(address)", "uint256,uint256", owner, block=at(block)
        )
        return collateral, shares

    def drawn(self, block: bytes) -> int:
        """Debt shares of all positions, in the block of a hash."""
        line = self.node.view(
            self.pool, "credit_line(address)", "uint256,uint256,uint256", self.address, block=at(block)
        )
        return int(line[1])

    def totals(self, block: bytes) -> DebtTotals:
        """The pool's debt, in the block of a hash."""
        return DebtTotals(*self.node.view(self.pool, "debt_totals()", "uint256,uint256", block=at(block)))

    def price(self, block: bytes) -> int:
        """The oracle's price (1e36) in the block of a hash; `Reverted` when it has none."""
        return int(self.node.view(self.oracle, "price()", "uint256", block=at(block))[0])


def call_data(signature: str, arguments: Sequence[Any]) -> bytes:
    """The data of a call; `signature` of plain types and lists of them."""
    return Function.parse(signature, "").encode(arguments)


def at(block: bytes) -> dict[str, str]:
    """How a call names the block of a hash."""
    return {"blockHash": "0x" + block.hex()}


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _failure(method: str, error: Any) -> Exception:
    """What the error in a reply means; the standard's object, or whatever a provider sends instead."""
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, error)
    message = str(message or error)
    if code == 3 or "revert" in message.lower():
        return Reverted(message.removeprefix("execution reverted").removeprefix(": ") or "no reason")
    return Refused(f"The node refuses {method} ({_plain(message)}).")


def _kind(error: Exception) -> str:
    """What failed; the texts of such errors contain the node's address."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"HTTP status {status}" if status else type(error).__name__


def _plain(answer: object) -> str:
    """An answer in one line, cut, without what may be an address with a key."""
    return without_urls(" ".join(str(answer).split()))[:200]
