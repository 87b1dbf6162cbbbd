"""A plan refuses what is wrong with a market and the chain before anything is sent."""

import pytest
from ape.api import AccountAPI

from plimsoll.chain.containers import container
from plimsoll.deploy import DeployError, Stage, plan, signer
from plimsoll.deploy.chainlink import Decimals, struct_of
from plimsoll.deploy.sources import SOURCE_GAS
from tests.utils.markets import MARKET, STEPS, Desk, changed
from tests.utils.on_ape import Yard

NETWORK = "ethereum:local (chain 31337)"
NO_CODE = "0x00000000000000000000000000000000DeaDBeef"
USDC = "{mock: {symbol: USDC, decimals: 6}}"
WETH = "{mock: {symbol: WETH, decimals: 18}}"
FEEDS = "{mock: {collateral: 2_000, loan: 1}}"
OPENED_LINE = "  open: true\n"


# ------------------------------------------------------------------------------------------------- a dry run


def test_a_plan_names_every_step_and_sends_nothing(desk: Desk) -> None:
    height, nonce = desk.provider.get_block("latest").number, desk.account.nonce
    planned = desk.plan()
    assert tuple(step.what for step in planned.steps) == STEPS
    assert planned.missing == planned.steps
    assert (desk.provider.get_block("latest").number, desk.account.nonce) == (height, nonce)
    assert not desk.book_path.exists()


def test_a_plan_estimates_the_gas_of_what_depends_on_nothing(desk: Desk) -> None:
    gas = {step.what: step.gas for step in desk.plan().steps}
    assert gas["blueprint Pool"] > 4_000_000
    assert gas["mock token USDC"] > 300_000
    assert gas["pool pUSDC"] is None  # there is no Factory yet
    sent = {result.step.what: result.gas for result in desk.plan().apply()}
    assert sent["blueprint Pool"] == gas["blueprint Pool"]


@pytest.mark.parametrize(
    ("until", "last"), [(Stage.FACTORY, 7), (Stage.POOL, 10), (Stage.VAULT, 16), (Stage.MARKET, 17)]
)
def test_a_stage_includes_those_before_it(desk: Desk, until: Stage, last: int) -> None:
    assert tuple(step.what for step in desk.plan(until=until).steps) == STEPS[:last]


def test_the_factory_needs_no_market(desk: Desk) -> None:
    assert tuple(step.what for step in plan(None, desk.book(), desk.account).steps) == STEPS[:7]


# ------------------------------------------------------------------------------------------ tokens and pools


@pytest.mark.parametrize(
    ("old", "field", "line"), [(USDC, "pool.asset", 2), (WETH, "vaults.weth.collateral", 10)]
)
def test_refuses_a_token_without_code(desk: Desk, old: str, field: str, line: int) -> None:
    assert desk.refused(changed(old, NO_CODE)) == (
        f"line {line}: {field}: {NO_CODE} has no code on {NETWORK}; correct the address or the --network.",
    )


def test_refuses_a_token_that_is_none(desk: Desk, yard: Yard) -> None:
    oracle = yard.oracle(1)
    assert desk.refused(changed(WETH, oracle.address)) == (
        f"line 10: vaults.weth.collateral: {oracle} does not answer decimals(); give the address of a token.",
    )


@pytest.mark.parametrize("decimals", [5, 19])
def test_refuses_a_loan_asset_with_odd_decimals(desk: Desk, yard: Yard, decimals: int) -> None:
    sentence = (f"line 2: pool.asset: the token has {decimals} decimals, not 6 to 18; choose another token.",)
    assert desk.refused(changed(USDC, yard.token(decimals).address)) == sentence
    assert desk.refused(changed("decimals: 6", f"decimals: {decimals}")) == sentence


@pytest.mark.parametrize("decimals", [6, 18])
def test_accepts_a_loan_asset_at_the_edge(desk: Desk, yard: Yard, decimals: int) -> None:
    assert desk.plan(changed(USDC, yard.token(decimals).address)).missing


