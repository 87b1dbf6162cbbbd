"""A market seen from a basket: several collaterals behind one debt, amounts and prices by leg."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.chain import lens
from plimsoll.market.amounts import Amount, Amounts, Number, positive, ratio, units_of
from plimsoll.market.deployment import Token
from plimsoll.market.desk import BasketDesk, Who
from plimsoll.market.events import unpacked
from plimsoll.market.lending import START, Lending, Person, by_health, connected, figures, health
from plimsoll.market.refusals import MarketError
from plimsoll.market.results import (
    BasketClosing,
    BasketLiquidation,
    BasketPosition,
    BasketWallet,
)
from plimsoll.params import PoolParams, RiskParams
from plimsoll.strict import Strict
from plimsoll.twin import slices
from plimsoll.units import MAX, order

if TYPE_CHECKING:
    import pandas as pd

    from plimsoll.deploy import AddressBook

BATCH = 64  # positions of a batch at most
LEGS: Mapping[str, Any] = {"weth": 2_000, "wbtc": {"price": 60_000, "decimals": 8}}


class Prices(Strict):
    """The prices of a basket's legs: whole loan tokens for a whole collateral token, for liquidation."""

    __slots__ = ("_market",)
    _market: BasketMarket

    def __init__(self, market: BasketMarket) -> None:
        """The prices of a market's legs."""
        self._market = market

    def __getitem__(self, leg: str) -> Amount | None:
        """Of a leg; None: its oracle has none."""
        number = self._market.desk.number(leg)
        raw = self._market._basket().legs[number].price
        return self._market.desk.price_of(self._market.desk.legs[leg], raw) if raw else None

    def __setitem__(self, leg: str, price: Number) -> None:
        """Sets the feed of a leg."""
        desk = self._market.desk
        key = f"{desk.vault}/{desk.number(leg)}"
        desk.ground.set_price(key, Fraction(positive(price, f"the price of {leg}")))

    def __iter__(self) -> Iterator[str]:
        """The names of the legs."""
        return iter(self._market.desk.legs)

    def __len__(self) -> int:
        """How many legs there are."""
        return len(self._market.desk.legs)

    def __repr__(self) -> str:
        """All of them."""
        return ", ".join(f"{leg}: {self[leg]!r}" for leg in self)


