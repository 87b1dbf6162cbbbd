# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Pool
@license AGPL-3.0-only
@notice The hub. Lenders supply one loan asset and hold ERC-4626 shares; vaults draw on credit lines and settle
        what their borrowers repay. The pool accrues interest, makes ERC-3156 flash loans, keeps a reserve and
        bears losses: reserve first, then the backstop, then lenders.
@dev Every function that changes state takes the lock; views that read cash take it as well, views marked
     "reentrant" read storage alone. The pool never calls a vault.
@custom:security A pool trusts its asset, and the vaults that its Factory made, up to their credit limits. The
                 Factory checks the parameters: trust no pool that it did not deploy.
"""

from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626

from .interfaces import IFactory
from .interfaces import IPool
from .modules import cash
from .modules import credit_lines
from .modules import gates
from .modules import ledger
from .modules import lender_views
from .modules import share_math
from .modules import share_token
from .modules import units
from .modules import waterfall

initializes: ledger
initializes: credit_lines
initializes: cash
initializes: share_token[ledger := ledger]
initializes: gates[ledger := ledger]
initializes: waterfall[cash := cash, credit_lines := credit_lines, ledger := ledger, share_token := share_token]
initializes: lender_views[
    cash := cash, gates := gates, ledger := ledger, share_token := share_token, waterfall := waterfall
]

exports: (
    # ERC-20 with EIP-2612 permits
    share_token.name,
    share_token.symbol,
    share_token.decimals,
    share_token.totalSupply,
    share_token.balanceOf,
    share_token.allowance,
    share_token.nonces,
    share_token.transfer,
    share_token.transferFrom,
    share_token.approve,
    share_token.permit,
    share_token.DOMAIN_SEPARATOR,
    # ERC-4626: the views
    cash.asset,
    lender_views.totalAssets,
    lender_views.convertToShares,
    lender_views.convertToAssets,
    lender_views.previewDeposit,
    lender_views.previewMint,
    lender_views.previewWithdraw,
    lender_views.previewRedeem,
    lender_views.maxDeposit,
    lender_views.maxMint,
    lender_views.maxWithdraw,
    lender_views.maxRedeem,
    # ERC-3156
    cash.flashLoan,
    cash.maxFlashLoan,
    cash.flashFee,
    # the council's gates
    gates.council,
    gates.open_pool,
    gates.is_open,
    gates.set_supply_cap,
    gates.supply_cap,
    gates.set_pause,
    gates.paused_until,
    # reserve, backstop, losses
    waterfall.insurance_target,
    waterfall.backstop_share,
    waterfall.backstop,
    waterfall.provisions,
    waterfall.provision_of,
    waterfall.excess,
    waterfall.backstop_haircut,
    waterfall.reserves,
    credit_lines.pace,
    credit_lines.losses,
    # interest
    ledger.rates.rate_params,
    ledger.reserve_factor,
)

DECIMALS_OFFSET: constant(uint8) = 3

FACTORY: immutable(IFactory)


@deploy
def __init__(params: IPool.PoolParams):
    """
    @notice Deployed by the Factory, which has checked the parameters; all are immutable.
    @param params See `IPool.PoolParams`.
    """
    FACTORY = IFactory(msg.sender)
    cash.__init__(params.asset, params.flash_fee)
    credit_lines.__init__(params.draw_burst, params.draw_refill)
    ledger.__init__(params.rates, params.reserve_factor)
    waterfall.__init__(params.insurance_target, params.backstop_share)
    decimals: uint8 = staticcall IERC20Detailed(params.asset).decimals()
    share_token.__init__(params.name, params.symbol, decimals + DECIMALS_OFFSET)


# ------------------------------------------------------- the Factory and the council


@external
def initialize(council: address, backstop: address):
    """
    @notice Name the council and the backstop, once. Called by the Factory right after deployment.
    @param backstop Empty = no junior tranche.
    """
    assert msg.sender == FACTORY.address, "pool: not the factory"
    assert gates.council == empty(address), "pool: already initialized"
    gates.council = council
    waterfall.backstop = backstop
    log IPool.Initialized(council=council, backstop=backstop)


@external
def set_limit(vault: address, limit: uint256):
    """
    @notice Set the credit limit of a vault of this pool, registering the vault if it is new.
    @param limit Base units; a limit below what is drawn stops drawing only.
    """
    gates._only_council()
    pool: address = staticcall FACTORY.pool_of(vault)
    assert pool == self, "pool: not a vault of this pool"
    credit_lines._set_limit(vault, limit, ledger._accrued().flags & ledger.FLAG_OPEN != 0)


@external
def distribute_excess(limit: uint256, receiver: address) -> uint256:
    """
    @notice Turn what the reserve holds above the insurance target into new shares: a fixed part for the
            backstop, the rest for `receiver`. A part without a recipient stays in the reserve.
    @param limit Base units to pay out at most.
    @return Base units that left the reserve.
    """
    gates._only_council()
    return waterfall._distribute_excess(limit, receiver)


# --------------------------------------------------------------------- lenders


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Supply `assets` base units; `receiver` gets the shares.
    @return Shares, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    shares: uint256 = share_math._to_shares_down(assets, t.total_assets, t.total_supply)
    assert shares > 0 or assets == 0, "pool: less than a share"
    self._enter(t, assets, shares, receiver)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice Supply what `shares` cost; `receiver` gets them.
    @return Base units paid, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    assets: uint256 = share_math._to_assets_up(shares, t.total_assets, t.total_supply)
    self._enter(t, assets, shares, receiver)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Pay `assets` base units to `receiver` out of `owner`'s shares. Refused while provisions keep back
            more than 0.1 % of the price: `exit` pays then, at a price that the caller bounds.
    @return Shares burnt, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = waterfall._exit_terms(t)
    shares: uint256 = share_math._to_shares_up(assets, value, supply)
    if value != t.total_assets and shares > 0:
        waterfall._check_haircut(t, value, supply)
    self._leave(t, assets, shares, receiver, owner)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Burn `shares` of `owner` and pay what they are worth to `receiver`. Refused as `withdraw` is.
    @return Base units paid, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = waterfall._exit_terms(t)
    if value != t.total_assets and shares > 0:
        waterfall._check_haircut(t, value, supply)
    assets: uint256 = share_math._to_assets_down(shares, value, supply)
    self._leave(t, assets, shares, receiver, owner)
    return assets


@external
def exit(shares: uint256, min_assets: uint256, receiver: address, owner: address) -> (uint256, uint256):
    """
    @notice Redeem as much of `shares` as the owner holds and the pool can pay now. Never reverts for lack of
            cash: it then pays less and burns fewer shares, possibly zero. Pays whatever provisions keep back.
    @param shares Largest number of shares to burn; the largest uint means all.
    @param min_assets Revert when less than this would be paid, base units.
    @return Base units paid, rounded down; shares burnt, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    burnt: uint256 = min(shares, share_token.balanceOf[owner])
    assets: uint256 = waterfall._exit_assets(t, burnt)
    available: uint256 = cash._available(t)
    if assets > available:
        assets = available
        burnt = waterfall._exit_shares(t, available)
    assert assets >= min_assets, "pool: too few assets"
    self._leave(t, assets, burnt, receiver, owner)
    return assets, burnt


