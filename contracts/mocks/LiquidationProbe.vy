# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title LiquidationProbe
@license AGPL-3.0-only
@notice The liquidation module by itself, many positions at a time: lets a test compare thousands of closes
        with the Python model. Its parameters are not checked.
@custom:security For tests only.
"""

from ..interfaces import IPool
from ..interfaces import IVault
from ..modules import liquidation
from ..modules import position

initializes: liquidation

MAX_CASES: constant(uint256) = 128


struct Case:
    collateral: uint256  # base units
    debt_shares: uint256
    price: uint256  # 1e36
    totals: IPool.DebtTotals
    max_repay: uint256  # base units


@deploy
def __init__(risk: IVault.RiskParams):
    liquidation.__init__(risk)


@external
@view
def quotes(cases: DynArray[Case, MAX_CASES]) -> DynArray[IVault.Quote, MAX_CASES]:
    """
    @notice The close of each position.
    """
    answers: DynArray[IVault.Quote, MAX_CASES] = []
    for c: Case in cases:
        word: uint256 = position._add_debt(position._add_collateral(0, c.collateral), c.debt_shares)
        answers.append(
            liquidation._quote(liquidation.RISK, word, c.price, 0, c.totals, c.max_repay)
        )
    return answers
