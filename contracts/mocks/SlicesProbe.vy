# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title SlicesProbe
@license AGPL-3.0-only
@notice The module of a basket's closes by itself, many positions at a time: lets a test compare thousands of closes
        with the Python model. Its parameters are not checked.
@custom:security For tests only.
"""

from ..interfaces import IBasket
from ..interfaces import IPool
from ..interfaces import IVault
from ..modules import basket
from ..modules import liquidation
from ..modules import slices

initializes: basket
initializes: liquidation
initializes: slices[basket := basket, liquidation := liquidation]

MAX_CASES: constant(uint256) = 64


struct Case:
    word: uint256  # see `basket`
    lanes: uint256[4]  # base units, two legs a word
    prices: uint256[8]  # 1e36, 0 = silent
    without: uint256  # mask
    totals: IPool.DebtTotals
    max_repay: uint256  # base units


@deploy
def __init__(legs: DynArray[IBasket.Leg, basket.MAX_LEGS], risk: IVault.RiskParams):
    basket.__init__(legs)
    liquidation.__init__(risk)


@external
@view
def quotes(cases: DynArray[Case, MAX_CASES]) -> DynArray[IBasket.Quote, MAX_CASES]:
    """
    @notice The close of each position.
    """
    answers: DynArray[IBasket.Quote, MAX_CASES] = []
    for c: Case in cases:
        answers.append(slices._slice(c.word, c.lanes, c.prices, c.without, c.totals, c.max_repay))
    return answers
