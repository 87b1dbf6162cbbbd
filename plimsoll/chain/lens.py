"""The Lens as Python sees it: structs with names, and pages asked for one after the other.

Amounts are base units of their token, ratios WAD, prices 1e36; `contracts/interfaces/ILens.vyi` describes
each field. Addresses are hexadecimal strings in lower case.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from plimsoll.chain.engine import Views
from plimsoll.twin import slices
from plimsoll.twin.liquidation import Quote, Risk
from plimsoll.twin.position import unpack_amounts

PAGE = 256  # the most that one call answers
BASKET_PAGE = 32  # of a basket's candidates: it asks its oracles for each


class MarginTerms(NamedTuple):
    """`IVault.MarginTerms`."""

    initial_margin: int
    maintenance_margin: int
    liquidation_price: int
    bankruptcy_price: int


class Position(NamedTuple):
    """`ILens.Position`."""

    owner: str
    collateral: int
    debt_shares: int
    debt: int
    terms: MarginTerms
    health: int
    price: int
    is_liquidatable: bool
    value: int
    equity: int
    leverage: int


class CreditLine(NamedTuple):
    """`ILens.CreditLine`."""

    vault: str
    collateral_asset: str
    oracle: str
    limit: int
    drawn_shares: int
    drawn: int
    headroom: int
    losses: int
    provisions: int


class VaultSummary(NamedTuple):
    """`ILens.VaultSummary`."""

    pool: str
    loan_asset: str
    line: CreditLine
    risk: Risk
    initial_margin: int
    maintenance_margin: int
    price: int
    safe_price: int


class BasketPosition(NamedTuple):
    """`ILens.BasketPosition`; amounts of all 8 legs."""

    owner: str
    amounts: tuple[int, ...]
    debt_shares: int
    debt: int
    silent: int
    health: int
    is_liquidatable: bool
    value: int
    value_most: int
    weighted: int
    power: int
    liquidation_fall: int
    bankruptcy_fall: int
    shortfall: int
    provision: int


class LegSummary(NamedTuple):
    """`ILens.LegSummary`."""

    token: str
    oracle: str
    ltv: int
    threshold: int
    ceiling: int
    price: int
    safe_price: int


class BasketSummary(NamedTuple):
    """`ILens.BasketSummary`."""

    pool: str
    loan_asset: str
    line: CreditLine
    risk: Risk
    legs: tuple[LegSummary, ...]


class PoolSummary(NamedTuple):
    """`ILens.PoolSummary`."""

    asset: str
    council: str
    backstop: str
    vault_count: int
    total_assets: int
    total_supply: int
    total_debt: int
    total_debt_shares: int
    cash: int
    reserves: int
    provisions: int
    utilisation: int
    borrow_rate: int
    supply_rate: int
    rate_at_target: int
    is_open: bool
    paused_until: int
    supply_cap: int
    deposit_room: int
    draw_burst: int
    draw_refill: int


class Lens:
    """Asks a Lens. Every function raises `CallReverted` for what its Factory does not have as such."""

    def __init__(self, contract: Views) -> None:
        """A Lens on an engine, or on a block of the connected chain."""
        self.contract = contract

    def positions(self, vault: str, owners: Sequence[str]) -> list[Position]:
        """The positions of `owners`, in their order."""
        rows = self._rows("positions", vault, owners)
        return [Position(*row)._replace(terms=MarginTerms(*row[4])) for row in rows]

    def liquidatable(self, vault: str, owners: Sequence[str]) -> tuple[int, dict[str, Quote]]:
        """The oracle's price, 0 when it has none, and the preview of each position that can be liquidated."""
        price = 0
        found: dict[str, Quote] = {}
        for page in _pages(owners):
            price, candidates = self.contract.call("liquidatable", vault, page)
            found |= {owner: Quote(*quote) for owner, quote in candidates}
        return price, found

    def health_at(self, vault: str, owners: Sequence[str], price: int) -> list[int]:
        """The health of `owners` at a price."""
        return list(self._rows("health_at", vault, owners, price))

    def preview_liquidation_at(self, vault: str, owner: str, price: int, max_repay: int) -> Quote:
        """The close of a position at a price."""
        return Quote(*self.contract.call("preview_liquidation_at", vault, owner, price, max_repay))

    def shortfall_at(self, vault: str, owners: Sequence[str], price: int) -> int:
        """What the positions of `owners` would cost the pool at a price."""
        return sum(self.contract.call("shortfall_at", vault, page, price) for page in _pages(owners))

    def debt_by_liquidation_price(self, vault: str, owners: Sequence[str], edges: Sequence[int]) -> list[int]:
        """The debt of `owners` in the bins between `edges`, at most 256 of them."""
        pages = [
            self.contract.call("debt_by_liquidation_price", vault, page, edges) for page in _pages(owners)
        ]
        return [sum(bins) for bins in zip(*pages, strict=True)]

    def vault_summary(self, vault: str) -> VaultSummary:
        """A vault's parameters, credit line and prices."""
        row = self.contract.call("vault_summary", vault)
        return VaultSummary(*row)._replace(line=CreditLine(*row[2]), risk=Risk(*row[3]))

    def basket_positions(self, basket: str, owners: Sequence[str]) -> list[BasketPosition]:
        """The positions of `owners` in a basket, in their order."""
        return [BasketPosition(*row) for row in self._rows("basket_positions", basket, owners)]

    def basket_liquidatable(
        self, basket: str, owners: Sequence[str], without: int = 0
    ) -> tuple[tuple[int, ...], dict[str, slices.Quote]]:
        """The prices of all 8 legs, 0 for a silent one, and the preview of each position to liquidate."""
        prices: tuple[int, ...] = ()
        found: dict[str, slices.Quote] = {}
        for page in _pages(owners, BASKET_PAGE):
            prices, candidates = self.contract.call("basket_liquidatable", basket, page, without)
            found |= {owner: basket_quote(quote) for owner, quote in candidates}
        return prices, found

    def max_borrow(self, basket: str, owner: str) -> int:
        """The most that `owner` may borrow against a basket."""
        return int(self.contract.call("max_borrow", basket, owner))

    def max_withdraw(self, basket: str, owner: str, leg: int) -> int:
        """The most that `owner` may withdraw of a leg."""
        return int(self.contract.call("max_withdraw", basket, owner, leg))

    def basket_summary(self, basket: str) -> BasketSummary:
        """A basket's legs, their prices and its credit line."""
        pool, loan_asset, line, risk, legs = self.contract.call("basket_summary", basket)
        legs = tuple(LegSummary(*leg) for leg in legs)
        return BasketSummary(pool, loan_asset, CreditLine(*line), Risk(*risk), legs)

    def credit_lines(self, pool: str) -> list[CreditLine]:
        """All vaults and baskets of a pool in the Factory's registry, whoever made them."""
        count = self.pool_summary(pool).vault_count
        return [
            CreditLine(*row)
            for first in range(0, count, PAGE)
            for row in self.contract.call("credit_lines", pool, first, PAGE)
        ]

    def pool_summary(self, pool: str) -> PoolSummary:
        """A pool's books, rates and state."""
        return PoolSummary(*self.contract.call("pool_summary", pool))

    def _rows(self, view: str, spoke: str, owners: Sequence[str], *more: Any) -> Iterator[Any]:
        """What a view answers of `owners`, page by page."""
        for page in _pages(owners):
            yield from self.contract.call(view, spoke, page, *more)


def basket_quote(struct: Sequence[Any]) -> slices.Quote:
    """`IBasket.Quote` as the contract answers it, with the amounts of all 8 legs."""
    quote = slices.Quote(*struct)
    return quote._replace(seized=unpack_amounts(quote.seized))


def _pages(owners: Sequence[str], size: int = PAGE) -> Iterator[Sequence[str]]:
    """At least one, that may be empty."""
    for first in range(0, max(len(owners), 1), size):
        yield owners[first : first + size]
