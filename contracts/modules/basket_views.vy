# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Basket views
@license AGPL-3.0-only
@notice A basket's views of its positions: previews of liquidations, health.
"""

from ..interfaces import IBasket
from ..interfaces import IPool
from . import book
from . import debts
from . import basket
from . import payments
from . import position
from . import slices

uses: book
uses: debts
uses: basket
uses: payments
uses: slices


@external
@view
@reentrant
def position_of(owner: address) -> (uint256[8], uint256):
    """
    @return Base units of each leg; debt shares.
    """
    word: uint256 = book.positions[owner]
    return basket._unpacked(basket._lanes(owner, word)), position._debt_shares(word)


@external
@view
def health(owner: address) -> uint256:
    """
    @notice Health factor at the oracles' prices, WAD, rounded down; the largest uint without debt. Silent legs count
            at their ceilings, as where it is decided who may be liquidated.
    """
    word: uint256 = book.positions[owner]
    debt: uint256 = debts._debt(word)
    if debt == 0:
        return max_value(uint256)
    worth: basket.Worth = basket._worth(word, basket._lanes(owner, word), basket._prices(word), 0)
    return unsafe_div(worth.high_weighted, debt)  # debt > 0


@external
@view
def preview_liquidate(owner: address, max_repay: uint256, without: uint256 = 0) -> IBasket.Quote:
    """
    @notice What `liquidate` would do in this block, to the wei; `shares` = 0 when it would revert.
    """
    word: uint256 = book.positions[owner]
    prices: uint256[8] = basket._prices(word)
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    return slices._slice(word, basket._lanes(owner, word), prices, without, totals, max_repay)
