"""What a curator and a guardian may do; the twin of ``contracts/Council.vy``.

Every function takes the caller first and raises `Revert` with the contract's reason. Limits are base units of
the loan asset, times seconds.
"""

from typing import NamedTuple

from plimsoll.twin.backstop import Backstop
from plimsoll.twin.chain import Chain, require
from plimsoll.twin.ledger import FLAG_OPEN
from plimsoll.twin.pool import Pool
from plimsoll.units import DAY, FRACTION, MAX, NOBODY, WAD

WINDOW = 3 * DAY
RESTORE_AFTER = DAY
RESTORE_LAPSE = 30 * DAY
PAUSE_LENGTH = 7 * DAY
PAUSE_SPACING = 14 * DAY
RAISE_DIVISOR = 20
PAYOUT_DELAY = 3 * DAY
PAYOUT_LAPSE = 7 * DAY


class QueuedChange(NamedTuple):
    """The queued change; `ready` 0 means none."""

    subject: str = NOBODY
    is_guardian: bool = False
    limit: int = 0
    assets: int = 0
    ready: int = 0


class Cut(NamedTuple):
    """A guardian's cut; `at` 0 means none."""

    limit: int = 0
    losses: int = 0
    at: int = 0


class Council:
    """The state of a council and what can be done with it."""

    def __init__(
        self,
        chain: Chain,
        pool: Pool,
        address: str,
        curator: str,
        delay: int,
        backstop: Backstop | None = None,
    ) -> None:
        """A council as its constructor leaves it, of a pool with or without a backstop."""
        self.chain = chain
        self.pool = pool
        self.address = address
        self.delay = delay
        self.backstop = backstop
        self.curator = curator
        self.pending_curator = NOBODY
        self.guardian = NOBODY
        self.queued = QueuedChange()
        self.cuts: dict[str, Cut] = chain.mapping()
        self.pause_started = 0
        self.payout_receiver = NOBODY
        self.announced = 0
        self.announced_at = 0
        chain.contracts.append(self)
        chain.log(address, "CuratorSet", curator)

    def open_pool(self, caller: str) -> None:
        """Opens the pool to lenders."""
        self._only_curator(caller)
        self.pool.open_pool(self.address)

    def set_limit(self, caller: str, vault: str, limit: int) -> None:
        """Sets a limit freely before opening; lowers it afterwards."""
        self._only_curator(caller)
        if self._is_open():
            require(limit < self.pool.line(vault)[0], "council: limit may only fall")
            self._cancel_raise_of(vault)
            self.cuts[vault] = Cut()
        self.pool.set_limit(self.address, vault, limit)

    def queue_limit(self, caller: str, vault: str, limit: int) -> None:
        """Queues a higher limit."""
        self._only_curator(caller)
        require(self._is_open(), "council: pool not open")
        require(self.pool.own_vaults.get(vault, False), "council: not the pool's vault")
        current = self.pool.line(vault)[0]
        require(limit > current, "council: not a raise")
        assets = self._total_assets()
        require(limit <= self._raise_bound(current, assets), "council: raise too large")
        self._queue(QueuedChange(vault, False, limit, assets, self.chain.now + self.delay))

    def queue_guardian(self, caller: str, guardian: str) -> None:
        """Queues a guardian."""
        self._only_curator(caller)
        require(guardian != NOBODY, "council: no guardian")
        self._queue(QueuedChange(guardian, True, 0, 0, self.chain.now + self.delay))

    def witness(self) -> int:
        """Lowers the basis of the queued raise to today's total assets; returns it."""
        require(self.queued.ready != 0 and not self.queued.is_guardian, "council: no raise queued")
        assets = min(self.queued.assets, self._total_assets())
        self.queued = self.queued._replace(assets=assets)
        self.chain.log(self.address, "Witnessed", self.queued.subject, assets)
        return assets

    def execute_queued(self, caller: str) -> None:
        """Executes the queued change."""
        self._only_curator(caller)
        change = self.queued
        require(change.ready != 0, "council: nothing queued")
        require(self.chain.now >= change.ready, "council: too early")
        require(self.chain.now <= change.ready + WINDOW, "council: too late")
        self.queued = QueuedChange()
        if change.is_guardian:
            self._set_guardian(change.subject)
            return
        assets = min(change.assets, self._total_assets())
        bound = self._raise_bound(self.pool.line(change.subject)[0], assets)
        self.pool.set_limit(self.address, change.subject, min(change.limit, bound))

    def cancel_queued(self, caller: str) -> None:
        """Drops the queued change."""
        require(caller in (self.curator, self.guardian), "council: neither role")
        require(self.queued.ready != 0, "council: nothing to cancel")
        self._cancel_queued()

    def cut_limit(self, caller: str, vault: str) -> None:
        """Guardian: lowers a limit to zero."""
        self._only_guardian(caller)
        limit = self.pool.line(vault)[0]
        require(limit > 0, "council: no limit to cut")
        self._cancel_raise_of(vault)
        self.cuts[vault] = Cut(limit, self.pool.losses.get(vault, 0), self.chain.now)
        self.pool.set_limit(self.address, vault, 0)

    def restore_limit(self, caller: str, vault: str, limit: int) -> None:
        """Restores a limit after a guardian's cut."""
        self._only_curator(caller)
        cut = self.cuts.get(vault, Cut())
        require(cut.at != 0, "council: nothing to restore")
        require(self.chain.now >= cut.at + RESTORE_AFTER, "council: a day after the cut")
        require(self.chain.now <= cut.at + RESTORE_LAPSE, "council: right to restore lapsed")
        lost = self.pool.losses.get(vault, 0) - cut.losses
        require(limit <= max(0, cut.limit - lost), "council: above the former limit")
        require(limit > self.pool.line(vault)[0], "council: restores nothing")
        self.cuts[vault] = Cut()
        self.pool.set_limit(self.address, vault, limit)

    def set_supply_cap(self, caller: str, cap: int) -> None:
        """Caps total assets."""
        self._only_curator(caller)
        self.pool.set_supply_cap(self.address, cap)

    def announce(self) -> int:
        """Announces what the reserve holds above provisions and target, base units."""
        require(self._is_open(), "council: pool still closed")
        amount = self.pool.excess()
        require(amount > 0, "council: no excess")
        at = self.announced_at
        if at != 0 and self.chain.now <= at + PAYOUT_LAPSE:
            require(self.chain.now < at + PAYOUT_DELAY, "council: a payout is due")
            require(2 * amount >= 3 * self.announced, "council: already announced")
        self.announced = amount
        self.announced_at = self.chain.now
        self.chain.log(self.address, "Announced", amount)
        return amount

    def distribute(self) -> int:
        """Pays out the smaller of what was announced and what there is; returns base units."""
        at = self.announced_at
        require(at != 0, "council: nothing announced")
        require(self.chain.now >= at + PAYOUT_DELAY, "council: payout too early")
        require(self.chain.now <= at + PAYOUT_LAPSE, "council: payout too late")
        considered = min(self.announced, self.pool.excess())
        if considered == self.announced:
            self.announced_at = 0
        self.announced -= considered
        limit = min(considered, self._payable())
        paid = self.pool.distribute_excess(self.address, limit, self.payout_receiver)
        require(paid > 0, "council: nothing to pay out")
        self.chain.log(self.address, "Distributed", paid)
        if self.backstop is not None:
            self.backstop.sync()
        return paid

    def cancel_payout(self, caller: str) -> None:
        """Guardian: withdraws what was announced."""
        self._only_guardian(caller)
        require(self.announced_at != 0, "council: no payout announced")
        self.chain.log(self.address, "PayoutCancelled", self.announced)
        self.announced, self.announced_at = 0, 0

    def set_payout_receiver(self, caller: str, receiver: str) -> None:
        """Names who gets the curator's part of payouts."""
        self._only_curator(caller)
        require(receiver != self.pool.address, "council: receiver is the pool")
        self.payout_receiver = receiver
        self.chain.log(self.address, "PayoutReceiverSet", receiver)

    def pause(self, caller: str) -> None:
        """Guardian: stops new supply and borrowing."""
        self._only_guardian(caller)
        spaced = self.chain.now >= self.pause_started + PAUSE_SPACING
        require(self.pause_started == 0 or spaced, "council: paused too recently")
        self.pause_started = self.chain.now
        self.pool.set_pause(self.address, self.chain.now + PAUSE_LENGTH)

    def unpause(self, caller: str) -> None:
        """Lifts a pause."""
        until = self.pool.paused_until
        require(until != 0, "council: no pause")
        require(caller == self.curator or self.chain.now >= until, "council: pause not over")
        self.pool.set_pause(self.address, 0)

    def remove_guardian(self, caller: str) -> None:
        """Dismisses the guardian."""
        self._only_curator(caller)
        self._set_guardian(NOBODY)

    def transfer_curator(self, caller: str, to: str) -> None:
        """Proposes a successor."""
        self._only_curator(caller)
        self.pending_curator = to
        self.chain.log(self.address, "CuratorProposed", to)

    def accept_curator(self, caller: str) -> None:
        """Becomes the curator."""
        require(caller == self.pending_curator, "council: not proposed")
        self._set_curator(caller)

    def renounce_curator(self, caller: str) -> None:
        """Leaves the pool without a curator, permanently."""
        self._only_curator(caller)
        require(self._is_open(), "council: open the pool first")
        if self.queued.ready != 0:
            self._cancel_queued()
        self._set_guardian(NOBODY)
        self._set_curator(NOBODY)
        if self.pool.paused_until != 0:
            self.pool.set_pause(self.address, 0)

    def _only_curator(self, caller: str) -> None:
        require(caller == self.curator, "council: not the curator")

    def _only_guardian(self, caller: str) -> None:
        require(caller == self.guardian, "council: not the guardian")

    def _is_open(self) -> bool:
        return bool(self.pool.totals.flags & FLAG_OPEN)

    def _total_assets(self) -> int:
        return self.pool.accrued().total_assets // FRACTION

    @staticmethod
    def _raise_bound(current: int, assets: int) -> int:
        return current + max(assets // RAISE_DIVISOR, current)

    def _payable(self) -> int:
        """The largest payout whose part for the backstop is at most what its stake may earn, base units."""
        if self.backstop is None or self.pool.backstop_share == 0:
            return MAX
        books = self.backstop.books()
        if books.stake.assets < self.backstop.minimum_stake:
            return 0
        worth = self.pool.exit_assets(self.pool.accrued(), max(0, books.stake.assets - books.income))
        return worth * WAD // self.pool.backstop_share

    def _queue(self, change: QueuedChange) -> None:
        ready = self.queued.ready
        require(ready == 0 or self.chain.now > ready + WINDOW, "council: one change at a time")
        self.queued = change
        self.chain.log(self.address, "Queued", change.subject, change.is_guardian, change.limit, change.ready)

    def _cancel_queued(self) -> None:
        self.chain.log(self.address, "QueueCancelled", self.queued.subject)
        self.queued = QueuedChange()

    def _cancel_raise_of(self, vault: str) -> None:
        if self.queued.subject == vault and not self.queued.is_guardian:
            self._cancel_queued()

    def _set_guardian(self, guardian: str) -> None:
        self.guardian = guardian
        self.chain.log(self.address, "GuardianSet", guardian)

    def _set_curator(self, curator: str) -> None:
        self.pending_curator = NOBODY
        self.curator = curator
        self.chain.log(self.address, "CuratorSet", curator)
