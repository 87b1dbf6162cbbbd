"""Everything that curator and guardian may do, one call after the other, while people are in debt."""

from plimsoll.chain.artifacts import artifact
from plimsoll.testing import refusal
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import BORROWER, CURATOR, GUARDIAN, LENDER, OTHER_BORROWER, STRANGER
from plimsoll.units import DAY, MAX, WAD


def test_x3_no_admin_call_makes_anybody_liquidatable():
    """X3: not one of the council's functions moves a debt or a health, and what helps goes on."""
    market = small_market()
    council, vault, owners = market.council, market.vault, (BORROWER, OTHER_BORROWER)
    for owner in (*owners, STRANGER):
        market.give(owner)
    market.open(BORROWER, 10, 15_000)
    vault.send("open", market.collaterals(10), MAX, sender=OTHER_BORROWER)  # as much as is allowed
    assert vault.call("health", OTHER_BORROWER) > 103 * WAD // 100
    parts = (market.pool.address, market.collateral.address, market.oracle.address, vault.call("risk"))
    other = market.factory.send("create_vault", *parts, sender=CURATOR)
    done = set()

    def act(name: str, *arguments: object, sender: str, wait: int = 0) -> None:
        market.chain.advance(wait)
        before = [(vault.call("margin_terms", owner), vault.call("health", owner)) for owner in owners]
        council.send(name, *arguments, sender=sender)
        done.add(name)
        after = [(vault.call("margin_terms", owner), vault.call("health", owner)) for owner in owners]
        assert after == before, name
        assert not any(vault.call("preview_liquidate", owner, MAX)[0] for owner in owners), name

    act("queue_guardian", GUARDIAN, sender=CURATOR)
    act("execute_queued", sender=CURATOR, wait=3 * DAY)
    act("queue_limit", other, market.loans(5_000), sender=CURATOR)
    act("witness", sender=STRANGER)
    act("execute_queued", sender=CURATOR, wait=3 * DAY)
    act("set_supply_cap", 1, sender=CURATOR)
    act("set_payout_receiver", STRANGER, sender=CURATOR)
    backstop = market.chain.at("Backstop", market.pool.backstop())
    market.pool.send("approve", backstop.address, MAX, sender=LENDER)
    backstop.send("deposit", 50_000 * 10**9, LENDER, sender=LENDER)
    market.loan.send("mint", market.pool.address, market.loans(100_000), sender=STRANGER)
    act("announce", sender=STRANGER)
    act("cancel_payout", sender=GUARDIAN)
    act("announce", sender=STRANGER)
    act("distribute", sender=STRANGER, wait=3 * DAY)
    act("pause", sender=GUARDIAN)
    act("unpause", sender=CURATOR)
    act("queue_limit", other, market.loans(6_000), sender=CURATOR)
    act("cancel_queued", sender=GUARDIAN)
    act("cut_limit", vault.address, sender=GUARDIAN)
    act("restore_limit", vault.address, market.loans(10_000), sender=CURATOR, wait=DAY)
    act("set_limit", vault.address, 0, sender=CURATOR)
    act("remove_guardian", sender=CURATOR)
    act("transfer_curator", GUARDIAN, sender=CURATOR)
    act("accept_curator", sender=GUARDIAN)
    act("renounce_curator", sender=GUARDIAN)
    every = {
        entry["name"]
        for entry in artifact("Council").abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    }
    assert every - done == {"open_pool"}  # once, before anybody could borrow

    for name, *arguments in (
        ("deposit", 1),
        ("repay", 10**6),
        ("withdraw", market.collaterals("0.01")),
        ("close", MAX, MAX),
    ):
        assert refusal(vault, name, *arguments, sender=BORROWER) is None, name
    assert refusal(vault.repay, MAX, BORROWER, sender=STRANGER) is None


def test_x3_a_fresh_borrow_is_not_liquidatable_at_once():
    """X3: nor after a fall by almost all of what lies between loan-to-value and threshold."""
    market = small_market()
    market.give(BORROWER)
    market.vault.send("open", market.collaterals(10), MAX, sender=BORROWER)
    cannot_pay = "token: allowance too small"  # the stranger, who would
    for quote, reason in ((2_000, "vault: healthy"), ("1927.72", "vault: healthy"), ("1927.70", cannot_pay)):
        market.set_quote(quote)  # 80/83 of 2,000 is 1,927.71
        assert refusal(market.vault.liquidate, BORROWER, MAX, sender=STRANGER) == reason
