"""Operators of a basket: the module is a vault's; what each right opens, signatures for this contract."""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, OPERATOR, OTHER_BORROWER, STRANGER
from plimsoll.testing.signatures import sign_set_operator
from plimsoll.units import DAY

NOT = "vault: not authorised"


def attempts(place) -> dict[str, tuple]:
    """What somebody may want to do with the borrower's position, and the rights that it takes: 1 or 2."""
    mine = (OPERATOR, BORROWER)
    return {
        "withdraw": (1, (0, 1, *mine)),
        "close": (1, (0, 0, 1, *mine)),
        "borrow": (2, (1, *mine)),
        "open": (2, (0, 1, 1, *mine)),
    }


@pytest.mark.parametrize("rights", range(4))
def test_each_right_opens_its_own(lent, rights):
    lent.act("set_operator", OPERATOR, rights, sender=BORROWER)
    for function, (needed, arguments) in attempts(lent).items():
        for sender in (OPERATOR, STRANGER, LIQUIDATOR):
            with lent.isolated():
                if sender == OPERATOR and rights & needed:
                    lent.act(function, *arguments, sender=sender)
                else:
                    lent.refused(NOT, function, *arguments, sender=sender)
    lent.refused(NOT, "open", 0, 0, 0, OPERATOR, OTHER_BORROWER, sender=OPERATOR)


def test_no_right_is_needed_to_give(lent):
    """To lock for somebody, to repay for him, to close him when he is unhealthy, to poke him."""
    lent.act("deposit", 0, 1, BORROWER, sender=STRANGER)
    lent.act("repay", 10**6, BORROWER, sender=STRANGER)
    lent.act("close", 10**6, 0, 0, STRANGER, BORROWER, sender=STRANGER)
    lent.act("poke", BORROWER, sender=STRANGER)


def test_unknown_rights(place):
    place.refused("vault: unknown right", "set_operator", OPERATOR, 4, sender=BORROWER)


def test_by_signature(lent):
    """For this basket, once, until then."""
    basket, deadline = lent.basket, lent.chain.now + DAY

    def signed(rights: int, nonce: int, contract=basket, signer=BORROWER) -> tuple:
        message = {
            "owner": BORROWER, "operator": OPERATOR, "rights": rights, "nonce": nonce, "deadline": deadline,
        }  # fmt: skip
        return (*message.values(), sign_set_operator(signer, contract, None, **message))

    by_signature = basket.set_operator_by_signature
    assert refusal(by_signature, *signed(3, 1), sender=STRANGER) == "vault: nonce used or ahead"
    for wrong in (signed(3, 0, lent.pool), signed(3, 0, basket, OPERATOR)):
        assert refusal(by_signature, *wrong, sender=STRANGER) == "vault: bad signature"
    receipt = by_signature(*signed(1, 0), sender=STRANGER)
    assert receipt.events == [basket.OperatorSet(owner=BORROWER, operator=OPERATOR, rights=1)]
    assert (basket.rights_of(BORROWER, OPERATOR), basket.nonces(BORROWER)) == (1, 1)
    assert refusal(basket.withdraw, 0, 1, OPERATOR, BORROWER, sender=OPERATOR) is None
    assert refusal(by_signature, *signed(3, 0), sender=STRANGER) == "vault: nonce used or ahead"
    assert by_signature(*signed(1, 0), sender=STRANGER).events == []  # done already
    last = signed(3, 1)
    lent.chain.advance(DAY + 1)
    assert refusal(by_signature, *last, sender=STRANGER) == "vault: signature expired"
