# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title RevertingToken
@license AGPL-3.0-only
@notice A token that reverts without a reason: on amounts of nothing always, on all while it is told to.
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

reverting: public(bool)


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def set_reverting(reverting: bool):
    """
    @notice Whether every transfer reverts from now on. Open to all.
    """
    self.reverting = reverting


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, which is not 0.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, which is not 0, out of the caller's allowance.
    """
    token_core._spend(owner, amount)
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    assert amount > 0 and not self.reverting
    token_core._move(owner, to, amount)
