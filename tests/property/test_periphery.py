"""Liquidator and Leverage on random positions, prices, reserves and paths, against their twins.

What the twin says is what happens, to the wei, with the same events and for the same reason; afterwards every
storage word of the protocol is the twin's, and the periphery holds what it held before (Y1, Y2, Y3). Each
example is a seed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.params import BLUE_CHIP
from plimsoll.testing.engines import in_process
from plimsoll.twin.basket import Basket, Collateral
from plimsoll.twin.chain import Revert
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.margin import terms
from plimsoll.twin.slices import Leg
from plimsoll.units import MAX, NO_LIMIT, PRICE_SCALE, WAD, order
from tests.stateful.exchange import ExchangeLockstep
from tests.stateful.rules import begin
from tests.stateful.world import BORROWERS, CURATOR, DEPLOYER, LIQUIDATOR, STRANGER, Lockstep

pytestmark = pytest.mark.slow

MARKETS = [(6, 18, 8), (18, 6, 8), (8, 0, 27)]
seeds = st.integers(0, 2**32)
examples = settings(max_examples=60, deadline=None, derandomize=True)


class Stage:
    """A world with Uniswap, Liquidator and Leverage, whose examples leave no trace."""

    def __init__(self, decimals: tuple[int, int, int]) -> None:
        self.engine = in_process()
        self.world = Lockstep(self.engine, decimals)
        add_basket(self.world)
        begin(self.world)
        self.venue = ExchangeLockstep(self.world)
        add_to_exchange(self.venue)

    @contextmanager
    def example(self) -> Iterator[Lockstep]:
        """The world, on both sides as it was before afterwards."""
        number, saved = self.engine.snapshot(), self.world.twin.snapshot()
        try:
            yield self.world
            self.world.compare()
        finally:
            self.engine.revert(number)
            self.world.twin.revert(saved)

    def path(self, rng: Random, depth: int, price: int) -> list[str]:
        """A path from collateral to loan asset, by a middle token or not.

        The pairs hold `depth` base units of collateral and what they are worth at about `price`, 1e36.
        """
        names, amounts = ["first_collateral", "loan"], [depth, depth * price // PRICE_SCALE]
        if rng.random() < 0.5:
            names.insert(1, "middle")
            amounts.insert(1, 10 ** rng.randrange(6, 30))
        return self.venue.fill_path(
            names, [max(10**4, int(part * rng.uniform(0.98, 1.04))) for part in amounts]
        )


LEGS = ("first", "second")


def add_basket(world: Lockstep) -> None:
    """A basket of both collaterals, on both sides, with a limit and everybody's approvals."""
    ltv, threshold, *common = BLUE_CHIP.to_struct(world.decimals[0])
    legs = [Leg(ltv, threshold, 4 * world.fair[f"{name}_oracle"]) for name in LEGS]
    listed = [
        (world.chain[f"{name}_collateral"].address, world.chain[f"{name}_oracle"].address, *vars_of(leg))
        for name, leg in zip(LEGS, legs, strict=True)
    ]
    basket = world.protocol.create_basket(world.chain["pool"], listed, (0, 0, *common))
    collaterals = [
        Collateral(world.model[f"{name}_collateral"], world.model[f"{name}_oracle"], leg)
        for name, leg in zip(LEGS, legs, strict=True)
    ]
    risk = Risk.from_struct((0, 0, *common))
    world.add(
        "basket", "Basket", basket, Basket(world.twin, world.model["pool"], collaterals, basket.address, risk)
    )
    world.model["pool"].own_vaults[basket.address] = True
    world.holders.append(basket.address)
    world.act("council", "set_limit", basket.address, 400_000 * 10 ** world.decimals[0], sender=CURATOR)
    for token in ("loan", "first_collateral", "second_collateral"):
        for owner in BORROWERS:
            world.act(token, "approve", basket.address, MAX, sender=owner)


def vars_of(leg: Leg) -> tuple[int, int, int]:
    """Its ratios and ceiling, as `IBasket.Leg` has them."""
    return leg.ltv, leg.threshold, leg.ceiling


def add_to_exchange(venue: ExchangeLockstep) -> None:
    """The periphery knows the basket on the twin's side too; both collaterals have a pair with each other."""
    world = venue.world
    uniswap = world.at("UniswapV2Factory", world.chain["liquidator"].call("uniswap_factory"))
    names = tuple(f"{name}_collateral" for name in LEGS)
    pair = uniswap.send("createPair", *venue.path(*names), sender=DEPLOYER)
    venue.pairs[names] = world.at("UniswapV2Pair", pair)  # type: ignore[index]
    world.holders.append(pair)
    for name in ("liquidator", "leverage"):
        model = world.model[name]
        model.exchange.add(pair, *(world.model[token] for token in names))
        model.vaults[world.chain["basket"].address] = world.model["basket"]
    for trader in BORROWERS:
        world.act("basket", "set_operator", venue.address("leverage"), 3, sender=trader)


