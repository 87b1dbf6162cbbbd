# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the credit lines: every function of `credit_lines`, as it is.
"""

from contracts.modules import credit_lines

initializes: credit_lines


@external
@view
def line(vault: address) -> (uint256, uint256):
    return credit_lines._line(vault)


@external
@view
def is_known(vault: address) -> bool:
    return credit_lines._is_known(vault)


@external
def set_limit(vault: address, limit: uint256):
    credit_lines._set_limit(vault, limit)


@external
def draw(vault: address, shares: uint256) -> (uint256, uint256):
    return credit_lines._draw(vault, shares)


@external
def settle(vault: address, shares: uint256):
    credit_lines._settle(vault, shares)


@external
def lose(vault: address, loss: uint256):
    credit_lines._lose(vault, loss)
