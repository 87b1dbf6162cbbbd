# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Vault views
@license AGPL-3.0-only
@notice A vault's views of its positions: previews of liquidations, health, margin, the largest amounts.
"""

from ..interfaces import IPool
from ..interfaces import IVault
from . import book
from . import debts
from . import limits
from . import liquidation
from . import margin
from . import payments
from . import position

uses: book
uses: debts
uses: limits
uses: liquidation
uses: payments


@external
@view
@reentrant
def position_of(owner: address) -> (uint256, uint256):
    """
    @return Collateral in base units; debt shares.
    """
    return position._unpack(book.positions[owner])


@external
@view
def preview_liquidate(owner: address, max_repay: uint256) -> IVault.Quote:
    """
    @notice What `liquidate` would do in this block, to the wei; `shares` = 0 when it would revert.
    """
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    return liquidation._quote(liquidation.RISK, book.positions[owner], limits._price(), 0, totals, max_repay)


@external
@view
def preview_liquidate_batch(
    orders: DynArray[uint256, liquidation.MAX_ORDERS]
) -> (uint256, uint256, uint256, uint256):
    """
    @notice What `liquidate_batch` would return in this block, to the wei; zeros when it would revert.
    @dev A repeated owner is looked up among the earlier orders: cost grows with the square of their number.
    """
    price: uint256 = limits._price()
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256 = 0
    executed: uint256 = 0
    after: DynArray[uint256, liquidation.MAX_ORDERS] = []  # the position that each order leaves
    for i: uint256 in range(len(orders), bound=liquidation.MAX_ORDERS):
        owner: uint256 = orders[i] & liquidation.OWNER_MASK
        word: uint256 = book.positions[convert(owner, address)]
        for j: uint256 in range(i, bound=liquidation.MAX_ORDERS):
            if orders[j] & liquidation.OWNER_MASK == owner:
                word = after[j]
        quote: IVault.Quote = liquidation._quote(liquidation.RISK, word, price, 0, totals, orders[i] >> 160)
        after.append(position._reduce(word, quote.seized, quote.shares))
        if quote.shares > 0:
            paid += quote.paid
            fee += quote.fee
            seized += quote.seized
            executed |= 1 << i
    return paid, fee, seized, executed


@external
@view
def health(owner: address) -> uint256:
    """
    @notice Health factor at the oracle's price, WAD, rounded down; the largest uint without debt. Whether a
            position is liquidatable is decided on integers, see `preview_liquidate`.
    """
    word: uint256 = book.positions[owner]
    debt: uint256 = debts._debt(word)
    if debt == 0:
        return max_value(uint256)
    value: uint256 = liquidation._value_down(position._unpack(word)[0], limits._price())
    return value * liquidation.RISK.threshold // debt


@external
@view
@reentrant
def margin_terms(owner: address) -> IVault.MarginTerms:
    """
    @notice The position in the terms of an exchange. Prices are exact: one less and it is liquidatable, or its
            collateral no longer covers its debt. The largest uint for a debt without collateral.
    """
    word: uint256 = book.positions[owner]
    debt: uint256 = debts._debt(word)
    collateral: uint256 = position._unpack(word)[0]
    return margin._margin_terms(liquidation.RISK, collateral, debt)


@external
@view
def max_borrow(owner: address) -> uint256:
    """
    @notice What `borrow` would send for the largest uint, base units: bound by health at the safe price, line
            and cash; below the exact maximum by at most the value of one debt share plus one base unit.
    """
    return limits._max_borrow(book.positions[owner])


@external
@view
def max_withdraw(owner: address) -> uint256:
    """
    @notice What `withdraw` would send for the largest uint, base units: bound by health at the safe price, with
            one base unit of debt to spare.
    """
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(book.positions[owner])
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    return limits._max_withdraw(collateral, debt_shares, totals)
