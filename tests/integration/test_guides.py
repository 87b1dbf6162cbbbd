"""The guides, as they are written, on Anvil through ape."""

from pathlib import Path
from typing import Any

import pytest
from ape import accounts, chain, networks

from plimsoll.keeper.assembly import assemble
from plimsoll.keeper.settings import Settings
from plimsoll.places import MARKETS
from plimsoll.units import WAD
from tests.utils.guides import play
from tests.utils.keeper import work
from tests.utils.markets import Desk
from tests.utils.on_ape import *  # noqa: F403


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, deployer: Any) -> Path:
    """The address book of two markets that are deployed, one with a basket."""
    desk = Desk(tmp_path_factory.mktemp("markets"), deployer)
    for market in ("local-weth-usdc.yaml", "local-basket-usdc.yaml"):
        desk.deploy((MARKETS / market).read_text())
    return desk.book_path


@pytest.fixture
def desk(tmp_path: Path, deployer: Any, book: Path) -> Desk:
    """Where those are deployed."""
    return Desk(tmp_path, deployer).with_book(book)


def follow(guide: str, desk: Desk, capsys: pytest.CaptureFixture[str], printed: int) -> dict[str, Any]:
    """Plays a guide with the contracts of an address book."""
    contracts = vars(desk.book().contracts())
    return play(guide, {"accounts": accounts, "chain": chain, "WAD": WAD, **contracts}, capsys, printed)


def test_leverage(desk, capsys) -> None:
    names = follow("leverage.md", desk, capsys, printed=3)
    assert names["weth"].balanceOf(names["leverage"]) == names["usdc"].balanceOf(names["leverage"]) == 0


def test_keeper(desk, capsys, monkeypatch, tmp_path) -> None:
    """What the guide makes unhealthy the keeper closes, through the Liquidator of the book."""
    names = follow("keeper.md", desk, capsys, printed=0)
    monkeypatch.setattr("plimsoll.keeper.assembly.book_path", lambda _: desk.book_path)
    for name, spoke in (("pUSDC/weth", names["vault"]), ("pbUSDC/blue", names["basket"])):
        assert spoke.health(names["borrower"]) < WAD
        database = tmp_path / f"{spoke.address}.sqlite"
        settings = Settings(vault=name, coin_price=1_500, liquidator="book", database=database)
        made = assemble(settings, networks.provider, names["keeper"])
        work(made.keeper)
        made.index.close()
        assert spoke.health(names["borrower"]) >= WAD
    amounts, _ = names["basket"].position_of(names["borrower"])
    assert amounts[0] < 5 * WAD and amounts[1] == 2 * 10**7


def test_backstop(desk, capsys) -> None:
    names = follow("backstop.md", desk, capsys, printed=5)
    assert names["pool"].balanceOf(names["me"]) == 80_000 * 10**9 + names["pool_shares"]


def test_reading(capsys) -> None:
    """The worked example needs the twin alone."""
    names = play("reading.md", {}, capsys, printed=11)
    assert names["lenders"] > 0
