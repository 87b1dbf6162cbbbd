"""A15: solvency was checked before the transfer, not after (Wise Lending 2024).

Here the state that is judged is the one the call leaves, whatever it was before.
"""

from plimsoll.testing import refusal
from plimsoll.units import MAX

TOO_MUCH = "vault: above the loan-to-value"


def test_a15_good_before_and_bad_after(market, borrower):
    vault = market.vault
    market.open(borrower, 10, 5_000)
    for method, *arguments in (
        (vault.withdraw, market.collaterals(7)),
        (vault.borrow, market.loans(11_001)),
        (vault.open, market.collaterals(1), market.loans(13_000)),
        (vault.close, market.loans(1_000), market.collaterals(8)),
        (vault.withdraw, market.collaterals(10)),
    ):
        assert refusal(method, *arguments, sender=borrower) == TOO_MUCH


def test_a15_bad_before_and_good_after(market, borrower):
    vault = market.vault
    market.open(borrower, 10, 15_000)
    market.set_quote(1_700)
    for method, *arguments in (
        (vault.open, market.collaterals(2), market.loans(1)),
        (vault.close, market.loans(2_000), market.collaterals("0.1")),
        (vault.close, MAX, MAX),
    ):
        assert refusal(method, *arguments, sender=borrower) is None
    assert refusal(vault.open, market.collaterals(1), market.loans(1), sender=borrower) == TOO_MUCH


def test_a15_the_last_unit_of_collateral_does_not_hold_a_debt(market, borrower):
    """What is left is judged, down to nothing: 1 wei of collateral is worth no debt."""
    vault = market.vault
    collateral, _ = market.open(borrower, 10, 5_000)
    for left in (0, 1, 10**12):
        assert refusal(vault.withdraw, collateral - left, sender=borrower) == TOO_MUCH
    vault.repay(vault.debt_of(borrower) - 1, sender=borrower)
    assert refusal(vault.withdraw, collateral - 1, sender=borrower) == TOO_MUCH
    assert refusal(vault.withdraw, collateral, sender=borrower) == TOO_MUCH


def test_a15_the_debt_that_is_judged_has_the_new_loan_in_it(market, borrower):
    least = market.risk().min_debt
    assert refusal(market.vault.borrow, least, sender=borrower) == TOO_MUCH
    market.vault.deposit(market.collaterals("1.5"), sender=borrower)
    assert (
        refusal(market.vault.borrow, market.loans(2_400), sender=borrower) == "vault: below the minimum debt"
    )
    assert refusal(market.vault.borrow, least, sender=borrower) == TOO_MUCH
