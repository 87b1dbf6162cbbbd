"""Maker's Liquidation 2.0: all of a debt and a penalty, by a Dutch auction of its collateral."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from plimsoll.arena.rule import Close, Field, Offer, Rule, Terms, ceil_div, listed, only, wad
from plimsoll.units import WAD

RAY = 10**27
ROOM = 6  # percentage points of the liquidation ratio, as much as a health of 1.04
OSM_HOP = 3_600  # seconds for which the oracle security module keeps a price back


class Ilk(NamedTuple):
    """What is set for a collateral: of the Dog, of its Clipper, of its Abacus."""

    penalty: int  # `chop`, WAD with the whole
    hole: int  # debt and penalties in auctions at most, dollars
    dust: int  # smallest debt, dollars
    above: int  # `buf`: the first price over the oracle's, RAY
    tail: int  # seconds after which an auction must be reset
    cusp: int  # part of the first price at which it must be, RAY
    chip: int  # of the debt and penalty, what who starts an auction is paid, WAD
    tip: int  # what he is paid besides, dollars
    step: int  # seconds from price to price
    cut: int  # what is left of a price after a step, RAY


def _ilk(penalty: float, hole: int, dust: int) -> Ilk:
    auction = (110 * RAY // 100, 7_200, 45 * RAY // 100, WAD // 1_000, 250, 90, 99 * RAY // 100)
    return Ilk(WAD + wad(penalty), hole, dust, *auction)


ETH = _ilk(13, 40_000_000, 7_500)
DEPLOYED = {
    "WETH": (145, ETH),
    "WBTC": (150, _ilk(0, 10_000_000, 7_500)),
    "wstETH": (150, _ilk(13, 30_000_000, 7_500)),
}
"""Liquidation ratio, %, and settings of ETH-A, WBTC-A (which lends no more) and WSTETH-A.

