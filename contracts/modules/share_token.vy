# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Share token
@license AGPL-3.0-only
@notice Lender shares as an ERC-20 with EIP-2612 permits. Decimals are those of the asset plus 3.
@dev The total supply is a field of the ledger. An allowance of the largest uint never decreases.
     An approval can be raced as with any ERC-20: set it to 0 first, or use `permit`.
"""

from ethereum.ercs import IERC20
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

from . import ledger

uses: ledger
initializes: eip712_domain_separator

PERMIT_TYPEHASH: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)

name: public(immutable(String[50]))
symbol: public(immutable(String[32]))
decimals: public(immutable(uint8))

balanceOf: public(reentrant(HashMap[address, uint256]))
allowance: public(reentrant(HashMap[address, HashMap[address, uint256]]))
nonces: public(reentrant(HashMap[address, uint256]))


@deploy
def __init__(name_: String[50], symbol_: String[32], decimals_: uint8):
    """
    @param name_ Also the name of the EIP-712 domain, version "1".
    """
    name = name_
    symbol = symbol_
    decimals = decimals_
    eip712_domain_separator.__init__(name_, "1")


@external
@view
@reentrant
def totalSupply() -> uint256:
    """
    @notice Lender shares in existence.
    """
    return ledger._total_supply()


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` shares from the caller to `to`.
    """
    self._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` of `owner`'s shares to `to` out of the caller's allowance.
    """
    self._spend_allowance(owner, amount)
    self._transfer(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Allow `spender` to move `amount` of the caller's shares; the largest uint never decreases.
    """
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Approve by the owner's EIP-712 signature (EIP-2612).
    @param deadline Last second in which the signature may be used.
    """
    assert block.timestamp <= deadline, "pool: permit expired"
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = unsafe_add(nonce, 1)  # one per signature: cannot reach 2**256
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(abi_encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline))
    )
    signer: address = ecdsa._recover_vrs(digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    assert signer == owner and signer != empty(address), "pool: bad signature"
    self._approve(owner, spender, amount)


@external
@view
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice The EIP-712 domain separator, rebuilt when the chain id changes.
    """
    return eip712_domain_separator._domain_separator_v4()


@internal
def _transfer(owner: address, to: address, amount: uint256):
    assert to != empty(address), "pool: zero address"
    balance: uint256 = self.balanceOf[owner]
    assert amount <= balance, "pool: too few shares"
    self.balanceOf[owner] = unsafe_sub(balance, amount)  # checked above
    # read after the write, so that a transfer to oneself changes nothing; balances add up to the supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend_allowance(owner: address, amount: uint256):
    """
    @notice Spend `amount` of the caller's allowance from `owner`; the largest uint never decreases.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "pool: allowance too small"
        self.allowance[owner][msg.sender] = unsafe_sub(allowed, amount)  # checked above


@internal
def _mint(to: address, amount: uint256):
    """
    @notice Add shares; the caller adds them to the total supply in the ledger, which bounds the sum.
    """
    assert to != empty(address), "pool: zero address"
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@internal
def _burn(owner: address, amount: uint256):
    """
    @notice Remove shares; the caller removes them from the total supply in the ledger.
    """
    balance: uint256 = self.balanceOf[owner]
    assert amount <= balance, "pool: too few shares"
    self.balanceOf[owner] = unsafe_sub(balance, amount)  # checked above
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)
