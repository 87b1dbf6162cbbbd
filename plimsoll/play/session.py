"""The market behind the page: how it is made, who is in it, and what of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.market.amounts import Amount
from plimsoll.market.basket import BasketMarket
from plimsoll.market.deployment import Spoke
from plimsoll.market.desk import Desk
from plimsoll.market.events import unpacked
from plimsoll.market.ground import Ground, Sending
from plimsoll.market.market import Market
from plimsoll.market.refusals import MarketError, Refused
from plimsoll.play.alerts import Limits, alerts
from plimsoll.twin.chain import Event

Seen = Market | BasketMarket
"""A pool, seen from one of its vaults or baskets."""

FILE = "local-play-usdc.yaml"
BORROWERS, SEED = 60, 2026
FIRST_SUPPLY = 10_000  # with which a market begins
SUPPLY, STAKE, RESERVE = 1_000_000, 25_000, 5_000  # of the crowd
SUPPLY_EACH = 10_000  # for each borrower at least
USED = 0.72  # part of the supply that the crowd borrows
PEOPLE = ("you", "neighbour", "lender", "staker", "keeper")
"""Test accounts that the page offers by name."""

Consent = Callable[[dict[str, Any]], bool]
"""Is shown a transaction and says whether to sign it."""


class Session:
    """A market and everybody in it.

    Attributes:
        version: how often it has changed since it was made.
        network: the connected one; None: the chain is the session's own.
        actor: who acts on a real network; None: nobody may there, and anybody elsewhere.
        faults: what is raised when the chain does not answer.
    """

    faults: tuple[type[Exception], ...] = (OSError, TimeoutError)

    def __init__(
        self,
        make: Callable[[], Seen],
        borrowers: int = 0,
        seed: int = SEED,
        network: str | None = None,
        actor: str | None = None,
        is_live: bool = False,
    ) -> None:
        """Makes a market and its crowd.

        Args:
            make: gives a market; what it stands on belongs to the session from then on, unless connected.
            borrowers: how many loans the crowd has; those of a connected market are what they are.
            seed: of the crowd.
            network: name of the connected network.
            actor: who acts on a live network, an account of ape's.
            is_live: whether money is at stake.
        """
        self._make, self._borrowers, self._seed = make, borrowers, seed
        self.network, self.actor, self._is_live = network, actor, is_live
        self.version = 0
        self.recorder = Recorder()
        self._start(borrowers)

    @property
    def is_own(self) -> bool:
        """Whether the chain was made for the session, and may be started over."""
        return self.network is None

    @property
    def is_live(self) -> bool:
        """Whether money is at stake: then every signature is asked for."""
        return self._is_live

    @property
    def is_read_only(self) -> bool:
        """Whether nobody may act."""
        return self._is_live and self.actor is None

    @property
    def can_undo(self) -> bool:
        """Whether what would be can be tried on the chain itself, and undone."""
        return not self._is_live

    @property
    def ground(self) -> Ground:
        """What it stands on."""
        return self.market.desk.ground

    def start_over(self, borrowers: int | None = None) -> None:
        """The market as it was at first, with so many borrowers; a chain that is gone is made anew.

        Raises:
            MarketError: the chain is not the session's own.
        """
        if not self.is_own:
            raise MarketError("The market is not this page's own; it cannot be started over.")
        crowd = self._borrowers if borrowers is None else borrowers
        self.version += 1
        try:
            self.market.revert(self._empty)
        except OSError:
            self.market.stop()
            self._start(crowd)
            return
        self._open(crowd)

    def stop(self) -> None:
        """Ends what was started for it."""
        self.market.stop()

    def spokes(self) -> dict[str, Seen]:
        """The market seen from each vault and basket, by what it is called."""
        vaults = {f"vault {name}": self.market.at(name) for name in self.market.vaults}
        return vaults | {f"basket {name}": self.market.basket(name) for name in self.market.baskets}

    def seen_from(self, spoke: Any) -> Seen:
        """As `spokes`, one. Raises `MarketError`."""
        found = self.spokes()
        if spoke not in found:
            raise MarketError(f"There is no {spoke!r} here; choose one of {', '.join(found)}.")
        return found[spoke]

    # ---------------------------------------------------------------------------------------------- shown

    def state(self) -> dict[str, Any]:
        """Everything that the page shows; amounts are texts with all digits, times Unix seconds.

        Prices are the oracles', whole loan tokens for a whole collateral token; None: silent.
        """
        desk = self.market.desk
        told = {
            "version": self.version,
            "chain": {
                "client": self.ground.client,
                "network": self.network,
                "now": self.ground.now,
                "is_own": self.is_own,
                "is_live": self.is_live,
                "is_read_only": self.is_read_only,
                "actor": self.actor,
            },
            "loan": {"symbol": desk.loan.symbol, "decimals": desk.loan.decimals},
            "people": [self.actor] if self.is_live and self.actor else list(PEOPLE),
            "pool": self.books(),
            "spokes": [_spoke(name, seen) for name, seen in self.spokes().items()],
        }
        found = [] if self.is_own else alerts(told, Limits())
        return told | {"alerts": [each._asdict() for each in found]}

    def closes(self, most: int) -> list[dict[str, Any]]:
        """The latest closes, the oldest first: each as its event says it, and the `spoke` it was in."""
        events = [event for _, event in self.ground.history() if event.name.startswith("Liquidation")]
        return closes_of(self.market.desk, events)[-most:]

    def books(self) -> dict[str, Any]:
        """The pool's books, its limits and what waits in its queue; rates a year."""
        desk, it = self.market.desk, self.market._pool()
        books = plain(self.market.books())
        of_line = ("limit", "drawn", "headroom", "losses")
        queued = self.market.council.queued
        backing = desk.call(desk.parts.pool, "balanceOf", desk.parts.backstop.address)
        return {
            **{name: value for name, value in books.items() if name not in of_line},
            "backstop": plain(desk.loans(desk.call(desk.parts.pool, "previewRedeem", backing))),
            "supply_cap": plain(desk.loans(it.supply_cap)) if it.supply_cap else None,
            "paused_until": it.paused_until or None,
            "pace": _pace(it.draw_burst, it.draw_refill),
            "queued": queued
            and {
                **plain(queued),
                "ready": int(queued.ready.timestamp()),
                "is_witnessed": self._is_witnessed(),
            },
        }

    # ------------------------------------------------------------------------------------------ internals

    def _is_witnessed(self) -> bool:
        """Whether anybody has witnessed what is queued now."""
        named = (event.name for _, event in reversed(self.ground.history()))
        return next((name == "Witnessed" for name in named if name in ("Witnessed", "Queued")), False)

    def _start(self, borrowers: int) -> None:
        self.market = self._make()
        self.ground.watch = self.recorder
        if self.is_own:
            self._open(borrowers)

    def _open(self, borrowers: int) -> None:
        """Lets the crowd in; what is before it is kept for `start_over`."""
        self._empty = self.market.snapshot()
        if borrowers:
            crowd(self, borrowers, self._seed)


