# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Waterfall
@license AGPL-3.0-only
@notice Who bears a loss: the reserve first, then the backstop, then the other lenders. Also pays out what the
        reserve holds above its target.
@dev `reserve = cash + total_debt - total_assets`, not below 0: interest not given to lenders, flash fees,
     liquidation fees and donations increase it as soon as they are received, and change no share price, no debt
     and no utilisation.

     Provisions are losses that a vault has found and nobody has booked. A unit of provision costs a unit, and
     nobody is locked: while provisions exceed what reserve and backstop can bear, exits are priced as if all of
     them had been booked, so that nobody gains by leaving first; entries are at the normal price; the reserve
     behind provisions is not paid out. A haircut needs consent: `withdraw` and `redeem` refuse one of more than
     0.1 %, `exit` pays at any that its caller allows.
"""

from ..interfaces import IPool
from . import cash
from . import credit_lines
from . import ledger
from . import share_math
from . import share_token
from . import units

uses: cash
uses: credit_lines
uses: ledger
uses: share_token

WIPED_RATIO: constant(uint256) = 10**6  # 1_000 shares per base unit at par, 0.1 % of it

INSURANCE_TARGET: immutable(uint256)
BACKSTOP_SHARE: immutable(uint256)

backstop: public(reentrant(address))  # holder of the shares that bear losses before other lenders; may be empty
provisions: public(reentrant(uint256))  # base units, of all vaults
provision_of: public(reentrant(HashMap[address, uint256]))  # base units, by vault


@deploy
def __init__(insurance_target: uint256, backstop_share: uint256):
    """
    @param insurance_target WAD of the larger of assets and debt, checked by `pool_params`.
    @param backstop_share WAD of a payout, checked by `pool_params`.
    """
    INSURANCE_TARGET = insurance_target
    BACKSTOP_SHARE = backstop_share


@external
@view
@reentrant
def insurance_target() -> uint256:
    """
    @notice The reserve that is kept, WAD of the larger of assets and debt.
    """
    return INSURANCE_TARGET


@external
@view
@reentrant
def backstop_share() -> uint256:
    """
    @notice The backstop's part of what is paid out of the reserve, WAD.
    """
    return BACKSTOP_SHARE


@external
@view
def excess() -> uint256:
    """
    @notice What the reserve holds above provisions and the insurance target, base units, rounded down; reverts
            when the pool is wiped.
    """
    return self._excess(ledger._accrued())


@external
@view
def reserves() -> uint256:
    """
    @notice What cash and debt exceed lenders' assets by, base units, rounded down.
    """
    return self._reserves(ledger._accrued()) // units.FRACTION


@external
@view
def backstop_haircut() -> uint256:
    """
    @notice The backstop's shares that booking every provision now would burn, rounded up; at most all of them.
    """
    t: ledger.Totals = ledger._accrued()
    unmet: uint256 = self._unmet(t)
    if unmet == 0:
        return 0
    lost: uint256 = (unmet + units.FRACTION - 1) // units.FRACTION
    shares: uint256 = share_math._to_shares_up(lost, t.total_assets, t.total_supply)
    return min(share_token.balanceOf[self.backstop], shares)


# ------------------------------------------------------------------ provisions


@internal
def _set_provision(vault: address, amount: uint256):
    """
    @notice Set the known shortfall of a vault, base units, replacing the earlier one.
    """
    assert credit_lines._is_known(vault), "pool: not a vault"
    t: ledger.Totals = ledger._accrued()
    drawn: uint256 = credit_lines._line(vault)[1]
    part: uint256 = min(amount, share_math._part_to_assets_up(drawn, t.total_debt, t.total_debt_shares))
    total: uint256 = self.provisions - self.provision_of[vault] + part
    self.provision_of[vault] = part
    self.provisions = total
    ledger._store_flag(t, ledger.FLAG_PROVISIONED, total != 0)
    log IPool.ProvisionSet(vault=vault, amount=part, total=total)


@internal
@view
def _unmet(t: ledger.Totals) -> uint256:
    """
    @notice What booking every provision now would take beyond the reserve, 1/65536 base units.
    """
    provisioned: uint256 = self.provisions * units.FRACTION
    return provisioned - min(provisioned, self._reserves(t))


@internal
@view
def _exit_terms(t: ledger.Totals) -> (uint256, uint256):
    """
    @notice The assets and the shares by which exits are priced: the books, or what the waterfall would leave
            of them if every provision were booked now and reserve and backstop could not bear it.
    @dev What exceeds the reserve is compared with the backstop's worth rounded up, so that the price of an exit
         never lies above the normal one.
    @return Assets in 1/65536 base units; shares.
    """
    if t.flags & ledger.FLAG_PROVISIONED == 0:
        return t.total_assets, t.total_supply
    unmet: uint256 = self._unmet(t)
    stake: uint256 = share_token.balanceOf[self.backstop]
    if unmet <= share_math._to_value_up(stake, t.total_assets, t.total_supply):
        return t.total_assets, t.total_supply
    return t.total_assets - min(t.total_assets, unmet), t.total_supply - stake


@internal
@pure
def _is_plain(t: ledger.Totals, assets: uint256, supply: uint256) -> bool:
    """
    @notice Whether exit terms keep back at most 0.1 % of the normal price, which needs no consent.
    """
    exit_price: uint256 = (assets + share_math.VIRTUAL_VALUE) * (t.total_supply + share_math.VIRTUAL_SHARES)
    price: uint256 = (t.total_assets + share_math.VIRTUAL_VALUE) * (supply + share_math.VIRTUAL_SHARES)
    return exit_price * 1_000 >= price * 999


@internal
@pure
def _check_haircut(t: ledger.Totals, assets: uint256, supply: uint256):
    assert self._is_plain(t, assets, supply), "pool: haircut, use exit"


@internal
@view
def _exit_assets(t: ledger.Totals, shares: uint256) -> uint256:
    """
    @notice What a redeemer of `shares` receives, base units, rounded down.
    """
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = self._exit_terms(t)
    return share_math._to_assets_down(shares, value, supply)


@internal
@view
def _exit_shares(t: ledger.Totals, assets: uint256) -> uint256:
    """
    @notice The shares that a withdrawal of `assets` base units burns, rounded up.
    """
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = self._exit_terms(t)
    return share_math._to_shares_up(assets, value, supply)


# ---------------------------------------------------------------------- losses


@internal
def _book_loss(
    totals: ledger.Totals, vault: address, extinguished: uint256, received: uint256, backing: uint256
) -> ledger.Totals:
    """
    @notice The waterfall. The reserve absorbs what of the loss is not in the shortfall; no tokens move. The
            backstop bears as much of the shortfall as its shares are worth, which are burnt at their price;
            the other lenders bear the rest. A vault is charged with what it has lost and no more: its line
            shrinks by that; a shortfall that stood before is nobody's.
    @param totals The books after the debt has been taken off; returned after the loss.
    @param vault The vault that settles; empty when there is none.
    @param extinguished Debt taken off, 1/65536 base units.
    @param received What has been paid for it, 1/65536 base units.
    @param backing Cash and debt, 1/65536 base units.
    """
    t: ledger.Totals = totals
    loss: uint256 = 0  # base units, rounded up, so that rounding never refills the line
    if extinguished > received:
        loss = (extinguished - received + units.FRACTION - 1) // units.FRACTION
    shortfall: uint256 = 0  # base units, rounded down; at most total assets
    if t.total_assets > backing:
        shortfall = (t.total_assets - backing) // units.FRACTION
    if loss == 0 and shortfall == 0:
        return t

    if loss > 0:
        credit_lines._lose(vault, loss)
    own: uint256 = min(shortfall, loss)  # of the vault; the rest of the shortfall stood before
    borne: uint256 = 0  # by the backstop
    if shortfall > 0 and self.backstop != empty(address):
        stake: uint256 = share_token.balanceOf[self.backstop]
        worth: uint256 = share_math._to_assets_down(stake, t.total_assets, t.total_supply)
        borne = min(shortfall, worth)
        burnt: uint256 = stake
        if borne < worth:
            burnt = min(stake, share_math._to_shares_up(borne, t.total_assets, t.total_supply))
        if burnt > 0:
            share_token._burn(self.backstop, burnt)
            t.total_supply -= burnt
    t.total_assets -= shortfall * units.FRACTION
    others: uint256 = shortfall - own
    others_borne: uint256 = min(others, borne)
    if others > 0:
        self._log_loss(empty(address), 0, others_borne, others - others_borne)
    if loss > 0:
        borne -= others_borne
        self._log_loss(vault, loss - own, borne, own - borne)
    return t


@internal
def _log_loss(vault: address, reserves: uint256, backstop: uint256, lenders: uint256):
    log IPool.Loss(vault=vault, reserves=reserves, backstop=backstop, lenders=lenders)


@internal
@pure
def _is_wiped(t: ledger.Totals) -> bool:
    """
    @notice Whether a share is worth less than 0.1 % of par.
    """
    return (t.total_assets // units.FRACTION + 1) * WIPED_RATIO < t.total_supply + share_math.VIRTUAL_SHARES


# --------------------------------------------------------------------- payouts


@internal
def _distribute_excess(limit: uint256, receiver: address) -> uint256:
    """
    @notice See `Pool.distribute_excess`.
    """
    t: ledger.Totals = ledger._accrued()
    amount: uint256 = min(limit, self._excess(t))
    before: uint256 = t.total_assets
    to_backstop: uint256 = amount * BACKSTOP_SHARE // units.WAD
    t = self._give(t, self.backstop, to_backstop)
    t = self._give(t, receiver, amount - to_backstop)
    ledger._store(t)
    return (t.total_assets - before) // units.FRACTION


@internal
def _give(totals: ledger.Totals, taker: address, amount: uint256) -> ledger.Totals:
    """
    @notice Turn `amount` base units of the reserve into new shares for `taker`, at the share price.
    """
    t: ledger.Totals = totals
    if taker == empty(address):
        return t
    shares: uint256 = share_math._to_shares_down(amount, t.total_assets, t.total_supply)
    t.total_assets += amount * units.FRACTION
    t.total_supply += shares
    share_token._mint(taker, shares)
    return t


@internal
@view
def _excess(t: ledger.Totals) -> uint256:
    """
    @notice What the reserve holds above provisions and the insurance target, base units, rounded down. Refuses
            while a loss has all but wiped the lenders: the reserve is for them first.
    """
    assert not self._is_wiped(t), "pool: wiped"
    target: uint256 = max(t.total_assets, t.total_debt) * INSURANCE_TARGET // units.WAD
    kept: uint256 = target + self.provisions * units.FRACTION
    reserves: uint256 = self._reserves(t)
    return (reserves - min(reserves, kept)) // units.FRACTION


@internal
@view
def _reserves(t: ledger.Totals) -> uint256:
    """
    @notice What cash and debt exceed lenders' assets by, 1/65536 base units; 0 when they do not.
    """
    backing: uint256 = cash._backing(cash._balance(), t.total_debt)
    return backing - min(backing, t.total_assets)
