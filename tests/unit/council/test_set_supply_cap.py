"""The supply cap."""

from plimsoll.testing import refusal


def test_at_once(council, pool, lender, curator):
    receipt = council.set_supply_cap(10**12 + 5, sender=curator)
    assert receipt.events == [pool.SupplyCapSet(cap=10**12 + 5)]
    assert refusal(pool.deposit, 5, lender, sender=lender) is None
    assert refusal(pool.deposit, 6, lender, sender=lender) == "pool: over the supply cap"
    council.set_supply_cap(0, sender=curator)
    assert refusal(pool.deposit, 6, lender, sender=lender) is None


def test_before_opening(closed, curator):
    assert refusal(closed.set_supply_cap, 5, sender=curator) is None


def test_too_large(council, curator):
    assert refusal(council.set_supply_cap, 2**94, sender=curator) == "pool: cap too large"


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.set_supply_cap, 1, sender=caller) == "council: not the curator"