In sky-ecosystem/spells-mainnet 290d253f, src/test/config.sol, which tests hold against the chain; of
chainlog 1.20.8. The auctions of all three fall alike.
"""


HOLE = WAD // 10
"""The hole is to keep auctions from falling faster than a market can buy; this part of debts is assumed."""


def power(base: int, exponent: int) -> int:
    """`rpow` of abaci.sol: RAY to the power of a whole number, each step rounded half up."""
    found = base if exponent % 2 else RAY
    exponent //= 2
    while exponent:
        base = (base * base + RAY // 2) // RAY
        if exponent % 2:
            found = (found * base + RAY // 2) // RAY
        exponent //= 2
    return found


@dataclass(slots=True)
class Sale:
    """An auction. Prices are loan base units for a collateral base unit times RAY; so are debts times RAY."""

    lot: int  # collateral, base units
    tab: int  # still to be raised, with the penalty
    due: int  # of the vault's debt, what is not paid yet, base units
    top: int  # the first price
    since: int  # seconds


class Maker(Rule):
    """A vault of one collateral, and the auction of what is taken from it, one for each vault at a time.

    Whoever starts an auction is paid by the protocol, as is who resets one that has lasted too long or
    fallen too far. What is bought ends the debt first, then it pays the penalty. When everything is sold
    the rest of the debt is the protocol's loss; what is left when all is paid goes back to the owner. Left
    out: stability fees, the circuit breaker, the limit of all collaterals together.
    """

    name = "maker"
    source = "makerdao/dss 3f30552a, src/dog.sol and clip.sol; c8d4c806, src/abaci.sol"

    def __init__(self, terms: Terms, ilk: Ilk, hop: int = 0, hole: int | None = None) -> None:
        """A collateral.

        Args:
            terms: the threshold is one over the liquidation ratio.
            ilk: its settings.
            hop: seconds for which a price is kept back; 0: it is not.
            hole: in place of the ilk's, as a part of what all owe at first, WAD.
        """
        super().__init__([terms])
        self.ilk, self._hop = ilk, hop
        self._hole = hole
        self.sales: dict[str, Sale] = {}
        self._owed: int | None = None  # by all at first, base units
        self._dirt = 0  # to be raised by all auctions, base units times RAY
        self._prices: tuple[int, int] | None = None  # now, and from the next hop on
        self._moved = 0  # the second of the last hop

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; as ETH-A, without delay of its price, and with a hole in proportion."""
        return cls(only(cls.name, terms), ETH, hole=HOLE)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`; people stay `ROOM` above the liquidation ratio, up to which they may borrow."""
        ratio, ilk = only(cls.name, listed(cls.name, DEPLOYED, symbols))
        return cls(Terms(WAD * 100 // (ratio + ROOM), WAD * 100 // ratio), ilk, OSM_HOP)

    def owed(self, owner: str) -> int:
        """See `Rule`; also what is in an auction."""
        return self.accounts[owner].debt + (self.sales[owner].due if owner in self.sales else 0)

    def holdings(self, owner: str) -> Sequence[int]:
        """See `Rule`; also what is in an auction."""
        lot = self.sales[owner].lot if owner in self.sales else 0
        return [self.accounts[owner].amounts[0] + lot]

    def block(self, field: Field) -> None:
        """Auctions to start, to reset and to buy from."""
        if not field.prices[0]:
            return
        price = self._delayed(field.prices[0], field.now) // 10**9
        if not price:
            return
        for owner, sale in self.sales.items():
            is_unpaid = self._is_done(sale, field.now) and not self._reward(sale, price)
            if is_unpaid and field.call(owner, Close(0, (0,), 0)):
                self._reset(sale, price, field.now)
        due = [owner for owner in self.accounts if owner in self.sales or self._is_unsafe(owner, price)]

        def offers(owner: str) -> Sequence[Offer]:
            sale = self.sales.get(owner)
            if sale is None:
                tab = self._portion(owner) * self.ilk.penalty // WAD if self._is_unsafe(owner, price) else 0
                return [_paid(self._incentive(tab))] if tab else []
            if not self._is_done(sale, field.now):
                return [self.purchase(sale, self.price_of(sale, field.now))]
            return [_paid(reward)] if (reward := self._reward(sale, price)) else []

        def take(owner: str, close: Close) -> None:
            sale = self.sales.get(owner)
            if sale is None:
                self._bark(owner, price, field.now)
            elif self._is_done(sale, field.now):
                self._reset(sale, price, field.now)
            else:
                self._take(owner, sale, self.price_of(sale, field.now), close)
            self.carry_out(close)

        field.serve(due, offers, take)

    def _delayed(self, price: int, now: int) -> int:
        """The price (1e36) that the oracle security module lets through."""
        if not self._hop or self._prices is None:
            self._prices = price, price
        elif now >= self._moved + self._hop:
            self._prices = self._prices[1], price
            self._moved = now - now % self._hop
        return self._prices[0]

    # ------------------------------------------------------------------------------------------- Dog

    def _is_unsafe(self, owner: str, price: int) -> bool:
        account = self.accounts[owner]
        return account.amounts[0] * (price * self.terms[0].threshold // WAD) < account.debt * RAY

    def _portion(self, owner: str) -> int:
        """The part of a vault's debt that an auction can take over now, base units; 0: none."""
        debt, dust = self.accounts[owner].debt, self.ilk.dust * self.dollar
        room = self._room() - self._dirt
        part = min(debt, max(0, room) * WAD // RAY // self.ilk.penalty)
        if room > 0 and debt - part < dust:
            return debt  # what would be left is dust
        return part if part >= dust else 0

    def _room(self) -> int:
        """What all auctions may have to raise, base units times RAY."""
        if self._hole is None:
            return self.ilk.hole * self.dollar * RAY
        if self._owed is None:
            self._owed = sum(map(self.owed, self.accounts))
        return self._owed * RAY * self._hole // WAD

    def _incentive(self, tab: int) -> int:
        """What the protocol pays for a start or a reset; base units, as is the debt with the penalty."""
        return self.ilk.tip * self.dollar + tab * self.ilk.chip // WAD

    def _bark(self, owner: str, price: int, now: int) -> None:
        """Starts an auction."""
        account, part = self.accounts[owner], self._portion(owner)
        lot = account.amounts[0] * part // account.debt
        tab = part * RAY * self.ilk.penalty // WAD
        account.amounts[0] -= lot
        account.debt -= part
        self._dirt += tab
        self.sales[owner] = Sale(lot, tab, part, price * self.ilk.above // RAY, now)

    # --------------------------------------------------------------------------------------- Clipper

    def price_of(self, sale: Sale, now: int) -> int:
        """What a unit costs."""
        return sale.top * power(self.ilk.cut, (now - sale.since) // self.ilk.step) // RAY

    def _is_done(self, sale: Sale, now: int) -> bool:
        """Whether it must be reset before anybody may buy."""
        fallen = self.price_of(sale, now) * RAY // sale.top < self.ilk.cusp
        return fallen or now - sale.since > self.ilk.tail

    def _least(self) -> int:
        """`chost`: what must be left to raise, or nothing; base units times RAY."""
        return self.ilk.dust * self.dollar * RAY * self.ilk.penalty // WAD

    def _reward(self, sale: Sale, price: int) -> int:
        """What a reset is paid, base units."""
        if sale.tab < self._least() or sale.lot * price < self._least():
            return 0
        return self._incentive(sale.tab // RAY)

    def _reset(self, sale: Sale, price: int, now: int) -> None:
        sale.top, sale.since = price * self.ilk.above // RAY, now

    def purchase(self, sale: Sale, price: int) -> Offer:
        """What may be bought of an auction, up to a payment."""
        whole = ceil_div(min(sale.tab, sale.lot * price), RAY)

        def close(payment: int) -> Close | None:
            amount = sale.lot if payment >= whole else payment * RAY // price
            bought = self._bought(sale, amount, price)
            if bought is None:
                return None
            lot, owed = bought
            paid = ceil_div(owed, RAY)
            to_debt = min(paid, sale.due)
            lost = sale.due - to_debt if lot == sale.lot else 0
            return Close(paid, (lot,), to_debt + lost, lost, paid - to_debt)

        return Offer(whole, close)

    def _bought(self, sale: Sale, amount: int, price: int) -> tuple[int, int] | None:
        """What `take` gives for a wish, and what it costs, times RAY; None: so little cannot be bought."""
        lot = min(sale.lot, amount)
        owed = lot * price
        if owed > sale.tab:
            return sale.tab // price, sale.tab
        if owed < sale.tab and lot < sale.lot and sale.tab - owed < self._least():
            if sale.tab <= self._least():
                return None
            owed = sale.tab - self._least()
            lot = owed // price
        return (lot, owed) if lot else None

    def _take(self, owner: str, sale: Sale, price: int, close: Close) -> None:
        """Carries a purchase out."""
        (lot,) = close.seized
        whole = sale.tab, sale.tab - self._least(), lot * price  # what `_bought` may have said
        owed = next(each for each in whole if each // price == lot and ceil_div(each, RAY) == close.paid)
        sale.lot -= lot
        sale.due -= close.ended
        sale.tab -= owed
        self._dirt -= owed + (0 if sale.lot else sale.tab)
        if not sale.lot or not sale.tab:
            self.accounts[owner].amounts[0] += sale.lot
            del self.sales[owner]


def _paid(reward: int) -> Offer:
    """What the protocol pays for a transaction."""
    close = Close(-reward, (0,), 0, earned=-reward)
    return Offer(1, lambda _: close)
