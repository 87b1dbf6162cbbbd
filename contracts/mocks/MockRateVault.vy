# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title MockRateVault
@license AGPL-3.0-only
@notice An ERC-4626 vault whose exchange rate is set by hand, for tests. It has what an oracle reads: `asset`,
        `decimals`, `convertToAssets`. It also passes for a plain token of any decimals that nobody holds.
@custom:security Anybody may set it. Never deploy it next to anything of value.
"""

# ------------------------------------------------------------------------------------------------------------
# Immutables and storage
# ------------------------------------------------------------------------------------------------------------

ASSET: immutable(address)
DECIMALS: immutable(uint8)

# Asset base units per whole share.
rate: public(uint256)
silent: public(bool)


# ------------------------------------------------------------------------------------------------------------
# Constructor
# ------------------------------------------------------------------------------------------------------------


@deploy
def __init__(asset_: address, decimals_: uint8, rate_: uint256):
    """
    @param asset_ The underlying token; empty when a test wants a plain token.
    @param decimals_ The decimals of the shares.
    @param rate_ Asset base units per whole share.
    """
    ASSET = asset_
    DECIMALS = decimals_
    self.rate = rate_


# ------------------------------------------------------------------------------------------------------------
# What a vault has
# ------------------------------------------------------------------------------------------------------------


@external
@view
@reentrant
def asset() -> address:
    """
    @return The underlying token.
    """
    return ASSET


@external
@view
@reentrant
def decimals() -> uint8:
    """
    @return The decimals of the shares.
    """
    return DECIMALS


@external
@view
@reentrant
def convertToAssets(shares: uint256) -> uint256:
    """
    @param shares Base units of shares.
    @return Asset base units, rounded down. Reverts while the vault is silent.
    """
    assert not self.silent, "rate vault: silent"
    return shares * self.rate // 10 ** convert(DECIMALS, uint256)


# ------------------------------------------------------------------------------------------------------------
# Set by tests
# ------------------------------------------------------------------------------------------------------------


@external
def set_rate(rate_: uint256):
    """
    @param rate_ Asset base units per whole share from now on: a donation, a loss, a lie.
    """
    self.rate = rate_


@external
def set_silent(silent: bool):
    """
    @param silent Whether `convertToAssets` reverts from now on.
    """
    self.silent = silent
