"""`plimsoll inspect`: what is found, how it is shown, what is refused."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from ape import chain, networks
from ape.exceptions import ProviderError
from click.testing import CliRunner
from rich.console import Console

from plimsoll.chain.containers import container
from plimsoll.chain.views import Block
from plimsoll.cli.inspect import cli
from plimsoll.deploy import AddressBook
from plimsoll.inspection.read import FALLS, InspectError, Market, owners_of, read
from plimsoll.inspection.show import to_json, to_tables
from plimsoll.units import DAY, MAX
from tests.unit.inspection.conftest import DEBTS, GONE, IDLE, InspectedMarket
from tests.utils.laboratory import laboratory, tiny
from tests.utils.on_ape import pass_time, send

ROOT = Path(__file__).parents[3]
ON_LOCAL = "ethereum:local (chain 31337)"


@pytest.fixture
def command(place: InspectedMarket, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the command on the place's address book."""
    monkeypatch.setattr("plimsoll.deploy.book_path", lambda provider: place.desk.book_path)

    def run(**options: Any) -> None:
        cli.callback(**{"name": None, "as_json": False, "rows": 30, "book": None} | options)

    return run


def look(place: InspectedMarket, name: str | None = None) -> Market:
    return read(place.desk.book(), networks.provider, name)


def printed(market: Market, rows: int = 30) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(to_tables(market, rows), highlight=False)
    return capture.get()


def row(text: str, owner: Any) -> list[str]:
    """The cells of a position's row."""
    (line,) = [line for line in text.splitlines() if f"{owner.address[:8]}…{owner.address[-6:]}" in line]
    return line.split()[1:]


# ---------------------------------------------------------------------------------------------- what is found


def test_finds_who_has_a_position_the_least_healthy_first(place: InspectedMarket) -> None:
    (pool,) = look(place).pools
    first, second = pool.vaults
    expected = [place.account(number).address.lower() for number in (*DEBTS, IDLE)]
    assert [each.owner for each in first.positions] == expected
    gone = place.account(GONE).address.lower()
    assert gone in owners_of(Block(networks.provider), place.vault.address, 0, "Vault")
    assert gone not in expected
    for each, debt in zip(first.positions, DEBTS.values(), strict=False):
        assert each.debt >= debt * 10**6
        assert each.collateral == 10**19
    assert (first.name, second.name) == ("pUSDC/weth", "pUSDC/wbtc")
    assert (second.positions, second.candidates) == ((), {})
    assert [each.debt for each in second.stress] == [0] * len(FALLS)


def test_says_what_the_contracts_say(place: InspectedMarket) -> None:
    place.set_quote(1_700)
    chain.mine()
    market = look(place)
    vault = market.pools[0].vaults[0]
    assert (market.block, market.time) == (chain.blocks.height, chain.blocks.head.timestamp)
    for each in vault.positions:
        assert each.health == place.vault.health(each.owner, block_identifier=market.block)
    worst = vault.positions[0].owner
    preview = place.vault.preview_liquidate(worst, MAX, block_identifier=market.block)
    assert list(vault.candidates) == [worst]
    assert vault.candidates[worst].paid == preview.paid > 0
    assert vault.summary.price == 1_700 * 10**24
    debts = [each.debt for each in vault.positions if each.debt]
    assert 0 <= sum(debts) - vault.summary.line.drawn < len(debts)  # each is rounded up