# ---------------------------------------------------------------------- vaults


@external
def accrue() -> IPool.DebtTotals:
    """
    @notice Add the interest since the last call. Open to all; reverts only while the lock is taken.
    @return The debt totals, with it.
    """
    t: ledger.Totals = ledger._accrued()
    ledger._store(t)
    return IPool.DebtTotals(debt=t.total_debt, shares=t.total_debt_shares)


@external
def draw(amount: uint256, receiver: address) -> (uint256, IPool.DebtTotals):
    """
    @notice A vault draws `amount` base units on its credit line; they are sent to `receiver`.
    @return Debt shares, rounded up; the debt totals afterwards.
    """
    t: ledger.Totals = ledger._accrued()
    assert not gates._is_paused(t.flags), "pool: paused"
    shares: uint256 = share_math._to_shares_up(amount, t.total_debt, t.total_debt_shares)
    t.total_debt += share_math._to_value_up(shares, t.total_debt, t.total_debt_shares)
    t.total_debt_shares += shares
    assert t.total_debt <= t.total_assets, "pool: not enough cash"
    credit_lines._draw(msg.sender, amount, shares, t.total_debt, t.total_debt_shares)
    ledger._store(t)
    cash._send(receiver, amount)
    return shares, IPool.DebtTotals(debt=t.total_debt, shares=t.total_debt_shares)


@external
def settle(shares: uint256, paid: uint256) -> uint256:
    """
    @notice A vault extinguishes `shares` of its debt, after `paid` base units for it have reached the pool.
    @dev What the reserve cannot absorb is read off the books, never taken from an argument; `paid` only says
         how much of what was extinguished is a loss, for the event and the credit line.
    @param shares Debt shares to extinguish; their debt is rounded down; the last share extinguishes all
           of the total debt.
    @param paid Base units.
    @return The pool's cash, base units, by which the vault checks that a payment arrived in full.
    """
    t: ledger.Totals = ledger._accrued()
    counted: uint256 = min(paid, cash.CASH_TOP)  # no absurd argument can stop a settlement
    credit_lines._settle(msg.sender, shares, counted)
    extinguished: uint256 = t.total_debt
    if shares != t.total_debt_shares:
        extinguished = share_math._part_to_value_down(shares, t.total_debt, t.total_debt_shares)
    # shares are part of the total; the value of a part, rounded down, is at most the total
    t.total_debt = unsafe_sub(t.total_debt, extinguished)
    t.total_debt_shares = unsafe_sub(t.total_debt_shares, shares)

    balance: uint256 = staticcall cash.ASSET.balanceOf(self)  # `cash._balance`, without the jump
    backing: uint256 = cash._backing(balance, t.total_debt)
    received: uint256 = unsafe_mul(counted, units.FRACTION)
    if backing < t.total_assets or received < extinguished:
        t = waterfall._book_loss(t, msg.sender, extinguished, received, backing)
    ledger._store(t)
    return balance


