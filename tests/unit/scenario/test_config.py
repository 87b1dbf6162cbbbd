"""Scenario files: what they say, what lies between waypoints, and what is refused in which words."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.scenario.config import ScenarioError, load, parse
from tests.unit.scenario.conftest import TINY

SHIPPED = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_scenarios_that_ship_load(path: Path) -> None:
    scenario = load(path)
    assert scenario.borrowers.count >= 60
    assert scenario.answer_at(Fraction(0)) == scenario.price.waypoints[0].price * 10**8


def test_black_thursday_says_what_happened() -> None:
    scenario = load(next(path for path in SHIPPED if path.stem == "black-thursday"))
    assert scenario.market.risk == BLUE_CHIP
    assert scenario.time_at(Fraction(0)) == 1_583_971_200  # 12 March 2020, 00:00 UTC
    prices = [scenario.price.at(hour) for hour in scenario.step_hours]
    assert (prices[0], min(prices), prices[-1]) == (194, 86, 129)
    assert scenario.step_hours[prices.index(86)] == Fraction(55, 2)


def test_prices_between_waypoints_lie_on_a_straight_line(tiny) -> None:
    hours = [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(3, 2), Fraction(3)]
    assert [tiny.price.at(hour) for hour in hours] == [200, 190, 170, 145, 150]
    assert tiny.answer_at(Fraction(1, 7)) == 19_571_428_571  # 195.714..., rounded down


def test_prices_after_the_last_waypoint_are_refused(tiny) -> None:
    with pytest.raises(ValueError, match=r"^hour 7/2 is after the last waypoint; ask for at most 3$"):
        tiny.price.at(Fraction(7, 2))


def test_steps_reach_from_the_first_waypoint_to_the_last(tiny) -> None:
    assert [float(hour) for hour in tiny.step_hours] == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert tiny.time_at(Fraction(5, 2)) - tiny.time_at(Fraction(0)) == 9_000


def test_an_outage_ends_before_its_last_hour(tiny) -> None:
    outage = tiny.liquidator.outages[0]
    hours = [Fraction(1), Fraction(3, 2), Fraction(199, 100), Fraction(2)]
    assert [tiny.liquidator.outage_at(hour) for hour in hours] == [None, outage, outage, None]


def test_a_time_without_a_zone_is_utc(tiny) -> None:
    assert parse(TINY.replace("00:00:00Z", "00:00:00"), "x") == tiny
    assert parse(TINY.replace("2020-03-12T00:00:00Z", "2020-03-12T02:00:00+02:00"), "x").start == tiny.start


def test_another_seed_changes_nothing_else(tiny) -> None:
    assert tiny.with_seed(8).model_dump(exclude={"seed"}) == tiny.model_dump(exclude={"seed"})
    assert tiny.with_seed(8).seed == 8


KEYS = "title, seed, start, step_minutes, price, market, borrowers, liquidator"
REFUSALS = [
    ("seed: 7", "seed: 1.5", "seed is 1.5; it must be a whole number"),
    ("seed: 7", "seed: true", "seed is True; it must be a whole number"),
    ("seed: 7", "seed: -1", "seed is -1; it must be at least 0"),
    ("seed: 7\n", "", "seed is missing; add it"),
    ("title: A short fall", "title: 7", "title is 7; it must be a text; put it in quotes"),
    (
        "start: 2020-03-12T00:00:00Z",
        "start: soon",
        "start is 'soon'; it must be a time such as 2020-03-12T00:00:00Z",
    ),
    ("step_minutes: 30", "step_minutes: 0", "step_minutes is 0; it must be at least 1"),
    ("price: 170", "price: .nan", "price.waypoints.1.price is nan; it must be a finite number"),
    ("price: 170", "price: .inf", "price.waypoints.1.price is inf; it must be a finite number"),
    ("price: 170", "price: -170", "price.waypoints.1.price is -170; it must be above 0"),
    ("price: 170", "price: much", "price.waypoints.1.price is 'much'; it must be a number"),
    (
        "price: 170",
        "price: 0.00000001",
        "price.waypoints.1.price is 1E-8, below what a feed can say with 8 decimals; raise "
        "market.feed_decimals",
    ),
    (
        "hour: 1,",
        "hour: 2.5,",
        "price.waypoints: hour 2 comes after hour 2.5; put the waypoints in rising order",
    ),
    ("hour: 1,", "hour: 2,", "price.waypoints: hour 2 comes after hour 2; put the waypoints in rising order"),
    ("hour: 0,", "hour: 0.5,", "price.waypoints: the first hour is 0.5; it must be 0"),
    (
        "hour: 1,",
        "hour: 1.1,",
        "price.waypoints.1.hour is 1.1, between two steps of 30 minutes, and would be skipped; move it or "
        "change step_minutes",
    ),
    (
        "price:\n  w",
        "price:\n  interpolation: cubic\n  w",
        "price.interpolation is 'cubic'; it must be 'linear'",
    ),
    ("seed: 7", "sead: 7", f"unknown key 'sead'; remove it or use one of {KEYS}"),
    (
        "decimals: 18",
        "digits: 18",
        "market.collateral: unknown key 'digits'; remove it or use one of symbol, decimals",
    ),
    (
        "{symbol: WETH, decimals: 18}",
        "WETH",
        "market.collateral: 'WETH' stands where the keys symbol, decimals belong; write them as `key: value`",
    ),
    (
        "preset: blue-chip",
        "preset: red",
        "market.preset: there is no preset 'red'; use one of blue-chip, correlated, volatile",
    ),
    ("decimals: 6", "decimals: 5", "market: loan.decimals is 5; a pool takes 6 to 18"),
    (
        "supply: 300_000",
        "supply: 3_000",
        "market: credit_limit 250000 exceeds supply 3000; lower it or raise supply",
    ),
    (
        "reserve: 500",
        "reserve: 0.0000001",
        "market.reserve: 1E-7 tokens are not a whole number of base units with 6 decimals; round the amount",
    ),
    ("count: 8", "count: 0", "borrowers.count is 0; it must be at least 1"),
    (
        "count: 8",
        "count: 200",
        "borrowers.total_debt is 200000, but 200 borrowers owe at least 2500 each; raise it or lower "
        "borrowers.count",
    ),
    (
        "total_debt: 200_000",
        "total_debt: 260_000",
        "borrowers.total_debt is 260000, above market.credit_limit 250000; lower the one or raise the other",
    ),
    (
        "min: 1.04",
        "min: 1.02",
        "borrowers.health.min is 1.02; no loan of the blue-chip preset can start below threshold / ltv = "
        "1.0375, so raise it",
    ),
    ("max: 1.6", "max: 1.03", "borrowers.health: max 1.03 is below min 1.04; swap them"),
    ("margin: 0.01", "margin: 1", "liquidator.margin is 1; it must be below 1"),
    ("end: 2,", "end: 1,", "liquidator.outages.0: end 1 is not after start 1.5; swap or correct them"),
    ("end: 2,", "end: 4,", "liquidator.outages.0.end is 4, after the last hour 3; lower it"),
]


@pytest.mark.parametrize(
    ("old", "new", "sentence"), REFUSALS, ids=[new[:30] or old for old, new, _ in REFUSALS]
)
def test_what_is_impossible_is_refused_in_one_sentence(old: str, new: str, sentence: str) -> None:
    assert old in TINY
    with pytest.raises(ScenarioError) as refusal:
        parse(TINY.replace(old, new, 1), "tiny.yaml")
    assert str(refusal.value) == f"tiny.yaml: {sentence}."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "a: [1",
            "tiny.yaml is not valid YAML in line 1: expected ',' or ']', but got '<stream end>'; correct it.",
        ),
        (
            "seed: 1\nseed: 2",
            "tiny.yaml is not valid YAML in line 2: the key 'seed' stands twice; correct it.",
        ),
        ("", f"tiny.yaml: None stands where the keys {KEYS} belong; write them as `key: value`."),
        ("- 1", f"tiny.yaml: [1] stands where the keys {KEYS} belong; write them as `key: value`."),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        parse(text, "tiny.yaml")
    assert str(refusal.value) == sentence


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    sentences = {
        tmp_path / "no.yaml": "There is no scenario file {}; the ones that ship are in scenarios/.",
        tmp_path: "The scenario file {} cannot be read (is a directory); name another one.",
        binary: "The scenario file {} is not text in UTF-8; name another one.",
    }
    for path, sentence in sentences.items():
        with pytest.raises(ScenarioError) as refusal:
            load(path)
        assert str(refusal.value) == sentence.format(path)


def test_amounts_are_exact(tiny) -> None:
    assert tiny.loan_units(Decimal("0.000001")) == 1
    assert tiny.loan_units(tiny.market.supply) == 300_000_000_000
