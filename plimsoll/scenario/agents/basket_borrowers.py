"""Borrowers of a basket who act before they are liquidated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plimsoll.scenario.agents.borrowers import BorrowerGroup, least_sale
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.liquidation import ceil_div
from plimsoll.twin.slices import value_down, worth_of
from plimsoll.twin.uniswap_v2 import amount_in
from plimsoll.units import WAD


class BasketBorrowers(BorrowerGroup):
    """Those of a basket.

    Who tops up adds to every leg in proportion, so that the mix stays, as far as tokens move and the wallet
    has some. Who unwinds sells one leg: of those with a DEX the most valuable that suffices.
    """

    ranking_of = BasketsByHealth
    ranking: BasketsByHealth

    def falling(self, prices: Sequence[int]) -> Iterable[str]:
        """Whose health is below what they act at, or just above."""
        return self.ranking.below(float(self.behaviour.below), prices)

    def weight(self, owner: str, prices: Sequence[int]) -> int:
        """What somebody's collateral counts for in health, base units of the loan asset."""
        return worth_of(self.model.amounts_of(owner), prices, self.model.legs).high_weight // WAD

    def top_up(
        self, world: World, owner: str, prices: Sequence[int], debt: int, weight: int
    ) -> Iterable[Action]:
        """Collateral out of the wallet."""
        held, wallet = self.model.amounts_of(owner), self.wallets[owner]
        legs = [
            place
            for place, leg in enumerate(self.market.legs)
            if held[place] and wallet[place] and not leg.is_halted
        ]
        backed = sum(value_down(held[each], prices[each]) * self.model.legs[each].threshold for each in legs)
        if not backed:
            return
        missing = (debt * self.to // WAD - weight) * WAD
        for place in legs:
            amount = min(ceil_div(held[place] * missing, backed), wallet[place])
            wallet[place] -= amount
            yield world.mint(self.market.legs[place].collateral, owner, amount)
            yield world.act(owner, self.market.vault, "deposit", place, amount, owner, label="top up")

    def unwind(
        self, world: World, owner: str, prices: Sequence[int], debt: int, _weight: int
    ) -> Iterable[Action]:
        """Collateral that is sold to repay."""
        held = self.model.amounts_of(owner)
        by_value = sorted(range(len(held)), key=lambda place: -value_down(held[place], prices[place]))
        for place in by_value:
            leg = self.market.legs[place]
            if not held[place] or not leg.pair or leg.is_halted:
                continue
            repayment = self._sale(world, leg, place, held, prices, debt)
            if repayment is not None:
                yield world.unwind_leg(self.market, place, owner, repayment)
                return

    def _sale(
        self, world: World, leg: Leg, place: int, held: Sequence[int], prices: Sequence[int], debt: int
    ) -> int | None:
        """What selling of one leg has to repay; None if it does not suffice."""
        reserves = world.reserves(leg)

        def suffices(amount: int) -> bool:
            """Whether selling for `amount` leaves the health that is wanted, silent legs at nothing.

            Then the basket's loan-to-value allows it, since `to` is at least threshold / ltv.
            """
            if amount >= reserves[1] or (sold := amount_in(amount, reserves)) > held[place]:
                return False
            left = [*held[:place], held[place] - sold, *held[place + 1 :]]
            weight: int = worth_of(left, prices, self.model.legs).low_weight
            return weight >= (debt - amount) * self.to

        return least_sale(debt, suffices)
