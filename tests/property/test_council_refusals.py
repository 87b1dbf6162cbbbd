"""What a council refuses, each refusal beside the nearest call that goes through: roles, times, bounds.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself.
"""

from typing import Any

from plimsoll.chain.engine import Contract, Engine
from plimsoll.units import DAY, NOBODY
from tests.property.edges import LINES, SUPPLIED, UNIT, accepted, market, refused
from tests.stateful.world import (
    BORROWER,
    CURATOR,
    GUARDIAN,
    LENDER,
    STRANGER,
    Lockstep,
)

DELAY = 3 * DAY
ROOM = 2 * LINES[0]  # the highest limit that one raise of the first line may lead to
NOTHING = (NOBODY, False, 0, 0, 0)


def parts(place: Lockstep) -> tuple[Contract, Contract, str, str]:
    chain = place.chain
    return chain["council"], chain["pool"], chain["first_vault"].address, chain["second_vault"].address


def limit_of(pool: Contract, vault: str) -> int:
    return int(pool.call("credit_line", vault)[0])


def test_roles(engine: Engine) -> None:
    council, _, vault, _ = parts(market(engine))
    curators: list[tuple[Any, ...]] = [
        ("open_pool",), ("set_limit", vault, 1), ("queue_limit", vault, LINES[0] + 1),
        ("queue_guardian", STRANGER), ("execute_queued",), ("restore_limit", vault, 1),
        ("set_supply_cap", 1), ("remove_guardian",), ("transfer_curator", STRANGER), ("renounce_curator",),
    ]  # fmt: skip
    for call in curators:
        for sender in (GUARDIAN, STRANGER):
            refused("council: not the curator", council.send, *call, sender=sender)
    for call in (("cut_limit", vault), ("pause",)):
        for sender in (CURATOR, STRANGER):
            refused("council: not the guardian", council.send, *call, sender=sender)
        accepted(engine, council.send, *call, sender=GUARDIAN)
    refused("pool: already open", council.send, "open_pool", sender=CURATOR)


def test_before_opening_limits_are_free(engine: Engine) -> None:
    council, pool, vault, _ = parts(Lockstep(engine))
    refused("council: pool not open", council.send, "queue_limit", vault, 1, sender=CURATOR)
    refused("council: open the pool first", council.send, "renounce_curator", sender=CURATOR)
    for limit in (5, 7, 0, 9):
        council.send("set_limit", vault, limit, sender=CURATOR)
        assert limit_of(pool, vault) == limit
    council.send("open_pool", sender=CURATOR)
    for limit in (9, 10):
        refused("council: limit may only fall", council.send, "set_limit", vault, limit, sender=CURATOR)
    council.send("set_limit", vault, 8, sender=CURATOR)
    assert limit_of(pool, vault) == 8


