"""What may happen to the basket at an exchange: liquidations through Liquidator, leverage in a leg."""

from typing import Any

from plimsoll.twin.chain import Revert
from plimsoll.units import MAX, WAD, order
from tests.stateful.basket_rules import NONE, BasketRules
from tests.stateful.world import BORROWERS, LEGS, LIQUIDATOR


class BasketTrades(BasketRules):
    """Rules about the basket and the periphery."""

    def sell_out_basket(self) -> None:
        """Liquidates through the Liquidator: legs are sold or sent on, or the caller pays (Y1, Y2, Y3)."""
        if self.random.random() < 0.85:
            self.fall(self.random.choice(self.debtors() or [self.take_a_loan()]))
        usual = self.world.chain["liquidator"].address if self.random.random() < 0.02 else LIQUIDATOR
        owner, receiver, without = self.sickest(), self.receiver(usual), self.left_out()
        limit = MAX if self.random.random() < 0.6 else self.amount(self.basket.debt_of(owner))
        orders = [order(each) for each in BORROWERS]
        address, choice = self.basket.address, self.random.random()
        if choice < 0.15:
            terms: tuple[Any, ...] = (owner, limit, [], without, receiver)
            self.world.act("liquidator", "liquidate_basket_with_funds", address, *terms, sender=LIQUIDATOR)
        elif choice < 0.3:
            terms = (orders, [], receiver)
            name = "liquidate_basket_batch_with_funds"
            self.world.act("liquidator", name, address, *terms, sender=LIQUIDATOR)
        else:
            least = self.amount(self.tokens(1)) if self.random.random() < 0.2 else 0
            single = choice < 0.7
            what = (owner, limit, without) if single else (orders,)
            name = "liquidate_basket" if single else "liquidate_basket_batch"
            terms = (*what, self.leg_paths(), least, receiver)
            loan = self.world.model["loan"]
            held = loan.balance_of(LIQUIDATOR)
            answer = self.world.act("liquidator", name, address, *terms, sender=LIQUIDATOR)
            if not isinstance(answer, Revert):
                profit = answer if single else answer[0]
                assert profit >= least, "Y3"
                gained = loan.balance_of(LIQUIDATOR) - held
                assert gained == (profit if receiver == LIQUIDATOR else 0), "Y2"
        self.world.venue.check()

    def leg_paths(self) -> list[list[str]]:
        """A path a leg; none for one that is sent on unsold. Rarely the wrong number of them."""
        paths = []
        for leg in range(NONE):
            locked = sum(self.basket.amounts_of(owner)[leg] for owner in BORROWERS)
            path = self.pairs(LEGS[leg], locked * self.random.choice((2, 30, 10**4)))
            paths.append(path if self.random.random() < 0.9 else [])
        return paths if self.random.random() < 0.97 else paths[1:]

    def trade_leg(self) -> None:
        """Opens or closes a leveraged position in a leg (Y1, Y2, Y3)."""
        leg, trader = self.leg(), self.sender(self.borrower())
        fair = self.world.fair[f"{LEGS[leg % NONE]}_oracle"]
        unit, deadline = self.tokens(10_000) * 10**36 // fair, self.world.engine.now
        path = self.pairs(LEGS[leg % NONE], unit * self.random.choice((1, 10, 10**4)))
        deadline -= self.random.random() < 0.05
        health = self.random.choice((0, 0, 0, WAD, 2 * WAD))
        leverage, address = self.world.model["leverage"], self.basket.address
        if self.random.random() < 0.6:
            margin, loan_margin = (
                min(self.amount(self.random.choice((0, part))), 2**100) for part in (unit, self.tokens(1_000))
            )
            debt = min(self.amount(self.tokens(self.random.choice((0, 12_000, 20_000)))), 2**94)
            route = path[::-1]
            said = self.world.ask(
                "leverage", "preview_open_leg", address, leg, margin, loan_margin, debt, route,
                model=lambda: leverage.preview_open_leg(address, leg, margin, loan_margin, debt, route),
            )  # fmt: skip
            terms: tuple[Any, ...] = (leg, margin, loan_margin, debt, route, 0, health, deadline)
            answer = self.world.act("leverage", "open_leg", address, *terms, sender=trader)
            assert isinstance(answer, Revert) or answer == said, "Y2"
        else:
            trader = self.random.choice([*self.debtors(), *self.debtors(), trader])
            leg = self.held_leg(trader)
            path = self.pairs(LEGS[leg % NONE], unit * self.random.choice((1, 10, 10**4)))
            owed, held = self.basket.debt_of(trader), self.held(trader, leg)
            repayment = min(self.amount(owed), 2**130) if self.random.random() < 0.7 else MAX
            payout = self.random.choice((0, 0, self.amount(held // 2), MAX))
            said = self.world.ask(
                "leverage", "preview_close_leg", address, leg, trader, repayment, path,
                model=lambda: leverage.preview_close_leg(address, leg, trader, repayment, path),
            )  # fmt: skip
            most = self.random.choice((MAX, MAX, unit))
            terms = (leg, repayment, payout, path, most, health, deadline)
            answer = self.world.act("leverage", "close_leg", address, *terms, sender=trader)
            if isinstance(answer, tuple):
                assert answer[:2] == said, "Y2"
                assert answer[1] <= most, "Y3"
        if not isinstance(answer, Revert) and health and self.basket.shares_of(trader):
            assert self.basket.health(trader) >= health, "Y3"
        self.world.venue.check()
