# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Pool
@license AGPL-3.0-only
@notice The hub. Lenders supply one loan asset and hold ERC-4626 shares; vaults draw on credit lines and settle
        what their borrowers repay. The pool accrues interest, makes ERC-3156 flash loans, keeps a reserve and
        carries losses: reserve first, then the backstop, then lenders.
@dev `reserves = cash + total_debt - total_assets`: cash is the asset's balance of this contract, so interest
     not given to lenders, flash fees, liquidation fees and donations are reserve by arriving, and change no
     share price, no debt and no utilisation.

     Provisions are losses that a vault has seen and nobody has booked. While they exceed what reserve and
     backstop can carry, lenders leave at the price that booking them would leave, so that nobody gains by
     leaving first; they enter at the normal price.

     Every function that changes state takes the lock; views that read cash take it as well, views marked
     "reentrant" read storage alone. The pool never calls a vault.
@custom:security A pool trusts its asset, and the vaults that its Factory made, up to their credit limits.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626

from .interfaces import IFactory
from .interfaces import IFlashBorrower
from .interfaces import IPool
from .modules import credit_lines
from .modules import ledger
from .modules import share_token
from .modules import share_math

initializes: ledger
initializes: credit_lines
initializes: share_token[ledger := ledger]

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
    # parameters
    ledger.rates.rate_params,
    ledger.reserve_factor,
    # losses by vault
    credit_lines.losses,
)

WAD: constant(uint256) = 10**18
FRACTION: constant(uint256) = ledger.FRACTION
CASH_TOP: constant(uint256) = 2**94  # more cash than any total can need
WIPED_RATIO: constant(uint256) = 10**6  # 1_000 shares a base unit at par, 0.1 % of it
DECIMALS_OFFSET: constant(uint8) = 3
FLASH_FEE_LIMIT: constant(uint256) = WAD // 100
FLASH_MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

CAP_TOP: constant(uint256) = 2**94 - 1

ASSET: immutable(IERC20)
FLASH_FEE: immutable(uint256)
INSURANCE_TARGET: immutable(uint256)
BACKSTOP_SHARE: immutable(uint256)
FACTORY: immutable(IFactory)

council: public(reentrant(address))  # may set limits, cap and pause; see Council.vy
backstop: public(reentrant(address))  # holder of the shares that carry losses before other lenders; may be empty
supply_cap: public(reentrant(uint256))  # base units of total assets; 0 = none
paused_until: public(reentrant(uint256))  # time until which new supply and new borrowing are stopped; 0 = no pause
provisions: public(reentrant(uint256))  # base units, of all vaults
provision_of: public(reentrant(HashMap[address, uint256]))  # base units, by vault


@deploy
def __init__(params: IPool.PoolParams):
    """
    @notice Deployed by the Factory. Every parameter is checked here and fixed for ever.
    @param params See `IPool.PoolParams`.
    """
    asset_decimals: uint8 = staticcall IERC20Detailed(params.asset).decimals()
    assert asset_decimals >= 6 and asset_decimals <= 18, "pool: asset of 6 to 18 decimals"
    assert params.flash_fee <= FLASH_FEE_LIMIT, "pool: flash fee above 1 %"
    assert params.insurance_target <= WAD, "pool: insurance target above 1"
    assert params.backstop_share <= WAD, "pool: backstop share above 1"
    ASSET = IERC20(params.asset)
    FLASH_FEE = params.flash_fee
    INSURANCE_TARGET = params.insurance_target
    BACKSTOP_SHARE = params.backstop_share
    FACTORY = IFactory(msg.sender)
    ledger.__init__(params.rates, params.reserve_factor)
    share_token.__init__(params.name, params.symbol, asset_decimals + DECIMALS_OFFSET)


# ------------------------------------------------------- the Factory and the council


