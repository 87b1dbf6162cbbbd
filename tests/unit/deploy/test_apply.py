"""Carrying a plan out: what is there afterwards, running again, interruptions, changes."""

import itertools
import json
from collections.abc import Callable

import pytest
from ape import chain
from ape.api import AccountAPI, ReceiptAPI

from plimsoll.chain.containers import container
from plimsoll.deploy import DeployError, Stage, deploy_market
from plimsoll.deploy.book import Deployed
from plimsoll.params import BLUE_CHIP
from plimsoll.units import DAY, NOBODY
from tests.utils.markets import MARKET, SECOND_VAULT, STEPS, Desk, changed
from tests.utils.on_ape import Yard

WHOLE = 10**6  # base units of a loan token


# --------------------------------------------------------------------------------------------- what is there


def test_deploys_a_market(deployed: Desk) -> None:
    contracts = deployed.book().contracts()
    pool, council, vault = (
        contracts.pools["pUSDC"],
        contracts.councils["pUSDC"],
        contracts.vaults["pUSDC/weth"],
    )
    assert contracts.factory is not None
    assert contracts.factory.is_pool(pool) and contracts.factory.pool_of(vault) == pool
    assert contracts.lens is not None and contracts.lens.factory() == contracts.factory
    assert pool.council() == council and council.curator() == deployed.account
    assert (pool.name(), pool.symbol(), pool.asset()) == ("Plimsoll USDC", "pUSDC", contracts.tokens["USDC"])
    assert pool.reserve_factor() == 10**17
    assert pool.supply_cap() == 50_000_000 * WHOLE
    assert pool.is_open()
    assert council.delay() == 3 * DAY
    assert tuple(vault.risk()) == BLUE_CHIP.to_struct(6)
    assert vault.collateral_asset() == contracts.tokens["WETH"]
    assert vault.oracle() == contracts.oracles["pUSDC/weth"]
    assert pool.credit_line(vault)[0] == 10_000_000 * WHOLE
    assert contracts.oracles["pUSDC/weth"].price() == 2_000 * 10**24


def test_the_feeds_can_be_moved(deployed: Desk) -> None:
    contracts = deployed.book().contracts()
    contracts.feeds["pUSDC/weth/collateral"].set_answer(1_500 * 10**8, sender=deployed.account)
    contracts.feeds["pUSDC/weth/loan"].set_answer(10**8 // 2, sender=deployed.account)
    assert contracts.oracles["pUSDC/weth"].price() == 3_000 * 10**24


def test_writes_the_address_book(deployed: Desk) -> None:
    book = json.loads(deployed.book_path.read_text())
    assert book["chain_id"] == 31337
    assert book["network"] == "ethereum:local"
    assert book["compiler"] == "vyper 0.4.3"
    assert set(book["blueprints"]) == {"Pool", "Council", "Backstop", "Vault", "Basket"}
    assert book["pools"]["pUSDC"]["params"]["rates"]["target_utilisation"] == "0.90"
    assert book["vaults"]["pUSDC/weth"]["risk"]["threshold"] == "0.83"
    assert set(book["calls"]) == {"supply cap of pUSDC", "limit of pUSDC/weth", "opening of pUSDC"}
    assert "pending" not in book
    for name in ("factory", "pools", "vaults", "calls"):
        entries = [book[name]] if name == "factory" else book[name].values()
        for entry in entries:
            assert chain.provider.get_receipt(entry["tx"]).block_number == entry["block"]


def test_reports_what_was_sent(desk: Desk) -> None:
    for result in desk.plan(until=Stage.FACTORY).apply():
        receipt = chain.provider.get_receipt(result.tx)
        assert (result.block, result.gas) == (receipt.block_number, receipt.gas_used)
        assert result.address == receipt.contract_address


def test_asks_for_as_much_gas_as_it_needs(desk: Desk) -> None:
    """Left to ape, a test chain gives each transaction all the gas of a block, and a live one may give too "
    "little."""
    for result in desk.plan().apply():
        assert 1.1 < chain.provider.get_receipt(result.tx).gas_limit / result.gas < 1.35


def test_a_second_pool_shares_factory_and_tokens(deployed: Desk) -> None:
    assert deployed.deploy(changed("symbol: pUSDC", "symbol: pUSDC2")) == [
        step.replace("pUSDC", "pUSDC2") for step in STEPS[8:] if step != "mock token WETH"
    ]


def test_a_lens_of_other_code_or_of_another_factory_is_replaced(deployed: Desk, yard: Yard) -> None:
    """Nothing stands on it."""
    own, other = deployed.book().factory, yard.factory.address
    assert own is not None
    strangers = [
        deployed.account.deploy(container("Lens"), other).address,
        deployed.account.deploy(container("MockFeed"), 8, 1).address,
    ]
    for stranger in strangers:
        book = deployed.book()
        book.lens = Deployed(address=stranger)
        book.save()
        assert deployed.deploy() == ["lens"]
        found = deployed.book().contracts().lens
        assert found is not None and found.factory() == own.address
        assert deployed.deploy() == []


def test_deploys_on_a_chain_that_is_thrown_away(desk: Desk) -> None:
    desk.market()
    book = deploy_market(desk.file, desk.account)
    assert book.path is None
    assert book.contracts().pools["pUSDC"].is_open()


# -------------------------------------------------------------------------------------------------- run again


def test_refusals_write_no_book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.account), "sign_transaction", lambda account, transaction: None)
    with pytest.raises(DeployError) as error:
        desk.deploy()
    assert str(error.value) == "blueprint Pool was not signed; run the command again to go on."
    assert not desk.book_path.exists()


