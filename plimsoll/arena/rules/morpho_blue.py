"""Morpho Blue: any part of the debt for a fixed incentive; what is left without collateral is written off."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import Account, AccountRule, Close, Offer, Prices, Terms, listed, only, wad
from plimsoll.units import PRICE_SCALE, WAD

CURSOR = 3 * WAD // 10
MAX_INCENTIVE = 115 * WAD // 100
DEPLOYED = {"WETH": wad(86), "WBTC": wad(86), "wstETH": wad(86)}
"""LLTV of the largest markets that lend USDC on Ethereum, immutable."""


def incentive(lltv: int) -> int:
    """The liquidation incentive factor, WAD, rounded down."""
    return min(MAX_INCENTIVE, WAD * WAD // (WAD - CURSOR * (WAD - lltv) // WAD))


class MorphoBlue(AccountRule):
    """One collateral; loan-to-value limit and threshold are the same number, as is the incentive's."""

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
        """Any repayment."""
        (held,), (price,) = account.amounts, prices
        worth = held * price // PRICE_SCALE * WAD // self._incentive
        most = min(account.debt, worth)

        def close(repay: int) -> Close | None:
            repay = min(repay, most)
            # the whole of what is held, or what the repayment is worth with the incentive, rounded down
            seized = held if repay == worth else repay * self._incentive // WAD * PRICE_SCALE // price
            if not seized:
                return None
            left = account.debt - repay
            lost = left if seized == held else 0
            return Close(repay, (seized,), repay + lost, lost)

        return [Offer(most, close)]
