# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Council
@license AGPL-3.0-only
@notice Everything that the curator and the guardian of one pool may do, and how fast. Nothing here can move an
        asset, change a vault's parameters, or stop withdrawing, repaying, topping up and liquidating.
@dev Before `open_pool` nobody can hold a share, so the curator sets limits freely. Afterwards a limit falls
     at once but rises only through the queue: one change at a time, fixed when queued, executable in the
     three days after an immutable delay, and adding at most `max(5 % of total assets, current limit)`.

     A contract of its own because a pool with all of this inside does not fit into a blueprint.
@custom:security At a utilisation of 100 % a delay gives lenders no way out; see SECURITY.md.
"""

from .interfaces import ICouncil
from .interfaces import IFactory
from .interfaces import IPool

DAY: constant(uint256) = 86_400
DELAY_MIN: constant(uint256) = 3 * DAY
DELAY_MAX: constant(uint256) = 30 * DAY
WINDOW: constant(uint256) = 3 * DAY  # in which a queued change may be executed
RESTORE_AFTER: constant(uint256) = DAY  # from a guardian's cut to its restoration
PAUSE_LENGTH: constant(uint256) = 7 * DAY
PAUSE_SPACING: constant(uint256) = 14 * DAY  # from the start of a pause to the start of the next
PAYOUT_DELAY: constant(uint256) = 3 * DAY  # from announcing to distributing
PAYOUT_LAPSE: constant(uint256) = 7 * DAY  # from announcing to the end of it
RAISE_DIVISOR: constant(uint256) = 20  # a raise adds at most a twentieth (5 %) of total assets

FACTORY: immutable(IFactory)  # records which vaults are the pool's
POOL: immutable(IPool)
DELAY: immutable(uint256)

curator: public(address)
pending_curator: public(address)
guardian: public(address)
queued: public(ICouncil.QueuedChange)
cuts: public(HashMap[address, ICouncil.Cut])
pause_started: public(uint256)  # time of the last pause's start; 0 = never
payout_receiver: public(address)  # gets the part of payouts that is not the backstop's; empty = nobody
announced: public(uint256)  # base units of reserve to be paid out
announced_at: public(uint256)  # time; 0 = nothing is announced


@deploy
def __init__(pool: address, curator: address, delay: uint256):
    """
    @notice Deployed by the Factory with the pool.
    @param delay Seconds between queueing a change and executing it, 3 to 30 days.
    """
    assert curator != empty(address), "council: no curator"
    assert delay >= DELAY_MIN and delay <= DELAY_MAX, "council: delay of 3 to 30 days"
    FACTORY = IFactory(msg.sender)
    POOL = IPool(pool)
    DELAY = delay
    self.curator = curator
    log ICouncil.CuratorSet(curator=curator)


# --------------------------------------------------------------- opening a pool


@external
def open_pool():
    """
    @notice Curator: open the pool to lenders, which cannot be undone; from now on limits rise through the queue only.
    """
    self._only_curator()
    extcall POOL.open_pool()


# ---------------------------------------------------------------- credit limits


@external
def set_limit(vault: address, limit: uint256):
    """
    @notice Curator. Before opening: register a vault of this pool and set its limit, freely. Afterwards: lower
            a limit at once, which also cancels a queued raise of it.
    @param limit Base units of the loan asset.
    """
    self._only_curator()
    if self._is_open():
        assert limit < self._limit(vault), "council: limit may only fall"
        self._cancel_raise_of(vault)
    extcall POOL.set_limit(vault, limit)


@external
def queue_limit(vault: address, limit: uint256):
    """
    @notice Curator: queue a higher limit for a vault, or a new vault with its first limit.
    @param limit Base units; exceeds the current limit by at most `max(5 % of total assets, it)`.
    """
    self._only_curator()
    assert self._is_open(), "council: pool not open"
    vault_pool: address = staticcall FACTORY.pool_of(vault)
    assert vault_pool == POOL.address, "council: not the pool's vault"
    current: uint256 = self._limit(vault)
    assert limit > current, "council: not a raise"
    assets: uint256 = staticcall POOL.totalAssets()
    assert limit <= self._raise_bound(current, assets), "council: raise too large"
    self._queue(
        ICouncil.QueuedChange(
            subject=vault, is_guardian=False, limit=limit, assets=assets, ready=block.timestamp + DELAY
        )
    )


@external
def queue_guardian(guardian: address):
    """
    @notice Curator: queue a new guardian, who replaces the current one.
    """
    self._only_curator()
    assert guardian != empty(address), "council: no guardian"
    self._queue(
        ICouncil.QueuedChange(
            subject=guardian, is_guardian=True, limit=0, assets=0, ready=block.timestamp + DELAY
        )
    )


@external
def execute_queued():
    """
    @notice Curator: execute the queued change, within three days after its delay. A raise adds at most
            `max(5 % of A, current limit)`, A the smaller of total assets when queued and now; what exceeds
            that is not granted.
    """
    self._only_curator()
    change: ICouncil.QueuedChange = self.queued
    assert change.ready != 0, "council: nothing queued"
    assert block.timestamp >= change.ready, "council: too early"
    assert block.timestamp <= change.ready + WINDOW, "council: too late"
    self.queued = empty(ICouncil.QueuedChange)
    if change.is_guardian:
        self._set_guardian(change.subject)
        return
    assets_now: uint256 = staticcall POOL.totalAssets()
    bound: uint256 = self._raise_bound(self._limit(change.subject), min(change.assets, assets_now))
    extcall POOL.set_limit(change.subject, min(change.limit, bound))


@external
def cancel_queued():
    """
    @notice Curator or guardian: drop the queued change.
    """
    assert msg.sender == self.curator or msg.sender == self.guardian, "council: neither role"
    assert self.queued.ready != 0, "council: nothing to cancel"
    self._cancel_queued()


@external
def cut_limit(vault: address):
    """
    @notice Guardian: lower a vault's limit to zero, which also cancels a queued raise of it. The curator may
            restore it after a day.
    """
    self._only_guardian()
    limit: uint256 = self._limit(vault)
    assert limit > 0, "council: no limit to cut"
    self._cancel_raise_of(vault)
    lost: uint256 = staticcall POOL.losses(vault)
    self.cuts[vault] = ICouncil.Cut(limit=limit, losses=lost, at=block.timestamp)
    extcall POOL.set_limit(vault, 0)


@external
def restore_limit(vault: address, limit: uint256):
    """
    @notice Curator, a day after a guardian's cut: restore the limit, up to what it was less the vault's losses
            since.
    """
    self._only_curator()
    cut: ICouncil.Cut = self.cuts[vault]
    assert cut.at != 0, "council: nothing to restore"
    assert block.timestamp >= cut.at + RESTORE_AFTER, "council: a day after the cut"
    lost: uint256 = (staticcall POOL.losses(vault)) - cut.losses
    assert limit <= cut.limit - min(lost, cut.limit), "council: above the former limit"
    assert limit > self._limit(vault), "council: restores nothing"
    self.cuts[vault] = empty(ICouncil.Cut)
    extcall POOL.set_limit(vault, limit)


# ------------------------------------------------- supply cap, payouts and pause


@external
def set_supply_cap(cap: uint256):
    """
    @notice Curator: refuse deposits that would lift total assets above `cap` base units; 0 removes the cap.
    """
    self._only_curator()
    extcall POOL.set_supply_cap(cap)


@external
def announce() -> uint256:
    """
    @notice Announce that what the pool's reserve holds above the insurance target will be paid out. Open to
            all; refused while an earlier announcement stands, while provisions stand and when the pool is wiped.
    @return Base units.
    """
    at: uint256 = self.announced_at
    assert at == 0 or block.timestamp > at + PAYOUT_LAPSE, "council: already announced"
    amount: uint256 = staticcall POOL.excess()
    assert amount > 0, "council: nothing to pay out"
    self.announced = amount
    self.announced_at = block.timestamp
    log ICouncil.Announced(amount=amount)
    return amount


@external
def distribute() -> uint256:
    """
    @notice Pay out what was announced three to seven days ago, or what the reserve holds above the target now if
            that is less, as new pool shares: a fixed part to the backstop, the rest to the receiver that the
            curator named. A part without a recipient stays in the reserve. Open to all; refused as `announce` is.
    @return Base units that left the reserve.
    """
    at: uint256 = self.announced_at
    assert at != 0, "council: nothing announced"
    assert block.timestamp >= at + PAYOUT_DELAY, "council: payout too early"
    assert block.timestamp <= at + PAYOUT_LAPSE, "council: payout too late"
    limit: uint256 = self.announced
    self.announced = 0
    self.announced_at = 0
    amount: uint256 = extcall POOL.distribute_excess(limit, self.payout_receiver)
    log ICouncil.Distributed(amount=amount)
    return amount


@external
def set_payout_receiver(receiver: address):
    """
    @notice Curator: name who gets the part of the pool's payouts that the backstop does not; the zero address
            leaves that part in the reserve.
    """
    self._only_curator()
    assert receiver != POOL.address, "council: receiver is the pool"
    self.payout_receiver = receiver
    log ICouncil.PayoutReceiverSet(receiver=receiver)


@external
def pause():
    """
    @notice Guardian: stop new supply and new borrowing for seven days; not again within fourteen days of
            its start, whoever the guardian is.
    """
    self._only_guardian()
    started: uint256 = self.pause_started
    assert started == 0 or block.timestamp >= started + PAUSE_SPACING, "council: paused too recently"
    self.pause_started = block.timestamp
    extcall POOL.set_pause(block.timestamp + PAUSE_LENGTH)


@external
def unpause():
    """
    @notice Lift a pause: the curator at any time, anyone once it has expired.
    """
    until: uint256 = staticcall POOL.paused_until()
    assert until != 0, "council: no pause"
    assert msg.sender == self.curator or block.timestamp >= until, "council: pause not over"
    extcall POOL.set_pause(0)


# ---------------------------------------------------------- curator and guardian


@external
def remove_guardian():
    """
    @notice Curator: dismiss the guardian at once.
    """
    self._only_curator()
    self._set_guardian(empty(address))


@external
def transfer_curator(to: address):
    """
    @notice Curator: propose a successor, who has to accept; the zero address withdraws the proposal.
    """
    self._only_curator()
    self.pending_curator = to
    log ICouncil.CuratorProposed(curator=to)


@external
def accept_curator():
    """
    @notice Become the curator that was proposed.
    """
    assert msg.sender == self.pending_curator, "council: not proposed"
    self._set_curator(msg.sender)


@external
def renounce_curator():
    """
    @notice Curator: leave an open pool without a curator, permanently. Cancels a queued change, lifts a pause and
            dismisses the guardian, whom nobody could dismiss afterwards.
    """
    self._only_curator()
    assert self._is_open(), "council: open the pool first"
    if self.queued.ready != 0:
        self._cancel_queued()
    self._set_guardian(empty(address))
    self._set_curator(empty(address))
    until: uint256 = staticcall POOL.paused_until()
    if until != 0:
        extcall POOL.set_pause(0)


# ------------------------------------------------------------------------ views


@external
@view
def pool() -> address:
    """
    @notice The pool this council serves.
    """
    return POOL.address


@external
@view
def delay() -> uint256:
    """
    @notice Seconds between queueing a change and executing it.
    """
    return DELAY


# -------------------------------------------------------------------- internals


@internal
@view
def _only_curator():
    assert msg.sender == self.curator, "council: not the curator"


@internal
@view
def _only_guardian():
    assert msg.sender == self.guardian, "council: not the guardian"


@internal
@view
def _is_open() -> bool:
    return staticcall POOL.is_open()


@internal
@view
def _limit(vault: address) -> uint256:
    """
    @return The vault's credit limit, base units.
    """
    limit: uint256 = 0
    drawn: uint256 = 0
    owed: uint256 = 0
    limit, drawn, owed = staticcall POOL.credit_line(vault)
    return limit


@internal
@pure
def _raise_bound(current: uint256, assets: uint256) -> uint256:
    """
    @notice The highest limit that one raise may lead to, base units.
    """
    return current + max(assets // RAISE_DIVISOR, current)


@internal
def _queue(change: ICouncil.QueuedChange):
    ready: uint256 = self.queued.ready
    assert ready == 0 or block.timestamp > ready + WINDOW, "council: one change at a time"
    self.queued = change
    log ICouncil.Queued(
        subject=change.subject, is_guardian=change.is_guardian, limit=change.limit, ready=change.ready
    )


@internal
def _cancel_queued():
    log ICouncil.QueueCancelled(subject=self.queued.subject)
    self.queued = empty(ICouncil.QueuedChange)


@internal
def _cancel_raise_of(vault: address):
    """
    @notice Cancel the queued change if it raises the limit of `vault`.
    """
    if self.queued.subject == vault and not self.queued.is_guardian:
        self._cancel_queued()


@internal
def _set_curator(curator: address):
    self.pending_curator = empty(address)
    self.curator = curator
    log ICouncil.CuratorSet(curator=curator)


@internal
def _set_guardian(guardian: address):
    self.guardian = guardian
    log ICouncil.GuardianSet(guardian=guardian)
