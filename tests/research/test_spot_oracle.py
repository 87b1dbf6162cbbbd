"""A vault whose oracle reads a Uniswap v2 pair: what an attacker wins, by formula and on the bytecode."""

from decimal import Decimal

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing.roles import BORROWER, LIQUIDATOR
from plimsoll.units import MAX
from tests.utils.notebooks import study
from tests.utils.spot_pair import COLLATERALS, LOANS, Pair

pytestmark = [pytest.mark.slow, pytest.mark.replay]
RISK = BLUE_CHIP.model_copy(update={"min_debt": Decimal(25)})  # the formula knows no smallest loan


@pytest.fixture(scope="module")
def formulas():
    return study("spot-oracle")


@pytest.mark.parametrize("health", [1.05, 1.2, 1.5])
@pytest.mark.parametrize("size", [0.95, 1.05])
def test_the_best_sandwich_wins_what_the_formula_says(formulas, health: float, size: float) -> None:
    """A position a twentieth smaller than the last that is safe, and one as much larger."""
    names, _ = formulas
    debt = size * names["last_size"](health)
    pair = Pair(RISK, line=200_000)
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
    pair = Pair(RISK, line=round(line * 10**7))
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
