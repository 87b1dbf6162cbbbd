"""Fluid: all positions above a limit at once, down to it, for a fixed penalty; above another all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import floor, log2
from typing import NamedTuple, Self

from sortedcontainers import SortedKeyList

from plimsoll.arena.rule import Close, Field, Offer, Rule, Terms, by_threshold, listed, only, wad
from plimsoll.units import NO_LIMIT, WAD

BITS = 96  # of a ratio's fraction
FINE = 192  # of a ratio's while it is computed
ONE = 1 << 128  # a factor of 1
PER_DEBT = 10**27  # scale of collateral for a unit of debt
PER_MILLE, ALL = WAD // 1000, 10_000
LEAST = 10_000  # base units that a liquidator must repay
LEAST_LEFT = 100  # base units of debt that must stay in a branch
DEPLOYED = {"WETH": (85, 88, 93, 3)}
"""Collateral factor, threshold, max limit and penalty, %, of ETH and USDC on Base as proposed for its launch.

They are in gov.instadapp.io/t/802 (2024).
"""
ALIKE = {75: (5, 5), 90: (5, 3), 100: (2, 2)}
"""Up to a threshold, %: how far above it the max limit is, and the penalty, %.

As WETH above, as osETH with wstETH (Instadapp/fluid-governance, IGP115), and as WETH with the penalty of LBTC
before IGP112.
"""


@cache
def ratio_at(tick: int) -> int:
    """1.0015 to the power of a tick, 2**96, rounded down."""
    power, base, left = 1 << FINE, (10_015 << FINE) // 10_000, abs(tick)
    while left:
        if left & 1:
            power = power * base >> FINE
        base, left = base * base >> FINE, left >> 1
    return power >> FINE - BITS if tick >= 0 else (1 << FINE + BITS) // power


def tick_at(ratio: int) -> int:
    """The highest tick whose ratio is not above one (2**96)."""
    tick = floor((log2(ratio) - BITS) / log2(1.0015))
    while ratio_at(tick + 1) <= ratio:
        tick += 1
    while ratio_at(tick) > ratio:
        tick -= 1
    return tick


@dataclass(eq=False, slots=True)
class _Group:
    """Positions at the same ratio: a tick's, or a branch's, in which a liquidation leaves all that it met."""

    ratio: int  # of debt to collateral, base units, 2**96
    debt: int = 0
    is_tick: bool = False
    factor: int = ONE  # what is left of debt that was there from the beginning
    base: "_Group | None" = None  # the branch that this one joined
    at: int = ONE  # the factor of `base` then
    is_absorbed: bool = False

    @property
    def collateral(self) -> int:
        """Base units, rounded down."""
        return (self.debt << BITS) // self.ratio


class _Position(NamedTuple):
    """A borrower's."""

    tick: _Group
    debt: int  # as the tick counts it, rounded up to its ratio
    dust: int  # what is too much in that
    amount: int


class _Limits(NamedTuple):
    """What a price makes of a vault's parameters."""

    lowest: int  # ratio of the liquidation tick
    highest: int  # ratio of the max limit's tick
    reward: int  # collateral for a unit of debt, penalty included, 1e27


class _Step(NamedTuple):
    """A group that joins a branch, at this factor, with its own."""

    group: _Group
    factor: int
    base: _Group
    at: int


class _Plan(NamedTuple):
    """What a liquidation does."""

    paid: int
    taken: int
    steps: Sequence[_Step]
    branch: _Group  # where it ends
    factor: int
    ratio: int
    left: int  # debt in it


