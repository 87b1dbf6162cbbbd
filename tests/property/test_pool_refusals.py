"""What a pool refuses, each refusal beside the nearest call that goes through; and its views at the edges.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself.
"""

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Contract, Engine, deploy_blueprint
from plimsoll.chain.protocol import BLUEPRINTS
from plimsoll.units import DAY, MAX, NOBODY, WAD, YEAR
from tests.property.edges import (
    COUNCIL,
    LINES,
    OTHER_VAULT,
    RISK,
    SUPPLIED,
    UNIT,
    VAULT,
    EdgePool,
    accepted,
    make,
    pool_struct,
    refused,
)  # fmt: skip
from tests.stateful.world import (
    BACKSTOP,
    BORROWER,
    CURATOR,
    DEPLOYER,
    GUARDIAN,
    LENDER,
    OPERATOR,
    OTHER_LENDER,
    STRANGER,
)

TOP = 2**94 - 1


# --------------------------------------------------------------------------------------------- council


def test_only_the_council_governs(engine: Engine) -> None:
    pool = EdgePool.busy(engine).pool
    for sender in (STRANGER, CURATOR, GUARDIAN, VAULT):
        for function, *arguments in (
            ("open_pool",),
            ("set_limit", VAULT, 1),
            ("set_supply_cap", 1),
            ("set_pause", 1),
            ("distribute_excess", 1, STRANGER),
        ):
            refused("pool: not the council", pool.send, function, *arguments, sender=sender)
    refused("pool: already open", pool.send, "open_pool", sender=COUNCIL)


def test_limits(engine: Engine) -> None:
    lab = EdgePool.busy(engine)
    pool = lab.pool
    refused("pool: limit too large", pool.send, "set_limit", VAULT, TOP + 1, sender=COUNCIL)
    for limit in (TOP, 0):
        pool.send("set_limit", VAULT, limit, sender=COUNCIL)
        assert pool.call("credit_line", VAULT)[0] == limit
    refused("pool: not a vault of this pool", pool.send, "set_limit", STRANGER, 1, sender=COUNCIL)


def test_a_vault_of_another_pool(engine: Engine) -> None:
    factory = make(
        engine, "Factory", *(deploy_blueprint(engine, artifact(name), DEPLOYER) for name in BLUEPRINTS)
    )
    asset, collateral = (make(engine, "PlainToken", "token", "T", digits).address for digits in (6, 18))
    first, second = (
        factory.send("create_pool", pool_struct(asset), CURATOR, 3 * DAY, sender=DEPLOYER) for _ in range(2)
    )
    oracle = make(engine, "LyingOracle", 10**27).address
    terms = tuple(RISK.values())
    vault = factory.send("create_vault", first, collateral, oracle, terms, sender=DEPLOYER)
    for pool, fits in ((first, True), (second, False)):
        council = Contract(engine, factory.call("council_of", pool), artifact("Council").abi)
        if fits:
            council.send("set_limit", vault, 1, sender=CURATOR)
        else:
            refused("pool: not a vault of this pool", council.send, "set_limit", vault, 1, sender=CURATOR)


def test_the_supply_cap(engine: Engine) -> None:
    lab = EdgePool.busy(engine)
    pool = lab.pool
    refused("pool: cap too large", pool.send, "set_supply_cap", TOP + 1, sender=COUNCIL)
    pool.send("set_supply_cap", TOP, sender=COUNCIL)
    cap = SUPPLIED + 1_000
    pool.send("set_supply_cap", cap, sender=COUNCIL)
    assert (pool.call("supply_cap"), pool.call("maxDeposit", LENDER)) == (cap, 1_000)
    assert pool.call("maxMint", LENDER) == 1_000_000
    refused("pool: over the supply cap", pool.send, "deposit", 1_001, LENDER, sender=LENDER)
    refused("pool: over the supply cap", pool.send, "mint", 1_000_001, LENDER, sender=LENDER)
    pool.send("deposit", 1_000, LENDER, sender=LENDER)
    pool.send("set_supply_cap", SUPPLIED, sender=COUNCIL)
    assert pool.call("maxDeposit", LENDER) == 0
    pool.send("withdraw", 10, LENDER, LENDER, sender=LENDER)  # caps hold nobody back
    pool.send("set_supply_cap", 0, sender=COUNCIL)
    assert pool.call("maxDeposit", LENDER) > 10**20
    pool.send("deposit", 1_001, LENDER, sender=LENDER)


