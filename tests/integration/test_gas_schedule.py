"""The laboratory's gas is a schedule; Anvil's receipts say what it is worth."""

from collections import defaultdict
from typing import Any

import pytest

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.blockspace import REVERTED, gas_of
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.transactions import Action, Outcome
from tests.utils.laboratory import artifacts, small_basket, tiny

EVERYBODY = "borrowers.0.portfolio.concentration=null"  # holds all legs; of fewer a close takes less gas
BOTH = "liquidators=[{kind: flash}, {kind: capital, capital: 500_000}]"


class Metered(Anvil):
    """Keeps the gas of the last block's receipts."""

    used: list[int]

    def _batch(self, requests: list[tuple[str, list[Any]]]) -> list[Any]:
        found = super()._batch(requests)
        if requests and requests[0][0] == "eth_getTransactionReceipt":
            self.used = [int(receipt["gasUsed"], 16) for receipt in found]
        return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        tiny(BOTH, "borrowers.1.behaviour={kind: unwind, below: 1.1, to: 1.3}"),
        tiny("vaults.0.dex=null", "liquidators=[{kind: capital, capital: 500_000}]"),
        small_basket(BOTH, EVERYBODY, "vaults.0.legs.2.dex={depth: 3_000_000}", "hours=2"),
    ],
    ids=["vault", "no dex", "basket"],
)
def test_the_schedule_is_what_receipts_say(scenario: Scenario) -> None:
    """Of each kind on average to a quarter, of all together to a tenth; of reverts to a half."""
    with AnvilProcess() as process:
        engine = Metered(process.url, now=clock_of(scenario), block_seconds=0)
        laboratory = Laboratory(scenario, engine, artifacts())
        world, done = laboratory.world, laboratory.world.do
        found: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)

        def metered(*actions: Action) -> list[Outcome]:
            outcomes = done(*actions)
            for outcome, used in zip(outcomes, engine.used, strict=True):
                action = outcome.action
                if action.sender != DEPLOYER and action.agent:
                    found[action.function, outcome.is_success].append((gas_of(world, action), used))
            return outcomes

        world.do = metered  # type: ignore[method-assign]
        laboratory.play()
    sums = {
        key: (sum(ours for ours, _ in pairs), sum(used for _, used in pairs)) for key, pairs in found.items()
    }
    for (function, success), (ours, used) in sums.items():
        wanted = used if success else used / REVERTED
        assert ours == pytest.approx(wanted, rel=0.25 if success else 0.5), (function, success)
    succeeded = [pair for (_, success), pair in sums.items() if success]
    assert sum(ours for ours, _ in succeeded) == pytest.approx(sum(used for _, used in succeeded), rel=0.1)
