"""The guides, as they are written, on Anvil through ape."""

from pathlib import Path
from typing import Any

import pytest
from ape import accounts, chain

from plimsoll.deploy import deploy_market
from plimsoll.units import WAD
from tests.utils.guides import play
from tests.utils.on_ape import *  # noqa: F403

ROOT = Path(__file__).parents[2]


def follow(guide: str, deployer: Any, capsys: pytest.CaptureFixture[str], printed: int) -> dict[str, Any]:
    """Plays a guide with the contracts of a market that is deployed."""
    contracts = deploy_market(ROOT / "markets" / "local-weth-usdc.yaml", deployer).contracts()
    return play(guide, {"accounts": accounts, "chain": chain, "WAD": WAD, **vars(contracts)}, capsys, printed)


def test_leverage(deployer, capsys) -> None:
    names = follow("leverage.md", deployer, capsys, printed=3)
    assert names["weth"].balanceOf(names["leverage"]) == names["usdc"].balanceOf(names["leverage"]) == 0


def test_backstop(deployer, capsys) -> None:
    names = follow("backstop.md", deployer, capsys, printed=5)
    assert names["pool"].balanceOf(names["me"]) == 80_000 * 10**9 + names["pool_shares"]


def test_reading(capsys) -> None:
    """The worked example needs the twin alone."""
    names = play("reading.md", {}, capsys, printed=11)
    assert names["lenders"] > 0
