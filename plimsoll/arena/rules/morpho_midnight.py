"""Morpho Midnight: bad debt is written off first, by formula; a close restores health and no more."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import (
    Account,
    AccountRule,
    Close,
    Offer,
    Prices,
    Terms,
    alone,
    ceil_div,
    counted,
    listed,
    wad,
)
from plimsoll.units import NO_LIMIT, PRICE_SCALE, WAD

CURSOR = 3 * WAD // 10
SMALL = 0  # dollars
"""As integrators create markets on Ethereum, where this cursor is enabled, in November 2026."""
DEPLOYED = {"WETH": 86, "WBTC": 77, "wstETH": 86}
"""LLTV, %, of the market with USDC in docs.morpho.org/build/midnight/concepts/collateral-health-liquidations.

Read in November 2026; cbBTC stands for WBTC.
"""


def most_incentive(lltv: int, cursor: int) -> int:
    """`maxLif`: what a liquidator gets of a repayment's worth, WAD, rounded down."""
    return WAD * WAD // (WAD - cursor * (WAD - lltv) // WAD)


class MorphoMidnight(AccountRule):
    """Several collaterals behind one debt of a fixed term; a close takes one, which the liquidator chooses.

    Before maturity only. What all collaterals could not repay with their incentives is written off in the
    same call. Up to the recovery close factor a repayment may go that makes the account healthy, rounded up;
    beyond it if then so little could be repaid out of this collateral that it is small. Loan-to-value limit
    and threshold are the same number. Left out: gates, fees and what begins at maturity.
    """

    name = "morpho-midnight"
    source = "morpho-org/midnight, src/Midnight.sol of 2026 with liquidation cursors in its markets"

    def __init__(self, lltvs: Sequence[int], cursor: int, small: int) -> None:
        """A market.

        Args:
            lltvs: of each collateral, WAD.
            cursor: how much of what is left to 1 is an incentive, WAD.
            small: `rcfThreshold`, dollars.
        """
        super().__init__([Terms(lltv, lltv) for lltv in lltvs])
        self._incentives = [most_incentive(lltv, cursor) for lltv in lltvs]
        self._small = small

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; the threshold is the limit of loans, too."""
        return cls([each.threshold for each in terms], CURSOR, SMALL)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        return cls([wad(lltv) for lltv in listed(cls.name, DEPLOYED, symbols)], CURSOR, SMALL)

    def weighted(self, account: Account, prices: Prices) -> int:
        """Collateral times thresholds, base units times WAD; each is rounded down to a base unit."""
        return WAD * counted(account.amounts, prices, (its.threshold for its in self.terms))

    def bad_debt(self, account: Account, prices: Prices) -> int:
        """What is written off, base units."""
        legs = zip(account.amounts, prices, self._incentives, strict=True)
        return max(0, account.debt - sum(_cost(*leg) for leg in legs))

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A close out of each collateral."""
        lost = self.bad_debt(account, prices)
        return [
            self._offer(account, prices, leg, lost)
            for leg, (amount, price) in enumerate(zip(account.amounts, prices, strict=True))
            if amount * price >= PRICE_SCALE
        ]

    def most_repaid(self, account: Account, prices: Prices, leg: int) -> int:
        """`maxRepaid`, of the debt that is left when bad debt is written off, base units."""
        lltv, factor = self.terms[leg].threshold, self._incentives[leg]
        if lltv == WAD:
            return NO_LIMIT
        lacks = account.debt - self.bad_debt(account, prices) - self.weighted(account, prices) // WAD
        return ceil_div(lacks * WAD * WAD, WAD * WAD - factor * lltv)

    def _offer(self, account: Account, prices: Prices, leg: int, lost: int) -> Offer:
        held, price, factor = account.amounts[leg], prices[leg], self._incentives[leg]
        debt, legs = account.debt - lost, len(account.amounts)
        whole = _cost(held, price, factor)
        cap = self.most_repaid(account, prices, leg)
        left = held * price // PRICE_SCALE * WAD // factor - cap
        if max(0, left) < self._small * self.dollar:
            cap = NO_LIMIT
        most = min(debt, whole, cap)

        def close(repay: int) -> Close | None:
            repay = min(repay, most)
            seized = held if repay == whole else repay * factor // WAD * PRICE_SCALE // price
            if not repay or not seized or seized > held:
                return None
            return Close(repay, alone(leg, seized, legs), repay + lost, lost)

        return Offer(most, close)


def _cost(amount: int, price: int, factor: int) -> int:
    """The repayment for which collateral is taken with an incentive (WAD), base units, rounded up twice."""
    return ceil_div(ceil_div(amount * price, PRICE_SCALE) * WAD, factor)
