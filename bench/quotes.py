"""How many liquidation quotes a second the exact Python model gives on one core.

A book of 100,000 positions of one vault, packed as the chain stores them and unpacked beforehand, is quoted
at one price by `plimsoll.twin.liquidation.quotes`. Processor time, the best of five rounds.
"""

from random import Random
from time import process_time

from plimsoll.params import BLUE_CHIP
from plimsoll.twin.liquidation import DebtTotals, Risk, collateral_value, quotes
from plimsoll.twin.position import pack, unpack
from plimsoll.units import WAD

POSITIONS = 100_000
ROUNDS = 5
RISK = Risk.from_struct(BLUE_CHIP.to_struct(6))
PRICE = 2_000 * 10**24  # 6-decimal loan, 18-decimal collateral
INDEX = 12 * 65_536  # what a debt share owes, in 1/10,000 of a fraction: 1.2 times par
BOOKS = {  # range of health, WAD
    "all can be closed to the target": (95 * WAD // 100, WAD - 1),
    "all are in shortfall": (WAD // 10, 8 * WAD // 10),
    "all are healthy": (101 * WAD // 100, 3 * WAD),
    "one in ten is liquidatable": (9 * WAD // 10, 19 * WAD // 10),
}


def book(healths: tuple[int, int]) -> list[tuple[int, int]]:
    """Positions of 0.1 to 100 collateral tokens, with healths from a range."""
    rng = Random(0)
    words = []
    for _ in range(POSITIONS):
        collateral = rng.randint(10**17, 10**20)
        debt = collateral_value(collateral, PRICE) * RISK.threshold // rng.randint(*healths)
        words.append(pack(collateral, debt * 10_000 * 65_536 // INDEX))
    return [unpack(word) for word in words]


def main() -> None:
    for name, healths in BOOKS.items():
        positions = book(healths)
        shares = 2 * sum(shares for _, shares in positions)
        totals = DebtTotals(shares * INDEX // 10_000, shares)
        seconds = []
        for _ in range(ROUNDS):
            start = process_time()
            found = sum(1 for _ in quotes(positions, PRICE, totals, RISK))
            seconds.append(process_time() - start)
        best = min(seconds)
        print(f"| {name} | {found:,} | {best:.3f} | {POSITIONS / best:,.0f} |")
