# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title SpotOracle
@license AGPL-3.0-only
@notice An oracle that says the spot price of a Uniswap v2 pair, to show what that costs. Anybody moves it within
        a transaction.
@custom:security Never use it.
"""

from ..interfaces import IOracle
from ..interfaces import IUniswapV2Pair

implements: IOracle

PAIR: immutable(IUniswapV2Pair)
# Whether the collateral is token 0 of the pair.
FIRST: immutable(bool)


@deploy
def __init__(pair: address, collateral: address, loan: address):
    """
    @param pair The pair of both tokens.
    @param collateral The collateral.
    @param loan The loan asset.
    """
    PAIR = IUniswapV2Pair(pair)
    FIRST = convert(collateral, uint160) < convert(loan, uint160)


@external
@view
@reentrant
def price() -> uint256:
    """
    @return The pair's reserve of the loan asset over that of the collateral, scaled by 1e36, rounded down.
    """
    return self._spot()


@external
@view
@reentrant
def safe_price() -> uint256:
    """
    @return The same.
    """
    return self._spot()


@internal
@view
def _spot() -> uint256:
    first: uint112 = 0
    second: uint112 = 0
    time: uint32 = 0
    first, second, time = staticcall PAIR.getReserves()
    collateral: uint256 = convert(first, uint256) if FIRST else convert(second, uint256)
    loan: uint256 = convert(second, uint256) if FIRST else convert(first, uint256)
    return loan * 10**36 // collateral
