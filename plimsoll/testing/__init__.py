"""What a test of contracts needs: a chain with a clock, contracts by name, accounts with keys, refusals."""

from plimsoll.chain.abi import LoggedEvent
from plimsoll.chain.account import Account
from plimsoll.testing.chain import Chain, reverts
from plimsoll.testing.contract import Contract, Method, Receipt, refusal
from plimsoll.testing.foreign import artifact_of, compile_vyper, read_artifact

__all__ = [
    "Account", "Chain", "Contract", "LoggedEvent", "Method", "Receipt", "artifact_of", "compile_vyper",
    "read_artifact", "refusal", "reverts",
]  # fmt: skip
