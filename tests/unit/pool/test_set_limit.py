"""Credit limits, as the council sets them."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_registers_a_vault(lab, stranger):
    lab.factory.register(stranger, lab.pool, sender=stranger)
    assert refusal(lab.pool.draw, 0, stranger, sender=stranger) == "pool: not a vault"
    receipt = lab.pool.set_limit(stranger, 0, sender=lab.council)
    assert receipt.events == [lab.pool.LimitSet(vault=stranger, limit=0)]
    assert lab.line(stranger) == (0, 0, 0)
    assert refusal(lab.pool.draw, 0, stranger, sender=stranger) is None


def test_changes_the_limit_and_nothing_else(busy):
    _, drawn, owed = busy.line()
    before = busy.books()
    receipt = busy.pool.set_limit(busy.vault, 123, sender=busy.council)
    assert receipt.events == [busy.pool.LimitSet(vault=busy.vault, limit=123)]
    assert busy.line() == (123, drawn, owed)
    assert busy.books() == before


def test_a_limit_below_what_is_drawn_stops_drawing_only(busy):
    busy.pool.set_limit(busy.vault, 0, sender=busy.council)
    assert refusal(busy.pool.draw, 1, busy.vault, sender=busy.vault) == "pool: over the credit limit"
    _, shares, owed = busy.line()
    receipt = busy.settle(shares, owed)
    assert receipt.events == []
    assert busy.line() == (0, 0, 0)


def test_the_largest_limit(lab):
    set_limit = lab.pool.set_limit
    assert refusal(set_limit, lab.vault, 2**94, sender=lab.council) == "pool: limit too large"
    lab.pool.set_limit(lab.vault, 2**94 - 1, sender=lab.council)
    assert lab.line() == (2**94 - 1, 0, 0)


def test_only_the_council(lab, deployer):
    assert refusal(lab.pool.set_limit, lab.vault, 1, sender=deployer) == "pool: not the council"
    assert refusal(lab.pool.set_limit, lab.vault, 1, sender=lab.vault) == "pool: not the council"


def test_only_vaults_of_this_pool(lab, market, stranger):
    reason = "pool: not a vault of this pool"
    for pretender in (stranger, NOBODY, market.vault, lab.pool):
        assert refusal(lab.pool.set_limit, pretender, 1, sender=lab.council) == reason
    lab.factory.register(stranger, market.pool, sender=stranger)
    assert refusal(lab.pool.set_limit, stranger, 1, sender=lab.council) == reason
