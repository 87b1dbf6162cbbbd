"""People: one account for a name, the same for a market to play with and in tests."""

from typing import Any

from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError


class Account(str):
    """An address in lower case, whose key is known.

    Attributes:
        private_key: hexadecimal.
    """

    private_key: str

    def __new__(cls, private_key: str) -> "Account":
        """The account of a key.

        Raises:
            ValueError: it is none.
        """
        try:
            address = PrivateKey(bytes.fromhex(private_key.removeprefix("0x"))).public_key.to_address()
        except (ValueError, ValidationError):
            raise ValueError(
                "A private key is 0x and 64 hexadecimal digits; Account.of('bob') makes an account by a name."
            ) from None
        account = super().__new__(cls, address)
        account.private_key = private_key
        return account

    def __getnewargs__(self) -> tuple[str]:
        """What copies are made of."""
        return (self.private_key,)

    @classmethod
    def of(cls, name: str) -> "Account":
        """An account that is the same in every run.

        Raises:
            TypeError: `name` is no text.
        """
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name; give a text such as 'bob'.")
        return cls("0x" + keccak(text=name).hex())

    @property
    def address(self) -> str:
        """Itself, as contracts have one."""
        return self

    def sign(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> bytes:
        """What a wallet returns for `eth_signTypedData_v4` (EIP-712): 65 bytes, r, s, v."""
        from eth_account import Account as Signer
        from eth_account.messages import encode_typed_data

        signable = encode_typed_data(domain, types, message)
        return bytes(Signer.sign_message(signable, self.private_key).signature)
