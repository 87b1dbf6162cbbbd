"""A36: whoever was borrower, liquidator and liquidity of the same market at once took from the others (Ajna).

Here one person in every part, with shares, stake and a pair of their own, has no more after any order.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Chain, Contract
from plimsoll.testing.engines import in_process
from plimsoll.testing.roles import BORROWER, DEPLOYER, LIQUIDATOR, STRANGER, role
from plimsoll.twin.chain import Revert
from plimsoll.units import DAY, MAX, WAD, order
from tests.utils.baskets import BasketPlace, small_place
from tests.utils.periphery import LENDER, Market, PeripheryMarket

# one person's accounts
OWNER, KEEPER, SAVER, JUNIOR, DEX = POCKETS = tuple(map(role, range(70, 75)))
STEPS = 40


@dataclass
class Person:
    """Everything that one person has in a market, and what they can do with it."""

    venue: PeripheryMarket
    market: Market
    random: Random

    @property
    def backstop(self) -> Contract:
        return self.venue.chain.at("Backstop", self.market.pool.backstop())

    @property
    def pair(self) -> str:
        return str(self.venue.uniswap.getPair(self.market.loan, self.market.collateral))

    def provide(self) -> None:
        """Tokens and approvals; all of the pair's liquidity; a loan, shares and a stake."""
        market, venue = self.market, self.venue
        for who in POCKETS:
            market.loan.mint(who, 10**12, sender=DEPLOYER)
            venue.give(market.collateral, who, 1_000 * WAD)
            for token, spenders in (
                (market.loan, (market.pool, market.vault, venue.liquidator, venue.router)),
                (market.collateral, (market.vault, venue.leverage, venue.router)),
                (market.pool, (self.backstop,)),
            ):
                for spender in spenders:
                    token.approve(spender, MAX, sender=who)
        market.pool.deposit(300_000 * 10**6, SAVER, sender=SAVER)
        market.pool.deposit(50_000 * 10**6, JUNIOR, sender=JUNIOR)
        self.backstop.deposit(50_000 * 10**9, JUNIOR, sender=JUNIOR)
        market.vault.open(100 * WAD, 155_000 * 10**6, sender=OWNER)

    def holds(self) -> tuple[int, int]:
        """In all pockets, position, shares, stake and pair: loan asset (debts rounded up), collateral."""
        market, bs = self.market, self.backstop
        loan = sum(market.loan.balanceOf(who) for who in (*POCKETS, self.pair))
        collateral = sum(market.collateral.balanceOf(who) for who in (*POCKETS, self.pair))
        shares = sum(market.pool.balanceOf(who) for who in POCKETS)
        shares += sum(bs.convertToAssets(bs.balanceOf(who)) for who in POCKETS) + bs.books().escrow.assets
        for who in POCKETS:
            loan -= market.vault.debt_of(who)
            collateral += market.vault.position_of(who)[0]
        return loan + market.pool.convertToAssets(shares), collateral

    def steps(self) -> list[tuple[Any, ...]]:
        """Things to do: a method, its arguments, and by whom."""
        market, venue, random = self.market, self.venue, self.random
        pool, vault, bs = market.pool, market.vault, self.backstop
        debt, part = vault.debt_of(OWNER), random.random()
        path = [market.collateral, market.loan]
        return [
            (vault.liquidate, OWNER, int(debt * part) + 1, 0, KEEPER, KEEPER),
            (vault.liquidate, OWNER, MAX, 0, OWNER, OWNER),
            (vault.liquidate_batch, [order(OWNER, int(debt * part)), order(OWNER)], 0, SAVER, SAVER),
            (venue.liquidator.liquidate, vault, OWNER, int(debt * part), path, 0, DEX, KEEPER),
            (venue.liquidator.liquidate_with_funds, vault, [order(OWNER)], 0, JUNIOR, KEEPER),
            (vault.repay, int(debt * part) + 1, OWNER, KEEPER),
            (vault.borrow, MAX, OWNER, OWNER, OWNER),
            (vault.borrow, int(10**10 * part), DEX, OWNER, OWNER),
            (vault.withdraw, MAX, OWNER, OWNER, OWNER),
            (vault.deposit, int(50 * WAD * part), OWNER, DEX),
            (vault.close, int(debt * part), MAX, KEEPER, OWNER, OWNER),
            (vault.poke, OWNER, KEEPER),
            (pool.deposit, int(10**11 * part), SAVER, SAVER),
            (pool.exit, MAX if part < 0.3 else int(10**14 * part), 0, SAVER, SAVER, SAVER),
            (bs.deposit, int(10**13 * part), JUNIOR, SAVER),
            (bs.request, int(bs.balanceOf(JUNIOR) * part), JUNIOR),
            (bs.leave, bs.departure_of(JUNIOR).shares, 0, JUNIOR, JUNIOR, JUNIOR),
            (bs.cancel, JUNIOR, JUNIOR),
            (venue.router.swapExactTokensForTokens, int(10**11 * part), 0, path[::-1], DEX, MAX, DEX),
            (venue.router.swapExactTokensForTokens, int(50 * WAD * part), 0, path, DEX, MAX, DEX),
        ]


