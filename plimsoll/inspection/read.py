"""Reads a market: everything as of one block, positions found by the vaults' events."""

from __future__ import annotations

from dataclasses import dataclass

from ape.api import ProviderAPI
from ape.exceptions import ProviderError

from plimsoll.chain.abi import events_of
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Views
from plimsoll.chain.lens import (
    BasketPosition,
    BasketSummary,
    CreditLine,
    Lens,
    PoolSummary,
    Position,
    VaultSummary,
)
from plimsoll.chain.views import Block, network_of, view_one
from plimsoll.deploy import AddressBook
from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Quote
from plimsoll.units import NOBODY, WAD

SYMBOL_TOP = 12
"""Characters of a token's symbol; a longer one is no name."""

FALLS = (0, 5, 10, 20, 30, 50)
"""Per cent of the price, for the stress table."""


class InspectError(Exception):
    """A sentence that says what is wrong and what to do."""


@dataclass(frozen=True)
class Token:
    """An ERC-20 token's symbol and decimals."""

    address: str
    symbol: str
    decimals: int


@dataclass(frozen=True)
class Stress:
    """What a fall of the price would do at once: base units of the loan asset."""

    fall: int  # per cent of the price, or of all of a basket's
    price: int  # 1e36; 0 for a basket
    debt: int  # of positions that could be liquidated
    shortfall: int  # what the pool would lose, were they all liquidated there


@dataclass(frozen=True)
class Vault:
    """A vault and its positions."""

    name: str  # of the address book; its address when it is not in there
    summary: VaultSummary
    collateral: Token
    positions: tuple[Position, ...]  # the least healthy first
    candidates: dict[str, Quote]  # what liquidating does, by owner
    stress: tuple[Stress, ...]  # for each of `FALLS`; empty while the oracle has no price


@dataclass(frozen=True)
class Basket:
    """A basket and its positions."""

    name: str  # of the address book; its address when it is not in there
    summary: BasketSummary
    legs: dict[str, Token]  # by name, in their order
    positions: tuple[BasketPosition, ...]  # the least healthy first
    candidates: dict[str, slices.Quote]  # what liquidating does, by owner
    stress: tuple[Stress, ...]  # for each of `FALLS`, of all prices that there are


@dataclass(frozen=True)
class Pool:
    """A pool, its vaults and its baskets."""

    name: str
    address: str
    summary: PoolSummary
    asset: Token
    vaults: tuple[Vault, ...]
    baskets: tuple[Basket, ...]
    without_credit_line: int  # vaults and baskets in the registry that may draw nothing and owe nothing


@dataclass(frozen=True)
class Market:
    """What was read, and when."""

    network: str
    block: int
    time: int  # of the block, seconds
    pools: tuple[Pool, ...]


def read(book: AddressBook, provider: ProviderAPI, name: str | None = None) -> Market:
    """Reads pools, their vaults and all positions.

    Args:
        book: of the connected network.
        provider: the chain.
        name: of one pool (`pUSDC`), one vault or one basket (`pUSDC/weth`); all when None.

    Raises:
        InspectError: the book has nothing to look at, or nothing of this name, or the chain does not answer.
    """
    check(book, provider, name)
    block = Block(provider)
    lens = lens_at(book, block)
    try:
        pools = tuple(
            _pool(book, provider, block, lens, pool, name)
            for pool in book.pools
            if name is None or name.split("/")[0] == pool
        )
    except (CallReverted, ProviderError) as error:
        raise InspectError(
            f"{network_of(provider)} does not answer as it should ({error}); see that the node is in step "
            f"and keeps the state of its latest blocks, and that {book.title} is its address book."
        ) from None
    return Market(network_of(provider), block.number, block.time, pools)


def check(book: AddressBook, provider: ProviderAPI, name: str | None) -> None:
    """Sees that a book has something of this name to look at, and a Lens. Raises `InspectError`."""
    if book.path is None:
        raise InspectError(
            "This chain has just been started and is empty. Start anvil in another terminal, set "
            "APE_FOUNDRY_HOST=http://127.0.0.1:8545 and deploy a market, or choose a network with --network."
        )
    if not book.pools:
        raise InspectError(
            f"{book.title} names no pool on {network_of(provider)}; deploy one with `plimsoll deploy market "
            "--file markets/...`, or choose another network with --network."
        )
    if book.lens is None:
        raise InspectError(
            f"{book.title} names no Lens; add one with `plimsoll deploy factory`, with the same --network."
        )
    known = (*book.pools, *book.vaults, *book.baskets)
    if name is not None and name not in known:
        raise InspectError(f"{book.title} has no pool and no vault {name}; choose one of {', '.join(known)}.")


def lens_at(book: AddressBook, block: Block) -> Lens:
    """The Lens of a book that `check` has seen, as of a block."""
    assert book.lens is not None
    return Lens(Views(block, book.lens.address, artifact("Lens").abi))


def spokes(book: AddressBook, lens: Lens, pool: str) -> tuple[list[tuple[str, CreditLine]], int]:
    """The vaults and baskets of a pool that are in the book or may draw, by name, and how many are not.

    Anyone may make one for any pool, with any oracle and any token. What the book does not name goes by its
    address; a basket's line has `NOBODY` as its collateral's token.
    """
    known = {it.address.lower(): key for key, it in (book.vaults | book.baskets).items()}
    lines = lens.credit_lines(book.pools[pool].address)
    shown = [each for each in lines if each.vault in known or each.limit or each.drawn_shares]
    return [(known.get(each.vault, each.vault), each) for each in shown], len(lines) - len(shown)


