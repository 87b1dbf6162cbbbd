"""Callbacks: when they come, to whom, with what; what is seen inside; what is judged afterwards."""

from dataclasses import replace

import pytest

from plimsoll.testing.market import build_market
from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.rates import Curve
from plimsoll.twin.share_math import to_shares_down
from plimsoll.units import DAY, MAX, NOBODY, order
from tests.utils.actor import Actor, Refusal
from tests.utils.vaults import (
    BORROW,
    WITHDRAW,
    balances,
    drawn,
    liquidate,
    risk_of,
    settled,
    twin_batch,
    worth,
)

LOCKED = 10 * 10**18
AMOUNT = 15_000 * 10**6
DATA = b"as agreed"
CRASHED = 1_700


@pytest.fixture
def vault(market, borrower, other_borrower):
    """The borrower's position is liquidatable at 1,700, the actor's is not."""
    market.open(borrower)
    return market.vault


@pytest.fixture
def leveraged(market, vault, actor):
    """The actor has 20 tokens locked and a debt of 15,000."""
    actor.act(vault.open, 2 * LOCKED, AMOUNT, actor, actor, b"")
    return vault


def actions(market, actor, borrower) -> dict[str, tuple]:
    """The calls that call back, with their arguments; data last."""
    vault = market.vault
    return {
        "open": (vault.open, LOCKED, AMOUNT // 2, actor, actor),
        "close": (vault.close, AMOUNT // 3, LOCKED // 2, actor, actor),
        "liquidate": (vault.liquidate, borrower, MAX, 0, actor),
        "liquidate_batch": (vault.liquidate_batch, [order(borrower), order(NOBODY)], 0, actor),
    }


ACTIONS = ("open", "close", "liquidate", "liquidate_batch")
HOOKS = {
    "open": "on_open",
    "close": "on_close",
    "liquidate": "on_liquidation",
    "liquidate_batch": "on_liquidation",
}


@pytest.fixture(params=ACTIONS)
def name(request):
    return request.param


@pytest.fixture
def action(market, leveraged, actor, borrower, name):
    market.set_quote(CRASHED)
    return actions(market, actor, borrower)[name]


# ----------------------------------------------------------------------------- when, to whom, with what


def transfer(token, sender, receiver, amount):
    return token.Transfer(sender=sender, receiver=receiver, value=amount)


def test_open_sends_calls_pulls(market, vault, actor, receiver):
    """The loan first, then the callback, then the collateral."""
    _, shares = drawn(market.debt_totals(), AMOUNT)
    logs = actor.act(vault.open, LOCKED, AMOUNT, receiver, actor, DATA)
    assert logs == [
        transfer(market.loan, market.pool, receiver, AMOUNT),
        actor.called("on_open", vault, (LOCKED, AMOUNT), DATA),
        transfer(market.collateral, actor, vault, LOCKED),
        vault.Deposit(owner=actor, amount=LOCKED),
        vault.Borrow(owner=actor, receiver=receiver, amount=AMOUNT, shares=shares),
    ]


def test_close_sends_calls_pulls(market, leveraged, actor, receiver):
    """The collateral first, then the callback, then the repayment."""
    shares = market.position(actor)[1]
    debt = leveraged.debt_of(actor)
    logs = actor.act(leveraged.close, MAX, LOCKED, receiver, actor, DATA)
    assert logs == [
        transfer(market.collateral, leveraged, receiver, LOCKED),
        actor.called("on_close", leveraged, (debt, LOCKED), DATA),
        transfer(market.loan, actor, market.pool, debt),
        leveraged.Repay(owner=actor, amount=debt, shares=shares),
        leveraged.Withdraw(owner=actor, receiver=receiver, amount=LOCKED),
    ]


def test_liquidate_sends_calls_pulls(market, vault, actor, borrower, receiver):
    market.set_quote(CRASHED)
    answer = market.quote(borrower)
    logs = actor.act(vault.liquidate, borrower, MAX, 0, receiver, DATA)
    assert logs[2:] == [
        transfer(market.collateral, vault, receiver, answer.seized),
        actor.called("on_liquidation", vault, (answer.paid, answer.fee, answer.seized), DATA),
        transfer(market.loan, actor, market.pool, answer.paid + answer.fee),
    ]


def test_liquidate_batch_sends_calls_pulls_once(market, leveraged, actor, borrower, receiver):
    market.set_quote("800")
    orders = [order(borrower), order(actor.address, 10**9), order(NOBODY), order(actor.address)]
    answers = twin_batch(market, orders)
    paid, fee, seized = (sum(getattr(a, key) for a in answers) for key in ("paid", "fee", "seized"))
    logs = actor.act(leveraged.liquidate_batch, orders, 0, receiver, DATA)
    assert logs[4:7] == [
        transfer(market.collateral, leveraged, receiver, seized),
        actor.called("on_liquidation", leveraged, (paid, fee, seized), DATA),
        transfer(market.loan, actor, market.pool, paid + fee),
    ]


def hook_calls(logs, contract) -> int:
    return sum((event.contract, event.name) == (contract.address, "Called") for event in logs)


def test_without_data_there_is_none(action, actor):
    method, *arguments = action
    assert hook_calls(actor.act(method, *arguments, b""), actor.contract) == 0


def test_with_data_there_is_one(action, actor):
    method, *arguments = action
    assert hook_calls(actor.act(method, *arguments, b"\x00"), actor.contract) == 1


def test_the_longest_data_arrives(action, actor, name):
    method, *arguments = action
    logs = actor.act(method, *arguments, b"\xff" * 1024)
    assert hook_calls(logs, actor.contract) == 1
    assert isinstance(actor.ask(method, *arguments, b"\xff" * 1025), Refusal)


@pytest.mark.parametrize("kind", ["open", "close"])
def test_goes_to_the_caller(chain, market, vault, actor, borrower, deployer, stranger, kind):
    """A17: owner and receiver are contracts that would answer; nobody asks them."""
    owner = Actor(chain.make("CallbackActor"), stranger)
    owner.provide(market)
    owner.act(vault.open, 2 * LOCKED, AMOUNT, owner, owner, b"")
    owner.act(vault.set_operator, actor, WITHDRAW | BORROW)
    owner.contract.refuse(True, sender=stranger)
    before = balances(market, owner)
    logs = actor.act(*actions(market, actor, borrower)[kind][:3], owner, owner, DATA)
    assert hook_calls(logs, actor.contract) == 1
    gained = balances(market, owner) - before  # what was sent out; nothing was pulled from the owner
    assert (gained.loan, gained.collateral) == ((AMOUNT // 2, 0) if kind == "open" else (0, LOCKED // 2))


def test_liquidating_goes_to_the_caller(chain, market, actor, deployer, stranger):
    """A17: the liquidated owner is a contract."""
    owner = Actor(chain.make("CallbackActor"), stranger)
    owner.provide(market)
    owner.act(market.vault.open, LOCKED, AMOUNT, owner, owner, b"")
    owner.contract.refuse(True, sender=stranger)
    market.set_quote(CRASHED)
    logs = actor.act(market.vault.liquidate, owner, MAX, 0, owner, DATA)
    assert hook_calls(logs, actor.contract) == 1


def test_a_failing_callback_undoes_everything(action, actor, stranger):
    method, *arguments = action
    actor.contract.refuse(True, sender=stranger)
    assert actor.ask(method, *arguments, DATA) == Refusal("actor: refuses")
    assert actor.ask(method, *arguments, b"") != Refusal("actor: refuses")


# -------------------------------------------------------------------------------------- without capital


@pytest.fixture
def poor_actor(chain, deployer, market, stranger):
    """Has approvals and nothing else; what it mints in a callback stands for a swap."""
    actor = Actor(chain.make("CallbackActor"), stranger)
    actor.provide(market, 0)
    return actor


def test_leverage_in_one_call(market, poor_actor, other_borrower):
    """The loan buys the collateral that it is borrowed against."""
    vault = market.vault
    assert poor_actor.ask(vault.open, LOCKED, AMOUNT, poor_actor, poor_actor, DATA) == Refusal(
        "token: balance too small"
    )
    poor_actor.plan(
        (market.loan.transfer, other_borrower, AMOUNT), (market.collateral.mint, poor_actor, LOCKED)
    )
    poor_actor.act(vault.open, LOCKED, AMOUNT, poor_actor, poor_actor, DATA)
    assert market.position(poor_actor)[0] == LOCKED
    assert balances(market, poor_actor).loan == balances(market, poor_actor).collateral == 0
    market.assert_sums([poor_actor, other_borrower])


def test_deleverage_in_one_call(market, poor_actor, other_borrower):
    """The collateral pays the debt that held it."""
    vault = market.vault
    poor_actor.plan((market.collateral.mint, poor_actor, LOCKED))
    poor_actor.act(vault.open, LOCKED, AMOUNT, other_borrower, poor_actor, DATA)
    debt = vault.debt_of(poor_actor)
    poor_actor.plan(
        (market.collateral.transfer, other_borrower, LOCKED), (market.loan.mint, poor_actor, debt)
    )
    poor_actor.act(vault.close, MAX, MAX, poor_actor, poor_actor, DATA)
    assert market.position(poor_actor) == (0, 0)
    assert balances(market, poor_actor).loan == balances(market, poor_actor).collateral == 0


def test_liquidate_without_capital(market, vault, borrower, poor_actor, other_borrower):
    """What is seized pays for the debt."""
    market.set_quote(CRASHED)
    answer = market.quote(borrower)
    assert poor_actor.ask(vault.liquidate, borrower, MAX, 0, poor_actor, DATA) == Refusal(
        "token: balance too small"
    )
    poor_actor.plan(
        (market.collateral.transfer, other_borrower, answer.seized),
        (market.loan.mint, poor_actor, worth(answer.seized, market.oracle.price())),
    )
    poor_actor.act(vault.liquidate, borrower, MAX, 0, poor_actor, DATA)
    profit = worth(answer.seized, market.oracle.price()) - answer.paid - answer.fee
    assert balances(market, poor_actor).loan == profit > 0


# --------------------------------------------------------------------------- what is judged afterwards


@pytest.mark.parametrize("kind", ["open", "close"])
def test_health_is_judged_after_the_callback(market, leveraged, actor, borrower, kind):
    """A15: the price falls inside the callback."""
    method, *arguments = actions(market, actor, borrower)[kind]
    low = market.oracle.price() * 4 // 10
    assert actor.ask(method, *arguments, DATA) != Refusal("vault: above the loan-to-value")
    actor.plan((market.oracle.set_price, low))
    assert actor.ask(method, *arguments, DATA) == Refusal("vault: above the loan-to-value")


def test_a_donation_in_the_callback_pays_for_nothing(market, action, name, actor, borrower, other_borrower):
    """No balance is read before a callback, so what is given meanwhile is given."""
    method, *arguments = action
    vault, loan, collateral = market.vault, market.loan, market.collateral
    gift = 12_345
    actor.plan((collateral.transfer, vault, gift), (loan.transfer, market.pool, gift))
    before = balances(market, actor)
    held = balances(market, vault).collateral
    reserve = market.residue()
    answer = market.quote(borrower)
    paid, taken = {"open": (-AMOUNT // 2, LOCKED), "close": (AMOUNT // 3, -LOCKED // 2)}.get(
        name, (answer.paid + answer.fee, -answer.seized)
    )
    actor.act(method, *arguments, DATA)
    change = balances(market, actor) - before
    assert (-change.loan, -change.collateral) == (paid + gift, taken + gift)
    assert balances(market, vault).collateral == held + taken + gift
    assert market.residue() >= reserve + gift * 65_536
    market.assert_sums([actor, borrower, other_borrower])


def test_the_pool_may_be_used_in_a_callback(market, action, actor, borrower, other_borrower):
    """N1: a deposit and a withdrawal meanwhile move cash and books together."""
    method, *arguments = action
    pool = market.pool
    actor.plan(
        (pool.deposit, AMOUNT, actor),
        (pool.accrue,),
        (pool.book_shortfall,),
        (pool.withdraw, AMOUNT // 2, actor, actor),
        (pool.draw, 1, actor),
        (pool.settle, 0, 0),
    )
    price = pool.convertToAssets(10**18)
    actor.act(method, *arguments, DATA)
    answers = actor.answers()
    assert answers[4:] == [Refusal("pool: not a vault")] * 2
    assert not any(isinstance(answer, Refusal) for answer in answers[:4])
    assert answers[2] == [0]  # nothing to book
    assert pool.convertToAssets(10**18) - price in (0, 1)  # two roundings for the lenders
    market.assert_sums([actor, borrower, other_borrower])


# ----------------------------------------------------------------------------- what is seen inside (N1)


def test_n1_the_residue_is_true_inside(market, action, name, actor):
    """N1: cash + debt - assets is what it was after the accrual of the call; a draw's rounding aside."""
    method, *arguments = action
    pool, loan = market.pool, market.loan
    before, totals = market.residue(), DebtTotals(*pool.debt_totals())
    actor.plan((pool.totals,), (loan.balanceOf, pool), (pool.reserves,))
    actor.act(method, *arguments, DATA)
    (assets, debt, *_), (cash,), (reserves,) = actor.answers()
    inside = cash * 65_536 + debt - assets
    rounding = 0
    if name == "open":
        rounding = drawn(totals, AMOUNT // 2)[0].debt - totals.debt - AMOUNT // 2 * 65_536
        assert 0 <= rounding < 2 * 65_536
    assert inside == before + rounding
    assert reserves == inside // 65_536


LOCKED_VIEWS = ("health", "preview_liquidate", "preview_liquidate_batch", "max_borrow", "max_withdraw")


def test_n1_views_that_read_more_than_storage_revert_inside(market, action, actor, borrower):
    """N1, A20."""
    method, *arguments = action
    vault = market.vault
    views = [
        (vault.health, actor),
        (vault.preview_liquidate, borrower, MAX),
        (vault.preview_liquidate_batch, [order(borrower)]),
        (vault.max_borrow, actor),
        (vault.max_withdraw, actor),
    ]
    assert all(not isinstance(actor.ask(*call), Refusal) for call in views)
    actor.plan(*views)
    actor.act(method, *arguments, DATA)
    assert actor.answers() == [Refusal("")] * len(views)


def test_n1_views_of_storage_are_consistent_inside(market, action, name, actor, borrower):
    """N1, A20: the position as it will be, the pool's debt as it was, the prices of shares unmoved."""
    method, *arguments = action
    vault, pool = market.vault, market.pool
    owner = borrower if name.startswith("liquidate") else actor
    collateral, _ = market.position(owner)
    price = pool.convertToAssets(10**18), pool.convertToShares(10**6)
    before = DebtTotals(*pool.debt_totals())
    actor.plan(
        (vault.position_of, owner),
        (vault.positions, owner),
        (vault.debt_of, owner),
        (vault.margin_terms, owner),
        (pool.debt_totals,),
        (pool.convertToAssets, 10**18),
        (pool.convertToShares, 10**6),
        (pool.credit_line, vault),
        (vault.rights_of, owner, actor),
        (vault.nonces, owner),
        (vault.DOMAIN_SEPARATOR,),
        (vault.risk,),
    )
    actor.act(method, *arguments, DATA)
    seen = actor.answers()
    assert not any(isinstance(answer, Refusal) for answer in seen)
    (held, shares), (word,), (debt,), terms, (total, count), (assets,), (per_unit,), line, *_ = seen
    after_collateral, after_shares = market.position(owner)
    # on `open` the collateral counts only once it is there
    assert (held, shares) == (collateral if name == "open" else after_collateral, after_shares)
    assert word == held | shares << 128
    totals = drawn(before, AMOUNT // 2)[0] if name == "open" else before
    assert (total, count) == (totals.debt, totals.shares)
    assert debt == totals.assets_up(shares)
    assert terms[2:] == margin_prices(debt, held, risk_of(vault).threshold)
    assert (assets, per_unit) == price
    assert line[1] == count  # the only vault of the pool
    assert line[2] == totals.assets_up(count)


def margin_prices(debt: int, collateral: int, threshold: int) -> list[int]:
    value = -(-debt * 10**18 // threshold)
    return [-(-value * 10**36 // collateral), -(-debt * 10**36 // collateral)] if debt else [0, 0]


def test_plans_are_made_only_when_called(market, vault, actor, stranger):
    """The tests above would show nothing if the actor did nothing."""
    actor.plan((market.loan.mint, stranger, 1))
    actor.act(vault.open, LOCKED, AMOUNT, actor, actor, b"")
    assert actor.answers() == []
    actor.act(vault.open, 0, 0, actor, actor, b"x")
    assert actor.answers() == [[]]


def test_liquidating_through_an_actor_is_the_same(market, vault, actor, borrower, liquidator):
    market.set_quote(CRASHED)
    answer = market.quote(borrower)
    assert actor.ask(vault.liquidate, borrower, MAX, 0, actor, DATA) == [
        answer.paid,
        answer.fee,
        answer.seized,
    ]
    assert liquidate(market, borrower, liquidator) == answer


def test_v2_holds_with_the_books_after_the_callback(chain, builder, actor, lender, curator):
    """V2: another vault settles inside, and each rounding raises the debt of a share by a little."""
    market = build_market(builder, [lender])
    market.pool.deposit(market.loans(4_000_000), lender, sender=lender)
    beside = replace(market, vault=builder.vault(market.pool, market.collateral, market.oracle))
    market.council.queue_limit(beside.vault, market.loans(100_000), sender=curator)
    chain.advance(3 * DAY)
    market.council.execute_queued(sender=curator)
    for place in (market, beside):
        actor.provide(place)
    actor.act(beside.vault.open, LOCKED, 10**10, actor, actor, b"")
    actor.act(market.vault.open, 1_000 * 10**18, 1_500_000 * 10**6, actor, actor, b"")
    settlements = 30

    # wait until the debt is so little below a whole number of units that the roundings will lift it above
    books, curve = Totals(*market.pool.totals()), Curve(*market.pool.rate_params())
    factor, (_, shares) = market.pool.reserve_factor(), market.position(actor)

    def debts(seconds: int) -> tuple[int, int]:
        """After drawing one unit, and after the settlements."""
        now = accrued(books, seconds, curve, factor)
        totals, new = drawn(DebtTotals(now.total_debt, now.total_debt_shares), 1)
        debt = totals.assets_up(shares + new)
        for _ in range(settlements):
            totals = settled(totals, to_shares_down(1, totals.debt, totals.shares))
        return debt, totals.assets_up(shares + new)

    seconds = next(seconds for seconds in range(1, 100_000) if debts(seconds)[0] < debts(seconds)[1])
    chain.advance(seconds)
    debt = debts(seconds)[0]
    market.oracle.set_price(-(-debt * 5 // 4) * 10**15, sender=lender)  # just enough for it
    actor.plan(*[(beside.vault.repay, 1)] * settlements)
    arguments = (market.vault.open, 0, 1, actor, actor)
    assert actor.ask(*arguments, b"") == [1]
    assert actor.ask(*arguments, DATA) == Refusal("vault: above the loan-to-value")
