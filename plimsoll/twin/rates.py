"""The adaptive kinked interest rate curve; the twin of ``contracts/modules/rates.vy``.

What borrowers pay at the target utilisation, the *rate at target*, rises while utilisation is above target
and falls while it is below. It is kept as a logarithm, `log_rate`: 0 stands for `rate_min` and 2**32 for
`rate_max`. Utilisations, errors and factors are WAD (1e18), rates are WAD per second, times are seconds.
"""

from dataclasses import dataclass
from functools import cached_property

from plimsoll.units import WAD

LN2 = 693_147_180_559_945_309
"""ln 2, WAD."""
LOG_RATE_BITS = 32
LOG_RATE_TOP = (1 << LOG_RATE_BITS) - 1


@dataclass(frozen=True)
class Curve:
    """The parameters of a curve, in the order of `IPool.RateParams`, and what the constructor derives."""

    target_utilisation: int
    """WAD."""
    rate_min: int
    """Lowest rate at target, WAD per second."""
    rate_max: int
    """Highest rate at target, WAD per second."""
    rate_initial: int
    """Rate at target on the first day, WAD per second."""
    speed: int
    """E-folds of the rate at target at full error, WAD per second; 0 is a static kink."""
    steepness: int
    """Rate at full utilisation over rate at target, WAD."""
    floor: int
    """Base units of total assets below which the rate at target stands still."""

    @cached_property
    def rise(self) -> int:
        """Slope of the kink above target, WAD."""
        return self.steepness - WAD

    @cached_property
    def fall(self) -> int:
        """Slope of the kink below target, WAD; the reciprocal of the steepness is rounded down."""
        return WAD - WAD * WAD // self.steepness

    @cached_property
    def ln_range(self) -> int:
        """ln(rate_max / rate_min), WAD, rounded down."""
        return ln_ratio(self.rate_max, self.rate_min)

    @cached_property
    def steps(self) -> int:
        """Movement of the log rate a second at full error, WAD, rounded down."""
        return (self.speed << LOG_RATE_BITS) * WAD // self.ln_range


def times_exp(base: int, x: int) -> int:
    """`base * exp(x)`, rounded down: at most 0.01 % below the true value.

    exp(x) is 2**k times the series for exp(r) up to r**5/5!, with r below ln 2, each product rounded down.

    Args:
        base: any unit, not negative.
        x: WAD, not negative.

    Returns:
        In the unit of `base`.
    """
    doublings, rest = divmod(x, LN2)
    series = WAD + rest // 5
    for divisor in (4, 3, 2, 1):
        series = WAD + rest * series // (divisor * WAD)
    return (base * series << doublings) // WAD


def ln_ratio(rate: int, base: int) -> int:
    """The largest x with `times_exp(base, x) <= rate`.

    Args:
        rate: at least `base`.
        base: at least 1, in the unit of `rate`.

    Returns:
        WAD.
    """
    below = 0
    above = WAD
    while times_exp(base, above) <= rate:
        above *= 2
    while above - below > 1:
        middle = (below + above) // 2
        if times_exp(base, middle) <= rate:
            below = middle
        else:
            above = middle
    return below


def to_log(rate: int, curve: Curve) -> int:
    """The log rate of a rate at target.

    Args:
        rate: WAD per second, inside the curve's range.
        curve: the curve.

    Returns:
        From 0 to 2**32 - 1, rounded down.
    """
    return min((ln_ratio(rate, curve.rate_min) << LOG_RATE_BITS) // curve.ln_range, LOG_RATE_TOP)


def rate_at_target(log_rate: int, curve: Curve) -> int:
    """The rate at target that a log rate stands for.

    Args:
        log_rate: from 0 to 2**32 - 1.
        curve: the curve.

    Returns:
        WAD per second, rounded down.
    """
    return times_exp(curve.rate_min, log_rate * curve.ln_range >> LOG_RATE_BITS)


def step(utilisation: int, log_rate: int, elapsed: int, total_assets: int, curve: Curve) -> tuple[int, int]:
    """Moves the rate at target over an interval and finds the rate charged meanwhile.

    Args:
        utilisation: before the interval, WAD, at most WAD.
        log_rate: before the interval.
        elapsed: seconds.
        total_assets: base units; below the curve's floor the rate at target stands still.
        curve: the curve.

    Returns:
        The log rate after the interval, its movement rounded towards zero; and the rate charged, WAD a
        second: the kink around the rate at target at the mean of the two log rates, products rounded down.
    """
    target = curve.target_utilisation
    if utilisation >= target:
        error = (utilisation - target) * WAD // (WAD - target)
        factor = WAD + curve.rise * error // WAD
        direction = 1
    else:
        error = (target - utilisation) * WAD // target
        factor = WAD - curve.fall * error // WAD
        direction = -1

    moved = log_rate
    if total_assets >= curve.floor:
        moved += direction * (error * elapsed * curve.steps // WAD**2)
        moved = max(0, min(moved, LOG_RATE_TOP))
    return moved, rate_at_target((log_rate + moved) // 2, curve) * factor // WAD