def test_running_again_sends_nothing(deployed: Desk) -> None:
    book, height, nonce = deployed.book_path.read_text(), chain.blocks.height, deployed.account.nonce
    assert deployed.deploy() == []
    assert (chain.blocks.height, deployed.account.nonce) == (height, nonce)
    assert deployed.book_path.read_text() == book
    assert {step.note for step in deployed.plan().steps} == {"exists"}


@pytest.mark.parametrize("until", Stage)
def test_running_an_earlier_stage_again_sends_nothing(deployed: Desk, until: Stage) -> None:
    assert deployed.deploy(until=until) == []


def test_stages_one_after_the_other(desk: Desk) -> None:
    sent = [desk.deploy(until=stage) for stage in Stage]
    assert tuple(itertools.chain.from_iterable(sent)) == STEPS
    assert [len(part) for part in sent] == [7, 3, 6, 1]


def test_anyone_may_look(deployed: Desk, lender: AccountAPI) -> None:
    assert deployed.plan(account=lender).missing == ()


# ---------------------------------------------------------------------------------------------- interruptions


def test_goes_on_wherever_it_stopped(desk: Desk) -> None:
    nonce = desk.account.nonce
    sent = []
    while (planned := desk.plan()).missing:
        sent.append(next(planned.apply()).step.what)  # then the run ends
    assert tuple(sent) == STEPS
    assert desk.account.nonce == nonce + len(STEPS)
    assert desk.book().contracts().pools["pUSDC"].is_open()


def test_finds_what_was_sent_wherever_a_run_died_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = desk.account.nonce
    for what in STEPS:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            _die_after_sending(desk, what, patch)
        assert desk.book().pending is not None
    assert desk.deploy() == []
    assert desk.account.nonce == nonce + len(STEPS)
    book = desk.book()
    assert book.pending is None
    assert set(book.calls) == {"supply cap of pUSDC", "limit of pUSDC/weth", "opening of pUSDC"}
    assert book.contracts().pools["pUSDC"].is_open()


def test_sends_again_what_never_reached_the_chain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(provider: object, transaction: object) -> ReceiptAPI:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(desk.provider), "send_transaction", die)
        desk.deploy()
    assert desk.book().pending is not None
    assert tuple(desk.deploy()) == STEPS


