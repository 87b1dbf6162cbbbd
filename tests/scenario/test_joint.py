"""What is drawn for several assets is drawn together: correlated moves and jumps, common days.

Statistics have fixed seeds; each bound is about four standard errors.
"""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from plimsoll.scenario.correlation import common_shocks, dependence
from plimsoll.scenario.joint import drawn
from plimsoll.scenario.paths import Bootstrap, Jumps
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.scenario.sweep import is_random
from tests.utils.laboratory import SCENARIOS, tiny

WHALE = {"volatility": 0.9, "jumps_per_year": 250, "jump_mean": -0.05, "jump_sigma": 0.04}
QUIET = WHALE | {"volatility": 0.1}
RARE = {"volatility": 0.8, "jumps_per_year": 200, "jump_mean": -0.06, "jump_sigma": 0.03}
MIXED = ((1.0, 0.5, 0.6), (0.5, 1.0, 0.4), (0.6, 0.4, 1.0))
THREE = ((1.0, 0.8, 0.85), (0.8, 1.0, 0.9), (0.85, 0.9, 1.0))


def jumps(**settings: float) -> Jumps:
    return Jumps(kind="jumps", start=1, hours=20_000, **settings)


def moves(kinds, correlation, path: int = 0, hours: int = 20_000):
    """Returns of an hour, a row each."""
    return np.diff(np.log(drawn(kinds, np.arange(hours + 1.0), correlation, 7, path)))


@pytest.mark.parametrize(
    "laws",
    [(WHALE, WHALE, WHALE), (QUIET, QUIET, QUIET), (WHALE, RARE, WHALE)],
    ids=["alike", "quiet", "other"],
)
def test_returns_with_jumps_are_as_correlated_as_asked(laws) -> None:
    """Most of the variance of the quiet ones is jumps. Over 20 paths of 20,000 hours."""
    kinds = [jumps(**law) for law in laws]
    found = np.mean([np.corrcoef(moves(kinds, THREE, path)) for path in range(20)], axis=0)
    assert found == pytest.approx(np.array(THREE), abs=0.02)


def test_sizes_make_up_for_jumps_that_one_asset_has_seldom() -> None:
    """With sizes as correlated as asked it would be 0.86."""
    kinds = [jumps(**QUIET), jumps(**QUIET | {"jumps_per_year": 200})]
    asked = ((1, 0.88), (0.88, 1))
    assert dependence(kinds, np.array(asked)).sizes[0, 1] > 0.95
    found = np.mean([np.corrcoef(moves(kinds, asked, path))[0, 1] for path in range(20)])
    assert found == pytest.approx(0.88, abs=0.02)


def test_without_a_correlation_jumps_are_independent() -> None:
    kinds = [jumps(**QUIET)] * 3
    found = np.mean([np.corrcoef(moves(kinds, None, path)) for path in range(20)], axis=0)
    assert found == pytest.approx(np.eye(3), abs=0.01)


def test_what_falls_falls_together() -> None:
    """Of the hours in which one asset falls by 5 %, in how many the other does; by chance 1 in 100."""
    first, second = moves([jumps(**WHALE)] * 2, ((1, 0.9), (0.9, 1))) < -0.05
    assert (first & second).sum() / first.sum() > 0.6
    first, second = moves([jumps(**WHALE)] * 2, None) < -0.05
    assert (first & second).sum() / first.sum() < 0.05


@pytest.mark.parametrize("law", [WHALE, QUIET, RARE], ids=["whale", "quiet", "rare"])
def test_correlation_leaves_each_asset_what_it_is(law) -> None:
    """Mean, spread, skewness and lowest percentile of returns are those of the asset alone."""
    kinds = [jumps(**WHALE), jumps(**law), jumps(**RARE)]
    together = np.concatenate([moves(kinds, MIXED, path)[1] for path in range(20)])
    alone = np.concatenate([moves([kinds[1]], None, path)[0] for path in range(20, 40)])

    def told(returns) -> list[float]:
        spread = returns.std()
        skew = ((returns - returns.mean()) ** 3).mean() / spread**3
        return [1 + returns.mean(), spread, skew, *np.quantile(returns, [0.001, 0.01, 0.5, 0.99])]

    assert told(together) == pytest.approx(told(alone), rel=0.06, abs=2e-4)


