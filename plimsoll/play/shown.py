"""A market as JSON for the page: amounts, ratios and prices are texts with all digits, in whole tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from plimsoll.chain.lens import BasketPosition, CreditLine, Position
from plimsoll.market.amounts import WAD_DECIMALS, Amount, ratio
from plimsoll.market.basket import BasketMarket
from plimsoll.market.deployment import Spoke, Token
from plimsoll.market.desk import Desk
from plimsoll.market.events import unpacked
from plimsoll.market.market import Market
from plimsoll.market.refusals import Refused
from plimsoll.twin.chain import Event
from plimsoll.units import MAX, WAD

Seen = Market | BasketMarket
"""A pool, seen from one of its vaults or baskets."""

_LINE = ("limit", "drawn", "headroom", "losses")


def spoke(name: str, seen: Seen) -> dict[str, Any]:
    """A vault or a basket: legs with their prices, credit line, and positions as columns, the worst first.

    `level` is where a position can be liquidated: a price for a vault, for a basket per cent of the prices of
    now. A price is None where the oracle is silent.
    """
    return _vault(name, seen) if isinstance(seen, Market) else _basket(name, seen)


def credit_line(seen: Seen) -> dict[str, str]:
    """What a vault or a basket may draw, has drawn and has lost."""
    lens, address = seen.desk.ground.lens, seen.desk.contract.address
    of = lens.vault_summary if isinstance(seen, Market) else lens.basket_summary
    return _line(seen.desk, of(address).line)


def books(seen: Seen) -> dict[str, Any]:
    """The pool's books and limits, and what waits in its queue, witnessed or not; rates a year."""
    desk = seen.desk
    it = desk.ground.lens.pool_summary(desk.parts.pool.address)
    told = plain(seen.books())
    stake = desk.call(desk.parts.pool, "balanceOf", desk.parts.backstop.address)
    queued = seen.council.queued
    return {
        **{name: value for name, value in told.items() if name not in _LINE},
        "backstop": plain(desk.loans(desk.call(desk.parts.pool, "previewRedeem", stake))),
        "supply_cap": plain(desk.loans(it.supply_cap)) if it.supply_cap else None,
        "paused_until": it.paused_until or None,
        "pace": None
        if it.draw_burst == WAD
        else {"burst": plain(ratio(it.draw_burst)), "refill": it.draw_refill},
        "queued": queued
        and {
            **plain(queued),
            "ready": int(queued.ready.timestamp()),
            "is_witnessed": _is_witnessed([event for _, event in desk.ground.history()]),
        },
    }


def closes(desk: Desk, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The closes among events, each as it says it, with the `spoke` it was in."""
    told = [desk.told(event) for event in unpacked(events) if event.name == "Liquidation"]
    return [{"spoke": place, **plain(arguments)} for place, arguments in told]


def place_of(desk: Desk, address: str) -> str:
    """What an address is called: a contract, a token, a feed, or somebody."""
    token = desk.ground.tokens.get(address)
    if token is not None and address != desk.parts.pool.address:
        return token.symbol
    feeds = {
        it.feed.address.lower(): f"feed of {desk.ground.tokens[it.collateral.address].symbol}"
        for it in desk.parts.collaterals().values()
        if it.feed is not None and hasattr(it.feed, "address")
    }
    return feeds.get(address.lower()) or desk.place_of(address)


def plain(value: Any) -> Any:
    """A value for JSON: exact numbers as texts with all digits, times as ISO 8601.

    Raises:
        TypeError: it is nothing that a page shows.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Amount):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{value!r} is nothing that a page shows")


def _vault(name: str, seen: Market) -> dict[str, Any]:
    desk = seen.desk
    it = desk.ground.lens.vault_summary(desk.contract.address)
    people = sorted(seen.found(), key=lambda each: each.health)
    ratios = it.risk.ltv, it.risk.threshold
    leg = _leg(desk, desk.vault, desk.collateral, desk.spoke, it.price, ratios)
    held, level = _digits(desk.collateral.decimals), _digits(desk.price(0).decimals)
    positions = {
        **_columns(desk, people),
        "collateral": [[held(each.collateral)] for each in people],
        "level": [level(each.terms.liquidation_price) for each in people],
    }
    line = _line(desk, it.line)
    return {"name": name, "kind": "vault", "legs": [leg], "line": line, "positions": positions}


def _basket(name: str, seen: BasketMarket) -> dict[str, Any]:
    desk = seen.desk
    it = desk.ground.lens.basket_summary(desk.contract.address)
    people = sorted(seen.found(), key=lambda each: each.health)
    spokes = desk.parts.baskets[desk.vault]
    legs = [
        _leg(desk, leg, token, place, each.price, (each.ltv, each.threshold))
        for (leg, token), each, place in zip(desk.legs.items(), it.legs, spokes, strict=True)
    ]
    held, per_cent = [_digits(token.decimals) for token in desk.legs.values()], _digits(WAD_DECIMALS - 2)
    positions = {
        **_columns(desk, people),
        "collateral": [[text(raw) for text, raw in zip(held, it.amounts, strict=False)] for it in people],
        "level": [per_cent(WAD - each.liquidation_fall) if each.debt else "0" for each in people],
    }
    line = _line(desk, it.line)
    return {"name": name, "kind": "basket", "legs": legs, "line": line, "positions": positions}


def _leg(
    desk: Desk, name: str, token: Token, place: Spoke[Any], price: int, ratios: tuple[int, int]
) -> dict[str, Any]:
    """A collateral; `age` is seconds since the oracle's feeds were updated, None where it does not say."""
    ltv, threshold = (plain(ratio(each)) for each in ratios)
    age = None
    with suppress(Refused):
        age = int(desk.ground.now - desk.call(place.oracle, "last_update"))
    return {
        "name": name,
        "symbol": token.symbol,
        "price": plain(desk.price_of(token, price)) if price else None,
        "age": age,
        "ltv": ltv,
        "threshold": threshold,
        "can_be_set": place.feed is not None,
    }


def _columns(desk: Desk, people: Sequence[Position] | Sequence[BasketPosition]) -> dict[str, list[Any]]:
    """What positions in vaults and baskets have in common."""
    loans, ratios = _digits(desk.loan.decimals), _digits(WAD_DECIMALS)
    return {
        "owner": [desk.name_of(each.owner) for each in people],
        "debt": [loans(each.debt) for each in people],
        "health": [ratios(each.health) for each in people],
        "is_liquidatable": [each.is_liquidatable for each in people],
    }


def _line(desk: Desk, it: CreditLine) -> dict[str, str]:
    return {name: plain(desk.loans(getattr(it, name))) for name in _LINE}


def _is_witnessed(events: Sequence[Event]) -> bool:
    """Whether anybody has witnessed what was queued last."""
    names = (event.name for event in reversed(events) if event.name in ("Witnessed", "Queued"))
    return next(names, "Queued") == "Witnessed"


def _digits(decimals: int) -> Callable[[int], str]:
    """What turns integers into texts as `Amount` does, for thousands of them."""
    unit = 10**decimals

    def text(raw: int) -> str:
        if raw == MAX:
            return "Infinity"
        whole, rest = divmod(raw, unit)
        return f"{whole}.{rest:0{decimals}d}".rstrip("0") if rest else str(whole)

    return text
