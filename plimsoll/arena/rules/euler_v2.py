"""Euler v2: any part of the debt, taken over by the liquidator, for a discount of what lacks to health 1."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import Account, AccountRule, Close, Offer, Prices, Terms, alone, counted, listed, wad
from plimsoll.units import PRICE_SCALE, WAD

SCALE = 10_000  # of ratios
BASIS_POINT = WAD // SCALE
MOST = 1_500  # discount, basis points
SPREAD = 2  # between the loan-to-value of a loan and that of a liquidation, %
DEPLOYED = {"WETH": 85, "WBTC": 86, "wstETH": 83}
"""Loan-to-value of a liquidation, %, of what backs USDC in Euler Prime on Ethereum.

They are in euler-xyz/evk-periphery 7260a6e3, script/production/mainnet/clusters/PrimeCluster.s.sol, as are
`MOST` and `SPREAD`.
"""


class EulerV2(AccountRule):
    """One collateral a call, which the liquidator chooses; the vault's unit of account is the loan asset.

    A liquidator takes the debt over and must back it, so he repays it in the same batch: he pays it here.
    What is left without any collateral is written off lenders. Left out: interest, the second after a loan in
    which it is safe, worthless collateral that may be taken for nothing, and vaults that do not socialise.
    """

    name = "euler-v2"
    source = "euler-xyz/euler-vault-kit 1dad88bd, src/EVault/modules/Liquidation.sol"

    def __init__(self, terms: Sequence[Terms], most: int) -> None:
        """A vault with its collaterals; the highest discount in basis points."""
        super().__init__(terms)
        self._factors = [each.threshold // BASIS_POINT * BASIS_POINT for each in terms]
        self._least = WAD - WAD * most // SCALE  # that is paid of what collateral is worth

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; a discount of 15 % at most."""
        return cls(terms, MOST)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        ratios = listed(cls.name, DEPLOYED, symbols)
        return cls([Terms(wad(ratio - SPREAD), wad(ratio)) for ratio in ratios], MOST)

    def weighted(self, account: Account, prices: Prices) -> int:
        """Risk-adjusted collateral, base units times WAD; each is rounded down to a base unit."""
        return WAD * counted(account.amounts, prices, self._factors)

    def is_liquidatable(self, account: Account, prices: Prices) -> bool:
        """Whether it may be closed; also at a health of exactly 1, for nothing."""
        return self.weighted(account, prices) <= account.debt * WAD

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A close out of each collateral."""
        return [
            self._offer(account, prices, leg)
            for leg, amount in enumerate(account.amounts)
            if amount * prices[leg] >= PRICE_SCALE
        ]

    def _offer(self, account: Account, prices: Prices, leg: int) -> Offer:
        """`calculateMaxLiquidation`."""
        debt, held = account.debt, account.amounts[leg]
        worth = held * prices[leg] // PRICE_SCALE
        factor = max(self.health(account, prices), self._least)
        most, gain = debt, debt * WAD // factor
        if worth < gain:
            most, gain = worth * factor // WAD, worth
        reward = gain * held // worth
        legs = len(account.amounts)

        def close(repay: int) -> Close | None:
            repay = min(repay, most)
            seized = alone(leg, repay * reward // most if most else 0, legs)
            if not any(seized):
                return None
            lost = debt - repay if seized == tuple(account.amounts) else 0
            return Close(repay, seized, repay + lost, lost)

        return Offer(most, close)
