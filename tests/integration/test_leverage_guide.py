"""The guide to Leverage, as it is written, on Anvil through ape."""

import re
from pathlib import Path

from ape import accounts, chain

from plimsoll.deploy import deploy_market
from plimsoll.params import WAD

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "leverage.md").read_text()


def test_the_guide_does_what_it_says(deployer, capsys) -> None:
    """Every block of Python in its order, in one namespace; what it prints is what stands in the guide."""
    contracts = deploy_market(ROOT / "markets" / "local-weth-usdc.yaml", deployer).contracts()
    names = {"accounts": accounts, "chain": chain, "WAD": WAD, **vars(contracts)}
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE, re.S | re.M)
    assert len(blocks) == 6
    capsys.readouterr()
    for block in blocks:
        exec(compile(block, "docs/leverage.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line in GUIDE
    assert names["weth"].balanceOf(names["leverage"]) == names["usdc"].balanceOf(names["leverage"]) == 0
