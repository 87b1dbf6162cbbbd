"""The front door: what goes in, what comes out, what is refused in sentences."""

import pickle
import subprocess
import sys
from copy import copy, deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import plimsoll
from plimsoll import Amount, Market, MarketError, PoolParams, Refused
from plimsoll.deploy import DeployError
from plimsoll.market.deployment import CURATOR, DEPLOYER
from plimsoll.testing import Account, roles
from plimsoll.twin.margin import terms
from plimsoll.units import MAX

ROOT = Path(__file__).parents[2]
WHOLE = "a whole number of base units with 6 decimals; round the amount."


def test_the_example() -> None:
    """As the README has it."""
    m = plimsoll.Market.local()
    alice = m.borrower("alice", collateral=10, debt=15_000)
    m.price = 1_750
    frame = m.positions()
    assert m.liquidate(alice, by="bob").health_after == Decimal("1.05")
    (row,) = frame.to_dict("records")
    assert row == {
        "owner": "alice", "collateral": 10.0, "debt": 15_000.0, "health": pytest.approx(14_525 / 15_000),
        "liquidation_price": pytest.approx(15_000 / 8.3), "is_liquidatable": True,
    }  # fmt: skip


@pytest.mark.processes
def test_the_package_is_loaded_when_it_is_used() -> None:
    """Nobody waits for ape, pandas or the engines who does not use them."""
    code = (
        "import sys, plimsoll\n"
        "assert not {'ape', 'pandas', 'pydantic', 'pyrevm', 'rich', 'web3'} & set(sys.modules)\n"
        "assert 'Market' in dir(plimsoll)\n"
        "plimsoll.Market.local('twin')\n"
        "assert not {'ape', 'pandas', 'web3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    with pytest.raises(AttributeError, match="has no attribute 'Markte'"):
        plimsoll.Markte  # type: ignore[attr-defined]  # noqa: B018


# --------------------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("amount", [1_000, "1_000.5", 1000.1, Decimal("0.000001"), Amount(7, 6, "USDC")])
def test_amounts_go_in_as_they_are_written(market: Market, amount: Any) -> None:
    market.supply("lena", amount)
    exact = Fraction(repr(amount) if isinstance(amount, float) else str(amount).replace("_", ""))
    deposit = market.events("Deposit").query("owner == 'lena'")
    assert deposit["assets"].tolist() == [float(exact)]
    shares = market.desk.call(market.desk.parts.pool, "balanceOf", market.person("lena").address)
    assert shares == exact * 10**9


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("ten", "the supply is 'ten', which is no number; give a number such as 1.5."),
        (None, "the supply is None, which is no number; give a number such as 1.5."),
        (True, "the supply is True; give a finite number, zero or above."),
        (-1, "the supply is -1; give a finite number, zero or above."),
        (float("inf"), "the supply is inf; give a finite number, zero or above."),
        ("1e-7", f"the supply: 1E-7 tokens are not {WHOLE}"),
    ],
)
def test_amounts_that_are_none(market: Market, amount: Any, sentence: str) -> None:
    with pytest.raises(MarketError) as error:
        market.supply("lena", amount)
    assert str(error.value) == sentence
    assert not isinstance(error.value, Refused)


def test_an_amount_is_exact_and_knows_its_integer() -> None:
    amount = Amount(123_456_789_012_345_678_901_234_567_890_123_456, 18, "WETH")
    assert amount.raw == 123_456_789_012_345_678_901_234_567_890_123_456
    assert str(amount) == "123456789012345678.901234567890123456"
    assert repr(amount) == "123,456,789,012,345,678.901234567890123456 WETH"
    assert Fraction(amount) * 10**18 == amount.raw
    assert repr(Amount(1_500_000, 6, "USDC")) == "1.5 USDC" and str(Amount(10**18, 18)) == "1"
    assert repr(Amount(-5, 1)) == "-0.5"
    assert f"{Amount(15 * 10**17, 18)} or {Amount(15 * 10**17, 18):.2f}" == "1.5 or 1.50"
    assert Amount(MAX, 18) == Decimal("Infinity") and Amount(MAX, 18).raw == MAX
    for same in (copy(amount), deepcopy(amount), pickle.loads(pickle.dumps(amount))):
        assert (same, same.raw, same.decimals, same.unit) == (amount, amount.raw, 18, "WETH")


