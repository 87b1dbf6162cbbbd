"""ERC-4626: what the text demands of any tokenised vault, in every state that a subject knows."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.units import DAY, MAX, NOBODY
from tests.property.standards.subjects import (
    MILLION,
    BackstopSubject,
    PeerSubject,
    PoolSubject,
    Subject,
    every,
)
from tests.property.standards.texts import DEPOSIT, TRANSFER, WITHDRAW, event, refused
from tests.stateful.world import LENDER, OPERATOR, OTHER_LENDER, ROLES, STAKER, STRANGER

ENTRIES, EXITS = ("deposit", "mint"), ("withdraw", "redeem")
ENOUGH = 10**30  # an amount that stands for "no limit"
LIVE = ("par", "gained", "lost", "capped", "dearer")  # where something can come in and go out
HELD = (*LIVE, "provided", "lent_out", "paused", "waiting", "lapsed", "unnoticed")  # states with holders
MANY, FEW = 25, 10  # examples of a test; make fuzz takes many
examples = settings(max_examples=MANY if "FUZZ_STEPS" in os.environ else FEW, deadline=None, derandomize=True)
amounts = st.one_of(st.integers(0, 3), st.integers(0, MILLION // 2), st.integers(0, 4 * MILLION))


def maximum(subject: Subject, function: str, owner: str) -> int:
    return subject.vault.call(f"max{function.capitalize()}", owner)


def preview(subject: Subject, function: str, amount: int) -> int:
    return subject.vault.call(f"preview{function.capitalize()}", amount)


def arguments(function: str, amount: int, receiver: str, owner: str) -> tuple:
    return (amount, receiver) if function in ENTRIES else (amount, receiver, owner)


def allowed(subject: Subject, function: str, amount: int, owner: str) -> int:
    """As much of an amount as the vault takes or gives now; nothing where it would give nothing and refuses.

    The text has no word for a deposit that is worth no share, nor for shares that are worth no asset.
    """
    amount = min(amount, maximum(subject, function, owner))
    refusing = function == "deposit" or (function == "redeem" and not subject.burns_for_nothing)
    return 0 if refusing and preview(subject, function, amount) == 0 else amount


def shut(subject: Subject, function: str, owner: str) -> bool:
    """Whether a way out may be shut even for nothing: a maximum of 0 can mean "entirely disabled"."""
    return subject.leaving_is_asked_for and function in EXITS and maximum(subject, function, owner) == 0


# ---------------------------------------------------------------------------------------------- views


@every()
def test_no_view_reverts(subject: Subject) -> None:
    """Maxima and total assets in no state, for nobody; conversions and previews whatever the limits are."""
    for owner in (*ROLES, NOBODY, subject.vault.address, subject.asset.address):
        for function in (*ENTRIES, *EXITS):
            assert maximum(subject, function, owner) >= 0
    for amount in (0, 1, MILLION, 10**24):
        for name in ("convertToShares", "convertToAssets", "previewDeposit", "previewMint"):
            subject.vault.call(name, amount)
        for name in ("previewWithdraw", "previewRedeem"):
            subject.vault.call(name, amount)
    assert subject.vault.call("totalAssets") >= 0
    assert subject.vault.call("asset") == subject.asset.address


@every()
@given(one=amounts, other=amounts)
@examples
def test_conversions_round_down(subject: Subject, one: int, other: int) -> None:
    """Parts are worth no more than the whole, and less by a unit at most; there and back gives no more.

    Shares of the backstop beyond all that there are are worth no more than all that there is.
    """
    for there, back in (("convertToShares", "convertToAssets"), ("convertToAssets", "convertToShares")):
        first, second, both = (subject.vault.call(there, amount) for amount in (one, other, one + other))
        is_all = there == "convertToAssets" and both == subject.vault.call("totalAssets")
        assert first + second <= both or is_all
        assert both <= first + second + 1
        assert subject.vault.call(back, first) <= one


@every()
@given(one=amounts, other=amounts)
@examples
def test_prices_round_up(subject: Subject, one: int, other: int) -> None:
    """What minting costs and what withdrawing burns: the parts cost no less than the whole."""
    for function in ("mint", "withdraw"):
        first, second, both = (preview(subject, function, amount) for amount in (one, other, one + other))
        assert both <= first + second <= both + 1


@every()
@given(amount=amounts)
@examples
def test_previews_are_not_better_than_conversions(subject: Subject, amount: int) -> None:
    """Fees are in previews and not in conversions, which are of the token's shares."""
    shares, assets = (subject.vault.call(f"convertTo{name}", amount) for name in ("Shares", "Assets"))
    assert preview(subject, "deposit", amount) <= shares
    assert assets <= preview(subject, "mint", amount)
    if not subject.leaving_is_asked_for:  # else other shares are burnt
        assert shares <= preview(subject, "withdraw", amount)
        assert preview(subject, "redeem", amount) <= assets


