"""Liquidations without capital; the twin of ``contracts/periphery/Liquidator.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units.
"""

from collections.abc import Sequence

from plimsoll.twin.callback_guard import CallbackGuard
from plimsoll.twin.chain import nonreentrant, require
from plimsoll.twin.vault import Vault
from plimsoll.units import NOBODY


class Liquidator(CallbackGuard):
    """Receives collateral, sells it inside the vault's callback, pays, and sends on the profit."""

    @nonreentrant
    def liquidate(
        self,
        caller: str,
        vault: str,
        owner: str,
        max_repay: int,
        path: Sequence[str],
        min_profit: int,
        receiver: str | None = None,
    ) -> int:
        """Closes one position; returns the profit."""
        receiver = receiver or caller
        self._check_receiver(receiver)
        place = self._checked(vault, path)
        quote = place.preview_liquidate(owner, max_repay)
        due = quote.paid + quote.fee
        proceeds: list[int] = []

        def callback() -> None:
            proceeds.append(self._sell(place, path, quote.seized, due, min_profit))

        place.liquidate(self.address, owner, max_repay, 0, self.address, callback)
        profit = proceeds[0] - due
        self._send(place.pool.asset, receiver, profit)
        return profit

    @nonreentrant
    def liquidate_batch(
        self,
        caller: str,
        vault: str,
        orders: Sequence[int],
        path: Sequence[str],
        min_profit: int,
        receiver: str | None = None,
    ) -> tuple[int, int]:
        """Closes many positions of a vault; returns the profit, and executed orders as bits."""
        receiver = receiver or caller
        self._check_receiver(receiver)
        place = self._checked(vault, path)
        paid, fee, seized, executed = place.preview_liquidate_batch(orders)
        proceeds: list[int] = []

        def callback() -> None:
            proceeds.append(self._sell(place, path, seized, paid + fee, min_profit))

        place.liquidate_batch(self.address, orders, 0, self.address, callback)
        profit = proceeds[0] - paid - fee
        self._send(place.pool.asset, receiver, profit)
        return profit, executed

    @nonreentrant
    def liquidate_with_funds(
        self, caller: str, vault: str, orders: Sequence[int], min_rate: int, receiver: str | None = None
    ) -> tuple[int, int, int, int]:
        """Closes positions with the caller's loan asset; returns what the vault does."""
        receiver = receiver or caller
        self._check_receiver(receiver)
        place = self._visited(vault)
        paid, fee, _, _ = place.preview_liquidate_batch(orders)

        def callback() -> None:
            self._pull(place.pool.asset, caller, paid + fee)
            self._allow(place.pool.asset, vault, paid + fee)

        return place.liquidate_batch(self.address, orders, min_rate, receiver, callback)

    def quote(self, vault: str, orders: Sequence[int], path: Sequence[str]) -> tuple[int, int, int, int]:
        """What a batch would do: due, seized, what the sale yields, executed orders as bits."""
        place = self._checked(vault, path)
        paid, fee, seized, executed = place.preview_liquidate_batch(orders)
        return paid + fee, seized, self.exchange.quote_out(path, seized), executed

    # ------------------------------------------------------------------------------------- internals

    def _checked(self, vault: str, path: Sequence[str]) -> Vault:
        place = self._visited(vault)
        self.exchange.check_path(path, place.collateral.address, place.pool.asset.address)
        return place

    def _check_receiver(self, receiver: str) -> None:
        require(receiver not in (self.address, NOBODY), "liquidator: bad receiver")

    def _sell(self, place: Vault, path: Sequence[str], seized: int, due: int, min_profit: int) -> int:
        """Sells what was seized and lets the vault pull what is due; returns the proceeds."""
        proceeds = self.exchange.sell(self.address, path, seized)
        require(proceeds >= due, "liquidator: sale does not pay")
        require(proceeds - due >= min_profit, "liquidator: profit too small")
        self._allow(place.pool.asset, place.address, due)
        return proceeds
