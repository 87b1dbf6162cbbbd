"""Who paid whom: every unit that leaves somebody reaches somebody, and the accounts equal the balances."""

from collections import Counter
from collections.abc import Iterator

import pytest

from plimsoll.market.deployment import made_up
from plimsoll.scenario.flows import Flows
from plimsoll.scenario.parties import kind_of
from plimsoll.scenario.payments import pairs
from plimsoll.scenario.records import FlowRow, ProfitRow, Result
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import Difference, World
from plimsoll.units import MAX
from tests.utils.laboratory import play, small_basket, tiny

USDC = 10**6
QUIET = (
    "vaults.0.price={kind: waypoints, points: [[0, 200], [3, 200]]}",
    "vaults.0.dex={depth: 300_000}",
    "liquidators=[]",
)
"""Nothing falls and nobody trades but the agent of a test."""


def between(result: Result, payer: str, payee: str, purpose: str) -> list[FlowRow]:
    """The flows of one kind."""
    return [row for row in result.flows if (row.payer, row.payee, row.purpose) == (payer, payee, purpose)]


def profit(result: Result, party: str) -> ProfitRow:
    (row,) = (row for row in result.profits if row.party == party)
    return row


class Actor:
    """Sends what a test says in the second block."""

    name = "actor"

    def __init__(self, *steps) -> None:
        """Each step takes the world and an address, and gives an action."""
        self.address = made_up(self.name)
        self._steps = steps

    def update(self, _rng, view) -> Iterator[Action]:
        """All at once."""
        if view.block == 1:
            for step in self._steps:
                yield step(view.world, self.address)

    def record(self, _view) -> dict[str, int | float]:
        """Nothing."""
        return {}


def acted(*steps, settings: tuple[str, ...] = QUIET) -> Result:
    return play(tiny(*settings), agents=[Actor(*steps)])


def money(amount: int):
    return lambda world, me: world.mint(world.loan, me, amount)


def ether(amount: int):
    return lambda world, me: world.mint(world.markets[0].collateral, me, amount)


# ----------------------------------------------------------------------------------------------- what is sent


@pytest.fixture(scope="module")
def basket() -> Result:
    return play(small_basket())


def test_what_leaves_borrowers_is_what_closes_took_and_losses_forgave(result) -> None:
    rows = [row for row in result.flows if row.payer == "borrowers" and row.purpose == "bonus"]
    assert sum(row.collateral for row in rows) == sum(close.seized for close in result.liquidations)
    assert -sum(row.loan for row in rows) == sum(close.repaid for close in result.liquidations)
    assert {row.payee for row in rows} == {"liquidator 0", "liquidator 1"}
    for who in ("reserve", "backstop", "lenders"):
        lost = sum(row.loan for row in between(result, who, "borrowers", "loss"))
        assert abs(lost - sum(getattr(loss, who) for loss in result.losses)) <= 2 * len(result.losses)
    fees = sum(row.loan for row in result.flows if row.purpose == "fee")
    assert fees == sum(close.fee for close in result.liquidations) > 0


def test_of_a_basket_what_leaves_is_what_closes_took_of_every_leg(basket) -> None:
    for leg in range(3):
        given = sum(row.collateral for row in basket.flows if row.purpose == "bonus" and row.leg == leg)
        assert given == sum(row.seized for row in basket.seizures if row.leg == leg)
    paid = -sum(row.loan for row in basket.flows if row.purpose == "bonus")
    assert paid == sum(close.repaid for close in basket.liquidations) > 0


@pytest.mark.parametrize("name", ["result", "basket"])
def test_what_some_gain_others_lose_and_the_rest_are_prices(name, request) -> None:
    result = request.getfixturevalue(name)
    assert sum(row.gained for row in result.profits) == 0
    assert sum(row.uncovered for row in result.profits) == 0
    assert sum(row.profit for row in result.profits) == sum(row.price_moves for row in result.profits) < 0
    for row in result.profits:
        assert row.end - row.start == row.brought + row.gained + row.price_moves
    assert {row.purpose for row in result.flows}.isdisjoint({"transfer", "repricing", "payout"})
    digits = sum(abs(row.loan) for row in result.flows if row.purpose == "rounding")
    assert digits < 20 * (len(result.liquidations) + result.transactions)