@every(*HELD)
def test_conversions_do_not_depend_on_the_caller(subject: Subject) -> None:
    for function in ("convertToShares", "convertToAssets"):
        answers = {subject.vault.call(function, MILLION + 7, sender=caller) for caller in (*ROLES, NOBODY)}
        assert len(answers) == 1


@every(*HELD)
def test_the_maximum_to_put_in_does_not_depend_on_what_anybody_has(subject: Subject) -> None:
    """It assumes that everybody has infinite assets."""
    for function in ENTRIES:
        before = maximum(subject, function, STRANGER)
        subject.impoverish(STRANGER)
        assert maximum(subject, function, STRANGER) == before


@every(*HELD)
def test_holders_own_no_more_than_total_assets(subject: Subject) -> None:
    owned = [subject.vault.call("convertToAssets", subject.shares(owner)) for owner in (LENDER, OTHER_LENDER)]
    assert 0 < sum(owned) <= subject.vault.call("totalAssets")


@every("par")
def test_total_assets_follow_gains_and_losses(subject: Subject) -> None:
    """And with them what shares are worth."""
    shares = subject.shares(LENDER)

    def books() -> tuple[int, int]:
        return subject.vault.call("totalAssets"), subject.vault.call("convertToAssets", shares)

    before = books()
    with subject.undone():
        subject.gain()
        assert all(now > then for now, then in zip(books(), before, strict=True))
    subject.lose()
    assert all(now < then for now, then in zip(books(), before, strict=True))


# ------------------------------------------------------------------------- executing what was previewed


@every("empty", "wiped", *HELD)
@pytest.mark.parametrize("function", [*ENTRIES, *EXITS])
@given(amount=amounts)
@examples
def test_execution_is_no_worse_than_its_preview(subject: Subject, function: str, amount: int) -> None:
    """Deposits and redemptions give at least, mints and withdrawals cost at most, what the preview said."""
    with subject.undone():
        amount = allowed(subject, function, amount, LENDER)
        said = preview(subject, function, amount)
        if maximum(subject, function, LENDER) == 0:
            return
        done = subject.vault.send(function, *arguments(function, amount, LENDER, LENDER), sender=LENDER)
        assert done >= said if function in ("deposit", "redeem") else done <= said


