"""The probability of a liquidation under Brownian prices: formula, drawn prices, and what a sweep plays."""

import pytest

from tests.utils.notebooks import study

pytestmark = [pytest.mark.slow, pytest.mark.replay]


def test_formula_prices_and_sweep_agree() -> None:
    names, page = study("liquidation-probability", PATHS="8", DRAWN="1_500")

    # the sweep: on every path exactly those are liquidated whose price was reached
    prices, lowest = names["start"].liquidation_price, names["lowest"]
    for _, path in names["study"].paths.iterrows():
        for number, price in enumerate(prices):
            assert path[f"liquidated_{number}"] == (lowest[int(path["path"])] < price)

    # the formula lies in the intervals; where it matters most, that without blocks is twice as far away
    drawn = names["drawn"]
    assert drawn.formula.between(drawn.low, drawn.high).all()
    assert names["continuous"](1.05) - drawn.drawn[1.05] > 1.5 * abs(drawn.formula - drawn.drawn)[1.05]

    for health in names["HEALTH"]:
        three = [names[formula](health) for formula in ("reflected", "continuous", "seen_in_blocks")]
        assert f"| {health:.2f} | " + " | ".join(f"{each:.4f}" for each in three) + " |" in page
