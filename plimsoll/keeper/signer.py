"""Signs with an account of ape."""

from __future__ import annotations

from ape.api import AccountAPI


class ApeSigner:
    """See `plimsoll.keeper.loop.Signer`; legacy transactions, which every chain takes."""

    def __init__(self, account: AccountAPI) -> None:
        """Signs with `account`; ape asks for its passphrase when it must, see `ape accounts`."""
        self._account = account
        self.address = str(account.address)

    def sign(self, to: str, data: bytes, nonce: int, gas: int, gas_price: int) -> tuple[str, bytes]:
        """A transaction's hash and what to send of it."""
        provider = self._account.provider
        transaction = provider.network.ecosystem.create_transaction(
            type=0,
            chainId=provider.chain_id,
            receiver=to,
            data=data,
            nonce=nonce,
            gas_limit=gas,
            gas_price=gas_price,
        )
        signed = self._account.sign_transaction(transaction)
        if signed is None:
            raise OSError("The transaction was not signed.")
        return "0x" + bytes(signed.txn_hash).hex(), bytes(signed.serialize_transaction())
