"""The choice of a batch: the best of all, within the bound, in integers."""

from itertools import combinations
from random import Random

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
    within_funds,
)
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk
from plimsoll.units import PRICE_SCALE
from tests.keeper.chains import owner
from tests.stateful.world import BORROWERS
from tests.utils.market import small_market

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
            best = max(best, income - sum(each.cost for each in chosen) - gas.cost(size))
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
    assert [each.cost for each in kept.candidates] == [1_500, 800]
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
