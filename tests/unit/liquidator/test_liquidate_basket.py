"""Liquidating positions of a basket without capital: each leg is sold along a path of its own."""

import pytest

from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, DEPLOYER, KEEPER, RECEIVER, STRANGER, refused, role

NOTHING = {"usd": 0, "weth": 0, "btc": 0}


def sale(venue, paths, seized):
    """What Uniswap's own router says that the sales yield, of pairs of which each is used once."""
    return sum(
        venue.sale(path, amount) for path, amount in zip(paths, seized, strict=True) if amount and path
    )


def test_each_leg_pays_and_the_rest_is_profit(venue, fallen_basket, liquidator, paths):
    due, seized = fallen_basket.preview(BORROWER)
    proceeds = sale(venue, paths, seized)
    cash = venue.usd.call("balanceOf", fallen_basket.pool.address)
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0, paths, 0)
    profit = liquidator.send(*call, sender=KEEPER)
    assert profit == proceeds - due > 0
    assert all(seized)
    assert venue.holdings(KEEPER) == NOTHING | {"usd": profit}
    assert venue.usd.call("balanceOf", fallen_basket.pool.address) == cash + due
    left = fallen_basket.basket.call("position_of", BORROWER)[0]
    assert list(left[:2]) == [10 * WAD - seized[0], 4 * 10**7 - seized[1]]
    assert fallen_basket.basket.call("health", BORROWER) >= WAD


def test_nothing_stays(venue, fallen_basket, liquidator, paths):
    """Y1: neither tokens nor allowances."""
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0, paths, 0)
    liquidator.send(*call, sender=KEEPER)
    assert venue.holdings(liquidator.address) == NOTHING
    for token in (venue.usd, venue.weth, venue.btc):
        for spender in (fallen_basket.basket.address, fallen_basket.pool.address, KEEPER):
            assert token.call("allowance", liquidator.address, spender) == 0


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_leg_is_left_out(venue, fallen_basket, liquidator, paths, left_out):
    """It needs no path, and nothing of it moves."""
    due, seized = fallen_basket.preview(BORROWER, MAX, 1 << left_out)
    paths[left_out] = []
    proceeds = sale(venue, paths, seized)
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 1 << left_out, paths, 0)
    assert liquidator.send(*call, sender=KEEPER) == proceeds - due > 0
    assert seized[left_out] == 0 < seized[1 - left_out]
    assert venue.holdings(KEEPER) == NOTHING | {"usd": proceeds - due}


def test_a_leg_without_a_path_goes_to_the_receiver_unsold(venue, fallen_basket, liquidator, paths):
    """When the others pay; it counts for nothing in the profit."""
    due, seized = fallen_basket.preview(BORROWER)
    paths[1] = []
    proceeds = sale(venue, paths, seized)
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0, paths, 0, RECEIVER)
    assert proceeds < due
    refused("liquidator: sale does not pay", liquidator, *call, sender=KEEPER)
    fallen_basket.borrow(STRANGER, [20 * WAD, 10**6], 28_000 * 10**6)
    fallen_basket.set_quote(0, 1_600)
    fallen_basket.set_quote(1, 35_000)
    due, seized = fallen_basket.preview(STRANGER)
    proceeds = sale(venue, paths, seized)
    call = ("liquidate_basket", fallen_basket.basket.address, STRANGER, MAX, 0, paths)
    profit = proceeds - due
    assert profit > 0 < seized[1]
    refused("liquidator: profit too small", liquidator, *call, profit + 1, RECEIVER, sender=KEEPER)
    assert liquidator.send(*call, profit, RECEIVER, sender=KEEPER) == profit
    assert venue.holdings(RECEIVER) == NOTHING | {"usd": profit, "btc": seized[1]}
    assert venue.holdings(KEEPER) == venue.holdings(liquidator.address) == NOTHING


def sold_in_turn(venue, paths, seized):
    """What Uniswap's own router pays for the sales, one after the other."""
    before = venue.engine.snapshot()
    proceeds = 0
    for path, amount in zip(paths, seized, strict=True):
        token = venue.at("PlainToken", path[0])
        venue.give(venue.weth if path[0] == venue.weth.address else token, STRANGER, amount)
        token.send("approve", venue.router.address, MAX, sender=STRANGER)
        call = ("swapExactTokensForTokens", amount, 0, path, STRANGER, venue.engine.now)
        proceeds += venue.router.send(*call, sender=STRANGER)[-1]
    venue.engine.revert(before)
    return proceeds


