"""`ape run deploy`, and what `ape console` knows."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from importlib import util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
import pytest
from ape import accounts, chain, networks, project
from ape.api import AccountAPI, TransactionAPI
from ape.logging import LogLevel, logger
from ape_accounts.accounts import KeyfileAccount
from eth_account import Account

from plimsoll.chain.anvil import AnvilProcess
from plimsoll.chain.fees import ORACLE, data_fee_paid
from plimsoll.cli.deploy import deploy
from plimsoll.cli.network import quiet_ape
from plimsoll.deploy import Stage, load_market, locked
from tests.utils.markets import STEPS as MARKET_STEPS
from tests.utils.markets import Desk

ROOT = Path(__file__).parents[3]
MARKET = ROOT / "markets" / "local-weth-usdc.yaml"
STEPS = (*MARKET_STEPS, "Uniswap v2", "Liquidator", "Leverage")


def load(path: str) -> ModuleType:
    """A module outside of the package."""
    spec = util.spec_from_file_location(f"tested_{Path(path).stem}", ROOT / f"{path}.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(output: str) -> dict[str, list[str]]:
    """The cells of the table's rows, by the first of them."""
    lines = (line.strip("│").split("│") for line in output.splitlines() if line.startswith("│"))
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_shows_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    height = chain.blocks.height
    deploy("market", load_market(MARKET), None, dry_run=False)
    assert chain.blocks.height == height + len(STEPS)
    output = capsys.readouterr().out
    table = rows(output)
    assert tuple(table) == STEPS
    state, address, tx, gas = table["pool pUSDC"]
    assert (state, address[:2], len(address), tx[:2]) == ("✓ create", "0x", 42, "0x")
    assert int(gas.replace(",", "")) > 5_000_000
    assert "17/20 opening of pUSDC: open permanently" in output
    assert "20 transactions sent for 0.000000 ETH." in output
    assert "This chain ends with this command" in output


def test_says_what_is_signed_before_it_is_signed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    deployer: AccountAPI,
) -> None:
    """Step, call and cost; the call with the names of its arguments."""
    signs = type(deployer).sign_transaction

    def sign(account: AccountAPI, transaction: TransactionAPI) -> TransactionAPI:
        print("signing")
        return signs(account, transaction)

    monkeypatch.setattr(type(deployer), "sign_transaction", sign)
    deploy("market", load_market(MARKET), None, dry_run=False)
    output = " ".join(capsys.readouterr().out.split()).split("signing")
    assert "10 transactions cost about 0.000000 ETH at 0.000 gwei, 10 more depend on these; the" in output[0]
    assert "blueprint Pool: new blueprint of Pool (EIP-5202), for at most 0.000000 ETH" in output[0]
    limit = next(part for part in output if "limit of pUSDC/weth: Council(0x" in part)
    assert ").set_limit(vault=0x" in limit and ", limit=10000000000000), for at most" in limit
    assert any(".create_pool(params={asset=0x" in part and "delay=259200)" in part for part in output)