class Fluid(Rule):
    """A vault of type 1: positions on ticks 0.15 % wide, each in the next above its ratio.

    A liquidator says how much debt to repay; positions with the highest ratio come first and share what is
    taken. What is above the max limit is first absorbed whole: borrowers lose their collateral, the vault
    has it and their debt, and a liquidator may take from that first. What it is not worth lenders lack;
    nothing is written off. Left out: interest, limits of the liquidity layer, the 0.01 % that a liquidated
    position loses when it is next touched, and that debts have 56 bits and factors 35.
    """

    name = "fluid"
    source = "Instadapp/fluid-contracts-public 47e2ae8c, contracts/protocols/vault/vaultT1/coreModule"

    def __init__(self, terms: Terms, limit: int, penalty: int) -> None:
        """A vault.

        Args:
            terms: collateral factor and liquidation threshold.
            limit: loan-to-value above which positions are absorbed, WAD.
            penalty: what is taken for a repayment beyond its worth, WAD.

        Raises:
            ValueError: limit and penalty together leave less than 0.3 %.
        """
        super().__init__([terms])
        if limit + penalty > wad(99.7):
            raise ValueError(f"{self.name} has no threshold of {terms.threshold / WAD:.1%}")
        self._threshold, self._limit = terms.threshold // PER_MILLE, limit // PER_MILLE
        self._penalty = penalty * ALL // WAD
        self._positions: dict[str, _Position] = {}
        self._ticks: dict[int, _Group] = {}
        self._groups: SortedKeyList[_Group, int] = SortedKeyList(key=lambda group: -group.ratio)
        self._absorbed = 0  # debt; its collateral is the protocol's stock

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; max limit and penalty by threshold as `ALIKE`."""
        its = only(cls.name, terms)
        above, penalty = by_threshold(ALIKE, its)
        return cls(its, its.threshold + wad(above), wad(penalty))

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`; each collateral has a vault of its own."""
        factor, threshold, limit, penalty = map(wad, only(cls.name, listed(cls.name, DEPLOYED, symbols)))
        return cls(Terms(factor, threshold), limit, penalty)

    # ------------------------------------------------------------------------------------------- positions

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """See `Rule`; the debt is rounded up by a billionth."""
        super().open(owner, amounts, debt)
        if not debt:
            return
        (amount,) = amounts
        owed = (debt + 1) * 1_000_000_001 // 1_000_000_000 + 1
        number = tick_at((owed << BITS) // amount) + 1
        tick = self._ticks.get(number)
        if tick is None:
            tick = self._ticks[number] = _Group(ratio_at(number), is_tick=True)
            self._groups.add(tick)
        counted = tick.ratio * amount >> BITS
        tick.debt += counted
        self._positions[owner] = _Position(tick, counted, counted - owed, amount)

    def owed(self, owner: str) -> int:
        """See `Rule`."""
        return self._latest(owner)[1]

    def holdings(self, owner: str) -> Sequence[int]:
        """See `Rule`."""
        if owner not in self._positions:
            return self.accounts[owner].amounts
        group, owed, counted = self._latest(owner)
        if group.is_tick and not group.is_absorbed:
            return [self._positions[owner].amount]
        return [(counted << BITS) // group.ratio if owed else 0]

    def _latest(self, owner: str) -> tuple[_Group, int, int]:
        """`fetchLatestPosition`: where it is now, what is owed, and that with what was rounded up."""
        position = self._positions.get(owner)
        if position is None:
            return _Group(0), 0, 0
        group, counted = position.tick, position.debt
        while base := group.base:
            group, counted = base, counted * base.factor // group.at
        counted = 0 if group.is_absorbed else counted
        return group, max(0, counted - position.dust), counted

    # --------------------------------------------------------------------------------------- liquidations

    def block(self, field: Field) -> None:
        """Absorbs what is too high, if somebody is there; then offers the rest."""
        (price,) = field.prices
        if not price:
            return
        limits = self._limits(price)
        self._absorb(field, limits)
        field.serve(
            ["vault"], lambda _vault: self.offers(limits), lambda _vault, close: self.take(limits, close)
        )

    def _limits(self, price: int) -> _Limits:
        """The ticks of a price (1e36) and what a liquidator gets."""
        worth = price // 10**9  # of a base unit, 1e27
        ratio = (worth << BITS) // 10**27
        lowest, highest = (ratio_at(tick_at(ratio * part // 1000)) for part in (self._threshold, self._limit))
        return _Limits(lowest, highest, 10**54 // worth * (ALL + self._penalty) // ALL)

    def _absorb(self, field: Field, limits: _Limits) -> None:
        """`absorb`: ticks and branches above the max limit."""
        groups = self._above(limits.highest)
        if not groups:
            return
        latest = map(self._latest, self._positions)
        ended = sum(owed for group, owed, _ in latest if group.ratio > limits.highest)
        seized = sum(group.collateral for group in groups)
        close = Close(0, (seized,), ended, kept=(seized,))
        if not field.call("vault", close):
            return
        for group in groups:
            self._absorbed += group.debt
            group.is_absorbed = True
            self._leave(group)
        self.carry_out(close)

    def offers(self, limits: _Limits) -> Sequence[Offer]:
        """What a liquidator may have: of positions, or of what is absorbed and then of positions."""
        groups = self._above(limits.lowest)
        whole = _walk(groups, limits, NO_LIMIT)
        most = whole.paid if whole else 0

        def positions(repay: int) -> Close | None:
            plan = _walk(groups, limits, min(repay, most)) if min(repay, most) >= LEAST else None
            return Close(plan.paid, (plan.taken,), plan.paid) if plan else None

        def absorbed_first(repay: int) -> Close | None:
            if repay < LEAST:
                return None
            part, (stock,) = min(repay, self._absorbed), self.book.stock
            given = stock * part // self._absorbed
            rest = positions(repay - part) or Close(0, (0,), 0)
            return rest._replace(paid=rest.paid + part, kept=(-given,))

        found = [Offer(most, positions)] if most else []
        return [*found, Offer(self._absorbed + most, absorbed_first)] if self._absorbed else found

    def take(self, limits: _Limits, close: Close) -> None:
        """Carries a close out, as it was offered."""
        self._absorbed -= close.paid - close.ended
        plan = _walk(self._above(limits.lowest), limits, close.ended)
        if close.ended and plan:
            self._carry_on(plan)
        self.carry_out(close)

    def _above(self, ratio: int) -> Sequence[_Group]:
        """The groups above a ratio, the highest first."""
        return list(self._groups.irange_key(max_key=-ratio, inclusive=(True, False)))

    def _carry_on(self, plan: _Plan) -> None:
        """Joins groups to the branch in which a liquidation ended, and moves that."""
        for group, factor, base, at in plan.steps:
            group.factor, group.base, group.at = factor, base, at
            self._leave(group)
        if plan.branch in self._groups:
            self._groups.remove(plan.branch)
        plan.branch.factor, plan.branch.ratio, plan.branch.debt = plan.factor, plan.ratio, plan.left
        self._groups.add(plan.branch)

    def _leave(self, group: _Group) -> None:
        if group in self._groups:
            self._groups.remove(group)
        if group.is_tick:
            self._ticks = {number: each for number, each in self._ticks.items() if each is not group}


def _walk(groups: Sequence[_Group], limits: _Limits, repay: int) -> _Plan | None:
    """`liquidate`: from the highest ratio down to the next and so on, until the limit or all is repaid.

    Args:
        groups: above the limit, the highest first.
        limits: of the price.
        repay: base units at most.

    Returns:
        None: there is nothing, or too little would be left.
    """
    if not groups:
        return None
    branch, factor, steps = _Group(0), ONE, []
    ratio, debt, amount, paid, taken = groups[0].ratio, 0, 0, 0, 0
    for number, group in enumerate(groups):
        if group.is_tick:
            steps.append(_Step(group, ONE, branch, factor))
        else:
            if number:
                steps.append(_Step(branch, factor, group, group.factor))
            branch, factor = group, group.factor
        debt += group.debt
        amount += group.collateral
        is_last = number + 1 == len(groups)
        end = limits.lowest if is_last else groups[number + 1].ratio
        cut = (debt - end * debt // ratio) * PER_DEBT // (PER_DEBT - (limits.reward * end >> BITS))
        cut -= cut == debt
        is_enough = cut >= repay - paid
        if is_enough:
            cut = repay - paid
        reward = cut * limits.reward // PER_DEBT
        factor = factor * (debt - cut) // debt
        debt, amount, paid, taken, ratio = debt - cut, amount - reward, paid + cut, taken + reward, end
        if is_enough:
            ratio = (debt << BITS) // amount
            break
    return _Plan(paid, taken, steps, branch, factor, ratio, debt) if debt >= LEAST_LEFT and paid else None
