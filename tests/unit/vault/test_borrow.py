"""`borrow`: the owner, or an operator who may, draws on the pool against collateral."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, NOBODY, WAD, YEAR
from tests.utils.vaults import BORROW, WITHDRAW, Balances, balances, drawn, risk_of, worth

LOCKED = 10 * 10**18
AMOUNT = 12_345_678_901


@pytest.fixture
def vault(market, borrower):
    market.vault.deposit(LOCKED, sender=borrower)
    return market.vault


def test_draws_to_the_caller(chain, market, vault, borrower):
    chain.advance(DAY)
    totals, shares = drawn(market.debt_totals(), AMOUNT)
    before, cash = balances(market, borrower), balances(market, market.pool)
    receipt = vault.borrow(AMOUNT, sender=borrower)
    assert receipt.return_value == AMOUNT
    assert receipt.events == [
        market.loan.Transfer(sender=market.pool, receiver=borrower, value=AMOUNT),
        vault.Borrow(owner=borrower, receiver=borrower, amount=AMOUNT, shares=shares),
    ]
    assert balances(market, borrower) - before == Balances(AMOUNT, 0)
    assert balances(market, market.pool) - cash == Balances(-AMOUNT, 0)
    assert market.position(borrower) == (LOCKED, shares)
    assert market.debt_totals() == totals
    assert vault.debt_of(borrower) - AMOUNT in (0, 1)  # a share is worth less than a unit here


def test_to_another_receiver(market, vault, borrower, receiver):
    receipt = vault.borrow(AMOUNT, receiver, sender=borrower)
    assert balances(market, receiver) == Balances(AMOUNT, 0)
    assert receipt.events == [
        market.loan.Transfer(sender=market.pool, receiver=receiver, value=AMOUNT),
        vault.Borrow(owner=borrower, receiver=receiver, amount=AMOUNT, shares=market.position(borrower)[1]),
    ]


def test_of_nothing_moves_nothing_and_asks_nothing(market, vault, borrower, deployer):
    market.oracle.set_silent(True, sender=deployer)
    before = market.debt_totals()
    receipt = vault.borrow(0, sender=borrower)
    assert receipt.events == [vault.Borrow(owner=borrower, receiver=borrower, amount=0, shares=0)]
    assert market.position(borrower) == (LOCKED, 0)
    assert market.debt_totals() == before


def exact_bound(market, owner) -> int:
    """The largest loan that V2 admits, found by bisection over the twin's draw."""
    collateral, shares = market.position(owner)
    totals, ltv = market.debt_totals(), market.risk().ltv
    allowed = worth(collateral, market.oracle.safe_price()) * ltv

    def within(amount: int) -> bool:
        after, new = drawn(totals, amount)
        return after.assets_up(shares + new) * WAD <= allowed

    low, high = 0, allowed // WAD + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low