# ------------------------------------------------------------------------------------------------ strictness


@pytest.mark.parametrize(
    ("name", "near"),
    [("prce", "price"), ("position", None), ("supplly", "supply"), ("liquidate_al", "liquidate_all")],
)
def test_a_mistyped_name_is_an_error(market: Market, name: str, near: str | None) -> None:
    """`oracle.answer = ...` was once swallowed, and gave a wrong answer."""
    with pytest.raises(AttributeError) as error:
        setattr(market, name, 1)
    if near:
        assert f"Market has no {name!r}; perhaps you meant {near}" in str(error.value)
        with pytest.raises(AttributeError, match=near):
            getattr(market, name)
    for other in (market.council, market.person("alice"), market.desk):
        with pytest.raises(AttributeError):
            other.anything = 1


def test_contracts_of_the_testing_kit_are_strict(chain: Any) -> None:
    oracle = chain.make("LyingOracle", 10**36)
    with pytest.raises(AttributeError, match="price is a function of the contract; call it"):
        oracle.price = 5
    with pytest.raises(AttributeError, match=r"at 0x\w+ has no 'answer'"):
        oracle.answer = 5
    with pytest.raises(AttributeError, match=r"has no 'set_prise'; perhaps you meant set_price"):
        oracle.set_prise = 5
    with pytest.raises(AttributeError, match="perhaps you meant set_price"):
        oracle.set_prise(5)
    assert oracle.price() == 10**36


# ----------------------------------------------------------------------------------------------- people, time


def test_people_go_by_names_addresses_and_accounts(market: Market) -> None:
    alice = market.borrower("alice")
    account = Account.of("somebody")
    shouted = "0x" + alice.address[2:].upper()
    assert market.position("alice") == market.position(shouted) == alice.position
    market.borrower(account)
    assert market.position(account).owner == account
    assert repr(alice) == "alice: 10 WETH locked, owes 15,000 USDC, health 1.107"
    assert repr(market.person("bob")) == "bob: 0 WETH locked, owes nothing"
    for nobody in ("", None, 5):
        with pytest.raises(MarketError, match=r"is nobody; give a name, an address or an account\."):
            market.position(nobody)


def test_who_lacks_tokens_is_given_them(market: Market) -> None:
    market.supply("lena", 500)
    assert market.wallet("lena").loan == 0 and market.wallet("lena").supplied == 500
    market.borrower("alice")
    market.repay("alice", 10_000)
    assert market.wallet("alice").loan == 5_000  # with her own money


def test_time_is_a_date(market: Market) -> None:
    assert market.now == datetime(2026, 1, 1, tzinfo=UTC)
    market.advance(days=2, hours=3)
    market.advance(timedelta(minutes=5))
    market.advance(7)
    assert market.now == datetime(2026, 1, 3, 3, 5, 7, tzinfo=UTC)
    with pytest.raises(MarketError, match="is in the past; time only passes"):
        market.advance(-1)
    market.advance(days=400)  # a feed for play says its price again
    assert market.price == 2_000
    market.borrower("alice")
    before = market.position("alice").debt
    market.advance(days=365)
    assert market.position("alice").debt > before
    assert Market.local(start=datetime(2020, 3, 12, tzinfo=UTC)).now == datetime(2020, 3, 12, tzinfo=UTC)


def test_undo_also_of_what_fails(market: Market) -> None:
    market.borrower("alice")
    before = _state(market)
    with market.undone():
        market.price = 1_000
        market.liquidate("alice")
        market.advance(days=1)
    with pytest.raises(Refused), market.undone():
        market.supply("lena", 1_000)
        market.liquidate("alice")
    kept = market.snapshot()
    market.repay("alice")
    market.revert(kept)
    assert _state(market) == before


