# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title SlotOracle
@license AGPL-3.0-only
@notice An oracle that reads one storage slot and does nothing else: the cheapest there can be, for measuring
        gas beside a peer whose own mock does the same.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

from ..interfaces import IOracle

implements: IOracle

# Scaled by 1e36.
_price: uint256


@deploy
def __init__(price_: uint256):
    """
    @param price_ What both functions answer at first, scaled by 1e36.
    """
    self._price = price_


@external
@view
@reentrant
def price() -> uint256:
    """
    @return The price that was set, scaled by 1e36.
    """
    return self._price


@external
@view
@reentrant
def safe_price() -> uint256:
    """
    @return The same, scaled by 1e36.
    """
    return self._price


@external
def set_price(price_: uint256):
    """
    @param price_ What both functions answer from now on, scaled by 1e36.
    """
    self._price = price_
