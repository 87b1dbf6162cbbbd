"""Several collaterals behind one debt: a basket of ours beside as many collaterals of an account at Aave.

What is measured is done by people who hold all collaterals, each worth the same, in steady state. Two stories
tell of a position whose second collateral is junk: a little that nobody sells, or whose feed is silent.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bench.peers.aave_v3 import NO_REFERRAL, VARIABLE, AaveV3
from bench.peers.ground import BORROWER, FORTUNE, QUOTE, TRANSFER, Call, Ground, Leg, person
from bench.peers.operations import (
    BAD_QUOTE,
    BORROWED,
    DEPOSITED,
    LOCKED,
    OWED,
    PART,
    PART_QUOTE,
    RELEASED,
)
from bench.peers.ours import Basket
from plimsoll.chain.engine import CallReverted, undone
from plimsoll.units import HOUR, MAX, WAD

COUNTS = (2, 4, 8)
DUST = 13 * WAD // 1_000  # of the junk: 26 loan tokens, what a basket takes of a new leg at least
FALL = (PART_QUOTE, 1_600, 1_450, BAD_QUOTE)  # of the collateral's price, while the junk's feed is silent
REVERTS = "0x5f5ffd"  # code of a feed that is silent
KEEPER = person("keeper of several")


class Market(Protocol):
    """A market with several collaterals; every method builds the call that a person would send."""

    spenders: tuple[str, ...]  # what people have to approve

    def supply(self, who: str, amount: int) -> Call:
        """Lends `amount`."""

    def deposit(self, who: str, leg: int, amount: int, owner: str) -> Call:
        """Locks `amount` of a collateral for `owner`."""

    def withdraw(self, who: str, leg: int, amount: int) -> Call:
        """Releases `amount` of a collateral."""

    def borrow(self, who: str, amount: int) -> Call:
        """Borrows `amount`."""

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        """Repays up to `repaid` of `owner`'s debt, as much as one call does."""

    def leave_junk(self, who: str, owner: str) -> Call:
        """Takes all of the first collateral and nothing of the second."""

    def close(self, who: str, owner: str) -> list[Call]:
        """All calls that take every collateral."""

    def debt(self, owner: str) -> int:
        """What `owner` owes."""

    def held(self, owner: str) -> list[int]:
        """What `owner` has locked, of each collateral."""

    def lent(self) -> int:
        """What lenders are owed by the books."""


class AaveAccount(AaveV3):
    """Aave with as many collaterals as there are legs."""

    def __init__(self, ground: Ground, legs: Sequence[Leg]) -> None:
        """Deploys it."""
        super().__init__(ground, legs)
        self.legs = [leg.token for leg in legs]
        self.claims, *self.receipts = (
            ground.deployer.at("PlainToken", self.pool.call("getReserveData", token.address)[8])
            for token in (ground.loan, *self.legs)
        )

    def deposit(self, who: str, leg: int, amount: int, owner: str) -> Call:
        parts = (self.legs[leg].address, amount, owner, NO_REFERRAL)
        return Call.of(self.pool, "supply", *parts, sender=who)

    def withdraw(self, who: str, leg: int, amount: int) -> Call:
        return Call.of(self.pool, "withdraw", self.legs[leg].address, amount, who, sender=who)

    def borrow(self, who: str, amount: int) -> Call:
        return Call.of(self.pool, "borrow", self.loan, amount, VARIABLE, NO_REFERRAL, who, sender=who)

    def take(self, who: str, owner: str, leg: int, repaid: int) -> Call:
        """Repays up to `repaid` for one collateral."""
        parts = (self.legs[leg].address, self.loan, owner, repaid, False)
        return Call.of(self.pool, "liquidationCall", *parts, sender=who)

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        return self.take(who, owner, 0, repaid)

    def leave_junk(self, who: str, owner: str) -> Call:
        return self.take(who, owner, 0, MAX)

    def close(self, who: str, owner: str) -> list[Call]:
        return [self.take(who, owner, leg, MAX) for leg in range(len(self.legs))]

    def close_at_once(self, who: str, owner: str) -> Call:
        """By the helper, in one transaction."""
        return Call.of(
            self._helper, "liquidate_all_of", owner, [leg.address for leg in self.legs], sender=who
        )

    def held(self, owner: str) -> list[int]:
        return [int(receipt.call("balanceOf", owner)) for receipt in self.receipts]

    def lent(self) -> int:
        return int(self.claims.call("totalSupply"))


