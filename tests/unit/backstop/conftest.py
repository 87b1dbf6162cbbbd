"""A backstop over a token in the place of the pool's shares: losses and haircuts come as the test says."""

from collections.abc import Callable

import pytest

from plimsoll.testing import Contract
from plimsoll.units import DAY, MAX

UNIT = 10**9  # what a whole token of six decimals buys at par
STAKE = 20_000 * UNIT
COOLDOWN = 14 * DAY


@pytest.fixture(scope="session")
def pool(chain) -> Contract:
    return chain.make("SharePool", "Pool", "P", 9)


@pytest.fixture(scope="session")
def backstop(chain, pool, lender, other_lender, stranger) -> Contract:
    """Empty; two have the tokens and have approved it."""
    backstop = chain.make("Backstop", pool, COOLDOWN, UNIT)
    for owner in (lender, other_lender):
        pool.mint(owner, 10 * STAKE, sender=stranger)
        pool.approve(backstop, MAX, sender=owner)
    return backstop


@pytest.fixture
def leaving(chain, backstop, lender) -> Contract:
    """The lender has staked 20,000 tokens, has asked to leave with a half, and may now."""
    backstop.deposit(STAKE, lender, sender=lender)
    backstop.request(STAKE // 2, sender=lender)
    chain.advance(COOLDOWN)
    return backstop


@pytest.fixture
def keep_back(pool, stranger) -> Callable[[int], object]:
    """Provisions that would burn as many of the backstop's pool shares."""
    return lambda shares: pool.set_haircut(shares, sender=stranger)
