"""What a factory is made of."""

import pytest
from ape import chain, project

from plimsoll.units import NOBODY
from tests.utils.calls import creation_refusal


def test_says_its_blueprints(factory, deployer):
    """Preambled as EIP-5202 says; the code behind is the contracts' own."""
    for blueprint, container in (
        (factory.POOL_BLUEPRINT(), project.Pool),
        (factory.COUNCIL_BLUEPRINT(), project.Council),
        (factory.BACKSTOP_BLUEPRINT(), project.Backstop),
        (factory.VAULT_BLUEPRINT(), project.Vault),
    ):
        code = bytes(chain.provider.get_code(blueprint))
        assert code == b"\xfe\x71\x00" + bytes(container.contract_type.get_deployment_bytecode())
        assert len(code) <= 24_576


@pytest.mark.parametrize("missing", range(4))
def test_needs_blueprints(factory, deployer, stranger, missing):
    blueprints = [
        factory.POOL_BLUEPRINT(),
        factory.COUNCIL_BLUEPRINT(),
        factory.BACKSTOP_BLUEPRINT(),
        factory.VAULT_BLUEPRINT(),
    ]
    assert creation_refusal(project.Factory, *blueprints, sender=deployer) is None
    for nothing in (NOBODY, stranger.address):
        blueprints[missing] = nothing
        reason = creation_refusal(project.Factory, *blueprints, sender=deployer)
        assert reason == "factory: no blueprint"


def test_nobody_owns_it(factory):
    """Two functions change its state, and both are open to all."""
    changing = {method.name for method in factory.contract_type.mutable_methods}
    assert changing == {"create_pool", "create_vault"}
