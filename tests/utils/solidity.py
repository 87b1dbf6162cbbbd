"""Solidity's compiler and forge, from the npm packages of tests/package."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.peers.packages import node_binary

HERE = Path(__file__).parents[1] / "package"
SOLC = HERE / "solc.js"

needs_packages = pytest.mark.skipif(
    not (HERE / "node_modules").is_dir(), reason="scripts/_setup.sh foundry installs forge and solc"
)


def compile_solidity(sources: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """ABI and selectors of the contracts in these texts by file and name; warnings count as errors."""
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {"outputSelection": {"*": {"*": ["abi", "evm.methodIdentifiers"]}}},
    }
    answer = _run([node_binary(), str(SOLC)], input=json.dumps(request))
    output = json.loads(answer)
    assert [each["formattedMessage"] for each in output.get("errors", [])] == []
    contracts: dict[str, dict[str, Any]] = output["contracts"]
    return contracts


def forge(*arguments: str, folder: Path) -> str:
    """What forge prints; it must succeed."""
    (packaged,) = (HERE / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge")
    node = str(Path(node_binary()).parent)
    path = os.pathsep.join([node, os.environ["PATH"]])
    command = [str(packaged), *arguments, "--offline", "--use", str(SOLC)]
    return _run(command, cwd=folder, env={**os.environ, "PATH": path})


def _run(command: list[str], **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
