// SPDX-License-Identifier: AGPL-3.0-only
pragma solidity ^0.8.24;

import {IFactory} from "plimsoll/IFactory.sol";
import {IVault} from "plimsoll/IVault.sol";

interface IERC20 {
    function approve(address spender, uint256 amount) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address owner, address to, uint256 amount) external returns (bool);
}

/// Where the collateral is sold.
interface IExchange {
    /// Takes `amount` of `token` from the caller and sends what it is worth in `wanted`; returns how much.
    function sell(address token, uint256 amount, address wanted) external returns (uint256);
}

/// @title Liquidator
/// @notice Closes positions without capital: the vault sends the collateral first, calls back, and pulls the payment
/// last. In between the collateral is sold.
/// @dev It holds nothing between calls and approves exact amounts. Tokens that return nothing are not supported.
contract Liquidator {
    error NoVault(address vault);
    error NotCalledBack(address caller);
    error Unprofitable(uint256 profit, uint256 wanted);

    IFactory public immutable FACTORY;
    IExchange public immutable EXCHANGE;

    /// The vault that may call back now.
    address transient _vault;

    constructor(IFactory factory, IExchange exchange) {
        FACTORY = factory;
        EXCHANGE = exchange;
    }

    /// @notice Closes a position as far as the rules allow, sells all collateral that it yields, and sends what is left
    /// after paying the vault to the caller.
    /// @param minProfit Base units of the loan asset; less reverts.
    /// @return profit Base units of the loan asset.
    function liquidate(IVault vault, address owner, uint256 minProfit) external returns (uint256 profit) {
        // anybody can deploy something that calls itself a vault; the factory knows its own
        if (FACTORY.pool_of(address(vault)) == address(0)) revert NoVault(address(vault));

        _vault = address(vault);
        // data that is not empty asks for the callback
        vault.liquidate(owner, type(uint256).max, 0, address(this), "sell");
        _vault = address(0);

        IERC20 loan = IERC20(vault.loan_asset());
        profit = loan.balanceOf(address(this));
        if (profit < minProfit) revert Unprofitable(profit, minProfit);
        loan.transfer(msg.sender, profit);
    }

    /// @notice What the vault calls once it has sent `seized` collateral, before it pulls `paid + fee`; see `ICallbacks`.
    function on_liquidation(uint256 paid, uint256 fee, uint256 seized, bytes calldata) external {
        if (msg.sender != _vault) revert NotCalledBack(msg.sender);
        IVault vault = IVault(msg.sender);
        address collateral = vault.collateral_asset();
        address loan = vault.loan_asset();
        IERC20(collateral).approve(address(EXCHANGE), seized);
        EXCHANGE.sell(collateral, seized, loan);
        IERC20(loan).approve(msg.sender, paid + fee);
    }
}
