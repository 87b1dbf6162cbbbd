// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/interfaces/IFlashBorrower.vyi.
pragma solidity >=0.8.4;

/// @title IFlashBorrower
/// @notice Receiver of a flash loan as ERC-3156 defines it.
interface IFlashBorrower {
    function onFlashLoan(
        address initiator,
        address token,
        uint256 amount,
        uint256 fee,
        bytes calldata data
    ) external returns (bytes32);
}
