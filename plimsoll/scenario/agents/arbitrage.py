"""Who pulls a DEX to the outside price."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isqrt
from typing import NamedTuple

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.blockspace import GAS
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.sides import Side
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.uniswap_v2 import amount_out
from plimsoll.units import MAX, PRICE_SCALE

BID = 1
ARBITRAGE = "arbitrage"  # what arbitrageurs' transactions are for


def pull(reserves: tuple[int, int], price: int, capital: int) -> tuple[bool, int]:
    """The swap that leaves a pair at a price, give or take the fee.

    Args:
        reserves: of the pair's first and second token, base units.
        price: of the first in the second elsewhere, 1e36.
        capital: base units of the second token that are swapped at most, or their worth.

    Returns:
        Whether the first token is sold; how much comes in of what is sold, 0 for no swap.
    """
    there, paid = reserves
    sells = paid * PRICE_SCALE > price * there  # the first token costs more on the DEX
    if sells:
        held, other, limit = there, paid * PRICE_SCALE // price, capital * PRICE_SCALE // price
    else:
        held, other, limit = paid, there * price // PRICE_SCALE, capital
    if (other - held) * 1000 < held * 4:  # nothing beyond the fee
        return sells, 0
    return sells, max(0, min(isqrt(held * other) - held, limit))


class Pair(NamedTuple):
    """A pair, and what its first token costs outside in its second one, 1e36."""

    address: str
    tokens: tuple[Side, Side]
    price: Callable[[View], int]


class Arbitrageur:
    """Pulls a pair to the outside price, as far as its capital goes in a block."""

    def __init__(self, name: str, leg: Leg, pair: Pair, capital: int) -> None:
        """An arbitrageur who can trade elsewhere at the outside price.

        Args:
            name: of the agent.
            leg: the collateral; while it is halted nothing is traded.
            pair: the pair.
            capital: base units of its second token, a block.
        """
        self.name = name
        self.address = made_up(name)
        self._leg = leg
        self._pair = pair
        self._capital = capital

    def funding(self, world: World) -> Iterable[Action]:
        """Approvals."""
        assert world.router
        for token in self._pair.tokens[::-1]:
            yield world.act(self.address, token, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """One swap that leaves the pair at the outside price, give or take the fee."""
        if self._leg.is_halted:
            return
        (base, quote), price = self._pair.tokens, self._pair.price(view)
        there, paid = (token.model.balance_of(self._pair.address) for token in (base, quote))
        sells, amount = pull((there, paid), price, self._capital)
        if not amount:
            return
        token, other_token = (base, quote) if sells else (quote, base)
        held = there if sells else paid
        if quote is view.world.loan and view.fees.ether:
            bought = amount_out(amount, (held, paid if token is base else there))
            sold = amount * price // PRICE_SCALE if token is base else amount
            gain = (bought if token is base else bought * price // PRICE_SCALE) - sold
            if gain * PRICE_SCALE <= view.fees.price(BID) * GAS["swapExactTokensForTokens"]:
                return
        path = [token.contract.address, other_token.contract.address]
        yield view.world.mint(token, self.address, amount)
        yield view.world.swap_along(path, self.address, amount, bid=BID, label=ARBITRAGE)

    def record(self, _view: View) -> dict[str, int | float]:
        """Nothing."""
        return {}


def arbitrageurs(world: World, leg: Leg) -> Iterator[Arbitrageur]:
    """Those of a collateral: of its pair, and of the two of its detour."""
    dex, between = leg.config.dex, leg.between
    if not dex:
        return
    assert leg.pair

    def outside(view: View) -> int:
        return view.outside_price(leg.number)

    if dex.arbitrage:
        direct = Pair(leg.pair, (leg.collateral, world.loan), outside)
        yield Arbitrageur(f"arbitrageur {leg.number}", leg, direct, world.loan_units(dex.arbitrage))
    if between and dex.detour and dex.detour.arbitrage:
        capital, token = world.loan_units(dex.detour.arbitrage), between.token
        legs = (
            Pair(
                between.pairs[0], (leg.collateral, token),
                lambda view: outside(view) * PRICE_SCALE // between.price,
            ),
            Pair(between.pairs[1], (token, world.loan), lambda _view: between.price),
        )  # fmt: skip
        limits = capital * PRICE_SCALE // between.price, capital
        for place, (pair, limit) in enumerate(zip(legs, limits, strict=True)):
            yield Arbitrageur(f"arbitrageur {leg.number} {'ab'[place]}", leg, pair, limit)
