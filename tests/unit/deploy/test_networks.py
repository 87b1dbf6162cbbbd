"""What is for play and what is live: the node decides. And a fork, as its guide says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ape import accounts, chain, networks
from ape.api import AccountAPI, ProviderAPI
from ape.api.accounts import ImpersonatedAccount
from ape.exceptions import APINotImplementedError, ProviderError
from ape_ethereum.provider import Web3Provider

from plimsoll.chain.abi import constructor_data, functions_of
from plimsoll.chain.anvil import AnvilProcess
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.views import is_local, network_of
from plimsoll.deploy import AddressBook, DeployError, book_path, deploy_market, load_market, plan, signer
from plimsoll.keeper.assembly import default_database
from tests.utils.markets import MARKET, STEPS

GUIDE = Path(__file__).parents[3] / "docs" / "networks.md"
ETHEREUM = 1


@pytest.fixture(scope="module")
def pretender() -> Iterator[AnvilProcess]:
    """An Anvil with Ethereum's chain id."""
    with AnvilProcess("--chain-id", str(ETHEREUM)) as node:
        yield node


@pytest.fixture
def ethereum(pretender: AnvilProcess) -> Iterator[ProviderAPI]:
    """Connected to it by its URL; what a test does there stays."""
    with networks.parse_network_choice(pretender.url) as provider:
        yield provider


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Makes the node answer as live ones do when they are asked for what only an Anvil can."""
    request = Web3Provider.make_request

    def answer(self: Web3Provider, method: str, parameters: Any = None) -> Any:
        if method.startswith("anvil_"):
            raise error
        return request(self, method, parameters)

    monkeypatch.setattr(Web3Provider, "make_request", answer)


def test_an_anvil_with_ethereums_id_is_local(ethereum: ProviderAPI) -> None:
    """For ape it is the main network."""
    assert (ethereum.network.name, ethereum.chain_id) == ("mainnet", ETHEREUM)
    assert is_local(ethereum)
    assert network_of(ethereum) == "a local ethereum:mainnet (chain 1)"
    assert book_path(ethereum) == Path("deployments") / "local-1.json"
    assert default_database(ethereum, "pUSDC/weth") == Path(".keeper") / "local-1-pUSDC-weth.sqlite"
    assert signer(None, ethereum) == accounts.test_accounts[0]


@pytest.mark.parametrize(
    "error",
    [
        APINotImplementedError("RPC method 'anvil_nodeInfo' is not implemented by this node instance."),
        ProviderError("rpc method is unsupported"),
        ConnectionError("refused"),
    ],
)
def test_a_node_that_does_not_say_that_it_is_an_anvil_is_live(
    ethereum: ProviderAPI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    refuse(monkeypatch, error)
    assert not is_local(ethereum)
    assert network_of(ethereum) == "ethereum:mainnet (chain 1)"
    assert book_path(ethereum) == Path("deployments") / "mainnet.json"
    assert default_database(ethereum, "pUSDC/weth") == Path(".keeper") / "1-pUSDC-weth.sqlite"
    with pytest.raises(DeployError, match=r"^TEST::0 has a key that is public"):
        signer("TEST::0", ethereum)
    (tmp_path / "market.yaml").write_text(MARKET)
    with pytest.raises(DeployError, match="mocks are for local chains, not for ethereum:mainnet"):
        plan(
            load_market(tmp_path / "market.yaml"),
            AddressBook.load(ethereum, None),
            accounts.test_accounts[0],
        )


@pytest.mark.slow
def test_a_market_of_mocks_on_an_anvil_with_ethereums_id(
    ethereum: ProviderAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is waited for: nobody would mine the blocks."""
    monkeypatch.chdir(tmp_path)
    Path("market.yaml").write_text(MARKET)
    book = deploy_market("market.yaml", accounts.test_accounts[0])
    assert book.path == Path("deployments") / "local-1.json"
    assert ethereum.get_block("latest").number == len(STEPS)
    assert plan(load_market("market.yaml"), book, accounts.test_accounts[0]).warnings == ()


