# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title LyingOracle
@license AGPL-3.0-only
@notice An oracle that says whatever it is told, for tests: lies of any size, outages, answers that need a lot
        of gas. It keeps `safe_price() <= price()` only when the test does.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

from ..interfaces import IOracle

implements: IOracle


# ------------------------------------------------------------------------------------------------------------
# Storage
# ------------------------------------------------------------------------------------------------------------

# Both scaled by 1e36. A price of 0 is answered, not refused: a vault has to cope.
_price: uint256
_safe_price: uint256

silent: public(bool)
# How much gas an answer burns before it comes.
appetite: public(uint256)


# ------------------------------------------------------------------------------------------------------------
# Constructor
# ------------------------------------------------------------------------------------------------------------


@deploy
def __init__(price_: uint256):
    """
    @param price_ What `price()` and `safe_price()` answer at first, scaled by 1e36.
    """
    self._price = price_
    self._safe_price = price_


# ------------------------------------------------------------------------------------------------------------
# What an oracle has
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
def price() -> uint256:
    """
    @return The price that was set, scaled by 1e36.
    """
    self._before_answer()
    return self._price


@external
@view
@reentrant
def safe_price() -> uint256:
    """
    @return The safe price that was set, scaled by 1e36.
    """
    self._before_answer()
    return self._safe_price


# ------------------------------------------------------------------------------------------------------------
# Set by tests
# ------------------------------------------------------------------------------------------------------------


@external
def set_prices(price_: uint256, safe_price_: uint256):
    """
    @param price_ What `price()` answers from now on, scaled by 1e36.
    @param safe_price_ What `safe_price()` answers from now on, scaled by 1e36.
    """
    self._price = price_
    self._safe_price = safe_price_


@external
def set_price(price_: uint256):
    """
    @notice Both prices at once.
    @param price_ What both functions answer from now on, scaled by 1e36.
    """
    self._price = price_
    self._safe_price = price_


@external
def set_silent(silent: bool):
    """
    @param silent Whether both functions revert from now on.
    """
    self.silent = silent


@external
def set_appetite(appetite: uint256):
    """
    @param appetite How much gas an answer burns before it comes.
    """
    self.appetite = appetite


# ------------------------------------------------------------------------------------------------------------
# Internal
# ------------------------------------------------------------------------------------------------------------


@internal
@view
def _before_answer():
    """
    @dev Reverts while silent; else burns the gas that was asked for, or runs out of it.
    """
    assert not self.silent, "lying oracle: silent"
    spare: uint256 = msg.gas
    appetite: uint256 = self.appetite
    for _: uint256 in range(1_000_000):
        # `msg.gas` only falls, so the difference cannot wrap.
        if unsafe_sub(spare, msg.gas) >= appetite:
            break
