# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Vault
@license AGPL-3.0-only
@notice A spoke. Borrowers lock one collateral token and draw on the pool's credit line; collateral ratios are
        checked on every step; anyone may close an unhealthy position, partly or fully, for a bonus.
@dev Every pull is from the caller, never from an owner; callbacks go to the caller, only when it passed data.
     In everything that pays the pool the order of calls is: position storage; collateral out; callback; balance
     read; pull; balance check; `settle`. Until `settle` the pool still counts the debt, so its books are true in
     every callback.

     The largest uint as an amount means "as much as is allowed"; any other amount is exact, except that a
     repayment is capped at the debt, so that a stranger's 1-wei repayment cannot make it fail.
@custom:security The oracle and the collateral are trusted; what they can cost the pool is bounded by the credit
                 limit. The vault's lock is held in every callback.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from .interfaces import ICallbacks
from .interfaces import IOracle
from .interfaces import IPool
from .interfaces import IVault
from .modules import liquidation
from .modules import margin
from .modules import operators
from .modules import position
from .modules import risk_params
from .modules import share_math

initializes: liquidation
initializes: operators

exports: (
    liquidation.risk,
    operators.set_operator,
    operators.set_operator_by_signature,
    operators.rights_of,
    operators.nonces,
    operators.DOMAIN_SEPARATOR,
)

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
COLLATERAL_DECIMALS_TOP: constant(uint8) = 27
MAX_ORDERS: constant(uint256) = 256

# an order of a batch: bits 0..159 owner, 160..255 limit in loan base units, 2**96 - 1 = no limit
OWNER_MASK: constant(uint256) = 2**160 - 1

POOL: immutable(IPool)
LOAN: immutable(IERC20)
COLLATERAL: immutable(IERC20)
ORACLE: immutable(IOracle)

positions: public(reentrant(HashMap[address, uint256]))  # packed, see `position`
provision_of: public(reentrant(HashMap[address, uint256]))  # base units of the loan asset that a position lacks
provisions: public(reentrant(uint256))  # their sum


@deploy
def __init__(pool: address, collateral: address, oracle: address, risk: IVault.RiskParams):
    """
    @notice Deployed by the Factory. Every parameter is checked here and fixed for ever.
    @param pool The pool to draw from; its asset is the loan asset.
    @param oracle Price of `collateral` in the loan asset, see `IOracle`.
    @param risk See `IVault.RiskParams`.
    """
    loan: address = staticcall IPool(pool).asset()
    assert collateral != loan, "vault: collateral is the loan"
    assert collateral != pool, "vault: collateral is the pool"
    decimals: uint8 = staticcall IERC20Detailed(collateral).decimals()
    assert decimals <= COLLATERAL_DECIMALS_TOP, "vault: above 27 decimals"
    risk_params._check(risk)
    price: uint256 = staticcall IOracle(oracle).price()
    safe_price: uint256 = staticcall IOracle(oracle).safe_price()
    risk_params._check_price(price, safe_price, risk.min_debt)

    POOL = IPool(pool)
    LOAN = IERC20(loan)
    COLLATERAL = IERC20(collateral)
    ORACLE = IOracle(oracle)
    liquidation.__init__(risk)
    operators.__init__()


# ------------------------------------------------------------------- collateral


@external
def deposit(amount: uint256, owner: address = msg.sender):
    """
    @notice Lock `amount` base units of the caller's collateral in `owner`'s position. Open to all.
    """
    assert owner != empty(address), "vault: zero owner"
    self.positions[owner] = position._add_collateral(self.positions[owner], amount)
    self._pull_collateral(amount)
    log IVault.Deposit(owner=owner, amount=amount)


