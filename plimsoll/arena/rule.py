"""What a liquidation rule is: when a position may be closed, at what price, and what becomes of a loss.

Amounts are base units, prices loan base units per collateral base unit (1e36), ratios and healths WAD. A rule
keeps the accounts of one market; `Field` is all that it sees of the world. Interest is left out: the arena
plays days.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import ClassVar, NamedTuple, Protocol, Self, TypeVar

from sortedcontainers import SortedList

from plimsoll.units import PRICE_SCALE, WAD

LISTED_AS = {"stETH": "wstETH"}  # a token that markets list in another form

Prices = tuple[int, ...]

_Entry = TypeVar("_Entry")


class Terms(NamedTuple):
    """What a collateral counts for, WAD."""

    ltv: int  # most that may be borrowed, of its value
    threshold: int  # below so much of its value a debt is healthy


@dataclass(slots=True)
class Account:
    """A position: base units of each collateral, and of the loan asset."""

    amounts: list[int]
    debt: int
    owner: str = field(default="", compare=False)


class Close(NamedTuple):
    """What a liquidator pays and gets, and what becomes of the debt; base units.

    What is paid ends debt, is earned, goes back to the borrower, or into the protocol's cash.
    """

    paid: int  # all that it costs the liquidator; below 0 what he is paid
    seized: tuple[int, ...]  # from the account; below 0 what is brought to it
    ended: int  # debt that is owed no more
    lost: int = 0  # of that, what nobody paid: the loss that is booked
    earned: int = 0  # what the protocol keeps of what was paid, base units of the loan asset
    kept: tuple[int, ...] = ()  # what the protocol keeps of what was seized; below 0 what it adds of its own
    refund: int = 0  # what the borrower gets back, base units of the loan asset
    passed: int = 0  # of what is ended, what others paid or owe from now on, by the rule
    shared: tuple[int, ...] = ()  # of what was seized, what these others got
    moved: int = 0  # of what is passed, what other accounts owe from now on

    @property
    def got(self) -> tuple[int, ...]:
        """What the liquidator gets."""
        got = self.seized
        for others in (self.kept, self.shared):
            if others:
                got = tuple(gone - part for gone, part in zip(got, others, strict=True))
        return got


Quote = Callable[[int], Close | None]
"""The close for an offer of at most so much debt; None when there is none."""


class Offer(NamedTuple):
    """A close that may be had, up to a repayment."""

    most: int  # base units of debt
    quote: Quote


Offers = Callable[[str], Sequence[Offer]]
"""What may be closed of something now; alternatives, such as one for each collateral."""


class Field(Protocol):
    """What a rule sees of the world in a block."""

    @property
    def now(self) -> int:
        """Seconds since the start."""

    @property
    def prices(self) -> Prices:
        """The oracles' prices of the market's collaterals, 1e36; 0 while one has none."""

    @property
    def outside(self) -> Prices:
        """What the collaterals cost elsewhere, 1e36."""

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        """Lets the keepers take what they want, each of them one batch; once a block.

        All decide on the state as it is; then, by their bids, each gets what is still on offer.

        Args:
            names: whose positions, or which auctions.
            offers: what may be had of a name now; it is asked again and again.
            take: carries out a close of a name.
        """

    def call(self, what: str, close: Close) -> bool:
        """Has a close carried out by the protocol itself, for which somebody must only send the transaction.

        Args:
            what: whose position; how long it may be called counts by that name.
            close: nobody pays it but the protocol, as far as the collateral is worth it.

        Returns:
            Whether a keeper is there to send it.
        """

    def sell(self, leg: int, amount: int, least: int, may: Callable[[int, int], bool]) -> tuple[int, int]:
        """Sells a collateral at the market, as long as the next unit brings a price.

        Args:
            leg: its number.
            amount: base units at most.
            least: the price, 1e36.
            may: whether so much may be sold for so much; else half of it is tried, and so on.

        Returns:
            What was sold, and what it brought, base units.
        """

    def trade(self, offer: Offer) -> Close | None:
        """Lets arbitrageurs, who can trade elsewhere, take of an exchange what gains most, for their capital.

        Args:
            offer: an exchange with the rule's own market, which ends no debt.

        Returns:
            What they take, which is to be carried out.
        """

    def record(self, what: str, close: Close) -> None:
        """Takes note of a close that nobody else has a part in, before it is carried out."""


@dataclass
class Book:
    """What a rule has done, base units of the loan asset."""

    lost: int = 0  # debt written off that nobody paid, as a rule books it
    earned: int = 0  # kept by the protocol
    closes: int = 0
    stock: list[int] = field(default_factory=list)  # of each collateral, what the protocol has taken over
    cash: int = 0  # what it was paid for stock, less what it paid for it: debt that it ended, refunds


class Rule(ABC):
    """The accounts of one market, and what may be done with those that are unhealthy."""

    name: ClassVar[str]
    source: ClassVar[str]
    """Repository, file and version in which the rule was read."""

    hands_over: ClassVar[bool] = False
    """Whether others than lenders stand in for debts: closes may have `passed`."""

    dollar: int = 10**6
    """Base units of the loan asset that are worth a dollar, for sizes that a system has in dollars."""

    def __init__(self, terms: Sequence[Terms]) -> None:
        """A market without accounts; terms of each collateral."""
        self.terms = tuple(terms)
        self.accounts: dict[str, Account] = {}
        self.book = Book(stock=[0] * len(self.terms))

    @classmethod
    @abstractmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """The rule with given terms for each collateral; its own numbers for everything else.

        Raises:
            ValueError: it has no market of so many collaterals, or with such terms; a sentence.
        """

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """The rule with the parameters of the system's large market in which these back dollars.

        Where they were read, and as of when, is said beside them. A rule that no system has says nothing.

        Args:
            symbols: of the collaterals, such as `WETH`.

        Raises:
            ValueError: that market has no such collateral, or not so many, or there is none; a sentence.
        """
        raise ValueError(f"{cls.name} is not deployed anywhere")

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """A new position."""
        self.accounts[owner] = Account(list(amounts), debt, owner)

    def owed(self, owner: str) -> int:
        """What somebody owes, base units; may be more than when it was opened."""
        return self.accounts[owner].debt

    def poorest(self, _prices: Prices) -> Iterable[str]:
        """All whose collateral is worth less than their debt at prices, and others."""
        return self.accounts

    def balance(self, _owner: str) -> int:
        """Base units of the loan asset that are held for somebody, against what they owe."""
        return 0

    def carry_out(self, close: Close) -> None:
        """Books a close; what it does to accounts is the rule's to do.

        What is paid beyond the debt that it ends, what the protocol earns and what is given back, goes to the
        protocol's cash, or comes out of it.
        """
        self.book.lost += close.lost
        self.book.earned += close.earned
        self.book.closes += bool(close.ended)
        by_others = close.lost + close.passed
        self.book.cash += close.paid - close.earned - (close.ended - by_others) - close.refund
        for leg, kept in enumerate(close.kept):
            self.book.stock[leg] += kept

    @abstractmethod
    def block(self, field: Field) -> None:
        """Lets happen what happens in a block once prices are known."""

    @abstractmethod
    def holdings(self, owner: str) -> Sequence[int]:
        """Base units of each collateral that are somebody's."""


