"""A vault on a node, through JSON-RPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eth_abi.exceptions import DecodingError
from web3.exceptions import Web3Exception

from plimsoll.chain.abi import Function, Log
from plimsoll.chain.logs import in_halves
from plimsoll.keeper.events import TOPICS
from plimsoll.twin.liquidation import DebtTotals, Risk


class NodeError(Exception):
    """The node cannot be reached or refuses to answer; trying later may help."""


class Reverted(Exception):
    """A call would revert; the message is the reason."""


class Node:
    """JSON-RPC with errors of two kinds: the contract's and the node's."""

    def __init__(self, request: Callable[[str, Any], Any]) -> None:
        """`request` gives the JSON-RPC reply to a method and its parameters, as web3's providers do."""
        self._request = request

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result of a request.

        Raises:
            Reverted: a contract reverted.
            NodeError: anything else.
        """
        try:
            reply = self._request(method, list(parameters))
        except (Web3Exception, OSError, ValueError) as error:  # requests' errors are OSErrors
            raise NodeError(f"The node does not answer {method} ({_line(error)}).") from error
        if "error" in reply:
            message = str(reply["error"].get("message", reply["error"]))
            if reply["error"].get("code") == 3 or "revert" in message.lower():
                raise Reverted(message.removeprefix("execution reverted").removeprefix(": ") or "no reason")
            raise NodeError(f"The node refuses {method} ({message}).")
        return reply["result"]

    def number(self, method: str, *parameters: Any) -> int:
        """As `ask`, for a quantity."""
        return int(self.ask(method, *parameters), 16)

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
        return bytes.fromhex(self.ask("eth_call", call, block)[2:])


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
        found = self.node.ask("eth_getBlockByNumber", hex(block), False)
        return bytes.fromhex(found["hash"][2:]) if found else None

    def logs(self, first: int, last: int) -> list[Log]:
        """The vault's events that change positions; a range that the node refuses is asked in halves."""
        wanted = {"address": self.address, "topics": [["0x" + topic.hex() for topic in TOPICS]]}

        def ask(first: int, last: int) -> list[Log]:
            found = self.node.ask("eth_getLogs", {**wanted, "fromBlock": hex(first), "toBlock": hex(last)})
            return list(map(Log.of, found))

        return in_halves(ask, first, last, _refuses)

    def position(self, owner: str, block: bytes) -> tuple[int, int]:
        """Collateral in base units and debt shares of `owner`, in the block of a hash."""
        collateral, shares = self.node.view(
            self.address, "position_of(address)", "uint256,uint256", owner, block=_at(block)
        )
        return collateral, shares

    def drawn(self, block: bytes) -> int:
        """Debt shares of all positions, in the block of a hash."""
        line = self.node.view(
            self.pool, "credit_line(address)", "uint256,uint256,uint256", self.address, block=_at(block)
        )
        return int(line[1])

    def totals(self, block: bytes) -> DebtTotals:
        """The pool's debt, in the block of a hash."""
        return DebtTotals(*self.node.view(self.pool, "debt_totals()", "uint256,uint256", block=_at(block)))

    def price(self, block: bytes) -> int:
        """The oracle's price (1e36) in the block of a hash; `Reverted` when it has none."""
        return int(self.node.view(self.oracle, "price()", "uint256", block=_at(block))[0])


def call_data(signature: str, arguments: Sequence[Any]) -> bytes:
    """The data of a call; `signature` of plain types and lists of them."""
    return Function.parse(signature, "").encode(arguments)


def _refuses(error: Exception) -> bool:
    """Whether a node said no, rather than nothing."""
    return isinstance(error, NodeError) and not isinstance(error.__cause__, OSError)


def _at(block: bytes) -> dict[str, str]:
    return {"blockHash": "0x" + block.hex()}


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
