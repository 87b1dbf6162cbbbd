"""Whole lives of a market: several vaults, years of interest, a crash with bad debt, and everybody leaves."""

from dataclasses import replace
from decimal import Decimal

import pytest

from plimsoll.params import BLUE_CHIP, CORRELATED, VOLATILE, price_of
from plimsoll.testing import refusal
from plimsoll.testing.market import Market, build_market
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import DAY, FRACTION, MAX, WAD, YEAR, order
from tests.utils.vaults import Balances, balances, liquidate, liquidate_batch


def two_vaults(builder, actors) -> tuple[Market, Market]:
    """A pool with a blue-chip vault, and beside it a volatile one on another collateral."""
    blue = build_market(builder, actors)
    collateral = builder.token(8, "VOLA")
    oracle = builder.oracle(price_of(50, 8, 6))
    vault = builder.vault(blue.pool, collateral, oracle, VOLATILE)
    volatile = replace(blue, decimals=(6, 8), collateral=collateral, oracle=oracle, vault=vault)
    for actor in actors:
        volatile.give(actor)
    return blue, volatile


def assert_books_add_up(markets: list[Market], borrowers, lenders) -> None:
    """P1, P2, P3 and V1."""
    pool = markets[0].pool
    totals = pool.totals()
    assert sum(pool.balanceOf(lender) for lender in lenders) == totals.total_supply
    drawn = 0
    for market in markets:
        positions = [market.vault.position_of(borrower) for borrower in borrowers]
        shares = sum(debt for _, debt in positions)
        assert pool.credit_line(market.vault)[1] == shares
        assert market.collateral.balanceOf(market.vault) >= sum(locked for locked, _ in positions)
        drawn += shares
    assert totals.total_debt_shares == drawn
    cash = markets[0].loan.balanceOf(pool)
    assert cash * FRACTION + totals.total_debt > totals.total_assets - FRACTION


