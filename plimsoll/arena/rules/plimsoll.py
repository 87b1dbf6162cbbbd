"""Plimsoll: a close restores a target health for a bonus that never exceeds the equity left."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Self

from plimsoll.arena.rule import Account, AccountRule, Close, Offer, Prices, Terms, listed
from plimsoll.params import PRESETS
from plimsoll.params import wad as wad_of
from plimsoll.twin import liquidation, slices
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.twin.slices import Leg
from plimsoll.units import FRACTION, NO_LIMIT

DEPLOYED = {"WETH": "blue-chip", "WBTC": "blue-chip", "wstETH": "blue-chip"}
"""The preset that is meant for a collateral against dollars; it is deployed nowhere yet."""
DECIMALS = 6  # of a dollar in which a preset's smallest loan is first said
TOTALS = DebtTotals(10**30 * FRACTION, 10**30 * FRACTION)  # a debt share is a 65,536th of a base unit


def _risk(kind: str) -> Risk:
    """A preset's, without the ratios that a leg has."""
    return Risk(0, 0, *PRESETS[kind].to_struct(DECIMALS)[2:])


class Plimsoll(AccountRule):
    """The twin's own functions, on slices of all collaterals; with one collateral a vault's close."""

    name = "plimsoll"
    source = "this project, plimsoll/twin/slices.py"

    def __init__(self, risk: Risk, legs: Sequence[Leg]) -> None:
        """A vault or basket.

        Args:
            risk: what the legs have in common; the smallest loan in dollars with 6 decimals.
            legs: loan-to-value and threshold of each.
        """
        super().__init__([Terms(leg.ltv, leg.threshold) for leg in legs])
        self._said, self._legs = risk, tuple(legs)

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; bonus, target and slope are those of the preset with the next higher threshold."""
        highest = max(each.threshold for each in terms)
        kind = next(
            (name for name in ("volatile", "blue-chip") if wad_of(PRESETS[name].threshold) >= highest),
            "correlated",
        )
        return cls(_risk(kind), [Leg(*each, 0) for each in terms])

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`; the presets."""
        presets = [PRESETS[kind] for kind in listed(cls.name, DEPLOYED, symbols)]
        return cls.alike([Terms(wad_of(each.ltv), wad_of(each.threshold)) for each in presets])

    @cached_property
    def _risk(self) -> Risk:
        return replace(self._said, min_debt=self._said.min_debt * self.dollar // 10**DECIMALS)

    @cached_property
    def _vault(self) -> Risk:
        return replace(self._risk, ltv=self._legs[0].ltv, threshold=self._legs[0].threshold)

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A slice, and those without one leg."""
        count = len(self._legs)
        masks = [0, *(1 << leg for leg in range(count))] if count > 1 else [0]

        def offer(without: int) -> Offer:
            return Offer(account.debt, lambda repay: self._close(account, prices, repay, without))

        return [offer(without) for without in masks]

    def _close(self, account: Account, prices: Prices, repay: int, without: int) -> Close | None:
        shares, repay = account.debt * FRACTION, repay if repay < account.debt else NO_LIMIT
        quote: liquidation.Quote | slices.Quote
        if len(self._legs) == 1:
            quote = liquidation.quote(account.amounts[0], shares, prices[0], TOTALS, repay, self._vault)
            seized: tuple[int, ...] = (quote.seized,)
        else:
            quote = slices.quote(
                account.amounts, shares, prices, self._legs, TOTALS, repay, self._risk, without
            )
            seized = quote.seized
        if not quote.executable:
            return None
        ended = account.debt if quote.shares == shares else quote.extinguished
        return Close(quote.due, seized, ended, max(0, ended - quote.paid), quote.fee)