@external
def withdraw(amount: uint256, receiver: address = msg.sender, owner: address = msg.sender) -> uint256:
    """
    @notice Release collateral. Without debt neither oracle nor pool is asked.
    @param amount Base units; the largest uint means all that health allows.
    @return Base units sent.
    """
    operators._authorise(owner, operators.RIGHT_WITHDRAW)
    word: uint256 = self.positions[owner]
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)

    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    if debt_shares > 0:
        total_debt, total_debt_shares = staticcall POOL.debt_totals()
    sent: uint256 = amount
    if amount == max_value(uint256):
        sent = self._max_withdraw(collateral, debt_shares, total_debt, total_debt_shares)
    assert sent <= collateral, "vault: not enough collateral"

    self.positions[owner] = position._reduce(word, sent, 0)
    if debt_shares > 0 and sent > 0:
        self._check_collateralised(
            unsafe_sub(collateral, sent),  # sent <= collateral
            share_math._to_assets_up(debt_shares, total_debt, total_debt_shares),
        )
    self._send_collateral(receiver, sent)
    log IVault.Withdraw(owner=owner, receiver=receiver, amount=sent)
    return sent


# ------------------------------------------------------------------------- debt


@external
def borrow(amount: uint256, receiver: address = msg.sender, owner: address = msg.sender) -> uint256:
    """
    @notice Draw on the pool's credit line against `owner`'s collateral.
    @param amount Base units of the loan asset; the largest uint means all that health, line and cash allow.
    @return Base units sent.
    """
    operators._authorise(owner, operators.RIGHT_BORROW)
    self._check_receiver(receiver)
    word: uint256 = self.positions[owner]
    sent: uint256 = amount
    if amount == max_value(uint256):
        sent = self._max_borrow(word)

    shares: uint256 = 0
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    if sent > 0:
        shares, total_debt, total_debt_shares = extcall POOL.draw(sent, receiver)
    word = position._add_debt(word, shares)
    self.positions[owner] = word
    self._check_borrowed(word, shares, total_debt, total_debt_shares)
    log IVault.Borrow(owner=owner, receiver=receiver, amount=sent, shares=shares)
    return sent


@external
def repay(amount: uint256, owner: address = msg.sender) -> uint256:
    """
    @notice Repay debt of `owner` with the caller's loan asset. Open to all; needs no oracle.
    @param amount Base units, capped at the debt; the largest uint means all.
    @return Base units paid.
    """
    word: uint256 = self.positions[owner]
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = extcall POOL.accrue()
    paid: uint256 = 0
    shares: uint256 = 0
    paid, shares = self._repayment(word, amount, total_debt, total_debt_shares)
    rest: uint256 = position._reduce(word, 0, shares)
    if word >= position.PROVISIONED:
        rest = self._cap_provision(owner, rest, total_debt, total_debt_shares)
    self.positions[owner] = rest
    self._pay_pool(paid, shares, paid)
    if word >= position.PROVISIONED:
        self._report_provisions()
    log IVault.Repay(owner=owner, amount=paid, shares=shares)
    return paid


# --------------------------------------------------------------------- combined


@external
def open(
    collateral: uint256,
    debt: uint256,
    receiver: address = msg.sender,
    owner: address = msg.sender,
    data: Bytes[1024] = b"",
) -> uint256:
    """
    @notice Deposit and borrow in one call. With data the loan is sent first, then `on_open` is called on the
            caller, then the collateral is pulled, then health is checked: leverage without a flash loan.
    @param collateral Base units to lock.
    @param debt Base units of the loan asset; the largest uint means all that health, line and cash allow.
    @return Base units of the loan asset sent.
    """
    operators._authorise(owner, operators.RIGHT_BORROW)
    self._check_receiver(receiver)
    word: uint256 = self.positions[owner]
    opened: uint256 = position._add_collateral(word, collateral)
    sent: uint256 = debt
    if debt == max_value(uint256):
        sent = self._max_borrow(opened)

    shares: uint256 = 0
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    if sent > 0:  # a pause or a full pool does not stop locking collateral
        shares, total_debt, total_debt_shares = extcall POOL.draw(sent, receiver)
    self.positions[owner] = position._add_debt(word, shares)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_open(collateral, sent, data)
        # other vaults may have settled meanwhile, which raises the debt of a share by its rounding
        total_debt, total_debt_shares = staticcall POOL.debt_totals()
    self._pull_collateral(collateral)
    opened = position._add_debt(opened, shares)
    self.positions[owner] = opened
    self._check_borrowed(opened, shares, total_debt, total_debt_shares)
    log IVault.Deposit(owner=owner, amount=collateral)
    log IVault.Borrow(owner=owner, receiver=receiver, amount=sent, shares=shares)
    return sent


