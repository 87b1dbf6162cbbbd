"""Raw access to the chain."""

import pytest
from ape import chain, project

from plimsoll.chain.node import Node, TransactionFailed
from tests.utils.clock import isolated


@pytest.fixture
def node() -> Node:
    return Node(chain.provider)


@pytest.fixture
def token(builder):
    return builder.token(6, "LOAN")


def test_a_transaction_from_anybody(node, token, stranger) -> None:
    nobody = "0x00000000000000000000000000000000000000AA"
    with node.on_own_clock(chain.blocks.head.timestamp + 1_000, interval=5):
        receipt = node.send(nobody, token.mint, stranger, 7)
        assert node.block_time(receipt.block) == chain.blocks.head.timestamp
    assert [log.words() for log in receipt.logs] == [[7]]
    assert receipt.logs[0].address == token.address.lower()
    assert node.view(token.balanceOf, stranger) == token.balanceOf(stranger) == 7


def test_time_runs_by_blocks_backwards_too(node, token, stranger) -> None:
    with isolated(), node.on_own_clock(1_000_000_000, interval=5):
        first, second = (node.send(stranger, token.mint, stranger, 1).block for _ in range(2))
        node.next_block_at(1_000_000_100)
        third = node.send(stranger, token.mint, stranger, 1).block
        assert [node.block_time(block) for block in (first, second, third)] == [
            1_000_000_005,
            1_000_000_010,
            1_000_000_100,
        ]


def test_views_come_back_in_order(node, token, stranger, receiver, lender) -> None:
    with isolated(), node.on_own_clock(chain.blocks.head.timestamp, interval=1):
        for amount, holder in ((3, stranger), (1, receiver), (2, lender)):
            node.send(holder, token.mint, holder, amount)
        holders = [(stranger,), (receiver,), (lender,)] * 50
        assert node.views(token.balanceOf, holders) == [3, 1, 2] * 50
        assert node.views(token.balanceOf, []) == []


def test_a_refusal_says_why(node, builder, stranger) -> None:
    feed = builder.deployer.deploy(project.MockFeed, 8, 1)
    with node.on_own_clock(chain.blocks.head.timestamp, interval=1):
        with pytest.raises(
            TransactionFailed, match=r"^MockFeed.set_answer reverted: .*feed: answer out of range"
        ):
            node.send(stranger, feed.set_answer, 2**191)
        node.send(stranger, feed.set_silent, True)
    with pytest.raises(TransactionFailed, match=r"^MockFeed.latestRoundData reverted: .*feed: silent"):
        node.view(feed.latestRoundData)
