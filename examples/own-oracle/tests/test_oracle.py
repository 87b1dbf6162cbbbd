"""The oracle alone: its bounds, and what a vault expects of any oracle (see `IOracle`)."""

import pytest
from own import POSTED_ORACLE, quoted

from plimsoll.testing import refusal, reverts
from plimsoll.units import HOUR


def test_it_begins_with_a_price(builder, operator):
    assert builder.chain.refusal(POSTED_ORACLE, operator, 0) == "posted: no price"


@pytest.mark.parametrize(
    "price, reason",
    [
        (1_800, None),
        (2_200, None),
        (1_799, "posted: too far"),
        (2_201, "posted: too far"),
        (0, "posted: no price"),
    ],
)
def test_a_report_moves_the_price_by_at_most_a_tenth(oracle, operator, price, reason):
    assert refusal(oracle.report, quoted(price), sender=operator) == reason


def test_nobody_else_reports(oracle, stranger):
    with reverts("posted: only reporter"):
        oracle.report(quoted(2_000), sender=stranger)


def test_the_safe_price_is_never_above_the_price(oracle, operator):
    oracle.report(quoted(1_900), sender=operator)
    assert (oracle.safe_price(), oracle.price()) == (quoted(1_900), quoted(2_000))
    oracle.report(quoted(1_950), sender=operator)
    assert (oracle.safe_price(), oracle.price()) == (quoted(1_900), quoted(1_950))


def test_both_answers_fail_together(oracle, operator, builder):
    builder.chain.advance(HOUR)
    assert oracle.price() == oracle.safe_price() == quoted(2_000)
    builder.chain.advance(1)
    for answer in (oracle.price, oracle.safe_price):
        with reverts("posted: stale"):
            answer()
    oracle.report(quoted(1_000), sender=operator)
    assert oracle.price() == oracle.safe_price() == quoted(1_000)