def test_clocks_add_up_to_each_rate() -> None:
    """And two assets jump at once as often as asked, wherever clocks can do that."""
    rates = np.array([100.0, 100.0, 80.0, 50.0])
    asked = np.array([[0, 85, 70, 10], [85, 0, 70, 10], [70, 70, 0, 10], [10, 10, 10, 0.0]])
    shocks = common_shocks(rates, asked)
    sums = [sum(rate for rate, who in shocks if number in who) for number in range(4)]
    assert sums == pytest.approx(rates)
    for one, other in combinations(range(4), 2):
        assert sum(rate for rate, who in shocks if {one, other} <= set(who)) == pytest.approx(
            asked[one, other]
        )
    assert max(len(who) for _, who in shocks) == 4
    assert all(rate > 0 for rate, _ in shocks)


def test_alike_prices_share_a_share_of_their_jumps() -> None:
    """By hand: correlation * (mean^2 + sigma^2) / (mean^2 + correlation * sigma^2) of them."""
    found = dependence([jumps(**WHALE)] * 2, np.array([[1, 0.5], [0.5, 1]]))
    share = 0.5 * (0.05**2 + 0.04**2) / (0.05**2 + 0.5 * 0.04**2)
    assert found.shocks[0] == (pytest.approx(250 * share), (0, 1))
    assert found.normals[0, 1] == pytest.approx(0.5)


PAIR = (
    "{kind: jumps, start: 60_000, hours: 672, volatility: 0.1, jumps_per_year: 10, jump_mean: -0.3, "
    "jump_sigma: 0}"
)
LINE = "{kind: waypoints, points: [[0, 60_000], [672, 30_000]]}"
COLUMNS = "columns: [eth_open, eth_high, eth_low, eth_close]"
MARCH = f"file: {SCENARIOS}/data/march-2020.csv, {COLUMNS}"


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        (
            PAIR,
            r"0\.8 for vaults\.0\.price and vaults\.1\.price, but with these jumps and .* 0\.10 can be had",
        ),
        (LINE, r"correlation cannot move vaults\.1\.price, which is waypoints; write 0 in its row and"),
        (f"{{kind: csv, {MARCH}}}", r"cannot move vaults\.1\.price, which is csv; write 0 in its row"),
        (f"{{kind: bootstrap, start: 1, hours: 24, {MARCH}}}", r"vaults\.1\.price, which is bootstrap"),
    ],
)
def test_a_correlation_that_cannot_be_had_is_refused(price: str, sentence: str) -> None:
    """Instead of being ignored; a row of zeros is none."""
    settings = [f"vaults.1.price={price}", "block_seconds=1200"]
    with pytest.raises(ScenarioError, match=sentence):
        load(SCENARIOS / "slow-bleed.yaml", settings)
    load(SCENARIOS / "slow-bleed.yaml", [*settings, "correlation=[[1, 0], [0, 1]]"])


def test_correlated_prices_are_correlated() -> None:
    """Statistically, with a fixed seed: 20,000 moves, so that the standard error is below 0.01."""
    scenario = load(SCENARIOS / "slow-bleed.yaml", ["block_seconds=120"])
    found = np.diff(np.log(scenario.outside_prices()))
    assert found.shape == (2, 20_160)
    assert np.corrcoef(found)[0, 1] == pytest.approx(0.8, abs=0.02)
    alone = load(SCENARIOS / "slow-bleed.yaml", ["block_seconds=120", "correlation=null"])
    assert abs(np.corrcoef(np.diff(np.log(alone.outside_prices())))[0, 1]) < 0.04


def test_the_loan_assets_price_is_drawn_beside_the_others() -> None:
    """It leaves their draws as they are, and is not one of them."""
    gbm = "vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 1}"
    alone = tiny(gbm)
    both = tiny(gbm, "pool.loan_price={kind: gbm, start: 1, hours: 3, volatility: 1}")
    loan = both.loan_prices(2)
    assert (loan[0], len(set(loan))) == (1, 19)
    assert not np.allclose(loan * 200, alone.outside_prices(2)[0])
    assert both.outside_prices(2)[0] * loan == pytest.approx(alone.outside_prices(2)[0])
    assert is_random(tiny("pool.loan_price={kind: gbm, start: 1, hours: 3, volatility: 1}"))
    assert not is_random(tiny())


