"""Groups that are like a book: its sizes and loan-to-values together, with a count and debts of one's own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from plimsoll.report.data import write_scenario
from plimsoll.scenario.borrowers import Borrower, draw
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.likeness import scaled
from plimsoll.scenario.reading import ScenarioError, load, parse
from plimsoll.units import WAD
from tests.utils.laboratory import BASKET, TINY, laboratory, play

MARKET = ("pool.supply=40_000_000", "vaults.0.credit_limit=30_000_000")
PRICE = 200


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A book with a Pareto tail, in which who owes much is safer; a tenth is under water."""
    folder = tmp_path_factory.mktemp("book")
    rng = np.random.default_rng(1)
    debts = 3_000 * (1 + rng.pareto(1.3, 400))
    ltvs = 0.75 * (debts / 3_000) ** -0.2 * np.exp(0.1 * rng.standard_normal(400))
    ltvs[::10] *= 1.6
    rows = [
        f"p{number},weth,{debt / ltv / PRICE:.18f},{debt:.6f}"
        for number, (debt, ltv) in enumerate(zip(debts, ltvs, strict=True))
    ]
    (folder / "book.csv").write_text("\n".join(["owner,vault,collateral,debt", *rows, "idle,weth,5,"]))
    return folder


def like(folder: Path, settings: Sequence[str] = (), more: str = "", count: int = 2_000) -> Scenario:
    group = f"{{count: {count}, total_debt: 20_000_000, like: {{file: book.csv, vault: weth{more}}}}}"
    return parse(TINY, "own.yaml", [f"borrowers=[{group}]", *MARKET, *settings], folder)


def people(scenario: Scenario) -> tuple[Borrower, ...]:
    (group,) = draw(scenario, [float(path[0]) for path in scenario.outside_prices()])
    return group


def of(loans: Sequence[Borrower], price: float = PRICE) -> tuple[np.ndarray, np.ndarray]:
    """Debts and loan-to-values."""
    debts = np.array([loan.debt / 1e6 for loan in loans])
    return debts, debts / np.array([loan.collateral / 1e18 * price for loan in loans])


