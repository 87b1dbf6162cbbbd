"""Without a price: what helps a position always works, what could hurt the pool never does."""

import pytest

from plimsoll.units import MAX
from tests.utils.calls import assert_accepted, assert_refused, send
from tests.utils.vaults import open_position, order


@pytest.fixture
def vault(market, borrower, other_borrower):
    """The borrower owes; the stranger has collateral and owes nothing."""
    open_position(market, borrower)
    return market.vault


def helpful(vault, borrower) -> list[tuple]:
    return [
        (vault.deposit, 1),
        (vault.repay, 1, borrower),
        (vault.repay, MAX, borrower),
        (vault.withdraw, 1),
        (vault.withdraw, MAX),
        (vault.open, 1, 0),
        (vault.close, MAX, MAX),
        (vault.borrow, 0),
    ]


def harmful(vault) -> list[tuple]:
    return [
        (vault.borrow, 10**6),
        (vault.borrow, MAX),
        (vault.open, 10**18, 10**6),
        (vault.withdraw, 1),
        (vault.close, 10**6, 1),
    ]


@pytest.fixture(params=["silent", "zero"])
def outage(request, market, deployer):
    def outage() -> tuple[str, str]:
        """Begins it; the reasons of what needs a safe price and a price."""
        if request.param == "silent":
            send(market.oracle.set_silent, True, sender=deployer)
            return "lying oracle: silent", "lying oracle: silent"
        send(market.oracle.set_price, 0, sender=deployer)
        return "vault: above the loan-to-value", "vault: oracle price is zero"

    return outage


def test_what_an_outage_stops(market, vault, borrower, stranger, liquidator, outage):
    """A10, A26."""
    send(vault.deposit, 10**18, sender=stranger)
    for method, *arguments in harmful(vault):
        assert_accepted(method, *arguments, sender=borrower)
    safe, spot = outage()
    for method, *arguments in helpful(vault, borrower):
        assert_accepted(method, *arguments, sender=stranger)
    assert_accepted(vault.close, MAX, MAX, sender=borrower)
    for method, *arguments in harmful(vault):
        if (method, arguments) == (vault.borrow, [MAX]) and spot != safe:
            continue  # nothing is allowed at a price of zero, and nothing is what it sends
        assert_refused(safe, method, *arguments, sender=borrower)
    for method, *arguments in (
        (vault.liquidate, borrower, MAX),
        (vault.liquidate_batch, [order(borrower)]),
        (vault.preview_liquidate, borrower, MAX),
        (vault.preview_liquidate_batch, [order(borrower)]),
        (vault.health, borrower),
    ):
        assert_refused(spot, method, *arguments, sender=liquidator)


def test_ends_with_the_outage(market, vault, borrower, deployer):
    send(market.oracle.set_silent, True, sender=deployer)
    send(market.oracle.set_silent, False, sender=deployer)
    for method, *arguments in harmful(vault):
        assert_accepted(method, *arguments, sender=borrower)
