"""The choice of a batch: the best of all, within the bound, in integers."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.keeper.choice import (
    Batch,
    Candidate,
    FixedPrice,
    Gas,
    Route,
    Venue,
    candidates,
    choose,
    least_losses,
    within_funds,
)
from plimsoll.params import BLUE_CHIP, price_of
from plimsoll.testing.market import small_market
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk
from plimsoll.units import FRACTION, PRICE_SCALE
from tests.keeper.chains import owner
from tests.stateful.world import BORROWERS

PRICE = 2 * PRICE_SCALE
DEEP = Route(((10_000 * 10**18, 20_000_000 * 10**6),))


def closes(*pairs: tuple[int, int]) -> list[Candidate]:
    """Candidates by collateral seized and loan asset due, a tenth of it fee."""
    return [
        Candidate(owner(i + 1), Quote(True, 1, due - due // 10, due // 10, seized))
        for i, (seized, due) in enumerate(pairs)
    ]


def best_of_all(offered: list[Candidate], venue: Venue, gas: Gas) -> int:
    """The profit of the best batch, by trying every one."""
    best = 0
    for size in range(1, min(gas.room, len(offered)) + 1):
        for chosen in combinations(offered, size):
            income = venue.proceeds(sum(each.quote.seized for each in chosen))
            best = max(best, income - sum(each.quote.due for each in chosen) - gas.cost(size))
    return best


AMOUNTS = st.tuples(st.integers(1, 2_000), st.integers(1, 4_000))
GASES = st.builds(
    lambda price, room, order, batch: Gas(price, cap=batch + order * room, batch=batch, order=order),
    st.one_of(st.just(0), st.integers(0, 20 * PRICE_SCALE)),
    st.integers(0, 10),
    st.integers(1, 10),
    st.integers(0, 20),
)
VENUES = st.one_of(
    st.just(FixedPrice(PRICE)),
    st.lists(st.tuples(st.integers(100, 20_000), st.integers(100, 40_000)), min_size=1, max_size=3).map(
        lambda pairs: Route(tuple(pairs))
    ),
)


@given(st.lists(AMOUNTS, max_size=9), VENUES, GASES)
def test_no_batch_brings_more(pairs, venue, gas):
    """Against every subset: whatever the depth, the gas price and the cap."""
    chosen = choose(closes(*pairs), venue, gas)
    assert chosen.profit == best_of_all(closes(*pairs), venue, gas) <= max(0, chosen.bound)
    assert len(chosen.candidates) <= gas.room


def test_ten_thousand_offers_are_chosen_from_near_the_bound():
    """Ten thousand offers for 256 places, sold into a pair: the answer is the best but for a millionth."""
    rng = Random(1)
    seized = [rng.randint(10**16, 10**19) for _ in range(10_000)]
    offered = closes(*((it, it * 2_000 * rng.randint(90, 99) // 100 // 10**12) for it in seized))
    chosen = choose(offered, DEEP, Gas(2_000 * 10**6 * 10**27 // 10**18))
    assert chosen.profit > 0
    assert chosen.bound - chosen.profit <= chosen.profit // 1_000_000


def test_impact_limits_what_is_sold():
    """In a shallow pair one of two closes is worth more than both; at a fixed price both are taken."""
    offered = closes((1_000, 1_500), (1_000, 1_500))
    assert len(choose(offered, Route(((5_000, 10_000),)), Gas()).candidates) == 1
    assert len(choose(offered, FixedPrice(PRICE), Gas()).candidates) == 2


@given(st.integers(100, 10**24), st.integers(100, 10**24), st.integers(1, 999))
def test_a_pair_is_sold_down_to_a_price(collateral, loan, part):
    """The next unit still brings the price, the one after does not; below the first price nothing does."""
    route = Route(((collateral, loan),))
    price = max(1, route.marginal(0) * part // 1_000)
    amount = route.down_to(price)
    assert route.marginal(amount) >= price > route.marginal(amount + 2)
    assert route.down_to(route.marginal(0) + 1) == 0


def test_what_costs_nothing_is_taken():
    """Collateral for no debt: of a position whose price has fallen to nothing."""
    offered = closes((1_000, 0), (1_000, 1_500))
    chosen = choose(offered, FixedPrice(PRICE), Gas())
    assert chosen.profit == 2_500
    assert len(within_funds(chosen, 0, FixedPrice(PRICE), Gas()).candidates) == 1


def test_gas_alone_can_make_a_batch_not_worth_it():
    """The base cost of a batch counts once, also when every order by itself would pay."""
    offered = closes((1_000, 1_950))
    assert choose(offered, FixedPrice(PRICE), Gas(PRICE_SCALE, cap=100, batch=49, order=1)).profit == 0
    assert choose(offered, FixedPrice(PRICE), Gas(PRICE_SCALE, cap=100, batch=48, order=1)).profit == 1


def test_a_pair_is_uniswap_v2():
    """The integers of `getAmountOut`, written down from its formula; 0 for nothing."""
    pair = Route(((10**21, 2 * 10**12),))
    assert pair.proceeds(0) == 0
    assert (
        pair.proceeds(10**18) == 997 * 10**18 * 2 * 10**12 // (1_000 * 10**21 + 997 * 10**18) == 1_992_013_962
    )


def test_scarce_funds_go_to_the_best_returns():
    """What they do not pay is left out."""
    venue, gas = FixedPrice(PRICE), Gas()
    chosen = choose(closes((1_000, 1_900), (1_000, 1_500), (500, 800)), venue, gas)
    assert within_funds(chosen, 4_200, venue, gas) == chosen
    kept = within_funds(chosen, 2_400, venue, gas)
    assert [each.quote.due for each in kept.candidates] == [1_500, 800]
    assert kept.profit == 3_000 - 2_300
    assert within_funds(chosen, 100, venue, gas).candidates == ()


def test_the_forecast_of_a_real_batch_is_exact():
    """What the choice says of debt, fee and collateral is what the vault's batch then does."""
    market = small_market()
    for who in BORROWERS:
        market.give(who)
        market.open(who)
    keeper = market.give(owner(77))
    market.set_quote(1_700)
    positions = {who.lower(): market.position(who) for who in BORROWERS}
    totals = DebtTotals(*market.pool.call("debt_totals"))
    risk = Risk.from_struct(market.vault.call("risk"))
    found = candidates(positions, market.price(), totals, risk)
    batch: Batch = choose(found, FixedPrice(market.price()), Gas())
    assert len(batch.candidates) == len(BORROWERS)
    for each, word in zip(batch.candidates, batch.orders, strict=True):
        assert each.quote.paid < word >> 160 < each.quote.paid * 1.002
    paid, fee, seized, executed = market.vault.send("liquidate_batch", batch.orders, sender=keeper)
    assert (paid + fee, seized, executed) == (batch.due, batch.seized, batch.executed)


