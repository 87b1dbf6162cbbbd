// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/interfaces/IOracle.vyi.
pragma solidity >=0.8.4;

/// @title IOracle
/// @notice The price of a collateral, for a vault. Both answers are **loan base units per collateral base unit,
/// scaled by 1e36**, so that the decimals of both tokens cancel: `c` base units of collateral are worth
/// `c * price // 1e36` base units of the loan asset.
/// @custom:security A vault trusts its oracle completely, up to its credit line. An oracle must guarantee:
///
/// 1. Both functions revert, with a reason, while there is no trustworthy answer: stale, out of bounds,
/// unknown.
/// 2. Neither ever answers 0.
/// 3. `safe_price() <= price()` in every state.
/// 4. They fail together: in no state does one answer while the other reverts.
/// 5. Nobody can move an answer within one transaction: no spot price of a pool, no balance, no exchange rate
/// that a donation lifts without a cap.
/// 6. Both round down.
/// 7. Neither needs more than 1,000,000 gas in any state, its sources included, and the gas passed never
/// decides what is answered: a call without enough of it fails.
/// 8. Tokens and units never change, and nobody can replace the source of a live oracle.
/// 9. Both may be called in the middle of a transaction, in a callback, and several times.
interface IOracle {
    /// @notice The price at which positions are liquidated. Scaled by 1e36, rounded down, never 0.
    function price() external view returns (uint256);

    /// @notice The price at which new debt and withdrawals are judged, never above `price()`. Scaled by 1e36,
    /// rounded down, never 0.
    function safe_price() external view returns (uint256);
}
