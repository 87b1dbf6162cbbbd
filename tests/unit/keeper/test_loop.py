"""The keeper on Anvil: clears a crash, never acts twice, loses nothing to a kill, a rival, a dead oracle."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from ape import networks
from ape.api import AccountAPI
from eth_utils import keccak

from plimsoll.keeper.execution import Inventory
from plimsoll.keeper.index import DOUBTS, Index, IndexFault
from plimsoll.keeper.journal import Journal
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.metrics import registry
from plimsoll.keeper.node import Node, NodeError, Reverted, VaultNode
from plimsoll.keeper.signer import ApeSigner
from plimsoll.testing.market import Market, build_market
from plimsoll.units import MAX
from tests.utils.keeper import HEALTHY, work

pytestmark = pytest.mark.usefixtures("still_clock")  # on Anvil the clock of a view runs on within a block


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """The node's JSON-RPC, which a test can cut, listen to, or have a rival act on."""

    def __init__(self) -> None:
        self.before: dict[str, Callable[[], None]] = {}
        self.instead: dict[str, str | None] = {}
        self.sent: list[str] = []

    def __call__(self, method: str, parameters: list) -> dict:
        if method == "eth_sendRawTransaction":
            self.sent.append(parameters[0])
        name = f"{method} {parameters[0]['data'][:10]}" if method == "eth_call" else method
        self.before.pop(name, lambda: None)()
        if name in self.instead:
            return {"result": self.instead.pop(name)}
        return networks.provider.web3.provider.make_request(method, parameters)


@pytest.fixture(scope="module")
def market(builder, lender, borrower, other_borrower, liquidator, stranger) -> Market:
    """Two borrowers at a loan-to-value of 75 %."""
    market = build_market(builder, [lender, borrower, other_borrower, liquidator, stranger])
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    for who in (borrower, other_borrower):
        market.vault.open(market.collaterals(10), market.loans(15_000), sender=who)
    return market


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hire(market: Market, liquidator: AccountAPI, wire: Wire, clock: Clock, tmp_path: Path):
    """A keeper, started again with the same file each time it is called."""
    opened: list[Index] = []

    def start(**policy) -> Keeper:
        for index in opened:
            index.close()
        vault = VaultNode(Node(wire), market.vault.address)
        opened[:] = [Index(tmp_path / "index.sqlite", networks.provider.chain_id, market.vault.address)]
        return Keeper(vault, opened[0], ApeSigner(liquidator), Inventory(vault), Policy(**policy), clock)

    yield start
    for index in opened:
        index.close()
    wait_until_mined()


def wait_until_mined() -> None:
    """Anvil answers before it has mined; a block that it mines while a snapshot is taken back stays, without
    the changes of state that belong to its events.
    """
    deadline = time.monotonic() + 30
    while int(networks.provider.make_request("txpool_status", [])["pending"], 16):
        assert time.monotonic() < deadline, "Anvil does not mine"
        time.sleep(0.01)


PREVIEW = "0x" + keccak(text="preview_liquidate_batch(uint256[])")[:4].hex()


def health(market: Market, who: AccountAPI) -> int:
    return market.vault.health(who) * 100 // 10**18


def test_a_crash_is_cleared(market, hire, borrower, other_borrower, liquidator):
    """Nothing while all are healthy; then one batch for both, and nothing again."""
    keeper = hire()
    keeper.tick()
    assert (keeper.status.doing, keeper.status.positions) == ("every position is healthy", 2)
    market.set_quote(1_700)
    before = market.collateral.balanceOf(liquidator)
    work(keeper, HEALTHY)
    assert health(market, borrower) >= 100 and health(market, other_borrower) >= 100
    assert market.collateral.balanceOf(liquidator) > before
    assert (keeper.status.counts["sent"], keeper.status.counts["mined"]) == (1, 1)


def test_the_index_agrees_with_the_chain_and_notices_when_not(market, hire):
    """Every debt share, and the sample, through the node."""
    keeper = hire()
    keeper.tick()
    assert keeper._index.verify(keeper._vault, Random(0)) == 2
    owner = next(iter(keeper._index.positions))
    keeper._index.positions[owner] = (1, keeper._index.positions[owner][1])
    with pytest.raises(IndexFault, match="on the chain"):
        keeper._index.verify(keeper._vault, Random(0))


