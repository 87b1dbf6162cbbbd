"""T2: a scenario is the same on revm and on Anvil: rows, events, storage."""

from collections.abc import Iterator
from typing import Any

import pytest

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.artifacts import slots
from plimsoll.chain.engine import Engine, mapping_slot
from plimsoll.chain.revm import Revm
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import parse
from plimsoll.scenario.records import Result
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.world import World
from tests.utils.laboratory import BASKET, artifacts, small_basket, tiny

UNWIND = "borrowers.1.behaviour={kind: unwind, below: 1.1, to: 1.3}"
FLEE = "pool.lenders={count: 3, flee_loss: true}"


class Witness:
    """Keeps every block's events, and the words of pool and vault after the last block.

    Contracts stand by name: where they are depends on whether an engine counts a sender's transactions.
    """

    name = "witness"

    def __init__(self, last: int) -> None:
        self.last = last
        self.events: list[list[tuple[Any, ...]]] = []
        self.words: dict[tuple[Any, ...], Any] = {}

    def update(self, _rng: Any, _view: View) -> list[Any]:
        return []

    def record(self, view: View) -> dict[str, float]:
        names = _names(view.world)

        def named(value: Any) -> Any:
            return names.get(value, value)

        self.events.append(
            [(named(event.contract), event.name, *map(named, event.values)) for event in view.world.events]
        )
        if view.block == self.last:
            self.words = {
                (contract, variable, *map(named, keys)): named(f"0x{word:040x}")
                for contract, variable, keys, word in _words(view.world)
            }
        return {}


def _names(world: World) -> dict[str, str]:
    """The contracts of a world by address."""
    sides = {"pool": world.pool, "loan": world.loan, "council": world.council, "backstop": world.backstop}
    sides |= {"liquidator": world.liquidator, "leverage": world.leverage}
    found = {side.contract.address: name for name, side in sides.items()}
    for number, market in enumerate(world.markets):
        found[market.vault.contract.address] = f"vault {number}"
    for leg in world.legs:
        found[leg.oracle.contract.address] = f"oracle {leg.number}"
        found |= {
            leg.collateral.contract.address: f"collateral {leg.number}",
            leg.pair: f"pair {leg.number}",
        }
        if leg.between:
            found[leg.between.token.contract.address] = f"token between {leg.number}"
            found |= {pair: f"pair {leg.number} {place}" for place, pair in enumerate(leg.between.pairs)}
    return found


def _words(world: World) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Contract, variable, keys and word of every slot of pool and vault, and of mappings by an address."""
    people = sorted({*world.loan.model.balances, *world.pool.model.balances})
    people += [market.vault.contract.address for market in world.markets]
    spokes = (("Basket" if market.is_basket else "Vault", market.vault) for market in world.markets)
    for name, side in (("Pool", world.pool), *spokes):
        for variable, slot in slots(name).items():
            keys: list[tuple[str, ...]] = [(), *((person,) for person in people)]
            for key in keys:
                word = world.engine.storage(side.contract.address, mapping_slot(slot, *key))
                yield name, variable, key, word


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """An Anvil of its own: the clock is set back to the scenario's start."""
    yield


@pytest.fixture
def anvil() -> Iterator[AnvilProcess]:
    with AnvilProcess() as process:
        yield process


def played(scenario: Scenario, engine: Engine) -> tuple[Result, Witness]:
    witness = Witness(scenario.blocks)
    result = Laboratory(scenario, engine, artifacts()).play(agents=[witness])
    assert witness.words
    return result, witness


def test_the_same_scenario_is_the_same_on_both(anvil) -> None:
    scenario = tiny("order=random", UNWIND, FLEE)
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    assert (result.engine, other.engine) == ("revm", "anvil")
    assert {event[1] for block in witness.events for event in block} > {"Liquidation", "Loss", "Repay"}
    assert {close.kind for close in result.liquidations} == {"restorable", "shortfall"}
    assert sum(row.value for row in result.agents if row.key == "acted") > 0
    assert other.tables() == result.tables()
    assert other_witness.events == witness.events
    assert sum(1 for word in witness.words.values() if word != f"0x{0:040x}") > 20
    assert other_witness.words == witness.words


def test_dear_blocks_are_the_same_on_both(anvil) -> None:
    """Base fees that rise, bids that are raised, and room for a few transactions."""
    keepers = "{kind: flash, pays: 0.9}, {kind: capital, capital: 50_000, pays: 0.5, private: true}"
    settings = "gas={ether: 200, base_fee: [[0, 10], [1, 200]], limit: 1_000_000}", "block_seconds=120"
    scenario = tiny(f"liquidators=[{keepers}]", *settings)
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    assert sum(row.bids_paid for row in result.fees) > 0
    assert other.tables() == result.tables()
    assert other_witness.events == witness.events
    assert other_witness.words == witness.words


