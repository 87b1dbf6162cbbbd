# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Rates
@license AGPL-3.0-only
@notice The adaptive kinked interest rate curve. The *rate at target* is what borrowers pay at the target
        utilisation; it rises while utilisation is above target and falls while it is below. Around it the
        curve is a kink: `1/steepness` of it at zero utilisation, `steepness` times it at full utilisation.
        With speed 0 the curve is a static kink.
@dev The rate at target is kept as its logarithm: `log_rate` runs from 0 (`rate_min`) to 2**32 - 1
     (`rate_max`) in steps of `ln(rate_max/rate_min)/2**32`, about 2e-9 of the rate each. In a linear field
     a small rate could be pinned by frequent calls whose movements all truncate to zero; here one step is
     the same relative movement at any rate. Movements round towards zero.

     Units: utilisation, deviation and factors are WAD; rates are WAD per second; times are seconds.
"""

from ..interfaces import IPool
from . import units

WAD: constant(uint256) = units.WAD
LN2: constant(uint256) = 693_147_180_559_945_309  # ln 2, WAD
LOG_RATE_BITS: constant(uint256) = 32
LOG_RATE_TOP: constant(uint256) = 2**LOG_RATE_BITS - 1

CURVE: immutable(IPool.RateParams)
RISE: immutable(uint256)  # steepness - 1, WAD: slope of the kink above target
FALL: immutable(uint256)  # 1 - 1/steepness, WAD: slope of the kink below target
LN_RANGE: immutable(uint256)  # ln(rate_max/rate_min), WAD
STEPS: immutable(uint256)  # movement of log_rate a second at full deviation, WAD


@deploy
def __init__(params: IPool.RateParams):
    """
    @notice Fix the curve.
    @param params Checked by `pool_params`.
    """
    CURVE = params
    RISE = params.steepness - WAD
    FALL = WAD - WAD * WAD // params.steepness
    LN_RANGE = self._ln_ratio(params.rate_max, params.rate_min)
    STEPS = (params.speed << LOG_RATE_BITS) * WAD // LN_RANGE


@external
@view
@reentrant
def rate_params() -> IPool.RateParams:
    """
    @notice The curve's parameters.
    """
    return CURVE


@internal
@pure
def _ln_ratio(rate: uint256, base: uint256) -> uint256:
    """
    @notice The largest x, WAD, with `base * exp(x) <= rate`, by bisection over `_times_exp`: so the curve ends
            exactly at its highest rate. Used at deployment only.
    @param rate Above `base`; both WAD per second, at least 1 and at most `pool_params.RATE_LIMIT`.
    """
    low: uint256 = 0
    high: uint256 = 27 * WAD  # exp(27) > pool_params.RATE_LIMIT
    for _: uint256 in range(85):  # 27 * WAD < 2**85
        middle: uint256 = (low + high) // 2
        if self._times_exp(base, middle) <= rate:
            low = middle
        else:
            high = middle
    return low


@internal
@view
def _to_log(rate: uint256) -> uint256:
    """
    @notice The `log_rate` of a rate inside the range, rounded down. Used at deployment only.
    """
    return min((self._ln_ratio(rate, CURVE.rate_min) << LOG_RATE_BITS) // LN_RANGE, LOG_RATE_TOP)


@internal
@pure
def _times_exp(base: uint256, x: uint256) -> uint256:
    """
    @notice `base * exp(x)`, x in WAD, rounded down.
    @dev exp(x) = 2**k * exp(r) with 0 <= r < ln 2 and the first six terms of the series for exp(r):
         at most 0.01 % below the true value, above it by less than 10**-16 of it, and monotone.
         base <= RATE_LIMIT < 2**39 and x <= 27 * WAD, so k < 40; e < 2 * WAD; no product reaches 2**140.
    """
    k: uint256 = unsafe_div(x, LN2)
    r: uint256 = unsafe_sub(x, unsafe_mul(k, LN2))
    e: uint256 = unsafe_add(WAD, unsafe_div(r, 5))
    e = unsafe_add(WAD, unsafe_div(unsafe_mul(r, e), 4 * WAD))
    e = unsafe_add(WAD, unsafe_div(unsafe_mul(r, e), 3 * WAD))
    e = unsafe_add(WAD, unsafe_div(unsafe_mul(r, e), 2 * WAD))
    e = unsafe_add(WAD, unsafe_div(unsafe_mul(r, e), WAD))
    return unsafe_div(unsafe_mul(base, e) << k, WAD)


@internal
@view
def _rate_at_target(log_rate: uint256) -> uint256:
    """
    @notice `rate_min * exp(log_rate * ln(rate_max/rate_min) / 2**32)`, WAD per second, rounded down.
    """
    # log_rate < 2**32 and LN_RANGE <= 27 * WAD
    return self._times_exp(CURVE.rate_min, unsafe_mul(log_rate, LN_RANGE) >> LOG_RATE_BITS)


@internal
@view
def _step(utilisation: uint256, log_rate: uint256, elapsed: uint256, total_assets: uint256) -> (uint256, uint256):
    """
    @notice Move the rate at target over `elapsed` seconds and return the rate charged meanwhile.
    @param utilisation WAD, at most WAD.
    @param total_assets Base units; below the floor the rate at target stands still.
    @return The new `log_rate`; the rate charged, WAD per second: the kink around the rate at target at the
            middle of the interval (mean of the two logarithms), each product rounded down.
    @dev Every factor is bounded: deviation <= WAD < 2**60, elapsed < 2**32, STEPS < 2**137 (SPEED_LIMIT < 2**45,
         LN_RANGE >= 1), RISE < 2**67, FALL < WAD, rate at target < 2**39: no product reaches 2**230.
    """
    target: uint256 = CURVE.target_utilisation
    deviation: uint256 = 0
    factor: uint256 = 0
    rises: bool = utilisation >= target
    if rises:
        deviation = unsafe_div(unsafe_mul(unsafe_sub(utilisation, target), WAD), unsafe_sub(WAD, target))
        factor = unsafe_add(WAD, unsafe_div(unsafe_mul(RISE, deviation), WAD))
    else:
        deviation = unsafe_div(unsafe_mul(unsafe_sub(target, utilisation), WAD), target)
        factor = unsafe_sub(WAD, unsafe_div(unsafe_mul(FALL, deviation), WAD))

    new_log: uint256 = log_rate
    if total_assets >= CURVE.floor:
        step: uint256 = unsafe_div(unsafe_mul(unsafe_mul(deviation, elapsed), STEPS), WAD * WAD)
        if rises:
            new_log = min(unsafe_add(log_rate, step), LOG_RATE_TOP)
        else:
            new_log = unsafe_sub(log_rate, min(step, log_rate))

    # as `_rate_at_target`, of the mean of the two logarithms
    middle: uint256 = unsafe_add(log_rate, new_log) >> 1
    rate: uint256 = self._times_exp(CURVE.rate_min, unsafe_mul(middle, LN_RANGE) >> LOG_RATE_BITS)
    return new_log, unsafe_div(unsafe_mul(rate, factor), WAD)
