"""How a batch is carried out: with the keeper's own funds, or without capital through a Liquidator."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from eth_utils.address import is_same_address

from plimsoll.chain.abi import words
from plimsoll.keeper.choice import ALL, BATCH_GAS, Batch, FixedPrice, Route, Venue
from plimsoll.keeper.node import Node, NodeError, Reverted, VaultNode, call_data
from plimsoll.twin.uniswap_v2 import Reserves
from plimsoll.units import PRICE_SCALE

FLASH_GAS = 190_000  # of a batch through the Liquidator and one pair, see bench/README.md


class Execution(Protocol):
    """What differs between them; amounts are base units of the loan asset."""

    spender: str | None  # pulls what is due from the keeper, so it needs an allowance; None: needs no funds
    base_gas: int  # of a batch, whatever is in it

    def venue(self, price: int) -> Venue:
        """Where the collateral is sold, the oracle saying `price` (1e36)."""

    least: int | None  # that can be left before gas at the worst; None: there is no such limit

    def transaction(self, batch: Batch, least: int) -> tuple[str, bytes]:
        """Where to send what; it reverts when less than `least` is left before gas."""

    def income(self, answer: bytes, venue: Venue) -> tuple[int, int]:
        """What the transaction's answer says: what is left before gas, and how many closes are done."""


class Inventory:
    """The vault takes what is due from the keeper, who gets the collateral and sells it elsewhere."""

    base_gas = BATCH_GAS
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
    base_gas = FLASH_GAS
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
            (pair,) = vault.node.view(uniswap, "getPair(address,address)", "address", token, other)
            if int(pair, 16) == 0:
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


def reserves(node: Node, pair: str, token_in: str) -> Reserves:
    """What a Uniswap v2 pair holds of the token that comes in, and of the other."""
    (first,) = node.view(pair, "token0()", "address")
    held = node.view(pair, "getReserves()", "uint112,uint112,uint32")
    return (held[0], held[1]) if is_same_address(first, token_in) else (held[1], held[0])


def _numbers(answer: bytes, count: int) -> tuple[int, ...]:
    """The numbers that a simulated transaction returns."""
    found = words(answer)
    if len(found) != count:
        raise NodeError(f"The node's answer to eth_call has {len(found)} words, not {count}.")
    return found
