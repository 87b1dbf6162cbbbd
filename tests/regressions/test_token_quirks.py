"""What tokens do that ERC-20 does not say, each as loan asset and as collateral.

Tolerated: no return value, false, reverts, blocklists, pauses, hooks, allowances that must be 0 first, the
largest uint as "all", any supply, 0 to 27 decimals. Refused in the call: a fee on what comes in. Excluded,
with what happens then: rebasing, decimals beyond the range, a fee on the way out.
"""

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.params import PoolParams
from plimsoll.testing import refusal
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, CURATOR, DEPLOYER, LENDER, LIQUIDATOR, RECEIVER, STRANGER
from plimsoll.units import FRACTION, MAX, NOBODY, WAD, order
from tests.utils.moves import VICTIM, Move, every_move, leave, populate

PEOPLE = [LENDER, BORROWER, VICTIM, LIQUIDATOR, RECEIVER]
OWNERS = [BORROWER, VICTIM]


@pytest.fixture(params=["loan", "collateral"])
def side(request) -> str:
    return request.param


def market_of(token: str, side: str) -> tuple[Market, list[Move]]:
    """A populated market with such a token on one side; every move works."""
    market = populate(small_market(**{side: token}))
    moves = every_move(market)
    assert [move.name for move in moves if move.refusal() is not None] == []
    return market, moves


def way(move: Move, side: str) -> str:
    return getattr(move, side)


def token_of(market: Market, side: str):
    return getattr(market, side)


# ------------------------------------------------------------------------------------------- tolerated


def life(market: Market) -> list[tuple]:
    """Every move, an hour after the other, until all have left; what everybody has in the end."""
    for move in every_move(market):
        market.chain.advance(3_600)
        move.make()
        market.assert_sums(OWNERS)
    leave(market)
    holders = [*PEOPLE, market.pool, market.vault]
    return [
        tuple(market.balance(token, who) for token in (market.loan, market.collateral)) for who in holders
    ]


@pytest.mark.parametrize(
    "token",
    ["NoReturnToken", "FalseReturnToken", "RevertingToken", "FeeToken", "BlocklistToken", "ApproveRaceToken",
     "MaxIsAllToken", "ReentrantToken", "RebasingToken"],
)  # fmt: skip
def test_as_long_as_it_behaves_everything_is_as_with_a_plain_token(token, side):
    """What everybody has in the end is the same, to the unit."""
    assert life(populate(small_market(**{side: token}))) == life(populate(small_market()))


def test_a_hook_is_called_in_every_move(side):
    """The life of a hooked token is not plain because its hooks are never reached."""
    market, moves = market_of("ReentrantToken", side)
    token = token_of(market, side)
    token.send("hook_after", STRANGER, b"", sender=STRANGER)
    for move in moves:
        with market.chain.isolated():
            move.make()
            assert token.call("calls") == {"": 0, "in": 1, "out": 1, "both": 2}[way(move, side)], move.name


FALSE = {
    ("loan", "pool"): "pool: transfer failed",
    ("loan", "in"): "vault: payment failed",
    ("loan", "out"): "pool: transfer failed",
    ("collateral", "in"): "vault: collateral pull failed",
    ("collateral", "out"): "vault: collateral send failed",
}


@pytest.mark.parametrize(
    ("token", "switch", "reason"),
    [
        ("FalseReturnToken", "set_failing", None),
        ("RevertingToken", "set_reverting", ""),
        ("BlocklistToken", "set_halted", "token: halted"),
    ],
)
def test_a_transfer_that_fails_stops_what_needs_it_and_nothing_else(token, switch, reason, side):
    """False, a revert, a pause; and when it ends everything goes on."""
    market, moves = market_of(token, side)
    vice = token_of(market, side)
    vice.send(switch, True, sender=STRANGER)
    for move in moves:
        expected = None
        if way(move, side):
            place = "pool" if move.contract is market.pool else way(move, side)
            expected = FALSE[side, place] if reason is None else reason
        assert move.refusal() == expected, move.name
    # nothing to move: it is not even asked, and books are kept
    for contract, name, *arguments in (
        (market.vault, "deposit", 0),
        (market.vault, "withdraw", 0),
        (market.vault, "borrow", 0),
        (market.vault, "repay", 0),
        (market.vault, "open", 0, 0),
        (market.vault, "close", 0, 0),
        (market.pool, "accrue"),
        (market.pool, "book_shortfall"),
        (market.pool, "withdraw", 0, LENDER, LENDER),
        (market.pool, "transfer", STRANGER, 10**9),
    ):
        sender = LENDER if contract is market.pool else BORROWER
        assert refusal(contract, name, *arguments, sender=sender) is None, name
    vice.send(switch, False, sender=STRANGER)
    for move in moves:
        move.make()
    market.assert_sums(OWNERS)


