"""The page on a node of its own."""

import pytest

from plimsoll.play import acts
from plimsoll.play.session import own
from tests.utils.play import VAULT, comparable


def test_a_node_that_is_killed_is_begun_anew(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("plimsoll_engine") != "anvil":
        pytest.skip("needs a node: --engine anvil")
    session = own(engine="anvil", borrowers=3)
    try:
        first = comparable(session.state())
        assert first == comparable(own(engine="twin", borrowers=3).state())
        words = {"prices": {"WETH": "1000"}, "keepers": True}
        foreseen = acts.what_if(session, words)
        done = acts.act(session, "price", VAULT, words)
        assert {name: done[name] for name in foreseen} == foreseen
        assert all(each["hash"].startswith("0x") for each in done["transactions"])
        session.start_over()
        assert comparable(session.state()) == first
        session.market.stop()
        with pytest.raises(session.faults):
            session.state()
        session.start_over()
        assert comparable(session.state()) == first
    finally:
        session.stop()
