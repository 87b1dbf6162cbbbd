# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Pool parameters
@license AGPL-3.0-only
@notice What a pool's parameters must satisfy so that no field of its books can overflow and interest stays
        within the specification's bounds. Called by the Factory, before it deploys a pool.
"""

from ethereum.ercs import IERC20Detailed

from ..interfaces import IPool
from . import units

YEAR: constant(uint256) = 31_536_000  # 365 days
RATE_LIMIT: constant(uint256) = 10 * units.WAD // YEAR  # 1_000 % a year
SPEED_LIMIT: constant(uint256) = 1_000 * units.WAD // YEAR
STEEPNESS_LIMIT: constant(uint256) = 100 * units.WAD
RESERVE_FACTOR_LIMIT: constant(uint256) = units.WAD // 4
FLASH_FEE_LIMIT: constant(uint256) = units.WAD // 100
REFILL_MIN: constant(uint256) = 60
REFILL_MAX: constant(uint256) = 30 * 86_400


@internal
@view
def _check(params: IPool.PoolParams):
    """
    @notice Refuse parameters that a pool could not work with.
    """
    decimals: uint8 = staticcall IERC20Detailed(params.asset).decimals()
    assert decimals >= 6 and decimals <= 18, "pool: asset of 6 to 18 decimals"
    assert len(params.name) > 0, "pool: no name"
    assert len(params.symbol) > 0, "pool: no symbol"
    assert params.flash_fee <= FLASH_FEE_LIMIT, "pool: flash fee above 1 %"
    assert params.insurance_target <= units.WAD, "pool: insurance target above 1"
    assert params.backstop_share <= units.WAD, "pool: backstop share above 1"
    assert params.reserve_factor <= RESERVE_FACTOR_LIMIT, "pool: reserve factor above 25 %"
    assert params.draw_burst > 0 and params.draw_burst <= units.WAD, "pool: draw burst not in 0 to 1"
    assert params.draw_refill >= REFILL_MIN, "pool: draw refill below a minute"
    assert params.draw_refill <= REFILL_MAX, "pool: draw refill above 30 days"
    self._check_rates(params.rates)


@internal
@pure
def _check_rates(rates: IPool.RateParams):
    """
    @notice Refuse a curve that is not defined or too steep.
    """
    target: uint256 = rates.target_utilisation
    assert target > 0 and target < units.WAD, "rates: target utilisation"
    assert rates.rate_min > 0 and rates.rate_min < rates.rate_max, "rates: rate range"
    assert rates.rate_max <= RATE_LIMIT, "rates: rate too high"
    assert rates.rate_initial >= rates.rate_min, "rates: initial rate too low"
    assert rates.rate_initial <= rates.rate_max, "rates: initial rate too high"
    assert rates.speed <= SPEED_LIMIT, "rates: too fast"
    assert rates.steepness >= units.WAD and rates.steepness <= STEEPNESS_LIMIT, "rates: steepness"
