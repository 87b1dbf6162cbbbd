"""Borrowers who come and go while a scenario is played."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import exp, expm1, log

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.params import wad
from plimsoll.scenario import newcomers
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.markets import Market
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import DAY, HOUR, MAX, PRICE_SCALE, WAD, YEAR

DIGITS = 4  # of a drawn loan-to-value, so that the last bit of a machine's logarithm does not matter
ROUNDING = 2  # base units by which a debt's shares exceed what was borrowed, or less


class Arrivals:
    """Borrowers who come by chance; see `newcomers.ArrivalsConfig`."""

    def __init__(
        self, number: int, settings: newcomers.ArrivalsConfig, market: Market, rng: np.random.Generator
    ) -> None:
        """Nobody has come yet; `rng` draws them."""
        self.name = f"arrivals {number}"
        self._settings = settings
        self._market = market
        self._rng = rng
        self._leaves: dict[str, float] = {}  # second in which a loan ends
        self.came = self.turned_away = self.left = 0

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Loans of those who come in this block, and the end of loans that have lasted long enough."""
        for owner in [each for each, second in self._leaves.items() if second <= view.second]:
            del self._leaves[owner]
            if self._market.vault.model.shares_of(owner):
                self.left += 1
                yield from repayment(view.world, self._market, owner)
        room = view.world.pool.model.max_draw(self._market.vault.contract.address)
        drawn = [self._drawn(view.world) for _ in range(self._arriving(view))]
        limit = self._settings.rate_limit
        if limit is not None and is_above(view, limit):
            return
        for debt, ltv, stay in drawn:
            price = view.safe_price(self._settings.vault)
            if price is None or debt > room or self._market.leg.is_halted:
                self.turned_away += 1
                continue
            room -= debt
            self.came += 1
            owner = made_up(f"{self.name} {view.world.scenario.seed} {self.came}")
            if stay is not None:
                self._leaves[owner] = view.second + stay
            backed = ceil_div((debt + ROUNDING) * WAD, ltv)
            collateral = ceil_div(backed * PRICE_SCALE, price)
            yield from loan(view.world, self._market, owner, collateral, debt, "new loan")

    def _arriving(self, view: View) -> int:
        """How many come in this block."""
        settings, end = self._settings, self._settings.end
        if view.second < settings.start * HOUR or (end is not None and view.second >= end * HOUR):
            return 0
        return int(self._rng.poisson(float(settings.per_day) * view.world.scenario.block_seconds / DAY))

    def _drawn(self, world: World) -> tuple[int, int, float | None]:
        """A loan: base units; loan-to-value, WAD; seconds until it ends."""
        settings, rng = self._settings, self._rng
        size = exp(float(settings.debt_sigma) * float(rng.standard_normal()))
        tokens = max(Decimal(int(float(settings.debt) * size)), self._market.config.min_debt)
        low, high = log(settings.ltv.min), log(settings.ltv.max)
        drawn = round(exp(low + (high - low) * float(rng.uniform())), DIGITS)
        ltv = min(settings.ltv.max, Decimal(str(drawn)))
        hours = settings.stay_hours
        stay = None if hours is None else float(rng.exponential(float(hours) * HOUR))
        return world.loan_units(tokens), wad(ltv), stay

    def record(self, _view: View) -> dict[str, int | float]:
        """How many have come so far, were turned away, and have left."""
        return {"came": self.came, "turned_away": self.turned_away, "left": self.left}


class Refinancing:
    """Borrowers who find a lower rate elsewhere; see `newcomers.RefinancingConfig`."""

    name = "refinancing"

    def __init__(self, settings: newcomers.RefinancingConfig) -> None:
        """Nobody has left yet."""
        self._settings = settings
        self.left = 0

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Everything repaid and withdrawn, of those who leave in this block."""
        if not is_above(view, self._settings.rate):
            return
        seconds = view.world.scenario.block_seconds
        chance = -expm1(-float(self._settings.per_day) * seconds / DAY)
        for market in view.world.markets:
            if any(leg.is_halted for leg in market.legs):
                continue
            owners = [owner for owner in market.owners if market.vault.model.shares_of(owner)]
            for owner in np.array(owners)[rng.random(len(owners)) < chance].tolist():
                self.left += 1
                yield from repayment(view.world, market, owner)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many have left so far."""
        return {"left": self.left}


class Exploiter:
    """Borrows against a price that is too high; see `newcomers.ExploiterConfig`."""

    name = "exploiter"

    def __init__(self, settings: newcomers.ExploiterConfig, world: World) -> None:
        """Has bought nothing yet."""
        self.address = made_up(self.name)
        self._settings = settings
        self._market = world.markets[settings.vault]
        self._capital = world.loan_units(settings.capital)
        self._least = world.loan_units(self._market.config.min_debt)
        self._ltv = wad(self._market.config.ltv)
        self._factor = WAD + wad(settings.gain)
        self.spent = 0

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Collateral bought outside, and the largest loan against it, while that gains enough."""
        world, vault = view.world, self._market.vault
        believed = view.safe_price(self._settings.vault)
        outside = view.outside_price(self._market.leg.number)
        if believed is None or believed * self._ltv < outside * self._factor or self._market.leg.is_halted:
            return
        room = min(
            world.pool.model.max_draw(vault.contract.address),
            (self._capital - self.spent) * believed * self._ltv // (outside * WAD),
        )
        if room < self._least:
            return
        collateral = ceil_div(ceil_div(room * WAD, self._ltv) * PRICE_SCALE, believed)
        self.spent += ceil_div(collateral * outside, PRICE_SCALE)
        yield from loan(world, self._market, self.address, collateral, MAX, self.name)

    def record(self, view: View) -> dict[str, int | float]:
        """What the collateral has cost it, and what it has borrowed; base units."""
        borrowed = view.world.loan.model.balance_of(self.address)
        return {"spent": self.spent, "borrowed": borrowed}


def is_above(view: View, rate: Decimal) -> bool:
    """Whether the pool's borrow rate a year is above `rate`."""
    return bool(view.world.pool.model.borrow_rate() * YEAR > wad(rate))


def loan(
    world: World, market: Market, owner: str, collateral: int, debt: int, label: str
) -> Iterable[Action]:
    """A loan in a vault against collateral from elsewhere; base units, `MAX` for the largest."""
    vault = market.vault
    yield world.mint(market.collateral, owner, collateral)
    yield world.act(owner, market.collateral, "approve", vault.contract.address, MAX)
    yield world.act(owner, vault, "open", collateral, debt, owner, owner, label=label)


def repayment(world: World, market: Market, owner: str) -> Iterable[Action]:
    """Everything repaid with money from elsewhere, and all collateral taken out."""
    vault = market.vault
    yield world.mint(world.loan, owner, vault.model.debt_of(owner))
    yield world.act(owner, world.loan, "approve", vault.contract.address, MAX)
    if not market.is_basket:
        yield world.act(owner, vault, "close", MAX, MAX, owner, owner, label="leave")
        return
    yield world.act(owner, vault, "repay", MAX, owner, label="leave")
    for leg, amount in enumerate(vault.model.amounts_of(owner)):
        if amount:
            yield world.act(owner, vault, "withdraw", leg, amount, owner, owner, label="leave")