def test_a_path_over_another_leg(venue, fallen_basket, liquidator, paths):
    """WETH by way of BTC, which is a leg, too: both sales use its pair with dollars, one after the other."""
    paths[0] = venue.path(venue.weth, venue.btc, venue.usd)
    due, seized = fallen_basket.preview(BORROWER)
    proceeds = sold_in_turn(venue, paths, seized)
    assert proceeds < sale(venue, paths, seized)
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0, paths, 0)
    assert liquidator.send(*call, sender=KEEPER) == proceeds - due > 0
    assert venue.holdings(liquidator.address) == NOTHING
    assert venue.holdings(KEEPER) == NOTHING | {"usd": proceeds - due}


def test_a_leg_sold_over_the_other_and_the_other_kept(venue, fallen_basket, liquidator, paths):
    """What passes through as an intermediate token is not taken for what was seized of the leg."""
    fallen_basket.borrow(STRANGER, [20 * WAD, 10**6], 28_000 * 10**6)
    fallen_basket.set_quote(0, 1_600)
    paths = [venue.path(venue.weth, venue.btc, venue.usd), []]
    due, seized = fallen_basket.preview(STRANGER)
    proceeds = venue.sale(paths[0], seized[0])
    call = ("liquidate_basket", fallen_basket.basket.address, STRANGER, MAX, 0, paths, 0)
    assert liquidator.send(*call, sender=KEEPER) == proceeds - due
    assert venue.holdings(KEEPER)["btc"] == seized[1] > 0
    assert venue.holdings(liquidator.address) == NOTHING


def test_what_was_sent_by_mistake_stays(venue, fallen_basket, liquidator, paths):
    """Of any leg and of the loan asset."""
    for token, amount in ((venue.usd, 10**12), (venue.weth, 5 * WAD), (venue.btc, 10**8)):
        venue.give(token, liquidator.address, amount)
    due, seized = fallen_basket.preview(BORROWER)
    proceeds = sale(venue, paths, seized)
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0, paths, 0)
    assert liquidator.send(*call, sender=KEEPER) == proceeds - due
    assert venue.holdings(liquidator.address) == {"usd": 10**12, "weth": 5 * WAD, "btc": 10**8}


def test_paths_are_checked_against_the_legs(venue, fallen_basket, liquidator, paths):
    call = ("liquidate_basket", fallen_basket.basket.address, BORROWER, MAX, 0)
    for wrong, reason in (
        (paths[:1], "liquidator: a path for each leg"),
        ([*paths, []], "liquidator: a path for each leg"),
        (paths[::-1], "swap: wrong path"),
        ([paths[0], paths[0]], "swap: wrong path"),
        ([paths[0][:1], paths[1]], "swap: path too short"),
        ([paths[0], paths[1][::-1]], "swap: wrong path"),
        ([[paths[0][0], STRANGER, paths[0][1]], paths[1]], "swap: no pair"),
    ):
        refused(reason, liquidator, *call, wrong, 0, sender=KEEPER)


def test_the_receiver_is_somebody_else(fallen_basket, liquidator, paths):
    address = fallen_basket.basket.address
    for receiver in (liquidator.address, "0x" + "00" * 20):
        for call in (
            ("liquidate_basket", address, BORROWER, MAX, 0, paths, 0, receiver),
            ("liquidate_basket_batch", address, [], paths, 0, receiver),
            ("liquidate_basket_with_funds", address, BORROWER, MAX, [], 0, receiver),
            ("liquidate_basket_batch_with_funds", address, [], [], receiver),
        ):
            refused("liquidator: bad receiver", liquidator, *call, sender=KEEPER)


