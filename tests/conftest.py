"""What every test shares."""

import pytest
from ape import project
from ape.exceptions import CompilerError

from plimsoll.chain.sources import ensure_compiled


def pytest_sessionstart() -> None:
    """Compiles afresh when any contract or module has changed; ape alone would miss edited modules."""
    try:
        ensure_compiled(project)
    except CompilerError as error:
        pytest.exit(f"the contracts do not compile: {error}", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(call: pytest.CallInfo) -> None:
    """Drops the frames of .venv: ape takes all below the project for ours and shows them at length."""
    ours = call.excinfo.traceback.filter(lambda frame: ".venv" not in frame.path.parts)
    if ours:
        call.excinfo.traceback = ours
