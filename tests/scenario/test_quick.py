"""A path that the twin plays alone has the rows of one that it plays beside the contracts.

So have three of those that ship, see `test_documents.py`, which plays them anyway.
"""

import gc
from weakref import ref

import pytest

from plimsoll.scenario.reading import parse
from tests.utils.laboratory import BASKET, TINY, laboratory, rows

DRAWN = {
    "a vault": (
        TINY,
        "vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 9}",
        "arrivals=[{per_day: 200, debt: 4_000, ltv: {min: 0.5, max: 0.7}, stay_hours: 1}]",
        "gas={ether: 2_000, base_fee: [[0, 20], [1, 300]], limit: 2_000_000}",
        "vaults.0.shocks=[{hour: 1, factor: 0.75}]",
        "poker={every: 3}",
    ),
    "a basket": (
        BASKET,
        "order=random",
        "pool.lenders.flee_loss=true",
        "vaults.0.legs.0.price={kind: jumps, start: 2_000, hours: 3, drift: 0, volatility: 9, "
        "jumps_per_year: 5_000, jump_mean: -0.1, jump_sigma: 0.1}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DRAWN)
@pytest.mark.parametrize("seed", [7, 8])
def test_drawn_paths_have_the_same_rows(what, seed) -> None:
    text, *settings = DRAWN[what]
    lab = laboratory(parse(text, what, [*settings, f"seed={seed}"]))
    for path in range(3):
        full, quick = lab.play(path), lab.quick(path)
        assert full.liquidations
        assert rows(quick) == rows(full)
        assert (quick.compared, full.compared > 20) == (0, True)


def test_a_run_is_gone_when_nobody_has_its_result() -> None:
    """What reverts holds no frames, which would keep the run and its rows for the garbage collector."""
    lab = laboratory(parse(TINY, "two rivals", ["liquidators=[{kind: flash}, {kind: flash}]"]))
    gc.disable()
    try:
        result = lab.quick()
        assert result.reverts
        kept = ref(result)
        del result
        assert kept() is None
    finally:
        gc.enable()
