"""A run made by hand, with round numbers: two vaults, both kinds of close, one loss."""

from collections import Counter
from pathlib import Path

import pytest

from plimsoll.market.deployment import made_up
from plimsoll.report import figures
from plimsoll.report.write import write
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import parse
from plimsoll.scenario.records import (
    AgentRow,
    FlowRow,
    LadderRow,
    LiquidationRow,
    LossRow,
    PoolRow,
    PositionRow,
    ProfitRow,
    Result,
    VaultRow,
)
from plimsoll.units import PRICE_SCALE

USDC, WETH, WBTC, WAD = 10**6, 10**18, 10**8, 10**18
SCENARIO = """\
title: A run <made> by hand
seed: 7
block_seconds: 1800
pool: {loan: {symbol: USDC, decimals: 6}, supply: 100000}
vaults:
  - collateral: {symbol: WETH, decimals: 18}
    credit_limit: 50000
    price: {kind: waypoints, points: [[0, 2000], [1, 1000]]}
  - collateral: {symbol: WBTC, decimals: 8}
    credit_limit: 50000
    price: {kind: waypoints, points: [[0, 40000], [1, 40000]]}
borrowers:
  - {vault: 0, count: 2, total_debt: 10000, health: {min: 1.1, max: 2}}
liquidators:
  - {kind: capital, capital: 10000}
"""


def close(vault: int, kind: str, block: int, waited: int, price: int, **amounts: int) -> LiquidationRow:
    """A close with what a test names; the rest does not matter."""
    plain = {
        "collateral_before": WETH, "shares_before": 10**12, "debt_before": 5_000 * USDC, "shares": 10**11,
        "fee": USDC, "health_before": WAD * 9 // 10, "health_after": None,
    }  # fmt: skip
    plain["worth"] = amounts["seized"] * price // PRICE_SCALE
    return LiquidationRow(
        block=block,
        hour=block / 2,
        vault=vault,
        owner=made_up("borrower"),
        liquidator=made_up("liquidator 0"),
        kind=kind,
        price=price,
        blocks_waited=waited,
        **(plain | amounts),
    )


def vault_row(block: int, vault: int, path: float, outside: float, **known: int | float | None) -> VaultRow:
    """A vault's row; the oracle says the outside price."""
    plain = {
        "oracle": outside, "safe": outside, "dex": None, "positions": 2, "health_min": 1.1,
        "health_p05": 1.1, "health_p25": 1.2, "health_p50": 1.5, "health_p75": 1.9, "debt": 5_000 * USDC,
        "liquidatable": 0, "closes": 0, "repaid": 0, "seized": 0, "reverted": 0,
    }  # fmt: skip
    return VaultRow(block, block / 2, vault, path, outside, **(plain | known))


def pool_row(block: int, utilisation: int, share_price: float) -> PoolRow:
    """The pool's row."""
    return PoolRow(
        block, block / 2, 100_000 * USDC, 10_000 * USDC, 90_000 * USDC, utilisation, 10**9,
        500 * USDC, 0, share_price, 1.0, 1.0,
    )  # fmt: skip


