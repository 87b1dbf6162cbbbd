// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/interfaces/ICallbacks.vyi.
pragma solidity >=0.8.4;

/// @title ICallbacks
/// @notice What a vault calls on its caller, only when the caller passed data. Every callback runs after the
/// vault has paid out and before it pulls; the vault's lock is held throughout.
interface ICallbacks {
    /// @notice `debt` loan base units have been sent; `collateral` base units will be pulled from the caller.
    function on_open(uint256 collateral, uint256 debt, bytes calldata data) external;

    /// @notice `withdrawn` collateral base units have been sent; `repaid` loan base units will be pulled.
    function on_close(uint256 repaid, uint256 withdrawn, bytes calldata data) external;

    /// @notice `seized` collateral base units have been sent; `paid + fee` loan base units will be pulled.
    function on_liquidation(uint256 paid, uint256 fee, uint256 seized, bytes calldata data) external;
}
