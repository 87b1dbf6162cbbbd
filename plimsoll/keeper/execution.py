"""How a batch is carried out: with the keeper's own funds, or without capital through a Liquidator.

Of a vault a batch is a `Batch` and its venue a `Venue`, of a basket a `BasketBatch` and a `LegVenue`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

from eth_utils.address import is_same_address

from plimsoll.chain.words import words
from plimsoll.keeper.basket_choice import BasketBatch, FixedPrices, Hop, LegVenue, Routes
from plimsoll.keeper.choice import ALL, Batch, FixedPrice, Route, Venue
from plimsoll.keeper.gas import batch_gas
from plimsoll.keeper.node import BasketNode, Node, NodeError, Reverted, VaultNode, call_data
from plimsoll.twin.liquidation import ceil_div
from plimsoll.twin.uniswap_v2 import Reserves
from plimsoll.units import PRICE_SCALE


class Execution(Protocol):
    """What differs between them; amounts are base units of the loan asset."""

    spender: str | None  # pulls what is due from the keeper, so it needs an allowance; None: needs no funds
    base_gas: int  # of a batch, whatever is in it
    order_gas: int  # of each order
    least: int | None  # that can be left before gas at the worst; None: there is no such limit

    @property
    def venue(self) -> Callable[..., Any]:
        """Where the collateral is sold, from the oracles' prices (1e36)."""

    def transaction(self, batch: Any, least: int) -> tuple[str, bytes]:
        """Where to send what; it reverts when less than `least` is left before gas."""

    def income(self, answer: bytes, venue: Any) -> tuple[int, int]:
        """What the transaction's answer says: what is left before gas, and how many closes are done."""