def test_collateral_worth_nothing_goes_while_the_loan_asset_is_paused():
    """Nothing is paid, so the loan asset is not touched; the loss is booked."""
    market, _ = market_of("BlocklistToken", "loan")
    market.loan.send("set_halted", True, sender=STRANGER)
    market.set_quote("0.000000000000000000000001")
    market.vault.send("liquidate", VICTIM, MAX, sender=LIQUIDATOR)
    assert market.position(VICTIM) == (0, 0)
    assert market.pool.call("losses", market.vault.address) >= market.loans(15_000)


def test_a_blocked_party_stops_his_own_call_alone(side):
    """He names another receiver; anybody pays for him; he is liquidated; a batch with him in it goes on."""
    market, moves = market_of("BlocklistToken", side)
    token = token_of(market, side)
    market.give(STRANGER)
    token.send("set_blocked", VICTIM, True, sender=STRANGER)
    for move in moves:
        assert move.refusal() is None, move.name
    market.set_quote(2_000)
    vault, amount = market.vault, {"loan": 10**6, "collateral": 10**15}[side]
    incoming, outgoing = {"loan": ("repay", "borrow"), "collateral": ("deposit", "withdraw")}[side]
    assert refusal(vault, incoming, amount, sender=VICTIM) == "token: sender blocked"
    assert refusal(vault, outgoing, amount, sender=VICTIM) == "token: receiver blocked"
    assert refusal(vault, incoming, amount, VICTIM, sender=STRANGER) is None
    assert refusal(vault, outgoing, amount, RECEIVER, sender=VICTIM) is None
    # the liquidator's own block is his own trouble as well
    market.set_quote(1_780)
    token.send("set_blocked", LIQUIDATOR, True, sender=STRANGER)
    for name, arguments in (("liquidate", (VICTIM, MAX)), ("liquidate_batch", ([order(VICTIM)],))):
        blocked = "token: sender blocked" if side == "loan" else "token: receiver blocked"
        assert refusal(vault, name, *arguments, sender=LIQUIDATOR) == blocked
        assert refusal(vault, name, *arguments, sender=STRANGER) is None
        named = refusal(vault, name, *arguments, 0, RECEIVER, sender=LIQUIDATOR)
        assert named == ("token: sender blocked" if side == "loan" else None)


def test_a_blocked_lender_names_another_receiver():
    market, _ = market_of("BlocklistToken", "loan")
    market.loan.send("set_blocked", LENDER, True, sender=STRANGER)
    assert refusal(market.pool.exit, MAX, 0, LENDER, LENDER, sender=LENDER) == "token: receiver blocked"
    market.pool.send("exit", MAX, 0, RECEIVER, LENDER, sender=LENDER)
    assert market.balance(market.loan, RECEIVER) > market.loans(170_000)


def test_a_blocked_vault_or_pool_is_stuck_and_says_so(side):
    """Known issue 4: what the issuer freezes is frozen; the other token's side goes on."""
    market, moves = market_of("BlocklistToken", side)
    frozen = {"loan": market.pool, "collateral": market.vault}[side]
    token_of(market, side).send("set_blocked", frozen.address, True, sender=STRANGER)
    for move in moves:
        assert (move.refusal() or "").startswith("token: ") == bool(way(move, side)), move.name


