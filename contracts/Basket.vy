# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
# pragma evm-version prague
"""
@title Basket
@license AGPL-3.0-only
@notice A spoke with 2 to 8 collaterals, its legs, behind one debt. Borrowers lock any of them and draw on the pool's
        credit line; anyone may close an unhealthy position, partly or fully, for a bonus, and takes the same part of
        every leg.
@dev A basket is one collateral whose unit is the basket, so it follows `Vault` step by step: every pull is from the
     caller; callbacks go to the caller, only when it passed data. In everything that pays the pool the order of
     calls is: position storage; collateral out; callback; balance read; pull; `settle`; balance check; provisions.

     The largest uint as an amount means "as much as is allowed", as for a vault; any other amount is exact, except
     that a repayment is capped at the debt. What is allowed now says the Lens: a basket has no room for the views.
@custom:security Every leg's oracle and token are trusted; what they can cost the pool is bounded by the credit limit.
                 An oracle that fails is a silent leg, see `basket`; a token that does not move is left out. The basket's
                 lock is held in every callback. The Factory checks the parameters: trust no basket that it did not
                 deploy.
"""

from ethereum.ercs import IERC20

from .interfaces import IBasket
from .interfaces import IBasketCallbacks
from .interfaces import ICallbacks
from .interfaces import IPool
from .interfaces import IVault
from .modules import basket_limits
from .modules import basket_views
from .modules import book
from .modules import debts
from .modules import basket
from .modules import liquidation
from .modules import operators
from .modules import payments
from .modules import position
from .modules import slices

initializes: book
initializes: basket
initializes: liquidation
initializes: operators
initializes: payments[book := book]
initializes: debts[book := book, payments := payments]
initializes: slices[basket := basket, liquidation := liquidation]
initializes: basket_limits[basket := basket, liquidation := liquidation]
initializes: basket_views[
    book := book, debts := debts, basket := basket, payments := payments, slices := slices
]

exports: (
    # what the basket was deployed with
    payments.pool,
    payments.loan_asset,
    basket.legs,
    liquidation.risk,
    # positions
    book.positions,
    basket_views.position_of,
    book.provision_of,
    book.provisions,
    # repaying
    debts.repay,
    # views
    debts.debt_of,
    basket_views.health,
    basket_views.preview_liquidate,
    # who may act for whom
    operators.set_operator,
    operators.set_operator_by_signature,
    operators.rights_of,
    operators.nonces,
    operators.DOMAIN_SEPARATOR,
)


@deploy
def __init__(pool: address, list: DynArray[IBasket.Leg, basket.MAX_LEGS], risk: IVault.RiskParams):
    """
    @notice Deployed by the Factory, which has checked the parameters; all are immutable.
    @param pool The pool to draw from; its asset is the loan asset.
    @param list The legs, see `IBasket.Leg`.
    @param risk What they have in common, see `IVault.RiskParams`; `ltv` and `threshold` are 0.
    """
    payments.__init__(pool)
    basket.__init__(list)
    liquidation.__init__(risk)


# ------------------------------------------------------------------- collateral


@external
def deposit(leg: uint256, amount: uint256, owner: address = msg.sender):
    """
    @notice Lock `amount` base units of the caller's in `owner`'s position. Open to all.
    """
    assert owner != empty(address), "vault: zero owner"
    basket_limits._check_leg(leg)
    self._enter(owner, leg, amount)
    payments._pull_collateral(self._token(leg), amount)
    log IBasket.Deposit(owner=owner, leg=leg, amount=amount)


@external
def withdraw(
    leg: uint256, amount: uint256, receiver: address = msg.sender, owner: address = msg.sender
) -> uint256:
    """
    @notice Release some of a leg. Without debt neither oracle nor pool is asked.
    @param amount Base units; the largest uint means all that health allows.
    @return Base units sent.
    """
    return self._close(0, leg, amount, receiver, owner, b"")[1]


# ------------------------------------------------------------------------- debt


@external
def borrow(amount: uint256, receiver: address = msg.sender, owner: address = msg.sender) -> uint256:
    """
    @notice Draw on the pool's credit line against `owner`'s collateral.
    @param amount Base units of the loan asset; the largest uint means all that health, line and cash allow.
    @return Base units sent.
    """
    return self._open(0, 0, amount, receiver, owner, b"")