def test_a_pause(engine: Engine) -> None:
    """It stops new supply and new borrowing until its time, and nothing else."""
    pool = EdgePool.busy(engine).pool
    until = engine.now + DAY
    pool.send("set_pause", until, sender=COUNCIL)
    assert (pool.call("maxDeposit", LENDER), pool.call("max_draw", VAULT)) == (0, 0)
    refused("pool: paused", pool.send, "deposit", 1, LENDER, sender=LENDER)
    refused("pool: paused", pool.send, "mint", 1, LENDER, sender=LENDER)
    refused("pool: paused", pool.send, "draw", 1, STRANGER, sender=VAULT)
    pool.send("withdraw", 1, LENDER, LENDER, sender=LENDER)
    pool.send("settle", 0, 0, sender=VAULT)
    engine.advance(DAY - 1)
    refused("pool: paused", pool.send, "deposit", 1, LENDER, sender=LENDER)
    before = engine.snapshot()
    pool.send("set_pause", 0, sender=COUNCIL)
    pool.send("deposit", 1, LENDER, sender=LENDER)
    engine.revert(before)
    engine.advance(1)
    pool.send("deposit", 1, LENDER, sender=LENDER)
    pool.send("draw", 1, STRANGER, sender=VAULT)
    assert pool.call("max_draw", VAULT) > 0


def test_a_pool_that_is_not_open(engine: Engine) -> None:
    pool = EdgePool(engine).pool
    refused("pool: not open", pool.send, "deposit", 1, LENDER, sender=LENDER)
    refused("pool: not open", pool.send, "mint", 1, LENDER, sender=LENDER)
    assert (pool.call("is_open"), pool.call("maxDeposit", LENDER), pool.call("maxMint", LENDER)) == (
        False,
        0,
        0,
    )
    assert (pool.call("utilisation"), pool.call("totalAssets")) == (0, 0)
    pool.send("open_pool", sender=COUNCIL)
    pool.send("deposit", 1, LENDER, sender=LENDER)
    assert pool.call("is_open")


# -------------------------------------------------------------------------------------------- lenders


def test_shares_are_the_owners(engine: Engine) -> None:
    pool = EdgePool.busy(engine).pool
    held = pool.call("balanceOf", LENDER)
    for function, arguments in (
        ("transfer", (STRANGER, held + 1)),
        ("redeem", (held + 1, LENDER, LENDER)),
    ):
        refused("pool: too few shares", pool.send, function, *arguments, sender=LENDER)
    for function, arguments in (("transfer", (STRANGER, held)), ("redeem", (held, LENDER, LENDER))):
        accepted(engine, pool.send, function, *arguments, sender=LENDER)
    refused("pool: zero address", pool.send, "transfer", NOBODY, 1, sender=LENDER)
    refused("pool: zero address", pool.send, "deposit", 1, NOBODY, sender=LENDER)
    pool.send("transfer", LENDER, held, sender=LENDER)
    assert pool.call("balanceOf", LENDER) == held == pool.call("totalSupply")


def test_allowances(engine: Engine) -> None:
    """Whatever moves another's shares uses them up, but for the largest uint."""
    pool = EdgePool.busy(engine).pool
    calls = {
        "transferFrom": (LENDER, OPERATOR, 1_000),
        "redeem": (1_000, OPERATOR, LENDER),
        "withdraw": (1, OPERATOR, LENDER),
        "exit": (1_000, 0, OPERATOR, LENDER),
    }
    for function, arguments in calls.items():
        for allowance, left in ((999, None), (1_000, 0), (1_001, 1), (MAX - 1, MAX - 1_001), (MAX, MAX)):
            pool.send("approve", OPERATOR, allowance, sender=LENDER)
            if left is None:
                refused("pool: allowance too small", pool.send, function, *arguments, sender=OPERATOR)
            else:
                pool.send(function, *arguments, sender=OPERATOR)
                assert pool.call("allowance", LENDER, OPERATOR) == left, function
    pool.send("approve", OPERATOR, 0, sender=LENDER)
    for function, arguments in calls.items():
        if function != "transferFrom":
            pool.send(function, *arguments, sender=LENDER)  # one's own need none


