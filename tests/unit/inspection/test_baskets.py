"""`plimsoll inspect` on a basket."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from ape import accounts, networks
from ape.api import AccountAPI
from rich.console import Console

from plimsoll.inspection.read import FALLS, Basket, InspectError, read
from plimsoll.inspection.show import to_json, to_rows, to_tables
from plimsoll.places import MARKETS
from plimsoll.units import MAX, WAD
from tests.utils.markets import Desk
from tests.utils.on_ape import send

BASKET = (MARKETS / "local-basket-usdc.yaml").read_text()
HELD = {4: (10, 0), 5: (10, 1), 6: (0, 2), 7: (5, 0)}  # whole tokens, by test account
DEBTS = {4: 15_500, 5: 41_000, 6: 60_000}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Path:
    """The address book of a basket with three loans and one position without a debt."""
    desk = Desk(tmp_path_factory.mktemp("basket"), deployer)
    desk.deploy(BASKET)
    contracts = desk.book().contracts()
    pool, basket = contracts.pools["pbUSDC"], contracts.baskets["pbUSDC/blue"]
    usdc, legs = contracts.tokens["USDC"], (contracts.tokens["WETH"], contracts.tokens["WBTC"])
    send(usdc.mint, deployer, 10**12, sender=deployer)
    send(usdc.approve, pool, MAX, sender=deployer)
    send(pool.deposit, 10**12, deployer, sender=deployer)
    for number, amounts in HELD.items():
        owner = accounts.test_accounts[number]
        for leg, (token, decimals, amount) in enumerate(zip(legs, (18, 8), amounts, strict=True)):
            if amount:
                send(token.mint, owner, amount * 10**decimals, sender=owner)
                send(token.approve, basket, MAX, sender=owner)
                send(basket.deposit, leg, amount * 10**decimals, sender=owner)
        if number in DEBTS:
            send(basket.borrow, DEBTS[number] * 10**6, sender=owner)
    return desk.book_path


@pytest.fixture
def desk(tmp_path: Path, deployer: AccountAPI, book: Path) -> Desk:
    """Where that basket is deployed."""
    return Desk(tmp_path, deployer).with_book(book)


def set_quote(desk: Desk, leg: str, quote: int) -> None:
    feed = desk.book().contracts().feeds[f"pbUSDC/blue/{leg}/collateral"]
    send(feed.set_answer, quote * 10**8, sender=desk.account)


def look(desk: Desk, name: str | None = None) -> Basket:
    (pool,) = read(desk.book(), networks.provider, name).pools
    (basket,) = pool.baskets
    return basket


def printed(desk: Desk) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(to_tables(read(desk.book(), networks.provider), 30), highlight=False)
    return capture.get()


def test_finds_who_has_a_position_the_least_healthy_first(desk: Desk) -> None:
    found = look(desk)
    assert [each.owner for each in found.positions] == [
        accounts.test_accounts[number].address.lower() for number in (4, 5, 6, 7)
    ]
    assert [each.amounts[:2] for each in found.positions] == [
        (10 * 10**18, 0), (10 * 10**18, 10**8), (0, 2 * 10**8), (5 * 10**18, 0),
    ]  # fmt: skip
    assert list(found.legs) == ["weth", "wbtc"]
    assert [token.symbol for token in found.legs.values()] == ["WETH", "WBTC"]
    assert found.candidates == {}


def test_a_common_fall(desk: Desk) -> None:
    """What it makes liquidatable is what is liquidatable once it has come."""
    forecast = look(desk).stress
    assert [each.fall for each in forecast] == list(FALLS)
    assert forecast[0].debt == forecast[0].shortfall == 0
    for each in forecast:
        for leg, quote in (("weth", 2_000), ("wbtc", 60_000)):
            set_quote(desk, leg, quote * (100 - each.fall) // 100)
        found = look(desk)
        closable = [position for position in found.positions if position.is_liquidatable]
        assert list(found.candidates) == [position.owner for position in closable]
        assert abs(each.debt - sum(position.debt for position in closable)) <= 2_000  # interest meanwhile
        assert abs(each.shortfall - sum(position.shortfall for position in closable)) <= 2_000
    assert forecast[-1].shortfall > 0


def test_is_shown_with_its_legs_and_what_a_close_takes(desk: Desk) -> None:
    set_quote(desk, "weth", 1_600)
    text = printed(desk)
    assert "Basket pbUSDC/blue" in text
    assert "if all prices fall" in text
    lines = text.splitlines()
    legs = {line.split()[0]: line.split()[1:] for line in lines if line.split()[:1] in (["weth"], ["wbtc"])}
    assert legs["weth"] == ["1,600.00", "1,600.00", "20,000.00", "80.00", "%", "83.00", "%"]
    assert legs["wbtc"] == ["60,000.00", "60,000.00", "300,000.00", "75.00", "%", "80.00", "%"]
    worst = look(desk).positions[0]
    (row,) = (line.split() for line in lines if worst.owner[2:6].upper() in line.upper())
    assert row[1:4] == ["0.856", "15,500.00", "16,000.00"]
    assert "-" in row  # it holds no WBTC, and has no fall left


def test_a_silent_leg_is_shown(desk: Desk) -> None:
    networks.provider.set_timestamp(networks.provider.get_block("latest").timestamp + 8 * 86_400)
    set_quote(desk, "weth", 2_000)
    loan = desk.book().contracts().feeds["pbUSDC/blue/weth/loan"]
    send(loan.set_answer, 10**8, sender=desk.account)
    found = look(desk)
    assert [leg.price > 0 for leg in found.summary.legs] == [True, False]
    assert [each.silent for each in found.positions if each.debt] == [0, 2, 2]
    text = printed(desk)
    assert "silent" in text and "at most" in text


def test_json_has_it_by_name(desk: Desk) -> None:
    plain = json.loads(json.dumps(to_json(read(desk.book(), networks.provider))))
    basket = plain["pools"]["pbUSDC"]["baskets"]["pbUSDC/blue"]
    assert plain["pools"]["pbUSDC"]["vaults"] == {}
    assert basket["legs"]["wbtc"]["decimals"] == "8"
    assert basket["summary"]["legs"][0]["threshold"] == str(83 * WAD // 100)
    assert basket["positions"][0]["amounts"][0] == str(10**19)


def test_one_basket_by_its_name(desk: Desk) -> None:
    assert look(desk, "pbUSDC/blue").name == "pbUSDC/blue"
    with pytest.raises(InspectError, match="choose one of pbUSDC, pbUSDC/blue"):
        look(desk, "pbUSDC/red")


def test_a_baskets_positions_are_rows_a_leg(desk: Desk) -> None:
    rows = list(to_rows(read(desk.book(), networks.provider, None)))
    owners = {accounts.test_accounts[number].address.lower(): number for number in HELD}
    held: dict[int, dict[int, Decimal]] = {}
    for owner, vault, collateral, debt, leg, behaviour in rows:
        assert (vault, behaviour) == ("pbUSDC/blue", "")
        number = owners[owner]
        assert bool(debt) == (number in DEBTS and number not in held)  # once
        held.setdefault(number, {})[leg] = Decimal(collateral)
        if debt:
            assert DEBTS[number] <= Decimal(debt) < DEBTS[number] + 1
    assert held == {number: {leg: it for leg, it in enumerate(legs) if it} for number, legs in HELD.items()}
