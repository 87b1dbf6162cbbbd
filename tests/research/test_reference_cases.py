"""The page of reference cases says what the exact model does; the bytecode has tests of its own."""

from fractions import Fraction

import pytest

from tests.utils.notebooks import study

pytestmark = [pytest.mark.slow, pytest.mark.replay]


def test_the_page_says_what_the_model_does() -> None:
    names, page = study("reference-cases")

    gain = names["two_step_gain"](136_000, 110_000)
    assert f"| gain of two steps | {float(gain):.4%} ".replace("%", " %") in page
    left = names["fixed"](Fraction(2), Fraction(110_000), 68_000, Fraction(1, 2), Fraction(5, 100))
    assert f"{float(left[0] * 68_000 * names['THRESHOLD'] / left[1]):.4f}" == "1.1382"
    whole, *parts = names["steps"].repaid
    assert all(part <= whole for part in parts)
    assert f"| {whole:,.2f} |" in page
    assert "none: {:,.4f}, {:,.4f} and {:,.4f}".format(*parts) in page

    for collateral, debt in names["spiral"].itertuples(index=False):
        assert (f"{collateral:.2f}, {debt:g} |" if collateral else f"0, {debt:g}: bad debt") in page
    ours = names["ours"]
    assert (ours.lost == 0).all()
    assert (ours["health after"] >= ours["health before"]).all()
    assert f"| {ours['health before'][0]:.4f}, {ours['health after'][0]:.4f} |" in page

    for _, gap, fixed, preset, by_hand in names["loops"].itertuples():
        assert fixed == pytest.approx(by_hand, abs=1e-5)
        assert f"| {gap * 100:.0f} % | {by_hand:.2f} | {fixed:.2f} | {preset:.2f} |" in page