def test_a_book_under_water_is_the_same_on_both(anvil, tmp_path) -> None:
    """A file's positions: beyond what the basket lends, below its smallest loan, with dust of a leg."""
    rows = ("a,0,0,2.5,4500", "b,0,2,900,150", "c,0,0,9,9000", "c,0,1,0.00000001,")
    (tmp_path / "book.csv").write_text("\n".join(["owner,vault,leg,collateral,debt", *rows]))
    scenario = parse(BASKET, "own.yaml", ["borrowers=[{file: book.csv}]"], tmp_path)
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario)))
    assert result.liquidations[0].block == 0
    assert other.tables() == result.tables()
    assert other_witness.events == witness.events
    assert other_witness.words == witness.words


def test_people_of_a_basket_who_act_are_the_same_on_both(anvil) -> None:
    one = "count: 5, total_debt: 200_000, health: {min: 1.2, max: 1.5}, portfolio: {weights: [0.5, 0.3, 0.2]}"
    kinds = [
        f"{{{one}, behaviour: {{kind: {kind}, below: 1.1, to: 1.3}}}}"
        for kind in ("top_up", "deleverage", "unwind")
    ]
    scenario = small_basket(f"borrowers=[{', '.join(kinds)}]")
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario)))
    assert {row.agent for row in result.agents if row.key == "acted" and row.value} == {
        f"borrowers {number}" for number in range(3)
    }
    assert other.tables() == result.tables()
    assert other_witness.events == witness.events
    assert other_witness.words == witness.words


def test_a_basket_is_the_same_on_both(anvil) -> None:
    """With a silent leg, and one that is halted."""
    silence = "vaults.0.legs.1.oracle={outages: [{start: 1, end: 2}], heartbeat: 600, patience: 1200}"
    scenario = small_basket(silence, "vaults.0.legs.2.halts=[{start: 1.5, end: 2.2}]")
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    assert other.tables() == result.tables()
    assert {row.seized > 0 for row in result.seizures if row.leg == 2} == {True, False}
    assert other_witness.events == witness.events
    assert sum(1 for word in witness.words.values() if word != f"0x{0:040x}") > 20
    assert other_witness.words == witness.words


def test_an_oracle_with_all_its_parts_is_the_same_on_both(anvil) -> None:
    """A rate whose cap binds, a second source that lies, marks of a failure, and a halt."""
    oracle = (
        "vaults.0.oracle={heartbeat: 600, patience: 1200, outages: [{start: 2, end: 2.7}], "
        "rate: {start: 1.1, fall: 0.5, earns: 0.05, moves: [{hour: 0.4, factor: 1.2, of: vault, hours: 1}]}, "
        "second: {bad_answers: [{hour: 0.9, price: 150}], outages: [{start: 2, end: 2.7}], heartbeat: 600}, "
        "fallback: {}, mark_every: 0.5}"
    )
    scenario = tiny(oracle, "sequencer={grace: 600, halts: [{start: 1.2, end: 1.6}]}", "compare_every=1")
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    assert {event[1] for block in witness.events for event in block} > {"PrimaryFailing", "Liquidation"}
    assert other.tables() == result.tables()
    assert other.compared == result.compared > 1_000
    assert other_witness.events == witness.events
    assert other_witness.words == witness.words


def test_liquidity_that_comes_and_goes_is_the_same_on_both(anvil) -> None:
    """The pair's tokens stand in another order where addresses are others."""
    scenario = tiny(
        "vaults.0.dex={depth: 300_000, arbitrage: 50_000, thinning: {calm: 1, window: 0.5}}",
        "vaults.0.price.points=[[0, 200], [0.5, 160], [0.6, 165], [1, 165.5], [2, 167], [3, 167.5]]",
    )
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    parts = [row.value for row in result.agents if row.key == "provided"]
    assert min(parts) < 0.2 < 0.9 < parts[-1]
    assert other.tables() == result.tables()
    assert other_witness.words == witness.words


def test_a_detour_of_sales_is_the_same_on_both(anvil) -> None:
    detour = "detour: {symbol: USDT, decimals: 6, depth: 300_000, arbitrage: 5_000}"
    scenario = tiny(f"vaults.0.dex={{depth: 30_000, arbitrage: 5_000, {detour}}}")
    result, witness = played(scenario, Revm(clock_of(scenario)))
    other, other_witness = played(scenario, Anvil(anvil.url, now=clock_of(scenario), block_seconds=0))
    assert {close.liquidator for close in result.liquidations} == {"liquidator 0", "liquidator 1"}
    assert other.tables() == result.tables()
    assert other_witness.words == witness.words