def test_only_baskets_of_the_factory(venue, fallen_basket, liquidator, paths):
    """A vault is none, and a basket is no vault."""
    for stranger in (STRANGER, venue.long.vault.address, fallen_basket.pool.address):
        for call in (
            ("liquidate_basket", stranger, BORROWER, MAX, 0, paths, 0),
            ("liquidate_basket_batch", stranger, [], paths, 0),
            ("liquidate_basket_with_funds", stranger, BORROWER, MAX, [], 0),
            ("liquidate_basket_batch_with_funds", stranger, [], []),
        ):
            refused("periphery: not a basket", liquidator, *call, sender=KEEPER)
    call = ("liquidate", fallen_basket.basket.address, BORROWER, MAX, paths[0], 0)
    refused("", liquidator, *call, sender=KEEPER)


def test_a_healthy_position(venue, basket, liquidator, paths):
    call = ("liquidate_basket", basket.basket.address, BORROWER, MAX, 0, paths, 0)
    refused("vault: healthy", liquidator, *call, sender=KEEPER)


OWNERS = [role(100 + number) for number in range(4)]


@pytest.fixture
def many(basket, venue):
    """Positions of both legs, of one of them, and one that stays healthy."""
    basket.borrow(OWNERS[0], [10 * WAD, 4 * 10**7], 28_500 * 10**6)
    basket.borrow(OWNERS[1], [10 * WAD, 0], 15_500 * 10**6)
    basket.borrow(OWNERS[2], [0, 5 * 10**7], 15_500 * 10**6)
    basket.borrow(OWNERS[3], [10 * WAD, 4 * 10**7], 10_000 * 10**6)
    for leg, quote in ((0, 1_750), (1, 35_000)):
        basket.set_quote(leg, quote)
    venue.swap(venue.weth, venue.usd, 345 * WAD)
    venue.swap(venue.btc, venue.usd, 17 * 10**8)
    return basket


def test_a_batch_in_one_sale_a_leg(venue, many, liquidator, paths):
    dues, seized = zip(*map(many.preview, OWNERS[:3]), strict=True)
    seized = [sum(amounts) for amounts in zip(*seized, strict=True)]
    proceeds = sale(venue, paths, seized)
    orders = [order(owner) for owner in OWNERS]
    call = ("liquidate_basket_batch", many.basket.address, orders, paths)
    profit = proceeds - sum(dues)
    refused("liquidator: profit too small", liquidator, *call, profit + 1, sender=KEEPER)
    assert liquidator.send(*call, profit, RECEIVER, sender=KEEPER) == (profit, 0b0111)
    assert venue.holdings(RECEIVER) == NOTHING | {"usd": profit}
    assert venue.holdings(KEEPER) == venue.holdings(liquidator.address) == NOTHING


def test_a_leg_that_nobody_yields_needs_no_path(venue, many, liquidator, paths):
    """And a path of one that yields nothing is not walked, whatever is in it."""
    due, seized = many.preview(OWNERS[1])
    for path in ([], [venue.btc.address, STRANGER, venue.usd.address]):
        call = ("liquidate_basket_batch", many.basket.address, [order(OWNERS[1])], [paths[0], path], 0)
        assert liquidator.call(*call, sender=KEEPER) == (venue.sale(paths[0], seized[0]) - due, 1)


def test_a_dust_leg_that_sells_for_nothing(venue, fallen_basket, liquidator, paths):
    """One base unit brings nothing; whoever leaves it unsold gets it."""
    basket = fallen_basket.basket
    fallen_basket.borrow(STRANGER, [20 * WAD, 10**6], 0)
    basket.send("withdraw", 1, 10**6 - 1, sender=STRANGER)
    fallen_basket.set_quote(0, 2_000)
    basket.send("borrow", 31_000 * 10**6, sender=STRANGER)
    fallen_basket.set_quote(0, 1_400)
    venue.swap(venue.usd, venue.weth, 10**11)
    due, seized = fallen_basket.preview(STRANGER)
    assert seized == [20 * WAD, 1]
    call = ("liquidate_basket", basket.address, STRANGER, MAX, 0)
    other = venue.make("PlainToken", "Other", "OTH", 0)
    venue.provide(venue.btc, 10**8, other, 1_000)
    venue.provide(other, 1_000, venue.usd, 4 * 10**10)
    dusty = [paths[0], venue.path(venue.btc, other, venue.usd)]
    refused("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT", liquidator, *call, dusty, 0, sender=KEEPER)
    proceeds = venue.sale(paths[0], seized[0])
    profit = liquidator.send(*call, [paths[0], []], 0, sender=KEEPER)
    assert profit == proceeds - due
    assert venue.holdings(KEEPER) == NOTHING | {"usd": profit, "btc": 1}