@pytest.mark.parametrize("name", ["result", "basket"])
def test_liquidators_make_what_they_say(name, request) -> None:
    """Their own record is money above the capital, and what they hold at the outside price."""
    result = request.getfixturevalue(name)
    last = {(row.agent, row.key): row.value for row in result.agents}
    for number in range(len(result.scenario.liquidators)):
        agent = f"liquidator {number}"
        assert profit(result, agent).profit == pytest.approx(
            last[agent, "profit"] + last[agent, "inventory"], abs=2
        )


def test_interest_is_what_the_pools_books_say() -> None:
    """Of a day in which nobody moves: debts grow by what others have."""
    calm = "vaults.0.price={kind: waypoints, points: [[0, 200], [24, 200]]}"
    result = play(tiny(calm, "vaults.0.dex.arbitrage=0", "liquidators=[]", "pool.rates.rate_initial=0.5"))
    first, last = result.pool[0], result.pool[-1]
    rows = [row for row in result.flows if row.block and row.purpose == "interest"]
    assert {(row.payer, row.vault) for row in rows} == {("borrowers", 0)}
    assert sum(row.loan for row in rows) == last.total_debt - first.total_debt > 100 * USDC
    reserve = sum(row.loan for row in rows if row.payee == "reserve")
    assert abs(reserve - (last.reserves - first.reserves)) <= 1
    assert reserve == pytest.approx(0.1 * sum(row.loan for row in rows), rel=1e-3)
    assert len(result.flows) == len(between(result, "borrowers", "reserve", "interest")) * 3


def test_what_a_dex_gains_is_what_its_pair_holds_more_at_the_same_price() -> None:
    """Somebody sells 100 ether to it, all at 200 outside."""
    sale = lambda world, me: world.swap(world.markets[0], me, world.markets[0].collateral, 100 * 10**18)  # noqa: E731
    approve = lambda world, me: world.act(  # noqa: E731
        me, world.markets[0].collateral, "approve", world.router.address, MAX
    )
    result = acted(ether(100 * 10**18), approve, sale)
    (row,) = between(result, "actor", "dex 0", "trade")
    assert row.collateral == 100 * 10**18
    out = 100 * 997 * 300_000 * USDC // (1_500 * 1_000 + 100 * 997)
    assert -row.loan == pytest.approx(out, abs=1)
    assert row.value == 20_000 * USDC + row.loan
    assert profit(result, "dex 0").profit == row.value == -profit(result, "actor").profit
    assert profit(result, "actor").brought == 20_000 * USDC
    assert kind_of("actor") == "agents"


# ----------------------------------------------------------------------------------- people of all sorts


def test_who_borrows_and_is_no_borrower_of_the_scenario_has_an_account_of_its_own() -> None:
    """The loan is no gain; the interest is its loss; the collateral stays its own."""
    approve = lambda world, me: world.act(  # noqa: E731
        me, world.markets[0].collateral, "approve", world.markets[0].vault.contract.address, MAX
    )
    loan = lambda world, me: world.act(  # noqa: E731
        me, world.markets[0].vault, "open", 100 * 10**18, 10_000 * USDC, me, me
    )
    result = acted(ether(100 * 10**18), approve, loan)
    row = profit(result, "actor")
    assert (row.brought, row.price_moves) == (20_000 * USDC, 0)
    paid = sum(each.loan for each in result.flows if each.payer == "actor" and each.purpose == "interest")
    assert row.end == 20_000 * USDC + row.gained
    assert 0 < paid == pytest.approx(-row.gained, abs=5)


def test_who_supplies_to_the_pool_earns_and_loses_as_a_lender() -> None:
    approve = lambda world, me: world.act(me, world.loan, "approve", world.pool.contract.address, MAX)  # noqa: E731
    supply = lambda world, me: world.act(me, world.pool, "deposit", 50_000 * USDC, me)  # noqa: E731
    result = acted(money(50_000 * USDC), approve, supply, settings=())
    share = 50_000 / 452_000
    lost = sum(loss.lenders for loss in result.losses)
    assert profit(result, "actor").profit == pytest.approx(-share * lost, rel=0.02)
    assert not between(result, "actor", "reserve", "transfer")


def test_a_gift_to_the_pool_is_a_transfer_to_the_reserve() -> None:
    gift = lambda world, me: world.act(me, world.loan, "transfer", world.pool.contract.address, 700 * USDC)  # noqa: E731
    result = acted(money(1_000 * USDC), gift)
    (row,) = between(result, "actor", "reserve", "transfer")
    assert (row.loan, row.collateral, row.value) == (700 * USDC, None, 700 * USDC)
    assert profit(result, "actor").profit == -700 * USDC
    assert profit(result, "reserve").profit >= 700 * USDC


