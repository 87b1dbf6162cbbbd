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
     read; pull; `settle`, which returns the balance; balance check; provisions. Until `settle` the pool still
     counts the debt, so its books are true in every callback.

     The largest uint as an amount means "as much as is allowed"; any other amount is exact, except that a
     repayment is capped at the debt, so that a stranger's 1-wei repayment cannot make it fail.
@custom:security The oracle and the collateral are trusted; what they can cost the pool is bounded by the credit
                 limit. The vault's lock is held in every callback. The Factory checks the parameters: trust no vault
                 that it did not deploy.
"""

from ethereum.ercs import IERC20

from .interfaces import ICallbacks
from .interfaces import IPool
from .interfaces import IVault
from .modules import book
from .modules import debts
from .modules import limits
from .modules import liquidation
from .modules import operators
from .modules import payments
from .modules import position
from .modules import share_math
from .modules import units
from .modules import vault_views

initializes: book
initializes: liquidation
initializes: operators
initializes: payments[book := book]
initializes: debts[book := book, payments := payments]
initializes: limits[debts := debts, liquidation := liquidation]
initializes: vault_views[book := book, debts := debts, limits := limits, liquidation := liquidation, payments := payments]

exports: (
    # what the vault was deployed with
    payments.pool,
    payments.loan_asset,
    limits.oracle,
    liquidation.risk,
    # positions
    book.positions,
    vault_views.position_of,
    book.provision_of,
    book.provisions,
    # repaying
    debts.repay,
    # views
    debts.debt_of,
    vault_views.health,
    vault_views.margin_terms,
    vault_views.max_borrow,
    vault_views.max_withdraw,
    vault_views.preview_liquidate,
    vault_views.preview_liquidate_batch,
    # who may act for whom
    operators.set_operator,
    operators.set_operator_by_signature,
    operators.rights_of,
    operators.nonces,
    operators.DOMAIN_SEPARATOR,
)

COLLATERAL: immutable(IERC20)


@deploy
def __init__(pool: address, collateral: address, oracle: address, risk: IVault.RiskParams):
    """
    @notice Deployed by the Factory, which has checked the parameters; all are immutable.
    @param pool The pool to draw from; its asset is the loan asset.
    @param oracle Price of `collateral` in the loan asset, see `IOracle`.
    @param risk See `IVault.RiskParams`.
    """
    COLLATERAL = IERC20(collateral)
    payments.__init__(pool)
    limits.__init__(oracle)
    liquidation.__init__(risk)


# ------------------------------------------------------------------- collateral


@external
@view
@reentrant
def collateral_asset() -> address:
    """
    @notice The token that is locked.
    """
    return COLLATERAL.address


@external
def deposit(amount: uint256, owner: address = msg.sender):
    """
    @notice Lock `amount` base units of the caller's collateral in `owner`'s position. Open to all.
    """
    assert owner != empty(address), "vault: zero owner"
    book.positions[owner] = position._add_collateral(book.positions[owner], amount)
    payments._pull_collateral(COLLATERAL, amount)
    log IVault.Deposit(owner=owner, amount=amount)


@external
def withdraw(amount: uint256, receiver: address = msg.sender, owner: address = msg.sender) -> uint256:
    """
    @notice Release collateral. Without debt neither oracle nor pool is asked.
    @param amount Base units; the largest uint means all that health allows.
    @return Base units sent.
    """
    operators._authorise(owner, operators.RIGHT_WITHDRAW)
    word: uint256 = book.positions[owner]
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)

    totals: IPool.DebtTotals = empty(IPool.DebtTotals)
    if debt_shares > 0:
        totals = staticcall payments.POOL.debt_totals()
    sent: uint256 = amount
    if amount == max_value(uint256):
        sent = limits._max_withdraw(collateral, debt_shares, totals)
    assert sent <= collateral, "vault: not enough collateral"

    book.positions[owner] = position._reduce(word, sent, 0)
    if debt_shares > 0 and sent > 0:
        limits._check_collateralised(
            unsafe_sub(collateral, sent),  # sent <= collateral
            share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares),
        )
    payments._send_collateral(COLLATERAL, receiver, sent)
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
    payments._check_receiver(receiver)
    word: uint256 = book.positions[owner]
    sent: uint256 = amount
    if amount == max_value(uint256):
        sent = limits._max_borrow(word)

    shares: uint256 = 0
    totals: IPool.DebtTotals = empty(IPool.DebtTotals)
    if sent > 0:
        shares, totals = extcall payments.POOL.draw(sent, receiver)
    word = position._add_debt(word, shares)
    book.positions[owner] = word
    limits._check_borrowed(word, shares, totals)
    log IVault.Borrow(owner=owner, receiver=receiver, amount=sent, shares=shares)
    return sent


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
    payments._check_receiver(receiver)
    word: uint256 = book.positions[owner]
    opened: uint256 = position._add_collateral(word, collateral)
    sent: uint256 = debt
    if debt == max_value(uint256):
        sent = limits._max_borrow(opened)

    shares: uint256 = 0
    totals: IPool.DebtTotals = empty(IPool.DebtTotals)
    if sent > 0:  # a pause or a full pool does not stop locking collateral
        shares, totals = extcall payments.POOL.draw(sent, receiver)
    # in the callback the position has its debt, and not yet the collateral that has not arrived
    book.positions[owner] = position._add_debt(word, shares)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_open(collateral, sent, data)
        # other vaults may have settled meanwhile, which raises the debt of a share by its rounding
        totals = staticcall payments.POOL.debt_totals()
    payments._pull_collateral(COLLATERAL, collateral)
    opened = position._add_debt(opened, shares)
    book.positions[owner] = opened
    limits._check_borrowed(opened, shares, totals)
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
    word: uint256 = book.positions[owner]
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    paid: uint256 = 0
    shares: uint256 = 0
    paid, shares = debts._repayment(word, repayment, totals)
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(position._reduce(word, 0, shares))
    sent: uint256 = withdrawal
    if withdrawal == max_value(uint256):
        sent = limits._max_withdraw(collateral, debt_shares, totals)
    assert sent <= collateral, "vault: not enough collateral"

    rest: uint256 = position._reduce(word, sent, shares)
    if word >= position.PROVISIONED:
        rest = book._release_repaid(owner, word, rest, totals)
    book.positions[owner] = rest
    payments._send_collateral(COLLATERAL, receiver, sent)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_close(paid, sent, data)
    payments._pay_pool(paid, shares, paid, word >= position.PROVISIONED)
    if debt_shares > 0 and sent > 0:
        totals = staticcall payments.POOL.debt_totals()
        limits._check_collateralised(
            unsafe_sub(collateral, sent),  # sent <= collateral
            share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares),
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
    @param min_rate Least collateral for what is paid with the fee, base units per base unit scaled 1e36; 0 = any.
    @param receiver Gets the collateral.
    @param data When not empty, `on_liquidation` is called on the caller before it has to pay.
    @return Base units paid for the debt; base units of fee on top; base units of collateral seized.
    """
    price: uint256 = limits._price()
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    word: uint256 = book.positions[owner]
    quote: IVault.Quote = liquidation._quote(
        liquidation.RISK, word, price, 0, totals, max_repay
    )
    assert quote.liquidatable, "vault: healthy"
    assert quote.shares > 0, "vault: nothing can be closed"
    rest: uint256 = position._reduce(word, quote.seized, quote.shares)
    if word >= position.PROVISIONED:
        rest = self._provide_after_close(owner, word, rest, price, totals)
    book.positions[owner] = rest
    self._log_liquidation(owner, quote)
    self._log_call(price, totals)
    due: uint256 = unsafe_add(quote.paid, quote.fee)  # each is below 2**96
    self._hand_over(quote.seized, due, min_rate, receiver)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_liquidation(quote.paid, quote.fee, quote.seized, data)
    payments._pay_pool(due, quote.shares, quote.paid, word >= position.PROVISIONED)
    return quote.paid, quote.fee, quote.seized


