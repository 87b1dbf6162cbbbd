# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Gates
@license AGPL-3.0-only
@notice What can keep new supply and new borrowing out of a pool: opening, supply cap, pause. Nothing here can
        stop an exit, a repayment or a liquidation.
@dev Each gate has a flag in the ledger's word, so that a gate that is not in use costs no storage read.
"""

from ..interfaces import IPool
from . import ledger
from . import units

uses: ledger

CAP_TOP: constant(uint256) = 2**94 - 1

council: public(reentrant(address))  # may set limits, cap and pause; see Council.vy
supply_cap: public(reentrant(uint256))  # base units of total assets; 0 = none
paused_until: public(reentrant(uint256))  # time until which new supply and new borrowing are stopped; 0 = no pause


@external
def open_pool():
    """
    @notice Open the pool to lenders. It cannot be closed again.
    """
    self._only_council()
    t: ledger.Totals = ledger._accrued()
    assert t.flags & ledger.FLAG_OPEN == 0, "pool: already open"
    ledger._store_flag(t, ledger.FLAG_OPEN, True)
    log IPool.Opened()


@external
def set_supply_cap(cap: uint256):
    """
    @notice Refuse deposits that would lift total assets above `cap` base units; 0 removes the cap.
    """
    self._only_council()
    assert cap <= CAP_TOP, "pool: cap too large"
    ledger._store_flag(ledger._accrued(), ledger.FLAG_CAPPED, cap != 0)
    self.supply_cap = cap
    log IPool.SupplyCapSet(cap=cap)


@external
def set_pause(until: uint256):
    """
    @notice Stop new supply and new borrowing until a time; 0 lifts the pause.
    """
    self._only_council()
    ledger._store_flag(ledger._accrued(), ledger.FLAG_PAUSED, until != 0)
    self.paused_until = until
    log IPool.PauseSet(until=until)


@external
@view
@reentrant
def is_open() -> bool:
    """
    @notice Whether the pool is open to lenders.
    """
    return ledger._accrued().flags & ledger.FLAG_OPEN != 0


@internal
@view
def _only_council():
    assert msg.sender == self.council, "pool: not the council"


@internal
@view
def _is_paused(flags: uint256) -> bool:
    """
    @notice Whether new supply and new borrowing are stopped; reads the time only when the flag is set.
    """
    return flags & ledger.FLAG_PAUSED != 0 and block.timestamp < self.paused_until


@internal
@view
def _check_entry(flags: uint256, total_assets: uint256):
    """
    @notice Refuse an entry that would lead to `total_assets`, in 1/65536 base units.
    """
    assert flags & ledger.FLAG_OPEN != 0, "pool: not open"
    if flags & (ledger.FLAG_PAUSED | ledger.FLAG_CAPPED) == 0:
        return
    assert not self._is_paused(flags), "pool: paused"
    if flags & ledger.FLAG_CAPPED != 0:
        assert total_assets <= self.supply_cap * units.FRACTION, "pool: over the supply cap"


@internal
@view
def _room(t: ledger.Totals) -> uint256:
    """
    @notice By how much total assets may grow now, 1/65536 base units: up to the cap and to what the ledger's
            field holds; 0 while closed or paused.
    """
    if t.flags & ledger.FLAG_OPEN == 0 or self._is_paused(t.flags):
        return 0
    room: uint256 = ledger.VALUE_TOP - t.total_assets
    if t.flags & ledger.FLAG_CAPPED != 0:
        cap: uint256 = self.supply_cap * units.FRACTION
        room = min(room, cap - min(cap, t.total_assets))
    return room
