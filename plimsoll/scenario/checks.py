"""What must hold of every run. IDs are those of docs/INVARIANTS.md."""

from collections import Counter
from collections.abc import Sequence

from plimsoll.scenario.liquidator import NO_LIMIT, Batch
from plimsoll.scenario.market import MAX, Market
from plimsoll.scenario.records import END, RESTORABLE, START, LiquidationRow, PositionRow
from plimsoll.twin.liquidation import Quote, Risk, Totals, quote

FRACTION = 65_536  # the books' fractions of a base unit

HEALTH = "no close lowered its position's health"
EXACT_HEALTH = "no restorable close lowered collateral per debt share, exactly (L2)"
NO_LOSS = "no position that covered debt and minimum bonus was closed at a loss (L3)"
PREVIEW = "every close did what its preview said, to the base unit (L8)"
MODEL = "the exact Python model gives every close as the chain made it, to the base unit (T1)"
WATERFALL = "lenders lost only when reserve and backstop were empty (W1)"
SPLIT = "what was extinguished and not paid is what reserve, backstop and lenders carried"
SHARES = "positions add up to the vault's drawn shares and the pool's total (P2)"
COLLATERAL = "positions add up to the collateral that the vault holds (V1)"
BACKING = "cash and debt cover lenders' assets (P3)"
REPLAY = "positions at the start less the events are the positions at the end"


class CheckFailed(AssertionError):
    """The protocol broke a promise; the message says which, with the numbers."""


class Checks:
    """Examines promises and counts how often."""

    def __init__(self) -> None:
        """Nothing has been examined yet."""
        self.counts: Counter[str] = Counter()

    def hold(self, promise: str, holds: bool, figures: str) -> None:
        """Counts a promise.

        Raises:
            CheckFailed: it does not hold.
        """
        if not holds:
            raise CheckFailed(f"Broken promise: {promise}; but {figures}.")
        self.counts[promise] += 1

    def after_batch(self, batch: Batch, rows: Sequence[LiquidationRow], totals: Totals, risk: Risk) -> None:
        """Examines the closes of a batch.

        Args:
            batch: what was ordered and previewed.
            rows: what the events say.
            totals: the pool's debt that they were computed with.
            risk: the vault's parameters.
        """
        for owner, limit, preview, row in zip(batch.owners, batch.limits, batch.quotes, rows, strict=True):
            who = f"{row.owner} at hour {row.hour}"
            done = (row.shares, row.repaid, row.fee, row.seized, row.extinguished)
            self.hold(
                PREVIEW, (owner, _close(preview)) == (row.owner, done), f"{who}: {preview} became {done}"
            )
            limit = MAX if limit == NO_LIMIT else limit
            model = quote(row.collateral_before, row.shares_before, row.price, totals, limit, risk)
            self.hold(MODEL, _close(model) == done, f"{who}: the model says {model}, the chain did {done}")
            after = row.health_after
            self.hold(
                HEALTH,
                after is None or after >= row.health_before,
                f"{who}: {row.health_before} became {after}",
            )
            if row.kind == RESTORABLE:
                self.hold(
                    EXACT_HEALTH,
                    (row.collateral_before - row.seized) * row.shares_before
                    >= row.collateral_before * (row.shares_before - row.shares),
                    f"{who}: {row.seized} of {row.collateral_before} for {row.shares} of {row.shares_before}",
                )
                self.hold(
                    NO_LOSS,
                    row.repaid >= row.extinguished,
                    f"{who}: {row.extinguished} extinguished for {row.repaid}",
                )

    def after_losses(
        self, rows: Sequence[LiquidationRow], losses: tuple[int, int, int], reserves: int
    ) -> None:
        """Examines what a batch cost.

        Args:
            rows: the batch's closes.
            losses: base units that reserve, backstop and lenders carried.
            reserves: base units, afterwards.
        """
        unpaid, carried = sum(row.extinguished - row.repaid for row in rows), sum(losses)
        # the batch is settled, and so rounded, once; each event rounds on its own
        within = abs(max(0, unpaid) - carried) <= len(rows) + 1
        self.hold(SPLIT, within, f"{unpaid} base units were not paid and {carried} carried")
        self.hold(
            WATERFALL, losses[2] == 0 or reserves == 0, f"lenders lost {losses[2]} with {reserves} in reserve"
        )

    def at_the_end(
        self, market: Market, positions: tuple[PositionRow, ...], liquidations: tuple[LiquidationRow, ...]
    ) -> None:
        """Examines the books when all is over."""
        node, pool, vault = market.node, market.pool, market.vault
        final = [row for row in positions if row.moment == END]
        shares = sum(row.debt_shares for row in final)
        drawn = node.view(pool.credit_line, vault)[1]
        total_assets, total_debt, _, total_shares, *_ = node.view(pool.totals)
        self.hold(SHARES, shares == drawn == total_shares, f"{shares}, {drawn} and {total_shares}")
        locked, held = sum(row.collateral for row in final), node.view(market.collateral.balanceOf, vault)
        self.hold(COLLATERAL, locked == held, f"{locked} in positions, {held} in the vault")
        backing = node.view(market.loan.balanceOf, pool) * FRACTION + total_debt
        self.hold(
            BACKING, backing + FRACTION > total_assets, f"{backing} back {total_assets} (1/65536 units)"
        )

        left = {row.owner: (row.collateral, row.debt_shares) for row in positions if row.moment == START}
        for row in liquidations:
            collateral, debt_shares = left[row.owner]
            left[row.owner] = (collateral - row.seized, debt_shares - row.shares)
        for position in final:
            found = (position.collateral, position.debt_shares)
            self.hold(
                REPLAY, left[position.owner] == found, f"{position.owner}: {left[position.owner]}, {found}"
            )


def _close(one: Quote) -> tuple[int, int, int, int, int]:
    """What a close takes and gives."""
    return one.shares, one.paid, one.fee, one.seized, one.extinguished
