"""Market files: every mistake is a sentence with its line, its field, the value and what to do."""

from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.deploy import DeployError, load_market
from plimsoll.params import BLUE_CHIP
from tests.utils.markets import MARKET, changed

MARKETS = Path(__file__).parents[3] / "markets"
DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_reads_exact_values(tmp_path: Path) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(changed("{mock: {symbol: USDC, decimals: 6}}", DEPLOYER.lower()))
    market = load_market(file).market
    assert market.pool.asset.address == DEPLOYER  # unquoted, it would be a number in YAML
    assert market.pool.reserve_factor == Decimal("0.10")
    assert market.pool.supply_cap == 50_000_000
    assert market.pool.open
    assert market.vaults["weth"].risk == BLUE_CHIP
    assert market.vaults["weth"].limit == 10_000_000


def test_preset_with_changes(tmp_path: Path) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(changed("risk: blue-chip", "risk: {preset: blue-chip, ltv: 0.75}"))
    assert load_market(file).market.vaults["weth"].risk == BLUE_CHIP.model_copy(
        update={"ltv": Decimal("0.75")}
    )


def test_the_local_market_can_be_read() -> None:
    assert list(load_market(MARKETS / "local-weth-usdc.yaml").market.vaults) == ["weth"]


def test_the_live_example_refuses_its_placeholders_only() -> None:
    path = MARKETS / "example-live.yaml"
    with pytest.raises(DeployError) as error:
        load_market(path)
    lines = path.read_text().splitlines()
    open_fields = {
        i + 1 for i, line in enumerate(lines) if ": <" in line and not line.lstrip().startswith("#")
    }
    assert {int(s.split("line ")[1].split(":")[0]) for s in error.value.sentences} == open_fields
    assert error.value.sentences[0] == (
        f"{path}, line 13: pool.asset is still the placeholder <address of the loan token>; put your value "
        "there."
    )


def test_the_live_example_is_sound_when_filled_in(tmp_path: Path) -> None:
    text = (MARKETS / "example-live.yaml").read_text()
    filled = [
        line if line.lstrip().startswith("#") or ": <" not in line
        else line[: line.index("<")] + ("2000" if "expected_price" in line else f"0x{number:040}")
        for number, line in enumerate(text.splitlines(), start=1)
    ]  # fmt: skip
    file = tmp_path / "market.yaml"
    file.write_text("\n".join(filled))
    assert load_market(file).market.vaults["weth"].oracle.chainlink is not None


