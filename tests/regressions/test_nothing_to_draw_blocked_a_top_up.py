"""A bug of ours: `open` without debt drew nothing from the pool, which refused while paused or lent out."""

from plimsoll.testing.market import build_market
from plimsoll.units import MAX


def test_nothing_to_draw_blocked_a_top_up(builder, curator, lender, borrower, other_borrower):
    market = build_market(builder, [lender, borrower, other_borrower])
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    market.vault.open(market.collaterals(100), market.loans(80_000), sender=other_borrower)
    market.council.set_limit(market.vault, 0, sender=curator)

    market.vault.open(market.collaterals(3), 0, sender=borrower)
    assert market.vault.position_of(borrower) == (market.collaterals(3), 0)
    assert market.vault.borrow(MAX, sender=borrower).return_value == 0
    assert market.loan.balanceOf(market.pool) == market.loans(20_000)