@external
def close(
    repayment: uint256,
    withdrawal: uint256,
    receiver: address = msg.sender,
    owner: address = msg.sender,
    data: Bytes[1024] = b"",
) -> (uint256, uint256):
    """
    @notice Repay and withdraw in one call. With data the collateral is sent first, then `on_close` is called on
            the caller, then the repayment is pulled, then health is checked.
    @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    @param withdrawal Base units of collateral; the largest uint means all that health then allows.
    @return Base units repaid; base units of collateral sent.
    """
    if withdrawal > 0:
        operators._authorise(owner, operators.RIGHT_WITHDRAW)
    word: uint256 = self.positions[owner]
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = extcall POOL.accrue()
    paid: uint256 = 0
    shares: uint256 = 0
    paid, shares = self._repayment(word, repayment, total_debt, total_debt_shares)
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(position._reduce(word, 0, shares))
    sent: uint256 = withdrawal
    if withdrawal == max_value(uint256):
        sent = self._max_withdraw(collateral, debt_shares, total_debt, total_debt_shares)
    assert sent <= collateral, "vault: not enough collateral"

    rest: uint256 = position._reduce(word, sent, shares)
    if word >= position.PROVISIONED:
        rest = self._cap_provision(owner, rest, total_debt, total_debt_shares)
    self.positions[owner] = rest
    self._send_collateral(receiver, sent)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_close(paid, sent, data)
    self._pay_pool(paid, shares, paid)
    if word >= position.PROVISIONED:
        self._report_provisions()
    if debt_shares > 0 and sent > 0:
        total_debt, total_debt_shares = staticcall POOL.debt_totals()
        self._check_collateralised(
            unsafe_sub(collateral, sent),  # sent <= collateral
            share_math._to_assets_up(debt_shares, total_debt, total_debt_shares),
        )
    log IVault.Repay(owner=owner, amount=paid, shares=shares)
    log IVault.Withdraw(owner=owner, receiver=receiver, amount=sent)
    return paid, sent


# ------------------------------------------------------------------ liquidation


@external
def liquidate(
    owner: address,
    max_repay: uint256,
    min_rate: uint256 = 0,
    receiver: address = msg.sender,
    data: Bytes[1024] = b"",
) -> (uint256, uint256, uint256):
    """
    @notice Close an unhealthy position, as far as `max_repay` and the rules allow.
    @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    @param min_rate Least collateral for what is paid with the fee, base units a base unit scaled 1e36; 0 = any.
    @param receiver Gets the collateral.
    @param data When not empty, `on_liquidation` is called on the caller before it has to pay.
    @return Base units paid for the debt; base units of fee on top; base units of collateral seized.
    """
    price: uint256 = self._price()
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = extcall POOL.accrue()
    word: uint256 = self.positions[owner]
    quote: IVault.Quote = liquidation._quote(
        liquidation.RISK, word, price, total_debt, total_debt_shares, max_repay
    )
    assert quote.liquidatable, "vault: healthy"
    assert quote.shares > 0, "vault: nothing can be closed"
    rest: uint256 = position._reduce(word, quote.seized, quote.shares)
    if word >= position.PROVISIONED:
        rest = self._set_provision(owner, rest, liquidation._shortfall(rest, price, total_debt, total_debt_shares))
    self.positions[owner] = rest
    self._log_liquidation(owner, quote)
    self._log_call(price, total_debt, total_debt_shares)
    self._hand_over(quote.seized, quote.paid + quote.fee, min_rate, receiver)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_liquidation(quote.paid, quote.fee, quote.seized, data)
    self._pay_pool(quote.paid + quote.fee, quote.shares, quote.paid)
    if word >= position.PROVISIONED:
        self._report_provisions()
    return quote.paid, quote.fee, quote.seized


