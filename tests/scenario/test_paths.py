"""Price paths of a single asset: known answers, and what is drawn keeps to what was said."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.scenario.joint import drawn
from plimsoll.scenario.paths import Bootstrap, Brownian, Jumps, Shock, Waypoints
from plimsoll.scenario.reading import ScenarioError
from plimsoll.units import YEAR
from tests.utils.laboratory import tiny


def test_waypoints_are_joined_by_straight_lines() -> None:
    path = Waypoints(points=((0, 200), (1, 170), (3, 110)))
    hours = np.arange(10) / 3
    assert path.prices(hours)[[0, 1, 3, 6, 9]].tolist() == pytest.approx([200, 190, 170, 140, 110])
    assert path.hours == 3


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(50, 150)), min_size=1, max_size=12), st.data())
def test_no_block_length_loses_a_turn(steps, data) -> None:
    """Every price at which the path turns stands on a block, and the last one on the last."""
    minutes = np.cumsum([0, *(apart for apart, _ in steps)])
    prices = [100, *(price for _, price in steps)]
    path = Waypoints(points=tuple(zip((str(minute / 60) for minute in minutes), prices, strict=True)))
    longest = min(path.longest_block, path.hours) * 3_600
    block_seconds = data.draw(st.integers(1, max(1, int(longest + 1e-6))))
    assume(path.hours * 3_600 / block_seconds < 20_000)
    blocks = math.ceil(path.hours * 3_600 / block_seconds - 1e-9)
    found = path.prices(np.arange(blocks + 1) * (block_seconds / 3_600))
    assert found[[found.argmin(), found.argmax(), -1]].tolist() == pytest.approx(
        [min(prices), max(prices), prices[-1]]
    )
    middle = zip(prices, prices[1:], prices[2:], strict=False)
    for number, (before, price, after) in enumerate(middle, 1):
        if (price - before) * (after - price) < 0:
            assert found[int(minutes[number] * 60 / block_seconds + 0.5 + 1e-9)] == price


def test_a_block_that_would_skip_a_turn_is_refused() -> None:
    points = "vaults.0.price.points=[[0, 200], [0.5, 100], [0.6, 190], [3, 150]]"
    with pytest.raises(
        ScenarioError, match=r"block_seconds is 600, so that highs or lows of vaults.0.price wo"
    ):
        tiny(points)
    assert tiny(points, "block_seconds=360").outside_prices().min() == 100
    assert tiny(points, "block_seconds=210").outside_prices().min() == 100


def test_brownian_motion_has_the_drift_and_volatility_said() -> None:
    """Over 100,000 steps of an hour; each bound is about four standard errors."""
    path = Brownian(kind="gbm", start=100, hours=20_000, drift=0.5, volatility=0.8)
    hours = np.arange(100_001) * 1.0
    logs = np.diff(np.log(drawn([path], hours, None, 1, 0)[0]))
    steps = 3_600 / YEAR
    assert logs.std() == pytest.approx(0.8 * steps**0.5, rel=0.01)
    assert logs.mean() == pytest.approx((0.5 - 0.8**2 / 2) * steps, abs=4 * 0.8 * steps**0.5 / 100_000**0.5)
    assert path.prices(hours, np.zeros(len(hours)), np.zeros(len(hours)))[0] == 100


def test_jumps_come_as_often_and_as_large_as_said() -> None:
    """Without volatility a path is its jumps alone."""
    path = Jumps(
        kind="jumps", start=100, hours=20_000, volatility=0, jumps_per_year=876, jump_mean=-0.05, jump_sigma=0
    )
    hours = np.arange(20_001.0)
    moves = np.diff(np.log(drawn([path], hours, None, 3, 0)[0]))
    jumps = np.round(moves / -0.05)
    assert np.allclose(moves, jumps * -0.05)
    assert jumps.sum() == pytest.approx(2_000, abs=4 * 2_000**0.5)  # 876 a year for 20,000 hours


def test_a_bootstrap_stays_within_its_data(tmp_path: Path) -> None:
    """Every candle is one of the data's, from its open on, and those of a block follow each other."""
    rows = [(100, 112, 98, 110), (110, 111, 90, 99), (99, 120, 97, 118), (119, 121, 95, 96), (96, 99, 94, 97)]
    text = "".join(f"{','.join(map(str, row))}\n" for row in rows)
    (tmp_path / "x.csv").write_text(f"open,high,low,close\n{text}")
    path = Bootstrap(kind="bootstrap", file=tmp_path / "x.csv", start=50, hours=60, block=2)
    (prices,) = drawn([path], np.arange(181) / 3, None, 5, 0)
    assert prices[0] == pytest.approx(50)
    source = [tuple(price / before[3] for price in row) for before, row in pairwise(rows)]

    def turns(candle: tuple[float, ...]) -> list[float]:
        """The two turns over the open, and the next open at most over it."""
        opened, high, low, closed = candle
        return [price / opened for price in ([low, high] if closed >= opened else [high, low])]

    known = [turns(candle) for candle in source]
    seen = [
        next(
            (
                number
                for number, pair in enumerate(known)
                if prices[at + 1 : at + 3] / prices[at] == pytest.approx(pair)
            ),
            None,
        )
        for at in range(0, 180, 3)
    ]
    assert None not in seen
    assert len(set(seen)) == 4
    assert all(second == first + 1 for first, second in zip(seen[::2], seen[1::2], strict=True))


def test_a_bootstrap_needs_enough_candles(tmp_path: Path) -> None:
    (tmp_path / "candles.csv").write_text("open,high,low,close\n1,1,1,1\n2,2,2,2\n")
    with pytest.raises(ValueError, match=r"block is 24, but .*candles.csv has only 1 moves; lower it"):
        Bootstrap(kind="bootstrap", file=tmp_path / "candles.csv", start=1, hours=5)


def test_shocks_multiply_and_end() -> None:
    hours = np.array([0, 0.9, 1, 1.9, 2, 5])
    assert Shock(hour=1, factor="0.8", hours=1).factors(hours).tolist() == [1, 1, 0.8, 0.8, 1, 1]
    assert Shock(hour=2, factor="0.5").factors(hours).tolist() == [1, 1, 1, 1, 0.5, 0.5]
    shocks = "vaults.0.shocks=[{hour: 1, factor: 0.8}, {hour: 2, factor: 0.5}]"
    plain, shocked = tiny().outside_prices()[0], tiny(shocks).outside_prices()[0]
    assert (shocked / plain).tolist() == pytest.approx([1] * 6 + [0.8] * 6 + [0.4] * 7)


@pytest.mark.parametrize(
    ("shock", "sentence"),
    [
        (
            "hour: 1, factor: 93",
            r"shocks.0.factor: 93 times the price is above 10 times; a fall of 7 % is 0\.93",
        ),
        ("hour: 1, factor: 0", r"shocks.0.factor is 0, but must be above 0; raise it"),
        (
            "hour: 1, factor: 0.9, hours: 0.1",
            r"shocks.0 lasts 360 seconds, less than a block; lengthen it or",
        ),
    ],
)
def test_implausible_shocks_are_refused(shock: str, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        tiny(f"vaults.0.shocks=[{{{shock}}}]")


def test_a_path_is_drawn_again_from_its_seed_and_number() -> None:
    gbm = "vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 1}"
    first = tiny(gbm).outside_prices(4)
    assert np.array_equal(first, tiny(gbm).outside_prices(4))
    assert not np.array_equal(first, tiny(gbm).outside_prices(5))
    assert not np.array_equal(first, tiny(gbm, "seed=8").outside_prices(4))
    assert first[0][0] == 200
