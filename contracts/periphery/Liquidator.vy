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
@custom:security A user names the vault, which must be of the Factory; the tokens are the vault's; pairs are
                 those of the Uniswap factory. Nothing else is called. Tokens in the middle of a path may be
                 anything: the lock is held, and `min_profit` bounds the result.
"""

from ..interfaces import IVault
from ..modules import callback_guard
from ..modules import tokens
from ..modules import uniswap_v2

initializes: callback_guard
initializes: uniswap_v2

exports: (callback_guard.factory, uniswap_v2.uniswap_factory)

MAX_ORDERS: constant(uint256) = 256
CALL_BACK: constant(Bytes[1]) = b"1"  # a vault calls back when there is data

# of the call that is running, for the callback
loan: transient(address)
payer: transient(address)  # who pays with own funds; empty = the collateral is sold
path: transient(DynArray[address, uniswap_v2.MAX_TOKENS])
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


# --------------------------------------------------------------------- callback


@external
@reentrant
def on_liquidation(paid: uint256, fee: uint256, seized: uint256, data: Bytes[1024]):
    """
    @notice Called by the vault: provide `paid + fee` base units of the loan asset.
    @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    """
    callback_guard._answer()
    due: uint256 = paid + fee
    loan: address = self.loan
    if self.payer != empty(address):
        tokens._pull(loan, self.payer, due)
    else:
        proceeds: uint256 = uniswap_v2._sell(self.path, seized)
        assert proceeds >= due, "liquidator: sale does not pay"
        profit: uint256 = proceeds - due
        assert profit >= self.min_profit, "liquidator: profit too small"
        self.profit = profit
    tokens._allow(loan, msg.sender, due)


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