def test_refuses_a_collateral_with_too_many_decimals(desk: Desk, yard: Yard) -> None:
    assert desk.refused(changed(WETH, yard.token(28).address)) == (
        "line 10: vaults.weth.collateral: the token has 28 decimals, not 0 to 27; choose another token.",
    )


def test_refuses_the_loan_asset_as_collateral(desk: Desk, yard: Yard) -> None:
    token = yard.token(6).address
    same = ("line 10: vaults.weth.collateral: it is the loan asset; choose another token.",)
    assert desk.refused(changed(WETH, token, changed(USDC, token))) == same
    assert desk.refused(changed(WETH, USDC)) == same


def test_refuses_one_mock_with_two_sorts_of_decimals(desk: Desk) -> None:
    text = MARKET + MARKET[MARKET.index("  weth:") :].replace("weth", "other").replace("18", "8")
    assert desk.refused(text) == (
        "line 15: vaults.other.collateral: mock token WETH has 8 decimals here and 18 elsewhere; choose "
        "another symbol.",
    )


def test_refuses_a_curator_who_does_not_deploy(desk: Desk, lender: AccountAPI) -> None:
    assert desk.refused(changed(OPENED_LINE, f"  curator: {lender}\n")) == (
        f"line 7: pool.curator: {lender} is not the account that deploys, {desk.account}; choose the "
        "curator's account with --account.",
    )


def test_accepts_the_curator_who_deploys(desk: Desk) -> None:
    assert desk.plan(changed(OPENED_LINE, f"  curator: {desk.account}\n")).missing


def test_refuses_a_floor_finer_than_a_base_unit(desk: Desk) -> None:
    assert desk.refused(changed(OPENED_LINE, "  rates: {floor: 0.0000001}\n")) == (
        "line 7: pool.rates.floor: 1E-7 tokens are not a whole number of base units with 6 decimals; round "
        "the amount.",
    )


# ---------------------------------------------------------------------------------------------------- amounts

TOP = 2**94 // 10**6


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("limit: 10_000_000", "limit", "line 13: vaults.weth.limit"),
        ("supply_cap: 50_000_000", "supply_cap", "line 6: pool.supply_cap"),
    ],
)
def test_refuses_an_amount_above_what_fits(desk: Desk, old: str, new: str, field: str) -> None:
    assert desk.refused(changed(old, f"{new}: {TOP + 1}")) == (
        f"{field}: {TOP + 1:,} tokens are more than a pool can count, {TOP:,}; lower it.",
    )
    assert desk.plan(changed(old, f"{new}: {TOP}")).missing


def test_refuses_an_amount_finer_than_a_base_unit(desk: Desk) -> None:
    assert desk.refused(changed("10_000_000", "0.0000001")) == (
        "line 13: vaults.weth.limit: 1E-7 tokens are not a whole number of base units with 6 decimals; round "
        "the amount.",
    )


def test_refuses_a_minimum_debt_on_which_the_bonus_is_dust(desk: Desk) -> None:
    assert desk.refused(changed("blue-chip", "{preset: blue-chip, min_debt: 0.04}")) == (
        "line 12: vaults.weth.risk.min_debt: min_debt 0.04 times bonus_min 0.02 is below 1,000 base units of "
        "a loan asset with 6 decimals; raise min_debt.",
    )


def test_refuses_a_collateral_whose_base_unit_is_worth_too_much(desk: Desk) -> None:
    text = changed("decimals: 18", "decimals: 2")
    assert desk.refused(text) == (
        "line 12: vaults.weth.risk.min_debt: 2,500 is too small for a collateral of 2 decimals, whose base "
        "unit may be worth a 10,000th of it; raise it to 200,000 or choose another collateral.",
    )
    assert desk.refused(changed("blue-chip", "{preset: blue-chip, min_debt: 199_999}", text))
    assert "vault pUSDC/weth" in desk.deploy(
        changed("blue-chip", "{preset: blue-chip, min_debt: 200_000}", text)
    )


# ---------------------------------------------------------------------------------------------------- oracles


def test_refuses_an_oracle_without_code(desk: Desk) -> None:
    assert desk.refused(changed(FEEDS, NO_CODE)) == (
        f"line 11: vaults.weth.oracle: {NO_CODE} has no code on {NETWORK}; correct the address or the "
        "--network.",
    )