# ------------------------------------------------------------------------------------ candles that are drawn


def bootstrap(asset: str, file: Path = SCENARIOS / "data" / "march-2020.csv", **settings) -> Bootstrap:
    columns = tuple(f"{asset}_{part}" for part in ("open", "high", "low", "close"))
    chosen = {"start": 1, "hours": 2_000, "block": 6, "columns": columns} | settings
    return Bootstrap(kind="bootstrap", file=file, **chosen)


def test_files_are_drawn_by_common_days() -> None:
    """Returns of an hour are as correlated as those of the file, and as low in their lows."""
    kinds = [bootstrap("eth"), bootstrap("btc")]
    files = [kind.candles() for kind in kinds]
    source = np.corrcoef([np.diff(np.log(candles[:, 3])) for candles in files])[0, 1]
    paths = drawn(kinds, np.arange(12_001) / 6, None, 3, 0)
    found = np.corrcoef([np.diff(np.log(prices[::6])) for prices in paths])[0, 1]
    assert source > 0.85
    assert found == pytest.approx(source, abs=0.03)
    for prices, candles in zip(paths, files, strict=True):
        lows = np.log(candles[1:, 2] / candles[:-1, 3])
        hour = prices[:-1].reshape(-1, 6)
        fallen = np.log(np.minimum(hour[1:].min(axis=1), prices[6:-1:6]) / hour[1:, 0])
        assert fallen.min() == pytest.approx(lows.min(), abs=0.02)
        assert np.quantile(fallen, 0.05) == pytest.approx(np.quantile(lows, 0.05), abs=0.02)


def test_files_are_aligned_by_their_times(tmp_path: Path) -> None:
    """What one has and the other has not is not drawn."""
    whole = (SCENARIOS / "data" / "march-2020.csv").read_text().splitlines(keepends=True)
    (tmp_path / "late.csv").write_text("".join([whole[0], *whole[11:]]))
    kinds = [bootstrap("eth"), bootstrap("eth", tmp_path / "late.csv")]
    same, late = drawn(kinds, np.arange(1_001) / 6, None, 3, 0)
    assert same == pytest.approx(late)
    alone = drawn(kinds[:1], np.arange(1_001) / 6, None, 3, 0)[0]
    assert not np.allclose(same, alone)


FLAT = "1,1,1,1\n"
ETH = "open,high,low,close\n"
HALF_PAST = "".join(f"2020-03-12T{hour:02}:30,{FLAT}" for hour in range(24))
MAY = "".join(f"2021-05-19T{hour:02}:00,{FLAT}" for hour in range(24))


@pytest.mark.parametrize(
    ("text", "more", "sentence"),
    [
        (ETH + FLAT * 20, "block: 6", r"do not all say when their candles are and have not the same"),
        (f"time,{ETH}{HALF_PAST}", "block: 6", r"begin at different minutes; take files of one source"),
        (f"time,{ETH}{MAY}", "block: 6", r"only 0 candles in common, from 2021-05-19T00:00:00Z; block is"),
        (f"time,{ETH}{MAY}", "block: 5", r"block is 6 for .*march-2020\.csv and 5 for .*other\.csv, w"),
        (
            f"time,{ETH}{MAY}", "block: 6, from: 2021-05-19T10:00:00Z, to: 2021-05-19T18:00:00Z",
            r"only 0 candles in common, from 2021-05-19T10:00:00Z",
        ),
    ],
)  # fmt: skip
def test_files_that_do_not_go_together_are_refused(
    tmp_path: Path, text: str, more: str, sentence: str
) -> None:
    (tmp_path / "other.csv").write_text(text)
    common = "kind: bootstrap, start: 100, hours: 24"
    prices = [
        f"vaults.0.price={{{common}, block: 6, {MARCH}}}",
        f"vaults.1.price={{{common}, {more}, file: {tmp_path}/other.csv}}",
    ]
    with pytest.raises(ScenarioError, match=sentence):
        load(SCENARIOS / "slow-bleed.yaml", ["correlation=null", "block_seconds=1200", *prices])