RISK = Risk.from_struct(BLUE_CHIP.to_struct(6))
GWEI = 10**9 * 1_800 * 10**6 * 10**18  # for a unit of gas, 1e36


def positions(*pairs: tuple[float, int], price: int = 1_800) -> list[Candidate]:
    """The closes of positions of so much collateral and debt, in whole tokens."""
    held = {owner(i + 1): (int(it * 10**18), int(debt * 10**9)) for i, (it, debt) in enumerate(pairs)}
    debt = sum(shares for _, shares in held.values())
    totals = DebtTotals(debt * FRACTION // 1_000, debt)
    return candidates(held, price_of(price, 18, 6), totals, RISK)


def pair(depth: int, price: int = 1_800) -> Route:
    """A pair of so many whole tokens of collateral."""
    return Route(((depth * 10**18, depth * price * 10**6),))


@pytest.mark.parametrize("jitter", [0, 0.01, 0.1])
@pytest.mark.parametrize(("depth", "least"), [(200, 29), (400, 59), (1_000, 157), (3_000, 472)])
@pytest.mark.parametrize("count", [14, 20, 100])
def test_alike_positions_do_not_blind(count, depth, least, jitter):
    """Far more alike positions than the pair takes: as many are closed as pay."""
    rng = Random(0)
    offered = positions(*((10 * (f := 1 + rng.uniform(-jitter, jitter)), 15_000 * f) for _ in range(count)))
    chosen = choose(offered, pair(depth), Gas(GWEI, batch=190_000))
    assert chosen.profit >= least * 10**6
    assert chosen.profit >= 0.95 * chosen.bound


@pytest.mark.parametrize("count", [200, 256, 257, 1_000])
@pytest.mark.parametrize("cap", [15_000_000, 1_000_000])
def test_a_batch_is_full_when_more_alike_positions_pay_than_it_takes(count, cap):
    """At a fixed price each pays: 256 at most, or what the gas cap allows."""
    gas = Gas(GWEI, cap=cap)
    chosen = choose(positions(*[(10, 15_000)] * count), FixedPrice(price_of(1_800, 18, 6) * 99 // 100), gas)
    assert len(chosen.candidates) == min(count, gas.room)
    assert chosen.profit == chosen.bound


@pytest.mark.parametrize("depth", [400, 1_000, 3_000])
@pytest.mark.parametrize("count", [14, 20, 40])
def test_worthless_look_alikes_stop_no_honest_close(count, depth):
    """Small positions that all but lose, beside eight that pay: at least what the eight alone bring."""
    rng = Random(5)
    honest = [(10 * (f := rng.uniform(0.5, 3)), 15_000 * f) for _ in range(8)]
    gas, venue = Gas(GWEI, batch=190_000), pair(depth, 1_750)
    alone = choose(positions(*honest, price=1_750), venue, gas)
    for debt in (2_520, 2_560):
        chosen = choose(positions(*honest, *[(1.68, debt)] * count, price=1_750), venue, gas)
        assert chosen.profit >= alone.profit > 0
        assert chosen.profit >= 0.99 * chosen.bound


def test_closes_that_do_not_pay_stay_within_the_budget():
    """Those that lose least come first; what no income covers is left out where the sale has to pay."""
    offered = closes((1_000, 2_010), (1_000, 2_100), (1_000, 2_040))
    venue, gas = FixedPrice(PRICE), Gas(PRICE_SCALE, batch=10, order=1, cap=10**6)
    assert least_losses(offered, venue, gas, 20, None).candidates == ()
    assert least_losses(offered, venue, gas, 21, None).candidates == (offered[0],)
    assert least_losses(offered, venue, gas, 62, None).candidates == (offered[0], offered[2])
    assert least_losses(offered, venue, gas, 10**6, 0).candidates == ()
