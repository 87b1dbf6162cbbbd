# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Uniswap v2
@license AGPL-3.0-only
@notice Prices and sells along a path of two to four tokens over the pairs of one Uniswap v2 factory. Amounts
        are base units. A pair takes 0.3 % of what comes in; its reserves, not an oracle, decide what comes out,
        so every caller states a minimum.
@dev Quotes are exact for the next sale in the same block, unless a pair occurs twice in the path.
     Tokens in the middle of a path are only called by the pairs. The caller of `_sell` holds the first one
     and measures what it received of the last one: tokens that take a fee on transfer do not fit.
"""

from ethereum.ercs import IERC20

from ..interfaces import IUniswapV2Factory
from ..interfaces import IUniswapV2Pair
from . import tokens

MAX_TOKENS: constant(uint256) = 4
FEE_BASE: constant(uint256) = 1_000
AFTER_FEE: constant(uint256) = 997

UNISWAP: immutable(IUniswapV2Factory)


@deploy
def __init__(uniswap_factory: address):
    """
    @param uniswap_factory The Uniswap v2 factory whose pairs are used.
    """
    UNISWAP = IUniswapV2Factory(uniswap_factory)


@external
@view
@reentrant
def uniswap_factory() -> address:
    """
    @notice The Uniswap v2 factory whose pairs are used.
    """
    return UNISWAP.address


@internal
@pure
def _check_path(path: DynArray[address, MAX_TOKENS], token_in: address, token_out: address):
    """
    @notice Refuse a path that does not lead from `token_in` to `token_out`.
    """
    assert len(path) > 1, "swap: path too short"
    assert path[0] == token_in and path[len(path) - 1] == token_out, "swap: wrong path"


@internal
@view
def _quote_out(path: DynArray[address, MAX_TOKENS], amount_in: uint256) -> uint256:
    """
    @notice What selling `amount_in` along the path yields, rounded down.
    """
    amount: uint256 = amount_in
    for i: uint256 in range(1, len(path), bound=MAX_TOKENS - 1):
        amount = self._amount_out(self._pair(path[i - 1], path[i]), path[i - 1], path[i], amount)
    return amount


@internal
@view
def _quote_in(path: DynArray[address, MAX_TOKENS], amount_out: uint256) -> uint256:
    """
    @notice What must be sold along the path to get at least `amount_out`, rounded up.
    """
    amount: uint256 = amount_out
    for back: uint256 in range(1, len(path), bound=MAX_TOKENS - 1):
        i: uint256 = len(path) - back
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(self._pair(path[i - 1], path[i]), path[i - 1], path[i])
        assert amount < reserve_out, "swap: pair too small"
        amount = reserve_in * amount * FEE_BASE // ((reserve_out - amount) * AFTER_FEE) + 1
    return amount


@internal
def _sell(path: DynArray[address, MAX_TOKENS], amount_in: uint256) -> uint256:
    """
    @notice Sell `amount_in` of the first token, which this contract holds, for the last one.
    @return Base units of the last token that this contract received.
    """
    last: IERC20 = IERC20(path[len(path) - 1])
    before: uint256 = staticcall last.balanceOf(self)
    pair: address = self._pair(path[0], path[1])
    tokens._send(path[0], pair, amount_in)
    amount: uint256 = amount_in
    for i: uint256 in range(1, len(path), bound=MAX_TOKENS - 1):
        receiver: address = self
        if i + 1 < len(path):
            receiver = self._pair(path[i], path[i + 1])
        amount = self._amount_out(pair, path[i - 1], path[i], amount)
        if self._is_ordered(path[i - 1], path[i]):
            extcall IUniswapV2Pair(pair).swap(0, amount, receiver, b"")
        else:
            extcall IUniswapV2Pair(pair).swap(amount, 0, receiver, b"")
        pair = receiver
    balance: uint256 = staticcall last.balanceOf(self)
    return balance - before


@internal
@view
def _amount_out(pair: address, token_in: address, token_out: address, amount_in: uint256) -> uint256:
    """
    @notice What `pair` gives for `amount_in`, rounded down; 0 for nothing and from an empty pair.
    """
    reserve_in: uint256 = 0
    reserve_out: uint256 = 0
    reserve_in, reserve_out = self._reserves(pair, token_in, token_out)
    amount: uint256 = amount_in * AFTER_FEE
    if amount == 0:
        return 0
    return amount * reserve_out // (reserve_in * FEE_BASE + amount)


@internal
@view
def _pair(token: address, other: address) -> address:
    """
    @notice The factory's pair of two tokens.
    """
    pair: address = staticcall UNISWAP.getPair(token, other)
    assert pair != empty(address), "swap: no pair"
    return pair


@internal
@view
def _reserves(pair: address, token_in: address, token_out: address) -> (uint256, uint256):
    """
    @notice What `pair` holds of each token, in the order of the arguments.
    """
    reserve_0: uint112 = 0
    reserve_1: uint112 = 0
    since: uint32 = 0
    reserve_0, reserve_1, since = staticcall IUniswapV2Pair(pair).getReserves()
    if self._is_ordered(token_in, token_out):
        return convert(reserve_0, uint256), convert(reserve_1, uint256)
    return convert(reserve_1, uint256), convert(reserve_0, uint256)


@internal
@pure
def _is_ordered(token: address, other: address) -> bool:
    """
    @notice Whether `token` is token 0 of their pair.
    """
    return convert(token, uint160) < convert(other, uint160)
