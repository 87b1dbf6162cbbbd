"""Price paths: known answers, and what is drawn keeps to what was said."""

import csv
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from plimsoll.scenario.paths import Bootstrap, Brownian, Candles, Jumps, Shock, Waypoints
from plimsoll.scenario.reading import load
from plimsoll.units import YEAR
from tests.utils.laboratory import SCENARIOS, tiny

RNG = np.random.default_rng(0)
NONE = np.zeros(0)
HEAD = "time,Open,High,Low,Close,Volume\n"


def candles(tmp_path, *rows: str, **settings) -> Candles:
    file = tmp_path / "candles.csv"
    file.write_text(HEAD + "".join(row + "\n" for row in rows))
    return Candles(kind="csv", file=file, **settings)


def test_waypoints_are_joined_by_straight_lines() -> None:
    path = Waypoints(points=((0, 200), (1, 170), (3, 110)))
    hours = np.array([0, 1 / 3, 1, 2, 3])
    assert path.prices(hours, NONE, RNG).tolist() == pytest.approx([200, 190, 170, 140, 110])
    assert path.hours == 3


def test_both_wicks_of_a_candle_count(tmp_path) -> None:
    """A rising candle goes to its low first, a falling one to its high."""
    path = candles(tmp_path, "0,100,130,90,120,1", "1,120,125,60,80,1")
    hours = np.array([0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert path.prices(hours, NONE, RNG).tolist() == pytest.approx([100, 90, 130, 120, 125, 60, 80])
    assert path.hours == 2


def test_a_candle_that_stands_still_counts_as_rising(tmp_path) -> None:
    path = candles(tmp_path, "0,100,130,90,100,1")
    assert path.prices(np.array([1 / 3, 2 / 3]), NONE, RNG).tolist() == pytest.approx([90, 130])


def test_candles_may_last_longer_and_be_called_otherwise(tmp_path) -> None:
    file = tmp_path / "daily.csv"
    file.write_text("o,h,l,c\n100,130,90,120\n")
    path = Candles(kind="csv", file=file, hours_per_candle=24, columns=("o", "h", "l", "c"))
    assert path.hours == 24
    assert path.prices(np.array([0.0, 8.0, 16.0]), NONE, RNG).tolist() == pytest.approx([100, 90, 130])


def test_a_file_without_names_has_numbers_for_its_columns(tmp_path) -> None:
    """As some exchanges export them: milliseconds, open, high, low, close, volume."""
    file = tmp_path / "klines.csv"
    file.write_text("1621382400000,100,130,90,120,1\n1621386000000,120,125,60,80,1\n\n")
    path = Candles(kind="csv", file=file, columns=(1, 2, 3, 4))
    assert path.candles().tolist() == [[100, 130, 90, 120], [120, 125, 60, 80]]
    with pytest.raises(ValueError, match=r"has no column 6, only 0 to 5; correct `columns`"):
        Candles(kind="csv", file=file, columns=(1, 2, 3, 6))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("1621382400", "1621386000"),
        ("1621382400000", "1621386000000"),
        ("1621382400000000", "1621386000000000"),
        ("2021-05-19 00:00:00", "2021-05-19 01:00:00"),
        ("2021-05-19T00:00:00Z", "2021-05-19T01:00:00Z"),
    ],
)
def test_candles_that_run_backwards_are_noticed(tmp_path, first: str, last: str) -> None:
    """Many exports begin with the newest candle; played as they stand they would tell another story."""
    rows = f"{last},120,125,60,80,1", f"{first},100,130,90,120,1"
    with pytest.raises(ValueError, match=rf"goes from {last} to {first}; set `newest_first: true`"):
        candles(tmp_path, *rows)
    assert candles(tmp_path, *rows, newest_first=True).candles()[0].tolist() == [100, 130, 90, 120]
    with pytest.raises(ValueError, match=rf"goes from {first} to {last}; set `newest_first: false`"):
        candles(tmp_path, *rows[::-1], newest_first=True)


