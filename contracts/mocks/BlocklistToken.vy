# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title BlocklistToken
@license AGPL-3.0-only
@notice A token that refuses to move from and to the addresses on its list, and refuses everyone while halted.
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

is_blocked: public(HashMap[address, bool])
halted: public(bool)


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def set_blocked(who: address, blocked: bool):
    """
    @notice Put `who` on the list or take them off it. Open to all.
    """
    self.is_blocked[who] = blocked


@external
def set_halted(halted: bool):
    """
    @notice Stop all transfers or let them go on. Open to all.
    """
    self.halted = halted


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, unless one of the two is on the list.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` out of the caller's allowance, unless one of the two is on the list.
    """
    token_core._spend(owner, amount)
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    assert not self.halted, "token: halted"
    assert not self.is_blocked[owner], "token: sender blocked"
    assert not self.is_blocked[to], "token: receiver blocked"
    token_core._move(owner, to, amount)
