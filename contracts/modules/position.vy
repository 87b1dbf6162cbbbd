# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Position
@license AGPL-3.0-only
@notice One owner's collateral and debt in one vault, in one word, packed and unpacked here and nowhere else.
@dev
     bits      field        unit
     0..127    collateral   base units of the collateral
     128..231  debt         debt shares
     232..254  spare
     255       provisioned  a provision stands for the position
"""

COLLATERAL_TOP: constant(uint256) = 2**128 - 1
DEBT_TOP: constant(uint256) = 2**104 - 1
PROVISIONED: constant(uint256) = 1 << 255  # the top bit, so a flagged word is at least this


@internal
@pure
def _unpack(word: uint256) -> (uint256, uint256):
    """
    @return Collateral in base units; debt shares.
    """
    return word & COLLATERAL_TOP, (word >> 128) & DEBT_TOP


@internal
@pure
def _debt_shares(word: uint256) -> uint256:
    return (word >> 128) & DEBT_TOP


@internal
@pure
def _add_collateral(word: uint256, amount: uint256) -> uint256:
    # a masked value is at most the mask
    assert amount <= unsafe_sub(COLLATERAL_TOP, word & COLLATERAL_TOP), "vault: too much collateral"
    return unsafe_add(word, amount)  # stays in its lane, checked above


@internal
@pure
def _add_debt(word: uint256, shares: uint256) -> uint256:
    """
    @dev A position's debt shares are part of the pool's total, which fits the lane.
    """
    return unsafe_add(word, shares << 128)


@internal
@pure
def _reduce(word: uint256, collateral: uint256, shares: uint256) -> uint256:
    """
    @notice Take `collateral` and `shares` out of a position.
    @dev The caller has checked that the position holds at least as much of each, so no lane underflows.
    """
    return unsafe_sub(word, collateral | (shares << 128))


@internal
@pure
def _flag_provisioned(word: uint256, provisioned: bool) -> uint256:
    return word | PROVISIONED if provisioned else word & ~PROVISIONED
