// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/periphery/Leverage.vy.
pragma solidity >=0.8.4;

/// @title Leverage
/// @notice Opens, increases, decreases and closes a leveraged position in one call: inside the vault's callback
/// the loan is sold for collateral on Uniswap v2, or collateral for the loan asset. Long when the
/// collateral is the volatile token, short when the loan asset is. Of a basket one leg, which the others stand
/// behind. Always for the caller's own position.
/// @dev The caller makes this contract an operator of the vault: by `set_operator`, or by signature in the same
/// call. A standing right is as safe as this code, which acts only for its caller. To leave no standing
/// right, sign twice: see `Signed`.
///
/// Nothing is held between calls, allowances included. Tokens sent here by mistake cannot be
/// recovered: a call pays out only what it brought in.
/// @custom:security A user names the vault or basket, which must be of the Factory, as its tokens are; pairs are
/// those of the Uniswap factory. Nothing else is called. Tokens in the middle of a path may be
/// anything: the lock is held, and the caller's bounds decide.
interface ILeverage {
    struct Terms {
        uint256 collateral;  // base units
        uint256 debt;  // base units of the loan asset, rounded up
        int256 equity;  // base units of the loan asset: value of the collateral, rounded down, less debt
        uint256 leverage;  // WAD: value over equity, rounded down; the largest uint without equity
        uint256 health;  // WAD, rounded down; the largest uint without debt
        uint256 initial_margin;  // WAD: 1 - ltv
        uint256 maintenance_margin;  // WAD: 1 - threshold
        uint256 liquidation_price;  // 1e36: lowest price at which the position is healthy; 0 without debt
        uint256 bankruptcy_price;  // 1e36: lowest price at which the collateral covers the debt; 0 without debt
    }

    struct Signed {
        uint256 rights;  // to open 2 (borrow), to close 1 (withdraw), 3 for both, 0 for none
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    /// @notice The Factory whose vaults may be called.
    function factory() external view returns (address);

    /// @notice The Uniswap v2 factory whose pairs are used.
    function uniswap_factory() external view returns (address);

    /// @notice Open or increase: draw `debt`, sell it with `loan_margin` for collateral, lock that with `margin`.
    /// The right to borrow is needed.
    /// @param margin Base units of collateral pulled from the caller.
    /// @param loan_margin Base units of the loan asset pulled from the caller.
    /// @param debt Base units of the loan asset to draw, exact.
    /// @param path Tokens from the loan asset to the collateral, two to four.
    /// @param min_collateral The least that must be locked by this call, base units, `margin` included.
    /// @param min_health Least health of the whole position afterwards, WAD; 0 = as the vault allows.
    /// @param deadline Last second in which this may be done.
    /// @param signed Delivered to the vault: the first before anything else, the second at the end.
    /// @return Base units of collateral locked.
    function open(
        address vault,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path,
        uint256 min_collateral,
        uint256 min_health,
        uint256 deadline,
        Signed[] calldata signed
    ) external returns (uint256);

    /// @notice The same with signed = [].
    function open(
        address vault,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path,
        uint256 min_collateral,
        uint256 min_health,
        uint256 deadline
    ) external returns (uint256);

    /// @notice As `open`, with one leg of a basket for the collateral; the position's other legs stay as they are.
    /// @return Base units of the leg locked.
    function open_leg(
        address basket,
        uint256 leg,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path,
        uint256 min_collateral,
        uint256 min_health,
        uint256 deadline,
        Signed[] calldata signed
    ) external returns (uint256);

    /// @notice The same with signed = [].
    function open_leg(
        address basket,
        uint256 leg,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path,
        uint256 min_collateral,
        uint256 min_health,
        uint256 deadline
    ) external returns (uint256);

    /// @notice Decrease or close: sell just enough collateral to repay `repayment`, take `payout` out as well.
    /// The right to withdraw is needed.
    /// @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    /// @param payout Base units of collateral for the caller, besides what is sold; the largest uint means all
    /// that health then allows.
    /// @param path Tokens from the collateral to the loan asset, two to four.
    /// @param max_sold The most collateral that may be sold, base units.
    /// @param min_health Least health afterwards, WAD; 0 = as the vault allows.
    /// @param deadline Last second in which this may be done.
    /// @param signed Delivered to the vault: the first before anything else, the second at the end.
    /// @return Base units repaid; base units of collateral sold; base units of collateral sent to the caller. The
    /// sale rounds up: base units of the loan asset that it yields beyond the repayment are sent as well.
    function close(
        address vault,
        uint256 repayment,
        uint256 payout,
        address[] calldata path,
        uint256 max_sold,
        uint256 min_health,
        uint256 deadline,
        Signed[] calldata signed
    ) external returns (uint256, uint256, uint256);

    /// @notice The same with signed = [].
    function close(
        address vault,
        uint256 repayment,
        uint256 payout,
        address[] calldata path,
        uint256 max_sold,
        uint256 min_health,
        uint256 deadline
    ) external returns (uint256, uint256, uint256);

    /// @notice As `close`, with one leg of a basket for the collateral; the position's other legs stay as they are.
    function close_leg(
        address basket,
        uint256 leg,
        uint256 repayment,
        uint256 payout,
        address[] calldata path,
        uint256 max_sold,
        uint256 min_health,
        uint256 deadline,
        Signed[] calldata signed
    ) external returns (uint256, uint256, uint256);

    /// @notice The same with signed = [].
    function close_leg(
        address basket,
        uint256 leg,
        uint256 repayment,
        uint256 payout,
        address[] calldata path,
        uint256 max_sold,
        uint256 min_health,
        uint256 deadline
    ) external returns (uint256, uint256, uint256);

    /// @notice Called by the vault: provide `collateral` base units.
    /// @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    function on_open(uint256 collateral, uint256 debt, bytes calldata data) external;

    /// @notice Called by the vault: provide `repaid` base units of the loan asset.
    /// @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    function on_close(uint256 repaid, uint256 withdrawn, bytes calldata data) external;

    /// @notice A position in the terms of an exchange, at the oracle's price.
    function margin_terms(address vault, address owner) external view returns (Terms memory);

    /// @notice What `open` by `owner` would lock in this block, and the position's terms afterwards, to the wei.
    /// It does not check whether the vault allows that: compare the value with `initial_margin`.
    function preview_open(
        address vault,
        address owner,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path
    ) external view returns (uint256, Terms memory);

    /// @notice What `close` by `owner` would repay and sell in this block.
    /// @return Base units of the loan asset; base units of collateral.
    function preview_close(
        address vault,
        address owner,
        uint256 repayment,
        address[] calldata path
    ) external view returns (uint256, uint256);

    /// @notice What `open_leg` would lock in this block, base units of the leg. It does not check whether the basket
    /// allows that.
    function preview_open_leg(
        address basket,
        uint256 leg,
        uint256 margin,
        uint256 loan_margin,
        uint256 debt,
        address[] calldata path
    ) external view returns (uint256);

    /// @notice What `close_leg` by `owner` would repay and sell in this block.
    /// @return Base units of the loan asset; base units of the leg.
    function preview_close_leg(
        address basket,
        uint256 leg,
        address owner,
        uint256 repayment,
        address[] calldata path
    ) external view returns (uint256, uint256);
}
