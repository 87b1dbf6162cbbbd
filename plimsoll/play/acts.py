"""What one can do with the market, and ask of it, by the words that the page sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

from plimsoll.market.amounts import exact, positive
from plimsoll.market.basket import BasketMarket
from plimsoll.market.deployment import DEPLOYER
from plimsoll.market.desk import Desk
from plimsoll.market.market import Market
from plimsoll.market.refusals import MarketError
from plimsoll.play.session import Session
from plimsoll.play.shown import Seen, books, closes, credit_line, plain
from plimsoll.twin.chain import Event

KEEPER = "keeper"
MOST_SECONDS = 10 * 365 * 86_400
_LONGEST = 80  # characters of a name

Words = Mapping[str, Any]
"""What was said: arguments by name."""


def act(session: Session, name: str, spoke: str, words: Words) -> dict[str, Any]:
    """Does something.

    Args:
        session: whose market.
        name: one of `ACTS`.
        spoke: of `Session.spokes`.
        words: the arguments, see each act; amounts are texts in whole tokens, an empty one as much as goes.

    Returns:
        `result`, what it gave; `transactions`; `changed`, what has changed in the books; `closes`, as of
        `Session.closes`; `loss` by who bore it: reserve, backstop, lenders.

    Raises:
        MarketError: it is none, an argument is wrong, nobody may act, or a contract refuses.
    """
    if name not in ACTS:
        raise MarketError(f"There is no act {name!r}; choose one of {', '.join(ACTS)}.")
    if session.is_read_only:
        raise MarketError(
            f"{session.network} is a live network and no account is named: the page only looks. Start it "
            "with --account NAME to act."
        )
    if session.is_live and name in _OF_PLAY:
        raise MarketError(f"{name!r} goes in a market for play only.")
    seen = session.seen_from(spoke)
    before = _books(session, spoke)
    recorder = session.recorder
    recorder.begin(seen.desk)
    try:
        result = ACTS[name](session, seen, words)
    finally:
        recorder.desk = None
        session.version += bool(recorder.sent)
    after = _books(session, spoke)
    changed = [
        {"name": key, "before": before[key], "after": value}
        for key, value in after.items()
        if value != before[key]
    ]
    return {
        "result": plain(result),
        "transactions": recorder.sent,
        "changed": changed,
        "closes": closes(seen.desk, recorder.events),
        "loss": _borne(seen.desk, recorder.events),
    }


def preview(session: Session, name: str, spoke: str, words: Words) -> dict[str, Any]:
    """What an act would do, tried on the chain and undone: `result`, and somebody's `position` after it.

    On a live network nothing is tried; what the exact model knows is computed from the positions as they are.

    Raises:
        MarketError: see `act`.
    """
    seen, who = session.seen_from(spoke), _who(session, words)
    if not session.can_undo:
        return _computed(seen, name, who, words)
    owner = words.get("owner") or who
    with _undone(session):
        done = act(session, name, spoke, words)
        return {**done, "position": plain(seen.position(owner)), "wallet": plain(seen.wallet(who))}


def what_if(session: Session, words: Words) -> dict[str, Any]:
    """What keepers would close at other prices, and who would bear what is lost.

    Args:
        session: whose market.
        words: `prices` by symbol.

    Returns:
        `closes` and `loss` as of `act`. Of a live network's market `loss` is None: the closes are computed,
        and the waterfall is not.

    Raises:
        MarketError: a price is wrong.
    """
    prices = _prices(session, words)
    if not session.can_undo:
        return {"closes": _foreseen(session, prices), "loss": None}
    with _undone(session):
        done = act(session, "price", next(iter(session.spokes())), {**words, "keepers": True})
        return {name: done[name] for name in ("closes", "loss")}


def person(session: Session, spoke: str, words: Words) -> dict[str, Any]:
    """Somebody's address, position and wallet. Raises `MarketError`."""
    seen = session.seen_from(spoke)
    it = seen.person(_named(words.get("who"), "Say who"))
    return {
        "name": it.name,
        "address": it.address,
        "position": plain(it.position),
        "wallet": plain(it.wallet),
    }


# ------------------------------------------------------------------------------------------------ the acts


def _supply(session: Session, seen: Seen, words: Words) -> Any:
    return seen.supply(_who(session, words), _amount(words))