def test_a_book_elsewhere(tmp_path: Path) -> None:
    """Another file; a second command at the same time is refused before it plans."""
    place = tmp_path / "mine" / "book.json"
    deploy("factory", None, None, dry_run=False, place=place)
    assert json.loads(place.read_text())["factory"]
    with locked(place), pytest.raises(click.ClickException) as error:
        deploy("factory", None, None, dry_run=False, place=place)
    assert error.value.message == f"Another command is writing {place}; run this one again after it."
    deploy("factory", None, None, dry_run=False, place=place)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Said before anything is sent."""
    (tmp_path / "file").write_text("")
    height = chain.blocks.height
    with pytest.raises(click.ClickException) as error:
        deploy("factory", None, None, dry_run=False, place=tmp_path / "file" / "book.json")
    assert "cannot be written" in error.value.message and "--book" in error.value.message
    assert chain.blocks.height == height


KEY = "0123456789abcdef"


@pytest.mark.parametrize("method", ["eth_chainId", "eth_getBalance", "eth_estimateGas"])
def test_a_node_that_fails_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str
) -> None:
    """At any moment; without its address, which may contain a key."""
    provider = networks.provider.web3.provider
    request = type(provider).make_request

    def fail(self: object, asked: str, parameters: list) -> object:
        if asked == method:
            raise ConnectionError(f"Max retries exceeded with url: /v3/{KEY}")
        return request(self, asked, parameters)

    monkeypatch.setattr(type(provider), "make_request", fail)
    with pytest.raises(click.ClickException) as error:
        deploy("factory", None, None, dry_run=False, place=tmp_path / "book.json")
    assert KEY not in error.value.message
    assert "run the command again" in error.value.message


def test_the_tests_leave_a_chain_of_others_alone() -> None:
    """With the variable set that leads `ape run deploy` to a user's Anvil."""
    with AnvilProcess() as node:
        words = ["test", "tests/unit/deploy/test_apply.py", "-k", "reports_what_was_sent", "-q"]
        done = subprocess.run(
            [Path(sys.executable).with_name("ape"), *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "APE_FOUNDRY_HOST": node.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert int(node.request("eth_blockNumber"), 16) == 0


def test_a_dry_run_sends_nothing(capsys: pytest.CaptureFixture[str], deployer: AccountAPI) -> None:
    before = chain.blocks.height, deployer.nonce
    deploy("market", load_market(MARKET), None, dry_run=True)
    assert (chain.blocks.height, deployer.nonce) == before
    output = capsys.readouterr().out
    assert rows(output)["limit of pUSDC/weth"] == ["set to 10,000,000", "", "", "?"]
    assert "Nothing was sent; 20 transactions to go." in output


@pytest.fixture
def keyfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyfileAccount:
    """An account with ether and the passphrase `secret`, which everybody signs with."""
    path = tmp_path / "me.json"
    key = accounts.test_accounts[7].private_key
    path.write_text(json.dumps(Account.encrypt(key, "secret", iterations=1_024)))
    account = KeyfileAccount(keyfile_path=path)
    monkeypatch.setattr("plimsoll.deploy.signer", lambda *_: account)
    return account


@pytest.mark.usefixtures("keyfile")
@pytest.mark.parametrize(("yes", "confirmed"), [(False, 7), (True, 0)])
def test_the_passphrase_is_asked_for_once(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    yes: bool,
    confirmed: int,
) -> None:
    """And each signature, unless `--yes` says so; ape's warnings of either are not shown."""
    asked: Counter[str] = Counter()
    monkeypatch.setattr("click.prompt", lambda *_, **__: asked.update(["passphrase"]) or "secret")
    monkeypatch.setattr("click.confirm", lambda text: asked.update([text.splitlines()[-1]]) or True)
    for _ in range(2):  # the second time there is nothing to sign
        deploy("factory", None, "me", dry_run=False, yes=yes, place=desk.book_path)
    assert asked == Counter({"passphrase": 1, "Sign: ": confirmed})
    output = capsys.readouterr()
    assert "WARNING" not in output.out + output.err


@pytest.mark.usefixtures("keyfile")
@pytest.mark.parametrize("yes", [False, True])
def test_a_wrong_passphrase_ends_in_a_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    monkeypatch.setattr("click.prompt", lambda *_, **__: "wrong")
    with pytest.raises(click.ClickException) as error:
        deploy("factory", None, "me", dry_run=False, yes=yes, place=desk.book_path)
    assert error.value.message == (
        "me stays locked (Failed to unlock after 3 attempts); run the command again with its passphrase."
    )
    assert not desk.book_path.exists()


WEI_A_BYTE = 10**12
GAS_PRICE_ORACLE = (  # of the OP Stack, as far as it is asked: `WEI_A_BYTE` times the length of its argument
    "0x602435" + f"6a{WEI_A_BYTE:022x}" + "02" + "5f5260205ff3"
)


def test_the_data_of_transactions_costs_on_a_rollup(capsys: pytest.CaptureFixture[str], desk: Desk) -> None:
    """In the plan, before each signature, and in the sum of what was spent, where receipts say it."""
    networks.provider.make_request("anvil_setCode", [ORACLE, GAS_PRICE_ORACLE])
    blueprints = desk.plan(until=Stage.FACTORY).missing[:5]
    for step in blueprints:
        data = bytes(step.transaction().transaction.data)
        assert step.data_fee == WEI_A_BYTE * (len(data) + 3 * 32)
    total = f"{sum(step.data_fee for step in blueprints) / 10**18:.6f} ETH"
    deploy("factory", None, None, dry_run=False, place=desk.book_path)
    output = " ".join(capsys.readouterr().out.split())
    assert f"5 transactions cost about {total} at 0.000 gwei, {total} of it for their data, 2 more" in output
    first = f"{blueprints[0].data_fee / 10**18:.6f} ETH"
    assert f"blueprint of Pool (EIP-5202), for at most 0.000000 ETH and about {first} for its data" in output

    receipts = SimpleNamespace(make_request=lambda method, _: {"l1Fee": "0x1c8"})
    assert data_fee_paid(receipts, "0x") == 456
    assert data_fee_paid(networks.provider, desk.book().blueprints["Pool"].tx) == 0


def test_a_mistake_ends_in_a_sentence() -> None:
    before = chain.blocks.height
    with pytest.raises(click.ClickException) as error:
        deploy("factory", None, "TEST::20", dry_run=False)
    assert error.value.message == "TEST::20 is no test account; choose TEST::0 to TEST::19."
    assert chain.blocks.height == before


@pytest.mark.parametrize("account", ["TEST::0", "TEST::20"])
def test_ape_logs_afterwards_as_before(account: str) -> None:
    """After a mistake too."""
    with quiet_ape("DEBUG"):
        with suppress(click.ClickException):
            deploy("factory", None, account, dry_run=True)
        assert logger.level == LogLevel.DEBUG


def test_the_command_ends_with_an_exit_code_and_without_a_traceback() -> None:
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run(
        [ape, "run", "deploy", "market", "--file", "markets/none.yaml"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "Error: There is no file markets/none.yaml; give the path of a market file.\n"
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert "anvil" not in done.stdout + done.stderr  # refused before a chain is started


class Shell(dict):
    """As much of IPython as the console's extras use."""

    push = dict.update


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The names that `ape console` starts with."""
    shell = Shell(load("ape_console_extras").ape_init_extras(networks=networks, project=project))
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return shell


def test_the_console_of_an_empty_chain(console: Shell) -> None:
    assert console["pools"] == console["vaults"] == {}
    assert console["factory"] is console["lens"] is None
    assert console["price_of"](2_000, 18, 6) == 2_000 * 10**24
    assert console["wad"](console["PRESETS"]["blue-chip"].ltv) == 8 * 10**17


def test_the_console_deploys_and_names_the_contracts(console: Shell) -> None:
    console["deploy"](str(MARKET))
    assert console["factory"].is_pool(console["pools"]["pUSDC"])
    assert console["vaults"]["pUSDC/weth"].pool() == console["pools"]["pUSDC"]
    assert console["lens"].pool_summary(console["pools"]["pUSDC"]).vault_count == 1
    assert console["oracles"]["pUSDC/weth"].price() == console["price_of"](2_000, 18, 6)
    assert console["book"].pools["pUSDC"].address == console["pools"]["pUSDC"]


def test_the_console_decodes_events_and_traces(console: Shell) -> None:
    """Of the contracts of the book, also those that the Factory made."""
    console["deploy"](str(MARKET))
    pool, council = console["pools"]["pUSDC"], console["councils"]["pUSDC"]
    receipt = networks.provider.get_receipt(console["book"].calls["limit of pUSDC/weth"].tx)
    (event,) = receipt.events
    assert event.event_name in {abi.name for abi in pool.contract_type.events}
    assert str(receipt.trace).startswith("Council.set_limit(vault=Vault, limit=10000000000000)")
    assert council.contract_type.name == "Council"


def test_the_console_says_what_is_wrong(console: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    console["deploy"]("none.yaml")
    console["deploy"](str(MARKET), "TEST::20")
    assert capsys.readouterr().out.splitlines() == [
        "There is no file none.yaml; give the path of a market file.",
        "TEST::20 is no test account; choose TEST::0 to TEST::19.",
    ]
