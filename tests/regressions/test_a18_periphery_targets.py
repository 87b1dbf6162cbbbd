"""A18, A25: a contract with approvals and rights called any target that a user named (Seneca, Silo 2024).

Here Leverage has rights over positions and both have approvals. A user names a vault, which must be of the
Factory, and tokens, by which the pairs are looked up in the Uniswap factory. The Factory is open to all, so a
vault's tokens may be an attacker's: with them he can do nothing to anybody else.
"""

import re
from pathlib import Path

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import deploy
from plimsoll.testing.builder import Builder
from plimsoll.units import MAX, WAD, order
from tests.regressions.test_a18_user_chosen_target import calls_of, traced
from tests.utils.periphery import BORROWER, DEPLOYER, KEEPER, MAKER, STRANGER, TRADER, refused

LATER = 2**40
CONTRACTS = Path(__file__).parents[2] / "contracts"
CALLS = {
    "periphery/Liquidator.vy": {"IVault(vault)", "IBasket(basket)"},
    "periphery/Leverage.vy": {
        "IVault(vault)",
        "IBasket(basket)",
        "IPool(staticcall IVault(vault).pool())",
        "IOracle(staticcall IVault(vault).oracle())",
    },
    "modules/callback_guard.vy": {"FACTORY", "IVault(vault)", "IBasket(basket)"},
    "modules/uniswap_v2.vy": {"UNISWAP", "IUniswapV2Pair(pair)", "last"},
    "modules/tokens.vy": {"IERC20(token)"},
}


@pytest.fixture
def trader(venue):
    """Has a leveraged long, tokens, and has given Leverage every right and approval."""
    trader, leverage = TRADER.address, venue.leverage
    for token, amount in ((venue.weth, 20 * WAD), (venue.usd, 10**11)):
        venue.give(token, trader, amount)
        token.send("approve", leverage.address, MAX, sender=trader)
        token.send("approve", venue.liquidator.address, MAX, sender=trader)
    venue.long.vault.send("set_operator", leverage.address, 3, sender=trader)
    path = venue.path(venue.usd, venue.weth)
    leverage.send("open", venue.long.vault.address, 10 * WAD, 0, 10**10, path, 0, 0, LATER, sender=trader)
    return trader


def test_a18_what_the_periphery_calls():
    """Read off the sources: every call, by what it is made on."""
    for name, allowed in CALLS.items():
        source = (CONTRACTS / name).read_text().split('"""', 2)[2]
        found = set()
        for match in re.finditer(r"\b(?:ext|static)call ", source):
            rest, depth = source[match.end() :], 0
            for index, letter in enumerate(rest):
                depth += (letter == "(") - (letter == ")")
                if letter == "." and depth == 0:
                    found.add(rest[:index])
                    break
        assert found == allowed, name
        assert "raw_call" not in source


def test_a25_a_vault_of_another_factory(venue, trader):
    """The same bytecode, deployed by the attacker's own Factory."""
    ours, venue.builder = venue.builder, Builder(venue.chain)
    fake = venue.market(venue.usd, venue.weth, 2_000)
    venue.builder = ours
    vault, path = fake.vault.address, venue.path(venue.weth, venue.usd)
    reason = "periphery: not a vault"
    refused(reason, venue.liquidator, "liquidate", vault, trader, MAX, path, 0, sender=STRANGER)
    refused(reason, venue.liquidator, "liquidate_batch", vault, [order(trader)], path, 0, sender=STRANGER)
    refused(reason, venue.liquidator, "liquidate_with_funds", vault, [order(trader)], 0, sender=STRANGER)
    refused(reason, venue.leverage, "open", vault, 1, 0, 0, path[::-1], 0, 0, LATER, sender=trader)
    refused(reason, venue.leverage, "close", vault, 0, 0, path, 0, 0, LATER, sender=trader)


def test_a18_a_pair_of_another_uniswap(venue, trader):
    """A pair that would give a hundred dollars for a WETH: it is not found."""
    other = deploy(venue.engine, artifact("UniswapV2Factory"), STRANGER, sender=STRANGER)
    path = venue.path(venue.weth, venue.usd)
    pair = other.send("createPair", *path, sender=STRANGER)
    for token, amount in ((venue.weth, 10**6 * WAD), (venue.usd, 10**14)):
        venue.give(token, pair, amount)
    venue.pair(pair).send("mint", MAKER, sender=STRANGER)
    fair = venue.sale(path, 10**18)
    venue.long.set_quote(750)
    quoted = venue.liquidator.call("quote", venue.long.vault.address, [order(trader)], path)
    assert quoted[2] == venue.sale(path, quoted[1]) > quoted[1] * fair // WAD * 99 // 100


