# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the credit lines: every function of `credit`, as it is.
"""

from contracts.modules import credit

initializes: credit


@external
@view
def line(vault: address) -> (uint256, uint256):
    return credit._line(vault)


@external
@view
def is_known(vault: address) -> bool:
    return credit._is_known(vault)


@external
def set_limit(vault: address, limit: uint256):
    credit._set_limit(vault, limit)


@external
def draw(vault: address, shares: uint256) -> (uint256, uint256):
    return credit._draw(vault, shares)


@external
def settle(vault: address, shares: uint256):
    credit._settle(vault, shares)


@external
def lose(vault: address, loss: uint256):
    credit._lose(vault, loss)
