# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title SharePool
@license AGPL-3.0-only
@notice A token in the place of a pool's shares, so that single shares of a backstop can come and go, with the haircut
        that its test says.
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

backstop_haircut: public(uint256)  # shares


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def set_haircut(shares: uint256):
    """
    @notice What the backstop is told that booking every provision would burn. Open to all.
    """
    self.backstop_haircut = shares


@external
def transfer(to: address, amount: uint256) -> bool:
    token_core._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    token_core._spend(owner, amount)
    token_core._move(owner, to, amount)
    return True
