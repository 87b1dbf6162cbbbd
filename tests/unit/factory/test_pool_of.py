"""The registry, by which a pool tells its vaults from look-alikes."""

from ape import project

from plimsoll.units import NOBODY
from tests.utils.calls import refusal


def test_says_whose_a_vault_is(factory, market, stranger):
    assert factory.pool_of(market.vault) == market.pool.address
    for other in (stranger, market.pool, market.council, market.loan, factory):
        assert factory.pool_of(other) == NOBODY


def test_a_look_alike_is_no_vault(builder, factory, market, risk_struct, deployer, curator):
    """The same code with the same parameters, deployed by somebody else."""
    arguments = (market.pool, market.collateral, market.oracle, risk_struct)
    twin = deployer.deploy(project.Vault, *arguments)
    assert twin.pool() == market.pool.address
    assert factory.pool_of(twin) == NOBODY
    reason = refusal(market.council.queue_limit, twin, 1, sender=curator)
    assert reason == "council: not the pool's vault"
    closed = builder.pool(market.loan)
    twin = deployer.deploy(project.Vault, closed, *arguments[1:])
    council = builder.council(closed)
    reason = refusal(council.set_limit, twin, 1, sender=curator)
    assert reason == "pool: not a vault of this pool"
