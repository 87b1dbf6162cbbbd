"""A23: partial liquidations left debt that nobody would close (Aave's CRV case; the last wei of Morpho).

Here whatever is closed in whatever parts, what is left is healthy, or can be closed as a whole and pays.
"""

from random import Random

import pytest

from plimsoll.twin.liquidation import is_restorable
from plimsoll.units import MAX
from tests.utils.calls import send, view
from tests.utils.vaults import assert_sums, liquidate, open_position, position, risk_of, twin_quote, worth

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.mark.parametrize("quote", [1_790, 1_690, 1_640, 1_535, 1_500, 700])
@pytest.mark.parametrize("seed", range(3))
def test_a23_random_parts(market, borrower, other_borrower, liquidator, quote, seed):
    """L1, L3, V3: after each of them, the rest has a close that somebody gains by, and one that takes all."""
    vault, rng = market.vault, Random(seed)
    open_position(market, borrower)
    market.set_quote(quote)
    price, risk = view(market.oracle.price)[0], risk_of(vault)
    for _ in range(8):
        if not twin_quote(market, borrower).liquidatable:
            break
        offer = int(10 ** rng.uniform(0, 10.2))
        if twin_quote(market, borrower, offer).executable:
            liquidate(market, borrower, liquidator, offer)
        collateral, shares = position(market, borrower)
        debt = view(vault.debt_of, borrower)[0]
        if shares == 0:
            break
        assert collateral > 0
        rest = twin_quote(market, borrower)
        if rest.liquidatable:
            assert rest.executable
            assert worth(rest.seized, price) >= rest.paid + rest.fee - 2
        if is_restorable(worth(collateral, price), debt, risk.bonus_min):
            assert debt >= risk.min_debt
    if twin_quote(market, borrower).liquidatable:
        liquidate(market, borrower, liquidator)
    assert not view(vault.preview_liquidate, borrower, MAX)[0]
    assert position(market, borrower)[1] == 0 or view(vault.debt_of, borrower)[0] >= risk.min_debt
    assert_sums(market, [borrower, other_borrower])


def test_a23_one_wei_of_collateral_holds_no_debt(market, borrower, other_borrower, liquidator):
    """The loss is booked with the part that is closed, not with the last unit: nobody can hold it back."""
    vault = market.vault
    open_position(market, borrower)
    market.set_quote(1_000)
    whole = twin_quote(market, borrower)
    loss = whole.extinguished - whole.paid
    liquidate(market, borrower, liquidator, whole.paid - 1)  # leaves a crumb on purpose
    booked = view(market.pool.losses, vault)[0]
    assert loss - booked <= 3
    collateral, shares = position(market, borrower)
    assert collateral > 0 and shares > 0
    liquidate(market, borrower, liquidator, 1)
    assert position(market, borrower) == (0, 0)
    assert_sums(market, [borrower, other_borrower])


def test_a23_topping_up_a_lost_position_does_not_stop_it(market, borrower, liquidator, stranger):
    """One wei more of collateral changes nothing."""
    vault = market.vault
    open_position(market, borrower)
    market.set_quote(1_000)
    for _ in range(3):
        send(vault.deposit, 1, borrower, sender=stranger)
        liquidate(market, borrower, liquidator, 10**9)
    send(vault.deposit, 1, borrower, sender=stranger)
    liquidate(market, borrower, liquidator)
    assert position(market, borrower) == (0, 0)
