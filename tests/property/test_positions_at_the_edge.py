"""Positions where one unit or one share decides; random steps meet these too rarely. The twin judges (T1)."""

from random import Random

from plimsoll.chain.engine import Engine
from plimsoll.testing.engines import in_process
from plimsoll.twin.chain import Revert
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import MAX, PRICE_SCALE, WAD, order
from tests.property import edges
from tests.property.edges import market
from tests.stateful.rules import Steps, lend
from tests.stateful.views import compare_views
from tests.stateful.world import (
    BORROWER,
    DEPLOYER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_BORROWER,
    STRANGER,
    Lockstep,
    role,
)

TOP = 2**128 - 1


def in_debt(engine: Engine) -> Lockstep:
    """A market in which `BORROWER` has a loan in the first vault."""
    place = market(engine)
    lend(place)
    return place


def refused(reason: str, answer: object) -> None:
    assert isinstance(answer, Revert), answer
    assert answer.reason == reason


def test_the_last_unit_of_collateral(engine: Engine) -> None:
    """Whoever is at the limit cannot take one unit more, by `withdraw` or by `close`."""
    place = in_debt(engine)
    vault = place.model["first_vault"]
    price = 10**36 // 3  # a unit of collateral is worth less than one of the loan
    place.set_prices("first_oracle", price, price)
    place.act("first_collateral", "mint", BORROWER, 10**18, sender=DEPLOYER)
    place.act("first_vault", "deposit", 10**18, BORROWER, sender=BORROWER)
    place.act("first_vault", "withdraw", vault.max_withdraw(BORROWER), BORROWER, BORROWER, sender=BORROWER)
    for _ in range(10):
        if isinstance(place.act("first_vault", "withdraw", 1, BORROWER, BORROWER, sender=BORROWER), Revert):
            break
    for function, arguments in (("withdraw", (1,)), ("close", (0, 1)), ("close", (1, 4))):
        answer = place.act("first_vault", function, *arguments, BORROWER, BORROWER, sender=BORROWER)
        refused("vault: above the loan-to-value", answer)
    assert place.act("first_vault", "close", 0, 0, BORROWER, BORROWER, sender=BORROWER) == (0, 0)


def test_the_last_share_of_debt(engine: Engine) -> None:
    """One debt share is a debt: its collateral stays. It has to be dear for a payment to leave just one."""
    place = in_debt(engine)
    Steps(place, Random(0)).age()
    vault = place.model["first_vault"]
    debt, (collateral, _) = vault.debt_of(BORROWER), vault.position_of(BORROWER)
    place.act("loan", "mint", BORROWER, debt, sender=DEPLOYER)
    answer = place.act("first_vault", "close", debt - 1, collateral, BORROWER, BORROWER, sender=BORROWER)
    refused("vault: above the loan-to-value", answer)
    place.act("first_vault", "repay", debt - 1, BORROWER, sender=BORROWER)
    assert vault.position_of(BORROWER) == (collateral, 1)
    assert 0 < vault.max_withdraw(BORROWER) < collateral
    place.act("first_vault", "withdraw", MAX, BORROWER, BORROWER, sender=BORROWER)
    collateral = vault.position_of(BORROWER)[0]
    refused("vault: less than a debt share", place.act("first_vault", "repay", 1, BORROWER, sender=BORROWER))
    answer = place.act("first_vault", "withdraw", collateral, BORROWER, BORROWER, sender=BORROWER)
    refused("vault: above the loan-to-value", answer)
    for price, safe_price in ((2, 1), (1, 0), (1, 1)):
        place.set_prices("first_oracle", price, safe_price)
        compare_views(place, BORROWER, debt)
    place.act("first_vault", "liquidate", BORROWER, MAX, 0, STRANGER, sender=STRANGER)
    place.compare()


