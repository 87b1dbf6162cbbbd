"""Margin terms, of a position and of an intended opening (Y2)."""

import pytest

from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import MAX, WAD
from tests.unit.leverage.conftest import LATER, USD, WETH
from tests.utils.periphery import DEPLOYER, STRANGER, refused
from tests.utils.vaults import drawn

FIELDS = (
    "collateral", "debt", "equity", "leverage", "health", "initial_margin", "maintenance_margin",
    "liquidation_price", "bankruptcy_price",
)  # fmt: skip


def named(terms):
    return dict(zip(FIELDS, terms, strict=True))


def test_nothing_has_no_bounds(leverage, long):
    terms = named(leverage.call("margin_terms", long.vault.address, STRANGER))
    assert terms == {
        "collateral": 0,
        "debt": 0,
        "equity": 0,
        "leverage": MAX,
        "health": MAX,
        "initial_margin": 20 * WAD // 100,
        "maintenance_margin": 17 * WAD // 100,
        "liquidation_price": 0,
        "bankruptcy_price": 0,
    }


def test_a_position(venue, leverage, trader, long):
    """Ten WETH at 2,000 with 10,000 dollars of debt are twice their equity."""
    long.vault.send("set_operator", leverage.address, 3, sender=trader)
    venue.borrow(long, trader, 10 * WAD, 10_000 * 10**6)
    terms = named(leverage.call("margin_terms", long.vault.address, trader))
    owed = long.vault.call("debt_of", trader)
    assert (terms["collateral"], terms["debt"]) == (10 * WAD, owed)
    assert terms["equity"] == 20_000 * 10**6 - owed
    assert terms["leverage"] == 20_000 * 10**6 * WAD // terms["equity"]
    assert terms["health"] == long.vault.call("health", trader)
    assert tuple(terms[name] for name in FIELDS[-4:]) == long.vault.call("margin_terms", trader)


def test_is_at_the_price_not_at_the_safe_price(venue, leverage, trader, long):
    venue.borrow(long, trader, 10 * WAD, 10_000 * 10**6)
    terms = leverage.call("margin_terms", long.vault.address, trader)
    price = long.oracle.call("price")
    long.oracle.send("set_prices", price, price // 2, sender=DEPLOYER)
    assert leverage.call("margin_terms", long.vault.address, trader) == terms


def test_prices_are_exact(venue, leverage, trader, long):
    """At the liquidation price it is healthy, one less and it is not."""
    venue.borrow(long, trader, 10 * WAD, 10_000 * 10**6)
    price = named(leverage.call("margin_terms", long.vault.address, trader))["liquidation_price"]
    long.oracle.send("set_price", price, sender=DEPLOYER)
    assert not long.vault.call("preview_liquidate", trader, MAX)[0]
    long.oracle.send("set_price", price - 1, sender=DEPLOYER)
    assert long.vault.call("preview_liquidate", trader, MAX)[0]


def test_under_water(venue, leverage, trader, long):
    """Equity is negative, leverage has no bound; without collateral nor have the prices."""
    venue.borrow(long, trader, 10 * WAD, 10_000 * 10**6)
    long.set_quote(900)
    terms = named(leverage.call("margin_terms", long.vault.address, trader))
    assert terms["equity"] == 9_000 * 10**6 - terms["debt"] < 0
    assert terms["leverage"] == MAX
    long.set_quote("1000")
    assert named(leverage.call("margin_terms", long.vault.address, trader))["leverage"] == MAX


@pytest.mark.parametrize(
    ("margin", "loan_margin", "debt"),
    [(WETH, 0, 10**10), (0, USD, 10**10), (WETH, USD, 25 * 10**9), (WETH, 0, 0)],
)
def test_an_intended_opening(venue, leverage, trader, long, into, margin, loan_margin, debt):
    """To the wei what `margin_terms` says afterwards; also for an increase, interest in between."""
    for _ in range(2):
        wish = (trader, margin // 2, loan_margin // 2, debt // 2)
        locked, forecast = leverage.call("preview_open", long.vault.address, *wish, into)
        call = ("open", long.vault.address, *wish[1:], into, locked, 0, LATER)
        assert leverage.send(*call, sender=trader) == locked
        assert leverage.call("margin_terms", long.vault.address, trader) == forecast
        venue.engine.advance(86_400 * 3)


def test_a_first_debt_at_an_index_that_has_grown(venue, leverage, trader, long, into):
    """Shares are rounded up, and what they owe."""
    leverage.send("open", long.vault.address, WETH, 0, 10**10, into, 0, 0, LATER, sender=trader)
    venue.engine.advance(86_400 * 3)
    totals, shares = drawn(DebtTotals(*long.pool.call("debt_totals")), 10**10)
    _, forecast = leverage.call("preview_open", long.vault.address, STRANGER, WETH, 0, 10**10, into)
    assert named(forecast)["debt"] == totals.assets_up(shares) == 10**10 + 1


def test_an_intended_short(venue, leverage, trader, short, out_of):
    locked, forecast = leverage.call("preview_open", short.vault.address, trader, USD, 0, 5 * WAD, out_of)
    leverage.send("open", short.vault.address, USD, 0, 5 * WAD, out_of, locked, 0, LATER, sender=trader)
    assert leverage.call("margin_terms", short.vault.address, trader) == forecast


def test_a_debt_without_collateral(venue, leverage, trader, long, into):
    """What it would be, though no vault allows it: no price is high enough."""
    pair = venue.uniswap.call("getPair", *into)
    empty = venue.make("PlainToken", "Other", "OTH", 18)
    for token in (venue.usd, venue.weth):
        venue.uniswap.send("createPair", empty.address, token.address, sender=STRANGER)
    assert int(pair, 16) > 0
    path = [into[0], empty.address, into[1]]
    locked, terms = leverage.call("preview_open", long.vault.address, trader, 0, 0, 10**10, path)
    assert locked == 0
    assert named(terms)["liquidation_price"] == named(terms)["bankruptcy_price"] == MAX


@pytest.mark.parametrize("repayment", [10**9, MAX])
def test_an_intended_close(venue, leverage, trader, long, into, out_of, repayment):
    leverage.send("open", long.vault.address, WETH, 0, 10**10, into, 0, 0, LATER, sender=trader)
    forecast = leverage.call("preview_close", long.vault.address, trader, repayment, out_of)
    call = ("close", long.vault.address, repayment, 0, out_of, forecast[1], 0, LATER)
    assert leverage.send(*call, sender=trader) == (*forecast, 0)


def test_the_same_refusals(leverage, trader, long, into, out_of):
    refused("periphery: not a vault", leverage, "margin_terms", STRANGER, trader, sender=trader)
    for vault, opening, closing, reason in (
        (STRANGER, into, out_of, "periphery: not a vault"),
        (long.vault.address, out_of, into, "swap: wrong path"),
    ):
        call = ("preview_open", vault, trader, WETH, 0, 10**10, opening)
        refused(reason, leverage, *call, sender=trader)
        refused(reason, leverage, "preview_close", vault, trader, MAX, closing, sender=trader)
