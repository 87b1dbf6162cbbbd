"""What the page of a market says that somebody should know at once."""

from decimal import Decimal

import pytest

from plimsoll.play import acts
from plimsoll.play.alerts import Limits, alerts
from plimsoll.play.session import Session, own
from tests.utils.play import VAULT


@pytest.fixture
def session() -> Session:
    """A market with one loan in danger."""
    session = own(borrowers=0)
    words = {"who": "you", "collateral": {"weth": "1.6"}, "debt": "2500"}
    acts.act(session, "open", VAULT, words)
    return session


def kinds(session: Session, **limits: str) -> list[tuple[str, str, str]]:
    """Which alerts there are."""
    given = {name: Decimal(value) for name, value in limits.items()}
    return [each[:3] for each in alerts(session.state(), Limits(**given))]


def test_a_loan_is_told_of_below_the_limit(session: Session) -> None:
    assert kinds(session) == []
    assert kinds(session, health="1.0625") == [("health", VAULT, "you")]
    assert kinds(session, health="1.0624") == []
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1800"}})
    (alert,) = alerts(session.state(), Limits())
    assert alert.words == "The loan of you can be liquidated: health 0.9562, 2500 USDC of debt."


def test_a_silent_oracle_says_nothing_of_healths(session: Session) -> None:
    acts.act(session, "silence", VAULT, {"on": True})
    assert kinds(session) == [
        ("oracle", VAULT, "WETH"), ("oracle", "basket blue", "WETH"), ("oracle", "basket blue", "WBTC"),
    ]  # fmt: skip


def test_utilisation_and_a_raise_without_a_witness(session: Session) -> None:
    assert kinds(session, utilisation="0.25") == [("utilisation", "pool", "")]
    assert kinds(session, utilisation="0.2501") == []
    market = session.seen_from(VAULT)
    market.council.queue_limit(100_000_100)
    (alert,) = alerts(session.state(), Limits())
    assert alert[:3] == ("raise", VAULT, "") and "A raise to 100000100 USDC is queued" in alert.words
    market.council.witness(by="anyone")
    assert kinds(session) == []
    market.council.cancel()
    market.council.queue_limit(100_000_200)  # a new one, which nobody has seen
    assert kinds(session) == [("raise", VAULT, "")]
