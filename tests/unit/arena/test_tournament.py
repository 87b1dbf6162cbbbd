"""What is varied, rules of one's own, and many plays that a folder keeps."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from plimsoll import lab
from plimsoll.arena.registry import ArenaError, known, text_of, written
from plimsoll.arena.sets import SETS
from plimsoll.arena.tournament import PLAYS, Entrant, Entry, Tournament, entries_of, run
from plimsoll.arena.variation import AS_WRITTEN, Variation, variations
from plimsoll.scenario.files import file_of
from plimsoll.scenario.reading import Source, source_of
from plimsoll.scenario.sweep_folder import SweepError
from plimsoll.scenario.workers import InProcess
from tests.utils.laboratory import BASKET, TINY, tiny

INPUTS = "24551d02f37300d827f8b3ac30dc3cc490818b58ffe7f69613ab666308d364fc"


def entry(name: str, text: str) -> Entry:
    source = Source(name, text)
    return Entry(name, source, source.scenario())


def tournament(
    paths: int = 3, varied: int = 1, rules: tuple[str, ...] = ("aave-v3", "morpho-blue")
) -> Tournament:
    entries = entry("tiny", TINY), entry("basket", BASKET)
    return Tournament(entries, tuple(map(Entrant, rules)), variations("absent,strategic"), paths, varied)


class Counting(InProcess):
    """Plays here, and counts."""

    def __init__(self, most: int = 10**6) -> None:
        self.paths, self._most = 0, most

    def play(self, chunks, work):
        for chunk, rows in super().play(chunks, work):
            if self.paths >= self._most:
                raise KeyboardInterrupt
            self.paths += len(rows)
            yield chunk, rows


# ------------------------------------------------------------------------------------------------- variations


def test_each_variation_changes_one_thing() -> None:
    scenario = tiny()
    assert variations() == (AS_WRITTEN,)
    assert AS_WRITTEN.scenario(scenario) == scenario
    competitive, scarce, absent = (
        Variation("keepers", it).scenario(scenario) for it in ("competitive", "scarce", "absent")
    )
    assert [it.latency for it in competitive.liquidators] == [0, 0]
    assert [it.capital for it in competitive.liquidators] == [0, 402_000]
    (alone,) = scarce.liquidators
    assert (alone.kind, alone.capital, alone.margin) == ("capital", 20_100, Decimal("0.02"))
    assert absent.liquidators == ()
    deep = Variation("depth", "x2").scenario(scenario).vaults[0].collaterals[0].dex
    assert deep and deep.depth == 600_000
    late = Variation("latency", "9").scenario(scenario)
    assert [it.latency for it in late.liquidators] == [9, 9]
    health = Variation("population", "leveraged").scenario(scenario).borrowers[0].health
    assert (health.min, health.max) == (Decimal("1.04"), Decimal("1.32"))
    assert Variation("population", "whales").scenario(scenario).borrowers[0].debt_sigma == Decimal("2.5")
    waiting = Variation("keepers", "strategic")
    assert waiting.scenario(scenario) == scenario
    assert all(each.waits for each in waiting.keepers(scenario, 0))
    assert waiting.changes(scenario) and not waiting.changes(absent)
    assert not Variation("depth", "x1").changes(scenario)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"keepers": "few"}, "--keepers 'few' is none of competitive, scarce, strategic, absent."),
        ({"depth": "half"}, "--depth 'half' is no factor; write it like x0.5."),
        ({"latency": "-1"}, "--latency '-1' is no number of blocks from 0 to 10,000."),
        ({"population": "apes"}, "--population 'apes' is none of leveraged, whales."),
    ],
)
def test_a_variation_that_is_none(asked: dict[str, str], said: str) -> None:
    with pytest.raises(ArenaError, match=said):
        variations(**asked)


# -------------------------------------------------------------------------------------------- rules of others


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "defines no rule; write a class"),
        ("\n1 / 0", r"cannot be run \(ZeroDivisionError: division by zero, line 2\); correct it"),
        ("exit(3)", r"cannot be run \(SystemExit: 3, line 1\); correct it"),
        (
            "from plimsoll.arena.rules.morpho_blue import MorphoBlue\n"
            "class Mine(MorphoBlue):\n    name = 7\n",
            "The `name` of the rule Mine is 7; it must be a text",
        ),
        (
            "from plimsoll.arena.rules.morpho_blue import MorphoBlue\n"
            "class Mine(MorphoBlue):\n    name = 'mine'\nclass Second(Mine):\n    pass\n",
            "Mine and Second are both called 'mine'; rename one of them",
        ),
        (
            "from plimsoll.arena.rules.morpho_blue import MorphoBlue\n"
            "class Mine(MorphoBlue):\n    name, source = 'mine', None\n",
            "The rule 'mine' of toy.py has no `source`; say where it is from, in a text",
        ),
        (
            "from plimsoll.arena.rule import Rule\nclass Mine(Rule):\n    name = 'mine'\n",
            "The rule 'mine' of toy.py lacks alike, block, holdings",
        ),
        (
            "from plimsoll.arena.rules.morpho_blue import MorphoBlue\nclass Mine(MorphoBlue):\n    pass\n",
            "There is a rule 'morpho-blue' already; call that of toy.py by another name",
        ),
    ],
)
def test_a_file_that_defines_no_rule(text: str, said: str) -> None:
    with pytest.raises(ArenaError, match=said):
        written(text, "toy.py")


def test_two_versions_of_a_rule_need_two_names() -> None:
    """Else their plays would be one rule's."""
    text = (
        "from plimsoll.arena.rules.morpho_blue import MorphoBlue\n"
        "class Mine(MorphoBlue):\n    name, source = 'mine', 'own'\n"
    )
    entrants = Entrant("mine", text, "one.py"), Entrant("mine", text + "# changed", "two.py")
    with pytest.raises(ArenaError, match=r"rules of one\.py and two\.py are both called 'mine'; rename one"):
        Tournament((entry("tiny", TINY),), entrants, variations(), 1, 1).check()
    kinds = [entrant.kind for entrant in entrants]
    with pytest.raises(ArenaError, match="Two rules are called 'mine'; name each once"):
        lab.arena(YAML().load(TINY), kinds)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"with a rule cannot be read \(no such file or directory\)"):
        text_of(tmp_path / "toy.py")


