"""What explorers are given compiles to the deployed bytecode, and the constructors had these arguments."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ape import networks
from click.testing import CliRunner
from vyper.cli.vyper_json import compile_json

from plimsoll.chain.artifacts import artifact, compiled
from plimsoll.cli.verify import cli
from plimsoll.deploy import DeployError
from plimsoll.deploy.verify import standard_json, verifiable, write_verification
from tests.utils.markets import Desk

NAMES = (
    "factory", "lens", "oracle pUSDC/weth",
    "pool pUSDC", "council pUSDC", "backstop pUSDC", "vault pUSDC/weth",
)  # fmt: skip


def creations(call: dict[str, Any]) -> dict[str, bytes]:
    """The initcode of each contract that a traced call creates, with the arguments, by address."""
    own = {call["to"]: bytes.fromhex(call["input"][2:])} if call["type"].startswith("CREATE") else {}
    return own | {to: code for inner in call.get("calls", []) for to, code in creations(inner).items()}


def test_each_contract_was_created_from_its_code_and_its_arguments(deployed: Desk) -> None:
    """By the traces, also of those that the Factory has made."""
    found = verifiable(deployed.book(), deployed.provider)
    assert tuple(each.name for each in found) == NAMES
    for each in found:
        options = {"tracer": "callTracer"}
        trace = networks.provider.make_request("debug_traceTransaction", [each.tx, options])
        made = creations(trace)[each.address.lower()]
        assert made == artifact(each.contract).initcode + each.arguments, each.name


@pytest.mark.slow
@pytest.mark.parametrize("contract", ["Factory", "Basket"])
def test_standard_json_gives_the_bytecode(contract: str) -> None:
    """To the byte, with the digest of the sources; by the compiler's own reader, which sees no file."""
    given = standard_json(contract)
    (path,) = given["settings"]["outputSelection"]
    given["settings"]["outputSelection"] = {path: ["evm.bytecode.object"]}
    output = compile_json(given)["contracts"][path][contract]["evm"]["bytecode"]["object"]
    assert bytes.fromhex(output[2:]) == artifact(contract).initcode
    assert all(not Path(name).is_absolute() and ".." not in name for name in given["sources"])


@pytest.mark.slow
def test_writes_a_file_a_kind_and_says_what_is_where(deployed: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "verification"
    found = write_verification(deployed.book(), deployed.provider, folder)
    kinds = {"Factory", "Lens", "ChainlinkOracle", "Pool", "Council", "Backstop", "Vault"}
    assert {path.name for path in folder.iterdir()} == {f"{kind}.json" for kind in kinds} | {"contracts.json"}
    said = json.loads((folder / "contracts.json").read_text())
    assert said["chain_id"] == 31337
    by_name = {entry["name"]: entry for entry in said["contracts"]}
    assert set(by_name) == set(NAMES)
    vault = next(each for each in found if each.name == "vault pUSDC/weth")
    assert by_name[vault.name] == {
        "name": vault.name,
        "address": vault.address,
        "transaction": vault.tx,
        "standard_json": "Vault.json",
        "contract": "contracts/Vault.vy:Vault",
        "constructor_arguments": vault.arguments.hex(),
    }
    assert json.loads((folder / "Vault.json").read_text()) == standard_json("Vault")


@pytest.mark.slow
def test_the_command_says_what_is_where(deployed: Desk, tmp_path: Path) -> None:
    """And ends with a sentence where there is nothing."""
    folder = tmp_path / "verification"
    options = ["--network", deployed.provider.uri, "--out", str(folder), "--book"]
    done = CliRunner().invoke(cli, [*options, str(deployed.book_path)])
    assert done.exit_code == 0, done.output
    *contracts, last = done.output.splitlines()
    vault = deployed.book().vaults["pUSDC/weth"].address
    assert f"{vault}  Vault            vault pUSDC/weth" in contracts
    assert last == f"{len(NAMES)} contracts: {folder}"


def refused(desk: Desk) -> str:
    """The sentence with which a book is refused."""
    with pytest.raises(DeployError) as error:
        verifiable(desk.book(), desk.provider)
    return str(error.value)


@pytest.mark.parametrize(("contract", "name"), [("Lens", "lens"), ("Council", "council pUSDC")])
def test_refuses_what_was_deployed_from_other_sources(
    deployed: Desk, monkeypatch: pytest.MonkeyPatch, contract: str, name: str
) -> None:
    """By a transaction of its own, and from a blueprint."""
    other = artifact(contract)
    edited = type(other)(other.name, other.abi, other.initcode[:-1] + b"\x00")
    monkeypatch.setattr(
        "plimsoll.deploy.verify.artifact", lambda asked: edited if asked == contract else artifact(asked)
    )
    assert refused(deployed) == (
        f"{name} was not deployed from the contracts that are compiled here; check out the version that it "
        "was deployed from."
    )


def test_refuses_a_transaction_that_the_node_does_not_know(deployed: Desk) -> None:
    tx = "0x" + "12" * 32
    book = json.loads(deployed.book_path.read_text())
    book["vaults"]["pUSDC/weth"]["tx"] = tx
    deployed.book_path.write_text(json.dumps(book))
    assert refused(deployed) == (
        f"The node of ethereum:local (chain 31337) does not know {tx}, which made vault pUSDC/weth; choose a "
        "node that has the whole chain."
    )


def test_refuses_a_pool_that_another_contract_had_made(deployed: Desk) -> None:
    book = json.loads(deployed.book_path.read_text())
    tx = book["pools"]["pUSDC"]["tx"] = book["calls"]["opening of pUSDC"]["tx"]
    deployed.book_path.write_text(json.dumps(book))
    assert refused(deployed) == (
        f"{tx}, which made pool pUSDC, is no call of the Factory in {deployed.book_path}; take the arguments "
        "of the constructors from its trace."
    )


def test_refuses_a_library_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text would not give the bytecode."""
    made = compiled("Vault")
    files = made.files | {"snekmate/utils/ecdsa.vy": "0" * 64}
    monkeypatch.setattr("plimsoll.deploy.verify.compiled", lambda name: replace(made, files=files))
    with pytest.raises(
        DeployError, match=r"^snekmate/utils/ecdsa\.vy is missing, or another one than the cont"
    ):
        standard_json("Vault")


def test_what_was_there_before_is_left_out(deployed: Desk) -> None:
    """A Factory that the market file named."""
    book = json.loads(deployed.book_path.read_text())
    book["factory"] = {"address": book["factory"]["address"]}
    deployed.book_path.write_text(json.dumps(book))
    assert "factory" not in {each.name for each in verifiable(deployed.book(), deployed.provider)}
