"""What names an address that a reorganisation could give away is signed when its block is final."""

import pytest
from ape import chain
from ape.api import AccountAPI

from plimsoll.chain.views import is_local
from plimsoll.deploy import DeployError, settling
from plimsoll.params import BLUE_CHIP
from plimsoll.places import MARKETS
from tests.utils.markets import STEPS, Desk
from tests.utils.on_ape import Yard

VAULT = STEPS.index("vault pUSDC/weth")
BASKET = (MARKETS / "local-basket-usdc.yaml").read_text()


@pytest.fixture(autouse=True)
def _on_live_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits lets ten blocks pass."""
    monkeypatch.setattr(settling, "is_local", lambda provider: False)
    monkeypatch.setattr(settling, "sleep", lambda seconds: chain.mine(10))


def test_pool_and_vault_are_waited_for_and_nothing_else(desk: Desk) -> None:
    """Before the first call of the pool's council, and before the vault's limit."""
    said: list[str] = []
    results = {result.step.what: result for result in desk.plan().apply(said.append)}
    assert tuple(results) == STEPS
    waits = [sentence for sentence in said if sentence.startswith("waiting")]
    assert waits == [
        f"waiting for the block of {what} to be final, lest its address become somebody else's"
        for what in ("pool pUSDC", "vault pUSDC/weth")
    ]
    for made, naming in (("pool pUSDC", "supply cap of pUSDC"), ("vault pUSDC/weth", "limit of pUSDC/weth")):
        assert results[naming].block - results[made].block >= settling.DEPTH // 2


def test_a_basket_is_waited_for_before_its_limit(desk: Desk) -> None:
    said: list[str] = []
    for _ in desk.plan(BASKET).apply(said.append):
        pass
    waits = [sentence for sentence in said if sentence.startswith("waiting")]
    assert [sentence.split(" to be final")[0] for sentence in waits] == [
        "waiting for the block of pool pbUSDC",
        "waiting for the block of basket pbUSDC/blue",
    ]


def test_on_a_local_chain_nothing_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody to wait for."""
    monkeypatch.setattr(settling, "is_local", is_local)
    monkeypatch.setattr(settling, "sleep", None)
    assert desk.deploy() == list(STEPS)


def test_a_node_that_knows_no_final_block(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A depth stands in for it."""
    request = type(desk.provider).make_request

    def old(provider: object, method: str, parameters: list) -> object:
        return None if "finalized" in parameters else request(provider, method, parameters)

    monkeypatch.setattr(type(desk.provider), "make_request", old)
    results = {result.step.what: result for result in desk.plan().apply()}
    waited = results["limit of pUSDC/weth"].block - results["vault pUSDC/weth"].block
    assert settling.DEPTH < waited <= settling.DEPTH + 11


def test_a_vault_whose_address_a_stranger_takes_gets_no_limit(
    desk: Desk, yard: Yard, stranger: AccountAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block of the vault is taken back, a stranger's vault comes first: ours is found again."""
    steps = desk.plan().apply()
    for _ in range(VAULT):
        next(steps)
    evil = yard.oracle(10**40)
    before, raw = chain.snapshot(), []
    send = type(desk.provider).send_transaction

    def note(provider: object, transaction: object) -> object:
        raw.append("0x" + bytes(transaction.serialize_transaction()).hex())
        return send(provider, transaction)

    monkeypatch.setattr(type(desk.provider), "send_transaction", note)
    promised = next(steps).address
    contracts = desk.book().contracts()
    monkeypatch.setattr(type(desk.provider), "send_transaction", send)
    chain.restore(before)
    pool, weth = contracts.pools["pUSDC"], contracts.tokens["WETH"]
    contracts.factory.create_vault(pool, weth, evil, BLUE_CHIP.to_struct(6), sender=stranger)
    desk.provider.make_request("eth_sendRawTransaction", raw)

    with pytest.raises(DeployError) as error:
        next(steps)
    assert str(error.value) == (
        f"The chain was reorganised, and vault pUSDC/weth is no longer at {promised}; nothing that names it "
        "was signed. Run the command again, which goes on from here."
    )
    assert contracts.factory.pool_of(promised) == pool
    assert pool.credit_line(promised)[0] == 0
    assert tuple(desk.deploy()) == STEPS[VAULT + 1 :]
    ours = desk.book().vaults["pUSDC/weth"].address
    assert ours != promised
    assert (pool.credit_line(ours)[0], pool.credit_line(promised)[0]) == (10_000_000 * 10**6, 0)
