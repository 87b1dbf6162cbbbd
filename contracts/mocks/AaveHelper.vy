# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title AaveHelper
@license AGPL-3.0-only
@notice Does in one transaction what Aave v3 has no call for: liquidates many positions in a loop, or many
        collaterals of one. It also receives flash loans. As lean as can be, so that Aave is not charged for it: the funds are its own, the
        tokens are immutable, an order is one word.
@custom:security For measuring only. Anybody may spend what it holds.
"""

from ethereum.ercs import IERC20

interface Pool:
    def liquidationCall(
        collateral: address, debt: address, user: address, debt_to_cover: uint256, receive_a_token: bool
    ): nonpayable


OWNER: constant(uint256) = 2**160 - 1

POOL: immutable(Pool)
LOAN: immutable(address)
COLLATERAL: immutable(address)


@deploy
def __init__(pool: address, loan: address, collateral: address):
    """
    @param pool The pool, behind its proxy.
    @param loan The token that is lent.
    @param collateral The token that is seized.
    """
    POOL = Pool(pool)
    LOAN = loan
    COLLATERAL = collateral
    assert extcall IERC20(loan).approve(pool, max_value(uint256))


@external
def liquidate(orders: DynArray[uint256, 256]):
    """
    @param orders One word each: the debt to repay in base units (96 bits), the owner (160 bits).
    """
    for order: uint256 in orders:
        extcall POOL.liquidationCall(
            COLLATERAL, LOAN, convert(order & OWNER, address), order >> 160, False
        )


@external
def liquidate_all_of(owner: address, collaterals: DynArray[address, 8]):
    """
    @notice Take one collateral of an owner after the other, as much of each as Aave allows.
    """
    for collateral: address in collaterals:
        extcall POOL.liquidationCall(collateral, LOAN, owner, max_value(uint256), False)


@external
def executeOperation(
    asset: address, amount: uint256, premium: uint256, initiator: address, params: Bytes[1]
) -> bool:
    """
    @notice Aave's callback; it pulls the loan back by the standing allowance.
    """
    return True
