"""Lines, losses and fields of a pool where one unit or one share decides; random steps meet these too rarely.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself.
"""

from eth_utils.crypto import keccak

from plimsoll.chain.engine import Contract, Engine, deploy_blueprint
from plimsoll.chain.revm import Revm
from tests.property.edges import (
    COUNCIL,
    DAY,
    LINES,
    SUPPLIED,
    UNIT,
    VAULT,
    YEAR,
    Lab,
    make,
    pool_struct,
    refused,
)
from tests.stateful import world
from tests.stateful.world import BACKSTOP, CURATOR, DEPLOYER, LENDER, MAX, STRANGER

DRAWN = 1_000 * UNIT


def in_debt(engine: Engine) -> tuple[Lab, int]:
    """A pool whose vault has drawn in this very second, when debt is in whole units; its debt shares."""
    lab = Lab.busy(engine)
    return lab, lab.pool.send("draw", DRAWN, VAULT, sender=VAULT)[0]


def settle(lab: Lab, shares: int, paid: int) -> list[tuple[int, ...]]:
    """Pays and settles; what reserve, backstop and lenders carried, of each loss."""
    lab.loan.send("transfer", lab.pool.address, paid, sender=VAULT)
    lab.pool.send("settle", shares, paid, sender=VAULT)
    data = [log.data for log in lab.engine.logs() if len(log.data) == 96]
    return [tuple(int.from_bytes(words[at : at + 32], "big") for at in (0, 32, 64)) for words in data]


