"""Full pages, and gas: of the call, and of an oracle that eats it."""

import pytest

from plimsoll.chain.abi import words
from plimsoll.chain.artifacts import slots
from plimsoll.chain.engine import CallReverted, mapping_slot
from plimsoll.twin.position import pack
from plimsoll.units import MAX, NOBODY
from tests.stateful.world import BORROWER, DEPLOYER, OTHER_BORROWER, role
from tests.utils.lens import FAIR, LensMarket

PAGE = 256
CROWD = [role(1_000 + number) for number in range(PAGE)]
DEBT_SHARES = 3_000 * 10**9  # 3,000 whole tokens


@pytest.fixture
def crowded(place: LensMarket) -> LensMarket:
    """A page of owners with two to three collateral tokens and the same debt each, written into storage."""
    slot = slots("Vault")["book.positions"]
    for number, owner in enumerate(CROWD):
        word = pack(2 * 10**18 + number * 4 * 10**15, DEBT_SHARES)
        place.world.engine.set_storage(place.vault, mapping_slot(slot, owner), word)
    return place


def test_full_pages_fit_into_a_call(crowded: LensMarket) -> None:
    """With 25,000,000 gas; at 1,700 some are healthy, some restorable, some in shortfall."""
    crowded.set_price(1_700)
    lens, vault, price = crowded.lens, crowded.vault, 1_700 * 10**24
    found = lens.positions(vault, CROWD)
    assert [each.owner for each in found] == CROWD
    assert [each.collateral for each in found] == [2 * 10**18 + n * 4 * 10**15 for n in range(PAGE)]
    assert lens.health_at(vault, CROWD, price) == [each.health for each in found]
    answered, candidates = lens.liquidatable(vault, CROWD)
    assert answered == price
    assert list(candidates) == [each.owner for each in found if each.is_liquidatable]
    assert 0 < len(candidates) < PAGE
    edges = [1_000 * 10**24 + n * 10**25 for n in range(PAGE)]
    assert sum(lens.debt_by_liquidation_price(vault, CROWD, edges)) == sum(each.debt for each in found)
    assert len(lens.liquidatable(vault, CROWD)[1]) == len(candidates)
    crowded.set_price(1)
    assert len(lens.liquidatable(vault, CROWD)[1]) == PAGE
    assert lens.shortfall_at(vault, CROWD, 10**24) > 0


def test_an_oracle_that_eats_all_gas_stops_nothing(place: LensMarket) -> None:
    place.world.chain["first_oracle"].send("set_appetite", MAX, sender=DEPLOYER)
    owners = [BORROWER, OTHER_BORROWER]
    debts = [place.world.chain["first_vault"].call("debt_of", owner) for owner in owners]
    found = place.lens.positions(place.vault, owners)
    assert [(each.price, each.debt) for each in found] == [(0, debt) for debt in debts]
    assert place.lens.liquidatable(place.vault, [BORROWER]) == (0, {})
    summary = place.lens.vault_summary(place.vault)
    assert (summary.price, summary.safe_price) == (0, 0)


def gas_decides(place: LensMarket, gas: int) -> int | str:
    """The price that a call with so much gas finds, or why it fails."""
    lens = place.lens.contract
    data = lens.encode("positions", place.vault, [BORROWER])
    try:
        return words(place.world.engine.call(NOBODY, lens.address, data, gas))[11]
    except CallReverted as revert:
        return revert.reason


def test_a_live_oracle_never_looks_dead_for_want_of_gas(place: LensMarket) -> None:
    """It may need 1,000,000: the caller learns the price, or that he passed too little gas."""
    place.world.chain["first_oracle"].send("set_appetite", 900_000, sender=DEPLOYER)
    answers = {gas: gas_decides(place, gas) for gas in range(300_000, 3_000_000, 100_000)}
    assert 0 not in answers.values()
    assert answers[2_900_000] == FAIR
    assert answers[1_800_000] == "lens: not enough gas"
