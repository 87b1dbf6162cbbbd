"""Markets seen from a basket: the same to the wei on the twin and on every engine, and in sentences."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plimsoll import Amount, BasketMarket, Market, MarketError, Refused, decode
from plimsoll.chain.lens import Lens
from tests.market.test_same_everywhere import assert_same_sessions

LEGS = {
    "weth": 2_000,
    "wbtc": {"price": 60_000, "decimals": 8, "ltv": "0.75", "threshold": "0.8"},
    "link": {"price": 15, "ceiling": 4},
}
Everywhere = Callable[..., list[BasketMarket]]


@pytest.fixture
def market() -> BasketMarket:
    return BasketMarket.local(legs=LEGS)


def played(m: BasketMarket) -> Iterator[Any]:
    """A session in which everything happens, and what it answers."""
    yield m.legs, {leg: m.prices[leg] for leg in m.legs}
    yield m.stake("staker", 20_000)
    m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    m.borrower("carol", {"weth": "7.25", "link": 400})
    m.borrower("dave", {"wbtc": 1}, 40_000)
    m.borrower("erin", {"link": 200}, 0)
    m.advance(days=17, seconds=5)
    yield m.position("alice"), m.books(), m.positions()
    yield m.borrow("alice", 321.5), m.repay("alice", "1000.25"), m.repay("dave", 100, by="a friend")
    m.top_up("carol", {"weth": 0.125, "wbtc": "0.01"})
    m.top_up("carol", {"link": 10}, by="a friend")
    yield m.withdraw("erin", "link", "20.25"), m.withdraw("carol", "weth"), m.borrow("carol")
    yield m.withdraw("alice", "wbtc", "0.001"), m.wallet("alice")
    yield m.what_if({"weth": 1_500}), m.what_if({"weth": 700, "wbtc": 20_000, "link": 5})
    m.prices["wbtc"] = 52_000
    m.prices["link"] = 9
    yield m.preview_liquidation("alice"), m.preview_liquidation("dave", without=["link"])
    m.prices["weth"] = 1_650
    yield m.preview_liquidation("alice", 500), m.preview_liquidation("alice", prices={"wbtc": 30_000})
    with m.undone():
        yield m.liquidate_all(by="bob"), m.wallet("bob"), m.positions()
    yield m.liquidate("alice", 1_234, by="bob"), m.liquidate("alice", by="bob", without=["wbtc"])
    yield m.preview_liquidation("alice"), m.wallet("bob")
    yield m.flash_liquidate("carol", by="bob"), m.wallet("bob")
    m.prices["wbtc"] = 20_000
    yield [m.poke(who) for who in ("alice", "carol", "dave")]
    yield m.books(), m.liquidate("dave", 5_000, by="bob"), m.liquidate_all(by="bob")
    m.prices["wbtc"] = 60_000
    yield m.close("erin"), m.position("erin"), m.wallet("erin")
    m.advance(days=8)  # the feeds say their prices again
    m.council.set_limit(9_000_000)
    yield m.books(), m.positions(), m.events(), m.events("Liquidation"), m.events("Deposit")


def test_a_session(baskets_everywhere: Everywhere) -> None:
    assert_same_sessions(baskets_everywhere(legs=LEGS, depth=5_000_000), played)


def test_what_the_twin_reads_is_what_the_lens_reads(baskets_everywhere: Everywhere) -> None:
    """Every field of the structs, but for the addresses of tokens, oracles and contracts."""
    read = []
    for m in baskets_everywhere(legs=LEGS):
        m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
        m.borrower("idle", {"link": 100}, 0)
        m.advance(days=40)
        at = [_read(m)]
        m.prices["weth"] = 900
        at.append(_read(m))
        m.poke("alice")
        at.append(_read(m))
        read.append(at)
    assert isinstance(m.desk.ground.lens, Lens)
    for other in read[1:]:
        assert other == read[0]


def _read(m: BasketMarket) -> tuple[Any, ...]:
    lens, basket = m.desk.ground.lens, m.desk.contract.address
    owners = [m.desk.address_of(who) for who in ("alice", "idle", "nobody")]
    summary = lens.basket_summary(basket)
    legs = tuple(leg._replace(token="", oracle="") for leg in summary.legs)
    line = summary.line._replace(vault="")
    return (
        lens.basket_positions(basket, owners),
        summary._replace(pool="", loan_asset="", line=line, legs=legs),
    )


REFUSED: list[tuple[str, Callable[[BasketMarket], Any]]] = [
    ("vault: above the loan-to-value", lambda m: m.borrow("alice", 5_000)),
    ("vault: above the loan-to-value", lambda m: m.withdraw("alice", "weth", 9)),
    ("vault: below the minimum debt", lambda m: m.open("new", {"weth": 5}, 100)),
    ("vault: not enough collateral", lambda m: m.withdraw("alice", "weth", 11)),
    ("vault: healthy", lambda m: m.liquidate("alice")),
    ("basket: too little of a new leg", lambda m: m.top_up("alice", {"link": 1})),
    ("pool: over the credit limit", lambda m: m.open("whale", {"weth": 10_000}, 600_000)),
]


def test_refusals(baskets_everywhere: Everywhere) -> None:
    """The same reasons, and nothing has changed after them."""
    for m in baskets_everywhere(legs=LEGS, limit=500_000):
        m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
        for reason, attempt in REFUSED:
            with m.undone(), pytest.raises(Refused) as refusal:
                attempt(m)
            assert refusal.value.reason == reason, m
            assert "SPECIFICATION" not in refusal.value.hint


def test_a_close_takes_the_same_part_of_every_leg(market: BasketMarket) -> None:
    m = market
    alice = m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    before = alice.position.collateral
    m.prices["wbtc"] = 45_000
    close = m.liquidate(alice, by="bob")
    parts = [close.seized[leg] / before[leg] for leg in ("weth", "wbtc")]
    assert abs(parts[0] - parts[1]) < Decimal("1e-7") and parts[0] > 0
    assert close.health_before < 1 < close.health_after
    assert repr(close.seized).endswith("WBTC")
    assert list(close.prices) == ["weth", "wbtc"]


def test_a_leg_that_nobody_wants_is_left_out(market: BasketMarket) -> None:
    m = market
    m.borrower("alice", {"weth": 10, "link": 1_000}, 25_000)
    m.prices["weth"] = 1_500
    close = m.liquidate("alice", by="bob", without=["link"])
    assert list(close.seized) == ["weth"]
    assert m.wallet("bob").collateral == close.seized
    assert m.position("alice").collateral["link"] == 1_000


def test_a_flash_liquidation_sells_leg_by_leg() -> None:
    m = BasketMarket.local(legs=LEGS, depth=5_000_000)
    m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    m.prices["wbtc"] = 45_000
    with pytest.raises(Refused, match="profit too small"):
        m.flash_liquidate("alice", by="bob", min_profit=10_000)
    done = m.flash_liquidate("alice", by="bob")
    assert done.profit and m.wallet("bob").loan == done.profit > 0
    assert m.wallet("bob").collateral == {}
    with pytest.raises(MarketError, match="There is no exchange here"):
        BasketMarket.local("twin").flash_liquidate("alice")


def test_a_silent_leg(market: BasketMarket) -> None:
    """A feed that is not heard of for more than a week: the loan stands, nothing more is lent."""
    m = market
    m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    ground: Any = m.desk.ground
    ground._engine.advance(8 * 86_400)
    m.prices["weth"] = 2_000
    assert m.prices["wbtc"] is None
    it = m.position("alice")
    assert (it.silent, it.value, it.fall) == (("wbtc",), 20_000, 1)
    assert it.power == 16_000
    assert not it.is_liquidatable
    assert "wbtc: None" in repr(m)


def test_events_are_decoded_by_leg(market: BasketMarket) -> None:
    m = market
    m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    deposits = m.events("Deposit")
    assert deposits[deposits.contract.str.startswith("basket")].leg.tolist() == ["weth", "wbtc"]
    m.prices["wbtc"] = 40_000
    m.liquidate("alice", by="bob")
    (row,) = m.events("Liquidation").to_dict("records")
    assert row["contract"] == "basket weth-wbtc-link"
    assert list(row["seized"]) == ["weth", "wbtc"] and row["liquidator"] == "bob"
    assert "price" not in row
    engine: Any = m.desk.ground
    found = [each for each in decode(list(engine._engine.logs())) if each.name.startswith("Liquidation")]
    assert [each.name for each in found] == ["Liquidation", "LiquidationCall"]
    assert len(found[0].seized) == len(found[0].prices) == 8
    assert found[0].repaid == int(row["repaid"] * 10**6) and found[0].loss == 0


def test_a_vaults_market_has_no_columns_of_baskets() -> None:
    m = Market.local("twin")
    m.borrower("alice")
    assert not {"leg", "prices"} & {*m.events("Deposit"), *m.events("Liquidation")}


WRONG: list[tuple[str, Callable[[BasketMarket], Any]]] = [
    ("There is no leg 'doge'; choose one of weth, wbtc, link.", lambda m: m.withdraw("alice", "doge")),
    ("There is no leg 'doge'", lambda m: m.open("new", {"doge": 1}, 1)),
    ("There is no leg 'doge'", lambda m: m.prices["doge"]),
    ("There is no leg 'doge'", lambda m: m.what_if({"doge": 1})),
    ("10 is of no leg; name legs, such as {'weth': 10}.", lambda m: m.open("new", 10, 15_000)),  # type: ignore[arg-type]
    ("Name legs in a list, such as ['link'].", lambda m: m.liquidate("alice", without="link")),
    ("nobody here: no position here; open one first.", lambda m: m.repay("nobody here")),
    ("the price of weth is 0; give one above.", lambda m: m.prices.__setitem__("weth", 0)),
    ("There is no basket 'red'; choose one of weth-wbtc-link.", lambda m: m.basket("red")),
    ("There is no vault 'weth'; this pool has none.", lambda m: m.at("weth")),
]


@pytest.mark.parametrize(
    ("sentence", "attempt"), WRONG, ids=lambda it: it[:30] if isinstance(it, str) else ""
)
def test_what_is_wrong_is_a_sentence(
    market: BasketMarket, sentence: str, attempt: Callable[[BasketMarket], Any]
) -> None:
    market.borrower("alice", {"weth": 10}, 10_000)
    with pytest.raises(MarketError) as error:
        attempt(market)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("legs", "sentence"),
    [
        ({"weth": 2_000}, "A basket has 2 to 8 legs, not 1."),
        ({"a": 1, "b": {"price": 1, "colour": 3}}, "The leg b has no 'colour'; it takes ceiling, decimals"),
        ({"a": 1, "b": {}}, "The leg b needs a price; add one."),
        (
            {"a": 1, "b": {"price": 1, "ltv": 0.9}},
            "The leg b: ltv 0.9 must be below threshold 0.83; lower ltv.",
        ),
        ({"a": 1, "b": {"price": 1, "ceiling": 3}}, "the ceiling of b is 3 prices; give at least 4."),
        ({"a": 1, "b": 0}, "the price of b is 0; give one above."),
    ],
)
def test_legs_that_are_wrong(legs: Any, sentence: str) -> None:
    with pytest.raises(MarketError) as error:
        BasketMarket.local("twin", legs=legs)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("engine", ["twin", "revm"])
def test_the_market_of_a_file(engine: str) -> None:
    m = BasketMarket.from_file("local-basket-usdc.yaml", engine)
    assert (m.legs, m.baskets, m.vaults) == (("weth", "wbtc"), ("blue",), ())
    legs = m.desk.ground.lens.basket_summary(m.desk.contract.address).legs
    assert [leg.ceiling for leg in legs] == [20_000 * 10**24, 300_000 * 10**34]
    assert [leg.threshold for leg in legs] == [83 * 10**16, 8 * 10**17]
    assert m.books().limit == 10_000_000
    m.borrower("alice", {"weth": 1, "wbtc": "0.1"}, 3_000)
    assert m.basket("blue").positions().owner.tolist() == ["alice"]
    with pytest.raises(MarketError, match="has no vault"):
        Market.from_file("local-basket-usdc.yaml", engine)
    with pytest.raises(MarketError, match="has no basket; a vault with `legs` is one"):
        BasketMarket.from_file("local-weth-usdc.yaml", engine)


MIXED = """\
pool: {asset: {mock: {symbol: USDC, decimals: 6}}, name: Plimsoll USDC, symbol: pUSDC}
vaults:
  link:
    collateral: {mock: {symbol: LINK, decimals: 18}}
    oracle: {mock: {collateral: 15}}
    risk: volatile
    limit: 1_000_000
  blue:
    risk: blue-chip
    limit: 2_000_000
    legs:
      weth: {collateral: {mock: {symbol: WETH, decimals: 18}}, oracle: {mock: {collateral: 2_000}}}
      wbtc:
        collateral: {mock: {symbol: WBTC, decimals: 8}}
        oracle: {mock: {collateral: 60_000}}
        ceiling_price: 300_000
  wbtc:
    collateral: {mock: {symbol: WBTC, decimals: 8}}
    oracle: {mock: {collateral: 60_000}}
    risk: blue-chip
    limit: 3_000_000