@external
def liquidate_batch(
    orders: DynArray[uint256, MAX_ORDERS],
    min_rate: uint256 = 0,
    receiver: address = msg.sender,
    data: Bytes[1024] = b"",
) -> (uint256, uint256, uint256, uint256):
    """
    @notice Close many positions with one oracle read, one payment and one collateral transfer. Orders that
            cannot execute are skipped; if none executes the call reverts. Every order is computed with the
            debt totals as they stood at the start; a repeated owner's later orders see the earlier ones.
    @param orders One word each: bits 0..159 the owner, bits 160..255 the limit as `max_repay` of `liquidate`,
           2**96 - 1 = none.
    @param min_rate As for `liquidate`, over the whole batch.
    @return Sums of base units paid, of fee and of collateral seized; bit i says that order i was executed.
    """
    price: uint256 = self._price()
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = extcall POOL.accrue()
    shares: uint256 = 0
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256 = 0
    executed: uint256 = 0
    provisioned: bool = False
    bit: uint256 = 1
    for order: uint256 in orders:
        owner: address = convert(order & OWNER_MASK, address)
        word: uint256 = self.positions[owner]
        quote: IVault.Quote = liquidation._quote(
            liquidation.RISK, word, price, total_debt, total_debt_shares, order >> 160
        )
        if quote.shares > 0:
            rest: uint256 = position._reduce(word, quote.seized, quote.shares)
            if word >= position.PROVISIONED:
                rest = self._set_provision(owner, rest, liquidation._shortfall(rest, price, total_debt, total_debt_shares))
                provisioned = True
            self.positions[owner] = rest
            self._log_liquidation(owner, quote)
            # at most 256 terms below 2**128 each
            shares = unsafe_add(shares, quote.shares)
            paid = unsafe_add(paid, quote.paid)
            fee = unsafe_add(fee, quote.fee)
            seized = unsafe_add(seized, quote.seized)
            executed |= bit
        bit <<= 1
    assert executed != 0, "vault: no order can execute"
    self._log_call(price, total_debt, total_debt_shares)
    self._hand_over(seized, paid + fee, min_rate, receiver)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_liquidation(paid, fee, seized, data)
    self._pay_pool(paid + fee, shares, paid)
    if provisioned:
        self._report_provisions()
    return paid, fee, seized, executed


@external
def poke(owner: address) -> uint256:
    """
    @notice Let the pool know what `owner`'s position lacks at the oracle's price, or lacks no longer: debt less
            the price of the whole position when it is in shortfall, else nothing. Open to all.
    @return The position's provision, base units of the loan asset.
    """
    price: uint256 = self._price()
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = extcall POOL.accrue()
    word: uint256 = self.positions[owner]
    shortfall: uint256 = liquidation._shortfall(word, price, total_debt, total_debt_shares)
    self.positions[owner] = self._set_provision(owner, word, shortfall)
    self._report_provisions()
    return shortfall


@external
@view
def preview_liquidate(owner: address, max_repay: uint256) -> IVault.Quote:
    """
    @notice What `liquidate` would do in this block, to the wei; `shares` = 0 when it would revert.
    """
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = staticcall POOL.debt_totals()
    return liquidation._quote(
        liquidation.RISK, self.positions[owner], self._price(), total_debt, total_debt_shares, max_repay
    )