def test_candles_of_another_length_are_noticed(tmp_path) -> None:
    rows = [f"2021-05-19 00:{minute:02}:00,100,130,90,120,1" for minute in (0, 15, 30, 45)]
    with pytest.raises(ValueError, match=r"4 candles from .*, 0\.25 hours apart; set `hours_per_candle`"):
        candles(tmp_path, *rows)
    assert candles(tmp_path, *rows, hours_per_candle="0.25").hours == 1


@pytest.mark.parametrize(
    "times", [("19/05/2021", "20/05/2021"), ("0", "1"), ("2021-05-19", "2021-05-20Z"), ("", "")]
)
def test_times_that_say_nothing_are_left_alone(tmp_path, times) -> None:
    assert candles(tmp_path, *(f"{time},100,130,90,120,1" for time in times)).hours == 2


def test_the_candles_of_may_2021_follow_their_rule() -> None:
    """Straight lines between the hours known, as whole dollars; the low of 1888 in the hour before 15."""
    known = {0: 3431, 3: 3354, 5: 3109, 7: 2932, 10: 2985, 13: 2857, 14: 2721, 15: 2365, 17: 2613, 19: 2853}
    known |= {21: 2604, 23: 2523}
    ends = [round(price) for price in np.interp(range(24), list(known), list(known.values()))]
    with (SCENARIOS / "data" / "may-2021.csv").open() as lines:
        rows = [
            [int(row[name]) for name in ("open", "high", "low", "close")] for row in csv.DictReader(lines)
        ]
    expected = [[a, max(a, b), min(a, b), b] for a, b in pairwise(ends)]
    expected[14][2] = 1888
    assert rows == expected
    scenario = load(SCENARIOS / "may-2021.yaml")
    assert scenario.outside_prices().min() == pytest.approx(1888)


def test_a_bootstrap_stays_within_its_data(tmp_path) -> None:
    """Every move is one of the data's, and those of a block follow each other."""
    closes = [100, 110, 99, 118.8, 95.04, 104.544, 94.0896]
    rows = [f"0,{c},{c},{c},{c},1" for c in closes]
    candles(tmp_path, *rows)
    path = Bootstrap(kind="bootstrap", file=tmp_path / "candles.csv", start=50, hours=60, block=3)
    prices = path.prices(np.arange(61.0), NONE, np.random.default_rng(5))
    assert prices[0] == 50
    moves = np.round(np.diff(np.log(prices)), 9)
    source = np.round(np.diff(np.log(closes)), 9).tolist()
    assert set(moves) <= set(source)
    assert len(set(moves)) > 3
    runs = [source[at : at + 3] for at in range(len(source) - 2)]
    assert all(moves[at : at + 3].tolist() in runs for at in range(0, 60, 3))


def test_brownian_motion_has_the_drift_and_volatility_said() -> None:
    """Over 100,000 steps of an hour; each bound is about four standard errors."""
    path = Brownian(kind="gbm", start=100, hours=20_000, drift=0.5, volatility=0.8)
    hours = np.arange(100_001) * 1.0
    logs = np.diff(np.log(path.prices(hours, np.random.default_rng(1).standard_normal(len(hours)), RNG)))
    steps = 3_600 / YEAR
    assert logs.std() == pytest.approx(0.8 * steps**0.5, rel=0.01)
    assert logs.mean() == pytest.approx((0.5 - 0.8**2 / 2) * steps, abs=4 * 0.8 * steps**0.5 / 100_000**0.5)
    assert path.prices(hours, np.zeros(len(hours)), RNG)[0] == 100


