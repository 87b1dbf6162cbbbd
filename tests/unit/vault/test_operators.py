"""Operators: rights of withdrawing and borrowing, granted by the owner by call or by EIP-712 signature."""

from collections.abc import Callable
from functools import partial

import pytest
from eth_abi import encode
from eth_utils import keccak
from pyrevm import AccountInfo

from plimsoll.chain.anvil import Anvil
from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm
from plimsoll.testing import Account, refusal
from plimsoll.testing.signatures import sign_set_operator
from plimsoll.units import DAY, MAX, NOBODY
from tests.utils.vaults import BORROW, WITHDRAW

BOTH = WITHDRAW | BORROW
AMOUNT = 3 * 10**18


@pytest.fixture
def vault(market):
    return market.vault


@pytest.fixture
def deadline(chain):
    return chain.now + DAY


@pytest.fixture
def sign(vault, borrower, operator, deadline):
    """Arguments of `set_operator_by_signature`, signed by the borrower unless told otherwise."""

    def sign(rights=BOTH, nonce=0, until=deadline, signer=borrower, owner=borrower, chain_id=None) -> tuple:
        signature = sign_set_operator(
            signer,
            vault,
            chain_id,
            owner=owner.address,
            operator=operator.address,
            rights=rights,
            nonce=nonce,
            deadline=until,
        )
        return owner, operator, rights, nonce, until, signature

    return sign


@pytest.mark.parametrize("rights", range(4))
def test_by_call(vault, borrower, operator, stranger, rights):
    vault.set_operator(operator, BOTH ^ rights, sender=borrower)
    receipt = vault.set_operator(operator, rights, sender=borrower)
    assert receipt.events == [vault.OperatorSet(owner=borrower, operator=operator, rights=rights)]
    assert vault.rights_of(borrower, operator) == rights
    assert vault.rights_of(operator, borrower) == vault.rights_of(borrower, stranger) == 0
    assert vault.nonces(borrower) == 0


def test_knows_two_rights(vault, borrower, operator):
    for rights in (BOTH + 1, 2**255, MAX):
        assert refusal(vault.set_operator, operator, rights, sender=borrower) == "vault: unknown right"
    assert refusal(vault.set_operator, operator, BOTH, sender=borrower) is None


def test_a_right_taken_away_is_gone(vault, borrower, operator):
    vault.deposit(AMOUNT, sender=borrower)
    vault.set_operator(operator, BOTH, sender=borrower)
    assert refusal(vault.withdraw, 1, operator, borrower, sender=operator) is None
    vault.set_operator(operator, 0, sender=borrower)
    assert refusal(vault.withdraw, 1, operator, borrower, sender=operator) == "vault: not authorised"


def test_an_operator_cannot_name_another(vault, borrower, operator, stranger):
    """He sets rights for himself alone."""
    vault.set_operator(operator, BOTH, sender=borrower)
    vault.set_operator(stranger, BOTH, sender=operator)
    vault.deposit(AMOUNT, sender=borrower)
    assert refusal(vault.withdraw, 1, stranger, borrower, sender=stranger) == "vault: not authorised"


def test_rights_are_of_one_vault(builder, market, vault, borrower, operator):
    other = builder.vault(market.pool, market.collateral, market.oracle)
    vault.set_operator(operator, BOTH, sender=borrower)
    assert other.rights_of(borrower, operator) == 0


@pytest.mark.parametrize("rights", range(4))
def test_by_signature_delivered_by_anybody(vault, borrower, operator, stranger, sign, rights):
    receipt = vault.set_operator_by_signature(*sign(rights), sender=stranger)
    assert receipt.events == [vault.OperatorSet(owner=borrower, operator=operator, rights=rights)]
    assert vault.rights_of(borrower, operator) == rights
    assert vault.nonces(borrower) == 1


def test_x2_a_signature_works_once(vault, borrower, operator, stranger, sign):
    """X2. Delivered again it returns quietly while its right stands, and is refused once that has changed."""
    arguments = sign()
    vault.set_operator_by_signature(*arguments, sender=stranger)
    receipt = vault.set_operator_by_signature(*arguments, sender=operator)
    assert receipt.events == []
    assert vault.nonces(borrower) == 1
    vault.set_operator(operator, WITHDRAW, sender=borrower)
    reason = "vault: nonce used or ahead"
    assert refusal(vault.set_operator_by_signature, *arguments, sender=stranger) == reason
    assert vault.rights_of(borrower, operator) == WITHDRAW


def test_a_used_nonce_with_a_standing_right_needs_no_signature(vault, operator, stranger, borrower, sign):
    """It changes nothing, so there is nothing to sign."""
    *arguments, _ = sign()
    vault.set_operator_by_signature(*sign(), sender=stranger)
    assert vault.set_operator_by_signature(*arguments, b"", sender=stranger).events == []
    arguments[2] = WITHDRAW
    reason = "vault: nonce used or ahead"
    assert refusal(vault.set_operator_by_signature, *arguments, b"", sender=stranger) == reason


