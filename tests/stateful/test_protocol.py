"""The campaign: anybody does anything in any order; the twin stays equal to the chain, every invariant holds.

Hypothesis chooses the steps, so a failure shrinks to the few that matter, whose calls are printed. The same
command run again replays it; so does, anywhere, the printed line `@reproduce_failure`, put above the class
`Protocol`. `make fuzz` plays many more steps.
"""

import os
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from plimsoll.chain.anvil import Anvil
from plimsoll.chain.engine import Engine
from plimsoll.testing.engines import in_process
from plimsoll.units import DAY, WAD
from tests.stateful.rules import Steps, begin, lend
from tests.stateful.world import MARKETS, Lockstep

FUZZ = os.environ.get("FUZZ_STEPS")  # set by `make fuzz`; without it the steps are the same in every run
STEPS = int(FUZZ or 3_000)
STEPS_IN_A_RUN = 60
START = 1_800_000_000


class Protocol(RuleBasedStateMachine):
    """A machine with one rule: one step of the world's choice among `rules.WEIGHTS`."""

    decimals: ClassVar[tuple[int, int, int]] = (6, 18, 8)
    flash_fee: ClassVar[int] = 0
    pace: ClassVar[tuple[int, int]] = (WAD, DAY)

    def __init__(self) -> None:
        super().__init__()
        self.world = Lockstep(self.engine(), self.decimals, self.flash_fee, self.pace)
        begin(self.world)
        lend(self.world)

    def engine(self) -> Engine:
        return in_process()

    @rule(random=st.randoms(use_true_random=False))
    def step(self, random) -> None:
        before = len(self.world.calls)
        try:
            Steps(self.world, random).step()
        finally:
            for call in self.world.calls[before:]:
                note(call)


@pytest.mark.parametrize(("decimals", "flash_fee", "pace"), MARKETS)
def test_twin_and_invariants_in_process(
    decimals: tuple[int, int, int], flash_fee: int, pace: tuple[int, int]
) -> None:
    """T1, P1 to P6, P9, V1 to V3, L1 to L3, L6, L7, W1 on pyrevm."""
    machine = type("InProcess", (Protocol,), {"decimals": decimals, "flash_fee": flash_fee, "pace": pace})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, STEPS // len(MARKETS) // STEPS_IN_A_RUN),
            stateful_step_count=STEPS_IN_A_RUN,
            deadline=None,
            derandomize=not FUZZ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_twin_and_invariants_on_anvil(anvil: Anvil) -> None:
    """The same machine, fewer steps, on the chain that users see."""

    class OnAnvil(Protocol):
        def engine(self) -> Engine:
            self.before = anvil.snapshot()
            return anvil

        def teardown(self) -> None:
            anvil.revert(self.before)

    run_state_machine_as_test(
        OnAnvil,
        settings=settings(
            max_examples=2,
            stateful_step_count=20,
            deadline=None,
            derandomize=not FUZZ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
