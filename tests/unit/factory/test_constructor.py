"""What a factory is made of."""

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.units import NOBODY


def test_says_its_blueprints(chain, factory):
    """Preambled as EIP-5202 says; the code behind is the contracts' own."""
    for blueprint, name in (
        (factory.POOL_BLUEPRINT(), "Pool"),
        (factory.COUNCIL_BLUEPRINT(), "Council"),
        (factory.BACKSTOP_BLUEPRINT(), "Backstop"),
        (factory.VAULT_BLUEPRINT(), "Vault"),
        (factory.BASKET_BLUEPRINT(), "Basket"),
    ):
        code = chain.engine.code(blueprint)
        assert code == b"\xfe\x71\x00" + artifact(name).initcode
        assert len(code) <= 24_576


@pytest.mark.parametrize("missing", range(5))
def test_needs_blueprints(chain, factory, stranger, missing):
    """Code behind a preamble of three bytes; what it is, a factory cannot know."""
    blueprints = [
        factory.POOL_BLUEPRINT(),
        factory.COUNCIL_BLUEPRINT(),
        factory.BACKSTOP_BLUEPRINT(),
        factory.VAULT_BLUEPRINT(),
        factory.BASKET_BLUEPRINT(),
    ]
    preamble, least = (chain.place_code(bytes(length)) for length in (3, 4))
    for nothing in (NOBODY, stranger.address, preamble):
        blueprints[missing] = nothing
        assert chain.refusal("Factory", *blueprints) == "factory: no blueprint"
    blueprints[missing] = least
    assert chain.refusal("Factory", *blueprints) is None


def test_nobody_owns_it(factory):
    """Three functions change its state, and all are open to all."""
    changing = factory.transactions
    assert changing == {"create_pool", "create_vault", "create_basket"}
