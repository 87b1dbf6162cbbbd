"""Candles of CSV files: what is read, what is refused, and that no high or low is lost on the way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.scenario.candles import along
from plimsoll.scenario.paths import Candles

HEAD = "time,Open,High,Low,Close,Volume\n"
HOURS = [f"2021-05-19T{hour:02}:00:00Z" for hour in range(24)]


def candles(tmp_path, *rows: str, head: str = HEAD, **settings) -> Candles:
    file = tmp_path / "candles.csv"
    file.write_text(head + "".join(row + "\n" for row in rows))
    return Candles(kind="csv", file=file, **settings)


def hourly(*hours: int) -> list[str]:
    """Rows of candles at hours of a day; each opens and closes at its hour, plus 100."""
    return [f"{HOURS[hour]},{100 + hour},{100 + hour},{100 + hour},{100 + hour},1" for hour in hours]


def opens(path: Candles) -> list[float]:
    return path.candles()[:, 0].tolist()


# --------------------------------------------------------------------------------------------- the way within


def test_both_wicks_of_a_candle_count(tmp_path) -> None:
    """A rising candle goes to its low first, a falling one to its high."""
    path = candles(tmp_path, f"{HOURS[0]},100,130,90,120,1", f"{HOURS[1]},120,125,60,80,1")
    found = path.prices(np.arange(7) / 3)
    assert found.tolist() == pytest.approx([100, 90, 130, 120, 125, 60, 80])
    assert path.hours == 2


def test_a_candle_that_stands_still_counts_as_rising(tmp_path) -> None:
    path = candles(tmp_path, f"{HOURS[0]},100,130,90,100,1")
    assert path.prices(np.array([1 / 3, 2 / 3])).tolist() == pytest.approx([90, 130])


def test_candles_may_last_longer_and_be_called_otherwise(tmp_path) -> None:
    columns = ("o", "h", "l", "c")
    path = candles(tmp_path, "100,130,90,120", head="o,h,l,c\n", hours_per_candle=24, columns=columns)
    assert path.hours == 24
    assert path.prices(np.array([0.0, 8.0, 16.0])).tolist() == pytest.approx([100, 90, 130])


PRICES = st.floats(1, 1_000)
CANDLE = st.lists(PRICES, min_size=4, max_size=4).map(sorted)


@given(st.lists(st.tuples(CANDLE, st.booleans()), min_size=1, max_size=30), st.integers(1, 1_200))
def test_no_block_length_loses_an_extreme(drawn, block_seconds: int) -> None:
    """The blocks of every candle hold its high and low, whatever divides it; nothing lies outside."""
    rows = np.array([(a, d, low, b) if rises else (b, d, low, a) for (low, a, b, d), rises in drawn])
    blocks = int(len(rows) * 3_600 / block_seconds + 1e-9)
    hours = np.arange(blocks + 1) * (block_seconds / 3_600)
    prices = along(rows, 1.0, hours)
    candle = np.minimum(np.arange(blocks + 1) * block_seconds // 3_600, len(rows) - 1)
    for number, (_, high, low, _) in enumerate(rows):
        own = prices[candle == number]
        assert (own.max(), own.min()) == (high, low)


# ----------------------------------------------------------------------------------------------- what is read


def test_a_file_without_names_has_numbers_for_its_columns(tmp_path) -> None:
    """As some exchanges export them: milliseconds, open, high, low, close, volume."""
    rows = "1621382400000,100,130,90,120,1", "1621386000000,120,125,60,80,1", ""
    path = candles(tmp_path, *rows, head="", columns=(1, 2, 3, 4))
    assert path.candles().tolist() == [[100, 130, 90, 120], [120, 125, 60, 80]]
    assert path.begins.isoformat() == "2021-05-19T00:00:00+00:00"
    with pytest.raises(ValueError, match=r"has no column 6, only 0 to 5; correct the number"):
        Candles(kind="csv", file=path.file, columns=(1, 2, 3, 6))


@pytest.mark.parametrize("name", ["time", "Timestamp", "TS", "date", "datetime", "unix", "Open time", "when"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("1621382400", "1621386000"),
        ("1621382400000", "1621386000000"),
        ("1621382400000000", "1621386000000000"),
        ("1621382400000000000", "1621386000000000000"),
        ("2021-05-19 00:00:00", "2021-05-19 01:00:00"),
        ("2021-05-19T00:00:00Z", "2021-05-19T01:00:00Z"),
        ("2021-05-19T02:00:00+02:00", "2021-05-19T01:00:00Z"),
    ],
)
def test_candles_that_run_backwards_are_noticed(tmp_path, name: str, first: str, last: str) -> None:
    """Many exports begin with the newest candle; played as they stand they would tell another story."""
    rows = f"{last},120,125,60,80,1", f"{first},100,130,90,120,1"
    head = HEAD.replace("time", name)
    begins, ends = "2021-05-19T00:00:00Z", "2021-05-19T01:00:00Z"
    with pytest.raises(ValueError, match=rf"goes from {ends} to {begins}; set `newest_first: true`"):
        candles(tmp_path, *rows, head=head)
    found = candles(tmp_path, *rows, head=head, newest_first=True)
    assert found.candles()[0].tolist() == [100, 130, 90, 120]
    with pytest.raises(ValueError, match=rf"goes from {begins} to {ends}; set `newest_first: false`"):
        candles(tmp_path, *rows[::-1], head=head, newest_first=True)


def test_candles_of_another_length_are_noticed(tmp_path) -> None:
    rows = [f"2021-05-19 00:{minute:02}:00,100,130,90,120,1" for minute in (0, 20, 40)]
    with pytest.raises(
        ValueError, match=r"has candles 0\.333333 hours apart; set `hours_per_candle` to that"
    ):
        candles(tmp_path, *rows)
    assert candles(tmp_path, *rows, hours_per_candle="0.333333").hours == 1


def test_a_missing_candle_is_refused_or_filled(tmp_path) -> None:
    rows = hourly(0, 1, 4, 5, 6)
    with pytest.raises(
        ValueError, match=r"lines 3 and 4 are 3 hours apart \(candles missing: 2\); add them or"
    ):
        candles(tmp_path, *rows)
    filled = candles(tmp_path, *rows, gaps="fill")
    expected = [[100] * 4, [101] * 4, [101, 102.5, 101, 102.5], [102.5, 104, 102.5, 104]]
    assert filled.candles().tolist() == [*expected, [104] * 4, [105] * 4, [106] * 4]
    assert filled.hours == 7


def test_rows_that_fit_no_step_are_refused_even_if_gaps_are_filled(tmp_path) -> None:
    rows = [*hourly(0, 1, 2), "2021-05-19T03:30:00Z,1,1,1,1,1", "2021-05-19T04:30:00Z,1,1,1,1,1"]
    with pytest.raises(
        ValueError, match=r"lines 4 and 5 are 1\.5 hours apart, which no number of candles of 1"
    ):
        candles(tmp_path, *rows, gaps="fill")


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ((0, 1, 1, 2), r"lines 3 and 4 are both 2021-05-19T01:00:00Z; remove one"),
        ((0, 2, 1, 3), r"line 4 is 2021-05-19T01:00:00Z, out of order beside line 3 with 2021-05-19T02"),
    ],
)
@pytest.mark.parametrize("gaps", ["refuse", "fill"])
def test_doubled_rows_and_wrong_orders_are_refused(tmp_path, hours, sentence: str, gaps: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        candles(tmp_path, *hourly(*hours), gaps=gaps)


def test_from_and_to_cut_a_file(tmp_path) -> None:
    """From the first on, and before the second; what is wrong elsewhere does not matter."""
    rows = hourly(0, 2, 3, 4, 5, 6, 9)
    cut = {"from": "2021-05-19T02:00:00Z", "to": "2021-05-19T06:00:00Z"}
    path = candles(tmp_path, *rows, **cut)
    assert opens(path) == [102, 103, 104, 105]
    assert path.begins.isoformat() == "2021-05-19T02:00:00+00:00"
    assert opens(candles(tmp_path, *rows[:-1], **{"from": "2021-05-19T05:00:00+02:00"})) == [
        103,
        104,
        105,
        106,
    ]
    with pytest.raises(
        ValueError, match=r"goes from 2021-05-19T00:00:00Z to 2021-05-19T09:00:00Z, and has no"
    ):
        candles(tmp_path, *rows, **{"from": "2022-05-19T02:00:00Z"})
    with pytest.raises(ValueError, match=r"has no times for `from` and `to` to cut it by; name their column"):
        candles(tmp_path, *rows, time="none", **cut)


@pytest.mark.parametrize("text", ["19/05/2021", "0", "1969-12-31", "soon", ""])
def test_a_time_that_is_not_understood_is_refused(tmp_path, text: str) -> None:
    rows = [f"{HOURS[0]},100,130,90,120,1", f"{text},100,130,90,120,1"]
    with pytest.raises(
        ValueError, match=rf"line 3: '{text}' is no time that is understood; write it like 2020"
    ):
        candles(tmp_path, *rows)
    path = candles(tmp_path, *rows, time="none")
    assert (path.hours, path.begins) == (2, None)


def test_the_column_of_times_can_be_named(tmp_path) -> None:
    """It is looked for by usual names, then by what cells hold; numbers that are no times are none."""
    head = "row,volume,open,high,low,close,ended\n"
    rows = [f"{row},{row}000000,1,1,1,1,2021-05-19T{row:02}:00:00Z" for row in range(1, 4)]
    assert candles(tmp_path, *rows, head=head).begins.hour == 1
    assert candles(tmp_path, *rows, head=head, time="Ended").begins.hour == 1
    assert candles(tmp_path, *rows, head=head, time=6).begins.hour == 1
    with pytest.raises(ValueError, match=r"line 2: '1' is no time that is understood"):
        candles(tmp_path, *rows, head=head, time="row")
    with pytest.raises(ValueError, match=r"has no column 'at', only row, volume"):
        candles(tmp_path, *rows, head=head, time="at")
    assert candles(tmp_path, *(row[:-20] for row in rows), head=head).begins is None


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [f"{HOURS[0]},100,130,90,nan,1"],
            "line 2, column 'close' is nan; it must be above 0, at most 1000000000",
        ),
        (
            [f"{HOURS[0]},100,130,-90,120,1"],
            "line 2, column 'low' is -90; it must be above 0, at most 1000000000",
        ),
        (
            [f"{HOURS[0]},100,130,90,120,1", f"{HOURS[1]},120,,90,80,1"],
            "line 3, column 'high' is ''; it must be a number",
        ),
        ([f"{HOURS[0]},100,130,90"], "line 2, column 'close' is ''; it must be a number"),
        (
            [f"{HOURS[0]},100,130,110,120,1"],
            "line 2: open 100 and close 120 do not lie between low 110 and high 130; correct the line or "
            "`columns`",
        ),
        ([], "has no candles; it needs a line of column names, and one a candle"),
    ],
)
def test_wrong_candles_are_refused_in_one_sentence(tmp_path, rows, sentence) -> None:
    with pytest.raises(ValueError, match=r"candles\.csv") as refusal:
        candles(tmp_path, *rows)
    assert sentence in str(refusal.value)


def test_a_missing_column_is_named_with_those_there_are(tmp_path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("open,high,low,last\n1,1,1,1\n")
    with pytest.raises(
        ValueError, match=r"no column 'close', only open, high, low, last \(separated by commas\); name"
    ):
        Candles(kind="csv", file=file)