def test_a_failing_transaction_ends_in_a_sentence(desk: Desk) -> None:
    planned = desk.plan(until=Stage.VAULT)
    steps = planned.apply()
    for _ in range(14):
        next(steps)
    feed = planned.book.contracts().feeds["pUSDC/weth/collateral"]
    feed.set_answer(0, sender=desk.account)  # behind the plan's back
    with pytest.raises(DeployError) as error:
        next(steps)
    assert error.value.sentences == (
        "vault pUSDC/weth failed (oracle: out of bounds); put that right and run the command again, which "
        "goes on from here.",
    )
    feed.set_answer(2_000 * 10**8, sender=desk.account)
    assert tuple(desk.deploy()) == STEPS[14:]


def test_another_command_does_not_lose_what_was_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _die_after_sending(desk, "pool pUSDC", patch)
    pending = desk.book().pending
    assert pending is not None
    assert desk.refused(until=Stage.FACTORY) == (
        f"An interrupted run has sent pool pUSDC ({pending.tx}), which is no part of this command; run that "
        "one again first.",
    )


# ---------------------------------------------------------------------------------------------------- changes


IMMUTABLE = {
    ("0.10", "0.2"): (
        "line 5: pool.reserve_factor: the file says 0.2, but pool pUSDC was made with 0.1, which cannot "
        "change; restore that, or choose another symbol."
    ),
    ("name: Plimsoll USDC", "name: Other"): (
        "line 3: pool.name: the file says Other, but pool pUSDC was made with Plimsoll USDC, which cannot "
        "change; restore that, or choose another symbol."
    ),
    ("  open: true", "  rates: {floor: 0}"): (
        "line 7: pool.rates.floor: the file says 0, but pool pUSDC was made with 10,000, which cannot "
        "change; restore that, or choose another symbol."
    ),
    ("  open: true", "  delay_days: 7"): (
        "line 7: pool.delay_days: the file says 7, but pool pUSDC was made with 3, which cannot change; "
        "restore that, or choose another symbol."
    ),
    ("decimals: 6", "decimals: 8"): (
        "line 2: pool.asset.mock.decimals: the file says 8, but mock token USDC was made with 6; restore "
        "that, or choose another symbol."
    ),
    ("blue-chip", "{preset: blue-chip, ltv: 0.7}"): (
        "line 12: vaults.weth.risk.ltv: the file says 0.7, but vault pUSDC/weth was made with 0.8, which "
        "cannot change; restore that, or give the vault another name."
    ),
    ("2_000", "2_500"): (
        "line 11: vaults.weth.oracle.mock.collateral: the file says 2,500, but oracle pUSDC/weth was made "
        "with 2,000, which cannot change; restore that, or give the vault another name."
    ),
    ("50_000_000", "60_000_000"): (
        "line 6: pool.supply_cap: the file says 60,000,000, but on the chain it is 50,000,000; write that "
        "into the file, or let the curator change it through the council."
    ),
    ("limit: 10_000_000", "limit: 20_000_000"): (
        "line 13: vaults.weth.limit: the file says 20,000,000, but on the chain it is 10,000,000; write that "
        "into the file, or let the curator change it through the council."
    ),
}


@pytest.mark.parametrize(("change", "sentence"), IMMUTABLE.items(), ids=[new for _, new in IMMUTABLE])
def test_refuses_what_has_changed(deployed: Desk, change: tuple[str, str], sentence: str) -> None:
    assert deployed.refused(changed(*change)) == (sentence,)


def test_the_same_number_written_otherwise_is_no_change(deployed: Desk) -> None:
    assert (
        deployed.deploy(changed("0.10", "1e-1", changed("blue-chip", "{preset: blue-chip, ltv: 0.8000}")))
        == []
    )


