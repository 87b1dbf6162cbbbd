# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Basket parameters
@license AGPL-3.0-only
@notice What a basket's parameters must satisfy so that the theorems of the specification hold. Called by the
        Factory, before it deploys a basket.
"""

from ..interfaces import IBasket
from ..interfaces import IOracle
from ..interfaces import IVault
from . import units
from . import vault_params

MAX_LEGS: constant(uint256) = 8
CEILING_FACTOR: constant(uint256) = 4  # a ceiling is at least so many times the price
CEILING_TOP: constant(uint256) = 2**200  # so that what is computed with it cannot overflow
THRESHOLD_LEAST: constant(uint256) = units.WAD // 100  # bounds a basket's value by its debt, see `slices`
UNITS_DIVISOR: constant(uint256) = 100  # smallest bonus on min_debt over a base unit of every leg


@internal
@view
def _check(pool: address, legs: DynArray[IBasket.Leg, MAX_LEGS], risk: IVault.RiskParams):
    """
    @notice Refuse parameters under which the specification's theorems would not hold: every leg as if it were a
            vault's collateral, with its own ratios.
    """
    assert len(legs) >= 2, "basket: fewer than 2 legs"
    assert risk.ltv == 0 and risk.threshold == 0, "basket: ratios belong to legs"
    units_worth: uint256 = 0  # of a base unit of every leg, 1e36
    for i: uint256 in range(len(legs), bound=MAX_LEGS):
        leg: IBasket.Leg = legs[i]
        for j: uint256 in range(i, bound=MAX_LEGS):
            assert legs[j].token != leg.token, "basket: a token twice"
        of_leg: IVault.RiskParams = risk
        of_leg.ltv = leg.ltv
        of_leg.threshold = leg.threshold
        vault_params._check(pool, leg.token, leg.oracle, of_leg)
        assert leg.threshold >= THRESHOLD_LEAST, "basket: threshold below 1 %"
        price: uint256 = staticcall IOracle(leg.oracle).price()
        assert leg.ceiling <= CEILING_TOP, "basket: ceiling too high"
        assert leg.ceiling >= CEILING_FACTOR * price, "basket: ceiling below 4 prices"
        units_worth += price
    # a close gives up to a base unit of each leg away by rounding
    assert (
        units_worth * UNITS_DIVISOR * units.WAD <= risk.min_debt * risk.bonus_min * units.PRICE_SCALE
    ), "basket: leg units coarse"
