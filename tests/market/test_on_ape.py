"""The same object on the network that ape is connected to."""

from datetime import timedelta
from typing import Any

import pytest
from ape import accounts, chain, networks, project
from ape.api import AccountAPI
from rich.console import Console

import plimsoll
from plimsoll import BasketMarket, Market, MarketError, Refused
from plimsoll.places import MARKETS
from tests.utils.markets import MARKET, Desk
from tests.utils.on_ape import *  # noqa: F403


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Desk:
    """A market with Uniswap, deployed from a file."""
    desk = Desk(tmp_path_factory.mktemp("market"), deployer)
    desk.deploy("uniswap: local\n" + MARKET)
    return desk


@pytest.fixture
def market(desk: Desk) -> Market:
    return Market.connect(networks.provider, desk.book())


def test_a_loan_and_a_liquidation_by_names(market: Market) -> None:
    market.supply("lena", 100_000)
    alice = market.borrower("alice", collateral=10, debt=15_000)
    assert market.price == 2_000
    market.price = 1_750
    (row,) = market.positions().to_dict("records")
    assert (row["owner"], row["collateral"], row["is_liquidatable"]) == ("alice", 10.0, True)
    assert row["debt"] == pytest.approx(15_000)
    expected = market.preview_liquidation(alice)
    done = market.liquidate(alice, by="bob")
    assert expected and float(done.paid) == pytest.approx(float(expected.paid), rel=1e-6)
    assert done.health_after >= 1.05 - 1e-9
    assert market.wallet("bob").collateral == done.seized > 0
    assert market.wallet("alice").loan == 15_000
    closes = market.events("Liquidation")
    assert closes["owner"].tolist() == ["alice"] and closes["liquidator"].tolist() == ["bob"]
    assert closes["seized"].tolist() == [float(done.seized)]
    assert market.repay("alice").raw > 0 and not alice.position.debt


def test_accounts_of_ape_act_as_well(market: Market, lender: AccountAPI) -> None:
    market.supply(lender, 5_000)
    assert market.wallet(lender).supplied == pytest.approx(5_000)
    assert market.wallet(lender.address) == market.wallet("TEST::2") == market.wallet(lender)
    assert accounts.test_accounts[2].address == lender.address
    assert market.council.curator.startswith("0x")
    market.council.queue_guardian("gina")
    with pytest.raises(Refused, match="council: too early"):
        market.council.execute()
    market.advance(days=3)
    market.council.execute()
    market.council.pause()
    with pytest.raises(Refused, match="pool: paused"):
        market.supply(lender, 5_000)


def test_time_price_and_undo(market: Market) -> None:
    before, block = market.now, chain.blocks.height
    with market.undone():
        market.advance(days=6)
        market.price = 1_234
        assert market.now - before >= timedelta(days=6)
        assert market.price == 1_234
        market.advance(days=6)  # the feeds answer again, so that the price is not stale
        assert market.price == 1_234
    assert market.price == 2_000
    assert chain.blocks.height == block


def test_a_stake_and_a_close_of_all(market: Market) -> None:
    market.stake("staker", 2_000)
    market.supply("lena", 100_000)
    for name in ("alice", "carol"):
        market.borrower(name, collateral=10, debt=15_000)
    market.price = 1_000
    assert market.poke("alice") > 0 and market.books().provisions > 0
    assert [each.owner for each in market.liquidate_all(by="bob")] == ["alice", "carol"]
    assert market.books().losses > 0 and market.events("Loss")["backstop"].sum() > 0
    with pytest.raises(Refused, match="swap: no pair"):
        market.borrower("dave", collateral=10, debt=7_500)
        market.price = 800
        market.flash_liquidate("dave")


@pytest.fixture(scope="module")
def basket_desk(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("basket"), deployer)
    desk.deploy((MARKETS / "local-basket-usdc.yaml").read_text())
    return desk


@pytest.fixture
def in_basket(basket_desk: Desk) -> BasketMarket:
    return BasketMarket.connect(networks.provider, basket_desk.book())


def test_a_basket_by_names(in_basket: BasketMarket) -> None:
    m = in_basket
    m.supply("lena", 500_000)
    alice = m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    carol = m.borrower("carol", {"weth": 1, "wbtc": "0.1"})
    assert carol.position.debt == pytest.approx(6_100, rel=2e-3)  # as much as goes
    assert m.withdraw(alice, "wbtc") > 0 and m.repay("alice", 2_000) == 2_000
    m.prices["wbtc"] = 40_000
    m.prices["weth"] = 1_900
    (row,) = m.positions().query("owner == 'alice'").to_dict("records")
    assert (row["weth"], row["is_liquidatable"]) == (10.0, True)
    expected = m.preview_liquidation(alice, without=["wbtc"])
    done = m.liquidate(alice, by="bob", without=["wbtc"])
    assert expected and float(done.paid) == pytest.approx(float(expected.paid), rel=1e-6)
    assert list(done.seized) == ["weth"] and m.wallet("bob").collateral == done.seized
    assert "carol" in [each.owner for each in m.liquidate_all(by="bob")]
    closes = m.events("Liquidation")
    assert set(closes["liquidator"]) == {"bob"} and set(closes["contract"]) == {"basket blue"}
    m.advance(days=1)
    assert m.prices["weth"] == 1_900
    assert m.close(alice).withdrawn["wbtc"] > 0 and not alice.position.debt


