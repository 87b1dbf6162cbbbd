# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title TwiceVault
@license AGPL-3.0-only
@notice Looks like a vault and calls back as often as configured, though it sends and owes nothing: inside the
        same call, and outside of it.
@custom:security For tests only.
"""

from ..interfaces import ICallbacks

collateral_asset: public(address)
loan_asset: public(address)
pool: public(address)
times: public(uint256)


@deploy
def __init__(collateral: address, loan: address):
    self.collateral_asset = collateral
    self.loan_asset = loan
    self.pool = self


@external
def call_back(times: uint256):
    """
    @notice How often to call back from now on. Open to all.
    """
    self.times = times


@external
@view
def debt_of(owner: address) -> uint256:
    return 0


@external
def liquidate_batch(
    orders: DynArray[uint256, 256], min_rate: uint256, receiver: address, data: Bytes[1024]
) -> (uint256, uint256, uint256, uint256):
    """
    @notice Ask for one base unit in each callback.
    """
    for _: uint256 in range(self.times, bound=8):
        extcall ICallbacks(msg.sender).on_liquidation(1, 0, 0, data)
    return 1, 0, 0, 1


@external
def open(collateral: uint256, debt: uint256, receiver: address, owner: address, data: Bytes[1024]) -> uint256:
    """
    @notice Ask for what was offered in each callback.
    """
    for _: uint256 in range(self.times, bound=8):
        extcall ICallbacks(msg.sender).on_open(collateral, debt, data)
    return debt


@external
def close(
    repayment: uint256, withdrawal: uint256, receiver: address, owner: address, data: Bytes[1024]
) -> (uint256, uint256):
    """
    @notice Ask for nothing in each callback.
    """
    for _: uint256 in range(self.times, bound=8):
        extcall ICallbacks(msg.sender).on_close(0, withdrawal, data)
    return 0, withdrawal


@external
def call_late(guest: address):
    """
    @notice Call back while no call of the periphery is running.
    """
    extcall ICallbacks(guest).on_liquidation(1, 0, 0, b"1")
