# pragma version 0.4.3
# pragma nonreentrancy off
# pragma optimize gas
# pragma evm-version prague
"""
@title ContractWallet
@license AGPL-3.0-only
@notice A wallet with code: one key signs for it (ERC-1271) and makes its calls.
@custom:security For tests only.
"""

from snekmate.utils import ecdsa

MAGIC: constant(bytes4) = 0x1626ba7e

key: public(immutable(address))
broken: public(bool)


@deploy
def __init__(key_: address):
    key = key_


@external
def set_broken(broken: bool):
    """
    @notice Whether every signature is answered with the wrong magic value.
    """
    self.broken = broken


@external
def act(target: address, data: Bytes[1024]):
    """
    @notice Make a call. Only the key may.
    """
    assert msg.sender == key, "wallet: not the key"
    raw_call(target, data)


@external
@view
def isValidSignature(hash: bytes32, signature: Bytes[65]) -> bytes4:
    """
    @notice ERC-1271.
    """
    if self.broken or ecdsa._recover_sig(hash, signature) != key:
        return 0xffffffff
    return MAGIC
