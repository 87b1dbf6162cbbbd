# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Lender views
@license AGPL-3.0-only
@notice What ERC-4626 asks of a vault of shares: conversions, previews and maxima.
"""

from . import cash
from . import gates
from . import ledger
from . import share_math
from . import share_token
from . import units
from . import waterfall

uses: cash
uses: gates
uses: ledger
uses: share_token
uses: waterfall


@external
@view
@reentrant
def totalAssets() -> uint256:
    """
    @notice What lenders own, base units, rounded down, with the interest up to this block.
    """
    return ledger._accrued().total_assets // units.FRACTION


@external
@view
@reentrant
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares that `assets` base units are worth, rounded down.
    """
    return self._entry_shares(assets)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice Base units that a redeemer of `shares` receives, rounded down.
    """
    return waterfall._exit_assets(ledger._accrued(), shares)


@external
@view
@reentrant
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice Shares that a deposit of `assets` base units gives, rounded down.
    """
    return self._entry_shares(assets)


@external
@view
@reentrant
def previewMint(shares: uint256) -> uint256:
    """
    @notice Base units that `shares` cost, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    return share_math._to_assets_up(shares, t.total_assets, t.total_supply)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice Shares that a withdrawal of `assets` base units burns, rounded up.
    """
    return waterfall._exit_shares(ledger._accrued(), assets)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice Base units that redeeming `shares` pays, rounded down.
    """
    return waterfall._exit_assets(ledger._accrued(), shares)


@external
@view
@reentrant
def maxDeposit(receiver: address) -> uint256:
    """
    @notice The largest deposit accepted now, base units, the same for everyone; 0 before opening, while
            paused and when wiped.
    """
    return self._max_deposit(ledger._accrued())


@external
@view
@reentrant
def maxMint(receiver: address) -> uint256:
    """
    @notice The largest number of shares that can be minted now, the same for everyone.
    """
    t: ledger.Totals = ledger._accrued()
    return share_math._to_shares_down(self._max_deposit(t), t.total_assets, t.total_supply)


@external
@view
def maxWithdraw(owner: address) -> uint256:
    """
    @notice The most that `owner` can withdraw now, base units; 0 while provisions keep back more than 0.1 %.
    """
    t: ledger.Totals = ledger._accrued()
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = waterfall._exit_terms(t)
    if not waterfall._is_plain(t, value, supply):
        return 0
    return min(share_math._to_assets_down(share_token.balanceOf[owner], value, supply), cash._available(t))


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most shares that `owner` can redeem now; when not all, below the exact maximum by less than what
            one base unit buys; 0 while provisions keep back more than 0.1 %.
    """
    t: ledger.Totals = ledger._accrued()
    owned: uint256 = share_token.balanceOf[owner]
    available: uint256 = cash._available(t)
    value: uint256 = 0
    shares: uint256 = 0
    value, shares = waterfall._exit_terms(t)
    if not waterfall._is_plain(t, value, shares):
        return 0
    if share_math._to_assets_down(owned, value, shares) <= available:
        return owned
    return share_math._to_shares_down(available, value, shares)


@internal
@view
def _entry_shares(assets: uint256) -> uint256:
    """
    @notice Shares that `assets` base units buy, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    return share_math._to_shares_down(assets, t.total_assets, t.total_supply)


@internal
@view
def _max_deposit(t: ledger.Totals) -> uint256:
    """
    @notice The largest deposit, base units: bound by the gates and by what the ledger's fields hold.
    """
    if waterfall._is_wiped(t):
        return 0
    share_room: uint256 = share_math._to_assets_down(
        ledger.COUNT_TOP - t.total_supply, t.total_assets, t.total_supply
    )
    return min(gates._room(t) // units.FRACTION, share_room)