def test_what_the_vault_does_not_confirm_is_not_sent(market, hire, wire):
    """A position that differs from the chain by a wei stops the keeper."""
    keeper = hire()
    keeper.tick()
    owner, (collateral, shares) = next(iter(keeper._index.positions.items()))
    market.set_quote(1_400)  # in a shortfall the whole collateral is seized
    keeper._index.sync(keeper._vault)
    keeper._index.positions[owner] = (collateral - 1, shares)
    with pytest.raises(IndexFault, match="in the index"):
        keeper.tick()
    assert wire.sent == []


def test_events_without_debt_stop_the_keeper(market, hire, wire, borrower):
    """A node whose events and state do not belong together is not believed."""
    market.set_quote(1_700)
    keeper = hire()
    keeper._index.sync(keeper._vault)
    owner, (collateral, shares) = next(iter(keeper._index.positions.items()))
    keeper._index.positions[owner] = (collateral, shares - 1)
    market.loan.approve(owner, 1, sender=borrower)  # another block
    keeper.tick_safely()
    assert keeper.status.doing == "the chain moved while it was read; reading again"
    with pytest.raises(IndexFault, match="debt shares, the chain"):
        for _ in range(DOUBTS):
            keeper.tick_safely()
    assert wire.sent == []


def test_a_preview_that_differs_is_not_acted_upon(market, hire, wire):
    """The positions are right, the preview says other numbers: nothing is sent, the next look goes on."""
    market.set_quote(1_700)
    keeper = hire()
    wire.instead[f"eth_call {PREVIEW}"] = "0x" + "01".rjust(64, "0") * 4
    keeper.tick()
    assert keeper.status.doing == "the vault's preview is not the forecast; nothing was sent"
    assert wire.sent == []
    work(keeper, HEALTHY)


def test_a_dry_run_and_a_floor_send_nothing(market, hire, wire):
    """The batch is shown, or said to bring too little."""
    market.set_quote(1_700)
    keeper = hire(is_dry=True)
    keeper.tick()
    assert keeper.status.doing.startswith("dry run: 2 closes bring ")
    keeper = hire(floor=market.loans(10_000))
    keeper.tick()
    assert "below the floor" in keeper.status.doing
    assert wire.sent == []


def test_the_allowance_is_what_the_batch_needs(market, hire, liquidator):
    """An allowance comes first, in a transaction of its own; hardly anything of it is left."""
    market.loan.approve(market.vault, 0, sender=liquidator)
    market.set_quote(1_700)
    keeper = hire()
    work(keeper, HEALTHY)
    assert keeper.status.counts["sent"] == 2
    assert market.loan.allowance(liquidator, market.vault) < market.loans(100)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_send_and_receipt_nothing_happens_twice(
    market, hire, wire, borrower, liquidator, moment
):
    """Killed by SIGKILL just before or after the transaction is on the wire: one nonce, one batch."""
    market.set_quote(1_700)
    nonce = liquidator.nonce
    child = os.fork()
    if child == 0:

        def die() -> None:
            if moment == "after":
                networks.provider.web3.provider.make_request("eth_sendRawTransaction", [wire.sent[-1]])
            os.kill(os.getpid(), signal.SIGKILL)

        wire.before["eth_sendRawTransaction"] = die
        hire().tick()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was not killed"
    wait_until_mined()
    assert liquidator.nonce == nonce + (moment == "after")

    work(hire(), HEALTHY)
    assert liquidator.nonce == nonce + 1, "two transactions"


def test_a_stuck_transaction_is_replaced(market, hire, clock, liquidator):
    """Not mined in time: the same nonce again at a higher price, and one of the two is mined."""
    market.set_quote(1_700)
    nonce, request = liquidator.nonce, networks.provider.make_request
    request("evm_setAutomine", [False])
    try:
        keeper = hire(patience=30)
        keeper.tick()
        keeper.tick()
        assert keeper.status.doing.startswith("waiting for a batch of 2, 0x")
        clock.now += 30
        keeper.tick()
        assert keeper.status.counts["replaced"] == 1
        first, second = keeper._journal.under_way()
        assert first.nonce == second.nonce == nonce and second.gas_price > first.gas_price
        request("evm_mine", [])
    finally:
        request("evm_setAutomine", [True])
    work(keeper, HEALTHY)
    assert liquidator.nonce == nonce + 1