@external
@view
def preview_liquidate_batch(orders: DynArray[uint256, MAX_ORDERS]) -> (uint256, uint256, uint256, uint256):
    """
    @notice What `liquidate_batch` would return in this block, to the wei; zeros when it would revert.
    @dev A repeated owner is looked up among the earlier orders: cost grows with the square of their number.
    """
    price: uint256 = self._price()
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = staticcall POOL.debt_totals()
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256 = 0
    executed: uint256 = 0
    after: DynArray[uint256, MAX_ORDERS] = []  # the position that each order leaves
    for i: uint256 in range(len(orders), bound=MAX_ORDERS):
        owner: uint256 = orders[i] & OWNER_MASK
        word: uint256 = self.positions[convert(owner, address)]
        for j: uint256 in range(i, bound=MAX_ORDERS):
            if orders[j] & OWNER_MASK == owner:
                word = after[j]
        quote: IVault.Quote = liquidation._quote(
            liquidation.RISK, word, price, total_debt, total_debt_shares, orders[i] >> 160
        )
        after.append(position._reduce(word, quote.seized, quote.shares))
        if quote.shares > 0:
            paid += quote.paid
            fee += quote.fee
            seized += quote.seized
            executed |= 1 << i
    return paid, fee, seized, executed


# ------------------------------------------------------------------------ views


@external
@view
@reentrant
def pool() -> address:
    """
    @notice The pool that the vault draws from.
    """
    return POOL.address


@external
@view
@reentrant
def loan_asset() -> address:
    """
    @notice The token that is borrowed.
    """
    return LOAN.address


@external
@view
@reentrant
def collateral_asset() -> address:
    """
    @notice The token that is locked.
    """
    return COLLATERAL.address


@external
@view
@reentrant
def oracle() -> address:
    """
    @notice The price source, see `IOracle`.
    """
    return ORACLE.address


@external
@view
@reentrant
def position_of(owner: address) -> (uint256, uint256):
    """
    @return Collateral in base units; debt shares.
    """
    return position._unpack(self.positions[owner])


@external
@view
@reentrant
def debt_of(owner: address) -> uint256:
    """
    @notice Debt with interest up to this block, base units, rounded up.
    """
    return self._debt(self.positions[owner])


@external
@view
def health(owner: address) -> uint256:
    """
    @notice Health factor at the oracle's price, WAD, rounded down; the largest uint without debt. Whether a
            position is liquidatable is decided on integers, see `preview_liquidate`.
    """
    word: uint256 = self.positions[owner]
    debt: uint256 = self._debt(word)
    if debt == 0:
        return max_value(uint256)
    worth: uint256 = liquidation._value_down(position._unpack(word)[0], self._price())
    return worth * liquidation.RISK.threshold // debt


@external
@view
@reentrant
def margin_terms(owner: address) -> IVault.MarginTerms:
    """
    @notice The position in the terms of an exchange. Prices are exact: one less and it is liquidatable, or its
            collateral no longer covers its debt. The largest uint for a debt without collateral.
    """
    word: uint256 = self.positions[owner]
    debt: uint256 = self._debt(word)
    collateral: uint256 = position._unpack(word)[0]
    return margin._margin_terms(liquidation.RISK, collateral, debt)


@external
@view
def max_borrow(owner: address) -> uint256:
    """
    @notice What `borrow` would send for the largest uint, base units: bound by health at the safe price, line
            and cash; short of the exact bound by the value of one debt share plus one base unit.
    """
    return self._max_borrow(self.positions[owner])


@external
@view
def max_withdraw(owner: address) -> uint256:
    """
    @notice What `withdraw` would send for the largest uint, base units: bound by health at the safe price, one
            base unit of debt to spare.
    """
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(self.positions[owner])
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = staticcall POOL.debt_totals()
    return self._max_withdraw(collateral, debt_shares, total_debt, total_debt_shares)


# ------------------------------------------------------------- internals: checks


@internal
@view
def _check_receiver(receiver: address):
    assert receiver != self and receiver != empty(address), "vault: bad receiver"


