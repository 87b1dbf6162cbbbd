"""The index: replays, resumes after a kill, follows reorganisations, notices what is missing."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.keeper import index as index_module
from plimsoll.keeper.index import DEPTH, DOUBTS, ChainMoved, ForeignChain, Index, IndexFault
from plimsoll.testing.market import small_market
from plimsoll.twin.position import unpack
from tests.keeper.chains import VAULT, MemoryChain, borrow, deposit, liquidation, owner, repay, withdraw
from tests.stateful.world import BORROWERS

ONE, OTHER, THIRD = map(owner, (1, 2, 3))


def opened(path: Path | str = ":memory:") -> Index:
    """The index of the tests' vault."""
    return Index(path, 1, VAULT)


def replayed(chain: MemoryChain) -> dict[str, tuple[int, int]]:
    """What an index that begins afresh says."""
    index = opened()
    index.sync(chain)
    return index.positions


def random_blocks(random: Random, count: int, start: dict[str, tuple[int, int]]) -> Iterator[list]:
    """Blocks of events that could have happened, given positions."""
    held = dict(start)
    for _ in range(count):
        block = []
        for _ in range(random.randrange(4)):
            who = random.choice([ONE, OTHER, THIRD])
            collateral, shares = held.get(who, (0, 0))
            less, fewer = random.randint(0, collateral), random.randint(0, shares)
            log, step = random.choice(
                [
                    (deposit(who, 50), (50, 0)),
                    (borrow(who, 1000), (0, 1000)),
                    (withdraw(who, less), (-less, 0)),
                    (repay(who, shares), (0, -shares)),
                    (liquidation(who, less, fewer), (-less, -fewer)),
                ]
            )
            held[who] = collateral + step[0], shares + step[1]
            block.append(log)
        yield block


def test_every_event_is_replayed():
    """Collateral in base units, debt in shares; who has nothing left is forgotten."""
    chain = MemoryChain(
        [
            [deposit(ONE, 100), deposit(OTHER, 40), borrow(ONE, 9_000)],
            [withdraw(ONE, 10), repay(ONE, 1_000), deposit(THIRD, 5)],
            [liquidation(ONE, 30, 2_000), withdraw(THIRD, 5)],
        ]
    )
    assert replayed(chain) == {ONE: (60, 6_000), OTHER: (40, 0)}


def test_a_real_vault_is_replayed():
    """The events of the bytecode lead to the words in its storage."""
    market = small_market()
    vault, logs = market.vault, []
    for who in BORROWERS:
        market.give(who)
        logs += vault.open(market.collaterals(10), market.loans(15_000), sender=who).logs
    keeper = market.give(owner(77))
    market.set_quote(1_700)
    for receipt in (
        vault.liquidate(BORROWERS[0], market.loans(3_000), sender=keeper),
        vault.repay(market.loans(500), sender=BORROWERS[1]),
        vault.close(2**256 - 1, 2**256 - 1, sender=BORROWERS[2]),
    ):
        logs += receipt.logs
    chain = MemoryChain([[log for log in logs if log.address == market.vault.address.lower()]])
    expected = {who.lower(): market.position(who) for who in BORROWERS[:2]}
    assert replayed(chain) == expected
    assert market.vault.call("position_of", BORROWERS[2]) == (0, 0)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_after_a_reorganisation_it_is_as_if_read_afresh(seed, length, dropped, added):
    """However the chain forks, also to a shorter one, read in whatever portions."""
    random = Random(seed)
    chain = MemoryChain()
    index = opened()
    for block in random_blocks(random, length, {}):
        chain.add(block)
        if random.random() < 0.5:
            index.sync(chain)
    chain.drop(min(dropped, length - 1))
    for block in random_blocks(random, added, replayed(chain)):
        chain.add(block, salt=b"fork")
    index.sync(chain)
    assert index.positions == replayed(chain)
    index.sync(chain)
    assert index.positions == replayed(chain)