@pytest.fixture(scope="module", params=MARKETS, ids=str)
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def open_positions(world: Lockstep, rng: Random) -> int:
    """Positions of every borrower, near the loan-to-value or well below; collateral of all, base units."""
    unit = 10 ** world.decimals[1]
    for owner in BORROWERS:
        collateral = max(1, int(unit * 10 ** rng.uniform(0.3, 2)))
        world.act("first_vault", "deposit", collateral, owner, sender=owner)
        most = world.model["first_vault"].max_borrow(owner)
        amount = most if rng.random() < 0.8 else int(most * rng.random())
        world.act("first_vault", "borrow", amount, owner, owner, sender=owner)
    return sum(collateral for collateral, _ in world.model["first_vault"].positions.values())


@given(seeds)
@examples
def test_what_a_liquidation_yields(stage: Stage, seed: int) -> None:
    """One position or a batch; the quote says it before, the profit is never below what was asked."""
    rng = Random(seed)
    with stage.example() as world:
        locked = open_positions(world, rng)
        world.advance(rng.choice((0, 1, 86_400, 10**8)))
        price = max(
            1, int(world.fair["first_oracle"] * rng.choice((rng.uniform(0.3, 0.8), rng.uniform(0.8, 0.97))))
        )
        world.set_prices("first_oracle", price, price)
        path = stage.path(rng, int(locked * 10 ** rng.uniform(-1, 5)), price)
        vault, twin = world.chain["first_vault"].address, world.model["liquidator"]
        least = rng.choice((0, 1, 100 * 10 ** world.decimals[0]))
        limits = [
            NO_LIMIT if rng.random() < 0.7 else rng.randrange(10 ** (world.decimals[0] + 4)) for _ in range(4)
        ]
        owners = [rng.choice([*BORROWERS, *BORROWERS, STRANGER]) for _ in range(rng.choice((1, 1, 2, 4)))]
        orders = [order(owner, limit) for owner, limit in zip(owners, limits, strict=False)]
        due, _, proceeds, executed = world.ask(
            "liquidator", "quote", vault, orders, path, model=lambda: twin.quote(vault, orders, path)
        )
        if len(orders) == 1:
            limit = MAX if limits[0] == NO_LIMIT else limits[0]
            call = ("liquidate", vault, owners[0], limit, path, least)
            expected = proceeds - due
        else:
            call = ("liquidate_batch", vault, orders, path, least)
            expected = proceeds - due, executed
        answer = world.act("liquidator", *call, sender=LIQUIDATOR)
        stage.venue.check()
        if not isinstance(answer, Revert):
            assert answer == expected
            assert proceeds - due >= least


@given(seeds)
@examples
def test_what_leverage_does(stage: Stage, seed: int) -> None:
    """Open, increase, decrease and close, one after the other; previews say it before."""
    rng = Random(seed)
    trader = BORROWERS[0]
    with stage.example() as world:
        unit, cash = 10 ** world.decimals[1], 10 ** world.decimals[0]
        path = stage.path(rng, int(unit * 10 ** rng.uniform(1, 5)), world.fair["first_oracle"])
        vault, leverage = world.model["first_vault"], world.chain["leverage"]

        def margin_terms() -> tuple:
            held = vault.position_of(trader)[0], vault.debt_of(trader)
            expected = terms(*held, vault.oracle.price(), vault.risk)
            assert leverage.call("margin_terms", vault.address, trader) == expected
            return expected

        for _ in range(3):
            margin = rng.choice((0, rng.randrange(20 * unit) + 1))
            loan_margin = rng.choice((0, rng.randrange(20_000 * cash)))
            debt = rng.choice((0, rng.randrange(50_000 * cash)))
            wish = (vault.address, margin, loan_margin, debt, path[::-1])
            locked, forecast = leverage.call("preview_open", vault.address, trader, *wish[1:])
            opened = world.act("leverage", "open", *wish, locked, 0, world.engine.now, sender=trader)
            stage.venue.check()
            if not isinstance(opened, Revert):
                assert opened == locked
                assert margin_terms() == forecast

            world.advance(rng.choice((0, 86_400)))
            repayment = rng.choice((0, rng.randrange(30_000 * cash), MAX))
            payout = rng.choice((0, rng.randrange(unit), MAX))
            call = (vault.address, repayment, payout, path, MAX, 0, world.engine.now)
            closed = world.act("leverage", "close", *call, sender=trader)
            stage.venue.check()
            if not isinstance(closed, Revert):
                margin_terms()