def only(name: str, terms: Sequence[_Entry]) -> _Entry:
    """The terms of a market of one collateral.

    Raises:
        ValueError: there are more.
    """
    if len(terms) != 1:
        raise ValueError(f"{name} has markets of one collateral, not of {len(terms)}")
    return terms[0]


def listed(name: str, market: Mapping[str, _Entry], symbols: Sequence[str]) -> list[_Entry]:
    """What a market has for collaterals.

    Raises:
        ValueError: it has none for one of them.
    """
    known = [LISTED_AS.get(symbol, symbol) for symbol in symbols]
    if strange := [symbol for symbol, its in zip(symbols, known, strict=True) if its not in market]:
        raise ValueError(f"{name} is not deployed with {' and '.join(strange)} as collateral")
    return [market[symbol] for symbol in known]


def by_threshold(table: Mapping[int, _Entry], terms: Terms) -> _Entry:
    """What a table has for the first threshold, %, that is not below a collateral's."""
    return next(entry for highest, entry in table.items() if terms.threshold <= wad(highest))


def alone(leg: int, amount: int, legs: int) -> tuple[int, ...]:
    """An amount of one of so many collaterals, nothing of the others."""
    return tuple(amount if place == leg else 0 for place in range(legs))


def wad(percent: float) -> int:
    """A percentage as WAD."""
    return round(percent * 10**6) * 10**10


