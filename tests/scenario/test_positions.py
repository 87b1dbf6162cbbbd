"""Positions from files: a real book as a scenario's start, and what is wrong with one."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plimsoll.report.data import write_scenario, write_tables
from plimsoll.scenario.grid import grid_of, points_of
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.reading import ScenarioError, Source, load, parse
from plimsoll.scenario.records import PositionRow, Result
from plimsoll.scenario.sweep import Sweep
from plimsoll.units import WAD
from tests.utils.laboratory import BASKET, TINY, laboratory, play

ALICE, BOB = "0x" + "a1" * 20, "0x" + "B2" * 20
CAROL = "0x" + "c3" * 20
ONE = "borrowers=[{file: book.csv}]"


def scenario(folder: Path, book: str, *settings: str, market: str = TINY, group: str = "{file: book.csv}"):
    """The short scenario with the positions of a file in place of its borrowers."""
    (folder / "book.csv").write_text(book)
    return parse(market, "own.yaml", [f"borrowers=[{group}]", *settings], folder)


def start(result: Result) -> dict[str, PositionRow]:
    return {row.owner: row for row in result.positions if row.moment == "start"}


BOOK = f"""\
owner,vault,collateral,debt
{ALICE},0,55.000000000000000001,5000.123456
{BOB},0,30,5500
{CAROL},0,20.5,
me,0,12,500
"""


def test_positions_stand_at_the_start_as_the_file_says(tmp_path) -> None:
    """Bob is under water and I owe less than the vault would lend; Carol owes nothing."""
    result = play(scenario(tmp_path, BOOK, "hours=0.5", "liquidators=[]"))
    found = start(result)
    assert {
        owner: row.collateral for owner, row in found.items() if owner[:4] in ("0xa1", "0xb2", "0xc3")
    } == {
        ALICE: 55 * 10**18 + 1,
        BOB.lower(): 30 * 10**18,
        CAROL: 20_500_000_000_000_000_000,
    }
    debts = sorted(row.debt for row in found.values())
    assert debts[0] == 0
    for debt, said in zip(debts[1:], (500 * 10**6, 5_000_123_456, 5_500 * 10**6), strict=True):
        assert 0 <= debt - said <= said * 1e-4  # half a day's interest
    health = found[BOB.lower()].health
    assert health == pytest.approx(30 * 200 * 0.83 / 5_500 * WAD, rel=1e-4)
    assert health < WAD
    assert result.compared > 20


def test_who_is_under_water_is_liquidated_in_the_first_block(tmp_path) -> None:
    result = play(scenario(tmp_path, BOOK, "hours=0.5", "liquidators=[{kind: capital, capital: 50_000}]"))
    assert {(row.block, row.owner) for row in result.liquidations} == {(0, BOB.lower())}
    assert next(row.oracle for row in result.vaults) == pytest.approx(200)
    assert min(row.dex for row in result.vaults) > 170  # the DEX has seen no other price


def test_yesterdays_end_is_tomorrows_start(tmp_path) -> None:
    """The table `positions` of a report is a file: collateral to the unit, debt with interest."""
    first = play(parse(TINY, "tiny.yaml", ["hours=2"]))
    write_tables(first, tmp_path)
    again = parse(
        TINY,
        "own.yaml",
        ["borrowers=[{file: positions.parquet}]", "pool.supply=500_000", "liquidators=[]"],
        tmp_path,
    )
    end = {row.owner: row for row in first.positions if row.moment == "end" and (row.collateral or row.debt)}
    found = start(play(again))
    assert {owner: row.collateral for owner, row in found.items()} == {
        owner: row.collateral for owner, row in end.items()
    }
    assert any(row.health is not None and row.health < WAD for row in end.values())
    for owner, row in found.items():
        assert 0 <= row.debt - end[owner].debt <= 1 + end[owner].debt * 1e-4
    begin = parse(TINY, "own.yaml", ["borrowers=[{file: positions.parquet, moment: start}]"], tmp_path)
    assert len(play(begin).positions) // 2 == 16


def test_a_baskets_end_is_a_start_too(tmp_path) -> None:
    """Its legs stand in the table `holdings` beside."""
    first = play(parse(BASKET, "basket.yaml"))
    write_tables(first, tmp_path)
    settings = ["borrowers=[{file: positions.parquet}]", "liquidators=[]", "hours=0.5"]
    found = play(parse(BASKET, "own.yaml", settings, tmp_path))
    ends = {(row.owner, row.leg): row.amount for row in first.holdings if row.moment == "end"}
    debts = {row.owner: row.debt for row in first.positions if row.moment == "end"}
    assert ends == {(row.owner, row.leg): row.amount for row in found.holdings if row.moment == "start"}
    assert any(amount < 10**12 for (_, leg), amount in ends.items() if leg == 0) or len(ends) > 20
    for owner, row in start(found).items():
        assert 0 <= row.debt - debts[owner] <= 1 + debts[owner] * 1e-4


def test_a_leg_of_which_hardly_anything_is_left_is_opened(tmp_path) -> None:
    """A basket takes no new leg that is worth so little; the position still has exactly that."""
    book = (
        f"owner,vault,leg,collateral,debt\n{ALICE},0,0,5,\n{ALICE},0,1,0.00000001,\n{ALICE},0,,,6000\n"
        f"{BOB},0,2,3000,1000\n{BOB},0,0,0.1,\n"
    )
    result = play(scenario(tmp_path, book, "hours=0.5", "liquidators=[]", market=BASKET))
    held = {(row.owner, row.leg): row.amount for row in result.holdings if row.moment == "start"}
    assert held == {
        (ALICE, 0): 5 * 10**18, (ALICE, 1): 1, (BOB.lower(), 2): 3_000 * 10**6, (BOB.lower(), 0): 10**17,
    }  # fmt: skip


def test_a_book_under_water_is_the_same_on_chain_and_twin(tmp_path) -> None:
    book = f"owner,vault,leg,collateral,debt\n{ALICE},0,0,1,4_000\n{BOB},0,2,3000,4000\n".replace("_", "")
    result = play(scenario(tmp_path, book, "compare_every=1", market=BASKET))
    assert start(result)[ALICE].health == pytest.approx(2_000 * 0.83 / 4_000 * WAD, rel=1e-4)
    assert {row.owner for row in result.liquidations if row.block == 0} == {ALICE, BOB.lower()}
    assert sum(loss.extinguished for loss in result.losses) > 2_000 * 10**6


def test_names_of_vaults_and_behaviours_are_the_files_own(tmp_path) -> None:
    book = (
        f"Owner,Vault,Collateral,Debt,Behaviour\n{ALICE},pUSDC/weth,65,10000,careful\n{BOB},pUSDC/weth,65,10000,\n"
        f"{CAROL},pUSDC/other,1,1,careful\n"
    )
    careful = "behaviours: {careful: {kind: top_up, below: 1.05, to: 1.2}}"
    group = f"{{file: book.csv, vaults: {{pUSDC/weth: 0}}, {careful}}}"
    found = scenario(tmp_path, book, "liquidators=[]", "hours=1.5", group=group)
    result = play(found)
    ends = {row.owner: row.collateral for row in result.positions if row.moment == "end"}
    assert found.borrowers[0].count == 2
    assert ends[ALICE] > ends[BOB.lower()] == 65 * 10**18
    assert {row.agent for row in result.agents if row.key == "acted"} == {"borrowers 0 careful"}


def test_drawn_people_and_those_of_a_file_are_different_people(tmp_path) -> None:
    """Also where the file is the end of a run with the same seed, whose people have the same names."""
    write_tables(play(parse(TINY, "tiny.yaml", ["hours=0.5", "liquidators=[]"])), tmp_path)
    group = "{count: 12, total_debt: 100_000, health: {min: 1.1, max: 1.6}}"
    settings = [
        f"borrowers=[{group}, {{file: positions.parquet}}]",
        "vaults.0.credit_limit=400_000",
        "hours=0.5",
    ]
    made = laboratory(parse(TINY, "own.yaml", settings, tmp_path))
    assert len(made.world.markets[0].owners) == 12 + 16


def test_a_report_has_all_that_a_run_was_played_from(tmp_path) -> None:
    """Also when the file is gone; and a sweep tells books apart by what they say."""
    found = scenario(tmp_path, BOOK)
    write_scenario(found, tmp_path / "scenario.yaml")
    (tmp_path / "book.csv").unlink()
    again = load(tmp_path / "scenario.yaml")
    assert laboratory(again).borrowers == laboratory(found).borrowers
    digests = []
    for debt in ("5500", "5501"):
        (tmp_path / "book.csv").write_text(BOOK.replace("5500", debt))
        source, grid = Source("own.yaml", TINY, tmp_path, (ONE,)), grid_of(())
        digests.append(Sweep(source, grid, tuple(points_of(source, grid)[0])).digest({}))
    assert digests[0] != digests[1]


def test_a_parquet_file_of_ones_own(tmp_path) -> None:
    columns = {
        "owner": ["a", "b"],
        "vault": [0, 0],
        "collateral": [Decimal("20.5"), Decimal(30)],
        "debt": [2_500.25, 3e3],
    }
    pq.write_table(pa.table(columns), tmp_path / "book.parquet")
    found = laboratory(parse(TINY, "own.yaml", ["borrowers=[{file: book.parquet}]"], tmp_path))
    loans: tuple[Borrower, ...] = found.borrowers[0]
    assert [(it.collateral, it.debt) for it in loans] == [
        (20_500_000_000_000_000_000, 2_500_250_000),
        (30 * 10**18, 3_000 * 10**6),
    ]


HEAD = "owner,vault,collateral,debt\n"
ADDRESS = "an address has 40 hexadecimal digits after 0x, and lies above 0xffff"
NUMBER = "write a number from 0 to 0, or say with `vaults` which one it is"
TWICE = "a row before says the same of its position; remove one"
CELLS = [
    (f"{ALICE},0,9,1\n\n,0,1,1", 4, "owner", "", "write one"),
    ("0x12,0,1,1", 2, "owner", "0x12", ADDRESS),
    (f"0x{1:040x},0,1,1", 2, "owner", f"0x{1:040x}", ADDRESS),
    (f"{ALICE},,1,1", 2, "vault", "", "write one"),
    (f"{ALICE},weth,1,1", 2, "vault", "weth", NUMBER),
    (f"{ALICE},0,much,1", 2, "collateral", "much", "it must be a number such as 12.5"),
    (f"{ALICE},0,nan,1", 2, "collateral", "nan", "it must be 0 or above"),
    (f"{ALICE},0,1,-1", 2, "debt", "-1", "it must be 0 or above"),
    (f"{ALICE},0,9,1.0000001", 2, "debt", "1.0000001", "its token has 6 digits after the point; round it"),
    (f"{ALICE},0,1e21,1", 2, "collateral", "1E+21", "it is more than a vault can hold; correct it"),
    (f"{ALICE},0,,5000", 2, "collateral", "0", "nobody owes without any; remove the row"),
    (f"{BOB},0,9,1\n{BOB.lower()},0,9,1", 3, "owner", BOB.lower(), TWICE),
]


@pytest.mark.parametrize(("rows", "line", "column", "value", "demand"), CELLS)
def test_a_wrong_value_is_named_with_line_and_column(
    tmp_path, rows: str, line: int, column: str, value: str, demand: str
) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(tmp_path, f"{HEAD}{rows}\n")
    told = str(refused.value).replace(f"{tmp_path}/", "").replace(": borrowers.0: ", ": ")
    place = f"own.yaml, as changed by {ONE}: book.csv, line {line}, column {column!r}"
    assert told == f"{place} is {value!r}; {demand}."


FILES = [
    (
        "",
        "book.csv has no column 'owner', only none (separated by commas); it needs owner, vault, "
        "collateral and debt",
    ),
    (
        "owner,vault,debt\n",
        "book.csv has no column 'collateral', only owner, vault, debt (separated by commas); it needs owner, "
        "vault, collateral and debt",
    ),
    (HEAD, "book.csv has no positions; it needs a row for each"),
    ("owner,owner,vault,collateral,debt\n", "book.csv has 2 columns 'owner'; rename all but one"),
    (f"{HEAD}{ALICE},0,1\n", "book.csv, line 2 has 3 values for 4 columns; correct it"),
]


@pytest.mark.parametrize(("book", "sentence"), FILES)
def test_a_file_that_has_no_positions_is_refused(tmp_path, book: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(tmp_path, book)
    told = str(refused.value).replace(f"{tmp_path}/", "")
    assert told == f"own.yaml, as changed by {ONE}: borrowers.0: {sentence}."


GROUPS = [
    (
        "{file: none.csv}",
        "borrowers.0: none.csv cannot be read (no such file or directory); name another file, by its whole "
        "path if it is not beside the scenario",
    ),
    (
        "{file: none.parquet}",
        "borrowers.0: none.parquet cannot be read (no such file or directory); name another file, by its "
        "whole path if it is not beside the scenario",
    ),
    ("{file: own.parquet}", "borrowers.0: own.parquet is no Parquet file; name another file"),
    ("{file: book.csv, vaults: {weth: 0}}", "borrowers.0.vaults names 'weth'; the vaults of book.csv are 0"),
    ('{file: book.csv, vaults: {"0": 1}}', "borrowers.0.vaults has the number 1; the last vault is 0"),
    (
        "{file: book.csv, behaviours: {careful: {kind: passive}}}",
        "borrowers.0.behaviours names 'careful', but no row of book.csv has that in column 'behaviour'; "
        "correct one of them",
    ),
    (
        "{file: book.csv}, {file: book.csv}",
        f"borrowers.1.file has a position of {ALICE} in vaults.0, and so has borrowers.0.file; remove one of "
        "them",
    ),
]


@pytest.mark.parametrize(("group", "sentence"), GROUPS, ids=[each[0] for each in GROUPS])
def test_what_does_not_fit_the_file_is_refused(tmp_path, group: str, sentence: str) -> None:
    (tmp_path / "own.parquet").write_text("no")
    with pytest.raises(ScenarioError) as refused:
        scenario(tmp_path, BOOK, group=group)
    assert f": {sentence}." in str(refused.value).replace(f"{tmp_path}/", "")


def test_a_book_beyond_the_credit_line_is_refused(tmp_path) -> None:
    said = (
        r"the borrowers of vaults.0 owe 600000, above its credit_limit 300000; raise it or lower total_debt"
    )
    with pytest.raises(ScenarioError, match=said):
        scenario(tmp_path, f"{HEAD}{ALICE},0,5000,600000\n")


def test_what_a_file_says_of_behaviours_and_legs_must_be_known(tmp_path) -> None:
    named = f"owner,vault,collateral,debt,behaviour\n{ALICE},0,65,5000,bold\n{BOB},0,65,5000,careful\n"
    group = "{file: book.csv, behaviours: {careful: {kind: passive}}}"
    with pytest.raises(
        ScenarioError, match=r"line 2, column 'behaviour' is 'bold'; say with `behaviours` what that is"
    ):
        scenario(tmp_path, named, group=group)
    legs = "owner,vault,leg,collateral,debt\n"
    for row, told in (
        ("a,0,3,1,1", r"column 'leg' is '3'; the last leg of vaults.0 is 2"),
        ("a,0,x,1,1", r"column 'leg' is 'x'; it must be the number of a leg, from 0"),
        ("a,0,,1,1", r"column 'collateral' is '1'; vaults.0 is a basket; say in a column 'leg' of which leg"),
        (
            "a,0,0,9,5000\na,0,1,9,5000",
            r"line 3, column 'debt' is '5000'; write a position's debt in one of its rows",
        ),
        (
            "a,0,2,100,4000",
            r"owes 4,000 in vaults.0, whose legs back 410 at their ceilings; raise `ceiling` or",
        ),
    ):
        with pytest.raises(ScenarioError, match=told):
            scenario(tmp_path, f"{legs}{row}\n", market=BASKET)
    with pytest.raises(
        ScenarioError, match=r"borrowers.0.file has positions in vaults.0, which is `separate`"
    ):
        scenario(tmp_path, f"{legs}a,0,0,9,5000\n", "vaults.0.separate=true", market=BASKET)


def test_an_unwinder_of_a_file_needs_a_dex(tmp_path) -> None:
    named = f"owner,vault,collateral,debt,behaviour\n{ALICE},0,65,5000,seller\n"
    group = "{file: book.csv, behaviours: {seller: {kind: unwind, below: 1.1, to: %s}}}"
    with pytest.raises(ScenarioError, match=r"borrowers.0 needs a DEX, but vaults.0 has no dex; add one"):
        scenario(tmp_path, named, "vaults.0.dex=null", "liquidators=[]", group=group % 1.2)
    with pytest.raises(
        ScenarioError, match=r"borrowers.0.behaviours.seller.to is 1.03; .* so raise it to 1.0375"
    ):
        scenario(tmp_path, named, group=group.replace("1.1", "1.01") % 1.03)


def test_a_pace_must_let_everybody_borrow_at_first() -> None:
    with pytest.raises(
        ScenarioError, match=r"the borrowers of vaults.0 owe 240000, above the 150000.0 that its pace"
    ):
        parse(TINY, "tiny.yaml", ["pool.draw_burst=0.5"])


def test_a_positions_file_is_played_the_same_each_time(tmp_path) -> None:
    found = scenario(tmp_path, BOOK, "liquidators=[{kind: capital, capital: 50_000}]")
    one, other = (play(found) for _ in range(2))
    assert one.positions == other.positions
