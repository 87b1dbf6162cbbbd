# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Payments
@license AGPL-3.0-only
@notice How loan asset and collateral move: every pull is from the caller, never from an owner, and is checked
        to have arrived in full.
@custom:security A missing return value is tolerated, a false one reverts; nothing is called for an amount of 0, on
                 which some tokens revert.
"""

from ethereum.ercs import IERC20

from ..interfaces import IPool
from . import book

uses: book

POOL: immutable(IPool)
LOAN: immutable(IERC20)


@deploy
def __init__(pool: address):
    """
    @param pool The pool to draw from; its asset is the loan asset.
    """
    POOL = IPool(pool)
    LOAN = IERC20(staticcall IPool(pool).asset())


@external
@view
@reentrant
def pool() -> address:
    """
    @notice The pool that the vault draws from.
    """
    return POOL.address


@external
@view
@reentrant
def loan_asset() -> address:
    """
    @notice The token that is borrowed.
    """
    return LOAN.address


@internal
def _pay_pool(amount: uint256, shares: uint256, paid: uint256, reports: bool):
    """
    @notice Pull `amount` base units from the caller to the pool, settle at once, check that they arrived.
    @dev `settle` reads the pool's balance anyway and returns it: the balance after the pull.
    @param shares Debt shares that are extinguished.
    @param paid The part of `amount` that is not fee.
    @param reports Whether provisions have changed and are reported to the pool.
    """
    before: uint256 = 0
    if amount > 0:
        before = staticcall LOAN.balanceOf(POOL.address)
        success: bool = extcall LOAN.transferFrom(msg.sender, POOL.address, amount, default_return_value=True)
        assert success, "vault: payment failed"
    balance: uint256 = extcall POOL.settle(shares, paid)
    assert balance == before + amount or amount == 0, "vault: payment did not arrive"
    if reports:
        self._report_provisions()


@internal
def _report_provisions():
    extcall POOL.set_provision(book.provisions)


@internal
def _pull_collateral(token: IERC20, amount: uint256):
    """
    @notice Pull `amount` base units of a collateral from the caller and check that they arrived.
    """
    if amount == 0:
        return
    before: uint256 = staticcall token.balanceOf(self)
    success: bool = extcall token.transferFrom(msg.sender, self, amount, default_return_value=True)
    assert success, "vault: collateral pull failed"
    balance: uint256 = staticcall token.balanceOf(self)
    assert balance == before + amount, "vault: collateral missing"


@internal
def _send_collateral(token: IERC20, receiver: address, amount: uint256):
    """
    @notice Send `amount` base units of a collateral to `receiver`.
    """
    self._check_receiver(receiver)
    if amount == 0:
        return
    success: bool = extcall token.transfer(receiver, amount, default_return_value=True)
    assert success, "vault: collateral send failed"


@internal
@view
def _check_receiver(receiver: address):
    assert receiver != self and receiver != empty(address), "vault: bad receiver"
