"""The address book: where it is, how it is written, and that it fits the connected chain."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ape import chain, networks
from ape.exceptions import ProviderError

from plimsoll.deploy import AddressBook, DeployError, book_path
from plimsoll.deploy.book import Deployed
from tests.utils.markets import MARKET, Desk

DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def provider(ecosystem: str, network: str, chain_id: int) -> Any:
    """As much of a connection as decides on the book's name; its node is no Anvil."""

    def make_request(method: str, parameters: list) -> Any:
        raise ProviderError(f"{method} is not supported")

    is_dev = network == "local"
    named = SimpleNamespace(name=network, ecosystem=SimpleNamespace(name=ecosystem), is_dev=is_dev)
    return SimpleNamespace(chain_id=chain_id, network=named, make_request=make_request)


@pytest.mark.parametrize(
    ("connection", "name"),
    [
        (("ethereum", "mainnet", 1), "mainnet.json"),
        (("ethereum", "sepolia", 11155111), "sepolia.json"),
        (("arbitrum", "mainnet", 42161), "arbitrum-mainnet.json"),
        (("ethereum", "custom", 42161), "chain-42161.json"),  # by a bare URL
        (("ethereum", "local", 31337), "local.json"),  # an Anvil that the user has started
        (("ethereum", "custom", 31337), "local.json"),  # the same, by its URL
    ],
)
def test_each_network_has_a_book(connection: tuple[str, str, int], name: str) -> None:
    assert book_path(provider(*connection)) == Path("deployments") / name


def test_a_chain_that_is_thrown_away_has_no_file() -> None:
    assert book_path(networks.provider) is None
    book = AddressBook.load(networks.provider, None)
    book.save()
    assert book.path is None


def test_is_written_in_one_step(deployed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = deployed.book_path.read_text()
    book = deployed.book()
    book.tokens["OTHER"] = Deployed(address=DEPLOYER)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DeployError) as error:
        patch.setattr("os.fsync", fail)
        book.save()
    assert str(error.value) == (
        f"{deployed.book_path} cannot be written (No space left on device); see to its folder, or name "
        "another file with --book."
    )
    assert deployed.book_path.read_text() == before
    book.save()
    assert json.loads(deployed.book_path.read_text())["tokens"]["OTHER"] == {"address": DEPLOYER}
    assert [path.name for path in deployed.book_path.parent.iterdir()] == [deployed.book_path.name]


def edited(desk: Desk, **changes: Any) -> str:
    """Edits the book by hand. Returns the sentence with which it is refused then."""
    book = json.loads(desk.book_path.read_text())
    desk.book_path.write_text(json.dumps(book | changes))
    (sentence,) = desk.refused()
    return sentence


def test_refuses_the_book_of_another_chain(deployed: Desk) -> None:
    assert edited(deployed, chain_id=1) == (
        f"{deployed.book_path} is the address book of chain 1, not of ethereum:local (chain 31337); "
        "choose the right --network, or move the file away."
    )


def test_recognises_a_chain_that_has_been_restarted(desk: Desk) -> None:
    snapshot = chain.snapshot()
    desk.deploy()
    count = 5 + 1 + 1 + 2 + 2 + 1 + 1 + 1
    pool = desk.book().blueprints["Pool"].address
    chain.restore(snapshot)
    assert desk.refused() == (
        f"{desk.book_path} names {count} contracts, but {count} of them have no code on this chain (first: "
        f"blueprint Pool at {pool}); a restarted Anvil is empty: delete {desk.book_path} and run the "
        "command again.",
    )


def test_recognises_a_restarted_chain_with_other_contracts_at_the_same_addresses(desk: Desk) -> None:
    snapshot = chain.snapshot()
    desk.deploy()
    chain.restore(snapshot)
    other = Desk(desk.file.parent / "other", desk.account)
    other.file.parent.mkdir()
    other.deploy(MARKET.replace("0.10", "0.20"))
    assert other.book().pools["pUSDC"].address == desk.book().pools["pUSDC"].address
    assert desk.refused() == (
        f"{desk.book_path} and ethereum:local (chain 31337) disagree about pool pUSDC; restore the book, or "
        "move it away to deploy afresh.",
    )


@pytest.mark.usefixtures("on_live_network")
def test_does_not_speak_of_anvil_on_a_live_network(deployed: Desk) -> None:
    factory = {"address": "0x00000000000000000000000000000000DeaDBeef"}
    assert edited(deployed, factory=factory) == (
        f"{deployed.book_path} names 14 contracts, but 1 of them have no code on this chain (first: factory "
        "at 0x00000000000000000000000000000000DeaDBeef); check that --network is right and that its node is "
        "in step."
    )


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"chain_id": "x"}'])
def test_refuses_what_is_no_book(deployed: Desk, text: str) -> None:
    deployed.book_path.write_text(text)
    (sentence,) = deployed.refused()
    assert sentence.startswith(f"{deployed.book_path} is not an address book (")
    assert sentence.endswith("); restore it, or delete it to deploy afresh.")


def test_refuses_a_pool_that_the_factory_does_not_know(deployed: Desk) -> None:
    pools = json.loads(deployed.book_path.read_text())["pools"]
    pools["pUSDC"]["address"] = deployed.book().tokens["USDC"].address
    assert edited(deployed, pools=pools) == (
        f"{deployed.book_path} and ethereum:local (chain 31337) disagree about pool pUSDC; restore the book, "
        "or move it away to deploy afresh."
    )


def test_refuses_a_vault_whose_record_has_been_edited(deployed: Desk) -> None:
    vaults = json.loads(deployed.book_path.read_text())["vaults"]
    vaults["pUSDC/weth"]["risk"]["ltv"] = "0.79"
    assert edited(deployed, vaults=vaults) == (
        f"{deployed.book_path} and ethereum:local (chain 31337) disagree about vault pUSDC/weth; restore the "
        "book, or move it away to deploy afresh."
    )


def test_a_connection_that_ape_takes_for_another_chain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.provider), "chain_id", 1337)
    (sentence,) = desk.refused()
    assert sentence == (
        "ape knows ethereum:local (chain 1337), but its node is on chain 31337; connect with "
        "--network and the bare URL of the node."
    )
