"""Without a price: what helps a position always works, what could hurt the pool never does."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX, order


@pytest.fixture
def vault(market, borrower, other_borrower):
    """The borrower owes; the stranger has collateral and owes nothing."""
    market.open(borrower)
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
            market.oracle.set_silent(True, sender=deployer)
            return "lying oracle: silent", "lying oracle: silent"
        market.oracle.set_price(0, sender=deployer)
        return "vault: above the loan-to-value", "vault: oracle price is zero"

    return outage


def test_what_an_outage_stops(market, vault, borrower, stranger, liquidator, outage):
    """A10, A26."""
    vault.deposit(10**18, sender=stranger)
    for method, *arguments in harmful(vault):
        assert refusal(method, *arguments, sender=borrower) is None
    safe, spot = outage()
    for method, *arguments in helpful(vault, borrower):
        assert refusal(method, *arguments, sender=stranger) is None
    assert refusal(vault.close, MAX, MAX, sender=borrower) is None
    for method, *arguments in harmful(vault):
        if (method, arguments) == (vault.borrow, [MAX]) and spot != safe:
            continue  # nothing is allowed at a price of zero, and nothing is what it sends
        assert refusal(method, *arguments, sender=borrower) == safe
    for method, *arguments in (
        (vault.liquidate, borrower, MAX),
        (vault.liquidate_batch, [order(borrower)]),
        (vault.preview_liquidate, borrower, MAX),
        (vault.preview_liquidate_batch, [order(borrower)]),
        (vault.health, borrower),
    ):
        assert refusal(method, *arguments, sender=liquidator) == spot


def test_ends_with_the_outage(market, vault, borrower, deployer):
    market.oracle.set_silent(True, sender=deployer)
    market.oracle.set_silent(False, sender=deployer)
    for method, *arguments in harmful(vault):
        assert refusal(method, *arguments, sender=borrower) is None
