"""The bytecode of Uniswap v2 and of WETH9, as it runs on the live chains.

It comes from Uniswap's own npm packages (`package.json` pins them), which the set-up puts into node_modules.
"""

from __future__ import annotations

import json
from pathlib import Path

from plimsoll.chain.engine import Artifact

NODE_MODULES = Path(__file__).parents[2] / "node_modules"
PACKAGES = {
    "UniswapV2Factory": "@uniswap/v2-core",
    "UniswapV2Pair": "@uniswap/v2-core",
    "UniswapV2Router02": "@uniswap/v2-periphery",
    "WETH9": "@uniswap/v2-periphery",
}
EXCHANGE = ("UniswapV2Factory", "UniswapV2Pair", "UniswapV2Router02")


def artifact(name: str) -> Artifact:
    """A contract of Uniswap's packages: the factory, its pair, the second router, or WETH9.

    Raises:
        FileNotFoundError: the packages are not installed.
    """
    path = NODE_MODULES / PACKAGES[name] / "build" / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; `make setup` installs Uniswap's npm packages.")
    build = json.loads(path.read_text())
    return Artifact(name, tuple(build["abi"]), bytes.fromhex(build["evm"]["bytecode"]["object"]))
