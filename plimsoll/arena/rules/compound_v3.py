"""Compound III (Comet): the protocol absorbs an account whole and sells the collateral from its own stock."""

from collections.abc import Sequence
from typing import Self

from plimsoll.arena.rule import (
    Account,
    AccountRule,
    Close,
    Field,
    Offer,
    Prices,
    Terms,
    alone,
    by_threshold,
    counted,
    listed,
    wad,
)
from plimsoll.units import PRICE_SCALE, WAD

STORE_FRONT = wad(60)  # of a penalty, what buyers get as a discount
DEPLOYED = {"WETH": (83, 88, 7), "WBTC": (80, 85, 10), "wstETH": (80, 85, 10)}
"""Borrow and liquidation collateral factor and penalty, %, of cUSDTv3 on Ethereum, 31 October 2025.

They are in woof-software/compound-docs-aggregator c2e035a2, README.md; `STORE_FRONT` is in
compound-finance/comet, deployments/mainnet/usdt/configuration.json.
"""
ALIKE = {75: 17, 90: 7, 100: 2.5}
"""Penalty up to a threshold, %: of UNI and WETH in cUSDTv3, of wstETH in cWETHv3."""


class CompoundV3(AccountRule):
    """Anyone absorbs, for nothing; anyone buys, at a discount on the oracle's price.

    An absorbed account gets what its collateral is worth, less the penalty and its debt, as a deposit. From
    then on the protocol bears the collateral's price: its reserves pay the debt and get what buyers pay. They
    begin at nothing here; what they lack at the end lenders lack. Left out: interest, pauses, reserves so
    high that nothing is for sale, points for who absorbs, and the partial absorption that is written but not
    deployed.
    """

    name = "compound-v3"
    source = "compound-finance/comet 0375004c, contracts/CometWithExtendedAssetList.sol"

    def __init__(self, terms: Sequence[Terms], penalties: Sequence[int], store_front: int) -> None:
        """A market.

        Args:
            terms: of each collateral.
            penalties: what an absorbed account loses of each collateral, WAD.
            store_front: what part of it buyers get, WAD.
        """
        super().__init__(terms)
        self._factors = tuple(WAD - penalty for penalty in penalties)  # `liquidationFactor`
        self._store_front = store_front

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        """See `Rule`; a penalty by threshold as `ALIKE`."""
        return cls(terms, [wad(by_threshold(ALIKE, each)) for each in terms], STORE_FRONT)

    @classmethod
    def deployed(cls, symbols: Sequence[str]) -> Self:
        """See `Rule`."""
        found = listed(cls.name, DEPLOYED, symbols)
        terms = [Terms(wad(borrow), wad(liquidate)) for borrow, liquidate, _ in found]
        return cls(terms, [wad(penalty) for *_, penalty in found], STORE_FRONT)

    def weighted(self, account: Account, prices: Prices) -> int:
        """Collateral times factors, base units times WAD; each is rounded down to a base unit."""
        return WAD * counted(account.amounts, prices, (its.threshold for its in self.terms))

    def offers(self, account: Account, prices: Prices) -> Sequence[Offer]:
        """Nothing: the protocol takes accounts over itself."""
        return ()

    def block(self, field: Field) -> None:
        """Absorbs what is due, if somebody is there; then sells."""
        prices = field.prices
        if not all(prices):
            return
        for owner in [*self._due(prices)]:
            close = self.absorption(self.accounts[owner], prices)
            if field.call(owner, close):
                self.take(owner, close)
        stocks = {f"stock {leg}": leg for leg in range(len(prices))}
        field.serve(
            stocks,
            lambda stock: [self.sale(stocks[stock], prices[stocks[stock]])],
            lambda _stock, sold: self.carry_out(sold),
        )

    def absorption(self, account: Account, prices: Prices) -> Close:
        """`absorbInternal`."""
        amounts, counts = tuple(account.amounts), counted(account.amounts, prices, self._factors)
        return Close(0, amounts, account.debt, kept=amounts, refund=max(0, counts - account.debt))

    def sale(self, leg: int, price: int) -> Offer:
        """`buyCollateral`, of all that the protocol has of a collateral or less."""
        discount = self._store_front * (WAD - self._factors[leg]) // WAD
        price = price * (WAD - discount) // WAD
        stock, legs = self.book.stock, len(self.terms)

        def close(paid: int) -> Close | None:
            bought = paid * PRICE_SCALE // price
            if not bought or bought > stock[leg]:
                return None
            return Close(paid, alone(leg, 0, legs), 0, kept=alone(leg, -bought, legs))

        return Offer(stock[leg] * price // PRICE_SCALE, close)
