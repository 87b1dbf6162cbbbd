# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Leverage
@license AGPL-3.0-only
@notice Opens, increases, decreases and closes a leveraged position in one call: inside the vault's callback
        the loan is sold for collateral on Uniswap v2, or collateral for the loan asset. Long when the
        collateral is the volatile token, short when the loan asset is. Of a basket one leg, which the others stand
        behind. Always for the caller's own position.
@dev The caller makes this contract an operator of the vault: by `set_operator`, or by signature in the same
     call. A standing right is as safe as this code, which acts only for its caller. To leave no standing
     right, sign twice: see `Signed`.

     Nothing is held between calls, allowances included. Tokens sent here by mistake cannot be
     recovered: a call pays out only what it brought in.
@custom:security A user names the vault or basket, which must be of the Factory, as its tokens are; pairs are
                 those of the Uniswap factory. Nothing else is called. Tokens in the middle of a path may be
                 anything: the lock is held, and the caller's bounds decide.
"""

from ..interfaces import IBasket
from ..interfaces import IOracle
from ..interfaces import IPool
from ..interfaces import IVault
from ..modules import callback_guard
from ..modules import margin as terms
from ..modules import share_math
from ..modules import tokens
from ..modules import uniswap_v2

initializes: callback_guard
initializes: uniswap_v2

exports: (callback_guard.factory, uniswap_v2.uniswap_factory)

CALL_BACK: constant(Bytes[1]) = b"1"  # a vault calls back when there is data


struct Signed:  # the vault's `SetOperator` for this contract, signed by the caller
    rights: uint256  # to open 2 (borrow), to close 1 (withdraw), 3 for both, 0 for none
    nonce: uint256
    deadline: uint256
    signature: Bytes[65]


# of the call that is running, for the callback
path: transient(DynArray[address, uniswap_v2.MAX_TOKENS])
sold: transient(uint256)  # base units of the path's first token
margin: transient(uint256)  # base units of the path's last token that are here before the sale
rest: transient(uint256)  # base units of the path's last token that the vault does not pull


@deploy
def __init__(factory: address, uniswap_factory: address):
    """
    @param factory The Factory whose vaults may be used.
    @param uniswap_factory The Uniswap v2 factory whose pairs are used.
    """
    callback_guard.__init__(factory)
    uniswap_v2.__init__(uniswap_factory)


# ---------------------------------------------------------------------- actions


@external
def open(
    vault: address,
    margin: uint256,
    loan_margin: uint256,
    debt: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    min_collateral: uint256,
    min_health: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2] = [],
) -> uint256:
    """
    @notice Open or increase: draw `debt`, sell it with `loan_margin` for collateral, lock that with `margin`.
            The right to borrow is needed.
    @param margin Base units of collateral pulled from the caller.
    @param loan_margin Base units of the loan asset pulled from the caller.
    @param debt Base units of the loan asset to draw, exact.
    @param path Tokens from the loan asset to the collateral, two to four.
    @param min_collateral The least that must be locked by this call, base units, `margin` included.
    @param min_health Least health of the whole position afterwards, WAD; 0 = as the vault allows.
    @param deadline Last second in which this may be done.
    @param signed Delivered to the vault: the first before anything else, the second at the end.
    @return Base units of collateral locked.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = callback_guard._tokens(vault)
    locked: uint256 = self._prepare_open(
        vault, token, loan, margin, loan_margin, debt, path, min_collateral, deadline, signed
    )
    extcall IVault(vault).open(locked, debt, self, msg.sender, CALL_BACK)
    tokens._send(token, msg.sender, self.rest)
    self._end(vault, min_health, signed)
    return locked


@external
def open_leg(
    basket: address,
    leg: uint256,
    margin: uint256,
    loan_margin: uint256,
    debt: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    min_collateral: uint256,
    min_health: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2] = [],
) -> uint256:
    """
    @notice As `open`, with one leg of a basket for the collateral; the position's other legs stay as they are.
    @return Base units of the leg locked.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = self._leg_tokens(basket, leg)
    locked: uint256 = self._prepare_open(
        basket, token, loan, margin, loan_margin, debt, path, min_collateral, deadline, signed
    )
    extcall IBasket(basket).open(leg, locked, debt, self, msg.sender, CALL_BACK)
    tokens._send(token, msg.sender, self.rest)
    self._end(basket, min_health, signed)
    return locked


@external
def close(
    vault: address,
    repayment: uint256,
    payout: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    max_sold: uint256,
    min_health: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2] = [],
) -> (uint256, uint256, uint256):
    """
    @notice Decrease or close: sell just enough collateral to repay `repayment`, take `payout` out as well.
            The right to withdraw is needed.
    @param repayment Base units of the loan asset, capped at the debt; the largest uint means all.
    @param payout Base units of collateral for the caller, besides what is sold; the largest uint means all
           that health then allows.
    @param path Tokens from the collateral to the loan asset, two to four.
    @param max_sold The most collateral that may be sold, base units.
    @param min_health Least health afterwards, WAD; 0 = as the vault allows.
    @param deadline Last second in which this may be done.
    @param signed Delivered to the vault: the first before anything else, the second at the end.
    @return Base units repaid; base units of collateral sold; base units of collateral sent to the caller. The
            sale rounds up: base units of the loan asset that it yields beyond the repayment are sent as well.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = callback_guard._tokens(vault)
    repaid: uint256 = 0
    sold: uint256 = 0
    repaid, sold = self._prepare_close(vault, token, loan, repayment, path, max_sold, deadline, signed)
    withdrawn: uint256 = payout
    if payout != max_value(uint256):
        withdrawn = sold + payout
    repaid, withdrawn = extcall IVault(vault).close(repaid, withdrawn, self, msg.sender, CALL_BACK)
    tokens._send(token, msg.sender, withdrawn - sold)
    tokens._send(loan, msg.sender, self.rest)
    self._end(vault, min_health, signed)
    return repaid, sold, withdrawn - sold


