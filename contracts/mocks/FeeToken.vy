# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title FeeToken
@license AGPL-3.0-only
@notice A token that keeps part of every transfer, once it is told to: less arrives than was sent.
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

BASIS: constant(uint256) = 10_000

fee: public(uint256)  # basis points


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    token_core.__init__(name_, symbol_, decimals_)


@external
def set_fee(fee: uint256):
    """
    @notice Keep `fee` basis points of what is transferred from now on. Open to all.
    """
    assert fee <= BASIS, "mock: fee above 100 %"
    self.fee = fee


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount`, of which `to` gets all but the fee.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` out of the caller's allowance; `to` gets all but the fee.
    """
    token_core._spend(owner, amount)
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    kept: uint256 = amount * self.fee // BASIS
    if kept > 0:
        token_core._destroy(owner, kept)
    token_core._move(owner, to, amount - kept)
