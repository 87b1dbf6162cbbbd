"""A vault: collateral, debt, liquidation; the twin of ``contracts/Vault.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units of the collateral or of the loan asset.
"""

from collections.abc import Sequence

from plimsoll.twin import liquidation
from plimsoll.twin.chain import Chain, Token, checked, nonreentrant, require
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, ceil_div
from plimsoll.twin.oracle import Oracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.position import (
    COLLATERAL_TOP,
    NO_DEBT,
    PROVISIONED,
    pack,
    pack_debt_totals,
    pack_liquidation,
)
from plimsoll.twin.spoke import OWNER_BITS, RIGHT_BORROW, RIGHT_WITHDRAW, Callback, Spoke, owner_of
from plimsoll.units import MAX, NOBODY, PRICE_SCALE, WAD


class Vault(Spoke):
    """A vault's state and what can be done with it.

    Attributes:
        positions: collateral and debt shares by owner.
    """

    def __init__(
        self, chain: Chain, pool: Pool, collateral: Token, oracle: Oracle, address: str, risk: Risk
    ) -> None:
        """A vault as its constructor leaves it."""
        self.collateral = collateral
        self.oracle = oracle
        self.positions: dict[str, tuple[int, int]] = chain.mapping()
        super().__init__(chain, pool, address, risk)

    def shares_of(self, owner: str) -> int:
        """Debt shares."""
        return self.position_of(owner)[1]

    def _set_shares(self, owner: str, shares: int) -> None:
        self.positions[owner] = (self.position_of(owner)[0], shares)

    # ----------------------------------------------------------------------------------- collateral

    @nonreentrant
    def deposit(self, caller: str, amount: int, owner: str) -> None:
        """Locks the caller's collateral for `owner`."""
        require(owner != NOBODY, "vault: zero owner")
        self.positions[owner] = self._with_collateral(owner, amount)
        self._pull_collateral(caller, amount)
        self._log("Deposit", owner, amount)

    @nonreentrant
    def withdraw(self, caller: str, amount: int, receiver: str, owner: str) -> int:
        """Releases collateral; returns what was sent."""
        self._authorise(caller, owner, RIGHT_WITHDRAW)
        collateral, shares = self.position_of(owner)
        totals = self._totals()
        sent = amount
        if amount == MAX:
            sent = self._max_withdraw(collateral, shares, totals)
        require(sent <= collateral, "vault: not enough collateral")
        self.positions[owner] = (collateral - sent, shares)
        if shares > 0 and sent > 0:
            self._check_collateralised(collateral - sent, totals.assets_up(shares))
        self._send_collateral(receiver, sent)
        self._log("Withdraw", owner, receiver, sent)
        return sent

    # ----------------------------------------------------------------------------------------- debt

    @nonreentrant
    def borrow(self, caller: str, amount: int, receiver: str, owner: str) -> int:
        """Draws on the pool; returns what was sent."""
        self._authorise(caller, owner, RIGHT_BORROW)
        self._check_receiver(receiver)
        position = self.position_of(owner)
        sent = self._max_borrow(*position) if amount == MAX else amount
        shares, *after = self.pool.draw(self.address, sent, receiver) if sent else (0, 0, 0)
        self.positions[owner] = (position[0], position[1] + shares)
        self._check_borrowed(self.positions[owner], shares, DebtTotals(*after))
        self._log("Borrow", owner, receiver, sent, shares)
        return sent

    # ------------------------------------------------------------------------------------- combined

    @nonreentrant
    def open(
        self,
        caller: str,
        collateral: int,
        debt: int,
        receiver: str,
        owner: str,
        callback: Callback | None = None,
    ) -> int:
        """Deposits and borrows; returns what was sent."""
        self._authorise(caller, owner, RIGHT_BORROW)
        self._check_receiver(receiver)
        before = self.position_of(owner)
        opened = self._with_collateral(owner, collateral)
        sent = self._max_borrow(*opened) if debt == MAX else debt
        shares, *after = self.pool.draw(self.address, sent, receiver) if sent else (0, 0, 0)
        self.positions[owner] = (before[0], before[1] + shares)
        totals = DebtTotals(*after)
        if callback:
            callback()
            totals = self._totals()  # other vaults may have settled meanwhile
        self._pull_collateral(caller, collateral)
        self.positions[owner] = (opened[0], opened[1] + shares)
        self._check_borrowed(self.positions[owner], shares, totals)
        self._log("Deposit", owner, collateral)
        self._log("Borrow", owner, receiver, sent, shares)
        return sent

    @nonreentrant
    def close(
        self,
        caller: str,
        repayment: int,
        withdrawal: int,
        receiver: str,
        owner: str,
        callback: Callback | None = None,
    ) -> tuple[int, int]:
        """Repays and withdraws; returns what was paid and what was sent."""
        if withdrawal > 0:
            self._authorise(caller, owner, RIGHT_WITHDRAW)
        totals = DebtTotals(*self.pool.accrue())
        collateral, shares = self.position_of(owner)
        paid, extinguished = self._repayment(shares, repayment, totals)
        rest = shares - extinguished
        sent = withdrawal
        if withdrawal == MAX:
            sent = self._max_withdraw(collateral, rest, totals)
        require(sent <= collateral, "vault: not enough collateral")
        self.positions[owner] = (collateral - sent, rest)
        provisioned = self._release_repaid(owner, shares, totals)
        self._send_collateral(receiver, sent)
        if callback:
            callback()
        self._pay_pool(caller, paid, extinguished, paid, provisioned)
        if rest > 0 and sent > 0:
            self._check_collateralised(collateral - sent, self._totals().assets_up(rest))
        self._log("Repay", owner, paid, extinguished)
        self._log("Withdraw", owner, receiver, sent)
        return paid, sent

    # ---------------------------------------------------------------------------------- liquidation

    @nonreentrant
    def liquidate(
        self,
        caller: str,
        owner: str,
        max_repay: int,
        min_rate: int,
        receiver: str,
        callback: Callback | None = None,
    ) -> tuple[int, int, int]:
        """Closes an unhealthy position; returns what was paid, the fee, and what was seized."""
        price = self._price()
        totals = DebtTotals(*self.pool.accrue())
        quote = self._quote(owner, price, totals, max_repay)
        require(quote.liquidatable, "vault: healthy")
        require(quote.executable, "vault: nothing can be closed")
        provisioned = self._reduce(owner, quote, price, totals)
        self._log_call(caller, price, totals)
        self._exchange(caller, [quote], min_rate, receiver, callback, provisioned)
        return quote.paid, quote.fee, quote.seized

    @nonreentrant
    def liquidate_batch(
        self,
        caller: str,
        orders: Sequence[int],
        min_rate: int,
        receiver: str,
        callback: Callback | None = None,
    ) -> tuple[int, int, int, int]:
        """Closes many positions; returns the sums paid, of fee and seized, and executed orders as bits."""
        price = self._price()
        totals = DebtTotals(*self.pool.accrue())
        quotes = []
        executed = 0
        provisioned = False
        for number, order in enumerate(orders):
            owner = owner_of(order)
            quote = self._quote(owner, price, totals, order >> OWNER_BITS)
            if quote.executable:
                provisioned |= self._reduce(owner, quote, price, totals)
                quotes.append(quote)
                executed |= 1 << number
        require(executed != 0, "vault: no order can execute")
        self._log_call(caller, price, totals)
        self._exchange(caller, quotes, min_rate, receiver, callback, provisioned)
        return (*_sums(quotes), executed)

    def preview_liquidate(self, owner: str, max_repay: int) -> Quote:
        """What `liquidate` would do now."""
        return self._quote(owner, self._price(), self._totals(), max_repay)

    def preview_liquidate_batch(self, orders: Sequence[int]) -> tuple[int, int, int, int]:
        """What `liquidate_batch` would return now; zeros when it would revert."""
        price, totals = self._price(), self._totals()
        left: dict[str, tuple[int, int]] = {}
        quotes = []
        executed = 0
        for number, order in enumerate(orders):
            owner = owner_of(order)
            collateral, shares = left.get(owner, self.position_of(owner))
            self._value(collateral, price)
            quote = liquidation.quote(collateral, shares, price, totals, order >> OWNER_BITS, self.risk)
            left[owner] = collateral - quote.seized, shares - quote.shares
            if quote.executable:
                quotes.append(quote)
                executed |= 1 << number
        return (*_sums(quotes), executed)

    # ---------------------------------------------------------------------------------------- views

    def position_of(self, owner: str) -> tuple[int, int]:
        """Collateral and debt shares."""
        return self.positions.get(owner, (0, 0))

    def word_of(self, owner: str) -> int:
        """The position's storage word."""
        flags = PROVISIONED if self.provision_of.get(owner, 0) else 0
        return pack(*self.position_of(owner), flags)

    def health(self, owner: str) -> int:
        """Health factor, WAD, rounded down; `NO_DEBT` without debt."""
        debt = self.debt_of(owner)
        if debt == 0:
            return NO_DEBT
        return liquidation.health(
            self._value(self.position_of(owner)[0], self._price()), debt, self.risk.threshold
        )

    def margin_terms(self, owner: str) -> tuple[int, int, int, int]:
        """Initial and maintenance margin, WAD; liquidation and bankruptcy price, 1e36."""
        debt, collateral = self.debt_of(owner), self.position_of(owner)[0]
        worth = ceil_div(debt * WAD, self.risk.threshold)
        prices = (_price_for(worth, collateral), _price_for(debt, collateral))
        return (WAD - self.risk.ltv, WAD - self.risk.threshold, *prices)

    def max_borrow(self, owner: str) -> int:
        """What borrowing the largest uint would send."""
        return self._max_borrow(*self.position_of(owner))

    def max_withdraw(self, owner: str) -> int:
        """What withdrawing the largest uint would send."""
        return self._max_withdraw(*self.position_of(owner), self._totals())

    # ------------------------------------------------------------------------------------ internals

    def _log_call(self, liquidator: str, price: int, totals: DebtTotals) -> None:
        self._log("LiquidationCall", liquidator, price, pack_debt_totals(totals.debt, totals.shares))

    def _price(self) -> int:
        price = self.oracle.price()
        require(price > 0, "vault: oracle price is zero")
        return price

    def _prices_for(self, _owner: str) -> int:
        return self._price()

    def _value(self, collateral: int, price: int) -> int:
        return checked(collateral * price) // PRICE_SCALE

    def _quote(self, owner: str, price: int, totals: DebtTotals, max_repay: int) -> Quote:
        collateral, shares = self.position_of(owner)
        self._value(collateral, price)
        return liquidation.quote(collateral, shares, price, totals, max_repay, self.risk)

    def _shortfall(self, owner: str, price: int, totals: DebtTotals) -> int:
        collateral, shares = self.position_of(owner)
        self._value(collateral, price)
        return liquidation.shortfall(collateral, shares, price, totals, self.risk)

    def _known_shortfall(self, owner: str, noted: int, prices: int, totals: DebtTotals) -> int:
        found = self._shortfall(owner, prices, totals)
        if noted <= found:
            return found
        return min(noted, self._shortfall(owner, self.oracle.safe_price(), totals))

    def _reduce(self, owner: str, quote: Quote, price: int, totals: DebtTotals) -> bool:
        """Applies a close to a position; returns whether it had a provision."""
        collateral, shares = self.position_of(owner)
        self.positions[owner] = (collateral - quote.seized, shares - quote.shares)
        provisioned = self._release_closed(owner, shares, shares - quote.shares, price, totals)
        healths = quote.health_before, quote.health_after
        words = pack_liquidation(quote.seized, quote.shares, quote.paid, quote.fee, *healths)
        self._log("Liquidation", owner, *words)
        return provisioned

    def _exchange(
        self,
        caller: str,
        quotes: Sequence[Quote],
        min_rate: int,
        receiver: str,
        callback: Callback | None,
        provisioned: bool,
    ) -> None:
        paid, fee, seized = _sums(quotes)
        require(checked(seized * PRICE_SCALE) >= checked(min_rate * (paid + fee)), "vault: rate too low")
        self._send_collateral(receiver, seized)
        if callback:
            callback()
        self._pay_pool(caller, paid + fee, sum(q.shares for q in quotes), paid, provisioned)

    def _check_collateralised(self, collateral: int, debt: int) -> None:
        value = self._value(collateral, self.oracle.safe_price())
        require(value * self.risk.ltv >= debt * WAD, "vault: above the loan-to-value")

    def _check_borrowed(self, position: tuple[int, int], shares: int, totals: DebtTotals) -> None:
        if shares == 0:
            return
        debt = totals.assets_up(position[1])
        require(debt >= self.risk.min_debt, "vault: below the minimum debt")
        self._check_collateralised(position[0], debt)

    def _with_collateral(self, owner: str, amount: int) -> tuple[int, int]:
        collateral, shares = self.position_of(owner)
        require(collateral + amount <= COLLATERAL_TOP, "vault: too much collateral")
        return collateral + amount, shares

    def _pull_collateral(self, caller: str, amount: int) -> None:
        if amount > 0:
            self.collateral.transfer_from(self.address, caller, self.address, amount)

    def _send_collateral(self, receiver: str, amount: int) -> None:
        self._check_receiver(receiver)
        if amount > 0:
            self.collateral.transfer(self.address, receiver, amount)

    def _max_borrow(self, collateral: int, shares: int) -> int:
        value = self._value(collateral, self.oracle.safe_price())
        return self._room(shares, checked(value * self.risk.ltv) // WAD)

    def _max_withdraw(self, collateral: int, shares: int, totals: DebtTotals) -> int:
        if shares == 0:
            return collateral
        value = ceil_div((totals.assets_up(shares) + 1) * WAD, self.risk.ltv)
        safe_price = self.oracle.safe_price()
        require(safe_price > 0, "vault: safe price is zero")
        return max(0, collateral - ceil_div(value * PRICE_SCALE, safe_price))


def _sums(quotes: Sequence[Quote]) -> tuple[int, int, int]:
    """What is paid, of fee, and seized, together."""
    return sum(q.paid for q in quotes), sum(q.fee for q in quotes), sum(q.seized for q in quotes)


def _price_for(worth: int, collateral: int) -> int:
    """The lowest price at which `collateral` is worth `worth`; 0 for nothing, `MAX` when there is none."""
    if worth == 0:
        return 0
    return ceil_div(worth * PRICE_SCALE, collateral) if collateral else MAX
