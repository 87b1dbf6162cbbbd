"""Aave v3: half of the debt, or all of it below a health of 0.95, for a fixed bonus."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import Account, AccountRule, Close, Offer, Prices, Terms, listed, wad
from plimsoll.units import PRICE_SCALE, WAD

ALL = 10_000  # basis points
HALF = 5_000
FEE = 1_000  # the protocol's part of the bonus
BONUSES = {75: 10_750, 90: 10_500, 100: 10_100}  # up to a threshold, %; basis points with the 100 %
DEPLOYED = {"WETH": (80.5, 83, 10_500), "WBTC": (73, 78, 10_500), "wstETH": (78.5, 81, 10_600)}
"""Loan-to-value and threshold, %, and bonus on Ethereum, Core market, June 2025; without e-mode."""
CLOSE_FACTOR_HEALTH = 95 * WAD // 100


def percent_mul(amount: int, part: int) -> int:
    """`PercentageMath.percentMul`: basis points of an amount, half up."""
    return (amount * part + ALL // 2) // ALL


def percent_div(amount: int, part: int) -> int:
    """`PercentageMath.percentDiv`: of what an amount is so many basis points, half up."""
    return (amount * ALL + part // 2) // part


class AaveV3(AccountRule):
    """One collateral a call, which the liquidator chooses; the protocol keeps a part of the bonus.

    What is left without collateral stays as debt that nobody pays.
    """

    name = "aave-v3"
    source = "aave/aave-v3-core 1.19.3, LiquidationLogic.sol"

    def __init__(self, terms: Sequence[Terms], bonuses: Sequence[int], fee: int) -> None:
        """A market.

        Args:
            terms: of each collateral.
            bonuses: what a liquidator gets of a repayment's worth in each, basis points with the 100 %.
            fee: the protocol's part of the bonus, basis points.
        """
        super().__init__(terms)
        self._bonuses, self._fee = tuple(bonuses), fee

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; a bonus of 5 %, below a threshold of .75 of 7.5 %, above .90 of 1 %."""
        return cls(
            terms,
            [next(bonus for top, bonus in BONUSES.items() if each.threshold <= wad(top)) for each in terms],
            FEE,
        )

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        found = listed(cls.name, DEPLOYED, symbols)
        terms = [Terms(wad(ltv), wad(threshold)) for ltv, threshold, _ in found]
        return cls(terms, [bonus for *_, bonus in found], FEE)

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """A close out of each collateral."""
        part = HALF if self.health(account, prices) > CLOSE_FACTOR_HEALTH else ALL
        most = percent_mul(account.debt, part)

        def offer(leg: int) -> Offer:
            return Offer(most, lambda repay: self._close(account, prices, min(repay, most), leg))

        return [offer(leg) for leg, amount in enumerate(account.amounts) if amount]

    def _close(self, account: Account, prices: Prices, repay: int, leg: int) -> Close | None:
        """`_calculateAvailableCollateralToLiquidate`."""
        held, price, bonus = account.amounts[leg], prices[leg], self._bonuses[leg]
        base = repay * PRICE_SCALE // price
        seized = percent_mul(base, bonus)
        if seized > held:
            seized = held
            repay = percent_div(held * price // PRICE_SCALE, bonus)
        if not repay or not seized:
            return None
        reward = seized - percent_div(seized, bonus)
        kept = percent_mul(reward, self._fee)  # of the collateral, by the protocol
        places = range(len(account.amounts))
        return Close(
            repay,
            tuple(seized if place == leg else 0 for place in places),
            repay,
            kept=tuple(kept if place == leg else 0 for place in places),
        )