def test_from_the_first_deposit_to_the_last_exit(
    chain, builder, curator, lender, other_lender, borrower, other_borrower, liquidator
):
    borrowers, lenders = [borrower, other_borrower], [lender, other_lender]
    blue, volatile = markets = two_vaults(builder, [*borrowers, *lenders, liquidator])
    pool, council = blue.pool, blue.council

    # lenders come, the volatile vault gets its line through the queue
    pool.deposit(blue.loans(600_000), lender, sender=lender)
    pool.mint(blue.loans(400_000) * 1_000, other_lender, sender=other_lender)
    council.queue_limit(volatile.vault, blue.loans(50_000), sender=curator)
    chain.advance(3 * DAY)
    council.execute_queued(sender=curator)

    # borrowers draw on both vaults, and time passes
    blue.vault.open(blue.collaterals(200), blue.loans(300_000), sender=borrower)
    volatile.vault.open(volatile.collaterals(1_200), blue.loans(35_000), sender=borrower)
    blue.vault.deposit(blue.collaterals(300), sender=other_borrower)
    blue.vault.borrow(blue.loans(400_000), sender=other_borrower)
    assert_books_add_up(markets, borrowers, lenders)
    chain.advance(YEAR // 2)
    pool.accrue(sender=lender)
    assert_books_add_up(markets, borrowers, lenders)
    price_before = pool.convertToAssets(10**12)
    assert price_before > 10**9

    # the blue chip falls a little: closes restore health and lose nothing
    edge = blue.vault.margin_terms(borrower).liquidation_price
    blue.oracle.set_price(edge * 98 // 100, sender=curator)
    assert blue.vault.preview_liquidate(borrower, MAX).liquidatable
    receipt = blue.vault.liquidate(borrower, MAX, sender=liquidator)
    assert not list(receipt.of(pool.Loss))
    assert blue.vault.health(borrower) > Decimal("1.0499") * 10**18
    assert_books_add_up(markets, borrowers, lenders)

    # the volatile collateral collapses: the loss is booked in the call, its line shrinks for good
    reserves, limit = pool.reserves(), pool.credit_line(volatile.vault)[0]
    volatile.set_quote(5)
    receipt = volatile.vault.liquidate(borrower, MAX, sender=liquidator)
    (loss,) = receipt.of(pool.Loss)
    assert loss.lenders > 0 and loss.backstop == 0
    assert 0 <= loss.reserves - reserves <= 10  # W1: used up, with the interest of a second
    assert pool.reserves() == 0
    assert pool.credit_line(volatile.vault)[0] == limit - loss.reserves - loss.lenders
    assert volatile.vault.positions(borrower) == 0
    assert pool.convertToAssets(10**12) < price_before
    assert_books_add_up(markets, borrowers, lenders)

    # everybody repays and leaves; what rounding kept is dust
    chain.advance(YEAR)
    for owner in borrowers:
        blue.vault.close(MAX, MAX, sender=owner)
        assert blue.vault.positions(owner) == 0
    assert pool.totals().total_debt == pool.totals().total_debt_shares == 0
    for owner in lenders:
        owed = pool.previewRedeem(pool.balanceOf(owner))
        before = blue.loan.balanceOf(owner)
        pool.exit(MAX, 0, owner, owner, sender=owner)
        assert blue.loan.balanceOf(owner) - before == owed
    assert pool.totalSupply() == 0
    assert pool.totalAssets() <= 2
    assert blue.loan.balanceOf(pool) - pool.reserves() <= 2
    assert blue.collateral.balanceOf(blue.vault) == volatile.collateral.balanceOf(volatile.vault) == 0


def test_the_life_of_a_loan(chain, builder, lender, borrower, liquidator):
    """Supplied, borrowed, grown, partly closed in a fall, repaid; the lender leaves with the interest."""
    market = build_market(builder, [lender, borrower, liquidator])
    pool, vault = market.pool, market.vault
    pool.deposit(market.loans(100_000), lender, sender=lender)
    market.open(borrower, 20, 25_000)
    chain.advance(YEAR // 2)
    vault.borrow(market.loans(5_000), sender=borrower)
    chain.advance(YEAR // 2)
    vault.repay(market.loans(1_000), sender=borrower)
    debt = vault.debt_of(borrower)
    interest = debt - market.loans(29_000)
    assert market.loans(10) < interest < market.loans(1_500)
    market.assert_sums([borrower])

    market.set_quote("1740")
    answer = liquidate(market, borrower, liquidator)  # V3, L4: to the target, not to the end
    assert abs(vault.health(borrower) - 105 * WAD // 100) < 10**10
    assert answer.paid < debt // 2
    market.assert_sums([borrower])

    market.set_quote("2500")
    vault.close(MAX, MAX, sender=borrower)
    assert market.position(borrower) == (0, 0)
    assert DebtTotals(*pool.debt_totals()).debt == 0

    lent, supplied = pool.totalAssets(), market.loans(100_000)
    reserves = pool.reserves()
    # what borrowers paid has been split nine to one; the fee of the close is reserve as well
    assert abs((lent - supplied) - 9 * (reserves - answer.fee)) <= 20
    assert abs(lent - supplied + reserves - answer.fee - interest) <= 5
    pool.exit(MAX, lent - 1, lender, lender, sender=lender)
    assert pool.totalSupply() == 0
    assert balances(market, pool).loan - reserves in (0, 1)
    assert balances(market, vault) == Balances(0, 0)


@pytest.fixture
def town(builder, lender, borrower, other_borrower, liquidator) -> dict[str, Market]:
    """One pool of dollars; ether, something that follows the dollar's worth of bitcoin, something odd."""
    loan = builder.token(6, "USD")
    made = builder.pool(loan)
    pool = made.pool
    markets, limits = {}, {}
    for name, decimals, quote, risk, limit in (
        ("ether", 18, 2_000, BLUE_CHIP, 3_000_000),
        ("bitcoin", 8, 60_000, CORRELATED, 1_000_000),
        ("odd", 0, "0.2", VOLATILE, 200_000),
    ):
        collateral = builder.token(decimals, name[:4].upper())
        oracle = builder.oracle(price_of(quote, decimals, 6))
        vault = builder.vault(pool, collateral, oracle, risk)
        markets[name] = Market(builder, (6, decimals), loan, collateral, oracle, pool, made.council, vault)
        limits[vault] = limit * 10**6
    builder.open(made, limits)
    for market in markets.values():
        for actor in (lender, borrower, other_borrower, liquidator):
            market.give(actor)
    return markets


def test_three_vaults_on_one_pool(chain, town, borrower, other_borrower, liquidator, lender, curator):
    """P2 over vaults; a fall of one collateral touches one vault; lines are apart."""
    ether, bitcoin, odd = (town[name] for name in ("ether", "bitcoin", "odd"))
    pool = ether.pool

    def check() -> None:
        assert_books_add_up(list(town.values()), [borrower, other_borrower], [lender])

    pool.deposit(ether.loans(4_000_000), lender, sender=lender)
    for owner in (borrower, other_borrower):
        ether.open(owner, 100, 150_000)
        bitcoin.open(owner, 2, 110_000)
        odd.open(owner, 500_000, 55_000)
    check()
    chain.advance(30 * DAY)

    untouched = {market: market.position(borrower) for market in (ether, odd)}
    bitcoin.set_quote("57600")
    liquidate(bitcoin, borrower, liquidator)
    check()
    assert {market: market.position(borrower) for market in (ether, odd)} == untouched
    for market in (ether, odd):
        assert refusal(market.vault.liquidate, borrower, MAX, sender=liquidator) == "vault: healthy"

    odd.set_quote("0.11")
    orders = [order(owner, limit) for owner in (borrower, other_borrower) for limit in (10**9, 10**8)]
    liquidate_batch(odd, orders, liquidator)
    check()
    lost = pool.losses(odd.vault)
    assert lost > 0 == pool.losses(ether.vault)
    assert pool.credit_line(odd.vault)[0] == odd.loans(200_000) - lost
    assert pool.credit_line(ether.vault)[0] == ether.loans(3_000_000)

    ether.council.set_limit(odd.vault, 0, sender=curator)
    assert refusal(odd.vault.open, 10**6, 10**10, sender=borrower) == "pool: over the credit limit"
    for market in (ether, bitcoin, odd):
        for owner in (borrower, other_borrower):
            market.vault.close(MAX, MAX, sender=owner)
    check()
    assert DebtTotals(*pool.debt_totals()).shares == 0
    assert all(m.collateral.balanceOf(m.vault) == 0 for m in town.values())
