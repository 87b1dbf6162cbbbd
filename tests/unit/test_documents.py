"""The documents say what the code does: reasons, invariants, links and names."""

import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECIFICATION = (ROOT / "docs" / "SPECIFICATION.md").read_text()
README = (ROOT / "README.md").read_text()
INVARIANTS = (ROOT / "docs" / "INVARIANTS.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
READING = (ROOT / "docs" / "reading.md").read_text()
FOLDERS = (".", "docs", "docs/research", "bench")
DOCUMENTS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.md"))]
SOURCES = [path for path in (ROOT / "contracts").rglob("*.vy") if "mocks" not in path.parts]
PERIPHERY = ("liquidator", "leverage", "periphery", "swap", "token")
AREAS = "|".join(("pool", "vault", "rates", "council", "backstop", "factory", "oracle", "lens", *PERIPHERY))
REASON = re.compile(rf'"((?:{AREAS}): [^"]+)"')
SECTIONS = {"pool": "Pool", "rates": "Pool", "council": "Council", "factory": "Factory", "vault": "Vault"}
SECTIONS |= {"backstop": "Backstop", "oracle": "ChainlinkOracle", "lens": "Lens"}
SECTIONS |= dict.fromkeys(PERIPHERY, "Periphery")


def reasons() -> set[str]:
    """Every revert reason of the contracts that are deployed."""
    return {reason for path in SOURCES for reason in REASON.findall(path.read_text())}


def documented() -> set[str]:
    """Every revert reason of the specification, with its area."""
    chapter = SPECIFICATION.split("## 14. Revert reasons")[1].split("\n## ")[0]
    found = set()
    for area, title in SECTIONS.items():
        section = re.split(rf"^\*\*{title}\*\* ", chapter, flags=re.M)[1].split("\n**")[0]
        text = section if area in ("factory", "lens") else section.split("\n", 1)[1]
        for term in re.findall(r"`([^`]+)`", text):
            if ": " in term:
                found.add(term)
            elif area not in ("rates", *PERIPHERY):
                found.add(f"{area}: {term}")
    return found


def test_every_reason_is_in_the_specification() -> None:
    assert sorted(reasons() - documented()) == []


def test_every_reason_is_hit_by_a_test() -> None:
    """Named in full, or without its area where a file tests one area alone."""
    tests = "".join(
        path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
    )
    assert [r for r in sorted(reasons()) if r not in tests and f'"{r.split(": ", 1)[1]}"' not in tests] == []


def test_every_reason_is_short_and_says_its_area() -> None:
    assert [reason for reason in reasons() if len(reason) > 32 or reason != reason.lower()] == []


def test_no_assertion_lacks_a_reason() -> None:
    """An assert of ours without a reason would be a plain failure to whoever runs into it."""
    silent = [
        f"{path.name}: {line.strip()}"
        for path in SOURCES
        for line in re.sub(
            r"assert \(\n.*?\n\s*\), ", "assert (), ", path.read_text(), flags=re.S
        ).splitlines()
        if line.strip().startswith("assert ") and '"' not in line and "UNREACHABLE" not in line
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("identifier", "row"), re.findall(r"^\| ([A-Z]\d+b?) \| (.*) \|$", INVARIANTS, flags=re.M)
)
def test_every_invariant_is_cited_by_the_tests_it_names(identifier: str, row: str) -> None:
    named = re.findall(r"`([\w/]+\.py)`", row.split(" | ")[-1])
    assert named, "no test is named"
    silent = [n for n in named if not re.search(rf"\b{identifier}\b", (ROOT / "tests" / n).read_text())]
    assert silent == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_prose_is_wrapped(path: Path) -> None:
    """At 120 columns; tables, code and pictures may be wider."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    assert [
        line for line in text.splitlines() if len(line) > 120 and not re.match(r"\||    |!\[", line)
    ] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_nothing_is_left_to_fill_in(path: Path) -> None:
    """A name between two marks is put in by a script that measures; what is published has the figure."""
    assert re.findall(r"@[A-Z]{3,}@|\b(?:TODO|FIXME|XXX|TBD)\b", path.read_text()) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_contracts_are_as_long_as_the_readme_says() -> None:
    rows = re.findall(r"^\| \[\w+\.vy\]\((\S+)\) \|.*\| (\d+) \|$", README, flags=re.M)
    assert {path: int(lines) for path, lines in rows} == {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in SOURCES
        if path.name[0].isupper()
    }


def test_the_gas_table_is_what_was_measured() -> None:
    measured = json.loads((ROOT / "bench" / "gas.json").read_text())
    table = (ROOT / "bench" / "README.md").read_text()
    for name, figures in measured["operations"].items():
        assert f"| {name.replace('_', ' ')} |" in table
        assert f" {figures['steady']:,} | {figures['budget']:,} |" in table
    for name, gas in measured["periphery"].items():
        assert f"| {name.replace('_', ' ')} | {gas:,} |" in table
    for name, size in measured["code"].items():
        assert f"| {name} | {size['deployed']:,} | {size['initcode']:,} |" in table
    for name, figures in measured["baskets"].items():
        cells = [
            f"{each['steady']:,}" + (f" ({each['steady'] / each['budget']:.1%})" if each["budget"] else "")
            for each in figures.values()
        ]
        assert f"| {name.replace('_', ' ')} | {' | '.join(cells)} |" in table


def test_the_laboratorys_figures_are_what_was_measured() -> None:
    measured = json.loads((ROOT / "bench" / "laboratory.json").read_text())
    text = " ".join((ROOT / "bench" / "README.md").read_text().split())
    path, growth = measured["path"], measured["growth"]
    assert f"{path['liquidations']:,} liquidations in process: {path['build']:.1f} s to build" in text
    assert f"{path['play']:.1f} s to play it" in text
    for sweep in measured["sweep"]:
        assert f"{sweep['liquidations']:,} liquidations" in text
        assert f"{sweep['paths_a_minute']} paths" in text
    for row in growth["borrowers"]:
        assert f"| {row['borrowers']:,} | {row['build']:.1f} | {row['play']:.1f} | " in text
    for row in growth["blocks"]:
        assert f"| {row['blocks']:,} | {row['play']:.2f} | {row['liquidations']:,} |" in text
    for name, row in measured["shipped"].items():
        anvil, revm = ((row[f"{engine}_command"], row[f"{engine}_play"]) for engine in ("anvil", "revm"))
        assert f"| {name} | {anvil[0]:.0f} | {anvil[1]:.1f} | {revm[0]:.0f} | {revm[1]:.1f} |" in text


def test_the_arenas_figures_are_what_was_measured() -> None:
    measured = json.loads((ROOT / "bench" / "arena.json").read_text())
    text = (ROOT / "docs" / "arena.md").read_text()
    assert measured["command"] in text
    for row in measured["rows"]:
        cells = [*row[1:], f"{measured['plays_a_minute'][row[0]]:,}"]
        assert f"| `{row[0]}` | {' | '.join(cells)} |" in text
    prose = " ".join(text.split())
    assert [each for each in measured["verdict"] if each not in prose] == []


def architecture() -> list[str]:
    """The functions that the architecture's tables name in full."""
    return [name for name in re.findall(r"`(\w+\.\w+)`", ARCHITECTURE) if not name.endswith((".vy", ".py"))]


def named(column: int, columns: int) -> list[str]:
    """The code names in a column of the tables of glossary and reading guide that have as many columns."""
    lines = (GLOSSARY + READING).splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("|")]
    cells = [row[column] for row in rows if len(row) == columns]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def declares(source: str, name: str) -> bool:
    """Whether Vyper source has a function, an event, a struct, a variable or a field of a name."""
    return re.search(rf"^ *(def |event |struct )?{name}\b *[(:]", source, flags=re.M) is not None


@pytest.mark.parametrize("name", [*named(2, columns=5), *architecture()])
def test_contract_names_in_guides_exist(name: str) -> None:
    module, member = name.split(".")
    found = [path for path in (ROOT / "contracts").rglob(f"{module}.vy*") if "mocks" not in path.parts]
    assert len(found) == 1
    assert declares(found[0].read_text(), member)


@pytest.mark.parametrize("name", [f"twin.{name}" for name in named(3, columns=5)] + named(2, columns=4))
def test_python_names_in_guides_exist(name: str) -> None:
    """A module's member, or an attribute of its class, be it set in the constructor."""
    match = re.fullmatch(r"([a-z_.0-9]+)\.(?:([A-Z]\w*)\.)?(\w+)", name)
    assert match
    module, owner, member = match.groups()
    holder = importlib.import_module(f"plimsoll.{module.replace('twin.units', 'units')}")
    if owner:
        holder = getattr(holder, owner)
    assert hasattr(holder, member) or f"self.{member}" in inspect.getsource(holder)
