# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title FlashBorrower
@license AGPL-3.0-only
@notice An honest receiver of flash loans: it approves the lender once and does nothing else.
@custom:security For tests only.
"""

from ethereum.ercs import IERC20

from ..interfaces import IFlashBorrower

implements: IFlashBorrower

MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")


@external
def approve(token: address, spender: address):
    """
    @notice Allow `spender` to pull any amount of `token`.
    """
    extcall IERC20(token).approve(spender, max_value(uint256), default_return_value=True)


@external
def onFlashLoan(
    initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[1024]
) -> bytes32:
    return MAGIC