@external
def initialize(council: address, backstop: address):
    """
    @notice Name the council and the backstop, once. The Factory does so right after deploying them.
    @param backstop May be empty: then there is no junior tranche.
    """
    assert msg.sender == FACTORY.address, "pool: not the factory"
    assert self.council == empty(address), "pool: already initialized"
    assert council != empty(address), "pool: no council"
    self.council = council
    self.backstop = backstop
    log IPool.Initialized(council=council, backstop=backstop)


@external
def open_pool():
    """
    @notice Let lenders in, once and for ever.
    """
    self._only_council()
    assert not self._has(ledger.FLAG_OPEN), "pool: already open"
    self._set_flag(ledger.FLAG_OPEN, True)
    log IPool.Opened()


@external
def set_limit(vault: address, limit: uint256):
    """
    @notice Set the credit limit of a vault of this pool, registering the vault if it is new.
    @param limit Base units; a limit below what is drawn stops drawing only.
    """
    self._only_council()
    pool: address = staticcall FACTORY.pool_of(vault)
    assert pool == self, "pool: not a vault of this pool"
    credit_lines._set_limit(vault, limit)


@external
def set_supply_cap(cap: uint256):
    """
    @notice Refuse deposits that would lift total assets above `cap` base units; 0 removes the cap.
    """
    self._only_council()
    assert cap <= CAP_TOP, "pool: cap too large"
    self._set_flag(ledger.FLAG_CAPPED, cap != 0)
    self.supply_cap = cap
    log IPool.SupplyCapSet(cap=cap)


@external
def set_pause(until: uint256):
    """
    @notice Stop new supply and new borrowing until a time; 0 lifts the pause.
    """
    self._only_council()
    self._set_flag(ledger.FLAG_PAUSED, until != 0)
    self.paused_until = until
    log IPool.PauseSet(until=until)


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
    @notice Pay `assets` base units to `receiver` out of `owner`'s shares.
    @return Shares burnt, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    shares: uint256 = self._exit_shares(t, assets)
    self._leave(t, assets, shares, receiver, owner)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Burn `shares` of `owner` and pay what they are worth to `receiver`.
    @return Base units paid, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    assets: uint256 = self._exit_assets(t, shares)
    self._leave(t, assets, shares, receiver, owner)
    return assets


@external
def exit(shares: uint256, min_assets: uint256, receiver: address, owner: address) -> (uint256, uint256):
    """
    @notice Redeem as much of `shares` as the owner holds and the pool can pay now. Never reverts for lack of
            cash: it then pays less and burns fewer shares, in the extreme none.
    @param shares Largest number of shares to burn; the largest uint means all.
    @param min_assets Revert when less than this would be paid, base units.
    @return Base units paid, rounded down; shares burnt, rounded up.
    """
    t: ledger.Totals = ledger._accrued()
    burnt: uint256 = min(shares, share_token.balanceOf[owner])
    assets: uint256 = self._exit_assets(t, burnt)
    available: uint256 = self._available(t)
    if assets > available:
        assets = available
        burnt = self._exit_shares(t, available)
    assert assets >= min_assets, "pool: too few assets"
    self._leave(t, assets, burnt, receiver, owner)
    return assets, burnt


# ---------------------------------------------------------------------- vaults


@external
def accrue() -> (uint256, uint256):
    """
    @notice Add the interest since the last call. Open to all; never reverts.
    @return Total debt in 1/65536 base units; total debt shares.
    """
    t: ledger.Totals = ledger._accrued()
    ledger._store(t)
    return t.total_debt, t.total_debt_shares


