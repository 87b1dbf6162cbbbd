# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Liquidator
@license AGPL-3.0-only
@notice Liquidates without capital: takes the collateral, sells it on Uniswap v2 inside the vault's callback, lets
        the vault pull what is due, sends the rest to the caller's receiver. Or with the caller's own loan
        asset. Open to all; nobody owns it.
@dev Nothing is held between calls, allowances included: each is for the exact amount that is pulled in the
     same call. Tokens sent here by mistake cannot be recovered: a call pays out only what it brought in.
@custom:security A user names the vault or basket, which must be of the Factory, as its tokens are; pairs are
                 those of the Uniswap factory. Nothing else is called. Tokens in the middle of a path may be
                 anything: the lock is held, and `min_profit` bounds the result.
"""

from ..interfaces import IBasket
from ..interfaces import IBasketCallbacks
from ..interfaces import IVault
from ..modules import callback_guard
from ..modules import tokens
from ..modules import uniswap_v2

implements: IBasketCallbacks

initializes: callback_guard
initializes: uniswap_v2

exports: (callback_guard.factory, uniswap_v2.uniswap_factory)

MAX_ORDERS: constant(uint256) = 256
CALL_BACK: constant(Bytes[1]) = b"1"  # a vault calls back when there is data

# of the call that is running, for the callback
loan: transient(address)
payer: transient(address)  # who pays with own funds; empty = the collateral is sold
path: transient(DynArray[address, uniswap_v2.MAX_TOKENS])
paths: transient(DynArray[DynArray[address, uniswap_v2.MAX_TOKENS], callback_guard.MAX_LEGS])  # of a basket's legs
receiver: transient(address)  # of legs that are not sold
min_profit: transient(uint256)
profit: transient(uint256)


@deploy
def __init__(factory: address, uniswap_factory: address):
    """
    @param factory The Factory whose vaults may be liquidated.
    @param uniswap_factory The Uniswap v2 factory whose pairs are used.
    """
    callback_guard.__init__(factory)
    uniswap_v2.__init__(uniswap_factory)


# -------------------------------------------------------------- without capital


@external
def liquidate(
    vault: address,
    owner: address,
    max_repay: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    min_profit: uint256,
    receiver: address = msg.sender,
) -> uint256:
    """
    @notice Close one position and sell all of the collateral that it yields.
    @param max_repay As for the vault's `liquidate`: base units of the loan asset; the largest uint = no limit.
    @param path Tokens from the collateral to the loan asset, two to four.
    @param min_profit Base units of the loan asset that must be left, after the fees of the vault and the pairs.
    @return Base units of the loan asset sent to `receiver`.
    """
    self._prepare_sale(vault, path, min_profit, receiver)
    extcall IVault(vault).liquidate(owner, max_repay, 0, self, CALL_BACK)
    return self._send_profit(receiver)


@external
def liquidate_batch(
    vault: address,
    orders: DynArray[uint256, MAX_ORDERS],
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    min_profit: uint256,
    receiver: address = msg.sender,
) -> (uint256, uint256):
    """
    @notice Close many positions of one vault and sell the collateral of all in one go.
    @param orders As for the vault's `liquidate_batch`; what cannot execute is skipped.
    @param path Tokens from the collateral to the loan asset, two to four.
    @param min_profit As for `liquidate`, over the whole batch.
    @return Base units of the loan asset sent to `receiver`; bit i says that order i was executed.
    """
    self._prepare_sale(vault, path, min_profit, receiver)
    executed: uint256 = (extcall IVault(vault).liquidate_batch(orders, 0, self, CALL_BACK))[3]
    return self._send_profit(receiver), executed


@external
@view
def quote(
    vault: address, orders: DynArray[uint256, MAX_ORDERS], path: DynArray[address, uniswap_v2.MAX_TOKENS]
) -> (uint256, uint256, uint256, uint256):
    """
    @notice What `liquidate_batch` (or `liquidate`, as a single order) would do in this block, to the wei.
    @return Base units of the loan asset due to the vault with its fee; base units of collateral seized; base
            units of the loan asset that they are sold for; bit i says that order i would be executed. The
            profit is the third less the first. Zeros when no order would be executed.
    """
    self._check_path(vault, path)
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256 = 0
    executed: uint256 = 0
    paid, fee, seized, executed = staticcall IVault(vault).preview_liquidate_batch(orders)
    return paid + fee, seized, uniswap_v2._quote_out(path, seized), executed


@external
def liquidate_basket(
    basket: address,
    owner: address,
    max_repay: uint256,
    without: uint256,
    paths: DynArray[DynArray[address, uniswap_v2.MAX_TOKENS], callback_guard.MAX_LEGS],
    min_profit: uint256,
    receiver: address = msg.sender,
) -> uint256:
    """
    @notice Close one position of a basket and sell what it yields, leg by leg.
    @param max_repay As for `liquidate`.
    @param without Mask of legs to leave out, as for the basket's `liquidate`: of these nothing is seized.
    @param paths One for each leg, tokens from the leg to the loan asset, two to four. An empty one: what is seized of
           the leg goes to `receiver` unsold.
    @param min_profit As for `liquidate`: legs that are not sold count for nothing.
    @return Base units of the loan asset sent to `receiver`.
    """
    self._prepare_sales(basket, paths, min_profit, receiver)
    extcall IBasket(basket).liquidate(owner, max_repay, [], without, self, CALL_BACK)
    return self._send_profit(receiver)


@external
def liquidate_basket_batch(
    basket: address,
    orders: DynArray[uint256, MAX_ORDERS],
    paths: DynArray[DynArray[address, uniswap_v2.MAX_TOKENS], callback_guard.MAX_LEGS],
    min_profit: uint256,
    receiver: address = msg.sender,
) -> (uint256, uint256):
    """
    @notice Close many positions of one basket and sell each leg of all in one go.
    @param orders As for the basket's `liquidate_batch`; what cannot execute is skipped.
    @param paths As for `liquidate_basket`. A leg that no position yields needs none.
    @param min_profit As for `liquidate_basket`, over the whole batch.
    @return Base units of the loan asset sent to `receiver`; bit i says that order i was executed.
    """
    self._prepare_sales(basket, paths, min_profit, receiver)
    executed: uint256 = (extcall IBasket(basket).liquidate_batch(orders, [], self, CALL_BACK))[3]
    return self._send_profit(receiver), executed


# --------------------------------------------------------------- with own funds


@external
def liquidate_with_funds(
    vault: address, orders: DynArray[uint256, MAX_ORDERS], min_rate: uint256, receiver: address = msg.sender
) -> (uint256, uint256, uint256, uint256):
    """
    @notice Close positions with the caller's loan asset, of which exactly what is due is pulled; the collateral
            goes to `receiver` unsold.
    @param orders As for the vault's `liquidate_batch`.
    @param min_rate As for the vault: least collateral for what is paid with the fee, scaled 1e36; 0 = any.
    @return What the vault's `liquidate_batch` returns.
    """
    self._check_receiver(receiver)
    self.loan = callback_guard._tokens(vault)[1]
    self.payer = msg.sender
    callback_guard._expect(vault)
    return extcall IVault(vault).liquidate_batch(orders, min_rate, receiver, CALL_BACK)


@external
def liquidate_basket_with_funds(
    basket: address,
    owner: address,
    max_repay: uint256,
    min_seized: DynArray[uint256, callback_guard.MAX_LEGS],
    without: uint256,
    receiver: address = msg.sender,
) -> (uint256, uint256, uint256[8]):
    """
    @notice Close one position of a basket with the caller's loan asset, of which exactly what is due is pulled; the
            collateral goes to `receiver` unsold.
    @param max_repay As for the basket's `liquidate`, as are `min_seized` and `without`.
    @return What the basket's `liquidate` returns.
    """
    self._prepare_payment(basket, receiver)
    return extcall IBasket(basket).liquidate(owner, max_repay, min_seized, without, receiver, CALL_BACK)


@external
def liquidate_basket_batch_with_funds(
    basket: address,
    orders: DynArray[uint256, MAX_ORDERS],
    min_seized: DynArray[uint256, callback_guard.MAX_LEGS],
    receiver: address = msg.sender,
) -> (uint256, uint256, uint256[8], uint256):
    """
    @notice As `liquidate_basket_with_funds`, many positions at once.
    @param orders As for the basket's `liquidate_batch`, as is `min_seized`.
    @return What the basket's `liquidate_batch` returns.
    """
    self._prepare_payment(basket, receiver)
    return extcall IBasket(basket).liquidate_batch(orders, min_seized, receiver, CALL_BACK)


# --------------------------------------------------------------------- callback


@external
@reentrant
def on_liquidation(paid: uint256, fee: uint256, seized: uint256, data: Bytes[1024]):
    """
    @notice Called by the vault: provide `paid + fee` base units of the loan asset.
    @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    """
    callback_guard._answer()
    proceeds: uint256 = 0
    if self.payer == empty(address):
        proceeds = uniswap_v2._sell(self.path, seized)
    self._provide(paid + fee, proceeds)


@external
@reentrant
def on_basket_liquidation(paid: uint256, fee: uint256, seized: uint256[8], data: Bytes[1024]):
    """
    @notice Called by the basket: provide `paid + fee` base units of the loan asset.
    @dev Not locked, since the lock is held by the function that has called the basket; `callback_guard` guards.
    """
    callback_guard._answer()
    proceeds: uint256 = 0
    if self.payer == empty(address):
        for i: uint256 in range(len(self.paths), bound=callback_guard.MAX_LEGS):
            if seized[i] == 0:
                continue
            path: DynArray[address, uniswap_v2.MAX_TOKENS] = self.paths[i]
            if len(path) == 1:
                tokens._send(path[0], self.receiver, seized[i])
            else:
                proceeds += uniswap_v2._sell(path, seized[i])
    self._provide(paid + fee, proceeds)


# -------------------------------------------------------------------- internals


@internal
def _prepare_sale(
    vault: address, path: DynArray[address, uniswap_v2.MAX_TOKENS], min_profit: uint256, receiver: address
):
    """
    @notice Store what the callback needs to sell the collateral.
    """
    self._check_receiver(receiver)
    self.loan = self._check_path(vault, path)
    self.payer = empty(address)
    self.path = path
    self.min_profit = min_profit
    callback_guard._expect(vault)


@internal
def _prepare_sales(
    basket: address,
    paths: DynArray[DynArray[address, uniswap_v2.MAX_TOKENS], callback_guard.MAX_LEGS],
    min_profit: uint256,
    receiver: address,
):
    """
    @notice As `_prepare_sale`, for the legs of a basket: in place of an empty path the leg's token is stored.
    """
    self._check_receiver(receiver)
    legs: DynArray[IBasket.Leg, callback_guard.MAX_LEGS] = []
    loan: address = empty(address)
    legs, loan = callback_guard._legs(basket)
    assert len(paths) == len(legs), "liquidator: a path for each leg"
    self.paths = paths
    for i: uint256 in range(len(legs), bound=callback_guard.MAX_LEGS):
        if len(paths[i]) == 0:
            self.paths[i] = [legs[i].token]
        else:
            uniswap_v2._check_path(paths[i], legs[i].token, loan)
    self.loan = loan
    self.payer = empty(address)
    self.receiver = receiver
    self.min_profit = min_profit
    callback_guard._expect(basket)


@internal
def _prepare_payment(basket: address, receiver: address):
    """
    @notice Store what the callback needs to let a basket pull what is due from the caller.
    """
    self._check_receiver(receiver)
    self.loan = callback_guard._legs(basket)[1]
    self.payer = msg.sender
    callback_guard._expect(basket)


@internal
def _provide(due: uint256, proceeds: uint256):
    """
    @notice Let the caller of the callback pull `due` base units of the loan asset: the payer's, or of `proceeds`.
    """
    loan: address = self.loan
    if self.payer != empty(address):
        tokens._pull(loan, self.payer, due)
    else:
        assert proceeds >= due, "liquidator: sale does not pay"
        profit: uint256 = proceeds - due
        assert profit >= self.min_profit, "liquidator: profit too small"
        self.profit = profit
    tokens._allow(loan, msg.sender, due)


@internal
def _send_profit(receiver: address) -> uint256:
    """
    @notice Send what the callback has left over.
    @return Base units of the loan asset.
    """
    profit: uint256 = self.profit
    tokens._send(self.loan, receiver, profit)
    return profit


@internal
@view
def _check_path(vault: address, path: DynArray[address, uniswap_v2.MAX_TOKENS]) -> address:
    """
    @notice Refuse an unknown vault, and a path that does not lead from its collateral to its loan asset.
    @return The loan asset.
    """
    collateral: address = empty(address)
    loan: address = empty(address)
    collateral, loan = callback_guard._tokens(vault)
    uniswap_v2._check_path(path, collateral, loan)
    return loan


@internal
@view
def _check_receiver(receiver: address):
    assert receiver != self and receiver != empty(address), "liquidator: bad receiver"
