"""What a market does whatever the collateral is: time, lenders, stakers, debts, books, events, undoing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from plimsoll.chain import lens
from plimsoll.market.amounts import Amount, Number, ratio
from plimsoll.market.council import Council
from plimsoll.market.desk import Desk, Who
from plimsoll.market.events import CONTRACTS, arguments_of, decode, unpacked
from plimsoll.market.refusals import MarketError
from plimsoll.market.results import Answer, BasketPosition, BasketWallet, Books, Exit, Position, Wallet
from plimsoll.strict import Strict
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import MAX, YEAR

if TYPE_CHECKING:
    import pandas as pd

    from plimsoll.deploy import AddressBook
    from plimsoll.market.basket import BasketMarket
    from plimsoll.market.ground import Ground
    from plimsoll.market.market import Market

START = datetime(2026, 1, 1, tzinfo=UTC)

Found = TypeVar("Found", lens.Position, lens.BasketPosition)
Place = TypeVar("Place", Position, BasketPosition)
Purse = TypeVar("Purse", Wallet, BasketWallet)


class Person(Strict, Generic[Place, Purse]):
    """Somebody in a market."""

    __slots__ = ("_market", "address", "name")
    name: str
    address: str
    _market: Lending[Any, Place, Purse]

    def __init__(self, market: Lending[Any, Place, Purse], who: Who) -> None:
        """Somebody by their name or address."""
        self._market = market
        self.address = market.desk.address_of(who)
        self.name = market.desk.name_of(self.address)

    @property
    def position(self) -> Place:
        """What they have locked and owe now."""
        return self._market.position(self)

    @property
    def wallet(self) -> Purse:
        """What they hold besides."""
        return self._market.wallet(self)

    def __repr__(self) -> str:
        """Their name and their position."""
        it = self.position
        debt = f"owes {it.debt!r}, health {float(it.health):.4g}" if it.debt else "owes nothing"
        return f"{self.name}: {it.collateral!r} locked, {debt}"


class Lending(Strict, Generic[Found, Place, Purse]):
    """A pool, seen from one of its vaults or baskets."""

    __slots__ = ("council", "desk")
    council: Council
    desk: Desk

    def __init__(self, desk: Desk) -> None:
        """A market at a desk; `local`, `from_file` and `connect` make one."""
        self.desk = desk
        self.council = Council(desk)

    @abstractmethod
    def positions(self) -> pd.DataFrame:
        """Every position, the least healthy first; floats."""

    @abstractmethod
    def wallet(self, who: Who) -> Purse:
        """What somebody holds outside of positions."""

    @abstractmethod
    def _line(self) -> lens.CreditLine:
        """The credit line of the vault or basket."""

    @abstractmethod
    def _found(self, *owners: str) -> list[Found]:
        """Positions as the Lens tells them."""

    @abstractmethod
    def _shown(self, it: Found) -> Place:
        """A position as people read it."""

    @abstractmethod
    def _prices_told(self) -> str:
        """The prices, for one line."""

    # ---------------------------------------------------------------------------------- what it stands on

    @property
    def vaults(self) -> tuple[str, ...]:
        """The names of the pool's vaults."""
        return tuple(self.desk.parts.spokes)

    @property
    def baskets(self) -> tuple[str, ...]:
        """The names of the pool's baskets."""
        return tuple(self.desk.parts.baskets)

    def at(self, vault: str) -> Market:
        """The same market, seen from another of the pool's vaults."""
        from plimsoll.market.market import Market

        self._check("vault", vault, self.vaults)
        return Market(self.desk.beside(vault))

    def basket(self, name: str) -> BasketMarket:
        """The same market, seen from one of the pool's baskets."""
        from plimsoll.market.basket import BasketMarket

        self._check("basket", name, self.baskets)
        return BasketMarket(self.desk.beside_basket(name))

    def stop(self) -> None:
        """Stops the node that was started for it; without one there is nothing to stop."""
        self.desk.ground.stop()

    # -------------------------------------------------------------------------------------------------- time

    @property
    def now(self) -> datetime:
        """The time of the next transaction, UTC."""
        return datetime.fromtimestamp(self.desk.ground.now, UTC)

    @now.setter
    def now(self, _: Any) -> None:
        raise AttributeError("`now` cannot be set: time only passes, as by `advance(days=3)`.")

    def advance(self, time: timedelta | int = 0, **units: float) -> None:
        """Lets time pass: seconds, a `timedelta`, or its words: `advance(days=3)`.

        Feeds for play say their prices again, as live feeds do.
        """
        try:
            passed = (time if isinstance(time, timedelta) else timedelta(seconds=time)) + timedelta(**units)
        except TypeError:
            raise MarketError(
                f"{time!r} {units or ''} is no time; give seconds, a timedelta, or words such as days=3."
            ) from None
        if passed < timedelta(0):
            raise MarketError(f"{passed} is in the past; time only passes.")
        self.desk.ground.advance(int(passed.total_seconds()))

    # ----------------------------------------------------------------------------------------------- lenders

    def supply(self, who: Who, amount: Number) -> Amount:
        """Lends to the pool; returns the shares made."""
        desk, owner = self.desk, self.desk.address_of(who)
        raw = desk.units(amount, desk.loan, "the supply")
        desk.provide(desk.parts.loan, owner, desk.parts.pool, raw)
        return desk.shares(desk.send(desk.parts.pool, "deposit", raw, owner, by=owner))

    def leave(self, who: Who, amount: Number | None = None, *, at_least: Number | None = None) -> Exit:
        """Takes supply back: an amount, or all of it.

        With `at_least` it takes what can be had, at any haircut that leaves as much.
        """
        desk, owner = self.desk, self.desk.address_of(who)
        pool = desk.parts.pool
        if at_least is not None and amount is not None:
            raise MarketError("Say either how much to take, or the least to accept for all of it.")
        if amount is not None:
            paid = desk.units(amount, desk.loan, "the amount")
            return self._exit(paid, desk.send(pool, "withdraw", paid, owner, owner, by=owner))
        shares = desk.call(pool, "balanceOf", owner)
        if at_least is None:
            return self._exit(desk.send(pool, "redeem", shares, owner, owner, by=owner), shares)
        least = desk.units(at_least, desk.loan, "the least")
        return self._exit(*desk.send(pool, "exit", shares, least, owner, owner, by=owner))

    # ------------------------------------------------------------------------------------------------- debts

    def borrow(self, who: Who, amount: Number | None = None) -> Amount:
        """Borrows more, without an amount as much as goes; returns how much."""
        desk, owner = self.desk, self.desk.address_of(who)
        raw = desk.units_or_all(amount, desk.loan, "the debt")
        return desk.loans(desk.send(desk.contract, "borrow", raw, owner, owner, by=owner))

    def repay(self, who: Who, amount: Number | None = None, *, by: Who | None = None) -> Amount:
        """Repays debt, one's own or somebody's; returns how much."""
        desk, owner = self.desk, self._owner(who)
        payer = desk.address_of(owner if by is None else by)
        raw = desk.units_or_all(amount, desk.loan, "the repayment")
        desk.provide(desk.parts.loan, payer, desk.contract, min(raw, self._most_owed(owner)))
        return desk.loans(desk.send(desk.contract, "repay", raw, owner, by=payer))

    def poke(self, who: Who, *, by: Who = "keeper") -> Amount:
        """Reports a position's shortfall to the pool, which prices exits by it; returns it."""
        desk = self.desk
        return desk.loans(desk.send(desk.contract, "poke", desk.address_of(who), by=by))

    # ------------------------------------------------------------------------------------------------ people

    def found(self) -> list[Found]:
        """Every position that is not empty, as the Lens tells it: integers."""
        owners = dict.fromkeys(
            str(event.values[0])
            for _, event in self.desk.ground.history()
            if (event.contract, event.name) == (self._address, "Deposit")
        )
        return [each for each in self._found(*owners) if _is_there(each)]

    def position(self, who: Who) -> Place:
        """What somebody has locked and owes now."""
        (found,) = self._found(self.desk.address_of(who))
        return self._shown(found)

    def person(self, who: Who) -> Person[Place, Purse]:
        """Somebody by their name or address."""
        return Person(self, who)

    # ----------------------------------------------------------------------------------------------- stakers

    def stake(self, who: Who, amount: Number) -> Amount:
        """Supplies, and stakes the shares in the backstop, which bears losses first; returns its shares."""
        desk, owner = self.desk, self.desk.address_of(who)
        backstop = desk.parts.backstop
        shares = self.supply(owner, amount).raw
        desk.approve(desk.parts.pool, owner, backstop, shares)
        return desk.shares(desk.send(backstop, "deposit", shares, owner, by=owner))

    def request(self, who: Who) -> datetime:
        """Asks to leave the backstop with the whole stake; returns from when, for two days, one may."""
        desk, owner = self.desk, self.desk.address_of(who)
        backstop = desk.parts.backstop
        desk.send(backstop, "request", desk.call(backstop, "balanceOf", owner), by=owner)
        return datetime.fromtimestamp(desk.call(backstop, "departure_of", owner)[2], UTC)

    def unstake(self, who: Who, *, at_least: Number | None = None) -> Amount:
        """Leaves the backstop with what was requested; returns the pool's shares that come back.

        With `at_least`, in the pool's shares, at any haircut that leaves as much.
        """
        desk, owner = self.desk, self.desk.address_of(who)
        backstop = desk.parts.backstop
        requested = desk.call(backstop, "departure_of", owner)[0]
        if at_least is None:
            return desk.shares(desk.send(backstop, "redeem", requested, owner, owner, by=owner))
        least = desk.units(at_least, desk.share, "the least")
        return desk.shares(desk.send(backstop, "leave", requested, least, owner, owner, by=owner))

    # ----------------------------------------------------------------------------------------------- looking

    def books(self) -> Books:
        """The pool's books and the credit line of the vault or basket."""
        desk, it, line = self.desk, self._pool(), self._line()
        return Books(
            assets=desk.loans(it.total_assets),
            debt=desk.loans(it.total_debt),
            cash=desk.loans(it.cash),
            reserve=desk.loans(it.reserves),
            provisions=desk.loans(it.provisions),
            utilisation=ratio(it.utilisation),
            borrow_rate=ratio(it.borrow_rate * YEAR),
            supply_rate=ratio(it.supply_rate * YEAR),
            limit=desk.loans(line.limit),
            drawn=desk.loans(line.drawn),
            headroom=desk.loans(line.headroom),
            losses=desk.loans(line.losses),
            staked=desk.shares(desk.call(desk.parts.pool, "balanceOf", desk.parts.backstop.address)),
        )

    def events(self, name: str | None = None, *, receipt: Any = None) -> pd.DataFrame:
        """What has happened: people by name, packed words unpacked.

        Args:
            name: of an event; then its arguments are columns, amounts as floats.
            receipt: of a transaction, or its logs; then only what it did, without times.

        Raises:
            MarketError: there is no such event.
        """
        import pandas as pd

        absent = {kind for kind, here in (("Vault", self.vaults), ("Basket", self.baskets)) if not here}
        contracts = [kind for kind in CONTRACTS if kind not in absent]
        columns = ["event", "arguments"] if name is None else arguments_of(name, contracts)
        if receipt is None:
            happenings = self.desk.ground.history()
            times = [{"time": datetime.fromtimestamp(time, UTC)} for time, _ in happenings]
            found = list(zip(times, unpacked(event for _, event in happenings), strict=True))
        else:
            found = [({}, each) for each in decode(receipt)]
        rows = []
        for time, each in found:
            place, arguments = self.desk.told(each)
            if name is None:
                rows.append({**time, "contract": place, "event": each.name, "arguments": arguments})
            elif name == each.name:
                rows.append({**time, "contract": place, **{key: plain(it) for key, it in arguments.items()}})
        first = ["contract"] if receipt is not None else ["time", "contract"]
        return pd.DataFrame(rows, columns=first + columns)

    # -------------------------------------------------------------------------------------------------- undo

    def snapshot(self) -> Any:
        """Keeps the state, for `revert`."""
        return self.desk.ground.snapshot()

    def revert(self, snapshot: Any) -> None:
        """Goes back to a state, which is used up by it, as are later ones. Raises `MarketError` for none."""
        self.desk.ground.revert(snapshot)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undoes what happens inside, time included, also when it fails."""
        before = self.snapshot()
        try:
            yield
        finally:
            self.revert(before)

    # ------------------------------------------------------------------------------------------------- shown

    def __repr__(self) -> str:
        """One line."""
        desk, it = self.desk, self._pool()
        lent = f"{float(desk.loans(it.total_debt)):,.0f} of {float(desk.loans(it.total_assets)):,.0f}"
        name = f"{desk.share.symbol}/{desk.vault}"
        return f"Market {name} on {desk.ground.client}: {self._prices_told()}, {lent} {desk.loan.symbol} lent"

    def __rich__(self) -> Any:
        """Books and positions, for a terminal."""
        from rich.console import Group

        from plimsoll.market import show

        return Group(show.figures(repr(self), self.books().rows()), "", show.positions(self.positions()))

    def _repr_html_(self) -> str:
        """Books and positions, for a notebook."""
        from plimsoll.market import show

        books = show.html_figures(repr(self), self.books().rows())
        return books + show.html_positions(self.positions())

    # --------------------------------------------------------------------------------------------- internals

    @staticmethod
    def _check(kind: str, name: str, known: tuple[str, ...]) -> None:
        if name not in known:
            choice = f"choose one of {', '.join(known)}" if known else "this pool has none"
            raise MarketError(f"There is no {kind} {name!r}; {choice}.")

    @property
    def _address(self) -> str:
        return str(self.desk.contract.address)

    def _pool(self) -> lens.PoolSummary:
        return self.desk.ground.lens.pool_summary(self.desk.parts.pool.address)

    def _totals(self) -> DebtTotals:
        return DebtTotals(*self.desk.call(self.desk.parts.pool, "debt_totals"))

    def _owner(self, who: Who) -> str:
        """The address of somebody with a position; a name that is mistyped is nobody's."""
        owner = self.desk.address_of(who)
        if not any(map(_is_there, self._found(owner))):
            raise MarketError(f"{self.desk.name_of(owner)}: no position here; open one first.")
        return owner

    def _seller(self) -> Any:
        """The Liquidator, which sells what it seizes."""
        if self.desk.parts.liquidator is None:
            raise MarketError("There is no exchange here; make a market with one, such as depth=5_000_000.")
        return self.desk.parts.liquidator

    def _money(self, owner: str) -> tuple[Amount, Amount, Amount, Amount]:
        """What somebody holds of the loan asset, in shares and their worth, and staked."""
        desk, parts = self.desk, self.desk.parts
        shares = desk.call(parts.pool, "balanceOf", owner)
        return (
            desk.loans(desk.call(parts.loan, "balanceOf", owner)),
            desk.shares(shares),
            desk.loans(desk.call(parts.pool, "previewRedeem", shares)),
            desk.shares(desk.call(parts.backstop, "balanceOf", owner)),
        )

    def _most_owed(self, owner: str) -> int:
        return self.desk.ground.grown(self.desk.call(self.desk.contract, "debt_of", owner))

    def _exit(self, paid: int, shares: int) -> Exit:
        return Exit(self.desk.loans(paid), self.desk.shares(shares))


