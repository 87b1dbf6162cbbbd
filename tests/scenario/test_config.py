"""Scenario files: what is impossible is refused in one sentence with line, value and remedy."""

from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.params import BLUE_CHIP, VOLATILE, RiskParams
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, load, parse
from tests.utils.laboratory import BASKET, SHIPPED, TINY, tiny

KEYS = ", ".join(Scenario.model_fields)
DEX = "    dex: {depth: 300_000, arbitrage: 50_000, feedback: 0.02}\n"


def refusal(text: str, *settings: str) -> str:
    """What is said of a scenario that cannot be used."""
    with pytest.raises(ScenarioError) as refused:
        parse(text, "tiny.yaml", settings)
    return str(refused.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_scenarios_that_ship_load(path: Path) -> None:
    scenario = load(path)
    assert len(scenario.borrowers) >= 1
    assert 200 <= scenario.blocks <= 700


def test_all_scenarios_ship() -> None:
    assert len(SHIPPED) == 20


def test_the_vault_is_its_preset_and_what_it_says_otherwise() -> None:
    def risk(*settings: str) -> dict[str, object]:
        return tiny(*settings).vaults[0].model_dump(include=set(RiskParams.model_fields))

    assert risk() == BLUE_CHIP.model_dump()
    changed = risk("vaults.0.preset=volatile", "vaults.0.bonus_max=0.12", "borrowers=[]")
    assert changed == VOLATILE.model_dump() | {"bonus_max": Decimal("0.12")}


def test_a_time_without_a_zone_is_utc() -> None:
    assert tiny("start=2020-03-12T00:00:00").start == tiny().start
    assert tiny("start=2020-03-12T02:00:00+02:00").first_time == 1_583_971_200


def test_another_seed_changes_nothing_else() -> None:
    assert tiny().with_seed(8).model_dump(exclude={"seed"}) == tiny().model_dump(exclude={"seed"})


REFUSALS = [
    ("seed: 7", "seed: 1.5", 2, "seed is 1.5, but must be a whole number; correct it"),
    ("seed: 7", "seed: true", 2, "seed is True, but must be a whole number; correct it"),
    ("seed: 7", "seed: -1", 2, "seed is -1, but must be at least 0; raise it"),
    ("title: A short fall", "title: 7", 1, "title is 7, but must be a text; put it in quotes"),
    (
        "start: 2020-03-12T00:00:00Z",
        "start: soon",
        3,
        "start is 'soon', but must be a time such as 2020-03-12T00:00:00Z; correct it",
    ),
    ("block_seconds: 600", "block_seconds: 0", 4, "block_seconds is 0, but must be at least 1; raise it"),
    (
        "block_seconds: 600",
        "block_seconds: 86400",
        4,
        "block_seconds is 86400, so that highs or lows of vaults.0.price would be skipped; lower it to 3600 "
        "or less",
    ),
    (
        "[1, 170]",
        "[1, .nan]",
        18,
        "vaults.0.price.points.1.1 is nan, but must be a finite number; correct it",
    ),
    (
        "[1, 170]",
        "[1, .inf]",
        18,
        "vaults.0.price.points.1.1 is inf, but must be a finite number; correct it",
    ),
    (
        "[1, 170]",
        "[1, -170]",
        16,
        "vaults.0.price.points: the price at hour 1 is -170; it must be above 0, at most 1000000000",
    ),
    (
        "[1, 170]",
        "[1, much]",
        18,
        "vaults.0.price.points.1.1 is 'much', but must be a number such as 0.83; correct it",
    ),
    (
        "[1, 170]",
        "[2.5, 170]",
        16,
        "vaults.0.price.points: hour 2 comes after hour 2.5; put the points in rising order",
    ),
    ("[0, 200]", "[0.5, 200]", 16, "vaults.0.price.points: the first hour is 0.5; it must be 0"),
    (
        "kind: waypoints",
        "kind: cubic",
        14,
        "vaults.0.price is {'kind': 'cubic', 'points': [[0, 200], [1, 170], [2, 110]..., but its kind "
        "must be one of 'waypoints', 'csv', 'gbm', 'jumps', 'bootstrap'; correct it",
    ),
    ("seed: 7", "sead: 7", 1, f"unknown key 'sead'; remove it or use one of {KEYS}"),
    (
        "decimals: 18",
        "digits: 18",
        12,
        "vaults.0.collateral: unknown key 'digits'; remove it or use one of symbol, decimals",
    ),
    (
        "{symbol: WETH, decimals: 18}",
        "WETH",
        12,
        "vaults.0.collateral: 'WETH' stands where the keys symbol, decimals belong; write them as "
        "`key: value`",
    ),
    (
        "    credit_limit",
        "    preset: red\n    credit_limit",
        12,
        "vaults.0: there is no preset 'red'; use one of blue-chip, correlated, volatile",
    ),
    (
        "    credit_limit",
        "    bonus_max: 0.3\n    credit_limit",
        12,
        "vaults.0: threshold * (1 + bonus_max) is 1.079, above health_for_max_bonus 0.93: a close could "
        "lower health; lower bonus_max or threshold",
    ),
    ("decimals: 6", "decimals: 5", 5, "pool: loan.decimals is 5; a pool takes 6 to 18"),
    (
        "supply: 400_000",
        "supply: 290_000",
        13,
        "vaults.0.credit_limit 300000 exceeds pool.supply 290000; lower it",
    ),
    (
        "credit_limit: 300_000",
        "credit_limit: 200_000",
        13,
        "the borrowers of vaults.0 owe 240000, above its credit_limit 200000; raise it or lower total_debt",
    ),
    ("count: 12", "count: 0", 24, "borrowers.0.count is 0, but must be at least 1; raise it"),
    (
        "count: 12",
        "count: 200",
        25,
        "borrowers.0.total_debt is 200000, but 200 borrowers owe at least 2500 each; raise it or lower count",
    ),
    (
        "min: 1.04",
        "min: 1.02",
        26,
        "borrowers.0.health.min is 1.02; no loan can start below threshold / ltv, so raise it to 1.0375",
    ),
    (
        "min: 1.04, max: 1.6",
        "min: 1.04, max: 1.03",
        26,
        "borrowers.0.health: max 1.03 is below min 1.04; swap them",
    ),
    (
        "to: 1.3",
        "to: 1.05",
        30,
        "borrowers.1.behaviour: to 1.05 is not above below 1.1; raise it",
    ),
    (
        "end: 2}",
        "end: 0.4}",
        32,
        "liquidators.0.outages.0: end 0.4 is not after start 0.5; swap or correct them",
    ),
    (
        "capital: 50_000, ",
        "",
        33,
        "liquidators.1: a liquidator of kind capital has no capital; give it some",
    ),
    (
        "{kind: flash,",
        "{kind: flash, capital: 7,",
        32,
        "liquidators.0: a flash liquidator has capital 7; remove it, or use kind capital",
    ),
    (
        DEX,
        "",
        31,
        "liquidators.0 is flash, but vaults.0 has no dex to sell on; add one or name other `vaults`",
    ),
    (
        "seed: 7",
        "seed: 7\nhours: 4",
        3,
        "hours is 4, but vaults.0.price ends at hour 3; lower it",
    ),
    (
        "seed: 7",
        "seed: 7\ncorrelation: [[1, 0.5], [0.5, 1]]",
        3,
        "correlation must have 1 rows of 1 numbers, one a vault or leg",
    ),
    (
        "start: 0.5, end: 2",
        "start: 11:00, end: 12:00",
        32,
        "liquidators.0.outages.0.start is '11:00', but must be a number such as 0.83; correct it",
    ),
    (
        "start: 0.5, end: 2",
        "start: 30, end: 31",
        32,
        "liquidators.0.outages.0 begins at hour 30, but vaults.0.price ends at hour 3; hours are decimal, "
        "so lower it",
    ),
    (
        "heartbeat: 3600",
        "heartbeat: 3600, bad_answers: [{hour: 3, price: 1}]",
        21,
        "vaults.0.oracle.bad_answers.0 begins at hour 3, but vaults.0.price ends at hour 3; "
        "hours are decimal, so lower it",
    ),
    (
        "kind: top_up, below: 1.1, to: 1.3",
        "kind: unwind, below: 1.01, to: 1.03",
        30,
        "borrowers.1.behaviour.to is 1.03; a withdrawal of collateral must end at threshold / ltv "
        "or above, so raise it to 1.0375",
    ),
    (
        "start: 2020-03-12T00:00:00Z",
        "start: 2020",
        3,
        "start: 2020 is no date; write it like 2020-03-12T00:00:00Z",
    ),
    (
        "start: 2020-03-12T00:00:00Z",
        "start: 1969-12-31",
        3,
        "start: the year is 1969; it must be from 2000 to 2099",
    ),
    (
        "{kind: flash,",
        "{kind: flash, vaults: [0, 0],",
        32,
        "liquidators.0: vaults [0, 0] names one twice; remove it",
    ),
    (
        "{kind: flash,",
        "{kind: flash, vaults: [-1],",
        32,
        "liquidators.0.vaults.0 is -1, but must be at least 0; raise it",
    ),
    (
        "[2, 110]",
        "[2, 0.0000004]",
        21,
        "vaults.0.oracle.decimals is 8, too few for a price of 4e-07; raise it",
    ),
    (
        "symbol: WETH",
        'symbol: "Ξ"',
        12,
        "vaults.0.collateral.symbol: 'Ξ' has a space or a character outside ASCII; rename it",
    ),
    (
        "behaviour: {kind: top_up, below: 1.1, to: 1.3}",
        "behaviour: top_up",
        30,
        "borrowers.1.behaviour is 'top_up', but must be a section with keys of its own; see the examples "
        "in scenarios/ and markets/",
    ),
]


def test_a_setting_changes_one_of_two_parts_that_an_anchor_makes() -> None:
    text = TINY.replace("outages: [{start: 0.5, end: 2}]", "outages: &o [{start: 0.5, end: 2}]")
    text = text.replace("latency: 6}", "latency: 6, outages: *o}")
    scenario = parse(text, "tiny.yaml", ["liquidators.0.outages.0.end=1"])
    assert [str(each.outages[0].end) for each in scenario.liquidators] == ["1", "2"]


def test_numbers_are_what_they_look_like() -> None:
    """YAML 1.1 reads 0100 as 64, and would take 1e3 for a text."""
    text = TINY.replace("min_profit: 1,", "min_profit: 0100,").replace("supply: 400_000", "supply: 4e5")
    scenario = parse(text, "tiny.yaml")
    assert (scenario.liquidators[0].min_profit, scenario.pool.supply) == (100, 400_000)


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    REFUSALS,
    ids=[new.strip()[:30] or old.strip()[:30] for old, new, *_ in REFUSALS],
)
def test_what_is_impossible_is_refused_in_one_sentence(old: str, new: str, line: int, sentence: str) -> None:
    assert TINY.count(old) >= 1
    assert refusal(TINY.replace(old, new, 1)) == f"tiny.yaml, line {line}: {sentence}."


