"""Who gains by moving the adaptive rate: the closed form, the exact twin, and the contracts."""

import pytest

from tests.utils.notebooks import study

pytestmark = [pytest.mark.slow, pytest.mark.replay]


def test_what_the_page_says_of_coalitions() -> None:
    names, page = study("moving-the-rate")
    play = names["play"]

    week = play(0.2, 7, horizon=9)
    at_full_use = play(0.2, 7, horizon=7)["borrower"] / names["DEBT"]
    assert at_full_use == pytest.approx(names["paid_at_full_use"](7), rel=0.01)
    for days, up, pays, kink, down in names["bound"].itertuples():
        assert f"| {days} | {up:.2f} | {pays:.2f} % | {kink:.2f} % | {down:.2f} |" in page

    # no coalition gains more than its share: the others, who do nothing, gain more
    leaving = names["leaving"]
    assert (leaving["coalition, bps"] > 0).all()
    assert (leaving["coalition, bps"] < leaving["others, bps"]).all()
    told = leaving.drop([1, 4, 6, 7])
    for _, share, days, coalition, others, pays, rate in told.itertuples():
        people = f"| {share * 100:.0f} % | {days} | {coalition:.0f} | {others:.0f} | {pays:.0f} |"
        assert f"{people} {rate:.2f} % |" in page
    assert [round(bps) for bps in names["answered"]["coalition, bps"]] == [185, 13, 52]
    for _, days, _, saved, cost, part, _ in names["idle"].drop(1).itertuples():
        for figure in (f"{saved:,.0f}", f"{cost:,.0f}", f"{part:.0f} %"):
            assert figure in page, days
    for _, speed, coalition, others, pays, _ in names["speeds"].itertuples():
        assert f"| {speed} | {coalition:,.0f} | {others:,.0f} | {pays:,.0f} |" in page

    names["ENGINE"] = "revm"
    assert play(0.2, 7, horizon=9) == week
