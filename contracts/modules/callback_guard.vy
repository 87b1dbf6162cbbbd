# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Callback guard
@license AGPL-3.0-only
@notice How a periphery contract calls a vault or a basket: only those of one Factory, one at a time, and only the
        one that is being called may call back, once per call.
"""

from ..interfaces import IBasket
from ..interfaces import IFactory
from ..interfaces import IVault

MAX_LEGS: constant(uint256) = 8

FACTORY: immutable(IFactory)

visited: transient(address)  # the vault or basket whose callback is awaited


@deploy
def __init__(factory: address):
    """
    @param factory The Factory whose vaults may be called.
    """
    FACTORY = IFactory(factory)


@external
@view
@reentrant
def factory() -> address:
    """
    @notice The Factory whose vaults may be called.
    """
    return FACTORY.address


@internal
@view
def _tokens(vault: address) -> (address, address):
    """
    @notice Refuse an address that is not a vault of the Factory: nothing else is ever called.
    @return The collateral; the loan asset.
    """
    assert staticcall FACTORY.pool_of(vault) != empty(address), "periphery: not a vault"
    return staticcall IVault(vault).collateral_asset(), staticcall IVault(vault).loan_asset()


@internal
@view
def _legs(basket: address) -> (DynArray[IBasket.Leg, MAX_LEGS], address):
    """
    @notice Refuse an address that is not a basket of the Factory.
    @return Its legs; the loan asset.
    """
    assert staticcall FACTORY.is_basket(basket), "periphery: not a basket"
    return staticcall IBasket(basket).legs(), staticcall IBasket(basket).loan_asset()


@internal
def _expect(vault: address):
    """
    @notice Await one callback of `vault`, which `_tokens` or `_legs` has accepted.
    """
    self.visited = vault


@internal
def _answer():
    """
    @notice Accept one callback, from the vault that is being called; refuse any other.
    """
    assert msg.sender == self.visited, "periphery: not awaited"
    self.visited = empty(address)
