# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title MorphoHelper
@license AGPL-3.0-only
@notice Does in one transaction what Morpho Blue has no call for: liquidates many positions in a loop. It also
        takes flash loans, which Morpho Blue gives to contracts only. As lean as can be, so that Morpho is not
        charged for it: the funds are its own, the market is immutable, an order is one word.
@custom:security For measuring only. Anybody may spend what it holds.
"""

from ethereum.ercs import IERC20

struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    lltv: uint256

interface Morpho:
    def liquidate(
        params: MarketParams,
        borrower: address,
        seized_assets: uint256,
        repaid_shares: uint256,
        data: Bytes[1],
    ) -> (uint256, uint256): nonpayable
    def flashLoan(token: address, assets: uint256, data: Bytes[1]): nonpayable


OWNER: constant(uint256) = 2**160 - 1

MORPHO: immutable(Morpho)
PARAMS: immutable(MarketParams)


@deploy
def __init__(morpho: address, params: MarketParams):
    """
    @param morpho The contract that holds all markets.
    @param params The market.
    """
    MORPHO = Morpho(morpho)
    PARAMS = params
    assert extcall IERC20(params.loan_token).approve(morpho, max_value(uint256))


@external
def liquidate(orders: DynArray[uint256, 256]):
    """
    @param orders One word each: the debt shares to repay (96 bits), the owner (160 bits).
    """
    params: MarketParams = PARAMS
    for order: uint256 in orders:
        extcall MORPHO.liquidate(params, convert(order & OWNER, address), 0, order >> 160, b"")


@external
def flash(assets: uint256):
    """
    @param assets Base units of the loan token to borrow and give back.
    """
    extcall MORPHO.flashLoan(PARAMS.loan_token, assets, b"")


@external
def onMorphoFlashLoan(assets: uint256, data: Bytes[1]):
    """
    @notice Morpho's callback; it pulls the loan back by the standing allowance.
    """
    pass