NUMBER = "must be a number such as 0.83; correct it"
WRONG = {
    # values
    ("0.10", "0.4"): "line 5: pool.reserve_factor is 0.4, but must be at most 0.25; lower it.",
    ("0.10", "-0.1"): "line 5: pool.reserve_factor is -0.1, but must be at least 0; raise it.",
    ("0.10", ".nan"): f"line 5: pool.reserve_factor is .nan, but {NUMBER}.",
    ("0.10", "NaN"): "line 5: pool.reserve_factor is NaN, but must be a finite number; correct it.",
    ("0.10", "inf"): "line 5: pool.reserve_factor is inf, but must be a finite number; correct it.",
    ("0.10", "10 %"): f"line 5: pool.reserve_factor is 10 %, but {NUMBER}.",
    ("0.10", "{}"): f"line 5: pool.reserve_factor {NUMBER}.",
    ("10_000_000", "0"): "line 13: vaults.weth.limit is 0, but must be above 0; raise it.",
    ("10_000_000", "[1, 2]"): f"line 13: vaults.weth.limit {NUMBER}.",
    ("open: true", "open: maybe"): "line 7: pool.open is maybe, but must be true or false; correct it.",
    ("open: true", "delay_days: 2"): "line 7: pool.delay_days is 2, but must be at least 3; raise it.",
    ("decimals: 18", "decimals: many"): (
        "line 10: vaults.weth.collateral.mock.decimals is many, but must be a whole number; correct it."
    ),
    ("decimals: 18", "decimals: 28"): (
        "line 10: vaults.weth.collateral.mock.decimals is 28, but must be at most 27; lower it."
    ),
    ("symbol: WETH", "symbol: WETHWETHW"): (
        "line 10: vaults.weth.collateral.mock.symbol is WETHWETHW, but must have at most 8 characters; "
        "shorten it."
    ),
    ("name: Plimsoll USDC", 'name: ""'): "line 3: pool.name is empty, but must not be empty; fill it in.",
    ("name: Plimsoll USDC", "name: Plimsoll €"): (
        "line 3: pool.name: Plimsoll € has characters outside ASCII, which count as several; avoid them."
    ),
    # keys
    ("supply_cap", "suply_cap"): (
        "line 6: pool.suply_cap is not a key that is known here; perhaps you meant supply_cap."
    ),
    ("supply_cap", "zzz"): "line 6: pool.zzz is not a key that is known here; remove it.",
    ("    limit: 10_000_000\n", ""): "line 9: vaults.weth.limit is missing; add it.",
    ("limit: 10_000_000", "limit:"): (
        "line 13: vaults.weth.limit is empty; give it a value or remove the line."
    ),
    ("risk: blue-chip", "limit: 5"): "line 13: vaults.weth.limit is given twice, first in line 12; keep one.",
    ("  weth:", "  We.th:"): (
        "line 9: the name We.th must be of lower-case letters, digits and dashes; rename it."
    ),
    ("risk: blue-chip", "risk: [1]"): (
        "line 12: vaults.weth.risk must be a section with keys of its own; see the examples in "
        "scenarios/ and markets/."
    ),
    ("{mock: {symbol: WETH, decimals: 18}}", "{mock: 5}"): (
        "line 10: vaults.weth.collateral.mock is 5, but must be a section with keys of its own; see the "
        "examples in scenarios/ and markets/."
    ),
    # risk
    ("blue-chip", "bluechip"): (
        "line 12: vaults.weth.risk: there is no preset 'bluechip'; use one of blue-chip, correlated, "
        "volatile."
    ),
    ("blue-chip", "{preset: blue-chip, ltv: 0.9}"): (
        "line 12: vaults.weth.risk: ltv 0.9 must be below threshold 0.83; lower ltv."
    ),
    ("blue-chip", "{preset: blue-chip, bonus_max: 0.2}"): (
        "line 12: vaults.weth.risk: threshold * (1 + bonus_max) is 0.996, above health_for_max_bonus 0.93: a "
        "close could lower health; lower bonus_max or threshold."
    ),
    ("blue-chip", "{preset: blue-chip, target_health: 1.5}"): (
        "line 12: vaults.weth.risk.target_health is 1.5, but must be at most 1.25; lower it."
    ),
    # addresses
    ("{mock: {symbol: USDC, decimals: 6}}", "0x1234"): (
        "line 2: pool.asset: 0x1234 is not an address, which is 0x and 40 hexadecimal digits; correct it."
    ),
    ("{mock: {symbol: USDC, decimals: 6}}", "0x" + 40 * "0"): (
        f"line 2: pool.asset: 0x{40 * '0'} is the zero address; give a real one or remove the line."
    ),
    ("{mock: {symbol: USDC, decimals: 6}}", DEPLOYER[:-1] + "7"): (
        f"line 2: pool.asset: {DEPLOYER[:-1]}7 has a wrong checksum, so a digit is mistyped; copy the "
        "address again."
    ),
    ("{mock: {collateral: 2_000, loan: 1}}", f"{{mock: {{collateral: 1}}, address: {DEPLOYER}}}"): (
        "line 11: vaults.weth.oracle: give either an address or one section chainlink or mock."
    ),
    ("{mock: {symbol: WETH, decimals: 18}}", "{}"): (
        "line 10: vaults.weth.collateral: give either an address or one section mock."
    ),
    ("{mock: {collateral: 2_000, loan: 1}}", "<the oracle>"): (
        "line 11: vaults.weth.oracle is still the placeholder <the oracle>; put your value there."
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), WRONG.items(), ids=[new for _, new in WRONG])
def test_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(changed(*change))
    with pytest.raises(DeployError) as error:
        load_market(file)
    assert error.value.sentences == (f"{file}, {sentence}",)


def test_says_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(changed("blue-chip", "blau", changed("0.10", "7")))
    with pytest.raises(DeployError) as error:
        load_market(file)
    assert [sentence.split(":")[0] for sentence in error.value.sentences] == [
        f"{file}, line 5",
        f"{file}, line 12",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "{file} holds no keys; start from markets/local-weth-usdc.yaml."),
        ("- 1\n", "{file} holds no keys; start from markets/local-weth-usdc.yaml."),
        (
            "pool:\n  a: 1\n b: 2\n",
            "{file}, line 3 is not valid YAML (expected <block end>, but found '<block mapping start>'); "
            "correct it there.",
        ),
        (
            MARKET.replace("true", '"true'),
            "{file}, line 14 is not valid YAML (found unexpected end of stream); correct it there.",
        ),
    ],
)
def test_refuses_what_is_no_market(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(text)
    with pytest.raises(DeployError) as error:
        load_market(file)
    assert str(error.value) == sentence.format(file=file)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as error:
        load_market(tmp_path / "none.yaml")
    assert str(error.value) == (f"There is no file {tmp_path}/none.yaml; give the path of a market file.")


def test_refuses_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "market.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeployError, match="cannot be read as a text file"):
        load_market(file)