def test_refuses_an_oracle_that_is_none(desk: Desk, yard: Yard) -> None:
    token = yard.token()
    assert desk.refused(changed(FEEDS, token.address)) == (
        f"line 11: vaults.weth.oracle: {token} answers no price now; see that it is an oracle, and that it "
        "is alive.",
    )


def test_refuses_an_oracle_whose_safe_price_is_above(desk: Desk, yard: Yard) -> None:
    oracle = yard.oracle(2_000 * 10**24)
    oracle.set_prices(2_000 * 10**24, 2_000 * 10**24 + 1, sender=desk.account)
    assert desk.refused(changed(FEEDS, oracle.address)) == (
        f"line 11: vaults.weth.oracle: {oracle} answers a safe price above its price; choose another oracle.",
    )


def test_deploys_with_an_oracle_that_exists(desk: Desk, yard: Yard) -> None:
    oracle = yard.oracle(2_000 * 10**24)
    assert "oracle pUSDC/weth" not in desk.deploy(changed(FEEDS, oracle.address))
    assert desk.book().contracts().vaults["pUSDC/weth"].oracle() == oracle
    assert desk.deploy(changed(FEEDS, oracle.address)) == []


def test_refuses_a_mock_price_finer_than_its_feed(desk: Desk) -> None:
    assert desk.refused(changed("2_000", "2000.123456789")) == (
        "line 11: vaults.weth.oracle.mock.collateral: 2000.123456789 tokens are not a whole number of base "
        "units with 8 decimals; round the amount.",
    )


class Feeds:
    """A market with two real feeds, a rate and real tokens."""

    def __init__(self, yard: Yard) -> None:
        self.loan = yard.token(6, "USDC")
        self.collateral = yard.token(18, "WETH")
        self.collateral_feed = yard.feed(2_000 * 10**8)
        self.loan_feed = yard.feed(10**8)
        self.rate = yard.rate_vault(self.collateral, 18, 11 * 10**17)

    def market(self, *changes: tuple[str, str]) -> str:
        """The market, with other texts in places."""
        oracle = f"""
      chainlink:
        expected_price: 2_200
        collateral_feed: {{feed: {self.collateral_feed}, heartbeat_hours: 1, min_answer: 9, max_answer: 9999}}
        loan_feed: {{feed: {self.loan_feed}, heartbeat_hours: 24, min_answer: 0.5, max_answer: 2}}
        collateral_rate: {{vault: {self.rate}, yearly_growth: 0.05}}"""
        text = changed(
            USDC, self.loan.address, changed(WETH, self.collateral.address, changed(FEEDS, oracle))
        )
        for old, new in changes:
            text = changed(old, new, text)
        return text


@pytest.fixture(scope="session")
def feeds(yard: Yard) -> Feeds:
    """Tokens, feeds and a rate that are there."""
    return Feeds(yard)


