"""A7: somebody dealt with himself and came out ahead (self-transfer, self-repay, self-liquidation).

Here whoever is owner, operator, liquidator and receiver at once has no more than before, and the sums hold.
"""

import pytest

from plimsoll.testing.roles import BORROWER
from plimsoll.units import MAX, PRICE_SCALE, order
from tests.utils.baskets import small_place
from tests.utils.vaults import balances, liquidate, worth


def wealth(market, who) -> int:
    """Tokens and position, in base units of the loan asset at the oracle's price."""
    tokens, (collateral, _) = balances(market, who), market.position(who)
    value = worth(tokens.collateral + collateral, market.oracle.price())
    return tokens.loan + value - market.vault.debt_of(who)


@pytest.mark.parametrize("quote", [1_800, 1_700, 1_640, 1_560])
def test_a07_liquidating_oneself_costs_the_fee(market, vault, borrower, other_borrower, quote):
    market.set_quote(quote)
    before = wealth(market, borrower)
    answer = liquidate(market, borrower, borrower)
    assert answer.fee > 0
    assert answer.fee - 2 <= before - wealth(market, borrower) <= answer.fee + 3
    market.assert_sums([borrower, other_borrower])


@pytest.mark.parametrize("quote", [1_500, 1_200, 400])
def test_a07_in_shortfall_the_owner_gets_what_anybody_would(market, vault, borrower, liquidator, quote):
    """He could walk away as well; the loss is the same."""
    market.set_quote(quote)
    offered = market.quote(borrower)
    tokens = balances(market, borrower)
    answer = liquidate(market, borrower, borrower)
    assert answer == offered
    change = balances(market, borrower) - tokens
    assert (change.loan, change.collateral) == (-answer.paid, answer.seized)


def test_a07_parts_for_oneself_do_not_pay(market, vault, borrower, other_borrower):
    market.set_quote(1_700)
    before = wealth(market, borrower)
    for offer in (10**6, 10**9, 10**9, MAX):
        liquidate(market, borrower, borrower, offer)
    assert wealth(market, borrower) < before
    vault.close(MAX, MAX, sender=borrower)
    assert wealth(market, borrower) < before
    market.assert_sums([borrower, other_borrower])


def test_a07_a_batch_of_oneself(market, vault, borrower, other_borrower):
    market.set_quote(1_700)
    before = wealth(market, borrower)
    vault.liquidate_batch([order(borrower, 10**9)] * 5, 0, borrower, sender=borrower)
    assert wealth(market, borrower) < before
    market.assert_sums([borrower, other_borrower])


def test_a07_round_trips(market, vault, borrower, other_borrower):
    """P7: what goes in and out in one block leaves nothing with the caller."""
    before, reserve = wealth(market, borrower), market.residue()
    for amount in (1, 2, 7, 999, 10**6 + 1, 123_456_789):
        vault.borrow(amount, sender=borrower)
        vault.repay(amount, sender=borrower)
        vault.deposit(amount, sender=borrower)
        vault.withdraw(amount, sender=borrower)
        vault.open(amount, amount, borrower, borrower, sender=borrower)
        vault.close(amount, amount, borrower, borrower, sender=borrower)
        assert wealth(market, borrower) <= before
    assert market.residue() >= reserve
    market.assert_sums([borrower, other_borrower])


def test_a07_naming_oneself_gives_no_right(market, vault, borrower, stranger):
    vault.set_operator(borrower, 3, sender=borrower)
    vault.set_operator(borrower, 0, sender=borrower)
    vault.withdraw(1, sender=borrower)  # he remains the owner
    assert market.position(stranger) == (0, 0)


def wealth_in(place, who) -> int:
    """Tokens and position in a basket, base units of the loan asset at the oracles' prices, not rounded."""
    prices = [script.price() for script in place.scripts]
    amounts = [a + t.balanceOf(who) for a, t in zip(place.position(who)[0], place.tokens, strict=True)]
    value = sum(a * p for a, p in zip(amounts, prices, strict=True))
    return (place.loan.balanceOf(who) - place.debt(who)) * PRICE_SCALE + value


def units_of(place) -> int:
    """A base unit of every leg and of the loan asset."""
    return sum(script.price() for script in place.scripts) + 4 * PRICE_SCALE


@pytest.fixture(scope="module")
def legged():
    """Three legs under 30,000, in a place of its own."""
    place = small_place()
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    return place


@pytest.mark.parametrize("prices", [(600,), (560,), (300, 700, 1_000), (520,)])
@pytest.mark.parametrize("order_of_masks", [(0,), (0b011, 0b101, 0b110), (0b100, 0b010, 0), (0b110,) * 4])
def test_a07_a_basket_liquidated_by_its_owner(legged, prices, order_of_masks):
    """In whatever order he takes his legs, while the minimum bonus is covered: it costs him the fees."""
    with legged.isolated():
        legged.scale_prices(*prices)
        before, fees = wealth_in(legged, BORROWER), 0
        for without in order_of_masks:
            if legged.preview(BORROWER, MAX, without).executable:
                fees += legged.close(MAX, without, sender=BORROWER).fee
        lost = before - wealth_in(legged, BORROWER)
        assert fees * PRICE_SCALE - units_of(legged) <= lost <= fees * PRICE_SCALE + units_of(legged)


def test_a07_round_trips_through_every_leg(legged):
    """P7: what goes in and out in one block leaves nothing with the caller."""
    with legged.isolated():
        me, before = BORROWER, wealth_in(legged, BORROWER)
        for leg in range(3):
            for amount in (1, 7, 999, 123_456):
                legged.act("deposit", leg, amount, me, sender=me)
                legged.act("withdraw", leg, amount, me, me, sender=me)
                legged.act("open", leg, amount, amount, me, me, sender=me)
                legged.act("close", amount, leg, amount, me, me, sender=me)
                assert wealth_in(legged, me) <= before
