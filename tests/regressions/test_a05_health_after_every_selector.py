"""A5: one function of many did not check health (Euler's `donateToReserves`, 2023).

Here every selector of vault and pool is called from a position at the edge: it is refused, or health has not
fallen.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, STRANGER
from plimsoll.twin.chain import Revert
from plimsoll.units import MAX, WAD, order
from tests.utils.baskets import BasketPlace, falls, small_place
from tests.utils.vaults import every_call, worth


@pytest.fixture
def vault(market, borrower, other_borrower, stranger):
    """The borrower is at his limit: one unit of debt or collateral less would be too much."""
    market.open(stranger, 10, 15_990)
    market.open(borrower, 10, 15_000)
    debt = market.vault.debt_of(borrower)
    price = -(-debt * WAD // market.risk().ltv) * 10**17
    market.oracle.set_prices(price * 94 // 100, price, sender=stranger)  # the stranger is liquidatable
    assert worth(market.position(borrower)[0], price) * market.risk().ltv - debt * WAD < WAD
    return market.vault


def test_a05_what_could_lower_health_is_refused(market, vault, borrower):
    for method, *arguments in (
        (vault.withdraw, 10**13),
        (vault.borrow, 1),
        (vault.open, 0, 1),
        (vault.open, 1, 3),
        (vault.close, 1, 10**13),
    ):
        assert refusal(method, *arguments, sender=borrower) == "vault: above the loan-to-value"


def test_a05_no_selector_of_the_vault_lowers_health(chain, market, vault, borrower, stranger, other_borrower):
    """Collateral per debt share falls in none that is not refused."""
    calls = every_call(market, borrower, stranger, other_borrower)
    assert market.vault.transactions == calls.keys()
    collateral, shares = market.position(borrower)
    refused = []
    for name, (method, *arguments) in calls.items():
        if refusal(method, *arguments, sender=borrower) is not None:
            refused.append(name)
            continue
        with chain.isolated():
            method(*arguments, sender=borrower)
            after, after_shares = market.position(borrower)
            assert after * shares >= collateral * after_shares, name
    assert refused == ["withdraw", "borrow"]  # `open` brings collateral along, `close` pays


def test_a05_no_selector_of_the_pool_lowers_health(chain, market, vault, borrower):
    pool = market.pool
    pool.deposit(10**9, borrower, sender=borrower)
    before, debt = market.position(borrower), vault.debt_of(borrower)
    calls = {
        "deposit": (10**6, borrower),
        "mint": (10**6, borrower),
        "withdraw": (1, borrower, borrower),
        "redeem": (10**6, borrower, borrower),
        "exit": (10**6, 0, borrower, borrower),
        "accrue": (),
        "book_shortfall": (),
        "draw": (1, borrower),
        "settle": (1, 1),
        "set_provision": (1,),
        "distribute_excess": (1, borrower),
        "flashLoan": (borrower, market.loan, 1, b""),
        "initialize": (borrower, borrower),
        "open_pool": (),
        "set_limit": (vault, 0),
        "set_supply_cap": (1,),
        "set_pause": (MAX,),
        "transfer": (vault, 1),
        "transferFrom": (borrower, vault, 1),
        "approve": (vault, MAX),
        "permit": (borrower, vault, 1, MAX, 0, b"\0" * 32, b"\0" * 32),
    }
    assert market.pool.transactions == calls.keys()
    executed = 0
    for name, arguments in calls.items():
        method = getattr(pool, name)
        if refusal(method, *arguments, sender=borrower) is not None:
            continue
        with chain.isolated():
            method(*arguments, sender=borrower)
            assert market.position(borrower) == before
            assert vault.debt_of(borrower) - debt in (0, 1)
            executed += 1
    assert executed == 9


def edge_of_a_basket() -> BasketPlace:
    """Borrower and stranger owe all that three legs carry, at safe prices above those of liquidation."""
    place = small_place()
    for who in (STRANGER, BORROWER):
        place.hold(10, "0.5", 10_000, owner=who)
        place.act("borrow", place.twin.max_borrow(who), who, who, sender=who)
    for leg, price in enumerate(place.fair):
        place.set_price(leg, price * 94 // 100, price)  # a lie that only the stranger's health shows
    return place


def test_a05_no_selector_of_a_basket_lowers_health():
    """No leg per debt share falls in any function that is not refused, whichever leg it names."""
    place = edge_of_a_basket()
    me = BORROWER
    refused = set()
    calls = {
        "deposit": (1, me),
        "withdraw": (place.of_leg(0, "0.1"), me, me),
        "borrow": (place.loans(10), me, me),
        "open": (1, 0, me, me),
        "close": (place.loans(1), 0, me, me),
        "repay": (place.loans(1), me),
        "liquidate": (STRANGER, MAX, [], 0, me),
        "liquidate_batch": ([order(STRANGER), order(me)], [], me),
        "poke": (me,),
        "set_operator": (STRANGER, 0),
    }
    assert place.basket.transactions == calls.keys() | {"set_operator_by_signature"}
    for leg in range(3):
        for name, arguments in calls.items():
            if name in ("deposit", "withdraw", "open"):
                arguments = (leg, *arguments)
            elif name == "close":
                arguments = (arguments[0], leg, *arguments[1:])
            with place.isolated():
                before = place.position(me)
                if isinstance(place.act(name, *arguments, sender=me), Revert):
                    refused.add(name)
                    assert place.position(me) == before
                else:
                    assert falls(before, place.position(me)) == [], name
    assert refused == {"withdraw", "borrow"} | ({"liquidate", "liquidate_batch"} & refused)


def test_a05_one_leg_out_for_another_in():
    """Swapping legs is a withdrawal and a deposit: neither is judged by what comes later."""
    place = edge_of_a_basket()
    most = place.twin.max_withdraw(BORROWER, 1)
    unit = place.of_leg(1, "0.01")
    reason = "vault: above the loan-to-value"
    place.refused(reason, "withdraw", 1, most + unit, BORROWER, BORROWER, sender=BORROWER)
    place.act("deposit", 0, place.of_leg(0, 1), BORROWER, sender=BORROWER)
    more = place.twin.max_withdraw(BORROWER, 1)
    assert more > most
    place.act("withdraw", 1, more, BORROWER, BORROWER, sender=BORROWER)
    place.refused(reason, "withdraw", 1, unit, BORROWER, BORROWER, sender=BORROWER)