def play(person: Person, lowest: int, wait: bool) -> int:
    """Random steps at random prices of at least `lowest`; how many went through."""
    done = 0
    for _ in range(STEPS):
        if person.random.random() < 0.5:
            person.market.set_quote(person.random.randint(lowest, 2_000))
        if wait and person.random.random() < 0.3:
            person.venue.chain.advance(person.random.choice((1, 3_600, DAY, 14 * DAY)))
        method, *arguments, sender = person.random.choice(person.steps())
        try:
            method(*arguments, sender=sender)
            done += 1
        except CallReverted:
            pass
    return done


def person_in(seed: int, others: int) -> Person:
    """In a pool in which others lend so much."""
    venue = PeripheryMarket(Chain(in_process(), DEPLOYER))
    market = venue.market(venue.usd, venue.make("PlainToken", "C", "C", 18), 2_000)
    market.pool.exit(MAX, 0, LENDER, LENDER, sender=LENDER)
    if others:
        market.pool.deposit(others * 10**6, LENDER, sender=LENDER)
    person = Person(venue, market, Random(seed))
    venue.provide(market.loan, 2 * 10**12, market.collateral, 1_000 * WAD)
    person.provide()
    return person


@pytest.mark.parametrize("seed", range(12))
def test_a36_alone_in_every_part(seed):
    """Lender, staker, borrower, liquidator and exchange: at any prices all pockets together gain nothing."""
    person = person_in(seed, others=0)
    loan, collateral = person.holds()
    assert play(person, lowest=200, wait=True) > STEPS // 5
    after, same = person.holds()
    assert same == collateral
    assert after <= loan + 1  # the virtual base unit of the share price


@pytest.mark.parametrize("seed", range(12))
def test_a36_among_others_while_nobody_is_in_shortfall(seed):
    """Others lend a million: at prices at which every close is restorable nothing is theirs to take.

    What a person pays in interest goes to all lenders; it is not theirs alone, and never comes back as more.
    """
    person = person_in(seed, others=1_000_000)
    loan, collateral = person.holds()
    pool = person.market.pool
    theirs = pool.convertToAssets(pool.balanceOf(LENDER))
    assert play(person, lowest=1_650, wait=True) > STEPS // 5
    after, same = person.holds()
    assert same == collateral
    assert after <= loan
    assert pool.convertToAssets(pool.balanceOf(LENDER)) >= theirs


