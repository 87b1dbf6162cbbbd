"""What the page can do: the same on the chain and in the exact model, to the last digit."""

from typing import Any

import pytest

from plimsoll.market.refusals import MarketError, Refused
from plimsoll.play import acts, paths, tour
from plimsoll.play.session import Session, own
from plimsoll.twin.liquidation import quote
from plimsoll.units import MAX
from tests.utils.play import BASKET, VAULT, comparable

BORROWERS = 12


@pytest.fixture
def both() -> tuple[Session, Session]:
    """The same market on a chain and in the model."""
    return own(borrowers=BORROWERS), own(engine="twin", borrowers=BORROWERS)


def same(both: tuple[Session, Session], name: str, spoke: str = VAULT, **words: Any) -> dict[str, Any]:
    """An act on both, of which answers and states are equal; the chain's answer."""
    foreseen = [acts.preview(each, name, spoke, {"who": "you"} | words) for each in both]
    done, other = (acts.act(each, name, spoke, words) for each in both)
    for part in ("result", "changed", "closes", "loss"):
        assert done[part] == other[part]
    assert [each["result"] for each in foreseen] == [done["result"]] * 2
    chain, twin = (comparable(each.state()) for each in both)
    assert chain == twin
    return done


def test_every_act_is_the_same_on_the_chain_and_in_the_model(both: tuple[Session, Session]) -> None:
    assert comparable(both[0].state()) == comparable(both[1].state())
    opened = same(both, "open", who="you", collateral={"weth": "10"}, debt="15000")
    assert [each["function"] for each in opened["transactions"]] == ["mint", "approve", "open"]
    assert opened["transactions"][-1]["events"][-1]["name"] == "Borrow"
    cash = next(each for each in opened["changed"] if each["name"] == "cash")
    assert float(cash["before"]) - float(cash["after"]) == 15_000
    same(both, "top_up", who="you", collateral={"weth": "0.5"})
    same(both, "borrow", who="you", amount="100.000001")
    same(both, "repay", who="you", amount="50")
    same(both, "withdraw", who="you", amount="0.25")
    same(both, "supply", who="you", amount="1000")
    same(both, "stake", who="you", amount="500")
    same(both, "request", who="you")
    same(both, "advance", seconds=14 * 86_400)
    same(both, "unstake", who="you")
    same(both, "leave", who="you", amount="700")
    same(both, "open", BASKET, who="you", collateral={"weth": "2", "wbtc": "0.1"}, debt="6000")
    same(both, "withdraw", BASKET, who="you", leg="wbtc", amount="0.001")
    same(both, "price", prices={"WETH": "1650"})
    part = same(both, "liquidate", who="keeper", owner="you", amount="1000")
    assert (part["result"]["paid"], part["result"]["loss"]) == ("1000", "0")
    same(both, "price", prices={"WETH": "900", "WBTC": "30000"}, seconds=300, keepers=True)
    same(both, "silence", on=True)
    same(both, "advance", seconds=3600)
    same(both, "silence", on=False)
    same(both, "price", prices={"WETH": "2000"})
    same(both, "open", who="you", collateral={"weth": "10"}, debt="5000")
    same(both, "close", who="you")


def test_what_if_is_what_then_happens(both: tuple[Session, Session]) -> None:
    for each in both:
        before = each.state()
        prices = {"WETH": "1100", "WBTC": "40000"}
        foreseen = acts.what_if(each, {"prices": prices})
        assert each.state() == before
        done = acts.act(each, "price", VAULT, {"prices": prices, "keepers": True})
        assert {name: done[name] for name in ("closes", "loss")} == foreseen
        assert each.closes(1_000) == done["closes"]
        assert float(foreseen["loss"]["reserve"]) > 0
        assert {close["spoke"] for close in foreseen["closes"]} == {VAULT, BASKET}


def test_a_preview_of_a_close_is_the_models(both: tuple[Session, Session]) -> None:
    session = both[0]
    acts.act(session, "open", VAULT, {"who": "you", "collateral": {"weth": "10"}, "debt": "15000"})
    acts.act(session, "price", VAULT, {"prices": {"WETH": "1750"}})
    seen = session.seen_from(VAULT)
    (it,) = seen._found(seen.desk.address_of("you"))
    for amount, most in (("1234.567891", 1_234_567_891), ("", MAX)):
        found = acts.preview(session, "liquidate", VAULT, {"who": "keeper", "owner": "you", "amount": amount})
        expected = quote(it.collateral, it.debt_shares, it.price, seen._totals(), most, seen._vault().risk)
        desk = seen.desk
        assert found["result"]["paid"] == str(desk.loans(expected.paid))
        assert found["result"]["fee"] == str(desk.loans(expected.fee))
        assert found["result"]["seized"] == str(desk.collaterals(expected.seized))


