# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Vault parameters
@license AGPL-3.0-only
@notice What a vault's parameters must satisfy so that the theorems of the specification hold. Called by the
        Factory, before it deploys a vault.
@dev Inequalities are products, not quotients, so that nothing is lost to rounding. All ratios are WAD.
"""

from ethereum.ercs import IERC20Detailed

from ..interfaces import IOracle
from ..interfaces import IPool
from ..interfaces import IVault
from . import units

WAD: constant(uint256) = units.WAD
BONUS_LIMIT: constant(uint256) = WAD  # keeps every product below far from 2**256
THRESHOLD_WITH_BONUS: constant(uint256) = 98 * 10**16  # threshold*(1 + bonus_min) at most
LTV_WITH_BONUS: constant(uint256) = 96 * 10**16  # ltv*(1 + bonus_min) at most
TARGET_LOW: constant(uint256) = 1_005 * 10**15
TARGET_HIGH: constant(uint256) = 125 * 10**16
SLOPE_LIMIT: constant(uint256) = WAD // 4
FEE_LIMIT: constant(uint256) = 30 * 10**16
UNIT_VALUE_DIVISOR: constant(uint256) = 10_000  # a collateral unit is worth at most min_debt over this
BONUS_UNITS: constant(uint256) = 1_000  # base units that the smallest bonus on min_debt must be worth
COLLATERAL_DECIMALS_TOP: constant(uint8) = 27
MIN_DEBT_TOP: constant(uint256) = 2**94 - 1
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE


@internal
@view
def _check(pool: address, collateral: address, oracle: address, risk: IVault.RiskParams):
    """
    @notice Refuse parameters under which the specification's theorems would not hold.
    """
    loan: address = staticcall IPool(pool).asset()
    assert collateral != loan, "vault: collateral is the loan"
    assert collateral != pool, "vault: collateral is the pool"
    assert collateral != staticcall IPool(pool).backstop(), "vault: collateral is backstop"
    decimals: uint8 = staticcall IERC20Detailed(collateral).decimals()
    assert decimals <= COLLATERAL_DECIMALS_TOP, "vault: above 27 decimals"
    self._check_risk(risk)
    self._check_price(staticcall IOracle(oracle).price(), staticcall IOracle(oracle).safe_price(), risk.min_debt)


@internal
@pure
def _check_risk(risk: IVault.RiskParams):
    """
    @notice Refuse parameters under which a close could lower health, end liquidatable or pay no bonus.
    """
    assert risk.ltv > 0, "vault: no loan-to-value"
    assert risk.ltv < risk.threshold, "vault: ltv not below threshold"
    assert risk.threshold < WAD, "vault: threshold not below 1"
    assert risk.bonus_min > 0, "vault: no minimum bonus"
    assert risk.bonus_min <= risk.bonus_max, "vault: bonus range"
    assert risk.bonus_max <= BONUS_LIMIT, "vault: bonus above 100 %"
    assert risk.threshold * (WAD + risk.bonus_min) <= THRESHOLD_WITH_BONUS * WAD, "vault: threshold too high"
    assert risk.ltv * (WAD + risk.bonus_min) <= LTV_WITH_BONUS * WAD, "vault: ltv too high"
    assert risk.health_for_max_bonus < WAD, "vault: max bonus at health 1"
    assert (
        risk.threshold * (WAD + risk.bonus_max) <= risk.health_for_max_bonus * WAD
    ), "vault: bonus can lower health"
    assert risk.target_health >= TARGET_LOW, "vault: target health below 1.005"
    assert risk.target_health <= TARGET_HIGH, "vault: target health above 1.25"
    assert risk.shortfall_slope <= SLOPE_LIMIT, "vault: slope above 1/4"
    assert risk.liquidation_fee <= FEE_LIMIT, "vault: fee above 30 %"
    assert risk.min_debt <= MIN_DEBT_TOP, "vault: minimum debt too large"
    assert risk.min_debt * risk.bonus_min >= BONUS_UNITS * WAD, "vault: minimum debt too small"


@internal
@pure
def _check_price(price: uint256, safe_price: uint256, min_debt: uint256):
    """
    @notice Refuse an oracle without a price, and a collateral whose base unit is worth too much.
    @param price The oracle's price, 1e36; `safe_price` likewise.
    @param min_debt Base units of the loan asset.
    """
    assert price > 0, "vault: zero price"
    assert safe_price <= price, "vault: safe price above price"
    assert price <= min_debt * PRICE_SCALE // UNIT_VALUE_DIVISOR, "vault: collateral unit coarse"