# ---------------------------------------------------------------------------------------------------- playing


def test_what_a_rule_cannot_play_is_listed_and_the_rest_is_played(tmp_path: Path) -> None:
    it = tournament()
    assert it.unplayable == {
        ("basket", "morpho-blue"): "morpho-blue has markets of one collateral, not of 3."
    }
    rows = run(it, tmp_path / "out", InProcess()).to_pandas()
    counts = rows.groupby(["scenario", "rule", "variation"]).size()
    assert counts["tiny", "morpho-blue", "as written"] == counts["basket", "aave-v3", "as written"] == 3
    assert counts["tiny", "aave-v3", "keepers absent"] == 1
    assert ("basket", "morpho-blue") not in counts
    frame = lab.arena(YAML().load(TINY), ["aave-v3"], range(3)).drop(columns=["rule", "variation"])
    ours = rows.query("scenario == 'tiny' and rule == 'aave-v3' and variation == 'as written'")
    assert ours[list(frame.columns)].to_numpy().tolist() == frame.to_numpy().tolist()


def test_a_tournament_that_was_stopped_goes_on_and_takes_more_paths(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    first, rest = Counting(2), Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tournament(), folder, first)
    rows = run(tournament(), folder, rest)
    assert first.paths >= 2
    assert rest.paths == rows.num_rows - first.paths
    more = Counting()
    assert run(tournament(paths=4), folder, more).num_rows == rows.num_rows + 3
    assert more.paths == 3
    assert run(tournament(), folder, Counting(0)).equals(rows)
    assert json.loads((folder / "tournament.json").read_text())["rules"] == ["aave-v3", "morpho-blue"]
    assert (folder / PLAYS).exists()
    with pytest.raises(SweepError, match=r"holds another tournament \(of other scenarios, rules, variations"):
        run(tournament(rules=("aave-v3",)), folder, InProcess())


def test_arena_1_is_what_it_was() -> None:
    """After its release a change of a scenario, rule or variation is another set: add it, and leave this."""
    arena = SETS["arena-1"]
    entries = entries_of([source_of(file_of(name)) for name in arena.scenarios])
    it = Tournament(entries, tuple(map(Entrant, arena.rules)), arena.variations, arena.paths, arena.varied)
    assert arena.is_whole(it)
    assert not arena.is_whole(replace(it, paths=20))
    assert it.inputs == INPUTS
    assert set(arena.rules) <= set(known())


def test_a_small_arena_1(tmp_path: Path) -> None:
    """Every rule, in two of its scenarios."""
    arena = SETS["arena-1"]
    entries = entries_of([source_of(file_of(name)) for name in ("flash-wick", "sequencer-halt")])
    it = Tournament(entries, tuple(map(Entrant, arena.rules)), (AS_WRITTEN,), 1, 1)
    rows = run(it, tmp_path / "out", InProcess()).to_pandas()
    assert len(rows) == 2 * len(arena.rules)
    assert (rows.groupby("rule").ended.sum() > 0).all()
