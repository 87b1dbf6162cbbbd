"""A market in process whose oracle says the spot price of Uniswap's pair, and somebody who trades there."""

from math import isqrt

from plimsoll.params import RiskParams
from plimsoll.testing import Chain, Contract
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LIQUIDATOR
from plimsoll.twin.uniswap_v2 import amount_in
from plimsoll.units import MAX, WAD

LOANS, COLLATERALS = 10_000_000 * 10**6, 5_000 * WAD  # of the pair: its price is 2,000
FAR = 2**32


class Pair:
    """Uniswap's pair of the market's tokens, and the market whose vault believes it."""

    def __init__(self, risk: RiskParams, line: int) -> None:
        """The vault may draw `line`, whole loan tokens, which is what the pool has."""
        self.market = small_market(oracle=self._oracle, limit=line, supply=line, risk=risk)
        for who in (BORROWER, LIQUIDATOR):
            self.market.give(who)
            for token in (self.market.loan, self.market.collateral):
                token.approve(self.router, MAX, sender=who)
        self.start = self.wealth()

    def _oracle(self, chain: Chain, collateral: Contract, loan: Contract) -> Contract:
        uniswap = chain.make("UniswapV2Factory", DEPLOYER)
        self.router = chain.make("UniswapV2Router02", uniswap, collateral)
        for token, amount in ((collateral, COLLATERALS), (loan, LOANS)):
            token.mint(DEPLOYER, amount, sender=DEPLOYER)
            token.approve(self.router, MAX, sender=DEPLOYER)
        amounts = COLLATERALS, LOANS, 0, 0
        self.router.addLiquidity(collateral, loan, *amounts, DEPLOYER, FAR, sender=DEPLOYER)
        self.address = uniswap.getPair(collateral, loan)
        return chain.make("SpotOracle", self.address, collateral, loan)

    def reserves(self) -> tuple[int, int]:
        """Collateral, loan asset."""
        tokens = self.market.collateral, self.market.loan
        return tuple(token.balanceOf(self.address) for token in tokens)

    def swap(self, amount: int, *path: Contract) -> None:
        """The attacker sells an amount of the first token for the other one."""
        self.router.swapExactTokensForTokens(amount, 0, list(path), LIQUIDATOR, FAR, sender=LIQUIDATOR)

    def back(self) -> None:
        """Trades as much as pays at the outside price, against whatever the pair was moved by."""
        market = self.market
        ways = [(market.collateral, market.loan), (market.loan, market.collateral)]
        held = list(self.reserves())
        worth = [COLLATERALS, LOANS]  # as much of either is worth the same
        if held[0] * worth[1] < held[1] * worth[0]:  # collateral is dear: sell it
            ways, held, worth = ways[::-1], held[::-1], worth[::-1]
        # buys of the first until g*p*x**2 = k, g being what is left of a trade after the fee
        left = isqrt(held[0] * held[1] * 1_000 * worth[0] // (997 * worth[1]))
        if left < held[0]:
            self.swap(amount_in(held[0] - left, (held[1], held[0])), *ways[1])

    def wealth(self) -> float:
        """The attacker's tokens at the outside price, in depths."""
        market = self.market
        loans = market.balance(market.loan, LIQUIDATOR) / LOANS
        return loans + market.balance(market.collateral, LIQUIDATOR) / COLLATERALS

    def won(self) -> float:
        """What the attacker has made, in depths."""
        return self.wealth() - self.start