@pytest.mark.parametrize("engine", ["revm", "twin"])
def test_a_state_that_is_none_is_not_gone_back_to(engine: str) -> None:
    """And nothing is undone; a state is used up by going back, as are later ones."""
    market, other = Market.local(engine), Market.local(engine)
    first, later = market.snapshot(), market.snapshot()
    market.borrower("alice", collateral=10, debt=15_000)
    before = _state(market)
    for given, called in ((99, "99"), (None, "None"), (other.snapshot(), "that state")):
        with pytest.raises(MarketError) as refused:
            market.revert(given)
        assert str(refused.value) == (
            f"The market cannot go back to {called}: give what its `snapshot` has returned; going back uses "
            "a state up, with later ones."
        )
    assert _state(market) == before
    market.revert(first)
    for used in (first, later):
        with pytest.raises(MarketError, match="cannot go back to that state: "):
            market.revert(used)


def _state(m: Market) -> tuple[Any, ...]:
    return m.books(), m.positions().to_dict(), m.events().to_dict(), m.now, m.price


# --------------------------------------------------------------------------------------------------- previews


def test_previews_come_true(market: Market) -> None:
    market.borrower("alice", collateral="7.3", debt="9876.54321")
    market.advance(days=33)
    foreseen = market.preview_open("carol", "3.25", "4000.000001")
    market.open("carol", "3.25", "4000.000001")
    assert market.position("carol") == foreseen
    foreseen = market.preview_open("alice", 2, 1_234)
    market.open("alice", 2, 1_234)
    assert market.position("alice") == foreseen
    foreseen = market.preview_withdraw("alice")
    assert market.preview_withdraw("alice", 1).collateral > foreseen.collateral
    market.withdraw("alice")
    assert market.position("alice") == foreseen
    with pytest.raises(MarketError, match=r"alice: only [\d.]+ WETH locked; take no more\."):
        market.preview_withdraw("alice", 10)
    assert market.preview_liquidation("alice") is None
    foreseen = market.preview_liquidation("alice", price=1_600)
    part = market.preview_liquidation("alice", 500, price=1_600)
    market.price = 1_600
    assert market.preview_liquidation("alice") == foreseen
    with market.undone():
        assert _figures(market.liquidate("alice", 500)) == _figures(part)
    assert _figures(market.liquidate("alice")) == _figures(foreseen)


def _figures(it: Any) -> tuple[Any, ...]:
    """Of a close; healths as far as the event has them."""
    return it.paid, it.fee, it.seized, it.extinguished, it.loss, *(
        it_.raw // 10**9 for it_ in (it.health_before, it.health_after)
    )  # fmt: skip


def test_what_if_is_what_would_be(market: Market) -> None:
    market.borrower("alice", collateral=10, debt=15_000)
    market.borrower("carol", collateral=10, debt=10_000)
    market.open("idle", 1, 0)
    market.advance(days=10)
    for price in (2_000, "1650.123456789", 1_100):
        frame = market.what_if(price)
        with market.undone():
            market.price = price
            expected = market.positions()
            assert frame[expected.columns.drop("liquidation_price")].equals(
                expected.drop(columns="liquidation_price")
            )
            closes = {each.owner: each for each in market.liquidate_all(by="bob")}
        found = frame[frame["is_liquidatable"]]
        assert set(found["owner"]) == set(closes)
        for row in found.to_dict("records"):
            close = closes[row["owner"]]
            assert (row["paid"], row["seized"], row["loss"]) == tuple(
                map(float, (close.paid, close.seized, close.loss))
            )
        assert frame[~frame["is_liquidatable"]]["paid"].isna().all()
    with pytest.raises(MarketError, match=r"the price is 0; give one above"):
        market.what_if(0)


def test_a_price_that_the_oracle_would_not_believe(everywhere: Any) -> None:
    """The twin has no bounds, the oracle has."""
    for m in everywhere():
        for price in ("1e-18", "39614081257.2"):
            with pytest.raises(MarketError, match=r"give one from 2e-18 to 3\.96141e\+10"):
                m.price = price
        m.price = "39614081257.1"
        assert m.price == Decimal("39614081257.1")
        m.price = "2e-18"
        assert m.price == Decimal("2e-18")