def test_deploys_with_chainlink_feeds(desk: Desk, feeds: Feeds) -> None:
    desk.deploy(feeds.market())
    oracle = desk.book().contracts().oracles["pUSDC/weth"]
    assert oracle.price() == oracle.safe_price() == 2_200 * 10**24
    config = oracle.config()
    assert tuple(config.collateral_feed) == (feeds.collateral_feed, 3_600, 9 * 10**8, 9_999 * 10**8)
    assert tuple(config.loan_feed) == (feeds.loan_feed, 86_400, 5 * 10**7, 2 * 10**8)
    assert tuple(config.collateral_rate) == (feeds.rate, 5 * 10**16 // 31_536_000, 10**18)
    assert config.expected_price == 2_200 * 10**24
    assert desk.deploy(feeds.market()) == []


CHAINLINK = "vaults.weth.oracle.chainlink"


def test_refuses_a_feed_without_code(desk: Desk, feeds: Feeds) -> None:
    assert desk.refused(feeds.market((feeds.loan_feed.address, NO_CODE))) == (
        f"line 15: {CHAINLINK}.loan_feed.feed: {NO_CODE} has no code on {NETWORK}; correct the address or "
        "the --network.",
    )


def test_refuses_a_feed_that_is_none(desk: Desk, feeds: Feeds) -> None:
    token = feeds.loan.address
    assert desk.refused(feeds.market((feeds.loan_feed.address, token))) == (
        f"line 15: {CHAINLINK}.loan_feed.feed: {token} does not answer as a Chainlink feed; correct the "
        "address.",
    )


def test_refuses_a_feed_that_is_stale(desk: Desk, feeds: Feeds) -> None:
    desk.provider.set_timestamp(feeds.collateral_feed.latestRoundData()[3] + 5_400)
    desk.provider.mine()
    assert desk.refused(feeds.market()) == (
        f"line 14: {CHAINLINK}.collateral_feed.heartbeat_hours: the feed's answer is 1.5 hours old, more "
        "than 1; choose a feed that is alive or raise this.",
    )


def test_refuses_a_feed_out_of_bounds(desk: Desk, feeds: Feeds) -> None:
    assert desk.refused(feeds.market(("9999", "2_000"))) == (
        f"line 14: {CHAINLINK}.collateral_feed: the feed's answer 2,000 is not between min_answer 9 and "
        "max_answer 2000; correct them.",
    )


def test_refuses_an_unexpected_price(desk: Desk, feeds: Feeds) -> None:
    assert desk.refused(feeds.market(("2_200", "2_000"))) == (
        f"line 13: {CHAINLINK}.expected_price: the feeds say 2,200, more than 5 % from 2000; correct the "
        "price or the feeds.",
    )


def test_refuses_a_rate_that_is_none(desk: Desk, feeds: Feeds) -> None:
    token = feeds.loan.address
    assert desk.refused(feeds.market((feeds.rate.address, token))) == (
        f"line 16: {CHAINLINK}.collateral_rate.vault: {token} does not answer as an ERC-4626 vault; correct "
        "the address.",
    )


def test_refuses_what_the_oracles_constructor_refuses(desk: Desk, feeds: Feeds, yard: Yard) -> None:
    second = yard.oracle(3_000 * 10**24)
    text = feeds.market(("        expected_price", f"        second: {second}\n        expected_price"))
    assert desk.refused(text) == (
        "line 11: vaults.weth.oracle: oracle pUSDC/weth would fail (oracle: source disagrees); correct what "
        "the reason names.",
    )


@pytest.mark.parametrize("part", ["second", "fallback"])
@pytest.mark.parametrize("vice", ["appetite", "silent"])
def test_refuses_a_source_that_needs_more_gas_than_it_gets(
    desk: Desk, feeds: Feeds, yard: Yard, part: str, vice: str
) -> None:
    """Or gives no price at all; with mock tokens too, where the oracle's constructor cannot be tried yet."""
    source = yard.oracle(2_200 * 10**24)
    text = feeds.market(("        expected_price", f"        {part}: {source}\n        expected_price"))
    source.set_appetite(120_000, sender=desk.account)
    assert desk.plan(text).missing
    if vice == "silent":
        source.set_silent(True, sender=desk.account)
    else:
        source.set_appetite(SOURCE_GAS, sender=desk.account)
    refusal = (
        f"line 13: {CHAINLINK}.{part}: {source} gives no price with the 130,000 gas that a source gets; "
        "choose another oracle.",
    )
    assert desk.refused(text) == refusal
    assert desk.refused(changed(feeds.loan.address, USDC, text)) == refusal


OWN_PRICES = (
    "own_price() and own_safe_price() do not both answer with the 130,000 gas that an oracle with other "
    "sources gives its own feeds and rates, which would be missing; choose cheaper ones, or an oracle "
    "without a second source and a fallback."
)


class Hungry:
    """A market whose two feeds together need more gas than a source gets, beside another source."""

    def __init__(self, desk: Desk, feeds: Feeds, yard: Yard) -> None:
        hungry = [desk.account.deploy(container("HungryFeed"), 8, quote * 10**8) for quote in (2_000, 1)]
        self.second = yard.oracle(2_200 * 10**24)
        self.alone = feeds.market(
            (feeds.collateral_feed.address, hungry[0].address), (feeds.loan_feed.address, hungry[1].address)
        )
        self.paired = changed(
            "        expected_price", f"        second: {self.second}\n        expected_price", self.alone
        )


@pytest.fixture
def hungry(desk: Desk, feeds: Feeds, yard: Yard) -> Hungry:
    """See `Hungry`."""
    return Hungry(desk, feeds, yard)


def test_refuses_a_new_oracle_whose_own_prices_need_too_much_gas(desk: Desk, hungry: Hungry) -> None:
    """Before anything is sent, though its constructor, which reads without a bound, accepts it."""
    assert desk.refused(hungry.paired) == (f"line 11: vaults.weth.oracle: {OWN_PRICES}",)
    assert "vault pUSDC/weth" in desk.deploy(
        hungry.alone
    )  # nothing bounds them where they are the only source


def test_refuses_an_oracle_that_exists_whose_own_prices_need_too_much_gas(
    desk: Desk, feeds: Feeds, hungry: Hungry
) -> None:
    def named(text: str) -> str:
        """The market with an oracle made from `text`, by its address."""
        start, end = text.index("\n      chainlink:"), text.index("\n    risk:")
        return text[:start] + f" {made(desk, text)}" + text[end:]

    assert desk.refused(named(hungry.paired)) == (f"line 11: vaults.weth.oracle: {OWN_PRICES}",)
    assert desk.plan(named(hungry.alone)).missing
    second = ("        expected_price", f"        second: {hungry.second}\n        expected_price")
    assert desk.plan(named(feeds.market(second))).missing


def made(desk: Desk, text: str) -> str:
    """The address of the oracle that a market file describes."""
    oracle = desk.market(text).market.vaults["weth"].oracle.chainlink
    assert oracle is not None
    tokens = [
        str(section.address)
        for section in (
            desk.market(text).market.vaults["weth"].collateral,
            desk.market(text).market.pool.asset,
        )
    ]
    struct = struct_of(oracle, desk.provider, (tokens[0], tokens[1]), Decimals(18, 6))
    return str(desk.account.deploy(container("ChainlinkOracle"), struct))


def test_builds_no_vault_where_the_node_could_not_try_the_oracle_before(
    desk: Desk, hungry: Hungry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a node answers nothing for a deployment; pool and oracle are there then, the vault is not."""
    monkeypatch.setattr("plimsoll.deploy.oracle_plan.code_from", lambda *_: None)
    sent = desk.plan(hungry.paired).apply()
    with pytest.raises(DeployError, match=r"line 11: vaults.weth.oracle: own_price\(\) and own_safe_price"):
        for _ in sent:
            pass
    book = desk.book()
    assert "pUSDC/weth" in book.oracles and not book.vaults
    assert desk.refused(hungry.paired) == (f"line 11: vaults.weth.oracle: {OWN_PRICES}",)


# ---------------------------------------------------------------------------------------------- live networks


@pytest.mark.usefixtures("on_live_network")
def test_refuses_mocks_on_a_live_network(desk: Desk) -> None:
    mocks = "mocks are for local chains, not for ethereum:local (chain 31337); give a real address."
    assert desk.refused() == (f"line 2: pool.asset.mock: {mocks}",)


@pytest.mark.usefixtures("on_live_network")
def test_refuses_mock_feeds_on_a_live_network(desk: Desk, feeds: Feeds) -> None:
    text = changed(USDC, feeds.loan.address, changed(WETH, feeds.collateral.address))
    assert desk.refused(text) == (
        f"line 11: vaults.weth.oracle.mock: mocks are for local chains, not for {NETWORK}; give a real "
        "address.",
    )


@pytest.mark.usefixtures("on_live_network")
def test_refuses_a_local_uniswap_on_a_live_network(desk: Desk, feeds: Feeds) -> None:
    assert desk.refused("uniswap: local\n" + feeds.market()) == (
        f"line 1: uniswap: mocks are for local chains, not for {NETWORK}; give a real address.",
    )


def test_refuses_a_limit_that_the_pace_closes(desk: Desk) -> None:
    """A tenth of 5,000 is less than the least debt of the blue-chip preset."""
    text = changed("  open: true\n", "  open: true\n  draw_burst: 0.1\n")
    assert desk.refused(changed("limit: 10_000_000", "limit: 5_000", text)) == (
        "line 14: vaults.weth.limit: 5,000 times pool.draw_burst 0.1 is below the vault's min_debt 2,500, so "
        "that nobody could begin a loan; raise it to 25,000.",
    )


@pytest.mark.usefixtures("on_live_network")
@pytest.mark.parametrize(("burst", "warnings"), [("1", 1), ("0.1", 0)])
def test_warns_of_a_live_pool_without_a_pace(desk: Desk, feeds: Feeds, burst: str, warnings: int) -> None:
    text = changed("  open: true\n", f"  open: true\n  draw_burst: {burst}\n", feeds.market())
    found = desk.plan(text).warnings
    assert len(found) == warnings
    assert all("pool.draw_burst: without a pace" in warning for warning in found)


def test_no_local_pool_is_warned_of(desk: Desk) -> None:
    assert desk.plan().warnings == ()


@pytest.mark.usefixtures("on_live_network")
def test_refuses_an_account_without_ether_on_a_live_network(
    desk: Desk, feeds: Feeds, receiver: AccountAPI
) -> None:
    receiver.balance = 0
    assert desk.refused(feeds.market(), account=receiver) == (
        f"{receiver} has no ether to pay for gas; send it some.",
    )


@pytest.mark.usefixtures("on_live_network")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            None,
            f"{NETWORK} is a live network; say who signs with --account NAME, one of `ape accounts list`.",
        ),
        ("TEST::0", "TEST::0 has a key that is public; choose your own account with --account."),
    ],
)
def test_refuses_test_accounts_on_a_live_network(desk: Desk, name: str | None, sentence: str) -> None:
    with pytest.raises(DeployError) as error:
        signer(name, desk.provider)
    assert str(error.value) == sentence


def test_the_first_test_account_signs_on_a_local_chain(desk: Desk, lender: AccountAPI) -> None:
    assert signer(None, desk.provider) == desk.account
    assert signer("TEST::2", desk.provider) == lender


@pytest.mark.parametrize("name", ["TEST::20", "TEST::x", "nobody"])
def test_refuses_an_account_that_is_not_there(desk: Desk, name: str) -> None:
    with pytest.raises(DeployError, match=f"^{name} is (no test account|not among ape's accounts)"):
        signer(name, desk.provider)


# ------------------------------------------------------------------------------------------------ the Factory


def other(factory: str, part: str, desk: Desk) -> tuple[str]:
    """The refusal of a Factory because of a part of it."""
    return (
        f"The Factory at {factory} on {NETWORK} has another {part} than the one that is compiled here; check "
        f"out the version that it was deployed from, or move {desk.book_path} away to begin with a new one.",
    )


def test_refuses_what_is_no_factory(desk: Desk, yard: Yard) -> None:
    for address in (NO_CODE, yard.token().address):
        assert desk.refused(f"factory: {address}\n{MARKET}") == other(address, "Factory", desk)


def test_refuses_a_factory_of_other_contracts(desk: Desk, deployer: AccountAPI) -> None:
    blueprints = [deployer.declare(container("Pool")).contract_address] * 5
    factory = deployer.deploy(container("Factory"), *blueprints)
    assert desk.refused(f"factory: {factory}\n{MARKET}") == other(factory.address, "Council", desk)


def test_deploys_with_a_factory_that_exists(desk: Desk, yard: Yard) -> None:
    text = f"factory: {yard.factory}\n{MARKET}"
    assert tuple(desk.deploy(text)) == STEPS[6:]
    assert yard.factory.is_pool(desk.book().pools["pUSDC"].address)
    assert desk.deploy(text) == desk.deploy() == []


def test_refuses_a_second_factory(deployed: Desk, yard: Yard) -> None:
    known = deployed.book().factory
    assert known is not None
    assert deployed.refused(f"factory: {yard.factory}\n{MARKET}") == (
        f"line 1: factory: {yard.factory} is not {known.address}, the Factory in {deployed.book_path}; "
        f"remove the line, or move {deployed.book_path} away.",
    )
