# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Tokens
@license AGPL-3.0-only
@notice Moves tokens for the periphery. A missing return value is tolerated, a false one reverts; nothing is
        called for an amount of 0, on which some tokens revert.
"""

from ethereum.ercs import IERC20


@internal
def _pull(token: address, owner: address, amount: uint256):
    """
    @notice Take `amount` base units from `owner`, who has approved this contract.
    """
    if amount > 0:
        success: bool = extcall IERC20(token).transferFrom(owner, self, amount, default_return_value=True)
        assert success, "token: pull failed"


@internal
def _send(token: address, receiver: address, amount: uint256):
    """
    @notice Send `amount` base units to `receiver`.
    """
    if amount > 0:
        success: bool = extcall IERC20(token).transfer(receiver, amount, default_return_value=True)
        assert success, "token: send failed"


@internal
def _allow(token: address, spender: address, amount: uint256):
    """
    @notice Let `spender` pull exactly `amount` base units, in this call: no allowance outlives it.
    """
    if amount > 0:
        success: bool = extcall IERC20(token).approve(spender, amount, default_return_value=True)
        assert success, "token: approval failed"