@pytest.fixture
def funded(venue, fallen_basket, liquidator):
    """The keeper has more than enough, and lets the Liquidator pull it."""
    venue.give(venue.usd, KEEPER, 10**12)
    venue.usd.send("approve", liquidator.address, MAX, sender=KEEPER)
    return fallen_basket


@pytest.mark.parametrize("without", [0, 1, 2])
def test_with_own_funds_just_what_is_due_is_pulled(venue, funded, liquidator, without):
    due, seized = funded.preview(BORROWER, MAX, without)
    call = ("liquidate_basket_with_funds", funded.basket.address, BORROWER, MAX)
    refused("basket: too little of a leg", liquidator, *call, [seized[0] + 1], without, sender=KEEPER)
    paid, fee, taken = liquidator.send(*call, seized, without, RECEIVER, sender=KEEPER)
    assert (paid + fee, list(taken[:2])) == (due, seized)
    assert venue.holdings(KEEPER) == NOTHING | {"usd": 10**12 - due}
    assert venue.holdings(RECEIVER) == {"usd": 0, "weth": seized[0], "btc": seized[1]}
    assert venue.holdings(liquidator.address) == NOTHING
    assert venue.usd.call("allowance", liquidator.address, funded.basket.address) == 0


def test_a_batch_with_own_funds(venue, funded, liquidator):
    due, seized = funded.preview(BORROWER)
    call = ("liquidate_basket_batch_with_funds", funded.basket.address, [order(STRANGER), order(BORROWER)])
    refused("basket: too little of a leg", liquidator, *call, [0, seized[1] + 1], sender=KEEPER)
    paid, fee, taken, executed = liquidator.send(*call, seized, sender=KEEPER)
    assert (paid + fee, list(taken[:2]), executed) == (due, seized, 2)
    assert venue.holdings(KEEPER) == {"usd": 10**12 - due, "weth": seized[0], "btc": seized[1]}


def test_a29_only_the_callers_own_tokens(venue, funded, liquidator):
    venue.give(venue.usd, STRANGER, 10**12)
    call = ("liquidate_basket_with_funds", funded.basket.address, BORROWER, MAX, [], 0)
    refused("token: allowance too small", liquidator, *call, sender=STRANGER)


@pytest.mark.parametrize("order_of_calls", [1, -1])
def test_a_payer_pays_for_one_call_only(venue, funded, liquidator, paths, order_of_calls):
    """As in a bundle of many people's calls: a sale pulls nothing from a payer, whose legs nobody sells."""
    intruder, basket = venue.make("Intruder"), funded.basket.address
    venue.give(venue.usd, intruder.address, 10**12)
    intruder.send("approve", venue.usd.address, liquidator.address, MAX, sender=KEEPER)
    paying = ("liquidate_basket_with_funds", basket, BORROWER, 10**9, [], 0)
    selling = ("liquidate_basket", basket, BORROWER, 10**9, 2, [paths[0], []], 0, RECEIVER)
    steps = [paying, selling][::order_of_calls]
    before, pulled = venue.engine.snapshot(), venue.holdings(KEEPER)["usd"]
    for step in steps:
        liquidator.send(*step, sender=KEEPER)
    pulled -= venue.holdings(KEEPER)["usd"]
    venue.engine.revert(before)
    calls = [(liquidator.address, liquidator.encode(*step)) for step in steps]
    intruder.send("plan", calls, sender=KEEPER)
    intruder.send("run", sender=KEEPER)
    assert intruder.call("successes") == 2
    assert venue.holdings(intruder.address)["usd"] == 10**12 - pulled
    assert venue.holdings(RECEIVER)["usd"] > 0
    assert venue.holdings(liquidator.address) == NOTHING


