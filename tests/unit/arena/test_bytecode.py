"""No straw men: the rules of Aave v3 and Morpho Blue beside their own bytecode, equal to the base unit.

`FUZZ_STEPS=n` plays so many operations of each, and every shipped scenario; `FUZZ_SEED=n` takes other ones.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.peers.packages import installed
from plimsoll.arena import study
from plimsoll.arena.rule import Account, Close, Terms
from plimsoll.arena.rules.aave_v3 import ALL, BASE, BASIS_POINT, AaveV30
from plimsoll.arena.rules.morpho_blue import MorphoBlue
from plimsoll.arena.study import made
from plimsoll.market.deployment import made_up
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import load
from plimsoll.units import PRICE_SCALE, WAD
from tests.utils.laboratory import SHIPPED
from tests.utils.peers import SHARES, Beside, Bytecode, Done, OnAave, OnMorpho, State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not installed(), reason="the peers are not installed; `make test` installs them"),
]

FUZZ = os.environ.get("FUZZ_STEPS")
FIRST_SEED = int(os.environ.get("FUZZ_SEED", 0))
STEPS = int(FUZZ) if FUZZ else 2_000
OF_A_MARKET = 500  # operations, then another market
QUICK = ("forged-collateral", "leg-depeg", "october-2025")  # a loan asset with 18 decimals, a basket, a crash
SCENARIOS = [path for path in SHIPPED if FUZZ or path.stem in QUICK]
QUIET = ("cap-below-truth", "loan-depeg", "pumped-token", "rate-jump")  # nobody is liquidated
PEOPLE = 12  # who have a position at once
HEALTHY, NO_COLLATERAL, NOTHING = "45", "46", "25"  # Aave's Errors.sol
MORPHO_HEALTHY, MORPHO_ZERO, PANIC = "position is healthy", "inconsistent input", ""


def amount(rng: Random, most: int) -> int:
    """From nothing to more than all, spread over all sizes."""
    return rng.choice((0, 1, most, most + 1, 2 * most, rng.randint(0, most), int(most ** rng.random())))


class Lockstep:
    """A rule beside a market; random people, prices and closes."""

    def __init__(self, rule: Any, chain: Bytecode, rng: Random, digits: tuple[int, ...]) -> None:
        self.rule, self.chain, self.rng, self.digits = rule, chain, rng, digits
        self.seen: Counter[str] = Counter()
        self.opened = 0
        self.prices = tuple(self.price(leg) for leg in range(len(rule.terms)))

    def price(self, leg: int, old: int = 0) -> int:
        """A price, or another one near to it; in steps of a feed with eight decimals."""
        step = PRICE_SCALE * self.rule.dollar // (BASE * 10 ** self.digits[1 + leg])
        answer = old // step * self.rng.uniform(0.6, 1.4) if old else 10 ** self.rng.uniform(2, 13)
        return max(1, int(answer)) * step

    def step(self) -> None:
        """One operation, after which both sides are the same."""
        accounts = self.rule.accounts
        if len(accounts) < PEOPLE:
            self.open()
        elif self.rng.random() < 0.2:
            leg = self.rng.randrange(len(self.prices))
            moved = self.price(leg, self.prices[leg])
            self.prices = (*self.prices[:leg], moved, *self.prices[leg + 1 :])
            self.seen["prices"] += 1
        else:
            owner = self.rng.choice(list(accounts))
            self.close(owner, accounts[owner])

    def open(self) -> None:
        """Somebody of any size: far under water, safe, or within two base units of what decides."""
        amounts = [int(10 ** self.rng.uniform(2, 24)) for _ in self.prices]
        if len(amounts) > 1 and self.rng.random() < 0.3:
            amounts[self.rng.randrange(len(amounts))] = 0
        terms = zip(amounts, self.prices, self.rule.terms, strict=True)
        line = sum(amount * price * it.threshold // PRICE_SCALE // WAD for amount, price, it in terms)
        near = self.rng.choice((1, 100 / 95)) * line + self.rng.randint(-2, 2)
        debt = min(int(self.rng.choice((near, line * self.rng.uniform(0.9, 1.6)))), 10**24)
        if debt > 0:
            self.opened += 1
            owner = made_up(f"owner {self.opened}")
            self.chain.open(owner, amounts, debt)
            self.rule.open(owner, amounts, debt)
            self.seen["opened"] += 1

    def close(self, owner: str, account: Account) -> None:
        """What a liquidator asks for, of both."""
        self.chain.set_prices(self.prices)
        expected, done = self.ask(owner, account)
        if isinstance(expected, Close):
            kept = expected.kept or (0,) * len(self.prices)
            assert done == Done(expected.paid, expected.got, kept)
            account.debt -= expected.ended
            account.amounts = [
                have - gone for have, gone in zip(account.amounts, expected.seized, strict=True)
            ]
            self.rule.carry_out(expected)
            self.seen["booked" if expected.lost else "closed"] += 1
        else:
            assert done == expected
            self.seen[expected] += 1
        assert self.chain.state(owner) == State(tuple(account.amounts), account.debt)
        is_over = not account.debt or not any(account.amounts)
        if is_over or (isinstance(expected, str) and self.rng.random() < 0.3):
            self.seen["ended"] += is_over
            del self.rule.accounts[owner]

    def ask(self, owner: str, account: Account) -> tuple[Close | str, Done | str]:
        """What the rule says, a close or a refusal, and what the bytecode does."""
        raise NotImplementedError


class Aave(Lockstep):
    def ask(self, owner: str, account: Account) -> tuple[Close | str, Done | str]:
        leg = self.rng.randrange(len(self.prices))
        asked = amount(self.rng, account.debt)
        done = self.chain.liquidate(owner, leg, asked)
        if not self.rule.is_liquidatable(account, self.prices):
            return HEALTHY, done
        if not account.amounts[leg]:
            return NO_COLLATERAL, done
        most = self.rule.most(account, self.prices, leg)
        return self.rule.close(account, self.prices, min(asked, most), leg) or NOTHING, done


class Morpho(Lockstep):
    def ask(self, owner: str, account: Account) -> tuple[Close | str, Done | str]:
        (price,), (held,) = self.prices, account.amounts
        if self.rng.random() < 0.5:
            asked = amount(self.rng, held)
            done = self.chain.liquidate(owner, asked, 0)
            close = self.rule.taking(account, price, asked)
        else:
            asked = amount(self.rng, account.debt)
            done = self.chain.liquidate(owner, 0, asked * SHARES)
            close = self.rule.repaying(account, price, asked)
        if not asked:
            return MORPHO_ZERO, done
        if not self.rule.is_liquidatable(account, self.prices):
            return MORPHO_HEALTHY, done
        return close or PANIC, done


def aave(rng: Random, legs: int) -> Lockstep:
    """A market with parameters within Aave's bounds."""
    digits = (rng.choice((6, 18)), *(rng.choice((6, 8, 18)) for _ in range(legs)))
    terms, bonuses = [], []
    for _ in range(legs):
        threshold = rng.randint(1_000, 9_500)
        bonus = rng.randint(ALL + 1, min(12_000, ALL * ALL // threshold))
        terms.append(Terms(rng.randint(1, threshold) * BASIS_POINT, threshold * BASIS_POINT))
        bonuses.append(bonus)
    rule = AaveV30(terms, bonuses, rng.choice((0, 1_000, rng.randint(0, ALL))))
    rule.dollar = 10 ** digits[0] // rng.choice((1, 2_000))
    return Aave(rule, OnAave(rule, digits), rng, digits)


def morpho(rng: Random) -> Lockstep:
    """A market with any limit."""
    digits = (18, 18)
    rule = MorphoBlue(rng.randrange(WAD // 10, WAD))
    rule.dollar = 10 ** digits[0]
    return Morpho(rule, OnMorpho(rule, digits), rng, digits)


MARKETS: dict[str, tuple[Callable[[Random], Lockstep], set[str]]] = {
    "aave-v3.0": (lambda rng: aave(rng, 1), {HEALTHY, NOTHING, "closed", "ended"}),
    "aave-v3.0, several": (lambda rng: aave(rng, 4), {HEALTHY, NO_COLLATERAL, NOTHING, "closed", "ended"}),
    "morpho-blue": (morpho, {MORPHO_HEALTHY, MORPHO_ZERO, PANIC, "closed", "booked", "ended"}),
}


@pytest.mark.parametrize("name", MARKETS)
def test_rule_and_bytecode_do_the_same(name: str) -> None:
    """Paid, taken, kept, written off, what is left, and why a close is refused."""
    make, kinds = MARKETS[name]
    seen: Counter[str] = Counter()
    for number in range(-(-STEPS // OF_A_MARKET)):
        market = make(Random(f"{FIRST_SEED} {name} {number}"))
        for _ in range(OF_A_MARKET):
            market.step()
        for owner, account in market.rule.accounts.items():
            assert market.chain.state(owner) == State(tuple(account.amounts), account.debt)
        if isinstance(market.chain, OnMorpho):
            assert market.chain.written_off() == market.rule.book.lost
        seen += market.seen
    print(name, dict(seen))
    assert all(seen[kind] > STEPS // 200 for kind in kinds), seen


def sides(monkeypatch: pytest.MonkeyPatch) -> list[Beside]:
    """The rules that are made from now on, each beside its bytecode."""
    found: list[Beside] = []

    def both(name: str, scenario: Scenario, vault: int, *, deployed: bool = False) -> Beside:
        digits = [it.collateral.decimals for it in scenario.vaults[vault].collaterals]
        rule = made(name, scenario, vault, deployed=deployed)
        found.append(Beside(rule, (scenario.pool.loan.decimals, *digits)))
        return found[-1]

    monkeypatch.setattr(study, "made", both)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["aave-v3.0", "morpho-blue"])
def test_every_close_of_a_scenario_is_the_bytecodes(
    name: str, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, found = load(scenario), sides(monkeypatch)
    try:
        study.outcomes(config, name)
    except study.Unplayable as refused:
        assert str(refused).startswith(f"{name} has markets of one collateral")
        return
    for side in found:
        side.assert_same()
    closes = sum(side.closes for side in found)
    print(name, scenario.stem, closes)
    assert (closes == 0) == (scenario.stem in QUIET)
