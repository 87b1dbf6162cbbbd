"""Making vaults; what parameters a vault refuses is in `unit/vault/test_creation.py`."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_makes_a_vault(chain, factory, market, risk_struct, stranger):
    number = factory.vault_count(market.pool)
    parts = (market.pool, market.collateral, market.oracle)

    receipt = factory.create_vault(*parts, risk_struct, sender=stranger)

    vault = chain.at("Vault", factory.vaults(market.pool, number))
    assert vault.address != market.vault.address  # of the same collateral and oracle
    assert factory.vault_count(market.pool) == number + 1
    assert factory.pool_of(vault) == market.pool.address
    assert vault.pool() == market.pool.address
    assert vault.loan_asset() == market.loan.address
    assert vault.collateral_asset() == market.collateral.address
    assert vault.oracle() == market.oracle.address
    assert tuple(vault.risk()) == risk_struct
    (created,) = receipt.events
    made = (created.vault, created.pool, created.collateral, created.oracle)
    assert made == tuple(part.address for part in (vault, market.pool, market.collateral, market.oracle))
    assert tuple(created.risk) == risk_struct


def test_it_can_draw_nothing_until_the_curator_says_so(builder, market):
    vault = builder.vault(market.pool, market.collateral, market.oracle)
    assert tuple(market.pool.credit_line(vault)) == (0, 0, 0)
    assert refusal(market.pool.draw, 0, vault, sender=vault) == "pool: not a vault"


def test_gives_the_address(factory, market, risk_struct, stranger):
    arguments = (market.pool, market.collateral, market.oracle, risk_struct)
    promised = factory.create_vault.call(*arguments, sender=stranger)
    factory.create_vault(*arguments, sender=stranger)
    assert factory.vaults(market.pool, factory.vault_count(market.pool) - 1) == promised


def test_only_for_its_own_pools(chain, builder, factory, market, risk_struct, stranger):
    """Not for an account, a vault, or the pool of another factory."""
    other = type(builder)(chain)
    foreign = other.pool(market.loan).pool
    for pool in (stranger, NOBODY, market.vault, foreign):
        arguments = (pool, market.collateral, market.oracle, risk_struct)
        assert refusal(factory.create_vault, *arguments, sender=stranger) == "factory: not a pool"
    arguments = (foreign, market.collateral, market.oracle, risk_struct)
    assert refusal(other.factory.create_vault, *arguments, sender=stranger) is None
