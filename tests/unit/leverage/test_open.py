"""Opening and increasing in one call."""

import pytest

from plimsoll.units import MAX, WAD
from tests.unit.leverage.conftest import LATER, USD, WETH
from tests.utils.periphery import DEPLOYER, STRANGER, refused

NOTHING = {"usd": 0, "weth": 0, "btc": 0}


def clean(venue, leverage, market):
    """Y1: Leverage holds and allows nothing."""
    assert venue.holdings(leverage.address) == NOTHING
    for token in (venue.usd, venue.weth):
        assert token.call("allowance", leverage.address, market.vault.address) == 0


@pytest.mark.parametrize("margin", [0, 5 * WAD])
@pytest.mark.parametrize("loan_margin", [0, 6_000 * 10**6])
def test_margin_of_either_kind(venue, leverage, trader, long, into, margin, loan_margin):
    """Debt and margin in the loan asset buy; what is bought is locked with the margin in collateral."""
    debt = 10_000 * 10**6 if margin or loan_margin else 0
    bought = venue.sale(into, debt + loan_margin) if debt else 0
    call = ("open", long.vault.address, margin, loan_margin, debt, into)
    assert leverage.send(*call, margin + bought, 0, LATER, sender=trader) == margin + bought
    assert long.vault.call("position_of", trader)[0] == margin + bought
    assert long.vault.call("debt_of", trader) - debt in (0, 1)
    assert venue.holdings(trader) == {"usd": USD - loan_margin, "weth": WETH - margin, "btc": 0}
    clean(venue, leverage, long)


def test_a_short(venue, leverage, trader, short, out_of):
    """The loan asset is the volatile one: WETH is drawn and sold for dollars."""
    debt = 8 * WAD
    bought = venue.sale(out_of, debt)
    call = ("open", short.vault.address, USD, 0, debt, out_of, USD + bought, 0, LATER)
    assert leverage.send(*call, sender=trader) == USD + bought
    assert short.vault.call("position_of", trader)[0] == USD + bought
    assert short.vault.call("debt_of", trader) - debt in (0, 1)
    assert venue.holdings(trader) == NOTHING | {"weth": WETH}
    clean(venue, leverage, short)


def test_a_longer_path(venue, leverage, trader, long):
    path = venue.path(venue.usd, venue.btc, venue.weth)
    bought = venue.sale(path, 10**10)
    call = ("open", long.vault.address, WETH, 0, 10**10, path, 0, 0, LATER)
    assert leverage.send(*call, sender=trader) == WETH + bought
    clean(venue, leverage, long)


