"""The keeper as a Silverback bot: one look at the chain for each block. See docs/keeper.md.

Settings come from the environment: `KEEPER_VAULT` (address); `KEEPER_FROM_BLOCK` (the vault's first, 0);
`KEEPER_COIN_PRICE` and `KEEPER_FLOOR` (whole loan tokens, as `ape run keeper` takes them);
`KEEPER_LIQUIDATOR` (address; without it, own funds); `KEEPER_DRY_RUN` (set: nothing is sent).
"""

import os
import random
import time
from decimal import Decimal
from pathlib import Path

from ape import chain
from silverback import SilverbackBot

from plimsoll.keeper.execution import FlashLiquidation, Inventory
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import Node, VaultNode
from plimsoll.keeper.signer import ApeSigner

bot = SilverbackBot(signer_required=True)
if hasattr(bot.signer, "set_autosign"):  # asks for the passphrase once
    bot.signer.set_autosign(True)


def hire() -> Keeper:
    """The keeper that the environment describes."""
    vault = VaultNode(Node(bot.provider.web3.provider.make_request), os.environ["KEEPER_VAULT"])
    loan = 10 ** vault.node.view(vault.loan, "decimals()", "uint8")[0]
    liquidator = os.environ.get("KEEPER_LIQUIDATOR")
    policy = Policy(
        floor=max(1, int(Decimal(os.environ.get("KEEPER_FLOOR", "0")) * loan)),
        coin_price=int(Decimal(os.environ["KEEPER_COIN_PRICE"]) * loan * 10**18),
        is_dry="KEEPER_DRY_RUN" in os.environ,
    )
    path = Path(".keeper") / f"{bot.provider.chain_id}-{vault.address}.sqlite"
    path.parent.mkdir(exist_ok=True)
    first_block = int(os.environ.get("KEEPER_FROM_BLOCK", "0"))
    index = Index(path, bot.provider.chain_id, vault.address, first_block)
    execution = FlashLiquidation(vault, liquidator) if liquidator else Inventory(vault)
    hired = Keeper(vault, index, ApeSigner(bot.signer), execution, policy, time.time)
    hired.catch_up(random.Random())
    return hired


keeper = hire()


@bot.on_(chain.blocks)
async def look(block):
    """On the loop's own thread, one look after the other: the index belongs to one thread."""
    keeper.tick_safely()
    counts = {name.replace(" ", "_"): count for name, count in keeper.status.counts.items()}
    return {"liquidatable": keeper.status.liquidatable, **counts}