@every("empty", "provided", *LIVE)
@pytest.mark.parametrize("function", ENTRIES)
@given(amount=amounts)
@examples
def test_entries_move_exactly_what_they_say(subject: Subject, function: str, amount: int) -> None:
    """Assets from the caller, shares to the receiver; `Transfer` from the zero address, `Deposit`."""
    with subject.undone():
        vault, asset = subject.vault, subject.asset
        amount = allowed(subject, function, amount, STRANGER)
        before = subject.assets(LENDER), subject.shares(STRANGER), vault.call("totalSupply")
        answer = vault.send(function, amount, STRANGER, sender=LENDER)
        logs = subject.engine.logs()
        assets, shares = (amount, answer) if function == "deposit" else (answer, amount)
        assert subject.assets(LENDER) == before[0] - assets
        assert subject.shares(STRANGER) == before[1] + shares
        assert vault.call("totalSupply") == before[2] + shares
        assert [log for log in logs if log.address == vault.address] == [
            event(vault, TRANSFER, NOBODY, STRANGER, shares),
            event(vault, DEPOSIT, LENDER, STRANGER, assets, shares),
        ]
        moved = [event(asset, TRANSFER, LENDER, vault.address, assets)]
        assert [log for log in logs if log.address == asset.address] == moved or assets == 0


@every(*LIVE)
@pytest.mark.parametrize("function", EXITS)
@given(amount=amounts)
@examples
def test_exits_move_exactly_what_they_say(subject: Subject, function: str, amount: int) -> None:
    """Shares from the owner, assets to the receiver; `Transfer` to the zero address, `Withdraw`."""
    with subject.undone():
        vault, asset = subject.vault, subject.asset
        amount = allowed(subject, function, amount, LENDER)
        before = subject.assets(STRANGER), subject.redeemable(LENDER), subject.redeemable_supply()
        answer = vault.send(function, amount, STRANGER, LENDER, sender=LENDER)
        logs = subject.engine.logs()
        assets, shares = (amount, answer) if function == "withdraw" else (answer, amount)
        assert subject.assets(STRANGER) == before[0] + assets
        assert subject.redeemable(LENDER) == before[1] - shares
        assert subject.redeemable_supply() == before[2] - shares
        assert [log for log in logs if log.address == vault.address] == [
            *subject.burning(LENDER, shares),
            event(vault, WITHDRAW, LENDER, STRANGER, LENDER, assets, shares),
        ]
        moved = [event(asset, TRANSFER, vault.address, STRANGER, assets)]
        assert [log for log in logs if log.address == asset.address] == moved or assets == 0


@every("empty", *LIVE)
@pytest.mark.parametrize("function", [*ENTRIES, *EXITS])
def test_zero_is_an_amount(subject: Subject, function: str) -> None:
    """The text forbids neither; all subjects let it pass, say so in events and move nothing."""
    if shut(subject, function, LENDER):
        assert refused(subject.vault, function, 0, LENDER, LENDER, sender=LENDER)
        return
    before = subject.assets(LENDER), subject.shares(LENDER), subject.vault.call("totalAssets")
    assert subject.vault.send(function, *arguments(function, 0, LENDER, LENDER), sender=LENDER) == 0
    owner_event = (
        event(subject.vault, DEPOSIT, LENDER, LENDER, 0, 0)
        if function in ENTRIES
        else event(subject.vault, WITHDRAW, LENDER, LENDER, LENDER, 0, 0)
    )
    assert owner_event in subject.engine.logs()
    assert (subject.assets(LENDER), subject.shares(LENDER), subject.vault.call("totalAssets")) == before


@every(*LIVE)
@pytest.mark.parametrize("function", ENTRIES)
def test_nobody_pays_with_what_he_has_not_or_has_not_approved(subject: Subject, function: str) -> None:
    poor, amount = "0x" + "77" * 20, 10**9
    subject.asset.send("approve", subject.vault.address, MAX, sender=poor)
    assert refused(subject.vault, function, amount, poor, sender=poor)
    subject.endow(poor, 10**10)
    assert not refused(subject.vault, function, amount, poor, sender=poor)
    cost = amount if function == "deposit" else preview(subject, "mint", amount)
    subject.asset.send("approve", subject.vault.address, cost - 1, sender=poor)
    assert refused(subject.vault, function, amount, poor, sender=poor)
    subject.asset.send("approve", subject.vault.address, cost, sender=poor)
    assert not refused(subject.vault, function, amount, poor, sender=poor)


# ----------------------------------------------------------------------------------------------- maxima


