"""A9: a swap moved a pool's spot price, and an oracle that read it followed in the same block (Inverse 2022).

Nothing that we ship reads a pool or a balance for a price: this is the list of all that the oracles call.
"""

import re
from pathlib import Path

ORACLES = Path(__file__).parents[2] / "contracts" / "oracles"
ALLOWED = {
    "latestRoundData",  # a Chainlink feed
    "decimals",  # at construction
    "asset",  # at construction
    "convertToAssets",  # an ERC-4626 rate, capped: see A3
}


def calls(source: str) -> set[str]:
    """The names of all functions that the source calls on other contracts."""
    return set(re.findall(r"(?:static|ext)call\s+\w+\([^()]*\)\.(\w+)\(", source))


def test_oracles_call_nothing_but_feeds_rates_and_oracles():
    sources = {path.name: path.read_text() for path in ORACLES.rglob("*.vy")}
    assert "ChainlinkOracle.vy" in sources
    for name, source in sources.items():
        # no call escapes the pattern
        assert len(re.findall(r"\b(?:static|ext)call\b", source)) == len(
            re.findall(r"(?:static|ext)call\s+\w+\([^()]*\)\.\w+\(", source)
        ), name
        assert calls(source) <= ALLOWED, name


def test_raw_calls_name_what_they_call():
    """The one raw call of ChainlinkOracle is made with the selectors of an oracle."""
    source = (ORACLES / "ChainlinkOracle.vy").read_text()
    assert source.count("raw_call(") == 1
    selectors = set(re.findall(r'method_id\("(\w+)\(\)"\)', source))
    assert selectors == {
        "own_price",
        "own_safe_price",
        "last_update",
        "stale_update",
        "price",
        "safe_price",
    }


def test_balances_are_never_read():
    for path in ORACLES.rglob("*.vy"):
        assert "balance" not in path.read_text(), path.name
