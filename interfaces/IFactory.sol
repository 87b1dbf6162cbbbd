// SPDX-License-Identifier: AGPL-3.0-only
// Written by `python -m quality.interfaces` from contracts/Factory.vy.
pragma solidity >=0.8.4;

import {IBasket} from "./IBasket.sol";
import {IPool} from "./IPool.sol";
import {IVault} from "./IVault.sol";

/// @title Factory
/// @notice Deploys pools with their councils and backstops, vaults and baskets from blueprints, and keeps the registry by
/// which a pool recognises its own vaults; a basket is one of them. Open to all; nobody owns it.
/// @dev Parameters of pools and vaults are checked here, before anything is deployed, so that the checks take no room
/// in their blueprints; council and backstop check their own.
interface IFactory {
    event PoolCreated(
        address indexed pool,
        address indexed asset,
        address council,
        address backstop,
        address curator,
        IPool.PoolParams params
    );

    event VaultCreated(
        address indexed vault,
        address indexed pool,
        address indexed collateral,
        address oracle,
        IVault.RiskParams risk
    );

    event BasketCreated(
        address indexed basket,
        address indexed pool,
        IBasket.Leg[] legs,
        IVault.RiskParams risk
    );

    /// @notice Deploy a pool, its council and its backstop. The curator registers vaults and opens the pool.
    /// @param params See `IPool.PoolParams`.
    /// @param delay Seconds between queueing a change and executing it, 3 to 30 days.
    function create_pool(
        IPool.PoolParams calldata params,
        address curator,
        uint256 delay
    ) external returns (address);

    /// @notice Deploy a vault of one of this Factory's pools. It can draw nothing until the pool's curator grants
    /// it a credit limit.
    function create_vault(
        address pool,
        address collateral,
        address oracle,
        IVault.RiskParams calldata risk
    ) external returns (address);

    /// @notice Deploy a basket of one of this Factory's pools: a vault with 2 to 8 collaterals, see `IBasket.Leg`. It can
    /// draw nothing until the pool's curator grants it a credit limit.
    function create_basket(
        address pool,
        IBasket.Leg[] calldata legs,
        IVault.RiskParams calldata risk
    ) external returns (address);

    function POOL_BLUEPRINT() external view returns (address);

    function COUNCIL_BLUEPRINT() external view returns (address);

    function BACKSTOP_BLUEPRINT() external view returns (address);

    function VAULT_BLUEPRINT() external view returns (address);

    function BASKET_BLUEPRINT() external view returns (address);

    function pool_count() external view returns (uint256);

    /// @notice by number, from 0
    function pools(uint256 arg0) external view returns (address);

    function is_pool(address arg0) external view returns (bool);

    function council_of(address arg0) external view returns (address);

    /// @notice by pool, baskets included
    function vault_count(address arg0) external view returns (uint256);

    /// @notice by pool and number, from 0
    function vaults(address arg0, uint256 arg1) external view returns (address);

    /// @notice of a vault or basket; empty for every other address
    function pool_of(address arg0) external view returns (address);

    function is_basket(address arg0) external view returns (bool);
}