@every()
@pytest.mark.parametrize("function", ENTRIES)
def test_the_maximum_to_put_in_is_accepted_and_one_more_is_not(subject: Subject, function: str) -> None:
    """2**256 - 1 says that there is no limit; then a large amount stands for it."""
    subject.endow(STRANGER, 10 * ENOUGH)
    most = maximum(subject, function, STRANGER)
    if most > 0:
        assert not refused(subject.vault, function, min(most, ENOUGH), STRANGER, sender=STRANGER)
    if most < MAX:
        beyond = most + 1 + (function == "mint" and most > 0) * subject.share_slack()
        assert refused(subject.vault, function, beyond, STRANGER, sender=STRANGER)


@every()
@pytest.mark.parametrize("function", EXITS)
@pytest.mark.parametrize("owner", [LENDER, OTHER_LENDER, STRANGER])
def test_the_maximum_to_take_out_is_accepted_and_one_more_is_not(
    subject: Subject, function: str, owner: str
) -> None:
    most = maximum(subject, function, owner)
    accepted = not refused(subject.vault, function, most, owner, owner, sender=owner)
    assert accepted or shut(subject, function, owner)
    beyond = most + 1 + (function == "redeem") * subject.share_slack()
    assert refused(subject.vault, function, beyond, owner, owner, sender=owner)


@every("closed", "paused", "wiped", kinds=[PoolSubject])
def test_a_vault_that_takes_nothing_says_so(subject: Subject) -> None:
    """Zero for both ways in; the ways out stay as they are (X1)."""
    assert maximum(subject, "deposit", LENDER) == maximum(subject, "mint", LENDER) == 0
    assert maximum(subject, "redeem", LENDER) > 0 or subject.state == "closed"


