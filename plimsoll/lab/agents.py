"""Agents of one's own in ten lines: what they see and do in whole tokens, on one vault."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from plimsoll.market.amounts import exact
from plimsoll.market.deployment import made_up
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.markets import Market
from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.sides import Side
from plimsoll.scenario.transactions import Action
from plimsoll.units import MAX, NO_LIMIT, PRICE_SCALE, WAD, order

Tokens = int | float | Decimal


class Position(NamedTuple):
    """A position, in whole tokens."""

    owner: str
    health: float
    debt: float
    collateral: float


class Agent:
    """An agent of one's own: a class with `act`, which gives what is sent in a block.

        class Tortoise(lab.Agent):
            capital = 2_500_000

            def act(self, desk):
                for position in desk.liquidatable()[:1]:
                    yield desk.liquidate(position)

    It gets its capital in its first block and acts from the second on. Others may be faster, so that what it
    sends can fail; it is not told. What it has is recorded as `profit` and `inventory`, as of liquidators.

    Attributes:
        name: in tables; without, the class's name in small letters.
        capital: loan tokens that it begins with.
        collateral: collateral tokens that it begins with.
        vault: number of the vault in which it acts.
        bid: for its place in a block.
    """

    name = ""
    capital: Tokens = 0
    collateral: Tokens = 0
    vault = 0
    bid = 10

    def __init_subclass__(cls, **options: Any) -> None:
        """Names a class that has no name."""
        super().__init_subclass__(**options)
        if not cls.name:
            cls.name = cls.__name__.lower()

    def __init__(self, **settings: Any) -> None:
        """An agent; `capital=1_000` and the like set what its class says otherwise.

        Raises:
            ScenarioError: there is no such setting.
        """
        for key, value in settings.items():
            if not hasattr(type(self), key) or callable(getattr(type(self), key)):
                raise ScenarioError(f"{type(self).__name__} has no setting {key!r}; write it into the class.")
            setattr(self, key, value)
        self.address = made_up(self.name)
        self._has_begun = False

    def act(self, desk: Desk) -> Iterable[Action]:
        """What it sends in this block: what the methods of `desk` give.

        Raises:
            ScenarioError: a class does not say it.
        """
        raise ScenarioError(f"{type(self).__name__} has no `act`; write one that gives what it sends.")

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """See `plimsoll.scenario.agents.view.Agent`."""
        desk = Desk(self, rng, view)
        if self._has_begun:
            for action in self.act(desk) or ():
                if not isinstance(action, Action):
                    raise ScenarioError(
                        f"{type(self).__name__} gives {action!r}, which cannot be sent; give what the "
                        "methods of `desk` do, such as `desk.liquidate(position)`."
                    )
                yield action
        else:
            self._has_begun = True
            yield from desk.funding()

    def record(self, view: View) -> dict[str, int | float]:
        """Loan asset above its capital, collateral that it holds at the outside price; base units."""
        market = view.world.markets[self.vault]
        held = market.collateral.model.balance_of(self.address)
        cash = view.world.loan.model.balance_of(self.address) - view.world.loan_units(_exact(self.capital))
        return {"profit": cash, "inventory": held * view.outside_price(market.leg.number) // PRICE_SCALE}


class Desk:
    """What an agent sees of its vault, and what it can do there. Amounts are whole tokens.

    Attributes:
        view: all that there is to see, in base units.
        rng: random numbers of the path, the same in each run of it.
    """

    def __init__(self, agent: Agent, rng: np.random.Generator, view: View) -> None:
        """The desk of an agent in a block.

        Raises:
            ScenarioError: its vault is none, or is a basket.
        """
        self._agent, self.rng, self.view = agent, rng, view
        self._world = view.world
        if agent.vault >= len(self._world.markets) or self._world.markets[agent.vault].is_basket:
            raise ScenarioError(
                f"{agent.name} acts in vault {agent.vault}, which is none, or a basket; set `vault`."
            )
        self._market: Market = self._world.markets[agent.vault]

    # ------------------------------------------------------------------------------------------- what it sees

    @property
    def block(self) -> int:
        """Number of the block."""
        return self.view.block

    @property
    def hour(self) -> float:
        """Hours since the start."""
        return self.view.hour

    @property
    def price(self) -> float | None:
        """What the vault's oracle says; None while it refuses."""
        price = self.view.price(self._agent.vault)
        return None if price is None else self._quote(price)

    @property
    def outside(self) -> float:
        """The price outside."""
        return self.view.outside[self._market.leg.number]

    @property
    def dex(self) -> float | None:
        """The marginal price on the vault's DEX; None without one."""
        if self._market.pair is None:
            return None
        collateral, loan = self._world.reserves(self._market)
        return self._quote(loan * PRICE_SCALE // collateral)

    @property
    def cash(self) -> float:
        """Loan tokens that it has."""
        return self._whole(self._world.loan, self._balance(self._world.loan))

    @property
    def held(self) -> float:
        """Collateral tokens that it has, outside of its position."""
        return self._whole(self._market.collateral, self._balance(self._market.collateral))

    @property
    def own(self) -> Position | None:
        """Its own position; None without debt."""
        return self._position(self._agent.address) if self._debt(self._agent.address) else None

    def below(self, health: float) -> list[Position]:
        """Positions whose health is below that, the least healthy first; nobody while the oracle refuses."""
        if self.view.price(self._agent.vault) is None:
            return []
        found = map(self._position, self.view.below(self._agent.vault, health))
        return sorted((each for each in found if each.health < health), key=lambda each: each.health)

    def liquidatable(self) -> list[Position]:
        """Positions that can be liquidated, the least healthy first."""
        return self.below(1.0)

    # ------------------------------------------------------------------------------------------- what it does

    def liquidate(self, who: Position | str, most: Tokens | None = None) -> Action:
        """Closes a position as far as the vault lets it, with its own money.

        Args:
            who: the position, or its owner.
            most: loan tokens that are repaid; without, as many as it has, which leaves enough for the fee.
        """
        if most is None:
            risk = self._market.vault.model.risk
            fee = risk.bonus_max * risk.liquidation_fee  # of the repayment at most, WAD squared
            limit = min(NO_LIMIT, self._balance(self._world.loan) * WAD**2 // (WAD**2 + fee))
        else:
            limit = self._base(self._world.loan, most)
        return self._call("liquidate_batch", [order(_owner(who), limit)], 0, self._agent.address)

    def flash(self, who: Position | str, min_profit: Tokens = 0) -> Action:
        """Closes a position without money of its own, selling on the vault's DEX inside the call.

        Raises:
            ScenarioError: the vault has no DEX.
        """
        self._needs_dex()
        least = self._base(self._world.loan, min_profit)
        agent, owner = self._agent, _owner(who)
        sold = self._market.vault.model.position_of(owner)[0]  # at most
        return self._world.flash_liquidation(
            self._market, agent.address, [order(owner)], sold, least, agent.bid, agent.name
        )

    def sell(self, amount: Tokens | None = None) -> Action:
        """Sells collateral on the vault's DEX, at any price; without an amount all that it has.

        Raises:
            ScenarioError: the vault has no DEX.
        """
        return self._swap(self._market.collateral, amount)

    def buy(self, spend: Tokens | None = None) -> Action:
        """Buys collateral on the vault's DEX for so many loan tokens, at any price; without, for all.

        Raises:
            ScenarioError: the vault has no DEX.
        """
        return self._swap(self._world.loan, spend)

    def deposit(self, amount: Tokens | None = None) -> Action:
        """Locks collateral in its position; without an amount all that it has."""
        return self._call("deposit", self._amount(self._market.collateral, amount), self._agent.address)

    def withdraw(self, amount: Tokens | None = None) -> Action:
        """Takes collateral out of its position; without an amount as much as is allowed."""
        units = MAX if amount is None else self._base(self._market.collateral, amount)
        return self._call("withdraw", units, self._agent.address, self._agent.address)

    def borrow(self, amount: Tokens | None = None) -> Action:
        """Borrows against its position; without an amount as much as is allowed."""
        units = MAX if amount is None else self._base(self._world.loan, amount)
        return self._call("borrow", units, self._agent.address, self._agent.address)

    def repay(self, amount: Tokens | None = None) -> Action:
        """Repays its debt; without an amount all of it."""
        units = MAX if amount is None else self._base(self._world.loan, amount)
        return self._call("repay", units, self._agent.address)

    def funding(self) -> Iterable[Action]:
        """What it begins with, and approvals of vault and DEX."""
        world, market, agent = self._world, self._market, self._agent
        spenders = [market.vault.contract.address]
        if market.pair and world.router:
            spenders.append(world.router.address)
        for token, amount in ((world.loan, agent.capital), (market.collateral, agent.collateral)):
            if units := self._base(token, amount):
                yield world.mint(token, agent.address, units)
            for spender in spenders:
                yield world.act(agent.address, token, "approve", spender, MAX)

    def _call(self, function: str, *arguments: Any) -> Action:
        agent = self._agent
        return self._world.act(
            agent.address, self._market.vault, function, *arguments, bid=agent.bid, label=agent.name
        )

    def _swap(self, token: Side, amount: Tokens | None) -> Action:
        self._needs_dex()
        agent = self._agent
        return self._world.swap(
            self._market, agent.address, token, self._amount(token, amount), bid=agent.bid, label=agent.name
        )

    def _needs_dex(self) -> None:
        if self._market.pair is None:
            raise ScenarioError(
                f"{self._agent.name} trades in vault {self._agent.vault}, which has no dex; add one."
            )

    def _amount(self, token: Side, amount: Tokens | None) -> int:
        return self._balance(token) if amount is None else self._base(token, amount)

    def _balance(self, token: Side) -> int:
        return int(token.model.balance_of(self._agent.address))

    def _decimals(self, token: Side) -> int:
        is_loan = token is self._world.loan
        return (self._world.scenario.pool.loan if is_loan else self._market.leg.config.collateral).decimals

    def _base(self, token: Side, amount: Tokens) -> int:
        """Base units, rounded down."""
        return int(_exact(amount) * 10 ** self._decimals(token))

    def _whole(self, token: Side, units: int) -> float:
        return float(units / 10 ** self._decimals(token))

    def _quote(self, price: int) -> float:
        """Loan tokens for a collateral token, of base units by 1e36."""
        digits = self._decimals(self._market.collateral) - self._decimals(self._world.loan)
        return float(price * 10.0**digits / PRICE_SCALE)

    def _debt(self, owner: str) -> int:
        return int(self._market.vault.model.debt_of(owner))

    def _position(self, owner: str) -> Position:
        vault = self._market.vault.model
        return Position(
            owner,
            vault.health(owner) / WAD,
            self._whole(self._world.loan, self._debt(owner)),
            self._whole(self._market.collateral, vault.position_of(owner)[0]),
        )


def _owner(who: Position | str) -> str:
    return who.owner if isinstance(who, Position) else who


def _exact(amount: Tokens) -> Decimal:
    return exact(float(amount) if isinstance(amount, float) else amount, "an amount")
