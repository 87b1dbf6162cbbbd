# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title StutteringOracle
@license AGPL-3.0-only
@notice An oracle whose answers can break off before the end of the word, for tests.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

# ------------------------------------------------------------------------------------------------------------
# Immutables and storage
# ------------------------------------------------------------------------------------------------------------

PRICE: immutable(uint256)

# How many bytes of an answer come out, at most 32.
length: public(uint256)


# ------------------------------------------------------------------------------------------------------------
# Constructor
# ------------------------------------------------------------------------------------------------------------


@deploy
def __init__(price_: uint256):
    """
    @param price_ Both prices, scaled by 1e36.
    """
    PRICE = price_
    self.length = 32


# ------------------------------------------------------------------------------------------------------------
# What an oracle has
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
@raw_return
def price() -> Bytes[32]:
    """
    @notice The first bytes of the price.
    """
    return self._answer()


@external
@view
@reentrant
@raw_return
def safe_price() -> Bytes[32]:
    """
    @notice The first bytes of the safe price.
    """
    return self._answer()


# ------------------------------------------------------------------------------------------------------------
# Set by tests
# ------------------------------------------------------------------------------------------------------------


@external
def set_length(length: uint256):
    """
    @param length How many bytes of an answer come out from now on, at most 32.
    """
    self.length = length


# ------------------------------------------------------------------------------------------------------------
# Internal
# ------------------------------------------------------------------------------------------------------------


@internal
@view
def _answer() -> Bytes[32]:
    """
    @notice The price, cut to the length that was set.
    """
    return slice(convert(PRICE, bytes32), 0, self.length)
