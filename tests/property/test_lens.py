"""The Lens says what the vaults and the pool say themselves, and what the twin says of any price.

Everything is asked at four moments of random walks through the campaign's world, and compared to the wei.
"""

from dataclasses import astuple
from itertools import product
from random import Random

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.testing.engines import in_process
from plimsoll.twin import liquidation
from plimsoll.twin.liquidation import ceil_div, is_liquidatable, is_restorable
from plimsoll.units import MAX, NOBODY, PRICE_SCALE, WAD
from tests.stateful.rules import Steps, begin, lend
from tests.stateful.world import BORROWERS, MARKETS, ROLES, SPOKES, Lockstep, role
from tests.utils.lens import build, lens_over

pytestmark = pytest.mark.slow

WALK = 40  # steps; a quarter of them between two looks
UNKNOWN = role(77)  # has never done anything
WALKS = 6  # in each market


def looks(seed, market):
    """A world at four moments of a random walk: (world, lens, vault's name, random)."""
    random = Random(seed)
    world = Lockstep(in_process(), *market)
    begin(world)
    lend(world)
    for which in ("first", "second"):
        for owner in BORROWERS:
            vault, amount = f"{which}_vault", 50 * 10 ** world.decimals[1 if which == "first" else 2]
            world.act(vault, "deposit", amount, owner, sender=owner)
            world.advance(market[2][1])  # the pace of what the owner before has drawn
            most = world.model[vault].max_borrow(owner)
            world.act(vault, "borrow", int(most * random.uniform(0.8, 1)), owner, owner, sender=owner)
    lens, steps = lens_over(world), Steps(world, random)
    for _ in range(4):
        for _ in range(WALK // 4):
            steps.step()
        world.twin.now = world.engine.now
        for which in ("first", "second"):
            # the walk liquidates whom it can, and oracles seldom fail there
            pick, oracle = random.random(), f"{which}_oracle"
            if pick < 0.1:
                world.silence(oracle)
            elif pick < 0.6:
                price = some_price(world, which, random) if pick > 0.2 else 0
                world.set_prices(oracle, price, price)
            yield world, lens, which, random


def asked(contract, function, *arguments):
    """What a contract answers; None when it reverts."""
    try:
        return contract.call(function, *arguments)
    except CallReverted:
        return None


def owners_of(world):
    return [*ROLES, world.actor.address, UNKNOWN]


def some_price(world, which, random):
    """A price to ask about: near somebody's edge, or anywhere."""
    model, fair = world.model[f"{which}_vault"], world.fair[f"{which}_oracle"]
    owner = random.choice([each for each in ROLES if model.debt_of(each)] or ROLES)
    collateral = model.position_of(owner)[0]
    debt = model.debt_of(owner)
    if collateral and debt and random.random() < 0.8:
        edge = debt * PRICE_SCALE * WAD // (collateral * model.risk.threshold)
        return max(1, min(int(edge * random.uniform(random.choice((0.3, 0.96)), 1.02)), 2**120))
    return max(1, int(fair * random.random()))


def check_positions(world, lens, which):
    vault, oracle = world.chain[f"{which}_vault"], world.chain[f"{which}_oracle"]
    risk, owners = world.model[f"{which}_vault"].risk, owners_of(world)
    price = asked(oracle, "price") or 0
    found = lens.positions(vault.address, owners)
    assert [each.owner for each in found] == owners
    for each in found:
        owner = each.owner
        assert (each.collateral, each.debt_shares) == vault.call("position_of", owner)
        assert each.debt == vault.call("debt_of", owner)
        assert tuple(each.terms) == vault.call("margin_terms", owner)
        assert each.price == price
        assert each.health == (asked(vault, "health", owner) or 0)
        preview = asked(vault, "preview_liquidate", owner, MAX)
        assert each.is_liquidatable == (preview is not None and preview[0])
        if price:
            assert each.value == each.collateral * price // PRICE_SCALE
            assert each.equity == each.value - each.debt
            assert each.is_liquidatable == is_liquidatable(each.value, each.debt, risk.threshold)
            assert each.leverage == (each.value * WAD // each.equity if each.equity > 0 else MAX)
        else:
            assert (each.value, each.equity, each.leverage) == (0, 0, 0)


def test_positions_at_prices_of_every_kind(engine):
    """Both healthy, one liquidatable, one and both in shortfall, no price."""
    place = build(engine)
    for price in (2_000, 1_700, 1_400, 1_100, 0):
        place.set_price(price)
        check_positions(place.world, place.lens, "first")


def check_candidates(world, lens, which):
    """They are those whom the vault would liquidate."""
    vault, owners = world.chain[f"{which}_vault"], owners_of(world)
    price, found = lens.liquidatable(vault.address, owners)
    assert price == (asked(world.chain[f"{which}_oracle"], "price") or 0)
    previews = {owner: asked(vault, "preview_liquidate", owner, MAX) for owner in owners}
    expected = [(owner, preview) for owner, preview in previews.items() if preview and preview[0]]
    assert [(owner, tuple(quote)) for owner, quote in found.items()] == expected


def check_what_if(world, lens, which, random):
    """Health, previews and shortfall at any price, for any offer, are what the twin says."""
    model, vault = world.model[f"{which}_vault"], world.chain[f"{which}_vault"]
    price, owners = some_price(world, which, random), owners_of(world)
    t = model.pool.accrued()
    totals = liquidation.DebtTotals(t.total_debt, t.total_debt_shares)
    healths, shortfall = [], 0
    for owner in owners:
        collateral, shares = model.position_of(owner)
        value, debt = collateral * price // PRICE_SCALE, totals.assets_up(shares)
        healths.append(liquidation.health(value, debt, model.risk.threshold))
        if debt and not is_restorable(value, debt, model.risk.bonus_min):
            bonus = liquidation.shortfall_bonus(value, debt, model.risk)
            shortfall += debt - ceil_div(value * WAD, WAD + bonus)
        for offer in (MAX, random.randint(0, 2 * debt), random.randint(0, 5)):
            quote = liquidation.quote(collateral, shares, price, totals, offer, model.risk)
            found = lens.preview_liquidation_at(vault.address, owner, price, offer)
            assert found == quote
    assert lens.health_at(vault.address, owners, price) == healths
    assert lens.shortfall_at(vault.address, owners, price) == shortfall


def check_what_if_now(world, lens, which, random):
    """At the price of now: the same words as the vault's own views, whatever the oracle answers."""
    vault = world.chain[f"{which}_vault"]
    price = asked(world.chain[f"{which}_oracle"], "price")
    for owner in owners_of(world) if price else []:
        offer = random.choice((MAX, random.randint(0, 10**10)))
        preview = asked(vault, "preview_liquidate", owner, offer)
        assert tuple(lens.preview_liquidation_at(vault.address, owner, price, offer)) == preview
        assert lens.health_at(vault.address, [owner], price) == [vault.call("health", owner)]


def check_bins(world, lens, which, random):
    """A debt is in the bin of its liquidation price; above an edge is what can be liquidated there."""
    vault, owners = world.chain[f"{which}_vault"], owners_of(world)
    prices = [vault.call("margin_terms", owner)[2] for owner in owners]
    debts = [vault.call("debt_of", owner) for owner in owners]
    near = [max(1, price + random.choice((-1, 0, 1))) for price in prices if 0 < price < MAX]
    edges = sorted({*near, *(some_price(world, which, random) for _ in range(3))})
    bins = lens.debt_by_liquidation_price(vault.address, owners, edges)
    assert len(bins) == len(edges) + 1
    assert sum(bins) == sum(debts)
    low = -1
    for found, high in zip(bins, [*edges, MAX], strict=True):
        inside = [debt for debt, price in zip(debts, prices, strict=True) if low < price <= high]
        assert found == sum(inside)
        low = high
    for i, edge in enumerate(edges):
        at_risk = [
            debt
            for owner, debt in zip(owners, debts, strict=True)
            if lens.preview_liquidation_at(vault.address, owner, edge, 0).liquidatable
        ]
        assert sum(bins[i + 1 :]) == sum(at_risk)


def check_summaries(world, lens, which):
    pool, model = world.chain["pool"], world.model["pool"]
    t = model.accrued()
    found = lens.pool_summary(pool.address)
    own = {
        "asset": "asset", "council": "council", "backstop": "backstop", "total_assets": "totalAssets",
        "total_supply": "totalSupply", "reserves": "reserves", "provisions": "provisions",
        "utilisation": "utilisation", "borrow_rate": "borrow_rate",
        "rate_at_target": "rate_at_target", "is_open": "is_open", "supply_cap": "supply_cap",
    }  # fmt: skip
    for field, function in own.items():
        assert getattr(found, field) == pool.call(function), field
    assert found.total_debt == ceil_div(t.total_debt, 65_536)
    assert found.total_debt_shares == t.total_debt_shares
    assert found.cash == model.cash()
    assert found.vault_count == 3  # two vaults and a basket
    assert found.paused_until == (model.paused_until if model.is_paused(t) else 0)
    assert found.deposit_room == pool.call("maxDeposit", role(1))
    assert (found.draw_burst, found.draw_refill) == pool.call("pace") == (model.draw_burst, model.draw_refill)
    exact = found.borrow_rate * found.utilisation * (WAD - model.reserve_factor)
    assert exact - 2 * WAD**2 < found.supply_rate * WAD**2 <= exact

    lines = lens.credit_lines(pool.address)
    for line, name in zip(lines, SPOKES, strict=True):
        vault = world.chain[name]
        assert line.vault == vault.address
        assert (line.limit, line.drawn_shares, line.drawn) == pool.call("credit_line", vault.address)
        assert line.headroom == pool.call("max_draw", vault.address)
        assert line.losses == pool.call("losses", vault.address)
        assert line.provisions == pool.call("provision_of", vault.address)
        if name == "basket":
            assert line.collateral_asset == line.oracle == NOBODY
        else:
            assert line.collateral_asset == vault.call("collateral_asset")
            assert line.oracle == vault.call("oracle")

    vault = world.chain[f"{which}_vault"]
    summary = lens.vault_summary(vault.address)
    assert astuple(summary.risk) == vault.call("risk")
    assert (summary.pool, summary.loan_asset) == (pool.address, found.asset)
    assert summary.line == lines[("first", "second").index(which)]
    assert (summary.initial_margin, summary.maintenance_margin) == vault.call("margin_terms", UNKNOWN)[:2]
    oracle = world.chain[f"{which}_oracle"]
    assert summary.price == (asked(oracle, "price") or 0)
    assert summary.safe_price == (asked(oracle, "safe_price") or 0)


def test_the_pool_at_once_and_after_a_year(engine):
    """In whole units, then with interest."""
    place = build(engine)
    for seconds in (0, 365 * 86_400):
        place.world.advance(seconds)
        place.world.twin.now = engine.now
        assert (place.lens.pool_summary(place.pool).total_debt == 27_000 * 10**6) == (seconds == 0)
        for which in ("first", "second"):
            check_summaries(place.world, place.lens, which)


def kinds(world, lens, which):
    """What positions there are."""
    bonus_min = world.model[f"{which}_vault"].risk.bonus_min
    for each in lens.positions(world.chain[f"{which}_vault"].address, owners_of(world)):
        if not each.price:
            yield "no price"
        elif not each.debt:
            yield "collateral" if each.collateral else "empty"
        elif not each.is_liquidatable:
            yield "healthy"
        else:
            yield "restorable" if is_restorable(each.value, each.debt, bonus_min) else "shortfall"


def test_whatever_happens():
    """Every walk is checked in every way, and together they meet positions of every kind."""
    met = set()
    for market, seed in product(MARKETS, range(WALKS)):
        for world, lens, which, random in looks(seed, market):
            check_positions(world, lens, which)
            check_candidates(world, lens, which)
            check_what_if(world, lens, which, random)
            check_what_if_now(world, lens, which, random)
            check_bins(world, lens, which, random)
            check_summaries(world, lens, which)
            met |= set(kinds(world, lens, which))
    assert met == {"no price", "collateral", "empty", "healthy", "restorable", "shortfall"}
