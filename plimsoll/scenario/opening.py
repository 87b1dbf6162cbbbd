"""What stands before a scenario begins: lenders have supplied, borrowers have opened their loans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from plimsoll.market.deployment import made_up
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.markets import Leg, Market
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.basket import ENTRY_DIVISOR
from plimsoll.twin.liquidation import ceil_div
from plimsoll.twin.slices import value_down
from plimsoll.units import MAX, PRICE_SCALE, WAD

BUILD_BLOCK = 100  # transactions of a block while the market is built
FUNDER = made_up("funder")  # locks everybody's collateral for them
ROOM = 1.001  # of a lifted price, for interest until everybody has borrowed


class Opening:
    """Opens a market at the first prices.

    A position of a real book may owe more than its vault would lend now, or less than its smallest loan. So
    feeds say a multiple of the first prices, where one is needed, until everybody has borrowed; who owes less
    than `min_debt` borrows that and repays the rest; and of a leg of which a basket's position has less than
    a new leg must be worth, what is too much is taken out before it borrows.
    """

    def __init__(self, world: World, first: Sequence[float]) -> None:
        """Nobody has lent or borrowed; `first` has the outside prices, one for each collateral."""
        self._world = world
        self._first = first

    def supply(self, lenders: Sequence[str], stakers: Sequence[str]) -> None:
        """The pool's lenders supply, its stakers stake, in equal parts; the reserve is given."""
        self._in_blocks(self._supplies(lenders, stakers), self._first)

    def lend(self, loans: Sequence[Borrower], given: Sequence[Borrower]) -> None:
        """All loans are opened, in their order; feeds end at the first prices.

        Args:
            loans: all of them.
            given: those of them whose loan-to-value was not drawn within the vault's.
        """
        lift = max((self._lift(loan) for loan in given), default=1.0)
        lifted = [price * lift for price in self._first]
        self._in_blocks(self._funding(loans), lifted)
        self._in_blocks((action for loan in loans for action in self._loan(loan)), lifted)
        if lift > 1:
            self._world.must(*self._world.first_answers(self._first))

    def _in_blocks(self, actions: Iterable[Action], prices: Sequence[float]) -> None:
        """A few transactions a block, with the feeds updated in each."""
        rest = iter(actions)
        while part := list(islice(rest, BUILD_BLOCK)):
            self._world.must(*self._world.first_answers(prices), *part)
            self._world.engine.advance(1)

    def _supplies(self, lenders: Sequence[str], stakers: Sequence[str]) -> Iterator[Action]:
        world, settings = self._world, self._world.scenario.pool
        for lender, part in _parts(world.loan_units(settings.supply), lenders):
            yield from self._supply(lender, part)
        yield world.mint(world.loan, world.pool.contract.address, world.loan_units(settings.reserve))
        for staker, part in _parts(world.loan_units(settings.stake), stakers):
            yield from self._supply(staker, part)
            yield world.act(staker, world.pool, "approve", world.backstop.contract.address, MAX)
            shares = part * 1_000  # the first price of a pool's share
            yield world.act(staker, world.backstop, "deposit", shares, staker)

    def _supply(self, lender: str, amount: int) -> Iterator[Action]:
        world, pool = self._world, self._world.pool
        yield world.mint(world.loan, lender, amount)
        yield world.act(lender, world.loan, "approve", pool.contract.address, MAX)
        yield world.act(lender, pool, "deposit", amount, lender)

    def _funding(self, loans: Sequence[Borrower]) -> Iterator[Action]:
        """All collateral, and the approvals of who locks it."""
        world = self._world
        needed: Counter[int] = Counter()  # by the number of the collateral
        for loan in loans:
            market = world.markets[loan.vault]
            for leg, amount in zip(market.legs, loan.amounts, strict=True):
                needed[leg.number] += _locked(market, leg, amount)
        for market in world.markets:
            for leg in market.legs:
                if needed[leg.number]:
                    yield world.mint(leg.collateral, FUNDER, needed[leg.number])
                    yield world.act(FUNDER, leg.collateral, "approve", market.vault.contract.address, MAX)

    def _loan(self, loan: Borrower) -> Iterator[Action]:
        world, owner = self._world, loan.address
        market = world.markets[loan.vault]
        vault = market.vault
        for place, (leg, amount) in enumerate(zip(market.legs, loan.amounts, strict=True)):
            which = (place,) if market.is_basket else ()
            locked = _locked(market, leg, amount)
            if locked:
                yield world.act(FUNDER, vault, "deposit", *which, locked, owner)
            if locked > amount:
                yield world.act(owner, vault, "withdraw", *which, locked - amount, FUNDER, owner)
        drawn = _drawn(market, loan)
        if drawn:
            yield world.act(owner, vault, "borrow", drawn, owner, owner)
        if drawn > loan.debt:
            yield world.act(owner, world.loan, "approve", vault.contract.address, drawn - loan.debt)
            yield world.act(owner, vault, "repay", drawn - loan.debt, owner)

    def _lift(self, loan: Borrower) -> float:
        """By which the first prices must be multiplied, so that a loan can be opened; at least 1.

        A basket counts a leg at most at its ceiling, so that not all of them rise all the way.
        """
        market = self._world.markets[loan.vault]
        debt = float(_drawn(market, loan)) * ROOM
        rising: list[tuple[float, float]] = []  # what each leg backs, and how often until its ceiling
        for place, (leg, amount) in enumerate(zip(market.legs, loan.amounts, strict=True)):
            price = leg.oracle.model.safe_price()
            terms = market.vault.model.legs[place] if market.is_basket else market.vault.model.risk
            top = terms.ceiling / price if market.is_basket else float("inf")
            if amount:
                rising.append((top, amount * price / PRICE_SCALE * terms.ltv / WAD))
        rising.sort(reverse=True)
        while rising:
            lift: float = debt / sum(backed for _, backed in rising)
            if lift <= rising[-1][0]:
                return max(1.0, lift)
            top, backed = rising.pop()
            debt -= top * backed
        raise RuntimeError(f"{loan.address} owes more than its legs back at their ceilings; raise `ceiling`")


def _parts(amount: int, people: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Everybody with an equal part, to the base unit."""
    for number, person in enumerate(people):
        yield person, amount * (number + 1) // len(people) - amount * number // len(people)


def _drawn(market: Market, loan: Borrower) -> int:
    """What is borrowed at first, base units."""
    return max(loan.debt, int(market.vault.model.risk.min_debt)) if loan.debt else 0


def _locked(market: Market, leg: Leg, amount: int) -> int:
    """What is locked at first, base units; a basket lets no new leg in that is worth next to nothing."""
    if not market.is_basket or not amount:
        return amount
    least = ceil_div(market.vault.model.risk.min_debt, ENTRY_DIVISOR)
    return amount if value_down(amount, leg.price()) >= least else ceil_div(least * PRICE_SCALE, leg.price())