@every("lent_out", "waiting", "lapsed")
def test_a_vault_that_gives_nothing_says_so(subject: Subject) -> None:
    """Zero for both ways out, and previews act as if there were no limit."""
    for function in EXITS:
        assert maximum(subject, function, LENDER) == 0
        assert refused(subject.vault, function, 10**9, LENDER, LENDER, sender=LENDER)
    shares = subject.redeemable(LENDER)
    assert preview(subject, "redeem", shares) > MILLION // 2
    assert preview(subject, "withdraw", MILLION // 2) <= shares


@every("provided")
def test_a_haircut_needs_consent(subject: Subject) -> None:
    """Nothing by the text's ways out, which say so; previews are what the other way pays."""
    owner = OTHER_LENDER
    for function in EXITS:
        assert maximum(subject, function, owner) == 0
        assert refused(subject.vault, function, 10**9, owner, owner, sender=owner)
        assert not refused(subject.vault, function, 0, owner, owner, sender=owner)
    shares, before = subject.redeemable(owner), subject.assets(owner)
    said = preview(subject, "redeem", shares)
    assert 0 < said < subject.worth_without_provisions(owner) * 9 // 10
    assert 0 < preview(subject, "withdraw", said) <= shares
    subject.leave_at_any_terms(owner)
    assert subject.assets(owner) - before == said


# ------------------------------------------------------------------------------------ what has been asked


@every("par", "gained", "lost", "dearer", "provided", kinds=[BackstopSubject])
def test_what_may_leave_is_what_was_asked_for(subject: Subject) -> None:
    """Nobody else's maximum is above 0, and a holder's is his request, neither more nor all that he holds."""
    for owner in (STRANGER, STAKER):
        assert maximum(subject, "redeem", owner) == maximum(subject, "withdraw", owner) == 0
    for owner in (LENDER, OTHER_LENDER):
        asked = subject.redeemable(owner)
        assert subject.shares(owner) > 0 < asked
        most = 0 if subject.state == "provided" else asked
        assert maximum(subject, "redeem", owner) == most
        assert maximum(subject, "withdraw", owner) == preview(subject, "redeem", most)


@every("par", kinds=[BackstopSubject])
def test_the_maximum_ends_with_the_window(subject: Subject) -> None:
    """Above 0 in its last second, 0 a second later."""
    assert maximum(subject, "redeem", LENDER) > 0  # the request matures now
    subject.engine.advance(2 * DAY)
    assert maximum(subject, "redeem", LENDER) > 0
    subject.engine.advance(1)
    assert maximum(subject, "redeem", LENDER) == maximum(subject, "withdraw", LENDER) == 0


@every("dearer", kinds=[BackstopSubject])
def test_a_share_of_the_escrow_is_not_a_share_of_the_token(subject: Subject) -> None:
    """The deviation from the text that docs/backstop.md states: ways out mean the first."""
    shares = subject.redeemable(LENDER)
    assert preview(subject, "redeem", shares) > subject.vault.call("convertToAssets", shares)
    assert subject.vault.send("redeem", shares, LENDER, LENDER, sender=LENDER) > subject.vault.call(
        "convertToAssets", shares
    )


@every("provided", kinds=[PoolSubject])
def test_exits_are_priced_below_entries_while_provisions_stand(subject: Subject) -> None:
    """Conversions to assets are at the price of exits, those to shares at that of entries."""
    shares = subject.shares(LENDER)
    entry, worth = preview(subject, "mint", shares), subject.vault.call("convertToAssets", shares)
    assert preview(subject, "redeem", shares) == worth < entry * 9 // 10
    assert preview(subject, "withdraw", worth) <= shares < preview(subject, "withdraw", entry)
    assert preview(subject, "deposit", entry) == subject.vault.call("convertToShares", entry) >= shares


# ------------------------------------------------------------------------------------------ no free lunch


@every("empty", *LIVE)
@pytest.mark.parametrize("way_in", ENTRIES)
@pytest.mark.parametrize("way_out", EXITS)
@given(amount=amounts)
@examples
def test_in_and_out_gains_nothing(subject: Subject, way_in: str, way_out: str, amount: int) -> None:
    """P7: for one who had nothing in the vault."""
    with subject.undone():
        had = subject.assets(STRANGER)
        amount = allowed(subject, way_in, amount, STRANGER)
        subject.vault.send(way_in, amount, STRANGER, sender=STRANGER)
        subject.ask_to_leave(STRANGER)
        if not shut(subject, way_out, STRANGER):
            most = allowed(subject, way_out, MAX, STRANGER)
            subject.vault.send(way_out, most, STRANGER, STRANGER, sender=STRANGER)
        assert subject.assets(STRANGER) <= had


@every(*LIVE, kinds=[PoolSubject, PeerSubject])
@pytest.mark.parametrize("way_out", EXITS)
@pytest.mark.parametrize("way_in", ENTRIES)
@given(amount=amounts)
@examples
def test_out_and_in_gains_nothing(subject: Subject, way_out: str, way_in: str, amount: int) -> None:
    """P7: for one who leaves and comes back with the same shares, or the same assets."""
    with subject.undone():
        assets, shares = subject.assets(LENDER), subject.shares(LENDER)
        amount = allowed(subject, way_out, amount, LENDER)
        subject.vault.send(way_out, amount, LENDER, LENDER, sender=LENDER)
        if way_in == "mint":
            subject.vault.send("mint", shares - subject.shares(LENDER), LENDER, sender=LENDER)
            assert subject.assets(LENDER) <= assets
        else:
            subject.vault.send("deposit", subject.assets(LENDER) - assets, LENDER, sender=LENDER)
            assert subject.shares(LENDER) <= shares


@every(*LIVE)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([*ENTRIES, *EXITS]), st.sampled_from([LENDER, STRANGER]), amounts),
        max_size=8,
    )
)
@examples
def test_no_order_of_steps_makes_anybody_richer(subject: Subject, steps: list) -> None:
    """P7: two players in any order, together with no more at the end than at the beginning."""
    with subject.undone():

        def wealth(owner: str) -> int:
            return subject.assets(owner) + subject.worth(owner)

        before = {owner: wealth(owner) for owner in (LENDER, STRANGER)}
        for function, owner, amount in steps:
            amount = allowed(subject, function, amount, owner)
            call = arguments(function, amount, owner, owner)
            if not refused(subject.vault, function, *call, sender=owner):
                subject.vault.send(function, *call, sender=owner)
        assert wealth(LENDER) + wealth(STRANGER) <= sum(before.values())
        # what the other's steps leave behind by rounding belongs to all who hold: a unit a step at most
        assert wealth(STRANGER) <= before[STRANGER] + len(steps)


