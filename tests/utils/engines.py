"""What runs contracts in this process: pyrevm, or what stands in for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyrevm import AccountInfo

from plimsoll.chain.anvil import Anvil
from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm

START = 1_800_000_000

_make: Callable[[int], Engine] = Revm


def in_process(now: int = START) -> Engine:
    """An empty chain at a time, seconds."""
    return _make(now)


@contextmanager
def made_by(make: Callable[[int], Engine]) -> Iterator[None]:
    """Lets `in_process` make other engines: one that traces, or that takes larger contracts."""
    global _make
    before, _make = _make, make
    try:
        yield
    finally:
        _make = before


def put_code(engine: Engine, address: str, code: bytes) -> None:
    """Gives an account code that no creation could; it may outlive what undoes the rest."""
    if isinstance(engine, Anvil):
        engine.request("anvil_setCode", address, "0x" + code.hex())
    elif isinstance(engine, Revm):
        engine._evm.insert_account_info(address, AccountInfo(code=code))
