"""The keeper on an Anvil of its own that is killed, cut off and raced; with funds and without."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from ape import accounts
from eth_account import Account
from eth_utils import to_checksum_address
from web3 import HTTPProvider

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.engine import Contract
from plimsoll.keeper.execution import FlashLiquidation, Inventory
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import Node, Reverted, VaultNode
from plimsoll.params import price_of
from plimsoll.testing import Chain
from plimsoll.testing.market import Market
from plimsoll.units import DAY, MAX, WAD, order
from tests.stateful.world import DEPLOYER
from tests.utils.anvil import Proxy
from tests.utils.keeper import HEALTHY, work
from tests.utils.oracles import Config, Feed
from tests.utils.periphery import BORROWER, STRANGER, PeripheryMarket

ROOT = Path(__file__).parents[3]
NUMBER = 3  # of the keeper among the test accounts
TIMEOUT = 0.5  # seconds
FUNDS = 100_000 * 10**6


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Every test has a node of its own."""
    yield


@dataclass
class KeySigner:
    """Signs with a key."""

    key: str

    @property
    def address(self) -> str:
        return str(Account.from_key(self.key).address)

    def sign(self, to: str, data: bytes, nonce: int, gas: int, gas_price: int) -> tuple[str, bytes]:
        fields = {
            "to": to_checksum_address(to),
            "data": data,
            "nonce": nonce,
            "gas": gas,
            "gasPrice": gas_price,
        }
        signed = Account.sign_transaction({**fields, "chainId": 31_337, "value": 0}, self.key)
        return "0x" + bytes(signed.hash).hex(), bytes(signed.raw_transaction)


@dataclass
class Lockstep:
    """A market at a real oracle with two feeds, and one position of 10 WETH and 15,000 dollars."""

    node: AnvilProcess
    venue: PeripheryMarket
    market: Market
    feed: Contract
    dollar: Contract
    state: Path

    @property
    def keeper(self) -> str:
        return str(accounts.test_accounts[NUMBER].address)

    def catch_up(self) -> None:
        """After a restart, and after blocks of others: the node's clock is at least the wall's."""
        engine = self.venue.engine
        engine.__init__(self.node.url)
        engine.advance(max(0, int(time.time()) + 2 - engine.now))

    def crash(self) -> None:
        """Oracle and pair fall to 1,750."""
        self.catch_up()
        self.feed.send("set_answer", 1_750 * 10**8, sender=DEPLOYER)
        self.venue.swap(self.venue.weth, self.venue.usd, 345 * WAD)

    def nonce(self) -> int:
        """How many transactions of the keeper are mined."""
        return int(self.node.request("eth_getTransactionCount", self.keeper, "latest"), 16)

    def is_healthy(self) -> bool:
        """Whether the position is, at the time of the next block."""
        self.catch_up()
        return bool(self.market.vault.call("health", BORROWER) >= WAD)

    def restart(self, state: Path | None) -> None:
        """Kills the node; another one listens at the same port."""
        self.node.kill()
        self.node.start(state)
        if state is not None:  # until a block is mined, Anvil's calls run at a time before the last one
            self.catch_up()
            self.venue.usd.send("mint", STRANGER, 0, sender=DEPLOYER)


@pytest.fixture(scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockstep]:
    with AnvilProcess() as node:
        venue = PeripheryMarket(Chain(Anvil(node.url), DEPLOYER))
        feeds = [venue.make("MockFeed", 8, answer) for answer in (2_000 * 10**8, 10**8)]
        terms = [Feed(feed, 7 * DAY, 1, 10**15) for feed in feeds]
        price = price_of(2_000, 18, 6)
        oracle = venue.make("ChainlinkOracle", Config(venue.weth, venue.usd, price, *terms).as_struct())
        market = venue.market(venue.usd, venue.weth, 2_000, oracle=oracle)
        venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
        world = Lockstep(node, venue, market, *feeds, tmp_path_factory.mktemp("anvil") / "state.json")
        venue.give(venue.usd, world.keeper, FUNDS)
        node.dump(world.state)
        yield world


