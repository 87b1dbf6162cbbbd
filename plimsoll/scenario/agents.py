"""The agents of a scenario.

An agent is asked once a block what it sends. It sees the market as it is before the block, with the new
prices, through the exact twin; others may be faster, so that what it sends can revert. Agents of your own go
into `Laboratory.play(agents=[...])`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, NamedTuple, Protocol

import numpy as np

from plimsoll.keeper.choice import Candidate, Gas, Route, Venue, choose
from plimsoll.market.deployment import made_up
from plimsoll.params import wad
from plimsoll.scenario import people
from plimsoll.scenario.basket_closes import BasketCloser
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.borrowers import Borrower
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.world import GUARDIAN, Action, Leg, Market, World
from plimsoll.twin import liquidation
from plimsoll.twin.liquidation import DebtTotals, Quote, ceil_div
from plimsoll.twin.uniswap_v2 import amount_in
from plimsoll.twin.vault import Vault
from plimsoll.units import HOUR, MAX, NO_LIMIT, PRICE_SCALE, WAD, order

ARBITRAGE = "arbitrage"  # what arbitrageurs' transactions are for
HALVINGS = 8  # of a close that is too large for the DEX
PATIENCE = 1_000  # batches that a liquidator looks at; more hardly ever find a better one


@dataclass(slots=True)
class View:
    """What agents see: the world, and where and when in the scenario they are."""

    world: World
    rankings: list[PositionsByHealth | BasketsByHealth]  # one for each vault, of every indebted position
    outside: list[float]  # loan tokens for a whole token, one for each collateral, feedback included
    block: int
    second: int  # since the start

    @property
    def hour(self) -> float:
        """Hours since the start."""
        return self.second / HOUR

    def price(self, number: int) -> int | None:
        """The oracle's price of a vault, 1e36; None while it has none."""
        (price,) = self.prices(number)
        return price or None

    def prices(self, number: int) -> tuple[int, ...]:
        """The oracles' prices of a vault's or basket's collaterals, 1e36; 0 while one has none."""
        return tuple(leg.price() for leg in self.world.markets[number].legs)

    def is_priced(self, number: int) -> bool:
        """Whether healths can be told: a vault's oracle answers; a basket's silent legs have ceilings."""
        return self.world.markets[number].is_basket or any(self.prices(number))

    def below(self, number: int, health: float = 1.0) -> Iterator[str]:
        """Owners in a vault whose health is below `health`, or just above it; nobody if it cannot be told."""
        ranking, prices = self.rankings[number], self.prices(number)
        if isinstance(ranking, BasketsByHealth):
            yield from ranking.below(health, prices)
        elif prices[0]:
            yield from ranking.below(health, prices[0])

    def health_at(self, number: int, part: float) -> float | None:
        """A quantile of a vault's healths, the lowest at 0; None without debts or if it cannot be told."""
        ranking, prices = self.rankings[number], self.prices(number)
        if isinstance(ranking, BasketsByHealth):
            return ranking.health_at(part, prices)
        return ranking.health_at(part, prices[0]) if prices[0] else None

    def outside_price(self, number: int) -> int:
        """The outside price of a collateral in base units, 1e36; numbers count all vaults' collaterals."""
        leg = self.world.legs[number]
        return self.world.answer_of(leg.config, self.outside[number]) * leg.oracle.scale


