"""A market's ground on the exact twin: no chain, the same integers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from plimsoll.chain.lens import (
    BasketPosition,
    BasketSummary,
    CreditLine,
    LegSummary,
    MarginTerms,
    PoolSummary,
    Position,
    VaultSummary,
)
from plimsoll.market.deployment import (
    DEPLOYER,
    CollateralPlan,
    MarketPlan,
    Parts,
    Spoke,
    Token,
    answer_of,
    made_up,
    modelled,
)
from plimsoll.market.ground import Happening, Playground, Sending, Watch
from plimsoll.market.refusals import Refused
from plimsoll.twin import liquidation, slices
from plimsoll.twin.backstop import Backstop, Departure
from plimsoll.twin.basket import MAX_LEGS, Basket
from plimsoll.twin.chain import Chain, Revert, Snapshot
from plimsoll.twin.ledger import FLAG_OPEN
from plimsoll.twin.margin import fall_to
from plimsoll.twin.oracle import asked
from plimsoll.twin.pool import Pool
from plimsoll.twin.share_math import to_assets_up
from plimsoll.twin.vault import Vault
from plimsoll.units import FRACTION, MAX, NOBODY, WAD


def _departure(backstop: Backstop, owner: str) -> Departure:
    found = backstop.departures.get(owner, Departure())
    return found._replace(shares=backstop.departing(owner, backstop.books()))


_VIEWS: dict[str, Callable[..., Any]] = {
    "allowance": lambda model, owner, spender: model.allowances.get((owner, spender), 0),
    "balanceOf": lambda model, owner: (
        model.balances.get(owner, 0) if isinstance(model, Pool) else model.balance_of(owner)
    ),
    "debt_totals": lambda pool: pool.accrued()[1:4:2],
    "departure_of": _departure,
    "previewRedeem": lambda pool, shares: pool.exit_assets(pool.accrued(), shares),
}
"""Views of the contracts that their models have in another form."""


class OnTwin(Playground):
    """A `Ground` on the twin."""

    client = "the twin"
    watch: Watch | None = None

    def __init__(self, plan: MarketPlan, now: int) -> None:
        """Makes a market; its pool is not open."""
        super().__init__()
        self._chain = Chain(now)
        self._plan = plan
        self.parts: Parts[Any] = modelled(self._chain, plan, _addresses(plan)).parts
        self.tokens: Mapping[str, Token] = plan.tokens(self.parts)
        self.lens = TwinLens(self.parts)
        self._own = {part.address for part in (self.parts.pool, self.parts.council, self.parts.backstop)}
        self._own |= {part.address for part in self.parts.borrowers().values()}

    @property
    def now(self) -> int:
        """The time of the next transaction, seconds."""
        return self._chain.now

    def advance(self, seconds: int) -> None:
        """Lets time pass; the feeds say their answers again, those that are not silent."""
        self._chain.now += seconds
        for spoke in self.parts.collaterals().values():
            if spoke.feed is not None and not spoke.feed.silent:
                self._set_answer(spoke, self.call(spoke.feed, "answer"))

    def call(self, contract: Any, function: str, *arguments: Any) -> Any:
        """Asks a model. Raises `Refused`."""
        if function in _VIEWS:
            return self._run(lambda: _VIEWS[function](contract, *arguments))
        found = getattr(contract, _snake(function))
        return self._run(lambda: found(*arguments)) if callable(found) else found

    def send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Any:
        """Runs a transaction; returns what the function returns. Raises `Refused`."""
        it = Sending(sender, contract, function, arguments)
        if self.watch:
            self.watch.before(it)
        method = getattr(contract, _snake(function))
        first = next(iter(inspect.signature(method).parameters), "")
        callers = (sender,) if first.lstrip("_") == "caller" else ()
        self._chain.events.clear()
        answer = self._run(lambda: method(*callers, *arguments))
        self._last = [event for event in self._chain.events if event.contract in self._own]
        self._happenings += [Happening(self.now, event) for event in self._last]
        if self.watch:
            self.watch.after(it, self._last, None)
        return answer

    def give(self, token: Any, to: str, amount: int) -> None:
        """Mints what somebody lacks of a token."""
        lacks = amount - token.balance_of(to)
        if lacks > 0:
            self.send(token, "mint", to, lacks, sender=DEPLOYER)

    def set_price(self, key: str, price: Fraction) -> None:
        """Sets the price of a collateral: whole loan tokens for a whole one of its."""
        answer = answer_of(price, self._plan.feed_decimals(key))
        self._set_answer(self.parts.collaterals()[key], answer)

    def stop(self) -> None:
        """Nothing was started."""

    def _keep(self) -> Snapshot:
        return self._chain.snapshot()

    def _go_back(self, state: Snapshot) -> None:
        self._chain.revert(state)

    def _run(self, call: Callable[[], Any]) -> Any:
        try:
            return self._chain.transact(call)
        except Revert as revert:
            raise Refused(revert.reason) from None


class TwinLens:
    """What the Lens would answer, from the models; the source of each figure is `contracts/Lens.vy`."""

    def __init__(self, parts: Parts[Any]) -> None:
        """Looks at a market."""
        self._pool: Pool = parts.pool
        self._vaults: dict[str, Vault] = {spoke.vault.address: spoke.vault for spoke in parts.spokes.values()}
        baskets = [legs[0].vault for legs in parts.baskets.values()]
        self._baskets: dict[str, Basket] = {basket.address: basket for basket in baskets}

    def positions(self, vault: str, owners: Sequence[str]) -> list[Position]:
        """The positions of `owners`, in their order."""
        model = self._vaults[vault]
        price = asked(model.oracle.price)
        return [self._position(model, owner, price) for owner in owners]

    @staticmethod
    def _position(model: Vault, owner: str, price: int) -> Position:
        collateral, shares = model.position_of(owner)
        debt, terms = model.debt_of(owner), MarginTerms(*model.margin_terms(owner))
        if price == 0 or collateral * price > MAX:
            return Position(
                owner, collateral, shares, debt, terms, 0 if debt else MAX, 0, False, 0, 0, 0
            )  # fmt: skip
        value, threshold = liquidation.collateral_value(collateral, price), model.risk.threshold
        equity = value - debt
        return Position(
            owner, collateral, shares, debt, terms, liquidation.health(value, debt, threshold), price,
            liquidation.is_liquidatable(value, debt, threshold), value, equity,
            value * WAD // equity if equity > 0 else MAX,
        )  # fmt: skip

    def vault_summary(self, vault: str) -> VaultSummary:
        """A vault's parameters, credit line and prices."""
        model, pool = self._vaults[vault], self._pool
        line = self._line(vault)._replace(collateral_asset=model.collateral.address)
        return VaultSummary(
            pool.address, pool.asset.address, line, model.risk, WAD - model.risk.ltv,
            WAD - model.risk.threshold, asked(model.oracle.price), asked(model.oracle.safe_price),
        )  # fmt: skip

    def basket_positions(self, basket: str, owners: Sequence[str]) -> list[BasketPosition]:
        """The positions of `owners` in a basket, in their order."""
        return [position_in(self._baskets[basket], owner) for owner in owners]

    def basket_summary(self, basket: str) -> BasketSummary:
        """A basket's legs, their prices and its credit line."""
        model, pool = self._baskets[basket], self._pool
        legs = tuple(
            LegSummary(
                it.token.address, NOBODY, it.leg.ltv, it.leg.threshold, it.leg.ceiling,
                asked(it.oracle.price), model.safe_price(number),
            )
            for number, it in enumerate(model.collaterals)
        )  # fmt: skip
        return BasketSummary(pool.address, pool.asset.address, self._line(basket), model.risk, legs)

    def _line(self, spoke: str) -> CreditLine:
        pool, totals = self._pool, self._pool.accrued()
        limit, shares = pool.line(spoke)
        return CreditLine(
            spoke, NOBODY, NOBODY, limit, shares,
            to_assets_up(shares, totals.total_debt, totals.total_debt_shares), pool.max_draw(spoke),
            pool.losses.get(spoke, 0), pool.provision_of.get(spoke, 0),
        )  # fmt: skip

    def pool_summary(self, _pool: str) -> PoolSummary:
        """The pool's books, rates and state."""
        pool, totals = self._pool, self._pool.accrued()
        rate, used = pool.borrow_rate(), pool.utilisation()
        return PoolSummary(
            pool.asset.address, pool.council, pool.backstop, len(pool.own_vaults),
            totals.total_assets // FRACTION, totals.total_supply, -(-totals.total_debt // FRACTION),
            totals.total_debt_shares, pool.cash(), pool.reserves(), pool.provisions(), used, rate,
            rate * used // WAD * (WAD - pool.reserve_factor) // WAD, pool.rate_at_target(),
            bool(totals.flags & FLAG_OPEN), pool.paused_until if pool.is_paused(totals) else 0,
            pool.supply_cap, pool.max_deposit(), pool.draw_burst, pool.draw_refill,
        )  # fmt: skip


