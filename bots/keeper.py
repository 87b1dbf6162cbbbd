"""The keeper as a Silverback bot: one look at the chain for each block. See docs/keeper.md.

It takes the settings of `ape run keeper` from the environment: `KEEPER_VAULT` for `--vault` and so on.
"""

import random

from ape import chain
from silverback import SilverbackBot

from plimsoll.keeper.assembly import assemble
from plimsoll.keeper.settings import Settings

bot = SilverbackBot(signer_required=True)
keeper = assemble(Settings(), bot.provider, bot.signer).keeper
keeper.catch_up(random.Random())


@bot.on_(chain.blocks)
async def look(block):
    """On the loop's own thread, one look after the other: the index belongs to one thread."""
    keeper.tick_safely()
    counts = {name.replace(" ", "_"): count for name, count in keeper.status.counts.items()}
    return {"liquidatable": keeper.status.liquidatable, **counts}