@pytest.mark.parametrize("side", ["loan", "collateral"])
def test_a18_a_market_of_the_attackers_token(venue, trader, side):
    """Y1: registered, with a token that calls whatever he likes; nothing of the trader's moves."""
    token = venue.make("ReentrantToken", "Evil", "EVIL", 18)
    loan, collateral = (token, venue.weth) if side == "loan" else (venue.weth, token)
    market = venue.market(loan, collateral, 1, min_debt=1)
    venue.provide(venue.weth, 1_000 * WAD, token, 1_000 * WAD)
    for contract in (venue.liquidator, venue.leverage):
        for each in (token, venue.weth):
            venue.give(each, STRANGER, 100 * WAD)
            each.send("approve", contract.address, MAX, sender=STRANGER)
        venue.give(venue.weth, contract.address, WAD)  # sent by mistake
    market.vault.send("set_operator", venue.leverage.address, 3, sender=STRANGER)
    venue.borrow(market, BORROWER, 100 * WAD, 79 * WAD)
    market.oracle.send("set_price", 90 * 10**34, sender=DEPLOYER)

    def state():
        held = [venue.holdings(who) for who in (trader, venue.leverage.address, venue.liquidator.address)]
        return venue.long.vault.call("position_of", trader), held

    before = state()
    vault, ours = venue.long.vault, venue.long.vault.address
    attacks = [
        (vault, ("withdraw", WAD, STRANGER, trader)),
        (vault, ("borrow", 10**9, STRANGER, trader)),
        (venue.weth, ("transferFrom", trader, STRANGER, WAD)),
        (venue.weth, ("transferFrom", venue.leverage.address, STRANGER, WAD)),
        (venue.weth, ("transferFrom", venue.liquidator.address, STRANGER, WAD)),
        (venue.leverage, ("close", ours, MAX, MAX, venue.path(venue.weth, venue.usd), MAX, 0, LATER)),
        (venue.leverage, ("on_close", 0, WAD, b"1")),
        (venue.liquidator, ("on_liquidation", 0, 0, WAD, b"1")),
    ]
    into = venue.path(loan, collateral)
    visits = [
        (venue.leverage, ("open", market.vault.address, 10 * WAD, 0, 5 * WAD, into, 0, 0, LATER)),
        (venue.leverage, ("close", market.vault.address, MAX, MAX, into[::-1], MAX, 0, LATER)),
        (venue.liquidator, ("liquidate", market.vault.address, BORROWER, WAD, into[::-1], 0)),
        (venue.liquidator, ("liquidate_with_funds", market.vault.address, [order(BORROWER, WAD)], 0)),
    ]
    for target, attack in attacks:
        snapshot = venue.engine.snapshot()
        token.send("hook_after", target.address, target.encode(*attack), sender=STRANGER)
        for contract, visit in visits:
            contract.send(*visit, sender=STRANGER)
        assert token.call("calls") >= 4
        assert token.call("successes") == 0, attack
        assert state() == before
        venue.engine.revert(snapshot)


def test_a18_nobody_is_called_by_a_signature(venue):
    """Signatures go to the vault, for the caller: there is no other target in them."""
    fields = re.search(r"struct Signed:.*?\n\n", (CONTRACTS / "periphery" / "Leverage.vy").read_text(), re.S)
    assert fields and "address" not in fields[0]
    refused("periphery: not a vault", venue.leverage, "margin_terms", KEEPER, KEEPER, sender=KEEPER)


def test_a18_the_liquidator_calls_what_it_must(anvil, venue):
    """The Factory, the vault, the tokens, the Uniswap factory and its pair; nothing by delegation."""
    market, path = venue.long, venue.path(venue.weth, venue.usd)
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    market.set_quote(1_750)
    venue.swap(venue.weth, venue.usd, 345 * WAD)
    trace = traced(anvil, KEEPER, venue.liquidator.liquidate, market.vault, BORROWER, MAX, path, 0)
    assert "error" not in trace
    pair = venue.uniswap.getPair(*path)
    parts = (venue.factory, market.vault, venue.usd, venue.weth, venue.uniswap)
    calls = calls_of(trace, venue.liquidator.address)
    assert {to for _, to, _ in calls} == {pair, *(part.address for part in parts)}
    assert {kind for kind, _, _ in calls} == {"CALL", "STATICCALL"}
