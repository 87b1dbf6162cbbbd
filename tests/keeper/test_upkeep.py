"""What the keeper does for lenders, and within which budgets: pokes, witnesses, closes that do not pay."""

import pytest
from eth_abi.abi import encode

from plimsoll.keeper.execution import Inventory
from plimsoll.keeper.node import call_data
from plimsoll.params import BLUE_CHIP
from plimsoll.testing.roles import CURATOR, LENDER, LIQUIDATOR, STRANGER
from plimsoll.units import DAY, NOBODY
from tests.keeper.node import GWEI, Desk
from tests.utils.keeper import HEALTHY

TOKEN = 10**6  # base units of a loan token
QUEUED = "eth_call 0x" + call_data("queued()", ())[:4].hex()
WITNESS = "0x" + call_data("witness()", ())[:4].hex()


def without_funds(desk: Desk) -> None:
    """Nothing to close with: it can only poke."""
    desk.market.loan.transfer(LENDER, desk.market.balance(desk.market.loan, LIQUIDATOR), sender=LIQUIDATOR)


def test_what_lacks_is_poked_the_largest_first():
    """One transaction a look, until all that lacks is provided for; nothing after that."""
    desk = Desk(before=without_funds, upkeep=100 * TOKEN)
    market, vault = desk.market, desk.market.vault
    market.set_quote(1_300)
    desk.node.mine()
    for number in range(3):
        assert desk.look().startswith("sent a poke of 0x")
        desk.node.mine()
        assert sum(vault.provision_of(owner) > 0 for owner in desk.owners) == number + 1
    assert market.pool.provisions() > 3 * 1_900 * TOKEN
    assert "pay for no close" in desk.look()
    assert len(desk.node.sent) == 3
    market.set_quote(1_200)
    desk.node.mine()
    assert desk.look().startswith("sent a poke of 0x")


def test_by_default_it_pokes_nothing():
    """Gas is only spent on lenders by who says so."""
    desk = Desk(before=without_funds)
    desk.market.set_quote(1_300)
    desk.node.mine()
    assert "pay for no close" in desk.look()
    assert desk.node.sent == []


def test_upkeep_ends_with_the_days_budget_and_is_counted():
    """What is spent is in the status; the next day there is a new budget."""
    desk = Desk(before=without_funds, upkeep=TOKEN)
    desk.market.set_quote(1_300)
    desk.node.gas_price = 3 * GWEI
    said = []
    for _ in range(3):
        desk.node.mine()
        said.append(desk.look())
    assert said[0].startswith("sent a poke") and "more than the upkeep's" in said[-1]
    assert 0 < desk.keeper.status.spent <= TOKEN
    desk.clock.now += DAY
    assert desk.look().startswith("sent a poke of 0x")


def test_a_poke_that_costs_more_than_it_shows_is_left_out():
    """At 50,000 gwei a lack of 1,900 tokens is not worth its gas."""
    desk = Desk(before=without_funds, upkeep=10**9 * TOKEN)
    desk.market.set_quote(1_300)
    desk.node.gas_price = 50_000 * GWEI
    desk.node.mine()
    desk.look()
    assert desk.node.sent == []


@pytest.mark.parametrize(
    ("basis", "is_guardian", "ready", "sends"),
    [
        (2_000_000, False, 1, True),
        (1_009_000, False, 1, False),
        (2_000_000, True, 1, False),
        (2_000_000, False, 0, False),
    ],
    ids=["flash deposit", "as large as now", "guardian", "nothing queued"],
)
def test_a_raise_is_witnessed_when_the_pool_has_shrunk(basis, is_guardian, ready, sends):
    """The pool holds a million; who queued the raise had it look twice as large."""
    desk = Desk(upkeep=100 * TOKEN)
    kinds = ["address", "bool", "uint256", "uint256", "uint256"]
    answer = encode(kinds, [NOBODY, is_guardian, 0, basis * TOKEN, ready])
    desk.node.instead[QUEUED] = {"result": "0x" + answer.hex()}
    desk.node.instead["eth_estimateGas"] = {"result": hex(50_000)}
    said = desk.look()
    assert said.startswith("sent a witness") == sends
    assert [(tx["to"], "0x" + tx["data"]) for tx in desk.node.sent] == [
        (desk.market.council.address, WITNESS)
    ] * sends


@pytest.mark.parametrize("budget", [100, 0])
def test_a_flash_deposit_lifts_no_raise_where_a_keeper_witnesses(budget):
    """The real council: 20 millions while the raise is queued and again when it is executed, none in between.

    Each time that the pool has shrunk by more than 1 % the keeper lowers the basis, else it is silent.
    """
    desk = Desk(upkeep=budget * TOKEN)
    market, council, pool, node = desk.market, desk.market.council, desk.market.pool, desk.node
    vault = market.builder.vault(pool, market.collateral, market.oracle, BLUE_CHIP)
    flash = market.loans(20_000_000)
    market.give(STRANGER, 20_000_000)

    pool.deposit(flash, STRANGER, sender=STRANGER)
    council.queue_limit(vault, market.loans(1_000_000), sender=CURATOR)
    pool.withdraw(flash - 1, STRANGER, STRANGER, sender=STRANGER)
    said = []
    for leaves in (0, 5_000, 100_000):  # of a million; the second is half a percent
        pool.withdraw(market.loans(leaves), LENDER, LENDER, sender=LENDER)
        for _ in range(2):
            node.mine()
            said.append(desk.look()[:14])
    node.mine()
    basis = council.queued()[3]
    witnesses = [
        HEALTHY[:14] if not budget or look in (1, 2, 3, 5) else "sent a witness" for look in range(6)
    ]
    assert said == witnesses

    market.chain.advance(council.delay())
    pool.deposit(market.balance(market.loan, STRANGER), STRANGER, sender=STRANGER)
    council.execute_queued(sender=CURATOR)
    limit = pool.credit_line(vault)[0]
    if budget:
        assert limit == basis // 20 and market.loans(44_000) < limit < market.loans(45_000)
    else:
        assert limit == market.loans(1_000_000)


@pytest.mark.parametrize("budget", [0, 70, 2_000])
def test_what_does_not_pay_is_closed_within_a_budget(budget):
    """At a discount of 3 % a close loses more than its bonus: as many as the day's budget bears."""
    desk = Desk(owners=4, execution=lambda vault: Inventory(vault, 300), clean_up=budget * TOKEN)
    desk.market.set_quote(1_806)
    for _ in range(6):
        desk.node.mine()
        said = desk.look()
    assert desk.healthy() == {0: 0, 70: 1, 2_000: 4}[budget]
    assert (said == HEALTHY) == (budget == 2_000)
    assert desk.keeper.status.spent <= budget * TOKEN
    assert (desk.keeper.status.spent > 0) == (budget > 0)