@external
def draw(amount: uint256, receiver: address) -> (uint256, uint256, uint256):
    """
    @notice A vault draws `amount` base units on its credit line; they are sent to `receiver`.
    @return Debt shares, rounded up; total debt in 1/65536 base units and total debt shares afterwards.
    """
    t: ledger.Totals = ledger._accrued()
    assert not self._is_paused(t.flags), "pool: paused"
    shares: uint256 = share_math._to_shares_up(amount, t.total_debt, t.total_debt_shares)
    t.total_debt += share_math._to_value_up(shares, t.total_debt, t.total_debt_shares)
    t.total_debt_shares += shares
    assert t.total_debt <= t.total_assets, "pool: not enough cash"
    limit: uint256 = 0
    drawn: uint256 = 0
    limit, drawn = credit_lines._draw(msg.sender, shares)
    assert share_math._to_assets_up(drawn, t.total_debt, t.total_debt_shares) <= limit, "pool: over the credit limit"
    ledger._store(t)
    self._send(receiver, amount)
    return shares, t.total_debt, t.total_debt_shares


@external
def settle(shares: uint256, paid: uint256) -> uint256:
    """
    @notice A vault extinguishes `shares` of its debt, after `paid` base units for it have reached the pool.
    @dev What the reserve cannot carry is read off the books, never taken from an argument; `paid` only says
         how much of what was extinguished is a loss, for the event and the credit line.
    @param shares Debt shares to extinguish; their debt is rounded down, and all of the total debt goes with
           the last share.
    @param paid Base units.
    @return The pool's cash, base units, by which the vault sees whether a payment arrived in full.
    """
    t: ledger.Totals = ledger._accrued()
    credit_lines._settle(msg.sender, shares)
    extinguished: uint256 = t.total_debt
    if shares != t.total_debt_shares:
        extinguished = share_math._to_value_down(shares, t.total_debt, t.total_debt_shares)
    # shares are part of the total; the value of a part, rounded down, is at most the total
    t.total_debt = unsafe_sub(t.total_debt, extinguished)
    t.total_debt_shares = unsafe_sub(t.total_debt_shares, shares)

    cash: uint256 = self._cash()
    # both terms are below 2**111: the clamps keep an absurd token or argument from stopping `settle`
    backing: uint256 = unsafe_add(unsafe_mul(min(cash, CASH_TOP), FRACTION), t.total_debt)
    received: uint256 = unsafe_mul(min(paid, CASH_TOP), FRACTION)
    if backing < t.total_assets or received < extinguished:
        t = self._book_loss(t, msg.sender, extinguished, received, backing)
    ledger._store(t)
    return cash


@external
def book_shortfall() -> uint256:
    """
    @notice Book a shortfall that no vault made, such as cash seized by the asset's issuer. Open to all.
    @return Base units that the backstop and lenders carried; 0 when the books are covered.
    """
    t: ledger.Totals = ledger._accrued()
    owned: uint256 = t.total_assets
    backing: uint256 = min(self._cash(), CASH_TOP) * FRACTION + t.total_debt
    if backing < owned:
        t = self._book_loss(t, empty(address), 0, 0, backing)
    ledger._store(t)
    return (owned - t.total_assets) // FRACTION


@external
def set_provision(amount: uint256):
    """
    @notice A vault says what it knows its positions to lack, in place of what it said before.
    @param amount Base units; at most what the vault has drawn counts.
    """
    assert credit_lines._is_known(msg.sender), "pool: not a vault"
    t: ledger.Totals = ledger._accrued()
    drawn: uint256 = credit_lines._line(msg.sender)[1]
    part: uint256 = min(amount, share_math._to_assets_up(drawn, t.total_debt, t.total_debt_shares))
    provisions: uint256 = self.provisions - self.provision_of[msg.sender] + part
    self.provision_of[msg.sender] = part
    self.provisions = provisions
    self._store_flag(t, ledger.FLAG_PROVISIONED, provisions != 0)
    log IPool.ProvisionSet(vault=msg.sender, amount=part, total=provisions)