def test_the_console_of_a_basket(
    in_basket: BasketMarket, basket_desk: Desk, borrower: AccountAPI, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from tests.unit.deploy.test_script import load

    monkeypatch.setattr("plimsoll.deploy.book_path", lambda provider: basket_desk.book_path)
    console = load("ape_console_extras").ape_init_extras(networks=networks, project=project)
    in_basket.supply("lena", 100_000)
    in_basket.borrower(borrower, {"weth": 10}, 15_000)
    console["show"](borrower)
    assert "10 WETH" in capsys.readouterr().out
    assert console["baskets"]["pbUSDC/blue"].position_of(borrower)[0][0] == 10**19


def test_what_the_book_has_not(in_basket: BasketMarket, desk: Desk) -> None:
    with pytest.raises(MarketError, match=r"has no basket at all \(there are: none\); deploy one"):
        BasketMarket.connect(networks.provider, desk.book())
    with pytest.raises(MarketError, match="There is no vault 'weth'; this pool has none"):
        in_basket.at("weth")


def test_the_console_shows_and_decodes(
    market: Market, desk: Desk, lender: AccountAPI, borrower: AccountAPI, liquidator: AccountAPI,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from tests.unit.deploy.test_script import load

    monkeypatch.setattr("plimsoll.deploy.book_path", lambda provider: desk.book_path)
    console = load("ape_console_extras").ape_init_extras(networks=networks, project=project)
    market.supply(lender, 100_000)
    market.borrower(borrower, collateral=10, debt=15_000)
    console["show"](borrower)
    console["show"](console["vaults"]["pUSDC/weth"].positions(borrower))
    shown = capsys.readouterr().out
    assert shown.count("10.00 WETH") == shown.count("15,000.00 USDC") == 2
    console["market"].price = 1_750
    market.desk.provide(
        market.desk.parts.loan, liquidator.address, market.desk.spoke.vault, 10**11
    )  # fmt: skip
    receipt = console["vaults"]["pUSDC/weth"].liquidate(borrower, 10**9, sender=liquidator)
    (close,) = console["liquidations"](receipt).to_dict("records")
    assert close["repaid"] == 1_000 and close["loss"] == 0
    decoded = [each for each in plimsoll.decode(receipt) if each.name != "Transfer"]
    assert [each.name for each in decoded] == ["Liquidation", "LiquidationCall"]
    assert decoded[0].repaid == 10**9 and decoded[0].owner == borrower.address.lower()


@pytest.mark.parametrize("vault", ["pUSDC/wteh", "pDAI/weth"])
def test_a_wrong_vault(desk: Desk, vault: str) -> None:
    with pytest.raises(MarketError) as error:
        Market.connect(networks.provider, desk.book(), vault)
    assert str(error.value) == (f"{desk.book_path} has no vault {vault} (there are: pUSDC/weth); deploy one.")


def test_what_a_live_network_does_not_do(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    ground: Any = market.desk.ground
    monkeypatch.setattr(ground._ape, "is_local", False)
    monkeypatch.setattr(ground, "_mints", set())
    for attempt in (lambda: market.advance(days=1), market.snapshot):
        with pytest.raises(MarketError, match="is a live network: that goes on a local one only"):
            attempt()
    monkeypatch.setattr("plimsoll.deploy.accounts.is_local", lambda provider: False)
    with pytest.raises(MarketError, match="alice is not among ape's accounts"):
        market.supply("alice", 1)
    monkeypatch.setattr("plimsoll.market.on_ape.accounts", {})
    with pytest.raises(MarketError, match=r"ape has no account 0x1{40}; add it"):
        market.supply("0x" + "1" * 40, 1)


def test_a_price_that_nobody_sets(desk: Desk) -> None:
    book = desk.book()
    book.feeds.clear()
    with pytest.raises(MarketError, match=r"The price of weth is that of the oracle 0x\w+; nobody sets it"):
        Market.connect(networks.provider, book).price = 1_000


def test_it_is_shown(market: Market) -> None:
    market.supply("lena", 1_000)
    assert repr(market) == (
        "Market pUSDC/weth on ethereum:local (chain 31337): 1 WETH = 2,000 USDC, 0 of 1,000 USDC lent"
    )
    console = Console(width=120)
    with console.capture() as capture:
        console.print(market)
    assert "1,000.00 USDC" in capture.get()


def test_anybody_acts_on_a_local_node_by_its_address(desk: Desk) -> None:
    """Ape lets only its own accounts send there."""
    address = networks.provider.uri  # type: ignore[attr-defined]
    with networks.parse_network_choice(address) as provider:
        market = Market.connect(provider, desk.book())
        market.supply("lena", 100)
        assert market.wallet("lena").supplied == pytest.approx(100)
        with pytest.raises(Refused, match="pool: too few shares"):
            market.leave("lena", 1_000)
