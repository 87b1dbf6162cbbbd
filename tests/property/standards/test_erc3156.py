"""ERC-3156: what the text demands of a flash lender; the pool is the subject that is one."""

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract, deploy
from plimsoll.units import NOBODY
from tests.property.standards.subjects import MILLION, PoolSubject, Subject, every
from tests.property.standards.texts import TRANSFER, event, refused
from tests.stateful.world import DEPLOYER, LENDER, STRANGER

MAGIC = keccak(text="ERC3156FlashBorrower.onFlashLoan")
examples = settings(max_examples=20, deadline=None, derandomize=True)
all_lenders = every(kinds=[PoolSubject])
full_lenders = every("par", "gained", "paused", kinds=[PoolSubject])


def receiver_of(subject: Subject) -> Contract:
    """A receiver with a million of the asset that has approved the lender."""
    receiver = deploy(subject.engine, artifact("Intruder"), sender=DEPLOYER)
    subject.asset.send("mint", receiver.address, MILLION, sender=DEPLOYER)
    receiver.send("approve", subject.asset.address, subject.vault.address, 2**256 - 1, sender=DEPLOYER)
    return receiver


def lend(subject: Subject, receiver: str, amount: int, data: bytes = b"") -> bool:
    call = (receiver, subject.asset.address, amount, data)
    return subject.vault.send("flashLoan", *call, sender=STRANGER)


@all_lenders
def test_only_the_asset_is_lent(subject: Subject) -> None:
    """The maximum of any other token is 0, its fee reverts, its loan too; nothing is asked of the token."""
    receiver = receiver_of(subject)
    other = deploy(subject.engine, artifact("PlainToken"), "Other", "O", 18, sender=DEPLOYER)
    other.send("mint", subject.vault.address, MILLION, sender=DEPLOYER)
    for token in (other.address, subject.vault.address, NOBODY, STRANGER):
        assert subject.vault.call("maxFlashLoan", token) == 0
        for amount in (0, 1, MILLION):
            assert refused(subject.vault, "flashFee", token, amount, sender=STRANGER)
            call = (receiver.address, token, amount, b"")
            assert refused(subject.vault, "flashLoan", *call, sender=STRANGER)


@all_lenders
def test_the_maximum_is_lent_and_one_more_is_not(subject: Subject) -> None:
    """It is all the cash there is, whatever lenders or borrowers may do."""
    receiver = receiver_of(subject)
    most = subject.vault.call("maxFlashLoan", subject.asset.address)
    assert most == subject.assets(subject.vault.address)
    assert lend(subject, receiver.address, most) is True
    most = subject.vault.call("maxFlashLoan", subject.asset.address)
    assert refused(
        subject.vault, "flashLoan", receiver.address, subject.asset.address, most + 1, b"", sender=STRANGER
    )


