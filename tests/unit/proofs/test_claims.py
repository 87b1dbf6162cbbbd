"""The command of `make prove` starts, and the mistakes that must break its claims stand in the sources."""

from pathlib import Path

import pytest

pytest.importorskip("z3", reason="the proofs' solver is installed by `make prove`, which runs this too")

from proofs.__main__ import words_for
from proofs.bytecode import CHECKS
from proofs.lemma import LEMMAS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", [*LEMMAS, *CHECKS])
def test_every_row_has_words(name):
    assert all(words_for(name))


@pytest.mark.parametrize("name", CHECKS)
def test_a_mistake_stands_once(name):
    file, right, wrong = CHECKS[name].mistake
    assert (ROOT / file).read_text().count(right) == 1
    assert right != wrong