def test_a_fall_of_the_price(place: InspectedMarket) -> None:
    """What it makes liquidatable is what is liquidatable once it has come."""
    forecast = look(place).pools[0].vaults[0].stress
    assert [each.fall for each in forecast] == list(FALLS)
    assert forecast[0].debt == forecast[0].shortfall == 0
    assert forecast[-1].shortfall > 0
    for each in forecast:
        place.set_quote(2_000 * (100 - each.fall) // 100)
        vault = look(place).pools[0].vaults[0]
        assert vault.summary.price == each.price
        closable = [position for position in vault.positions if position.is_liquidatable]
        assert abs(each.debt - sum(position.debt for position in closable)) <= 1_000  # interest meanwhile
        assert bool(each.debt) == bool(closable)


def test_a_vault_of_others_is_counted_and_not_asked(place: InspectedMarket) -> None:
    contracts = place.desk.book().contracts()
    book = place.desk.book()
    for name in ("one", "two"):
        arguments = (contracts.pools["pUSDC"], contracts.tokens["WETH"], contracts.oracles["pUSDC/weth"])
        contracts.factory.create_vault(*arguments, place.vault.risk(), sender=place.account(1))
        assert name not in book.vaults
    (pool,) = look(place).pools
    assert (pool.without_credit_line, len(pool.vaults)) == (2, 2)
    assert "and 2 vaults without a credit line" in printed(look(place))


def test_a_vault_with_a_line_is_shown_without_a_name(
    place: InspectedMarket, edit: Callable[..., None]
) -> None:
    vaults = place.desk.book().vaults
    address = vaults.pop("pUSDC/weth").address
    edit(vaults=vaults)
    names = [vault.name for vault in look(place).pools[0].vaults]
    assert names == [address.lower(), "pUSDC/wbtc"]


@pytest.mark.parametrize(
    ("name", "vaults"), [("pUSDC", ["pUSDC/weth", "pUSDC/wbtc"]), ("pUSDC/wbtc", ["pUSDC/wbtc"])]
)
def test_one_pool_or_one_vault(place: InspectedMarket, name: str, vaults: list[str]) -> None:
    (pool,) = look(place, name).pools
    assert [vault.name for vault in pool.vaults] == vaults


class Stingy:
    """A node that gives the events of at most four blocks."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked = 0

    def make_request(self, method: str, parameters: list[Any]) -> Any:
        if method == "eth_getBlockByNumber":
            return {"number": hex(21), "hash": "0x", "timestamp": hex(7)}
        self.asked += 1
        first, last = (int(parameters[0][key], 16) for key in ("fromBlock", "toBlock"))
        if last - first >= self.most:
            raise ProviderError("query exceeds max block range")
        return [{"block": number} for number in range(first, last + 1)]


def test_events_come_in_as_many_parts_as_the_node_wants() -> None:
    node: Any = Stingy(4)
    assert [log["block"] for log in Block(node).logs("0x", b"", 3)] == list(range(3, 22))
    assert node.asked > 5
    with pytest.raises(ProviderError):
        Block(Stingy(0)).logs("0x", b"", 3)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------- how it looks


def test_a_table_of_positions(place: InspectedMarket) -> None:
    place.set_quote(1_700)
    text = printed(look(place))
    assert "Pool pUSDC" in text and "lends USDC, open" in text
    assert "lenders own  100,000.00" in text and "borrowed  33,000.00" in text
    assert "a vault draws 90.00 % of its limit at once, and again in 1 day, 0:00:00" in text
    assert "1,700.00 USDC for 1 WETH" in text
    assert "20.00 % initial, 17.00 % maintenance" in text
    worst, next_one, idle = place.account(4), place.account(5), place.account(IDLE)
    health, debt, collateral, below, to_go, leverage, pays, seizes, loss = row(text, worst)
    assert (health, debt, collateral, to_go, loss) == ("0.940", "15,000.00", "10.00", "-", "-")
    assert (below, leverage) == ("1,807.22", "8.5x")
    quote = look(place).pools[0].vaults[0].candidates[worst.address.lower()]
    assert abs(float(pays.replace(",", "")) - (quote.paid + quote.fee) / 10**6) < 0.02
    assert 0 < float(seizes) < 10
    assert row(text, next_one)[:6] == ["1.175", "12,000.00", "10.00", "1,445.78", "14.95", "%"]
    assert row(text, idle) == ["no", "debt", "-", "10.00", "-", "-", "-"]
    assert "no positions" in text  # of the other vault


def test_bad_debt_shows(place: InspectedMarket) -> None:
    place.set_quote(1_400)
    cells = row(printed(look(place)), place.account(4))
    assert cells[5:7] == ["no", "equity"]
    assert float(cells[-1].replace(",", "")) > 1_000


@pytest.mark.parametrize(("quote", "colour"), [(1_750, "1;31"), (1_860, "31"), (2_000, "33"), (2_500, "32")])
def test_health_has_a_colour(place: InspectedMarket, quote: int, colour: str) -> None:
    """Of the riskiest: liquidatable bold red, below 1.05 red, below 1.25 yellow, else green."""
    place.set_quote(quote)
    console = Console(width=140, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(to_tables(look(place), 1), highlight=False)
    health = 10 * quote * 0.83 / 15_000
    figure = f"{int(health * 1_000) / 1_000:.3f}"
    assert re.search(rf"\x1b\[{colour}m *{re.escape(figure)}", capture.get())


def test_the_rest_is_counted(place: InspectedMarket) -> None:
    text = printed(look(place), rows=1)
    assert "and 3 positions of higher health; --rows shows more" in text
    assert f"{place.account(5).address[:8]}…" not in text


def test_a_dead_oracle_is_shown_and_stops_nothing(place: InspectedMarket) -> None:
    pass_time(8 * DAY)  # the mock feeds are stale after a week
    market = look(place)
    vault = market.pools[0].vaults[0]
    assert (vault.summary.price, vault.stress, vault.candidates) == (0, (), {})
    text = printed(market)
    assert text.count("the oracle has none") == 2
    assert row(text, place.account(4))[:2] == ["no", "price"]
    assert row(text, place.account(4))[-2:] == ["?", "?"]
    assert "if the price falls" not in text


def test_a_pause_is_shown(place: InspectedMarket) -> None:
    contracts = place.desk.book().contracts()
    council = contracts.councils["pUSDC"]
    guardian = place.account(9)
    send(council.queue_guardian, guardian, sender=place.desk.account)
    pass_time(council.delay())
    send(council.execute_queued, sender=place.desk.account)
    send(council.pause, sender=guardian)
    assert "lends USDC, paused until 2" in printed(look(place))


# ------------------------------------------------------------------------------------------------ the command


def test_the_command_prints_tables(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(name="pUSDC/weth")
    output = capsys.readouterr().out
    assert output.startswith(f"{ON_LOCAL}, block {chain.blocks.height:,}, ")
    assert "Vault pUSDC/weth" in output and "Vault pUSDC/wbtc" not in output


def test_json_holds_everything(
    command: Callable[..., None], place: InspectedMarket, capsys: pytest.CaptureFixture[str]
) -> None:
    place.set_quote(1_700)
    command(as_json=True, rows=1)
    found = json.loads(capsys.readouterr().out)
    assert found == to_json(look(place))
    assert (found["network"], found["block"]) == (ON_LOCAL, str(chain.blocks.height))
    pool = found["pools"]["pUSDC"]
    assert pool["asset"]["symbol"] == "USDC" and pool["summary"]["is_open"] is True
    vault = pool["vaults"]["pUSDC/weth"]
    assert len(vault["positions"]) == 4
    first = vault["positions"][0]
    assert int(first["health"]) < 10**18 and first["is_liquidatable"] is True
    assert int(first["terms"]["maintenance_margin"]) == 17 * 10**16
    assert int(vault["candidates"][first["owner"]]["paid"]) > 0
    assert int(vault["summary"]["risk"]["threshold"]) == 83 * 10**16
    assert [int(each["fall"]) for each in vault["stress"]] == list(FALLS)


def test_a_markets_positions_are_a_scenarios_start(
    command: Callable[..., None], place: InspectedMarket, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As exact as the chain has them; the sentence says how a scenario takes the file."""
    file = tmp_path / "book.csv"
    command(book=file)
    said = capsys.readouterr().out
    assert said.startswith(f"{file} has 4 positions. In a scenario, with your vaults' numbers:\n")
    group = said.splitlines()[1].strip().removeprefix("borrowers: ")
    (loans,) = laboratory(tiny(f"borrowers={group}", "vaults.0.price.points.0.1=2_000")).borrowers
    found = {each.owner: (each.collateral, each.debt) for each in look(place).pools[0].vaults[0].positions}
    assert {loan.address for loan in loans} == set(found)
    for loan in loans:
        assert loan.collateral == found[loan.address][0]
        assert 0 <= found[loan.address][1] - loan.debt < 1_000  # interest of some blocks
    with pytest.raises(click.ClickException, match=r"cannot be written \(no such file or directory\); name"):
        command(book=tmp_path / "none" / "book.csv")


# -------------------------------------------------------------------------------------------- what is refused


def test_a_wrong_name(command: Callable[..., None], place: InspectedMarket) -> None:
    with pytest.raises(click.ClickException) as error:
        command(name="pUSDC/wteh")
    assert error.value.message == (
        f"{place.desk.book_path} has no pool and no vault pUSDC/wteh; choose one of pUSDC, pUSDC/weth, "
        "pUSDC/wbtc."
    )


def test_no_address_book(command: Callable[..., None], place: InspectedMarket) -> None:
    place.desk.book_path.unlink()
    with pytest.raises(click.ClickException) as error:
        command()
    assert error.value.message == (
        f"{place.desk.book_path} names no pool on {ON_LOCAL}; deploy one with `plimsoll deploy market --file "
        "markets/...`, or choose another network with --network."
    )


def test_a_book_without_a_lens(place: InspectedMarket, edit: Callable[..., None]) -> None:
    edit(lens=None)
    with pytest.raises(InspectError) as error:
        look(place)
    assert str(error.value) == (
        f"{place.desk.book_path} names no Lens; add one with `plimsoll deploy factory`, with the same "
        "--network."
    )


def test_a_lens_of_another_factory(place: InspectedMarket, edit: Callable[..., None]) -> None:
    lens = place.desk.book().lens
    assert lens is not None
    other = place.desk.account.deploy(container("Lens"), place.desk.account.deploy(container("OpenFactory")))
    edit(lens=lens.model_copy(update={"address": other.address}))
    with pytest.raises(InspectError, match=r"does not answer as it should \("):
        look(place)


def test_a_chain_that_is_thrown_away() -> None:
    with pytest.raises(InspectError) as error:
        read(AddressBook.load(networks.provider, None), networks.provider)
    assert str(error.value) == (
        "This chain has just been started and is empty. Start anvil in another terminal, set "
        "APE_FOUNDRY_HOST=http://127.0.0.1:8545 and deploy a market, or choose a network with --network."
    )


def test_a_node_that_stops(command: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise ConnectionError("connection refused")

    monkeypatch.setattr(Block, "call", gone)
    with pytest.raises(click.ClickException) as error:
        command()
    assert error.value.message.endswith("does not answer (ConnectionError); see that it runs.")


def test_a_network_without_a_node() -> None:
    """Not even a connection."""
    reply = CliRunner().invoke(cli, ["--network", "http://127.0.0.1:1"])
    assert reply.exit_code == 1
    assert reply.output.startswith("Error: ") and "node found on 'http://127.0.0.1:1'" in reply.output


def test_the_command_ends_with_an_exit_code_and_without_a_traceback() -> None:
    """It also loads: its name does not hide the standard library's `inspect`."""
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run(
        [ape, "run", "inspect"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "APE_FOUNDRY_HOST": "auto"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "This chain has just been started and is empty." in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
