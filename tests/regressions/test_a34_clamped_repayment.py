"""A34: a repayment was cut to what the payer had or allowed, and the debt fell by what was asked (Zentra).

Here an amount is cut at the debt alone: what cannot be pulled in full reverts; debt falls by what arrived.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LIQUIDATOR, STRANGER
from plimsoll.units import MAX

PAYER = STRANGER
TOKENS = ["PlainToken", "NoReturnToken", "MaxIsAllToken", "FeeToken"]


def indebted(token: str, quote: int = 2_000):
    """A debt of 15,000 with 40 days of interest."""
    market = small_market(loan=token)
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER)
    market.chain.advance(40 * 86_400)
    market.pool.accrue(sender=PAYER)
    market.set_quote(quote)
    return market


def provide(market, who, balance: int, allowed: int) -> None:
    """Exactly this balance and allowance."""
    market.loan.burn(who, market.balance(market.loan, who), sender=DEPLOYER)
    market.loan.mint(who, balance, sender=DEPLOYER)
    market.loan.approve(market.vault, 0, sender=who)
    market.loan.approve(market.vault, allowed, sender=who)


def calls(market, amount: int) -> dict:
    """Everything that pays for a debt, for `amount` at most."""
    vault = market.vault
    return {
        "repay": (PAYER, (vault.repay, amount, BORROWER)),
        "close": (PAYER, (vault.close, amount, 0, PAYER, BORROWER)),
        "liquidate": (PAYER, (vault.liquidate, BORROWER, amount, 0, PAYER)),
    }


@pytest.mark.parametrize("name", ["repay", "close", "liquidate"])
@pytest.mark.parametrize("token", TOKENS)
def test_a34_debt_falls_by_what_arrived(token, name):
    """Balances and allowances around the debt, amounts up to the largest uint: 100 combinations each."""
    market = indebted(token, 1_800 if name == "liquidate" else 2_000)
    if token == "FeeToken":
        market.loan.set_fee(100, sender=DEPLOYER)
    debt = market.debt(BORROWER)
    edges = (0, 1, debt // 2, debt - 1, 2 * debt)
    paid_once = 0
    for balance in edges:
        for allowed in (*edges[1:], MAX):
            for amount in (debt // 2, debt, debt + 1, MAX):
                with market.chain.isolated():
                    provide(market, PAYER, balance, allowed)
                    sender, (method, *arguments) = calls(market, amount)[name]
                    before = market.balance(market.loan, market.pool)
                    if refusal(method, *arguments, sender=sender) is not None:
                        continue
                    answer = method(*arguments, sender=sender).return_value
                    paid = (
                        answer if name == "repay" else answer[0] + (answer[1] if name == "liquidate" else 0)
                    )
                    arrived = market.balance(market.loan, market.pool) - before
                    assert arrived == paid == balance - market.balance(market.loan, PAYER)
                    assert paid <= min(balance, allowed)
                    fee = answer[1] if name == "liquidate" else 0
                    assert 0 <= paid - fee - (debt - market.debt(BORROWER)) <= 1
                    paid_once += 1
    assert (paid_once > 0) == (token != "FeeToken")


@pytest.mark.parametrize("short", ["balance", "allowance"])
def test_a34_all_of_it_with_less_in_hand_is_refused(short):
    """The largest uint means the debt, not what the payer has."""
    market = indebted("PlainToken")
    debt = market.debt(BORROWER)
    for missing in (1, debt // 2, debt):
        terms = (debt - missing, MAX) if short == "balance" else (2 * debt, debt - missing)
        provide(market, PAYER, *terms)
        assert refusal(market.vault.repay, MAX, BORROWER, sender=PAYER) is not None
        assert market.debt(BORROWER) == debt
