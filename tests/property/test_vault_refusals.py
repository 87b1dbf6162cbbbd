"""What a vault refuses, each refusal beside the nearest call that goes through; its callbacks and signatures.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself.
"""

import hashlib
from typing import Any

from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from plimsoll.chain.artifacts import artifact, standing_in
from plimsoll.chain.engine import Contract, Engine
from plimsoll.units import DAY, MAX, NOBODY, WAD, order
from tests.property.edges import RISK, UNIT, accepted, make, market, refused
from tests.stateful.world import (
    BORROWER,
    CURATOR,
    DEPLOYER,
    LENDER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_BORROWER,
    STRANGER,
    THIRD_BORROWER,
    Lockstep,
)

PRICE = 2_000 * 10 ** (36 + 6 - 18)  # of the first collateral
COLLATERAL = 10 * 10**18  # worth 20,000
ALLOWED = 16_000 * UNIT  # at a loan-to-value of 80 %
LEAST = RISK["min_debt"]


def busy(engine: Engine, token: str = "PlainToken", debt: int = 10_000 * UNIT) -> tuple[Lockstep, Contract]:
    """A market with one borrower in its first vault."""
    with standing_in({"PlainToken": artifact(token)}):
        place = market(engine)
    vault = place.chain["first_vault"]
    vault.send("open", COLLATERAL, debt, sender=BORROWER)
    return place, vault


def price(place: Lockstep, of: int, safe: int | None = None) -> None:
    place.chain["first_oracle"].send("set_prices", of, of if safe is None else safe, sender=DEPLOYER)


def silence(place: Lockstep) -> None:
    place.chain["first_oracle"].send("set_silent", True, sender=DEPLOYER)


# ------------------------------------------------------------------------------------------ collateral


def test_deposits(engine: Engine) -> None:
    place, vault = busy(engine)
    refused("vault: zero owner", vault.send, "deposit", 1, NOBODY, sender=STRANGER)
    refused("vault: too much collateral", vault.send, "deposit", MAX, BORROWER, sender=STRANGER)
    room = 2**128 - 1 - COLLATERAL
    place.chain["first_collateral"].send("mint", STRANGER, 2**128, sender=DEPLOYER)
    refused("vault: too much collateral", vault.send, "deposit", room + 1, BORROWER, sender=STRANGER)
    refused("vault: too much collateral", vault.send, "open", room + 1, 0, sender=BORROWER)
    vault.send("deposit", room, BORROWER, sender=STRANGER)
    assert vault.call("position_of", BORROWER)[0] == 2**128 - 1
    vault.send("deposit", 0, BORROWER, sender=STRANGER)
    vault.send("deposit", 5, sender=OTHER_BORROWER)  # the owner is who pays, unless named
    assert vault.call("position_of", OTHER_BORROWER) == (5, 0)