def test_what_is_missing_is_named() -> None:
    assert refusal(TINY.replace("    credit_limit: 300_000\n", "")) == (
        "tiny.yaml, line 12: vaults.0.credit_limit is missing; add it."
    )


def test_a_csv_file_is_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    text = (
        TINY.split("    price:")[0]
        + "    price: {kind: csv, file: prices.csv}\n    oracle:"
        + TINY.split("oracle:")[1]
    )
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(
        ScenarioError, match=r"x.yaml, line 14: vaults.0.price: .*prices.csv cannot be read \(no such"
    ):
        load(tmp_path / "x.yaml")
    (tmp_path / "prices.csv").write_text("open,high,low,close\n" + "200,210,190,205\n" * 3)
    assert load(tmp_path / "x.yaml").blocks == 18
    (tmp_path / "prices.csv").write_text("open,high,low\n1,1,1\n")
    with pytest.raises(
        ScenarioError, match=r"line 14: vaults.0.price: .* has no column 'close', only open, high, low"
    ):
        load(tmp_path / "x.yaml")


def test_candles_that_say_when_begin_at_the_start(tmp_path: Path) -> None:
    """Without `start` they say when that is; another one, or another file that begins elsewhere, is wrong."""
    for name, day in (("eth", 12), ("btc", 13)):
        rows = "".join(f"2020-03-{day}T{hour:02}:00Z,200,210,190,205\n" for hour in range(3))
        (tmp_path / f"{name}.csv").write_text(f"time,open,high,low,close\n{rows}")
    price = "vaults.0.price={kind: csv, file: eth.csv}"
    text = TINY.replace("start: 2020-03-12T00:00:00Z\n", "")

    def read(*settings: str) -> Scenario:
        return parse(text, "x.yaml", [price, *settings], tmp_path)

    assert read().start.isoformat() == "2020-03-12T00:00:00+00:00"
    assert read("start=2020-03-12T01:00:00+01:00").start == read().start
    cut = read("vaults.0.price.from=2020-03-12T01:00:00Z")
    assert (cut.start.hour, cut.blocks) == (1, 12)
    with pytest.raises(ScenarioError) as refused:
        read("start=2020-03-13")
    assert str(refused.value).endswith(
        "vaults.0.price begins at 2020-03-12T00:00:00Z, but start is 2020-03-13T00:00:00Z; set `start` to "
        "that, cut the file with `from`, or take another."
    )
    basket = BASKET.replace("start: 2020-03-12T00:00:00Z\n", "")
    legs = [
        f"vaults.0.legs.{leg}.price={{kind: csv, file: {name}.csv}}" for leg, name in ((0, "eth"), (1, "btc"))
    ]
    with pytest.raises(ScenarioError) as refused:
        parse(basket, "x.yaml", legs, tmp_path)
    assert str(refused.value).endswith(
        "vaults.0.legs.1.price begins at 2020-03-13T00:00:00Z, but vaults.0.legs.0.price at "
        "2020-03-12T00:00:00Z; cut the file with `from`, or take another."
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("[[1, 0.5], [0.4, 1]]", "correlation must be symmetric with ones on its diagonal; correct it"),
        (
            "[[1, 2], [2, 1]]",
            "correlation is not possible: some mix of the prices would have a negative variance",
        ),
    ],
)
def test_correlations_that_cannot_be_are_refused(rows: str, sentence: str) -> None:
    path = next(path for path in SHIPPED if path.stem == "slow-bleed")
    with pytest.raises(ScenarioError, match=sentence):
        load(path, [f"correlation={rows}"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "a: [1",
            "tiny.yaml is not valid YAML in line 1: expected ',' or ']', but got '<stream end>'; correct it.",
        ),
        (
            "seed: 1\nseed: 2",
            'tiny.yaml is not valid YAML in line 2: found duplicate key "seed" with value "2" (original '
            'value: "1"); correct it.',
        ),
        ("", "tiny.yaml is empty; `plimsoll new scenario NAME` writes one to start from."),
        ("- 1", f"tiny.yaml, line 1: [1] stands where the keys {KEYS} belong; write them as `key: value`."),
    ],
)
def test_what_is_no_scenario_is_refused(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("seed", "'seed' is no setting; write it like vaults.0.bonus_max=0.08."),
        ("seed=[", "'[' in 'seed=[' is no value in YAML; correct it."),
        ("start=2025-13-11", "'2025-13-11' in 'start=2025-13-11' is no value in YAML; correct it."),
        (
            "vaults.1.preset=volatile",
            "'vaults.1.preset=volatile': vaults is a list of 1, which has no '1'; replace it as a whole.",
        ),
        ("seed.x=1", "'seed.x=1': seed is 7 and holds no 'x'."),
        (
            "vaults.0.dex.depht=1",
            "tiny.yaml, as changed by vaults.0.dex.depht=1: vaults.0.dex: unknown key 'depht'; remove "
            "it or use one of depth, arbitrage, feedback, thinning, detour.",
        ),
    ],
)
def test_settings_that_lead_nowhere_are_refused(setting: str, sentence: str) -> None:
    assert refusal(TINY, setting) == sentence


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    sentences = {
        tmp_path / "no.yaml": "There is no scenario file {}; the ones that ship are "
        f"{', '.join(path.stem for path in SHIPPED)}.",
        tmp_path: "The scenario file {} cannot be read (is a directory); name another one.",
        binary: "The scenario file {} is not text in UTF-8; name another one.",
    }
    for path, sentence in sentences.items():
        with pytest.raises(ScenarioError) as refused:
            load(path)
        assert str(refused.value) == sentence.format(path)