def test_allowances_that_must_be_nothing_first(side):
    """The approve race: no contract of ours approves anything, and an exact allowance is used up exactly."""
    market, moves = market_of("ApproveRaceToken", side)
    token = token_of(market, side)
    spender = {"loan": market.pool, "collateral": market.vault}[side]
    sender, call = {
        "loan": (LENDER, (market.pool, "deposit", 12_345, LENDER)),
        "collateral": (BORROWER, (market.vault, "deposit", 12_345)),
    }[side]
    assert refusal(token.approve, spender.address, 1, sender=sender) == "token: allowance is not 0"
    token.send("approve", spender.address, 0, sender=sender)
    for _ in range(2):
        token.send("approve", spender.address, 12_345, sender=sender)
        contract, name, *arguments = call
        contract.send(name, *arguments, sender=sender)
        assert token.call("allowance", sender, spender.address) == 0
    for holder in (market.pool, market.vault):
        for move in moves:
            assert token.call("allowance", holder.address, move.sender) == 0


def test_the_largest_uint_as_all_is_never_passed_on(side):
    """Comet's way: where it means all that is allowed the token gets a number, elsewhere it is refused."""
    market, _ = market_of("MaxIsAllToken", side)
    pool, vault = market.pool, market.vault
    before = market.residue(), market.balance(market.collateral, vault)
    assert refusal(vault.deposit, MAX, sender=BORROWER) == "vault: too much collateral"
    assert refusal(vault.open, MAX, 0, sender=BORROWER) == "vault: too much collateral"
    assert refusal(pool.deposit, MAX, LENDER, sender=LENDER) == ""
    assert refusal(pool.withdraw, MAX, LENDER, LENDER, sender=LENDER) == ""
    debt = market.debt(BORROWER)
    assert vault.send("repay", MAX, sender=BORROWER) == debt
    assert vault.send("withdraw", MAX, sender=BORROWER) == market.collaterals(20)
    paid, fee, seized = vault.send("liquidate", VICTIM, MAX, sender=LIQUIDATOR)
    assert market.residue() - before[0] in range(fee * FRACTION - 1, fee * FRACTION + 2 * FRACTION)
    assert before[1] - market.balance(market.collateral, vault) == market.collaterals(20) + seized
    assert 0 < paid < market.loans(15_000)
    market.assert_sums(OWNERS)


def test_a_flash_loan_of_the_largest_uint_comes_back_whole():
    """The one place where it reaches the token: everything goes out, and the same call brings it back."""
    market, _ = market_of("MaxIsAllToken", "loan")
    flash = market.chain.make("FlashBorrower")
    flash.send("approve", market.loan.address, market.pool.address, sender=STRANGER)
    loan = ("flashLoan", flash.address, market.loan.address, MAX, b"")
    before = market.residue(), market.pool.call("totals")
    market.pool.send(*loan, sender=STRANGER)
    assert (market.residue(), market.pool.call("totals")) == before
    intruder = market.chain.make("Intruder")
    intruder.send("approve", market.loan.address, market.pool.address, MAX, sender=STRANGER)
    keep = market.loan.encode("transfer", STRANGER, 1)
    intruder.send("plan", [(market.loan.address, keep)], sender=STRANGER)
    loan = ("flashLoan", intruder.address, market.loan.address, MAX, b"")
    assert refusal(market.pool, *loan, sender=STRANGER) == "pool: flash loan not repaid"


@pytest.mark.parametrize("gift", [2**128, 2**200, 2**254])
def test_a_huge_supply_breaks_nothing(side, gift):
    """More than any field holds is sent to pool and vault: a donation; nobody is hindered."""
    market, moves = market_of("PlainToken", side)
    price = market.pool.call("convertToAssets", WAD)
    for holder in (market.pool, market.vault):
        token_of(market, side).send("mint", holder.address, gift, sender=STRANGER)
    assert market.pool.call("convertToAssets", WAD) == price
    for move in moves:
        move.make()
    # losses are booked all the same
    market.set_quote(1)
    market.vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    market.assert_sums(OWNERS)