def test_withdrawals(engine: Engine) -> None:
    """Up to what the debt needs at the safe price; without debt all, whatever the oracle does."""
    place, vault = busy(engine, debt=ALLOWED - 10)
    refused("vault: not enough collateral", vault.send, "withdraw", COLLATERAL + 1, sender=BORROWER)
    debt, unit = vault.call("debt_of", BORROWER), 10**18 * UNIT // (2_000 * UNIT)
    needed = -(-debt * WAD * 10**36 // (RISK["ltv"] * PRICE))
    refused(
        "vault: above the loan-to-value", vault.send, "withdraw", COLLATERAL - needed + unit, sender=BORROWER
    )
    accepted(engine, vault.send, "withdraw", COLLATERAL - needed - unit // UNIT, sender=BORROWER)
    most = vault.call("max_withdraw", BORROWER)
    assert 0 < most <= COLLATERAL - needed
    assert vault.send("withdraw", MAX, sender=BORROWER) == most
    for receiver in (NOBODY, vault.address):
        refused("vault: bad receiver", vault.send, "withdraw", 1, receiver, sender=BORROWER)
        refused("vault: bad receiver", vault.send, "withdraw", 0, receiver, sender=BORROWER)
    price(place, PRICE, PRICE - PRICE // 10)
    refused("vault: above the loan-to-value", vault.send, "withdraw", 1, sender=BORROWER)
    assert vault.send("withdraw", MAX, sender=BORROWER) == 0
    price(place, PRICE, 0)
    refused("vault: safe price is zero", vault.send, "withdraw", MAX, sender=BORROWER)
    silence(place)
    refused("lying oracle: silent", vault.send, "withdraw", 1, sender=BORROWER)
    assert vault.send("withdraw", 0, sender=BORROWER) == 0
    vault.send("repay", MAX, sender=BORROWER)
    assert vault.send("withdraw", MAX, sender=BORROWER) == COLLATERAL - most


# ------------------------------------------------------------------------------------------------ debt


def test_borrowing(engine: Engine) -> None:
    """From the minimum debt up to the loan-to-value at the safe price, both to the unit."""
    place, vault = busy(engine, debt=0)
    assert vault.call("debt_of", BORROWER) == 0
    refused("vault: below the minimum debt", vault.send, "borrow", LEAST - 1, sender=BORROWER)
    accepted(engine, vault.send, "borrow", LEAST, sender=BORROWER)
    refused("vault: above the loan-to-value", vault.send, "borrow", ALLOWED + 1, sender=BORROWER)
    accepted(engine, vault.send, "borrow", ALLOWED, sender=BORROWER)
    for receiver in (NOBODY, vault.address):
        refused("vault: bad receiver", vault.send, "borrow", LEAST, receiver, sender=BORROWER)
        refused("vault: bad receiver", vault.send, "open", 1, 0, receiver, sender=BORROWER)
    price(place, PRICE, PRICE // 2)
    refused("vault: above the loan-to-value", vault.send, "borrow", ALLOWED // 2 + 1, sender=BORROWER)
    most = vault.call("max_borrow", BORROWER)
    assert ALLOWED // 2 - 3 <= most <= ALLOWED // 2
    assert vault.send("borrow", MAX, sender=BORROWER) == most
    silence(place)
    assert vault.send("borrow", 0, sender=BORROWER) == 0
    refused("lying oracle: silent", vault.send, "borrow", 1, sender=BORROWER)
    refused("lying oracle: silent", vault.send, "borrow", MAX, sender=BORROWER)


def test_borrowing_is_bound_by_the_line(engine: Engine) -> None:
    place, vault = busy(engine, debt=0)
    council = place.chain["council"]
    council.send("set_limit", vault.address, 3_000 * UNIT, sender=CURATOR)
    assert 3_000 * UNIT - 2 <= vault.call("max_borrow", BORROWER) <= 3_000 * UNIT
    refused("pool: over the credit limit", vault.send, "borrow", 3_000 * UNIT + 1, sender=BORROWER)
    vault.send("borrow", MAX, sender=BORROWER)
    assert vault.call("max_borrow", BORROWER) == 0


def test_repaying(engine: Engine) -> None:
    """Open to all, never more than the debt, without an oracle."""
    place, vault = busy(engine)
    silence(place)
    debt, shares = vault.call("debt_of", BORROWER), vault.call("position_of", BORROWER)[1]
    assert vault.send("repay", 0, BORROWER, sender=STRANGER) == 0
    assert vault.send("repay", debt - 1, BORROWER, sender=STRANGER) == debt - 1
    assert vault.call("position_of", BORROWER)[1] == shares - (debt - 1) * 1_000
    assert vault.call("debt_of", BORROWER) == 1
    assert vault.send("repay", 2, BORROWER, sender=STRANGER) == 1
    assert vault.call("position_of", BORROWER)[1] == 0
    assert vault.send("repay", MAX, BORROWER, sender=STRANGER) == 0


def test_a_debt_share_that_costs_more_than_a_unit(engine: Engine) -> None:
    """After years at the highest rate: a base unit extinguishes nothing and is not taken."""
    place, vault = busy(engine)
    pool = place.chain["pool"]
    place.chain["first_collateral"].send("mint", BORROWER, 10**25, sender=DEPLOYER)
    vault.send("open", 10**25, 390_000 * UNIT, sender=BORROWER)
    pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)
    while vault.call("debt_of", BORROWER) <= 100 * vault.call("position_of", BORROWER)[1]:
        engine.advance(60 * DAY)
        pool.send("accrue", sender=STRANGER)
    debt, shares = vault.call("debt_of", BORROWER), vault.call("position_of", BORROWER)[1]
    refused("vault: less than a debt share", vault.send, "repay", 1, sender=BORROWER)
    assert vault.send("repay", 0, sender=BORROWER) == 0
    each = -(-debt // shares)
    place.chain["loan"].send("mint", BORROWER, debt, sender=DEPLOYER)
    assert vault.send("repay", each + 1, sender=BORROWER) == each + 1
    assert vault.call("position_of", BORROWER)[1] == shares - 1
    # in a liquidation that has to leave the minimum debt, a close of less than one share becomes that share
    debt, shares = vault.call("debt_of", BORROWER), vault.call("position_of", BORROWER)[1]
    left = LEAST * shares // debt + 1  # the fewest shares that owe more than the minimum
    vault.send("repay", -(-(shares - left) * debt // shares), sender=BORROWER)
    debt, shares = vault.call("debt_of", BORROWER), vault.call("position_of", BORROWER)[1]
    each = -(-debt // shares)
    assert 0 < debt - LEAST < each - 1
    price(place, debt * 10**36 // vault.call("position_of", BORROWER)[0] * 110 // 100)
    for offer, closed in ((each - 2, 0), (each + 1, 1)):
        quote = vault.call("preview_liquidate", BORROWER, offer)
        assert (quote[0], quote[1]) == (True, closed)
    refused("vault: nothing can be closed", vault.send, "liquidate", BORROWER, each - 2, sender=LIQUIDATOR)


# ------------------------------------------------------------------------------------------- combined


def test_open_and_close(engine: Engine) -> None:
    place, vault = busy(engine)
    council = place.chain["council"]
    refused("vault: not enough collateral", vault.send, "close", 0, COLLATERAL + 1, sender=BORROWER)
    refused("vault: above the loan-to-value", vault.send, "close", 0, COLLATERAL, sender=BORROWER)
    refused("vault: bad receiver", vault.send, "close", 1, 0, vault.address, sender=BORROWER)
    assert vault.send("close", 5_000 * UNIT, MAX, sender=BORROWER)[0] == 5_000 * UNIT
    health = vault.call("health", BORROWER)
    assert RISK["threshold"] * WAD // RISK["ltv"] <= health < RISK["threshold"] * WAD // RISK["ltv"] + 10**9
    refused("vault: above the loan-to-value", vault.send, "close", 0, 10**10, sender=BORROWER)
    # closed by anybody as long as nothing is taken out
    refused("vault: not authorised", vault.send, "close", 0, 1, STRANGER, BORROWER, sender=STRANGER)
    assert vault.send("close", 1_000, 0, STRANGER, BORROWER, sender=STRANGER) == (1_000, 0)
    collateral = vault.call("position_of", BORROWER)[0]
    debt = vault.call("debt_of", BORROWER)
    silence(place)
    assert vault.send("close", MAX, MAX, sender=BORROWER) == (debt, collateral)
    assert vault.call("position_of", BORROWER) == (0, 0)
    assert vault.send("open", COLLATERAL, 0, sender=BORROWER) == 0
    place.chain["first_oracle"].send("set_silent", False, sender=DEPLOYER)
    refused("vault: below the minimum debt", vault.send, "open", 0, LEAST - 1, sender=BORROWER)
    refused("vault: above the loan-to-value", vault.send, "open", 0, ALLOWED + 1, sender=BORROWER)
    expected = vault.call("max_borrow", BORROWER)
    assert vault.send("open", 0, MAX, sender=BORROWER) == expected
    council.send("set_limit", vault.address, 0, sender=CURATOR)
    refused("pool: over the credit limit", vault.send, "open", 1, 1, sender=BORROWER)


def test_callbacks(engine: Engine) -> None:
    """What a position pays out comes first; health is checked last, with what the callback has done."""
    place, vault = busy(engine)
    actor, loan = place.actor, place.chain["loan"]
    target = vault.address

    def act(function: str, *arguments: Any) -> None:
        actor.send("act", target, vault.encode(function, *arguments), sender=DEPLOYER)

    me = actor.address
    actor.send("refuse", True, sender=DEPLOYER)
    refused("actor: refuses", act, "open", COLLATERAL, LEAST, me, me, b"data")
    actor.send("refuse", False, sender=DEPLOYER)
    refused("vault: above the loan-to-value", act, "open", COLLATERAL, ALLOWED + 1, me, me, b"data")
    actor.send("plan", [(target, vault.encode("margin_terms", me))], sender=DEPLOYER)
    act("open", COLLATERAL, ALLOWED, me, me, b"data")
    # inside, the debt stands and the collateral is not there yet: no price is high enough
    assert actor.call("answers")[0][1][-64:] == b"\xff" * 64
    actor.send("plan", [], sender=DEPLOYER)
    refused("vault: above the loan-to-value", act, "close", 0, 10**16, me, me, b"data")
    actor.send("refuse", True, sender=DEPLOYER)
    refused("actor: refuses", act, "close", LEAST, 10**18, me, me, b"data")
    act("close", UNIT, 0, me, me)  # without data nobody is called
    price(place, PRICE * 9 // 10)
    refused("actor: refuses", act, "liquidate", me, MAX, 0, me, b"data")
    refused("actor: refuses", act, "liquidate_batch", [order(me)], 0, me, b"data")
    actor.send("refuse", False, sender=DEPLOYER)
    # the collateral is there before the payment is asked for
    burn = (loan.address, loan.encode("burn", me, loan.call("balanceOf", me)))
    actor.send("plan", [burn], sender=DEPLOYER)
    refused("token: balance too small", act, "liquidate", me, MAX, 0, me, b"data")
    actor.send("plan", [], sender=DEPLOYER)
    accepted(engine, act, "liquidate", me, MAX, 0, me, b"data")
    act("liquidate_batch", [order(me)], 0, me, b"data")
    price(place, PRICE * 2)
    act("close", MAX, MAX, me, me, b"data")
    assert vault.call("position_of", me) == (0, 0)


# ---------------------------------------------------------------------------------------- liquidation


def test_only_the_unhealthy_are_liquidated(engine: Engine) -> None:
    """The price at which it begins is the one that `margin_terms` names, to the unit."""
    place, vault = busy(engine)
    edge = vault.call("margin_terms", BORROWER)[2]
    price(place, edge)
    assert vault.call("health", BORROWER) >= WAD
    refused("vault: healthy", vault.send, "liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    batch = [order(BORROWER)]
    refused("vault: no order can execute", vault.send, "liquidate_batch", batch, sender=LIQUIDATOR)
    assert vault.call("preview_liquidate_batch", batch) == (0, 0, 0, 0)
    price(place, edge - 1)
    assert vault.call("health", BORROWER) < WAD
    accepted(engine, vault.send, "liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    refused("vault: nothing can be closed", vault.send, "liquidate", BORROWER, 0, sender=LIQUIDATOR)
    refused("vault: healthy", vault.send, "liquidate", STRANGER, MAX, sender=LIQUIDATOR)
    for owners in ([], [order(STRANGER)], [order(BORROWER, 0)]):
        refused("vault: no order can execute", vault.send, "liquidate_batch", owners, sender=LIQUIDATOR)
    for receiver in (NOBODY, vault.address):
        refused("vault: bad receiver", vault.send, "liquidate", BORROWER, MAX, 0, receiver, sender=LIQUIDATOR)
        refused("vault: bad receiver", vault.send, "liquidate_batch", batch, 0, receiver, sender=LIQUIDATOR)
    vault.send("liquidate_batch", [order(STRANGER), *batch, *batch], sender=LIQUIDATOR)
    price(place, 0)
    refused("vault: oracle price is zero", vault.send, "liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    refused("vault: oracle price is zero", vault.send, "liquidate_batch", batch, sender=LIQUIDATOR)
    refused("vault: oracle price is zero", vault.call, "health", BORROWER)


def test_the_rate_of_a_liquidation(engine: Engine) -> None:
    """What is seized for what is paid with the fee, scaled by 1e36: the exact rate is enough."""
    place, vault = busy(engine)
    price(place, vault.call("margin_terms", BORROWER)[2] * 97 // 100)
    for function, subject in (("liquidate", BORROWER), ("liquidate_batch", [order(BORROWER)])):
        arguments = (subject, MAX) if function == "liquidate" else (subject,)
        before = engine.snapshot()
        paid, fee, seized = vault.send(function, *arguments, sender=LIQUIDATOR)[:3]
        assert fee > 0
        engine.revert(before)
        rate = seized * 10**36 // (paid + fee)
        refused("vault: rate too low", vault.send, function, *arguments, rate + 1, sender=LIQUIDATOR)
        accepted(engine, vault.send, function, *arguments, rate, sender=LIQUIDATOR)


def test_a_close_leaves_the_minimum_debt_or_none(engine: Engine) -> None:
    place, vault = busy(engine)
    debt = vault.call("debt_of", BORROWER)
    price(place, vault.call("margin_terms", BORROWER)[3] * 105 // 100)
    for offer in (debt - LEAST, debt - LEAST + 1, debt - 1):
        quote = vault.call("preview_liquidate", BORROWER, offer)
        assert quote[2] <= debt - LEAST
    assert vault.call("preview_liquidate", BORROWER, 1)[2] == 1


def test_a_shortfall_is_closed_pro_rata(engine: Engine) -> None:
    """The whole or a share of it; what is not paid is a loss, booked in the same call."""
    place, vault = busy(engine)
    pool = place.chain["pool"]
    debt, shares = vault.call("debt_of", BORROWER), vault.call("position_of", BORROWER)[1]
    price(place, vault.call("margin_terms", BORROWER)[3] // 2)
    whole = vault.call("preview_liquidate", BORROWER, MAX)
    assert whole[1] == shares and whole[4] == COLLATERAL and whole[3] == 0
    assert vault.call("preview_liquidate", BORROWER, whole[2] - 1)[1] < shares
    refused("vault: nothing can be closed", vault.send, "liquidate", BORROWER, 0, sender=LIQUIDATOR)
    half = vault.send("liquidate", BORROWER, whole[2] // 2, sender=LIQUIDATOR)
    assert abs(half[2] - COLLATERAL // 2) <= COLLATERAL // whole[2] + 1
    assert pool.call("losses", vault.address) >= (debt - whole[2]) // 2 - 1
    vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    assert vault.call("position_of", BORROWER) == (0, 0)
    vault.send("open", COLLATERAL, LEAST, sender=OTHER_BORROWER)
    price(place, 1)
    quote = vault.call("preview_liquidate", OTHER_BORROWER, 0)
    assert quote[0] and quote[2] <= 1
    assert vault.call("margin_terms", STRANGER)[2:] == (0, 0)
    assert vault.call("health", STRANGER) == MAX


def test_previews_of_batches_are_what_happens(engine: Engine) -> None:
    place, vault = busy(engine)
    for owner in (OTHER_BORROWER, THIRD_BORROWER):
        vault.send("open", COLLATERAL, 12_000 * UNIT, sender=owner)
    price(place, vault.call("margin_terms", OTHER_BORROWER)[2] * 95 // 100)
    orders = [
        order(OTHER_BORROWER, 1_000 * UNIT), order(BORROWER), order(THIRD_BORROWER), order(OTHER_BORROWER),
        order(OTHER_BORROWER, 0),
    ]  # fmt: skip
    expected = vault.call("preview_liquidate_batch", orders)
    assert expected[3] & 1 and expected[3] >> 4 == 0
    assert vault.send("liquidate_batch", orders, sender=LIQUIDATOR) == expected


# --------------------------------------------------------------------------------------------- tokens


def test_tokens_that_do_not_move(engine: Engine) -> None:
    place, vault = busy(engine, "FalseReturnToken")
    place.chain["first_collateral"].send("set_failing", True, sender=DEPLOYER)
    refused("vault: collateral pull failed", vault.send, "deposit", 1, sender=BORROWER)
    refused("vault: collateral send failed", vault.send, "withdraw", 1, sender=BORROWER)
    place.chain["first_collateral"].send("set_failing", False, sender=DEPLOYER)
    place.chain["loan"].send("set_failing", True, sender=DEPLOYER)
    refused("vault: payment failed", vault.send, "repay", 1, sender=BORROWER)
    vault.send("repay", 0, sender=BORROWER)
    place.chain["loan"].send("set_failing", False, sender=DEPLOYER)
    vault.send("repay", 1, sender=BORROWER)


def test_tokens_that_keep_a_part(engine: Engine) -> None:
    place, vault = busy(engine, "FeeToken")
    for token in ("first_collateral", "loan"):
        place.chain[token].send("set_fee", 1, sender=DEPLOYER)
    refused("vault: collateral missing", vault.send, "deposit", 10_000, sender=BORROWER)
    vault.send("deposit", 9_999, sender=BORROWER)  # a fee of nothing
    refused("vault: payment did not arrive", vault.send, "repay", 10_000, sender=BORROWER)
    vault.send("repay", 9_999, sender=BORROWER)


# ------------------------------------------------------------------------------ operators and signatures


def test_operators_have_the_rights_they_were_given(engine: Engine) -> None:
    _, vault = busy(engine)
    calls = {
        1: [("withdraw", 1, OPERATOR, BORROWER), ("close", 0, 1, OPERATOR, BORROWER)],
        2: [("borrow", 1, OPERATOR, BORROWER), ("open", 0, 1, OPERATOR, BORROWER)],
    }
    for rights in range(4):
        vault.send("set_operator", OPERATOR, rights, sender=BORROWER)
        assert vault.call("rights_of", BORROWER, OPERATOR) == rights
        for right, named in calls.items():
            for call in named:
                if rights & right:
                    accepted(engine, vault.send, *call, sender=OPERATOR)
                else:
                    refused("vault: not authorised", vault.send, *call, sender=OPERATOR)
                refused("vault: not authorised", vault.send, *call, sender=STRANGER)
    for rights in (4, MAX):
        refused("vault: unknown right", vault.send, "set_operator", OPERATOR, rights, sender=BORROWER)


KEY = PrivateKey(hashlib.sha256(b"owner").digest())
SIGNER = KEY.public_key.to_address()
SET_OPERATOR = keccak(
    text="SetOperator(address owner,address operator,uint256 rights,uint256 nonce,uint256 deadline)"
)
PERMIT = keccak(text="Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


def digest_of(contract: Contract, typehash: bytes, types: list[str], values: tuple[Any, ...]) -> bytes:
    """The EIP-712 digest of a message in the contract's domain."""
    domain = contract.call("DOMAIN_SEPARATOR")
    return keccak(b"\x19\x01" + domain + keccak(encode(["bytes32", *types], [typehash, *values])))


def sign(contract: Contract, typehash: bytes, *values: Any, key: PrivateKey = KEY) -> bytes:
    """65 bytes: r, s, v."""
    types = ["address", "address", "uint256", "uint256", "uint256"]
    signature = key.sign_msg_hash(digest_of(contract, typehash, types, values)).to_bytes()
    return signature[:64] + bytes([signature[64] + 27])


def test_operators_by_signature(engine: Engine) -> None:
    _, vault = busy(engine)
    deadline = engine.now + DAY
    granted = (SIGNER, OPERATOR, 3, 0, deadline)
    signature = sign(vault, SET_OPERATOR, *granted)
    deliver = ("set_operator_by_signature", *granted, signature)
    accepted(engine, vault.send, *deliver, sender=STRANGER)
    for place, other in ((0, BORROWER), (1, STRANGER), (2, 1), (4, deadline + 1)):
        changed = [*granted]
        changed[place] = other
        refused(
            "vault: bad signature",
            vault.send,
            "set_operator_by_signature",
            *changed,
            signature,
            sender=STRANGER,
        )
    refused("vault: bad signature", vault.send, "set_operator_by_signature", *granted, b"", sender=STRANGER)
    wrong = sign(vault, SET_OPERATOR, *granted, key=PrivateKey(b"\x01" * 32))
    refused("vault: bad signature", vault.send, "set_operator_by_signature", *granted, wrong, sender=STRANGER)
    nobody = (NOBODY, *granted[1:])
    refused("vault: no owner", vault.send, "set_operator_by_signature", *nobody, signature, sender=STRANGER)
    ahead = (*granted[:3], 1, deadline)
    refused(
        "vault: nonce used or ahead", vault.send, "set_operator_by_signature", *ahead,
        sign(vault, SET_OPERATOR, *ahead), sender=STRANGER,
    )  # fmt: skip
    all_rights = (*granted[:2], 4, 0, deadline)
    refused(
        "vault: unknown right", vault.send, "set_operator_by_signature", *all_rights,
        sign(vault, SET_OPERATOR, *all_rights), sender=STRANGER,
    )  # fmt: skip
    engine.advance(DAY)
    vault.send(*deliver, sender=STRANGER)
    assert (vault.call("rights_of", SIGNER, OPERATOR), vault.call("nonces", SIGNER)) == (3, 1)
    vault.send(*deliver, sender=STRANGER)  # delivered before: quietly
    assert len(engine.logs()) == 0
    changed = (*granted[:2], 1, 0, deadline)
    refused(
        "vault: nonce used or ahead", vault.send, "set_operator_by_signature", *changed,
        sign(vault, SET_OPERATOR, *changed), sender=STRANGER,
    )  # fmt: skip
    engine.advance(1)
    refused("vault: signature expired", vault.send, *deliver, sender=STRANGER)


def test_a_wallet_with_code_signs(engine: Engine) -> None:
    """ERC-1271: the owner's own code says whether the signature is good."""
    _, vault = busy(engine)
    wallet = make(engine, "ContractWallet", SIGNER)
    granted = (wallet.address, OPERATOR, 2, 0, engine.now)
    deliver = ("set_operator_by_signature", *granted, sign(vault, SET_OPERATOR, *granted))
    wallet.send("set_broken", True, sender=STRANGER)
    refused("vault: bad signature", vault.send, *deliver, sender=STRANGER)
    wallet.send("set_broken", False, sender=STRANGER)
    vault.send(*deliver, sender=STRANGER)
    assert vault.call("rights_of", wallet.address, OPERATOR) == 2


def test_permits(engine: Engine) -> None:
    place, _ = busy(engine)
    pool = place.chain["pool"]
    deadline = engine.now + DAY
    terms = (SIGNER, OPERATOR, 7, deadline)

    def permit(*values: Any, nonce: int = 0, signed: tuple[Any, ...] | None = None) -> None:
        signature = sign(pool, PERMIT, *(signed or (*values[:3], nonce, values[3])))
        r, s, v = signature[:32], signature[32:64], signature[64]
        pool.send("permit", *values, v, r, s, sender=STRANGER)

    accepted(engine, permit, *terms)
    good = (*terms[:3], 0, deadline)
    for place_, other in ((0, BORROWER), (1, STRANGER), (2, 8), (3, deadline + 1)):
        changed = [*terms]
        changed[place_] = other
        refused("pool: bad signature", permit, *changed, signed=good)
    refused("pool: bad signature", permit, *terms, nonce=1)
    refused("pool: bad signature", permit, NOBODY, *terms[1:], signed=good)
    refused("ecdsa: invalid signature", pool.send, "permit", *terms, 0, bytes(32), bytes(32), sender=STRANGER)
    engine.advance(DAY)
    permit(*terms)
    assert (pool.call("allowance", SIGNER, OPERATOR), pool.call("nonces", SIGNER)) == (7, 1)
    refused("pool: bad signature", permit, *terms)
    permit(*terms, nonce=1)
    engine.advance(1)
    refused("pool: permit expired", permit, *terms, nonce=2)