@external
def distribute_excess(limit: uint256, receiver: address) -> uint256:
    """
    @notice Turn what the reserve holds above the insurance target into new shares: a fixed part for the
            backstop, the rest for `receiver`. A part that nobody takes stays in the reserve.
    @param limit Base units to pay out at most.
    @return Base units that left the reserve.
    """
    self._only_council()
    t: ledger.Totals = ledger._accrued()
    amount: uint256 = min(limit, self._excess(t))
    owned: uint256 = t.total_assets
    to_backstop: uint256 = amount * BACKSTOP_SHARE // WAD
    t = self._give(t, self.backstop, to_backstop)
    t = self._give(t, receiver, amount - to_backstop)
    ledger._store(t)
    return (t.total_assets - owned) // FRACTION


# ----------------------------------------------------------------- flash loans


@external
def flashLoan(receiver: address, token: address, amount: uint256, data: Bytes[1024]) -> bool:
    """
    @notice Lend `amount` base units for the length of a call (ERC-3156). The receiver must have approved
            `amount` plus the fee. The pool's lock is held meanwhile, so that nothing can be repaid or
            liquidated in this pool; the callbacks of its vaults do that better. It leaves the books as they
            are, so the asset's own transfers are its whole record: there is no event.
    """
    assert token == ASSET.address, "pool: not the asset"
    fee: uint256 = self._flash_fee(amount)
    cash: uint256 = self._cash()
    self._send(receiver, amount)
    answer: bytes32 = extcall IFlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, fee, data)
    assert answer == FLASH_MAGIC, "pool: bad flash answer"
    if amount + fee > 0:
        success: bool = extcall ASSET.transferFrom(receiver, self, amount + fee, default_return_value=True)
        assert success, "pool: transfer failed"
    assert self._cash() >= cash + fee, "pool: flash loan not repaid"
    return True


@external
@view
def maxFlashLoan(token: address) -> uint256:
    """
    @notice The largest flash loan, base units; 0 for any other token.
    """
    return self._cash() if token == ASSET.address else 0


@external
@view
@reentrant
def flashFee(token: address, amount: uint256) -> uint256:
    """
    @notice The fee of a flash loan of `amount` base units, rounded up.
    """
    assert token == ASSET.address, "pool: not the asset"
    return self._flash_fee(amount)


# -------------------------------------------------------------- ERC-4626 views


@external
@view
@reentrant
def asset() -> address:
    """
    @notice The loan asset.
    """
    return ASSET.address


@external
@view
@reentrant
def totalAssets() -> uint256:
    """
    @notice What lenders own, base units, rounded down, with the interest up to this block.
    """
    return ledger._accrued().total_assets // FRACTION


