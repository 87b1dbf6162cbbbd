"""EIP-2612 on EIP-712: what the texts demand of approvals by signature, of the pool and of a peer."""

from dataclasses import dataclass, replace

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.units import DAY, MAX, NOBODY
from tests.property.standards.subjects import PeerSubject, PoolSubject, Subject, every
from tests.property.standards.texts import APPROVAL, PERMIT, SIGNATURE_ORDER, event, refused
from tests.stateful.world import OPERATOR, STRANGER

CHAIN_ID = 1  # of pyrevm
SIGNER, OTHER_SIGNER = (Account.from_key(bytes([number]) * 32) for number in (1, 2))
OWNER = SIGNER.address.lower()
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
examples = settings(max_examples=20, deadline=None, derandomize=True)
pytestmark = every("par", kinds=[PoolSubject, PeerSubject])


@dataclass(frozen=True)
class Permit:
    """What is signed, and in which domain."""

    name: str
    version: str
    contract: str
    deadline: int
    owner: str = OWNER
    spender: str = OPERATOR
    value: int = 123
    nonce: int = 0
    chain_id: int = CHAIN_ID

    def signed(self, signer=SIGNER) -> tuple[int, bytes, bytes]:
        domain = {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }
        message = {name: getattr(self, name) for name in ("owner", "spender", "value", "nonce", "deadline")}
        signature = signer.sign_message(encode_typed_data(domain, PERMIT, message))
        return signature.v, signature.r.to_bytes(32), signature.s.to_bytes(32)

    def call(self, *signature) -> tuple:
        return (self.owner, self.spender, self.value, self.deadline, *signature)


def permit_for(subject: Subject) -> Permit:
    name = subject.vault.call("name")
    return Permit(name, subject.version, subject.vault.address, subject.engine.now + DAY)


def test_the_domain_is_that_of_the_text(subject: Subject) -> None:
    parts = (keccak(text=subject.vault.call("name")), keccak(text=subject.version))
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    values = [keccak(text=DOMAIN), *parts, CHAIN_ID, subject.vault.address]
    assert subject.vault.call("DOMAIN_SEPARATOR") == keccak(encode(types, values))


@given(value=st.one_of(st.sampled_from([0, MAX]), st.integers(0, MAX)), wait=st.integers(0, DAY))
@examples
def test_anybody_delivers_what_the_owner_signed(subject: Subject, value: int, wait: int) -> None:
    """Up to the last second; the allowance is set, the nonce counts, `Approval` says so."""
    with subject.undone():
        permit = replace(permit_for(subject), value=value)
        subject.engine.advance(wait)
        subject.vault.send("permit", *permit.call(*permit.signed()), sender=STRANGER)
        assert subject.engine.logs() == [event(subject.vault, APPROVAL, OWNER, OPERATOR, value)]
        assert subject.vault.call("allowance", OWNER, OPERATOR) == value
        assert subject.vault.call("nonces", OWNER) == 1


def test_a_signature_works_once(subject: Subject) -> None:
    """X2: the nonce is part of what is signed; the next nonce works next."""
    permit = permit_for(subject)
    subject.vault.send("permit", *permit.call(*permit.signed()), sender=STRANGER)
    assert refused(subject.vault, "permit", *permit.call(*permit.signed()), sender=STRANGER)
    ahead, following = replace(permit, nonce=2), replace(permit, nonce=1)
    assert refused(subject.vault, "permit", *ahead.call(*ahead.signed()), sender=STRANGER)
    assert not refused(subject.vault, "permit", *following.call(*following.signed()), sender=STRANGER)


def test_not_after_its_deadline(subject: Subject) -> None:
    permit = permit_for(subject)
    signature = permit.signed()
    subject.engine.advance(DAY)
    assert not refused(subject.vault, "permit", *permit.call(*signature), sender=STRANGER)
    subject.engine.advance(1)
    assert refused(subject.vault, "permit", *permit.call(*signature), sender=STRANGER)


def test_not_by_another(subject: Subject) -> None:
    permit = permit_for(subject)
    assert refused(subject.vault, "permit", *permit.call(*permit.signed(OTHER_SIGNER)), sender=OPERATOR)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("owner", OTHER_SIGNER.address.lower()),
        ("spender", STRANGER),
        ("value", 124),
        ("nonce", 1),
        ("deadline", MAX),
        ("name", "Somebody Else"),
        ("version", "2"),
        ("chain_id", 2),
        ("contract", STRANGER),
    ],
)
def test_every_field_is_signed(subject: Subject, field: str, other: object) -> None:
    """A signature over another message or domain is refused; owner, spender, value, deadline both ways."""
    permit = permit_for(subject)
    changed = replace(permit, **{field: other})
    assert refused(subject.vault, "permit", *permit.call(*changed.signed()), sender=STRANGER)
    if field in ("owner", "spender", "value", "deadline"):
        assert refused(subject.vault, "permit", *changed.call(*permit.signed()), sender=STRANGER)


def test_the_other_half_of_the_curve_is_refused(subject: Subject) -> None:
    """The texts are silent; with `s` above half of the order a signature would have a twin."""
    permit = permit_for(subject)
    v, r, s = permit.signed()
    mirrored = (SIGNATURE_ORDER - int.from_bytes(s)).to_bytes(32)
    assert refused(subject.vault, "permit", *permit.call(55 - v, r, mirrored), sender=STRANGER)
    assert not refused(subject.vault, "permit", *permit.call(v, r, s), sender=STRANGER)


@pytest.mark.parametrize("v", [0, 1, 26, 27, 28, 29, 255])
def test_nobody_signs_for_the_zero_address(subject: Subject, v: int) -> None:
    """What cannot be recovered is no signature of the zero address; the text says so."""
    permit = replace(permit_for(subject), owner=NOBODY)
    _, r, s = permit.signed()
    for first, second in ((r, s), (bytes(32), s), (r, bytes(32)), (bytes(32), bytes(32))):
        assert refused(subject.vault, "permit", *permit.call(v, first, second), sender=STRANGER)
