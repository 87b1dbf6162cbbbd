"""Subjects of the tests, which undo whatever is done to them."""

from collections.abc import Iterator

import pytest

from tests.property.standards.subjects import Subject, subject_of


@pytest.fixture(scope="module")
def subject(request: pytest.FixtureRequest) -> Subject:
    """The subject and state that `every` names; parametrised by each test."""
    return subject_of(*request.param)


@pytest.fixture(autouse=True)
def _undone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes each test. Tests by hypothesis undo each example themselves."""
    with request.getfixturevalue("subject").undone():
        yield
