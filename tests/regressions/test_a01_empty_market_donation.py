"""A1: a donation to an empty market made the first share worth a fortune (Hundred, Onyx, Sonne, Midas).

Here a donation is reserve: it moves no share price, in whatever order it comes.
"""

from itertools import permutations

import pytest

from tests.utils.calls import send, view
from tests.utils.lab import build_lab
from tests.utils.world import MAX

VICTIM = 10**6 + 7


@pytest.fixture(scope="module")
def lab(builder, lender, stranger):
    return build_lab(builder, [lender, stranger])


@pytest.mark.parametrize("stake", [1, 10**6])
@pytest.mark.parametrize("order", permutations(["attack", "donate", "victim"]), ids=" ".join)
def test_a01_empty_market_donation(lab, lender, stranger, order, stake):
    donation = 10**6 * VICTIM
    balances = {who: view(lab.loan.balanceOf, who)[0] for who in (lender, stranger)}
    steps = {
        "attack": lambda: lab.lend(stranger, stake),
        "donate": lambda: send(lab.loan.transfer, lab.pool, donation, sender=stranger),
        "victim": lambda: lab.lend(lender, VICTIM),
    }
    for step in order:
        steps[step]()
    for who in (stranger, lender):
        send(lab.pool.exit, MAX, 0, who, who, sender=who)

    assert view(lab.loan.balanceOf, stranger)[0] == balances[stranger] - donation
    assert view(lab.loan.balanceOf, lender)[0] == balances[lender]
    assert lab.pool.reserves() == donation
