# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Share maths
@license AGPL-3.0-only
@notice Converts between shares and the amounts they stand for. One set of formulas serves lender shares
        (of `total_assets`) and debt shares (of `total_debt`).
@dev Totals and "values" are in 1/65536 of a base unit ("fractions", 16 fraction bits); "assets" are whole
     base units. Every conversion adds one virtual base unit to the total and 1_000 virtual shares to the
     share count, so that an empty pool has a price (par: 1_000 shares per base unit) and a rounding pump
     gains nothing. The direction of rounding stands in each name.

     Callers hold totals below 2**110 and share counts below 2**104 (`ledger`), so the additions of the
     virtual amounts cannot wrap. The product with the user's number stays checked: it can only overflow
     when that number is above 2**145, which no balance reaches.
"""

from . import units

FRACTION: constant(uint256) = units.FRACTION
VIRTUAL_VALUE: constant(uint256) = FRACTION  # one base unit
VIRTUAL_SHARES: constant(uint256) = 1_000


@internal
@pure
def _to_value_up(shares: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, in fractions, rounded up.
    """
    denominator: uint256 = unsafe_add(total_shares, VIRTUAL_SHARES)
    return unsafe_div(shares * unsafe_add(total, VIRTUAL_VALUE) + unsafe_sub(denominator, 1), denominator)


@internal
@pure
def _to_assets_up(shares: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, in whole base units, rounded up.
    """
    denominator: uint256 = unsafe_mul(unsafe_add(total_shares, VIRTUAL_SHARES), FRACTION)
    return unsafe_div(shares * unsafe_add(total, VIRTUAL_VALUE) + unsafe_sub(denominator, 1), denominator)


@internal
@pure
def _to_assets_down(shares: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, in whole base units, rounded down.
    """
    return unsafe_div(
        shares * unsafe_add(total, VIRTUAL_VALUE),
        unsafe_mul(unsafe_add(total_shares, VIRTUAL_SHARES), FRACTION),
    )


@internal
@pure
def _to_shares_up(assets: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice The shares that `assets` whole base units stand for, rounded up.
    """
    denominator: uint256 = unsafe_add(total, VIRTUAL_VALUE)
    return unsafe_div(
        assets * unsafe_mul(unsafe_add(total_shares, VIRTUAL_SHARES), FRACTION) + unsafe_sub(denominator, 1),
        denominator,
    )


@internal
@pure
def _to_shares_down(assets: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice The shares that `assets` whole base units stand for, rounded down.
    """
    return unsafe_div(
        assets * unsafe_mul(unsafe_add(total_shares, VIRTUAL_SHARES), FRACTION),
        unsafe_add(total, VIRTUAL_VALUE),
    )


# ------------------------------------------------ a part of all shares, so that no product can overflow


@internal
@pure
def _part_to_value_down(shares: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice What `shares`, at most `total_shares`, are worth, in fractions, rounded down.
    """
    return unsafe_div(
        unsafe_mul(shares, unsafe_add(total, VIRTUAL_VALUE)), unsafe_add(total_shares, VIRTUAL_SHARES)
    )


@internal
@pure
def _part_to_assets_up(shares: uint256, total: uint256, total_shares: uint256) -> uint256:
    """
    @notice What `shares`, at most `total_shares`, are worth, in whole base units, rounded up.
    """
    denominator: uint256 = unsafe_mul(unsafe_add(total_shares, VIRTUAL_SHARES), FRACTION)
    return unsafe_div(
        unsafe_add(unsafe_mul(shares, unsafe_add(total, VIRTUAL_VALUE)), unsafe_sub(denominator, 1)), denominator
    )