@internal
@view
def _check_collateralised(collateral: uint256, debt: uint256):
    """
    @notice Refuse a debt, in base units, above what `collateral` allows at the oracle's safe price.
    """
    value: uint256 = liquidation._value_down(collateral, staticcall ORACLE.safe_price())
    # value < 2**137 and debt < 2**95, ratios and WAD < 2**60
    assert unsafe_mul(value, liquidation.RISK.ltv) >= unsafe_mul(debt, WAD), "vault: above the loan-to-value"


@internal
@view
def _check_borrowed(word: uint256, shares: uint256, total_debt: uint256, total_debt_shares: uint256):
    """
    @notice Check a position that has just drawn `shares`; nothing to check when it drew none.
    """
    if shares == 0:
        return
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    debt: uint256 = share_math._to_assets_up(debt_shares, total_debt, total_debt_shares)
    assert debt >= liquidation.RISK.min_debt, "vault: below the minimum debt"
    self._check_collateralised(collateral, debt)


# ----------------------------------------------------------- internals: payments


@internal
@pure
def _repayment(
    word: uint256, amount: uint256, total_debt: uint256, total_debt_shares: uint256
) -> (uint256, uint256):
    """
    @notice Cap `amount` at the position's debt.
    @return Base units to pay; debt shares that they extinguish, rounded down, all when the debt is paid.
    """
    debt_shares: uint256 = position._unpack(word)[1]
    debt: uint256 = share_math._to_assets_up(debt_shares, total_debt, total_debt_shares)
    if amount >= debt:
        return debt, debt_shares
    shares: uint256 = share_math._to_shares_down(amount, total_debt, total_debt_shares)
    assert shares > 0 or amount == 0, "vault: less than a debt share"
    return amount, shares


@internal
def _pay_pool(amount: uint256, shares: uint256, paid: uint256):
    """
    @notice Pull `amount` base units from the caller to the pool, settle at once, see that they arrived.
    @dev `settle` reads the pool's balance anyway and returns it: the balance after the pull.
    @param paid The part of `amount` that is not fee.
    """
    before: uint256 = 0
    if amount > 0:
        before = staticcall LOAN.balanceOf(POOL.address)
        success: bool = extcall LOAN.transferFrom(msg.sender, POOL.address, amount, default_return_value=True)
        assert success, "vault: payment failed"
    balance: uint256 = extcall POOL.settle(shares, paid)
    assert balance == before + amount or amount == 0, "vault: payment did not arrive"


@internal
def _report_provisions():
    extcall POOL.set_provision(self.provisions)


@internal
def _set_provision(owner: address, word: uint256, shortfall: uint256) -> uint256:
    """
    @notice Note what `owner`'s position lacks, base units of the loan asset, in place of what was noted before.
    @return `word`, the position, flagged accordingly.
    """
    self.provisions = self.provisions - self.provision_of[owner] + shortfall
    self.provision_of[owner] = shortfall
    log IVault.ProvisionSet(owner=owner, amount=shortfall)
    return position._flag_provisioned(word, shortfall > 0)


@internal
def _cap_provision(owner: address, word: uint256, total_debt: uint256, total_debt_shares: uint256) -> uint256:
    """
    @notice A position lacks no more than it owes: what a repayment can say without an oracle.
    @return As `_set_provision`.
    """
    debt: uint256 = share_math._to_assets_up(position._unpack(word)[1], total_debt, total_debt_shares)
    return self._set_provision(owner, word, min(self.provision_of[owner], debt))


@internal
def _hand_over(seized: uint256, price: uint256, min_rate: uint256, receiver: address):
    """
    @notice Send seized collateral, if the liquidator gets at least `min_rate` for what he pays with the fee.
    """
    assert seized * PRICE_SCALE >= min_rate * price, "vault: rate too low"
    self._send_collateral(receiver, seized)


@internal
def _pull_collateral(amount: uint256):
    """
    @notice Pull `amount` base units of collateral from the caller and see that they arrived.
    """
    if amount == 0:
        return
    before: uint256 = staticcall COLLATERAL.balanceOf(self)
    success: bool = extcall COLLATERAL.transferFrom(msg.sender, self, amount, default_return_value=True)
    assert success, "vault: collateral pull failed"
    balance: uint256 = staticcall COLLATERAL.balanceOf(self)
    assert balance == before + amount, "vault: collateral missing"