def test_what_is_lent_cannot_leave(engine: Engine) -> None:
    """Withdrawals stop at the debt, whatever the cash; `exit` pays what there is."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    pool.send("draw", 300_000 * UNIT, STRANGER, sender=VAULT)
    lab.tell("mint", pool.address, 400_000 * UNIT)  # reserve
    free = 200_000 * UNIT
    held = pool.call("balanceOf", LENDER)
    assert pool.call("maxWithdraw", LENDER) == free
    assert pool.call("maxRedeem", LENDER) == free * 1_000
    refused("pool: not enough cash", pool.send, "withdraw", free + 1, LENDER, LENDER, sender=LENDER)
    refused("pool: not enough cash", pool.send, "redeem", (free + 1) * 1_000, LENDER, LENDER, sender=LENDER)
    accepted(engine, pool.send, "withdraw", free, LENDER, LENDER, sender=LENDER)
    refused("pool: too few assets", pool.send, "exit", MAX, free + 1, LENDER, LENDER, sender=LENDER)
    assert pool.send("exit", MAX, free, LENDER, LENDER, sender=LENDER) == (free, free * 1_000)
    assert pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER) == (0, 0)
    assert pool.call("balanceOf", LENDER) == held - free * 1_000
    refused("pool: not enough cash", pool.send, "draw", 1, STRANGER, sender=VAULT)


def test_a_seizure(engine: Engine) -> None:
    """Cash that is gone: `exit` pays no more than there is, and `book_shortfall` makes lenders carry it."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    lab.tell("burn", pool.address, 400_000 * UNIT)
    assert (pool.call("maxWithdraw", LENDER), pool.call("reserves")) == (100_000 * UNIT, 0)
    assert pool.call("maxRedeem", LENDER) == 100_000 * UNIT * 1_000
    accepted(engine, pool.send, "exit", MAX, 100_000 * UNIT, LENDER, LENDER, sender=LENDER)
    assert pool.send("book_shortfall", sender=STRANGER) == 400_000 * UNIT
    assert pool.send("book_shortfall", sender=STRANGER) == 0
    assert pool.call("totalAssets") == 100_000 * UNIT
    lab.tell("mint", pool.address, 5)
    assert pool.send("book_shortfall", sender=STRANGER) == 0
    assert pool.call("reserves") == 5