def _leave(session: Session, seen: Seen, words: Words) -> Any:
    at_least = words.get("at_least") or None
    return seen.leave(_who(session, words), None if at_least else _some(words), at_least=at_least)


def _open(session: Session, seen: Seen, words: Words) -> Any:
    return seen.open(_who(session, words), _collateral(seen, words), _some(words, "debt"))


def _borrow(session: Session, seen: Seen, words: Words) -> Any:
    return seen.borrow(_who(session, words), _some(words))


def _top_up(session: Session, seen: Seen, words: Words) -> Any:
    return seen.top_up(_who(session, words), _collateral(seen, words))


def _repay(session: Session, seen: Seen, words: Words) -> Any:
    return seen.repay(_who(session, words), _some(words))


def _withdraw(session: Session, seen: Seen, words: Words) -> Any:
    if isinstance(seen, Market):
        return seen.withdraw(_who(session, words), _some(words))
    return seen.withdraw(_who(session, words), str(words.get("leg")), _some(words))


def _close(session: Session, seen: Seen, words: Words) -> Any:
    return seen.close(_who(session, words))


def _liquidate(session: Session, seen: Seen, words: Words) -> Any:
    return seen.liquidate(_owner(words), _some(words), by=_who(session, words))


def _poke(session: Session, seen: Seen, words: Words) -> Any:
    return seen.poke(_owner(words), by=_who(session, words))


def _stake(session: Session, seen: Seen, words: Words) -> Any:
    return seen.stake(_who(session, words), _amount(words))


def _request(session: Session, seen: Seen, words: Words) -> Any:
    return seen.request(_who(session, words))


def _unstake(session: Session, seen: Seen, words: Words) -> Any:
    return seen.unstake(_who(session, words), at_least=words.get("at_least") or None)


def _price(session: Session, seen: Seen, words: Words) -> Any:
    """Lets `seconds` pass, sets `prices` by symbol, and lets keepers close what they can, if `keepers`."""
    seconds = _seconds(words)
    prices = _prices(session, words)
    if seconds:
        session.market.advance(seconds)
    ground = session.ground
    for key, it in ground.parts.collaterals().items():
        symbol = ground.tokens[it.collateral.address].symbol
        if symbol in prices:
            ground.set_price(key, Fraction(prices[symbol]))
    if words.get("keepers"):
        _keepers(session, seen, words)


def _keepers(session: Session, _: Seen, __: Words) -> Any:
    """Keepers close what they can, everywhere."""
    for seen in session.spokes().values():
        seen.liquidate_all(by=KEEPER)


def _advance(session: Session, _: Seen, words: Words) -> Any:
    session.market.advance(_seconds(words))


def _silence(session: Session, seen: Seen, words: Words) -> Any:
    """Lets the oracles of all collaterals fail, or answer again, by `on`."""
    desk = seen.desk
    for it in desk.parts.collaterals().values():
        if it.feed is None:
            raise MarketError("An oracle here is not one for play; nobody can silence it.")
        desk.send(it.feed, "set_silent", bool(words.get("on")), by=DEPLOYER)


ACTS: Mapping[str, Callable[[Session, Seen, Words], Any]] = {
    "supply": _supply,
    "leave": _leave,
    "open": _open,
    "borrow": _borrow,
    "top_up": _top_up,
    "repay": _repay,
    "withdraw": _withdraw,
    "close": _close,
    "liquidate": _liquidate,
    "poke": _poke,
    "stake": _stake,
    "request": _request,
    "unstake": _unstake,
    "price": _price,
    "keepers": _keepers,
    "advance": _advance,
    "silence": _silence,
}
"""What one can do, by name."""
_OF_PLAY = ("price", "keepers", "advance", "silence")


# --------------------------------------------------------------------------------------- what was, would be


def _borne(desk: Desk, events: Sequence[Event]) -> dict[str, str]:
    """Who bore what was lost."""
    lost = [event.values[1:] for event in events if event.name == "Loss"]
    sums = [sum(each) for each in zip(*lost, strict=True)] or [0, 0, 0]
    who = ("reserve", "backstop", "lenders")
    return {name: plain(desk.loans(raw)) for name, raw in zip(who, sums, strict=True)}