@external
def set_provision(amount: uint256):
    """
    @notice A vault reports the total known shortfall of its positions, in place of what it reported before.
    @param amount Base units; at most what the vault has drawn counts.
    """
    waterfall._set_provision(msg.sender, amount)


@external
def book_shortfall() -> uint256:
    """
    @notice Book a shortfall that no vault made, such as cash seized by the asset's issuer. Open to all.
    @return Base units that the backstop and lenders bore; 0 when the books are covered.
    """
    t: ledger.Totals = ledger._accrued()
    owned: uint256 = t.total_assets
    backing: uint256 = cash._backing(cash._balance(), t.total_debt)
    if backing < owned:
        t = waterfall._book_loss(t, empty(address), 0, 0, backing)
    ledger._store(t)
    return (owned - t.total_assets) // units.FRACTION


# ----------------------------------------------------------------------- views


@external
@view
@reentrant
def totals() -> ledger.Totals:
    """
    @notice The books as of this block: amounts in 1/65536 base units, shares, `log_rate`, flags.
    """
    return ledger._accrued()


@external
@view
@reentrant
def debt_totals() -> IPool.DebtTotals:
    """
    @notice As `accrue` would return.
    """
    t: ledger.Totals = ledger._accrued()
    return IPool.DebtTotals(debt=t.total_debt, shares=t.total_debt_shares)


@external
@view
@reentrant
def credit_line(vault: address) -> (uint256, uint256, uint256):
    """
    @return The limit in base units; the debt shares drawn; what they owe in base units, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    limit: uint256 = 0
    drawn: uint256 = 0
    limit, drawn = credit_lines._line(vault)
    return limit, drawn, share_math._part_to_assets_up(drawn, t.total_debt, t.total_debt_shares)


@external
@view
def max_draw(vault: address) -> uint256:
    """
    @notice What `vault` may draw now, base units: bound by its line and the pace, by lenders' assets not lent and
            by cash; 0 while paused. Below the exact maximum by at most the value of one debt share plus one base unit,
            which rounding may cost.
    """
    t: ledger.Totals = ledger._accrued()
    if gates._is_paused(t.flags):
        return 0
    limit: uint256 = 0
    drawn: uint256 = 0
    limit, drawn = credit_lines._line(vault)
    owed: uint256 = share_math._part_to_assets_up(drawn, t.total_debt, t.total_debt_shares)
    margin: uint256 = share_math._to_assets_up(1, t.total_debt, t.total_debt_shares) + 1
    room: uint256 = min(limit - min(owed, limit), cash._available(t))
    return min(room - min(margin, room), credit_lines._at_once(vault))


@external
@view
@reentrant
def utilisation() -> uint256:
    """
    @notice Debt over lenders' assets, WAD, rounded down, at most 1.
    """
    t: ledger.Totals = ledger._accrued()
    return ledger._utilisation(t.total_assets, t.total_debt)


@external
@view
@reentrant
def borrow_rate() -> uint256:
    """
    @notice The current borrow rate, WAD per second.
    """
    t: ledger.Totals = ledger._accrued()
    return ledger.rates._step(
        ledger._utilisation(t.total_assets, t.total_debt), t.log_rate, 0, t.total_assets // units.FRACTION
    )[1]


@external
@view
@reentrant
def rate_at_target() -> uint256:
    """
    @notice The rate that borrowers would pay at the target utilisation, WAD per second.
    """
    return ledger.rates._rate_at_target(ledger._accrued().log_rate)


# ------------------------------------------------------------------- internals


@internal
def _enter(totals: ledger.Totals, assets: uint256, shares: uint256, receiver: address):
    """
    @notice Pull `assets` from the caller, add them to the books, give `shares` to `receiver`.
    """
    t: ledger.Totals = totals
    assert not waterfall._is_wiped(t), "pool: wiped"
    t.total_assets += assets * units.FRACTION
    t.total_supply += shares
    gates._check_entry(t.flags, t.total_assets)
    cash._pull(msg.sender, assets)
    ledger._store(t)
    share_token._mint(receiver, shares)
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)


@internal
def _leave(totals: ledger.Totals, assets: uint256, shares: uint256, receiver: address, owner: address):
    """
    @notice Burn `shares` of `owner`, take `assets` off the books and send them to `receiver`.
    """
    t: ledger.Totals = totals
    if msg.sender != owner:
        share_token._spend_allowance(owner, shares)
    share_token._burn(owner, shares)
    t.total_supply = unsafe_sub(t.total_supply, shares)  # the owner's shares are part of the supply
    # what stays covers the debt, so that borrowers never hold what lenders have been paid
    value: uint256 = assets * units.FRACTION
    assert value + t.total_debt <= t.total_assets or assets == 0, "pool: not enough cash"
    t.total_assets = unsafe_sub(t.total_assets, value)  # checked above
    ledger._store(t)
    cash._send(receiver, assets)
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)
