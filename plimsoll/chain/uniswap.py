"""The bytecode of Uniswap v2 and of WETH9, as it runs on the live chains.

It comes from Uniswap's own npm packages, which are not ours to ship (`plimsoll.chain.npm`).
"""

import json

from plimsoll.chain import npm
from plimsoll.chain.artifact import Artifact

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
        FileNotFoundError: the packages are not here.
    """
    folder = npm.find(PACKAGES[name])
    if folder is None:
        raise FileNotFoundError(
            f"{name} comes from Uniswap's npm packages, which are not here; `plimsoll fetch` gets them once."
        )
    build = json.loads((folder / "build" / f"{name}.json").read_text())
    return Artifact(name, tuple(build["abi"]), bytes.fromhex(build["evm"]["bytecode"]["object"]))
