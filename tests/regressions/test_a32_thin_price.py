"""A32: a thin token was pumped and lent against meanwhile, its feed telling the truth (MAMO, Tectonic).

Here the loss is at most the line, and at most what the pace lets out before the price returns.
"""

import pytest

from plimsoll.testing import reverts
from plimsoll.testing.roles import LENDER, LIQUIDATOR, STRANGER
from plimsoll.units import HOUR, MAX
from tests.utils.attack import backstop_of, lenders, million

LINE = 100_000  # whole tokens
LOCKED = 10  # whole tokens of collateral, worth 20,000 before and after
PACE = {"draw_burst": "0.25", "draw_refill": 6 * HOUR}


@pytest.mark.parametrize("factor", [10, 1_000])
@pytest.mark.parametrize(
    ("params", "minutes", "loss"), [({}, 30, 81_818), (PACE, 30, 8_002), (PACE, 120, 14_501)]
)
def test_a32_a_pumped_price_costs_what_the_pace_lets_out(params, factor, minutes, loss):
    """Whole tokens that lenders lose; 20,000 of the collateral are true. More pumping takes no more."""
    market = million(limit=LINE, **params)
    lenders(market, 2, 100_000)
    for who in (STRANGER, LIQUIDATOR):
        market.give(who)
    pool, vault, assets = market.pool, market.vault, market.pool.totalAssets()
    held = market.balance(market.loan, STRANGER)
    market.set_quote(2_000 * factor)
    vault.open(market.collaterals(LOCKED), MAX, sender=STRANGER)
    for _ in range(minutes):
        market.chain.advance(60)
        if vault.max_borrow(STRANGER) > 0:
            vault.borrow(MAX, sender=STRANGER)
    drawn = market.balance(market.loan, STRANGER) - held
    interest = market.debt(STRANGER) - drawn
    market.set_quote(2_000)
    receipt = vault.liquidate(STRANGER, MAX, sender=LIQUIDATOR)
    assert market.position(STRANGER) == (0, 0)
    lost = pool.losses(vault)
    assert lost <= market.loans(LINE) + interest
    assert (
        lost == drawn + interest - receipt.return_value[0]
        or lost == drawn + interest - receipt.return_value[0] + 1
    )
    if params:
        out = market.loans(LINE) // 4 * (1 + minutes * 60 / (6 * HOUR))
        assert drawn <= out
    assert round(lost / market.loans(1)) == loss
    assert assets - pool.totalAssets() <= lost


def test_a32_the_pools_own_shares_are_no_collateral():
    """Nor are those of its backstop: a loss would lower the price of what secures the loan that lost."""
    market = million()
    builder, backstop = market.builder, backstop_of(market)
    for token, reason in (
        (market.pool, "vault: collateral is the pool"),
        (backstop, "vault: collateral is backstop"),
        (market.loan, "vault: collateral is the loan"),
    ):
        oracle = builder.oracle(10**33)
        with reverts(reason):
            builder.vault(market.pool, token, oracle)
    # another pool's shares are another's: their price is the vault's curator's business, and the line's
    other = million(supply=0)
    assert other.pool.balanceOf(LENDER) == 0
