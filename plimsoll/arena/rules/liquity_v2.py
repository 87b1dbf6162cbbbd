"""Liquity v2: all of a debt at once, by the stability pool; what that cannot take, by other borrowers."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from plimsoll.arena.rule import Close, Field, Offer, Rule, Terms, listed, only, wad
from plimsoll.units import PRICE_SCALE, WAD

GAS_PART = 200  # of collateral, one in so many is the liquidator's
GAS_CAP = 2  # whole tokens of 18 decimals that it is at most
GAS_DOLLARS = 100  # besides: 0.0375 WETH, of which a trove has paid a deposit, at about 2,700 dollars
LEFT_IN_POOL = 1  # dollar
PENALTY = 5 * WAD // 100  # against the pool
POOL_PART = 70 * WAD // 100  # assumed
DEPLOYED = {"WETH": (110, 10), "wstETH": (120, 20)}
"""Minimum ratio of collateral and penalty of a redistribution, %.

In liquity/bold 043b7464, contracts/src/Dependencies/Constants.sol, as are the other constants.
"""


def split(collateral: int, debt: int, penalty: int, price: int) -> tuple[int, int]:
    """`_getCollPenaltyAndSurplus`: what is taken for a debt, at most all of it, and what is left."""
    most = debt * (WAD + penalty) * PRICE_SCALE // (WAD * price)
    return min(collateral, most), max(0, collateral - most)


class Shares(NamedTuple):
    """Who gets what of a trove; base units."""

    gas: int  # collateral of who sends the liquidation
    offset: int  # debt that the stability pool pays
    to_pool: int  # collateral
    spread: int  # debt that other troves owe from then on
    to_troves: int  # collateral
    surplus: int  # collateral that is left to its owner

    def close(self, dollar: int) -> Close:
        """A liquidation; the deposit for gas is its sender's, too."""
        deposit, debt = GAS_DOLLARS * dollar, self.offset + self.spread
        shared = self.to_pool + self.to_troves
        return Close(
            -deposit,
            (self.gas + shared,),
            debt,
            refund=-deposit,
            passed=debt,
            shared=(shared,),
            moved=self.spread,
        )


class LiquityV2(Rule):
    """One collateral, a branch with a pool of its own, in which holders of the coin have put part of it.

    Whoever sends a liquidation gets collateral and the trove's deposit for gas. The pool's people pay debt
    and get collateral with a penalty; other troves get the rest of both in proportion to their stakes. What
    is left of the collateral is its owner's. The pool's people neither come nor go. Left out: redemption,
    interest, batches, and the shutdown of a branch.
    """

    name = "liquity-v2"
    hands_over = True
    source = "liquity/bold 00aa9df0, contracts/src/TroveManager.sol"

    def __init__(self, terms: Terms, spread: int, pool_part: int) -> None:
        """A branch.

        Args:
            terms: the threshold is one over the minimum ratio of collateral.
            spread: the penalty of a redistribution, WAD.
            pool_part: of all debt, what lies in the stability pool at first, WAD.
        """
        super().__init__([terms])
        self._spread, self._pool_part = spread, pool_part
        self._pool: int | None = None  # base units of the loan asset
        self._stakes: dict[str, int] = {}  # of open troves
        self._total_stakes = 0
        self._per_stake = [0, 0]  # collateral and debt (of 18 decimals) that were redistributed, times WAD
        self._errors = [0, 0]  # what rounding left of them
        self._seen: dict[str, tuple[int, int]] = {}  # those, as they were when a trove was opened

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; a redistribution takes all that the threshold leaves, at most 20 %."""
        one = only(cls.name, terms)
        return cls(one, min(WAD * WAD // one.threshold - WAD, 20 * WAD // 100), POOL_PART)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        ratio, spread = only(cls.name, listed(cls.name, DEPLOYED, symbols))
        most = WAD * 100 // ratio
        return cls(Terms(most, most), wad(spread), POOL_PART)

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """See `Rule`."""
        super().open(owner, amounts, debt)
        self._stakes[owner] = amounts[0]
        self._total_stakes += amounts[0]
        self._seen[owner] = self._per_stake[0], self._per_stake[1]

    def _gained(self, owner: str, which: int) -> int:
        stake, seen = self._stakes.get(owner, 0), self._seen[owner][which]
        return stake * (self._per_stake[which] - seen) // (WAD * (self._scale if which else 1))

    @property
    def _scale(self) -> int:
        """Of the loan asset to 18 decimals."""
        return max(1, WAD // self.dollar)

    def holdings(self, owner: str) -> Sequence[int]:
        """See `Rule`; with what was redistributed."""
        return [self.accounts[owner].amounts[0] + self._gained(owner, 0)]

    def owed(self, owner: str) -> int:
        """See `Rule`; with what was redistributed."""
        return self.accounts[owner].debt + self._gained(owner, 1)

    @property
    def pool(self) -> int:
        """What the stability pool has left for liquidations, base units."""
        if self._pool is None:
            self._pool = sum(map(self.owed, self.accounts)) * self._pool_part // WAD
        return max(0, self._pool - LEFT_IN_POOL * self.dollar)

    def block(self, field: Field) -> None:
        """Offers every trove below the minimum ratio to whoever sends its liquidation."""
        (price,) = field.prices
        if not price:
            return
        due = [owner for owner in self._stakes if self._is_due(owner, price)]
        due.sort(key=lambda owner: self.holdings(owner)[0] / self.owed(owner))

        def offers(owner: str) -> Sequence[Offer]:
            if not self._is_due(owner, price):
                return ()
            debt, close = self.owed(owner), self.shares_of(owner, price).close(self.dollar)
            return [Offer(debt, lambda repay: close if repay >= debt else None)]

        field.serve(due, offers, lambda owner, _close: self._liquidate(owner, price))

    def _is_due(self, owner: str, price: int) -> bool:
        """Whether its ratio is below the minimum; the last trove never is closed."""
        if owner not in self._stakes or len(self._stakes) == 1:
            return False
        (held,), debt = self.holdings(owner), self.owed(owner)
        return held * price // PRICE_SCALE * self.terms[0].threshold < debt * WAD

    def shares_of(self, owner: str, price: int) -> Shares:
        """`_getOffsetAndRedistributionVals`: what a liquidation at a price (1e36) gives to whom."""
        (held,), debt = self.holdings(owner), self.owed(owner)
        gas = min(held // GAS_PART, GAS_CAP * WAD)
        offset = min(debt, self.pool)
        part = (held - gas) * offset // debt
        to_pool, surplus = split(part, offset, PENALTY, price)
        to_troves, rest = 0, held - gas - part
        if offset < debt and rest:
            to_troves, surplus = split(rest + surplus, debt - offset, self._spread, price)
        return Shares(gas, offset, to_pool, debt - offset, to_troves, surplus)

    def _liquidate(self, owner: str, price: int) -> None:
        """Carries a liquidation out: `offset`, then `_redistributeDebtAndColl`."""
        shares, account = self.shares_of(owner, price), self.accounts[owner]
        account.amounts, account.debt = [shares.surplus], 0
        self._total_stakes -= self._stakes.pop(owner)
        self._pool = (self._pool or 0) - shares.offset
        for which, amount in enumerate((shares.to_troves, shares.spread * self._scale)):
            total = amount * WAD + self._errors[which]
            self._per_stake[which] += total // self._total_stakes
            self._errors[which] = total % self._total_stakes
        self.carry_out(shares.close(self.dollar))
