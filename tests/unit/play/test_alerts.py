"""What the page of a market says that somebody should know at once."""

from decimal import Decimal

import pytest

from plimsoll.inspection.alerts import Limits
from plimsoll.play import acts
from plimsoll.play.alerts import alerts
from plimsoll.play.session import Session, own
from plimsoll.units import WAD
from tests.utils.play import BASKET, VAULT


@pytest.fixture
def session() -> Session:
    """A market with one loan in danger."""
    session = own(borrowers=0)
    words = {"who": "you", "collateral": {"weth": "1.6"}, "debt": "2500"}
    acts.act(session, "open", VAULT, words)
    return session


def kinds(session: Session, **limits: str) -> list[tuple[str, str, str]]:
    """Which alerts there are."""
    given = {name: int(Decimal(value) * WAD) for name, value in limits.items()}
    return [each[:3] for each in alerts(session.state(), Limits(**given))]


def test_a_loan_is_told_of_below_the_limit(session: Session) -> None:
    assert kinds(session) == []
    assert kinds(session, health="1.0625") == [("health", VAULT, "you")]
    assert kinds(session, health="1.0624") == []
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1800"}})
    (alert,) = alerts(session.state(), Limits())
    assert alert.said == "your position in vault weth has a health of 0.9561, and can be liquidated"


def test_a_silent_oracle_says_nothing_of_healths(session: Session) -> None:
    acts.act(session, "silence", VAULT, {"on": True})
    assert kinds(session, health="1.1") == [("oracle", VAULT, ""), ("oracle", BASKET, "")]
    assert alerts(session.state(), Limits())[1].said == "the oracle of WETH and WBTC in basket blue is silent"


def test_what_is_too_much_for_a_page_is_counted(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plimsoll.play.alerts.MOST_POSITIONS", 1)
    for who in ("neighbour", "lender"):
        acts.act(session, "open", VAULT, {"who": who, "collateral": {"weth": "1.7"}, "debt": "2500"})
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1800"}})
    found = [each.said for each in alerts(session.state(), Limits())]
    assert found[0].startswith("your position ")
    assert found[1:] == ["2 more positions of low health in vault weth"]


def test_utilisation_and_a_raise_without_a_witness(session: Session) -> None:
    assert kinds(session, utilisation="0.2499") == [("utilisation", "the pool", "")]
    assert kinds(session, utilisation="0.25") == []
    market = session.seen_from(VAULT)
    market.council.queue_limit(100_000_100)
    (alert,) = alerts(session.state(), Limits())
    assert alert.kind == "raise"
    assert alert.said.startswith("a raise of the limit of vault weth to 100,000,100.00 USDC is queued for ")
    market.council.witness(by="anyone")
    assert kinds(session) == []
    market.council.cancel()
    market.council.queue_limit(100_000_200)  # a new one, which nobody has seen
    assert kinds(session) == [("raise", "the pool", "")]
