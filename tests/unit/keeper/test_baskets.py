"""The keeper of a basket on an Anvil of its own: with funds, without, killed, and by the command."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from ape import accounts
from web3 import HTTPProvider

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.keeper.execution import BasketFlash, BasketInventory
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import BasketNode, Node
from plimsoll.testing import Chain, Contract
from plimsoll.units import WAD
from tests.stateful.world import DEPLOYER
from tests.unit.keeper.test_faults import NUMBER, ROOT, KeySigner
from tests.utils.keeper import HEALTHY, work
from tests.utils.periphery import STRANGER, BasketMarket, PeripheryMarket, role

OWNERS = [role(300 + number) for number in range(3)]
FUNDS = 200_000 * 10**6


@dataclass
class World:
    """A basket of WETH, BTC and a token that can be halted; three positions of 12 WETH's worth."""

    node: AnvilProcess
    venue: PeripheryMarket
    market: BasketMarket
    third: Contract

    @property
    def keeper(self) -> str:
        return str(accounts.test_accounts[NUMBER].address)

    def crash(self) -> None:
        """Oracles and pairs fall by an eighth or so."""
        for leg, quote in enumerate((1_750, 35_000, "17.5")):
            self.market.set_quote(leg, quote)
        self.venue.swap(self.venue.weth, self.venue.usd, 345 * WAD)
        self.venue.swap(self.venue.btc, self.venue.usd, 17 * 10**8)
        self.venue.swap(self.third, self.venue.usd, 34_000 * WAD)

    def nonce(self) -> int:
        return int(self.node.request("eth_getTransactionCount", self.keeper, "latest"), 16)

    def healthy(self) -> int:
        """How many positions are, at the time of the next block, whoever has mined the last one."""
        now = Chain(Anvil(self.node.url), DEPLOYER)
        now.advance(max(0, int(time.time()) + 2 - now.now))
        basket = now.at("Basket", self.market.basket.address)
        return sum(basket.call("health", owner) >= WAD for owner in OWNERS)


@pytest.fixture(scope="module")
def _built() -> Iterator[World]:
    node = AnvilProcess()
    node.start()
    try:
        venue = PeripheryMarket(Chain(Anvil(node.url), DEPLOYER))
        third = venue.make("BlocklistToken", "Third", "THIRD", 18)
        venue.provide(third, 500_000 * WAD, venue.usd, 10**7 * 10**6)
        market = venue.basket(venue.usd, [(venue.weth, 2_000), (venue.btc, 40_000), (third, 20)])
        for owner in OWNERS:
            market.borrow(owner, [4 * WAD, 2 * 10**7, 400 * WAD], 18_700 * 10**6)
        yield World(node, venue, market, third)
    finally:
        node.kill()


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Every test takes this file's node back."""
    yield


@pytest.fixture
def world(_built: World) -> Iterator[World]:
    before = _built.venue.engine.snapshot()
    yield _built
    _built.venue.engine.revert(before)


@pytest.fixture
def hire(world: World, tmp_path: Path) -> Iterator[Callable[..., Keeper]]:
    """A keeper; the second time with the same file."""
    opened: list[Index] = []

    def start(is_flash: bool = False, **policy) -> Keeper:
        for index in opened:
            index.close()
        web = HTTPProvider(world.node.url, exception_retry_configuration=None)
        basket = BasketNode(Node(web.make_request), world.market.basket.address)
        way = (
            BasketFlash(basket, world.venue.liquidator.address)
            if is_flash
            else BasketInventory(basket, world.keeper)
        )
        opened[:] = [Index(tmp_path / "index.sqlite", 31_337, basket.address, 0, 3)]
        signer = KeySigner(accounts.test_accounts[NUMBER].private_key)
        return Keeper(basket, opened[0], signer, way, Policy(**policy), time.time)

    yield start
    for index in opened:
        index.close()


def test_a_crash_is_cleared_without_capital(world, hire):
    """One transaction closes three positions and sells three legs; what is left is the keeper's."""
    keeper = hire(is_flash=True, floor=100 * 10**6)
    keeper.tick()
    assert keeper.status.doing == HEALTHY
    before = world.nonce()
    world.crash()
    assert world.healthy() == 0
    work(keeper)
    assert (world.healthy(), world.nonce() - before) == (3, 1)
    assert world.venue.usd.call("balanceOf", world.keeper) >= 100 * 10**6
    for token in world.market.tokens:
        assert (
            token.call("balanceOf", world.keeper)
            == token.call("balanceOf", world.venue.liquidator.address)
            == 0
        )
    assert keeper.catch_up(Random(1)) == 3


def test_a_leg_that_is_halted_stays_and_the_others_close(world, hire):
    """With funds, after an allowance each; started anew from its file in between."""
    world.venue.give(world.venue.usd, world.keeper, FUNDS)
    world.third.send("set_halted", True, sender=STRANGER)
    for leg, quote in enumerate((1_750, 35_000, "17.5")):
        world.market.set_quote(leg, quote)
    keeper = hire(allowance=FUNDS)
    keeper.tick()
    while keeper.status.doing.startswith(("sent an allowance", "waiting")):
        time.sleep(0.1)
        keeper.tick()
    assert keeper.status.doing == f"{keeper._vault.collaterals[2]} cannot be moved; left out for ten minutes"
    keeper.tick()
    assert keeper.status.doing.startswith("sent a batch of 1")
    again = hire(allowance=FUNDS)
    work(again)
    assert world.healthy() == 3
    assert [world.market.basket.call("position_of", owner)[0][2] for owner in OWNERS] == [400 * WAD] * 3


def command(world: World, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`ape run keeper` on this node, in a process of its own."""
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("ape"), "run", "keeper", "--once"),
            *("--vault", world.market.basket.address, "--account", f"TEST::{NUMBER}", "--coin-price", "1750"),
            *("--database", folder / "index.sqlite", *options),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "APE_FOUNDRY_HOST": world.node.url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_keeps_a_basket(world, tmp_path):
    """By its address: a look that sends nothing, one that does, and a setting that makes no sense."""
    world.crash()
    liquidator = ("--liquidator", world.venue.liquidator.address)
    done = command(world, tmp_path, *liquidator, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 closes bring" in done.stdout
    before = world.nonce()
    done = command(world, tmp_path, *liquidator)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sent a batch of 3" in done.stdout
    deadline = time.monotonic() + 30
    while world.nonce() == before:
        assert time.monotonic() < deadline, "not mined"
        time.sleep(0.1)
    assert world.healthy() == 3
    done = command(world, tmp_path, "--pair", world.venue.usd.address)
    assert done.returncode == 1
    assert "Error: A basket's legs are not sold on one pair" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
