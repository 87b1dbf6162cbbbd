"""How fast the keeper is with 100,000 positions on one core.

Synthetic events, a deposit and a borrow of each owner, 25 owners a block, go from memory into a SQLite file;
the file is opened again; all are ranked at a price at which one in ten is liquidatable; a batch is chosen
from these, to be sold into a Uniswap v2 pair. Processor time, the best of three rounds; the node's answers
come on top.
"""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from bench.quotes import BOOKS, INDEX, POSITIONS, PRICE, RISK, book
from plimsoll.keeper.choice import Gas, Route, candidates, choose
from plimsoll.keeper.index import Index
from plimsoll.twin.liquidation import DebtTotals
from tests.keeper.chains import VAULT, MemoryChain, borrow, deposit, owner

A_BLOCK = 25
ROUNDS = 3
ROUTE = Route(((50_000 * 10**18, 100_000_000 * 10**6),))
GAS = Gas(price=2_000 * 10**6 * 10**9 * 10**18)  # 1 gwei, 2,000 loan tokens of 6 decimals for 1e18 wei


def main() -> None:
    positions = book(BOOKS["one in ten is liquidatable"])
    events = [
        (deposit(owner(0xA11 + i * 2**130), collateral), borrow(owner(0xA11 + i * 2**130), shares))
        for i, (collateral, shares) in enumerate(positions)
    ]
    chain = MemoryChain(
        [log for pair in events[i : i + A_BLOCK] for log in pair] for i in range(0, POSITIONS, A_BLOCK)
    )
    shares = 2 * sum(shares for _, shares in positions)
    totals = DebtTotals(shares * INDEX // 10_000, shares)
    rounds = []
    for _ in range(ROUNDS):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "index.sqlite"
            times = [process_time()]
            index = Index(path, 1, VAULT)
            index.sync(chain)
            times.append(process_time())
            index.close()
            index = Index(path, 1, VAULT)
            times.append(process_time())
            found = candidates(index.positions, PRICE, totals, RISK)
            times.append(process_time())
            batch = choose(found, ROUTE, GAS)
            times.append(process_time())
            index.close()
        rounds.append([after - before for before, after in pairwise(times)])
    names = (
        "catch up",
        "open again",
        f"rank, {len(found):,} found",
        f"choose {len(batch.candidates)} of them",
    )
    for name, seconds in zip(names, map(min, zip(*rounds, strict=True)), strict=True):
        print(f"| {name} | {seconds:.2f} |")
    print(f"profit {batch.profit / 10**6:,.2f}, no batch brings more than {batch.bound / 10**6:,.2f}")