def _is_there(it: lens.Position | lens.BasketPosition) -> bool:
    """Whether anything is locked or owed."""
    locked = [it.collateral] if isinstance(it, lens.Position) else it.amounts
    return any(locked) or it.debt_shares > 0


def connected(provider: Any, book: AddressBook | None, name: str | None, kind: str) -> tuple[Ground, str]:
    """See `on_ape.connected`. Raises `MarketError` also where ape is not installed."""
    try:
        from plimsoll.market import on_ape
    except ModuleNotFoundError as error:
        raise MarketError(
            f"{error.name} is not installed; `pip install 'plimsoll[ape]'` brings it."
        ) from None
    return on_ape.connected(provider, book, name, kind)


def by_health(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A frame of positions, the least healthy first."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("health", kind="stable", ignore_index=True)


def figures(it: Answer, names: Iterable[str]) -> dict[str, Any]:
    """Some figures of an answer, as a frame holds them."""
    return {name: plain(getattr(it, name)) for name in names}


def plain(value: Any) -> Any:
    """What a frame holds: floats in place of exact numbers."""
    return float(value) if isinstance(value, Amount) else value


def health(lane: int | None) -> Amount:
    """A health as an event says it, which has no room for 4.29 and above."""
    return ratio(MAX if lane is None else lane)
