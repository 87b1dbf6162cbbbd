"""Where closes through the pair that the oracle reads lower health: formula, twin, and the bytecode."""

from decimal import Decimal
from math import sqrt

import pytest

from plimsoll.params import PRESETS
from plimsoll.testing.roles import BORROWER, LIQUIDATOR
from tests.utils.notebooks import study
from tests.utils.spot_pair import COLLATERALS, Pair

pytestmark = [pytest.mark.slow, pytest.mark.replay]
START, BEFORE = 1.07, 0.9999  # the position's health when it is opened, and when it is closed


def test_the_page_says_what_the_twin_does() -> None:
    names, page = study("health-linked-bonus")
    boundary, below = names["boundary"], names["below"]
    assert boundary["with the fee"].tolist() == pytest.approx(boundary.threshold.tolist(), rel=5e-4)
    assert below.iloc[:, 4].tolist() == pytest.approx(below["loan-to-value"].tolist(), rel=5e-4)
    for _, threshold, bonus, slope, depth, plain, fee in boundary.itertuples():
        row = f"| {threshold:g} | {round(bonus, 3):g} | {slope:g} | {depth:.2f} | {plain:.4f} | {fee:.4f} |"
        assert row in page
    for row in names["presets"].itertuples(index=False):
        assert f"| {row[0]} | " + " | ".join(f"{part:.2f} %" for part in row[1:]) + " |" in page


@pytest.mark.parametrize("slope", [0.5, 2])
@pytest.mark.parametrize("deeper", [0.98, 1.02])
def test_on_the_bytecode_depth_alone_decides_at_health_1(slope: float, deeper: float) -> None:
    """A threshold of 0.8 is 1/(1 + 1.997/8): toxic on a pair of less than 7.99 times the collateral."""
    numbers = {
        "ltv": "0.75",
        "threshold": "0.8",
        "bonus_min": "0.0001",
        "bonus_max": str(Decimal("0.0001") + Decimal("0.03") * Decimal(slope)),
        "health_for_max_bonus": "0.97",
        "min_debt": "25",
    }
    texts = {name: Decimal(text) for name, text in numbers.items()}
    pair = Pair(PRESETS["volatile"].model_copy(update=texts), line=2_000_000)
    market = pair.market
    # others sell until the position, which is opened before, is at the boundary
    fall = START / BEFORE
    value = 10**7 / sqrt(fall) / (7.99 * deeper)  # of the collateral then, for 10**7/sqrt(fall) in the pair
    market.open(BORROWER, f"{value * fall / 2_000:.12f}", f"{value * 0.8 / BEFORE:.6f}")
    pair.swap(int((sqrt(fall) - 1) * COLLATERALS), market.collateral, market.loan)
    before = market.vault.health(BORROWER)
    assert before / 1e18 == pytest.approx(BEFORE, abs=1e-4)

    held = market.balance(market.collateral, LIQUIDATOR)
    market.vault.liquidate(BORROWER, market.debt(BORROWER) // 5_000, sender=LIQUIDATOR)
    pair.swap(market.balance(market.collateral, LIQUIDATOR) - held, market.collateral, market.loan)
    assert (market.vault.health(BORROWER) < before) == (deeper < 1)