def test_more_than_a_field_holds_is_refused(side):
    market, _ = market_of("PlainToken", side)
    whale = {"loan": LENDER, "collateral": BORROWER}[side]
    token_of(market, side).send("mint", whale, 2**255, sender=STRANGER)
    if side == "loan":
        for amount in (2**94, 2**128, 2**254):
            assert refusal(market.pool.deposit, amount, LENDER, sender=LENDER) in (
                "pool: amount too large",
                "pool: too many shares",
                "",
            )
        assert refusal(market.pool.deposit, 2**90, LENDER, sender=LENDER) is None
    else:
        room = 2**128 - 1 - market.position(BORROWER)[0]
        assert refusal(market.vault.deposit, room + 1, sender=BORROWER) == "vault: too much collateral"
        assert refusal(market.vault.deposit, room, sender=BORROWER) is None


# --------------------------------------------------------------------------------- refused in the call


@pytest.mark.parametrize("fee", [1, 100, 10_000])
def test_a_fee_on_transfer_is_refused_on_the_way_in(side, fee):
    """What would be credited has not arrived. On the way out the receiver bears it, and books stay true."""
    market, moves = market_of("FeeToken", side)
    token_of(market, side).send("set_fee", fee, sender=STRANGER)
    for move in moves:
        expected = None
        if way(move, side) == "in":
            pool = "pool: amount did not arrive" if side == "loan" else ""
            vault = {"loan": "vault: payment did not arrive", "collateral": "vault: collateral missing"}[side]
            expected = pool if move.contract is market.pool else vault
        elif way(move, side) == "both":
            expected = "pool: flash loan not repaid"
        assert move.refusal() == expected, move.name
        if expected is None:
            with market.chain.isolated():
                before, residue = market.balance(token_of(market, side), RECEIVER), market.residue()
                move.make()
                if way(move, side) == "out":
                    got = market.balance(token_of(market, side), RECEIVER) - before
                    assert got == 0 if fee == 10_000 else got > 0, move.name
                assert market.residue() >= residue - FRACTION
                market.assert_sums(OWNERS)


# ------------------------------------------------------------------- excluded: what happens all the same


