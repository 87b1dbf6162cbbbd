# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Book
@license AGPL-3.0-only
@notice The positions of a vault, and the provisions recorded for them.
"""

from ..interfaces import IPool
from ..interfaces import IVault
from . import position
from . import share_math

positions: public(reentrant(HashMap[address, uint256]))  # packed, see `position`
provision_of: public(reentrant(HashMap[address, uint256]))  # base units of the loan asset: a position's shortfall
provisions: public(reentrant(uint256))  # their sum


@external
@view
@reentrant
def position_of(owner: address) -> (uint256, uint256):
    """
    @return Collateral in base units; debt shares.
    """
    return position._unpack(self.positions[owner])


@internal
def _set_provision(owner: address, word: uint256, shortfall: uint256) -> uint256:
    """
    @notice Record a position's shortfall, base units of the loan asset, replacing the value recorded before.
    @param word The position.
    @return `word`, flagged accordingly.
    """
    self.provisions = self.provisions - self.provision_of[owner] + shortfall
    self.provision_of[owner] = shortfall
    log IVault.ProvisionSet(owner=owner, amount=shortfall)
    return position._flag_provisioned(word, shortfall > 0)


@internal
def _cap_provision(owner: address, word: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice Cap a position's provision at its debt, which a repayment can do without the oracle.
    @return As `_set_provision`.
    """
    debt: uint256 = share_math._to_assets_up(position._debt_shares(word), totals.debt, totals.shares)
    return self._set_provision(owner, word, min(self.provision_of[owner], debt))
