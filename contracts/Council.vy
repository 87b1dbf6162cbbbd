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
     three days after an immutable delay, and adding at most `max(5 % of the basis, current limit)`. The basis is
     the least of total assets when the change was queued, at every `witness`, and when it is executed: a flash
     deposit can only lift total assets, and one call of anybody that nobody sandwiches undoes it.
@custom:security A raise that nobody witnesses is bounded by what its curator can flash-deposit. A large lender
                 who steps out at a witness makes raises slower. At a utilisation of 100 % a delay gives lenders
                 no way out. See SECURITY.md.
"""

from .interfaces import IBackstop
from .interfaces import ICouncil
from .interfaces import IFactory
from .interfaces import IPool
from .modules import units

DAY: constant(uint256) = 86_400
DELAY_MIN: constant(uint256) = 3 * DAY
DELAY_MAX: constant(uint256) = 30 * DAY
WINDOW: constant(uint256) = 3 * DAY  # in which a queued change may be executed
RESTORE_AFTER: constant(uint256) = DAY  # from a guardian's cut to its restoration
RESTORE_LAPSE: constant(uint256) = 30 * DAY  # from a guardian's cut to the end of the right to restore
PAUSE_LENGTH: constant(uint256) = 7 * DAY
PAUSE_SPACING: constant(uint256) = 14 * DAY  # from the start of a pause to the start of the next
PAYOUT_DELAY: constant(uint256) = 3 * DAY  # from announcing to distributing
PAYOUT_LAPSE: constant(uint256) = 7 * DAY  # from announcing to the end of it
WAD: constant(uint256) = units.WAD
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
            a limit at once, which also cancels a queued raise of it and the right to restore it.
    @param limit Base units of the loan asset.
    """
    self._only_curator()
    if self._is_open():
        assert limit < self._limit(vault), "council: limit may only fall"
        self._cancel_raise_of(vault)
        self.cuts[vault] = empty(ICouncil.Cut)
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
def witness() -> uint256:
    """
    @notice Lower the basis of the queued raise to today's total assets, if they are less. Open to all.
    @return The basis, base units.
    """
    assert self.queued.ready != 0 and not self.queued.is_guardian, "council: no raise queued"
    assets: uint256 = min(self.queued.assets, staticcall POOL.totalAssets())
    self.queued.assets = assets
    log ICouncil.Witnessed(vault=self.queued.subject, assets=assets)
    return assets


@external
def execute_queued():
    """
    @notice Curator: carry out the queued change, within three days after its delay. A raise adds at most
            `max(5 % of the basis, current limit)`; what exceeds that is not granted.
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
    @notice Curator, a day after a guardian's cut and within 30 days of it, unless they have lowered the limit
            since: restore it, up to what it was less the vault's losses since.
    """
    self._only_curator()
    cut: ICouncil.Cut = self.cuts[vault]
    assert cut.at != 0, "council: nothing to restore"
    assert block.timestamp >= cut.at + RESTORE_AFTER, "council: a day after the cut"
    assert block.timestamp <= cut.at + RESTORE_LAPSE, "council: right to restore lapsed"
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
    @notice Announce that what the pool's reserve holds above provisions and the insurance target will be paid
            out. Open to all, once the pool is open; refused when it is wiped. An announcement that waits may be
            replaced by one at least half as large again, which waits anew; one that is payable may not.
    @return Base units.
    """
    assert self._is_open(), "council: pool still closed"
    amount: uint256 = staticcall POOL.excess()
    assert amount > 0, "council: no excess"
    at: uint256 = self.announced_at
    if at != 0 and block.timestamp <= at + PAYOUT_LAPSE:
        assert block.timestamp < at + PAYOUT_DELAY, "council: a payout is due"
        assert 2 * amount >= 3 * self.announced, "council: already announced"
    self.announced = amount
    self.announced_at = block.timestamp
    log ICouncil.Announced(amount=amount)
    return amount


@external
def distribute() -> uint256:
    """
    @notice Pay out what was announced three to seven days ago, or the excess now if that is less, as new pool
            shares: a fixed part to the backstop, the rest to the receiver that the curator named. What nobody
            takes stays in the reserve. The backstop gets at most what its stake is worth, less what its
            unearned income is, and nothing below its minimum stake; when that cuts its part, the receiver's is
            cut in the same proportion. Takes what it considered off the announcement. Open to all; refused
            when nothing is paid, and when the pool is wiped.
    @return Base units that left the reserve.
    """
    at: uint256 = self.announced_at
    assert at != 0, "council: nothing announced"
    assert block.timestamp >= at + PAYOUT_DELAY, "council: payout too early"
    assert block.timestamp <= at + PAYOUT_LAPSE, "council: payout too late"
    announced: uint256 = self.announced
    considered: uint256 = min(announced, staticcall POOL.excess())
    self.announced = announced - considered
    if considered == announced:
        self.announced_at = 0
    backstop: address = staticcall POOL.backstop()
    amount: uint256 = extcall POOL.distribute_excess(
        min(considered, self._payable(backstop)), self.payout_receiver
    )
    assert amount > 0, "council: nothing to pay out"
    log ICouncil.Distributed(amount=amount)
    if backstop != empty(address):
        extcall IBackstop(backstop).sync()
    return amount


@external
def cancel_payout():
    """
    @notice Guardian: withdraw what was announced.
    """
    self._only_guardian()
    assert self.announced_at != 0, "council: no payout announced"
    log ICouncil.PayoutCancelled(amount=self.announced)
    self.announced = 0
    self.announced_at = 0


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
@view
def _payable(backstop: address) -> uint256:
    """
    @notice The largest payout whose part for the backstop is not above what its stake earns at most, base units.
    """
    share: uint256 = staticcall POOL.backstop_share()
    if backstop == empty(address) or share == 0:
        return max_value(uint256)
    books: IBackstop.Books = staticcall IBackstop(backstop).books()
    stake: uint256 = books.stake.assets
    if stake < staticcall IBackstop(backstop).minimum_stake():
        return 0
    worth: uint256 = staticcall POOL.convertToAssets(stake - min(stake, books.income))
    return worth * WAD // share


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
