"""Why a permit (EIP-2612) is refused; what it does is in `property/standards/test_erc2612.py`."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import HOUR, MAX, NOBODY
from tests.property.standards.texts import PERMIT


@pytest.fixture
def permit(chain, lab, lender, operator):
    """Arguments of `permit` for 123 shares and an hour, signed by the lender unless told otherwise."""

    def permit(signer=lender, owner=lender.address, nonce=0, deadline=chain.now + HOUR, chain_id=None):
        domain = {
            "name": "Plimsoll Lab",
            "version": "1",
            "chainId": chain_id or chain.engine.chain_id,
            "verifyingContract": lab.pool.address,
        }
        message = {
            "owner": owner,
            "spender": operator.address,
            "value": 123,
            "nonce": nonce,
            "deadline": deadline,
        }
        signature = signer.sign(domain, PERMIT, message)
        return owner, operator, 123, deadline, signature[64], signature[:32], signature[32:64]

    return permit


def test_works_once(lab, permit, lender, operator, stranger):
    """X2."""
    lab.pool.permit(*permit(), sender=stranger)
    lab.pool.approve(operator, 0, sender=lender)
    assert refusal(lab.pool.permit, *permit(), sender=stranger) == "pool: bad signature"
    assert refusal(lab.pool.permit, *permit(nonce=1), sender=stranger) is None


def test_works_until_its_deadline(chain, lab, permit, stranger):
    arguments = permit()
    chain.advance(HOUR)
    assert refusal(lab.pool.permit, *arguments, sender=stranger) is None
    chain.advance(1)
    assert refusal(lab.pool.permit, *arguments, sender=stranger) == "pool: permit expired"
    assert refusal(lab.pool.permit, *permit(deadline=0), sender=stranger) == "pool: permit expired"
    assert refusal(lab.pool.permit, *permit(deadline=MAX), sender=stranger) is None


def test_signed_by_another(lab, permit, operator, stranger):
    assert refusal(lab.pool.permit, *permit(signer=operator), sender=stranger) == "pool: bad signature"


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_nobody_signs_for_the_zero_address(lab, permit, stranger, v):
    """A signature that cannot be recovered does not pass for the zero address's; the library sees to it."""
    *asked, good_v, r, s = permit(owner=NOBODY)
    assert refusal(lab.pool.permit, *asked, v, r, s, sender=stranger) == "ecdsa: invalid signature"
    assert refusal(lab.pool.permit, *asked, good_v, r, s, sender=stranger) == "pool: bad signature"


def test_the_domain_follows_the_chain(chain, anvil, lab, permit, stranger):
    """After a fork of the chain a signature works on one side only."""
    here = chain.engine.chain_id
    separator = lab.pool.DOMAIN_SEPARATOR()
    arguments, elsewhere = permit(), permit(chain_id=here + 1)
    anvil.request("anvil_setChainId", here + 1)
    try:
        assert lab.pool.DOMAIN_SEPARATOR() != separator
        assert refusal(lab.pool.permit, *arguments, sender=stranger) == "pool: bad signature"
        assert refusal(lab.pool.permit, *elsewhere, sender=stranger) is None
    finally:
        anvil.request("anvil_setChainId", here)
    assert lab.pool.DOMAIN_SEPARATOR() == separator