def test_a_fork_deeper_than_the_record_is_read_from_the_start():
    """No checkpoint stands: everything is read again rather than guessed."""
    chain = MemoryChain([[deposit(ONE, 1)] for _ in range(3 * DEPTH)])
    index = opened()
    index.sync(chain)
    assert index.positions == {ONE: (3 * DEPTH, 0)}
    chain.drop(2 * DEPTH)
    for _ in range(2 * DEPTH):
        chain.add([deposit(OTHER, 1)], salt=b"fork")
    index.sync(chain)
    assert index.positions == {ONE: (DEPTH, 0), OTHER: (2 * DEPTH, 0)}


def test_the_record_of_the_past_stays_short():
    """Checkpoints and earlier words below the depth are dropped, but for one to fall back to."""
    chain, index = MemoryChain(), opened()
    for _ in range(DEPTH + 50):
        chain.add([deposit(ONE, 1)])
        index.sync(chain)
    for table, most in (("checkpoints", DEPTH + 1), ("before", DEPTH)):
        (count,) = index.database.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count == most, table


def test_a_chain_that_moves_while_it_is_read_is_read_again():
    """Logs of one chain and the hash of another are never put together."""
    chain, index = MemoryChain([[deposit(ONE, 1)]]), opened()
    index.sync(chain)
    chain.add([deposit(ONE, 2)])

    class Moving(MemoryChain):
        """Replaces its newest block when asked for events."""

        def logs(self, first, last):
            found = chain.logs(first, last)
            chain.drop(1)
            chain.add([deposit(OTHER, 3)], salt=b"fork")
            return found

        head, block_hash = (staticmethod(getattr(chain, name)) for name in ("head", "block_hash"))

    with pytest.raises(ChainMoved):
        index.sync(Moving())
    index.sync(chain)
    assert index.positions == {ONE: (1, 0), OTHER: (3, 0)}


@pytest.mark.parametrize("statement", [1, 3, 7, 11, 15, 19])
def test_a_kill_at_any_statement_is_survived(tmp_path, monkeypatch, statement):
    """The process is killed by SIGKILL between two statements: the file stands at a checkpoint."""
    monkeypatch.setattr(index_module, "BATCH", 2)
    monkeypatch.setattr(index_module, "DEPTH", 3)
    chain = MemoryChain([[deposit(ONE, 1), deposit(owner(10 + i), 1)] for i in range(10)])
    path = tmp_path / "index.sqlite"
    child = os.fork()
    if child == 0:
        index = opened(path)
        seen = 0

        def count(_statement: str) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        index.database.set_trace_callback(count)
        index.sync(chain)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "it was not killed"

    index = opened(path)
    height = index.checkpoint.block + 1 if index.checkpoint else 0
    assert index.positions.get(ONE, (0, 0)) == (height, 0), "half a batch"
    index.sync(chain)
    assert index.positions == replayed(chain)


def test_it_resumes_where_it_stopped(tmp_path):
    """What is in the file is not asked for again."""
    chain, path = MemoryChain([[deposit(ONE, 1)], [borrow(ONE, 5)]]), tmp_path / "index.sqlite"
    first = opened(path)
    first.sync(chain)
    first.close()
    chain.add([deposit(OTHER, 2)])
    asked = []

    class Watched(MemoryChain):
        """Notes what it is asked for."""

        def logs(self, first, last):
            asked.append((first, last))
            return chain.logs(first, last)

        head, block_hash = (staticmethod(getattr(chain, name)) for name in ("head", "block_hash"))

    again = opened(path)
    assert again.positions == {ONE: (1, 5)}
    again.sync(Watched())
    assert asked == [(2, 2)]
    assert again.positions == {ONE: (1, 5), OTHER: (2, 0)}


def test_two_keepers_cannot_share_a_file(tmp_path):
    """The second is told so."""
    first = opened(tmp_path / "index.sqlite")
    with pytest.raises(IndexFault, match="does another keeper use it"):
        opened(tmp_path / "index.sqlite")
    first.close()
    opened(tmp_path / "index.sqlite").close()


def test_a_file_of_another_vault_or_of_no_index_is_refused(tmp_path):
    """Neither is overwritten."""
    opened(tmp_path / "index.sqlite").close()
    with pytest.raises(IndexFault, match="name another file"):
        Index(tmp_path / "index.sqlite", 2, VAULT)
    (tmp_path / "notes.txt").write_text("nothing of the kind\n" * 100)
    with pytest.raises(IndexFault, match="is no index"):
        opened(tmp_path / "notes.txt")


