// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/interfaces/IBasketCallbacks.vyi.
pragma solidity >=0.8.4;

/// @title IBasketCallbacks
/// @notice What a basket calls on a liquidator, only when they passed data; its `open` and `close` call `ICallbacks`.
interface IBasketCallbacks {
    /// @notice `seized` base units of each leg have been sent; `paid + fee` loan base units will be pulled.
    function on_basket_liquidation(
        uint256 paid,
        uint256 fee,
        uint256[8] calldata seized,
        bytes calldata data
    ) external;
}
