"""How long the keeper's index takes to catch up with 100,000 positions: `python bench/index.py`.

Synthetic events, a deposit and a borrow of each owner, 25 owners a block, from memory into a SQLite file and
back. Wall time, the best of three rounds; what the node needs to answer comes on top.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests' chain in memory

from plimsoll.keeper.index import Index  # noqa: E402
from tests.keeper.chains import VAULT, MemoryChain, borrow, deposit, owner  # noqa: E402

POSITIONS = 100_000
A_BLOCK = 25
ROUNDS = 3


def main() -> None:
    owners = [owner(0xA11 + i * 2**130) for i in range(POSITIONS)]
    chain = MemoryChain(
        [log for who in owners[i : i + A_BLOCK] for log in (deposit(who, 10**18), borrow(who, 10**15))]
        for i in range(0, POSITIONS, A_BLOCK)
    )
    times = []
    for _ in range(ROUNDS):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "index.sqlite"
            start = perf_counter()
            index = Index(path, 1, VAULT)
            index.sync(chain)
            caught_up = perf_counter() - start
            index.close()
            start = perf_counter()
            index = Index(path, 1, VAULT)
            assert len(index.positions) == POSITIONS
            times.append((caught_up, perf_counter() - start))
            index.close()
    for name, seconds in zip(("catches up", "opens again"), map(min, zip(*times, strict=True)), strict=True):
        print(f"| {name} | {POSITIONS:,} positions | {seconds:.2f} s |")


if __name__ == "__main__":
    main()
