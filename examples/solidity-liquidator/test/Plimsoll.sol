// SPDX-License-Identifier: AGPL-3.0-only
pragma solidity ^0.8.24;

import {ICouncil} from "plimsoll/ICouncil.sol";
import {IFactory} from "plimsoll/IFactory.sol";
import {IPool} from "plimsoll/IPool.sol";
import {IVault} from "plimsoll/IVault.sol";
import {vm} from "./Vm.sol";

interface IToken {
    function approve(address spender, uint256 amount) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
    function mint(address to, uint256 amount) external;
}

interface ISettableOracle {
    function set_price(uint256 price) external;
}

/// Deploys Plimsoll's own bytecode. The caller of these functions is the curator of the pools.
library Plimsoll {
    uint256 constant WAD = 1e18;
    uint256 constant YEAR = 365 days;

    /// A contract by its name.
    function create(string memory name, bytes memory arguments) internal returns (address made) {
        return _create(bytes.concat(_initcode(name), arguments));
    }

    function factory() internal returns (IFactory) {
        bytes memory blueprints = abi.encode(
            _blueprint("Pool"),
            _blueprint("Council"),
            _blueprint("Backstop"),
            _blueprint("Vault"),
            _blueprint("Basket")
        );
        return IFactory(create("Factory", blueprints));
    }

    /// A token that anybody may mint.
    function token(string memory symbol, uint8 decimals) internal returns (IToken) {
        return IToken(create("PlainToken", abi.encode(symbol, symbol, decimals)));
    }

    /// An oracle that answers what it is told: loan base units per collateral base unit, scaled by 1e36.
    function oracle(uint256 price) internal returns (ISettableOracle) {
        return ISettableOracle(create("LyingOracle", abi.encode(price)));
    }

    /// An open pool with one vault, which may draw `limit` base units of the loan asset.
    function market(IFactory made, IToken loan, IToken collateral, address priceSource, uint256 limit)
        internal
        returns (IPool pool, IVault vault)
    {
        pool = IPool(made.create_pool(poolParams(address(loan)), address(this), 3 days));
        vault = IVault(made.create_vault(address(pool), address(collateral), priceSource, riskParams()));
        ICouncil council = ICouncil(pool.council());
        council.set_limit(address(vault), limit);
        council.open_pool();
    }

    /// For a loan asset of 6 decimals.
    function poolParams(address asset) internal pure returns (IPool.PoolParams memory) {
        return IPool.PoolParams({
            asset: asset,
            name: "Pool",
            symbol: "POOL",
            reserve_factor: 0.1e18,
            flash_fee: 0,
            rates: IPool.RateParams({
                target_utilisation: 0.9e18,
                rate_min: 0.001e18 / YEAR,
                rate_max: 2e18 / YEAR,
                rate_initial: 0.04e18 / YEAR,
                speed: 50e18 / YEAR,
                steepness: 4e18,
                floor: 10_000e6
            }),
            insurance_target: 0.05e18,
            backstop_share: 0.5e18,
            cooldown: 14 days,
            minimum_stake: 1_000e9,
            draw_burst: WAD,
            draw_refill: 1 days
        });
    }

    /// The preset `blue-chip`, for a loan asset of 6 decimals.
    function riskParams() internal pure returns (IVault.RiskParams memory) {
        return IVault.RiskParams({
            ltv: 0.8e18,
            threshold: 0.83e18,
            bonus_min: 0.02e18,
            bonus_max: 0.1e18,
            health_for_max_bonus: 0.93e18,
            target_health: 1.05e18,
            shortfall_slope: 0.1e18,
            liquidation_fee: 0.1e18,
            min_debt: 2_500e6
        });
    }

    /// EIP-5202: a contract whose code is fe7100 and the initcode.
    function _blueprint(string memory name) private returns (address) {
        bytes memory code = bytes.concat(hex"fe7100", _initcode(name));
        // returns what follows these ten bytes
        return _create(bytes.concat(hex"61", bytes2(uint16(code.length)), hex"3d81600a3d39f3", code));
    }

    function _initcode(string memory name) private view returns (bytes memory) {
        return vm.getCode(string.concat("lib/plimsoll/artifacts/", name, ".json"));
    }

    function _create(bytes memory initcode) private returns (address made) {
        assembly {
            made := create(0, add(initcode, 32), mload(initcode))
        }
        require(made != address(0), "not deployed");
    }
}