def _pool(
    book: AddressBook, provider: ProviderAPI, block: Block, lens: Lens, name: str, wanted: str | None
) -> Pool:
    record = book.pools[name]
    summary = lens.pool_summary(record.address)
    vaults, baskets = [], []
    found, without_credit_line = spokes(book, lens, name)
    for key, line in found:
        if wanted not in (None, name, key):
            continue
        if line.collateral_asset == NOBODY:
            names = list(book.baskets[key].legs) if key in book.baskets else []
            baskets.append(_basket(provider, block, lens, key, names, line, record.block or 0))
        else:
            vaults.append(_vault(provider, block, lens, key, line.vault, record.block or 0))
    asset = token(provider, summary.asset)
    return Pool(
        name, record.address.lower(), summary, asset, tuple(vaults), tuple(baskets), without_credit_line
    )


def _vault(provider: ProviderAPI, block: Block, lens: Lens, name: str, address: str, first: int) -> Vault:
    summary = lens.vault_summary(address)
    positions = lens.positions(address, owners_of(block, address, first, "Vault"))
    positions = [each for each in positions if each.collateral or each.debt_shares]
    positions.sort(key=lambda each: (each.health, -each.debt, -each.collateral))
    liquidatable = [each.owner for each in positions if each.is_liquidatable]
    return Vault(
        name=name,
        summary=summary,
        collateral=token(provider, summary.line.collateral_asset),
        positions=tuple(positions),
        candidates=lens.liquidatable(address, liquidatable)[1],
        stress=_stress(lens, address, [each.owner for each in positions if each.debt], summary.price),
    )


def _stress(lens: Lens, vault: str, debtors: list[str], price: int) -> tuple[Stress, ...]:
    """At a price, what is liquidatable is the debt whose liquidation price is above it."""
    prices = [price * (100 - fall) // 100 for fall in FALLS]
    if not prices[-1]:
        return ()
    bins = lens.debt_by_liquidation_price(vault, debtors, prices[::-1])[:0:-1]
    return tuple(
        Stress(fall, price, sum(bins[: i + 1]), lens.shortfall_at(vault, debtors, price))
        for i, (fall, price) in enumerate(zip(FALLS, prices, strict=True))
    )


def _basket(
    provider: ProviderAPI,
    block: Block,
    lens: Lens,
    name: str,
    legs: list[str],
    line: CreditLine,
    first: int,
) -> Basket:
    """A basket; `legs` are the names of its legs, or none."""
    address = line.vault
    summary = lens.basket_summary(address)
    tokens = [token(provider, leg.token) for leg in summary.legs]
    positions = lens.basket_positions(address, owners_of(block, address, first, "Basket"))
    positions = [each for each in positions if any(each.amounts) or each.debt_shares]
    positions.sort(key=lambda each: (each.health, -each.debt, -each.value))
    liquidatable = [each.owner for each in positions if each.is_liquidatable]
    pool = Views(block, summary.pool, artifact("Pool").abi)
    totals = DebtTotals(*pool.call("debt_totals"))
    return Basket(
        name=name,
        summary=summary,
        legs=dict(zip(legs or [f"leg {number}" for number in range(len(tokens))], tokens, strict=True)),
        positions=tuple(positions),
        candidates=lens.basket_liquidatable(address, liquidatable)[1],
        stress=tuple(_common_fall(summary, positions, totals, fall) for fall in FALLS),
    )


def _common_fall(
    summary: BasketSummary, positions: list[BasketPosition], totals: DebtTotals, fall: int
) -> Stress:
    """What a fall of all prices that there are would do; silent legs count at their ceilings."""
    legs = [slices.Leg(leg.ltv, leg.threshold, leg.ceiling) for leg in summary.legs]
    prices = [max(leg.price * (100 - fall) // 100, min(leg.price, 1)) for leg in summary.legs]
    debt = shortfall = 0
    for each in positions:
        worth = slices.worth_of(each.amounts[: len(legs)], prices, legs)
        debt += each.debt if worth.high_weight < each.debt * WAD else 0
        shortfall += slices.shortfall(worth.high, each.debt_shares, totals, summary.risk)
    return Stress(fall, 0, debt, shortfall)


def owners_of(block: Block, spoke: str, first: int, kind: str) -> list[str]:
    """Every address that ever had a position in a vault or a basket, by its events from block `first` on.

    Debt needs collateral, and collateral comes by `Deposit` alone, so no other event is needed.

    Args:
        block: up to which.
        spoke: the vault or the basket.
        first: block.
        kind: of it, `Vault` or `Basket`.
    """
    deposit = next(event for event in events_of(artifact(kind).abi) if event.name == "Deposit")
    logs = block.logs(spoke, deposit.topic, first)
    return list(dict.fromkeys("0x" + log["topics"][1][-40:].lower() for log in logs))


def token(provider: ProviderAPI, address: str) -> Token:
    """What a token calls itself; one without a proper name goes by its address."""
    symbol: str = view_one(provider, address, "symbol()", "string") or ""
    decimals = view_one(provider, address, "decimals()", "uint8")
    is_name = symbol.isprintable() and 0 < len(symbol) <= SYMBOL_TOP
    return Token(address, symbol if is_name else f"{address[:8]}…", decimals or 0)
