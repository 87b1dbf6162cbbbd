"""A basket: several collaterals behind one debt; the twin of ``contracts/Basket.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units of a leg or of the loan asset; masks have bit i for leg i.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.twin import slices
from plimsoll.twin.chain import Chain, Revert, Token, checked, nonreentrant, require
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div
from plimsoll.twin.oracle import Oracle, asked
from plimsoll.twin.pool import Pool
from plimsoll.twin.position import (
    COLLATERAL_BITS,
    COLLATERAL_TOP,
    NO_DEBT,
    PROVISIONED,
    pack,
    pack_debt_totals,
    pack_liquidation,
)
from plimsoll.twin.slices import Leg, Quote
from plimsoll.twin.spoke import OWNER_BITS, RIGHT_BORROW, RIGHT_WITHDRAW, Callback, Spoke, owner_of
from plimsoll.units import MAX, NOBODY, WAD

MAX_LEGS = 8
ENTRY_DIVISOR = 100  # a leg enters with at least min_debt over this


@dataclass(frozen=True, slots=True)
class Collateral:
    """One leg with its contracts."""

    token: Token
    oracle: Oracle
    leg: Leg


class Basket(Spoke):
    """A basket's state and what can be done with it.

    Attributes:
        amounts: base units of each leg, by owner.
        shares: debt shares by owner.
    """

    def __init__(
        self, chain: Chain, pool: Pool, collaterals: Sequence[Collateral], address: str, risk: Risk
    ) -> None:
        """A basket as its constructor leaves it."""
        self.collaterals = tuple(collaterals)
        self.legs = tuple(each.leg for each in collaterals)
        self.amounts: dict[str, tuple[int, ...]] = chain.mapping()
        self.shares: dict[str, int] = chain.mapping()
        super().__init__(chain, pool, address, risk)

    def shares_of(self, owner: str) -> int:
        """Debt shares."""
        return self.shares.get(owner, 0)

    def _set_shares(self, owner: str, shares: int) -> None:
        self.shares[owner] = shares

    # ----------------------------------------------------------------------------------- collateral

    @nonreentrant
    def deposit(self, caller: str, leg: int, amount: int, owner: str) -> None:
        """Locks the caller's collateral for `owner`."""
        require(owner != NOBODY, "vault: zero owner")
        self._check_leg(leg)
        self._enter(owner, leg, amount)
        self._pull(caller, leg, amount)
        self._log("Deposit", owner, leg, amount)

    def withdraw(self, caller: str, leg: int, amount: int, receiver: str, owner: str) -> int:
        """Releases some of a leg; `MAX` is all that health allows. Returns what was sent."""
        return self.close(caller, 0, leg, amount, receiver, owner)[1]

    # ----------------------------------------------------------------------------------------- debt

    def borrow(self, caller: str, amount: int, receiver: str, owner: str) -> int:
        """Draws on the pool; `MAX` is all that goes. Returns what was sent."""
        return self.open(caller, 0, 0, amount, receiver, owner)

    # ------------------------------------------------------------------------------------- combined

    @nonreentrant
    def open(
        self,
        caller: str,
        leg: int,
        collateral: int,
        debt: int,
        receiver: str,
        owner: str,
        callback: Callback | None = None,
    ) -> int:
        """Deposits one leg and borrows, `MAX` all that goes; returns the loan sent."""
        self._authorise(caller, owner, RIGHT_BORROW)
        self._check_receiver(receiver)
        self._check_leg(leg)
        opened = self._with(owner, leg, collateral)
        sent = self._max_borrow(opened, self.shares_of(owner)) if debt == MAX else debt
        shares, *after = self.pool.draw(self.address, sent, receiver) if sent else (0, 0, 0)
        self.shares[owner] = self.shares_of(owner) + shares
        totals = DebtTotals(*after)
        if callback:
            callback()
            totals = self._totals()  # other vaults may have settled meanwhile
        if collateral:
            self._pull(caller, leg, collateral)
            self._enter(owner, leg, collateral)
            self._log("Deposit", owner, leg, collateral)
        if shares:
            require(
                totals.assets_up(self.shares_of(owner)) >= self.risk.min_debt, "vault: below the minimum debt"
            )
            self._check_collateralised(owner, totals)
            self._log("Borrow", owner, receiver, sent, shares)
        return sent

    @nonreentrant
    def close(
        self,
        caller: str,
        repayment: int,
        leg: int,
        withdrawal: int,
        receiver: str,
        owner: str,
        callback: Callback | None = None,
    ) -> tuple[int, int]:
        """Repays and withdraws one leg, `MAX` all that goes; returns what was paid and sent."""
        if withdrawal > 0:
            self._authorise(caller, owner, RIGHT_WITHDRAW)
        self._check_leg(leg)
        before = self.shares_of(owner)
        totals = DebtTotals(*self.pool.accrue()) if before else DebtTotals(0, 0)
        paid, shares = self._repayment(before, repayment, totals)
        amounts = self.amounts_of(owner)
        self.shares[owner] = before - shares
        sent = self._max_withdraw(owner, leg, totals) if withdrawal == MAX else withdrawal
        require(sent <= amounts[leg], "vault: not enough collateral")
        self.amounts[owner] = _replaced(amounts, leg, amounts[leg] - sent)
        provisioned = shares > 0 and self._release_repaid(owner, before, totals)
        self._check_receiver(receiver)
        if sent:
            self.collaterals[leg].token.transfer(self.address, receiver, sent)
        if callback:
            callback()
        if shares:
            self._pay_pool(caller, paid, shares, paid, provisioned)
            self._log("Repay", owner, paid, shares)
        if sent:
            if self.shares_of(owner):
                self._check_collateralised(owner, self._totals())
            self._log("Withdraw", owner, receiver, leg, sent)
        return paid, sent

    # ---------------------------------------------------------------------------------- liquidation

    @nonreentrant
    def liquidate(
        self,
        caller: str,
        owner: str,
        max_repay: int,
        min_seized: Sequence[int],
        without: int,
        receiver: str,
        callback: Callback | None = None,
    ) -> tuple[int, int, tuple[int, ...]]:
        """Closes an unhealthy position; returns what was paid, the fee, and what was seized of each leg."""
        order = min(max_repay, 2**96 - 1) << OWNER_BITS | int(owner, 16)
        paid, fee, seized, _ = self._liquidate(caller, [order], without, min_seized, receiver, callback)
        return paid, fee, seized

    @nonreentrant
    def liquidate_batch(
        self,
        caller: str,
        orders: Sequence[int],
        min_seized: Sequence[int],
        receiver: str,
        callback: Callback | None = None,
    ) -> tuple[int, int, tuple[int, ...], int]:
        """Closes many positions; returns the sums paid, of fee and seized, and executed orders as bits."""
        return self._liquidate(caller, orders, 0, min_seized, receiver, callback)

    def preview_liquidate(self, owner: str, max_repay: int, without: int = 0) -> Quote:
        """What `liquidate` would do now."""
        return self._quote(owner, self.prices(owner), self._totals(), max_repay, without)

    # ---------------------------------------------------------------------------------------- views

    def position_of(self, owner: str) -> tuple[tuple[int, ...], int]:
        """Amounts of the legs; debt shares."""
        return self.amounts_of(owner), self.shares_of(owner)

    def amounts_of(self, owner: str) -> tuple[int, ...]:
        """Base units of each leg."""
        return self.amounts.get(owner, (0,) * len(self.legs))

    def word_of(self, owner: str) -> int:
        """The position's storage word."""
        flags = PROVISIONED if self.provision_of.get(owner, 0) else 0
        mask = sum(1 << number for number, amount in enumerate(self.amounts_of(owner)) if amount)
        return pack(mask, self.shares_of(owner), flags)

    def health(self, owner: str) -> int:
        """Health factor, WAD, rounded down, silent legs at their ceilings; `NO_DEBT` without debt."""
        debt = self.debt_of(owner)
        if debt == 0:
            return NO_DEBT
        return slices.worth_of(self.amounts_of(owner), self.prices(owner), self.legs).high_weight // debt

    def prices(self, owner: str) -> tuple[int, ...]:
        """The prices of the legs that `owner` holds, 1e36; 0 for one that is silent or not held."""
        return self._prices(self.amounts_of(owner))

    def safe_price(self, leg: int) -> int:
        """What a leg counts for in loans, 1e36, at most its ceiling; 0 when either price is silent."""
        oracle = self.collaterals[leg].oracle
        return min(asked(oracle.safe_price), self.legs[leg].ceiling) if asked(oracle.price) else 0

    def power(self, amounts: Sequence[int]) -> int:
        """The debt that amounts may bear at the safe prices, base units times WAD."""
        return sum(
            slices.value_down(amount, self.safe_price(leg)) * self.legs[leg].ltv
            for leg, amount in enumerate(amounts)
            if amount
        )

    def max_borrow(self, owner: str) -> int:
        """What `borrow` sends for `MAX`, as the Lens says; short by a debt share and a base unit at most."""
        return self._max_borrow(*self.position_of(owner))

    def max_withdraw(self, owner: str, leg: int) -> int:
        """What `withdraw` sends of a leg for `MAX`, as the Lens says; two base units of debt are to spare."""
        return self._max_withdraw(owner, leg, self._totals())

    # ------------------------------------------------------------------------------------ internals

    def _max_borrow(self, amounts: Sequence[int], shares: int) -> int:
        return self._room(shares, self.power(amounts) // WAD)

    def _max_withdraw(self, owner: str, leg: int, totals: DebtTotals) -> int:
        """How much of a leg may go so that what stays bears the debt and two base units."""
        amounts, shares = self.position_of(owner)
        if shares == 0:
            return amounts[leg]
        without = _replaced(amounts, leg, 0)
        others, power = self.power(without), self.power(amounts)
        lacking = totals.assets_up(shares) + 2 - others // WAD
        if lacking <= 0:
            return amounts[leg]
        of_leg = (power - others) // WAD
        return amounts[leg] - ceil_div(lacking * amounts[leg], of_leg) if lacking < of_leg else 0

    def _liquidate(
        self,
        caller: str,
        orders: Sequence[int],
        without: int,
        min_seized: Sequence[int],
        receiver: str,
        callback: Callback | None,
    ) -> tuple[int, int, tuple[int, ...], int]:
        held = [
            max(amounts)
            for amounts in zip(
                (0,) * len(self.legs), *(self.amounts_of(owner_of(order)) for order in orders), strict=True
            )
        ]
        prices = self._prices(held)
        totals = DebtTotals(*self.pool.accrue())
        quotes: list[Quote] = []
        executed = 0
        provisioned = False
        last = Quote(liquidatable=False)
        for number, order in enumerate(orders):
            owner = owner_of(order)
            last = self._quote(owner, prices, totals, order >> OWNER_BITS, without)
            if last.executable:
                provisioned |= self._reduce(owner, last, prices, totals)
                quotes.append(last)
                executed |= 1 << number
        if not executed:
            require(last.liquidatable, "vault: healthy")
            require(last.known, "basket: value unknown")
            raise Revert("vault: nothing can be closed")
        self._log("LiquidationCall", caller, _padded(prices), pack_debt_totals(totals.debt, totals.shares))
        paid, fee = sum(each.paid for each in quotes), sum(each.fee for each in quotes)
        seized = tuple(map(sum, zip(*(each.seized for each in quotes), strict=True)))
        for leg, amount in enumerate(seized):
            require(leg >= len(min_seized) or amount >= min_seized[leg], "basket: too little of a leg")
            self._check_receiver(receiver)
            if amount:
                self.collaterals[leg].token.transfer(self.address, receiver, amount)
        if callback:
            callback()
        self._pay_pool(caller, paid + fee, sum(each.shares for each in quotes), paid, provisioned)
        return paid, fee, seized, executed

    def _quote(
        self, owner: str, prices: Sequence[int], totals: DebtTotals, max_repay: int, without: int
    ) -> Quote:
        return slices.quote(
            self.amounts_of(owner),
            self.shares_of(owner),
            prices,
            self.legs,
            totals,
            max_repay,
            self.risk,
            without,
        )

    def _reduce(self, owner: str, quote: Quote, prices: Sequence[int], totals: DebtTotals) -> bool:
        """Applies a close to a position; returns whether it had a provision."""
        amounts, shares = self.position_of(owner)
        self.amounts[owner] = tuple(a - b for a, b in zip(amounts, quote.seized, strict=True))
        self.shares[owner] = shares - quote.shares
        provisioned = self._release_closed(owner, shares, shares - quote.shares, prices, totals)
        healths = quote.health_before, quote.health_after
        _, payment = pack_liquidation(0, quote.shares, quote.paid, quote.fee, *healths)
        self._log("Liquidation", owner, quote.shares, payment, packed_amounts(quote.seized))
        return provisioned

    def _known_shortfall(self, owner: str, noted: int, prices: Sequence[int], totals: DebtTotals) -> int:
        """As a `Spoke`'s, silent legs at their ceilings."""
        amounts, shares = self.position_of(owner)
        high = slices.worth_of(amounts, prices, self.legs).high
        found = slices.shortfall(high, shares, totals, self.risk)
        if noted <= found:
            return found
        safe = [self.safe_price(leg) if amount else 0 for leg, amount in enumerate(amounts)]
        low = sum(map(slices.value_down, amounts, safe))
        return min(noted, slices.shortfall(low, shares, totals, self.risk))

    def _prices_for(self, owner: str) -> tuple[int, ...]:
        return self.prices(owner)

    def _prices(self, held: Sequence[int]) -> tuple[int, ...]:
        return tuple(
            asked(each.oracle.price) if amount else 0
            for each, amount in zip(self.collaterals, held, strict=True)
        )

    def _check_collateralised(self, owner: str, totals: DebtTotals) -> None:
        debt = totals.assets_up(self.shares_of(owner))
        require(self.power(self.amounts_of(owner)) >= debt * WAD, "vault: above the loan-to-value")

    def _check_leg(self, leg: int) -> None:
        require(leg < len(self.legs), "basket: no such leg")

    def _with(self, owner: str, leg: int, amount: int) -> tuple[int, ...]:
        amounts = self.amounts_of(owner)
        require(amounts[leg] + amount <= COLLATERAL_TOP, "vault: too much collateral")
        return _replaced(amounts, leg, amounts[leg] + amount)

    def _enter(self, owner: str, leg: int, amount: int) -> None:
        """Adds to a leg; a new one needs a price, and enough of it."""
        is_new = amount > 0 and self.amounts_of(owner)[leg] == 0
        self.amounts[owner] = self._with(owner, leg, amount)
        if is_new:
            worth = slices.value_down(amount, self.collaterals[leg].oracle.price())
            require(checked(worth * ENTRY_DIVISOR) >= self.risk.min_debt, "basket: too little of a new leg")

    def _pull(self, caller: str, leg: int, amount: int) -> None:
        if amount > 0:
            self.collaterals[leg].token.transfer_from(self.address, caller, self.address, amount)


def packed_amounts(amounts: Sequence[int]) -> tuple[int, ...]:
    """Amounts two a word, in four words, as storage and events have them."""
    padded = _padded(amounts)
    return tuple(padded[2 * j] | padded[2 * j + 1] << COLLATERAL_BITS for j in range(MAX_LEGS // 2))


def _padded(numbers: Sequence[int]) -> tuple[int, ...]:
    return (*numbers, *(0,) * (MAX_LEGS - len(numbers)))


def _replaced(amounts: tuple[int, ...], leg: int, amount: int) -> tuple[int, ...]:
    return (*amounts[:leg], amount, *amounts[leg + 1 :])
