"""Whether what an oracle asks answers with the gas that it gets: see `_try` in `ChainlinkOracle`."""

from __future__ import annotations

from ape.api import ProviderAPI
from ape.exceptions import ProviderError

from plimsoll.chain.views import view, view_one
from plimsoll.units import NOBODY

SOURCE_GAS = 130_000  # as in the contract

_FEED, _RATE = "address,uint256,int256,int256", "address,uint256,uint256"
_CONFIG = f"address,address,uint256,{_FEED},{_FEED},{_RATE},{_RATE},address,address,address,uint256"
_OTHERS = slice(17, 19)  # the second source and the fallback in it


def answers(provider: ProviderAPI, oracle: str, *views: str, code: str | None = None) -> bool:
    """Whether all of these views give a price with the gas of a source; with `code`, as if it stood there."""
    return all(
        view_one(provider, oracle, f"{name}()", "uint256", gas=SOURCE_GAS, code=code) for name in views
    )


def misses_its_own(provider: ProviderAPI, oracle: str, code: str | None = None) -> bool:
    """Whether an oracle with other sources would go without its own feeds and rates.

    Never so of an oracle of another kind, nor where the node does not put `code` in the place of what is
    there.
    """
    config = view(provider, oracle, "config()", _CONFIG, code=code)
    is_alone = config is None or all(source == NOBODY for source in config[_OTHERS])
    return not is_alone and not answers(provider, oracle, "own_price", "own_safe_price", code=code)


def code_from(provider: ProviderAPI, initcode: bytes) -> str | None:
    """The code that a deployment would leave; None when it would fail."""
    try:
        answer = provider.make_request("eth_call", [{"data": "0x" + initcode.hex()}, "latest"])
    except ProviderError:
        return None
    return str(answer)
