"""Silo v2: down to a target loan-to-value for a fixed fee, or all of it if little would be left."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import (
    Account,
    AccountRule,
    Close,
    Offer,
    Prices,
    Terms,
    by_threshold,
    ceil_div,
    listed,
    only,
    wad,
)
from plimsoll.units import PRICE_SCALE, WAD

NEARLY_ALL = 9 * WAD // 10  # of a debt: who would repay more must repay it all
DEPLOYED = {"WETH": (85, 90, 88, 4), "WBTC": (85, 88, 87, 5)}
"""Largest and liquidation loan-to-value, target and fee, %, of markets with USDC.

WETH on Arbitrum, WBTC on Ethereum: silo-finance/silo-contracts-v2 7e80d8ef, silo-core/deploy/input, in
arbitrum_one/Silo_WETH_USDC.json and mainnet/Silo_WBTC_USDC.json.
"""

ALIKE = {75: (2, 7.5), 90: (2, 4), 100: (1, 1.5)}
"""Up to a threshold, %: how far below it the target is, and the fee, %.

Of ARB and WETH with USDC on Arbitrum and of wstETH with WETH on Ethereum, in the same folder.
"""


def most_to_repay(debt: int, worth: int, target: int, fee: int) -> int:
    """`estimateMaxRepayValue`: what brings a debt to a target loan-to-value, or all of it.

    Args:
        debt: base units, or any unit of value.
        worth: of the collateral, in the same unit.
        target: loan-to-value, WAD.
        fee: on top of a repayment, WAD.

    Returns:
        In that unit, rounded down; all of it where no less reaches the target, or only nine tenths and more.
    """
    if debt >= worth or not target:
        return debt
    above, gains = debt * WAD - target * worth, WAD - (target + target * fee // WAD)
    if above <= 0:
        return 0
    if gains <= 0:
        return debt
    repay = above // gains
    return debt if repay > debt or repay * WAD // debt > NEARLY_ALL else repay


def taken(repay: int, worth: int, fee: int) -> int:
    """`calculateCollateralToLiquidate`: worth of the collateral for a repayment, at most all there is."""
    return min(worth, repay + repay * fee // WAD)


class Silo(AccountRule):
    """A market of two assets; what a liquidator gets is taken from deposits, without their shares here.

    Under water any part may be repaid, and what is left without collateral stays as debt that nobody pays.
    Left out: interest, the two base units that shares may round away, protected deposits, and the newer hook
    by which lenders take the collateral.
    """

    name = "silo-v2"
    source = "silo-finance/silo-contracts-v2 14f7f2b1, hooks/liquidation/lib/PartialLiquidationLib.sol"

    def __init__(self, terms: Terms, target: int, fee: int) -> None:
        """A market; target loan-to-value and fee in WAD."""
        super().__init__([terms])
        self._target, self._fee = target, fee

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; target and fee by threshold as `ALIKE`."""
        its = only(cls.name, terms)
        below, fee = by_threshold(ALIKE, its)
        return cls(its, its.threshold - wad(below), wad(fee))

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`; each collateral has a market of its own."""
        ltv, threshold, target, fee = map(wad, only(cls.name, listed(cls.name, DEPLOYED, symbols)))
        return cls(Terms(ltv, threshold), target, fee)

    def loan_to_value(self, account: Account, prices: Prices) -> int:
        """Debt over worth, WAD, rounded up; of an account with worth."""
        (held,), (price,) = account.amounts, prices
        return ceil_div(account.debt * WAD, held * price // PRICE_SCALE)

    def is_liquidatable(self, account: Account, prices: Prices) -> bool:
        """Whether it may be closed."""
        (held,), (price,) = account.amounts, prices
        if not held * price // PRICE_SCALE:
            return account.debt > 0
        return self.loan_to_value(account, prices) > self.terms[0].threshold

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """Up to the target; under water, up to what takes all collateral."""
        (held,), (price,) = account.amounts, prices
        debt, worth = account.debt, held * price // PRICE_SCALE
        if not worth:
            return ()
        is_bad = self.loan_to_value(account, prices) >= WAD
        most = most_to_repay(debt, worth, self._target, self._fee)
        if is_bad:
            most = min(debt, ceil_div(worth * WAD, WAD + self._fee))

        def close(repay: int) -> Close | None:
            repay = min(repay, most)
            seized = taken(repay, worth, self._fee) * held // worth
            if not seized or (most == debt and repay < debt and not is_bad):
                return None
            return Close(repay, (seized,), repay)

        return [Offer(most, close)]
