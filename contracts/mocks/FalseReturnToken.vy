# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title FalseReturnToken
@license AGPL-3.0-only
@notice A token that, once it is told to, answers false instead of doing anything or reverting.
@custom:security For tests only.
"""

from . import token_core

initializes: token_core

exports: (
    token_core.name,
    token_core.symbol,
    token_core.decimals,
    token_core.balanceOf,
    token_core.allowance,
    token_core.totalSupply,
    token_core.mint,
    token_core.burn,
)

flag Function:
    TRANSFER
    TRANSFER_FROM
    APPROVE


failing: Function


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def set_failing(failing: bool):
    """
    @notice Whether transfers fail from now on. Open to all.
    """
    self.failing = empty(Function)
    if failing:
        self.failing = Function.TRANSFER | Function.TRANSFER_FROM


@external
def fail(functions: Function):
    """
    @notice What fails from now on: 1 `transfer`, 2 `transferFrom`, 4 `approve`, or a sum. Open to all.
    """
    self.failing = functions


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Allow `spender` to move `amount`, or answer false.
    """
    if Function.APPROVE in self.failing:
        return False
    token_core._approve(msg.sender, spender, amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, or answer false.
    """
    if Function.TRANSFER in self.failing:
        return False
    token_core._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` out of the caller's allowance, or answer false.
    """
    if Function.TRANSFER_FROM in self.failing:
        return False
    token_core._spend(owner, amount)
    token_core._move(owner, to, amount)
    return True