def profit(party: str, kind: str, gained: int, moves: int) -> ProfitRow:
    """Dollars; who had 10,000 and was given nothing."""
    start, change = 10_000 * USDC, (gained + moves) * USDC
    return ProfitRow(party, kind, start, start + change, 0, gained * USDC, moves * USDC, 0, change)


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The scenario that the run by hand claims to be of."""
    return parse(SCENARIO, "hand.yaml")


@pytest.fixture(scope="session")
def result(scenario: Scenario) -> Result:
    """Liquidated: 1,000 at once and 2,000 after 2 blocks; 1,000 after 20 blocks, 400 of it lost."""
    e24 = 10**24  # of a dollar for WETH
    restorable, shortfall = "restorable", "shortfall"
    return Result(
        scenario,
        "revm",
        vaults=[
            vault_row(0, 0, 2_000, 2_000),
            vault_row(0, 1, 40_000, 40_000),
            vault_row(1, 0, 1_500, 1_250, oracle=None, health_min=None, health_p05=None),
            vault_row(1, 1, 40_000, 40_000),
            vault_row(2, 0, 1_000, 500, liquidatable=3),
            vault_row(2, 1, 40_000, 40_000),
        ],
        pool=[
            pool_row(0, WAD * 6 // 10, 1.0),
            pool_row(1, WAD * 8 // 10, 1.0),
            pool_row(2, WAD * 5 // 10, 0.99),
        ],
        liquidations=[
            close(0, restorable, 1, 0, 1_250 * e24, seized=WETH * 84 // 100, repaid=1_000 * USDC,
                  extinguished=1_000 * USDC, needed=500 * USDC),
            close(1, restorable, 1, 2, 40_000 * 10**34, seized=WBTC * 525 // 10_000, repaid=2_000 * USDC,
                  extinguished=2_000 * USDC, needed=2_500 * USDC),
            close(0, shortfall, 2, 20, 500 * e24, seized=WETH, repaid=600 * USDC,
                  extinguished=1_000 * USDC, needed=5_000 * USDC),
        ],
        losses=[LossRow(2, 1.0, 0, 400 * USDC, 250 * USDC, 100 * USDC, 50 * USDC)],
        agents=[
            AgentRow(0, "liquidator 0", "profit", 0),
            AgentRow(1, "liquidator 0", "profit", -3_000 * USDC),
            AgentRow(2, "liquidator 0", "profit", 25 * USDC),
            AgentRow(2, "liquidator 0", "inventory", 20 * USDC),
            AgentRow(2, "stranger", "profit", 99 * USDC),
        ],
        positions=[
            PositionRow("start", 0, made_up("borrower"), 3 * WETH, 4_000 * USDC, WAD, 1_600 * e24),
            PositionRow("start", 1, made_up("other"), WBTC, 20_000 * USDC, 2 * WAD, 25_000 * 10**34),
            PositionRow("end", 0, made_up("borrower"), 3 * WETH, 1_620 * USDC, None, 650 * e24),
            PositionRow("end", 1, made_up("other"), WBTC, 20_000 * USDC, 2 * WAD, 25_000 * 10**34),
        ],
        flows=[
            FlowRow(0, 0.0, "outside", "arbitrageur 0", "outside", 0, 0, 0, WETH, 9_000 * USDC),
            FlowRow(1, 0.5, "borrowers", "liquidator 0", "bonus", 0, 0, 0, WETH, 50 * USDC),
            FlowRow(1, 0.5, "borrowers", "liquidator 0", "bonus", 1, 0, 0, WBTC, 100 * USDC),
            FlowRow(1, 0.5, "liquidator 0", "reserve", "fee", 0, None, 3 * USDC, None, 3 * USDC),
            FlowRow(1, 0.5, "arbitrageur 0", "dex 0", "trade", 0, 0, 0, WETH, -30 * USDC),
            FlowRow(2, 1.0, "arbitrageur 0", "dex 0", "trade", 0, 0, 0, WETH, 10 * USDC),
            FlowRow(2, 1.0, "reserve", "borrowers", "loss", 0, None, 250 * USDC, None, 250 * USDC),
            FlowRow(2, 1.0, "backstop", "borrowers", "loss", 0, None, 100 * USDC, None, 100 * USDC),
            FlowRow(2, 1.0, "liquidator 0", "validators", "gas", -1, None, 2 * USDC, None, 2 * USDC),
            FlowRow(2, 1.0, "liquidator 0", "validators", "bid", -1, None, USDC, None, USDC),
            FlowRow(2, 1.0, "borrowers", "reserve", "rounding", 0, None, 1, None, 1),
        ],
        ladder=[
            LadderRow(0, 0.0, 0, 1_600.0, None, 4_000 * USDC, 3 * WETH),
            LadderRow(0, 0.0, 1, 25_000.0, None, 20_000 * USDC, WBTC),
            LadderRow(1, 0.5, 0, 1_600.0, None, 4_000 * USDC, 3 * WETH),
            LadderRow(2, 1.0, 0, 650.0, None, 1_620 * USDC, 3 * WETH),
        ],
        profits=[
            profit("borrowers", "borrowers", 200, -5_000),
            profit("liquidator 0", "liquidators", 144, -20),
            profit("dex 0", "dex", -20, -900),
            profit("arbitrageur 0", "arbitrageurs", 20, -9_000),
            profit("reserve", "reserve", -247, 0),
            profit("backstop", "backstop", -100, 0),
            profit("validators", "validators", 3, 0),
        ],
        compared=321,
        transactions=12,
        reverts=Counter({("unwind", "vault: late"): 3}),
        seconds=1.5,
    )  # fmt: skip


@pytest.fixture(scope="session")
def calm(scenario: Scenario) -> Result:
    """A run in which nothing happened, with one vault, without liquidators and borrowers."""
    update = {"vaults": scenario.vaults[:1], "borrowers": (), "liquidators": (), "seed": 8}
    quiet = dict.fromkeys(f"health_{name}" for name in ("min", "p05", "p25", "p50", "p75"))
    return Result(
        scenario.model_copy(update=update),
        "revm",
        vaults=[vault_row(block, 0, 2_000, 2_000, positions=0, debt=0, **quiet) for block in range(3)],
        pool=[pool_row(block, 0, 1.0) for block in range(3)],
    )


@pytest.fixture(scope="session")
def folder(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the run by hand."""
    folder = tmp_path_factory.mktemp("reports") / "hand"
    write(result, folder, command="ape run scenario hand")
    return folder


EMPTY = '<svg viewBox="0 0 2 2"><g id="title-1"></g></svg>'


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws nothing: all figures take seconds."""
    draw_nothing(monkeypatch)


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Figures are empty."""
    patch.setattr(
        figures, "save", lambda name, _runs, folder, _formats: (folder / f"{name}.svg").write_text(EMPTY)
    )