def of_the_book(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = [line.split(",") for line in (folder / "book.csv").read_text().splitlines()[1:-1]]
    debts = np.array([float(row[3]) for row in rows])
    return debts, debts / np.array([float(row[2]) * PRICE for row in rows])


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Of Kolmogorov and Smirnov: the largest between two distribution functions."""
    at = np.concatenate([one, other])
    parts = [np.searchsorted(np.sort(each), at, side="right") / len(each) for each in (one, other)]
    return float(np.abs(parts[0] - parts[1]).max())


def test_sizes_and_loan_to_values_are_distributed_as_in_the_book(book) -> None:
    debts, ltvs = of(people(like(book, ["vaults.0.min_debt=50"])))
    theirs, their_ltvs = of_the_book(book)
    assert debts.sum() == pytest.approx(20_000_000, rel=1e-3)
    assert distance(ltvs, their_ltvs) < 0.05
    assert distance(debts / np.median(debts), theirs / np.median(theirs)) < 0.06
    tail, their_tail = (np.sort(each)[-len(each) // 50 :].sum() / each.sum() for each in (debts, theirs))
    assert tail == pytest.approx(their_tail, rel=0.3)
    assert tail > 0.2


def test_who_owes_much_is_as_safe_as_in_the_book(book) -> None:
    """Sizes and loan-to-values are drawn together."""
    found = [
        np.corrcoef(np.log(debts), np.log(ltvs))[0, 1]
        for debts, ltvs in (of(people(like(book))), of_the_book(book))
    ]
    assert found[1] < -0.3
    assert found[0] == pytest.approx(found[1], abs=0.1)


def test_without_noise_everybody_is_somebody_of_the_book(book) -> None:
    (_, ltvs), (_, theirs) = of(people(like(book, more=", jitter: 0"))), of_the_book(book)
    for ltv in ltvs:
        assert np.abs(theirs / ltv - 1).min() < 1e-3
    assert len({round(ltv, 6) for ltv in ltvs}) <= 400
    assert len({round(ltv, 6) for ltv in of(people(like(book)))[1]}) > 1_000


def test_loan_to_values_are_of_the_books_prices(book) -> None:
    """Its price then is said; the collateral is of the scenario's first price."""
    moved = like(book, ["vaults.0.price.points=[[0, 100], [3, 90]]"], ", prices: [200]")
    assert of(people(moved), 100)[1] == pytest.approx(of(people(like(book)))[1], rel=1e-3)
    cheap = like(book, ["vaults.0.price.points=[[0, 100], [3, 90]]"])
    assert of(people(cheap), 100)[1] == pytest.approx(2 * of(people(like(book)))[1], rel=1e-3)


@pytest.mark.parametrize(
    "setting", ["vaults.0.threshold=0.82", "vaults.0.ltv=0.7", "vaults.0.bonus_max=0.05"]
)
def test_people_stay_whatever_the_vaults_parameters_are(book, setting: str) -> None:
    assert people(like(book, [setting])) == people(like(book)) != people(like(book, ["seed=8"]))


def test_nobody_owes_less_than_the_smallest_loan_and_the_sum_is_kept() -> None:
    sizes = np.array([1.0, 5.0, 2.0, 92.0])
    for total, least, expected in (
        (100, 0, [1, 5, 2, 92]),
        (200, 4, [4, 196 / 99 * 5, 4, 0]),
        (100, 4, [4, 92 * 5 / 97, 4, 92 * 92 / 97]),
        (100, 25, [25, 25, 25, 25]),
    ):
        found = scaled(sizes, total, least)
        assert found.sum() == pytest.approx(total)
        assert found.min() >= least
        if total == 100:
            assert found == pytest.approx(np.array(expected))


def test_people_who_are_under_water_like_the_books_are_opened_and_closed(book) -> None:
    result = play(
        like(
            book,
            ["hours=0.4", "liquidators=[{kind: capital, capital: 20_000_000}]", "compare_every=1"],
            count=60,
        )
    )
    healths = [row.health / WAD for row in result.positions if row.moment == "start"]
    assert 1 <= sum(health < 1 for health in healths) <= 20
    assert {close.block for close in result.liquidations} >= {0}
    assert min(row.debt for row in result.positions if row.moment == "start") >= 2_500 * 10**6


def test_a_baskets_people_hold_what_the_books_hold(tmp_path) -> None:
    """Weights are drawn with the rest of a row."""
    rows = ["a,0,0,10,", "a,0,1,0,10000", "b,0,1,1,30000", "c,0,2,20000,", "c,0,0,1,15000"]
    (tmp_path / "book.csv").write_text(
        "\n".join(
            [
                "owner,vault,leg,collateral,debt",
                *[f"{a},{v},{g},{c},{d}" for a, v, g, c, d in (row.split(",") for row in rows)],
            ]
        )
    )
    group = "{count: 60, total_debt: 1_000_000, like: {file: book.csv, jitter: 0}}"
    scenario = parse(BASKET, "own.yaml", [f"borrowers=[{group}]"], tmp_path)
    prices = np.array([2_000 / 1e18, 60_000 / 1e8, 1 / 1e6])
    seen = set()
    for loan in people(scenario):
        values = np.array(loan.amounts) * prices
        seen.add((*np.round(values / values.sum(), 3).tolist(), round(loan.debt / 1e6 / values.sum(), 3)))
    assert seen == {(1.0, 0.0, 0.0, 0.5), (0.0, 1.0, 0.0, 0.5), (0.091, 0.0, 0.909, 0.682)}
    assert len(laboratory(scenario).world.markets[0].owners) == 60


def test_a_report_has_the_book(book, tmp_path) -> None:
    found = like(book)
    write_scenario(found, tmp_path / "scenario.yaml")
    assert people(load(tmp_path / "scenario.yaml")) == people(found)


WETH = "{file: book.csv, vault: weth}"
REFUSALS = [
    (
        "{file: book.csv}",
        "borrowers.0.like.vault is '0', in which nobody of book.csv owes anything; its vaults are weth",
    ),
    (
        "{file: book.csv, vault: weth, prices: [1, 2]}",
        "borrowers.0.like.prices has 2 prices for 1 collateral; give one for each",
    ),
    (
        f"{WETH}, debt_sigma: 2",
        "borrowers.0: it is like a book, which leaves nothing to debt_sigma; remove that",
    ),
    (
        f"{WETH}, ltv: {{min: 0.3, max: 0.4}}",
        "borrowers.0: it has ltv and like of `health`, `ltv` and `like`; say with one of them how safe "
        "loans are",
    ),
    (
        "{file: legs.csv}",
        "legs.csv, line 2, column 'leg' is '1', but the group's vault has 1 collateral; name a book like it",
    ),
    (
        "{file: none.csv}",
        "borrowers.0.like: none.csv cannot be read (no such file or directory); name another file, by its "
        "whole path if it is not beside the scenario",
    ),
]


@pytest.mark.parametrize(("group", "sentence"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_book_that_does_not_fit_is_refused(book, group: str, sentence: str) -> None:
    (book / "legs.csv").write_text("owner,vault,leg,collateral,debt\na,0,1,5,4\n")
    with pytest.raises(ScenarioError) as refused:
        parse(TINY, "own.yaml", [f"borrowers=[{{count: 2, total_debt: 9_000, like: {group}}}]"], book)
    assert str(refused.value).replace(f"{book}/", "").endswith(f": {sentence}.")
