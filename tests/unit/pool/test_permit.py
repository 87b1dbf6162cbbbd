"""Allowing another to move shares by a signature (EIP-2612)."""

from dataclasses import dataclass, replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from plimsoll.testing import refusal
from plimsoll.units import HOUR, MAX, NOBODY

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class Permit:
    owner: str
    spender: str
    amount: int
    nonce: int
    deadline: int
    domain_name: str = "Plimsoll Lab"
    version: str = "1"
    chain_id: int = 0
    contract: str = ""

    def message(self):
        return encode_typed_data(
            domain_data={
                "name": self.domain_name,
                "version": self.version,
                "chainId": self.chain_id,
                "verifyingContract": self.contract,
            },
            message_types={
                "Permit": [
                    {"name": "owner", "type": "address"},
                    {"name": "spender", "type": "address"},
                    {"name": "value", "type": "uint256"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ]
            },
            message_data={
                "owner": self.owner,
                "spender": self.spender,
                "value": self.amount,
                "nonce": self.nonce,
                "deadline": self.deadline,
            },
        )

    def arguments(self, signer):
        """What `permit` takes, signed by `signer`."""
        signature = Account.sign_message(self.message(), signer.private_key)
        return (
            self.owner,
            self.spender,
            self.amount,
            self.deadline,
            signature.v,
            signature.r.to_bytes(32),
            signature.s.to_bytes(32),
        )


@pytest.fixture
def permit(chain, lab, lender, operator):
    return Permit(
        lender.address,
        operator.address,
        123,
        0,
        chain.now + HOUR,
        chain_id=chain.engine.chain_id,
        contract=lab.pool.address,
    )


def test_approves(lab, permit, lender, operator, stranger):
    receipt = lab.pool.permit(*permit.arguments(lender), sender=stranger)
    assert receipt.events == [lab.pool.Approval(owner=lender, spender=operator, value=123)]
    assert lab.pool.allowance(lender, operator) == 123
    assert lab.pool.nonces(lender) == 1
    assert lab.pool.nonces(operator) == 0


def test_works_once(lab, permit, lender, operator, stranger):
    """X2."""
    lab.pool.permit(*permit.arguments(lender), sender=stranger)
    lab.pool.approve(operator, 0, sender=lender)
    assert refusal(lab.pool.permit, *permit.arguments(lender), sender=stranger) == "pool: bad signature"
    again = replace(permit, nonce=1)
    assert refusal(lab.pool.permit, *again.arguments(lender), sender=stranger) is None


def test_works_until_its_deadline(chain, lab, permit, lender, stranger):
    chain.advance(HOUR)
    assert refusal(lab.pool.permit, *permit.arguments(lender), sender=stranger) is None
    chain.advance(1)
    assert refusal(lab.pool.permit, *permit.arguments(lender), sender=stranger) == "pool: permit expired"


def test_signed_by_another(lab, permit, operator, stranger):
    assert refusal(lab.pool.permit, *permit.arguments(operator), sender=stranger) == "pool: bad signature"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 124},
        {"nonce": 1},
        {"deadline": MAX},
        {"spender": "0x000000000000000000000000000000000000dEaD"},
        {"domain_name": "Plimsoll Test"},
        {"version": "2"},
        {"chain_id": 2},
        {"contract": "0x000000000000000000000000000000000000dEaD"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_text_was_signed(lab, permit, lender, stranger, change):
    signature = replace(permit, **change).arguments(lender)[4:]
    asked = (permit.owner, permit.spender, permit.amount, permit.deadline)
    assert refusal(lab.pool.permit, *asked, *signature, sender=stranger) == "pool: bad signature"


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_nobody_signs_for_the_zero_address(lab, permit, lender, stranger, v):
    """A signature that cannot be recovered does not pass for the zero address's; the library sees to it."""
    *asked, good_v, r, s = replace(permit, owner=NOBODY).arguments(lender)
    assert refusal(lab.pool.permit, *asked, v, r, s, sender=stranger) == "ecdsa: invalid signature"
    assert refusal(lab.pool.permit, *asked, good_v, r, s, sender=stranger) == "pool: bad signature"


def test_the_other_half_of_a_signature_is_refused(lab, permit, lender, stranger):
    *asked, v, r, s = permit.arguments(lender)
    flipped = SECP256K1_N - int.from_bytes(s, "big")
    arguments = (*asked, 55 - v, r, flipped.to_bytes(32, "big"))
    reason = refusal(lab.pool.permit, *arguments, sender=stranger)
    assert reason == "ecdsa: invalid signature `s` value"


def test_a_zero_deadline_and_the_largest(lab, permit, lender, stranger):
    past = replace(permit, deadline=0)
    assert refusal(lab.pool.permit, *past.arguments(lender), sender=stranger) == "pool: permit expired"
    for_ever = replace(permit, deadline=MAX)
    assert refusal(lab.pool.permit, *for_ever.arguments(lender), sender=stranger) is None


def test_the_domain(lab, permit):
    assert bytes(lab.pool.DOMAIN_SEPARATOR()) == bytes(permit.message().header)


def test_the_domain_follows_the_chain(chain, anvil, lab, permit, lender, stranger):
    """After a fork of the chain a signature works on one side only."""
    here = chain.engine.chain_id
    separator = lab.pool.DOMAIN_SEPARATOR()
    arguments = permit.arguments(lender)
    elsewhere = replace(permit, chain_id=here + 1)
    anvil.request("anvil_setChainId", here + 1)
    try:
        assert lab.pool.DOMAIN_SEPARATOR() != separator
        assert bytes(lab.pool.DOMAIN_SEPARATOR()) == bytes(elsewhere.message().header)
        assert refusal(lab.pool.permit, *arguments, sender=stranger) == "pool: bad signature"
        assert refusal(lab.pool.permit, *elsewhere.arguments(lender), sender=stranger) is None
    finally:
        anvil.request("anvil_setChainId", here)
    assert lab.pool.DOMAIN_SEPARATOR() == separator