def test_a_wiped_pool(engine: Engine) -> None:
    """Below a thousandth of par nobody comes in; whoever is in may go."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    edge = SUPPLIED // 1_000  # worth 0.1 % of par with the virtual amounts, to the unit
    lab.tell("burn", pool.address, SUPPLIED - edge)
    pool.send("book_shortfall", sender=STRANGER)
    accepted(engine, pool.send, "deposit", UNIT, LENDER, sender=LENDER)
    assert pool.call("maxDeposit", LENDER) > 0
    lab.tell("burn", pool.address, 1)
    pool.send("book_shortfall", sender=STRANGER)
    refused("pool: wiped", pool.send, "deposit", UNIT, LENDER, sender=LENDER)
    refused("pool: wiped", pool.send, "mint", UNIT, LENDER, sender=LENDER)
    assert (pool.call("maxDeposit", LENDER), pool.call("maxMint", LENDER)) == (0, 0)
    assert pool.send("exit", MAX, edge - 2, LENDER, LENDER, sender=LENDER)[0] >= edge - 2


def test_what_a_field_cannot_hold(engine: Engine) -> None:
    lab = EdgePool.busy(engine)
    pool = lab.pool
    lab.tell("mint", LENDER, 2**96)
    room = TOP - SUPPLIED  # the highest whole amount of a field of 94 bits and 16 of fraction
    assert pool.call("maxDeposit", LENDER) == room
    refused("pool: amount too large", pool.send, "deposit", room + 1, LENDER, sender=LENDER)
    accepted(engine, pool.send, "deposit", room, LENDER, sender=LENDER)
    lab.tell("burn", pool.address, SUPPLIED // 2)
    pool.send("book_shortfall", sender=STRANGER)
    left = 2**104 - 1 - pool.call("totalSupply")
    refused("pool: too many shares", pool.send, "mint", left + 1, LENDER, sender=LENDER)
    assert 0 < pool.call("maxMint", LENDER) <= left
    pool.send("mint", left, LENDER, sender=LENDER)
    assert pool.call("totalSupply") == 2**104 - 1


def test_a_share_that_costs_more_than_a_unit(engine: Engine) -> None:
    """After years at the highest rate a base unit buys no share; nothing is given for it, nothing taken."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    pool.send("draw", LINES[0], STRANGER, sender=VAULT)
    pool.send("draw", SUPPLIED - LINES[0], STRANGER, sender=OTHER_VAULT)
    refused("pool: not enough cash", pool.send, "draw", 1, STRANGER, sender=OTHER_VAULT)
    while pool.call("previewDeposit", 1) > 0:
        engine.advance(DAY * 60)
        pool.send("accrue", sender=STRANGER)
    assert pool.call("utilisation") == WAD
    refused("pool: less than a share", pool.send, "deposit", 1, LENDER, sender=LENDER)
    assert pool.send("deposit", 0, LENDER, sender=LENDER) == 0
    least = pool.call("previewMint", 1)
    assert least > 1
    assert pool.send("deposit", least, LENDER, sender=LENDER) == 1


def test_tokens_that_do_not_move(engine: Engine) -> None:
    lab = EdgePool.busy(engine, "FalseReturnToken")
    pool = lab.pool
    lab.tell("set_failing", True)
    refused("pool: transfer failed", pool.send, "deposit", 1, LENDER, sender=LENDER)
    refused("pool: transfer failed", pool.send, "withdraw", 1, LENDER, LENDER, sender=LENDER)
    refused("pool: transfer failed", pool.send, "draw", 1, STRANGER, sender=VAULT)
    for function, arguments in (
        ("deposit", (0, LENDER)),
        ("withdraw", (0, LENDER, LENDER)),
        ("exit", (0, 0, LENDER, LENDER)),
    ):
        pool.send(function, *arguments, sender=LENDER)  # nothing is neither pulled nor sent


def test_tokens_that_keep_a_part(engine: Engine) -> None:
    lab = EdgePool.busy(engine, "FeeToken")
    pool = lab.pool
    lab.tell("set_fee", 1)
    refused("pool: amount did not arrive", pool.send, "deposit", 10_000, LENDER, sender=LENDER)
    pool.send("deposit", 9_999, LENDER, sender=LENDER)  # a fee of nothing


# --------------------------------------------------------------------------------------------- vaults


def test_a_line_is_not_passed(engine: Engine) -> None:
    pool = EdgePool.busy(engine).pool
    for function in ("draw", "settle"):
        arguments = (1, STRANGER) if function == "draw" else (0, 0)
        refused("pool: not a vault", pool.send, function, *arguments, sender=STRANGER)
    refused("pool: over the credit limit", pool.send, "draw", LINES[0] + 1, STRANGER, sender=VAULT)
    assert LINES[0] - 2 <= pool.call("max_draw", VAULT) <= LINES[0]
    shares, *_ = pool.send("draw", LINES[0], STRANGER, sender=VAULT)
    assert pool.call("credit_line", VAULT) == (LINES[0], shares, LINES[0])
    assert pool.call("max_draw", VAULT) == 0
    refused("pool: over the credit limit", pool.send, "draw", 1, STRANGER, sender=VAULT)
    refused("pool: more than drawn", pool.send, "settle", shares + 1, 0, sender=VAULT)
    accepted(engine, pool.send, "settle", shares, 0, sender=VAULT)
    accepted(engine, pool.send, "settle", shares - 1, 0, sender=VAULT)


