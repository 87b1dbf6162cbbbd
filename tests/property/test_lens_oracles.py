"""What the Lens says while a vault's oracle fails or lies."""

from collections.abc import Iterator

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Engine, deploy
from plimsoll.units import MAX
from tests.property.edges import place_code
from tests.stateful.world import BORROWER, DEPLOYER, LENDER, OTHER_BORROWER
from tests.utils.lens import FAIR, LensMarket, build

ORACLE_GAS = 1_000_000  # more than any oracle may need
OWNERS = [BORROWER, OTHER_BORROWER, LENDER]  # LENDER has no position


def faults(place: LensMarket) -> Iterator[None]:
    """The oracle fails, once in each way."""
    place.world.silence("first_oracle")
    yield
    place.world.set_prices("first_oracle", 0, 0)
    yield


def test_positions_are_flagged(engine: Engine) -> None:
    place = build(engine)
    before = place.lens.positions(place.vault, OWNERS)
    unpriced = {"price": 0, "is_liquidatable": False, "value": 0, "equity": 0, "leverage": 0}
    for _ in faults(place):
        assert place.lens.positions(place.vault, OWNERS) == [
            each._replace(health=0 if each.debt else MAX, **unpriced) for each in before
        ]


def test_nobody_is_a_candidate_and_the_price_says_why(engine: Engine) -> None:
    place = build(engine)
    place.set_price(1)
    assert len(place.lens.liquidatable(place.vault, OWNERS)[1]) == 2
    for _ in faults(place):
        assert place.lens.liquidatable(place.vault, OWNERS) == (0, {})


def test_a_vault_is_flagged(engine: Engine) -> None:
    place = build(engine)
    before = place.lens.vault_summary(place.vault)
    assert before.price == before.safe_price == FAIR
    for _ in faults(place):
        assert place.lens.vault_summary(place.vault) == before._replace(price=0, safe_price=0)


def test_what_if_needs_no_oracle(engine: Engine) -> None:
    place = build(engine)
    price = 1_700 * 10**24
    questions = [
        ("health_at", OWNERS, price), ("preview_liquidation_at", BORROWER, price, MAX),
        ("shortfall_at", OWNERS, price), ("debt_by_liquidation_price", OWNERS, [price]),
    ]  # fmt: skip
    before = [getattr(place.lens, name)(place.vault, *rest) for name, *rest in questions]
    for _ in faults(place):
        assert [getattr(place.lens, name)(place.vault, *rest) for name, *rest in questions] == before


def test_an_absurd_price_values_what_it_can(engine: Engine) -> None:
    """The vault's own views overflow on collateral, and answer for who has none."""
    place = build(engine)
    place.world.set_prices("first_oracle", MAX, MAX)
    found = place.lens.positions(place.vault, OWNERS)
    assert [each.price for each in found] == [0, 0, MAX]
    assert [each.health for each in found] == [0, 0, MAX]
    assert place.lens.liquidatable(place.vault, OWNERS) == (MAX, {})
    with pytest.raises(CallReverted):
        place.world.chain["first_vault"].call("health", BORROWER)
    with pytest.raises(CallReverted):
        place.lens.health_at(place.vault, OWNERS, MAX)


def test_the_largest_price_that_values_a_position_is_used(engine: Engine) -> None:
    """One more, and the product with its collateral does not fit a word."""
    place = build(engine)
    most = MAX // (10 * 10**18)
    for price, known in ((most, most), (most + 1, 0)):
        place.world.set_prices("first_oracle", price, price)
        assert place.lens.positions(place.vault, [BORROWER])[0].price == known
        assert place.lens.liquidatable(place.vault, [BORROWER]) == (price, {})


def test_an_answer_that_breaks_off_is_none(engine: Engine) -> None:
    place = build(engine)
    world = place.world
    oracle = deploy(world.engine, artifact("StutteringOracle"), FAIR, sender=DEPLOYER)
    collateral, risk = world.chain["first_collateral"].address, world.chain["first_vault"].call("risk")
    vault = world.factory.send("create_vault", place.pool, collateral, oracle.address, risk, sender=DEPLOYER)
    assert place.lens.vault_summary(vault).price == FAIR
    oracle.send("set_length", 31, sender=DEPLOYER)
    assert place.lens.vault_summary(vault).price == 0


def test_a_safe_price_of_its_own(engine: Engine) -> None:
    place = build(engine)
    place.world.set_prices("first_oracle", FAIR, FAIR - 1)
    summary = place.lens.vault_summary(place.vault)
    assert (summary.price, summary.safe_price) == (FAIR, FAIR - 1)


# answers the gas that it was given, less 2; reverts once its first word of storage is set
SPENDTHRIFT = bytes.fromhex("5a5f54600c575f5260205ff35b5f5ffd")
# passes on, with gas from the first word and to the address in the second, what follows these
RELAY = bytes.fromhex("6040360380 60405f37 5f5f91 5f 602035 5f35 fa 3d5f5f3e 601d57 3d5ffd 5b3d5ff3")


def test_an_oracle_that_fails_with_all_it_may_need_is_flagged(engine: Engine) -> None:
    """With a unit of gas less nobody can tell, and the call says so."""
    place = build(engine)
    world, lens = place.world, place.lens.contract
    oracle, relay = place_code(engine, SPENDTHRIFT), place_code(engine, RELAY)
    collateral, risk = world.chain["first_collateral"].address, world.chain["first_vault"].call("risk")
    vault = world.factory.send("create_vault", place.pool, collateral, oracle, risk, sender=DEPLOYER)

    def price(gas: int) -> int:
        target = bytes.fromhex(lens.address[2:]).rjust(32, b"\0")
        data = gas.to_bytes(32, "big") + target + lens.encode("liquidatable", vault, [])
        return int.from_bytes(engine.call(DEPLOYER, relay, data)[:32], "big")

    gas = 4_000_000
    gas -= 2 * (price(gas) + 2 - ORACLE_GAS)  # the oracle gets half of it
    gas -= price(gas - 1) + 2 == ORACLE_GAS
    assert price(gas) + 2 == ORACLE_GAS
    engine.set_storage(oracle, 0, 1)
    assert price(gas) == 0
    with pytest.raises(CallReverted, match="lens: not enough gas"):
        price(gas - 1)
