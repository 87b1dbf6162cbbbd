"""A25: made-up markets and vaults drew on real pools (Exactly, Platypus).

Here a pool asks its own Factory whose a vault is, and nobody but a registered vault can draw or settle.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.builder import Builder
from plimsoll.testing.market import build_market
from plimsoll.testing.roles import role


@pytest.fixture(scope="module")
def market(builder, lender, borrower):
    market = build_market(builder, [lender, borrower])
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    market.vault.open(market.collaterals(10), market.loans(10_000), sender=borrower)
    return market


@pytest.fixture(scope="module")
def closed(builder, market):
    """A second pool of the same asset, in the free hand of its curator."""
    return builder.pool(market.loan)


@pytest.fixture(scope="module")
def fakes(chain, builder, market, closed, deployer, curator):
    """An account, the same code deployed by hand, another pool's vault, another factory's vault."""
    risk = tuple(market.vault.risk())
    parts = (market.collateral, market.oracle)
    elsewhere = Builder(chain)
    return {
        "an account": role(60),
        "a look-alike": chain.make("Vault", market.pool, *parts, risk),
        "of another pool": builder.vault(closed.pool, *parts),
        "of another factory": elsewhere.vault(elsewhere.pool(market.loan).pool, *parts),
        "the pool": market.pool,
        "the council": market.council,
    }


KINDS = ["an account", "a look-alike", "of another pool", "of another factory", "the pool", "the council"]


@pytest.mark.parametrize("kind", KINDS)
def test_a25_cannot_draw_or_settle(request, market, fakes, stranger, kind):
    fake = fakes[kind]
    if kind == "the pool":
        request.getfixturevalue("anvil")  # in process nothing calls the contract that sends
    assert refusal(market.pool.draw, 1, stranger, sender=fake) == "pool: not a vault"
    assert refusal(market.pool.settle, 1, 1, sender=fake) == "pool: not a vault"
    assert refusal(market.pool.settle, 0, 0, sender=fake) == "pool: not a vault"


@pytest.mark.parametrize("kind", KINDS)
def test_a25_cannot_be_registered(market, closed, builder, fakes, curator, kind):
    """Not by the curator of an open pool, and not with a free hand before."""
    council, fake = market.council, fakes[kind]
    assert refusal(council.set_limit, fake, 1, sender=curator) == "council: limit may only fall"
    assert refusal(council.queue_limit, fake, 1, sender=curator) == "council: not the pool's vault"
    reason = refusal(closed.council.set_limit, fake, 1, sender=curator)
    assert reason == (None if kind == "of another pool" else "pool: not a vault of this pool")


def test_a25_a_look_alike_lends_nothing(market, fakes, borrower):
    """Collateral can be locked in it, but it gets nothing out of the pool."""
    fake = fakes["a look-alike"]
    market.collateral.approve(fake, market.collaterals(10), sender=borrower)
    opening = (market.collaterals(10), market.loans(10_000))
    assert refusal(fake.open, *opening, sender=borrower) == "pool: not a vault"
    assert refusal(market.vault.open, *opening, sender=borrower) is None


def test_a25_the_real_one_is_registered_for_ever(market, curator):
    """A limit of zero takes nobody's right to settle."""
    market.council.set_limit(market.vault, 0, sender=curator)
    assert refusal(market.pool.settle, 0, 0, sender=market.vault) is None
    assert refusal(market.pool.draw, 1, curator, sender=market.vault) == "pool: over the credit limit"
