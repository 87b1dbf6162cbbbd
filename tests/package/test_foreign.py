"""Contracts that others have compiled are deployed like our own."""

import json
from pathlib import Path
from typing import Any

import pytest

from plimsoll.chain.artifacts import artifact
from plimsoll.testing import Chain, artifact_of, read_artifact

TOKEN = artifact("PlainToken")
CODE = "0x" + TOKEN.initcode.hex()


@pytest.mark.parametrize(
    "code",
    [{"bytecode": {"object": CODE}}, {"bytecode": CODE}, {"deploymentBytecode": {"bytecode": CODE}}],
    ids=["foundry", "hardhat", "ape"],
)
def test_a_file(chain: Chain, tmp_path: Path, code: dict[str, Any]) -> None:
    path = tmp_path / "Token.json"
    path.write_text(json.dumps({"abi": TOKEN.abi, **code}))
    token = chain.make(read_artifact(path), "Token", "TKN", 6)
    assert (token.decimals(), token.symbol()) == (6, "TKN")


@pytest.mark.parametrize(
    "build", [TOKEN.abi, {"abi": TOKEN.abi}, {"abi": [], "bytecode": "0x"}, {"bytecode": CODE}]
)
def test_a_file_without_a_contract(tmp_path: Path, build: Any) -> None:
    path = tmp_path / "Token.json"
    path.write_text(json.dumps(build))
    with pytest.raises(ValueError, match=r"Token\.json has no ABI and bytecode; name a file"):
        read_artifact(path)


def test_a_file_that_is_not_linked(tmp_path: Path) -> None:
    path = tmp_path / "Token.json"
    path.write_text(json.dumps({"abi": TOKEN.abi, "bytecode": "0x6080__$ab$__"}))
    with pytest.raises(ValueError, match=r"Token\.json uses libraries; link them first\."):
        read_artifact(path)


def test_a_contract_of_ape(chain: Chain) -> None:
    from plimsoll.chain.containers import container

    feed = chain.make(artifact_of(container("MockFeed")), 8, 2_000 * 10**8)
    assert (feed.decimals(), feed.latestRoundData()[1]) == (8, 2_000 * 10**8)