@external
def close_leg(
    basket: address,
    leg: uint256,
    repayment: uint256,
    payout: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    max_sold: uint256,
    min_health: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2] = [],
) -> (uint256, uint256, uint256):
    """
    @notice As `close`, with one leg of a basket for the collateral; the position's other legs stay as they are.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = self._leg_tokens(basket, leg)
    repaid: uint256 = 0
    sold: uint256 = 0
    repaid, sold = self._prepare_close(basket, token, loan, repayment, path, max_sold, deadline, signed)
    withdrawn: uint256 = payout
    if payout != max_value(uint256):
        withdrawn = sold + payout
    repaid, withdrawn = extcall IBasket(basket).close(repaid, leg, withdrawn, self, msg.sender, CALL_BACK)
    tokens._send(token, msg.sender, withdrawn - sold)
    tokens._send(loan, msg.sender, self.rest)
    self._end(basket, min_health, signed)
    return repaid, sold, withdrawn - sold


# -------------------------------------------------------------------- callbacks


@external
@reentrant
def on_open(collateral: uint256, debt: uint256, data: Bytes[1024]):
    """
    @notice Called by the vault: provide `collateral` base units.
    @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    """
    callback_guard._answer()
    self._trade(collateral)


@external
@reentrant
def on_close(repaid: uint256, withdrawn: uint256, data: Bytes[1024]):
    """
    @notice Called by the vault: provide `repaid` base units of the loan asset.
    @dev Not locked, since the lock is held by the function that has called the vault; `callback_guard` guards.
    """
    callback_guard._answer()
    assert withdrawn >= self.sold, "leverage: too little to sell"
    self._trade(repaid)


# ------------------------------------------------------------------------ views


@external
@view
def margin_terms(vault: address, owner: address) -> terms.Terms:
    """
    @notice A position in the terms of an exchange, at the oracle's price.
    """
    callback_guard._tokens(vault)
    collateral: uint256 = (staticcall IVault(vault).position_of(owner))[0]
    return self._terms(vault, collateral, staticcall IVault(vault).debt_of(owner))


@external
@view
def preview_open(
    vault: address,
    owner: address,
    margin: uint256,
    loan_margin: uint256,
    debt: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
) -> (uint256, terms.Terms):
    """
    @notice What `open` by `owner` would lock in this block, and the position's terms afterwards, to the wei.
            It does not check whether the vault allows that: compare the value with `initial_margin`.
    """
    collateral_token: address = empty(address)
    loan: address = empty(address)
    collateral_token, loan = callback_guard._tokens(vault)
    uniswap_v2._check_path(path, loan, collateral_token)
    locked: uint256 = margin + uniswap_v2._quote_out(path, debt + loan_margin)

    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = staticcall IVault(vault).position_of(owner)
    totals: IPool.DebtTotals = staticcall IPool(staticcall IVault(vault).pool()).debt_totals()
    drawn: uint256 = share_math._to_shares_up(debt, totals.debt, totals.shares)  # as the pool draws
    totals.debt += share_math._to_value_up(drawn, totals.debt, totals.shares)
    totals.shares += drawn
    owed: uint256 = share_math._to_assets_up(debt_shares + drawn, totals.debt, totals.shares)
    return locked, self._terms(vault, collateral + locked, owed)


@external
@view
def preview_close(
    vault: address, owner: address, repayment: uint256, path: DynArray[address, uniswap_v2.MAX_TOKENS]
) -> (uint256, uint256):
    """
    @notice What `close` by `owner` would repay and sell in this block.
    @return Base units of the loan asset; base units of collateral.
    """
    collateral_token: address = empty(address)
    loan: address = empty(address)
    collateral_token, loan = callback_guard._tokens(vault)
    uniswap_v2._check_path(path, collateral_token, loan)
    return self._sale(vault, owner, repayment, path)


@external
@view
def preview_open_leg(
    basket: address,
    leg: uint256,
    margin: uint256,
    loan_margin: uint256,
    debt: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
) -> uint256:
    """
    @notice What `open_leg` would lock in this block, base units of the leg. It does not check whether the basket
            allows that.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = self._leg_tokens(basket, leg)
    uniswap_v2._check_path(path, loan, token)
    return margin + uniswap_v2._quote_out(path, debt + loan_margin)


