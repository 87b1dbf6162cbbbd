# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title LiquidationProbe
@license AGPL-3.0-only
@notice The liquidation module by itself, many positions at a time: lets a test compare thousands of closes
        with the Python model.
@custom:security For tests only.
"""

from ..interfaces import IVault
from ..modules import liquidation

MAX_CASES: constant(uint256) = 128


struct Case:
    collateral: uint256  # base units
    debt_shares: uint256
    price: uint256  # 1e36
    total_debt: uint256  # 1/65536 base units
    total_debt_shares: uint256
    max_repay: uint256  # base units
    risk: IVault.RiskParams


@external
@pure
def quotes(cases: DynArray[Case, MAX_CASES]) -> DynArray[IVault.Quote, MAX_CASES]:
    """
    @notice The close of each position.
    """
    answers: DynArray[IVault.Quote, MAX_CASES] = []
    for c: Case in cases:
        answers.append(
            liquidation._quote(
                c.collateral, c.debt_shares, c.price, c.total_debt, c.total_debt_shares, c.max_repay, c.risk
            )
        )
    return answers