@external
@view
@reentrant
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares that `assets` base units are worth, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    return share_math._to_shares_down(assets, t.total_assets, t.total_supply)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice Base units that `shares` are worth to who leaves, rounded down.
    """
    return self._exit_assets(ledger._accrued(), shares)


@external
@view
@reentrant
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice Shares that a deposit of `assets` base units gives, rounded down.
    """
    t: ledger.Totals = ledger._accrued()
    return share_math._to_shares_down(assets, t.total_assets, t.total_supply)


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
    return self._exit_shares(ledger._accrued(), assets)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice Base units that redeeming `shares` pays, rounded down.
    """
    return self._exit_assets(ledger._accrued(), shares)


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
    @notice The most that `owner` can withdraw now, base units.
    """
    t: ledger.Totals = ledger._accrued()
    return min(self._exit_assets(t, share_token.balanceOf[owner]), self._available(t))


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most shares that `owner` can redeem now; when not all, short of the exact bound by less than
            what one base unit buys.
    """
    t: ledger.Totals = ledger._accrued()
    owned: uint256 = share_token.balanceOf[owner]
    available: uint256 = self._available(t)
    value: uint256 = 0
    shares: uint256 = 0
    value, shares = self._exit_terms(t)
    if share_math._to_assets_down(owned, value, shares) <= available:
        return owned
    return share_math._to_shares_down(available, value, shares)


# ----------------------------------------------------------------------- views


@external
@view
@reentrant
def is_open() -> bool:
    """
    @notice Whether lenders may come in.
    """
    return self._has(ledger.FLAG_OPEN)


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
def debt_totals() -> (uint256, uint256):
    """
    @notice As `accrue` would return: total debt in 1/65536 base units; total debt shares.
    """
    t: ledger.Totals = ledger._accrued()
    return t.total_debt, t.total_debt_shares


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
    return limit, drawn, share_math._to_assets_up(drawn, t.total_debt, t.total_debt_shares)


@external
@view
def max_draw(vault: address) -> uint256:
    """
    @notice What `vault` may draw now, base units: bound by its line, by lenders' assets not lent and by cash;
            0 while paused. Short of the exact bound by the value of one debt share plus one base unit,
            which rounding may cost.
    """
    t: ledger.Totals = ledger._accrued()
    if self._is_paused(t.flags):
        return 0
    limit: uint256 = 0
    drawn: uint256 = 0
    limit, drawn = credit_lines._line(vault)
    owed: uint256 = share_math._to_assets_up(drawn, t.total_debt, t.total_debt_shares)
    margin: uint256 = share_math._to_assets_up(1, t.total_debt, t.total_debt_shares) + 1
    room: uint256 = min(limit - min(owed, limit), self._available(t))
    return room - min(margin, room)


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
    @notice The rate that borrowers pay at this moment, WAD a second.
    """
    t: ledger.Totals = ledger._accrued()
    return ledger.rates._step(
        ledger._utilisation(t.total_assets, t.total_debt), t.log_rate, 0, t.total_assets // FRACTION
    )[1]


