"""The integers of a liquidation: Vyper and Python, written apart, agree to the last unit."""

from collections import Counter
from random import Random

import pytest
from ape import project
from eth_abi import decode

from plimsoll.twin.liquidation import is_restorable
from tests.utils.calls import ask
from tests.utils.positions import Case, random_case

CASES_A_CALL = 128
QUOTE = "(bool,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"


@pytest.fixture(scope="session")
def liquidation_probe(deployer):
    return deployer.deploy(project.LiquidationProbe)


def as_struct(case: Case) -> tuple:
    risk = case.risk
    return (
        *(
            case.collateral,
            case.debt_shares,
            case.price,
            case.totals.debt,
            case.totals.shares,
            case.max_repay,
        ),
        tuple(getattr(risk, name) for name in risk.__dataclass_fields__),
    )


def as_tuple(quote) -> tuple:
    return tuple(getattr(quote, name) for name in quote.__dataclass_fields__)


@pytest.mark.parametrize("seed", range(12))
def test_chain_says_what_the_twin_says(liquidation_probe, deployer, seed):
    rng = Random(seed)
    cases = [random_case(rng) for _ in range(CASES_A_CALL)]
    answer = ask(liquidation_probe.quotes, [as_struct(case) for case in cases], sender=deployer)
    quotes = decode([f"{QUOTE}[]"], answer)[0]
    assert len(quotes) == CASES_A_CALL
    for case, quote in zip(cases, quotes, strict=True):
        assert quote == as_tuple(case.quote()), case


def test_cases_meet_every_branch():
    """What the test above compares is worth comparing."""
    kinds = Counter()
    for seed in range(12):
        rng = Random(seed)
        for _ in range(CASES_A_CALL):
            case = random_case(rng)
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
