# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the credit lines: every function of `credit_lines`, as it is.
"""

from contracts.modules import credit_lines

initializes: credit_lines


@deploy
def __init__(draw_burst: uint256, draw_refill: uint256):
    credit_lines.__init__(draw_burst, draw_refill)


@external
@view
def line(vault: address) -> (uint256, uint256):
    return credit_lines._line(vault)


@external
@view
def is_known(vault: address) -> bool:
    return credit_lines._is_known(vault)


@external
def set_limit(vault: address, limit: uint256, is_open: bool):
    credit_lines._set_limit(vault, limit, is_open)


@external
def draw(vault: address, shares: uint256, amount: uint256, debt: uint256, debt_shares: uint256):
    credit_lines._draw(vault, amount, shares, debt, debt_shares)


@external
def settle(vault: address, shares: uint256, paid: uint256):
    credit_lines._settle(vault, shares, paid)


@external
def lose(vault: address, loss: uint256):
    credit_lines._lose(vault, loss)
