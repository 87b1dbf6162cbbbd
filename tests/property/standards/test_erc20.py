"""ERC-20: what the text demands of a token, of lender shares, a peer's and the backstop's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.units import MAX, NOBODY
from tests.property.standards.subjects import Subject, every
from tests.property.standards.texts import APPROVAL, TRANSFER, event, refused
from tests.stateful.world import LENDER, OPERATOR, OTHER_LENDER, STRANGER

examples = settings(max_examples=20, deadline=None, derandomize=True)
parts = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
pytestmark = every("gained", "lent_out", "paused", "provided", "unnoticed")


def part_of(subject: Subject, part: float) -> int:
    return int(subject.shares(LENDER) * part)


def holdings(subject: Subject) -> list[int]:
    owners = (LENDER, OTHER_LENDER, OPERATOR, STRANGER, subject.vault.address, NOBODY)
    return [subject.vault.call("totalSupply"), *(subject.shares(owner) for owner in owners)]


def test_says_what_it_is(subject: Subject) -> None:
    """Metadata is optional in the text; wallets and ERC-4626 ask for it."""
    assert subject.vault.call("name") and subject.vault.call("symbol")
    assert 6 <= subject.vault.call("decimals") <= 21


@given(part=parts)
@examples
def test_transfer_moves_what_it_says(subject: Subject, part: float) -> None:
    """P1: a transfer of 0 is one as well, with its event; the supply does not change."""
    with subject.undone():
        amount, before = part_of(subject, part), holdings(subject)
        assert subject.vault.send("transfer", STRANGER, amount, sender=LENDER) is True
        assert subject.engine.logs() == [event(subject.vault, TRANSFER, LENDER, STRANGER, amount)]
        before[1] -= amount
        before[4] += amount
        assert holdings(subject) == before


@given(part=parts)
@examples
def test_transfer_to_oneself_changes_nothing(subject: Subject, part: float) -> None:
    with subject.undone():
        amount, before = part_of(subject, part), holdings(subject)
        subject.vault.send("transfer", LENDER, amount, sender=LENDER)
        assert subject.engine.logs() == [event(subject.vault, TRANSFER, LENDER, LENDER, amount)]
        assert holdings(subject) == before


def test_nobody_transfers_more_than_he_has(subject: Subject) -> None:
    shares = subject.shares(LENDER)
    subject.vault.send("approve", OPERATOR, MAX, sender=LENDER)
    for to in (STRANGER, LENDER):
        assert refused(subject.vault, "transfer", to, shares + 1, sender=LENDER)
        assert refused(subject.vault, "transfer", to, MAX, sender=LENDER)
        assert refused(subject.vault, "transferFrom", LENDER, to, shares + 1, sender=OPERATOR)
    assert refused(subject.vault, "transfer", LENDER, 1, sender=STRANGER)


def test_nothing_goes_to_the_zero_address(subject: Subject) -> None:
    """The text is silent; a `Transfer` to it would read as a burn that the supply does not know of."""
    subject.vault.send("approve", OPERATOR, MAX, sender=LENDER)
    assert refused(subject.vault, "transfer", NOBODY, 1, sender=LENDER)
    assert refused(subject.vault, "transferFrom", LENDER, NOBODY, 1, sender=OPERATOR)


@given(amount=st.one_of(st.sampled_from([0, 1, MAX]), st.integers(0, MAX)), then=st.integers(0, MAX))
@examples
def test_approve_sets_and_says_so(subject: Subject, amount: int, then: int) -> None:
    """A second approval overwrites the first; only this spender's changes."""
    with subject.undone():
        for value in (amount, then):
            assert subject.vault.send("approve", OPERATOR, value, sender=LENDER) is True
            assert subject.engine.logs() == [event(subject.vault, APPROVAL, LENDER, OPERATOR, value)]
            assert subject.vault.call("allowance", LENDER, OPERATOR) == value
        assert subject.vault.call("allowance", OPERATOR, LENDER) == 0
        assert subject.vault.call("allowance", LENDER, STRANGER) == 0


@given(part=parts, more=st.integers(0, 10**30))
@examples
def test_transfer_from_spends_what_it_moves(subject: Subject, part: float, more: int) -> None:
    with subject.undone():
        vault, amount, before = subject.vault, part_of(subject, part), holdings(subject)
        vault.send("approve", OPERATOR, amount + more, sender=LENDER)
        assert vault.send("transferFrom", LENDER, STRANGER, amount, sender=OPERATOR) is True
        moved = event(vault, TRANSFER, LENDER, STRANGER, amount)
        left = event(vault, APPROVAL, LENDER, OPERATOR, more)
        assert subject.engine.logs() == ([left, moved] if subject.spending_is_logged else [moved])
        assert vault.call("allowance", LENDER, OPERATOR) == more
        before[1] -= amount
        before[4] += amount
        assert holdings(subject) == before


def test_transfer_from_needs_the_allowance(subject: Subject) -> None:
    """Not with none, not with one too few, not with another's, not after it is used up; 0 needs none."""
    vault, call = subject.vault, (LENDER, STRANGER, 10**6)
    assert refused(vault, "transferFrom", *call, sender=OPERATOR)
    vault.send("approve", OPERATOR, 10**6 - 1, sender=LENDER)
    assert refused(vault, "transferFrom", *call, sender=OPERATOR)
    vault.send("approve", OPERATOR, 10**6, sender=LENDER)
    assert refused(vault, "transferFrom", *call, sender=STRANGER)
    vault.send("transferFrom", *call, sender=OPERATOR)
    assert refused(vault, "transferFrom", LENDER, STRANGER, 1, sender=OPERATOR)
    assert not refused(vault, "transferFrom", LENDER, STRANGER, 0, sender=OPERATOR)


def test_an_infinite_allowance_is_not_spent(subject: Subject) -> None:
    """The text is silent; the largest uint means without end by custom."""
    subject.vault.send("approve", OPERATOR, MAX, sender=LENDER)
    subject.vault.send("transferFrom", LENDER, STRANGER, 10**6, sender=OPERATOR)
    assert subject.engine.logs() == [event(subject.vault, TRANSFER, LENDER, STRANGER, 10**6)]
    assert subject.vault.call("allowance", LENDER, OPERATOR) == MAX


def test_a_holder_of_transferred_shares_has_all_their_rights(subject: Subject) -> None:
    """ERC-4626 shares are the ERC-20 token: who got them can redeem them as far as anybody can.

    What is asked for is no token: it stays with who has asked.
    """
    asked = subject.redeemable(LENDER) if subject.leaving_is_asked_for else 0
    with subject.undone():
        subject.ask_to_leave(LENDER)
        before = subject.vault.call("maxRedeem", LENDER)
    subject.vault.send("transfer", STRANGER, subject.shares(LENDER), sender=LENDER)
    assert (subject.shares(LENDER), subject.redeemable(LENDER)) == (0, asked)
    subject.ask_to_leave(STRANGER)
    assert subject.vault.call("maxRedeem", STRANGER) == max(0, before - asked)  # 0 at a haircut