def test_refuses_another_asset(deployed: Desk, yard: Yard) -> None:
    asset = deployed.book().tokens["USDC"].address
    for token in (yard.token(6).address, "{mock: {symbol: USDX, decimals: 6}}"):
        text = changed("{mock: {symbol: USDC, decimals: 6}}", token)
        assert deployed.refused(text) == (
            f"line 2: pool.asset: pool pUSDC lends {asset}; restore that, or choose another symbol.",
        )


def test_refuses_another_collateral(deployed: Desk, yard: Yard) -> None:
    weth = deployed.book().tokens["WETH"].address
    for token in (yard.token(18).address, "{mock: {symbol: WETHX, decimals: 18}}"):
        assert deployed.refused(changed("{mock: {symbol: WETH, decimals: 18}}", token)) == (
            f"line 10: vaults.weth.collateral: vault pUSDC/weth was made with {weth}, which cannot change; "
            "restore that, "
            "or give the vault another name.",
        )


def test_refuses_another_oracle(deployed: Desk, yard: Yard) -> None:
    oracle = deployed.book().oracles["pUSDC/weth"].address
    text = changed("{mock: {collateral: 2_000, loan: 1}}", yard.oracle(2_000 * 10**24).address)
    assert deployed.refused(text) == (
        f"line 11: vaults.weth.oracle: vault pUSDC/weth was made with {oracle}, which cannot change; "
        "restore that, or "
        "give the vault another name.",
    )


def test_refuses_another_kind_of_oracle(deployed: Desk) -> None:
    feeds = deployed.book().feeds
    terms = "heartbeat_hours: 1, min_answer: 1, max_answer: 10_000"
    feed = feeds["pUSDC/weth/collateral"].address
    chainlink = f"{{chainlink: {{expected_price: 2_000, collateral_feed: {{feed: {feed}, {terms}}}}}}}"
    assert deployed.refused(changed("{mock: {collateral: 2_000, loan: 1}}", chainlink)) == (
        "line 11: vaults.weth.oracle: oracle pUSDC/weth was made from mock, which cannot change; restore "
        "that, or give "
        "the vault another name.",
    )


def test_refuses_the_pools_share_as_collateral(deployed: Desk) -> None:
    pool = deployed.book().pools["pUSDC"].address
    text = MARKET + SECOND_VAULT.replace("{mock: {symbol: WBTC, decimals: 8}}", pool)
    assert "line 15: vaults.wbtc.collateral: it is the pool's own share; choose another token." in (
        deployed.refused(text)
    )


def test_a_lowered_limit_is_not_raised_again(deployed: Desk) -> None:
    contracts = deployed.book().contracts()
    contracts.councils["pUSDC"].set_limit(contracts.vaults["pUSDC/weth"], 0, sender=deployed.account)
    assert deployed.refused() == (
        "line 13: vaults.weth.limit: the file says 10,000,000, but on the chain it is 0; write that into the "
        "file, or let the curator change it through the council.",
    )


def test_a_limit_that_losses_have_shrunk_is_no_change(deployed: Desk, lender: AccountAPI) -> None:
    contracts = deployed.book().contracts()
    pool, vault = contracts.pools["pUSDC"], contracts.vaults["pUSDC/weth"]
    _lend(deployed, lender, 1_000_000)
    contracts.tokens["WETH"].mint(lender, 10 * 10**18, sender=lender)
    contracts.tokens["WETH"].approve(vault, 10 * 10**18, sender=lender)
    contracts.tokens["USDC"].mint(lender, 10**6 * WHOLE, sender=lender)
    contracts.tokens["USDC"].approve(vault, 10**6 * WHOLE, sender=lender)
    vault.deposit(10 * 10**18, sender=lender)
    vault.borrow(15_000 * WHOLE, sender=lender)
    contracts.feeds["pUSDC/weth/collateral"].set_answer(1_000 * 10**8, sender=lender)
    vault.liquidate(lender, 2**256 - 1, sender=lender)
    left = pool.credit_line(vault)[0]
    assert 9_990_000 * WHOLE < left < 10_000_000 * WHOLE
    notes = {step.what: step.note for step in deployed.plan().steps}
    assert (
        notes["limit of pUSDC/weth"]
        == f"exists; {left // WHOLE:,}.{left % WHOLE:06}".rstrip("0") + " after losses"
    )
    assert deployed.deploy() == []


