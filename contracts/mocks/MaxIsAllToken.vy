# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title MaxIsAllToken
@license AGPL-3.0-only
@notice A token to which the largest uint as an amount means the whole balance, as Comet is.
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
    token_core.approve,
)


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, or all that the caller has.
    """
    token_core._move(msg.sender, to, self._meant(msg.sender, amount))
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, or all that `owner` has, out of the caller's allowance.
    """
    meant: uint256 = self._meant(owner, amount)
    token_core._spend(owner, meant)
    token_core._move(owner, to, meant)
    return True


@internal
@view
def _meant(owner: address, amount: uint256) -> uint256:
    return token_core.balanceOf[owner] if amount == max_value(uint256) else amount