class Recorder:
    """A ground's `Watch`: keeps what is sent while an act is done, and asks first where it must.

    Attributes:
        consent: who is asked; None: nobody has to be.
        desk: whose words are used; None: nothing is kept.
        sent: transactions since `begin`.
        events: theirs.
    """

    def __init__(self) -> None:
        """Nothing has been sent."""
        self.consent: Consent | None = None
        self.desk: Desk | None = None
        self.sent: list[dict[str, Any]] = []
        self.events: list[Event] = []

    def begin(self, desk: Desk) -> None:
        """Keeps what is sent from now on."""
        self.desk, self.sent, self.events = desk, [], []

    def before(self, it: Sending) -> None:
        """Asks. Raises `MarketError` without consent."""
        if self.consent and self.desk and not self.consent(self._told(self.desk, it)):
            raise MarketError(f"{it.function} was not signed; nothing was sent.")

    def after(self, it: Sending, events: Sequence[Event], identifier: str | None) -> None:
        """Keeps it, events decoded."""
        if self.desk:
            self.events += events
            told = [(each.name, *self.desk.told(each)) for each in unpacked(events)]
            self.sent.append(
                self._told(self.desk, it)
                | {
                    "hash": identifier,
                    "events": [
                        {"name": name, "contract": place, "arguments": plain(arguments)}
                        for name, place, arguments in told
                    ],
                }
            )

    @staticmethod
    def _told(desk: Desk, it: Sending) -> dict[str, Any]:
        names = [_place(desk, value) if isinstance(value, str) else plain(value) for value in it.arguments]
        return {
            "sender": desk.place_of(it.sender),
            "contract": _place(desk, it.contract.address) if hasattr(it.contract, "address") else "feed",
            "function": it.function,
            "arguments": names,
        }


