"""Rights by signature in the same call."""

import pytest

from plimsoll.units import MAX
from tests.unit.leverage.conftest import LATER, WETH
from tests.utils.periphery import STRANGER, refused


@pytest.fixture
def vault(venue):
    return venue.long.vault


def deliver(vault, leverage, trader, signed):
    """Somebody hands a signature in before the trader's call."""
    rights, nonce, deadline, signature = signed
    vault.send(
        "set_operator_by_signature",
        trader,
        leverage.address,
        rights,
        nonce,
        deadline,
        signature,
        sender=STRANGER,
    )


def test_one_signature_gives_a_right_that_stands(venue, leverage, trader, vault, into):
    signed = [venue.sign(venue.long, leverage, 2, 0, LATER)]
    call = ("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER)
    leverage.send(*call, signed, sender=trader)
    assert vault.call("rights_of", trader, leverage.address) == 2
    leverage.send("open", vault.address, 0, 0, 10**9, into, 0, 0, LATER, sender=trader)


def test_two_signatures_leave_none(venue, leverage, trader, vault, into, out_of):
    """Opening and closing with a right that lasts for the call."""
    for nonce, right, call in (
        (0, 2, ("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER)),
        (2, 1, ("close", vault.address, MAX, MAX, out_of, MAX, 0, LATER)),
    ):
        signed = [
            venue.sign(venue.long, leverage, right, nonce, LATER),
            venue.sign(venue.long, leverage, 0, nonce + 1, LATER),
        ]
        leverage.send(*call, signed, sender=trader)
        assert vault.call("rights_of", trader, leverage.address) == 0
        empty = ("open", vault.address, 0, 0, 0, into, 0, 0, LATER)
        refused("vault: not authorised", leverage, *empty, sender=trader)
    assert vault.call("position_of", trader) == (0, 0)


def test_a_signature_that_somebody_delivered_first(venue, leverage, trader, vault, into):
    """The right stands already: the call goes on."""
    signed = [venue.sign(venue.long, leverage, 2, 0, LATER), venue.sign(venue.long, leverage, 0, 1, LATER)]
    deliver(vault, leverage, trader, signed[0])
    leverage.send("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER, signed, sender=trader)
    assert vault.call("rights_of", trader, leverage.address) == 0


def test_both_delivered_first(venue, leverage, trader, vault, into):
    """The call fails and nothing is lost but two nonces."""
    signed = [venue.sign(venue.long, leverage, 2, 0, LATER), venue.sign(venue.long, leverage, 0, 1, LATER)]
    for one in signed:
        deliver(vault, leverage, trader, one)
    call = ("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER, signed)
    refused("vault: nonce used or ahead", leverage, *call, sender=trader)


def test_a17_a_signature_is_of_use_to_its_signer_alone(venue, leverage, trader, vault, into):
    """Somebody else's call names himself as the owner, so the signature is wrong."""
    signed = [venue.sign(venue.long, leverage, 2, 0, LATER)]
    call = ("open", vault.address, 0, 0, 10**10, into, 0, 0, LATER, signed)
    refused("vault: bad signature", leverage, *call, sender=STRANGER)


def test_a_signature_of_the_wrong_right(venue, leverage, trader, vault, into):
    signed = [venue.sign(venue.long, leverage, 1, 0, LATER)]
    call = ("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER, signed)
    refused("vault: not authorised", leverage, *call, sender=trader)


def test_a_signature_that_has_expired(venue, leverage, trader, vault, into):
    signed = [venue.sign(venue.long, leverage, 2, 0, venue.engine.now - 1)]
    call = ("open", vault.address, WETH, 0, 10**10, into, 0, 0, LATER, signed)
    refused("vault: signature expired", leverage, *call, sender=trader)
