# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Factory
@license AGPL-3.0-only
@notice Deploys pools with their councils and backstops, vaults and baskets from blueprints, and keeps the registry by
        which a pool recognises its own vaults; a basket is one of them. Open to all; nobody owns it.
@dev Parameters of pools and vaults are checked here, before anything is deployed, so that the checks take no room
     in their blueprints; council and backstop check their own.
"""

from .interfaces import IBasket
from .interfaces import IFactory
from .interfaces import IPool
from .interfaces import IVault
from .modules import basket_params
from .modules import pool_params
from .modules import vault_params

implements: IFactory

event PoolCreated:
    pool: indexed(address)
    asset: indexed(address)
    council: address
    backstop: address
    curator: address
    params: IPool.PoolParams


event VaultCreated:
    vault: indexed(address)
    pool: indexed(address)
    collateral: indexed(address)
    oracle: address
    risk: IVault.RiskParams


event BasketCreated:
    basket: indexed(address)
    pool: indexed(address)
    legs: DynArray[IBasket.Leg, basket_params.MAX_LEGS]
    risk: IVault.RiskParams


POOL_BLUEPRINT: public(immutable(address))
COUNCIL_BLUEPRINT: public(immutable(address))
BACKSTOP_BLUEPRINT: public(immutable(address))
VAULT_BLUEPRINT: public(immutable(address))
BASKET_BLUEPRINT: public(immutable(address))

pool_count: public(uint256)
pools: public(HashMap[uint256, address])  # by number, from 0
is_pool: public(HashMap[address, bool])
council_of: public(HashMap[address, address])
vault_count: public(HashMap[address, uint256])  # by pool, baskets included
vaults: public(HashMap[address, HashMap[uint256, address]])  # by pool and number, from 0
pool_of: public(reentrant(HashMap[address, address]))  # of a vault or basket; empty for every other address
is_basket: public(reentrant(HashMap[address, bool]))


@deploy
def __init__(
    pool_blueprint: address,
    council_blueprint: address,
    backstop_blueprint: address,
    vault_blueprint: address,
    basket_blueprint: address,
):
    """
    @notice Blueprints as of EIP-5202.
    """
    for blueprint: address in [
        pool_blueprint, council_blueprint, backstop_blueprint, vault_blueprint, basket_blueprint
    ]:
        assert blueprint.codesize > 3, "factory: no blueprint"
    POOL_BLUEPRINT = pool_blueprint
    COUNCIL_BLUEPRINT = council_blueprint
    BACKSTOP_BLUEPRINT = backstop_blueprint
    VAULT_BLUEPRINT = vault_blueprint
    BASKET_BLUEPRINT = basket_blueprint


@external
def create_pool(params: IPool.PoolParams, curator: address, delay: uint256) -> address:
    """
    @notice Deploy a pool, its council and its backstop. The curator registers vaults and opens the pool.
    @param params See `IPool.PoolParams`.
    @param delay Seconds between queueing a change and executing it, 3 to 30 days.
    """
    pool_params._check(params)
    pool: address = create_from_blueprint(POOL_BLUEPRINT, params)
    council: address = create_from_blueprint(COUNCIL_BLUEPRINT, pool, curator, delay)
    backstop: address = create_from_blueprint(BACKSTOP_BLUEPRINT, pool, params.cooldown, params.minimum_stake)
    number: uint256 = self.pool_count
    self.pools[number] = pool
    self.pool_count = number + 1
    self.is_pool[pool] = True
    self.council_of[pool] = council
    extcall IPool(pool).initialize(council, backstop)
    log PoolCreated(
        pool=pool, asset=params.asset, council=council, backstop=backstop, curator=curator, params=params
    )
    return pool


@external
def create_vault(pool: address, collateral: address, oracle: address, risk: IVault.RiskParams) -> address:
    """
    @notice Deploy a vault of one of this Factory's pools. It can draw nothing until the pool's curator grants
            it a credit limit.
    """
    assert self.is_pool[pool], "factory: not a pool"
    vault_params._check(pool, collateral, oracle, risk)
    vault: address = create_from_blueprint(VAULT_BLUEPRINT, pool, collateral, oracle, risk)
    self._register(vault, pool)
    log VaultCreated(vault=vault, pool=pool, collateral=collateral, oracle=oracle, risk=risk)
    return vault


@external
def create_basket(
    pool: address, legs: DynArray[IBasket.Leg, basket_params.MAX_LEGS], risk: IVault.RiskParams
) -> address:
    """
    @notice Deploy a basket of one of this Factory's pools: a vault with 2 to 8 collaterals, see `IBasket.Leg`. It can
            draw nothing until the pool's curator grants it a credit limit.
    """
    assert self.is_pool[pool], "factory: not a pool"
    basket_params._check(pool, legs, risk)
    basket: address = create_from_blueprint(BASKET_BLUEPRINT, pool, legs, risk)
    self.is_basket[basket] = True
    self._register(basket, pool)
    log BasketCreated(basket=basket, pool=pool, legs=legs, risk=risk)
    return basket


@internal
def _register(vault: address, pool: address):
    number: uint256 = self.vault_count[pool]
    self.vaults[pool][number] = vault
    self.vault_count[pool] = number + 1
    self.pool_of[vault] = pool