def test_events_have_the_same_columns_before_and_after_they_happen(market: Market) -> None:
    columns = list(market.events("Liquidation").columns)
    assert len(market.events("Liquidation")) == 0 and market.events("Loss")["backstop"].sum() == 0
    market.borrower("alice")
    market.price = 1_700
    market.liquidate("alice")
    assert list(market.events("Liquidation").columns) == columns
    assert {"owner", "seized", "repaid", "loss", "health_after", "liquidator", "price"} < set(columns)
    assert market.events("Liquidation").notna().all(axis=None)
    with pytest.raises(MarketError, match=r"There is no event 'Liquidaton'; perhaps you meant Liquidation\."):
        market.events("Liquidaton")


def test_a_packed_word_is_a_position(market: Market) -> None:
    market.borrower("alice", collateral=10, debt=15_000)
    word = market.desk.call(market.desk.spoke.vault, "positions", market.person("alice").address)
    found, known = market.unpack(word), market.position("alice")
    assert (found.collateral, found.debt, found.health) == (known.collateral, known.debt, known.health)


# --------------------------------------------------------------------------------------------- other markets


def test_parameters_of_a_market() -> None:
    pool = PoolParams(name="Plimsoll DAI", symbol="pDAI", reserve_factor=Decimal("0.2"))
    market = Market.local(
        price="0.05", supply=5_000, limit=4_000, risk="volatile", pool=pool, loan=("DAI", 18),
        collateral=("SHIB", 8),
    )  # fmt: skip
    market.borrower("alice", collateral=100_000, debt=2_600)
    books = market.books()
    assert (books.assets, books.limit, books.debt) == (5_000, 4_000, 2_600)
    assert market.vaults == ("shib",) and market.desk.share.symbol == "pDAI"
    assert market.position("alice").health.raw == 100_000 * 5 * 68 * 10**14 // 2_600
    assert repr(market).startswith("Market pDAI/shib on pyrevm")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"engine": "ganache"}, "There is no engine 'ganache'; use one of twin, revm, anvil."),
        ({"risk": "blue"}, "There is no preset 'blue'; use one of blue-chip, correlated, volatile."),
        ({"price": 0}, "the price is 0; give one above."),
        ({"price": "1e-20"}, "the price is 1e-20; give one from 2e-18 to 3.96141e+10."),
        ({"start": datetime(2026, 1, 1)}, "start 2026-01-01 00:00:00 has no time zone; add tzinfo=UTC."),
        (
            {"collateral": ("BIG", 0), "price": 10**6},
            "vault: collateral unit coarse. SPECIFICATION §14 says when that happens.",
        ),
    ],
)
def test_arguments_that_are_wrong(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MarketError) as error:
        Market.local(**arguments)
    assert str(error.value) == sentence


def test_a_market_without_an_exchange(market: Market) -> None:
    market.borrower("alice")
    market.price = 1_700
    with pytest.raises(MarketError, match="There is no exchange here"):
        market.flash_liquidate("alice")
    with pytest.raises(MarketError, match=r"Say either how much to take, or the least"):
        market.leave("lender", 5, at_least=3)
    with pytest.raises(MarketError, match=r"There is no vault 'wbtc'; choose one of weth\."):
        market.at("wbtc")
    with pytest.raises(MarketError, match=r"The pool has no guardian\."):
        market.council.pause()
    assert repr(market.council) == "Council(curator='curator', guardian=None)"


TWO_VAULTS = """
  wbtc:
    collateral: {mock: {symbol: WBTC, decimals: 8}}
    oracle: {mock: {collateral: 60_000, loan: 2}}
    risk: {preset: volatile, min_debt: 5_000}
    limit: 500_000
"""


