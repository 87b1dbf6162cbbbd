"""What the Lens says of baskets is what the twin says, and what the basket says itself."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.chain.engine import CallReverted
from plimsoll.chain.lens import BASKET_PAGE, BasketPosition, basket_quote
from plimsoll.market.on_twin import position_in
from plimsoll.testing.roles import STRANGER
from plimsoll.twin import slices
from plimsoll.units import MAX, WAD
from tests.utils.lens_baskets import OWNERS, BasketLockstep

pytestmark = pytest.mark.slow

EVERYBODY = [*OWNERS, STRANGER]

walks = given(st.integers(0, 2**32))
examples = settings(max_examples=12, deadline=None, derandomize=True)


def looks(seed: int) -> Iterator[BasketLockstep]:
    """A basket at six moments of its life: fair prices, and five after others."""
    it = BasketLockstep(Random(seed))
    for owner in OWNERS:
        it.open(owner)
    yield it
    for _ in range(5):
        it.advance(it.random.randint(0, 10**6))
        it.shake()
        yield it
        for owner in OWNERS:
            it.liquidate(owner)
            if it.random.random() < 0.5:
                it.do("poke", owner, sender=STRANGER)


@walks
@examples
def test_positions_are_what_the_twin_says(seed: int) -> None:
    for it in looks(seed):
        address = it.on_chain.basket.address
        found = it.lens.basket_positions(address, EVERYBODY)
        assert found == [position_in(it.basket, owner) for owner in EVERYBODY]
        for each in found:
            assert each.debt == it.on_chain.basket.debt_of(each.owner)
            assert each.health == it.on_chain.basket.health(each.owner)
            quote = basket_quote(it.on_chain.basket.preview_liquidate(each.owner, MAX, 0))
            assert each.is_liquidatable == quote.liquidatable


@walks
@examples
def test_candidates_are_those_whom_the_basket_would_liquidate(seed: int) -> None:
    for it in looks(seed):
        basket = it.on_chain.basket
        without = it.random.choice([0, 1, 2, 3])
        prices, found = it.lens.basket_liquidatable(basket.address, EVERYBODY, without)
        assert prices[: len(it.decimals)] == it.on_chain.prices()
        assert not any(prices[len(it.decimals) :])
        previews = [(owner, basket.preview_liquidate(owner, MAX, without)) for owner in EVERYBODY]
        assert list(found.items()) == [
            (owner, basket_quote(preview)) for owner, preview in previews if preview[0]
        ]
        for owner, quote in found.items():
            model = it.basket.preview_liquidate(owner, MAX, without)
            assert quote._replace(seized=()) == model._replace(seized=())
            assert quote.seized[: len(model.seized)] == model.seized


@walks
@examples
def test_the_largest_amounts_are_those_of_the_twin_and_go(seed: int) -> None:
    for it in looks(seed):
        basket, lens = it.on_chain.basket, it.lens
        for owner in EVERYBODY:
            most = lens.max_borrow(basket.address, owner)
            assert most == it.basket.max_borrow(owner)
            if it.basket.debt_of(owner) + most >= it.basket.risk.min_debt and most:
                basket.borrow.call(most, owner, owner, sender=owner)
            for leg in range(len(it.decimals)):
                most = lens.max_withdraw(basket.address, owner, leg)
                assert most == it.basket.max_withdraw(owner, leg)
                if most:
                    basket.withdraw.call(leg, most, owner, owner, sender=owner)


@walks
@examples
def test_a_basket_is_what_it_says_itself(seed: int) -> None:
    for it in looks(seed):
        basket, pool = it.on_chain.basket, it.on_chain.pool
        summary = it.lens.basket_summary(basket.address)
        assert (summary.pool, summary.loan_asset) == (pool.address, it.on_chain.loan.address)
        assert summary.risk == it.basket.risk
        assert [leg[:5] for leg in summary.legs] == basket.legs()
        assert tuple(leg.price for leg in summary.legs) == it.on_chain.prices()
        for leg, oracle in zip(summary.legs, it.on_chain.oracles, strict=True):
            try:
                expected = min(oracle.safe_price(), leg.ceiling) if leg.price else 0
            except CallReverted:
                expected = 0
            assert leg.safe_price == expected
        line = summary.line
        assert (line.limit, line.drawn_shares, line.drawn) == pool.credit_line(basket.address)
        assert line.headroom == pool.max_draw(basket.address)
        assert (line.losses, line.provisions) == (
            pool.losses(basket.address),
            pool.provision_of(basket.address),
        )
        assert it.lens.credit_lines(pool.address) == [line]


def healthy(it: BasketLockstep, each: BasketPosition, fall: int) -> tuple[int, int]:
    """Weighted value and value, at prices that have fallen together; silent legs at their ceilings."""
    prices = [max(price * (WAD - fall) // WAD, min(price, 1)) for price in it.basket.prices(each.owner)]
    worth = slices.worth_of(each.amounts[: len(it.decimals)], prices, it.basket.legs)
    return worth.high_weight // WAD, worth.high


@walks
@examples
def test_a_common_fall_is_the_last_at_which_a_position_holds(seed: int) -> None:
    """Up to a base unit a leg, which its value is rounded by; a billionth more and it does not hold."""
    units = 9
    for it in looks(seed):
        for each in it.lens.basket_positions(it.on_chain.basket.address, OWNERS):
            falls = each.liquidation_fall, each.bankruptcy_fall
            for number, fall in enumerate(falls):
                now = (each.weighted, each.value_most)[number]
                if not each.debt:
                    assert fall == WAD
                elif fall == 0:
                    assert now <= each.debt
                elif not each.silent:
                    assert fall < WAD
                    assert healthy(it, each, fall)[number] + units >= each.debt
                    assert healthy(it, each, min(WAD, fall + 10**9))[number] <= each.debt
                elif fall == WAD:  # what silent legs may be worth is enough
                    assert healthy(it, each, WAD - 1)[number] + units >= each.debt


def test_the_walks_meet_every_kind_of_position() -> None:
    """Else the tests above would compare nothing."""
    kinds = set()
    for seed in range(8):
        for it in looks(seed):
            for each in it.lens.basket_positions(it.on_chain.basket.address, OWNERS):
                quote = it.basket.preview_liquidate(each.owner, MAX)
                kinds |= {
                    "silent" if each.silent else "all legs have a price",
                    "shortfall" if each.shortfall else "covered",
                    "provisioned" if each.provision else "not reported",
                    "healthy" if not quote.liquidatable else "known" if quote.known else "unknown",
                    "no fall" if each.liquidation_fall == WAD and each.debt else "a fall",
                }
    assert kinds == {
        "silent", "all legs have a price", "shortfall", "covered", "provisioned", "not reported", "healthy",
        "known", "unknown", "no fall", "a fall",
    }  # fmt: skip


def test_python_asks_for_candidates_page_after_page() -> None:
    it = BasketLockstep(Random(1))
    for owner in OWNERS:
        it.open(owner)
    for leg in range(len(it.decimals)):
        it.set_prices(leg, it.fair(leg, 0.7), it.fair(leg, 0.7))
    crowd = [STRANGER] * BASKET_PAGE
    _, found = it.lens.basket_liquidatable(it.on_chain.basket.address, [*crowd, OWNERS[0], *crowd, OWNERS[1]])
    assert list(found) == OWNERS
