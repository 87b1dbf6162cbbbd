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
def _release_repaid(owner: address, word: uint256, rest: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice A repayment lowers a position's provision by what its debt falls: what it can say without an oracle. With
            less debt the shortfall falls by at least as much.
    @param word The position before.
    @param rest The position after.
    @return `rest`, flagged accordingly.
    """
    before: uint256 = share_math._part_to_assets_up(position._debt_shares(word), totals.debt, totals.shares)
    after: uint256 = share_math._part_to_assets_up(position._debt_shares(rest), totals.debt, totals.shares)
    noted: uint256 = self.provision_of[owner]
    return self._set_provision(owner, rest, unsafe_sub(noted, min(noted, before - after)))


@internal
@view
def _kept_by_close(owner: address, word: uint256, rest: uint256) -> uint256:
    """
    @notice What a close leaves of a position's provision: its part of the debt shares, rounded up.
    @param word The position before.
    @param rest The position after.
    @dev A provision is at most its position's debt, which is below 2**95 and not 0; debt shares are below 2**104.
    """
    debt_shares: uint256 = position._debt_shares(word)
    product: uint256 = unsafe_mul(self.provision_of[owner], position._debt_shares(rest))
    return unsafe_div(unsafe_add(product, unsafe_sub(debt_shares, 1)), debt_shares)