# --------------------------------------------------------------------- combined


@external
def open(
    leg: uint256,
    collateral: uint256,
    debt: uint256,
    receiver: address,
    owner: address,
    data: Bytes[1024],
) -> uint256:
    """
    @notice Deposit of one leg and borrow in one call. With data the loan is sent first, then `on_open` is called on
            the caller, then the collateral is pulled, then health is checked: leverage without a flash loan.
    @param collateral Base units of the leg to lock.
    @param debt Base units of the loan asset; the largest uint means all that health, line and cash allow.
    @return Base units of the loan asset sent.
    """
    return self._open(leg, collateral, debt, receiver, owner, data)


@external
def close(
    repayment: uint256,
    leg: uint256,
    withdrawal: uint256,
    receiver: address,
    owner: address,
    data: Bytes[1024],
) -> (uint256, uint256):
    """
    @notice Repay and withdraw one leg in one call. With data the collateral is sent first, then `on_close` is called
            on the caller, then the repayment is pulled, then health is checked.
    @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    @param withdrawal Base units of the leg; the largest uint means all that health then allows.
    @return Base units repaid; base units of the leg sent.
    """
    return self._close(repayment, leg, withdrawal, receiver, owner, data)


# ------------------------------------------------------------------ liquidation


@external
def liquidate(
    owner: address,
    max_repay: uint256,
    min_seized: DynArray[uint256, basket.MAX_LEGS],
    without: uint256,
    receiver: address,
    data: Bytes[1024],
) -> (uint256, uint256, uint256[8]):
    """
    @notice Close an unhealthy position, as far as `max_repay` and the rules allow: the same part of every leg.
    @param max_repay Base units of the loan asset, the fee not included; the largest uint means no limit.
    @param min_seized Least base units of each leg; legs that are not named have none.
    @param without Mask of legs to leave out, such as one whose token does not move: for the smallest bonus, less as
           the other legs restore less health.
    @param receiver Gets the collateral.
    @param data When not empty, `on_basket_liquidation` is called on the caller before it has to pay.
    @return Base units paid for the debt; base units of fee on top; base units of each leg seized.
    """
    word: uint256 = book.positions[owner]
    lanes: uint256[4] = basket._lanes(owner, word)
    prices: uint256[8] = basket._prices(word)
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    found: IBasket.Quote = slices._slice(word, lanes, prices, without, totals, max_repay)
    if found.shares == 0:
        self._refuse(found)
    self._apply(owner, word, lanes, found, prices, totals)
    seized: uint256[8] = basket._unpacked(found.seized)
    self._settle(
        found.shares,
        found.paid,
        found.fee,
        seized,
        word >= position.PROVISIONED,
        prices,
        totals,
        min_seized,
        receiver,
        data,
    )
    return found.paid, found.fee, seized


@external
def liquidate_batch(
    orders: DynArray[uint256, liquidation.MAX_ORDERS],
    min_seized: DynArray[uint256, basket.MAX_LEGS],
    receiver: address,
    data: Bytes[1024],
) -> (uint256, uint256, uint256[8], uint256):
    """
    @notice Close many positions with one read of each oracle, one payment and one transfer of each leg. Orders that
            cannot execute are skipped; if none executes the call reverts with the reason of the last. Every order is
            computed with the debt totals as they stood at the start; a repeated owner's later orders see the earlier
            ones.
    @param orders One word each, as for a vault: bits 0..159 the owner, bits 160..255 the limit, 2**96 - 1 = none.
    @param min_seized As for `liquidate`, over the whole batch.
    @return Sums of base units paid, of fee and of each leg seized; bit i says that order i was executed.
    """
    held: uint256 = 0
    for order: uint256 in orders:
        held |= book.positions[convert(order & liquidation.OWNER_MASK, address)]
    prices: uint256[8] = basket._prices(held)
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    shares: uint256 = 0
    paid: uint256 = 0
    fee: uint256 = 0
    seized: uint256[8] = empty(uint256[8])
    executed: uint256 = 0
    provisioned: bool = False
    found: IBasket.Quote = empty(IBasket.Quote)
    bit: uint256 = 1
    for order: uint256 in orders:
        owner: address = convert(order & liquidation.OWNER_MASK, address)
        word: uint256 = book.positions[owner]
        lanes: uint256[4] = basket._lanes(owner, word)
        found = slices._slice(word, lanes, prices, 0, totals, order >> 160)
        if found.shares > 0:
            self._apply(owner, word, lanes, found, prices, totals)
            provisioned = provisioned or word >= position.PROVISIONED
            # at most 256 terms below 2**128 each
            shares = unsafe_add(shares, found.shares)
            paid = unsafe_add(paid, found.paid)
            fee = unsafe_add(fee, found.fee)
            for j: uint256 in range(basket.LANES, bound=4):
                lane: uint256 = found.seized[j]
                if lane != 0:
                    leg: uint256 = j << 1
                    seized[leg] = unsafe_add(seized[leg], lane & basket.LANE)
                    seized[leg | 1] = unsafe_add(seized[leg | 1], lane >> 128)
            executed |= bit
        bit <<= 1
    if executed == 0:
        self._refuse(found)
    self._settle(shares, paid, fee, seized, provisioned, prices, totals, min_seized, receiver, data)
    return paid, fee, seized, executed