def test_gas_goes_to_validators_and_is_no_money_taken_out() -> None:
    burn = lambda world, me: world.burn(world.loan, me, 30 * USDC)._replace(label="gas")  # noqa: E731
    result = acted(money(100 * USDC), burn)
    assert [row.value for row in between(result, "actor", "validators", "gas")] == [30 * USDC]
    assert (profit(result, "actor").brought, profit(result, "actor").profit) == (100 * USDC, -30 * USDC)
    assert profit(result, "validators").profit == 30 * USDC


def test_collateral_made_of_nothing_is_paid_by_whoever_holds_the_token_outside() -> None:
    forger = ("forger={vault: 0, hour: 0}", "vaults.0.credit_limit=260_000")
    result = play(tiny(*QUIET, *forger))
    made = sum(row.value for row in between(result, "outside", "forger", "forged"))
    owes = [row.value for row in result.agents if row.key == "owes"][-1]
    assert made > owes > 0
    assert profit(result, "outside").profit == -made
    assert profit(result, "forger").end == pytest.approx(made, rel=1e-4)
    assert kind_of("forger") == "adversaries"


def test_who_leaves_below_the_plain_price_gives_the_rest_to_others() -> None:
    """A visitor goes while what was poked is not booked yet: the price of exits counts it as lost."""
    visitor = "pool.visitors=[{amount: 90_000, start: 0, end: 2.1}]"
    result = play(tiny("poker={per_block: 50}", "liquidators=[]", visitor))
    rows = [row for row in result.flows if row.purpose == "repricing"]
    assert {row.payer for row in rows} == {"visitor 0"}
    assert {row.payee for row in rows} == {"lenders", "backstop"}
    assert profit(result, "visitor 0").profit < -100 * USDC


def test_debt_that_nobody_booked_is_carried_by_the_reserve_the_backstop_and_lenders() -> None:
    result = play(tiny("liquidators=[]", "vaults.0.price.points.3.1=60"))
    rows = {row.party: row.uncovered for row in result.profits if row.uncovered}
    assert set(rows) == {"reserve", "backstop", "lenders", "borrowers"}
    assert rows["backstop"] == pytest.approx(-2_000 * USDC, rel=1e-3)
    assert -500 * USDC * 1.1 < rows["reserve"] <= -500 * USDC
    assert sum(rows.values()) == 0
    assert rows["borrowers"] > 10_000 * USDC


# --------------------------------------------------------------------------------------------- the check


@pytest.mark.parametrize("token", ["loan", "collateral"])
def test_a_unit_that_is_not_accounted_for_ends_the_run(token, monkeypatch) -> None:
    """A transfer that the accounts have not seen."""
    book = Flows.transaction

    def blind(self: Flows, outcome, closes) -> None:
        side = self.world.loan if token == "loan" else self.world.legs[0].collateral
        own = [each for each in outcome.events if each.contract == side.contract.address]
        lost = own[:1] if outcome.action.label == "arbitrage" else []
        book(self, outcome._replace(events=[each for each in outcome.events if each not in lost]), closes)

    monkeypatch.setattr(Flows, "transaction", blind)
    with pytest.raises(Difference, match="booked"):
        play(tiny())


def test_tokens_that_nobody_says_were_made_end_the_run(monkeypatch) -> None:
    do = World.do

    def making(self: World, *actions: Action):
        if any(each.agent for each in actions):
            self.loan.model.mint(made_up("nobody"), 1)
            self.loan.contract.send("mint", made_up("nobody"), 1, sender=made_up("nobody"))
        return do(self, *actions)

    monkeypatch.setattr(World, "do", making)
    with pytest.raises(Difference, match="supply"):
        play(tiny())


def test_flows_are_told_by_recorded_block(result) -> None:
    seen = Counter((row.block, row.payer, row.payee, row.purpose, row.vault, row.leg) for row in result.flows)
    assert set(seen.values()) == {1}
    assert {row.block for row in result.flows} <= {row.block for row in result.pool}


def test_payments_are_paired_in_order_until_one_side_has_nothing_left() -> None:
    assert list(pairs({"a": 3, "b": 4}, {"c": 5, "d": 9})) == [("a", "c", 3), ("b", "c", 2), ("b", "d", 2)]
    assert list(pairs({}, {"c": 5})) == []
