# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title PeerVault
@license AGPL-3.0-only
@notice snekmate's ERC-4626 vault as a contract: another implementation on which the properties of the
        standards are tested. What it owns is its balance, so what is sent to it is a gain and what is seized a loss.
@custom:security For tests only.
"""

from ethereum.ercs import IERC20
from snekmate.extensions import erc4626

initializes: erc4626

exports: erc4626.__interface__


@deploy
def __init__(name_: String[25], symbol_: String[5], asset_: address, decimals_offset: uint8):
    """
    @param name_ Also the name of the EIP-712 domain, version "1".
    @param decimals_offset How many decimals the shares have more than the asset.
    """
    erc4626.__init__(name_, symbol_, IERC20(asset_), decimals_offset, name_, "1")
