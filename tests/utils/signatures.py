"""EIP-712 signatures as wallets make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_account import Account

if TYPE_CHECKING:
    from ape.api import AccountAPI
    from ape.contracts import ContractInstance

SET_OPERATOR = {
    "SetOperator": [
        {"name": "owner", "type": "address"},
        {"name": "operator", "type": "address"},
        {"name": "rights", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


def sign_set_operator(
    signer: AccountAPI, vault: ContractInstance, chain_id: int = 31_337, **message: object
) -> bytes:
    """What a wallet returns for `eth_signTypedData_v4` of a vault's `SetOperator`."""
    domain = {
        "name": "Plimsoll Vault",
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": vault.address,
    }
    return bytes(Account.sign_typed_data(signer.private_key, domain, SET_OPERATOR, message).signature)
