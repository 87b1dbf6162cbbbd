"""Aave v3: half of the debt, or all of it below a health of 0.95, for a fixed bonus out of one collateral.

Twice: as its first release, whose bytecode the tests hold the rule against, and as it is deployed.
"""

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
    by_threshold,
    ceil_div,
    listed,
    wad,
)
from plimsoll.units import PRICE_SCALE, WAD

ALL = 10_000  # basis points
HALF = 5_000
FEE = 1_000  # the protocol's part of the bonus
BONUSES = {75: 10_750, 90: 10_500, 100: 10_100}  # up to a threshold, %; basis points with the 100 %
DEPLOYED = {"WETH": (80.5, 83, 10_500), "WBTC": (73, 78, 10_500), "wstETH": (78.5, 81, 10_600)}
"""Loan-to-value and threshold, %, and bonus on Ethereum, Core market, without e-mode; the fee is `FEE`.

Read in bgd-labs/protocol-v3.7-upgrade 2fcb8ad, of the spring of 2026,
reports/1_0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2_before.json.
"""
CLOSE_FACTOR_HEALTH = 95 * WAD // 100
BASE = 10**8  # an account is added up in such parts of a dollar
SMALL = 2_000 * BASE  # collateral or debt below may be closed whole
LEAST_LEFT = 1_000 * BASE  # of both, where a close leaves some of both
BASIS_POINT = WAD // ALL
NO_DEBT = 2**256 - 1  # health


