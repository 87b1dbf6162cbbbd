"""The registry, by which a pool tells its vaults from look-alikes."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_says_whose_a_vault_is(factory, market, stranger):
    assert factory.pool_of(market.vault) == market.pool.address
    for other in (stranger, market.pool, market.council, market.loan, factory):
        assert factory.pool_of(other) == NOBODY


def test_a_look_alike_is_no_vault(chain, builder, factory, market, risk_struct, deployer, curator):
    """The same code with the same parameters, deployed by somebody else."""
    arguments = (market.pool, market.collateral, market.oracle, risk_struct)
    twin = chain.make("Vault", *arguments)
    assert twin.pool() == market.pool.address
    assert factory.pool_of(twin) == NOBODY
    reason = refusal(market.council.queue_limit, twin, 1, sender=curator)
    assert reason == "council: not the pool's vault"
    made = builder.pool(market.loan)
    closed, council = made.pool, made.council
    twin = chain.make("Vault", closed, *arguments[1:])
    reason = refusal(council.set_limit, twin, 1, sender=curator)
    assert reason == "pool: not a vault of this pool"
