"""A basket's run made by hand: measures, tables, pictures."""

from dataclasses import replace
from math import exp

import numpy as np
import pandas as pd
import pytest

from plimsoll.market.deployment import made_up
from plimsoll.report import figures
from plimsoll.report.compare import compare
from plimsoll.report.folder import read
from plimsoll.report.measures import measure
from plimsoll.report.page import of_run
from plimsoll.report.write import write
from plimsoll.scenario.ladder import STEPS
from plimsoll.scenario.reading import parse
from plimsoll.scenario.records import HoldingRow, LadderRow, LegRow, PositionRow, Result, SeizureRow, VaultRow
from tests.unit.report.conftest import USDC, WAD, WBTC, WETH, close, draw_nothing, pool_row

SCENARIO = """\
title: A basket by hand
seed: 7
block_seconds: 1800
pool: {loan: {symbol: USDC, decimals: 6}, supply: 100000}
vaults:
  - credit_limit: 50000
    legs:
      - collateral: {symbol: WETH, decimals: 18}
        price: {kind: waypoints, points: [[0, 2000], [1, 1000]]}
      - collateral: {symbol: WBTC, decimals: 8}
        price: {kind: waypoints, points: [[0, 40000], [1, 40000]]}
        halts: [{start: 0.2, end: 0.6}]
borrowers:
  - {count: 1, total_debt: 50000, health: {min: 1.1, max: 2}, portfolio: {weights: [0.5, 0.5]}}
"""
OWNER = made_up("borrower")


def vault_row(block: int, health: float) -> VaultRow:
    """The basket's row: it has no price."""
    return VaultRow(
        block=block, hour=block / 2, vault=0, path=None, outside=None, oracle=None, safe=None, dex=None,
        positions=1, health_min=health, health_p05=health, health_p25=health, health_p50=health,
        health_p75=health, debt=30_000 * USDC, liquidatable=0, closes=0, repaid=0, seized=None, reverted=0,
    )  # fmt: skip


def leg_rows(block: int, ether: float, outside: float) -> list[LegRow]:
    """Ether falls, with feedback further; bitcoin stands."""
    return [
        LegRow(block, block / 2, 0, 0, ether, outside, outside, outside, None, 10 * WETH, 0),
        LegRow(block, block / 2, 0, 1, 40_000, 40_000, None, None, None, WBTC, 0),
    ]