# ------------------------------------------------------------------------------------- roles and the council


def test_refuses_another_account_than_the_curator(desk: Desk, lender: AccountAPI) -> None:
    desk.deploy(until=Stage.POOL)
    assert desk.refused(account=lender) == (
        f"line 1: pool.curator: pool pUSDC has the curator {desk.account}, not {lender}; choose the "
        "curator's account with --account.",
    )


def test_a_new_vault_of_an_open_pool_goes_through_the_queue(deployed: Desk, lender: AccountAPI) -> None:
    _lend(deployed, lender, 1_000_000)
    text = MARKET + SECOND_VAULT
    what = "limit of pUSDC/wbtc"
    assert deployed.deploy(text)[-2:] == ["vault pUSDC/wbtc", what]
    contracts = deployed.book().contracts()
    pool, vault = contracts.pools["pUSDC"], contracts.vaults["pUSDC/wbtc"]
    ready = contracts.councils["pUSDC"].queued().ready
    assert pool.credit_line(vault)[0] == 0

    assert deployed.deploy(text) == []
    (note,) = (step.note for step in deployed.plan(text).steps if step.what == what)
    assert note.startswith("queued; run again after 2")

    chain.pending_timestamp = ready
    chain.mine()
    assert deployed.deploy(text) == [what]
    assert pool.credit_line(vault)[0] == 40_000 * WHOLE
    assert deployed.deploy(text) == []


def test_a_change_that_was_not_executed_in_time_is_queued_again(deployed: Desk, lender: AccountAPI) -> None:
    _lend(deployed, lender, 1_000_000)
    deployed.deploy(MARKET + SECOND_VAULT)
    council = deployed.book().contracts().councils["pUSDC"]
    first = council.queued().ready
    chain.pending_timestamp = first + 3 * DAY + 1
    chain.mine()
    assert deployed.deploy(MARKET + SECOND_VAULT) == ["limit of pUSDC/wbtc"]
    assert council.queued().ready > first + 6 * DAY


def test_executes_what_was_queued_though_the_pool_has_shrunk(deployed: Desk, lender: AccountAPI) -> None:
    _lend(deployed, lender, 1_000_000)
    text = MARKET + SECOND_VAULT
    deployed.deploy(text)
    contracts = deployed.book().contracts()
    pool, council = contracts.pools["pUSDC"], contracts.councils["pUSDC"]
    pool.withdraw(500_000 * WHOLE, lender, lender, sender=lender)
    chain.pending_timestamp = council.queued().ready
    chain.mine()
    assert deployed.deploy(text) == ["limit of pUSDC/wbtc"]
    assert pool.credit_line(contracts.vaults["pUSDC/wbtc"])[0] == 25_000 * WHOLE
    assert deployed.refused(text) == (
        "line 18: vaults.wbtc.limit: the file says 40,000, but on the chain it is 25,000; write that into "
        "the file, or let the curator change it through the council.",
    )


def test_refuses_a_limit_above_what_an_open_pool_grants(deployed: Desk, lender: AccountAPI) -> None:
    _lend(deployed, lender, 1_000_000)
    text = MARKET + SECOND_VAULT.replace("40_000", "50_000.000001")
    assert deployed.refused(text) == (
        "line 18: vaults.wbtc.limit: 50,000.000001 is above 50,000, the 5 % of the pool's assets that an "
        "open pool grants a new vault; lower it.",
    )
    assert deployed.plan(MARKET + SECOND_VAULT.replace("40_000", "50_000")).missing


