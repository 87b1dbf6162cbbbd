// SPDX-License-Identifier: AGPL-3.0-only
pragma solidity ^0.8.24;

import {ICallbacks} from "plimsoll/ICallbacks.sol";
import {IFactory} from "plimsoll/IFactory.sol";
import {IPool} from "plimsoll/IPool.sol";
import {IVault} from "plimsoll/IVault.sol";
import {IERC20, IExchange, Liquidator} from "../src/Liquidator.sol";
import {ISettableOracle, IToken, Plimsoll} from "./Plimsoll.sol";
import {vm} from "./Vm.sol";

/// Buys WETH with the USDC that it holds.
contract Exchange is IExchange {
    uint256 public price; // USDC, 6 decimals, for a whole WETH

    function set_price(uint256 to) external {
        price = to;
    }

    function sell(address token, uint256 amount, address wanted) external returns (uint256 bought) {
        IERC20(token).transferFrom(msg.sender, address(this), amount);
        bought = amount * price / 1e18;
        IERC20(wanted).transfer(msg.sender, bought);
    }
}

/// Says that it is a vault.
contract Impostor {
    function liquidate(address, uint256, uint256, address, bytes calldata) external {}
}

contract LiquidatorTest {
    address constant LENDER = address(0x1001);
    address constant BORROWER = address(0x1002);
    address constant KEEPER = address(0x1003);
    address constant STRANGER = address(0x1004);

    IToken usdc;
    IToken weth;
    ISettableOracle oracle;
    IVault vault;
    Exchange exchange;
    Liquidator liquidator;

    /// 10 WETH worth 2,000 each, on which 15,000 are owed.
    function setUp() public {
        IFactory factory = Plimsoll.factory();
        usdc = Plimsoll.token("USDC", 6);
        weth = Plimsoll.token("WETH", 18);
        oracle = Plimsoll.oracle(2_000e24);
        IPool pool;
        (pool, vault) = Plimsoll.market(factory, usdc, weth, address(oracle), 1_000_000e6);
        exchange = new Exchange();
        liquidator = new Liquidator(factory, exchange);

        usdc.mint(LENDER, 100_000e6);
        vm.startPrank(LENDER);
        usdc.approve(address(pool), 100_000e6);
        pool.deposit(100_000e6, LENDER);
        vm.stopPrank();

        weth.mint(BORROWER, 10e18);
        vm.startPrank(BORROWER);
        weth.approve(address(vault), 10e18);
        vault.open(10e18, 15_000e6);
        vm.stopPrank();

        usdc.mint(address(exchange), 1_000_000e6);
        fall(1_750);
    }

    function test_it_needs_no_capital() public {
        IVault.Quote memory quote = vault.preview_liquidate(BORROWER, type(uint256).max);
        uint256 margin = quote.seized * exchange.price() / 1e18 - quote.paid - quote.fee;

        vm.prank(KEEPER);
        uint256 profit = liquidator.liquidate(vault, BORROWER, margin);

        require(margin > 0 && profit == margin && usdc.balanceOf(KEEPER) == margin, "profit");
        require(vault.health(BORROWER) == quote.health_after && quote.health_after > 1e18, "health");
        require(usdc.balanceOf(address(liquidator)) == 0 && weth.balanceOf(address(liquidator)) == 0, "kept");
    }

    function test_a_profit_that_is_too_small_is_refused() public {
        IVault.Quote memory quote = vault.preview_liquidate(BORROWER, type(uint256).max);
        uint256 margin = quote.seized * exchange.price() / 1e18 - quote.paid - quote.fee;

        vm.expectRevert(abi.encodeWithSelector(Liquidator.Unprofitable.selector, margin, margin + 1));
        liquidator.liquidate(vault, BORROWER, margin + 1);
    }

    function test_a_healthy_position_is_refused() public {
        fall(1_900);
        vm.expectRevert("vault: healthy");
        liquidator.liquidate(vault, BORROWER, 0);
    }

    function test_a_vault_of_nobody_knows_whom_is_refused() public {
        IVault impostor = IVault(address(new Impostor()));
        vm.expectRevert(abi.encodeWithSelector(Liquidator.NoVault.selector, impostor));
        liquidator.liquidate(impostor, BORROWER, 0);
    }

    function test_nobody_else_may_call_back() public {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(Liquidator.NotCalledBack.selector, STRANGER));
        liquidator.on_liquidation(1, 0, 1, "");
    }

    function test_the_callback_is_the_one_that_vaults_call() public pure {
        require(Liquidator.on_liquidation.selector == ICallbacks.on_liquidation.selector, "selector");
    }

    function fall(uint256 price) private {
        oracle.set_price(price * 1e24);
        exchange.set_price(price * 1e6);
    }
}
