# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title OpenFactory
@license AGPL-3.0-only
@notice A factory that initializes a pool with any council and any backstop and calls any address a vault of it, so
        that accounts of a test can play their parts.
@custom:security For tests only.
"""

from ..interfaces import IFactory
from ..interfaces import IPool

implements: IFactory


event PoolCreated:
    pool: address


pool_of: public(HashMap[address, address])
is_basket: public(HashMap[address, bool])  # never


@external
def create_pool(blueprint: address, params: IPool.PoolParams, council: address, backstop: address):
    """
    @notice Deploy a pool from a blueprint and initialize it with what was named, unless the council is empty.
    """
    pool: address = create_from_blueprint(blueprint, params)
    if council != empty(address):
        extcall IPool(pool).initialize(council, backstop)
    log PoolCreated(pool=pool)


@external
def initialize(pool: address, council: address, backstop: address):
    """
    @notice Pass on to the pool. Open to all.
    """
    extcall IPool(pool).initialize(council, backstop)


@external
def register(vault: address, pool: address):
    """
    @notice Say from now on that `vault` is a vault of `pool`. Open to all.
    """
    self.pool_of[vault] = pool
