"""The twin and every engine give the same answers, to the wei."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from plimsoll import Amount, Market, PoolParams, Refused
from plimsoll.chain.lens import Lens

PACED = PoolParams(name="Plimsoll USDC", symbol="pUSDC", insurance_target="0", backstop_share="0.5")


def played(m: Market) -> Iterator[Any]:
    """A session in which everything happens, and what it answers."""
    yield m.stake("staker", 20_000)
    yield m.supply("other lender", "123456.789")
    m.borrower("alice", collateral=10, debt=15_000)
    m.borrower("carol", collateral="7.25", debt=None)
    m.borrower("dave", collateral=5, debt=7_500)
    m.borrower("erin", collateral=0.5, debt=0)
    m.advance(days=17, seconds=5)
    yield m.position("alice"), m.books()
    yield m.borrow("alice", 321.5), m.repay("alice", "1000.25"), m.repay("dave", 100, by="a friend")
    m.top_up("carol", 0.125)
    m.top_up("carol", 0.125, by="a friend")
    yield m.withdraw("erin", "0.25"), m.withdraw("carol"), m.borrow("carol")
    yield m.close("dave", repay=1_000, withdraw="0.1")
    yield m.preview_open("frank", 3, 4_321), m.preview_withdraw("alice", 1), m.what_if(1_500)
    m.price = 1_700
    yield m.preview_liquidation("alice"), m.preview_liquidation("alice", 500, price=1_650)
    with m.undone():
        yield m.liquidate_all(by="bob"), m.wallet("bob"), m.positions()
    yield m.liquidate("alice", 1_234, by="bob"), m.flash_liquidate("carol", by="bob"), m.wallet("bob")
    m.price = 1_100
    yield [m.poke(who) for who in ("alice", "carol", "dave")]
    yield m.books(), m.leave("other lender", at_least=1_000)
    yield m.liquidate_all(by="bob")
    yield m.council.queued, m.council.curator, m.council.guardian
    m.council.queue_guardian("gina")
    yield m.council.queued, m.request("staker")
    m.advance(days=3)
    m.council.execute()
    m.council.pause()
    yield m.council.guardian, m.now
    m.council.unpause()
    m.council.set_limit(9_000_000)
    m.council.cut_limit()
    m.advance(timedelta(days=1))
    m.council.restore_limit(8_000_000)
    m.council.queue_limit(8_040_000)
    yield m.council.witness(), m.council.queued
    m.advance(days=3)
    m.council.execute()
    m.council.set_supply_cap(30_000_000)
    m.advance(days=8)
    yield m.unstake("staker"), m.wallet("staker"), m.leave("staker")
    yield m.leave("lender", 1_000)
    m.price = 2_400
    yield [m.poke(who) for who in ("alice", "carol", "dave")]
    m.borrower("hugo", collateral=300, debt=450_000)
    m.advance(days=900)
    yield m.stake("other staker", 5_000), m.council.announce()
    m.advance(days=3)
    yield m.council.distribute()
    yield m.books(), m.positions(), m.events(), m.events("Liquidation"), m.events("Loss")


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last digit, frames included."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif isinstance(one, tuple | list):
        assert len(one) == len(other)
        for part, its in zip(one, other, strict=True):
            assert_same(part, its)
    else:
        assert one == other
        if isinstance(one, Amount):
            assert (one.raw, one.decimals, one.unit) == (other.raw, other.decimals, other.unit)


def assert_same_sessions(markets: Sequence[Any], play: Callable[[Any], Iterator[Any]]) -> None:
    """Every market answers the session as the first one does."""
    first, *others = markets
    expected = list(play(first))
    assert len(expected) > 15
    for other in others:
        for place, (answer, its) in enumerate(zip(expected, play(other), strict=True)):
            try:
                assert_same(answer, its)
            except AssertionError as error:
                raise AssertionError(f"answer {place} on {other.desk.ground.client}: {error}") from None


def test_a_session(everywhere: Callable[..., list[Market]]) -> None:
    assert_same_sessions(everywhere(depth=5_000_000, pool=PACED), played)


def test_what_the_twin_reads_is_what_the_lens_reads(everywhere: Callable[..., list[Market]]) -> None:
    """Every field of the structs, but for the addresses of oracle and contracts."""
    read = []
    for m in everywhere(pool=PACED):
        m.borrower("alice", collateral=10, debt=15_000)
        m.borrower("idle", collateral=1, debt=0)
        m.advance(days=40)
        at = [_read(m)]
        m.price = 1_700
        at.append(_read(m))
        m.poke("alice")
        m.desk.ground.set_price("weth", 1_000)  # type: ignore[arg-type]
        m.poke("alice")
        at.append(_read(m))
        read.append(at)
    assert isinstance(m.desk.ground.lens, Lens)
    for other in read[1:]:
        assert other == read[0]


def _read(m: Market) -> tuple[Any, ...]:
    parts, lens = m.desk.parts, m.desk.ground.lens
    owners = [m.desk.address_of(who) for who in ("alice", "idle", "nobody")]
    vault = lens.vault_summary(parts.spokes["weth"].vault.address)
    pool = lens.pool_summary(parts.pool.address)
    line = vault.line._replace(vault="", collateral_asset="", oracle="")
    return (
        lens.positions(parts.spokes["weth"].vault.address, owners),
        vault._replace(pool="", loan_asset="", line=line),
        pool._replace(asset="", council="", backstop=""),
    )


REFUSED: list[tuple[str, Callable[[Market], Any]]] = [
    ("vault: above the loan-to-value", lambda m: m.borrow("alice", 5_000)),
    ("vault: above the loan-to-value", lambda m: m.withdraw("alice", 5)),
    ("vault: below the minimum debt", lambda m: m.open("new", 5, 100)),
    ("vault: not enough collateral", lambda m: m.withdraw("alice", 11)),
    ("vault: healthy", lambda m: m.liquidate("alice")),
    ("vault: healthy", lambda m: m.flash_liquidate("alice")),
    ("pool: over the credit limit", lambda m: m.open("whale", 10_000, 600_000)),
    ("pool: too few shares", lambda m: m.leave("lender", 2_000_000)),
    ("pool: not enough cash", lambda m: (m.open("whale", 1_000, 450_000), m.leave("lender", 900_000))),
    ("pool: too few assets", lambda m: m.leave("lender", at_least=2_000_000)),
    ("backstop: no mature request", lambda m: (m.stake("ed", 1_000), m.request("ed"), m.unstake("ed"))),
    ("backstop: nothing to request", lambda m: m.request("staker")),
    ("council: limit may only fall", lambda m: m.council.set_limit(600_000)),
    ("council: nothing queued", lambda m: m.council.execute()),
    ("council: no raise queued", lambda m: m.council.witness()),
    ("council: too early", lambda m: (m.council.queue_limit(510_000), m.council.execute())),
    ("council: raise too large", lambda m: m.council.queue_limit(2_000_000)),
    ("council: no excess", lambda m: m.council.announce()),
    ("council: nothing announced", lambda m: m.council.distribute()),
]  # fmt: skip


def test_refusals(everywhere: Callable[..., list[Market]]) -> None:
    """The same reasons, and nothing has changed after them."""
    for m in everywhere(depth=100_000, limit=500_000):
        m.borrower("alice", collateral=10, debt=15_000)
        for reason, attempt in REFUSED:
            with m.undone(), pytest.raises(Refused) as refusal:
                attempt(m)
            assert refusal.value.reason == reason, m
            assert str(refusal.value) == f"{reason}. {refusal.value.hint}"


def test_a_haircut_is_refused_and_can_be_accepted(everywhere: Callable[..., list[Market]]) -> None:
    accepted = []
    for m in everywhere():
        m.borrower("alice", collateral=100, debt=150_000)
        m.price = 1_000
        shortfall = m.poke("alice")
        with pytest.raises(Refused, match=r"pool: haircut, use exit\. Known bad debt lowers exits now"):
            m.leave("lender")
        accepted.append((shortfall, m.leave("lender", at_least=500_000)))
    assert all(each == accepted[0] for each in accepted[1:])
    shortfall, left = accepted[0]
    assert shortfall > 0 and left.paid == 850_000  # all the cash that there is