def position_in(basket: Basket, owner: str) -> BasketPosition:
    """A position in a basket, as the Lens says it."""
    amounts, shares = basket.position_of(owner)
    debt, prices = basket.debt_of(owner), basket.prices(owner)
    worth = slices.worth_of(amounts, prices, basket.legs)
    silent = sum(1 << leg for leg, amount in enumerate(amounts) if amount and not prices[leg])
    totals = liquidation.DebtTotals(*basket.pool.accrued()[1:4:2])
    return BasketPosition(
        owner, (*amounts, *(0,) * (MAX_LEGS - len(amounts))), shares, debt, silent, basket.health(owner),
        worth.high_weight < debt * WAD, worth.low, worth.high, worth.high_weight // WAD,
        basket.power(amounts) // WAD,
        fall_to(debt * WAD, worth.high_weight, worth.low_weight), fall_to(debt, worth.high, worth.low),
        slices.shortfall(worth.high, shares, totals, basket.risk), basket.provision_of.get(owner, 0),
    )  # fmt: skip


def _snake(name: str) -> str:
    """The twin's name of a function: `balance_of` for `balanceOf`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _addresses(plan: MarketPlan) -> Parts[str]:
    """Made up, and always the same."""

    def spoke(kind: str, name: str, key: str, it: CollateralPlan) -> Spoke[str]:
        return Spoke(
            made_up(f"{kind} {name}"), made_up(f"collateral {key}"), made_up(f"oracle {key}"),
            made_up(f"feed {key}"), made_up(f"pair {key}") if it.depth else None,
        )  # fmt: skip

    baskets = {
        name: tuple(spoke("basket", name, f"{name}/{number}", leg) for number, leg in enumerate(basket.legs))
        for name, basket in plan.baskets.items()
    }
    return Parts(
        made_up("loan asset"), made_up("pool contract"), made_up("council contract"),
        made_up("backstop contract"),
        {name: spoke("vault", name, name, it) for name, it in plan.vaults.items()},
        made_up("liquidator contract") if plan.has_exchange else None,
        made_up("leverage contract") if plan.has_exchange else None,
        baskets,
    )  # fmt: skip
