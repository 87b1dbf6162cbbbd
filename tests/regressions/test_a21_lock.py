"""A21: a lock that the compiler got wrong let callers in again (Curve, Vyper 0.2.15 to 0.3.0).

Here every state-changing function of a pool is entered again from every one that calls out, on the bytecode.
"""

import pytest
from ape import accounts, project

from tests.utils.calls import refusal, send
from tests.utils.intruder import outcomes, plan
from tests.utils.lab import build_lab
from tests.utils.world import MAX


@pytest.fixture(scope="module")
def lab(builder, lender):
    """A pool of a token with hooks."""
    token = builder.deployer.deploy(project.ReentrantToken, "Hook", "HOOK", 6)
    lab = build_lab(builder, [lender], token=token)
    lab.lend(lender, lab.units(1_000_000))
    return lab


@pytest.fixture(scope="module")
def intruder(builder, lab, lender):
    """A lender, a vault in debt and a borrower of flash loans at once."""
    intruder = builder.deployer.deploy(project.Intruder)
    impersonated = accounts[intruder.address]
    send(lab.loan.mint, intruder, lab.units(100_000), sender=lender)
    send(intruder.approve, lab.loan, lab.pool, MAX, sender=lender)
    send(lab.factory.register, intruder, lab.pool, sender=lender)
    send(lab.pool.set_limit, intruder, lab.units(100_000), sender=lab.council)
    send(lab.pool.deposit, lab.units(10_000), intruder, sender=impersonated)
    send(lab.pool.draw, lab.units(5_000), intruder, sender=impersonated)
    return intruder


def changing(lab, intruder):
    """Every function of a pool that changes state, with arguments that the intruder could use."""
    pool = lab.pool
    calls = {
        "deposit": (1, intruder),
        "mint": (1, intruder),
        "withdraw": (1, intruder, intruder),
        "redeem": (1, intruder, intruder),
        "exit": (1, 0, intruder, intruder),
        "transfer": (intruder, 1),
        "transferFrom": (intruder, intruder, 1),
        "approve": (intruder, 1),
        "permit": (intruder, intruder, 1, MAX, 27, bytes(32), bytes(32)),
        "accrue": (),
        "draw": (1, intruder),
        "settle": (1, 1),
        "realise": (),
        "flashLoan": (intruder, lab.loan, 0, b""),
        "install": (intruder, intruder),
        "open_pool": (),
        "set_limit": (intruder, 1),
        "set_supply_cap": (1,),
        "set_pause": (1,),
    }
    assert set(calls) == {method.name for method in pool.contract_type.mutable_methods}
    return [(getattr(pool, name), *arguments) for name, arguments in calls.items()]


def test_none_of_them_fails_silently_at_other_times(lab, intruder):
    """They work, or fail with a reason; so a failure without one below is the lock's."""
    plan(intruder)
    for method, *arguments in changing(lab, intruder):
        assert refusal(method, *arguments, sender=intruder) != ""


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("outer", ["deposit", "mint", "withdraw", "redeem", "exit", "draw", "flashLoan"])
def test_a21_lock(lab, intruder, lender, stranger, outer, moment):
    inner = changing(lab, intruder)
    plan(intruder, *inner)
    getattr(lab.loan, moment)(intruder, intruder.run.encode_input(), sender=stranger)
    arguments = {
        "deposit": (10**6, lender),
        "mint": (10**9, lender),
        "withdraw": (10**6, lender, lender),
        "redeem": (10**9, lender, lender),
        "exit": (10**9, 0, lender, lender),
        "draw": (10**6, stranger),
        "flashLoan": (intruder, lab.loan, 10**6, b""),
    }[outer]
    caller = lab.vault if outer == "draw" else lender

    send(getattr(lab.pool, outer), *arguments, sender=caller)

    assert intruder.runs() == (3 if outer == "flashLoan" else 1)  # out, callback, back
    assert intruder.successes() == 0
    assert outcomes(intruder) == [""] * len(inner)


def test_the_lock_opens_again(lab, intruder, lender, stranger):
    send(lab.loan.unhook, sender=stranger)
    plan(intruder, *[call for call in changing(lab, intruder) if call[0] is not lab.pool.flashLoan])
    send(intruder.run, sender=stranger)
    worked = [outcome for outcome in outcomes(intruder) if isinstance(outcome, bytes)]
    assert len(worked) >= 11
