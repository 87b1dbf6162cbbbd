"""The guardian's cut."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY

TOKEN = 10**6


def test_cuts_to_zero(chain, guarded, pool, vault, guardian):
    receipt = guarded.cut_limit(vault, sender=guardian)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=0)]
    assert pool.credit_line(vault)[0] == 0
    assert tuple(guarded.cuts(vault)) == (100_000 * TOKEN, 0, chain.now)


def test_cancels_a_queued_raise_of_that_vault(guarded, pool, vault, curator, guardian):
    guarded.queue_limit(vault, 200_000 * TOKEN, sender=curator)
    receipt = guarded.cut_limit(vault, sender=guardian)
    assert receipt.events == [
        guarded.QueueCancelled(subject=vault),
        pool.LimitSet(vault=vault, limit=0),
    ]
    assert guarded.queued().subject == NOBODY


def test_keeps_a_queued_raise_of_another(guarded, vault, new_vault, curator, guardian):
    guarded.queue_limit(new_vault, 1, sender=curator)
    guarded.cut_limit(vault, sender=guardian)
    assert guarded.queued().subject == new_vault.address


def test_cuts_a_base_unit(guarded, pool, vault, curator, guardian):
    guarded.set_limit(vault, 1, sender=curator)
    guarded.cut_limit(vault, sender=guardian)
    assert pool.credit_line(vault)[0] == 0


def test_nothing_to_cut(guarded, vault, new_vault, guardian):
    assert refusal(guarded.cut_limit, new_vault, sender=guardian) == "council: no limit to cut"
    guarded.cut_limit(vault, sender=guardian)
    assert refusal(guarded.cut_limit, vault, sender=guardian) == "council: no limit to cut"


def test_harms_no_borrower(guarded, market, vault, borrower, lender, guardian):
    """X3: positions stay as they are, and can be left in every way."""
    vault.open(market.collaterals(10), market.loans(10_000), sender=borrower)
    health = vault.health(borrower)
    guarded.cut_limit(vault, sender=guardian)
    assert vault.health(borrower) == health
    assert refusal(vault.borrow, 1, sender=borrower) == "pool: over the credit limit"
    assert refusal(vault.repay, market.loans(1_000), sender=borrower) is None
    assert refusal(vault.deposit, 1, sender=borrower) is None
    assert refusal(vault.withdraw, 1, sender=borrower) is None
    assert refusal(vault.liquidate, borrower, 2**256 - 1, sender=lender) == "vault: healthy"


def test_only_the_guardian(guarded, vault, curator, stranger):
    for caller in (curator, stranger):
        assert refusal(guarded.cut_limit, vault, sender=caller) == "council: not the guardian"


def test_without_a_guardian(council, vault, curator, guardian):
    for caller in (curator, guardian):
        assert refusal(council.cut_limit, vault, sender=caller) == "council: not the guardian"