def test_queueing_a_raise(engine: Engine) -> None:
    """By the current limit, or by a twentieth of the assets where that is more; one change at a time."""
    council, _, vault, other = parts(market(engine))
    refused("council: not the pool's vault", council.send, "queue_limit", STRANGER, 1, sender=CURATOR)
    refused("council: not a raise", council.send, "queue_limit", vault, LINES[0], sender=CURATOR)
    refused("council: raise too large", council.send, "queue_limit", vault, ROOM + 1, sender=CURATOR)
    accepted(engine, council.send, "queue_limit", vault, ROOM, sender=CURATOR)
    council.send("set_limit", other, 0, sender=CURATOR)
    refused(
        "council: raise too large", council.send, "queue_limit", other, SUPPLIED // 20 + 1, sender=CURATOR
    )
    council.send("queue_limit", other, SUPPLIED // 20, sender=CURATOR)
    ready = engine.now + DELAY
    assert council.call("queued") == (other, False, SUPPLIED // 20, SUPPLIED, ready)
    for call in (("queue_limit", vault, ROOM), ("queue_guardian", STRANGER)):
        refused("council: one change at a time", council.send, *call, sender=CURATOR)
    engine.advance(DELAY + 3 * DAY)
    refused("council: one change at a time", council.send, "queue_guardian", STRANGER, sender=CURATOR)
    accepted(engine, council.send, "execute_queued", sender=CURATOR)
    engine.advance(1)
    refused("council: too late", council.send, "execute_queued", sender=CURATOR)
    council.send("queue_guardian", STRANGER, sender=CURATOR)
    assert council.call("queued") == (STRANGER, True, 0, 0, engine.now + DELAY)


def test_executing_a_raise(engine: Engine) -> None:
    """Three days after its delay at the most, and never by more than a raise may add by then."""
    council, pool, vault, other = parts(market(engine))
    refused("council: nothing queued", council.send, "execute_queued", sender=CURATOR)
    council.send("queue_limit", vault, ROOM, sender=CURATOR)
    engine.advance(DELAY - 1)
    refused("council: too early", council.send, "execute_queued", sender=CURATOR)
    engine.advance(1)
    council.send("execute_queued", sender=CURATOR)
    assert limit_of(pool, vault) == ROOM
    assert council.call("queued") == NOTHING
    refused("council: nothing queued", council.send, "execute_queued", sender=CURATOR)
    # a vault whose line is small: a twentieth of what lenders own when it is executed
    council.send("set_limit", other, 0, sender=CURATOR)
    council.send("queue_limit", other, SUPPLIED // 20, sender=CURATOR)
    engine.advance(DELAY)
    before = engine.snapshot()
    pool.send("withdraw", SUPPLIED // 2, LENDER, LENDER, sender=LENDER)
    council.send("execute_queued", sender=CURATOR)
    assert limit_of(pool, other) == SUPPLIED // 40
    engine.revert(before)
    pool.send("deposit", SUPPLIED, LENDER, sender=LENDER)
    council.send("execute_queued", sender=CURATOR)
    assert limit_of(pool, other) == SUPPLIED // 20


def test_cancelling(engine: Engine) -> None:
    """By either role; lowering or cutting a limit cancels its own raise, and no other change."""
    council, _, vault, other = parts(market(engine))
    for sender in (CURATOR, GUARDIAN):
        refused("council: nothing to cancel", council.send, "cancel_queued", sender=sender)
        council.send("queue_limit", vault, ROOM, sender=CURATOR)
        refused("council: neither role", council.send, "cancel_queued", sender=STRANGER)
        council.send("cancel_queued", sender=sender)
        assert council.call("queued") == NOTHING
    for call, sender in ((("set_limit", vault, 1), CURATOR), (("cut_limit", vault), GUARDIAN)):
        for change, kept in (
            (("queue_limit", vault, ROOM), False),
            (("queue_limit", other, 2 * LINES[1]), True),
            (("queue_guardian", vault), True),
        ):
            before = engine.snapshot()
            council.send(*change, sender=CURATOR)
            council.send(*call, sender=sender)
            assert (council.call("queued") != NOTHING) == kept, (call, change)
            engine.revert(before)


def test_guardians(engine: Engine) -> None:
    council, *_ = parts(market(engine))
    refused("council: no guardian", council.send, "queue_guardian", NOBODY, sender=CURATOR)
    council.send("queue_guardian", STRANGER, sender=CURATOR)
    engine.advance(DELAY)
    council.send("execute_queued", sender=CURATOR)
    assert council.call("guardian") == STRANGER
    refused("council: not the guardian", council.send, "pause", sender=GUARDIAN)
    council.send("remove_guardian", sender=CURATOR)
    assert council.call("guardian") == NOBODY
    refused("council: not the guardian", council.send, "pause", sender=STRANGER)


def test_cut_and_restored(engine: Engine) -> None:
    """A day later, up to the former limit less what has been lost since, once."""
    council, pool, vault, _ = parts(market(engine))
    refused("council: nothing to restore", council.send, "restore_limit", vault, 1, sender=CURATOR)
    council.send("cut_limit", vault, sender=GUARDIAN)
    assert (limit_of(pool, vault), council.call("cuts", vault)) == (0, (LINES[0], 0, engine.now))
    refused("council: no limit to cut", council.send, "cut_limit", vault, sender=GUARDIAN)
    engine.advance(DAY - 1)
    refused("council: a day after the cut", council.send, "restore_limit", vault, 1, sender=CURATOR)
    engine.advance(1)
    refused(
        "council: above the former limit", council.send, "restore_limit", vault, LINES[0] + 1, sender=CURATOR
    )
    refused("council: restores nothing", council.send, "restore_limit", vault, 0, sender=CURATOR)
    accepted(engine, council.send, "restore_limit", vault, LINES[0], sender=CURATOR)
    council.send("restore_limit", vault, 1, sender=CURATOR)
    assert limit_of(pool, vault) == 1
    refused("council: nothing to restore", council.send, "restore_limit", vault, 2, sender=CURATOR)


def test_what_was_lost_is_not_restored(engine: Engine) -> None:
    place = market(engine)
    council, pool, vault, _ = parts(place)
    spoke, oracle = place.chain["first_vault"], place.chain["first_oracle"]
    spoke.send("open", 10 * 10**18, 10_000 * UNIT, sender=BORROWER)
    council.send("cut_limit", vault, sender=GUARDIAN)
    oracle.send("set_prices", 1, 1, sender=STRANGER)
    spoke.send("liquidate", BORROWER, 2**256 - 1, sender=STRANGER)
    lost = pool.call("losses", vault)
    assert lost >= 10_000 * UNIT - 1
    engine.advance(DAY)
    former = LINES[0] - lost
    refused(
        "council: above the former limit", council.send, "restore_limit", vault, former + 1, sender=CURATOR
    )
    council.send("restore_limit", vault, former, sender=CURATOR)
    assert limit_of(pool, vault) == former


def test_pausing(engine: Engine) -> None:
    """For seven days, not again within fourteen of the start; lifted by the curator, later by anyone."""
    council, pool, *_ = parts(market(engine))
    for sender in (CURATOR, STRANGER):
        refused("council: no pause", council.send, "unpause", sender=sender)
    council.send("pause", sender=GUARDIAN)
    started = engine.now
    assert (council.call("pause_started"), pool.call("paused_until")) == (started, started + 7 * DAY)
    accepted(engine, council.send, "unpause", sender=CURATOR)
    engine.advance(7 * DAY - 1)
    for sender in (STRANGER, GUARDIAN):
        refused("council: pause not over", council.send, "unpause", sender=sender)
    engine.advance(1)
    council.send("unpause", sender=STRANGER)
    assert pool.call("paused_until") == 0
    engine.advance(7 * DAY - 1)
    refused("council: paused too recently", council.send, "pause", sender=GUARDIAN)
    engine.advance(1)
    council.send("pause", sender=GUARDIAN)
    assert council.call("pause_started") == started + 14 * DAY


def test_curators(engine: Engine) -> None:
    """The successor accepts; the former proposal is gone with it."""
    council, *_ = parts(market(engine))
    refused("council: not proposed", council.send, "accept_curator", sender=STRANGER)
    council.send("transfer_curator", STRANGER, sender=CURATOR)
    assert (council.call("pending_curator"), council.call("curator")) == (STRANGER, CURATOR)
    refused("council: not proposed", council.send, "accept_curator", sender=CURATOR)
    before = engine.snapshot()
    council.send("transfer_curator", NOBODY, sender=CURATOR)
    refused("council: not proposed", council.send, "accept_curator", sender=STRANGER)
    engine.revert(before)
    council.send("accept_curator", sender=STRANGER)
    assert (council.call("pending_curator"), council.call("curator")) == (NOBODY, STRANGER)
    refused("council: not proposed", council.send, "accept_curator", sender=STRANGER)


def test_a_curator_who_leaves(engine: Engine) -> None:
    """With what is queued, with the pause and with the guardian; with none of them as well."""
    council, pool, vault, _ = parts(market(engine))
    before = engine.snapshot()
    council.send("queue_limit", vault, ROOM, sender=CURATOR)
    council.send("pause", sender=GUARDIAN)
    council.send("transfer_curator", STRANGER, sender=CURATOR)
    for _ in range(2):
        council.send("renounce_curator", sender=CURATOR)
        names = ("curator", "guardian", "pending_curator", "queued")
        assert [council.call(name) for name in names] == [NOBODY, NOBODY, NOBODY, NOTHING]
        assert pool.call("paused_until") == 0
        refused("council: not proposed", council.send, "accept_curator", sender=STRANGER)
        refused("council: not the curator", council.send, "set_limit", vault, 0, sender=CURATOR)
        if before is not None:
            engine.revert(before)
            before = None
