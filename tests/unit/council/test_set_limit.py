"""Lowering limits at once."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY

TOKEN = 10**6


def test_lowers(council, pool, vault, curator):
    receipt = council.set_limit(vault, 40_000 * TOKEN, sender=curator)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=40_000 * TOKEN)]
    assert pool.credit_line(vault)[0] == 40_000 * TOKEN


def test_to_zero(council, pool, vault, curator):
    council.set_limit(vault, 0, sender=curator)
    assert pool.credit_line(vault)[0] == 0
    assert refusal(council.set_limit, vault, 0, sender=curator) == "council: limit may only fall"


def test_not_up_and_not_sideways(council, vault, curator):
    for limit in (100_000 * TOKEN, 100_000 * TOKEN + 1):
        assert refusal(council.set_limit, vault, limit, sender=curator) == "council: limit may only fall"
    assert refusal(council.set_limit, vault, 100_000 * TOKEN - 1, sender=curator) is None


def test_cannot_register_a_vault_in_an_open_pool(council, new_vault, curator, stranger):
    assert refusal(council.set_limit, new_vault, 0, sender=curator) == "council: limit may only fall"
    assert refusal(council.set_limit, new_vault, 1, sender=curator) == "council: limit may only fall"
    assert refusal(council.set_limit, stranger, 0, sender=curator) == "council: limit may only fall"


def test_cancels_a_queued_raise_of_that_vault(raising, pool, vault, curator):
    receipt = raising.set_limit(vault, 100_000 * TOKEN - 1, sender=curator)
    assert receipt.events == [
        raising.QueueCancelled(subject=vault),
        pool.LimitSet(vault=vault, limit=100_000 * TOKEN - 1),
    ]
    assert tuple(raising.queued()) == (NOBODY, False, 0, 0, 0)


def test_keeps_a_queued_raise_of_another_vault(council, vault, new_vault, curator):
    council.queue_limit(new_vault, 50_000 * TOKEN, sender=curator)
    receipt = council.set_limit(vault, 0, sender=curator)
    assert [event.name for event in receipt.events] == ["LimitSet"]
    assert council.queued().subject == new_vault.address


def test_keeps_a_queued_guardian(council, vault, curator):
    """Even one with the vault's own address."""
    council.queue_guardian(vault, sender=curator)
    council.set_limit(vault, 0, sender=curator)
    assert council.queued().is_guardian


def test_before_opening_any_limit_of_a_vault_of_the_pool(closed, vault, curator):
    reason = "pool: not a vault of this pool"
    assert refusal(closed.set_limit, vault, 1, sender=curator) == reason


def test_only_the_curator(guarded, vault, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.set_limit, vault, 1, sender=caller) == "council: not the curator"