def test_a_provision_of_two_units(engine: Engine) -> None:
    """A close of a share less than half leaves of it one and a part of a unit that no rounding may lose: two.

    By a price that has come back, which the safe price does not believe.
    """
    place = in_debt(engine)
    Steps(place, Random(0)).age()
    vault = place.model["first_vault"]
    place.act("loan", "mint", BORROWER, 3, sender=DEPLOYER)
    place.act("first_vault", "repay", 3, BORROWER, sender=BORROWER)  # a share
    debt, (collateral, shares) = vault.debt_of(BORROWER), vault.position_of(BORROWER)
    assert shares % 2 == 1
    enough = -(-debt * (WAD + vault.risk.bonus_min) * PRICE_SCALE // (WAD * collateral))
    price = enough
    while place.act("first_vault", "poke", BORROWER, sender=STRANGER) < 2:
        price -= PRICE_SCALE // collateral
        place.set_prices("first_oracle", price, price)
    place.set_prices("first_oracle", enough * 101 // 100, enough // 4)
    place.act("loan", "mint", LIQUIDATOR, debt, sender=DEPLOYER)
    totals = vault.pool.accrued()
    offer = DebtTotals(totals.total_debt, totals.total_debt_shares).assets_up(shares // 2)
    place.act("first_vault", "liquidate", BORROWER, offer, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert vault.position_of(BORROWER)[1] == shares // 2 + 1
    assert place.chain["first_vault"].call("provision_of", BORROWER) == 2


def test_a_position_full_of_collateral(engine: Engine) -> None:
    place = in_debt(engine)
    held = place.model["first_vault"].position_of(BORROWER)[0]
    place.act("first_collateral", "mint", BORROWER, 2**129, sender=DEPLOYER)
    for function, more in (("deposit", ()), ("open", (0, BORROWER))):
        answer = place.act("first_vault", function, TOP - held + 1, *more, BORROWER, sender=BORROWER)
        refused("vault: too much collateral", answer)
    place.act("first_vault", "deposit", TOP - held, BORROWER, sender=BORROWER)
    assert place.model["first_vault"].position_of(BORROWER)[0] == TOP
    place.compare()
    place.act("first_vault", "close", 10**6, TOP // 2, BORROWER, BORROWER, sender=OPERATOR)
    place.compare()


def test_an_operator_acts_for_an_owner(engine: Engine) -> None:
    """Every call of an operator's moves the owner's position and says the owner's name."""
    place = in_debt(engine)
    whole = 10 ** place.decimals[0]
    for function, arguments in (
        ("borrow", (whole,)),
        ("withdraw", (10**15,)),
        ("open", (0, whole)),
        ("close", (0, 10**15)),
    ):
        answer = place.act("first_vault", function, *arguments, OPERATOR, BORROWER, sender=OPERATOR)
        assert not isinstance(answer, Revert), function
        place.compare()
    place.act("first_vault", "repay", whole, BORROWER, sender=STRANGER)
    place.compare()


def test_markets_of_any_decimals(engine: Engine) -> None:
    """A first loan in each, closed at once."""
    for decimals in ((6, 18, 8), (18, 18, 0), (8, 6, 27)):
        place = market(in_process(engine.now), decimals=decimals)
        lend(place)
        place.act("first_vault", "close", MAX, MAX, BORROWER, BORROWER, sender=BORROWER)
        place.compare()


def test_a_close_that_leaves_just_the_minimum_debt(engine: Engine) -> None:
    """It is not extended to the whole debt, though the offer covers it."""
    place = market(engine)
    vault, oracle = place.model["first_vault"], place.model["first_oracle"]
    whole = 10 ** place.decimals[0]
    for more in range(100):
        place.act(
            "first_vault", "open", 3 * 10**18, 3_400 * whole + more, BORROWER, BORROWER, sender=BORROWER
        )
        debt, collateral = vault.debt_of(BORROWER), vault.position_of(BORROWER)[0]
        low, high = debt * 10**36 // collateral, 2 * debt * 10**36 // collateral
        while high - low > 1:  # the lowest price at which the minimum debt or more is left
            middle = oracle.price_answer = (low + high) // 2
            quote = vault.preview_liquidate(BORROWER, MAX)
            if quote.liquidatable and quote.paid > debt - vault.risk.min_debt:
                low = middle
            else:
                high = middle
        place.set_prices("first_oracle", high, high)
        quote = vault.preview_liquidate(BORROWER, MAX)
        compare_views(place, BORROWER, MAX)
        if debt - quote.paid == vault.risk.min_debt:
            break
        place.set_prices("first_oracle", place.fair["first_oracle"], place.fair["first_oracle"])
        place.act("first_vault", "close", MAX, MAX, BORROWER, BORROWER, sender=BORROWER)
    else:
        raise AssertionError("no debt is left with just the minimum")


def test_collateral_worth_nothing_is_taken_for_nothing(engine: Engine) -> None:
    """Offer and price of the whole are both 0; all of the debt goes."""
    place = in_debt(engine)
    place.set_prices("first_oracle", 1, 1)
    assert place.act("first_vault", "liquidate", BORROWER, 0, 0, STRANGER, sender=STRANGER)[:2] == (0, 0)
    assert place.model["first_vault"].position_of(BORROWER) == (0, 0)
    place.compare()


def test_a_debt_below_the_minimum_is_closed_whole_or_not_at_all(engine: Engine) -> None:
    """A repayment may have left so little; an offer that does not cover it gets nothing, not one share."""
    place = in_debt(engine)
    vault, whole = place.model["first_vault"], 10 ** place.decimals[0]
    place.act("first_vault", "repay", 39_000 * whole, BORROWER, sender=BORROWER)
    debt, (collateral, _) = vault.debt_of(BORROWER), vault.position_of(BORROWER)
    price = debt * 115 * 10**34 // collateral
    place.set_prices("first_oracle", price, price)
    compare_views(place, BORROWER, debt - 1)
    answer = place.act("first_vault", "liquidate", BORROWER, debt - 1, 0, LIQUIDATOR, sender=LIQUIDATOR)
    refused("vault: nothing can be closed", answer)
    answer = place.act("first_vault", "liquidate", BORROWER, debt, 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert answer[0] == debt


def test_without_a_rate_any_rate_will_do(engine: Engine) -> None:
    """Even nothing for something: so little is paid that no unit of collateral is due."""
    place = in_debt(engine)
    vault, oracle = place.chain["second_vault"], place.model["second_oracle"]
    price = oracle.price_answer * 7 // 10
    place.set_prices("second_oracle", price, price)
    paid, _, seized = vault.call("liquidate", OTHER_BORROWER, 100, sender=LIQUIDATOR)
    assert (paid, seized) == (100, 0)
    only = order(OTHER_BORROWER, 100)
    assert vault.call("liquidate_batch", [only], sender=LIQUIDATOR)[0] == 100


def test_debts_that_shrink_in_a_callback(engine: Engine) -> None:
    """Another vault settles while a position is opened: the totals are read again."""
    place = in_debt(engine)
    me, debt = place.actor.address, 3_000 * 10 ** place.decimals[0]
    collateral = debt * 4 // 3 * 10**36 // place.fair["first_oracle"]
    answer = place.act_with_callback(
        "first_vault",
        "open",
        collateral,
        debt,
        me,
        me,
        inside=[("second_vault", "repay", (MAX, OTHER_BORROWER))],
    )
    assert answer == debt
    assert place.model["second_vault"].debt_of(OTHER_BORROWER) == 0
    place.compare()


def test_256_orders(engine: Engine) -> None:
    """As many as one call takes; the bit of the last one is the top one."""
    place = in_debt(engine)
    vault, oracle = place.chain["first_vault"], place.fair["first_oracle"]
    place.set_prices("first_oracle", oracle * 7 // 10, oracle * 7 // 10)
    orders = [order(owner) for owner in [*map(role, range(100, 355)), BORROWER]]
    closed = vault.call("liquidate_batch", orders, sender=LIQUIDATOR)
    assert closed == vault.call("preview_liquidate_batch", orders)
    assert closed[3] == 1 << 255
    for call in (("liquidate_batch", [*orders, 0]), ("preview_liquidate_batch", [*orders, 0])):
        edges.refused("", vault.call, *call, sender=LIQUIDATOR)


def test_1024_bytes_of_data(engine: Engine) -> None:
    """As many as a callback is given."""
    place = in_debt(engine)
    actor, vault, fair = place.actor, place.chain["first_vault"], place.fair["first_oracle"]
    me, whole = actor.address, 10 ** place.decimals[0]
    actor.send("plan", [], sender=DEPLOYER)

    def calls_back(function: str, *arguments: object) -> None:
        for length in (1_024, 1_025):
            data = bytes(range(1, 206)) * 5
            call = ("act", vault.address, vault.encode(function, *arguments, data[:length]))
            if length == 1_025:
                edges.refused("", actor.send, *call, sender=DEPLOYER)
            else:
                actor.send(*call, sender=DEPLOYER)
                told = [log.data for log in engine.logs() if log.address == me]
                assert len(told) == 1, function
                assert data[:length] in told[0], function

    calls_back("open", 3 * 10**18, 3_000 * whole, me, me)
    calls_back("close", 100 * whole, 0, me, me)
    place.set_prices("first_oracle", fair * 7 // 10, fair * 7 // 10)
    calls_back("liquidate", BORROWER, 100 * whole, 0, me)
    calls_back("liquidate_batch", [order(BORROWER, 100 * whole)], 0, me)


def test_a_lack_of_one_unit(engine: Engine) -> None:
    """It is provided for as any other, and goes with the debt."""
    place = in_debt(engine)
    vault, oracle = place.model["first_vault"], place.model["first_oracle"]
    debt, (_, shares) = vault.debt_of(BORROWER), vault.position_of(BORROWER)
    low, high = oracle.price_answer // 2, oracle.price_answer
    while high - low > 1:  # the highest price at which something is lacking
        middle = oracle.price_answer = (low + high) // 2
        quote = vault.preview_liquidate(BORROWER, MAX)
        if quote.liquidatable and quote.shares == shares and quote.paid < debt:
            low = middle
        else:
            high = middle
    place.set_prices("first_oracle", low, low)
    assert place.act("first_vault", "poke", BORROWER, sender=STRANGER) == 1
    assert place.chain["first_vault"].call("positions", BORROWER) >> 255 == 1
    place.compare()
    place.act("first_vault", "repay", MAX, BORROWER, sender=BORROWER)
    assert place.chain["pool"].call("provisions") == 0
    place.compare()


def test_a_dear_debt_share_leaves_less_to_borrow(engine: Engine) -> None:
    """What drawing may round up to costs more than a unit then."""
    place = in_debt(engine)
    Steps(place, Random(0)).age()
    vault, pool, whole = place.model["first_vault"], place.model["pool"], 10 ** place.decimals[0]
    debt, (collateral, _) = vault.debt_of(BORROWER), vault.position_of(BORROWER)
    place.act("loan", "mint", BORROWER, debt, sender=DEPLOYER)
    place.act("first_vault", "repay", debt - 100_000 * whole, BORROWER, sender=BORROWER)
    price = 250_000 * whole * 10**36 // collateral
    place.set_prices("first_oracle", price, price)
    compare_views(place, BORROWER, debt)
    most = vault.max_borrow(BORROWER)
    assert 0 < most < pool.max_draw(place.chain["first_vault"].address)
    assert place.act("first_vault", "borrow", MAX, BORROWER, BORROWER, sender=BORROWER) == most
    place.compare()
