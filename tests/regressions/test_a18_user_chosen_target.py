"""A18: a contract with approvals called any target that a user named (Seneca, Silo 2024).

Here a vault calls its pool, its tokens, its oracle, and its caller with one of three callbacks; a contract
that signs for itself is asked by a static call.
"""

from pathlib import Path

import pytest

from plimsoll.testing.roles import BORROWER
from plimsoll.units import MAX, order
from tests.utils.actor import Actor
from tests.utils.baskets import BasketPlace

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture
def actor(chain, market, deployer, stranger) -> Actor:
    actor = Actor(chain.make("CallbackActor"), stranger)
    actor.provide(market)
    return actor


@pytest.fixture
def bystander(chain, deployer):
    """A contract that would answer every callback."""
    return chain.make("CallbackActor")


def calls_of(trace: dict, caller: str) -> list[tuple[str, str, str]]:
    """Kind, target and selector of every call that `caller` makes in a trace."""
    found = []
    for call in trace.get("calls", []):
        if call["from"].lower() == caller.lower():
            found.append((call["type"], call["to"].lower(), call["input"][:10]))
        found += calls_of(call, caller)
    return found


def traced(anvil, sender, method, *arguments) -> dict:
    """The calls of a transaction, made without one."""
    request = {
        "from": sender,
        "to": method.contract.address,
        "data": "0x" + method.encode(*arguments).hex(),
    }
    return anvil.request("debug_traceCall", request, "latest", {"tracer": "callTracer"})


def test_a18_a_vault_calls_what_it_was_made_of_and_its_caller(
    anvil, market, actor, bystander, borrower, stranger
):
    vault = market.vault
    market.open(borrower)
    actor.act(vault.open, 30 * 10**18, 10**10, actor, actor, b"")
    market.set_quote(1_700)
    data = bytes.fromhex(bystander.address[2:])
    hooks = {
        "0x" + getattr(actor.contract, name).encode(*args).hex()[:8]
        for name, args in (
            ("on_open", (0, 0, b"")),
            ("on_close", (0, 0, b"")),
            ("on_liquidation", (0, 0, 0, b"")),
        )
    }
    own = {part.address.lower() for part in (market.pool, market.loan, market.collateral, market.oracle)}
    for method, *arguments in (
        (vault.deposit, 1, bystander),
        (vault.withdraw, 1, bystander, actor),
        (vault.borrow, 10**6, bystander, actor),
        (vault.repay, 10**6, bystander),
        (vault.repay, 10**6, borrower),
        (vault.open, 1, 10**6, bystander, actor, data),
        (vault.close, 10**6, 1, bystander, actor, data),
        (vault.liquidate, borrower, MAX, 0, bystander, data),
        (vault.liquidate_batch, [order(borrower), order(bystander.address)], 0, bystander, data),
        (vault.set_operator, bystander, 3),
    ):
        trace = traced(anvil, stranger, actor.contract.act, vault, method.encode(*arguments))
        assert "error" not in trace
        calls = calls_of(trace, vault.address)
        assert calls or method == vault.set_operator
        for kind, to, selector in calls:
            assert to in own or (to == actor.address.lower() and selector in hooks), (method, to)
            assert kind in ("CALL", "STATICCALL")
        assert sum(to == actor.address.lower() for _, to, _ in calls) == (arguments[-1] is data)


def test_a18_a_basket_calls_what_it_was_made_of_and_its_caller(anvil, builder, stranger):
    """Pool, tokens, oracles; its caller alone, only with data, by the hook of what he asked for."""
    place = BasketPlace(builder)
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    actor, bystander = place.actor(), builder.chain.make("CallbackActor")
    me = actor.address
    place.act_with_callback(actor, "open", 1, place.of_leg(1, 1), place.loans(9_000), me, me)
    place.scale_prices(600)
    data = bytes.fromhex(bystander.address[2:])
    hooks = {
        "open": actor.contract.on_open.encode(0, 0, b"")[:4],
        "close": actor.contract.on_close.encode(0, 0, b"")[:4],
        "liquidate": actor.contract.on_basket_liquidation.encode(0, 0, [0] * 8, b"")[:4],
        "liquidate_batch": actor.contract.on_basket_liquidation.encode(0, 0, [0] * 8, b"")[:4],
    }
    own = {part.address.lower() for part in (place.pool, place.loan, *place.tokens, *place.oracles)}
    to = bystander.address
    for name, *arguments in (
        ("deposit", 1, place.of_leg(1, 1), to),
        ("withdraw", 1, 1, to, me),
        ("borrow", 10**6, to, me),
        ("repay", 10**6, to),
        ("open", 1, 1, 10**6, to, me, data),
        ("close", 10**6, 1, 1, to, me, data),
        ("liquidate", BORROWER, MAX, [], 0, to, data),
        ("liquidate", BORROWER, MAX, [], 0b010, to, data),
        ("liquidate_batch", [order(BORROWER), order(to)], [], to, data),
        ("poke", BORROWER),
        ("set_operator", to, 3),
    ):
        calldata = place.basket.encode(name, *arguments)
        trace = traced(anvil, stranger, actor.contract.act, place.basket, calldata)
        assert "error" not in trace, name
        calls = calls_of(trace, place.basket.address)
        back = [selector for _, target, selector in calls if target == me.lower()]
        assert back == (["0x" + hooks[name].hex()] if arguments[-1] is data else [])
        assert {target for _, target, _ in calls} <= own | {me.lower()}, name
        assert {kind for kind, _, _ in calls} <= {"CALL", "STATICCALL"}


def test_a18_a_signer_with_code_is_asked_by_a_static_call(anvil, market, bystander, stranger):
    vault = market.vault
    arguments = (bystander, stranger, 3, 0, MAX, b"")
    calls = calls_of(traced(anvil, stranger, vault.set_operator_by_signature, *arguments), vault.address)
    assert calls == [("STATICCALL", bystander.address.lower(), "0x1626ba7e")]


def test_a18_no_contract_of_ours_makes_raw_calls(market):
    """But the oracle, the Lens and a basket, whose static calls survive the failure of what they ask."""
    calls = {
        path.relative_to(CONTRACTS).as_posix(): path.read_text().split("raw_call(")[1:]
        for path in CONTRACTS.rglob("*.vy")
        if "mocks" not in path.parts
    }
    asking = {name for name, found in calls.items() if found}
    assert asking == {"oracles/ChainlinkOracle.vy", "Lens.vy", "modules/basket.vy"}
    for found in calls.values():
        assert all("is_static_call=True" in call[:200] for call in found)


def test_a18_the_trace_shows_a_callback(market, actor, stranger):
    """The first test would show nothing without one."""
    logs = actor.act(market.vault.open, 0, 0, actor, actor, b"x")
    assert logs[0] == actor.called("on_open", market.vault, (0, 0), b"x")
    assert market.loan.Transfer(sender=actor, receiver=actor, value=1) not in logs
    market.vault.deposit(0, sender=stranger)