def own(file: str = FILE, engine: str = "revm", borrowers: int = BORROWERS, seed: int = SEED) -> Session:
    """A session on a chain of its own.

    Args:
        file: of the market, see `Market.from_file`.
        engine: `revm`, `anvil` or `twin`.
        borrowers: how many loans there are at first.
        seed: of their sizes and healths.

    Raises:
        DeployError: the file is missing or wrong.
        MarketError: an argument is wrong, or the file names contracts of a real network.
    """
    from plimsoll.market.local import plan_of_file

    has_vault = bool(plan_of_file(file, None)[0].vaults)
    kind: type[Market] | type[BasketMarket] = Market if has_vault else BasketMarket
    return Session(lambda: kind.from_file(file, engine, supply=FIRST_SUPPLY), borrowers, seed)


def crowd(session: Session, borrowers: int, seed: int) -> None:
    """Lends, stakes and opens loans of many sizes and healths, two thirds of them in vaults.

    Args:
        session: whose market is empty but for its first supply.
        borrowers: how many.
        seed: of sizes and healths.
    """
    rng = np.random.default_rng(seed)
    market, desk = session.market, session.market.desk
    supply = max(SUPPLY, SUPPLY_EACH * borrowers)
    market.supply("lender", supply - FIRST_SUPPLY)
    market.stake("staker", STAKE)
    raw = desk.units(RESERVE, desk.loan, "the reserve")
    desk.ground.give(desk.parts.loan, desk.parts.pool.address, _idle(desk) + raw)
    vaults = [seen for seen in session.spokes().values() if isinstance(seen, Market)]
    baskets = [seen for seen in session.spokes().values() if isinstance(seen, BasketMarket)]
    places: list[Seen] = [*vaults, *vaults, *baskets] if vaults else [*baskets]
    sizes = rng.lognormal(0, 1, borrowers)
    debts = sizes / sizes.sum() * USED * supply
    for number, (debt, room) in enumerate(zip(debts, rng.beta(1.2, 2.2, borrowers), strict=True)):
        seen, name = places[number % len(places)], f"borrower {number + 1}"
        owed = Decimal(round(max(float(debt), 3_000.0)))
        if isinstance(seen, Market):
            risk, price = seen._vault().risk, seen.price
            assert price is not None
            worth = float(owed) * 10**18 / risk.ltv * (1.02 + 1.2 * room)
            seen.open(name, round(worth / float(price), 4), owed)
        else:
            legs, prices = seen._basket().legs, seen.prices
            parts = 0.2 / len(legs) + 0.8 * rng.dirichlet([1.5] * len(legs))
            held = {}
            for leg, summary, part in zip(seen.legs, legs, parts, strict=True):
                price = prices[leg]
                assert price is not None
                worth = float(owed) * part * 10**18 / summary.ltv * (1.02 + 1.2 * room)
                held[leg] = round(worth / float(price), 5)
            seen.open(name, {leg: amount for leg, amount in held.items() if amount}, owed)


