# pragma version 0.4.3
# pragma nonreentrancy on
# pragma evm-version prague
"""
@title Buyer
@license AGPL-3.0-only
@notice A liquidator that keeps the collateral: it pays out of its owner's wallet, at the owner's price or a better one.
        Anyone may call it.
"""

from ethereum.ercs import IERC20
from plimsoll.interfaces import IVault

VAULT: public(immutable(IVault))
LOAN: immutable(IERC20)
OWNER: public(immutable(address))
MIN_RATE: public(immutable(uint256))


@deploy
def __init__(vault: address, owner: address, min_rate: uint256):
    """
    @param owner Has approved this contract for the loan asset; gets the collateral.
    @param min_rate Least collateral for what is paid with the fee, base units a base unit scaled by 1e36.
    """
    VAULT = IVault(vault)
    LOAN = IERC20(staticcall VAULT.loan_asset())
    OWNER = owner
    MIN_RATE = min_rate


@external
def buy(borrower: address) -> uint256:
    """
    @notice Close a position as far as the rules allow.
    @return Base units of collateral.
    """
    # data that is not empty asks for the callback
    return (extcall VAULT.liquidate(borrower, max_value(uint256), MIN_RATE, OWNER, b"pay"))[2]


@external
@reentrant
def on_liquidation(paid: uint256, fee: uint256, seized: uint256, data: Bytes[1024]):
    """
    @notice What the vault calls on whoever liquidates, before it pulls `paid + fee`; see `ICallbacks`.
    """
    assert msg.sender == VAULT.address, "buyer: only vault"
    extcall LOAN.transferFrom(OWNER, self, paid + fee)
    extcall LOAN.approve(msg.sender, paid + fee)
