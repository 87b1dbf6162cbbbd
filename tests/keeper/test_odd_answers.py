"""Nodes behind balancers lag, answer nonsense and forget: the keeper asks again and acts once."""

import traceback

import pytest

from plimsoll.keeper.index import DOUBTS
from plimsoll.keeper.node import Node, NodeError
from plimsoll.units import MAX
from tests.keeper.node import PATIENCE, Desk
from tests.utils.keeper import HEALTHY

ODD = [
    (method, answer)
    for method in (
        "eth_blockNumber", "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_gasPrice",
        "eth_estimateGas", "eth_getTransactionCount", "eth_getBalance", "eth_sendRawTransaction",
    )
    for answer in (
        {"result": None}, {"result": "0x"}, {"result": {"hash": None}}, {"id": 1}, None, [], "busy",
        {"error": "rate limited"}, {"error": {"code": -32005, "message": None}}, {"error": {}},
    )
]  # fmt: skip


@pytest.mark.parametrize(("method", "answer"), ODD, ids=str)
def test_an_odd_answer_ends_nothing(method, answer):
    """Said at most; the next look does what there is to do, once."""
    desk = Desk()
    desk.market.set_quote(1_700)
    desk.node.mine()
    desk.node.instead[method] = lambda *_: answer
    for _ in range(DOUBTS // 10):
        desk.look()
    desk.node.instead.clear()
    for _ in range(3):
        desk.look()
        desk.node.mine()
    assert desk.look() == HEALTHY
    assert desk.healthy() == 3
    assert (desk.node.nonce, desk.counts["mined"]) == (1, 1)


def test_no_error_beside_a_result_is_none():
    """Some nodes write `"error": null`."""
    assert Node(lambda *_: {"result": "0x10", "error": None}).number("eth_gasPrice") == 16


@pytest.fixture
def waiting() -> Desk:
    """A batch of three waits in the node's pool, after an allowance that is mined."""
    desk = Desk(approved=0, cooldown=0)
    desk.market.set_quote(1_700)
    desk.node.mine()
    desk.look()
    desk.before_allowance = desk.node.engine.snapshot()
    desk.node.mine()
    assert desk.look().startswith("sent a batch of 3")
    return desk


@pytest.mark.parametrize("looks", [1, 3])
def test_a_lagging_count_is_waited_for(waiting, looks):
    """A backend counts the allowance not yet: nothing new is signed, the batch is not forgotten."""
    desk, node = waiting, waiting.node
    hashes = {tx["hash"] for tx in node.sent}
    node.gas_price *= 2
    node.instead["eth_getTransactionCount"] = {"result": "0x0"}
    node.instead["eth_sendRawTransaction"] = {"error": {"code": -32000, "message": "nonce too low"}}
    for _ in range(looks):
        assert "it lags, or the chain was reorganised" in desk.look()
    node.instead.clear()
    node.mine()
    assert desk.look() == HEALTHY
    assert {tx["hash"] for tx in node.sent} == hashes
    assert (desk.counts["mined"], desk.counts["reverted"], node.nonce) == (2, 0, 2)


def test_a_block_that_is_taken_back_is_sent_again(waiting):
    """The allowance falls out of the chain while the batch waits: the same bytes again, both are mined."""
    desk, node = waiting, waiting.node
    hashes = {tx["hash"] for tx in node.sent}
    node.drop(desk.before_allowance)
    node.mine(salt=b"fork")
    assert "they were sent again" in desk.look()
    assert sorted(node.pool) == [0, 1]
    node.mine()
    assert desk.look() == HEALTHY
    assert {tx["hash"] for tx in node.sent} == hashes
    assert (desk.healthy(), node.nonce) == (3, 2)


def test_a_deposit_that_the_node_has_left_out_ends_nothing():
    """Its owner takes out more than the index knows of: the position is read from the chain."""
    desk = Desk()
    market, node, owner = desk.market, desk.node, desk.owners[0]
    market.vault.deposit(market.collaterals(1), sender=owner)
    node.instead["eth_getLogs"] = {"result": []}
    node.mine()
    desk.look()
    node.instead.clear()
    market.vault.close(MAX, market.collaterals("10.5"), sender=owner)
    node.mine()
    assert desk.look() == HEALTHY
    assert desk.index.positions[owner] == market.position(owner) == (market.collaterals("0.5"), 0)
    market.set_quote(1_700)
    node.mine()
    assert desk.look().startswith("sent a batch of 2")


def test_an_error_after_the_node_took_it_is_not_a_refusal():
    """The node times out but has it: its price is raised when it is not mined, under the same nonce."""
    desk = Desk()
    node = desk.node
    desk.market.set_quote(1_700)
    node.mine()

    def take(raw: str) -> dict:
        node.eth_sendRawTransaction(raw)
        return {"error": {"code": -32603, "message": "request timed out"}}

    node.instead["eth_sendRawTransaction"] = take
    assert "request timed out" in desk.look()
    assert desk.look().startswith("waiting for a batch of 3")
    node.instead.clear()
    desk.clock.now += PATIENCE
    assert desk.look().startswith("sent a batch of 3")
    assert [tx["nonce"] for tx in node.sent] == [0, 0]
    assert node.sent[1]["gas_price"] >= node.sent[0]["gas_price"] * 9 // 8
    node.mine()
    assert desk.look() == HEALTHY


def test_what_the_node_has_lost_is_sent_again_as_it_was():
    """Not signed anew as long as it is fresh: there is one transaction, whoever has it."""
    desk = Desk()
    node = desk.node
    desk.market.set_quote(1_700)
    node.mine()
    desk.look()
    node.pool.clear()
    node.gas_price *= 2
    assert desk.look().startswith("waiting for a batch of 3")
    assert node.sent[0] == node.sent[1]
    node.mine()
    assert desk.look() == HEALTHY


def test_a_stuck_batch_that_no_longer_pays_is_cancelled():
    """The price recovers: a transaction that does nothing takes its nonce, for 21,000 gas."""
    desk = Desk()
    node = desk.node
    desk.market.set_quote(1_700)
    node.mine()
    desk.look()
    desk.market.set_quote(2_000)
    desk.clock.now += PATIENCE
    assert "no longer pays; sent a cancellation" in desk.look()
    assert (node.pool[0]["to"], node.pool[0]["data"]) == (desk.keeper._me, "")
    desk.clock.now += PATIENCE
    assert desk.look().startswith("waiting for a cancellation")
    assert node.pool[0] == node.sent[1], "its price rises only with the market's"
    node.gas_price = 10 * node.pool[0]["gas_price"]
    assert "sent a cancellation" in desk.look()
    node.mine()
    assert desk.look() == HEALTHY
    assert (node.nonce, desk.counts["reverted"]) == (1, 0)


def test_without_coins_nothing_is_signed():
    """Said; a price that rises with every attempt would help nobody."""
    desk = Desk()
    desk.node.balance = 10**12
    desk.market.set_quote(1_700)
    desk.node.mine()
    assert "cannot pay for a batch of 3" in desk.look()
    assert desk.node.sent == [] and desk.keeper._journal.under_way() == []


KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    "failure",
    [
        OSError(f"HTTPSConnectionPool(host='node', port=443): Max retries exceeded with url: /v3/{KEY}"),
        ValueError(f"429 Client Error for url: https://node.example/v3/{KEY}"),
        {"error": {"code": -32000, "message": f"upstream https://node.example/v3/{KEY} timed out"}},
        {"error": f"no answer from wss://node.example/v3/{KEY}"},
        {"message": f"see https://node.example/v3/{KEY}"},
    ],
)
def test_the_nodes_key_is_in_no_message(failure):
    """Nor in the errors that caused it, which a traceback would show."""

    def fail(_method: str, _parameters: list) -> dict:
        if isinstance(failure, Exception):
            raise failure
        return failure

    with pytest.raises(NodeError) as raised:
        Node(fail).number("eth_gasPrice")
    assert KEY not in "".join(traceback.format_exception(raised.value))
