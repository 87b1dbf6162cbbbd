# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title ApproveRaceToken
@license AGPL-3.0-only
@notice A token that refuses to change an allowance other than from or to 0, as USDT does.
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


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Allow `spender` to move `amount` base units of the caller, when nothing is allowed or will be.
    """
    assert amount == 0 or token_core.allowance[msg.sender][spender] == 0, "token: allowance is not 0"
    token_core._approve(msg.sender, spender, amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`.
    """
    token_core._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` out of the caller's allowance.
    """
    token_core._spend(owner, amount)
    token_core._move(owner, to, amount)
    return True