@pytest.mark.parametrize(
    ("name", "spoke", "words", "sentence"),
    [
        ("steal", VAULT, {}, "There is no act 'steal'; choose one of supply, "),
        ("supply", "vault x", {}, "There is no 'vault x' here; choose one of vault weth, basket blue."),
        ("supply", VAULT, {"who": "you", "amount": "much"}, "the amount is 'much', which is no number; "),
        ("supply", VAULT, {"who": "you", "amount": ""}, "Say how much."),
        ("supply", VAULT, {"who": "", "amount": "1"}, "Say who acts: a name of 1 to 80 printable characters"),
        ("supply", VAULT, {"who": ["you"], "amount": "1"}, "Say who acts: a name of 1 to 80"),
        ("open", VAULT, {"who": "you", "collateral": {"wbtc": "1"}}, "Say how much collateral, of weth."),
        ("open", BASKET, {"who": "you", "collateral": "1"}, "Say how much collateral, of weth, wbtc."),
        ("price", VAULT, {"prices": {"DOGE": "1"}}, "Give prices by symbol, of WBTC, WETH."),
        ("price", VAULT, {"prices": {"WETH": "0"}}, "the price of WETH is 0; give one above."),
        ("advance", VAULT, {"seconds": -1}, "-1 is no number of seconds; "),
        ("advance", VAULT, {"seconds": True}, "True is no number of seconds; "),
        ("liquidate", VAULT, {"who": "you", "owner": "borrower 1"}, "vault: healthy. Only a position "),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    name: str, spoke: str, words: dict[str, Any], sentence: str, session: Session
) -> None:
    before = session.state()
    with pytest.raises(MarketError, match="^" + sentence.replace("(", r"\(").replace(".", r"\.")):
        acts.act(session, name, spoke, words)
    assert comparable(session.state()) == comparable(before)


@pytest.fixture(scope="module")
def session() -> Session:
    """One that no test changes."""
    return own(borrowers=BORROWERS)


def test_the_tour_tells_of_what_the_chain_does() -> None:
    session, twin = own(borrowers=BORROWERS), own(engine="twin", borrowers=BORROWERS)
    for step in range(1, len(tour.STEPS) + 1):
        done = tour.go(session, step)
        other = tour.go(twin, step)
        for part in ("result", "closes", "loss"):
            assert [each[part] for each in other["acts"]] == [each[part] for each in done["acts"]]
        assert comparable(session.state()) == comparable(twin.state())
        you = session.seen_from(VAULT).position("you")
        pool = session.state()["pool"]
        match step:
            case 1:
                assert (pool["assets"], pool["debt"], pool["backstop"]) == ("101000", "0", "1000")
            case 2:
                assert round(float(you.liquidation_price)) == 1_807
            case 3:
                assert you.is_liquidatable and float(you.debt) < float(you.value)
            case 4:
                (close,) = done["acts"][-1]["closes"]
                assert 7_000 < float(close["repaid"]) < 7_100
                assert close["health_after"].startswith("1.05") or close["health_after"].startswith("1.0499")
            case 5:
                assert session.state()["spokes"][0]["legs"][0]["price"] is None
                with pytest.raises(Refused, match=r"feed: silent\. The oracle"):
                    acts.act(session, "borrow", VAULT, {"who": "neighbour", "amount": "1"})
                acts.act(session, "repay", VAULT, {"who": "neighbour", "amount": "1"})
            case 6:
                borne = done["acts"][-1]["loss"]
                assert all(float(borne[who]) > 0 for who in ("reserve", "backstop", "lenders"))
                assert pool["backstop"] == "0"
                reported = done["acts"][2]  # the shortfall
                (known,) = [each for each in reported["changed"] if each["name"] == "provisions"]
                assert known["after"] == reported["result"] != "0" == pool["provisions"]
            case 7:
                assert float(pool["reserve"]) > 0 and float(you.debt) > 10_000
    with pytest.raises(MarketError, match="no step 8; the tour has steps 1 to 7"):
        tour.go(session, 8)


def test_starting_over_is_the_state_at_first() -> None:
    session = own(borrowers=BORROWERS)
    first = comparable(session.state())
    acts.act(session, "price", VAULT, {"prices": {"WETH": "900"}, "keepers": True, "seconds": 60})
    session.start_over()
    assert comparable(session.state()) == first
    tour.go(session, 3)
    session.start_over()
    assert comparable(session.state()) == first


@pytest.mark.parametrize("file", ["local-weth-usdc.yaml", "local-basket-usdc"])
def test_other_markets_have_a_crowd_as_well(file: str) -> None:
    session = own(file, borrowers=5)
    (spoke,) = session.state()["spokes"]
    assert len(spoke["positions"]["owner"]) == 5
    assert not any(spoke["positions"]["is_liquidatable"])
    prices = {leg["symbol"]: "1" for leg in spoke["legs"]}
    assert acts.what_if(session, {"prices": prices})["closes"]
    before = session.state()
    if VAULT not in session.spokes():
        with pytest.raises(MarketError, match="The tour goes with the market that ships"):
            tour.go(session, 1)
        assert session.state() == before


def test_paths_begin_at_the_price_of_now() -> None:
    assert [each["name"] for each in paths.titles()][-1] == paths.RANDOM
    for each in paths.titles():
        found = paths.path(each["name"], 7)
        assert found["factors"][0] == pytest.approx(1, abs=0.05) and found["seconds"] > 0
        assert min(found["factors"]) > 0
    assert min(paths.path("black-thursday", 0)["factors"]) < 0.5
    assert paths.path(paths.RANDOM, 1) == paths.path(paths.RANDOM, 1) != paths.path(paths.RANDOM, 2)
    with pytest.raises(MarketError, match="There is no path 'x'; choose one of black-thursday,"):
        paths.path("x", 0)