def test_another_account_has_nonces_of_its_own(market, hire, stranger):
    """What one keeper has under way is not taken for that of another who uses the file later."""
    market.set_quote(1_700)
    keeper = hire()
    keeper.tick()
    (sent,) = keeper._journal.under_way()
    assert Journal(keeper._index, stranger.address).under_way() == []
    assert keeper._journal.under_way() == [sent]


def test_a_receipt_that_comes_late_is_waited_for(market, hire, wire):
    """The node counts the transaction but has no receipt yet: not taken for lost."""
    market.set_quote(1_700)
    keeper = hire()
    keeper.tick()
    (sent,) = keeper._journal.under_way()
    networks.provider.make_request("evm_mine", [])
    wire.instead["eth_getTransactionReceipt"] = None
    keeper.tick_safely()
    assert keeper._journal.under_way() == [sent]
    work(keeper, HEALTHY)
    assert keeper.status.counts["mined"] == 1


def test_a_rival_is_faster(market, hire, wire, clock, borrower, other_borrower, stranger):
    """A rival closes both between simulation and sending: the batch reverts, its owners cool down."""
    market.set_quote(1_700)

    def rival() -> None:
        for who in (borrower, other_borrower):
            market.vault.liquidate(who, MAX, sender=stranger)

    keeper = hire(cooldown=60)
    wire.before["eth_sendRawTransaction"] = rival
    work(keeper, HEALTHY)
    assert (keeper.status.counts["reverted"], keeper.status.counts["mined"]) == (1, 0)
    market.set_quote(1_400)
    keeper.tick()
    assert keeper.status.doing == "all that could be closed cool down after a failure"
    clock.now += 60
    keeper.tick()
    assert keeper.status.doing.startswith("sent a batch of 2")


def test_an_oracle_without_a_price_is_waited_for(market, hire, wire, builder):
    """Stale: nothing is sent; as soon as there is a price again, the keeper goes on."""
    market.set_quote(1_700)
    market.oracle.set_silent(True, sender=builder.deployer)
    keeper = hire()
    keeper.tick()
    assert keeper.status.doing.startswith("the oracle gives no price")
    assert wire.sent == []
    market.oracle.set_silent(False, sender=builder.deployer)
    keeper.tick()
    assert keeper.status.counts["sent"] == 1


def test_a_node_that_fails_is_asked_again(market, hire, wire):
    """The failure is said and counted; also one after the transaction was written down."""
    market.set_quote(1_700)

    def cut() -> None:
        raise ConnectionError("connection refused")

    keeper = hire()
    wire.before["eth_getBlockByNumber"] = cut
    keeper.tick_safely()
    assert keeper.status.doing == "The node does not answer eth_getBlockByNumber (ConnectionError)."
    wire.before["eth_sendRawTransaction"] = cut
    keeper.tick_safely()
    work(keeper, HEALTHY)
    assert keeper.status.counts["errors"] == 2
    assert keeper.status.counts["mined"] == 1


def test_a_wrong_address_is_no_vault(market, wire):
    """Neither an account nor a token."""
    for address in (market.builder.deployer, market.loan.address):
        with pytest.raises(Reverted):
            VaultNode(Node(wire), address)


def test_a_refused_range_of_logs_is_halved(market, wire):
    """A node that takes only short ranges; one that takes none is said to refuse."""
    limit = 3

    def narrow(method: str, parameters: list) -> dict:
        if method == "eth_getLogs":
            wanted = parameters[0]
            if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= limit:
                return {"error": {"code": -32005, "message": "range too wide"}}
        return wire(method, parameters)

    vault = VaultNode(Node(narrow), market.vault.address)
    head = vault.head()
    found = vault.logs(0, head)
    assert found == VaultNode(Node(wire), market.vault.address).logs(0, head) != []
    limit = 0
    with pytest.raises(NodeError, match="range too wide"):
        vault.logs(0, head)


def test_metrics_are_what_the_keeper_sees(hire):
    """Gauges and counters, of the moment in which they are read."""
    keeper = hire()
    found = registry(lambda: keeper.status)
    assert found.get_sample_value("plimsoll_keeper_ticks_total") == 0
    keeper.tick()
    assert found.get_sample_value("plimsoll_keeper_ticks_total") == 1
    assert found.get_sample_value("plimsoll_keeper_positions") == 2
    assert found.get_sample_value("plimsoll_keeper_no_price_total") == 0
