"""Calls to vaults and baskets of one Factory; twin of ``contracts/modules/callback_guard.vy``."""

from collections.abc import Mapping

from plimsoll.twin.basket import Basket
from plimsoll.twin.chain import Chain, Contract, Revert, Token, require
from plimsoll.twin.uniswap_v2 import Exchange
from plimsoll.twin.vault import Vault


class CallbackGuard(Contract):
    """A periphery contract, which keeps nothing between calls.

    Attributes:
        address: its own.
        vaults: those that it may call, by address, baskets among them.
    """

    def __init__(
        self, chain: Chain, address: str, vaults: Mapping[str, Vault | Basket], exchange: Exchange
    ) -> None:
        """A contract that may call some vaults and baskets, and trade at an exchange."""
        super().__init__(chain, address)
        self.vaults = vaults
        self.exchange = exchange

    def _visited(self, vault: str) -> Vault:
        require(vault in self.vaults, "periphery: not a vault")
        found = self.vaults[vault]
        if not isinstance(found, Vault):
            raise Revert  # a basket has no single collateral to ask for
        return found

    def _visited_basket(self, basket: str) -> Basket:
        found = self.vaults.get(basket)
        if not isinstance(found, Basket):
            raise Revert("periphery: not a basket")
        return found

    # nothing is called for an amount of 0, as contracts/modules/tokens.vy has it

    def _pull(self, token: Token, owner: str, amount: int) -> None:
        if amount > 0:
            token.transfer_from(self.address, owner, self.address, amount)

    def _send(self, token: Token, receiver: str, amount: int) -> None:
        if amount > 0:
            token.transfer(self.address, receiver, amount)

    def _allow(self, token: Token, spender: str, amount: int) -> None:
        if amount > 0:
            token.approve(self.address, spender, amount)
