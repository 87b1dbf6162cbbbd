"""Baskets through the Lens: figures that people can check, oracles that fail, and who is no basket."""

from decimal import Decimal
from typing import cast

import pytest

from plimsoll.chain.artifacts import slots
from plimsoll.chain.engine import mapping_slot
from plimsoll.chain.lens import BASKET_PAGE, PAGE, Lens
from plimsoll.testing import Account, Contract, reverts
from plimsoll.testing.market import BasketMarket, Builder, Leg, build_basket_market
from plimsoll.testing.roles import role
from plimsoll.twin.position import pack
from plimsoll.units import MAX, NOBODY, WAD

HUNGRY = 30_000_000  # gas that an oracle burns, more than anybody gives it


@pytest.fixture
def lens(basket_market: BasketMarket) -> Lens:
    return Lens(basket_market.builder.protocol.lens())


@pytest.fixture
def loan(basket_market: BasketMarket, borrower: Account) -> BasketMarket:
    """10 at 2,000 and half of one at 60,000 under a debt of 36,000: 50,000 at thresholds of 0.83."""
    basket_market.open(borrower, [10, Decimal("0.5")], 36_000)
    return basket_market


def test_figures_that_people_can_check(lens: Lens, loan: BasketMarket, borrower: Account) -> None:
    (found,) = lens.basket_positions(loan.basket.address, [borrower])
    assert (found.owner, found.amounts) == (borrower, (10 * 10**18, 5 * 10**7, 0, 0, 0, 0, 0, 0))
    assert (found.debt, found.value, found.value_most) == (36_000 * 10**6, 50_000 * 10**6, 50_000 * 10**6)
    assert (found.weighted, found.power) == (41_500 * 10**6, 40_000 * 10**6)
    assert found.health == 41_500 * WAD // 36_000
    # to 36,000 of 41,500, and to 36,000 of 50,000
    assert found.liquidation_fall == WAD - -(-36_000 * WAD // 41_500)
    assert found.bankruptcy_fall == 28 * 10**16
    assert (found.silent, found.is_liquidatable, found.shortfall, found.provision) == (0, False, 0, 0)


def test_nobody_has_nothing(lens: Lens, loan: BasketMarket, stranger: Account) -> None:
    (found,) = lens.basket_positions(loan.basket.address, [stranger])
    assert found.amounts == (0,) * 8
    assert (found.debt, found.health, found.liquidation_fall, found.bankruptcy_fall) == (0, MAX, WAD, WAD)


def test_a_silent_leg_counts_at_its_ceiling_and_for_no_loan(
    lens: Lens, loan: BasketMarket, borrower: Account
) -> None:
    """The ceiling is ten times the price; the other leg alone is worth 20,000."""
    loan.silence(1)
    (found,) = lens.basket_positions(loan.basket.address, [borrower])
    assert found.silent == 0b10
    assert (found.value, found.value_most, found.power) == (
        20_000 * 10**6,
        320_000 * 10**6,
        16_000 * 10**6,
    )
    assert (found.is_liquidatable, found.liquidation_fall) == (False, WAD)
    assert lens.max_borrow(loan.basket.address, borrower) == 0
    assert lens.max_withdraw(loan.basket.address, borrower, 1) == 0


def test_what_may_fall_beside_a_silent_leg(
    lens: Lens, basket_market: BasketMarket, borrower: Account
) -> None:
    """17 at 2,000, and a hundredth of one that counts 6,000 at its ceiling; thresholds of 0.83."""
    basket_market.open(borrower, [17, Decimal("0.01")], 25_000)
    basket_market.silence(1)
    (found,) = lens.basket_positions(basket_market.basket.address, [borrower])
    assert (found.value, found.value_most) == (34_000 * 10**6, 40_000 * 10**6)
    assert found.liquidation_fall == WAD - -(-(25_000 - 4_980) * WAD // 28_220)
    assert found.bankruptcy_fall == WAD - -(-(25_000 - 6_000) * WAD // 34_000)


def test_a_shortfall_and_what_has_been_reported_of_it(
    lens: Lens, loan: BasketMarket, borrower: Account, stranger: Account
) -> None:
    loan.set_quote(0, 500)
    loan.set_quote(1, 40_000)
    (before,) = lens.basket_positions(loan.basket.address, [borrower])
    assert (before.value, before.provision) == (25_000 * 10**6, 0)
    assert before.liquidation_fall == before.bankruptcy_fall == 0
    assert before.shortfall == loan.basket.poke.call(borrower) > 11_000 * 10**6
    loan.basket.poke(borrower, sender=stranger)
    (after,) = lens.basket_positions(loan.basket.address, [borrower])
    assert after.provision == before.shortfall
    assert lens.basket_summary(loan.basket.address).line.provisions == before.shortfall


def test_candidates_know_what_was_left_out(lens: Lens, loan: BasketMarket, borrower: Account) -> None:
    loan.set_quote(1, 40_000)
    for without in (0, 1, 2):
        prices, found = lens.basket_liquidatable(loan.basket.address, [borrower], without)
        assert prices[:2] == loan.prices()
        expected = loan.quote(borrower, without=without)
        assert found[borrower].seized[:2] == expected.seized
        assert [seized > 0 for seized in expected.seized] == [not without & 1, not without & 2]
        assert found[borrower].paid == expected.paid


def test_a_candidate_of_unknown_value(lens: Lens, basket_market: BasketMarket, borrower: Account) -> None:
    """At 10 times its price the silent leg is not enough to be healthy, and might cover the debt."""
    market = basket_market
    market.open(borrower, [1, 1], 48_000)
    market.silence(0)
    market.set_quote(1, 30_000)
    prices, found = lens.basket_liquidatable(market.basket.address, [borrower])
    assert prices[:2] == (0, 30_000 * 10**34)
    assert found[borrower].liquidatable
    assert (found[borrower].known, found[borrower].shares) == (False, 0)


def test_a_leg_that_bears_nearly_nothing_is_not_enough(builder: Builder, lender: Account) -> None:
    """What it would have to be worth does not fit a word at a price: none of it can go."""
    loan, solid, air = builder.token(18), builder.token(18), builder.token(18)
    oracles = [builder.oracle(2_000 * 10**36), builder.oracle(2_000 * 10**36)]
    made = builder.pool(loan)
    legs = [
        Leg(solid, oracles[0]),
        Leg(air, oracles[1], ltv=Decimal("1e-18"), threshold=Decimal("0.5")),
    ]
    basket = builder.basket(cast(Contract, made.pool), legs)
    builder.open(made, {basket: 10**27})
    market = BasketMarket(
        builder, loan, (solid, air), (oracles[0], oracles[1]), made.pool, made.council, basket
    )
    market.give(lender)
    market.pool.deposit(10**24, lender, sender=lender)
    market.open(lender, [100, 100], 150_000)
    lens = Lens(builder.protocol.lens())
    assert lens.max_withdraw(basket.address, lender, 1) == 100 * 10**18
    market.silence(0)
    assert lens.max_withdraw(basket.address, lender, 1) == 0
    assert lens.max_withdraw(basket.address, lender, 0) == 0


def test_an_oracle_that_eats_all_gas_stops_nothing(lens: Lens, loan: BasketMarket, borrower: Account) -> None:
    """The positions of a page, and a few candidates: each costs as much again."""
    loan.oracles[0].set_appetite(HUNGRY, sender=loan.builder.deployer)
    loan.set_quote(1, 1)
    basket = loan.basket.address
    assert lens.basket_summary(basket).legs[0][5:] == (0, 0)
    found = lens.basket_positions(basket, [borrower] * 100)
    assert len(found) == 100
    assert {each.silent for each in found} == {1}
    prices, _ = lens.basket_liquidatable(basket, [borrower] * 5)
    assert prices[:2] == (0, 10**34)


def test_full_pages_fit_into_a_call(builder: Builder, lender: Account) -> None:
    """With 25,000,000 gas, of 8 legs: a page of positions, and as many candidates as Python asks for."""
    market = build_basket_market(builder, [lender], [(2_000, 18)] * 8)
    lens, basket = market.builder.protocol.lens(), market.basket.address
    crowd = [role(1_000 + number) for number in range(PAGE)]
    held, amounts = slots("Basket")["book.positions"], slots("Basket")["basket.amounts"]
    engine = market.chain.engine
    for owner in crowd:
        engine.set_storage(basket, mapping_slot(held, owner), pack(2**8 - 1, 5_000 * 10**9))
        for word in range(4):
            engine.set_storage(basket, mapping_slot(amounts, owner) + word, 10**18 | 10**18 << 128)
    for leg in range(8):
        market.set_quote(leg, 700)  # 8 * 700 * 0.83 is below 5,000

    def asked(function: str, *arguments: object) -> bytes:
        return engine.call(NOBODY, lens.address, lens.encode(function, basket, *arguments), 25_000_000)

    assert len(asked("basket_positions", crowd)) > PAGE * 20 * 32
    found = lens.call("basket_liquidatable", basket, crowd[:BASKET_PAGE], 0)[1]
    assert len(found) == BASKET_PAGE
    assert len(asked("basket_liquidatable", crowd[:BASKET_PAGE], 0)) > BASKET_PAGE * 12 * 32


def test_vaults_and_baskets_are_told_apart(lens: Lens, loan: BasketMarket, stranger: Account) -> None:
    basket = loan.basket.address
    vault = loan.builder.vault(loan.pool, loan.tokens[0], loan.oracles[0]).address
    lines = {line.vault: line for line in lens.credit_lines(loan.pool.address)}
    assert list(lines) == [basket, vault]
    assert (lines[basket].collateral_asset, lines[basket].oracle) == (NOBODY, NOBODY)
    assert lines[vault].collateral_asset == loan.tokens[0].address
    assert lens.pool_summary(loan.pool.address).vault_count == 2
    of_vaults = [
        ("positions", []), ("liquidatable", []), ("health_at", [], 1), ("shortfall_at", [], 1),
        ("preview_liquidation_at", stranger, 1, 1), ("debt_by_liquidation_price", [], []), ("vault_summary",),
    ]  # fmt: skip
    of_baskets = [
        ("basket_positions", []), ("basket_liquidatable", [], 0), ("basket_summary",),
        ("max_borrow", stranger), ("max_withdraw", stranger, 0),
    ]  # fmt: skip
    for function, *arguments in of_vaults:
        with reverts("lens: a basket"):
            lens.contract.call(function, basket, *arguments)
    for function, *arguments in of_baskets:
        for address in (vault, stranger, loan.pool.address):
            with reverts("lens: not a basket"):
                lens.contract.call(function, address, *arguments)
    with reverts("lens: no such leg"):
        lens.max_withdraw(basket, stranger, 2)
