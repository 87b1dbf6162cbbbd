"""Liquidator and Leverage on random positions, prices, reserves and paths, against their twins.

What the twin says is what happens, to the wei, with the same events and for the same reason; afterwards every
storage word of the protocol is the twin's, and the periphery holds what it held before (Y1, Y2, Y3). Each
example is a seed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.testing.engines import in_process
from plimsoll.twin.chain import Revert
from plimsoll.twin.margin import terms
from plimsoll.units import MAX, NO_LIMIT, PRICE_SCALE, order
from tests.stateful.exchange import ExchangeLockstep
from tests.stateful.rules import begin
from tests.stateful.world import BORROWERS, LIQUIDATOR, STRANGER, Lockstep

pytestmark = pytest.mark.slow

MARKETS = [(6, 18, 8), (18, 6, 8), (8, 0, 27)]
seeds = st.integers(0, 2**32)
examples = settings(max_examples=60, deadline=None, derandomize=True)


class Stage:
    """A world with Uniswap, Liquidator and Leverage, whose examples leave no trace."""

    def __init__(self, decimals: tuple[int, int, int]) -> None:
        self.engine = in_process()
        self.world = Lockstep(self.engine, decimals)
        begin(self.world)
        self.venue = ExchangeLockstep(self.world)

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