def half_up(numerator: int, denominator: int) -> int:
    """A quotient, rounded to the nearest, halves up."""
    return (numerator + denominator // 2) // denominator


class AaveV30(AccountRule):
    """One collateral a call, which the liquidator chooses; the protocol keeps a part of the bonus.

    What is left without collateral stays as debt that nobody pays.
    """

    name = "aave-v3.0"
    source = "aave/aave-v3-core 1.19.3, LiquidationLogic.sol and GenericLogic.sol"

    def __init__(self, terms: Sequence[Terms], bonuses: Sequence[int], fee: int) -> None:
        """A market.

        Args:
            terms: of each collateral.
            bonuses: what a liquidator gets of a repayment's worth in each, basis points with the 100 %.
            fee: the protocol's part of the bonus, basis points.

        Raises:
            ValueError: a threshold is no whole number of basis points.
        """
        super().__init__(terms)
        for threshold in (each.threshold for each in terms):
            if threshold % BASIS_POINT:
                raise ValueError(f"{self.name} has thresholds in basis points, not of {threshold / WAD:%}")
        self._thresholds = [each.threshold // BASIS_POINT for each in terms]
        self.bonuses, self.fee = tuple(bonuses), fee

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; a bonus of 5 %, up to a threshold of .75 of 7.5 %, above .90 of 1 %."""
        return cls(terms, [by_threshold(BONUSES, each) for each in terms], FEE)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        found = listed(cls.name, DEPLOYED, symbols)
        terms = [Terms(wad(ltv), wad(threshold)) for ltv, threshold, _ in found]
        return cls(terms, [bonus for *_, bonus in found], FEE)

    def health(self, account: Account, prices: Prices) -> int:
        """`calculateUserAccountData`: the average threshold is rounded down to a basis point."""
        debt = account.debt * BASE // self.dollar
        if not debt:
            return NO_DEBT
        worths = self._worths(account, prices)
        total = sum(worths)
        weighted = sum(worth * part for worth, part in zip(worths, self._thresholds, strict=True))
        return half_up(half_up(total * (weighted // total), ALL) * WAD, debt) if total else 0

    def is_liquidatable(self, account: Account, prices: Prices) -> bool:
        """See `AccountRule`."""
        return self.health(account, prices) < WAD

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A close out of each collateral."""

        def offer(leg: int) -> Offer:
            most = self.most(account, prices, leg)
            return Offer(most, lambda repay: self.close(account, prices, min(repay, most), leg))

        return [offer(leg) for leg, amount in enumerate(account.amounts) if amount]

    def most(self, account: Account, prices: Prices, _leg: int) -> int:
        """How much of the debt a call may repay, base units."""
        part = HALF if self.health(account, prices) > CLOSE_FACTOR_HEALTH else ALL
        return half_up(account.debt * part, ALL)

    def close(self, account: Account, prices: Prices, repay: int, leg: int) -> Close | None:
        """What a repayment of at most `most` takes of a collateral, and pays; None if it is refused."""
        held, price, bonus = account.amounts[leg], prices[leg], self.bonuses[leg]
        seized = self._with_bonus(repay * PRICE_SCALE // price, bonus)
        if seized > held:
            seized, repay = held, self._cost(held * price // PRICE_SCALE, bonus)
        kept = self._kept(seized, bonus)
        lost = self._lost(account, prices, repay, leg, seized)
        if not repay or seized == kept or lost is None:
            return None
        legs = len(account.amounts)
        return Close(repay, alone(leg, seized, legs), repay + lost, lost, kept=alone(leg, kept, legs))

    def _worths(self, account: Account, prices: Prices) -> list[int]:
        """Of each collateral, in parts of a dollar, rounded down."""
        scale = PRICE_SCALE * self.dollar
        return [amount * price * BASE // scale for amount, price in zip(account.amounts, prices, strict=True)]

    def _with_bonus(self, amount: int, bonus: int) -> int:
        """Collateral worth a repayment, and the bonus."""
        return half_up(amount * bonus, ALL)

    def _cost(self, worth: int, bonus: int) -> int:
        """What is paid for collateral that is worth so much and is taken whole."""
        return half_up(worth * ALL, bonus)

    def _kept(self, seized: int, bonus: int) -> int:
        """Of the collateral that is taken, what the protocol keeps."""
        return half_up((seized - half_up(seized * ALL, bonus)) * self.fee, ALL)

    def _lost(self, _account: Account, _prices: Prices, _repay: int, _leg: int, _seized: int) -> int | None:
        """What a close writes off; None if it leaves too little."""
        return 0


class AaveV3(AaveV30):
    """As deployed: closes leave no dust, and what is left without collateral is a deficit, which is booked.

    Small accounts may be closed whole at any health. Debts round up, and the liquidator bears every rounding;
    the average threshold is not rounded.
    """

    name = "aave-v3"
    source = (
        "aave-dao/aave-v3-origin 3.6 (e4cc47e), LiquidationLogic.sol and GenericLogic.sol, "
        "with the roundings of 3.7 (4fbd744), docs/3.7/liquidation-rounding.md"
    )

    def health(self, account: Account, prices: Prices) -> int:
        """`calculateUserAccountData`."""
        worths = self._worths(account, prices)
        weighted = sum(worth * part for worth, part in zip(worths, self._thresholds, strict=True))
        return half_up(weighted * WAD, self._owed(account.debt)) // ALL

    def most(self, account: Account, prices: Prices, leg: int) -> int:
        """See `AaveV30`."""
        debt = self._owed(account.debt)
        if min(debt, self._worths(account, prices)[leg]) < SMALL:
            return account.debt
        if self.health(account, prices) <= CLOSE_FACTOR_HEALTH:
            return account.debt
        return half_up(debt * HALF, ALL) * self.dollar // BASE

    def _with_bonus(self, amount: int, bonus: int) -> int:
        return amount * bonus // ALL

    def _cost(self, worth: int, bonus: int) -> int:
        return ceil_div(worth * ALL, bonus)

    def _kept(self, seized: int, bonus: int) -> int:
        return ceil_div((seized - seized * ALL // bonus) * self.fee, ALL)

    def _lost(self, account: Account, prices: Prices, repay: int, leg: int, seized: int) -> int | None:
        worths, left = self._worths(account, prices), account.debt - repay
        scale = PRICE_SCALE * self.dollar
        if left and seized < account.amounts[leg]:
            rest = (account.amounts[leg] - seized) * prices[leg] * BASE // scale
            if min(self._owed(left), rest) < LEAST_LEFT:
                return None
        return left if sum(worths) == seized * prices[leg] * BASE // scale else 0

    def _owed(self, debt: int) -> int:
        """In parts of a dollar, rounded up."""
        return ceil_div(debt * BASE, self.dollar)
