"""Morpho Blue: any part of the debt for a fixed incentive; what is left without collateral is written off."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import Account, AccountRule, Close, Offer, Prices, Terms, ceil_div, listed, only, wad
from plimsoll.units import PRICE_SCALE, WAD

CURSOR = 3 * WAD // 10
MAX_INCENTIVE = 115 * WAD // 100
DEPLOYED = {"WETH": wad(86), "WBTC": wad(86), "wstETH": wad(86)}
"""LLTV, immutable, of the markets on Ethereum that lend dollars.

Read in @morpho-org/morpho-test 4.0.3, fixtures/markets: `usdt_weth_86`, `usdc_wbtc`, `usdc_wstEth`.
"""


def incentive(lltv: int) -> int:
    """The liquidation incentive factor, WAD, rounded down."""
    return min(MAX_INCENTIVE, WAD * WAD // (WAD - CURSOR * (WAD - lltv) // WAD))


class MorphoBlue(AccountRule):
    """One collateral; loan-to-value limit and threshold are the same number, as is the incentive's.

    A liquidator says how much to repay or how much to take. Repayments are whole base units: in a market
    without interest a debt share is then worth a millionth of one, always.
    """

    name = "morpho-blue"
    source = "morpho-org/morpho-blue 1.0.0, Morpho.sol"

    def __init__(self, lltv: int) -> None:
        """A market with a liquidation loan-to-value, WAD."""
        super().__init__([Terms(lltv, lltv)])
        self._incentive = incentive(lltv)

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; the threshold is the limit of loans, too."""
        return cls(only(cls.name, terms).threshold)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`; each collateral has a market of its own."""
        return cls(only(cls.name, listed(cls.name, DEPLOYED, symbols)))

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """Any repayment, up to the whole debt or all that is held."""
        (held,), (price,) = account.amounts, prices
        cost = self.cost(held, price)

        def close(repay: int) -> Close | None:
            if cost <= min(repay, account.debt):
                return self.taking(account, price, held)
            return self.repaying(account, price, min(repay, account.debt))

        return [Offer(min(account.debt, cost), close)]

    def cost(self, seized: int, price: int) -> int:
        """What taking so much collateral costs, rounded up twice."""
        return ceil_div(ceil_div(seized * price, PRICE_SCALE) * WAD, self._incentive)

    def taking(self, account: Account, price: int, seized: int) -> Close | None:
        """`liquidate` by the amount of collateral; None if it is refused: more than is held, or owed."""
        return self._close(account, self.cost(seized, price), seized)

    def repaying(self, account: Account, price: int, repay: int) -> Close | None:
        """`liquidate` by the debt to repay; None if it is refused."""
        return self._close(account, repay, repay * self._incentive // WAD * PRICE_SCALE // price)

    def _close(self, account: Account, repay: int, seized: int) -> Close | None:
        (held,), left = account.amounts, account.debt - repay
        if left < 0 or seized > held or not (repay or seized):
            return None
        lost = left if seized == held else 0
        return Close(repay, (seized,), repay + lost, lost)
