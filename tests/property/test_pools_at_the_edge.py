"""Lines, losses and fields of a pool where one unit or one share decides; random steps rarely meet these."""

from collections.abc import Callable
from math import gcd

from plimsoll.chain.engine import Engine
from plimsoll.testing.engines import in_process
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import DAY, FRACTION, MAX, WAD, YEAR
from tests.property.edges import COUNCIL, LINES, SUPPLIED, UNIT, VAULT, EdgePool, refused
from tests.stateful.world import BACKSTOP, LENDER, STRANGER

DRAWN = 1_000 * UNIT


def in_debt(engine: Engine) -> tuple[EdgePool, int]:
    """A pool whose vault has drawn in this very second, when debt is in whole units; its debt shares."""
    lab = EdgePool.busy(engine)
    return lab, lab.pool.send("draw", DRAWN, VAULT, sender=VAULT)[0]


def settle(lab: EdgePool, shares: int, paid: int) -> list[tuple[int, ...]]:
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


def test_a_shortfall_that_a_settlement_finds_is_nobodys(engine: Engine) -> None:
    """Cash is gone for another reason; a vault that has paid is not charged."""
    lab, shares = in_debt(engine)
    lab.tell("burn", lab.pool.address, 2 * DRAWN)
    assert settle(lab, shares // 10, DRAWN // 10) == [(0, 0, 2 * DRAWN)]
    assert lab.pool.call("losses", VAULT) == 0


def test_absurd_claims_and_cash(engine: Engine) -> None:
    """Neither wraps around to a small number, which would be booked as a loss."""
    lab, shares = in_debt(engine)
    lab.tell("mint", lab.pool.address, 2 * DRAWN)  # paid by others, so that nothing is missing
    for claimed in (2**94 - 1, 2**94, 2**94 + 1, 2**240, MAX):
        lab.pool.send("settle", shares // 10, claimed, sender=VAULT)
        assert len(engine.logs()) == 0, claimed
    lab.tell("mint", lab.pool.address, 2**240)
    assert lab.pool.send("book_shortfall", sender=STRANGER) == 0
    assert settle(lab, shares // 10, DRAWN // 10) == []


def test_a_stake_worth_nothing_is_burnt_by_a_shortfall_alone(engine: Engine) -> None:
    for stake in (500, 1):
        lab, shares = in_debt(engine if stake == 1 else in_process(engine.now))
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
    lab = EdgePool.busy(engine)
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
    lab = EdgePool.busy(engine)
    lab.pool.send("draw", LINES[0], VAULT, sender=VAULT)
    lab.tell("mint", LENDER, 2**94)
    lab.pool.send("deposit", lab.pool.call("maxDeposit", LENDER), LENDER, sender=LENDER)
    engine.advance(YEAR)
    lab.pool.send("accrue", sender=STRANGER)
    assert lab.pool.call("totals")[0] == 2**110 - 1


def test_what_covers_the_largest_pool(engine: Engine) -> None:
    """No unit of its cash is overlooked."""
    lab = EdgePool.busy(engine)
    top = 2**94 - 1
    lab.tell("mint", LENDER, top)
    lab.pool.send("deposit", top - SUPPLIED, LENDER, sender=LENDER)
    assert lab.pool.send("book_shortfall", sender=STRANGER) == 0
    lab.tell("burn", lab.pool.address, 1)
    assert lab.pool.send("book_shortfall", sender=STRANGER) == 1
    assert lab.pool.call("reserves") == 0


def test_a_provision_counts_whatever_is_owed(engine: Engine) -> None:
    """Until the vault takes it back lenders leave for less, even a pool without debt."""
    lab, shares = in_debt(engine)
    lab.pool.send("set_provision", DRAWN, sender=VAULT)
    assert settle(lab, shares, DRAWN) == []
    held = lab.pool.call("balanceOf", LENDER)
    for lost in (0, SUPPLIED - DRAWN // 2):
        lab.tell("burn", lab.pool.address, lost)
        assert lab.pool.send("book_shortfall", sender=STRANGER) == lost
        left = max(0, SUPPLIED - lost - DRAWN)
        assert lab.pool.call("previewRedeem", held) == held * (left + 1) // (held + 1_000)


def test_conversions_next_to_a_whole_number(engine: Engine) -> None:
    """Rounded from the least and the largest rest, and from none."""
    lab = EdgePool.busy(engine)
    lab.pool.send("draw", DRAWN, VAULT, sender=VAULT)
    engine.advance(YEAR)
    while True:
        totals = lab.pool.call("totals")
        value, units = totals[0] + FRACTION, (totals[2] + 1_000) * FRACTION
        if gcd(value, units) == 1:
            break
        engine.advance(1)
    for rest in (-1, 0, 1):
        assets = rest * pow(units, -1, value) % value or value
        assert lab.pool.call("convertToShares", assets) == assets * units // value
        assert lab.pool.call("previewWithdraw", assets) == ceil_div(assets * units, value)
        shares = rest * pow(value, -1, units) % units or units
        assert lab.pool.call("convertToAssets", shares) == shares * value // units
        assert lab.pool.call("previewMint", shares) == ceil_div(shares * value, units)


def test_a_draw_next_to_a_whole_number(engine: Engine) -> None:
    """What it adds to the debt is rounded up from the least rest, too, and from none to nothing."""
    lab = EdgePool.busy(engine)
    lab.pool.send("draw", 1, VAULT, sender=VAULT)
    engine.advance(YEAR)
    while gcd(lab.pool.call("debt_totals")[0] + FRACTION, 2_000) > 1:
        engine.advance(DAY)
    debt, shares = lab.pool.call("debt_totals")
    value, units = debt + FRACTION, shares + 1_000
    found = {}
    for amount in range(1, 20_000):
        drawn = ceil_div(amount * units * FRACTION, value)
        found[drawn * value % units] = amount, drawn
    for rest in (0, 1, units - 1):
        amount, drawn = found[rest]
        answer = lab.pool.call("draw", amount, VAULT, sender=VAULT)
        assert answer == (drawn, (debt + ceil_div(drawn * value, units), shares + drawn))


def test_a_loss_and_a_haircut_just_above_a_whole_number(engine: Engine) -> None:
    """The least fraction of a unit is a unit, of what was not paid for and of what a provision lacks."""
    lab = EdgePool.busy(engine)
    lab.pool.send("deposit", DRAWN, BACKSTOP, sender=LENDER)
    lab.pool.send("draw", DRAWN, VAULT, sender=VAULT)
    engine.advance(YEAR)

    def part_whose_debt(is_wanted: Callable[[int], bool]) -> tuple[int, int]:
        """Debt shares, and what they owe, in fractions."""
        debt, shares = lab.pool.call("debt_totals")
        for part in range(1, 2_000_000):
            if is_wanted(owed := part * (debt + FRACTION) // (shares + 1_000)):
                return part, owed
        raise AssertionError("there is none")

    part, owed = part_whose_debt(lambda owed: owed % FRACTION == 1)
    settle(lab, part, owed // FRACTION)
    assert lab.pool.call("losses", VAULT) == 1

    assets, debt = lab.pool.call("totals")[:2]
    part, owed = part_whose_debt(lambda owed: (debt - assets - owed) % FRACTION == FRACTION - 1)
    settle(lab, part, owed // FRACTION + 1)
    lab.pool.send("set_provision", DRAWN // 2, sender=VAULT)
    lacks = DRAWN // 2 - lab.pool.call("reserves")
    assets, _, supply = lab.pool.call("totals")[:3]
    assert lab.pool.call("backstop_haircut") == ceil_div(
        lacks * (supply + 1_000) * FRACTION, assets + FRACTION
    )


def test_rates_next_to_a_whole_number(engine: Engine) -> None:
    """Nothing lent, and everything: the ends of the kink, where one of 10**18 more or less would show."""
    rate = 10**9 + 7
    last = -pow(rate, -1, WAD) % WAD  # times the rate, and a unit more, it is a multiple of WAD
    assert last > WAD // 100
    for at_target, steepness, full in (
        (2 * 10**9, 2 * WAD, False),
        (2 * 10**9, 2 * WAD, True),
        (rate, WAD * WAD // last, False),
        (rate, 3 * WAD + last, True),
    ):
        curve = {"rate_min": at_target, "rate_initial": at_target, "steepness": steepness, "speed": 0}
        lab = EdgePool.busy(in_process(engine.now), **curve)
        if full:
            lab.pool.send("set_limit", VAULT, SUPPLIED, sender=COUNCIL)
            lab.pool.send("draw", SUPPLIED, VAULT, sender=VAULT)
        assert lab.pool.call("utilisation") == full * WAD
        factor = steepness if full else WAD * WAD // steepness
        assert lab.pool.call("borrow_rate") == at_target * factor // WAD
        if at_target == rate:
            assert at_target * factor % WAD == WAD - 1
