"""One collateral of several that cannot be moved stopped the liquidation of all: a pause, a blocklist.

Here a liquidator leaves it out; the debt is served from the others, the loss on the rest is provided for at
once and booked when it moves again, and nothing is stuck. Vices of the loan asset are those of a vault.
"""

from collections.abc import Callable

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, RECEIVER, STRANGER
from plimsoll.units import MAX, PRICE_SCALE, WAD, order
from tests.utils.actor import outcomes
from tests.utils.baskets import BasketPlace, LegTerms, small_place

LEFT_OUT = 0b100
NOTHING = "vault: nothing can be closed"


def place_with(token: str, share: int = 25) -> BasketPlace:
    """Three legs worth 60,000, the third of them `share` per cent and with such a token, under 30,000."""
    place = small_place((LegTerms(), LegTerms(8, 60_000, 70, 75), LegTerms(6, 1, 82, 84, token=token)))
    rest = 100 - share
    place.hold(rest * 3 // 20, rest * 3 / 1_000 * 5 / 3, share * 600)
    place.borrow(30_000)
    return place


def pause(place: BasketPlace) -> None:
    place.tokens[2].set_halted(True, sender=STRANGER)


# ------------------------------------------------------------------------- paused in the middle of a crash


@pytest.mark.parametrize("share", [10, 25, 50])
def test_a_paused_leg_stops_slices_and_its_own_way_out_alone(share):
    """What needs the leg waits; every other move of the position, and everybody else, goes on."""
    place = place_with("BlocklistToken", share)
    pause(place)
    for function, *arguments in (
        ("deposit", 2, 1),
        ("withdraw", 2, 1),
        ("open", 2, 1, 0, BORROWER, BORROWER, b""),
    ):
        method = getattr(place.basket, function)
        assert refusal(method, *arguments, sender=BORROWER) == "token: halted"
    place.act("deposit", 0, 10**15, BORROWER, sender=BORROWER)
    place.act("withdraw", 0, 10**15, BORROWER, BORROWER, sender=BORROWER)
    place.act("borrow", 10**6, BORROWER, BORROWER, sender=BORROWER)
    place.act("repay", 10**6, BORROWER, sender=STRANGER)
    place.scale_prices(610)
    slice_of_all = (BORROWER, MAX, [], 0, LIQUIDATOR, b"")
    assert refusal(place.basket.liquidate, *slice_of_all, sender=LIQUIDATOR) == "token: halted"
    batch = ([order(BORROWER)], [], LIQUIDATOR, b"")
    assert refusal(place.basket.liquidate_batch, *batch, sender=LIQUIDATOR) == "token: halted"


@pytest.mark.parametrize("share", [10, 25, 50])
@pytest.mark.parametrize("per_mille", [610, 560])
def test_while_it_covers_its_debt_the_rest_brings_it_back(share, per_mille):
    """Without a loss, as far as the legs that move reach; the owner keeps the paused one."""
    place = place_with("BlocklistToken", share)
    pause(place)
    place.scale_prices(per_mille)
    held, before = place.position()[0][2], place.basket.health(BORROWER)
    answer = place.close(MAX, LEFT_OUT)
    assert place.position()[0][2] == held
    assert place.basket.health(BORROWER) > before
    assert place.pool.losses(place.basket) == 0
    if place.basket.health(BORROWER) < WAD:  # everything that moves has gone
        assert place.position()[0][:2] == (0, 0) or answer.paid >= place.loans(9_000)


@pytest.mark.parametrize("share", [10, 25, 50])
@pytest.mark.parametrize("per_mille", [500, 400, 200])
def test_in_shortfall_the_debt_is_served_and_the_rest_is_provided_for(share, per_mille):
    """Of what a slice would pay, the part of the legs that move is paid now, to the base unit.

    The rest keeps its share of the debt. A poke tells lenders what it lacks; when the leg moves again it is
    closed, and all in all the loss is that of one slice, but for roundings.
    """
    place = place_with("BlocklistToken", share)
    place.scale_prices(per_mille)
    with place.isolated():
        whole = place.close()
        loss = place.pool.losses(place.basket)
    assert loss > 0
    pause(place)
    worth = place.worth(without=LEFT_OUT)
    answer = place.close(MAX, LEFT_OUT)
    assert abs(answer.paid - whole.paid * worth.part // worth.high) <= 2
    amounts, shares = place.position()
    assert amounts[:2] == (0, 0) or max(amounts[0] // 10**9, amounts[1]) <= 1
    assert shares > 0
    arguments = (BORROWER, MAX, [], LEFT_OUT, LIQUIDATOR)
    if amounts[:2] == (0, 0):
        place.refused(NOTHING, "liquidate", *arguments, sender=LIQUIDATOR)
    provided = place.act("poke", BORROWER, sender=STRANGER)
    known = provided + place.pool.losses(place.basket)
    unit = place.fair[1] // PRICE_SCALE  # what rounding may leave of the second leg
    assert abs(known - loss) <= unit + 4  # lenders know of all of it while the leg is paused
    place.act("repay", 10**6, BORROWER, sender=STRANGER)
    place.tokens[2].set_halted(False, sender=STRANGER)
    place.close()
    less = loss - place.pool.losses(place.basket)
    assert 10**6 - unit - 4 <= less <= 11 * 10**5 + unit + 4  # by what was repaid, and the bonus on it
    assert place.position() == ((0, 0, 0), 0)
    assert place.pool.provisions() == 0


@pytest.mark.parametrize("share", [10, 25, 50])
def test_a_paused_leg_that_is_worth_nothing_any_more(share):
    """The rest closes the whole debt and books the loss; the leg stays with its owner, free of debt."""
    place = place_with("BlocklistToken", share)
    pause(place)
    place.scale_prices(450)
    place.set_price(2, 1)
    debt = place.debt()
    answer = place.close(MAX, LEFT_OUT)
    assert place.position()[1] == 0
    assert place.pool.losses(place.basket) == debt - answer.paid
    place.tokens[2].set_halted(False, sender=STRANGER)
    place.act("withdraw", 2, place.position()[0][2], BORROWER, BORROWER, sender=BORROWER)


@pytest.mark.parametrize("share", [10, 25, 50])
def test_paused_and_silent_at_once(share):
    """The usual end of a token: healthy at its ceiling, closed without it once it is worth nothing."""
    place = place_with("BlocklistToken", share)
    pause(place)
    place.silence(2)
    place.scale_prices(1_000)
    place.silence(2)
    place.refused("vault: healthy", "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    place.set_price(2, 1)
    for leg in (0, 1):
        place.set_price(leg, place.fair[leg] * 450 // 1_000)
    place.close(MAX, LEFT_OUT)
    assert place.position()[1] == 0


# ---------------------------------------------------------------------------------------- other vices


def halt(place: BasketPlace) -> None:
    place.tokens[2].set_halted(True, sender=STRANGER)


def block_the_basket(place: BasketPlace) -> None:
    place.tokens[2].set_blocked(place.basket, True, sender=STRANGER)


def block_the_liquidator(place: BasketPlace) -> None:
    place.tokens[2].set_blocked(LIQUIDATOR, True, sender=STRANGER)


def answer_false(place: BasketPlace) -> None:
    place.tokens[2].set_failing(True, sender=STRANGER)


def revert(place: BasketPlace) -> None:
    place.tokens[2].set_reverting(True, sender=STRANGER)


def burn_gas(place: BasketPlace) -> None:
    place.tokens[2].hook_before(place.chain.place_code(bytes.fromhex("5b5f56")), b"", sender=STRANGER)


def vanish(place: BasketPlace) -> None:
    """What the basket holds is seized by the issuer."""
    place.tokens[2].burn(place.basket, place.tokens[2].balanceOf(place.basket), sender=STRANGER)


VICES: dict[str, tuple[str, Callable[[BasketPlace], None], str]] = {
    "halted": ("BlocklistToken", halt, "token: halted"),
    "basket blocked": ("BlocklistToken", block_the_basket, "token: sender blocked"),
    "liquidator blocked": ("BlocklistToken", block_the_liquidator, "token: receiver blocked"),
    "answers false": ("FalseReturnToken", answer_false, "vault: collateral send failed"),
    "reverts": ("RevertingToken", revert, ""),
    "burns gas": ("ReentrantToken", burn_gas, ""),
    "is gone": ("BlocklistToken", vanish, "token: balance too small"),
}


@pytest.mark.parametrize("vice", VICES)
@pytest.mark.parametrize("per_mille", [610, 450])
def test_a_leg_with_a_vice_is_left_out(vice, per_mille):
    """With 1.5 million gas: a slice is refused, the rest is closed, the owner's debt can be paid."""
    token, spoil, reason = VICES[vice]
    place = place_with(token)
    spoil(place)
    place.scale_prices(per_mille)
    engine, basket = place.chain.engine, place.basket
    data = basket.liquidate.encode(BORROWER, MAX, [], 0, LIQUIDATOR, b"")
    with pytest.raises(Exception) as error:
        engine.call(LIQUIDATOR, basket.address, data, 1_500_000)
    assert error.value.reason == reason
    if vice != "liquidator blocked":
        assert refusal(basket.withdraw, 2, 1, sender=BORROWER) is not None or vice == "burns gas"
    else:  # another receiver is enough
        assert refusal(basket.liquidate, BORROWER, MAX, [], 0, RECEIVER, b"", sender=LIQUIDATOR) is None
    data = basket.liquidate.encode(BORROWER, MAX, [], LEFT_OUT, LIQUIDATOR, b"")
    engine.call(LIQUIDATOR, basket.address, data, 1_500_000)
    before = place.debt()
    paid, _, seized = basket.liquidate(
        BORROWER, MAX, [], LEFT_OUT, LIQUIDATOR, b"", sender=LIQUIDATOR
    ).return_value
    assert paid > 0 and seized[2] == 0
    assert place.debt() < before
    basket.repay(MAX, BORROWER, sender=STRANGER)
    for leg in (0, 1):
        basket.withdraw(leg, place.position()[0][leg], sender=BORROWER)
    assert place.position()[1] == 0


def test_a_fee_on_the_way_in_is_refused_and_on_the_way_out_is_the_receivers():
    """As of a vault: the basket books what it sent; who takes the leg gets less of it, or leaves it out."""
    place = place_with("FeeToken")
    token = place.tokens[2]
    token.set_fee(100, sender=STRANGER)
    reason = "vault: collateral missing"
    assert refusal(place.basket.deposit, 2, 10**6, sender=BORROWER) == reason
    assert refusal(place.basket.open, 2, 10**6, 0, BORROWER, BORROWER, b"", sender=BORROWER) == reason
    place.scale_prices(610)
    for without in (0, LEFT_OUT):
        with place.chain.isolated():
            before = token.balanceOf(LIQUIDATOR)
            arguments = (BORROWER, MAX, [], without, LIQUIDATOR, b"")
            seized = place.basket.liquidate(*arguments, sender=LIQUIDATOR).return_value[2]
            assert token.balanceOf(LIQUIDATOR) - before == seized[2] - seized[2] // 100
    # a least amount is of what the basket sends: it does not see the fee
    least = [0, 0, place.preview().seized[2]]
    assert (
        refusal(place.basket.liquidate, BORROWER, MAX, least, 0, LIQUIDATOR, b"", sender=LIQUIDATOR) is None
    )


def test_a_leg_that_is_short_stops_the_last_of_it_alone():
    """Half of it is seized by its issuer: who comes first has his, the last leaves it out."""
    place = place_with("BlocklistToken")
    place.hold(0, 0, 10_000, owner=STRANGER)
    token, basket = place.tokens[2], place.basket
    token.burn(basket, token.balanceOf(basket) // 2, sender=STRANGER)
    basket.withdraw(2, place.of_leg(2, 10_000), sender=STRANGER)
    place.scale_prices(450)
    arguments = (BORROWER, MAX, [], 0, LIQUIDATOR, b"")
    assert refusal(basket.liquidate, *arguments, sender=LIQUIDATOR) == "token: balance too small"
    assert place.preview(BORROWER, MAX, LEFT_OUT).executable
    arguments = (BORROWER, MAX, [], LEFT_OUT, LIQUIDATOR, b"")
    assert refusal(basket.liquidate, *arguments, sender=LIQUIDATOR) is None


# ------------------------------------------------------------------------------------------ reentering


def reentries(place: BasketPlace) -> list[tuple]:
    """Everything a token could call in the middle of a transfer."""
    basket = place.basket
    return [
        (basket.deposit, 0, 1, BORROWER), (basket.withdraw, 0, 0, STRANGER, BORROWER),
        (basket.borrow, 0), (basket.repay, 1, BORROWER), (basket.poke, BORROWER),
        (basket.open, 0, 0, 0, STRANGER, BORROWER, b""), (basket.close, 1, 0, 0, STRANGER, BORROWER, b""),
        (basket.liquidate, BORROWER, MAX, [], 0, STRANGER, b""),
        (basket.liquidate_batch, [order(BORROWER)], [], STRANGER, b""),
        (basket.set_operator, STRANGER, 3), (basket.health, BORROWER),
        (basket.preview_liquidate, BORROWER, MAX, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize(
    "function", ["deposit", "withdraw", "open", "close", "liquidate", "liquidate a part"]
)
def test_a_leg_that_reenters_finds_the_basket_locked(function, moment):
    """A6: in the transfer of a leg, before and after the balances move; what was asked for is done."""
    place = place_with("ReentrantToken")
    place.scale_prices(610 if "liquidate" in function else 1_000)
    token = place.tokens[2]
    intruder = place.chain.make("Intruder")
    steps = [(method.contract, method.encode(*arguments)) for method, *arguments in reentries(place)]
    intruder.plan(steps, sender=STRANGER)
    getattr(token, moment)(intruder, intruder.run.encode(), sender=STRANGER)
    arguments = {
        "deposit": (2, 1, BORROWER),
        "withdraw": (2, 1, BORROWER, BORROWER),
        "open": (2, 1, 1, BORROWER, BORROWER),
        "close": (1_000, 2, 1, BORROWER, BORROWER),
        "liquidate": (BORROWER, MAX, [], 0, LIQUIDATOR),
        "liquidate a part": (BORROWER, MAX, [], 0b001, LIQUIDATOR),
    }[function]
    sender = LIQUIDATOR if "liquidate" in function else BORROWER
    place.act(function.split()[0], *arguments, sender=sender)
    assert intruder.runs() == 1
    assert outcomes(intruder) == [""] * len(steps)


def test_in_the_middle_of_a_leg_the_pool_is_as_before():
    """A20: between seizing and paying the pool has neither loss nor payment in its books."""
    place = place_with("ReentrantToken")
    place.scale_prices(450)
    pool = place.pool
    asked = [
        (pool.convertToAssets, 10**18),
        (pool.totalAssets,),
        (pool.debt_totals,),
        (pool.credit_line, place.basket),
    ]
    before = [method.call(*arguments) for method, *arguments in asked]
    intruder = place.chain.make("Intruder")
    intruder.plan(
        [(method.contract, method.encode(*arguments)) for method, *arguments in asked], sender=STRANGER
    )
    place.tokens[2].hook_after(intruder, intruder.run.encode(), sender=STRANGER)
    place.close()
    words = [int.from_bytes(response[:32], "big") for response in outcomes(intruder)]
    firsts = [each if isinstance(each, int) else each[0] for each in before]
    assert words == firsts
    assert place.pool.losses(place.basket) > 0
