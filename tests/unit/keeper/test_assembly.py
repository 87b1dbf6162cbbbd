"""From settings to a keeper: the address book is read when something is named by it, and only then."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ape import networks
from ape.api import AccountAPI

from plimsoll.deploy import DeployError
from plimsoll.keeper.assembly import Assembled, KeeperError, assemble
from plimsoll.keeper.execution import BasketInventory
from plimsoll.keeper.settings import Settings
from plimsoll.places import MARKETS
from plimsoll.testing.market import Market, build_basket_market, build_market
from tests.utils.markets import Desk

STALE = """{"network": "ethereum:local", "chain_id": 31337, "compiler": "vyper 0.4.3",
"vaults": {"pOLD/weth": {"address": "0x%040x", "pool": "", "collateral": "", "oracle": "", "risk": {}}}}"""


@pytest.fixture(scope="module")
def market(builder, lender, liquidator) -> Market:
    """A market with a keeper who has funds."""
    return build_market(builder, [lender, liquidator])


@pytest.fixture
def hire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, liquidator: AccountAPI) -> Callable[..., Assembled]:
    """Assembles a keeper where the address book is of a chain that is gone."""
    book = tmp_path / "local.json"
    book.write_text(STALE % 0xDEAD)
    monkeypatch.setattr("plimsoll.keeper.assembly.book_path", lambda _: book)

    def start(**given: str) -> Assembled:
        settings = Settings(coin_price=2_000, database=tmp_path / "index.sqlite", **given)
        made = assemble(settings, networks.provider, liquidator)
        made.index.close()
        return made

    return start


def test_an_address_needs_no_book(market, hire):
    assert hire(vault=market.vault.address.lower()).keeper.status.doing == "starting"


@pytest.mark.parametrize("named", [{}, {"vault": "pOLD/weth"}])
def test_a_name_does(hire, named):
    with pytest.raises(DeployError, match="1 of them have no code on this chain"):
        hire(**named)


@pytest.mark.parametrize("named", [{}, {"vault": "pbUSDC/blue"}])
def test_a_basket_of_the_book_is_kept_like_a_vault(hire, monkeypatch, tmp_path, deployer, liquidator, named):
    desk = Desk(tmp_path, deployer)
    desk.deploy((MARKETS / "local-basket-usdc.yaml").read_text())
    desk.book().contracts().tokens["USDC"].mint(liquidator, 10**12, sender=deployer)
    monkeypatch.setattr("plimsoll.keeper.assembly.book_path", lambda _: desk.book_path)
    assert hire(**named).keeper.status.doing == "starting"


def test_so_does_its_liquidator(market, hire):
    with pytest.raises(DeployError, match="1 of them have no code on this chain"):
        hire(vault=market.vault.address, liquidator="book")


def test_a_node_of_another_chain_is_refused(market, hire, monkeypatch):
    """Also without a book: what is signed would be for the chain that ape knows."""
    monkeypatch.setattr(type(networks.provider), "make_request", lambda *_: "0x1")
    with pytest.raises(DeployError, match="its node is on chain 1; connect with --network"):
        hire(vault=market.vault.address)


def test_a_basket_needs_nothing_else(builder, lender, liquidator, hire):
    """Its address tells; the file keeps as many amounts as it has legs, and is no vault's."""
    basket = build_basket_market(builder, [lender, liquidator]).basket
    made = hire(vault=basket.address)
    assert isinstance(made.keeper._execution, BasketInventory)
    assert made.keeper._execution.taker == liquidator.address
    assert made.index._nothing == (0, 0, 0)
    with pytest.raises(KeeperError, match="not sold on one pair"):
        hire(vault=basket.address, pair=basket.address)
