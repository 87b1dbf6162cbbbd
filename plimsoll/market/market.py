"""A market to hold in the hand: everything a user does, in whole tokens and by name."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.chain import lens
from plimsoll.market.amounts import Amount, Number, positive, ratio, units_of
from plimsoll.market.deployment import Token
from plimsoll.market.desk import Desk, Who
from plimsoll.market.events import unpacked
from plimsoll.market.lending import START, Lending, Person, by_health, connected, figures, health
from plimsoll.market.refusals import MarketError, Refused
from plimsoll.market.results import Closing, Liquidation, Position, Wallet
from plimsoll.params import PoolParams, RiskParams
from plimsoll.twin import liquidation, position
from plimsoll.twin.liquidation import DebtTotals, Quote
from plimsoll.twin.margin import terms
from plimsoll.twin.share_math import to_shares_up, to_value_up
from plimsoll.units import MAX, order

if TYPE_CHECKING:
    import pandas as pd

    from plimsoll.deploy import AddressBook

PAGE = 256  # positions of a batch at most
_USDC, _WETH = Token("USDC", 6), Token("WETH", 18)


class Market(Lending[lens.Position, Position, Wallet]):
    """A pool, seen from one of its vaults.

    Amounts go in as whole tokens (`Decimal`, `int`, `str`, or `float` as Python prints it) and come out as
    `Amount`, whose `raw` is the contract's integer. People are names, addresses or accounts; in a market to
    play with a name is an account of its own and is given the tokens that it lacks. What is not said is as
    much as goes.

    Every function that does something raises `Refused` with the contract's reason, and changes nothing then.
    """

    __slots__ = ()

    @classmethod
    def local(
        cls,
        engine: str = "revm",
        *,
        price: Number = 2_000,
        supply: Number = 1_000_000,
        limit: Number | None = None,
        depth: Number | None = None,
        risk: str | RiskParams = "blue-chip",
        pool: PoolParams | None = None,
        loan: tuple[str, int] = ("USDC", 6),
        collateral: tuple[str, int] = ("WETH", 18),
        start: datetime = START,
    ) -> Market:
        """A market to play with.

        Args:
            engine: `revm` runs the contracts in this process, `anvil` on a node of its own, `twin` is the
                exact model in Python.
            price: whole loan tokens for a whole collateral token.
            supply: what "lender" supplies at first.
            limit: of the vault; without, ten times the supply.
            depth: loan tokens in a Uniswap pair, with as much collateral; without, there is no exchange.
            risk: a preset (`blue-chip`, `correlated`, `volatile`) or the vault's parameters.
            pool: the pool's parameters.
            loan: symbol and decimals of the loan asset.
            collateral: likewise.
            start: the clock's first time.

        Raises:
            MarketError: an argument is wrong.
        """
        from plimsoll.market.local import ground_of, simple_plan

        asset, locked = Token(*loan), Token(*collateral)
        raw = units_of(supply, asset.decimals, "the supply")
        most = 10 * raw if limit is None else units_of(limit, asset.decimals, "the limit")
        half = units_of(depth, asset.decimals, "the depth") if depth else None
        plan, opening = simple_plan(price, most, half, risk, pool, asset, locked)
        market = cls(Desk(ground_of(engine, plan, opening, start), next(iter(plan.vaults))))
        market.supply("lender", supply)
        return market

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        engine: str = "revm",
        *,
        vault: str | None = None,
        supply: Number = 1_000_000,
        depth: Number | None = None,
        start: datetime = START,
    ) -> Market:
        """The market of a file as `markets/` has them, of mock tokens and feeds, to play with.

        Args:
            path: of the file, or the name of one that ships, such as `local-weth-usdc.yaml`.
            engine: see `local`.
            vault: a name in the file; without, the first. `at` gives the others.
            supply: what "lender" supplies at first.
            depth: loan tokens in a Uniswap pair of each vault; without, there are no pairs.
            start: the clock's first time.

        Raises:
            DeployError: the file is missing or wrong.
            MarketError: an argument is wrong, or the file names contracts of a real network.
        """
        from plimsoll.market.local import ground_of, plan_of_file

        plan, opening = plan_of_file(path, depth)
        if not plan.vaults:
            raise MarketError(f"{path} has no vault; add one.")
        market = cls(Desk(ground_of(engine, plan, opening, start), next(iter(plan.vaults))))
        market.supply("lender", supply)
        return market.at(vault) if vault else market

    @classmethod
    def connect(
        cls, provider: Any = None, book: AddressBook | None = None, vault: str | None = None
    ) -> Market:
        """A market that is deployed, through ape.

        Args:
            provider: ape's; without, the connected one.
            book: the address book; without, that of the network.
            vault: such as `pUSDC/weth`; without, the first of the book.

        Raises:
            MarketError: the book has no such vault, or ape is not installed.
        """
        ground, name = connected(provider, book, vault, "vault")
        return cls(Desk(ground, name))

    # --------------------------------------------------------------------------------------------- price

    @property
    def price(self) -> Amount | None:
        """Whole loan tokens for a whole collateral token, for liquidation; None: the oracle has none."""
        raw = self._vault().price
        return self.desk.price(raw) if raw else None

    @price.setter
    def price(self, price: Number) -> None:
        self.desk.ground.set_price(self.desk.vault, Fraction(positive(price, "the price")))

    # -------------------------------------------------------------------------------------------- people

    def borrower(
        self, who: Who, collateral: Number = 10, debt: Number | None = 15_000
    ) -> Person[Position, Wallet]:
        """Somebody with a new loan: locks collateral and borrows; without `debt` as much as goes."""
        self.open(who, collateral, debt)
        return self.person(who)

    def unpack(self, word: int) -> Position:
        """What a vault's `positions` says, packed in a word."""
        collateral, shares = position.unpack(word)
        return self._terms("", collateral, self._totals().assets_up(shares), self._vault().price)

    def wallet(self, who: Who) -> Wallet:
        """What somebody holds outside of positions."""
        desk, owner = self.desk, self.desk.address_of(who)
        loan, *claims = self._money(owner)
        held = desk.collaterals(desk.call(desk.spoke.collateral, "balanceOf", owner))
        return Wallet(loan, held, *claims)

    # ----------------------------------------------------------------------------------------- borrowers

    def open(self, who: Who, collateral: Number, debt: Number | None = None) -> Amount:
        """Locks collateral and borrows in one call; returns what was borrowed."""
        desk, owner = self.desk, self.desk.address_of(who)
        locked = desk.units(collateral, desk.collateral, "the collateral")
        drawn = desk.units_or_all(debt, desk.loan, "the debt")
        desk.provide(desk.spoke.collateral, owner, desk.contract, locked)
        return desk.loans(desk.send(desk.contract, "open", locked, drawn, owner, owner, by=owner))

    def top_up(self, who: Who, amount: Number, *, by: Who | None = None) -> None:
        """Locks more collateral, for oneself or for somebody."""
        desk, owner = self.desk, self.desk.address_of(who)
        payer = desk.address_of(owner if by is None else by)
        raw = desk.units(amount, desk.collateral, "the collateral")
        desk.provide(desk.spoke.collateral, payer, desk.contract, raw)
        desk.send(desk.contract, "deposit", raw, owner, by=payer)

    def withdraw(self, who: Who, amount: Number | None = None) -> Amount:
        """Takes collateral back; returns how much."""
        desk, owner = self.desk, self._owner(who)
        raw = desk.units_or_all(amount, desk.collateral, "the collateral")
        return desk.collaterals(desk.send(desk.contract, "withdraw", raw, owner, owner, by=owner))

    def close(self, who: Who, repay: Number | None = None, withdraw: Number | None = None) -> Closing:
        """Repays and takes collateral back in one call."""
        desk, owner = self.desk, self._owner(who)
        raw = desk.units_or_all(repay, desk.loan, "the repayment")
        taken = desk.units_or_all(withdraw, desk.collateral, "the collateral")
        desk.provide(desk.parts.loan, owner, desk.contract, min(raw, self._most_owed(owner)))
        paid, sent = desk.send(desk.contract, "close", raw, taken, owner, owner, by=owner)
        return Closing(desk.loans(paid), desk.collaterals(sent))

    # ---------------------------------------------------------------------------------------- liquidators

    def liquidate(self, who: Who, repay: Number | None = None, *, by: Who = "liquidator") -> Liquidation:
        """Closes an unhealthy position, in part when `repay` says so; the collateral goes to `by`."""
        desk, owner, payer = self.desk, self.desk.address_of(who), self.desk.address_of(by)
        raw = desk.units_or_all(repay, desk.loan, "the repayment")
        quote = Quote(*desk.call(desk.contract, "preview_liquidate", owner, raw))
        due = desk.ground.grown(quote.due)
        desk.provide(desk.parts.loan, payer, desk.contract, due)
        desk.send(desk.contract, "liquidate", owner, raw, 0, payer, by=payer)
        (done,) = self._liquidations()
        return done

    def liquidate_all(self, *, by: Who = "liquidator") -> list[Liquidation]:
        """Closes every unhealthy position as far as one close goes; the collateral goes to `by`."""
        desk, payer = self.desk, self.desk.address_of(by)
        orders = [order(each.owner) for each in self.found() if each.is_liquidatable]
        done: list[Liquidation] = []
        for first in range(0, len(orders), PAGE):
            batch = orders[first : first + PAGE]
            paid, fee, _, executed = desk.call(desk.contract, "preview_liquidate_batch", batch)
            if not executed:
                continue
            desk.provide(desk.parts.loan, payer, desk.contract, desk.ground.grown(paid + fee))
            desk.send(desk.contract, "liquidate_batch", batch, 0, payer, by=payer)
            done += self._liquidations()
        return done

    def flash_liquidate(
        self, who: Who, repay: Number | None = None, *, by: Who = "liquidator", min_profit: Number = 0
    ) -> Liquidation:
        """Closes an unhealthy position without capital: the collateral is sold on Uniswap in the call."""
        desk, owner, payer = self.desk, self.desk.address_of(who), self.desk.address_of(by)
        seller = self._seller()
        raw = desk.units_or_all(repay, desk.loan, "the repayment")
        least = desk.units(min_profit, desk.loan, "the profit")
        path = [desk.spoke.collateral.address, desk.parts.loan.address]
        arguments = (self._address, owner, raw, path, least, payer)
        profit = desk.send(seller, "liquidate", *arguments, by=payer)
        (done,) = self._liquidations(desk.loans(profit))
        return done

    # -------------------------------------------------------------------------------------------- looking

    def positions(self) -> pd.DataFrame:
        """Every position, the least healthy first; floats."""
        columns = ["owner", "collateral", "debt", "health", "liquidation_price", "is_liquidatable"]
        return by_health([figures(self._shown(each), columns) for each in self.found()], columns)

    # --------------------------------------------------------------------------------------- what would be

    def what_if(self, price: Number) -> pd.DataFrame:
        """Every position as it would be at another price, and what a close would do; floats."""
        raw = self._price_units(price)
        risk, totals = self._vault().risk, self._totals()
        of_position = ["owner", "collateral", "debt", "value", "health", "is_liquidatable"]
        of_close = ["paid", "seized", "health_after", "loss"]
        rows = []
        for each in self.found():
            quote = liquidation.quote(each.collateral, each.debt_shares, raw, totals, MAX, risk)
            row = figures(self._terms(each.owner, each.collateral, each.debt, raw), of_position)
            if quote.executable:
                row |= figures(self._close(each.owner, quote, raw), of_close)
            rows.append(row)
        return by_health(rows, of_position + of_close)

    def preview_open(self, who: Who, collateral: Number, debt: Number = 0) -> Position:
        """The position of somebody after they have locked and borrowed so much more."""
        desk, owner = self.desk, self.desk.address_of(who)
        (it,) = self._found(owner)
        totals = self._totals()
        shares = to_shares_up(desk.units(debt, desk.loan, "the debt"), totals.debt, totals.shares)
        drawn = to_value_up(shares, totals.debt, totals.shares)
        after = DebtTotals(totals.debt + drawn, totals.shares + shares)
        locked = it.collateral + desk.units(collateral, desk.collateral, "the collateral")
        return self._terms(owner, locked, after.assets_up(it.debt_shares + shares), self._vault().price)

    def preview_withdraw(self, who: Who, amount: Number | None = None) -> Position:
        """The position of somebody after they have taken collateral back, or all that goes."""
        desk, owner = self.desk, self.desk.address_of(who)
        (it,) = self._found(owner)
        raw = desk.units_or_all(amount, desk.collateral, "the collateral")
        if amount is None:
            raw = desk.call(desk.contract, "max_withdraw", owner)
        if raw > it.collateral:
            locked = desk.collaterals(it.collateral)
            raise MarketError(f"{desk.name_of(owner)}: only {locked!r} locked; take no more.")
        return self._terms(owner, it.collateral - raw, it.debt, self._vault().price)

    def preview_liquidation(
        self, who: Who, repay: Number | None = None, *, price: Number | None = None
    ) -> Liquidation | None:
        """What `liquidate` would do, now or at another price; None: nothing can be closed."""
        desk, owner = self.desk, self.desk.address_of(who)
        (it,) = self._found(owner)
        vault, most = self._vault(), desk.units_or_all(repay, desk.loan, "the repayment")
        raw = vault.price if price is None else self._price_units(price)
        if not raw:
            raise Refused("vault: oracle price is zero")
        quote = liquidation.quote(it.collateral, it.debt_shares, raw, self._totals(), most, vault.risk)
        return self._close(owner, quote, raw) if quote.executable else None

    # ------------------------------------------------------------------------------------------ internals

    def _found(self, *owners: str) -> list[lens.Position]:
        return self.desk.ground.lens.positions(self._address, list(owners))

    def _prices_told(self) -> str:
        return f"1 {self.desk.collateral.symbol} = {self.price!r}" if self.price else "no price"

    def _line(self) -> lens.CreditLine:
        return self._vault().line

    def _vault(self) -> lens.VaultSummary:
        return self.desk.ground.lens.vault_summary(self._address)

    def _shown(self, it: lens.Position) -> Position:
        desk = self.desk
        return Position(
            desk.name_of(it.owner), desk.collaterals(it.collateral), desk.loans(it.debt),
            desk.loans(it.value), ratio(it.health), desk.price(it.terms.liquidation_price),
            it.is_liquidatable,
        )  # fmt: skip

    def _terms(self, owner: str, collateral: int, debt: int, price: int) -> Position:
        """A position as it would be."""
        desk, risk = self.desk, self._vault().risk
        it = terms(collateral, debt, price, risk)
        value = liquidation.collateral_value(collateral, price)
        return Position(
            desk.name_of(owner), desk.collaterals(collateral), desk.loans(debt), desk.loans(value),
            ratio(it.health), desk.price(it.liquidation_price),
            liquidation.is_liquidatable(value, debt, risk.threshold),
        )  # fmt: skip

    def _price_units(self, price: Number) -> int:
        """A price as the oracle says it, rounded down."""
        return int(Fraction(positive(price, "the price")) * 10 ** self.desk.price(0).decimals)

    def _close(self, owner: str, it: Quote, price: int) -> Liquidation:
        desk = self.desk
        return Liquidation(
            desk.name_of(owner), desk.loans(it.paid), desk.loans(it.fee), desk.collaterals(it.seized),
            desk.loans(it.extinguished), desk.loans(max(0, it.extinguished - it.paid)),
            ratio(it.health_before), ratio(it.health_after), desk.price(price),
        )  # fmt: skip

    def _liquidations(self, profit: Amount | None = None) -> list[Liquidation]:
        """The closes of the last transaction."""
        desk = self.desk
        return [
            Liquidation(
                desk.name_of(it.owner), desk.loans(it.repaid), desk.loans(it.fee),
                desk.collaterals(it.seized), desk.loans(it.extinguished), desk.loans(it.loss),
                health(it.health_before), health(it.health_after), desk.price(it.price), profit,
            )
            for it in unpacked(desk.ground.last())
            if (it.contract, it.name) == (self._address, "Liquidation")
        ]  # fmt: skip