@every("empty", *LIVE)
@pytest.mark.parametrize("function", [*ENTRIES, *EXITS])
@given(amount=amounts)
@examples
def test_rounding_is_the_callers_loss(subject: Subject, function: str, amount: int) -> None:
    """P5, B2: no way in or out lowers what shares are worth, be it by a part of a base unit."""
    with subject.undone():

        def prices() -> tuple[int, int]:  # in shares, of entries and exits
            return subject.vault.call("convertToShares", 10**36), preview(subject, "withdraw", 10**36)

        before = prices()
        amount = allowed(subject, function, amount, LENDER)
        if not shut(subject, function, LENDER):
            subject.vault.send(function, *arguments(function, amount, LENDER, LENDER), sender=LENDER)
        assert all(now <= then for now, then in zip(prices(), before, strict=True))


# -------------------------------------------------------------------------------------------- allowances


@every(*LIVE)
@pytest.mark.parametrize("function", EXITS)
@given(amount=amounts)
@examples
def test_another_takes_out_within_his_allowance(subject: Subject, function: str, amount: int) -> None:
    """The shares burnt are spent exactly; `Withdraw` names caller, receiver and owner."""
    with subject.undone():
        vault = subject.vault
        amount = allowed(subject, function, amount, LENDER)
        shares = preview(subject, "withdraw", amount) if function == "withdraw" else amount
        vault.send("approve", OPERATOR, shares + 5, sender=LENDER)
        answer = vault.send(function, amount, STRANGER, LENDER, sender=OPERATOR)
        assets = amount if function == "withdraw" else answer
        assert event(vault, WITHDRAW, OPERATOR, STRANGER, LENDER, assets, shares) in subject.engine.logs()
        assert vault.call("allowance", LENDER, OPERATOR) == 5


@every(*LIVE)
@pytest.mark.parametrize("function", EXITS)
def test_another_takes_out_nothing_without_allowance(subject: Subject, function: str) -> None:
    """Not with none, not with one share too few; an infinite one is not used up."""
    vault, amount = subject.vault, 10**9
    shares = preview(subject, "withdraw", amount) if function == "withdraw" else amount
    call = (amount, OPERATOR, LENDER)
    assert refused(vault, function, *call, sender=OPERATOR)
    vault.send("approve", OPERATOR, shares - 1, sender=LENDER)
    assert refused(vault, function, *call, sender=OPERATOR)
    vault.send("approve", OPERATOR, shares, sender=LENDER)
    assert not refused(vault, function, *call, sender=OPERATOR)
    assert refused(vault, function, *call, sender=STRANGER)
    vault.send("approve", OPERATOR, MAX, sender=LENDER)
    vault.send(function, *call, sender=OPERATOR)
    assert vault.call("allowance", LENDER, OPERATOR) == MAX


@every(*LIVE)
@pytest.mark.parametrize("function", EXITS)
def test_an_owner_needs_no_allowance(subject: Subject, function: str) -> None:
    """Nor does it use up what he allowed to himself."""
    subject.vault.send("approve", LENDER, 3, sender=LENDER)
    subject.vault.send(function, 10**9, LENDER, LENDER, sender=LENDER)
    assert subject.vault.call("allowance", LENDER, LENDER) == 3
