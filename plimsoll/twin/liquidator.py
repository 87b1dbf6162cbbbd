"""Liquidations without capital; the twin of ``contracts/periphery/Liquidator.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Amounts are base units.
"""

from collections.abc import Sequence

from plimsoll.twin import slices
from plimsoll.twin.basket import Basket
from plimsoll.twin.callback_guard import CallbackGuard
from plimsoll.twin.chain import nonreentrant, require
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.spoke import OWNER_BITS, Callback, owner_of
from plimsoll.twin.vault import Vault
from plimsoll.units import NO_LIMIT, NOBODY, order


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
        receiver = self._receiver(caller, receiver)
        place = self._checked(vault, path)
        quote = place.preview_liquidate(owner, max_repay)
        proceeds: list[int] = []

        def callback() -> None:
            proceeds.append(self._sell(place, path, quote.seized, quote.due, min_profit))

        place.liquidate(self.address, owner, max_repay, 0, self.address, callback)
        profit = proceeds[0] - quote.due
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
        receiver = self._receiver(caller, receiver)
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
    def liquidate_basket(
        self,
        caller: str,
        basket: str,
        owner: str,
        max_repay: int,
        without: int,
        paths: Sequence[Sequence[str]],
        min_profit: int,
        receiver: str | None = None,
    ) -> int:
        """Closes one position of a basket, sold leg by leg; returns the profit."""
        receiver = self._receiver(caller, receiver)
        place = self._checked_basket(basket, paths)
        due, seized = self._forecast(place, [order(owner, min(max_repay, NO_LIMIT))], without)
        proceeds: list[int] = []

        def callback() -> None:
            proceeds.append(self._sell_legs(place, paths, seized, due, min_profit, receiver))

        place.liquidate(self.address, owner, max_repay, (), without, self.address, callback)
        self._send(place.pool.asset, receiver, proceeds[0] - due)
        return proceeds[0] - due

    @nonreentrant
    def liquidate_basket_batch(
        self,
        caller: str,
        basket: str,
        orders: Sequence[int],
        paths: Sequence[Sequence[str]],
        min_profit: int,
        receiver: str | None = None,
    ) -> tuple[int, int]:
        """Closes many positions of a basket; returns the profit, and executed orders as bits."""
        receiver = self._receiver(caller, receiver)
        place = self._checked_basket(basket, paths)
        due, seized = self._forecast(place, orders)
        proceeds: list[int] = []

        def callback() -> None:
            proceeds.append(self._sell_legs(place, paths, seized, due, min_profit, receiver))

        *_, executed = place.liquidate_batch(self.address, orders, (), self.address, callback)
        self._send(place.pool.asset, receiver, proceeds[0] - due)
        return proceeds[0] - due, executed

    @nonreentrant
    def liquidate_with_funds(
        self, caller: str, vault: str, orders: Sequence[int], min_rate: int, receiver: str | None = None
    ) -> tuple[int, int, int, int]:
        """Closes positions with the caller's loan asset; returns what the vault does."""
        receiver = self._receiver(caller, receiver)
        place = self._visited(vault)
        paid, fee, _, _ = place.preview_liquidate_batch(orders)
        callback = self._payment(place, caller, paid + fee)
        return place.liquidate_batch(self.address, orders, min_rate, receiver, callback)

    @nonreentrant
    def liquidate_basket_with_funds(
        self,
        caller: str,
        basket: str,
        owner: str,
        max_repay: int,
        min_seized: Sequence[int],
        without: int,
        receiver: str | None = None,
    ) -> tuple[int, int, tuple[int, ...]]:
        """Closes one position of a basket with the caller's loan asset; returns what the basket does."""
        receiver = self._receiver(caller, receiver)
        place = self._visited_basket(basket)
        due, _ = self._forecast(place, [order(owner, min(max_repay, NO_LIMIT))], without)
        callback = self._payment(place, caller, due)
        return place.liquidate(self.address, owner, max_repay, min_seized, without, receiver, callback)

    @nonreentrant
    def liquidate_basket_batch_with_funds(
        self,
        caller: str,
        basket: str,
        orders: Sequence[int],
        min_seized: Sequence[int],
        receiver: str | None = None,
    ) -> tuple[int, int, tuple[int, ...], int]:
        """As `liquidate_basket_with_funds`, many positions at once."""
        receiver = self._receiver(caller, receiver)
        place = self._visited_basket(basket)
        due, _ = self._forecast(place, orders)
        callback = self._payment(place, caller, due)
        return place.liquidate_batch(self.address, orders, min_seized, receiver, callback)

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

    def _receiver(self, caller: str, receiver: str | None) -> str:
        """Who gets what is left: the caller, where nobody else is named."""
        receiver = receiver or caller
        require(receiver not in (self.address, NOBODY), "liquidator: bad receiver")
        return receiver

    def _sell(self, place: Vault, path: Sequence[str], seized: int, due: int, min_profit: int) -> int:
        """Sells what was seized and lets the vault pull what is due; returns the proceeds."""
        return self._provide(place, self.exchange.sell(self.address, path, seized), due, min_profit)

    def _checked_basket(self, basket: str, paths: Sequence[Sequence[str]]) -> Basket:
        place = self._visited_basket(basket)
        require(len(paths) == len(place.legs), "liquidator: a path for each leg")
        for collateral, path in zip(place.collaterals, paths, strict=True):
            if path:
                self.exchange.check_path(path, collateral.token.address, place.pool.asset.address)
        return place

    def _forecast(
        self, place: Basket, orders: Sequence[int], without: int = 0
    ) -> tuple[int, tuple[int, ...]]:
        """What a basket will ask for with the fee, and seize of each leg; later orders see earlier ones."""
        books = place.pool.accrued()
        totals = DebtTotals(books.total_debt, books.total_debt_shares)
        left: dict[str, tuple[tuple[int, ...], int]] = {}
        due, seized = 0, (0,) * len(place.legs)
        for each in orders:
            owner = owner_of(each)
            amounts, shares = left.get(owner) or place.position_of(owner)
            quote = slices.quote(
                amounts,
                shares,
                place.prices(owner),
                place.legs,
                totals,
                each >> OWNER_BITS,
                place.risk,
                without,
            )
            if quote.executable:
                left[owner] = (
                    tuple(a - b for a, b in zip(amounts, quote.seized, strict=True)),
                    shares - quote.shares,
                )
                due += quote.due
                seized = tuple(map(sum, zip(seized, quote.seized, strict=True)))
        return due, seized

    def _sell_legs(
        self,
        place: Basket,
        paths: Sequence[Sequence[str]],
        seized: Sequence[int],
        due: int,
        min_profit: int,
        receiver: str,
    ) -> int:
        """Sells what was seized of each leg; the legs without a path go to the receiver."""
        proceeds = 0
        for collateral, path, amount in zip(place.collaterals, paths, seized, strict=True):
            if amount > 0 and path:
                proceeds += self.exchange.sell(self.address, path, amount)
            else:
                self._send(collateral.token, receiver, amount)
        return self._provide(place, proceeds, due, min_profit)

    def _payment(self, place: Vault | Basket, payer: str, due: int) -> Callback:
        """A callback that pulls what is due from the payer and lets the vault pull it."""

        def callback() -> None:
            self._pull(place.pool.asset, payer, due)
            self._allow(place.pool.asset, place.address, due)

        return callback

    def _provide(self, place: Vault | Basket, proceeds: int, due: int, min_profit: int) -> int:
        """Lets the vault pull what is due of the proceeds; returns those."""
        require(proceeds >= due, "liquidator: sale does not pay")
        require(proceeds - due >= min_profit, "liquidator: profit too small")
        self._allow(place.pool.asset, place.address, due)
        return proceeds
