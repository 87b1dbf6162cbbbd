"""The wheel: built from what is committed or about to be, and used in another folder by an environment of its own.

The environment has the packages that are installed here, but not this repository. A wheel that is built with
`pip wheel .` is the same; here nothing is downloaded.
"""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest

from plimsoll.chain import artifacts
from plimsoll.places import COMPILED, ROOT

SITE = Path(sysconfig.get_path("purelib")).resolve()
SCENARIO = "flash-wick"


def run(words: Sequence[str | Path], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, without this repository on any path."""
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COLUMNS")}
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=known | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the files that git knows or would take; what was compiled here is taken over."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    artifacts.compile_missing()
    listed = run(["git", "ls-files", "-co", "--exclude-standard"], ROOT)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("docs/", "tests/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    shutil.copytree(COMPILED, source / COMPILED.relative_to(ROOT))
    # setuptools reads licences with a newer `packaging` than ape allows: with the one that it brings
    vendored = distribution("setuptools").locate_file("setuptools/_vendor")
    words = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", made, source]
    done = run([sys.executable, "-m", *words], made, PYTHONPATH=str(vendored))
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of an environment that has the wheel, and the packages from here."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    words = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--prefix", place, wheel]
    done = run([sys.executable, "-m", *words], place)
    assert done.returncode == 0, done.stderr
    # no .pth file of that folder is read, so that the editable installation there stays out
    (packages / "others.pth").write_text(f"{SITE}\n")
    command = place / "bin" / "plimsoll"  # pip has written the path of the Python that ran it
    command.write_text(re.sub(r"^#!.*", f"#!{place / 'bin' / 'python'}", command.read_text(), count=1))
    return place / "bin"


@pytest.fixture
def fetched(tmp_path: Path) -> dict[str, str]:
    """A user's cache in which `plimsoll fetch` has been before, with the packages from here."""
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    for package in ("@uniswap/v2-core", "@uniswap/v2-periphery"):
        place = tmp_path / "cache" / "plimsoll" / f"{package}@{pinned[package]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(ROOT / "node_modules" / package)
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_the_shipped_contracts_are_what_the_sources_compile_to(wheel: Path) -> None:
    """All of them; `compiled` compares the digests of the sources with what they were compiled from."""
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if "/shipped/artifacts/" in name]
        assert {Path(name).stem for name in found} == set(artifacts.sources())
        for name in found:
            shipped, made = json.loads(archive.read(name)), artifacts.compiled(Path(name).stem)
            assert shipped["abi"] == list(made.artifact.abi)
            assert shipped["initcode"] == "0x" + made.artifact.initcode.hex()
            assert shipped["runtime"] == "0x" + made.runtime.hex()
            assert (shipped["layout"], shipped["devdoc"], shipped["userdoc"]) == (
                made.layout, made.devdoc, made.userdoc,
            )  # fmt: skip
            for file, digest in shipped["files"].items():
                if file.startswith("contracts/"):
                    source = archive.read(f"plimsoll/shipped/{file}")
                    assert artifacts.digest(source.decode()) == digest


def test_the_wheel_has_no_code_of_others_and_all_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "plimsoll/py.typed" in names
    assert not [name for name in names if "UniswapV2" in name and name.endswith(".json") or "WETH9" in name]
    for folder in ("scenarios", "markets", "contracts"):
        for path in (ROOT / folder).rglob("*.*"):
            assert f"plimsoll/shipped/{path.relative_to(ROOT)}" in names
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "plimsoll").rglob("*.*")}
    assert {name for name in code if "__pycache__" not in name} <= names


def test_every_package_that_is_imported_is_asked_for(environment: Path, tmp_path: Path) -> None:
    """The pins of requirements/ lie in the ranges of pyproject.toml."""
    from packaging.requirements import Requirement

    pins = dict(
        re.findall(r"^([\w.-]+)==(\S+)", "\n".join(p.read_text() for p in (ROOT / "requirements").glob("*.txt")), re.M)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(each for more in project["optional-dependencies"].values() for each in more)]
    for each in map(Requirement, asked):
        if each.name in pins:
            assert each.specifier.contains(pins[each.name]), each


def test_plays_a_scenario_in_an_empty_folder(
    environment: Path, fetched: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    code = "import plimsoll, sys; print(plimsoll.__file__); sys.exit('vyper' in sys.modules)"
    where = run([environment / "python", "-c", code], folder)
    assert where.returncode == 0
    assert Path(where.stdout.strip()).is_relative_to(environment.parent)
    done = run([environment / "plimsoll", "run", SCENARIO], folder, **fetched)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"report: reports/{SCENARIO}/report.html" in done.stdout
    assert [path.name for path in folder.iterdir()] == ["reports"]
    report = (folder / "reports" / SCENARIO / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 10


def test_without_uniswap_a_sentence_names_the_command_that_gets_it(environment: Path, tmp_path: Path) -> None:
    done = run([environment / "plimsoll", "run", SCENARIO], tmp_path, XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        "Error: UniswapV2Factory comes from Uniswap's npm packages, which are not here; `plimsoll fetch` gets "
        "them once.\n"
    )
    assert list(tmp_path.iterdir()) == []