def test_nobody_is_awaited_outside_of_a_call(venue, fallen_basket, liquidator, paths):
    call = ("on_basket_liquidation", 1, 1, [1] * 8, b"1")
    for caller in (STRANGER, KEEPER, BORROWER):
        refused("periphery: not awaited", liquidator, *call, sender=caller)
    liquidator.send(
        "liquidate_basket", fallen_basket.basket.address, BORROWER, 10**9, 0, paths, 0, sender=KEEPER
    )
    refused("periphery: not awaited", liquidator, *call, sender=KEEPER)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ["on_liquidation", "on_basket_liquidation"])
def test_a17_it_answers_its_basket_alone(venue, liquidator, moment, name):
    """Y4: while the basket is awaited somebody else tries to be it, by either callback; and later."""
    token = venue.make("ReentrantToken", "Hook", "HOOK", 18)
    market = venue.basket(venue.usd, [(token, 2_000), (venue.btc, 40_000)])
    venue.provide(token, 5_000 * WAD, venue.usd, 10**13)
    market.borrow(BORROWER, [10 * WAD, 4 * 10**7], 28_000 * 10**6)
    for leg, quote in ((0, 1_750), (1, 35_000)):
        market.set_quote(leg, quote)
    seized = 10**18 if name == "on_liquidation" else [10**18] * 8
    data = liquidator.encode(name, 0, 0, seized, b"1")
    token.send(f"hook_{moment}", liquidator.address, data, sender=STRANGER)
    call = ("liquidate_basket", market.basket.address, BORROWER, MAX, 0, [market.path(0), market.path(1)], 0)
    profit = liquidator.send(*call, sender=KEEPER)
    assert (token.call("calls"), token.call("successes")) == (2, 0)  # to the Liquidator, and to the pair
    assert b"periphery: not awaited" in token.call("response")
    assert venue.usd.call("balanceOf", KEEPER) == profit > 0


def test_a06_all_is_locked_in_the_middle_of_a_sale(venue, fallen_basket, liquidator, paths):
    """A token in a leg's path calls out: Liquidator and basket are locked, and what it is sold for is his."""
    token = venue.make("ReentrantToken", "Hook", "HOOK", 18)
    for other, amount in ((venue.weth, 500 * WAD), (venue.usd, 10**12)):
        venue.provide(token, 500 * WAD, other, amount)
    paths[0] = venue.path(venue.weth, token, venue.usd)
    address = fallen_basket.basket.address
    call = ("liquidate_basket", address, BORROWER, MAX, 0, paths, 0)
    for contract, inside in (
        (liquidator, call),
        (liquidator, ("liquidate_basket_batch", address, [order(BORROWER)], paths, 0)),
        (liquidator, ("liquidate_basket_with_funds", address, BORROWER, MAX, [], 0)),
        (liquidator, ("liquidate_basket_batch_with_funds", address, [order(BORROWER)], [])),
        (fallen_basket.basket, ("liquidate", BORROWER, MAX, [], 0, KEEPER, b"")),
        (fallen_basket.basket, ("deposit", 0, 0, KEEPER)),
    ):
        before = venue.engine.snapshot()
        token.send("hook_before", contract.address, contract.encode(*inside), sender=STRANGER)
        assert liquidator.send(*call, sender=KEEPER) > 0
        assert (token.call("calls"), token.call("successes")) == (1, 0), inside[0]
        venue.engine.revert(before)


@pytest.mark.parametrize(("functions", "reason"), [(4, "token: approval failed"), (2, "token: pull failed")])
def test_a_loan_asset_that_answers_false(venue, liquidator, functions, reason):
    false = venue.make("FalseReturnToken", "False", "FRT", 6)
    market = venue.basket(false, [(venue.weth, 2_000), (venue.btc, 40_000)])
    venue.provide(venue.weth, 5_000 * WAD, false, 10**13)
    market.borrow(BORROWER, [20 * WAD, 10**6], 31_000 * 10**6)
    market.set_quote(0, 1_700)
    venue.give(false, KEEPER, 10**12)
    false.send("approve", liquidator.address, MAX, sender=KEEPER)
    false.send("fail", functions, sender=DEPLOYER)
    call = ("liquidate_basket", market.basket.address, BORROWER, MAX, 0, [market.path(0), []], 0)
    if functions == 2:
        call = ("liquidate_basket_with_funds", market.basket.address, BORROWER, MAX, [], 0)
    refused(reason, liquidator, *call, sender=KEEPER)
