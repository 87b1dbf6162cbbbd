# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Credit lines
@license AGPL-3.0-only
@notice The credit lines of a pool's vaults: how much each may draw and how much it has drawn.
@dev One word a vault, packed and unpacked here and nowhere else:

     bits      field    unit
     0..103    drawn    debt shares
     104..197  limit    base units of the loan asset
     255       known    set when the vault is registered, never cleared

     A limit of 0 never stops a vault from settling.
"""

from ..interfaces import IPool

COUNT_TOP: constant(uint256) = 2**104 - 1
LIMIT_TOP: constant(uint256) = 2**94 - 1
KNOWN: constant(uint256) = 1 << 255

lines: HashMap[address, uint256]
losses: public(reentrant(HashMap[address, uint256]))  # base units, all losses of a vault, each rounded up


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
def _set_limit(vault: address, limit: uint256):
    """
    @notice Set a vault's limit in base units, registering the vault if it is new.
    """
    assert limit <= LIMIT_TOP, "pool: limit too large"
    self.lines[vault] = KNOWN | (limit << 104) | (self.lines[vault] & COUNT_TOP)
    log IPool.LimitSet(vault=vault, limit=limit)


@internal
def _draw(vault: address, shares: uint256) -> (uint256, uint256):
    """
    @notice Add to what a vault has drawn.
    @return The limit in base units; the debt shares drawn afterwards.
    @dev The caller stores total debt shares, of which `drawn` is a part, below 2**104 in the same call, or
         reverts: so the addition cannot leave its lane.
    """
    line: uint256 = self.lines[vault]
    assert line != 0, "pool: not a vault"
    line = unsafe_add(line, shares)
    self.lines[vault] = line
    return (line >> 104) & LIMIT_TOP, line & COUNT_TOP


@internal
def _settle(vault: address, shares: uint256):
    """
    @notice Take from what a vault has drawn.
    """
    line: uint256 = self.lines[vault]
    assert line != 0, "pool: not a vault"
    assert shares <= line & COUNT_TOP, "pool: more than drawn"
    self.lines[vault] = unsafe_sub(line, shares)  # shares <= the lane's value


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