@external
def liquidate_batch(
    orders: DynArray[uint256, liquidation.MAX_ORDERS],
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
    price: uint256 = limits._price()
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    shares: uint256 = 0
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256 = 0
    executed: uint256 = 0
    provisioned: bool = False
    bit: uint256 = 1
    for order: uint256 in orders:
        owner: address = convert(order & liquidation.OWNER_MASK, address)
        word: uint256 = book.positions[owner]
        quote: IVault.Quote = liquidation._quote(
            liquidation.RISK, word, price, 0, totals, order >> 160
        )
        if quote.shares > 0:
            rest: uint256 = position._reduce(word, quote.seized, quote.shares)
            if word >= position.PROVISIONED:
                rest = self._provide_after_close(owner, word, rest, price, totals)
                provisioned = True
            book.positions[owner] = rest
            self._log_liquidation(owner, quote)
            # at most 256 terms below 2**128 each
            shares = unsafe_add(shares, quote.shares)
            paid = unsafe_add(paid, quote.paid)
            fee = unsafe_add(fee, quote.fee)
            seized = unsafe_add(seized, quote.seized)
            executed |= bit
        bit <<= 1
    assert executed != 0, "vault: no order can execute"
    self._log_call(price, totals)
    due: uint256 = unsafe_add(paid, fee)
    self._hand_over(seized, due, min_rate, receiver)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_liquidation(paid, fee, seized, data)
    payments._pay_pool(due, shares, paid, provisioned)
    return paid, fee, seized, executed


@external
def poke(owner: address) -> uint256:
    """
    @notice Report the shortfall of `owner`'s position at the oracle's price to the pool: debt less the price of the
            whole position, or nothing when it is restorable. Falls below what was reported before only as far as
            the safe price agrees. Open to all.
    @return The position's provision, base units of the loan asset.
    """
    price: uint256 = limits._price()
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    word: uint256 = book.positions[owner]
    shortfall: uint256 = limits._known_shortfall(book.provision_of[owner], word, price, totals)
    book.positions[owner] = book._set_provision(owner, word, shortfall)
    payments._report_provisions()
    return shortfall


# ------------------------------------------------------------------- internals


@internal
def _hand_over(seized: uint256, price: uint256, min_rate: uint256, receiver: address):
    """
    @notice Send seized collateral, if the liquidator gets at least `min_rate` for what they pay with the fee.
    """
    assert seized * units.PRICE_SCALE >= min_rate * price, "vault: rate too low"
    payments._send_collateral(COLLATERAL, receiver, seized)


@internal
def _provide_after_close(
    owner: address, word: uint256, rest: uint256, price: uint256, totals: IPool.DebtTotals
) -> uint256:
    """
    @notice Note the shortfall of what a close has left of a position with a provision.
    @return `rest`, flagged accordingly.
    """
    kept: uint256 = book._kept_by_close(owner, word, rest)
    return book._set_provision(owner, rest, limits._known_shortfall(kept, rest, price, totals))


@internal
def _log_liquidation(owner: address, quote: IVault.Quote):
    """
    @notice Pack a close into its event; the layout is in `IVault.Liquidation`.
    @dev seized < 2**128, shares < 2**104.
    """
    log IVault.Liquidation(
        owner=owner,
        close=quote.seized | (quote.shares << 128),
        payment=liquidation._payment_word(quote.paid, quote.fee, quote.health_before, quote.health_after),
    )


@internal
def _log_call(price: uint256, totals: IPool.DebtTotals):
    """
    @notice Log what all closes of a call share; the layout is in `IVault.LiquidationCall`.
    """
    log IVault.LiquidationCall(
        liquidator=msg.sender, price=price, debt_totals=totals.debt | (totals.shares << 110)
    )