def test_names_a_guardian_through_the_queue(deployed: Desk, guardian: AccountAPI) -> None:
    text = changed("  open: true", f"  guardian: {guardian}")
    assert deployed.deploy(text) == ["guardian of pUSDC"]
    council = deployed.book().contracts().councils["pUSDC"]
    assert council.guardian() == NOBODY
    assert deployed.deploy(text) == []
    chain.pending_timestamp = council.queued().ready
    chain.mine()
    assert deployed.deploy(text) == ["guardian of pUSDC"]
    assert council.guardian() == guardian
    assert deployed.deploy(text) == []


def test_a_new_pool_queues_its_guardian_before_it_opens(desk: Desk, guardian: AccountAPI) -> None:
    steps = desk.plan(changed("  open: true", f"  open: true\n  guardian: {guardian}")).steps
    assert [(step.what, step.note) for step in steps[-2:]] == [
        ("guardian of pUSDC", "queue for 3 days"),
        ("opening of pUSDC", "open permanently"),
    ]


def test_refuses_another_guardian(deployed: Desk, guardian: AccountAPI, lender: AccountAPI) -> None:
    text = changed("  open: true", f"  guardian: {guardian}")
    deployed.deploy(text)
    chain.pending_timestamp = deployed.book().contracts().councils["pUSDC"].queued().ready
    chain.mine()
    deployed.deploy(text)
    assert deployed.refused(text.replace(guardian.address, lender.address)) == (
        f"line 7: pool.guardian: the file says {lender}, but on the chain it is {guardian}; write that into "
        "the file, or let the curator name another through the council.",
    )


def test_the_queue_takes_one_change_at_a_time(
    deployed: Desk, lender: AccountAPI, guardian: AccountAPI
) -> None:
    _lend(deployed, lender, 1_000_000)
    text = changed("  open: true", f"  open: true\n  guardian: {guardian}") + SECOND_VAULT
    assert deployed.deploy(text)[-1] == "limit of pUSDC/wbtc"
    notes = {step.what: step.note for step in deployed.plan(text).steps}
    assert notes["guardian of pUSDC"].startswith("waits for the council's queue, taken until 2")
    chain.pending_timestamp = deployed.book().contracts().councils["pUSDC"].queued().ready
    chain.mine()
    assert deployed.deploy(text) == ["limit of pUSDC/wbtc"]
    assert deployed.deploy(text) == ["guardian of pUSDC"]


def test_a_pool_stays_closed_unless_told(deployed: Desk) -> None:
    opened = changed("symbol: pUSDC", "symbol: pUSDC2")
    closed = changed("  open: true\n", "", opened)
    deployed.deploy(closed)
    pool = deployed.book().contracts().pools["pUSDC2"]
    assert not pool.is_open()
    assert deployed.deploy(opened) == ["opening of pUSDC2"]
    assert pool.is_open()
    assert deployed.deploy(closed) == []


# --------------------------------------------------------------------------------------------------- helpers


def _lend(desk: Desk, lender: AccountAPI, tokens: int) -> None:
    """Lends so many whole tokens."""
    contracts = desk.book().contracts()
    token, pool = contracts.tokens["USDC"], contracts.pools["pUSDC"]
    token.mint(lender, tokens * WHOLE, sender=lender)
    token.approve(pool, tokens * WHOLE, sender=lender)
    pool.deposit(tokens * WHOLE, lender, sender=lender)


def _die_after_sending(desk: Desk, what: str, patch: pytest.MonkeyPatch) -> None:
    """Runs a deployment that ends when the transaction of a step is out and its receipt has not been seen."""
    provider = type(desk.provider)
    send: Callable[..., ReceiptAPI] = provider.send_transaction

    def send_and_die(self: object, transaction: object) -> ReceiptAPI:
        receipt = send(self, transaction)
        pending = desk.book().pending
        assert pending is not None and pending.tx == receipt.txn_hash
        if pending.step == what:
            raise KeyboardInterrupt
        return receipt

    patch.setattr(provider, "send_transaction", send_and_die)
    desk.deploy()
