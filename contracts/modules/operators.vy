# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Operators
@license AGPL-3.0-only
@notice Who may act for an owner: rights scoped by bits, granted by call or by EIP-712 signature.
@dev Rights: bit 0 withdraw collateral, bit 1 borrow. Depositing and repaying are open to all.
"""

from snekmate.utils import eip712_domain_separator
from snekmate.utils import signature_checker

from ..interfaces import IVault

initializes: eip712_domain_separator

RIGHT_WITHDRAW: constant(uint256) = 1
RIGHT_BORROW: constant(uint256) = 2
RIGHTS_ALL: constant(uint256) = RIGHT_WITHDRAW | RIGHT_BORROW
TYPEHASH: constant(bytes32) = keccak256(
    "SetOperator(address owner,address operator,uint256 rights,uint256 nonce,uint256 deadline)"
)

rights_of: public(reentrant(HashMap[address, HashMap[address, uint256]]))  # owner -> operator -> rights
nonces: public(reentrant(HashMap[address, uint256]))


@deploy
def __init__():
    eip712_domain_separator.__init__("Plimsoll Vault", "1")


@external
def set_operator(operator: address, rights: uint256):
    """
    @notice Set what `operator` may do for the caller; 0 revokes all rights.
    """
    self._set_operator(msg.sender, operator, rights)


@external
def set_operator_by_signature(
    owner: address, operator: address, rights: uint256, nonce: uint256, deadline: uint256, signature: Bytes[65]
):
    """
    @notice Set what `operator` may do for `owner`, by the owner's signature (EIP-712; ERC-1271 when the owner has
            code). Does nothing when the nonce is used and the operator already has exactly these rights: the
            signature was submitted before.
    @param nonce The owner's next nonce.
    @param deadline Last second in which the signature may be used.
    """
    assert owner != empty(address), "vault: no owner"
    assert block.timestamp <= deadline, "vault: signature expired"
    expected: uint256 = self.nonces[owner]
    if nonce < expected and self.rights_of[owner][operator] == rights:
        return
    assert nonce == expected, "vault: nonce used or ahead"
    self.nonces[owner] = unsafe_add(nonce, 1)  # one per signature: cannot reach 2**256
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(abi_encode(TYPEHASH, owner, operator, rights, nonce, deadline))
    )
    assert signature_checker._is_valid_signature_now(owner, digest, signature), "vault: bad signature"
    self._set_operator(owner, operator, rights)


@external
@view
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice The EIP-712 domain separator, rebuilt when the chain id changes.
    """
    return eip712_domain_separator._domain_separator_v4()


@internal
def _set_operator(owner: address, operator: address, rights: uint256):
    assert rights <= RIGHTS_ALL, "vault: unknown right"
    self.rights_of[owner][operator] = rights
    log IVault.OperatorSet(owner=owner, operator=operator, rights=rights)


@internal
@view
def _authorise(owner: address, right: uint256):
    """
    @notice Refuse a caller who is neither the owner nor an operator with this right.
    """
    if msg.sender != owner:
        assert self.rights_of[owner][msg.sender] & right != 0, "vault: not authorised"
