"""The market behind the page: how it is made, who is in it, and what of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from plimsoll.inspection.alerts import Limits
from plimsoll.market.amounts import ratio
from plimsoll.market.basket import BasketMarket
from plimsoll.market.deployment import Token
from plimsoll.market.desk import Desk
from plimsoll.market.events import unpacked
from plimsoll.market.ground import Ground, Sending
from plimsoll.market.market import Market
from plimsoll.market.refusals import MarketError
from plimsoll.play.alerts import alerts
from plimsoll.play.shown import Seen, books, closes, place_of, plain, spoke
from plimsoll.twin.chain import Event

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
        block: gives something else whenever others have changed the market.
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
        self.block: Callable[[], Any] = lambda: self.version
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
            "loan": {"symbol": desk.loan.symbol},
            "people": [self.actor] if self.is_live and self.actor else list(PEOPLE),
            "pool": books(self.market),
            "spokes": [spoke(name, seen) for name, seen in self.spokes().items()],
        }
        found = [] if self.is_own else alerts(told, Limits())
        return told | {"alerts": [each.said for each in found]}

    def closes(self, most: int) -> list[dict[str, Any]]:
        """The latest closes, the oldest first: each as its event says it, and the `spoke` it was in."""
        events = [event for _, event in self.ground.history() if event.name.startswith("Liquidation")]
        return closes(self.market.desk, events)[-most:]

    # ------------------------------------------------------------------------------------------ internals

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
        names = [place_of(desk, value) if isinstance(value, str) else plain(value) for value in it.arguments]
        return {
            "sender": desk.place_of(it.sender),
            "contract": place_of(desk, it.contract.address) if hasattr(it.contract, "address") else "feed",
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
        lens, address = seen.desk.ground.lens, seen.desk.contract.address
        of = lens.vault_summary if isinstance(seen, Market) else lens.basket_summary
        least = 1.2 * float(seen.desk.loans(of(address).risk.min_debt))
        owed, margin = round(max(float(debt), least)), 1.02 + 1.2 * room
        if isinstance(seen, Market):
            it = lens.vault_summary(address)
            price, ltv = float(seen.desk.price(it.price)), float(ratio(it.risk.ltv))
            seen.open(name, _held(owed * margin / ltv / price, seen.desk.collateral), owed)
        else:
            legs = lens.basket_summary(address).legs
            held = {}
            parts = 0.2 / len(legs) + 0.8 * rng.dirichlet([1.5] * len(legs))
            for (leg, token), each, part in zip(seen.desk.legs.items(), legs, parts, strict=True):
                price, ltv = float(seen.desk.price_of(token, each.price)), float(ratio(each.ltv))
                held[leg] = _held(owed * part * margin / ltv / price, token)
            seen.open(name, held, owed)


def _held(amount: float, token: Token) -> float:
    """An amount of collateral that people read, and that the token can have."""
    return round(amount, min(token.decimals, 5))


def _idle(desk: Desk) -> int:
    """What the pool holds, base units."""
    return int(desk.call(desk.parts.loan, "balanceOf", desk.parts.pool.address))