def _foreseen(session: Session, prices: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """The first close of each position at other prices, computed; nothing is sent."""
    closes = []
    for name, seen in session.spokes().items():
        for owner in (seen.desk.name_of(each.owner) for each in seen.found()):
            if isinstance(seen, Market):
                symbol = seen.desk.collateral.symbol
                if symbol not in prices and seen.price is None:
                    continue
                found: Any = seen.preview_liquidation(owner, price=prices.get(symbol, seen.price))
            else:
                own = {leg: prices[it.symbol] for leg, it in seen.desk.legs.items() if it.symbol in prices}
                found = seen.preview_liquidation(owner, prices=own)
            if found:
                close = plain(found)
                closes.append({"spoke": name, "repaid": close.pop("paid"), "liquidator": KEEPER, **close})
    return closes


def _computed(seen: Seen, name: str, who: str, words: Words) -> dict[str, Any]:
    """What the exact model says of an act; `position` and `result` are None where it says nothing."""
    position = result = None
    if isinstance(seen, Market) and name == "open":
        position = seen.preview_open(who, _collateral(seen, words), _some(words, "debt") or 0)
    elif isinstance(seen, Market) and name == "withdraw":
        position = seen.preview_withdraw(who, _some(words))
    elif name == "liquidate":
        result = seen.preview_liquidation(_owner(words), _some(words))
    return {"position": plain(position), "result": plain(result)}


# ----------------------------------------------------------------------------------------------- internals


@contextmanager
def _undone(session: Session) -> Any:
    """Undoes what happens on the chain; the market has not changed then."""
    version = session.version
    try:
        with session.market.undone():
            yield
    finally:
        session.version = version


def _prices(session: Session, words: Words) -> dict[str, Decimal]:
    """Prices by symbol. Raises `MarketError`."""
    given = words.get("prices")
    ground = session.ground
    known = {ground.tokens[it.collateral.address].symbol for it in ground.parts.collaterals().values()}
    if not isinstance(given, dict) or not given or not set(given) <= known:
        raise MarketError(f"Give prices by symbol, of {', '.join(sorted(known))}.")
    return {symbol: positive(price, f"the price of {symbol}") for symbol, price in given.items()}


def _who(session: Session, words: Words) -> str:
    """Who acts; on a live network the account that was named. Raises `MarketError`."""
    if session.is_live:
        return session.actor or str(words.get("who"))
    return _named(words.get("who"), "Say who acts")


def _owner(words: Words) -> str:
    return _named(words.get("owner"), "Say whose position")


def _named(name: Any, what: str) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise MarketError(f"{what}: a name of 1 to {_LONGEST} printable characters, or an address.")
    return name


def _amount(words: Words) -> Decimal:
    given = words.get("amount")
    if given in (None, ""):
        raise MarketError("Say how much.")
    return positive(given, "the amount")


def _some(words: Words, name: str = "amount") -> Decimal | None:
    """An amount, or None for as much as goes."""
    given = words.get(name)
    return None if given in (None, "") else exact(given, f"the {name}")


def _collateral(seen: Seen, words: Words) -> Any:
    """How much: of a vault one amount, by its name, of a basket one for each leg. Raises `MarketError`."""
    given = words.get("collateral")
    known = seen.legs if isinstance(seen, BasketMarket) else (seen.desk.vault,)
    if not isinstance(given, dict) or not given or not set(given) <= set(known):
        raise MarketError(f"Say how much collateral, of {', '.join(known)}.")
    held = {leg: exact(amount or 0, f"the {leg}") for leg, amount in given.items()}
    return held if isinstance(seen, BasketMarket) else held[seen.desk.vault]


def _seconds(words: Words) -> int:
    given = words.get("seconds", 0)
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= MOST_SECONDS:
        raise MarketError(f"{given!r} is no number of seconds; give a whole one up to {MOST_SECONDS:,}.")
    return given


def _books(session: Session, name: str) -> dict[str, Any]:
    """What the page shows of the books, and of the credit line of a spoke, in one level."""
    told = {key: value for key, value in books(session.market).items() if not isinstance(value, dict)}
    line = credit_line(session.seen_from(name))
    return told | {f"{name}: {key}": value for key, value in line.items()}
