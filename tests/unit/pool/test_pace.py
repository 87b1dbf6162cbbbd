"""How fast a line may be drawn."""

from decimal import Decimal

import pytest

from plimsoll.chain.artifacts import slots
from plimsoll.chain.engine import mapping_slot
from plimsoll.testing import refusal
from plimsoll.testing.roles import role
from plimsoll.units import DAY, HOUR, MAX, WAD
from tests.utils.pool_harness import PAR, build_lab

FULL = 2**24 - 1
LIMIT = 10**7 * 10**6  # base units
ROOM = LIMIT // 4
FAST = "pool: drawing too fast"


@pytest.fixture(scope="session")
def paced(builder, lender):
    """Open, with lines of 10 million tokens, of which a quarter may be drawn at once, again in a day."""
    lab = build_lab(builder, [lender], draw_burst=Decimal("0.25"), draw_refill=DAY)
    lab.lend(lender, lab.units(10**7))
    return lab


def at_once(level: int, limit: int = LIMIT) -> int:
    """Base units that a level lets go out."""
    return level * (limit * WAD // 4) // (FULL * WAD)


def cost(amount: int, limit: int = LIMIT) -> int:
    """What drawing as much takes off a level."""
    return -(-amount * FULL * WAD // (limit * WAD // 4))


def assert_at_once(lab, amount, vault=None):
    """`max_draw` says it, it can be drawn, and not a base unit more."""
    vault = vault or lab.vault
    assert lab.pool.max_draw(vault) == amount
    assert refusal(lab.pool.draw, amount, vault, sender=vault) is None
    assert refusal(lab.pool.draw, amount + 1, vault, sender=vault) == FAST


def test_up_to_the_burst_at_once(paced):
    assert tuple(paced.pool.pace()) == (WAD // 4, DAY)
    assert_at_once(paced, ROOM)
    paced.draw(ROOM)
    assert paced.pool.max_draw(paced.vault) == 0
    assert refusal(paced.pool.draw, 1, paced.vault, sender=paced.vault) == FAST
    assert refusal(paced.pool.draw, 0, paced.vault, sender=paced.vault) is None
    assert_at_once(paced, ROOM, paced.other_vault)  # each line has its own


@pytest.mark.parametrize("amount", [1, 777, 10**6 + 1, 10**12 - 1, ROOM - 1])
def test_in_parts(paced, amount):
    """Rounded against the vault: each part costs the next whole step of the level."""
    paced.draw(amount)
    assert_at_once(paced, at_once(FULL - cost(amount)))
    assert at_once(FULL - cost(amount)) <= ROOM - amount


def test_a_cost_just_above_a_step(builder, lender):
    """A draw of 3 costs a step and a part of 1e28 of the next."""
    limit, burst = 537_409_489, 93_656_040_747_728_591
    assert limit * burst + 1 == 3 * FULL * WAD
    lab = build_lab(builder, [lender], draw_burst=Decimal(burst).scaleb(-18), draw_refill=DAY)
    lab.lend(lender, limit)
    lab.pool.set_limit(lab.vault, limit, sender=lab.council)
    lab.draw(3)
    assert_at_once(lab, (FULL - 2) * limit * burst // (FULL * WAD))


def test_the_limit_goes_first(paced):
    paced.pool.set_limit(paced.vault, 10**6, sender=paced.council)
    assert (
        refusal(paced.pool.draw, 10**6 + 1, paced.vault, sender=paced.vault) == "pool: over the credit limit"
    )
    assert refusal(paced.pool.draw, 10**6, paced.vault, sender=paced.vault) == FAST


@pytest.mark.parametrize("seconds", [0, 1, 12, HOUR, DAY // 2, DAY - 1, DAY, 10 * DAY])
def test_refills_over_time(chain, paced, seconds):
    paced.draw(ROOM)
    chain.advance(seconds)
    assert_at_once(paced, at_once(min(FULL, seconds * FULL // DAY)))


def test_refills_when_the_clock_begins_again(chain, paced):
    """In 2106: what a draw wrote before leaves nothing behind."""
    chain.advance(2**32 - 1 - chain.now)
    paced.draw(1)
    chain.advance(DAY)
    paced.draw(ROOM)
    assert paced.pool.max_draw(paced.vault) == 0
    chain.advance(HOUR)
    assert_at_once(paced, at_once(HOUR * FULL // DAY))


def test_a_day_of_draws_is_twice_the_burst(chain, paced):
    """The burst, and what refills meanwhile."""
    drawn = paced.pool.max_draw(paced.vault)
    paced.draw(drawn)
    for _ in range(24):
        chain.advance(HOUR)
        amount = paced.pool.max_draw(paced.vault)
        paced.draw(amount)
        drawn += amount
    assert 2 * ROOM - 25 * 2 * ROOM // FULL <= drawn <= 2 * ROOM


@pytest.mark.parametrize("repaid", [1, 10**6, 10**12, ROOM])
def test_a_repayment_gives_back(paced, repaid):
    """Net drawing counts, less what rounding takes."""
    paced.draw(ROOM)
    paced.settle(repaid * PAR, repaid)
    level = repaid * FULL // ROOM
    assert paced.pool.max_draw(paced.vault) == at_once(level) <= repaid
    if level:
        assert_at_once(paced, at_once(level))


def test_a_repayment_just_below_a_step(paced):
    room = 2 * 10**12 + 3  # has no divisor in common with FULL
    paced.pool.set_limit(paced.vault, 4 * room, sender=paced.council)
    paced.draw(room)
    repaid = -pow(FULL, -1, room) % room
    assert repaid * FULL % room == room - 1 and repaid * FULL > WAD
    paced.settle(repaid * PAR, repaid)
    assert_at_once(paced, at_once(repaid * FULL // room, 4 * room))


def test_never_more_than_full(paced):
    paced.draw(10**6)
    paced.settle(10**6 * PAR, 10**6 + 10**12)
    assert_at_once(paced, ROOM)


@pytest.mark.parametrize("paid", [2**94, 2**94 + 1, MAX])
def test_an_absurd_payment_fills_and_stops_nothing(paced, paid):
    paced.draw(ROOM)
    assert refusal(paced.pool.settle, 1, paid, sender=paced.vault) is None
    paced.pool.settle(1, paid, sender=paced.vault)
    assert_at_once(paced, ROOM)


def test_what_is_extinguished_unpaid_gives_nothing_back(paced):
    """And lowers the limit, by which the level is read."""
    paced.draw(ROOM)
    paced.settle(ROOM * PAR, 10**12)
    assert paced.line()[0] == LIMIT - (ROOM - 10**12)
    level = 10**12 * FULL // ROOM  # of the limit before the loss
    assert_at_once(paced, at_once(level, paced.line()[0]))


@pytest.mark.parametrize("limit", [LIMIT + 1, 2 * LIMIT, 3 * LIMIT + 7])
def test_a_raise_adds_nothing_at_once(chain, paced, limit):
    paced.draw(10**12)
    chain.advance(HOUR)
    before = paced.pool.max_draw(paced.vault)
    paced.pool.set_limit(paced.vault, limit, sender=paced.council)
    level = FULL - cost(10**12) + HOUR * FULL // DAY
    after = at_once(level * LIMIT // limit, limit)
    assert_at_once(paced, after)
    assert before - limit // 4 // FULL - 1 <= after <= before
    chain.advance(DAY)
    assert_at_once(paced, limit // 4)


def test_the_largest_limit_stays_as_it_is(chain, paced):
    paced.pool.set_limit(paced.vault, 2**94 - 1, sender=paced.council)
    chain.advance(DAY)
    paced.draw(1)
    assert paced.line()[0] == 2**94 - 1


def test_a_lower_limit_keeps_the_level(paced):
    paced.draw(10**12)
    limit = LIMIT // 3
    paced.pool.set_limit(paced.vault, limit, sender=paced.council)
    assert_at_once(paced, at_once(FULL - cost(10**12), limit))


def test_a_limit_of_nothing_and_back_starts_empty(chain, paced):
    """As after a guardian's cut; a vault settles meanwhile as ever, and draws nothing."""
    paced.draw(10**12)
    paced.pool.set_limit(paced.vault, 0, sender=paced.council)
    assert paced.pool.max_draw(paced.vault) == 0
    assert refusal(paced.pool.draw, 1, paced.vault, sender=paced.vault) == "pool: over the credit limit"
    paced.settle(10**12 * PAR, 10**12)
    assert refusal(paced.pool.draw, 0, paced.vault, sender=paced.vault) is None
    paced.pool.set_limit(paced.vault, LIMIT, sender=paced.council)
    assert paced.pool.max_draw(paced.vault) == 0
    assert refusal(paced.pool.draw, 1, paced.vault, sender=paced.vault) == FAST
    chain.advance(DAY)
    assert_at_once(paced, ROOM)


def test_a_vault_that_is_new_to_an_open_pool_starts_empty(chain, paced):
    newcomer = role(55)
    paced.factory.register(newcomer, paced.pool, sender=newcomer)
    paced.pool.set_limit(newcomer, LIMIT, sender=paced.council)
    assert paced.pool.max_draw(newcomer) == 0
    assert refusal(paced.pool.draw, 1, newcomer, sender=newcomer) == FAST
    chain.advance(DAY)
    assert_at_once(paced, ROOM, newcomer)


def test_a_limit_that_closes_a_line(paced):
    """A burst of less than a base unit."""
    paced.pool.set_limit(paced.vault, 3, sender=paced.council)
    assert_at_once(paced, 0)
    paced.pool.set_limit(paced.other_vault, 4, sender=paced.council)
    assert_at_once(paced, 1, paced.other_vault)


def line_word(lab) -> int:
    """The storage word of the vault's line."""
    slot = mapping_slot(slots("Pool")["credit_lines.lines"], lab.vault)
    return lab.chain.engine.storage(lab.pool.address, slot)


def test_a_draw_of_nothing_leaves_level_and_time(chain, paced):
    paced.draw(10**12)
    before = line_word(paced)
    chain.advance(1)
    paced.draw(0)
    assert line_word(paced) == before


def test_without_a_pace_the_word_has_neither_level_nor_time(chain, lab, paced, lender):
    """And the limit alone bounds."""
    lab.lend(lender, LIMIT)
    chain.advance(DAY)
    for each in (lab, paced):
        each.draw(10**12)
        each.settle(10**9 * PAR, 10**9)
        each.pool.set_limit(each.vault, LIMIT - 1, sender=each.council)
        lanes = line_word(each) >> 198
        assert line_word(each) % 2**198 == (LIMIT - 1) << 104 | (10**12 - 10**9) * PAR
        if each is lab:
            assert each.pool.pace()[0] == WAD
            assert lanes == 1 << 57  # known, and no more
        else:
            level = FULL - cost(10**12) + 10**9 * FULL // ROOM
            assert lanes == (1 << 57 | 1 << 56 | chain.now % 2**32 << 24 | level)
    left = LIMIT - 1 - (10**12 - 10**9) - 2
    assert lab.pool.max_draw(lab.vault) == left
    chain.advance(2**32 - chain.now % 2**32)  # the clock of a pace begins again
    assert 0 < lab.pool.max_draw(lab.vault) < left  # by interest
