"""Aave v4: back to a target health, for a bonus that rises as health falls; no dust stays behind."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from plimsoll.arena.rule import (
    Account,
    AccountRule,
    Close,
    Offer,
    Prices,
    Terms,
    alone,
    by_threshold,
    ceil_div,
    listed,
    wad,
)
from plimsoll.units import PRICE_SCALE, WAD

ALL = 10_000  # basis points
FEE = 1_000  # the protocol's part of the bonus
DUST = 1_000  # dollars of debt or collateral that must not be left


class Spoke(NamedTuple):
    """What the collaterals of a market have in common (`LiquidationConfig`)."""

    target: int  # health factor after a close, WAD
    lowest: int  # health factor from which on the bonus is the highest, WAD
    part: int  # of the highest bonus that is there at a health of 1, basis points


MAIN = Spoke(wad(124), wad(90), 9_000)
PENDLE = Spoke(wad(102.77), wad(99), ALL)
DEPLOYED = {"WETH": (83, 10_555), "WBTC": (78, 10_555), "wstETH": (80, 10_666)}
"""Collateral factor, %, and highest bonus of the Main Spoke on Ethereum, block 25,171,813 (May 2026).

They are in aave-dao/aave-v4-risk-stewards 3b0195fb, reports/ethereum_example_test_before.json, as is `MAIN`.
"""
ALIKE = {75: (MAIN, 10_777), 90: (MAIN, 10_555), 100: (PENDLE, 10_320)}
"""Up to a threshold, %: LINK and WETH of the Main Spoke, and the USDG Pendle Spoke (AIP 496, May 2026)."""


class AaveV4(AccountRule):
    """One collateral a call, which the liquidator chooses, in one spoke; one debt, without risk premium.

    One factor of each collateral is limit of loans and threshold. Debt that is left when the last collateral
    is gone is a deficit, which lenders bear until somebody eliminates it; dust of a second one prevents that.
    Left out: shares (a deposit is worth what it was), interest, and closes that are paid out in shares.
    """

    name = "aave-v4"
    source = "aave/aave-v4 1.0.0, src/spoke/libraries/LiquidationLogic.sol"

    def __init__(self, terms: Sequence[Terms], bonuses: Sequence[int], fee: int, spoke: Spoke) -> None:
        """A market.

        Args:
            terms: of each collateral.
            bonuses: the highest for each collateral, basis points with the 100 %.
            fee: the protocol's part of a bonus, basis points.
            spoke: what they have in common.

        Raises:
            ValueError: a close could never restore the health, which Aave refuses to configure.
        """
        super().__init__(terms)
        self._bonuses, self._fee, self._spoke = tuple(bonuses), fee, spoke
        for each, bonus in zip(terms, bonuses, strict=True):
            if bonus * each.threshold >= ALL * WAD:
                percent = each.threshold * 100 / WAD
                raise ValueError(f"{self.name} has no threshold of {percent:g} % with a bonus so high")

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; bonuses by threshold as `ALIKE`, target and slope by the highest threshold."""
        spoke, _ = by_threshold(ALIKE, max(terms, key=lambda each: each.threshold))
        return cls(terms, [by_threshold(ALIKE, each)[1] for each in terms], FEE, spoke)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        found = listed(cls.name, DEPLOYED, symbols)
        terms = [Terms(wad(factor), wad(factor)) for factor, _ in found]
        return cls(terms, [bonus for _, bonus in found], FEE, MAIN)

    def weighted(self, account: Account, prices: Prices) -> int:
        """Collateral times factors, base units times WAD, rounded down once."""
        legs = zip(account.amounts, prices, self.terms, strict=True)
        return sum(amount * price * terms.threshold for amount, price, terms in legs) // PRICE_SCALE

    def bonus(self, leg: int, health: int) -> int:
        """What a liquidator gets of a repayment's worth, basis points with the 100 %, rounded down.

        That is the highest up to the health at which it is, from there on less in a straight line.
        """
        highest, (_, lowest, part) = self._bonuses[leg], self._spoke
        if health <= lowest:
            return highest
        least = (highest - ALL) * part // ALL + ALL
        return least + (highest - least) * (WAD - health) // (WAD - lowest)

    def restores(self, debt: int, health: int, leg: int, bonus: int) -> int:
        """The repayment that brings a debt to the target health, base units, rounded up."""
        penalty = ceil_div(bonus * self.terms[leg].threshold, ALL)
        return ceil_div(debt * (self._spoke.target - health), self._spoke.target - penalty)

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A close out of each collateral."""

        def offer(leg: int) -> Offer | None:
            whole = self._close(account, prices, account.debt, leg)
            return whole and Offer(whole.paid, lambda cover: self._close(account, prices, cover, leg))

        return [found for leg, amount in enumerate(account.amounts) if amount and (found := offer(leg))]

    def _close(self, account: Account, prices: Prices, cover: int, leg: int) -> Close | None:
        """`_calculateLiquidationAmounts`; None where it reverts, since dust would be left."""
        debt, held, price = account.debt, account.amounts[leg], prices[leg]
        health = self.health(account, prices)
        bonus, dust = self.bonus(leg, health), DUST * self.dollar
        repay = min(self.restores(debt, health, leg, bonus), cover, debt)
        if 0 < debt - repay < dust:
            repay = debt
        seized = repay * bonus * PRICE_SCALE // (price * ALL)
        leaves_dust = held - seized > 0 and (held - seized) * price // PRICE_SCALE < dust
        if seized > held or (leaves_dust and repay < debt):
            seized, repay = held, ceil_div(held * price * ALL, PRICE_SCALE * bonus)
            if repay > debt:
                repay, seized = debt, min(held, debt * bonus * PRICE_SCALE // (price * ALL))
        if repay > cover or not seized:
            return None
        kept = ceil_div(seized * self._fee * (bonus - ALL), bonus * ALL)
        legs = len(account.amounts)
        taken = alone(leg, seized, legs)
        lost = debt - repay if taken == tuple(account.amounts) else 0  # it was all, and the last
        return Close(repay, taken, repay + lost, lost, kept=alone(leg, kept, legs))
