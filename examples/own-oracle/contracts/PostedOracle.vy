# pragma version 0.4.3
# pragma nonreentrancy on
# pragma evm-version prague
"""
@title PostedOracle
@license AGPL-3.0-only
@notice A price that a reporter posts. It is believed for an hour, and moves by at most a tenth at a time.
        Of the last two reports `price` is the higher and `safe_price` the lower one: a spike liquidates nobody
        and lends nothing.
@custom:security The reporter is trusted within the bounds. See `IOracle` for what a vault expects of an oracle.
"""

from plimsoll.interfaces import IOracle

implements: IOracle

LIFETIME: constant(uint256) = 60 * 60  # seconds
STEP: constant(uint256) = 10  # a tenth

REPORTER: public(immutable(address))

latest: public(uint256)  # 1e36
before: public(uint256)  # 1e36
reported_at: public(uint256)  # time


@deploy
def __init__(reporter: address, price: uint256):
    """
    @param price Loan base units per collateral base unit, scaled by 1e36.
    """
    assert price > 0, "posted: no price"
    REPORTER = reporter
    self.latest = price
    self.before = price
    self.reported_at = block.timestamp


@external
def report(price: uint256):
    """
    @notice Post a price, at most a tenth away from the one before; one that is too old may be replaced by any.
    """
    assert msg.sender == REPORTER, "posted: only reporter"
    assert price > 0, "posted: no price"
    latest: uint256 = self.latest
    if self._is_stale():
        latest = price
    distance: uint256 = price - latest if price > latest else latest - price
    assert distance <= latest // STEP, "posted: too far"
    self.before = latest
    self.latest = price
    self.reported_at = block.timestamp


@external
@view
@reentrant
def price() -> uint256:
    """
    @notice The higher of the last two reports, scaled by 1e36.
    """
    self._check_age()
    return max(self.latest, self.before)


@external
@view
@reentrant
def safe_price() -> uint256:
    """
    @notice The lower of the last two reports, scaled by 1e36.
    """
    self._check_age()
    return min(self.latest, self.before)


@internal
@view
def _check_age():
    assert not self._is_stale(), "posted: stale"


@internal
@view
def _is_stale() -> bool:
    return block.timestamp > self.reported_at + LIFETIME