@pytest.fixture
def world(_built: Lockstep) -> Iterator[Lockstep]:
    """The same for every test, on a node that has just been started."""
    _built.restart(_built.state)
    yield _built


@pytest.fixture
def proxy(world: Lockstep) -> Iterator[Proxy]:
    proxy = Proxy(world.node.url)
    yield proxy
    proxy.close()


@pytest.fixture
def hire(world: Lockstep, proxy: Proxy, tmp_path: Path) -> Iterator[Callable[..., Keeper]]:
    """A keeper behind the proxy; the second time with the same file."""
    opened: list[Index] = []

    def start(is_flash: bool = False, **policy) -> Keeper:
        for index in opened:
            index.close()
        web = HTTPProvider(proxy.url, {"timeout": TIMEOUT}, exception_retry_configuration=None)
        vault = VaultNode(Node(web.make_request), world.market.vault.address)
        execution = FlashLiquidation(vault, world.venue.liquidator.address) if is_flash else Inventory(vault)
        opened[:] = [Index(tmp_path / "index.sqlite", 31_337, vault.address)]
        signer = KeySigner(accounts.test_accounts[NUMBER].private_key)
        return Keeper(vault, opened[0], signer, execution, Policy(**policy), time.time)

    yield start
    for index in opened:
        index.close()


def test_without_capital(world, hire):
    """Through the Liquidator: nothing but gas is needed, and what is left of the sale is the keeper's."""
    world.venue.usd.send("transfer", STRANGER, FUNDS, sender=world.keeper)
    keeper = hire(is_flash=True, floor=100 * 10**6)
    keeper.tick()
    assert keeper.status.doing == HEALTHY
    before = world.nonce()
    world.crash()
    work(keeper)
    assert world.nonce() == before + 1
    assert world.is_healthy()
    assert world.venue.usd.call("balanceOf", world.keeper) >= 100 * 10**6
    assert world.venue.weth.call("balanceOf", world.keeper) == 0


def test_a_crash_is_cleared_by_flash_and_the_backstop_takes_the_first_loss(world, hire):
    """Twelve positions, some beyond what they can pay; no capital; lenders lose nothing."""
    world.catch_up()
    venue, pool, vault = world.venue, world.market.pool, world.market.vault
    staker, stake = STRANGER, 200_000 * 10**6
    backstop = venue.at("Backstop", pool.call("backstop"))
    venue.give(venue.usd, staker, stake)
    venue.usd.send("approve", pool.address, MAX, sender=staker)
    shares = pool.send("deposit", stake, staker, sender=staker)
    pool.send("approve", backstop.address, MAX, sender=staker)
    backstop.send("deposit", shares, staker, sender=staker)
    owners = [f"0x{number:040x}" for number in range(0xB0, 0xBC)]
    for number, owner in enumerate(owners):  # 1,300 to 1,575 a WETH
        venue.borrow(world.market, owner, 10 * WAD, (13_000 + 250 * number) * 10**6)
    share = 10**12
    worth, staked = pool.call("convertToAssets", share), backstop.call("totalAssets")
    venue.usd.send("transfer", STRANGER, FUNDS, sender=world.keeper)
    keeper = hire(is_flash=True, gas_cap=190_000 + 5 * 10_000)

    world.feed.send("set_answer", 1_450 * 10**8, sender=DEPLOYER)
    venue.swap(venue.weth, venue.usd, 780 * WAD)  # to 1,500: what the keeper sells moves it further
    work(keeper)

    world.catch_up()
    assert all(vault.call("health", owner) >= WAD for owner in (*owners, BORROWER))
    assert keeper.status.counts["mined"] >= 2
    assert venue.usd.call("balanceOf", world.keeper) > 0
    assert pool.call("losses", vault.address) > 0
    assert pool.call("convertToAssets", share) >= worth
    assert backstop.call("totalAssets") < staked