def test_a_loss_falls_on_reserve_backstop_and_lenders(engine: Engine) -> None:
    lab = EdgePool.busy(engine)
    pool = lab.pool
    pool.send("deposit", 1_000 * UNIT, BACKSTOP, sender=LENDER)
    assert pool.call("backstop") == BACKSTOP
    lab.tell("mint", pool.address, 100 * UNIT)
    shares, *_ = pool.send("draw", 10_000 * UNIT, STRANGER, sender=VAULT)

    def loss(part: int) -> tuple[int, int, int]:
        pool.send("settle", part, 0, sender=VAULT)
        return tuple(
            int.from_bytes(log.data[at : at + 32], "big")
            for log in engine.logs()
            if len(log.data) == 96
            for at in (0, 32, 64)
        )

    assert loss(50 * UNIT * 1_000) == (50 * UNIT, 0, 0)
    assert loss(100 * UNIT * 1_000) == (50 * UNIT, 50 * UNIT, 0)
    limit = pool.call("credit_line", VAULT)[0]
    assert limit == LINES[0] - 150 * UNIT
    reserves, backstop, lenders = loss(2_000 * UNIT * 1_000)
    assert (reserves, backstop + lenders) == (0, 2_000 * UNIT)
    assert abs(backstop - 950 * UNIT) <= 1
    assert pool.call("balanceOf", BACKSTOP) == 0
    left = shares - 2_150 * UNIT * 1_000
    assert loss(left) == (0, 0, left // 1_000)
    assert pool.call("losses", VAULT) == 10_000 * UNIT
    assert pool.call("debt_totals") == (0, 0)


def test_a_paid_settlement_is_no_loss(engine: Engine) -> None:
    lab = EdgePool.busy(engine)
    pool = lab.pool
    shares, *_ = pool.send("draw", 10_000 * UNIT, STRANGER, sender=VAULT)
    lab.tell("mint", pool.address, 10_000 * UNIT)
    assert pool.send("settle", shares, 10_000 * UNIT, sender=VAULT) == SUPPLIED
    assert len(engine.logs()) == 0
    assert pool.call("losses", VAULT) == 0
    assert pool.call("credit_line", VAULT) == (LINES[0], 0, 0)


# ----------------------------------------------------------------------------------------- flash loans


def test_a_flash_loan(engine: Engine) -> None:
    """The fee is rounded up and stays; whoever does not pay it back in full gets nothing."""
    lab = EdgePool.busy(engine, flash_fee=9 * 10**14)
    pool = lab.pool
    loan, other = lab.loan, make(engine, "PlainToken", "other", "O", 6).address
    honest = make(engine, "FlashBorrower")
    honest.send("approve", loan.address, pool.address, sender=DEPLOYER)
    lab.tell("mint", honest.address, UNIT * 100)
    assert (pool.call("maxFlashLoan", loan.address), pool.call("maxFlashLoan", other)) == (SUPPLIED, 0)
    refused("pool: not the asset", pool.call, "flashFee", other, 1)
    refused("pool: not the asset", pool.send, "flashLoan", honest.address, other, 1, b"", sender=STRANGER)
    for amount, fee in ((0, 0), (1, 1), (1_111, 1), (1_112, 2), (10**10, 9 * 10**6)):
        assert pool.call("flashFee", loan.address, amount) == fee
        before = loan.call("balanceOf", pool.address)
        assert pool.send("flashLoan", honest.address, loan.address, amount, b"", sender=STRANGER) is True
        assert loan.call("balanceOf", pool.address) == before + fee

    wrong = make(engine, "Intruder")
    wrong.send("approve", loan.address, pool.address, MAX, sender=DEPLOYER)
    lab.tell("mint", wrong.address, UNIT)
    lend = ("flashLoan", wrong.address, loan.address, 1_000, b"")
    accepted(engine, pool.send, *lend, sender=STRANGER)
    wrong.send("set_answer", bytes(32), sender=DEPLOYER)
    refused("pool: bad flash answer", pool.send, *lend, sender=STRANGER)
    refused("pool: bad flash answer", pool.send, *lend[:3], 0, b"", sender=STRANGER)
    refused("", pool.send, "flashLoan", STRANGER, loan.address, 1, b"", sender=STRANGER)


def test_a_flash_loan_that_is_not_repaid(engine: Engine) -> None:
    for name, function, argument, reason in (
        ("FalseReturnToken", "set_failing", True, "pool: transfer failed"),
        ("FeeToken", "set_fee", 100, "pool: flash loan not repaid"),
    ):
        lab = EdgePool.busy(engine, name)
        pool = lab.pool
        loan, wrong = lab.loan, make(engine, "Intruder")
        lab.tell("mint", wrong.address, UNIT)
        wrong.send("approve", loan.address, pool.address, MAX, sender=DEPLOYER)
        lend = ("flashLoan", wrong.address, loan.address, 10_000, b"")
        accepted(engine, pool.send, *lend, sender=STRANGER)
        # the token turns vicious while the loan is out
        wrong.send("plan", [(loan.address, loan.encode(function, argument))], sender=DEPLOYER)
        refused(reason, pool.send, *lend, sender=STRANGER)
        if name == "FeeToken":
            lab.tell("set_fee", 0)
            # what is missing may come another way
            gift = loan.encode("mint", pool.address, 100)
            steps = [(loan.address, loan.encode(function, argument)), (loan.address, gift)]
            wrong.send("plan", steps, sender=DEPLOYER)
            accepted(engine, pool.send, *lend, sender=STRANGER)


# ---------------------------------------------------------------------------------------------- views


def test_views_agree_with_what_happens(engine: Engine) -> None:
    """Shares of a pool in debt, ten days on: what a view says is what the call then does."""
    lab = EdgePool.busy(engine)
    pool = lab.pool
    pool.send("draw", 399_999 * UNIT, STRANGER, sender=VAULT)
    pool.send("draw", 90_001 * UNIT, STRANGER, sender=OTHER_VAULT)
    engine.advance(10 * DAY)
    amount = 12_345_677
    for preview, call, arguments in (
        ("previewDeposit", "deposit", (amount, LENDER)),
        ("previewMint", "mint", (amount, LENDER)),
        ("previewWithdraw", "withdraw", (amount, LENDER, LENDER)),
        ("previewRedeem", "redeem", (amount, LENDER, LENDER)),
    ):
        expected = pool.call(preview, amount)
        before = engine.snapshot()
        assert pool.send(call, *arguments, sender=LENDER) == expected, call
        engine.revert(before)
    assert pool.call("previewDeposit", amount) == pool.call("convertToShares", amount)
    assert pool.call("previewRedeem", amount) == pool.call("convertToAssets", amount)
    totals = pool.call("totals")
    assert pool.call("totalAssets") == totals[0] // 2**16
    assert pool.call("debt_totals") == (totals[1], totals[3])
    assert pool.call("utilisation") == totals[1] * WAD // totals[0]
    assert 0 < pool.call("rate_at_target") < pool.call("borrow_rate")
    assert pool.call("asset") == lab.loan.address
    assert pool.send("accrue", sender=STRANGER) == (totals[1], totals[3])
    assert pool.call("totals") == totals
    cash = lab.loan.call("balanceOf", pool.address)
    assert pool.call("reserves") == (cash * 2**16 + totals[1] - totals[0]) // 2**16 > 0
    pool.send("deposit", UNIT, OTHER_LENDER, sender=OTHER_LENDER)
    assert pool.call("maxRedeem", OTHER_LENDER) == pool.call("balanceOf", OTHER_LENDER)
    assert pool.call("maxWithdraw", BORROWER) == pool.call("maxRedeem", BORROWER) == 0


def test_interest_stops_at_what_a_field_holds(engine: Engine) -> None:
    """The accrual never reverts, however long nobody called, and never leaves its lanes."""
    pool = EdgePool.busy(engine).pool
    pool.send("draw", LINES[0], STRANGER, sender=VAULT)
    pool.send("draw", SUPPLIED - LINES[0], STRANGER, sender=OTHER_VAULT)
    for _ in range(40):
        engine.advance(YEAR)
        totals = pool.call("totals")
        assert max(totals[0], totals[1]) < 2**110
        pool.send("accrue", sender=STRANGER)
    assert pool.call("totals")[1] == 2**110 - 1