class BasketMarket(Lending[lens.BasketPosition, BasketPosition, BasketWallet]):
    """A pool, seen from one of its baskets.

    As `Market`, which has vaults; amounts of collateral go by the names of legs, which are the symbols of
    their tokens in lower case: `{"weth": 10, "wbtc": "0.5"}`.

    Every function that does something raises `Refused` with the contract's reason. A contract takes one leg a
    call: what takes several (`open`, `top_up`, `close`) keeps those before the refusal.
    """

    __slots__ = ()
    desk: BasketDesk

    @classmethod
    def local(
        cls,
        engine: str = "revm",
        *,
        legs: Mapping[str, Any] = LEGS,
        supply: Number = 1_000_000,
        limit: Number | None = None,
        depth: Number | None = None,
        risk: str | RiskParams = "blue-chip",
        pool: PoolParams | None = None,
        loan: tuple[str, int] = ("USDC", 6),
        start: datetime | None = None,
    ) -> BasketMarket:
        """A market to play with.

        Args:
            engine: `revm`, `anvil` or `twin`, see `Market.local`.
            legs: 2 to 8 by name: whole loan tokens for a whole collateral token, or a mapping with `price`
                and any of `decimals` (18), `ltv`, `threshold` (those of `risk`) and `ceiling` (10 prices).
            supply: what "lender" supplies at first.
            limit: of the basket; without, ten times the supply.
            depth: loan tokens in a Uniswap pair of each leg; without, there is no exchange.
            risk: a preset, or what the legs have in common and the ratios of those that say none.
            pool: the pool's parameters.
            loan: symbol and decimals of the loan asset.
            start: the clock's first time; without, as `Market.local`.

        Raises:
            MarketError: an argument is wrong.
        """
        from plimsoll.market.local import basket_plan, ground_of

        asset = Token(*loan)
        raw = units_of(supply, asset.decimals, "the supply")
        most = 10 * raw if limit is None else units_of(limit, asset.decimals, "the limit")
        half = units_of(depth, asset.decimals, "the depth") if depth else None
        plan, opening = basket_plan(legs, most, half, risk, pool, asset)
        ground = ground_of(engine, plan, opening, start or START)
        market = cls(BasketDesk(ground, next(iter(plan.baskets))))
        market.supply("lender", supply)
        return market

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        engine: str = "revm",
        *,
        basket: str | None = None,
        supply: Number = 1_000_000,
        depth: Number | None = None,
        start: datetime | None = None,
    ) -> BasketMarket:
        """The market of a file, such as `local-basket-usdc.yaml`, to play with; see `Market.from_file`.

        Raises:
            DeployError: the file is missing or wrong.
            MarketError: an argument is wrong, or the file names contracts of a real network.
        """
        from plimsoll.market.local import ground_of, plan_of_file

        plan, opening = plan_of_file(path, depth)
        if not plan.baskets:
            raise MarketError(f"{path} has no basket; a vault with `legs` is one.")
        market = cls(BasketDesk(ground_of(engine, plan, opening, start or START), next(iter(plan.baskets))))
        market.supply("lender", supply)
        return market.basket(basket) if basket else market

    @classmethod
    def connect(
        cls, provider: Any = None, book: AddressBook | None = None, basket: str | None = None
    ) -> BasketMarket:
        """A market that is deployed, through ape; see `Market.connect`.

        Raises:
            MarketError: the book has no such basket, or ape is not installed.
        """
        ground, name = connected(provider, book, basket, "basket")
        return cls(BasketDesk(ground, name))

    # --------------------------------------------------------------------------------------------- prices

    @property
    def legs(self) -> tuple[str, ...]:
        """The names of the legs, in their order."""
        return tuple(self.desk.legs)

    @property
    def prices(self) -> Prices:
        """What a leg is worth: `m.prices["weth"]`, and `m.prices["weth"] = 1_750` sets its feed."""
        return Prices(self)

    # -------------------------------------------------------------------------------------------- people

    def borrower(
        self, who: Who, collateral: Mapping[str, Number], debt: Number | None = None
    ) -> Person[BasketPosition, BasketWallet]:
        """Somebody with a new loan: locks legs and borrows; without `debt` as much as goes."""
        self.open(who, collateral, debt)
        return self.person(who)

    def wallet(self, who: Who) -> BasketWallet:
        """What somebody holds outside of positions."""
        desk, owner = self.desk, self.desk.address_of(who)
        loan, *claims = self._money(owner)
        held = desk.amounts([desk.call(desk.token(leg)[0], "balanceOf", owner) for leg in self.legs])
        return BasketWallet(loan, held, *claims)

    # ----------------------------------------------------------------------------------------- borrowers

    def open(self, who: Who, collateral: Mapping[str, Number], debt: Number | None = None) -> Amount:
        """Locks legs and borrows, without `debt` as much as goes; returns what was borrowed."""
        owner = self.desk.address_of(who)
        for leg, raw in self.desk.units_of(collateral).items():
            self._deposit(owner, owner, leg, raw)
        return self.borrow(owner, debt) if debt != 0 else self.desk.loans(0)

    def top_up(self, who: Who, collateral: Mapping[str, Number], *, by: Who | None = None) -> None:
        """Locks more of some legs, for oneself or for somebody."""
        desk, owner = self.desk, self.desk.address_of(who)
        payer = desk.address_of(owner if by is None else by)
        for leg, raw in desk.units_of(collateral).items():
            self._deposit(payer, owner, leg, raw)

    def withdraw(self, who: Who, leg: str, amount: Number | None = None) -> Amount:
        """Takes some of a leg back, without an amount as much as goes; returns how much."""
        desk, owner = self.desk, self._owner(who)
        number, token = desk.number(leg), desk.legs[leg]
        raw = desk.units_or_all(amount, token, f"the {leg}")
        sent = desk.send(desk.contract, "withdraw", number, raw, owner, owner, by=owner)
        return Amount(sent, token.decimals, token.symbol)

    def close(self, who: Who) -> BasketClosing:
        """Repays everything and takes every leg back."""
        desk, owner = self.desk, self._owner(who)
        (held,) = self._found(owner)
        repaid = self.repay(owner) if held.debt_shares else desk.loans(0)
        for number, raw in enumerate(held.amounts):
            if raw:
                desk.send(desk.contract, "withdraw", number, raw, owner, owner, by=owner)
        return BasketClosing(repaid, desk.amounts(held.amounts))

    # ---------------------------------------------------------------------------------------- liquidators

    def liquidate(
        self, who: Who, repay: Number | None = None, *, without: Iterable[str] = (), by: Who = "liquidator"
    ) -> BasketLiquidation:
        """Closes an unhealthy position: the same part of every leg, or of all but those named in `without`.

        In part when `repay` says so; the collateral goes to `by`.
        """
        desk, owner, payer = self.desk, self.desk.address_of(who), self.desk.address_of(by)
        raw = desk.units_or_all(repay, desk.loan, "the repayment")
        mask = desk.mask(without)
        quote = slices.Quote(*desk.call(desk.contract, "preview_liquidate", owner, raw, mask))
        desk.provide(desk.parts.loan, payer, desk.contract, desk.ground.grown(quote.due))
        desk.send(desk.contract, "liquidate", owner, raw, [], mask, payer, b"", by=payer)
        (done,) = self._liquidations()
        return done

    def liquidate_all(self, *, by: Who = "liquidator") -> list[BasketLiquidation]:
        """Closes every unhealthy position as far as one close goes; the collateral goes to `by`."""
        desk, payer = self.desk, self.desk.address_of(by)
        owners = [each.owner for each in self.found() if each.is_liquidatable]
        done: list[BasketLiquidation] = []
        for first in range(0, len(owners), BATCH):
            quotes = {owner: self._quote(owner, MAX) for owner in owners[first : first + BATCH]}
            orders = [order(owner) for owner, quote in quotes.items() if quote.executable]
            if not orders:
                continue
            due = sum(quote.due for quote in quotes.values())
            desk.provide(desk.parts.loan, payer, desk.contract, desk.ground.grown(due))
            desk.send(desk.contract, "liquidate_batch", orders, [], payer, b"", by=payer)
            done += self._liquidations()
        return done

    def flash_liquidate(
        self,
        who: Who,
        repay: Number | None = None,
        *,
        without: Iterable[str] = (),
        by: Who = "liquidator",
        min_profit: Number = 0,
    ) -> BasketLiquidation:
        """Closes an unhealthy position without capital: each leg is sold on Uniswap in the call."""
        desk, owner, payer = self.desk, self.desk.address_of(who), self.desk.address_of(by)
        seller = self._seller()
        raw = desk.units_or_all(repay, desk.loan, "the repayment")
        least = desk.units(min_profit, desk.loan, "the profit")
        paths = [[desk.token(leg)[0].address, desk.parts.loan.address] for leg in self.legs]
        arguments = (self._address, owner, raw, desk.mask(without), paths, least, payer)
        profit = desk.send(seller, "liquidate_basket", *arguments, by=payer)
        (done,) = self._liquidations(desk.loans(profit))
        return done

    # -------------------------------------------------------------------------------------------- looking

    def positions(self) -> pd.DataFrame:
        """Every position, the least healthy first, a column a leg; floats."""
        columns = ["owner", "debt", "health", "fall", "is_liquidatable"]
        rows = []
        for it in map(self._shown, self.found()):
            held = {leg: float(it.collateral.get(leg, 0)) for leg in self.legs}
            rows.append(figures(it, columns) | held)
        return by_health(rows, [columns[0], *self.legs, *columns[1:]])

    # --------------------------------------------------------------------------------------- what would be

    def what_if(self, prices: Mapping[str, Number]) -> pd.DataFrame:
        """Every position as it would be at other prices, those of other legs as they are; floats."""
        of_close = ["paid", "health_after", "loss"]
        columns = ["owner", "debt", "value", "health", "is_liquidatable", *of_close]
        raws, legs = self._raws(prices), self._legs()
        rows = []
        for each in self.found():
            worth = slices.worth_of(each.amounts[: len(legs)], raws, legs)
            quote = self._quote(each.owner, MAX, prices=raws)
            row = {
                "owner": self.desk.name_of(each.owner),
                "debt": float(self.desk.loans(each.debt)),
                "value": float(self.desk.loans(worth.low)),
                "health": float(ratio(worth.high_weight // each.debt if each.debt else MAX)),
                "is_liquidatable": quote.liquidatable,
            }
            if quote.executable:
                row |= figures(self._close(each.owner, quote, raws), of_close)
            rows.append(row)
        return by_health(rows, columns)

    def preview_liquidation(
        self,
        who: Who,
        repay: Number | None = None,
        *,
        without: Iterable[str] = (),
        prices: Mapping[str, Number] | None = None,
    ) -> BasketLiquidation | None:
        """What `liquidate` would do, now or at other prices; None: nothing can be closed."""
        desk, owner = self.desk, self.desk.address_of(who)
        raws = self._raws(prices or {})
        most = desk.units_or_all(repay, desk.loan, "the repayment")
        quote = self._quote(owner, most, desk.mask(without), raws)
        return self._close(owner, quote, raws) if quote.executable else None

    # ------------------------------------------------------------------------------------------ internals

    def _basket(self) -> lens.BasketSummary:
        return self.desk.ground.lens.basket_summary(self._address)

    def _line(self) -> lens.CreditLine:
        return self._basket().line

    def _legs(self) -> list[slices.Leg]:
        return [slices.Leg(leg.ltv, leg.threshold, leg.ceiling) for leg in self._basket().legs]

    def _found(self, *owners: str) -> list[lens.BasketPosition]:
        return self.desk.ground.lens.basket_positions(self._address, list(owners))

    def _prices_told(self) -> str:
        return repr(self.prices)

    def _deposit(self, payer: str, owner: str, leg: str, raw: int) -> None:
        desk = self.desk
        desk.provide(desk.token(leg)[0], payer, desk.contract, raw)
        desk.send(desk.contract, "deposit", desk.number(leg), raw, owner, by=payer)

    def _raws(self, prices: Mapping[str, Number]) -> tuple[int, ...]:
        """Prices as the oracles say them, rounded down; of legs that are not named as they are."""
        raws = [leg.price for leg in self._basket().legs]
        for leg, price in prices.items():
            scale = self.desk.price_of(self.desk.legs[leg], 0).decimals if leg in self.desk.legs else 0
            raws[self.desk.number(leg)] = int(Fraction(positive(price, f"the price of {leg}")) * 10**scale)
        return tuple(raws)

    def _quote(
        self, owner: str, most: int, without: int = 0, prices: tuple[int, ...] | None = None
    ) -> slices.Quote:
        """What a close would do, computed as the contract does."""
        (held,), legs, risk = self._found(owner), self._legs(), self._basket().risk
        return slices.quote(
            held.amounts[: len(legs)], held.debt_shares, self._raws({}) if prices is None else prices, legs,
            self._totals(), most, risk, without,
        )  # fmt: skip

    def _shown(self, it: lens.BasketPosition) -> BasketPosition:
        desk = self.desk
        silent = tuple(leg for number, leg in enumerate(self.legs) if it.silent >> number & 1)
        return BasketPosition(
            desk.name_of(it.owner), desk.amounts(it.amounts), desk.loans(it.debt), desk.loans(it.value),
            ratio(it.health), desk.loans(it.power), ratio(it.liquidation_fall), silent, it.is_liquidatable,
        )  # fmt: skip

    def _prices_of(self, raws: Iterable[int]) -> Amounts:
        legs = zip(self.desk.legs.items(), raws, strict=False)
        return Amounts({leg: self.desk.price_of(token, raw) for (leg, token), raw in legs if raw})

    def _close(self, owner: str, it: slices.Quote, prices: tuple[int, ...]) -> BasketLiquidation:
        desk = self.desk
        (held,) = self._found(owner)
        asked = [price if amount else 0 for price, amount in zip(prices, held.amounts, strict=False)]
        return BasketLiquidation(
            desk.name_of(owner), desk.loans(it.paid), desk.loans(it.fee), desk.amounts(it.seized),
            desk.loans(it.extinguished), desk.loans(max(0, it.extinguished - it.paid)),
            ratio(it.health_before), ratio(it.health_after), self._prices_of(asked),
        )  # fmt: skip

    def _liquidations(self, profit: Amount | None = None) -> list[BasketLiquidation]:
        """The closes of the last transaction."""
        desk = self.desk
        return [
            BasketLiquidation(
                desk.name_of(it.owner), desk.loans(it.repaid), desk.loans(it.fee), desk.amounts(it.seized),
                desk.loans(it.extinguished), desk.loans(it.loss), health(it.health_before),
                health(it.health_after), self._prices_of(it.prices), profit,
            )
            for it in unpacked(desk.ground.last())
            if (it.contract, it.name) == (self._address, "Liquidation")
        ]  # fmt: skip
