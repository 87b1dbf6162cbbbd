"""What the tests share: the contracts of this project, compiled, and its way of quoting a price."""

from pathlib import Path

from plimsoll.params import price_of
from plimsoll.testing import compile_vyper

CONTRACTS = Path(__file__).parents[1] / "contracts"
POSTED_ORACLE = compile_vyper(CONTRACTS / "PostedOracle.vy")
BUYER = compile_vyper(CONTRACTS / "Buyer.vy")


def quoted(usdc: int) -> int:
    """A price in USDC for a whole WETH, as oracles answer it."""
    return price_of(usdc, collateral_decimals=18, loan_decimals=6)
