"""LlamaLend: collateral lies in a market maker, which sells it as its price falls, and buys it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, localcontext
from math import exp, isqrt
from typing import NamedTuple, Self

from plimsoll.arena.rule import Close, Field, Offer, Rule, Terms, by_threshold, ceil_div, listed, only, wad
from plimsoll.units import PRICE_SCALE, WAD

MAX_TICKS = 50  # bands of a loan, and of an exchange
MAX_SKIPPED = 1_024  # empty bands on the way
DEAD_SHARES = 1_000
DELAY = 120  # seconds for which a jump of the oracle's price is feared
MAX_JUMP = 125 * WAD // 100  # of the oracle's price within that
TOP_PRICE = 10**24  # of 18 decimals; collateral is scaled so that its price is not above
STEP = 60  # seconds after which arbitrageurs come again; the average moves on meanwhile
NEAR = 10_000  # part of the feed's price, nearer to which nobody follows the average within a block
BOUND = 1  # per cent that the average may be from the feed
MEMORY = 600  # seconds of the oracle's moving average
TICKS = 10  # bands of a loan, as the interface proposes
FEE = 6 * WAD // 1_000
ALIKE = {90: 100, 100: 500}
"""Amplification up to a threshold, %."""
DEPLOYED = {"WETH": (9, 6), "WBTC": (9, 6), "wstETH": (9, 6)}
"""Loan and liquidation discount, %, of the markets in which crvUSD is minted, with an amplification of 100.