def test_jumps_come_as_often_and_as_large_as_said() -> None:
    """Without volatility a path is its jumps alone."""
    path = Jumps(
        kind="jumps", start=100, hours=20_000, volatility=0, jumps_per_year=876, jump_mean=-0.05, jump_sigma=0
    )
    hours = np.arange(20_001.0)
    moves = np.diff(np.log(path.prices(hours, np.zeros(len(hours)), np.random.default_rng(3))))
    jumps = np.round(moves / -0.05)
    assert np.allclose(moves, jumps * -0.05)
    assert jumps.sum() == pytest.approx(2_000, abs=4 * 2_000**0.5)  # 876 a year for 20,000 hours


def test_correlated_prices_are_correlated() -> None:
    """Statistically, with a fixed seed: 20,000 moves, so that the standard error is below 0.01."""
    scenario = load(SCENARIOS / "slow-bleed.yaml", ["block_seconds=120"])
    moves = np.diff(np.log(scenario.outside_prices()))
    assert moves.shape == (2, 20_160)
    assert np.corrcoef(moves)[0, 1] == pytest.approx(0.8, abs=0.02)
    alone = load(SCENARIOS / "slow-bleed.yaml", ["block_seconds=120", "correlation=null"])
    assert abs(np.corrcoef(np.diff(np.log(alone.outside_prices())))[0, 1]) < 0.04


def test_shocks_multiply_and_end() -> None:
    hours = np.array([0, 0.9, 1, 1.9, 2, 5])
    assert Shock(hour=1, factor="0.8", hours=1).factors(hours).tolist() == [1, 1, 0.8, 0.8, 1, 1]
    assert Shock(hour=2, factor="0.5").factors(hours).tolist() == [1, 1, 1, 1, 0.5, 0.5]
    shocks = "vaults.0.shocks=[{hour: 1, factor: 0.8}, {hour: 2, factor: 0.5}]"
    plain, shocked = tiny().outside_prices()[0], tiny(shocks).outside_prices()[0]
    assert (shocked / plain).tolist() == pytest.approx([1] * 6 + [0.8] * 6 + [0.4] * 7)


def test_a_path_is_drawn_again_from_its_seed_and_number() -> None:
    gbm = "vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 1}"
    first = tiny(gbm).outside_prices(4)
    assert np.array_equal(first, tiny(gbm).outside_prices(4))
    assert not np.array_equal(first, tiny(gbm).outside_prices(5))
    assert not np.array_equal(first, tiny(gbm, "seed=8").outside_prices(4))
    assert first[0][0] == 200


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["0,100,130,90,nan,1"], "line 2, column 'close' is nan; it must be above 0, at most 1000000000"),
        (["0,100,130,-90,120,1"], "line 2, column 'low' is -90; it must be above 0, at most 1000000000"),
        (["0,100,130,90,120,1", "1,120,,90,80,1"], "line 3, column 'high' is ''; it must be a number"),
        (["0,100,130,90"], "line 2, column 'close' is ''; it must be a number"),
        (
            ["0,100,130,110,120,1"],
            "line 2: open 100 and close 120 do not lie between low 110 and high 130; correct the line or "
            "`columns`",
        ),
        ([], "has no candles; it needs a line of column names, and one a candle"),
    ],
)
def test_wrong_candles_are_refused_in_one_sentence(tmp_path, rows, sentence) -> None:
    with pytest.raises(ValueError, match=r"candles\.csv") as refusal:
        candles(tmp_path, *rows)
    assert sentence in str(refusal.value)


def test_a_missing_column_is_named_with_those_there_are(tmp_path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("open,high,low,last\n1,1,1,1\n")
    with pytest.raises(
        ValueError, match=r"no column 'close', only open, high, low, last \(separated by commas\); name"
    ):
        Candles(kind="csv", file=file)


def test_a_bootstrap_needs_enough_candles(tmp_path) -> None:
    candles(tmp_path, "0,1,1,1,1,1", "0,2,2,2,2,1")
    with pytest.raises(ValueError, match=r"block is 24, but .*candles.csv has only 1 moves; lower it"):
        Bootstrap(kind="bootstrap", file=tmp_path / "candles.csv", start=Decimal(1), hours=5)
