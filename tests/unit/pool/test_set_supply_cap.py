"""The supply cap, as the council sets it."""

from plimsoll.testing import refusal


def test_sets_and_removes_the_cap(lab, lender):
    receipt = lab.pool.set_supply_cap(1_000, sender=lab.council)
    assert receipt.events == [lab.pool.SupplyCapSet(cap=1_000)]
    assert lab.pool.supply_cap() == 1_000
    assert refusal(lab.pool.deposit, 1_001, lender, sender=lender) == "pool: over the supply cap"

    receipt = lab.pool.set_supply_cap(0, sender=lab.council)
    assert receipt.events == [lab.pool.SupplyCapSet(cap=0)]
    assert lab.pool.supply_cap() == 0
    assert refusal(lab.pool.deposit, 1_001, lender, sender=lender) is None


def test_a_cap_below_total_assets_stops_deposits_only(busy, lender):
    busy.pool.set_supply_cap(1, sender=busy.council)
    assert refusal(busy.pool.deposit, 0, lender, sender=lender) == "pool: over the supply cap"
    assert refusal(busy.pool.withdraw, 1, lender, lender, sender=lender) is None


def test_keeps_the_other_flags(lab):
    lab.pool.set_pause(1, sender=lab.council)
    lab.pool.set_supply_cap(1, sender=lab.council)
    assert lab.books().flags == 0b111
    lab.pool.set_supply_cap(0, sender=lab.council)
    assert lab.books().flags == 0b101
    lab.pool.set_pause(0, sender=lab.council)
    assert lab.books().flags == 0b001


def test_the_largest_cap(lab):
    assert refusal(lab.pool.set_supply_cap, 2**94 - 1, sender=lab.council) is None
    assert refusal(lab.pool.set_supply_cap, 2**94, sender=lab.council) == "pool: cap too large"


def test_only_the_council(lab, deployer):
    assert refusal(lab.pool.set_supply_cap, 1, sender=deployer) == "pool: not the council"