def ceil_div(amount: int, by: int) -> int:
    """A quotient, rounded up."""
    return -(-amount // by)


def value(amounts: Sequence[int], prices: Prices) -> int:
    """What collaterals are worth together, base units of the loan asset, rounded down."""
    return int(sum(map(mul, amounts, prices))) // PRICE_SCALE


def worths(amounts: Sequence[int], prices: Prices) -> list[int]:
    """What each collateral is worth, base units of the loan asset, rounded down."""
    return [amount * price // PRICE_SCALE for amount, price in zip(amounts, prices, strict=True)]


def counted(amounts: Sequence[int], prices: Prices, factors: Iterable[int]) -> int:
    """Worths times a factor each (WAD), base units of the loan asset; each is rounded down again."""
    return sum(worth * factor // WAD for worth, factor in zip(worths(amounts, prices), factors, strict=True))


def weighted(amounts: Sequence[int], prices: Prices, terms: Iterable[Terms]) -> int:
    """Worths times thresholds, base units times WAD."""
    return sum(
        amount * price // PRICE_SCALE * its.threshold
        for amount, price, its in zip(amounts, prices, terms, strict=True)
    )


class AccountRule(Rule):
    """A rule that closes account by account, each by an offer of its own."""

    def __init__(self, terms: Sequence[Terms]) -> None:
        """See `Rule`."""
        super().__init__(terms)
        self._keys: dict[str, float] = {}  # of one collateral: less its debt for a unit
        self._order: SortedList[tuple[float, str]] = SortedList()

    @abstractmethod
    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """What may be closed of an account that is liquidatable."""

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """See `Rule`."""
        super().open(owner, amounts, debt)
        self._rank(owner)

    def holdings(self, owner: str) -> Sequence[int]:
        """See `Rule`."""
        return self.accounts[owner].amounts

    def poorest(self, prices: Prices) -> Iterable[str]:
        """See `Rule`; of one collateral few others."""
        if len(self.terms) > 1:
            yield from self.accounts
            return
        for _, owner in self._order:
            yield owner
            account = self.accounts[owner]
            if value(account.amounts, prices) * 100 > account.debt * 101:
                return  # nearer to the price the order, of floats, may err

    def weighted(self, account: Account, prices: Prices) -> int:
        """Collateral times thresholds, base units times WAD, rounded down."""
        return weighted(account.amounts, prices, self.terms)

    def health(self, account: Account, prices: Prices) -> int:
        """Health factor, WAD, rounded down; of an account with debt."""
        return self.weighted(account, prices) // account.debt

    def is_liquidatable(self, account: Account, prices: Prices) -> bool:
        """Whether it may be closed."""
        return self.weighted(account, prices) < account.debt * WAD

    def block(self, field: Field) -> None:
        """Offers what is due."""
        prices = field.prices
        if not all(prices):
            return

        def offers(owner: str) -> Sequence[Offer]:
            account = self.accounts[owner]
            due = account.debt and self.is_liquidatable(account, prices)
            return self.offers(account, prices) if due else ()

        field.serve(self._due(prices), offers, self.take)

    def take(self, owner: str, close: Close) -> None:
        """Carries a close of an account out."""
        account = self.accounts[owner]
        account.debt -= close.ended
        account.amounts = [have - gone for have, gone in zip(account.amounts, close.seized, strict=True)]
        self.carry_out(close)
        self._rank(owner)

    def _rank(self, owner: str) -> None:
        """Sorts an account in again, by how far the price must fall to reach it."""
        if len(self.terms) > 1:
            return
        if owner in self._keys:
            self._order.remove((self._keys.pop(owner), owner))
        account = self.accounts[owner]
        if account.debt:
            (amount,) = account.amounts
            self._keys[owner] = -account.debt / amount if amount else float("-inf")
            self._order.add((self._keys[owner], owner))

    def _due(self, prices: Prices) -> Iterator[str]:
        """Accounts that may be liquidatable, the worst first."""
        if len(self.terms) > 1:
            for owner, account in self.accounts.items():
                if account.debt and self.is_liquidatable(account, prices):
                    yield owner
            return
        for _, owner in list(self._order):
            account = self.accounts[owner]
            if self.is_liquidatable(account, prices):
                yield owner
            elif self.weighted(account, prices) * 100 > account.debt * WAD * 101:
                return  # nearer to the threshold a rule's own rounding may decide
