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

from snekmate.utils import message_hash_utils
from snekmate.utils import signature_checker

from ..interfaces import IVault

RIGHT_WITHDRAW: constant(uint256) = 1
RIGHT_BORROW: constant(uint256) = 2
RIGHTS_ALL: constant(uint256) = RIGHT_WITHDRAW | RIGHT_BORROW
DOMAIN_TYPEHASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME_HASH: constant(bytes32) = keccak256("Plimsoll Vault")
VERSION_HASH: constant(bytes32) = keccak256("1")
TYPEHASH: constant(bytes32) = keccak256(
    "SetOperator(address owner,address operator,uint256 rights,uint256 nonce,uint256 deadline)"
)
DELEGATED: constant(Bytes[3]) = b"\xef\x01\x00"  # the code of an account that has delegated: this and an address
DELEGATED_SIZE: constant(uint256) = 23

rights_of: public(reentrant(HashMap[address, HashMap[address, uint256]]))  # owner -> operator -> rights
nonces: public(reentrant(HashMap[address, uint256]))


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
    @notice Set what `operator` may do for `owner`, who signed so (EIP-712; see `_has_signed`).
            Returns quietly when the nonce is used and the operator has just these rights: somebody else
            delivered the signature first.
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
    digest: bytes32 = message_hash_utils._to_typed_data_hash(
        self._domain_separator(),
        keccak256(abi_encode(TYPEHASH, owner, operator, rights, nonce, deadline)),
    )
    assert self._has_signed(owner, digest, signature), "vault: bad signature"
    self._set_operator(owner, operator, rights)


@external
@view
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice The EIP-712 domain separator, of the chain's id now.
    """
    return self._domain_separator()


@internal
@view
def _domain_separator() -> bytes32:
    """
    @dev Not kept: what keeps it costs a basket more code than it has to spare.
    """
    return keccak256(abi_encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain.id, self))


@internal
@view
def _has_signed(owner: address, digest: bytes32, signature: Bytes[65]) -> bool:
    """
    @notice Whether `owner` has signed: with their key, or by ERC-1271 when they have code. An account that has
            delegated to code (EIP-7702) may do either.
    @dev A second form of the same signature does no harm: the nonce is used up.
    """
    if len(signature) == 65 and owner.codesize == DELEGATED_SIZE and slice(owner.code, 0, 3) == DELEGATED:
        r: uint256 = convert(slice(signature, 0, 32), uint256)
        s: uint256 = convert(slice(signature, 32, 32), uint256)
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        if ecrecover(digest, v, r, s) == owner:  # empty for what is no signature; the owner never is
            return True
    return signature_checker._is_valid_signature_now(owner, digest, signature)


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
