"""The Liquidator on Anvil: real WETH9 with ether behind it, the real Uniswap v2, and what it calls (A18)."""

import pytest

from plimsoll.chain.uniswap import container
from plimsoll.units import MAX, order
from tests.regressions.test_a18_user_chosen_target import calls_of, traced
from tests.utils.market import build_market

ETHER = 10**18


@pytest.fixture
def crash(chain, builder, deployer, lender, borrower):
    """A position on wrapped ether after a fall of oracle and pair, and a Liquidator."""
    weth = deployer.deploy(container("WETH9"))
    market = build_market(builder, [], collateral=weth)
    uniswap = deployer.deploy(container("UniswapV2Factory"), deployer)
    uniswap.createPair(market.loan, weth, sender=deployer)
    pair = container("UniswapV2Pair").at(uniswap.getPair(market.loan, weth))
    for actor, wei in ((deployer, 1_000 * ETHER), (borrower, 10 * ETHER)):
        weth.deposit(value=wei, sender=actor)
    weth.transfer(pair, 1_000 * ETHER, sender=deployer)
    market.loan.mint(pair, market.loans(1_750_000), sender=deployer)
    pair.mint(deployer, sender=deployer)

    market.loan.mint(lender, market.loans(100_000), sender=lender)
    market.loan.approve(market.pool, MAX, sender=lender)
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    weth.approve(market.vault, MAX, sender=borrower)
    market.vault.open(10 * ETHER, market.loans(15_000), sender=borrower)
    market.set_quote(1_750)
    liquidator = chain.make("Liquidator", builder.factory, uniswap)
    return market, pair, uniswap, liquidator


def test_a_crash_is_cleared_without_capital(crash, borrower, liquidator, receiver):
    market, pair, _, contract = crash
    path = [market.collateral, market.loan]
    due, seized, proceeds, _ = contract.quote(market.vault, [order(borrower)], path)
    least = proceeds - due
    assert least > 0
    receipt = contract.liquidate(
        market.vault, borrower, MAX, path, least * 99 // 100, receiver, sender=liquidator
    )
    assert receipt.return_value == market.loan.balanceOf(receiver) >= least * 99 // 100
    assert market.collateral.balanceOf(pair) == 1_000 * ETHER + seized
    assert market.vault.health(borrower) > ETHER
    assert market.loan.balanceOf(contract) == market.collateral.balanceOf(contract) == 0


def test_a18_what_it_calls(crash, builder, borrower, liquidator):
    """The Factory, the vault, the tokens, the Uniswap factory and its pair; nothing by delegation."""
    market, pair, uniswap, contract = crash
    path = [market.collateral, market.loan]
    trace = traced(liquidator, contract.liquidate, market.vault, borrower, MAX, path, 0)
    assert "error" not in trace
    allowed = (builder.factory, market.vault, market.loan, market.collateral, uniswap, pair)
    calls = calls_of(trace, contract.address)
    assert {to for _, to, _ in calls} == {part.address.lower() for part in allowed}
    assert {kind for kind, _, _ in calls} == {"CALL", "STATICCALL"}
    contract.liquidate(market.vault, borrower, MAX, path, 0, sender=liquidator)
