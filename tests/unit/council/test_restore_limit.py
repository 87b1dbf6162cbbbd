"""The curator's answer to a cut."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, NOBODY

TOKEN = 10**6
FORMER = 100_000 * TOKEN


@pytest.fixture
def cut(guarded, vault, guardian):
    """The council after the guardian has cut the vault's limit."""
    guarded.cut_limit(vault, sender=guardian)
    return guarded


def test_up_to_the_former_limit(chain, cut, pool, vault, curator):
    chain.advance(DAY)
    reason = refusal(cut.restore_limit, vault, FORMER + 1, sender=curator)
    assert reason == "council: above the former limit"
    receipt = cut.restore_limit(vault, FORMER, sender=curator)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=FORMER)]
    assert pool.credit_line(vault)[0] == FORMER
    assert tuple(cut.cuts(vault)) == (0, 0, 0)


def test_after_a_day(chain, cut, vault, curator):
    chain.advance(DAY - 1)
    reason = refusal(cut.restore_limit, vault, FORMER, sender=curator)
    assert reason == "council: a day after the cut"
    chain.advance(1)
    assert refusal(cut.restore_limit, vault, FORMER, sender=curator) is None


def test_once(chain, cut, vault, curator):
    """In part means that the rest goes through the queue."""
    chain.advance(DAY)
    cut.restore_limit(vault, FORMER // 2, sender=curator)
    reason = refusal(cut.restore_limit, vault, FORMER, sender=curator)
    assert reason == "council: nothing to restore"


def test_until_thirty_days_after_the_cut(chain, cut, vault, curator):
    chain.advance(30 * DAY)
    assert refusal(cut.restore_limit, vault, FORMER, sender=curator) is None
    chain.advance(1)
    reason = refusal(cut.restore_limit, vault, FORMER, sender=curator)
    assert reason == "council: right to restore lapsed"


@pytest.mark.parametrize("lowered", [False, True])
def test_not_over_the_curators_own_lowering(chain, cut, vault, new_vault, curator, lowered):
    """Of this vault's limit; that of another does not count."""
    for each in (vault, new_vault):
        cut.queue_limit(each, 30_000 * TOKEN, sender=curator)
        chain.advance(3 * DAY)
        cut.execute_queued(sender=curator)
    cut.set_limit(vault if lowered else new_vault, 29_999 * TOKEN, sender=curator)
    reason = refusal(cut.restore_limit, vault, FORMER, sender=curator)
    assert reason == ("council: nothing to restore" if lowered else None)


def test_nothing_to_restore(guarded, vault, curator):
    reason = refusal(guarded.restore_limit, vault, FORMER, sender=curator)
    assert reason == "council: nothing to restore"


def test_less_what_was_lost_since(chain, guarded, pool, vault, lender, curator, guardian):
    """Losses before the cut have lowered the limit already; those after it count."""
    impersonated = vault
    pool.draw(50_000 * TOKEN, lender, sender=impersonated)
    pool.settle(10_000 * TOKEN * 1_000, 0, sender=impersonated)
    guarded.cut_limit(vault, sender=guardian)
    assert tuple(guarded.cuts(vault))[:2] == (90_000 * TOKEN, 10_000 * TOKEN)
    pool.settle(pool.credit_line(vault)[1], 0, sender=impersonated)
    lost = pool.losses(vault) - 10_000 * TOKEN
    assert lost == 40_000 * TOKEN
    chain.advance(DAY)
    reason = refusal(guarded.restore_limit, vault, 90_000 * TOKEN - lost + 1, sender=curator)
    assert reason == "council: above the former limit"
    assert refusal(guarded.restore_limit, vault, 90_000 * TOKEN - lost, sender=curator) is None


def test_nothing_is_left_after_larger_losses(chain, guarded, market, pool, vault, lender, curator, guardian):
    """Limit lowered first, then cut, then all that was drawn before is lost."""
    impersonated = vault
    pool.draw(50_000 * TOKEN, lender, sender=impersonated)
    guarded.set_limit(vault, 20_000 * TOKEN, sender=curator)
    guarded.cut_limit(vault, sender=guardian)
    pool.settle(50_000 * TOKEN * 1_000, 0, sender=impersonated)
    chain.advance(DAY)
    reason = refusal(guarded.restore_limit, vault, 1, sender=curator)
    assert reason == "council: above the former limit"
    assert refusal(guarded.restore_limit, vault, 0, sender=curator) == "council: restores nothing"


def test_does_not_lower(chain, cut, pool, vault, curator):
    """After a raise through the queue the cut restores only what is above it."""
    cut.queue_limit(vault, 50_000 * TOKEN, sender=curator)
    chain.advance(3 * DAY)
    cut.execute_queued(sender=curator)
    reason = refusal(cut.restore_limit, vault, 50_000 * TOKEN, sender=curator)
    assert reason == "council: restores nothing"
    cut.restore_limit(vault, FORMER, sender=curator)
    assert pool.credit_line(vault)[0] == FORMER


def test_restored_and_raised_in_one_block_is_no_more_than_either(chain, cut, pool, vault, curator):
    """A raise queued from zero does not come on top of what is restored."""
    cut.queue_limit(vault, 50_000 * TOKEN, sender=curator)
    chain.advance(3 * DAY)
    cut.restore_limit(vault, FORMER, sender=curator)
    cut.execute_queued(sender=curator)
    assert pool.credit_line(vault)[0] <= FORMER


def test_a_second_cut_remembers_the_later_limit(chain, cut, pool, vault, curator, guardian):
    chain.advance(DAY)
    cut.restore_limit(vault, 30_000 * TOKEN, sender=curator)
    cut.cut_limit(vault, sender=guardian)
    chain.advance(DAY)
    reason = refusal(cut.restore_limit, vault, 30_000 * TOKEN + 1, sender=curator)
    assert reason == "council: above the former limit"
    assert refusal(cut.restore_limit, vault, 30_000 * TOKEN, sender=curator) is None


def test_survives_the_guardians_removal(chain, cut, vault, curator):
    cut.remove_guardian(sender=curator)
    reason = refusal(cut.restore_limit, vault, FORMER, sender=curator)
    assert reason == "council: a day after the cut"
    chain.advance(DAY)
    assert refusal(cut.restore_limit, vault, FORMER, sender=curator) is None


def test_only_the_curator(chain, cut, vault, guardian, stranger):
    chain.advance(DAY)
    for caller in (guardian, stranger):
        reason = refusal(cut.restore_limit, vault, FORMER, sender=caller)
        assert reason == "council: not the curator"
    assert cut.curator() not in (guardian, stranger, NOBODY)