def test_nonces_go_one_by_one(vault, borrower, stranger, sign):
    assert (
        refusal(vault.set_operator_by_signature, *sign(nonce=1), sender=stranger)
        == "vault: nonce used or ahead"
    )
    vault.set_operator_by_signature(*sign(nonce=0), sender=stranger)
    vault.set_operator_by_signature(*sign(rights=WITHDRAW, nonce=1), sender=stranger)
    assert vault.nonces(borrower) == 2


def test_ends_after_its_deadline(chain, vault, stranger, sign, deadline):
    chain.advance(DAY)
    assert chain.now == deadline
    assert refusal(vault.set_operator_by_signature, *sign(), sender=stranger) is None
    chain.advance(1)
    reason = "vault: signature expired"
    assert refusal(vault.set_operator_by_signature, *sign(), sender=stranger) == reason
    assert refusal(vault.set_operator_by_signature, *sign(until=MAX), sender=stranger) is None


@pytest.mark.parametrize("field", range(5))
def test_covers_every_field(vault, stranger, sign, receiver, field):
    """Whatever is changed after signing, the signature no longer fits."""
    arguments = list(sign())
    arguments[field] = (stranger, receiver, WITHDRAW, 1, arguments[4] + 1)[field]
    reason = "vault: nonce used or ahead" if field == 3 else "vault: bad signature"
    assert refusal(vault.set_operator_by_signature, *arguments, sender=stranger) == reason


def test_covers_the_vault(builder, market, vault, stranger, sign):
    other = builder.vault(market.pool, market.collateral, market.oracle)
    assert refusal(other.set_operator_by_signature, *sign(), sender=stranger) == "vault: bad signature"


def test_is_refused_when_somebody_else_signed(vault, operator, stranger, sign):
    arguments = sign(signer=operator)
    assert refusal(vault.set_operator_by_signature, *arguments, sender=stranger) == "vault: bad signature"


def test_is_refused_when_garbled(vault, stranger, sign):
    *arguments, signature = sign()
    high_s = signature[:32] + (2**256 - 1).to_bytes(32) + signature[64:]
    nobody = signature[:64] + b"\x1e"
    for bad, reason in (
        (b"", "vault: bad signature"),
        (signature[:63], "vault: bad signature"),
        (high_s, "ecdsa: invalid signature `s` value"),
        (nobody, "ecdsa: invalid signature"),
    ):
        assert refusal(vault.set_operator_by_signature, *arguments, bad, sender=stranger) == reason


def test_for_nobody_is_refused(vault, operator, stranger, deadline):
    """No signature gives the zero address."""
    for signature in (b"", b"\x00" * 65):
        arguments = (NOBODY, operator, BOTH, 0, deadline, signature)
        assert refusal(vault.set_operator_by_signature, *arguments, sender=stranger) == "vault: no owner"


def test_knows_two_rights_by_signature_too(vault, stranger, sign):
    reason = "vault: unknown right"
    assert refusal(vault.set_operator_by_signature, *sign(BOTH + 1), sender=stranger) == reason


def domain_separator(vault, chain_id: int) -> bytes:
    kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    hashes = [keccak(text=text) for text in (kind, "Plimsoll Vault", "1")]
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    return keccak(encode(types, [*hashes, chain_id, vault.address]))


def test_domain_follows_the_chain_id(chain, anvil, vault, stranger, sign):
    """After a fork, a signature works on the chain it was made for alone."""
    here = anvil.chain_id
    assert vault.DOMAIN_SEPARATOR() == domain_separator(vault, here)
    arguments, fork_arguments = sign(), sign(chain_id=77)
    method, reason = vault.set_operator_by_signature, "vault: bad signature"
    assert refusal(method, *fork_arguments, sender=stranger) == reason
    anvil.request("anvil_setChainId", 77)
    try:
        assert vault.DOMAIN_SEPARATOR() == domain_separator(vault, 77)
        assert refusal(method, *arguments, sender=stranger) == reason
        assert refusal(method, *fork_arguments, sender=stranger) is None
    finally:
        anvil.request("anvil_setChainId", here)
    assert refusal(method, *arguments, sender=stranger) is None


@pytest.fixture
def wallet(chain, deployer, borrower):
    """A wallet with code; the borrower holds its key."""
    return chain.make("ContractWallet", borrower)


def test_by_signature_of_a_wallet_with_code(vault, wallet, operator, stranger, sign):
    """ERC-1271."""
    receipt = vault.set_operator_by_signature(*sign(owner=wallet), sender=stranger)
    assert receipt.events == [vault.OperatorSet(owner=wallet, operator=operator, rights=BOTH)]
    assert vault.rights_of(wallet, operator) == BOTH
    assert vault.nonces(wallet) == 1