def closes_of(desk: Desk, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The closes among events, for the page; a call that follows each says what was lost, and the price."""
    told = [desk.told(event) for event in unpacked(events) if event.name == "Liquidation"]
    return [{"spoke": place, **plain(arguments)} for place, arguments in told]


def _idle(desk: Desk) -> int:
    """What the pool holds, base units."""
    return int(desk.call(desk.parts.loan, "balanceOf", desk.parts.pool.address))


def _spoke(name: str, seen: Seen) -> dict[str, Any]:
    """A vault or a basket, with its positions as columns."""
    if isinstance(seen, Market):
        return _vault(name, seen)
    return _basket(name, seen)


def _vault(name: str, seen: Market) -> dict[str, Any]:
    it, people = seen._vault(), seen.everyone()
    desk = seen.desk
    leg = {
        "name": seen.desk.vault,
        "symbol": desk.collateral.symbol,
        "decimals": desk.collateral.decimals,
        "price": plain(desk.price(it.price)) if it.price else None,
        "safe_price": plain(desk.price(it.safe_price)) if it.safe_price else None,
        "age": _age(desk, desk.spoke),
        "ltv": plain(Amount(it.risk.ltv, 18)),
        "threshold": plain(Amount(it.risk.threshold, 18)),
        "can_be_set": desk.spoke.feed is not None,
    }
    return {
        "name": name,
        "kind": "vault",
        "legs": [leg],
        "line": _line(seen),
        "target_health": plain(Amount(it.risk.target_health, 18)),
        "min_debt": plain(desk.loans(it.risk.min_debt)),
        "positions": {
            "owner": [each.owner for each in people],
            "collateral": [[plain(each.collateral)] for each in people],
            "debt": [plain(each.debt) for each in people],
            "health": [plain(each.health) for each in people],
            "level": [plain(each.liquidation_price) for each in people],
            "is_liquidatable": [each.is_liquidatable for each in people],
        },
    }


def _basket(name: str, seen: BasketMarket) -> dict[str, Any]:
    it, people, desk = seen._basket(), seen.everyone(), seen.desk
    legs = []
    for (leg, token), summary, spoke in zip(
        desk.legs.items(), it.legs, desk.parts.baskets[desk.vault], strict=True
    ):
        price, safe = (
            desk.price_of(token, raw) if raw else None for raw in (summary.price, summary.safe_price)
        )
        legs.append(
            {
                "name": leg,
                "symbol": token.symbol,
                "decimals": token.decimals,
                "price": plain(price),
                "safe_price": plain(safe),
                "age": _age(desk, spoke),
                "ltv": plain(Amount(summary.ltv, 18)),
                "threshold": plain(Amount(summary.threshold, 18)),
                "can_be_set": spoke.feed is not None,
            }
        )
    return {
        "name": name,
        "kind": "basket",
        "legs": legs,
        "line": _line(seen),
        "target_health": plain(Amount(it.risk.target_health, 18)),
        "min_debt": plain(desk.loans(it.risk.min_debt)),
        "positions": {
            "owner": [each.owner for each in people],
            "collateral": [[plain(each.collateral.get(leg)) or "0" for leg in seen.legs] for each in people],
            "debt": [plain(each.debt) for each in people],
            "health": [plain(each.health) for each in people],
            "level": [plain(100 * (1 - each.fall)) if each.debt else "0" for each in people],
            "is_liquidatable": [each.is_liquidatable for each in people],
        },
    }


def _line(seen: Seen) -> dict[str, Any]:
    it, desk = seen._line(), seen.desk
    amounts = ("limit", "drawn", "headroom", "losses", "provisions")
    return {name: plain(desk.loans(getattr(it, name))) for name in amounts}


def _pace(burst: int, refill: int) -> dict[str, Any] | None:
    """What of a limit may be drawn at once, and after how many seconds again; None: all of it."""
    return None if burst == 10**18 else {"burst": plain(Amount(burst, 18)), "refill": refill}


def _age(desk: Desk, spoke: Spoke[Any]) -> int | None:
    """Seconds since the oracle's feeds were updated; None: it does not say."""
    with suppress(Refused):
        return int(desk.ground.now - desk.call(spoke.oracle, "last_update"))
    return None


def _place(desk: Desk, address: str) -> str:
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
    """A value for JSON: exact numbers as texts with all digits, times as ISO 8601."""
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