def measure(ground: Ground, market: Market, legs: Sequence[Leg]) -> dict[str, int]:
    """The second use of everything: gas, with what the liquidation and the whole closing have done."""
    play, figures = _Play(ground, market, legs), {}
    for leg in range(len(legs)):
        ground.run(market.deposit(BORROWER, leg, DEPOSITED, BORROWER))
    calls = {
        "deposit": lambda: market.deposit(BORROWER, 0, DEPOSITED, BORROWER),
        "borrow": lambda: market.borrow(BORROWER, BORROWED),
        "withdraw": lambda: market.withdraw(BORROWER, 0, RELEASED),
    }
    for name, build in calls.items():
        for _ in range(2):
            figures[name] = play.gas(build())
    for use in range(2):
        owner = play.even(f"part {use}", PART_QUOTE)
        figures["liquidate"] = play.gas(market.liquidate(KEEPER, owner, PART))
        figures["paid"] = play.paid()
    for use in range(2):
        owner = play.even(f"bad {use}", BAD_QUOTE)
        calls_to_close = market.close(KEEPER, owner)
        figures["close"] = sum(map(play.gas, calls_to_close))
        figures["calls"] = len(calls_to_close)
        assert not any(market.held(owner)), "there is collateral left"
        figures["debt_left"] = market.debt(owner)
    if isinstance(market, AaveAccount):
        for leg in legs:
            ground.give(leg.token, market.helper, WAD)
        owner = play.even("at once", BAD_QUOTE)
        figures["close_at_once"] = play.gas(market.close_at_once(KEEPER, owner))
        assert not any(market.held(owner)), "there is collateral left"
    return figures


def dust(ground: Ground, market: Market, legs: Sequence[Leg]) -> dict[str, Any]:
    """The collateral falls below the debt, beside dust of a junk that keeps its price: what stays."""
    owner = _Play(ground, market, legs).position(person("dust"), [LOCKED, DUST])
    legs[0].set_price(BAD_QUOTE)
    found: dict[str, Any] = {}
    for name, calls in (
        ("without_junk", [market.leave_junk(KEEPER, owner)]),
        ("with_junk", market.close(KEEPER, owner)),
    ):
        with undone(ground.engine):
            lent = market.lent()
            for call in calls:
                ground.run(call)
            found[name] = {
                "calls": len(calls),
                "debt": market.debt(owner),
                "held": market.held(owner),
                "booked": max(0, lent - market.lent()),
            }
            found[name]["again"] = _refusal(ground, market.close(KEEPER, owner)[-1])
    return found


def silence(
    ground: Ground, market: Market, legs: Sequence[Leg], fall: Sequence[int] = FALL
) -> list[dict[str, Any]]:
    """The junk's feed is silent while the collateral falls step by step: what liquidators can do at each."""
    owner = _Play(ground, market, legs).position(person("silence"), [LOCKED, DUST])
    ground.engine.request("anvil_setCode", legs[1].feed.address, REVERTS)
    steps = []
    for quote in fall:
        legs[0].set_price(quote)
        refusal = _refusal(ground, market.liquidate(KEEPER, owner, MAX))
        step = {"quote": quote, "refusal": refusal, "debt": market.debt(owner), "held": market.held(owner)}
        steps.append(step)
    return steps


def _refusal(ground: Ground, call: Call) -> str | None:
    """Sends a call; the reason if it is refused."""
    try:
        ground.run(call)
    except CallReverted as refused:
        return refused.reason or "reverted without a reason"
    return None


def run(ground: Ground) -> dict[str, Any]:
    """Both markets with every number of collaterals, and what is left of a position with junk."""
    markets = {"plimsoll": Basket, "aave_v3": AaveAccount}

    def each(count: int, tell: Callable[[Ground, Any, Sequence[Leg]], Any]) -> dict[str, Any]:
        told = {}
        for name, market in markets.items():
            with undone(ground.engine):
                legs = ground.legs(count)
                told[name] = tell(ground, market(ground, legs), legs)
        return told

    return {
        "gas": {str(count): each(count, measure) for count in COUNTS},
        "dust": each(2, dust),
        "silence": each(2, silence),
    }


class _Play:
    """People and positions on one market."""

    def __init__(self, ground: Ground, market: Market, legs: Sequence[Leg]) -> None:
        """Everybody has tokens and allowances; somebody has lent."""
        self.ground, self.market, self.legs = ground, market, legs
        tokens = [ground.loan, *(leg.token for leg in legs)]
        for who in (BORROWER, KEEPER):
            for token in tokens:
                ground.give(token, who, FORTUNE)
                for spender in market.spenders:
                    token.send("approve", spender, MAX, sender=who)
        ground.run(market.supply(KEEPER, 10**7 * WAD))

    def gas(self, call: Call) -> int:
        """Of a call an hour after the last."""
        self.ground.engine.advance(HOUR)
        self.ground.run(call)
        return self.ground.engine.gas_used

    def paid(self) -> int:
        """What the last transaction has moved of the loan asset."""
        loan = self.ground.loan.address.lower()
        return sum(
            int.from_bytes(log.data, "big")
            for log in self.ground.engine.logs()
            if log.address == loan and log.topics[0] == TRANSFER
        )

    def set_prices(self, quote: int) -> None:
        """Of all collaterals."""
        for leg in self.legs:
            leg.set_price(quote)

    def position(self, owner: str, amounts: Sequence[int]) -> str:
        """A new owner with amounts of the collaterals and debt; the prices are the first ones again."""
        self.set_prices(QUOTE)
        for leg, amount in enumerate(amounts):
            self.ground.run(self.market.deposit(BORROWER, leg, amount, owner))
        self.ground.run(self.market.borrow(owner, OWED))
        return owner

    def even(self, name: str, quote: int) -> str:
        """A new owner with as much of each collateral; then all prices fall."""
        count = len(self.legs)
        owner = self.position(person(f"{name} {count}"), [LOCKED // count] * count)
        self.set_prices(quote)
        return owner
