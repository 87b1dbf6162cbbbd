"""Who pushes a token's price on its DEX, and who borrows against it."""

import pytest

from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.records import Result
from plimsoll.twin.uniswap_v2 import amount_out
from tests.utils.laboratory import play, small_basket, tiny

PUMP = "pumper={start: 0.5, end: 1, capital: 300_000}"
FLAT = "vaults.0.price.points=[[0, 200], [3, 200]]"
CALM = (FLAT, "vaults.0.dex={depth: 300_000}", "borrowers=[]", "liquidators=[]")


def recorded(result: Result, agent: str, key: str) -> list[float]:
    """What an agent has recorded, block by block, whole tokens."""
    return [row.value / 10**6 for row in result.agents if (row.agent, row.key) == (agent, key)]


def test_it_buys_in_equal_parts_and_sells_all_at_the_end() -> None:
    result = play(tiny(*CALM, PUMP))
    loan, collateral, bought = 300_000 * 10**6, 1_500 * 10**18, 0
    expected = [200.0] * 3
    for _ in range(3):
        out = amount_out(100_000 * 10**6, (loan, collateral))
        loan, collateral, bought = loan + 100_000 * 10**6, collateral - out, bought + out
        expected.append(loan / collateral * 10**12)
    returned = amount_out(bought, (collateral, loan))
    expected += [(loan - returned) / (collateral + bought) * 10**12] * 13
    assert [row.dex for row in result.vaults] == pytest.approx(expected)
    assert recorded(result, "pumper", "profit")[5:7] == pytest.approx([-300_000, returned / 10**6 - 300_000])


def test_the_loan_is_believed_by_a_feed_of_the_dex_alone() -> None:
    lent = {}
    for oracle in ("{reads: dex}", "{reads: outside}", "{reads: dex, second: {}}"):
        result = play(tiny(*CALM, PUMP, "exploiter={capital: 100_000}", f"vaults.0.oracle={oracle}"))
        lent[oracle] = max(recorded(result, "exploiter", "borrowed"))
    assert lent["{reads: dex}"] > 100_000
    assert lent["{reads: outside}"] == lent["{reads: dex, second: {}}"] == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["pumper={start: 3, end: 4, capital: 1}"], "pumper.start is 3, but 3 hours are played; lower it"),
        (
            ["pumper={vault: 1, start: 1, end: 2, capital: 1}"],
            "pumper.vault is 1; the last vault is 0",
        ),
        (
            ["pumper={start: 1, end: 2, capital: 1}", "vaults.0.dex=null", "liquidators=[]"],
            "pumper.vault is 0, which has no DEX of its own; name a vault that has one",
        ),
    ],
)
def test_where_it_cannot_be_is_refused(settings: list[str], sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        tiny(*settings)
    assert str(refused.value).endswith(f": {sentence}.")


def test_a_basket_has_no_dex_of_its_own() -> None:
    with pytest.raises(ScenarioError, match=r"pumper.vault is 0, which has no DEX of its own"):
        small_basket("pumper={start: 1, end: 2, capital: 1}")
