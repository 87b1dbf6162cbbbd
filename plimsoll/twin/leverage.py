"""Leveraged positions in one call; the twin of ``contracts/periphery/Leverage.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units, healths WAD, times seconds. Rights by signature are not modelled:
callers have made the contract an operator before.
"""

from collections.abc import Callable, Sequence

from plimsoll.twin.basket import Basket
from plimsoll.twin.callback_guard import CallbackGuard
from plimsoll.twin.chain import Token, checked, nonreentrant, require
from plimsoll.twin.spoke import Callback
from plimsoll.twin.vault import Vault
from plimsoll.units import MAX


class Leverage(CallbackGuard):
    """Sells the loan for collateral inside the vault's callback, or collateral for the loan asset."""

    @nonreentrant
    def open(
        self,
        caller: str,
        vault: str,
        margin: int,
        loan_margin: int,
        debt: int,
        path: Sequence[str],
        min_collateral: int,
        min_health: int,
        deadline: int,
    ) -> int:
        """Opens or increases; returns the collateral locked."""
        place = self._visited(vault)

        def act(locked: int, callback: Callback) -> None:
            place.open(self.address, locked, debt, self.address, caller, callback)

        return self._open(
            caller,
            place,
            place.collateral,
            margin,
            loan_margin,
            debt,
            path,
            min_collateral,
            min_health,
            deadline,
            act,
        )

    @nonreentrant
    def open_leg(
        self,
        caller: str,
        basket: str,
        leg: int,
        margin: int,
        loan_margin: int,
        debt: int,
        path: Sequence[str],
        min_collateral: int,
        min_health: int,
        deadline: int,
    ) -> int:
        """As `open`, with one leg of a basket."""
        place, token = self._leg(basket, leg)

        def act(locked: int, callback: Callback) -> None:
            place.open(self.address, leg, locked, debt, self.address, caller, callback)

        return self._open(
            caller, place, token, margin, loan_margin, debt, path, min_collateral, min_health, deadline, act
        )

    @nonreentrant
    def close(
        self,
        caller: str,
        vault: str,
        repayment: int,
        payout: int,
        path: Sequence[str],
        max_sold: int,
        min_health: int,
        deadline: int,
    ) -> tuple[int, int, int]:
        """Decreases or closes; returns what was repaid, sold, and sent to the caller."""
        place = self._visited(vault)

        def act(due: int, sold: int, callback: Callback) -> tuple[int, int]:
            withdrawal = MAX if payout == MAX else checked(sold + payout)
            return place.close(self.address, due, withdrawal, self.address, caller, callback)

        return self._close(
            caller, place, place.collateral, repayment, path, max_sold, min_health, deadline, act
        )

    @nonreentrant
    def close_leg(
        self,
        caller: str,
        basket: str,
        leg: int,
        repayment: int,
        payout: int,
        path: Sequence[str],
        max_sold: int,
        min_health: int,
        deadline: int,
    ) -> tuple[int, int, int]:
        """As `close`, with one leg of a basket."""
        place, token = self._leg(basket, leg)

        def act(due: int, sold: int, callback: Callback) -> tuple[int, int]:
            withdrawal = MAX if payout == MAX else checked(sold + payout)
            return place.close(self.address, due, leg, withdrawal, self.address, caller, callback)

        return self._close(caller, place, token, repayment, path, max_sold, min_health, deadline, act)

    def preview_close(self, vault: str, owner: str, repayment: int, path: Sequence[str]) -> tuple[int, int]:
        """What `close` by `owner` would repay and sell."""
        place = self._visited(vault)
        self.exchange.check_path(path, place.collateral.address, place.pool.asset.address)
        return self._sale(place, owner, repayment, path)

    def preview_open_leg(
        self, basket: str, leg: int, margin: int, loan_margin: int, debt: int, path: Sequence[str]
    ) -> int:
        """What `open_leg` would lock."""
        place, token = self._leg(basket, leg)
        self.exchange.check_path(path, place.pool.asset.address, token.address)
        return checked(margin + self.exchange.quote_out(path, checked(debt + loan_margin)))

    def preview_close_leg(
        self, basket: str, leg: int, owner: str, repayment: int, path: Sequence[str]
    ) -> tuple[int, int]:
        """What `close_leg` by `owner` would repay and sell."""
        place, token = self._leg(basket, leg)
        self.exchange.check_path(path, token.address, place.pool.asset.address)
        return self._sale(place, owner, repayment, path)

    # ------------------------------------------------------------------------------------- internals

    def _leg(self, basket: str, leg: int) -> tuple[Basket, Token]:
        place = self._visited_basket(basket)
        require(leg < len(place.legs), "leverage: no such leg")
        return place, place.collaterals[leg].token

    def _open(
        self,
        caller: str,
        place: Vault | Basket,
        collateral: Token,
        margin: int,
        loan_margin: int,
        debt: int,
        path: Sequence[str],
        min_collateral: int,
        min_health: int,
        deadline: int,
        act: Callable[[int, Callback], None],
    ) -> int:
        """Opens; `act` locks an amount."""
        loan = place.pool.asset
        self.exchange.check_path(path, loan.address, collateral.address)
        require(self.chain.now <= deadline, "leverage: too late")
        self._pull(collateral, caller, margin)
        self._pull(loan, caller, loan_margin)
        sold = checked(debt + loan_margin)
        locked = checked(margin + self.exchange.quote_out(path, sold))
        require(locked >= min_collateral, "leverage: too little collateral")
        rest = 0

        def callback() -> None:
            nonlocal rest
            rest = self._trade(place, collateral, path, sold, margin, locked)

        act(locked, callback)
        self._send(collateral, caller, rest)
        self._check_health(place, caller, min_health)
        return locked

    def _close(
        self,
        caller: str,
        place: Vault | Basket,
        collateral: Token,
        repayment: int,
        path: Sequence[str],
        max_sold: int,
        min_health: int,
        deadline: int,
        act: Callable[[int, int, Callback], tuple[int, int]],
    ) -> tuple[int, int, int]:
        """Closes; `act` repays an amount and withdraws, with what is to be sold; returns both."""
        loan = place.pool.asset
        self.exchange.check_path(path, collateral.address, loan.address)
        require(self.chain.now <= deadline, "leverage: too late")
        due, sold = self._sale(place, caller, repayment, path)
        require(sold <= max_sold, "leverage: too much sold")
        before, rest = collateral.balance_of(self.address), 0

        def callback() -> None:
            nonlocal rest
            require(collateral.balance_of(self.address) - before >= sold, "leverage: too little to sell")
            rest = self._trade(place, loan, path, sold, 0, due)

        repaid, withdrawn = act(due, sold, callback)
        self._send(collateral, caller, withdrawn - sold)
        self._send(loan, caller, rest)
        self._check_health(place, caller, min_health)
        return repaid, sold, withdrawn - sold

    def _trade(
        self, place: Vault | Basket, token: Token, path: Sequence[str], sold: int, margin: int, needed: int
    ) -> int:
        """Sells, and lets the vault pull what it needs of the path's last token; returns what is over."""
        available = margin + (self.exchange.sell(self.address, path, sold) if sold > 0 else 0)
        require(available >= needed, "leverage: sale fell short")
        self._allow(token, place.address, needed)
        return available - needed

    def _sale(
        self, place: Vault | Basket, owner: str, repayment: int, path: Sequence[str]
    ) -> tuple[int, int]:
        repaid = min(repayment, place.debt_of(owner))
        return (repaid, self.exchange.quote_in(path, repaid)) if repaid > 0 else (0, 0)

    def _check_health(self, place: Vault | Basket, owner: str, least: int) -> None:
        if least > 0:
            require(place.health(owner) >= least, "leverage: health too low")
