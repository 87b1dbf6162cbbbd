# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Ledger
@license AGPL-3.0-only
@notice The pool's totals in two storage words, and how time changes them. The words are packed and unpacked
        here and nowhere else.
@dev
     word      bits      field               unit
     books     0..109    total_assets        1/65536 base unit: what lenders own
               110..219  total_debt          1/65536 base unit: what vaults owe
               220..251  last_accrual        seconds, modulo 2**32
               252..255  spare
     counts    0..103    total_supply        lender shares
               104..207  total_debt_shares   debt shares
               208..239  log_rate            see `rates`
               240..255  flags               FLAG_* below

     The flags are OPEN, CAPPED, PAUSED and PROVISIONED (provisions are positive); the rest is spare. There is no
     field for cash: it is the asset's balance of the pool (`cash`). What cash and debt exceed `total_assets` by
     is the reserve (`waterfall`).

     Every read accrues (`_accrued`), so nobody can act on totals of an earlier block; every write stamps the
     time (`_store`).
"""

from ..interfaces import IPool
from . import rates
from . import units

initializes: rates

WAD: constant(uint256) = units.WAD
VALUE_TOP: constant(uint256) = 2**110 - 1
COUNT_TOP: constant(uint256) = 2**104 - 1
CLOCK_TOP: constant(uint256) = 2**32 - 1

FLAG_OPEN: constant(uint256) = 1
FLAG_CAPPED: constant(uint256) = 2
FLAG_PAUSED: constant(uint256) = 4
FLAG_PROVISIONED: constant(uint256) = 8

RESERVE_FACTOR: immutable(uint256)


struct Totals:
    total_assets: uint256  # 1/65536 base units
    total_debt: uint256  # 1/65536 base units
    total_supply: uint256
    total_debt_shares: uint256
    log_rate: uint256
    flags: uint256


books: uint256
counts: uint256


@deploy
def __init__(rate_params: IPool.RateParams, reserve_factor: uint256):
    """
    @notice Fix the curve and the reserve's part of the interest; start the clock.
    @param rate_params Checked by `pool_params`, as `reserve_factor`, which is WAD.
    """
    rates.__init__(rate_params)
    RESERVE_FACTOR = reserve_factor
    totals: Totals = empty(Totals)
    totals.log_rate = rates._to_log(rate_params.rate_initial)
    self._store(totals)


@external
@view
@reentrant
def reserve_factor() -> uint256:
    """
    @notice The reserve's part of the interest, WAD.
    """
    return RESERVE_FACTOR


@internal
@view
def _utilisation(total_assets: uint256, total_debt: uint256) -> uint256:
    """
    @notice Debt over lenders' assets, WAD, rounded down, capped at 1; without assets 0 or, in debt, 1.
    """
    if total_debt >= total_assets:
        return WAD if total_debt > 0 else 0
    # total_debt < 2**110 and WAD < 2**60
    return unsafe_div(unsafe_mul(total_debt, WAD), total_assets)


@internal
@view
def _accrued() -> Totals:
    """
    @notice The totals as of this block: interest since the last accrual added, the rate moved.
    @dev Growth over the interval is `x + x**2/2 + x**3/6` with `x = min(1, rate*elapsed)`; the rest of the
         exponential, and interest that a field cannot hold, is not charged. Nothing here can revert:
         x <= WAD, so growth < 2*WAD; total_debt < 2**110, so no product reaches 2**172.
    """
    books: uint256 = self.books
    counts: uint256 = self.counts
    t: Totals = Totals(
        total_assets=books & VALUE_TOP,
        total_debt=(books >> 110) & VALUE_TOP,
        total_supply=counts & COUNT_TOP,
        total_debt_shares=(counts >> 104) & COUNT_TOP,
        log_rate=(counts >> 208) & CLOCK_TOP,
        flags=counts >> 240,
    )
    elapsed: uint256 = unsafe_sub(block.timestamp, books >> 220) & CLOCK_TOP
    if elapsed == 0:
        return t

    rate: uint256 = 0
    t.log_rate, rate = rates._step(
        self._utilisation(t.total_assets, t.total_debt), t.log_rate, elapsed, t.total_assets >> 16
    )
    if t.total_debt == 0:
        return t

    x: uint256 = min(unsafe_mul(rate, elapsed), WAD)
    x2: uint256 = unsafe_div(unsafe_mul(x, x), 2 * WAD)
    x3: uint256 = unsafe_div(unsafe_mul(x2, x), 3 * WAD)
    interest: uint256 = unsafe_div(unsafe_mul(t.total_debt, unsafe_add(unsafe_add(x, x2), x3)), WAD)
    interest = min(interest, unsafe_sub(VALUE_TOP, t.total_debt))
    # the reserve's part is rounded up; the factor is at most WAD/4, so the part is at most the interest
    reserve_part: uint256 = unsafe_div(unsafe_add(unsafe_mul(interest, RESERVE_FACTOR), WAD - 1), WAD)
    t.total_debt = unsafe_add(t.total_debt, interest)
    t.total_assets = min(unsafe_add(t.total_assets, unsafe_sub(interest, reserve_part)), VALUE_TOP)
    return t


@internal
def _store(t: Totals):
    """
    @notice Write the totals, stamped with this block's time. Refuses totals that a field cannot hold.
    """
    assert (t.total_assets | t.total_debt) >> 110 == 0, "pool: amount too large"
    assert (t.total_supply | t.total_debt_shares) >> 104 == 0, "pool: too many shares"
    self.books = t.total_assets | (t.total_debt << 110) | ((block.timestamp & CLOCK_TOP) << 220)
    self.counts = t.total_supply | (t.total_debt_shares << 104) | (t.log_rate << 208) | (t.flags << 240)


@internal
def _store_flag(totals: Totals, flag: uint256, on: bool):
    """
    @notice Write the totals with a flag set or cleared.
    """
    t: Totals = totals
    t.flags = t.flags | flag if on else t.flags & ~flag
    self._store(t)


@internal
@view
def _total_supply() -> uint256:
    """
    @notice Lender shares; time does not change them.
    """
    return self.counts & COUNT_TOP