def test_an_increase(venue, leverage, trader, long, into):
    """Opening upon a position that stands, without margin."""
    vault = long.vault
    leverage.send("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER, sender=trader)
    before, owed = vault.call("position_of", trader)[0], vault.call("debt_of", trader)
    bought = venue.sale(into, 5 * 10**9)
    leverage.send("open", vault.address, 0, 0, 5 * 10**9, into, bought, 0, LATER, sender=trader)
    assert vault.call("position_of", trader)[0] == before + bought
    assert vault.call("debt_of", trader) - owed - 5 * 10**9 in (0, 1)
    clean(venue, leverage, long)


def test_the_least_collateral(venue, leverage, trader, long, into):
    """Of this call, the margin counted: what a sandwich can take is bounded."""
    bought = venue.sale(into, 10**10)
    call = ("open", long.vault.address, WETH, 0, 10**10, into)
    refused("leverage: too little collateral", leverage, *call, WETH + bought + 1, 0, LATER, sender=trader)
    venue.swap(venue.usd, venue.weth, 10**9)
    refused("leverage: too little collateral", leverage, *call, WETH + bought, 0, LATER, sender=trader)


def test_the_least_health(venue, leverage, trader, long, into):
    """Just as good as it is, and a WADth better."""
    call = ("open", long.vault.address, WETH, 0, 10**10, into, 0)
    health = leverage.call("preview_open", long.vault.address, trader, WETH, 0, 10**10, into)[1][4]
    refused("leverage: health too low", leverage, *call, health + 1, LATER, sender=trader)
    leverage.send(*call, health, LATER, sender=trader)
    assert long.vault.call("health", trader) == health


def test_the_vault_has_the_last_word(venue, leverage, trader, long, into):
    """Loan-to-value and minimum debt are its."""
    call = ("open", long.vault.address, WETH, 0)
    refused("vault: above the loan-to-value", leverage, *call, 10**11, into, 0, 0, LATER, sender=trader)
    refused("vault: below the minimum debt", leverage, *call, 10**9, into, 0, 0, LATER, sender=trader)


def test_the_deadline(venue, leverage, trader, long, into):
    now = venue.engine.now
    call = ("open", long.vault.address, WETH, 0, 10**10, into, 0, 0)
    refused("leverage: too late", leverage, *call, now - 1, sender=trader)
    leverage.send(*call, now, sender=trader)


def test_the_right_to_borrow(venue, leverage, trader, long, into):
    call = ("open", long.vault.address, WETH, 0, 10**10, into, 0, 0, LATER)
    for rights in (0, 1):
        long.vault.send("set_operator", leverage.address, rights, sender=trader)
        refused("vault: not authorised", leverage, *call, sender=trader)
    long.vault.send("set_operator", leverage.address, 2, sender=trader)
    leverage.send(*call, sender=trader)


def test_a29_margin_comes_from_the_caller(venue, leverage, trader, long, into):
    """Whoever has approved Leverage is safe from everybody else."""
    long.vault.send("set_operator", leverage.address, 3, sender=STRANGER)
    for margin, loan_margin, reason in (
        (WETH, 0, ""),
        (0, USD, "token: allowance too small"),
    ):  # WETH9 has none
        call = ("open", long.vault.address, margin, loan_margin, 0, into, 0, 0, LATER)
        refused(reason, leverage, *call, sender=STRANGER)


def test_what_was_sent_by_mistake_stays(venue, leverage, trader, long, into):
    for token, amount in ((venue.usd, 10**12), (venue.weth, 5 * WAD)):
        venue.give(token, leverage.address, amount)
    bought = venue.sale(into, 10**10)
    leverage.send("open", long.vault.address, WETH, 0, 10**10, into, 0, 0, LATER, sender=trader)
    assert long.vault.call("position_of", trader)[0] == WETH + bought
    assert venue.holdings(leverage.address) == {"usd": 10**12, "weth": 5 * WAD, "btc": 0}


def test_all_that_is_allowed_is_no_amount(venue, leverage, trader, long, into):
    """The vault's largest uint: what it would draw could not be priced."""
    call = ("open", long.vault.address, WETH, 0, MAX, into, 0, 0, LATER)
    refused("", leverage, *call, sender=trader)


def test_paths(venue, leverage, trader, long, into, out_of):
    call = ("open", long.vault.address, WETH, 0, 10**10)
    refused("swap: wrong path", leverage, *call, out_of, 0, 0, LATER, sender=trader)
    refused("swap: wrong path", leverage, *call, [into[0], into[0]], 0, 0, LATER, sender=trader)
    refused("swap: wrong path", leverage, *call, [into[1], into[1]], 0, 0, LATER, sender=trader)
    for short in ([], into[:1]):
        refused("swap: path too short", leverage, *call, short, 0, 0, LATER, sender=trader)
    nowhere = [into[0], STRANGER, into[1]]
    refused("swap: no pair", leverage, *call, nowhere, 0, 0, LATER, sender=trader)


def test_only_vaults_of_the_factory(venue, leverage, trader, long, into):
    for stranger in (STRANGER, long.pool.address, venue.factory.address):
        call = ("open", stranger, WETH, 0, 10**10, into, 0, 0, LATER)
        refused("periphery: not a vault", leverage, *call, sender=trader)


@pytest.mark.parametrize(("functions", "reason"), [(2, "token: pull failed"), (1, "token: send failed")])
def test_a_loan_asset_that_answers_false(venue, leverage, trader, functions, reason):
    loan = venue.make("FalseReturnToken", "Loan", "FRT", 6)
    market = venue.market(loan, venue.weth, 2_000)
    venue.provide(venue.weth, 5_000 * WAD, loan, 10**13)
    venue.give(loan, trader, USD)
    loan.send("approve", leverage.address, MAX, sender=trader)
    loan.send("fail", functions, sender=DEPLOYER)
    path = venue.path(loan, venue.weth)
    market.vault.send("set_operator", leverage.address, 2, sender=trader)
    call = ("open", market.vault.address, 0, USD, 0, path, 0, 0, LATER)
    refused(reason, leverage, *call, sender=trader)


def test_it_says_what_it_trusts(venue, leverage):
    assert leverage.call("factory") == venue.factory.address
    assert leverage.call("uniswap_factory") == venue.uniswap.address


@pytest.mark.parametrize(("margin", "loan_margin"), [(1, 6_000 * 10**6), (5 * WAD, 1)])
def test_the_smallest_margin(venue, leverage, trader, long, into, margin, loan_margin):
    """A base unit is pulled as any other amount."""
    debt = 8_000 * 10**6
    bought = venue.sale(into, debt + loan_margin)
    leverage.send("open", long.vault.address, margin, loan_margin, debt, into, 0, 0, LATER, sender=trader)
    assert long.vault.call("position_of", trader)[0] == margin + bought
    assert venue.holdings(trader) == {"usd": USD - loan_margin, "weth": WETH - margin, "btc": 0}
    clean(venue, leverage, long)


def test_tokens_that_return_nothing(venue, leverage, trader):
    """As USDT does, on either side."""
    loan, collateral = (venue.make("NoReturnToken", name, "NRT", 6) for name in ("Loan", "Collateral"))
    market = venue.market(loan, collateral, 1)
    venue.provide(loan, 10**13, collateral, 10**13)
    for token in (loan, collateral):
        venue.give(token, trader, 10**10)
        token.send("approve", leverage.address, MAX, sender=trader)
    market.vault.send("set_operator", leverage.address, 3, sender=trader)
    path, debt = venue.path(loan, collateral), 2 * 10**10
    bought = venue.sale(path, debt + 10**10)
    leverage.send("open", market.vault.address, 10**10, 10**10, debt, path, 0, 0, LATER, sender=trader)
    assert market.vault.call("position_of", trader)[0] == 10**10 + bought
    assert [token.call("balanceOf", trader) for token in (loan, collateral)] == [0, 0]