def test_a_wallet_with_code_has_the_last_word(vault, market, wallet, stranger, sign):
    method, reason = vault.set_operator_by_signature, "vault: bad signature"
    assert refusal(method, *sign(owner=wallet, signer=stranger), sender=stranger) == reason
    wallet.set_broken(True, sender=stranger)
    assert refusal(method, *sign(owner=wallet), sender=stranger) == reason
    # code that knows no ERC-1271
    assert refusal(method, *sign(owner=market.oracle), sender=stranger) == reason


def _put_code(engine: Engine, address: str, code: bytes) -> None:
    """Gives an account code that no creation could; it may outlive what undoes the rest."""
    if isinstance(engine, Anvil):
        engine.request("anvil_setCode", address, "0x" + code.hex())
    elif isinstance(engine, Revm):
        engine._evm.insert_account_info(address, AccountInfo(code=code))
    else:
        engine.set_code(address, code)  # that of `make coverage`


@pytest.fixture
def delegated(chain, sign):
    """An owner whose account has code, which says to have delegated to a contract; signs for them."""
    owner = Account.of("delegated owner")

    def delegated(address: str, prefix: str = "ef0100") -> Callable[..., tuple]:
        _put_code(chain.engine, owner, bytes.fromhex(prefix + address[2:]))
        return partial(sign, owner=owner)

    return delegated


def deliver(vault, arguments, sender) -> str | None:
    """Why a signature is refused; None: it is not."""
    return refusal(vault.set_operator_by_signature, *arguments, sender=sender)


def test_an_owner_who_has_delegated_signs_with_their_key(vault, market, delegated, operator, stranger):
    """EIP-7702: whatever the code says, here that of a contract without ERC-1271."""
    sign, owner = delegated(market.oracle.address), Account.of("delegated owner")
    assert deliver(vault, sign(signer=stranger), stranger) == "vault: bad signature"
    receipt = vault.set_operator_by_signature(*sign(signer=owner), sender=stranger)
    assert receipt.events == [vault.OperatorSet(owner=owner, operator=operator, rights=BOTH)]
    assert vault.rights_of(owner, operator) == BOTH
    assert vault.nonces(owner) == 1


def test_or_as_the_code_wants(chain, anvil, vault, delegated, operator, stranger):
    """ERC-1271: of a wallet to which another key belongs. Pyrevm runs no code that is delegated to."""
    sign = delegated(chain.make("ContractWallet", operator).address)
    for signer in (operator, Account.of("delegated owner")):
        assert deliver(vault, sign(signer=signer), stranger) is None
    assert deliver(vault, sign(signer=stranger), stranger) == "vault: bad signature"


def test_what_is_not_65_bytes_goes_to_the_code(chain, anvil, vault, delegated, market, stranger):
    """As 64 of EIP-2098 do."""
    agrees = chain.place_code(bytes.fromhex("631626ba7e60e01b5f5260205ff3"))  # returns ERC-1271's magic
    sign, owner = delegated(agrees), Account.of("delegated owner")
    *arguments, signature = sign(signer=owner)
    compact = signature[:32] + bytes([signature[32] | (signature[64] - 27) << 7]) + signature[33:64]
    for other in (compact, b""):
        assert deliver(vault, (*arguments, other), stranger) is None
    delegated(market.oracle.address)
    for other in (compact, b"", signature[:64] + b"\x1e", b"\x00" * 65):
        assert deliver(vault, (*arguments, other), stranger) == "vault: bad signature"
    assert deliver(vault, (*arguments, signature), stranger) is None


@pytest.mark.parametrize("code", ["ff0100" + "11" * 20, "600100" + "11" * 20, "60006000fd"])
def test_other_code_is_no_delegation(chain, vault, market, delegated, stranger, code):
    """Then it alone is asked, which does not answer."""
    sign, owner = delegated("0x", code), Account.of("delegated owner")
    assert deliver(vault, sign(signer=owner), stranger) == "vault: bad signature"
    delegated(market.oracle.address)
    assert deliver(vault, sign(signer=owner), stranger) is None


def test_a_wallet_with_code_acts_as_an_owner(vault, market, wallet, borrower, operator):
    market.collateral.mint(wallet, AMOUNT, sender=borrower)
    for target, data in (
        (market.collateral, market.collateral.approve.encode(vault, MAX)),
        (vault, vault.deposit.encode(AMOUNT)),
        (vault, vault.set_operator.encode(operator, WITHDRAW)),
    ):
        wallet.act(target, data, sender=borrower)
    vault.withdraw(AMOUNT, operator, wallet, sender=operator)
    assert vault.positions(wallet) == 0


def test_an_owner_needs_no_right(vault, borrower):
    vault.deposit(AMOUNT, sender=borrower)
    assert vault.rights_of(borrower, borrower) == 0
    assert refusal(vault.withdraw, 1, borrower, borrower, sender=borrower) is None
