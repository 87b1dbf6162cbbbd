"""When a feed is updated, and what it then says."""

from types import SimpleNamespace

import pytest

from plimsoll.scenario.feeds import FeedUpdates
from plimsoll.scenario.oracles import FeedConfig
from plimsoll.scenario.spans import Span

MINUTE = 60


def answers(prices: list[float], **settings: object) -> list[int | None]:
    """What the feed, at the first price before, is set to in each block of a minute; None: it is not."""
    config = FeedConfig(decimals=2, **settings)
    feed = SimpleNamespace(answer=round(prices[0] * 100), updated_at=0)
    updates = FeedUpdates(config, feed)
    found: list[int | None] = []
    for block, price in enumerate(prices):
        updates.see(price)
        answer = updates.due(block * MINUTE, block * MINUTE)
        found.append(answer)
        if answer is not None:
            feed.answer, feed.updated_at = answer, block * MINUTE
    return found


def test_deviation_counts_from_the_last_answer() -> None:
    """0.9 % and 0.9 % again are less than 1 % each, together more."""
    assert answers([100, 99.1, 98.9, 98.9, 99.8], deviation="0.01") == [None, None, 9890, None, None]
    assert answers([100, 101], deviation="0.01") == [None, 10100]


def test_the_heartbeat_updates_what_has_not_moved() -> None:
    assert answers([100] * 5, deviation="0.01", heartbeat=120) == [None, None, 10000, None, 10000]


def test_every_move_with_a_deviation_of_nothing() -> None:
    assert answers([100, 100.01, 100.01], deviation=0) == [None, 10001, None]


def test_a_delay_shows_the_price_of_blocks_ago() -> None:
    assert answers([100, 90, 80, 70, 70], deviation="0.01", delay=2) == [None, None, None, 9000, 8000]


def test_nothing_comes_in_an_outage_and_what_is_due_right_after() -> None:
    outages = [{"start": "0.0167", "end": "0.05"}]  # from the second minute up to the third
    assert answers([100, 90, 80, 70, 60], outages=outages) == [None, 9000, None, 7000, 6000]


def test_a_freeze_repeats_the_old_answer_by_the_heartbeat() -> None:
    """With a fresh time, so that nobody can tell."""
    freezes = [{"start": "0.0001", "end": "0.06"}]
    prices = [100.0, 90, 80, 70, 60]
    assert answers(prices, heartbeat=120, freezes=freezes) == [None, None, 10000, None, 6000]


def test_a_print_stands_until_the_next_update() -> None:
    bad_answers = [{"hour": "0.03", "price": 50}]
    assert answers([100] * 4, bad_answers=bad_answers) == [None, None, 5000, 10000]


def test_answers_older_than_patience_are_refused() -> None:
    assert FeedConfig(heartbeat=60).stale_after == 120
    assert FeedConfig(heartbeat=60, patience=90).stale_after == 90


@pytest.mark.parametrize("name", ["outages", "freezes"])
def test_a_span_ends_before_its_last_hour(name: str) -> None:
    span = {name: [{"start": 0, "end": "0.05"}]}  # three blocks of a minute
    assert answers([100, 90, 80, 70], deviation="0.01", **span) == [None, None, None, 7000]


def test_decimal_hours_begin_in_their_block() -> None:
    """0.3 hours are 1,080 seconds, whatever a float makes of it."""
    for tenths in range(240):
        span = Span(start=f"{tenths / 10:.1f}", end="24.1")
        assert [span.covers(tenths * 360 + late) for late in (-1, 0)] == [False, True]
