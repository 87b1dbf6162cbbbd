# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title RebasingToken
@license AGPL-3.0-only
@notice A token whose balances are parts of a total that its issuer moves up and down; amounts are rounded to
        parts, so that less than a unit of a transfer may be lost, as with stETH.
@custom:security For tests only.
"""

from . import token_core

initializes: token_core

exports: (
    token_core.name,
    token_core.symbol,
    token_core.decimals,
    token_core.allowance,
    token_core.approve,
)

WAD: constant(uint256) = 10**18

index: public(uint256)  # base units a part, WAD


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)
    self.index = WAD


@external
def rebase(index: uint256):
    """
    @notice Multiply every balance by `index`, WAD, relative to the beginning. Open to all.
    """
    self.index = index


@external
def mint(to: address, amount: uint256):
    """
    @notice Create `amount` base units for `to`. Open to all.
    """
    token_core.balanceOf[to] += self._parts(amount)


@external
@view
def balanceOf(owner: address) -> uint256:
    """
    @notice Base units, rounded down.
    """
    return token_core.balanceOf[owner] * self.index // WAD


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, rounded down to parts.
    """
    token_core._move(msg.sender, to, self._parts(amount))
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, rounded down to parts, out of the caller's allowance.
    """
    token_core._spend(owner, amount)
    token_core._move(owner, to, self._parts(amount))
    return True


@internal
@view
def _parts(amount: uint256) -> uint256:
    return amount * WAD // self.index
