# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Cash
@license AGPL-3.0-only
@notice The loan asset that a pool holds: its balance, its transfers, flash loans of it (ERC-3156).
@dev Cash is the pool's balance of the asset, not a counter: tokens that arrive without being booked to lenders
     increase the reserve.
"""

from ethereum.ercs import IERC20

from ..interfaces import IFlashBorrower
from . import ledger
from . import units

CASH_TOP: constant(uint256) = 2**94  # more cash than any total can need
FLASH_MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

ASSET: immutable(IERC20)
FLASH_FEE: immutable(uint256)


@deploy
def __init__(asset: address, flash_fee: uint256):
    """
    @param flash_fee WAD, checked by `pool_params`.
    """
    ASSET = IERC20(asset)
    FLASH_FEE = flash_fee


@external
def flashLoan(receiver: address, token: address, amount: uint256, data: Bytes[1024]) -> bool:
    """
    @notice Lend `amount` base units for the length of a call (ERC-3156). The receiver must have approved
            `amount` plus the fee. The pool's lock is held meanwhile, so that nothing can be repaid or
            liquidated in this pool; the callbacks of its vaults do that better. The books do not change, so
            the asset's own transfers are the whole record: there is no event.
    """
    assert token == ASSET.address, "pool: not the asset"
    fee: uint256 = self._flash_fee(amount)
    before: uint256 = self._balance()
    self._send(receiver, amount)
    answer: bytes32 = extcall IFlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, fee, data)
    assert answer == FLASH_MAGIC, "pool: bad flash answer"
    if amount + fee > 0:
        self._take(receiver, amount + fee)
    assert self._balance() >= before + fee, "pool: flash loan not repaid"
    return True


@external
@view
def maxFlashLoan(token: address) -> uint256:
    """
    @notice The largest flash loan, base units; 0 for any other token.
    """
    return self._balance() if token == ASSET.address else 0


@external
@view
@reentrant
def flashFee(token: address, amount: uint256) -> uint256:
    """
    @notice The fee of a flash loan of `amount` base units, rounded up.
    """
    assert token == ASSET.address, "pool: not the asset"
    return self._flash_fee(amount)


@external
@view
@reentrant
def asset() -> address:
    """
    @notice The loan asset.
    """
    return ASSET.address


@internal
@view
def _balance() -> uint256:
    """
    @notice The pool's cash, base units.
    """
    return staticcall ASSET.balanceOf(self)


@internal
@pure
def _backing(balance: uint256, total_debt: uint256) -> uint256:
    """
    @notice What backs lenders' assets: cash and debt, 1/65536 base units. Below 2**111 for any `balance` that a
            token returns, so that no absurd answer can stop a settlement.
    """
    return unsafe_add(unsafe_mul(min(balance, CASH_TOP), units.FRACTION), total_debt)


@internal
@view
def _available(t: ledger.Totals) -> uint256:
    """
    @notice What can be paid out now, base units, rounded down: lenders' assets not lent, at most cash.
    """
    return min((t.total_assets - min(t.total_assets, t.total_debt)) // units.FRACTION, self._balance())


@internal
def _pull(source: address, amount: uint256):
    """
    @notice Pull `amount` base units from `source` and check that they arrived.
    """
    if amount == 0:
        return
    before: uint256 = self._balance()
    self._take(source, amount)
    assert self._balance() == before + amount, "pool: amount did not arrive"


@internal
def _take(source: address, amount: uint256):
    success: bool = extcall ASSET.transferFrom(source, self, amount, default_return_value=True)
    assert success, "pool: transfer failed"


@internal
def _send(receiver: address, amount: uint256):
    """
    @notice Send `amount` base units to `receiver`.
    """
    if amount == 0:
        return
    success: bool = extcall ASSET.transfer(receiver, amount, default_return_value=True)
    assert success, "pool: transfer failed"


@internal
@view
def _flash_fee(amount: uint256) -> uint256:
    """
    @notice Base units, rounded up.
    """
    return (amount * FLASH_FEE + units.WAD - 1) // units.WAD
