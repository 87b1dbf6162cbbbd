"""What the texts of the standards fix word by word: functions, events and typed data. No ABI of ours."""

import re
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log
from plimsoll.chain.engine import CallReverted, Contract


def interface(*functions: str) -> list[dict[str, Any]]:
    """The ABI of functions written as `name(inputs)(outputs)`."""
    entries = []
    for text in functions:
        name, inputs, outputs = re.fullmatch(r"(\w+)\(([^)]*)\)\(([^)]*)\)", text).groups()
        parts = [[{"type": part} for part in side.split(",") if part] for side in (inputs, outputs)]
        entries.append({"type": "function", "name": name, "inputs": parts[0], "outputs": parts[1]})
    return entries


ERC20 = interface(
    "name()(string)",
    "symbol()(string)",
    "decimals()(uint8)",
    "totalSupply()(uint256)",
    "balanceOf(address)(uint256)",
    "transfer(address,uint256)(bool)",
    "transferFrom(address,address,uint256)(bool)",
    "approve(address,uint256)(bool)",
    "allowance(address,address)(uint256)",
)
ERC2612 = interface(
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)()",
    "nonces(address)(uint256)",
    "DOMAIN_SEPARATOR()(bytes32)",
)
ERC4626 = interface(
    "asset()(address)",
    "totalAssets()(uint256)",
    "convertToShares(uint256)(uint256)",
    "convertToAssets(uint256)(uint256)",
    "maxDeposit(address)(uint256)",
    "previewDeposit(uint256)(uint256)",
    "deposit(uint256,address)(uint256)",
    "maxMint(address)(uint256)",
    "previewMint(uint256)(uint256)",
    "mint(uint256,address)(uint256)",
    "maxWithdraw(address)(uint256)",
    "previewWithdraw(uint256)(uint256)",
    "withdraw(uint256,address,address)(uint256)",
    "maxRedeem(address)(uint256)",
    "previewRedeem(uint256)(uint256)",
    "redeem(uint256,address,address)(uint256)",
)
ERC3156 = interface(
    "maxFlashLoan(address)(uint256)",
    "flashFee(address,uint256)(uint256)",
    "flashLoan(address,address,uint256,bytes)(bool)",
)

TRANSFER = "Transfer(address indexed,address indexed,uint256)"
APPROVAL = "Approval(address indexed,address indexed,uint256)"
DEPOSIT = "Deposit(address indexed,address indexed,uint256,uint256)"
WITHDRAW = "Withdraw(address indexed,address indexed,address indexed,uint256,uint256)"

PERMIT = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}
SIGNATURE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1


def event(contract: Contract, text: str, *values: Any) -> Log:
    """The log of an event whose text is one of the above."""
    name, parameters = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    kinds = parameters.split(",")
    types = [kind.removesuffix(" indexed") for kind in kinds]
    topics = [keccak(text=f"{name}({','.join(types)})")]
    data = []
    for kind, value_type, value in zip(kinds, types, values, strict=True):
        if kind.endswith(" indexed"):
            topics.append(encode([value_type], [value]))
        else:
            data.append((value_type, value))
    return Log(contract.address, tuple(topics), encode([t for t, _ in data], [v for _, v in data]))


def refused(contract: Contract, function: str, *arguments: Any, sender: str) -> bool:
    """Whether a transaction would be reverted now."""
    try:
        contract.call(function, *arguments, sender=sender)
    except CallReverted:
        return True
    return False
