"""A market that is deployed, and a desk to deploy from."""

from pathlib import Path

import pytest
from ape.api import AccountAPI

from tests.utils.markets import STEPS, Desk
from tests.utils.on_ape import *  # noqa: F403


@pytest.fixture
def desk(tmp_path: Path, deployer: AccountAPI) -> Desk:
    """An empty address book."""
    return Desk(tmp_path, deployer)


@pytest.fixture(scope="session")
def deployed_book(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Path:
    """The address book of `MARKET`, deployed."""
    desk = Desk(tmp_path_factory.mktemp("deployed"), deployer)
    assert desk.deploy() == list(STEPS)
    return desk.book_path


@pytest.fixture
def deployed(desk: Desk, deployed_book: Path) -> Desk:
    """A desk of its own where `MARKET` is deployed."""
    return desk.with_book(deployed_book)


@pytest.fixture
def on_live_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the test chain look like a live one."""
    for module in ("accounts", "book", "checks", "pool_plan", "steps"):
        monkeypatch.setattr(f"plimsoll.deploy.{module}.is_local", lambda provider: False)
