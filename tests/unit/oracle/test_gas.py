"""What a price costs, and that the gas of the caller never decides what it is."""

import pytest

from plimsoll.units import DAY
from tests.utils.oracles import PRICE, Failure, ask

TRANSACTION = 21_000 + 4 * 16  # and four bytes of calldata


def answers(paired_oracle, view: str, gas: range) -> set[int | None]:
    """What a view answers for these amounts of gas; None when it fails."""
    answers = (ask(paired_oracle, view, amount) for amount in gas)
    return {None if isinstance(answer, Failure) else answer for answer in answers}


@pytest.mark.parametrize("view", ["price", "safe_price"])
def test_two_feeds(anvil, plain_oracle, deployer, view):
    """Two cold accounts, two cold slots; 1,295 for the oracle and 332 for the feeds when this was written."""
    anvil.send(deployer, plain_oracle.address, plain_oracle.encode(view))
    assert anvil.gas_used - TRANSACTION <= 2 * 2_600 + 2 * 2_100 + 1_650


def test_a_starved_second_is_not_dead(paired_oracle, second, deployer):
    """The second keeps new debt down. It needs nearly as much gas as a source may."""
    second.set_price(PRICE // 2, sender=deployer)
    second.set_appetite(950_000, sender=deployer)
    assert answers(paired_oracle, "safe_price", range(50_000, 1_500_000, 7_000)) == {None, PRICE // 2}
    assert answers(paired_oracle, "price", range(50_000, 1_500_000, 70_000)) == {None, PRICE}


def test_a_starved_primary_is_not_dead(paired_oracle, second, deployer):
    """The own feeds need little gas: what is left when they run out of it does not suffice to go on."""
    second.set_price(PRICE * 2, sender=deployer)
    assert answers(paired_oracle, "safe_price", range(22_000, 60_000, 100)) == {None, PRICE}


def test_a_dead_second_costs_spare_gas_only(paired_oracle, second, deployer):
    second.set_silent(True, sender=deployer)
    assert answers(paired_oracle, "safe_price", range(22_000, 180_000, 1_000)) == {None, PRICE}
    assert ask(paired_oracle, "safe_price", 180_000) == PRICE


def test_an_oracle_below_cannot_hand_its_spare_gas_up(yard, plain_config, second, set_round, deployer):
    """The inner oracle lives by its second alone; short of spare gas it must not look dead from above."""
    own_feed = yard.feed(3_200 * 10**8)
    inner = yard.oracle(plain_config.but(second=second, collateral_feed=dict(feed=own_feed)))
    outer = yard.oracle(plain_config.but(second=inner))
    set_round(own_feed, 3_200 * 10**8, 2 * DAY)
    second.set_price(PRICE // 2, sender=deployer)
    assert answers(outer, "safe_price", range(100_000, 180_000, 200)) == {None, PRICE // 2}
