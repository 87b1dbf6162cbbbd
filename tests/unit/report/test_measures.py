"""Measures of a run by hand."""

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.report.measures import MEASURES, OF_ALL, by_vault, measure
from plimsoll.scenario.parties import KINDS


def test_the_measures_of_a_run(result) -> None:
    """Each worked out by hand from the rows of `result`."""
    assert measure(result) == pytest.approx(
        {
            "liquidated_debt": 4_000,
            "bad_debt": 520,
            "written_off": 400,
            "uncovered_debt": 120,  # 1,620 owed for 3 WETH at 500
            "lenders_loss": 50,
            "borrower_loss": 0.05,  # 1,050 and 2,100 seized for 1,000 and 2,000
            "borrowers_cost": 150,
            "borrowers_equity": 20_000,  # 1 WBTC at 40,000 for 20,000 owed
            "over_liquidation": 1.2,  # 3,000 repaid; 500 needed, and 2,000 of 2,500
            "time_to_liquidation_median": 2,
            "time_to_liquidation_95": 20,
            "liquidated_within_1": 0.25,
            "liquidated_within_2": 0.75,
            "liquidated_within_16": 0.75,
            "left_liquidatable": 3,
            "cascade_amplification": 1.5,  # 2,000 to 500 instead of 1,000
            "final_price": 0.5,
            "liquidators_profit": 45,
            "gas_paid": 0,  # gas has no price
            "bids_paid": 0,
            "saved_by_bids": 0,
            "highest_utilisation": 0.8,
            "bonus": 147,  # 150 less a fee of 3
            **dict.fromkeys((f"gained_by_{kind}" for kind in KINDS), 0),
            "gained_by_borrowers": 200,
            "gained_by_liquidators": 144,
            "gained_by_dex": -20,
            "gained_by_arbitrageurs": 20,
            "gained_by_reserve": -247,
            "gained_by_backstop": -100,
            "gained_by_validators": 3,
            "share_in_dollars": 0.99,
        }
    )


def test_the_measures_of_each_vault(result) -> None:
    """By hand; the amounts add up to those of all."""
    first, second = by_vault(result)
    assert set(first) == set(second) == set(MEASURES) - set(OF_ALL)
    names = "bad_debt", "liquidated_debt", "borrowers_equity", "time_to_liquidation_95", "left_liquidatable"
    assert [first[name] for name in names] == [520, 2_000, 0, 20, 3]
    assert [second[name] for name in names] == [0, 2_000, 20_000, 2, 0]
    assert [vault["cascade_amplification"] for vault in (first, second)] == [1.5, None]
    whole = measure(result)
    for name in first:
        if MEASURES[name].unit in ("loan", "positions") and "gained" not in name:
            assert first[name] + second[name] == pytest.approx(whole[name]), name


def test_a_run_without_liquidations_has_no_times_and_ratios(calm) -> None:
    found = measure(calm)
    none = {name for name, value in found.items() if value is None}
    assert none == {
        "borrower_loss", "over_liquidation", "time_to_liquidation_median", "time_to_liquidation_95",
        "liquidated_within_1", "liquidated_within_2", "liquidated_within_16", "cascade_amplification",
    }  # fmt: skip
    assert found["bad_debt"] == found["liquidated_debt"] == 0


def test_the_amplification_is_that_of_the_worst_vault(result) -> None:
    """The other vault falls by 1,000 with feedback 3,000."""
    rows = [row._replace(path=39_000.0, outside=37_000.0) if row.vault == 1 and row.block == 1 else row
            for row in result.vaults]  # fmt: skip
    assert measure(replace(result, vaults=rows))["cascade_amplification"] == pytest.approx(3)


def test_every_measure_says_what_it_is() -> None:
    for each in MEASURES.values():
        assert each.definition.endswith(".")
        assert "{" not in each.definition
    assert "50%" in MEASURES["time_to_liquidation_median"].definition


@pytest.mark.parametrize(("name", "part"), [("median", 0.5), ("95", 0.95)])
def test_a_time_to_liquidation_is_numpys_inverted_distribution(result, name, part) -> None:
    """Of the debt, dollar by dollar; on the edge of a part the earlier block counts."""
    for debts in ([1, 1], [95, 5], [94, 6], [7, 13], [19, 1]):
        closes = [
            result.liquidations[0]._replace(extinguished=debt, blocks_waited=3 * number)
            for number, debt in enumerate(debts)
        ]
        waits = np.repeat([0, 3], debts)
        found = measure(replace(result, liquidations=closes))[f"time_to_liquidation_{name}"]
        assert found == np.quantile(waits, part, method="inverted_cdf")


def test_what_is_gained_is_told_by_vault(result) -> None:
    """The second vault has one close, gas and bids are of none, the rest is the first's."""
    first, second = by_vault(result)
    assert (first["bonus"], second["bonus"]) == (47, 100)
    assert (second["gained_by_borrowers"], second["gained_by_liquidators"]) == (-100, 100)
    assert second["gained_by_dex"] == second["gained_by_backstop"] == 0
    for kind in KINDS:
        name, of_none = f"gained_by_{kind}", {"validators": 3, "liquidators": -3}.get(kind, 0)
        assert first[name] + second[name] + of_none == pytest.approx(measure(result)[name], abs=2e-6)