def test_an_own_account_is_warned_where_its_signature_counts_elsewhere(
    ethereum: ProviderAPI, deployer: AccountAPI
) -> None:
    """Not a test account, whose key everybody has."""
    book = AddressBook.load(ethereum, None)
    assert plan(None, book, deployer).warnings == ()
    mine = ImpersonatedAccount(raw_address=deployer.address)
    warnings = plan(None, book, mine).warnings
    assert warnings == (
        f"This chain is local, but what {mine.address} signs here is valid on every chain 1; sign with a "
        "test account, or start anvil with --chain-id 31337.",
    )


# ------------------------------------------------------------------------------------------------ a fork


USDC, WETH = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
UNISWAP = "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"
ETH_USD, USDC_USD = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419", "0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6"
HOLDER = "0x37305B1cD40574E4C5Ce33f8e8306Be057fD7341"


SLOTS = 4  # of storage, that constructors write


class Remote(AnvilProcess):
    """An Anvil that plays Ethereum: at the addresses of the guide is what plays their contracts."""

    def play(self) -> None:
        """Puts everything in its place."""
        (self._sender, *_) = self.request("eth_accounts")
        self._place(USDC, "PlainToken", "USD Coin", "USDC", 6)
        self._place(WETH, "WETH9")
        self._place(UNISWAP, "UniswapV2Factory", self._sender)
        for feed, answer in ((ETH_USD, 2_000 * 10**8), (USDC_USD, 10**8)):
            self._place(feed, "MockFeed", 8, answer)
            self._call(feed, "MockFeed", "set_answer", answer)
        self._call(USDC, "PlainToken", "mint", HOLDER, 5_000_000 * 10**6)

    def _place(self, address: str, contract: str, *arguments: Any) -> None:
        made = artifact(contract)
        receipt = self._send(data=made.initcode + constructor_data(made, arguments))
        there = receipt["contractAddress"]
        self.request("anvil_setCode", address, self.request("eth_getCode", there, "latest"))
        for slot in map(hex, range(SLOTS)):
            word = self.request("eth_getStorageAt", there, slot, "latest")
            self.request("anvil_setStorageAt", address, f"0x{int(slot, 16):064x}", word)

    def _call(self, address: str, contract: str, method: str, *arguments: Any) -> None:
        function = functions_of(artifact(contract).abi)[method, len(arguments)]
        self._send(to=address, data=function.encode(arguments))

    def _send(self, data: bytes, **request: str) -> dict[str, Any]:
        request |= {"from": self._sender, "data": "0x" + data.hex()}
        receipt = self.request("eth_sendTransactionSync", request)
        assert receipt["status"] == "0x1"
        return receipt


@pytest.fixture
def fork() -> Iterator[ProviderAPI]:
    """As the guide says: an Anvil that forks the remote, and ape connected to it by its host."""
    with Remote("--chain-id", str(ETHEREUM)) as remote:
        remote.play()
        with (
            AnvilProcess("--fork-url", remote.url, "--chain-id", "31337") as node,
            networks.ethereum.local.use_provider("foundry", provider_settings={"host": node.url}) as provider,
        ):
            yield provider


@pytest.mark.slow
def test_a_fork_as_its_guide_says(
    fork: ProviderAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide's market file, then its console."""
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text()
    (market,) = re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)
    Path("fork.yaml").write_text(market)
    book = deploy_market("fork.yaml", signer("TEST::1", fork))
    assert book.path == Path("deployments") / "local.json"
    assert book.tokens == book.feeds == {}

    names = {"accounts": accounts, "chain": chain, **vars(book.contracts())}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.S | re.M):
        exec(compile(block, "networks.md", "exec"), names)
    assert capsys.readouterr().out.splitlines()[-1] == "True"
    assert names["vault"].debt_of(names["borrower"]) > 15_000 * 10**6