In curvefi/curve-stablecoin, the constants of its deployment scripts, as are `FEE`, `MEMORY` and `BOUND`.
"""


class Trade(NamedTuple):
    """An exchange, in amounts of 18 decimals."""

    paid: int
    got: int
    bands: tuple[tuple[int, int, int], ...]  # that it changes: number, loan asset, collateral
    active: int  # the band in which it ends


@dataclass
class Bands:
    """The market maker, `AMM.vy`. All has 18 decimals; x is the loan asset, y the collateral."""

    amplification: int
    fee: int  # WAD
    base: int  # the oracle's price at the top of band 0
    active: int = 0
    lowest: int = 0  # bands beyond these two are empty
    highest: int = 0
    x: dict[int, int] = field(default_factory=dict)
    y: dict[int, int] = field(default_factory=dict)
    shares: dict[int, int] = field(default_factory=dict)
    owners: dict[str, tuple[int, list[int]]] = field(default_factory=dict)  # first band, shares from there on
    price: int = 0  # the oracle's as it counts
    feared: int = 0  # fee for its last jump, WAD
    _last: tuple[int, int, int] = (0, 0, 0)  # price, fee and second of the last exchange
    _tops: dict[int, int] = field(default_factory=dict)
    _whole: dict[str, tuple[int, int]] = field(default_factory=dict)  # what `held` says until bands change

    def __post_init__(self) -> None:
        """Rates that depend on the amplification alone."""
        a = self.amplification
        self.price = self.base
        self._last = (self.base, 0, -DELAY)
        self.root = isqrt(a * WAD * WAD // (a - 1))  # of a band's width, sqrt(A / (A - 1))
        with localcontext(prec=60):
            self._log = (Decimal(a * WAD // (a - 1)) / WAD).ln()
        self.log = int((self._log * WAD).to_integral_value(ROUND_FLOOR))

    def top(self, band: int) -> int:
        """`p_oracle_up`: the oracle's price at which a band begins to be sold."""
        if band not in self._tops:
            with localcontext(prec=60):
                power = int(((Decimal(-band * self.log) / WAD).exp() * WAD).to_integral_value(ROUND_FLOOR))
            self._tops[band] = self.base * power // WAD
        return self._tops[band]

    def see(self, price: int, now: int) -> None:
        """`limit_p_o`: the oracle's price of a block."""
        old, feared, second = self._last
        left = DELAY - min(DELAY, now - second)
        self.price, self.feared = price, 0
        if not left:
            return
        ratio = min(old, price) * WAD // max(old, price)
        if ratio < WAD * WAD // MAX_JUMP:
            ratio = WAD * WAD // MAX_JUMP
            self.price = old * MAX_JUMP // WAD if price > old else old * WAD // MAX_JUMP
        self.feared = min((WAD + feared - ratio**3 // WAD**2) * left // DELAY, WAD - 1)

    def _start(self, x: int, y: int, top: int) -> int:
        """`_get_y0`: what a band would hold, had nothing of it been sold and stood the price at its top."""
        a, price = self.amplification, self.price
        b = (top * (a - 1) * x // price if x else 0) + (a * price**2 // top * y // WAD if y else 0)
        if x and y:
            return (b + isqrt(b**2 + 4 * a * price * y // WAD * x)) * WAD // (2 * a * price)
        return b * WAD // (a * price)

    def _curve(self, x: int, y: int, top: int) -> tuple[int, int, int]:
        """f, g and the constant of (f + x)(g + y)."""
        a, start = self.amplification, self._start(x, y, top)
        f = a * start * self.price // top * self.price // WAD
        g = (a - 1) * start * top // self.price
        return f, g, (f + x) * (g + y)

    def _fee_of(self, top: int) -> int:
        """The fee in a band: also a quarter of how far its prices are from the oracle's."""
        a, price = self.amplification, self.price
        low = price**2 // top * price // top
        high = low * a // (a - 1) * a // (a - 1)
        own = 0
        if price < low:
            own = (low - price) * (WAD // 4) // low
        elif price > high:
            own = (price - high) * (WAD // 4) // price
        return max(own, self.fee, self.feared)

    def spot(self) -> int:
        """`get_p`."""
        band, a, price = self.active, self.amplification, self.price
        x, y, top = self.x.get(band, 0), self.y.get(band, 0), self.top(self.active)
        if x and y:
            start = self._start(x, y, top)
            f, g = a * start * price // top * price, (a - 1) * start * top // price
            return (f + x * WAD) // (g + y)
        if y:
            return price**2 // top * price // top
        if x:
            bottom = top * (a - 1) // a
            return price**2 // bottom * price // bottom
        return price**2 // top * price // top * a // (a - 1)

    def amount_for(self, target: int) -> tuple[int, bool]:
        """`get_amount_for_price`: what must come in for that price, and whether it is loan asset."""
        a, price, band = self.amplification, self.price, self.active
        top = self.top(band)
        low = price**2 // top * price // top
        high = low * a**2 // (a - 1) ** 2
        pumps = target >= self.spot()
        amount = count = 0
        for _ in range(MAX_TICKS + MAX_SKIPPED):
            x, y = self.x.get(band, 0), self.y.get(band, 0)
            anti = WAD * WAD // (WAD - min(self._fee_of(top) if x or y else self.fee, WAD - 1))
            f = g = constant = 0
            if x or y:
                f, g, constant = self._curve(x, y, top)
                count += 1
            if low <= target <= high:
                if x or y:
                    left = max(0, isqrt(constant * WAD // target) - g)
                    there = max(0, constant // (g + left) - f)
                    amount += max(0, there - x if pumps else left - y) * anti // WAD
                break
            if x or y:
                amount += (constant // g - f - x if pumps else constant // f - g - y) * anti // WAD
            if band == (self.highest if pumps else self.lowest) or count == MAX_TICKS:
                break
            if pumps:
                band, low, high, top = band + 1, high, high * a**2 // (a - 1) ** 2, top * (a - 1) // a
            else:
                band, low, high, top = band - 1, low * (a - 1) ** 2 // a**2, low, top * a // (a - 1)
        return amount, pumps

    def trade(self, amount: int, *, pumps: bool) -> Trade:
        """`calc_swap_out`: what comes in at most, and what that gives; nothing is changed yet.

        Args:
            amount: of the loan asset, or of collateral.
            pumps: whether it is loan asset.
        """
        a, band, count, left = self.amplification, self.active, 0, amount
        top, x, y = self.top(band), self.x.get(band, 0), self.y.get(band, 0)
        changed: list[tuple[int, int, int]] = []
        paid = got = 0
        for _ in range(MAX_TICKS + MAX_SKIPPED):
            out, own = (y, x) if pumps else (x, y)
            if x or y:
                count += 1
                f, g, constant = self._curve(x, y, top)
                here, there = (f, g) if pumps else (g, f)
                anti = WAD * WAD // (WAD - min(self._fee_of(top), WAD - 1))
                if out and there:
                    whole = (constant // there - here - own) * anti // WAD
                    if whole >= left:
                        net = left * WAD // anti
                        rest = min(constant // (here + own + net) - there + 1, out)
                        changed.append((band, own + left, rest) if pumps else (band, rest, own + left))
                        return Trade(amount, got + out - rest, tuple(changed), band)
                    whole = max(whole, 1)
                    left, paid, got = left - whole, paid + whole, got + out
                    own += whole
                changed.append((band, own, 0) if pumps else (band, 0, own))
            if band == (self.highest if pumps else self.lowest) or count == MAX_TICKS:
                break
            band, top = (band + 1, top * (a - 1) // a) if pumps else (band - 1, top * a // (a - 1))
            x, y = (0, self.y.get(band, 0)) if pumps else (self.x.get(band, 0), 0)
        return Trade(paid, got, tuple(changed), band)

    def exchange(self, trade: Trade, now: int) -> None:
        """Carries a trade out."""
        self._whole.clear()
        for band, x, y in trade.bands:
            self.x[band], self.y[band] = x, y
        self.active = trade.active
        self._last = self.price, self.feared, now

    def deposit(self, owner: str, amount: int, first: int, ticks: int) -> None:
        """`deposit_range`: the same into each of so many bands, of which none has been sold."""
        self._whole.clear()
        each, found = amount // ticks, []
        while first <= self.active and not self.x.get(self.active, 0):
            self.active -= 1
        for band in range(first, first + ticks):
            y = amount - each * (ticks - 1) if band == first else each
            there = self.y.get(band, 0)
            share = (self.shares.get(band, 0) + DEAD_SHARES) * y // (there + 1)
            self.shares[band] = self.shares.get(band, 0) + share
            self.y[band] = there + y
            found.append(share)
        self.owners[owner] = first, found
        self.lowest, self.highest = min(self.lowest, first), max(self.highest, first + ticks - 1)

    def held(self, owner: str, part: int = WAD) -> tuple[int, int]:
        """What a part (WAD) of somebody's shares is, loan asset and collateral: `get_sum_xy`, `withdraw`."""
        if part == WAD and owner in self._whole:
            return self._whole[owner]
        first, shares = self.owners.get(owner, (0, []))
        xs = ys = 0
        for band, share in enumerate(shares, first):
            own, total = part * share // WAD, self.shares[band] + DEAD_SHARES
            xs += (self.x.get(band, 0) + 1) * own // total
            ys += (self.y.get(band, 0) + 1) * own // total
        if part == WAD:
            self._whole[owner] = xs, ys
        return xs, ys

    def withdraw(self, owner: str, part: int) -> None:
        """Takes out what `held` says."""
        self._whole.clear()
        first, shares = self.owners[owner]
        for place, share in enumerate(shares):
            band, own = first + place, part * share // WAD
            total = self.shares[band] + DEAD_SHARES
            for amounts in (self.x, self.y):
                there = amounts.get(band, 0)
                amounts[band] = there - (there + 1) * own // total if own < self.shares[band] else 0
            self.shares[band] -= own
            shares[place] -= own
        if part == WAD:
            del self.owners[owner]

    def down(self, owner: str) -> int:
        """`get_x_down`: the loan asset that somebody would have, were it all sold in bands as prices fall."""
        first, shares = self.owners[owner]
        a, price, found = self.amplification, self.price, 0
        bottom = self.top(first)
        for band, share in enumerate(shares, first):
            x = self.x.get(band, 0) if band <= self.active else 0
            y = self.y.get(band, 0) if band >= self.active else 0
            top, bottom = bottom, bottom * (a - 1) // a
            if not (x or y) or not share:
                continue
            total = self.shares[band] + DEAD_SHARES
            found += self._sold(x, y, top, bottom, price) * share // total
        return found

    def _sold(self, x: int, y: int, top: int, bottom: int, price: int) -> int:
        """What a band would bring."""
        middle = price**2 // bottom * price // top
        if not x or not y:
            if price > top:
                return (y or x * WAD // middle) * top // self.root
            if price < bottom:
                return x or y * middle // WAD
        a, start = self.amplification, self._start(x, y, top)
        f, g, constant = self._curve(x, y, top)
        if price > top:
            return max(0, constant // f - g) * top // self.root
        if price < bottom:
            return max(0, constant // g - f)
        left = a * start * (price - bottom) // price
        return max(0, constant // (g + left) - f) + left * isqrt(bottom * price) // WAD


def effective(collateral: int, ticks: int, discount: int, bands: Bands) -> int:
    """`_get_y_effective`: what collateral counts for in its bands, at the price of their top."""
    a = bands.amplification
    dead = DEAD_SHARES * WAD // max(collateral // ticks, DEAD_SHARES)
    each = collateral * (WAD - min(discount + dead, WAD)) // (bands.root * ticks)
    found = each
    for _ in range(1, ticks):
        each = each * (a - 1) // a
        found += each
    return found


class LlamaLend(Rule):
    """One collateral. Each loan lies in bands so low that they would bring it, sold one by one.

    Whoever trades with the bands at their price, which runs ahead of the oracle's, liquidates softly, and
    undoes it when prices rise: arbitrageurs do, who are never out. The oracle is a moving average of the
    feed that keeps within a per cent of it: the slower it is, the less jumps cost borrowers, and the more
    falls cost lenders. A loan whose bands would not bring its debt with a discount can be closed by anybody.
    Nobody writes off what a close would lose. A loan that is larger than its collateral may back begins in
    the first band. Left out: interest, that moves the bands, and what the coin's own market does.
    """

    name = "llamalend"
    source = "curvefi/curve-stablecoin 0d726b11, curve_stablecoin/AMM.vy; 52965031, controller.vy"

    def __init__(self, amplification: int, loan_discount: int, liquidation_discount: int) -> None:
        """A market; discounts in WAD."""
        self._empty = Bands(amplification, FEE, WAD)
        self._loan_discount, self._discount = loan_discount, liquidation_discount
        most = effective(WAD, TICKS, 0, self._empty)
        super().__init__([Terms(*(most * (WAD - it) // WAD for it in (loan_discount, liquidation_discount)))])
        self.bands: Bands | None = None  # from the first price on
        self._scales = 1, 1  # of loan asset and collateral to 18 decimals
        self._since = self._spacing = 0  # seconds, of the last block, and between two at least
        self._average = 0, 0  # of the feed's price, 1e36, and as of when
        self._waits: list[str] = []  # whose collateral lies in no band yet

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; discounts that give these terms, of loans in ten bands."""
        one = only(cls.name, terms)
        amplification = by_threshold(ALIKE, one)
        most = effective(WAD, TICKS, 0, Bands(amplification, FEE, WAD))
        discounts = [WAD - it * WAD // most for it in one]
        if min(discounts) <= 0:
            raise ValueError(f"{cls.name} has no market with a threshold of {one.threshold / WAD}")
        return cls(amplification, *discounts)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        loan, liquidation = only(cls.name, listed(cls.name, DEPLOYED, symbols))
        return cls(100, wad(loan), wad(liquidation))

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """See `Rule`."""
        super().open(owner, amounts, debt)
        self._waits.append(owner)

    def holdings(self, owner: str) -> Sequence[int]:
        """See `Rule`."""
        if not self.bands or owner in self._waits:
            return self.accounts[owner].amounts
        return [self.bands.held(owner)[1] // self._scales[1]]

    def balance(self, owner: str) -> int:
        """See `Rule`; what its collateral has been sold for."""
        return self.bands.held(owner)[0] // self._scales[0] if self.bands else 0

    def block(self, field: Field) -> None:
        """Exchanges with the bands, and closes."""
        if not field.prices[0]:
            return
        bands = self._seen(field, field.now)

        def offers(owner: str) -> Sequence[Offer]:
            return [self._close_of(owner)] if self.accounts[owner].debt and self.health(owner) < 0 else []

        def take(owner: str, close: Close) -> None:
            account = self.accounts[owner]
            bands.withdraw(owner, self._removed(close.ended * WAD // account.debt))
            account.debt -= close.ended
            self.carry_out(close)

        reached = [owner for owner, (first, _) in bands.owners.items() if self._is_reached(bands, first)]
        field.serve(reached, offers, take)
        if field.now > self._since:
            self._spacing = min(self._spacing or field.now, field.now - self._since)
        self._since = field.now
        seconds = range(field.now, field.now + max(1, self._spacing), STEP)
        for second in seconds:
            self._trade(self._seen(field, second), field, second)
            if abs(self._average[0] - field.prices[0]) * NEAR < field.prices[0]:
                break
        self._average = self._average[0], seconds[-1]

    def _trade(self, bands: Bands, field: Field, second: int) -> None:
        """Lets arbitrageurs exchange with the bands at a second of a block."""
        exchange = self._exchange(bands, field.outside[0])
        close = field.trade(exchange) if exchange else None
        if close:
            pumps = close.paid > 0
            amount = close.paid * self._scales[0] if pumps else -close.seized[0] * self._scales[1]
            bands.exchange(bands.trade(amount, pumps=pumps), second)
            self.carry_out(close)

    @staticmethod
    def _is_reached(bands: Bands, first: int) -> bool:
        """Whether a loan that begins in a band may be unhealthy; those in the first one always may be."""
        return first <= max(bands.active, 0) or bands.price < bands.top(first)

    def _seen(self, field: Field, second: int) -> Bands:
        """The bands at the oracle's price at a second of a block, with what has waited for it."""
        average = self._averaged(field.prices[0], second)
        if self.bands is None:
            loan = max(1, WAD // self.dollar)
            collateral = 1
            while average * loan > TOP_PRICE * collateral * WAD:
                collateral *= 10
            self._scales = loan, collateral
        price = average * self._scales[0] // (self._scales[1] * PRICE_SCALE // WAD)
        if self.bands is None:
            self.bands = Bands(self._empty.amplification, FEE, price)
        self.bands.see(price, second)
        for owner in self._waits:
            account = self.accounts[owner]
            amount, debt = account.amounts[0] * self._scales[1], account.debt * self._scales[0]
            self.bands.deposit(owner, amount, max(0, self.first_band(amount, debt)), TICKS)
        self._waits = []
        return self.bands

    def _averaged(self, price: int, now: int) -> int:
        """The moving average of the feed."""
        before, second = self._average
        kept = round(exp((second - now) / MEMORY) * WAD) if before else 0
        average = (before * kept + price * (WAD - kept)) // WAD
        self._average = average, now
        return min(max(average, price * (100 - BOUND) // 100), price * (100 + BOUND) // 100)

    def first_band(self, collateral: int, debt: int) -> int:
        """`calculate_debt_n1`, from band 0 on; amounts of 18 decimals."""
        bands = self.bands or self._empty
        ratio = effective(collateral, TICKS, self._loan_discount, bands) * bands.top(0) // (debt + 1)
        with localcontext(prec=60):
            log = (Decimal(max(1, ratio)) / WAD).ln() * WAD
            return int((log / bands.log).to_integral_value(ROUND_FLOOR))

    def health(self, owner: str) -> int:
        """`_health`, in full, WAD above 0; below 0 the loan can be closed."""
        assert self.bands
        bands, debt = self.bands, self.accounts[owner].debt * self._scales[0]
        found = bands.down(owner) * (WAD - self._discount) // debt - WAD
        first = bands.owners[owner][0]
        if first > bands.active and bands.price > bands.top(first):
            found += (bands.price - bands.top(first)) * bands.held(owner)[1] // debt
        return found

    def _removed(self, part: int) -> int:
        """`_get_f_remove`: the part of a position that who pays a part of its debt gets, WAD."""
        if part >= WAD:
            return WAD
        half = (WAD + self._discount // 2) * (WAD - part) // (WAD + self._discount)
        return (half + part) * part // WAD

    def _close_of(self, owner: str) -> Offer:
        assert self.bands
        bands, debt = self.bands, self.accounts[owner].debt

        def close(repay: int) -> Close | None:
            ended = min(repay, debt)
            x, y = bands.held(owner, self._removed(ended * WAD // debt))
            sold, seized = x // self._scales[0], y // self._scales[1]
            return Close(ended - sold, (seized,), ended, refund=-sold) if ended else None

        return Offer(debt, close)

    def _exchange(self, bands: Bands, outside: int) -> Offer | None:
        """The exchange that leaves the bands at the outside price, but for the fee."""
        loan, collateral = self._scales
        price, spot = outside * loan // (collateral * PRICE_SCALE // WAD), bands.spot()
        anti = WAD - max(bands.fee, bands.feared)
        target = price * anti // WAD if spot < price else price * WAD // anti
        amount, pumps = bands.amount_for(target)
        if not amount or pumps != (spot < price):
            return None

        def buy(paid: int) -> Close | None:
            trade = bands.trade(paid * loan, pumps=True)
            paid, got = ceil_div(trade.paid, loan), trade.got // collateral
            return Close(paid, (got,), 0, refund=paid) if got else None

        def sell(amount: int) -> Close | None:
            trade = bands.trade(amount * collateral, pumps=False)
            brought, got = ceil_div(trade.paid, collateral), trade.got // loan
            return Close(-got, (-brought,), 0, refund=-got) if got else None

        return Offer(amount // loan, buy) if pumps else Offer(amount // collateral, sell)