@external
def poke(owner: address) -> uint256:
    """
    @notice Report the shortfall of `owner`'s position to the pool: debt less the price of the whole position, or
            nothing when it is restorable. Silent legs count at their ceilings. Falls below what was reported before
            only as far as the safe prices agree, silent legs at nothing. Open to all.
    @return The position's provision, base units of the loan asset.
    """
    word: uint256 = book.positions[owner]
    prices: uint256[8] = basket._prices(word)
    totals: IPool.DebtTotals = extcall payments.POOL.accrue()
    lanes: uint256[4] = basket._lanes(owner, word)
    shortfall: uint256 = basket_limits._known_shortfall(book.provision_of[owner], word, lanes, prices, totals)
    book.positions[owner] = book._set_provision(owner, word, shortfall)
    payments._report_provisions()
    return shortfall


# ------------------------------------------------------------------- internals


@internal
@view
def _token(leg: uint256) -> IERC20:
    return IERC20(basket.LEGS[leg].token)


@internal
def _enter(owner: address, leg: uint256, amount: uint256):
    """
    @notice Add to what an owner holds of a leg.
    """
    lane: uint256 = basket.amounts[owner][leg >> 1]
    basket.amounts[owner][leg >> 1] = basket._with(lane, leg, amount)
    if amount > 0 and basket._amount(lane, leg) == 0:
        basket_limits._check_entry(leg, amount)
        book.positions[owner] |= 1 << leg


@internal
def _open(
    leg: uint256, collateral: uint256, debt: uint256, receiver: address, owner: address, data: Bytes[1024]
) -> uint256:
    """
    @notice See `open`.
    """
    operators._authorise(owner, operators.RIGHT_BORROW)
    payments._check_receiver(receiver)
    basket_limits._check_leg(leg)
    word: uint256 = book.positions[owner]
    lanes: uint256[4] = basket._lanes(owner, word)
    opened: uint256 = word
    if collateral > 0:
        lanes[leg >> 1] = basket._with(lanes[leg >> 1], leg, collateral)
        opened |= 1 << leg
    sent: uint256 = debt
    if debt == max_value(uint256):
        sent = debts._room(
            position._debt_shares(word), unsafe_div(basket._safe_worth(opened, lanes, True), basket.WAD)
        )
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
    if collateral > 0:
        payments._pull_collateral(self._token(leg), collateral)
        self._enter(owner, leg, collateral)
        log IBasket.Deposit(owner=owner, leg=leg, amount=collateral)
    if shares > 0:
        opened = position._add_debt(opened, shares)
        basket_limits._check_collateralised(opened, lanes, totals, liquidation.RISK.min_debt)
        log IVault.Borrow(owner=owner, receiver=receiver, amount=sent, shares=shares)
    return sent


