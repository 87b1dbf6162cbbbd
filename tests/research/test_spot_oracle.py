"""A vault whose oracle reads a Uniswap v2 pair: what an attacker wins, by formula and on the bytecode."""

from decimal import Decimal
from math import isqrt

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LIQUIDATOR
from plimsoll.twin.uniswap_v2 import amount_in
from plimsoll.units import MAX, WAD
from tests.utils.notebooks import study

pytestmark = [pytest.mark.slow, pytest.mark.replay]
LOANS, COLLATERALS = 10_000_000 * 10**6, 5_000 * WAD  # of the pair: its price is 2,000
FAR = 2**32
RISK = BLUE_CHIP.model_copy(update={"min_debt": Decimal(25)})  # the formula knows no smallest loan


class Pair:
    """Uniswap's pair of the market's tokens, and the market whose vault believes it."""

    def __init__(self, line: int) -> None:
        """`line` is what the vault may draw, whole loan tokens."""
        self.market = small_market(oracle=self._oracle, limit=line, supply=line, risk=RISK)
        for who in (BORROWER, LIQUIDATOR):
            self.market.give(who)
            for token in (self.market.loan, self.market.collateral):
                token.approve(self.router, MAX, sender=who)
        self.start = self.wealth()

    def _oracle(self, chain, collateral, loan):
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

    def swap(self, amount: int, *path) -> None:
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
        return self.wealth() - self.start


@pytest.fixture(scope="module")
def formulas():
    return study("spot-oracle")


@pytest.mark.parametrize("health", [1.05, 1.2, 1.5])
@pytest.mark.parametrize("size", [0.95, 1.05])
def test_the_best_sandwich_wins_what_the_formula_says(formulas, health: float, size: float) -> None:
    """A position a twentieth smaller than the last that is safe, and one as much larger."""
    names, _ = formulas
    debt = size * names["last_size"](health)
    pair = Pair(line=200_000)
    market = pair.market
    collateral = health * debt / names["THRESHOLD"]
    market.open(BORROWER, f"{collateral * 5_000:.12f}", f"{debt * 10**7:.6f}")

    sale, profit = names["best"](health, debt)
    pair.swap(int(sale * COLLATERALS), market.collateral, market.loan)
    market.vault.liquidate(BORROWER, MAX, sender=LIQUIDATOR)
    pair.back()
    assert pair.won() == pytest.approx(profit, abs=2e-3 * names["cost"](sale))
    assert (pair.won() > 0) == (size > 1)


@pytest.mark.parametrize("size", [0.95, 1.05])
def test_who_pumps_the_pair_empties_the_line(formulas, size: float) -> None:
    """From 0.44 % of the depth on that pays."""
    names, _ = formulas
    line = size * names["LAST_LINE"]
    pair = Pair(line=round(line * 10**7))
    market = pair.market
    times, profit = names["best_pump"](line)
    pair.swap(int(names["least_sale"](times) * LOANS), market.loan, market.collateral)
    # a little more than exactly enough, for what is rounded down
    locked = int(line / (names["LTV"] * times) * COLLATERALS * (1 + 1e-6))
    market.vault.open(locked, round(line * 10**7) * 10**6, sender=LIQUIDATOR)
    pair.back()
    assert pair.won() == pytest.approx(profit, abs=2e-3 * names["cost"](names["least_sale"](times)))
    assert (pair.won() > 0) == (size > 1)


def test_the_page_says_what_the_formulas_say(formulas) -> None:
    names, page = formulas
    for _, debt, health, small, anything in names["fees"].itertuples():
        if debt != 0.005 and health != 1.01:
            assert f"| {debt * 100:g} % | {health:g} | {small:.3f} | {anything:.3f} |" in page
    for _, health, debt, collateral, sale in names["sizes"].itertuples():
        assert f"| {health:g} | {debt:.4f} % | {collateral:.4f} % | {sale:.4f} |" in page
    for _, line, won, fee in names["lines"].itertuples():
        assert f"| {line:g} % | {won:.2f} % | {fee:.2f} % |" in page
