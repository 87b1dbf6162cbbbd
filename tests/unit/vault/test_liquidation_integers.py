"""The integers of a liquidation: Vyper and Python, written apart, agree to the last unit."""

from collections import Counter
from dataclasses import astuple
from random import Random

import pytest

from plimsoll.twin.liquidation import is_restorable
from tests.utils.positions import Case, random_case, random_risk

CASES_A_CALL = 128
SEEDS = 20
QUOTE = "(bool,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"


def as_struct(case: Case) -> tuple:
    totals = case.totals.debt, case.totals.shares
    return case.collateral, case.debt_shares, case.price, totals, case.max_repay


def cases_of(seed: int) -> list[Case]:
    rng = Random(seed)
    risk = random_risk(rng)
    return [random_case(rng, risk) for _ in range(CASES_A_CALL)]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_chain_says_what_the_twin_says(chain, deployer, seed):
    cases = cases_of(seed)
    probe = chain.make("LiquidationProbe", astuple(cases[0].risk))
    quotes = probe.quotes([as_struct(case) for case in cases])
    assert len(quotes) == CASES_A_CALL
    for case, quote in zip(cases, quotes, strict=True):
        assert quote == case.quote(), case


def test_cases_meet_every_branch():
    """What the test above compares is worth comparing."""
    kinds = Counter()
    for seed in range(SEEDS):
        for case in cases_of(seed):
            quote = case.quote()
            if not quote.liquidatable:
                kinds["healthy"] += 1
                continue
            restorable = is_restorable(case.value, case.debt, case.risk.bonus_min)
            whole = "all" if quote.shares == case.debt_shares else "part" if quote.executable else "nothing"
            kinds["restorable" if restorable else "shortfall", whole] += 1
            kinds["worthless"] += case.value == 0
            kinds["one share"] += restorable and quote.shares == 1
            kinds["high index"] += case.totals.debt > 65_536 * case.totals.shares  # a share above one unit
            left = case.debt - quote.paid
            kinds["cut"] += (
                restorable and quote.executable and case.risk.min_debt <= left < case.risk.min_debt + 2
            )
    assert min(kinds.values()) >= 5, kinds
    assert len(kinds) == 11, kinds
