"""Only pools and vaults of the Factory are looked at; anybody may make some."""

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Engine, deploy
from plimsoll.params import PoolParams
from plimsoll.units import FRACTION, MAX
from tests.stateful.world import BORROWER, CURATOR, DEPLOYER, SPOKES, STRANGER
from tests.utils.lens import FAIR, build, deploy_lens

VAULTS = 260  # in the registry; a page holds 256


def test_needs_a_factory(engine: Engine) -> None:
    place = build(engine)
    with pytest.raises(CallReverted, match="lens: no factory"):
        deploy_lens(engine, STRANGER)
    assert place.lens.contract.call("factory") == place.world.factory.address


def test_refuses_what_is_no_vault(engine: Engine) -> None:
    """Neither a stranger, nor a pool, nor a vault that another Factory has made."""
    place = build(engine)
    factory = place.world.factory
    blueprints = [
        factory.call(f"{name}_BLUEPRINT") for name in ("POOL", "COUNCIL", "BACKSTOP", "VAULT", "BASKET")
    ]
    other = deploy(engine, artifact("Factory"), *blueprints, sender=DEPLOYER)
    asked = [
        (place.lens.contract, STRANGER),
        (place.lens.contract, place.pool),
        (deploy_lens(engine, other.address), place.vault),
    ]
    for lens, address in asked:
        for function, *arguments in (
            ("positions", [BORROWER]),
            ("liquidatable", [BORROWER]),
            ("health_at", [BORROWER], FAIR),
            ("preview_liquidation_at", BORROWER, FAIR, MAX),
            ("shortfall_at", [BORROWER], FAIR),
            ("debt_by_liquidation_price", [BORROWER], [FAIR]),
            ("vault_summary",),
        ):
            with pytest.raises(CallReverted, match="lens: not a vault"):
                lens.call(function, address, *arguments)


def test_refuses_what_is_no_pool(engine: Engine) -> None:
    place = build(engine)
    for address in (STRANGER, place.vault):
        for function, *arguments in (("pool_summary",), ("credit_lines", 0, 1)):
            with pytest.raises(CallReverted, match="lens: not a pool"):
                place.lens.contract.call(function, address, *arguments)


def test_pages_of_vaults(engine: Engine) -> None:
    place = build(engine)
    it = place.world
    terms = [it.chain["first_vault"].call(name) for name in ("collateral_asset", "oracle", "risk")]
    own = [it.chain[name].address for name in SPOKES]
    made = [
        it.factory.send("create_vault", place.pool, *terms, sender=STRANGER) for _ in range(VAULTS - len(own))
    ]
    assert place.lens.pool_summary(place.pool).vault_count == VAULTS

    def page(first: int, count: int) -> list[str]:
        return [row[0] for row in place.lens.contract.call("credit_lines", place.pool, first, count)]

    everything = own + made
    assert page(0, 256) == everything[:256]
    assert page(0, MAX) == everything[:256]
    assert page(256, MAX) == everything[256:]
    assert page(3, 2) == everything[3:5]
    assert page(259, 5) == everything[259:]
    assert page(0, 0) == page(260, 5) == page(MAX, MAX) == []
    lines = place.lens.credit_lines(place.pool)
    assert [line.vault for line in lines] == everything
    uninvited = lines[-1]
    assert (uninvited.limit, uninvited.drawn, uninvited.headroom, uninvited.losses) == (0, 0, 0, 0)


def test_a_pause_shows_until_it_is_over(engine: Engine) -> None:
    place = build(engine)
    it = place.world
    assert place.lens.pool_summary(place.pool).paused_until == 0
    guardian = it.chain["council"].call("guardian")
    it.act("council", "pause", sender=guardian)
    until = it.chain["pool"].call("paused_until")
    summary = place.lens.pool_summary(place.pool)
    assert (summary.paused_until, summary.deposit_room) == (until, 0)
    assert place.lens.credit_lines(place.pool)[0].headroom == 0
    it.advance(until - it.engine.now - 1)
    assert place.lens.pool_summary(place.pool).paused_until == until
    it.advance(1)
    assert place.lens.pool_summary(place.pool).paused_until == 0


def test_the_debt_of_a_pool_is_rounded_up_from_the_smallest_rest(engine: Engine) -> None:
    place = build(engine)
    clock, pool = place.world.twin, place.world.model["pool"]
    began = clock.now
    while pool.accrued().total_debt % FRACTION != 1:
        clock.now += 1
    owed, waited = pool.accrued().total_debt, clock.now - began
    clock.now = began
    place.world.advance(waited)
    assert place.lens.pool_summary(place.pool).total_debt == owed // FRACTION + 1


def test_a_pool_that_is_not_open(engine: Engine) -> None:
    place = build(engine)
    params = PoolParams(name="Other", symbol="O")
    struct = params.to_struct(place.world.chain["loan"].address, 6)
    pool = place.world.factory.send("create_pool", struct, CURATOR, params.delay, sender=DEPLOYER)
    summary = place.lens.pool_summary(pool)
    assert not summary.is_open
    assert summary.vault_count == summary.total_assets == summary.deposit_room == summary.supply_rate == 0
    assert place.lens.credit_lines(pool) == []
