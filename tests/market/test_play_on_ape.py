"""The page at a market that is deployed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ape import networks
from ape.api import AccountAPI
from ape.exceptions import ProviderError
from click.testing import CliRunner

from plimsoll import Market, MarketError
from plimsoll.cli import cli
from plimsoll.play import acts, deployed
from plimsoll.play.session import Session
from tests.utils.markets import MARKET, Desk
from tests.utils.on_ape import *  # noqa: F403
from tests.utils.play import VAULT


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Desk:
    """A market, deployed from a file."""
    desk = Desk(tmp_path_factory.mktemp("market"), deployer)
    desk.deploy("uniswap: local\n" + MARKET)
    return desk


@pytest.fixture
def at_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Its address book is the network's."""
    monkeypatch.setattr(deployed, "book_path", lambda provider: desk.book_path)
    yield monkeypatch


def test_a_local_chain_is_played_with(at_desk: pytest.MonkeyPatch, desk: Desk) -> None:
    session = deployed.session_at(networks.provider, None)
    acts.act(session, "supply", VAULT, {"who": "lender", "amount": "100000"})
    words = {"who": "you", "collateral": {"weth": "10"}, "debt": "15000"}
    foreseen = acts.preview(session, "open", VAULT, words)
    done = acts.act(session, "open", VAULT, words)
    assert foreseen["result"] == done["result"] == "15000"
    assert done["transactions"][-1]["hash"].startswith("0x")
    seen = acts.what_if(session, {"prices": {"WETH": "1700"}})
    assert [each["owner"] for each in seen["closes"]] == ["you"]
    closed = acts.act(session, "price", VAULT, {"prices": {"WETH": "1700"}, "keepers": True})
    assert [each["owner"] for each in closed["closes"]] == ["you"] and session.closes(9) == closed["closes"]
    state = session.state()
    assert state["chain"]["network"] and not state["chain"]["is_own"]
    there = Market.connect(networks.provider, desk.book())
    assert state["pool"]["cash"] == str(there.books().cash)
    with pytest.raises(MarketError, match="not this page's own"):
        session.start_over()


def test_a_live_network_wants_an_account(at_desk: pytest.MonkeyPatch) -> None:
    at_desk.setattr(deployed, "is_local", lambda provider: False)
    session: Session = deployed.session_at(networks.provider, None)
    assert session.state()["chain"]["is_read_only"]
    with pytest.raises(MarketError, match="no account is named: the page only looks"):
        acts.act(session, "supply", VAULT, {"who": "lender", "amount": "1"})
    with pytest.raises(MarketError, match="nobody is not among ape's accounts"):
        deployed.session_at(networks.provider, "nobody")


def test_a_chain_without_a_market_is_said(at_desk: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_desk.setattr(deployed, "book_path", lambda provider: tmp_path / "none.json")
    with pytest.raises(MarketError, match="has no"):
        deployed.session_at(networks.provider, None)


def test_a_node_that_falls_silent_at_the_start_is_a_sentence(at_desk: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> Any:
        raise ProviderError("http://user:key@node/ is gone")

    at_desk.setattr(Market, "connect", silent)
    words = ["play", "--no-browser", "--port", "0", "--connect", networks.provider.uri]
    done = CliRunner().invoke(cli, words)
    assert done.output.endswith("does not answer (ProviderError); see that it runs.\n"), done.output
    assert "key" not in done.output


def test_its_alerts_are_on_the_page(at_desk: pytest.MonkeyPatch) -> None:
    session = deployed.session_at(networks.provider, None)
    acts.act(session, "supply", VAULT, {"who": "lender", "amount": "100000"})
    acts.act(session, "open", VAULT, {"who": "you", "collateral": {"weth": "10"}, "debt": "15000"})
    assert session.state()["alerts"] == []
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1750"}})
    (there,) = session.state()["alerts"]
    assert there.startswith("your position in vault weth has a health of 0.968")