def check_basket(stage: Stage) -> None:
    """Y1 of the basket, and every position of it."""
    stage.venue.check()
    world = stage.world
    basket, model = world.chain["basket"], world.model["basket"]
    for owner in BORROWERS:
        amounts, shares = basket.call("position_of", owner)
        assert (tuple(amounts[:2]), shares) == model.position_of(owner)
    for name in ("liquidator", "leverage"):
        me = stage.venue.address(name)
        for token in ("loan", "first_collateral", "second_collateral"):
            assert world.chain[token].call("allowance", me, basket.address) == 0, f"Y1: {name}, {token}"


def leg_paths(stage: Stage, rng: Random, depths: Sequence[int]) -> list[list[str]]:
    """A path for each leg: straight, over a token in the middle or over the other leg, or none.

    The pairs hold about `depths` base units of each leg and what they are worth at the prices.
    """
    world = stage.world
    prices = [world.model[f"{name}_oracle"].price_answer for name in LEGS]
    prices = [price if isinstance(price, int) else world.fair[f"{name}_oracle"] for price, name in
              zip(prices, LEGS, strict=True)]  # fmt: skip
    cash = [max(10**4, depth * price // PRICE_SCALE) for depth, price in zip(depths, prices, strict=True)]
    first, second = (f"{name}_collateral" for name in LEGS)
    middle = 10 ** rng.randrange(6, 30)
    straight = [stage.venue.fill_path([name, "loan"], [max(10**4, depth), part])
                for name, depth, part in zip((first, second), depths, cash, strict=True)]  # fmt: skip
    over_the_other = [
        stage.venue.fill_path([first, second, "loan"], [*map(lambda d: max(10**4, d), depths), cash[1]]),
        stage.venue.fill_path(
            [second, first, "loan"], [*map(lambda d: max(10**4, d), depths[::-1]), cash[0]]
        ),
    ]
    over_middle = stage.venue.fill_path([first, "middle", "loan"], [max(10**4, depths[0]), middle, cash[0]])
    return [
        *rng.choices((straight[0], over_the_other[0], over_middle, []), (6, 3, 2, 1)),
        *rng.choices((straight[1], over_the_other[1], []), (8, 3, 1)),
    ]


def open_baskets(world: Lockstep, rng: Random) -> list[int]:
    """Positions of every borrower, of one leg or both; base units of each leg of all."""
    locked = [0, 0]
    for owner in BORROWERS:
        for leg in rng.sample((0, 1), rng.randint(1, 2)):
            worth = int(10 ** (world.decimals[0] + rng.uniform(2, 5)))
            amount = worth * PRICE_SCALE // world.fair[f"{LEGS[leg]}_oracle"] + 1
            world.act("basket", "deposit", leg, amount, owner, sender=owner)
            locked[leg] += amount
        most = world.model["basket"].max_borrow(owner)
        amount = most if rng.random() < 0.8 else int(most * rng.random())
        world.act("basket", "borrow", amount, owner, owner, sender=owner)
    return locked


def act_of_basket(world: Lockstep, function: str, *arguments: Any) -> Any:
    """As `act` for answers with amounts of eight legs, of which the twin says those that there are."""

    def send() -> Any:
        answer = world.chain["liquidator"].send(function, *arguments, sender=LIQUIDATOR)
        return (*answer[:2], tuple(answer[2][:2]), *answer[3:])

    call = partial(getattr(world.model["liquidator"], function), LIQUIDATOR, *arguments)
    return world._both("liquidator", function, arguments, send, call, LIQUIDATOR)


@given(seeds)
@examples
def test_what_a_liquidation_of_a_basket_yields(stage: Stage, seed: int) -> None:
    """One position, legs left out or not, or a batch; sold leg by leg or paid for; legs may be silent."""
    rng = Random(seed)
    with stage.example() as world:
        locked = open_baskets(world, rng)
        world.advance(rng.choice((0, 1, 86_400, 10**8)))
        fall = rng.choice((rng.uniform(0.3, 0.8), rng.uniform(0.8, 0.95), rng.uniform(0.85, 0.95)))
        for name in LEGS:
            price = max(1, int(world.fair[f"{name}_oracle"] * fall * rng.uniform(0.97, 1.03)))
            world.set_prices(f"{name}_oracle", price, price)
        if rng.random() < 0.15:
            world.silence(f"{rng.choice(LEGS)}_oracle")
        depths = [int(amount * 10 ** rng.uniform(0, 5)) + 1 for amount in locked]
        paths = leg_paths(stage, rng, depths)
        basket = world.chain["basket"].address
        least = rng.choice((0, 0, 1, 100 * 10 ** world.decimals[0]))
        weak = [owner for owner in BORROWERS if world.model["basket"].health(owner) < WAD]
        names = [*weak, *weak, *weak, *BORROWERS, STRANGER]
        owners = [rng.choice(names) for _ in range(rng.choice((1, 1, 2, 4)))]
        limits = [
            NO_LIMIT if rng.random() < 0.7 else rng.randrange(10 ** (world.decimals[0] + 4)) for _ in owners
        ]
        orders = [order(owner, limit) for owner, limit in zip(owners, limits, strict=True)]
        without = rng.choice((0, 0, 0, 1, 2))
        if without:
            paths[without - 1] = rng.choice((paths[without - 1], []))
        before = world.model["loan"].balance_of(LIQUIDATOR)
        if rng.random() < 0.2:
            wanted = rng.choice(([], [1], [0, 1]))
            if len(orders) == 1:
                call: tuple[Any, ...] = (owners[0], limits[0], wanted, without)
                act_of_basket(world, "liquidate_basket_with_funds", basket, *call)
            else:
                act_of_basket(world, "liquidate_basket_batch_with_funds", basket, orders, wanted)
            check_basket(stage)
            return
        if len(orders) == 1:
            call = ("liquidate_basket", basket, owners[0], limits[0], without, paths, least)
        else:
            call = ("liquidate_basket_batch", basket, orders, paths, least)
        answer = world.act("liquidator", *call, sender=LIQUIDATOR)
        check_basket(stage)
        if not isinstance(answer, Revert):
            profit = answer if len(orders) == 1 else answer[0]
            assert profit == world.model["loan"].balance_of(LIQUIDATOR) - before >= least, "Y3"


@given(seeds)
@examples
def test_what_leverage_does_with_a_leg(stage: Stage, seed: int) -> None:
    """Open, increase, decrease and close one leg beside another; previews say it before."""
    rng = Random(seed)
    trader = BORROWERS[0]
    with stage.example() as world:
        basket, leverage = world.model["basket"], world.model["leverage"]
        cash = 10 ** world.decimals[0]
        units = [10_000 * cash * PRICE_SCALE // world.fair[f"{name}_oracle"] + 1 for name in LEGS]
        leg = rng.randrange(2)
        if rng.random() < 0.7:
            world.act("basket", "deposit", 1 - leg, units[1 - leg], trader, sender=trader)
        paths = leg_paths(stage, rng, [int(unit * 10 ** rng.uniform(0, 4)) + 1 for unit in units])
        path, address = paths[leg] or paths[1 - leg], basket.address

        for _ in range(3):
            margin = rng.choice((0, rng.randrange(2 * units[leg]) + 1))
            loan_margin = rng.choice((0, rng.randrange(20_000 * cash)))
            debt = rng.choice((0, rng.randrange(50_000 * cash)))
            wish = (address, leg, margin, loan_margin, debt, path[::-1])
            said = world.ask(
                "leverage",
                "preview_open_leg",
                *wish,
                model=lambda: leverage.preview_open_leg(*wish),  # noqa: B023
            )
            least = said if isinstance(said, int) else 0
            health = rng.choice((0, 0, WAD, 2 * WAD))
            opened = world.act("leverage", "open_leg", *wish, least, health, world.engine.now, sender=trader)
            check_basket(stage)
            assert isinstance(opened, Revert) or opened == said, "Y2"

            world.advance(rng.choice((0, 86_400)))
            repayment = rng.choice((0, rng.randrange(30_000 * cash), MAX))
            payout = rng.choice((0, rng.randrange(units[leg]), MAX))
            said = world.ask(
                "leverage", "preview_close_leg", address, leg, trader, repayment, path,
                model=lambda: leverage.preview_close_leg(address, leg, trader, repayment, path),  # noqa: B023
            )  # fmt: skip
            call = (address, leg, repayment, payout, path, MAX, 0, world.engine.now)
            closed = world.act("leverage", "close_leg", *call, sender=trader)
            check_basket(stage)
            assert isinstance(closed, Revert) or closed[:2] == said, "Y2"
