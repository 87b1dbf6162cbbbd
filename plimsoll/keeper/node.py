"""A vault or a basket on a node, through JSON-RPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from web3.exceptions import Web3Exception

from plimsoll.chain.abi import Function, Log
from plimsoll.chain.logs import in_halves
from plimsoll.keeper.events import TOPICS
from plimsoll.sentences import without_urls
from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Risk, shortfall
from plimsoll.twin.position import unpack_amounts

Answer = TypeVar("Answer")

LEGS = "(address,address,uint256,uint256,uint256)[]"  # of `IBasket.Leg`
PREVIEWS = 16  # closes of a batch that are compared; a basket previews one at a time


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


class SpokeNode:
    """What a vault and a basket on a node have in common: the source of its events, and its books.

    Attributes:
        collaterals: the tokens; a vault has one, a basket one for each leg.
    """

    collaterals: tuple[str, ...]

    def __init__(self, node: Node, address: str) -> None:
        """Asks for its pool, loan asset and parameters.

        Raises:
            NodeError: the node does not answer.
            Reverted: there is no vault or basket at the address.
        """
        self.node, self.address = node, address
        (self.pool,) = node.view(address, "pool()", "address")
        (self.loan,) = node.view(address, "loan_asset()", "address")
        self.risk = Risk.from_struct(node.view(address, "risk()", ",".join(["uint256"] * 9)))

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
        """The events that change positions; a range that the node refuses is asked in halves."""
        wanted = {"address": self.address, "topics": [["0x" + topic.hex() for topic in TOPICS]]}

        def ask(first: int, last: int) -> list[Log]:
            blocks = {"fromBlock": hex(first), "toBlock": hex(last)}
            return self.node.ask("eth_getLogs", {**wanted, **blocks}, read=lambda it: list(map(Log.of, it)))

        return in_halves(ask, first, last, lambda error: isinstance(error, Refused))

    def position(self, owner: str, block: bytes) -> tuple[int, ...]:
        """Base units of each collateral and debt shares of `owner`, in the block of a hash."""
        raise NotImplementedError

    def prices(self, block: bytes) -> tuple[int, ...]:
        """The prices (1e36) in the block of a hash, of a basket's legs 0 for one that is silent.

        Raises:
            Reverted: a vault's oracle has none.
        """
        raise NotImplementedError

    def shortfall(self, position: tuple[int, ...], prices: Sequence[int], totals: DebtTotals) -> int:
        """What a position with debt lacks, base units of the loan asset."""
        raise NotImplementedError

    def confirms(self, batch: Any, block: bytes) -> bool:
        """Whether the contract's preview, in the block of a hash, is what a batch was chosen for."""
        raise NotImplementedError

    def drawn(self, block: bytes) -> int:
        """Debt shares of all positions, in the block of a hash."""
        line = self.node.view(
            self.pool, "credit_line(address)", "uint256,uint256,uint256", self.address, block=at(block)
        )
        return int(line[1])

    def totals(self, block: bytes) -> DebtTotals:
        """The pool's debt, in the block of a hash."""
        return DebtTotals(*self.node.view(self.pool, "debt_totals()", "uint256,uint256", block=at(block)))

    def price(self, oracle: str, block: bytes) -> int:
        """An oracle's price (1e36) in the block of a hash; `Reverted` when it has none."""
        return int(self.node.view(oracle, "price()", "uint256", block=at(block))[0])


class VaultNode(SpokeNode):
    """One vault on a node."""

    def __init__(self, node: Node, vault: str) -> None:
        """See `SpokeNode`."""
        super().__init__(node, vault)
        self.collaterals = node.view(vault, "collateral_asset()", "address")
        (self.collateral,) = self.collaterals
        (self.oracle,) = node.view(vault, "oracle()", "address")

    def position(self, owner: str, block: bytes) -> tuple[int, ...]:
        """See `SpokeNode`."""
        return self.node.view(self.address, "position_of(address)", "uint256,uint256", owner, block=at(block))

    def prices(self, block: bytes) -> tuple[int, ...]:
        """See `SpokeNode`."""
        return (self.price(self.oracle, block),)

    def shortfall(self, position: tuple[int, ...], prices: Sequence[int], totals: DebtTotals) -> int:
        """See `SpokeNode`."""
        (collateral, shares), (price,) = position, prices
        return shortfall(collateral, shares, price, totals, self.risk)

    def confirms(self, batch: Any, block: bytes) -> bool:
        """See `SpokeNode`."""
        paid, fee, seized, executed = self.node.view(
            self.address,
            "preview_liquidate_batch(uint256[])",
            "uint256,uint256,uint256,uint256",
            batch.orders,
            block=at(block),
        )
        return bool((paid + fee, seized, executed) == (batch.due, batch.seized, batch.executed))


class BasketNode(SpokeNode):
    """One basket on a node.

    Attributes:
        legs: their parameters.
        oracles: one for each leg.
    """

    def __init__(self, node: Node, basket: str) -> None:
        """See `SpokeNode`."""
        super().__init__(node, basket)
        answer = node.call(basket, call_data("legs()", ()))
        try:
            (legs,) = decode([LEGS], answer)
        except DecodingError:
            raise Reverted(f"{basket} does not know legs()") from None
        self.collaterals, self.oracles = (tuple(leg[part] for leg in legs) for part in (0, 1))
        self.legs = tuple(slices.Leg(*leg[2:]) for leg in legs)

    def position(self, owner: str, block: bytes) -> tuple[int, ...]:
        """See `SpokeNode`."""
        types = ",".join(["uint256"] * 9)
        *amounts, shares = self.node.view(self.address, "position_of(address)", types, owner, block=at(block))
        return (*amounts[: len(self.legs)], shares)

    def prices(self, block: bytes) -> tuple[int, ...]:
        """See `SpokeNode`."""
        return tuple(self._price(oracle, block) for oracle in self.oracles)

    def _price(self, oracle: str, block: bytes) -> int:
        try:
            return self.price(oracle, block)
        except Reverted:
            return 0

    def shortfall(self, position: tuple[int, ...], prices: Sequence[int], totals: DebtTotals) -> int:
        """See `SpokeNode`; silent legs count at their ceilings."""
        *amounts, shares = position
        return slices.shortfall(slices.worth_of(amounts, prices, self.legs).high, shares, totals, self.risk)

    def confirms(self, batch: Any, block: bytes) -> bool:
        """See `SpokeNode`; of a large batch some closes are compared."""
        return all(
            self.preview(each.owner, each.limit, batch.without, block) == each.quote
            for each in batch.candidates[:PREVIEWS]
        )

    def preview(self, owner: str, max_repay: int, without: int, block: bytes) -> slices.Quote:
        """What the basket says that a close would do, in the block of a hash."""
        liquidatable, known, shares, paid, fee, *rest = self.node.view(
            self.address,
            "preview_liquidate(address,uint256,uint256)",
            ",".join(["uint256"] * 12),
            owner,
            max_repay,
            without,
            block=at(block),
        )
        seized = unpack_amounts(rest[:4])[: len(self.legs)]
        return slices.Quote(
            bool(liquidatable), bool(known), shares, paid, fee, seized if shares else (), *rest[4:]
        )

    def moves(self, leg: int, sender: str, receiver: str) -> bool:
        """Whether somebody who holds a leg could send some of it now."""
        data = call_data("transfer(address,uint256)", (receiver, 1))
        try:
            answer = self.node.call(self.collaterals[leg], data, sender=sender)
        except Reverted:
            return False
        return not answer or any(answer)


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