@external
@view
def preview_close_leg(
    basket: address,
    leg: uint256,
    owner: address,
    repayment: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
) -> (uint256, uint256):
    """
    @notice What `close_leg` by `owner` would repay and sell in this block.
    @return Base units of the loan asset; base units of the leg.
    """
    token: address = empty(address)
    loan: address = empty(address)
    token, loan = self._leg_tokens(basket, leg)
    uniswap_v2._check_path(path, token, loan)
    return self._sale(basket, owner, repayment, path)


# -------------------------------------------------------------------- internals


@internal
@view
def _leg_tokens(basket: address, leg: uint256) -> (address, address):
    """
    @return The leg's token; the loan asset.
    """
    legs: DynArray[IBasket.Leg, callback_guard.MAX_LEGS] = []
    loan: address = empty(address)
    legs, loan = callback_guard._legs(basket)
    assert leg < len(legs), "leverage: no such leg"
    return legs[leg].token, loan


@internal
def _prepare_open(
    vault: address,
    token: address,
    loan: address,
    margin: uint256,
    loan_margin: uint256,
    debt: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    min_collateral: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2],
) -> uint256:
    """
    @notice Pull both margins and store what the callback needs.
    @return Base units of `token` to lock.
    """
    uniswap_v2._check_path(path, loan, token)
    self._begin(vault, deadline, signed)
    tokens._pull(token, msg.sender, margin)
    tokens._pull(loan, msg.sender, loan_margin)
    sold: uint256 = debt + loan_margin
    locked: uint256 = margin + uniswap_v2._quote_out(path, sold)
    assert locked >= min_collateral, "leverage: too little collateral"
    self._expect(vault, path, sold, margin)
    return locked


@internal
def _prepare_close(
    vault: address,
    token: address,
    loan: address,
    repayment: uint256,
    path: DynArray[address, uniswap_v2.MAX_TOKENS],
    max_sold: uint256,
    deadline: uint256,
    signed: DynArray[Signed, 2],
) -> (uint256, uint256):
    """
    @notice Compute the sale and store what the callback needs.
    @return Base units of the loan asset to repay; base units of `token` to sell for that.
    """
    uniswap_v2._check_path(path, token, loan)
    self._begin(vault, deadline, signed)
    repaid: uint256 = 0
    sold: uint256 = 0
    repaid, sold = self._sale(vault, msg.sender, repayment, path)
    assert sold <= max_sold, "leverage: too much sold"
    self._expect(vault, path, sold, 0)
    return repaid, sold


@internal
def _begin(vault: address, deadline: uint256, signed: DynArray[Signed, 2]):
    """
    @notice Refuse a call after its deadline; deliver the first signature, if there is one.
    """
    assert block.timestamp <= deadline, "leverage: too late"
    if len(signed) > 0:
        self._deliver(vault, signed[0])


@internal
def _end(vault: address, min_health: uint256, signed: DynArray[Signed, 2]):
    """
    @notice Check the health afterwards; deliver the second signature, if there is one.
    """
    if min_health > 0:
        assert staticcall IVault(vault).health(msg.sender) >= min_health, "leverage: health too low"
    if len(signed) > 1:
        self._deliver(vault, signed[1])


@internal
def _deliver(vault: address, signed: Signed):
    """
    @notice Set this contract's rights over the caller's positions in `vault`, which checks the signature.
    """
    extcall IVault(vault).set_operator_by_signature(
        msg.sender, self, signed.rights, signed.nonce, signed.deadline, signed.signature
    )


@internal
def _expect(
    vault: address, path: DynArray[address, uniswap_v2.MAX_TOKENS], sold: uint256, margin: uint256
):
    """
    @notice Store what the callback needs.
    """
    self.path = path
    self.sold = sold
    self.margin = margin
    callback_guard._expect(vault)


@internal
def _trade(needed: uint256):
    """
    @notice Sell, and let the vault that calls back pull `needed` base units of the path's last token.
    """
    path: DynArray[address, uniswap_v2.MAX_TOKENS] = self.path
    available: uint256 = self.margin
    if self.sold > 0:
        available += uniswap_v2._sell(path, self.sold)
    assert available >= needed, "leverage: sale fell short"
    self.rest = available - needed
    tokens._allow(path[len(path) - 1], msg.sender, needed)


@internal
@view
def _sale(
    vault: address, owner: address, repayment: uint256, path: DynArray[address, uniswap_v2.MAX_TOKENS]
) -> (uint256, uint256):
    """
    @return What a repayment comes to, base units; the collateral to sell for it, base units.
    """
    repaid: uint256 = min(repayment, staticcall IVault(vault).debt_of(owner))
    if repaid == 0:
        return 0, 0
    return repaid, uniswap_v2._quote_in(path, repaid)


@internal
@view
def _terms(vault: address, collateral: uint256, debt: uint256) -> terms.Terms:
    """
    @notice The terms of such a position at the oracle's price.
    """
    price: uint256 = staticcall IOracle(staticcall IVault(vault).oracle()).price()
    return terms._terms(collateral, debt, price, staticcall IVault(vault).risk())