"""


@pytest.mark.parametrize("engine", ["twin", "revm"])
def test_vaults_and_baskets_of_one_pool(engine: str, tmp_path: Path) -> None:
    """Each event in the tokens of its own contract, from wherever one looks."""
    file = tmp_path / "mixed.yaml"
    file.write_text(MIXED)
    m = Market.from_file(file, engine)
    b = m.basket("blue")
    assert (m.vaults, m.baskets, b.legs) == (("link", "wbtc"), ("blue",), ("weth", "wbtc"))
    m.borrower("alice", 1_000, 8_000)
    m.at("wbtc").borrower("carol", 1, 40_000)
    b.borrower("dave", {"weth": 5, "wbtc": "0.25"}, 19_000)
    m.price = 10
    m.at("wbtc").price = 45_000
    b.prices["wbtc"] = 45_000
    m.liquidate("alice")
    b.liquidate("dave")
    m.at("wbtc").liquidate("carol")
    for view in (m, m.at("wbtc"), b):
        deposits = view.events("Deposit").query("contract != 'pool'")
        assert deposits.amount.tolist() == [1_000, 1, 5, 0.25]
        closes = view.events("Liquidation")
        assert closes.contract.tolist() == ["vault link", "basket blue", "vault wbtc"]
        assert closes.price.dropna().tolist() == [10, 45_000]
        told = [row.arguments for row in view.events().query("event == 'Liquidation'").itertuples()]
        assert [repr(each["seized"]).split()[-1] for each in told] == ["LINK", "WBTC", "WBTC"]
    assert b.books().limit == 2_000_000 and m.books().limit == 1_000_000
    assert b.at("link").position("alice") == m.position("alice")
    b.council.set_limit(1_500_000)
    assert b.books().limit == 1_500_000


def test_is_shown(market: BasketMarket) -> None:
    m = market
    alice = m.borrower("alice", {"weth": 10, "wbtc": "0.5"}, 36_000)
    assert repr(m).startswith("Market pUSDC/weth-wbtc-link on pyrevm")
    assert repr(alice) == "alice: 10 WETH, 0.5 WBTC locked, owes 36,000 USDC, health 1.128"
    assert "0.5 WBTC" in alice.position._repr_html_()
    assert "alice" in m._repr_html_()
    assert m.wallet("nobody").collateral == {}
    assert isinstance(alice.position.collateral["weth"], Amount)
    assert repr(m.prices) == "weth: 2,000 USDC, wbtc: 60,000 USDC, link: 15 USDC"
    assert len(m.prices) == 3
