"""Liquidators with money of their own: what they buy, what they hold, when they stop."""

import pytest

from plimsoll.scenario.records import Result
from tests.utils.laboratory import play, tiny

THIN = ("vaults.0.dex={depth: 300_000, arbitrage: 5_000}", "block_seconds=120")
BEHIND = "liquidators=[{kind: flash}, {kind: %s, capital: 50_000%s}]"
"""One who closes behind another, who has sold before."""


def behind(kind: str, terms: str = "") -> Result:
    return play(tiny(BEHIND % (kind, terms), *THIN))


def money(result: Result, name: str = "liquidator 1") -> dict[int, tuple[float, float]]:
    """What it has gained in the loan asset, and what its collateral is worth; whole tokens by block."""
    rows = {(row.block, row.key): row.value / 10**6 for row in result.agents if row.agent == name}
    return {
        block: (rows[block, "profit"], rows[block, "inventory"]) for block, key in rows if key == "profit"
    }


def closes(result: Result, name: str = "liquidator 1") -> list[int]:
    """The blocks in which it closed."""
    return [close.block for close in result.liquidations if close.liquidator == name]


def test_one_who_is_subsidised_loses_and_goes_on() -> None:
    careful, careless = behind("capital"), behind("subsidised")
    profit, inventory = money(careful)[max(money(careful))]
    assert profit > 0 == inventory
    assert money(careless)[max(money(careless))][0] < 0
    lost = next(block for block, (gain, held) in money(careless).items() if gain + held < -400)
    assert max(closes(careless)) > lost
    assert len(closes(careful)) < len(closes(careless)) / 2


def test_it_holds_what_the_dex_does_not_pay() -> None:
    """And sells at no loss once the price has risen again, the more patiently the less it may lose."""
    found = money(behind("capital"))
    held = [block for block, (_, inventory) in found.items() if inventory]
    assert held[-1] - held[0] > 30
    most = {}
    for part in ("0", "0.01"):
        result = play(tiny(f"liquidators=[{{kind: capital, capital: 50_000, slippage: {part}}}]", *THIN))
        ours = money(result, "liquidator 0")
        assert ours[90][0] > 0 == ours[90][1]
        most[part] = max(inventory for _, inventory in ours.values())
    assert most["0"] > 1.5 * most["0.01"]


def test_it_buys_only_what_it_can_sell_behind_what_it_holds() -> None:
    """After the same first close, in the next block it takes less than who forgets what the sale will do."""
    seized = {}
    for kind in ("capital", "subsidised"):
        market = tiny(f"liquidators=[{{kind: {kind}, capital: 200_000}}]", "vaults.0.dex={depth: 100_000}")
        seized[kind] = [(close.block, close.seized) for close in play(market).liquidations]
    first = [found[0] for found in seized.values()]
    assert first[0] == first[1]
    assert first[0][0] == 5
    second = [sum(amount for block, amount in found if block == 6) for found in seized.values()]
    assert 0 < second[0] < second[1] / 2


@pytest.mark.parametrize("part", ["1", "0.03", "0"])
def test_it_stops_while_it_has_lost_a_part_of_its_capital(part: str) -> None:
    result = behind("capital", f", stops_after: {part}")
    lost = {block: -profit - inventory for block, (profit, inventory) in money(result).items()}
    blocks = closes(result)
    assert max(lost.values()) > 1_000
    assert all(lost[block - 1] <= 50_000 * float(part) for block in blocks)
    assert (max(blocks) > 50) == (part != "0")


def test_a_sale_behind_others_does_not_go_below_the_limit() -> None:
    """It reverts on the chain, too, and is tried again."""
    result = behind("capital")
    assert result.reverts["sale", "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"] > 0
    assert money(result)[90][1] == 0
