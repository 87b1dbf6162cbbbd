"""Naming the council and the backstop, once."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import NOBODY
from tests.utils.pool_harness import closed_pool


@pytest.fixture
def pool(builder, lab):
    """A pool with nothing initialized."""
    return closed_pool(builder, lab.factory, lab.loan)


def test_names_both(lab, pool, stranger):
    receipt = lab.factory.initialize(pool, lab.council, lab.backstop, sender=stranger)
    assert receipt.events == [pool.Initialized(council=lab.council, backstop=lab.backstop)]
    assert pool.council() == lab.council
    assert pool.backstop() == lab.backstop


def test_a_backstop_is_not_needed(lab, pool, stranger):
    lab.factory.initialize(pool, lab.council, NOBODY, sender=stranger)
    assert pool.backstop() == NOBODY


def test_only_the_factory(lab, pool, deployer):
    assert refusal(pool.initialize, deployer, NOBODY, sender=deployer) == "pool: not the factory"
    assert refusal(pool.initialize, lab.council, NOBODY, sender=lab.council) == "pool: not the factory"


def test_once(lab, pool, stranger):
    initialize = (lab.factory.initialize, pool, lab.council, lab.backstop)
    assert refusal(*initialize, sender=stranger) is None
    lab.factory.initialize(pool, lab.council, NOBODY, sender=stranger)
    assert refusal(*initialize, sender=stranger) == "pool: already initialized"


def test_nobody_rules_before(pool, deployer):
    assert refusal(pool.open_pool, sender=deployer) == "pool: not the council"
