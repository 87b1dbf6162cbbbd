"""Liquidator and Leverage on random positions, prices, reserves and paths, against the twin.

What the twin says comes out is what happens, to the wei and for the same reason; afterwards every storage
word of the protocol is the twin's, and the periphery holds what it held before (Y1, Y2, Y3). Each example is
a seed.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.chain.engine import CallReverted, Contract, deploy
from plimsoll.chain.revm import Revm
from plimsoll.chain.uniswap import artifact
from plimsoll.twin.chain import MAX, Revert, require
from plimsoll.twin.liquidation import PRICE_SCALE
from plimsoll.twin.margin import terms
from plimsoll.twin.uniswap_v2 import Reserves, amount_out, quote_in, quote_out
from tests.stateful.rules import begin
from tests.stateful.world import BORROWERS, DEPLOYER, LIQUIDATOR, STRANGER, World, compiled

MARKETS = [(6, 18, 8), (18, 6, 8), (8, 0, 27)]
RESERVE_TOP = 2**111  # a pair counts in 112 bits
NO_LIMIT = 2**96 - 1
seeds = st.integers(0, 2**32)
examples = settings(max_examples=60, deadline=None, derandomize=True)


class Stage:
    """A world of chain and twin, with Uniswap, Liquidator and Leverage on the chain alone."""

    def __init__(self, decimals: tuple[int, int, int]) -> None:
        self.engine = Revm(1_800_000_000)
        self.world = World(self.engine, decimals)
        begin(self.world)
        self.uniswap = self._make(artifact("UniswapV2Factory"), DEPLOYER)
        self.middle = self._make(compiled("Token")[0], "Middle", "M", 18)
        for name in ("Liquidator", "Leverage"):
            contract = self._make(compiled(name)[0], self.world.factory.address, self.uniswap.address)
            setattr(self, name.lower(), contract)
            for token in ("loan", "first_collateral"):
                self.world.chain[token].send("mint", contract.address, 10**9, sender=DEPLOYER)
        self.liquidator: Contract
        self.leverage: Contract
        for trader in BORROWERS:
            self.world.act("first_vault", "set_operator", self.leverage.address, 3, sender=trader)
            for token in ("loan", "first_collateral"):
                self.world.chain[token].send("approve", self.leverage.address, MAX, sender=trader)

    def _make(self, contract: Any, *arguments: Any) -> Contract:
        return deploy(self.engine, contract, *arguments, sender=DEPLOYER)

    @contextmanager
    def example(self) -> Iterator[World]:
        """The world, on both sides as it was before afterwards."""
        number = self.engine.snapshot()
        saved = copy.deepcopy((self.world.twin, self.world.model))
        try:
            yield self.world
        finally:
            self.engine.revert(number)
            self.world.twin, self.world.model = saved

    def pairs(self, rng: Random, depth: int, price: int, forth: bool) -> tuple[list[str], list[Reserves]]:
        """A path between collateral and loan asset, by a middle token or not, and its reserves.

        `depth` is in base units of collateral, `price` 1e36; `forth` leads from collateral to loan asset.
        """
        chain = self.world.chain
        sides = [(chain["first_collateral"], depth), (chain["loan"], depth * price // PRICE_SCALE)]
        if rng.random() < 0.5:
            sides.insert(1, (self.middle, 10 ** rng.randrange(6, 30)))
        path, reserves = [], []
        for (token, amount), (other, other_amount) in pairwise(sides):
            held = [
                min(max(10**4, int(part * rng.uniform(0.98, 1.04))), RESERVE_TOP)
                for part in (amount, other_amount)
            ]
            pair = self.uniswap.send("createPair", token.address, other.address, sender=DEPLOYER)
            for part, units in zip((token, other), held, strict=True):
                part.send("mint", pair, units, sender=DEPLOYER)
            Contract(self.engine, pair, artifact("UniswapV2Pair").abi).send("mint", DEPLOYER, sender=DEPLOYER)
            reserves.append((held[0], held[1]))
        path = [token.address for token, _ in sides]
        if forth:
            return path, reserves
        return path[::-1], [(held_out, held_in) for held_in, held_out in reversed(reserves)]

    def both(self, contract: Contract, call: tuple[Any, ...], sender: str, twin: Callable[[], Any]) -> Any:
        """A call on the chain and what it means on the twin; its answer, None when it reverts."""
        self.world.twin.now = self.engine.now
        answer = expected = reason = expected_reason = None
        try:
            expected = self.world.twin.transact(twin)
        except Revert as revert:
            expected_reason = revert.reason
        try:
            answer = contract.send(*call, sender=sender)
        except CallReverted as revert:
            reason = revert.reason
        assert reason == expected_reason, (call, answer, expected)
        assert answer == expected, call
        self.world.compare()
        for name in ("loan", "first_collateral"):
            token = self.world.chain[name]
            assert token.call("balanceOf", contract.address) == 10**9, name
            vault = self.world.chain["first_vault"].address
            assert token.call("allowance", contract.address, vault) == 0, name
        return answer

    def swapped(self, amount: int, pairs: list[Reserves]) -> int:
        """What a sale yields; reverts as Uniswap does when a pair would give nothing."""
        for reserves in pairs:
            amount = amount_out(amount, reserves)
            require(amount > 0, "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
        return amount


@pytest.fixture(scope="module", params=MARKETS, ids=str)
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def open_positions(world: World, rng: Random) -> int:
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
        path, pairs = stage.pairs(rng, int(locked * 10 ** rng.uniform(-1, 5)), price, True)
        vault, loan, collateral = (world.model[n] for n in ("first_vault", "loan", "first_collateral"))
        me = stage.liquidator.address
        least = rng.choice((0, 1, 100 * 10 ** world.decimals[0]))
        limits = [
            NO_LIMIT if rng.random() < 0.7 else rng.randrange(10 ** (world.decimals[0] + 4)) for _ in range(4)
        ]
        owners = [rng.choice([*BORROWERS, *BORROWERS, STRANGER]) for _ in range(rng.choice((1, 1, 2, 4)))]
        orders = [limit << 160 | int(owner, 16) for owner, limit in zip(owners, limits, strict=False)]
        single = len(orders) == 1
        quoted = stage.liquidator.call("quote", vault.address, orders, path)

        def twin() -> Any:
            loan.mint(me, 2**100)  # stands for Uniswap's cash
            before = loan.balance_of(me)
            loan.approve(me, vault.address, MAX)
            if single:
                limit = MAX if limits[0] == NO_LIMIT else limits[0]
                _, _, seized = vault.liquidate(me, owners[0], limit, 0, me, lambda: None)
                executed = 1
            else:
                _, _, seized, executed = vault.liquidate_batch(me, orders, 0, me, lambda: None)
            due = before - loan.balance_of(me)
            proceeds = stage.swapped(seized, pairs)
            assert quoted == (due, seized, proceeds, executed)
            require(proceeds >= due, "liquidator: sale does not pay")
            require(proceeds - due >= least, "liquidator: profit too small")
            loan.burn(me, loan.balance_of(me))
            loan.mint(LIQUIDATOR, proceeds - due)
            collateral.burn(me, seized)
            return proceeds - due if single else (proceeds - due, executed)

        if single:
            limit = MAX if limits[0] == NO_LIMIT else limits[0]
            call = ("liquidate", vault.address, owners[0], limit, path, least)
        else:
            call = ("liquidate_batch", vault.address, orders, path, least)
        answer = stage.both(stage.liquidator, call, LIQUIDATOR, twin)
        if answer is not None:
            profit, executed = (answer, 1) if single else answer
            assert (quoted[2] - quoted[0], quoted[3]) == (profit, executed)
            assert profit >= least


@given(seeds)
@examples
def test_what_leverage_does(stage: Stage, seed: int) -> None:
    """Open, increase, decrease and close, one after the other; previews say it before."""
    rng = Random(seed)
    trader = BORROWERS[0]
    with stage.example() as world:
        unit, cash = 10 ** world.decimals[1], 10 ** world.decimals[0]
        price = world.fair["first_oracle"]
        depth = int(unit * 10 ** rng.uniform(1, 5))
        path, pairs = stage.pairs(rng, depth, price, True)
        vault, loan, collateral = (world.model[n] for n in ("first_vault", "loan", "first_collateral"))
        me = stage.leverage.address
        for token in (loan, collateral):
            token.approve(me, vault.address, MAX)

        def margin_terms() -> None:
            held = vault.position_of(trader)[0], vault.debt_of(trader)
            expected = terms(*held, vault.oracle.price(), vault.risk)
            assert stage.leverage.call("margin_terms", vault.address, trader) == expected

        for _ in range(3):
            margin = rng.choice((0, rng.randrange(20 * unit) + 1))
            loan_margin = rng.choice((0, rng.randrange(20_000 * cash)))
            debt = rng.choice((0, rng.randrange(50_000 * cash)))
            back = [(held_out, held_in) for held_in, held_out in reversed(pairs)]
            bought = quote_out(debt + loan_margin, back)

            def opening(margin=margin, loan_margin=loan_margin, debt=debt, back=back, bought=bought) -> int:
                collateral.burn(trader, margin)
                loan.burn(trader, loan_margin)
                collateral.mint(me, margin + bought)

                def callback() -> None:
                    if debt + loan_margin > 0:
                        stage.swapped(debt + loan_margin, back)

                vault.open(me, margin + bought, debt, me, trader, callback)
                loan.burn(me, debt)
                return margin + bought

            wish = (margin, loan_margin, debt, path[::-1])
            locked, forecast = stage.leverage.call("preview_open", vault.address, trader, *wish)
            assert locked == margin + bought
            call = ("open", vault.address, *wish, locked, 0, world.engine.now)
            if stage.both(stage.leverage, call, trader, opening) is not None:
                pairs = _after(debt + loan_margin, back)[::-1]
                pairs = [(held_out, held_in) for held_in, held_out in pairs]
                margin_terms()
                assert stage.leverage.call("margin_terms", vault.address, trader) == forecast

            world.advance(rng.choice((0, 86_400)))
            repayment = rng.choice((0, rng.randrange(30_000 * cash), MAX))
            payout = rng.choice((0, rng.randrange(unit), MAX))

            def closing(repayment=repayment, payout=payout, pairs=pairs) -> tuple[int, int, int]:
                repaid = min(repayment, vault.debt_of(trader))
                try:
                    sold = quote_in(repaid, pairs) if repaid > 0 else 0
                except ValueError:
                    raise Revert("swap: pair too small") from None
                rest = 0

                def callback() -> None:
                    nonlocal rest
                    require(collateral.balance_of(me) >= sold, "leverage: too little to sell")
                    proceeds = stage.swapped(sold, pairs) if sold > 0 else 0
                    assert proceeds >= repaid
                    rest = proceeds - repaid
                    loan.mint(me, proceeds)

                withdrawal = MAX if payout == MAX else sold + payout
                repaid, withdrawn = vault.close(me, repaid, withdrawal, me, trader, callback)
                collateral.burn(me, sold)
                collateral.transfer(me, trader, withdrawn - sold)
                loan.transfer(me, trader, rest)
                return repaid, sold, withdrawn - sold

            now = world.engine.now
            call = ("close", vault.address, repayment, payout, path, MAX, 0, now)
            answer = stage.both(stage.leverage, call, trader, closing)
            if answer is not None:
                pairs = _after(answer[1], pairs)
                margin_terms()


def _after(amount: int, pairs: list[Reserves]) -> list[Reserves]:
    """The reserves that a sale leaves."""
    left = []
    for held_in, held_out in pairs:
        out = amount_out(amount, (held_in, held_out))
        left.append((held_in + amount, held_out - out))
        amount = out
    return left
