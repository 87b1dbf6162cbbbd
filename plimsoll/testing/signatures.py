"""EIP-712 signatures of a vault's operators."""

from plimsoll.testing import Account, Contract

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
    signer: Account, vault: Contract, chain_id: int | None = None, **message: object
) -> bytes:
    """What a wallet returns for `eth_signTypedData_v4` of a vault's `SetOperator`."""
    domain = {
        "name": "Plimsoll Vault",
        "version": "1",
        "chainId": vault.engine.chain_id if chain_id is None else chain_id,
        "verifyingContract": vault.address,
    }
    return signer.sign(domain, SET_OPERATOR, message)