def test_events_that_take_too_much_are_refused():
    """A node that has lost a deposit is noticed."""
    with pytest.raises(IndexFault, match="take more than the position holds"):
        opened().sync(MemoryChain([[withdraw(ONE, 1)]]))


def test_what_events_cannot_explain_is_looked_up():
    """With books to look into the index goes on, and what follows in the same blocks counts once."""
    chain, index = MemoryChain([[deposit(ONE, 9)], [deposit(OTHER, 4)]]), opened()
    index.sync(chain)
    chain.add([withdraw(ONE, 11), deposit(ONE, 5), deposit(OTHER, 1)])
    index.sync(chain, Said({ONE: (7, 0)}))
    assert index.positions == {ONE: (7, 0), OTHER: (5, 0)}


class Said:
    """Books that say what a test wants."""

    def __init__(self, positions: dict[str, tuple[int, int]]) -> None:
        self._positions = positions

    def position(self, owner: str, block: bytes) -> tuple[int, int]:
        return self._positions[owner]

    def drawn(self, block: bytes) -> int:
        return sum(shares for _, shares in self._positions.values())


def test_what_differs_from_the_chain_is_noticed():
    """A debt that the index has never heard of shows in the sum, a collateral in the sample."""
    index = opened()
    index.sync(MemoryChain([[deposit(ONE, 9), borrow(ONE, 5), deposit(OTHER, 4)]]))
    assert index.verify(Said({ONE: (9, 5), OTHER: (4, 0)}), Random(0)) == 2
    with pytest.raises(IndexFault, match="5 debt shares, the chain 6"):
        index.verify(Said({ONE: (9, 5), OTHER: (4, 0), THIRD: (1, 1)}), Random(0))
    with pytest.raises(IndexFault, match=r"\(4, 0\) in the index, \(3, 0\) on the chain"):
        index.verify(Said({ONE: (9, 5), OTHER: (3, 0)}), Random(0))


def test_words_in_the_file_are_positions():
    """As the chain packs them."""
    index = opened()
    index.sync(MemoryChain([[deposit(ONE, 9), borrow(ONE, 5)]]))
    (word,) = index.database.execute("SELECT word FROM positions").fetchone()
    assert unpack(int.from_bytes(word, "big")) == (9, 5)


def test_another_chain_is_recognised(tmp_path):
    """It is said, the file stays as it is, and with the right chain the index goes on."""
    chain = MemoryChain([[], [deposit(ONE, 100)]])
    index = opened(tmp_path / "index.sqlite")
    index.sync(chain)
    other = MemoryChain()
    for block in ([], [deposit(OTHER, 1)], []):
        other.add(block, salt=b"other")
    for again in (index.sync, index.recognise):
        with pytest.raises(ForeignChain, match="another chain"):
            again(other)
    index.close()
    index = opened(tmp_path / "index.sqlite")
    with pytest.raises(ForeignChain, match="another chain"):
        index.sync(other)
    chain.add([deposit(ONE, 10)])
    index.sync(chain)
    assert index.positions == {ONE: (110, 0)}


def test_a_head_without_its_events_is_read_again() -> None:
    """A node may show a block before the events of it: nothing is kept until the debt is right."""
    chain = MemoryChain([[deposit(ONE, 9), borrow(ONE, 5)]])
    index = opened()
    index.sync(chain, Said({ONE: (9, 5)}))
    chain.add([])
    for _ in range(2):
        with pytest.raises(ChainMoved):
            index.sync(chain, Said({ONE: (9, 8)}))
    assert index.checkpoint is not None and index.checkpoint.block == 0
    chain.drop(1)
    chain.add([borrow(ONE, 3)], b"late")
    index.sync(chain, Said({ONE: (9, 8)}))
    assert index.positions == {ONE: (9, 8)}
    chain.add([])
    with pytest.raises(IndexFault, match="8 debt shares, the chain 9"):
        for _ in range(DOUBTS + 1):
            with suppress(ChainMoved):
                index.sync(chain, Said({ONE: (9, 9)}))
