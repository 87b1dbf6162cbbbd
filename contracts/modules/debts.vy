# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Debts
@license AGPL-3.0-only
@notice What an owner owes, and how it is repaid: the same whatever the collateral.
"""

from ..interfaces import IPool
from ..interfaces import IVault
from . import book
from . import payments
from . import position
from . import share_math

uses: book
uses: payments


@external
def repay(amount: uint256, owner: address = msg.sender) -> uint256:
    """
    @notice Repay debt of `owner` with the caller's loan asset. Open to all; needs no oracle.
    @param amount Base units, capped at the debt; the largest uint means all.
    @return Base units paid.
    """
    word: uint256 = book.positions[owner]
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    paid: uint256 = 0
    shares: uint256 = 0
    paid, shares = self._repayment(word, amount, totals)
    rest: uint256 = position._reduce(word, 0, shares)
    if word >= position.PROVISIONED:
        rest = book._release_repaid(owner, word, rest, totals)
    book.positions[owner] = rest
    payments._pay_pool(paid, shares, paid, word >= position.PROVISIONED)
    log IVault.Repay(owner=owner, amount=paid, shares=shares)
    return paid


@external
@view
@reentrant
def debt_of(owner: address) -> uint256:
    """
    @notice Debt with interest up to this block, base units, rounded up.
    """
    return self._debt(book.positions[owner])


@internal
@view
def _debt(word: uint256) -> uint256:
    """
    @notice Debt of a position, base units, rounded up; without debt the pool is not called.
    """
    debt_shares: uint256 = position._debt_shares(word)
    if debt_shares == 0:
        return 0
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    return share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)


@internal
@pure
def _repayment(word: uint256, amount: uint256, totals: IPool.DebtTotals) -> (uint256, uint256):
    """
    @notice Cap `amount` at the position's debt.
    @return Base units to pay; debt shares that they extinguish, rounded down, all when the debt is paid.
    """
    debt_shares: uint256 = position._debt_shares(word)
    debt: uint256 = share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)
    if amount >= debt:
        return debt, debt_shares
    shares: uint256 = share_math._to_shares_down(amount, totals.debt, totals.shares)
    assert shares > 0 or amount == 0, "vault: less than a debt share"
    return amount, shares


@internal
@view
def _room(debt_shares: uint256, allowed: uint256) -> uint256:
    """
    @notice What may be drawn on top of `debt_shares`, base units: bound by the debt that is `allowed`, line and cash.
    """
    totals: IPool.DebtTotals = staticcall payments.POOL.debt_totals()
    return min(self._rest_of(allowed, debt_shares, totals), staticcall payments.POOL.max_draw(self))


@internal
@pure
def _rest_of(allowed: uint256, debt_shares: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice What `debt_shares` leave of the debt that is `allowed`, base units, less what drawing it adds by rounding:
            at most one share to the shares drawn, at most 1/65536 base unit over all shares to the debt of a share.
    """
    taken: uint256 = unsafe_add(  # each is below 2**95
        share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares),
        unsafe_add(share_math._part_to_assets_up(1, totals.debt, totals.shares), 1),
    )
    return unsafe_sub(allowed, min(taken, allowed))