def test_without_capital_over_another_token(world, proxy):
    """By way of BTC the depth of both pairs counts; a pair that does not exist is said."""
    world.crash()
    world.venue.swap(world.venue.weth, world.venue.btc, 345 * WAD)
    vault = VaultNode(Node(HTTPProvider(proxy.url).make_request), world.market.vault.address)
    execution = FlashLiquidation(vault, world.venue.liquidator.address, [world.venue.btc.address])
    path = world.venue.path(world.venue.weth, world.venue.btc, world.venue.usd)
    assert execution.venue(0).proceeds(3 * WAD) == world.venue.sale(path, 3 * WAD)
    with pytest.raises(Reverted, match="there is no pair"):
        FlashLiquidation(vault, world.venue.liquidator.address, [world.market.pool.address])


def test_a_sale_that_does_not_pay_is_not_sent(world, hire):
    """The pair has fallen further than the oracle: the impact eats the bonus."""
    world.crash()
    world.venue.swap(world.venue.weth, world.venue.usd, 400 * WAD)
    keeper = hire(is_flash=True)
    before = world.nonce()
    keeper.tick()
    assert keeper.status.doing == "no batch pays for its gas and the sale"
    assert world.nonce() == before


def test_the_pair_moves_before_the_transaction(world, proxy, hire):
    """Somebody sells between simulation and sending: a smaller profit than the floor is not taken."""
    world.crash()
    venue = world.venue
    quote = world.market.vault.address, [order(BORROWER)], venue.path(venue.weth, venue.usd)
    due, _, proceeds, _ = venue.liquidator.call("quote", *quote)
    keeper = hire(is_flash=True, floor=(proceeds - due) * 99 // 100, cooldown=60)
    proxy.before["eth_sendRawTransaction"] = lambda: venue.swap(venue.weth, venue.usd, 5 * WAD)
    work(keeper, "all that could be closed cool down")
    assert (keeper.status.counts["reverted"], keeper.status.counts["mined"]) == (1, 0)
    world.catch_up()
    due, _, proceeds, _ = venue.liquidator.call("quote", *quote)
    assert proceeds > due


def test_anvil_is_killed_and_comes_back(world, hire, tmp_path):
    """Down: waited for. Another chain in its place: said, nothing sent. The same chain again: goes on."""
    keeper = hire()
    keeper.tick()
    world.crash()
    before, state = world.nonce(), tmp_path / "state.json"
    world.node.dump(state)
    world.node.kill()
    keeper.tick_safely()
    assert "The node does not answer" in keeper.status.doing
    world.restart(None)
    keeper.tick_safely()
    assert "another chain" in keeper.status.doing
    assert len(keeper._index.positions) == 1
    world.restart(state)
    work(keeper)
    assert world.nonce() == before + 2  # an allowance and a batch
    assert world.is_healthy()
    assert keeper.status.counts["errors"] == 2


def test_a_transaction_that_died_with_the_node_is_sent_again(world, hire, tmp_path):
    """Sent, not mined, and the node's pool is lost: the same bytes again, once."""
    world.crash()
    keeper = hire(is_flash=True)
    before, state = world.nonce(), tmp_path / "state.json"
    world.node.dump(state)
    world.node.request("evm_setAutomine", False)
    keeper.tick()
    assert keeper.status.doing.startswith("sent a batch of 1")
    world.restart(state)
    work(keeper)
    assert world.nonce() == before + 1
    assert (keeper.status.counts["replaced"], keeper.status.counts["mined"]) == (0, 1)


def test_a_node_that_hangs_or_fails_is_asked_again(world, proxy, hire):
    """Timeouts while reading; an error 500 for a transaction that the node has taken: sent once."""
    keeper = hire(is_flash=True)
    keeper.tick()
    world.crash()
    before = world.nonce()
    for method in ("eth_getLogs", "eth_call", "eth_estimateGas"):
        proxy.before[method] = lambda: time.sleep(2 * TIMEOUT)
        keeper.tick_safely()
        assert keeper.status.doing.startswith(f"The node does not answer {method}")
        proxy.failing.add(method)
        keeper.tick_safely()
        assert keeper.status.doing.startswith(f"The node does not answer {method}")
    proxy.failing.add("eth_sendRawTransaction")
    work(keeper)
    assert keeper.status.counts["errors"] == 7
    assert (world.nonce(), keeper.status.counts["mined"]) == (before + 1, 1)
    assert proxy.asked.count("eth_sendRawTransaction") == 1


def test_a_rival_pays_more_for_the_same_block(world, hire):
    """Both in one block, the rival first: the keeper's batch reverts, its owners cool down."""
    world.crash()
    keeper = hire(is_flash=True, cooldown=60)
    request = world.node.request
    request("evm_setAutomine", False)
    keeper.tick()
    vault = world.market.vault
    request("anvil_setBalance", STRANGER, hex(WAD))
    usd = world.venue.usd
    for to, data in (
        (usd, usd.encode("mint", STRANGER, FUNDS)),
        (usd, usd.encode("approve", vault.address, MAX)),
        (vault, vault.encode("liquidate", BORROWER, MAX)),
    ):
        request("eth_sendTransaction", rival(to.address, data))
    request("evm_mine")
    request("evm_setAutomine", True)
    assert world.is_healthy()
    work(keeper)
    assert (keeper.status.counts["reverted"], keeper.status.counts["mined"]) == (1, 0)


def rival(to: str, data: bytes) -> dict[str, str]:
    """A transaction that pays 100 gwei for gas, much more than the keeper."""
    return {"from": STRANGER, "to": to, "data": "0x" + data.hex(), "gas": hex(10**6), "gasPrice": hex(10**11)}


def test_an_oracle_goes_stale(world, hire):
    """A week without an answer: nothing is sent; with the next answer the keeper goes on."""
    world.crash()
    world.node.request("evm_increaseTime", 8 * DAY)
    world.node.request("evm_mine")
    keeper = hire(is_flash=True)
    before = world.nonce()
    keeper.tick()
    assert keeper.status.doing.startswith("the oracle gives no price")
    assert world.nonce() == before
    world.catch_up()
    for feed, answer in ((world.feed, 1_750 * 10**8), (world.dollar, 10**8)):
        feed.send("set_answer", answer, sender=DEPLOYER)
    work(keeper)
    assert (world.nonce(), world.is_healthy()) == (before + 1, True)


def test_the_command_is_killed_between_send_and_receipt(world, proxy, tmp_path):
    """SIGKILL while the node's answer is held back; started again: no second batch. SIGINT ends it."""
    world.crash()
    before, held = world.nonce(), Event()

    def hold() -> None:
        held.set()
        time.sleep(1)

    proxy.before["eth_sendRawTransaction"] = hold
    first = keep(world, proxy, tmp_path)
    try:
        wait_until(lambda: held.is_set() or first.poll() is not None)
    finally:
        first.kill()
        output, _ = first.communicate()
    assert held.is_set(), output
    second = keep(world, proxy, tmp_path)
    try:
        wait_until(lambda: world.nonce() > before and world.is_healthy())
        looks = proxy.asked.count("eth_blockNumber")
        wait_until(lambda: proxy.asked.count("eth_blockNumber") > looks + 2)
    finally:
        second.send_signal(signal.SIGINT)
        output, _ = second.communicate(timeout=60)
    assert second.returncode == 0, output
    assert HEALTHY in output
    assert "Traceback" not in output
    assert world.nonce() == before + 1


def keep(world: Lockstep, proxy: Proxy, folder: Path) -> subprocess.Popen[str]:
    """`ape run keeper` behind the proxy, in a process of its own."""
    options = [
        "--vault",
        world.market.vault.address,
        "--account",
        f"TEST::{NUMBER}",
        "--coin-price",
        "1750",
        "--interval",
        "0.2",
    ]
    options += ["--liquidator", world.venue.liquidator.address, "--database", str(folder / "index.sqlite")]
    return subprocess.Popen(
        [Path(sys.executable).with_name("ape"), "run", "keeper", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "APE_FOUNDRY_HOST": proxy.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "too late"
        time.sleep(0.1)
