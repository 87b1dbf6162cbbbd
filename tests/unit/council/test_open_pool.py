"""Letting lenders in."""

from plimsoll.testing import refusal
from plimsoll.testing.market import Market


def test_opens_for_ever(chain, closed, curator):
    pool = chain.at("Pool", closed.pool())
    receipt = closed.open_pool(sender=curator)
    assert receipt.events == [pool.Opened()]
    assert pool.is_open()
    assert refusal(closed.open_pool, sender=curator) == "pool: already open"


def test_only_the_curator(closed, stranger, guardian):
    assert refusal(closed.open_pool, sender=stranger) == "council: not the curator"
    assert refusal(closed.open_pool, sender=guardian) == "council: not the curator"


def test_ends_the_free_hand(builder, market: Market, curator):
    """Before, limits are set freely; after, they only fall."""
    made = builder.pool(market.loan)
    pool, council = made.pool, made.council
    vault = builder.vault(pool, market.collateral, market.oracle)
    for limit in (5, 10**15, 7):
        assert refusal(council.set_limit, vault, limit, sender=curator) is None
    council.set_limit(vault, 7, sender=curator)
    council.open_pool(sender=curator)
    for limit in (7, 8, 10**15):
        assert refusal(council.set_limit, vault, limit, sender=curator) == "council: limit may only fall"
    assert refusal(council.set_limit, vault, 6, sender=curator) is None