@pytest.fixture(scope="module")
def result() -> Result:
    """One close, of a tenth of 10 WETH and 1 WBTC, worth 5,250, for 5,000."""
    scenario = parse(SCENARIO, "hand.yaml")
    row = close(0, "restorable", 1, 0, 10**24, seized=0, repaid=5_000 * USDC, extinguished=5_000 * USDC,
                needed=5_000 * USDC, worth=5_250 * USDC)  # fmt: skip
    row = row._replace(price=None, collateral_before=None, seized=None)
    return Result(
        scenario,
        "revm",
        vaults=[vault_row(0, 1.3), vault_row(1, 1.0), vault_row(2, 1.1)],
        pool=[pool_row(block, WAD // 2, 1.0) for block in range(3)],
        liquidations=[row],
        positions=[
            PositionRow("start", 0, OWNER, None, 35_000 * USDC, WAD * 13 // 10, None),
            PositionRow("end", 0, OWNER, None, 30_000 * USDC, WAD * 11 // 10, None),
        ],
        legs=[*leg_rows(0, 2_000, 2_000), *leg_rows(1, 1_500, 1_250), *leg_rows(2, 1_000, 500)],
        seizures=[
            SeizureRow(1, 0.5, 0, 0, OWNER, 1_250 * 10**24, 10 * WETH, WETH),
            SeizureRow(1, 0.5, 0, 1, OWNER, None, WBTC, WBTC // 10),
        ],
        ladder=[
            LadderRow(0, 0.0, 0, None, exp(10 / STEPS), 35_000 * USDC, None),
            LadderRow(2, 1.0, 0, None, exp(-4 / STEPS), 30_000 * USDC, None),
        ],
        holdings=[
            HoldingRow("start", 0, 0, OWNER, 10 * WETH),
            HoldingRow("start", 0, 1, OWNER, WBTC),
            HoldingRow("end", 0, 0, OWNER, 9 * WETH),
            HoldingRow("end", 0, 1, OWNER, WBTC * 9 // 10),
        ],
    )


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    """Its report."""
    folder = tmp_path_factory.mktemp("reports") / "basket"
    write(result, folder)
    return folder


def test_measures_count_all_legs(result) -> None:
    found = measure(result)
    assert found["borrower_loss"] == pytest.approx(0.05)
    assert found["borrowers_cost"] == pytest.approx(250)
    assert found["borrowers_equity"] == pytest.approx(9 * 500 + 36_000 - 30_000)
    assert found["uncovered_debt"] == 0
    assert found["cascade_amplification"] == pytest.approx(1.5)
    assert found["final_price"] == pytest.approx(0.5)


def test_debt_beyond_all_legs_is_uncovered(result) -> None:
    end = PositionRow("end", 0, OWNER, None, 50_000 * USDC, WAD // 2, None)
    poor = Result(result.scenario, "revm", positions=[end], holdings=result.holdings, legs=result.legs,
                  vaults=result.vaults, pool=result.pool)  # fmt: skip
    assert measure(poor)["uncovered_debt"] == pytest.approx(50_000 - 9 * 500 - 36_000)


def test_tables_have_each_legs_own_digits(folder) -> None:
    seizures = pd.read_parquet(folder / "seizures.parquet")
    assert [str(value.normalize()) for value in seizures.seized] == ["1", "0.1"]
    assert seizures.price[0] == 1_250
    assert seizures.price.isna().tolist() == [False, True]
    closes = pd.read_parquet(folder / "liquidations.parquet")
    assert closes[["price", "seized", "collateral_before"]].isna().all(axis=None)
    assert closes.worth[0] == 5_250


def test_the_report_tells_every_leg(folder, result) -> None:
    run = read(folder)
    assert run.symbols == ["WETH+WBTC"]
    assert run.collateral_symbols == ["WETH", "WBTC"]
    assert run.quotes(0, 0)["outside"].tolist() == [2_000, 1_250, 500]
    page = of_run(run, {name: [] for name in result.tables()}, "")
    assert "WETH went from 2,000 USDC to 500 at its lowest" in page
    assert "WBTC went from 40,000 USDC" in page


def test_debt_stands_at_its_health_and_time(folder) -> None:
    figure = figures.draw("debt-over-time", [read(folder)])
    (panel,) = figure.axes
    (image,) = panel.images
    low, high = image.get_extent()[2:]
    rungs = np.linspace(low, high, image.get_array().shape[0] + 1)
    for column, rung in ((0, 10), (-1, -4)):
        (at,) = np.flatnonzero(image.get_array()[:, column, 3])
        assert rungs[at] == pytest.approx(np.log10(exp(rung / STEPS)))
    (line,) = panel.lines
    assert (line.get_label(), line.get_ydata()[0]) == ("1: liquidatable below", 0)  # of the logarithm


@pytest.mark.usefixtures("quick")
def test_only_slices_of_known_worth_stand_at_the_frontier(result, tmp_path) -> None:
    """Of three closes in a block one has a silent leg, one leaves a leg out, and one is at its place."""
    one, places = result.liquidations[0], range(3)
    close = [one._replace(debt_before=35_000 * USDC + turn) for turn in places]
    legs = [
        [(None, WBTC // 10), (40_000 * 10**34, 0), (40_000 * 10**34, WBTC // 10)][turn] for turn in places
    ]
    seizures = [
        row
        for price, seized in legs
        for row in (
            SeizureRow(1, 0.5, 0, 0, OWNER, 1_250 * 10**24, 10 * WETH, WETH),
            SeizureRow(1, 0.5, 0, 1, OWNER, price, WBTC, seized),
        )
    ]
    write(replace(result, liquidations=close, seizures=seizures), tmp_path / "three")
    figure = figures.draw("frontier", [read(tmp_path / "three")])
    (found,) = [
        it.get_offsets() for it in figure.axes[0].collections if it.get_label() == "restorable close, ours"
    ]
    ((ltv, bonus),) = found.tolist()
    assert ltv == pytest.approx(35_000 / (10 * 1_250 + 40_000), rel=1e-6)
    assert bonus == pytest.approx(0.05)


@pytest.mark.usefixtures("quick")
def test_a_report_brings_the_candles_of_every_leg(result, tmp_path) -> None:
    candles = tmp_path / "candles.csv"
    candles.write_text("open,high,low,close\n2000,2000,900,1000\n")
    price = f"vaults.0.legs.1.price={{kind: csv, file: {candles}, hours_per_candle: 2}}"
    scenario = parse(SCENARIO, "hand.yaml", [price])
    write(replace(result, scenario=scenario), tmp_path / "report")
    candles.unlink()
    (tmp_path / "report").rename(tmp_path / "moved")
    found = read(tmp_path / "moved").scenario
    assert found.vaults[0].legs[1].price.candles().tolist() == [[2000, 2000, 900, 1000]]


def test_a_basket_can_be_laid_beside_vaults(folder, tmp_path) -> None:
    """Its debt by health, as theirs is then."""
    scenario = parse(SCENARIO, "hand.yaml", ["vaults.0.separate=true"])
    rows = [
        VaultRow(
            block=block, hour=block / 2, vault=vault, path=1.0, outside=1.0, oracle=1.0, safe=1.0,
            dex=None, positions=0, health_min=None, health_p05=None, health_p25=None, health_p50=None,
            health_p75=None, debt=0, liquidatable=0, closes=0, repaid=0, seized=0, reverted=0,
        )
        for block in range(3)
        for vault in range(2)
    ]  # fmt: skip
    pool = [pool_row(block, 0, 1.0) for block in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        write(Result(scenario, "revm", vaults=rows, pool=pool), tmp_path / "vaults")
    summary = compare(folder, tmp_path / "vaults", tmp_path / "both")
    assert summary["measures"]["borrowers_cost"]["a"] == pytest.approx(250)
    assert (tmp_path / "both" / "prices.svg").exists()