class Inventory:
    """The vault takes what is due from the keeper, who gets the collateral and sells it elsewhere."""

    base_gas, order_gas = batch_gas(None, is_flash=False)
    least: int | None = None

    def __init__(self, vault: VaultNode, discount: int = 100, pair: str | None = None) -> None:
        """Values collateral at the oracle's price less `discount` basis points, or at what a `pair` gives."""
        self._vault, self._discount, self._pair = vault, discount, pair
        self.spender: str | None = vault.address

    def venue(self, price: int) -> Venue:
        """See `Execution`."""
        if self._pair is None:
            return FixedPrice(price * (ALL - self._discount) // ALL)
        return Route((reserves(self._vault.node, self._pair, self._vault.collateral),))

    def transaction(self, batch: Batch, least: int) -> tuple[str, bytes]:
        """See `Execution`; at the price that the batch was chosen at, and in proportion for parts of it."""
        min_rate = batch.seized * PRICE_SCALE // max(1, batch.proceeds - least)
        return self._vault.address, call_data("liquidate_batch(uint256[],uint256)", (batch.orders, min_rate))

    def income(self, answer: bytes, venue: Venue) -> tuple[int, int]:
        """See `Execution`."""
        paid, fee, seized, executed = _numbers(answer, 4)
        return venue.proceeds(seized) - paid - fee, executed.bit_count()


class FlashLiquidation:
    """The Liquidator sells the collateral in the vault's callback and sends what is left to the keeper."""

    spender: str | None = None
    base_gas, order_gas = batch_gas(None, is_flash=True)
    least: int | None = 0  # the sale itself has to pay the vault

    def __init__(self, vault: VaultNode, liquidator: str, via: Sequence[str] = ()) -> None:
        """Sells over `via`, tokens between the collateral and the loan asset.

        Raises:
            NodeError: the node does not answer.
            Reverted: there is no Liquidator at the address, or no pair of two tokens.
        """
        self._vault, self._liquidator = vault, liquidator
        self._path = (vault.collateral, *via, vault.loan)
        (uniswap,) = vault.node.view(liquidator, "uniswap_factory()", "address")
        self._pairs = []
        for token, other in pairwise(self._path):
            pair = _pair(vault.node, uniswap, token, other)
            if pair is None:
                raise Reverted(f"there is no pair of {token} and {other}")
            self._pairs.append(pair)

    def venue(self, _price: int) -> Venue:
        """See `Execution`."""
        node, tokens = self._vault.node, self._path
        return Route(
            tuple(reserves(node, pair, token) for pair, token in zip(self._pairs, tokens, strict=False))
        )

    def transaction(self, batch: Batch, least: int) -> tuple[str, bytes]:
        """See `Execution`."""
        return self._liquidator, call_data(
            "liquidate_batch(address,uint256[],address[],uint256)",
            (self._vault.address, batch.orders, self._path, least),
        )

    def income(self, answer: bytes, _venue: Venue) -> tuple[int, int]:
        """See `Execution`."""
        profit, executed = _numbers(answer, 2)
        return profit, executed.bit_count()


class BasketExecution:
    """What both ways have in common.

    Attributes:
        taker: gets the legs.
        barred: mask of the legs that cannot be sold.
    """

    barred = 0

    def __init__(self, basket: BasketNode, taker: str, is_flash: bool) -> None:
        """Through the Liquidator if it is flash."""
        self.basket, self.taker = basket, taker
        self.base_gas, self.order_gas = batch_gas(len(basket.legs), is_flash)

    def movers(self, leg: int) -> tuple[str, ...]:
        """Who has some of a leg and must be able to move it to the taker or back."""
        return (self.basket.address,)


class BasketInventory(BasketExecution):
    """The basket takes what is due from the keeper, who gets the legs and sells them elsewhere."""

    least: int | None = None

    def __init__(self, basket: BasketNode, keeper: str, discount: int = 100) -> None:
        """Values legs at their oracles' prices less `discount` basis points."""
        super().__init__(basket, keeper, is_flash=False)
        self._discount = discount
        self.spender: str | None = basket.address

    def venue(self, *prices: int) -> FixedPrices:
        """See `Execution`."""
        return FixedPrices(tuple(price * (ALL - self._discount) // ALL for price in prices))

    def transaction(self, batch: BasketBatch, least: int) -> tuple[str, bytes]:
        """See `Execution`; less of any leg than pays for all that is due is refused."""
        needed, worth = batch.due + least, max(1, batch.proceeds)
        wanted = [min(amount, ceil_div(max(0, amount * needed), worth)) for amount in batch.seized]
        if not batch.without:
            signature = "liquidate_batch(uint256[],uint256[],address,bytes)"
            return self.basket.address, call_data(signature, (batch.orders, wanted, self.taker, b""))
        (each,) = batch.candidates
        arguments = (each.owner, each.limit, wanted, batch.without, self.taker, b"")
        signature = "liquidate(address,uint256,uint256[],uint256,address,bytes)"
        return self.basket.address, call_data(signature, arguments)

    def income(self, answer: bytes, venue: LegVenue) -> tuple[int, int]:
        """See `Execution`."""
        paid, fee, *rest = _numbers(answer, 10, 11)
        seized = rest[: len(self.basket.legs)]
        closes = rest[8].bit_count() if len(rest) > 8 else 1
        return sum(venue.proceeds_by_leg(seized)) - paid - fee, closes


class BasketFlash(BasketExecution):
    """The Liquidator sells each leg in the basket's callback and sends what is left to the keeper."""

    spender: str | None = None
    least: int | None = 0

    def __init__(self, basket: BasketNode, liquidator: str, via: Sequence[str] = ()) -> None:
        """Sells over `via`, or straight where there are no such pairs; a leg in `via` begins at its place.

        Raises:
            NodeError: the node does not answer.
            Reverted: there is no Liquidator at the address, or no leg has pairs.
        """
        super().__init__(basket, liquidator, is_flash=True)
        (self._uniswap,) = basket.node.view(liquidator, "uniswap_factory()", "address")
        self._paths = tuple(self._hops(leg, via) for leg in basket.collaterals)
        self.barred = sum(1 << leg for leg, path in enumerate(self._paths) if not path)
        if not any(self._paths):
            raise Reverted(f"there are no pairs from any leg to {basket.loan}")

    def movers(self, leg: int) -> tuple[str, ...]:
        """See `BasketExecution`; the pair that buys it is one."""
        return (*super().movers(leg), *(hop.pair for hop in self._paths[leg][:1]))

    def _hops(self, leg: str, via: Sequence[str]) -> tuple[Hop, ...]:
        leg, loan, *stops = (token.lower() for token in (leg, self.basket.loan, *via))
        if leg in stops:
            stops = stops[stops.index(leg) + 1 :]
        for path in ((leg, *stops, loan), (leg, loan)):
            steps = list(pairwise(path))
            found = [_pair(self.basket.node, self._uniswap, *step) for step in steps]
            if None not in found:
                return tuple(Hop(str(pair), *step) for pair, step in zip(found, steps, strict=True))
        return ()

    def venue(self, *_prices: int) -> Routes:
        """See `Execution`."""
        held: dict[tuple[str, str], int] = {}
        for pair, token_in, token_out in {hop.pair: hop for path in self._paths for hop in path}.values():
            held[pair, token_in], held[pair, token_out] = reserves(self.basket.node, pair, token_in)
        return Routes(self._paths, held)

    def transaction(self, batch: BasketBatch, least: int) -> tuple[str, bytes]:
        """See `Execution`; a leg that sells for nothing goes to the keeper unsold."""
        paths = [
            [path[0].token_in, *(hop.token_out for hop in path)] if proceeds else []
            for path, proceeds in zip(self._paths, batch.by_leg, strict=True)
        ]
        basket = self.basket.address
        if not batch.without:
            signature = "liquidate_basket_batch(address,uint256[],address[][],uint256)"
            return self.taker, call_data(signature, (basket, batch.orders, paths, least))
        (each,) = batch.candidates
        arguments = (basket, each.owner, each.limit, batch.without, paths, least)
        signature = "liquidate_basket(address,address,uint256,uint256,address[][],uint256)"
        return self.taker, call_data(signature, arguments)

    def income(self, answer: bytes, _venue: LegVenue) -> tuple[int, int]:
        """See `Execution`."""
        profit, *executed = _numbers(answer, 1, 2)
        return profit, executed[0].bit_count() if executed else 1


def _pair(node: Node, uniswap: str, token: str, other: str) -> str | None:
    (pair,) = node.view(uniswap, "getPair(address,address)", "address", token, other)
    return pair if int(pair, 16) else None


def reserves(node: Node, pair: str, token_in: str) -> Reserves:
    """What a Uniswap v2 pair holds of the token that comes in, and of the other."""
    (first,) = node.view(pair, "token0()", "address")
    held = node.view(pair, "getReserves()", "uint112,uint112,uint32")
    return (held[0], held[1]) if is_same_address(first, token_in) else (held[1], held[0])


def _numbers(answer: bytes, *counts: int) -> tuple[int, ...]:
    """The numbers that a simulated transaction returns, as many as one of the counts."""
    found = words(answer)
    if len(found) not in counts:
        wanted = " or ".join(map(str, counts))
        raise NodeError(f"The node's answer to eth_call has {len(found)} words, not {wanted}.")
    return found