class Agent(Protocol):
    """Acts in a scenario."""

    name: str

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What is sent in this block."""

    def record(self, view: View) -> dict[str, int | float]:
        """What to record of this agent at the end of a recorded block."""


class Delayed:
    """An agent whose transactions land some blocks later; until then it sends nothing else."""

    def __init__(self, agent: Agent, blocks: int) -> None:
        """Delays an agent's actions."""
        self.name = agent.name
        self._agent = agent
        self._blocks = blocks
        self._sent: list[Action] = []
        self._lands = 0  # the block in which they land

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What was sent `blocks` ago."""
        if not self._sent:
            self._sent = list(self._agent.update(rng, view))
            self._lands = view.block + self._blocks
        if view.block < self._lands:
            return ()
        landed, self._sent = self._sent, []
        return landed

    def record(self, view: View) -> dict[str, int | float]:
        """As the agent."""
        return self._agent.record(view)


# ------------------------------------------------------------------------------------------------ borrowers


class BorrowerGroup:
    """Borrowers who act before they are liquidated; see `people.Active`."""

    def __init__(
        self, name: str, number: int, behaviour: people.Active, borrowers: Sequence[Borrower], market: Market
    ):
        """Borrowers of one vault, whose loans are open."""
        self.name = name
        self.number = number
        self._market = market
        self._vault = market.vault.model
        self.behaviour = behaviour
        self._below, self._to = wad(behaviour.below), wad(behaviour.to)
        self._react, own = {
            "top_up": (self._top_up, [each.collateral for each in borrowers]),
            "deleverage": (self._deleverage, [each.debt for each in borrowers]),
            "unwind": (self._unwind, [0] * len(borrowers)),
        }[behaviour.kind]
        self.wallets = {
            each.address: int(part * behaviour.wallet) for each, part in zip(borrowers, own, strict=True)
        }
        self.ranking = PositionsByHealth(self._vault)
        self._noticed: dict[str, int] = {}  # the block in which an owner fell below
        self.acted = 0

    def touch(self, owner: str) -> None:
        """A position has changed."""
        if owner in self.wallets:
            self.ranking.update(owner)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What the borrowers below their threshold do, after their latency."""
        price = view.price(self.number)
        if price is None:
            return
        totals = DebtTotals(*view.world.debt_totals())
        noticed: dict[str, int] = {}
        for owner in list(self.ranking.below(float(self.behaviour.below), price)):
            collateral, shares = self._vault.position_of(owner)
            debt = totals.assets_up(shares)
            weighted = collateral * price // PRICE_SCALE * self._vault.risk.threshold // WAD
            if weighted * WAD < debt * self._below:
                noticed[owner] = self._noticed.get(owner, view.block)
                if view.block - noticed[owner] < self.behaviour.latency:
                    continue
                del noticed[owner]
                actions = list(self._react(view.world, owner, price, debt, weighted))
                self.acted += bool(actions)
                yield from actions
        self._noticed = noticed

    def _top_up(self, world: World, owner: str, price: int, debt: int, weighted: int) -> Iterable[Action]:
        missing = ceil_div((debt * self._to // WAD - weighted) * WAD, self._vault.risk.threshold)
        amount = min(ceil_div(missing * PRICE_SCALE, price), self.wallets[owner])
        if amount > 0:
            self.wallets[owner] -= amount
            yield world.mint(self._market.collateral, owner, amount)
            yield world.act(owner, self._market.vault, "deposit", amount, owner, label="top up")

    def _deleverage(
        self, world: World, owner: str, _price: int, debt: int, weighted: int
    ) -> Iterable[Action]:
        amount = min(debt - weighted * WAD // self._to, self.wallets[owner])
        if amount > 0:
            self.wallets[owner] -= amount
            vault = self._market.vault
            yield world.mint(world.loan, owner, amount)
            yield world.act(owner, world.loan, "approve", vault.contract.address, amount)
            yield world.act(owner, vault, "repay", amount, owner, label="deleverage")

    def _unwind(self, world: World, owner: str, price: int, debt: int, _weighted: int) -> Iterable[Action]:
        collateral = self._vault.position_of(owner)[0]
        reserves = world.reserves(self._market)

        def suffices(amount: int) -> bool:
            """Whether selling for `amount` leaves the health that is wanted."""
            if amount >= reserves[1] or (sold := amount_in(amount, reserves)) > collateral:
                return False
            value = (collateral - sold) * price // PRICE_SCALE
            return bool(value * self._vault.risk.threshold >= (debt - amount) * self._to)

        parts = (debt >> halvings for halvings in range(HALVINGS - 1, -1, -1))
        high = next((part for part in parts if suffices(part)), None)
        if high is None:  # the DEX is too thin for it
            return
        low = high // 2
        while high - low > debt // 10_000 + 1:
            middle = (low + high) // 2
            low, high = (low, middle) if suffices(middle) else (middle, high)
        yield world.unwind(self._market, owner, high)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many times a borrower has acted so far."""
        return {"acted": self.acted}


# -------------------------------------------------------------------------------------------------- lenders


class Lenders:
    """Lenders, who exit as far as the pool's cash allows once their condition is met."""

    name = "lenders"

    def __init__(self, settings: people.LendersConfig, addresses: Sequence[str]) -> None:
        """Lenders who have supplied."""
        self._settings = settings
        self._addresses = addresses
        self._lost = 0

    def note_loss(self, amount: int) -> None:
        """Lenders have lost `amount` base units."""
        self._lost += amount

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Exits in a random order, as far as the pool's cash goes."""
        pool = view.world.pool.model
        limit = self._settings.flee_utilisation
        runs = limit is not None and pool.utilisation() > wad(limit)
        if not runs and not (self._settings.flee_loss and self._lost):
            return
        totals = pool.accrued()
        left = pool.available(totals)
        for lender in rng.permutation(self._addresses).tolist():
            shares = pool.balances.get(lender, 0)
            if shares > 0 and left > 0:
                left -= pool.exit_assets(totals, shares)
                yield view.world.act(lender, view.world.pool, "exit", shares, 0, lender, lender, label="flee")

    def record(self, view: View) -> dict[str, int | float]:
        """What they have in the pool, base units."""
        pool = view.world.pool.model
        totals = pool.accrued()
        return {
            "supplied": sum(pool.exit_assets(totals, pool.balances.get(each, 0)) for each in self._addresses)
        }


# ---------------------------------------------------------------------------------------------- liquidators


class Liquidator:
    """Closes what pays; see `people.LiquidatorConfig`."""

    def __init__(
        self, name: str, settings: people.LiquidatorConfig, vaults: Sequence[int], world: World
    ) -> None:
        """A liquidator, whose capital is minted by `funding`."""
        self.name = name
        self.address = made_up(name)
        self._settings = settings
        self._vaults = vaults
        self._margin = WAD + wad(settings.margin)
        self._least = max(1, world.loan_units(settings.min_profit))
        self._capital = world.loan_units(settings.capital)

    def funding(self, world: World) -> Iterable[Action]:
        """Capital and approvals."""
        if self._settings.kind == "flash":
            return
        yield world.mint(world.loan, self.address, self._capital)
        for market in self._markets(world):
            yield world.act(self.address, world.loan, "approve", market.vault.contract.address, MAX)
            for leg in market.legs:
                if leg.pair and world.router:
                    yield world.act(self.address, leg.collateral, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Sells what it has, then closes what pays, the best first."""
        if any(outage.covers(view.second) for outage in self._settings.outages):
            return
        for market in self._markets(view.world):
            for leg in market.legs:
                held = leg.collateral.model.balance_of(self.address)
                if held > 0 and not leg.is_halted:
                    yield from self._sale(view, leg, held)
        budget = view.world.loan.model.balance_of(self.address)
        for number, market in zip(self._vaults, self._markets(view.world), strict=True):
            if market.is_basket:
                closer = BasketCloser(
                    market, self._settings, (self.name, self.address), self._margin, self._least
                )
                closes = closer.closes(view, number, budget if self._settings.kind == "capital" else NO_LIMIT)
                budget -= sum(close.cost for close in closes)
                yield from closer.actions(view, closes)
            elif not self._leaves_out(market):
                for action, cost in self._vault_closes(view, number, market, budget):
                    budget -= cost
                    yield action

    def _markets(self, world: World) -> list[Market]:
        return [world.markets[number] for number in self._vaults]

    def _leaves_out(self, market: Market) -> bool:
        """Whether it cannot or does not take a vault's collateral."""
        return market.leg.is_halted or market.leg.config.collateral.symbol in self._settings.leaves_out

    def _vault_closes(
        self, view: View, number: int, market: Market, budget: int
    ) -> Iterable[tuple[Action, int]]:
        """Transactions that close positions of a vault, and what they cost of `budget`."""
        price = view.price(number)
        if price is None:
            return
        for closes in self._choose(view, number, market, price):
            if self._settings.kind == "flash":
                orders = [close.order for close in closes]
                terms = self._least, self._settings.bid, self.name
                yield view.world.flash_liquidation(market, self.address, orders, *terms), 0
                continue
            found = self._within_budget(view, number, closes, price, budget)
            if found:
                cost = sum(close.cost for close in found)
                budget -= cost
                orders = [close.order for close in found]
                rate = self._margin * PRICE_SCALE * PRICE_SCALE // (WAD * price) if not market.pair else 0
                action = view.world.act(
                    self.address, market.vault, "liquidate_batch", orders, rate, self.address,
                    bid=self._settings.bid, label=self.name,
                )  # fmt: skip
                yield action, cost

    def _sale(self, view: View, leg: Leg, held: int) -> Iterable[Action]:
        world = view.world
        if leg.pair:
            if Route((world.reserves(leg),)).proceeds(held):  # else it is less than a base unit
                yield world.swap(leg, self.address, leg.collateral, held, self._settings.bid, "sale")
            return
        value = held * view.outside_price(leg.number) // PRICE_SCALE
        yield world.burn(leg.collateral, self.address, held)
        yield world.mint(world.loan, self.address, value)

    def _choose(self, view: View, number: int, market: Market, price: int) -> Iterable[list[Close]]:
        """Closes that pay, one list for each transaction."""
        vault = market.vault.model
        totals = DebtTotals(*view.world.debt_totals())
        found = []
        for owner in view.below(number):
            quote = _quote(vault, owner, price, totals, MAX)
            if quote.executable and quote.seized * price * WAD >= _cost(quote) * self._margin * PRICE_SCALE:
                found.append(Close(owner, quote))
        if not found:
            return
        found.sort(key=_unit_cost)
        if market.pair is None:
            for first in range(0, len(found), self._settings.batch):
                batch = found[first : first + self._settings.batch]
                gains = (close.quote.seized * price // PRICE_SCALE - close.cost for close in batch)
                if sum(gains) >= self._least:
                    yield batch
            return
        venue = Route((view.world.reserves(market),))
        gas = Gas(cap=96_000 + 9_600 * self._settings.batch)
        best = choose([Candidate(close.owner, close.quote) for close in found], venue, gas, PATIENCE)
        if best.candidates and best.profit >= self._least:
            yield [Close(*candidate) for candidate in best.candidates]
            return
        part = self._part(
            found[0].owner,
            found[0].quote.paid,
            venue,
            lambda limit: _quote(vault, found[0].owner, price, totals, limit),
        )
        if part:
            yield [part]

    def _within_budget(
        self, view: View, number: int, closes: Sequence[Close], price: int, budget: int
    ) -> list[Close]:
        """As many closes as `budget` pays, the best first, the last in part; none if they pay too little."""
        market, found = view.world.markets[number], []
        for close in sorted(closes, key=_unit_cost):
            if close.cost <= budget:
                found.append(close)
                budget -= close.cost
                continue
            limit = budget * close.quote.paid // close.cost
            totals = DebtTotals(*view.world.debt_totals())
            quote = _quote(market.vault.model, close.owner, price, totals, limit)
            if quote.executable:
                found.append(Close(close.owner, quote, limit))
            break
        seized, cost = sum(close.quote.seized for close in found), sum(close.cost for close in found)
        if market.pair:
            value = Route((view.world.reserves(market),)).proceeds(seized) if seized else 0
        else:
            value = seized * price // PRICE_SCALE
        return found if value - cost >= self._least else []

    def _part(self, owner: str, paid: int, venue: Venue, quote: Callable[[int], Quote]) -> Close | None:
        """The most profitable of the halves, quarters and so on of a close that is too large for the DEX."""
        parts = [Close(owner, quote(paid >> halvings), paid >> halvings) for halvings in range(1, HALVINGS)]
        gains = [
            (venue.proceeds(part.quote.seized) - part.cost, part) for part in parts if part.quote.executable
        ]
        gain, part = max(gains, key=lambda it: it[0], default=(0, None))
        return part if gain >= self._least else None

    def record(self, view: View) -> dict[str, int | float]:
        """Loan asset above the capital; value of the collateral held at the outside price; base units."""
        held = sum(
            leg.collateral.model.balance_of(self.address) * view.outside_price(leg.number) // PRICE_SCALE
            for market in self._markets(view.world)
            for leg in market.legs
        )
        return {"profit": view.world.loan.model.balance_of(self.address) - self._capital, "inventory": held}


class Close(NamedTuple):
    """A close of one position, whole or up to a limit."""

    owner: str
    quote: Quote
    limit: int = NO_LIMIT  # of the repayment, base units

    @property
    def cost(self) -> int:
        """Base units of the loan asset, with the fee."""
        return _cost(self.quote)

    @property
    def order(self) -> int:
        """The word for `liquidate_batch`."""
        return order(self.owner, self.limit)


def _quote(vault: Vault, owner: str, price: int, totals: DebtTotals, limit: int) -> Quote:
    return liquidation.quote(*vault.position_of(owner), price, totals, limit, vault.risk)


def _cost(quote: Quote) -> int:
    return quote.paid + quote.fee


def _unit_cost(close: Close) -> tuple[int, str]:
    """What a unit of collateral costs; the cheapest close is the best."""
    return close.cost * WAD // max(1, close.quote.seized), close.owner


class Griefer:
    """Takes dust out of positions ahead of others; see `people.GrieferConfig`."""

    name = "griefer"

    def __init__(self, settings: people.GrieferConfig, world: World) -> None:
        """A griefer with enough money for dust."""
        self.address = made_up(self.name)
        self._settings = settings
        self._repay = max(1, world.loan_units(settings.repay))
        self.closes = 0

    def funding(self, world: World) -> Iterable[Action]:
        """Money and approvals."""
        yield world.mint(world.loan, self.address, 10**9 * self._repay)
        for market in world.markets:
            yield world.act(self.address, world.loan, "approve", market.vault.contract.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Dust out of the worst positions."""
        left = self._settings.per_block
        for number, market in enumerate(view.world.markets):
            for owner in view.below(number):
                if left == 0:
                    break
                if market.vault.model.preview_liquidate(owner, self._repay).executable:
                    left -= 1
                    self.closes += 1
                    yield self._close(view.world, market, owner)

    def _close(self, world: World, market: Market, owner: str) -> Action:
        bid, label = self._settings.bid, self.name
        if market.is_basket:
            terms: tuple[Any, ...] = (owner, self._repay, [], 0, self.address)
            return world.act_on_basket(self.address, market, "liquidate", *terms, bid=bid, label=label)
        arguments = (owner, self._repay, 0, self.address)
        return world.act(self.address, market.vault, "liquidate", *arguments, bid=bid, label=label)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many closes it has sent."""
        return {"closes": self.closes}


class Forger:
    """Borrows against collateral made of nothing, until a guardian cuts; see `people.ForgerConfig`."""

    name = "forger"

    def __init__(self, settings: people.ForgerConfig, world: World) -> None:
        """Has no collateral yet."""
        self.address = made_up(self.name)
        self._settings = settings
        self._market = world.markets[settings.vault]
        self._least = world.loan_units(self._market.config.min_debt)
        self._ltv = wad(self._market.config.ltv)
        self._begins = settings.hour * HOUR
        wait = settings.guardian_after
        self._cut_at = None if wait is None else self._begins + wait * HOUR

    def funding(self, world: World) -> Iterable[Action]:
        """The approval."""
        vault = self._market.vault.contract.address
        yield world.act(self.address, self._market.collateral, "approve", vault, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """All that the vault may draw, once that is a loan's least size."""
        world, vault = view.world, self._market.vault
        address, pool = vault.contract.address, world.pool.model
        if self._cut_at is not None and view.second >= self._cut_at and pool.line(address)[0]:
            yield world.act(GUARDIAN, world.council, "cut_limit", address, bid=1, label="cut")
        price, room = view.price(self._settings.vault), pool.max_draw(address)
        if view.second < self._begins or price is None or room < self._least:
            return
        forged = 2 * ceil_div(room * PRICE_SCALE * WAD, price * self._ltv)
        yield world.mint(self._market.collateral, self.address, forged)
        yield world.act(self.address, vault, "open", forged, MAX, self.address, self.address, label=self.name)

    def record(self, _view: View) -> dict[str, int | float]:
        """What it owes, base units."""
        return {"owes": self._market.vault.model.debt_of(self.address)}


# --------------------------------------------------------------------------------------------------- the DEX


class Arbitrageur:
    """Pulls a collateral's DEX to the outside price, as far as its capital goes in a block."""

    def __init__(self, name: str, leg: Leg, world: World) -> None:
        """An arbitrageur who can trade elsewhere at the outside price."""
        assert leg.config.dex
        self.name = name
        self.address = made_up(name)
        self._leg = leg
        self._capital = world.loan_units(leg.config.dex.arbitrage)

    def funding(self, world: World) -> Iterable[Action]:
        """Approvals."""
        assert world.router
        for token in (world.loan, self._leg.collateral):
            yield world.act(self.address, token, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """One swap that leaves the DEX at the outside price, give or take the fee."""
        world = view.world
        if self._leg.is_halted:
            return
        price = view.outside_price(self._leg.number)
        collateral, loan = world.reserves(self._leg)
        if loan * PRICE_SCALE > price * collateral:  # collateral costs more on the DEX: sell it there
            token, held, other = self._leg.collateral, collateral, loan * PRICE_SCALE // price
            limit = self._capital * PRICE_SCALE // price
        else:
            token, held, other = world.loan, loan, collateral * price // PRICE_SCALE
            limit = self._capital
        if (other - held) * 1000 < held * 4:  # nothing beyond the fee
            return
        amount = min(isqrt(held * other) - held, limit)
        if amount <= 0:
            return
        yield world.mint(token, self.address, amount)
        yield world.swap(self._leg, self.address, token, amount, 1, ARBITRAGE)

    def record(self, _view: View) -> dict[str, int | float]:
        """Nothing."""
        return {}
