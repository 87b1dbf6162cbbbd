"""What a plan looks up on the chain and in the book before it adds a step, and how it words what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from pydantic import BaseModel

from plimsoll.chain.views import code_of, is_local, network_of, view_one
from plimsoll.deploy.book import Deployed, contract_at
from plimsoll.deploy.market import DeployError, MockToken, Token
from plimsoll.deploy.steps import Draft, NotYet, Steps


class Checks:
    """The checks that pools, vaults and the periphery share; what is wrong is noted in `steps`."""

    def __init__(self, steps: Steps) -> None:
        """Notes problems in `steps`, and adds mock tokens to them."""
        self.steps = steps
        self.book = steps.book
        self.provider = steps.provider
        self.complain = steps.complain

    def may_mock(self, where: str) -> bool:
        """Whether mocks are allowed here; complains when not."""
        if not is_local(self.provider):
            self.complain(
                where, f"mocks are for local chains, not for {network_of(self.provider)}; give a real address"
            )
            return False
        return True

    def require_code(self, address: str, where: str) -> bool:
        """Whether there is a contract; complains when not."""
        if not code_of(self.provider, address):
            self.complain(
                where,
                f"{address} has no code on {network_of(self.provider)}; correct the address or the --network",
            )
            return False
        return True

    def require_registered(self, what: str, view: str, kind: str, address: str, expected: object) -> None:
        """Raises unless the Factory knows a contract of the address book."""
        assert self.book.factory is not None
        if view_one(self.provider, self.book.factory.address, view, kind, address) != expected:
            raise self.disagreement(what)

    def disagreement(self, what: str) -> DeployError:
        """The book speaks of another contract than the one that is there."""
        return DeployError(
            f"{self.book.title} and {network_of(self.provider)} disagree about {what}; restore the book, or "
            "move it away to deploy afresh."
        )

    def compare(self, where: str, what: str, made: BaseModel, wanted: BaseModel, otherwise: str) -> None:
        """Complains about parameters that differ from those that something was made with."""
        for name in type(made).model_fields:
            was, wants = getattr(made, name), getattr(wanted, name)
            if isinstance(was, BaseModel) and isinstance(wants, BaseModel):
                self.compare(f"{where}.{name}", what, was, wants, otherwise)
            elif was != wants:
                self.complain(
                    f"{where}.{name}",
                    f"the file says {plain(wants)}, but {what} was made with {plain(was)}, which cannot "
                    f"change; restore that, or {otherwise}",
                )

    def factory_call(self, method: str, *arguments: object) -> Draft:
        """Calls the Factory, once it is there."""
        if self.book.factory is None:
            raise NotYet
        return self.steps.call(contract_at("Factory", self.book.factory.address), method, *arguments)

    # ------------------------------------------------------------------------------- tokens

    def token(self, token: Token, where: str, lowest: int, highest: int) -> int | None:
        """Adds what a token needs. Returns its decimals; None when something is wrong with it."""
        decimals: int | None
        if token.mock is not None:
            decimals = self._mock_token(token.mock, f"{where}.mock")
        else:
            decimals = self._real_token(str(token.address), where)
        if decimals is not None and not lowest <= decimals <= highest:
            self.complain(
                where, f"the token has {decimals} decimals, not {lowest} to {highest}; choose another token"
            )
            return None
        return decimals

    def _mock_token(self, mock: MockToken, where: str) -> int | None:
        if not self.may_mock(where):
            return None
        symbol, records = mock.symbol, self.book.tokens
        if symbol in records:
            decimals = view_one(self.provider, records[symbol].address, "decimals()", "uint8")
            if decimals != mock.decimals:
                self.complain(
                    f"{where}.decimals",
                    f"the file says {mock.decimals}, but mock token {symbol} was made with {decimals}; "
                    "restore that, or choose another symbol",
                )
                return None
        build = partial(self.steps.deployment, "PlainToken", f"Mock {symbol}", symbol, mock.decimals)
        self.steps.create(f"mock token {symbol}", where, records, symbol, build)
        return mock.decimals

    def _real_token(self, address: str, where: str) -> int | None:
        if not self.require_code(address, where):
            return None
        decimals: int | None = view_one(self.provider, address, "decimals()", "uint8")
        if decimals is None:
            self.complain(where, f"{address} does not answer decimals(); give the address of a token")
        return decimals

    def token_address(self, token: Token) -> str | None:
        """The token's address; None for a mock that is not there yet."""
        return address_in(self.book.tokens, token.mock.symbol) if token.mock else token.address


def address_in(records: Mapping[str, Deployed], name: str) -> str | None:
    """The recorded address; None when there is none."""
    return records[name].address if name in records else None


def needed(address: str | None) -> str:
    """An address without which a transaction cannot be built yet."""
    if address is None:
        raise NotYet
    return address


def plain(value: object) -> str:
    """A value of a market file for a sentence: 10,000,000 rather than 1E+7."""
    if isinstance(value, BaseModel):
        parts = {name: part for name, part in value if part is not None}
        return "{" + ", ".join(f"{name}: {plain(part)}" for name, part in parts.items()) + "}"
    if value is None:
        return "nothing"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)


def date(timestamp: int) -> str:
    """A block's time as people write it."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"