def test_rebasing_up_is_a_donation(side):
    """Known issue 6: nobody's claim grows; the reserve, or the vault's surplus, does. Nobody is hurt."""
    market, _ = market_of("RebasingToken", side)
    price = market.pool.call("convertToAssets", WAD)
    held = {owner: market.position(owner) for owner in OWNERS}
    reserves = market.pool.call("reserves")
    token = token_of(market, side)
    cash = market.balance(market.loan, market.pool)
    token.send("rebase", 11 * WAD // 10, sender=STRANGER)
    assert market.pool.call("convertToAssets", WAD) == price
    assert {owner: market.position(owner) for owner in OWNERS} == held
    if side == "loan":
        assert market.pool.call("reserves") - reserves == cash // 10
    market.assert_sums(OWNERS)
    market.vault.send("withdraw", 11 * 10**15, RECEIVER, sender=BORROWER)
    assert market.balance(market.collateral, RECEIVER) == 11 * 10**15


def test_rebasing_rounds_and_what_arrives_short_is_refused(side):
    """As stETH: of an amount that is no whole number of parts less arrives."""
    market, moves = market_of("RebasingToken", side)
    token_of(market, side).send("rebase", 3 * WAD, sender=STRANGER)
    refused = {move.refusal() for move in moves if way(move, side) == "in"}
    expected = {
        "loan": {"pool: amount did not arrive", "vault: payment did not arrive"},
        "collateral": {"vault: collateral missing"},
    }
    assert refused - {None} == expected[side]


def test_rebasing_down_of_the_loan_asset_is_a_loss_in_the_books():
    """Booked by anybody with `book_shortfall`, by lenders as by any loss; the debts stand."""
    market, _ = market_of("RebasingToken", "loan")
    debts = [market.debt(owner) for owner in OWNERS]
    assets = market.pool.call("totalAssets")
    cash = market.balance(market.loan, market.pool)
    market.loan.send("rebase", 9 * WAD // 10, sender=STRANGER)
    lost = cash - market.balance(market.loan, market.pool)
    assert lost == cash // 10
    reserves = market.pool.call("reserves")
    assert reserves == 0
    carried = market.pool.send("book_shortfall", sender=STRANGER)
    assert lost - carried in (0, 1)
    assert market.pool.call("totalAssets") == assets - carried
    assert [market.debt(owner) for owner in OWNERS] == debts
    market.assert_sums(OWNERS)


def test_rebasing_down_of_collateral_hits_who_comes_last():
    """V1 needs a token that keeps its balances: here the vault is short, and the last to leave waits."""
    market, _ = market_of("RebasingToken", "collateral")
    market.set_quote(2_000)
    market.collateral.send("rebase", 9 * WAD // 10, sender=STRANGER)
    locked = sum(market.position(owner)[0] for owner in OWNERS)
    assert market.balance(market.collateral, market.vault) == locked * 9 // 10
    market.vault.send("close", MAX, MAX, sender=BORROWER)
    assert refusal(market.vault.close, MAX, MAX, sender=VICTIM) == "token: balance too small"
    # what is there he gets, and lenders lose nothing by it
    market.vault.send("close", MAX, market.balance(market.collateral, market.vault), sender=VICTIM)
    assert market.pool.call("debt_totals") == (0, 0)
    assert market.residue() >= 0


# --------------------------------------------------------------------------------------------- decimals


@pytest.mark.parametrize("digits", [0, 1, 6, 8, 18, 27])
@pytest.mark.parametrize("loan_digits", [6, 8, 18])
def test_decimals_in_range_live_the_same_life(loan_digits, digits):
    """At a price of 0.20, so that a token without decimals is a unit small enough."""
    market = small_market(decimals=(loan_digits, digits), quote="0.2")
    market.give(BORROWER)
    market.give(LIQUIDATOR)
    market.open(BORROWER, 100_000, 15_000)
    market.chain.advance(3_600)
    market.set_quote("0.178")
    expected = market.quote(BORROWER)
    assert market.vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR) == (
        expected.paid,
        expected.fee,
        expected.seized,
    )
    assert abs(expected.paid - market.loans(5161)) < market.loans(2)  # the same share in every decimals
    market.assert_sums([BORROWER])
    market.vault.send("close", MAX, MAX, sender=BORROWER)
    assert market.position(BORROWER) == (0, 0)


@pytest.mark.parametrize(
    ("decimals", "reason"),
    [
        ((5, 18), "pool: asset of 6 to 18 decimals"),
        ((0, 18), "pool: asset of 6 to 18 decimals"),
        ((19, 18), "pool: asset of 6 to 18 decimals"),
        ((6, 28), "vault: above 27 decimals"),
        ((6, 255), "vault: above 27 decimals"),
    ],
)
def test_decimals_out_of_range_are_refused_at_creation(decimals, reason):
    with pytest.raises(CallReverted) as refused:
        small_market(decimals=decimals, quote="0.0000001")
    assert refused.value.reason == reason


def test_a_token_that_does_not_say_its_decimals_is_refused_at_creation(side):
    """An account, and a contract that is no token."""
    market = small_market()
    no_token = market.chain.make("FlashBorrower").address
    create = {
        "loan": lambda it: (
            "create_pool",
            PoolParams(name="Plimsoll", symbol="P").to_struct(it, 6),
            CURATOR,
            3 * 86_400,
        ),
        "collateral": lambda it: (
            "create_vault",
            market.pool.address,
            it,
            market.oracle.address,
            market.vault.call("risk"),
        ),
    }[side]
    for candidate in (no_token, STRANGER, NOBODY):
        assert refusal(market.factory, *create(candidate), sender=DEPLOYER) == ""
    other = market.chain.make("PlainToken", "Token", "T", 6).address
    assert refusal(market.factory, *create(other), sender=DEPLOYER) is None
