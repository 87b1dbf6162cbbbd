"""Each promise is seen broken once, on a close that is made up."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.scenario import checks as promises
from plimsoll.scenario.checks import CheckFailed, Checks
from plimsoll.scenario.liquidator import NO_LIMIT, Batch
from plimsoll.scenario.records import END, RESTORABLE, START, LiquidationRow, PositionRow
from plimsoll.twin.liquidation import MAX, WAD, Risk, Totals, quote

OWNER = "0x1111111111111111111111111111111111111111"
RISK = Risk.from_struct(BLUE_CHIP.to_struct(6))
TOTALS = Totals(debt=10**12 * 65_536, shares=10**15)
PRICE = 200 * 10**24
COLLATERAL, SHARES = 100 * WAD, 17_000 * 10**9
CLOSE = quote(COLLATERAL, SHARES, PRICE, TOTALS, MAX, RISK)
ROW = LiquidationRow(
    step=1,
    hour=0.25,
    time=900,
    block=9,
    owner=OWNER,
    kind=RESTORABLE,
    price=PRICE,
    collateral_before=COLLATERAL,
    debt_before=17_000 * 10**6,
    shares_before=SHARES,
    shares=CLOSE.shares,
    seized=CLOSE.seized,
    repaid=CLOSE.paid,
    fee=CLOSE.fee,
    extinguished=CLOSE.extinguished,
    health_before=CLOSE.health_before,
    health_after=CLOSE.health_after,
    profit=0,
)


def batch_of(preview=CLOSE, owner: str = OWNER) -> Batch:
    """A batch of one close."""
    return Batch((owner,), (NO_LIMIT,), (preview,), (COLLATERAL,), (SHARES,), receipt=None)  # type: ignore[arg-type]


def broken(promise: str):
    """The promise is the one that is broken."""
    return pytest.raises(
        CheckFailed, match=f"^Broken promise: {promise.replace('(', '[(]').replace(')', '[)]')}; "
    )


def test_a_close_as_promised_passes() -> None:
    checks = Checks()
    checks.after_batch(batch_of(), (ROW,), TOTALS, RISK)
    checks.after_losses((ROW,), (0, 0, 0), 0)
    named = {promises.PREVIEW, promises.MODEL, promises.HEALTH, promises.EXACT_HEALTH, promises.NO_LOSS}
    assert checks.counts == dict.fromkeys(named | {promises.SPLIT, promises.WATERFALL}, 1)


@pytest.mark.parametrize("field", ["shares", "paid", "fee", "seized", "extinguished"])
def test_l8_a_preview_that_lied(field: str) -> None:
    lie = CLOSE._replace(**{field: getattr(CLOSE, field) + 1})
    with broken(promises.PREVIEW):
        Checks().after_batch(batch_of(lie), (ROW,), TOTALS, RISK)


def test_l8_an_event_of_another_owner() -> None:
    with broken(promises.PREVIEW):
        Checks().after_batch(batch_of(owner="0x" + "22" * 20), (ROW,), TOTALS, RISK)


def test_t1_a_model_that_differs() -> None:
    with broken(promises.MODEL):
        Checks().after_batch(batch_of(), (ROW,), Totals(TOTALS.debt + 10**12, TOTALS.shares), RISK)


def test_a_close_that_lowers_health() -> None:
    with broken(promises.HEALTH):
        Checks().after_batch(batch_of(), (replace(ROW, health_after=ROW.health_before - 1),), TOTALS, RISK)


def doctored(monkeypatch: pytest.MonkeyPatch, **fields: int):
    """A close with other figures, on which preview, model and event agree."""
    close = CLOSE._replace(**fields)
    monkeypatch.setattr(promises, "quote", lambda *_: close)
    names = {"paid": "repaid"}
    row = replace(ROW, **{names.get(name, name): figure for name, figure in fields.items()})
    return batch_of(close), (row,)


def test_l2_a_close_that_takes_more_collateral_than_debt(monkeypatch) -> None:
    fair = COLLATERAL * CLOSE.shares // SHARES
    Checks().after_batch(*doctored(monkeypatch, seized=fair), TOTALS, RISK)
    with broken(promises.EXACT_HEALTH):
        Checks().after_batch(*doctored(monkeypatch, seized=fair + 1), TOTALS, RISK)


def test_l3_a_restorable_close_at_a_loss(monkeypatch) -> None:
    Checks().after_batch(*doctored(monkeypatch, paid=CLOSE.extinguished), TOTALS, RISK)
    with broken(promises.NO_LOSS):
        Checks().after_batch(*doctored(monkeypatch, paid=CLOSE.extinguished - 1), TOTALS, RISK)


def test_a_loss_that_nobody_carried() -> None:
    lost = replace(ROW, repaid=ROW.extinguished - 1_000)
    Checks().after_losses((lost,), (1_000, 0, 0), 5)
    with broken(promises.SPLIT):
        Checks().after_losses((lost,), (997, 0, 0), 5)


def test_w1_lenders_who_lose_before_the_reserve() -> None:
    lost = replace(ROW, repaid=ROW.extinguished - 1_000)
    with broken(promises.WATERFALL):
        Checks().after_losses((lost,), (400, 0, 600), 1)


def books(drawn: int, total_shares: int, held: int, cash: int, assets: int, debt: int = 0):
    """A market whose views answer these figures."""
    answers = {
        "credit_line": (0, drawn, 0),
        "totals": (assets * 65_536, debt * 65_536, 0, total_shares, 0, 0),
        "collateral": held,
        "cash": cash,
    }
    return SimpleNamespace(
        node=SimpleNamespace(view=lambda method, *_: answers[method]),
        pool=SimpleNamespace(credit_line="credit_line", totals="totals"),
        vault=None,
        collateral=SimpleNamespace(balanceOf="collateral"),
        loan=SimpleNamespace(balanceOf="cash"),
    )


def positions(collateral: int, shares: int) -> tuple[PositionRow, ...]:
    """One borrower at the start, and with these amounts at the end."""
    start = PositionRow(START, OWNER, COLLATERAL, SHARES, 0, None, 0)
    return start, replace(start, moment=END, collateral=collateral, debt_shares=shares)


LEFT = (COLLATERAL - ROW.seized, SHARES - ROW.shares)
GOOD = {"drawn": LEFT[1], "total_shares": LEFT[1], "held": LEFT[0], "cash": 10, "assets": 15, "debt": 5}


def test_books_as_promised_pass() -> None:
    Checks().at_the_end(books(**GOOD), positions(*LEFT), (ROW,))


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"drawn": LEFT[1] + 1}, promises.SHARES),
        ({"total_shares": LEFT[1] - 1}, promises.SHARES),
        ({"held": LEFT[0] - 1}, promises.COLLATERAL),
        ({"cash": 9}, promises.BACKING),
    ],
)
def test_p2_v1_p3_books_that_do_not_add_up(changes: dict[str, int], promise: str) -> None:
    with broken(promise):
        Checks().at_the_end(books(**GOOD | changes), positions(*LEFT), (ROW,))


def test_events_that_do_not_explain_the_end() -> None:
    with broken(promises.REPLAY):
        Checks().at_the_end(books(**GOOD), positions(*LEFT), ())