@internal
def _send_collateral(receiver: address, amount: uint256):
    """
    @notice Send `amount` base units of collateral to `receiver`.
    """
    self._check_receiver(receiver)
    if amount == 0:
        return
    success: bool = extcall COLLATERAL.transfer(receiver, amount, default_return_value=True)
    assert success, "vault: collateral send failed"


# --------------------------------------------------------- internals: quotes, views


@internal
@view
def _price() -> uint256:
    """
    @notice The oracle's price for liquidation, 1e36.
    """
    price: uint256 = staticcall ORACLE.price()
    assert price > 0, "vault: oracle price is zero"
    return price


@internal
def _log_liquidation(owner: address, quote: IVault.Quote):
    """
    @notice Pack a close into its event; the lanes are drawn in `IVault.Liquidation`.
    @dev seized < 2**128, shares < 2**104, paid and fee < 2**96; health before is below 1, so below 2**32.
    """
    health_after: uint256 = min(unsafe_div(quote.health_after, 10**9), 2**32 - 1)
    log IVault.Liquidation(
        owner=owner,
        close=quote.seized | (quote.shares << 128),
        payment=quote.paid
        | (quote.fee << 96)
        | (unsafe_div(quote.health_before, 10**9) << 192)
        | (health_after << 224),
    )


@internal
def _log_call(price: uint256, total_debt: uint256, total_debt_shares: uint256):
    """
    @notice What all closes of a call have in common; the lanes are drawn in `IVault.LiquidationCall`.
    """
    log IVault.LiquidationCall(
        liquidator=msg.sender, price=price, debt_totals=total_debt | (total_debt_shares << 110)
    )


@internal
@view
def _debt(word: uint256) -> uint256:
    """
    @notice Debt of a position, base units, rounded up; the pool is not asked when there is none.
    """
    debt_shares: uint256 = position._unpack(word)[1]
    if debt_shares == 0:
        return 0
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = staticcall POOL.debt_totals()
    return share_math._to_assets_up(debt_shares, total_debt, total_debt_shares)


@internal
@view
def _max_borrow(word: uint256) -> uint256:
    """
    @notice See `max_borrow`. The margin covers what drawing adds by rounding: to the shares drawn at most one
            share, to the debt per share at most 1/65536 base unit over all shares.
    """
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    total_debt: uint256 = 0
    total_debt_shares: uint256 = 0
    total_debt, total_debt_shares = staticcall POOL.debt_totals()
    value: uint256 = liquidation._value_down(collateral, staticcall ORACLE.safe_price())
    allowed: uint256 = value * liquidation.RISK.ltv // WAD
    taken: uint256 = (
        share_math._to_assets_up(debt_shares, total_debt, total_debt_shares)
        + share_math._to_assets_up(1, total_debt, total_debt_shares)
        + 1
    )
    line: uint256 = staticcall POOL.max_draw(self)
    return min(allowed - min(taken, allowed), line)


@internal
@view
def _max_withdraw(
    collateral: uint256, debt_shares: uint256, total_debt: uint256, total_debt_shares: uint256
) -> uint256:
    """
    @notice See `max_withdraw`. One base unit of debt to spare for what settling in the same call may add.
    """
    if debt_shares == 0:
        return collateral
    debt: uint256 = share_math._to_assets_up(debt_shares, total_debt, total_debt_shares) + 1
    value: uint256 = margin._ceil_div(debt * WAD, liquidation.RISK.ltv)
    safe_price: uint256 = staticcall ORACLE.safe_price()
    assert safe_price > 0, "vault: safe price is zero"
    needed: uint256 = margin._ceil_div(value * PRICE_SCALE, safe_price)
    return collateral - min(needed, collateral)