@external
@view
@reentrant
def rate_at_target() -> uint256:
    """
    @notice The rate that borrowers would pay at the target utilisation, WAD a second.
    """
    return ledger.rates._rate_at_target(ledger._accrued().log_rate)


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
    @notice What the reserve holds above the insurance target, base units, rounded down; reverts while
            provisions stand and when the pool is wiped.
    """
    return self._excess(ledger._accrued())


@external
@view
def reserves() -> uint256:
    """
    @notice What cash and debt exceed lenders' assets by, base units, rounded down.
    """
    return self._reserves(ledger._accrued()) // FRACTION


# ------------------------------------------------- internals: council and flags


@internal
@view
def _only_council():
    assert msg.sender == self.council, "pool: not the council"


@internal
@view
def _has(flag: uint256) -> bool:
    return ledger._accrued().flags & flag != 0


@internal
def _set_flag(flag: uint256, on: bool):
    self._store_flag(ledger._accrued(), flag, on)


@internal
def _store_flag(totals: ledger.Totals, flag: uint256, on: bool):
    t: ledger.Totals = totals
    t.flags = t.flags | flag if on else t.flags & ~flag
    ledger._store(t)


@internal
@view
def _is_paused(flags: uint256) -> bool:
    """
    @notice Whether new supply and new borrowing are stopped; reads the time only when the flag is set.
    """
    return flags & ledger.FLAG_PAUSED != 0 and block.timestamp < self.paused_until


# -------------------------------------------------------- internals: in and out


@internal
def _enter(totals: ledger.Totals, assets: uint256, shares: uint256, receiver: address):
    """
    @notice Pull `assets` from the caller, add them to the books, give `shares` to `receiver`.
    """
    t: ledger.Totals = totals
    assert t.flags & ledger.FLAG_OPEN != 0, "pool: not open"
    assert not self._is_paused(t.flags), "pool: paused"
    assert not self._is_wiped(t), "pool: wiped"

    t.total_assets += assets * FRACTION
    t.total_supply += shares
    if t.flags & ledger.FLAG_CAPPED != 0:
        assert t.total_assets <= self.supply_cap * FRACTION, "pool: over the supply cap"
    self._pull(msg.sender, assets)
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
    assert assets * FRACTION + t.total_debt <= t.total_assets or assets == 0, "pool: not enough cash"
    t.total_assets = unsafe_sub(t.total_assets, assets * FRACTION)  # checked above
    ledger._store(t)
    self._send(receiver, assets)
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)


@internal
def _pull(source: address, amount: uint256):
    """
    @notice Pull `amount` base units from `source` and see that they arrived.
    """
    if amount == 0:
        return
    before: uint256 = self._cash()
    success: bool = extcall ASSET.transferFrom(source, self, amount, default_return_value=True)
    assert success, "pool: transfer failed"
    assert self._cash() == before + amount, "pool: amount did not arrive"


@internal
def _send(receiver: address, amount: uint256):
    """
    @notice Send `amount` base units to `receiver`.
    """
    if amount == 0:
        return
    success: bool = extcall ASSET.transfer(receiver, amount, default_return_value=True)
    assert success, "pool: transfer failed"


# ----------------------------------------------------------- internals: exit price


@internal
@view
def _exit_terms(t: ledger.Totals) -> (uint256, uint256):
    """
    @notice The assets and the shares by which exits are priced: the books, or what the waterfall would leave
            of them if every provision were booked now and reserve and backstop could not carry it.
    @dev What the backstop cannot carry is compared with its worth rounded up, so that the price of an exit
         never lies above the normal one.
    @return Assets in 1/65536 base units; shares.
    """
    if t.flags & ledger.FLAG_PROVISIONED == 0:
        return t.total_assets, t.total_supply
    provisions: uint256 = self.provisions * FRACTION
    uncovered: uint256 = provisions - min(provisions, self._reserves(t))
    stake: uint256 = share_token.balanceOf[self.backstop]
    if uncovered <= share_math._to_value_up(stake, t.total_assets, t.total_supply):
        return t.total_assets, t.total_supply
    return t.total_assets - min(t.total_assets, uncovered), t.total_supply - stake


@internal
@view
def _exit_assets(t: ledger.Totals, shares: uint256) -> uint256:
    """
    @notice What `shares` are worth to who leaves, base units, rounded down.
    """
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = self._exit_terms(t)
    return share_math._to_assets_down(shares, value, supply)


@internal
@view
def _exit_shares(t: ledger.Totals, assets: uint256) -> uint256:
    """
    @notice The shares that leaving with `assets` base units costs, rounded up.
    """
    value: uint256 = 0
    supply: uint256 = 0
    value, supply = self._exit_terms(t)
    return share_math._to_shares_up(assets, value, supply)


# --------------------------------------------------- internals: losses and payouts


@internal
@view
def _excess(t: ledger.Totals) -> uint256:
    """
    @notice What the reserve holds above the insurance target, base units, rounded down. Refuses while a loss
            is known or has all but wiped the lenders: the reserve is for them first.
    """
    assert t.flags & ledger.FLAG_PROVISIONED == 0, "pool: provisions stand"
    assert not self._is_wiped(t), "pool: wiped"
    target: uint256 = max(t.total_assets, t.total_debt) * INSURANCE_TARGET // WAD
    reserves: uint256 = self._reserves(t)
    return (reserves - min(reserves, target)) // FRACTION


@internal
def _give(totals: ledger.Totals, taker: address, amount: uint256) -> ledger.Totals:
    """
    @notice Give `amount` base units of the reserve to `taker` as new shares at their price.
    """
    t: ledger.Totals = totals
    if taker == empty(address):
        return t
    shares: uint256 = share_math._to_shares_down(amount, t.total_assets, t.total_supply)
    t.total_assets += amount * FRACTION
    t.total_supply += shares
    share_token._mint(taker, shares)
    return t


@internal
def _book_loss(
    totals: ledger.Totals, vault: address, extinguished: uint256, received: uint256, backing: uint256
) -> ledger.Totals:
    """
    @notice The waterfall. The reserve has carried, by residue, what of the loss is not in the shortfall; the
            backstop carries as much of the shortfall as its shares are worth, which are burnt at their price;
            the other lenders carry the rest. The vault's line shrinks by what it has lost.
    @param totals The books after the debt has been taken off; returned after the loss.
    @param vault The vault that settles; empty when there is none.
    @param extinguished Debt taken off, 1/65536 base units.
    @param received What has been paid for it, 1/65536 base units.
    @param backing Cash and debt, 1/65536 base units.
    """
    t: ledger.Totals = totals
    loss: uint256 = 0  # base units, rounded up, so that no crumb refills the line
    if extinguished > received:
        loss = (extinguished - received + FRACTION - 1) // FRACTION
    shortfall: uint256 = 0  # base units, rounded down; at most total assets
    if t.total_assets > backing:
        shortfall = (t.total_assets - backing) // FRACTION
    if loss == 0 and shortfall == 0:
        return t

    if vault != empty(address):
        credit_lines._lose(vault, max(loss, min(shortfall, extinguished // FRACTION)))
    carried: uint256 = 0
    if shortfall > 0 and self.backstop != empty(address):
        stake: uint256 = share_token.balanceOf[self.backstop]
        worth: uint256 = share_math._to_assets_down(stake, t.total_assets, t.total_supply)
        carried = min(shortfall, worth)
        burnt: uint256 = stake
        if carried < worth:
            burnt = min(stake, share_math._to_shares_up(carried, t.total_assets, t.total_supply))
        if burnt > 0:
            share_token._burn(self.backstop, burnt)
            t.total_supply -= burnt
    t.total_assets -= shortfall * FRACTION
    log IPool.Loss(
        vault=vault,
        reserves=max(loss, shortfall) - shortfall,
        backstop=carried,
        lenders=shortfall - carried,
    )
    return t


# ------------------------------------------------------------- internals: views


@internal
@view
def _cash() -> uint256:
    """
    @notice The asset's balance of this pool, base units.
    """
    return staticcall ASSET.balanceOf(self)


@internal
@view
def _reserves(t: ledger.Totals) -> uint256:
    """
    @notice What cash and debt exceed lenders' assets by, 1/65536 base units.
    """
    backing: uint256 = min(self._cash(), CASH_TOP) * FRACTION + t.total_debt
    return backing - min(backing, t.total_assets)


@internal
@view
def _available(t: ledger.Totals) -> uint256:
    """
    @notice What can be paid out now, base units, rounded down: lenders' assets not lent, and no more than cash.
    """
    return min((t.total_assets - min(t.total_assets, t.total_debt)) // FRACTION, self._cash())


@internal
@pure
def _is_wiped(t: ledger.Totals) -> bool:
    """
    @notice Whether a share is worth less than 0.1 % of par.
    """
    return (t.total_assets // FRACTION + 1) * WIPED_RATIO < t.total_supply + share_math.VIRTUAL_SHARES


@internal
@view
def _max_deposit(t: ledger.Totals) -> uint256:
    """
    @notice The largest deposit, base units: bound by the supply cap and by what the ledger's fields hold.
    """
    if t.flags & ledger.FLAG_OPEN == 0 or self._is_paused(t.flags) or self._is_wiped(t):
        return 0
    room: uint256 = ledger.VALUE_TOP - t.total_assets
    if t.flags & ledger.FLAG_CAPPED != 0:
        cap: uint256 = self.supply_cap * FRACTION
        room = min(room, cap - min(cap, t.total_assets))
    share_room: uint256 = share_math._to_assets_down(
        ledger.COUNT_TOP - t.total_supply, t.total_assets, t.total_supply
    )
    return min(room // FRACTION, share_room)


@internal
@view
def _flash_fee(amount: uint256) -> uint256:
    """
    @notice Base units, rounded up.
    """
    return (amount * FLASH_FEE + WAD - 1) // WAD
