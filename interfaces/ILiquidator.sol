// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/periphery/Liquidator.vy.
pragma solidity >=0.8.4;

/// @title Liquidator
/// @notice Liquidates without capital: takes the collateral, sells it on Uniswap v2 inside the vault's callback, lets
/// the vault pull what is due, sends the rest to the caller's receiver. Or with the caller's own loan
/// asset. Open to all; nobody owns it.
/// @dev Nothing is held between calls, allowances included: each is for the exact amount that is pulled in the
/// same call. Tokens sent here by mistake cannot be recovered: a call pays out only what it brought in.
/// @custom:security A user names the vault or basket, which must be of the Factory, as its tokens are; pairs are
/// those of the Uniswap factory. Nothing else is called. Tokens in the middle of a path may be
/// anything: the lock is held, and `min_profit` bounds the result.
interface ILiquidator {
    /// @notice The Factory whose vaults may be called.
    function factory() external view returns (address);

    /// @notice The Uniswap v2 factory whose pairs are used.
    function uniswap_factory() external view returns (address);

    /// @notice Close one position and sell all of the collateral that it yields.
    /// @param max_repay As for the vault's `liquidate`: base units of the loan asset; the largest uint = no limit.
    /// @param path Tokens from the collateral to the loan asset, two to four.
    /// @param min_profit Base units of the loan asset that must be left, after the fees of the vault and the pairs.
    /// @return Base units of the loan asset sent to `receiver`.
    function liquidate(
        address vault,
        address owner,
        uint256 max_repay,
        address[] calldata path,
        uint256 min_profit,
        address receiver
    ) external returns (uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate(
        address vault,
        address owner,
        uint256 max_repay,
        address[] calldata path,
        uint256 min_profit
    ) external returns (uint256);

    /// @notice Close many positions of one vault and sell the collateral of all in one go.
    /// @param orders As for the vault's `liquidate_batch`; what cannot execute is skipped.
    /// @param path Tokens from the collateral to the loan asset, two to four.
    /// @param min_profit As for `liquidate`, over the whole batch.
    /// @return Base units of the loan asset sent to `receiver`; bit i says that order i was executed.
    function liquidate_batch(
        address vault,
        uint256[] calldata orders,
        address[] calldata path,
        uint256 min_profit,
        address receiver
    ) external returns (uint256, uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate_batch(
        address vault,
        uint256[] calldata orders,
        address[] calldata path,
        uint256 min_profit
    ) external returns (uint256, uint256);

    /// @notice What `liquidate_batch` (or `liquidate`, as a single order) would do in this block, to the wei.
    /// @return Base units of the loan asset due to the vault with its fee; base units of collateral seized; base
    /// units of the loan asset that they are sold for; bit i says that order i would be executed. The
    /// profit is the third less the first. Zeros when no order would be executed.
    function quote(
        address vault,
        uint256[] calldata orders,
        address[] calldata path
    ) external view returns (uint256, uint256, uint256, uint256);

    /// @notice Close one position of a basket and sell what it yields, leg by leg.
    /// @param max_repay As for `liquidate`.
    /// @param without Mask of legs to leave out, as for the basket's `liquidate`: of these nothing is seized.
    /// @param paths One for each leg, tokens from the leg to the loan asset, two to four. An empty one: what is seized of
    /// the leg goes to `receiver` unsold.
    /// @param min_profit As for `liquidate`: legs that are not sold count for nothing.
    /// @return Base units of the loan asset sent to `receiver`.
    function liquidate_basket(
        address basket,
        address owner,
        uint256 max_repay,
        uint256 without,
        address[][] calldata paths,
        uint256 min_profit,
        address receiver
    ) external returns (uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate_basket(
        address basket,
        address owner,
        uint256 max_repay,
        uint256 without,
        address[][] calldata paths,
        uint256 min_profit
    ) external returns (uint256);

    /// @notice Close many positions of one basket and sell each leg of all in one go.
    /// @param orders As for the basket's `liquidate_batch`; what cannot execute is skipped.
    /// @param paths As for `liquidate_basket`. A leg that no position yields needs none.
    /// @param min_profit As for `liquidate_basket`, over the whole batch.
    /// @return Base units of the loan asset sent to `receiver`; bit i says that order i was executed.
    function liquidate_basket_batch(
        address basket,
        uint256[] calldata orders,
        address[][] calldata paths,
        uint256 min_profit,
        address receiver
    ) external returns (uint256, uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate_basket_batch(
        address basket,
        uint256[] calldata orders,
        address[][] calldata paths,
        uint256 min_profit
    ) external returns (uint256, uint256);

    /// @notice Close positions with the caller's loan asset, of which exactly what is due is pulled; the collateral
    /// goes to `receiver` unsold.
    /// @param orders As for the vault's `liquidate_batch`.
    /// @param min_rate As for the vault: least collateral for what is paid with the fee, scaled 1e36; 0 = any.
    /// @return What the vault's `liquidate_batch` returns.
    function liquidate_with_funds(
        address vault,
        uint256[] calldata orders,
        uint256 min_rate,
        address receiver
    ) external returns (uint256, uint256, uint256, uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate_with_funds(
        address vault,
        uint256[] calldata orders,
        uint256 min_rate
    ) external returns (uint256, uint256, uint256, uint256);

    /// @notice Close one position of a basket with the caller's loan asset, of which exactly what is due is pulled; the
    /// collateral goes to `receiver` unsold.
    /// @param max_repay As for the basket's `liquidate`, as are `min_seized` and `without`.
    /// @return What the basket's `liquidate` returns.
    function liquidate_basket_with_funds(
        address basket,
        address owner,
        uint256 max_repay,
        uint256[] calldata min_seized,
        uint256 without,
        address receiver
    ) external returns (uint256, uint256, uint256[8] memory);

    /// @notice The same with receiver = msg.sender.
    function liquidate_basket_with_funds(
        address basket,
        address owner,
        uint256 max_repay,
        uint256[] calldata min_seized,
        uint256 without
    ) external returns (uint256, uint256, uint256[8] memory);

    /// @notice As `liquidate_basket_with_funds`, many positions at once.
    /// @param orders As for the basket's `liquidate_batch`, as is `min_seized`.
    /// @return What the basket's `liquidate_batch` returns.
    function liquidate_basket_batch_with_funds(
        address basket,
        uint256[] calldata orders,
        uint256[] calldata min_seized,
        address receiver
    ) external returns (uint256, uint256, uint256[8] memory, uint256);

    /// @notice The same with receiver = msg.sender.
    function liquidate_basket_batch_with_funds(
        address basket,
        uint256[] calldata orders,
        uint256[] calldata min_seized
    ) external returns (uint256, uint256, uint256[8] memory, uint256);

    /// @notice Called by the vault: provide `paid + fee` base units of the loan asset.
    /// @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    function on_liquidation(uint256 paid, uint256 fee, uint256 seized, bytes calldata data) external;

    /// @notice Called by the basket: provide `paid + fee` base units of the loan asset.
    /// @dev Not locked, since the lock is held by the function that has called the basket; `callback_guard` guards.
    function on_basket_liquidation(
        uint256 paid,
        uint256 fee,
        uint256[8] calldata seized,
        bytes calldata data
    ) external;
}
