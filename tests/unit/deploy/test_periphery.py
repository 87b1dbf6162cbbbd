"""Liquidator and Leverage for a Uniswap v2 factory, which on a local chain is deployed as well."""

import pytest
from ape.api import AccountAPI

from plimsoll.chain.containers import container
from plimsoll.deploy import Stage
from plimsoll.units import NOBODY
from tests.utils.markets import MARKET, Desk

LOCAL = "uniswap: local\n" + MARKET
NEW = ["Uniswap v2", "Liquidator", "Leverage"]


def test_deploys_uniswap_and_both(deployed: Desk) -> None:
    """Next to a market that is there; a second run sends nothing."""
    assert deployed.deploy(LOCAL) == NEW
    contracts = deployed.book().contracts()
    assert contracts.factory and contracts.uniswap and contracts.liquidator and contracts.leverage
    assert contracts.uniswap.allPairsLength() == 0
    for contract in (contracts.liquidator, contracts.leverage):
        assert contract.factory() == contracts.factory
        assert contract.uniswap_factory() == contracts.uniswap
    assert deployed.deploy(LOCAL) == []
    assert [step.note for step in deployed.plan(LOCAL).steps[-3:]] == ["exists"] * 3


def test_comes_with_the_market_alone(deployed: Desk) -> None:
    assert deployed.deploy(LOCAL, Stage.VAULT) == []
    assert deployed.deploy(MARKET) == []
    assert deployed.book().contracts().leverage is None


def test_an_existing_factory(deployed: Desk, deployer: AccountAPI) -> None:
    uniswap, other = (deployer.deploy(container("UniswapV2Factory"), deployer) for _ in range(2))
    text = LOCAL.replace("local", uniswap.address, 1)
    assert deployed.deploy(text) == NEW[1:]
    assert deployed.book().contracts().leverage.uniswap_factory() == uniswap
    assert deployed.deploy(text) == []
    (sentence,) = deployed.refused(LOCAL.replace("local", other.address, 1))
    assert f"{other.address} is not {uniswap.address}" in sentence


def test_an_address_that_is_no_factory(deployed: Desk) -> None:
    token = deployed.book().contracts().tokens["USDC"].address
    (sentence,) = deployed.refused(LOCAL.replace("local", token, 1))
    assert "does not answer allPairsLength(); give a Uniswap v2 factory" in sentence
    nowhere = "0x" + "12" * 20
    (sentence,) = deployed.refused(LOCAL.replace("local", nowhere, 1))
    assert "has no code" in sentence


@pytest.mark.parametrize("value", ["lokal", NOBODY])
def test_what_is_neither(desk: Desk, value: str) -> None:
    """Refused before any chain is asked."""
    assert desk.refused(LOCAL.replace("local", value, 1))
