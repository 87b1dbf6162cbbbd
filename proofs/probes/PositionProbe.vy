# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Probe of the position word: every function of `position`, as it is.
"""

from contracts.modules import position


@external
@pure
def round_trip(collateral: uint256, shares: uint256) -> (uint256, uint256):
    return position._unpack(position._add_debt(position._add_collateral(0, collateral), shares))


@external
@pure
def unpack(word: uint256) -> (uint256, uint256):
    return position._unpack(word)


@external
@pure
def add_collateral(word: uint256, amount: uint256) -> uint256:
    return position._add_collateral(word, amount)


@external
@pure
def add_debt(word: uint256, shares: uint256) -> uint256:
    return position._add_debt(word, shares)


@external
@pure
def reduce(word: uint256, collateral: uint256, shares: uint256) -> uint256:
    return position._reduce(word, collateral, shares)


@external
@pure
def flag_provisioned(word: uint256, provisioned: bool) -> uint256:
    return position._flag_provisioned(word, provisioned)
