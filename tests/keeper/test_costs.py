"""What the keeper pays: one gas price, the allowance, a rollup's data, sizes that are bounded, budgets."""

from typing import Any

import pytest

from plimsoll.chain.fees import FEE, ORACLE
from plimsoll.keeper.execution import Inventory, reserves
from plimsoll.keeper.node import Node, call_data
from plimsoll.testing import Contract
from plimsoll.testing.engines import made_by
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import DEPLOYER, LIQUIDATOR
from plimsoll.twin.uniswap_v2 import quote_out
from plimsoll.units import WAD
from tests.keeper.node import COIN, GWEI, Desk, Engine, MemoryNode

TOKEN = 10**6  # base units of a loan token


def dollars(wei: int) -> int:
    """Base units of the loan asset."""
    return wei * COIN // 10**36


def exchange(market: Market, *pairs: tuple[Contract, int, Contract, int]) -> Contract:
    """A Uniswap v2 with pairs of tokens and base units."""
    uniswap = market.chain.make("UniswapV2Factory", DEPLOYER)
    for token, amount, other, other_amount in pairs:
        pair = uniswap.createPair(token, other, sender=DEPLOYER).return_value
        token.mint(pair, amount, sender=DEPLOYER)
        other.mint(pair, other_amount, sender=DEPLOYER)
        market.chain.at("UniswapV2Pair", pair).mint(DEPLOYER, sender=DEPLOYER)
    return uniswap


def test_the_gas_price_that_is_judged_is_the_one_that_is_signed():
    """1 gwei when it decides, 5,000 a moment later: it signs 1; the next look judges anew."""
    desk = Desk(owners=1)
    desk.market.set_quote(1_790)
    desk.node.mine()
    prices = iter([GWEI])
    desk.node.instead["eth_gasPrice"] = lambda: {"result": hex(next(prices, 5_000 * GWEI))}
    assert desk.look().startswith("sent a batch of 1")
    assert desk.node.sent[0]["gas_price"] == GWEI


@pytest.mark.parametrize("gwei", [1, 40, 110, 140, 170])
def test_a_batch_pays_for_its_allowance_too(gwei):
    """Nothing is sent unless the floor is left after both transactions."""
    desk = Desk(owners=1, approved=0, floor=TOKEN)
    market, node = desk.market, desk.node
    market.set_quote(1_806)
    node.mine()
    node.gas_price = gwei * GWEI
    before = market.balance(market.loan, LIQUIDATOR)
    held = market.balance(market.collateral, LIQUIDATOR)
    for _ in range(3):
        desk.look()
        node.mine()
    seized = market.balance(market.collateral, LIQUIDATOR) - held
    income = market.balance(market.loan, LIQUIDATOR) - before + seized * 1_806 * 99 // 100 // 10**12
    spent = sum(dollars(node.used[tx["hash"]] * tx["gas_price"]) for tx in node.sent)
    assert len(node.sent) == (2 if gwei < 100 else 0)
    assert not node.sent or income - spent >= TOKEN


def test_a_close_does_not_grow_under_a_standing_allowance():
    """Between simulation and block the price falls by 15 %: closes stay as large as was judged."""
    found = {}

    def pair(desk: Desk) -> None:
        market = desk.market
        uniswap = exchange(market, (market.collateral, 150 * WAD, market.loan, 150 * 1_800 * TOKEN))
        found["pair"] = uniswap.getPair(market.collateral, market.loan)

    desk = Desk(
        owners=10,
        execution=lambda vault: Inventory(vault, pair=found["pair"]),
        before=pair,
        floor=TOKEN,
    )
    market = desk.market
    market.set_quote(1_800)
    desk.node.mine()
    due = market.balance(market.loan, LIQUIDATOR)
    held = market.balance(market.collateral, LIQUIDATOR)
    assert desk.look().startswith("sent a batch of")
    paid, fee, _, _ = market.vault.preview_liquidate_batch(
        [int(owner, 16) | (2**96 - 1) << 160 for owner in desk.keeper._journal.under_way()[0].owners]
    )
    market.set_quote(1_530)
    desk.node.mine()
    desk.look()
    assert desk.counts["mined"] == 1
    due -= market.balance(market.loan, LIQUIDATOR)
    assert due <= (paid + fee) * 1.002
    seized = market.balance(market.collateral, LIQUIDATOR) - held
    assert quote_out(seized, ((150 * WAD, 150 * 1_800 * TOKEN),)) > due


def rollup(base: int, byte: int) -> dict[str, Any]:
    """A gas price oracle of the OP Stack: wei for a transaction, and for each byte of it."""

    def fee(call: dict, _block: object) -> dict | None:
        if call["to"] != ORACLE:
            return None
        length = int(call["data"][2 + 8 + 64 :][:64], 16)
        return {"result": "0x" + (base + byte * length).to_bytes(32, "big").hex()}

    return {"eth_call 0x" + call_data(FEE, (b"",))[:4].hex(): fee}


@pytest.mark.parametrize(("byte", "sends"), [(GWEI, True), (10**15, False)])
def test_the_data_of_a_batch_costs_on_a_rollup(byte, sends):
    """Where a gas price oracle says so; the fee is in the choice and in the last test before sending."""
    desk = Desk(instead=rollup(10**12, byte))
    desk.market.set_quote(1_790)
    desk.node.mine()
    fees = desk.keeper._data_fees
    assert fees.of(bytes(100)) == 10**12 + byte * (100 + 96)
    assert fees.of_batches()[1] == byte * 32
    assert desk.look().startswith("sent a batch of 3") == sends
    assert sends or desk.keeper.status.doing == "no batch pays for its gas and the sale"


def test_elsewhere_data_costs_nothing():
    """A chain without the oracle is not asked again."""
    desk = Desk(owners=1)
    calls = desk.node.asked["eth_call"]
    assert desk.keeper._data_fees.of_batches() == (0, 0)
    assert desk.node.asked["eth_call"] == calls


@pytest.mark.parametrize("style", [str.lower, str.upper])
def test_an_address_is_its_bytes(style):
    """However `--via` and `--pair` are written: reserves are not swapped."""
    with made_by(Engine):
        market = small_market()
    tokens = [market.builder.token(symbol=symbol) for symbol in ("A", "B", "C", "D")]
    pairs = [(market.collateral, 1_000 * WAD, token, 2_000 * WAD) for token in tokens]
    uniswap = exchange(market, *pairs)
    node = Node(MemoryNode(market))
    for token in tokens:
        pair = uniswap.getPair(market.collateral, token)
        written = "0x" + style(market.collateral.address[2:])
        assert reserves(node, pair, written) == (1_000 * WAD, 2_000 * WAD)
        assert reserves(node, pair, "0x" + style(token.address[2:])) == (2_000 * WAD, 1_000 * WAD)