def test_a_loss_of_whole_units_is_not_rounded(engine: Engine) -> None:
    lab, shares = in_debt(engine)
    assert settle(lab, shares // 2, DRAWN // 2 - 1) == [(0, 0, 1)]
    assert settle(lab, shares // 2, DRAWN // 2 - 7) == [(0, 0, 7)]
    assert lab.pool.call("losses", VAULT) == 8
    assert lab.pool.call("credit_line", VAULT) == (LINES[0] - 8, 0, 0)


def test_a_crumb_of_a_loss_is_a_unit(engine: Engine) -> None:
    lab, _ = in_debt(engine)
    lab.tell("mint", lab.pool.address, UNIT)
    assert settle(lab, 1_001, 1) == [(1, 0, 0)]  # a share that nothing was paid for
    assert lab.pool.call("losses", VAULT) == 1


def test_a_loss_above_the_limit(engine: Engine) -> None:
    lab, shares = in_debt(engine)
    lab.pool.send("set_limit", VAULT, 5, sender=COUNCIL)
    assert settle(lab, shares, DRAWN - 7) == [(0, 0, 7)]
    assert lab.pool.call("credit_line", VAULT) == (0, 0, 0)
    assert lab.pool.call("losses", VAULT) == 7


def test_a_shortfall_that_a_settlement_finds_is_the_vaults_up_to_its_debt(engine: Engine) -> None:
    """Cash is gone for another reason; the line shrinks by what was extinguished, at most."""
    lab, shares = in_debt(engine)
    lab.tell("burn", lab.pool.address, 2 * DRAWN)
    assert settle(lab, shares // 10, DRAWN // 10) == [(0, 0, 2 * DRAWN)]
    assert lab.pool.call("losses", VAULT) == DRAWN // 10


def test_absurd_claims_and_cash(engine: Engine) -> None:
    """Neither wraps around to a small number, which would be booked as a loss."""
    lab, shares = in_debt(engine)
    lab.tell("mint", lab.pool.address, 2 * DRAWN)  # paid by others, so that nothing is missing
    for claimed in (2**94 - 1, 2**94, 2**94 + 1, 2**240, MAX):
        lab.pool.send("settle", shares // 10, claimed, sender=VAULT)
        assert len(engine.logs()) == 0, claimed
    lab.tell("mint", lab.pool.address, 2**240)
    assert lab.pool.send("realise", sender=STRANGER) == 0
    assert settle(lab, shares // 10, DRAWN // 10) == []


def test_a_stake_worth_nothing_is_burnt_by_a_shortfall_alone(engine: Engine) -> None:
    for stake in (500, 1):
        lab, shares = in_debt(engine if stake == 1 else Revm(engine.now))
        lab.pool.send("transfer", BACKSTOP, stake, sender=LENDER)
        lab.tell("mint", lab.pool.address, 10)
        assert settle(lab, shares // 2, DRAWN // 2 - 7) == [(7, 0, 0)]
        assert lab.pool.call("balanceOf", BACKSTOP) == stake
        supply = lab.pool.call("totalSupply")
        assert settle(lab, shares // 2, DRAWN // 2 - 7) == [(3, 0, 4)]
        assert lab.pool.call("balanceOf", BACKSTOP) == 0
        assert lab.pool.call("totalSupply") == supply - stake


def test_a_line_as_large_as_can_be(engine: Engine) -> None:
    """Limit and drawn shares fill their lanes and do not touch each other."""
    lab = Lab.busy(engine)
    top = 2**94 - 1
    lab.tell("mint", LENDER, top)
    lab.pool.send("deposit", top - SUPPLIED, LENDER, sender=LENDER)
    lab.pool.send("set_limit", VAULT, top, sender=COUNCIL)
    shares = lab.pool.send("draw", top - 1, VAULT, sender=VAULT)[0]
    assert shares == (top - 1) * 1_000
    assert shares > 2**103
    assert lab.pool.call("credit_line", VAULT) == (top, shares, top - 1)
    assert settle(lab, shares // 2, top // 2 - 7) == [(0, 0, 7)]
    assert lab.pool.call("credit_line", VAULT)[:2] == (top - 7, shares - shares // 2)
    refused("pool: more than drawn", lab.pool.send, "settle", shares, 0, sender=VAULT)


def test_what_lenders_own_stops_at_what_a_field_holds(engine: Engine) -> None:
    lab = Lab.busy(engine)
    lab.pool.send("draw", LINES[0], VAULT, sender=VAULT)
    lab.tell("mint", LENDER, 2**94)
    lab.pool.send("deposit", lab.pool.call("maxDeposit", LENDER), LENDER, sender=LENDER)
    engine.advance(YEAR)
    lab.pool.send("accrue", sender=STRANGER)
    assert lab.pool.call("totals")[0] == 2**110 - 1


def test_a_flash_loan_of_one_unit(engine: Engine) -> None:
    lab = Lab.busy(engine)
    flash = make(engine, "FlashBorrower")
    flash.send("approve", lab.loan.address, lab.pool.address, sender=STRANGER)
    for amount in (0, 1, SUPPLIED):
        assert lab.pool.send("flashLoan", flash.address, lab.loan.address, amount, b"", sender=STRANGER)
        assert lab.loan.call("balanceOf", lab.pool.address) == SUPPLIED


def test_a_creation_is_said(engine: Engine) -> None:
    """By the factory with every parameter, and by the council."""
    loan = make(engine, "Token", "loan", "L", 6).address
    names = ("Pool", "Council", "Backstop", "Vault")
    blueprints = [deploy_blueprint(engine, world.compiled(name)[0], DEPLOYER) for name in names]
    factory = make(engine, "Factory", *blueprints)
    arguments = (pool_struct(loan), CURATOR, 3 * DAY)
    pool = factory.send("create_pool", *arguments, sender=DEPLOYER)
    logs = engine.logs()
    (named,) = [log for log in logs if log.topics[0] == keccak(text="CuratorSet(address)")]
    (created,) = [log for log in logs if log.address == factory.address]
    parts = [
        factory.call("council_of", pool),
        Contract(engine, pool, world.compiled("Pool")[0].abi).call("backstop"),
    ]

    def word(address: str) -> bytes:
        return bytes.fromhex(address[2:]).rjust(32, b"\0")

    assert named.topics[1] == word(CURATOR)
    assert created.topics[1:] == (word(pool), word(loan))
    assert created.data[: 3 * 32] == b"".join(map(word, [*parts, CURATOR]))
    parameters = factory.encode("create_pool", *arguments)[4 + 3 * 32 :]
    assert created.data[4 * 32 :] == parameters
