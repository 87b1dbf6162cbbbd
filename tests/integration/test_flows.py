"""Whole lives of a market: several vaults, years of interest, a crash with bad debt, and everybody leaves."""

from dataclasses import replace
from decimal import Decimal

from plimsoll.params import VOLATILE
from tests.utils.calls import pass_time
from tests.utils.world import DAY, FRACTION, MAX, Market, build_market, price_of

YEAR = 365 * DAY


def two_vaults(builder, actors) -> tuple[Market, Market]:
    """A pool with a blue-chip vault, and beside it a volatile one on another collateral."""
    blue = build_market(builder, actors)
    collateral = builder.token(8, "VOLA")
    oracle = builder.oracle(price_of(50, collateral, blue.loan))
    vault = builder.vault(blue.pool, collateral, oracle, VOLATILE)
    volatile = replace(blue, collateral=collateral, oracle=oracle, vault=vault)
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
    builder, curator, lender, other_lender, borrower, other_borrower, liquidator
):
    borrowers, lenders = [borrower, other_borrower], [lender, other_lender]
    blue, volatile = markets = two_vaults(builder, [*borrowers, *lenders, liquidator])
    pool, council = blue.pool, blue.council

    # lenders come, the volatile vault gets its line through the queue
    pool.deposit(blue.loans(600_000), lender, sender=lender)
    pool.mint(blue.loans(400_000) * 1_000, other_lender, sender=other_lender)
    council.queue_limit(volatile.vault, blue.loans(50_000), sender=curator)
    pass_time(3 * DAY)
    council.execute_queued(sender=curator)

    # borrowers draw on both vaults, and time passes
    blue.vault.open(blue.collaterals(200), blue.loans(300_000), sender=borrower)
    volatile.vault.open(volatile.collaterals(1_200), blue.loans(35_000), sender=borrower)
    blue.vault.deposit(blue.collaterals(300), sender=other_borrower)
    blue.vault.borrow(blue.loans(400_000), sender=other_borrower)
    assert_books_add_up(markets, borrowers, lenders)
    pass_time(YEAR // 2)
    pool.accrue(sender=lender)
    assert_books_add_up(markets, borrowers, lenders)
    price_before = pool.convertToAssets(10**12)
    assert price_before > 10**9

    # the blue chip falls a little: closes restore health and lose nothing
    edge = blue.vault.margin_terms(borrower).liquidation_price
    blue.oracle.set_price(edge * 98 // 100, sender=curator)
    assert blue.vault.preview_liquidate(borrower, MAX).liquidatable
    receipt = blue.vault.liquidate(borrower, MAX, sender=liquidator)
    assert not list(receipt.events.filter(pool.Loss))
    assert blue.vault.health(borrower) > Decimal("1.0499") * 10**18
    assert_books_add_up(markets, borrowers, lenders)

    # the volatile collateral collapses: the loss is booked in the call, its line shrinks for good
    reserves, limit = pool.reserves(), pool.credit_line(volatile.vault)[0]
    volatile.set_quote(5)
    receipt = volatile.vault.liquidate(borrower, MAX, sender=liquidator)
    (loss,) = receipt.events.filter(pool.Loss)
    assert loss.lenders > 0 and loss.backstop == 0
    assert 0 <= loss.reserves - reserves <= 10  # W1: used up, with the interest of a second
    assert pool.reserves() == 0
    assert pool.credit_line(volatile.vault)[0] == limit - loss.reserves - loss.lenders
    assert volatile.vault.positions(borrower) == 0
    assert pool.convertToAssets(10**12) < price_before
    assert_books_add_up(markets, borrowers, lenders)

    # everybody repays and leaves; what rounding kept is dust
    pass_time(YEAR)
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