@full_lenders
@given(amount=st.one_of(st.integers(0, 3), st.integers(0, MILLION // 5)), data=st.binary(max_size=64))
@examples
def test_the_receiver_is_told_and_pays_the_fee_asked_before(
    subject: Subject, amount: int, data: bytes
) -> None:
    """Initiator, token, amount, fee, data; loan and fee are pulled by `transferFrom` and both arrive."""
    with subject.undone():
        vault, asset, receiver = subject.vault, subject.asset, receiver_of(subject)
        cash, had = subject.assets(vault.address), subject.assets(receiver.address)
        fee = vault.call("flashFee", asset.address, amount)
        assert lend(subject, receiver.address, amount, data) is True
        logs = subject.engine.logs()
        told = "FlashLoanReceived(address,address,uint256,uint256,bytes)"
        assert event(receiver, told, STRANGER, asset.address, amount, fee, data) in logs
        moved = [
            event(asset, TRANSFER, vault.address, receiver.address, amount),
            event(asset, TRANSFER, receiver.address, vault.address, amount + fee),
        ]
        assert [log for log in logs if log.address == asset.address] == moved or amount == 0
        assert subject.assets(vault.address) == cash + fee
        assert subject.assets(receiver.address) == had - fee


@full_lenders
@given(one=st.integers(0, MILLION), more=st.integers(0, MILLION))
@examples
def test_the_fee_grows_with_the_loan_and_rounds_up(subject: Subject, one: int, more: int) -> None:
    """Parts cost no less than the whole; nothing but nothing is free."""
    fees = [subject.vault.call("flashFee", subject.asset.address, a) for a in (one, more, one + more)]
    assert fees[2] <= fees[0] + fees[1] <= fees[2] + 1
    assert all(fee > 0 for fee, amount in zip(fees, (one, more, one + more), strict=True) if amount)


@full_lenders
def test_a_loan_changes_no_price(subject: Subject) -> None:
    """P10: the fee is nobody's share of the lenders' assets."""
    views = ("totalAssets", "totalSupply", "asset")
    before = [subject.vault.call(view) for view in views]
    worth = subject.vault.call("convertToAssets", 10**12)
    lend(subject, receiver_of(subject).address, MILLION // 5)
    assert [subject.vault.call(view) for view in views] == before
    assert subject.vault.call("convertToAssets", 10**12) == worth


@full_lenders
@pytest.mark.parametrize("answer", [bytes(32), MAGIC[:-1] + b"\0", keccak(text="onFlashLoan"), b"\xff" * 32])
def test_the_receiver_must_return_the_hash(subject: Subject, answer: bytes) -> None:
    receiver = receiver_of(subject)
    receiver.send("set_answer", answer, sender=DEPLOYER)
    with pytest.raises(CallReverted):
        lend(subject, receiver.address, 1_000)
    receiver.send("set_answer", MAGIC, sender=DEPLOYER)
    assert lend(subject, receiver.address, 1_000) is True


@full_lenders
def test_repayment_is_pulled(subject: Subject) -> None:
    """Not received: a receiver that sends loan and fee back by itself, and approves less, is refused."""
    vault, asset, receiver = subject.vault, subject.asset, receiver_of(subject)
    amount = 10**9
    fee = vault.call("flashFee", asset.address, amount)
    receiver.send("approve", asset.address, vault.address, amount + fee - 1, sender=DEPLOYER)
    with pytest.raises(CallReverted):
        lend(subject, receiver.address, amount)
    back = (asset.address, asset.encode("transfer", vault.address, amount + fee))
    receiver.send("plan", [back], sender=DEPLOYER)
    with pytest.raises(CallReverted):
        lend(subject, receiver.address, amount)
    receiver.send("plan", [], sender=DEPLOYER)
    receiver.send("approve", asset.address, vault.address, amount + fee, sender=DEPLOYER)
    assert lend(subject, receiver.address, amount) is True
    assert asset.call("allowance", receiver.address, vault.address) == 0


@full_lenders
def test_the_receiver_pays_not_the_caller(subject: Subject) -> None:
    """A receiver without the fee cannot use what others have approved; an account cannot receive."""
    receiver = receiver_of(subject)
    subject.asset.send("burn", receiver.address, MILLION, sender=DEPLOYER)
    call = (receiver.address, subject.asset.address, 10**9, b"")
    assert subject.asset.call("allowance", LENDER, subject.vault.address) > 0
    assert refused(subject.vault, "flashLoan", *call, sender=LENDER)
    assert refused(subject.vault, "flashLoan", LENDER, *call[1:], sender=LENDER)


@full_lenders
def test_in_a_callback_what_reads_cash_reverts(subject: Subject) -> None:
    """N1: a deviation on purpose; whatever does not read cash answers as outside of the callback."""
    vault, receiver = subject.vault, receiver_of(subject)
    locked = [("maxWithdraw", LENDER), ("maxRedeem", LENDER), ("maxFlashLoan", subject.asset.address)]
    locked += [(name, 10**9) for name in ("convertToAssets", "previewWithdraw", "previewRedeem")]
    free = [("maxDeposit", LENDER), ("maxMint", LENDER), ("totalAssets",)]
    free += [(name, 10**9) for name in ("convertToShares", "previewDeposit", "previewMint")]
    steps = [(vault.address, vault.encode(*call)) for call in [*locked, *free]]
    receiver.send("plan", steps, sender=DEPLOYER)
    lend(subject, receiver.address, MILLION // 10)
    outcomes = receiver.call("outcomes")
    assert [success for success, _ in outcomes] == [False] * len(locked) + [True] * len(free)
    answers = [int.from_bytes(response) for success, response in outcomes if success]
    assert answers == [vault.call(*call) for call in free]
