"""The one liquidator of a scenario: looks with the chain's own previews, closes in batches, sells later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from plimsoll.chain.node import Receipt
from plimsoll.params import wad
from plimsoll.scenario.config import Liquidator as Settings
from plimsoll.scenario.market import MAX, Market
from plimsoll.twin.liquidation import PRICE_SCALE, WAD, Quote, collateral_value

NO_LIMIT = 2**96 - 1
BATCH = 256
ADDRESS = "0x" + f"{0x115D1DA << 132 | 1:040x}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders that have been executed, and what the preview said about them beforehand."""

    owners: tuple[str, ...]
    limits: tuple[int, ...]  # the most to repay, base units
    quotes: tuple[Quote, ...]
    collateral: tuple[int, ...]  # of each owner, before, base units
    shares: tuple[int, ...]  # debt shares
    receipt: Receipt


class Liquidator:
    """Acts on a market with capital of its own. What it seizes it sells at the next step's price."""

    def __init__(self, market: Market, settings: Settings, capital: int) -> None:
        """Provides the liquidator with `capital`, base units of the loan asset."""
        self._market = market
        self._node = market.node
        self._margin = WAD + wad(settings.margin)
        self._min_repay = int(settings.min_repay * 10**market.loan_decimals)
        market.provide(ADDRESS, market.loan, capital, market.vault)

    def holdings(self) -> tuple[int, int]:
        """Base units of the loan asset; base units of collateral."""
        loan, collateral = self._market.loan, self._market.collateral
        return self._node.view(loan.balanceOf, ADDRESS), self._node.view(collateral.balanceOf, ADDRESS)

    def sell(self, price: int) -> None:
        """Sells all collateral at `price` (1e36), in a market so deep that the sale does not move it."""
        market = self._market
        seized = self.holdings()[1]
        if seized > 0:
            self._node.send(market.deployer, market.collateral.burn, ADDRESS, seized)
            self._node.send(market.deployer, market.loan.mint, ADDRESS, collateral_value(seized, price))

    def liquidatable(self, owners: Sequence[str]) -> list[str]:
        """Those of `owners` whom a liquidation in the next block can close, fully or in part."""
        found = []
        for first in range(0, len(owners), BATCH):
            part = owners[first : first + BATCH]
            orders = [_order(owner, NO_LIMIT) for owner in part]
            bits = self._node.view(self._market.vault.preview_liquidate_batch, orders, block="pending")[3]
            found += [owner for i, owner in enumerate(part) if bits >> i & 1]
        return found

    def act(self, owners: Sequence[str], price: int) -> Batch | None:
        """Closes what pays and what the capital reaches, the best paid first, in one batch.

        Args:
            owners: borrowers to look at.
            price: the oracle's, 1e36.

        Returns:
            None when there is nothing to do.
        """
        vault, node = self._market.vault, self._node
        orders, quotes = self._choose(self.liquidatable(owners), price)
        if not orders:
            return None
        chosen = [_owner(order) for order in orders]
        positions = node.views(vault.position_of, [(owner,) for owner in chosen])
        least_rate = PRICE_SCALE * PRICE_SCALE * self._margin // (WAD * price)
        receipt = node.send(ADDRESS, vault.liquidate_batch, orders, least_rate)
        return Batch(
            owners=tuple(chosen),
            limits=tuple(order >> 160 for order in orders),
            quotes=tuple(quotes),
            collateral=tuple(collateral for collateral, _ in positions),
            shares=tuple(shares for _, shares in positions),
            receipt=receipt,
        )

    def _choose(self, owners: Sequence[str], price: int) -> tuple[list[int], list[Quote]]:
        """Orders and their quotes, within capital and batch size, each worth its margin."""
        preview = self._market.vault.preview_liquidate
        replies = self._node.views(preview, [(owner, MAX) for owner in owners], block="pending")
        offers = [(Quote(*reply), owner) for reply, owner in zip(replies, owners, strict=True)]
        offers = [offer for offer in offers if self._pays(offer[0], price)]
        offers.sort(key=lambda offer: (-_gain(offer[0], price), offer[1]))

        budget = self.holdings()[0]
        orders: list[int] = []
        quotes: list[Quote] = []
        for quote, owner in offers[:BATCH]:
            limit = NO_LIMIT
            if quote.paid + quote.fee > budget:
                limit = budget * quote.paid // (quote.paid + quote.fee)
                if limit == 0 or limit < self._min_repay:
                    break
                quote = Quote(*self._node.view(preview, owner, limit, block="pending"))
                if quote.paid + quote.fee > budget or not self._pays(quote, price):
                    continue
            budget -= quote.paid + quote.fee
            orders.append(_order(owner, limit))
            quotes.append(quote)
        return orders, quotes

    def _pays(self, quote: Quote, price: int) -> bool:
        cost = quote.paid + quote.fee
        return quote.shares > 0 and quote.seized * price * WAD >= cost * self._margin * PRICE_SCALE


def _order(owner: str, limit: int) -> int:
    """The word of an order: owner, and the most to repay in base units, without the fee."""
    return limit << 160 | int(owner, 16)


def _owner(order: int) -> str:
    return to_checksum_address(f"0x{order & (2**160 - 1):040x}")


def _gain(quote: Quote, price: int) -> int:
    """Profit per unit paid, at the oracle's price, WAD."""
    return (quote.seized * price * WAD // PRICE_SCALE) // max(1, quote.paid + quote.fee)
