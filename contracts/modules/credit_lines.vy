# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Credit lines
@license AGPL-3.0-only
@notice The credit lines of a pool's vaults: how much each may draw, how fast, and how much it has drawn.
@dev One word per vault, packed and unpacked here and nowhere else:

     bits      field    unit
     0..103    drawn    debt shares
     104..197  limit    base units of the loan asset
     198..221  level    what may be drawn at once: FULL is `draw_burst` of the limit
     222..253  time     seconds, modulo 2**32: when the level was that
     254       paced    set when the pool has a pace
     255       known    set for ever when the vault is registered

     A limit of 0 never stops a vault from settling. The level refills from empty to FULL in `draw_refill`
     seconds; drawing lowers it and repaying lifts it, each in proportion, so net drawing counts and round trips
     do not: in no window of `dt` seconds does more than `limit*draw_burst*(1 + dt/draw_refill)` go out. With a
     `draw_burst` of 1 there is no pace: level and time are neither read nor written.

     Bounds behind the unsafe arithmetic: limits, amounts and payments are at most 2**94, FULL < 2**24, WAD and
     DRAW_BURST < 2**60, so no product reaches 2**180.
"""

from ..interfaces import IPool
from . import share_math
from . import units

WAD: constant(uint256) = units.WAD
COUNT_TOP: constant(uint256) = 2**104 - 1
LIMIT_TOP: constant(uint256) = 2**94 - 1
FULL: constant(uint256) = 2**24 - 1
CLOCK_TOP: constant(uint256) = 2**32 - 1
KNOWN: constant(uint256) = 1 << 255
PACED: constant(uint256) = 1 << 254
PACE: constant(uint256) = (2**56 - 1) << 198  # level and time

DRAW_BURST: immutable(uint256)
DRAW_REFILL: immutable(uint256)

lines: HashMap[address, uint256]
losses: public(reentrant(HashMap[address, uint256]))  # base units, all losses of a vault, each rounded up


@deploy
def __init__(draw_burst: uint256, draw_refill: uint256):
    """
    @param draw_burst WAD: part of a limit that may be drawn at once, checked by `pool_params`; 1 = no pace.
    @param draw_refill Seconds from an empty to a full level, checked by `pool_params`.
    """
    DRAW_BURST = draw_burst
    DRAW_REFILL = draw_refill


@external
@view
@reentrant
def pace() -> (uint256, uint256):
    """
    @return The part of a limit that may be drawn at once, WAD, 1 = no pace; seconds until it may be drawn again.
    """
    return DRAW_BURST, DRAW_REFILL


@internal
@view
def _line(vault: address) -> (uint256, uint256):
    """
    @return The limit in base units; the debt shares drawn.
    """
    line: uint256 = self.lines[vault]
    return (line >> 104) & LIMIT_TOP, line & COUNT_TOP


@internal
@view
def _is_known(vault: address) -> bool:
    return self.lines[vault] != 0


@internal
@view
def _at_once(vault: address) -> uint256:
    """
    @notice What the pace lets `vault` draw now, base units, rounded down; the largest uint without a pace.
    """
    if DRAW_BURST == WAD:
        return max_value(uint256)
    line: uint256 = self.lines[vault]
    room: uint256 = unsafe_mul((line >> 104) & LIMIT_TOP, DRAW_BURST)
    return unsafe_div(unsafe_mul(self._level(line), room), FULL * WAD)


@internal
def _set_limit(vault: address, limit: uint256, is_open: bool):
    """
    @notice Set a vault's limit in base units, registering the vault if it is new. A raise leaves what may be
            drawn at once as it is; a vault that is new to an open pool starts with nothing.
    """
    assert limit <= LIMIT_TOP, "pool: limit too large"
    line: uint256 = self.lines[vault]
    level: uint256 = 0
    if DRAW_BURST != WAD:
        before: uint256 = (line >> 104) & LIMIT_TOP
        level = self._level(line)
        if line == 0:
            level = 0 if is_open else FULL
        elif limit > before:
            level = unsafe_div(unsafe_mul(level, before), limit)
        level = PACED | self._packed(level)
    self.lines[vault] = KNOWN | level | (limit << 104) | (line & COUNT_TOP)
    log IPool.LimitSet(vault=vault, limit=limit)


@internal
def _draw(vault: address, amount: uint256, shares: uint256, debt: uint256, debt_shares: uint256):
    """
    @notice Add to what a vault has drawn; refuse what its limit or the pace does not allow.
    @param amount Base units.
    @param shares Debt shares.
    @param debt The pool's debt afterwards, 1/65536 base units.
    @param debt_shares The pool's debt shares afterwards.
    @dev The caller stores `debt_shares`, of which what is drawn is a part, below 2**104 in the same call, or
         reverts: so the addition cannot leave its lane.
    """
    line: uint256 = self.lines[vault]
    assert line != 0, "pool: not a vault"
    line = unsafe_add(line, shares)
    limit: uint256 = (line >> 104) & LIMIT_TOP
    owed: uint256 = share_math._part_to_assets_up(line & COUNT_TOP, debt, debt_shares)
    assert owed <= limit, "pool: over the credit limit"
    if line & PACED != 0 and amount > 0:
        # above 0, as the limit covers what is owed, which covers the amount
        room: uint256 = unsafe_mul(limit, DRAW_BURST)
        cost: uint256 = unsafe_div(unsafe_add(unsafe_mul(amount, FULL * WAD), unsafe_sub(room, 1)), room)
        level: uint256 = self._level(line)
        assert cost <= level, "pool: drawing too fast"
        line = (line & ~PACE) | self._packed(unsafe_sub(level, cost))
    self.lines[vault] = line


@internal
def _settle(vault: address, shares: uint256, paid: uint256):
    """
    @notice Take from what a vault has drawn.
    @param shares Debt shares.
    @param paid Base units, at most 2**94.
    """
    line: uint256 = self.lines[vault]
    assert line != 0, "pool: not a vault"
    assert shares <= line & COUNT_TOP, "pool: more than drawn"
    line = unsafe_sub(line, shares)  # shares <= the lane's value
    if line & PACED != 0:
        room: uint256 = unsafe_mul((line >> 104) & LIMIT_TOP, DRAW_BURST)
        if room > 0:
            level: uint256 = unsafe_add(self._level(line), unsafe_div(unsafe_mul(paid, FULL * WAD), room))
            line = (line & ~PACE) | self._packed(min(level, FULL))
    self.lines[vault] = line


@internal
def _lose(vault: address, loss: uint256):
    """
    @notice Lower a vault's limit by a loss in base units: a line never refills after a loss.
    """
    line: uint256 = self.lines[vault]
    limit: uint256 = (line >> 104) & LIMIT_TOP
    lost: uint256 = min(limit, loss)
    self.lines[vault] = unsafe_sub(line, lost << 104)  # lost <= the lane's value
    self.losses[vault] = unsafe_add(self.losses[vault], loss)  # each loss < 2**95
    log IPool.LimitSet(vault=vault, limit=unsafe_sub(limit, lost))


@internal
@view
def _level(line: uint256) -> uint256:
    """
    @notice The level of a line now.
    """
    elapsed: uint256 = unsafe_sub(block.timestamp, line >> 222) & CLOCK_TOP
    return min(FULL, unsafe_add((line >> 198) & FULL, unsafe_div(unsafe_mul(elapsed, FULL), DRAW_REFILL)))


@internal
@view
def _packed(level: uint256) -> uint256:
    """
    @notice Level and time in their lanes; the level is at most FULL.
    """
    return (level << 198) | ((block.timestamp & CLOCK_TOP) << 222)
