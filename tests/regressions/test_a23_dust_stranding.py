"""A23: partial liquidations left debt that nobody would close (Aave's CRV case; the last wei of Morpho).

Here whatever is closed in whatever parts, what is left is healthy, or can be closed as a whole and pays.
"""

from random import Random

import pytest

from plimsoll.twin.liquidation import is_restorable
from plimsoll.units import MAX
from tests.utils.vaults import liquidate, risk_of, worth


@pytest.mark.parametrize("quote", [1_790, 1_690, 1_640, 1_535, 1_500, 700])
@pytest.mark.parametrize("seed", range(3))
def test_a23_random_parts(market, borrower, other_borrower, liquidator, quote, seed):
    """L1, L3, V3: after each of them, the rest has a close that somebody gains by, and one that takes all."""
    vault, rng = market.vault, Random(seed)
    market.open(borrower)
    market.set_quote(quote)
    price, risk = market.oracle.price(), risk_of(vault)
    for _ in range(8):
        if not market.quote(borrower).liquidatable:
            break
        offer = int(10 ** rng.uniform(0, 10.2))
        if market.quote(borrower, offer).executable:
            liquidate(market, borrower, liquidator, offer)
        collateral, shares = market.position(borrower)
        debt = vault.debt_of(borrower)
        if shares == 0:
            break
        assert collateral > 0
        rest = market.quote(borrower)
        if rest.liquidatable:
            assert rest.executable
            assert worth(rest.seized, price) >= rest.paid + rest.fee - 2
        if is_restorable(worth(collateral, price), debt, risk.bonus_min):
            assert debt >= risk.min_debt
    if market.quote(borrower).liquidatable:
        liquidate(market, borrower, liquidator)
    assert not vault.preview_liquidate(borrower, MAX).liquidatable
    assert market.position(borrower)[1] == 0 or vault.debt_of(borrower) >= risk.min_debt
    market.assert_sums([borrower, other_borrower])


def test_a23_one_wei_of_collateral_holds_no_debt(market, borrower, other_borrower, liquidator):
    """The loss is booked with the part that is closed, not with the last unit: nobody can hold it back."""
    vault = market.vault
    market.open(borrower)
    market.set_quote(1_000)
    whole = market.quote(borrower)
    loss = whole.extinguished - whole.paid
    liquidate(market, borrower, liquidator, whole.paid - 1)  # leaves a crumb on purpose
    booked = market.pool.losses(vault)
    assert loss - booked <= 3
    collateral, shares = market.position(borrower)
    assert collateral > 0 and shares > 0
    liquidate(market, borrower, liquidator, 1)
    assert market.position(borrower) == (0, 0)
    market.assert_sums([borrower, other_borrower])


def test_a23_topping_up_a_lost_position_does_not_stop_it(market, borrower, liquidator, stranger):
    """One wei more of collateral changes nothing."""
    vault = market.vault
    market.open(borrower)
    market.set_quote(1_000)
    for _ in range(3):
        vault.deposit(1, borrower, sender=stranger)
        liquidate(market, borrower, liquidator, 10**9)
    vault.deposit(1, borrower, sender=stranger)
    liquidate(market, borrower, liquidator)
    assert market.position(borrower) == (0, 0)