@pytest.mark.parametrize("engine", ["twin", "revm"])
def test_a_market_of_a_file(engine: str, tmp_path: Path) -> None:
    text = (ROOT / "markets" / "local-weth-usdc.yaml").read_text()
    guardian = Account.of("guardian")
    file = tmp_path / "two.yaml"
    file.write_text(text.replace("  open: true\n", f"  open: true\n  guardian: '{guardian}'\n") + TWO_VAULTS)
    market = Market.from_file(file, engine, supply=2_000_000, depth=1_000_000)
    assert market.vaults == ("weth", "wbtc")
    bitcoin = market.at("wbtc")
    assert (market.price, bitcoin.price) == (2_000, 30_000)
    market.borrower("alice", collateral=10, debt=15_000)
    bitcoin.borrower("alice", collateral=1, debt=15_000)
    assert [each.position("alice").collateral.unit for each in (market, bitcoin)] == ["WETH", "WBTC"]
    bitcoin.price = 21_000
    assert market.price == 2_000
    assert bitcoin.flash_liquidate("alice", by="bob").profit == bitcoin.wallet("bob").loan > 0
    assert (market.books().limit, bitcoin.books().limit) == (10_000_000, 500_000)
    with pytest.raises(Refused, match="pool: over the supply cap"):
        market.supply("lena", 49_000_000)
    market.advance(days=3)
    market.council.execute()
    assert market.council.guardian == guardian
    assert Market.from_file(file, engine, vault="wbtc").price == 30_000


def test_files_that_are_no_market_to_play_with(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="is still the placeholder"):
        Market.from_file(ROOT / "markets" / "example-live.yaml")
    text = (ROOT / "markets" / "local-weth-usdc.yaml").read_text()
    file = tmp_path / "real.yaml"
    file.write_text(text.replace("{mock: {symbol: WETH, decimals: 18}}", "'0x" + "1" * 40 + "'"))
    with pytest.raises(MarketError, match=r"vaults\.weth\.collateral is of a real network"):
        Market.from_file(file)
    file.write_text(text.replace("{mock: {collateral: 2_000, loan: 1}}", "'0x" + "1" * 40 + "'"))
    with pytest.raises(MarketError, match=r"vaults\.weth\.oracle is of a real network"):
        Market.from_file(file)
    file.write_text(text.split("vaults:")[0])
    with pytest.raises(MarketError, match=r"has no vault; add one"):
        Market.from_file(file)


def test_a_position_at_a_price_is_what_the_margin_module_says(market: Market) -> None:
    market.borrower("alice", collateral=10, debt=15_000)
    it = market.position("alice")
    risk = market.desk.ground.lens.vault_summary(market.desk.spoke.vault.address).risk
    expected = terms(it.collateral.raw, it.debt.raw, market.price.raw, risk)  # type: ignore[union-attr]
    assert (it.health.raw, it.liquidation_price.raw) == (expected.health, expected.liquidation_price)


def test_a_name_without_a_position_is_not_passed_over(market) -> None:
    for act in (market.repay, market.withdraw, market.close):
        with pytest.raises(MarketError, match=r"^zoe: no position here; open one first\.$"):
            act("zoe")


def test_what_is_no_time_is_said_to_be_none(market) -> None:
    for words in ({"days": "three"}, {"fortnights": 2}):
        with pytest.raises(MarketError, match="is no time; give seconds, a timedelta, or words"):
            market.advance(**words)


def test_what_cannot_be_set_says_so(market: Market) -> None:
    with pytest.raises(
        AttributeError, match=r"^`now` cannot be set: time only passes, as by `advance\(days=3\)`"
    ):
        market.now = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(AttributeError, match=r"^vaults of a Market cannot be set\.$"):
        market.vaults = ()


def test_what_is_no_time_and_no_provider() -> None:
    with pytest.raises(MarketError, match=r"^start is 'x', but must be a time such as datetime\(2026, 1"):
        Market.local(start="x")
    with pytest.raises(MarketError, match=r"^'x' is no provider of ape's; connect with "):
        Market.connect("x")


def test_a_name_is_one_account_everywhere(market: Market) -> None:
    """In a market to play with and in tests, and its key is known."""
    assert market.person("alice").address == Account.of("alice")
    assert market.desk.address_of("curator") == CURATOR == roles.CURATOR
    assert DEPLOYER == roles.DEPLOYER