@internal
def _close(
    repayment: uint256, leg: uint256, withdrawal: uint256, receiver: address, owner: address, data: Bytes[1024]
) -> (uint256, uint256):
    """
    @notice See `close`.
    """
    if withdrawal > 0:
        operators._authorise(owner, operators.RIGHT_WITHDRAW)
    basket_limits._check_leg(leg)
    word: uint256 = book.positions[owner]
    totals: IPool.DebtTotals = empty(IPool.DebtTotals)
    if position._debt_shares(word) > 0:
        totals = extcall payments.POOL.accrue()
    paid: uint256 = 0
    shares: uint256 = 0
    if repayment > 0:
        paid, shares = debts._repayment(word, repayment, totals)
    rest: uint256 = position._reduce(word, 0, shares)
    lanes: uint256[4] = basket._lanes(owner, word)
    sent: uint256 = withdrawal
    if withdrawal == max_value(uint256):
        sent = basket_limits._max_withdraw(rest, lanes, leg, totals)
    lane: uint256 = basket._without(lanes[leg >> 1], leg, sent)
    lanes[leg >> 1] = lane
    basket.amounts[owner][leg >> 1] = lane
    if basket._amount(lane, leg) == 0:
        rest &= ~(1 << leg)
    if shares > 0 and word >= position.PROVISIONED:
        rest = book._release_repaid(owner, word, rest, totals)
    book.positions[owner] = rest
    payments._send_collateral(self._token(leg), receiver, sent)
    if len(data) > 0:
        extcall ICallbacks(msg.sender).on_close(paid, sent, data)
    if shares > 0:
        payments._pay_pool(paid, shares, paid, word >= position.PROVISIONED)
        log IVault.Repay(owner=owner, amount=paid, shares=shares)
    if sent > 0:
        if position._debt_shares(rest) > 0:
            totals = staticcall payments.POOL.debt_totals()
            basket_limits._check_collateralised(rest, lanes, totals, 0)
        log IBasket.Withdraw(owner=owner, receiver=receiver, leg=leg, amount=sent)
    return paid, sent


@internal
@pure
def _refuse(found: IBasket.Quote):
    """
    @notice Revert with the reason why a close cannot execute.
    """
    reason: String[32] = "vault: nothing can be closed"
    if not found.liquidatable:
        reason = "vault: healthy"
    elif not found.known:
        reason = "basket: value unknown"
    raise reason


@internal
def _settle(
    shares: uint256,
    paid: uint256,
    fee: uint256,
    seized: uint256[8],
    provisioned: bool,
    prices: uint256[8],
    totals: IPool.DebtTotals,
    min_seized: DynArray[uint256, basket.MAX_LEGS],
    receiver: address,
    data: Bytes[1024],
):
    """
    @notice Log what all closes of a call share, hand over what they seized, if the liquidator gets at least
            `min_seized` of each leg, and take the payment.
    """
    log IBasket.LiquidationCall(
        liquidator=msg.sender, prices=prices, debt_totals=totals.debt | (totals.shares << 110)
    )
    i: uint256 = 0
    for leg: IBasket.Leg in basket.LEGS:
        assert i >= len(min_seized) or seized[i] >= min_seized[i], "basket: too little of a leg"
        payments._send_collateral(IERC20(leg.token), receiver, seized[i])
        i = unsafe_add(i, 1)
    if len(data) > 0:
        extcall IBasketCallbacks(msg.sender).on_basket_liquidation(paid, fee, seized, data)
    payments._pay_pool(unsafe_add(paid, fee), shares, paid, provisioned)  # each is below 2**128


@internal
def _apply(
    owner: address,
    word: uint256,
    lanes: uint256[4],
    found: IBasket.Quote,
    prices: uint256[8],
    totals: IPool.DebtTotals,
):
    """
    @notice Write what a close leaves of a position, and log it; the layout is in `IBasket.Liquidation`.
    @dev seized < 2**128, shares < 2**104.
    """
    left: uint256[4] = lanes
    rest: uint256 = position._reduce(word, 0, found.shares)
    for j: uint256 in range(basket.LANES, bound=4):
        if found.seized[j] != 0:
            lane: uint256 = unsafe_sub(left[j], found.seized[j])
            left[j] = lane
            basket.amounts[owner][j] = lane
            rest &= ~(basket._without_amount(lane) << (j << 1))
    if word >= position.PROVISIONED:
        kept: uint256 = book._kept_by_close(owner, word, rest)
        rest = book._set_provision(
            owner, rest, basket_limits._known_shortfall(kept, rest, left, prices, totals)
        )
    book.positions[owner] = rest
    log IBasket.Liquidation(
        owner=owner,
        shares=found.shares,
        payment=liquidation._payment_word(found.paid, found.fee, found.health_before, found.health_after),
        seized=found.seized,
    )