@pytest.mark.parametrize("seed", range(12))
def test_a36_a_shortfall_gives_what_it_gives_to_anybody(seed):
    """At any prices others lose what is booked and no more, and that is all that a person can gain.

    The loss of a close is debt less the price of the whole, whoever makes it and in whatever parts; see A7.
    """
    person = person_in(seed, others=1_000_000)
    pool, vault = person.market.pool, person.market.vault
    loan, collateral = person.holds()
    theirs = pool.convertToAssets(pool.balanceOf(LENDER))
    assert play(person, lowest=200, wait=False) > STEPS // 5
    after, same = person.holds()
    assert same == collateral
    lost = theirs - pool.convertToAssets(pool.balanceOf(LENDER))  # provisions included
    assert after - loan <= lost + 2
    assert lost <= pool.losses(vault) + pool.provisions() + 2


# ------------------------------------------------------------------------------------------- in a basket

PERSON = (BORROWER, LIQUIDATOR, STRANGER)  # one person's accounts: owner, liquidator, lender


def pockets(place: BasketPlace) -> tuple[int, list[int]]:
    """All that the person has: loan asset, shares counted and debts rounded up; each leg."""
    pool = place.pool
    loan = sum(place.loan.balanceOf(who) - place.debt(who) for who in PERSON)
    legs = [
        sum(token.balanceOf(who) + place.position(who)[0][leg] for who in PERSON)
        for leg, token in enumerate(place.tokens)
    ]
    return loan + pool.convertToAssets(sum(pool.balanceOf(who) for who in PERSON)), legs


def play_in_a_basket(place: BasketPlace, random: Random, lowest: int, steps: int = 30) -> int:
    """The person does what it likes, at such prices, leg by leg; how many steps went through."""
    done, top = 0, place.loans(40_000)
    for _ in range(steps):
        leg = random.randrange(3)
        if random.random() < 0.5:
            place.set_price(leg, place.fair[leg] * random.randint(lowest, 1_000) // 1_000)
        if random.random() < 0.1:
            place.silence(leg)
        part, amount = int(top * random.random()) + 1, place.of_leg(leg, 1) // random.randint(1, 9)
        owner, keeper, saver = PERSON
        function, arguments, sender, of = random.choice(
            [
                ("liquidate", (owner, part, [], random.randrange(8), keeper), keeper, "basket"),
                ("liquidate", (owner, MAX, [], random.randrange(8), owner), owner, "basket"),
                ("liquidate", (owner, MAX, [], 0, saver), saver, "basket"),
                ("liquidate_batch", ([order(owner, part), order(owner)], [], keeper), keeper, "basket"),
                ("close", (part, leg, amount, owner, owner), owner, "basket"),
                ("open", (leg, amount, part // 9, owner, owner), owner, "basket"),
                ("repay", (part, owner), keeper, "basket"),
                ("deposit", (leg, amount, owner), keeper, "basket"),
                ("withdraw", (leg, amount, keeper, owner), owner, "basket"),
                ("poke", (owner,), saver, "basket"),
                ("deposit", (part, saver), saver, "pool"),
                ("exit", (part * 500, 0, saver, saver), saver, "pool"),
            ]
        )
        done += not isinstance(place.act(function, *arguments, sender=sender, of=of), Revert)
    return done


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("others", "lowest"), [(0, 100), (2_000_000, 620)])
def test_a36_every_part_of_a_basket_at_once(seed, others, lowest):
    """Alone in the pool at any prices, or among others while every close is restorable: nothing is gained.

    Whatever legs the person leaves out, silences or lifts, in whatever order.
    """
    place, random = small_place(supply=others), Random(seed)
    place.act("deposit", place.loans(300_000), STRANGER, sender=STRANGER, of="pool")
    place.hold(10, "0.5", 10_000)
    place.borrow(33_000)
    loan, legs = pockets(place)
    theirs = place.pool.convertToAssets(place.pool.balanceOf(LENDER))
    assert play_in_a_basket(place, random, lowest) > 6
    after, same = pockets(place)
    assert same == legs
    assert after <= loan + 1
    assert place.pool.convertToAssets(place.pool.balanceOf(LENDER)) >= theirs - 1
