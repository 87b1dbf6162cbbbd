"""Asking in the middle of somebody's call: as before it, as after it, or not at all."""

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Engine, deploy
from plimsoll.units import MAX
from tests.stateful.world import BORROWER, DEPLOYER, STRANGER
from tests.utils.lens import FAIR, LensMarket, build


def questions(place: LensMarket) -> tuple[list[bytes], list[bytes]]:
    """Those about positions, and those that read the pool's cash."""
    encode, vault = place.lens.contract.encode, place.vault
    return [
        encode("positions", vault, [BORROWER]),
        encode("liquidatable", vault, [BORROWER]),
        encode("health_at", vault, [BORROWER], FAIR),
        encode("preview_liquidation_at", vault, BORROWER, FAIR, MAX),
        encode("shortfall_at", vault, [BORROWER], FAIR),
        encode("debt_by_liquidation_price", vault, [BORROWER], [FAIR]),
    ], [
        encode("pool_summary", place.pool),
        encode("credit_lines", place.pool, 0, 2),
        encode("vault_summary", vault),
    ]  # fmt: skip


def test_in_a_flash_loan(engine: Engine) -> None:
    """All cash is out: positions are as they were, and what reads cash refuses to answer."""
    place = build(engine)
    world, (steady, cash) = place.world, questions(place)
    intruder = deploy(world.engine, artifact("Intruder"), sender=DEPLOYER)
    loan, lens = world.chain["loan"].address, place.lens.contract.address
    intruder.send("approve", loan, place.pool, MAX, sender=DEPLOYER)
    intruder.send("plan", [(lens, data) for data in steady + cash], sender=DEPLOYER)
    intruder.send("run", sender=STRANGER)
    outside = intruder.call("outcomes")
    assert all(success for success, _ in outside)
    world.chain["pool"].send(
        "flashLoan", intruder.address, loan, world.model["pool"].cash(), b"", sender=STRANGER
    )
    inside = intruder.call("outcomes")
    assert inside[: len(steady)] == outside[: len(steady)]
    assert [success for success, _ in inside[len(steady) :]] == [False] * len(cash)


def test_in_a_liquidation(engine: Engine) -> None:
    """The position that is being closed shows as closed, and everything answers."""
    place = build(engine)
    world, (steady, cash) = place.world, questions(place)
    place.set_price(1_700)
    lens, vault = place.lens.contract, world.chain["first_vault"]
    assert len(place.lens.liquidatable(place.vault, [BORROWER])[1]) == 1
    world.actor.send("plan", [(lens.address, data) for data in (*steady[1:3], *cash)], sender=DEPLOYER)
    data = vault.encode("liquidate", BORROWER, MAX, 0, world.actor.address, b"data")
    world.actor.send("act", place.vault, data, sender=DEPLOYER)
    answers = world.actor.call("answers")
    assert [success for success, _ in answers] == [True] * 5
    assert place.lens.liquidatable(place.vault, [BORROWER])[1] == {}
    assert [answer for _, answer in answers[:2]] == [
        world.engine.call(STRANGER, lens.address, question) for question in steady[1:3]
    ]
