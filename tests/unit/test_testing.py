"""`plimsoll.testing`: a mistake ends in a sentence that says what was given and what is possible."""

from collections.abc import Callable
from typing import Any

import pytest

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.market.refusals import MarketError
from plimsoll.testing import Account, Chain, read_artifact, refusal
from plimsoll.testing.market import Market, build_market, small_market
from plimsoll.testing.roles import LENDER

AN_ADDRESS = "a contract or an address: 0x and 40 hexadecimal digits."
AS_DEPOSIT = "deposit got 1 argument, but is called as deposit(assets: uint256, receiver: address)."
AS_FEED = "is called as MockFeed(decimals_: uint8, answer: int256)."
NO_NUMBER = "which is no number; give a number such as 1.5."
WORD = "must be a whole number from 0 to 2**256 - 1."
WRONG: dict[str, tuple[Callable[[Market], Any], type[Exception], str]] = {
    "contract": (
        lambda it: it.chain.make("MockFed"), LookupError,
        "There is no contract 'MockFed'; perhaps you meant MockFeed or MockRateVault.",
    ),
    "contract like nothing": (
        lambda it: it.builder.token(kind="?"), LookupError, "There is no contract '?'; there are ",
    ),
    "no contract": (
        lambda it: it.chain.make(5), TypeError,
        "5 is no contract: give a name such as 'MockFeed', or what compile_vyper, read_artifact or ",
    ),
    "constructor without arguments": (
        lambda it: it.chain.make("MockFeed"), TypeError, f"MockFeed got 0 arguments, but {AS_FEED}",
    ),
    "constructor": (
        lambda it: it.chain.make("MockFeed", 8, 2**255), TypeError,
        "792003956564819968, but must be a whole number from -2**255 to 2**255 - 1.",
    ),
    "count": (lambda it: it.pool.deposit(1, sender=LENDER), TypeError, AS_DEPOSIT),
    "count in a question": (lambda it: refusal(it.pool.deposit, 1, sender=LENDER), TypeError, AS_DEPOSIT),
    "names": (
        lambda it: it.pool.deposit(1, receiver=LENDER, sender=LENDER), TypeError,
        "deposit takes arguments by place, not by name (receiver).",
    ),
    "number": (
        lambda it: it.pool.deposit("1", LENDER, sender=LENDER), TypeError,
        f"deposit: assets is '1', but {WORD}",
    ),
    "address": (
        lambda it: it.pool.deposit(1, "bob", sender=LENDER), TypeError,
        f"deposit: receiver is 'bob', but must be an account, {AN_ADDRESS}",
    ),
    "address with other letters": (
        lambda it: it.pool.balanceOf("0x" + 20 * "zz"), TypeError,
        f"but must be an account, {AN_ADDRESS}",
    ),
    "part of a struct": (
        lambda it: it.factory.create_vault(it.pool, it.collateral, it.oracle, (1,), sender=LENDER),
        TypeError,
        "create_vault: risk got 1 argument, but is called as risk(ltv: uint256, ",
    ),
    "sender": (
        lambda it: it.pool.deposit(1, LENDER, sender="bob"), TypeError,
        f"sender is 'bob', but must be an account, such as Account.of('bob'), {AN_ADDRESS}",
    ),
    "sender of a question": (
        lambda it: it.pool.totals(sender=5), TypeError, f"sender is 5, but must be an account, {AN_ADDRESS}",
    ),
    "place": (
        lambda it: it.chain.at("Pool", "0x12"), TypeError, "address is '0x12', but must be an account, such",
    ),
    "argument of an event": (
        lambda it: it.pool.Deposit(sender=1, owner=LENDER, assets=1, shares=1), TypeError,
        f"sender is 1, but must be an account, {AN_ADDRESS}",
    ),
    "price": (lambda it: it.set_quote("x"), MarketError, f"the price is 'x', {NO_NUMBER}"),
    "price below zero": (
        lambda it: it.set_quote(-1), MarketError, "the price is -1; give a finite number, zero or above.",
    ),
    "amount": (lambda it: it.loans("x"), MarketError, f"the amount is 'x', {NO_NUMBER}"),
    "supply": (lambda _: small_market(supply="x"), MarketError, f"the amount is 'x', {NO_NUMBER}"),
    "limit": (lambda it: build_market(it.builder, [], limit="x"), MarketError, f"limit is 'x', {NO_NUMBER}"),
    "oracle": (
        lambda it: build_market(it.builder, [], oracle=it.chain.make("MockFeed", 8, 1)), TypeError,
        "has no price(); a vault asks price() and safe_price(), as plimsoll.interfaces.IOracle says.",
    ),
    "oracle in words": (
        lambda it: build_market(it.builder, [], oracle="x"), TypeError, "The oracle 'x' has no price(); a ",
    ),
    "decimals": (
        lambda it: build_market(it.builder, [], loan=it.builder.token(18)), ValueError,
        "loan has 18 decimals, but loan_decimals is 6.",
    ),
    "field": (
        lambda it: it.builder.pool(it.loan, flash_free=0), AttributeError,
        "PoolParams has no 'flash_free'; perhaps you meant flash_fee",
    ),
    "field like nothing": (
        lambda it: it.builder.pool(it.loan, x=0), AttributeError, "PoolParams has no 'x'; it has name, ",
    ),
    "value of a field": (
        lambda it: it.builder.vault(it.pool, it.collateral, it.oracle, ltv="x"), MarketError,
        f"ltv is 'x', {NO_NUMBER}",
    ),
    "parameters": (
        lambda it: build_market(it.builder, [], risk="blue-chip"), TypeError,
        "'blue-chip' are no parameters; plimsoll.params has them, BLUE_CHIP among others.",
    ),
    "time": (
        lambda it: it.chain.advance(-1), ValueError,
        "Time passes by whole seconds, zero or more, not by -1.",
    ),
    "key": (lambda _: Account("x"), ValueError, "A private key is 0x and 64 hexadecimal digits; Account.of("),
    "name": (lambda _: Account.of(5), TypeError, "5 is no name; give a text such as 'bob'."),
}  # fmt: skip


@pytest.mark.parametrize(("do", "error", "sentence"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_done_is_said(market: Market, do: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as refused:
        do(market)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_json(tmp_path: Any) -> None:
    path = tmp_path / "Token.json"
    path.write_text("pragma")
    with pytest.raises(ValueError, match=r"Token\.json has no ABI and bytecode; name a file"):
        read_artifact(path)


def test_floats_are_what_they_look_like(market: Market) -> None:
    assert market.loans(0.29) == 290_000


def test_an_anvil_that_gives_no_receipts_is_asked_for_them(
    anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those before 1.3."""
    asked = []
    monkeypatch.setattr(Anvil, "client", "anvil/v1.2.3-stable")
    with AnvilProcess() as node:
        old = Anvil(node.url)
        request = old.request
        monkeypatch.setattr(old, "request", lambda *words: asked.append(words[0]) or request(*words))
        token = Chain(old).make("PlainToken", "Token", "TKN", 6)
        token.mint(LENDER, 5, sender=LENDER)
        assert token.balanceOf(LENDER) == 5
    assert "eth_getTransactionReceipt" in asked and "eth_sendTransactionSync" not in asked