@pytest.mark.parametrize("debt", [0, 5_000])
@pytest.mark.parametrize("quote", [2_000, "1999.999999999999999999", "2345.678901234567"])
def test_v2_leaves_a_position_within_its_ltv(chain, market, vault, borrower, quote, debt):
    """V2: to the last base unit."""
    if debt:
        vault.borrow(market.loans(debt), sender=borrower)
    chain.advance(YEAR // 7)
    market.set_quote(quote)
    bound = exact_bound(market, borrower)
    reason = "vault: above the loan-to-value"
    assert refusal(vault.borrow, bound + 1, sender=borrower) == reason
    vault.borrow(bound, sender=borrower)
    assert refusal(vault.borrow, 1, sender=borrower) == reason


def test_v2_is_judged_at_the_safe_price(market, vault, borrower, deployer):
    price = market.oracle.price()
    market.oracle.set_prices(2 * price, price, sender=deployer)
    bound = exact_bound(market, borrower)
    assert refusal(vault.borrow, bound + 1, sender=borrower) == "vault: above the loan-to-value"
    assert refusal(vault.borrow, bound, sender=borrower) is None


def test_v3_is_never_below_the_minimum_debt(market, vault, borrower):
    """V3: the first loan; later ones only add."""
    least = risk_of(vault).min_debt
    assert refusal(vault.borrow, least - 2, sender=borrower) == "vault: below the minimum debt"
    assert refusal(vault.borrow, 1, sender=borrower) == "vault: below the minimum debt"
    vault.borrow(least, sender=borrower)
    vault.borrow(1, sender=borrower)


def test_v3_counts_the_debt_after_a_partial_repayment(market, vault, borrower):
    """V3: whoever has fallen below by repaying must come back above to borrow."""
    least = risk_of(vault).min_debt
    vault.borrow(least, sender=borrower)
    vault.repay(least - 10, sender=borrower)
    debt = vault.debt_of(borrower)
    assert refusal(vault.borrow, least - debt - 1, sender=borrower) == "vault: below the minimum debt"
    assert refusal(vault.borrow, least - debt + 1, sender=borrower) is None


def test_without_collateral(market, borrower):
    least = market.risk().min_debt
    assert refusal(market.vault.borrow, least, sender=borrower) == "vault: above the loan-to-value"


def test_within_the_credit_line(market, vault, borrower, curator):
    owed = market.pool.credit_line(vault)[2]
    limit = owed + market.loans(3_000)
    market.council.set_limit(vault, limit, sender=curator)
    assert refusal(vault.borrow, market.loans(3_000) + 1, sender=borrower) == "pool: over the credit limit"
    vault.borrow(market.loans(3_000) - 1, sender=borrower)
    assert limit - 2 <= market.pool.credit_line(vault)[2] <= limit


def test_within_the_pools_cash(market, borrower, lender):
    vault = market.vault
    spare = market.pool.maxWithdraw(lender)
    market.pool.withdraw(spare - market.loans(3_000), lender, lender, sender=lender)
    vault.deposit(market.collaterals(1_000), sender=borrower)
    assert refusal(vault.borrow, market.loans(3_000) + 1, sender=borrower) == "pool: not enough cash"
    assert refusal(vault.borrow, market.loans(3_000) - 1, sender=borrower) is None


def test_while_paused(chain, market, vault, borrower, curator, guardian):
    council = market.council
    council.queue_guardian(guardian, sender=curator)
    chain.advance(3 * DAY)
    council.execute_queued(sender=curator)
    council.pause(sender=guardian)
    assert refusal(vault.borrow, AMOUNT, sender=borrower) == "pool: paused"
    assert refusal(vault.open, 0, AMOUNT, sender=borrower) == "pool: paused"
    chain.advance(7 * DAY)
    assert refusal(vault.borrow, AMOUNT, sender=borrower) is None


def test_without_a_credit_line(builder, market, borrower):
    vault = builder.vault(market.pool, market.collateral, market.oracle)
    market.collateral.approve(vault, MAX, sender=borrower)
    vault.deposit(LOCKED, sender=borrower)
    assert refusal(vault.borrow, AMOUNT, sender=borrower) == "pool: not a vault"


def test_needs_the_oracle(market, vault, borrower, deployer):
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(vault.borrow, AMOUNT, sender=borrower) == "lying oracle: silent"
    market.oracle.set_silent(False, sender=deployer)
    market.oracle.set_price(0, sender=deployer)
    assert refusal(vault.borrow, AMOUNT, sender=borrower) == "vault: above the loan-to-value"


@pytest.mark.parametrize("rights", [0, WITHDRAW, BORROW, WITHDRAW | BORROW])
def test_by_an_operator(market, vault, borrower, operator, rights):
    vault.set_operator(operator, rights, sender=borrower)
    if not rights & BORROW:
        assert refusal(vault.borrow, 0, operator, borrower, sender=operator) == "vault: not authorised"
        return
    before, owner_before = balances(market, operator), balances(market, borrower)
    receipt = vault.borrow(AMOUNT, operator, borrower, sender=operator)
    assert receipt.events == [
        market.loan.Transfer(sender=market.pool, receiver=operator, value=AMOUNT),
        vault.Borrow(owner=borrower, receiver=operator, amount=AMOUNT, shares=market.position(borrower)[1]),
    ]
    assert balances(market, operator) - before == Balances(AMOUNT, 0)
    assert balances(market, borrower) == owner_before
    assert market.position(operator) == (0, 0)


def test_by_a_stranger(market, vault, borrower, stranger):
    for receiver in (stranger, borrower):
        assert refusal(vault.borrow, AMOUNT, receiver, borrower, sender=stranger) == "vault: not authorised"


def test_to_the_vault_or_nobody(market, vault, borrower):
    for amount in (0, AMOUNT, MAX):
        for bad in (vault, NOBODY):
            assert refusal(vault.borrow, amount, bad, sender=borrower) == "vault: bad receiver"


def test_raises_the_debt_of_nobody_else(market, vault, borrower, other_borrower):
    """P6: but for the draw's rounding, below one unit over all positions."""
    debt = vault.debt_of(other_borrower)
    vault.borrow(AMOUNT, sender=borrower)
    assert vault.debt_of(other_borrower) - debt in (0, 1)


def test_adds_to_an_open_position(market, borrower):
    collateral, shares = market.open(borrower, 10, 5_000)
    _, more = drawn(market.debt_totals(), AMOUNT // 2)
    market.vault.borrow(AMOUNT // 2, sender=borrower)
    assert market.position(borrower) == (collateral, shares + more)
