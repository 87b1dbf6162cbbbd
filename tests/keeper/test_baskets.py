"""The keeper of a basket: its index, its choice, both ways, legs that are silent, stuck or not for sale."""

from random import Random

import pytest

from plimsoll.keeper.basket_choice import (
    BasketSituation,
    FixedPrices,
    Hop,
    Routes,
    Slice,
    decide_basket,
)
from plimsoll.keeper.choice import Gas
from plimsoll.keeper.decision import Terms
from plimsoll.keeper.execution import BasketFlash, BasketInventory
from plimsoll.keeper.index import Index, IndexFault
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import BasketNode, Node, Reverted, VaultNode, call_data
from plimsoll.testing.roles import LIQUIDATOR
from plimsoll.twin import slices
from plimsoll.twin.basket import packed_amounts
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.units import FRACTION, MAX, PRICE_SCALE, WAD
from tests.keeper.baskets import DEBT, POSITION, BasketDesk
from tests.keeper.chains import VAULT, MemoryChain, event, owner
from tests.keeper.node import COIN, PATIENCE, Signer
from tests.utils.keeper import HEALTHY
from tests.utils.periphery import DEPLOYER, STRANGER

TOKEN = 10**6


@pytest.mark.parametrize("is_flash", [False, True])
def test_a_crash_is_cleared(is_flash):
    """One batch of slices for all three; with funds it holds the legs, by flash what is left of the sale."""
    desk = BasketDesk(is_flash)
    assert desk.keeper.status.doing == HEALTHY
    before = desk.held()
    desk.fall(0.9)
    assert desk.healthy() == 0
    assert desk.look().startswith("sent a batch of 3")
    desk.node.mine()
    assert desk.look() == HEALTHY
    assert (desk.healthy(), desk.keeper.status.counts["mined"], desk.node.nonce) == (3, 1, 1)
    usd, *legs = (after - held for after, held in zip(desk.held(), before, strict=True))
    assert (usd > 0 and not any(legs)) if is_flash else (usd < 0 and all(legs))
    assert desk.venue.usd.call("balanceOf", desk.venue.liquidator.address) == 0
    assert desk.keeper.catch_up(Random(1)) == 3


@pytest.mark.parametrize("is_flash", [False, True])
def test_the_gas_that_is_chosen_with_is_about_what_is_used(is_flash):
    """Oracles with feeds, which take more than these, leave less of it unused."""
    desk = BasketDesk(is_flash)
    desk.fall(0.9)
    desk.look()
    (sent,) = desk.node.sent
    desk.node.mine()
    gas = desk.keeper._gas(1)
    used, forecast = desk.node.used[sent["hash"]], gas.batch + 3 * gas.order
    assert 0.6 * forecast < used < forecast


def test_the_index_follows_every_event_of_a_basket():
    """Deposits and withdrawals by leg, loans, repayments, closes of some legs and of all."""
    desk = BasketDesk()
    market, basket, owner = desk.market, desk.basket, desk.owners[0]
    desk.venue.give(desk.third, owner, WAD)
    basket.send("deposit", 2, WAD, sender=owner)
    basket.send("withdraw", 0, WAD // 2, sender=owner)
    desk.venue.give(desk.venue.usd, owner, DEBT)
    desk.venue.usd.send("approve", basket.address, MAX, sender=owner)
    basket.send("repay", 10**9, sender=owner)
    desk.node.mine()
    desk.look()
    assert desk.index.positions[owner][:3] == (POSITION[0] - WAD // 2, POSITION[1], POSITION[2] + WAD)
    desk.fall(0.8)
    for name, arguments in (
        ("liquidate", (desk.owners[1], MAX, [], 2, str(LIQUIDATOR), b"")),
        ("liquidate_batch", ([int(it, 16) | (10**9 << 160) for it in desk.owners], [], str(LIQUIDATOR), b"")),
    ):
        basket.send(name, *arguments, sender=LIQUIDATOR)
    basket.send("close", MAX, 0, desk.amounts(0)[0], owner, owner, b"", sender=owner)
    desk.node.mine()
    desk.keeper._index.sync(desk.place, desk.place)
    for each in desk.owners:
        assert desk.index.positions[each] == desk.place.position(each, desk.index.checkpoint.hash)
    assert desk.index.verify(desk.place, Random(1)) == 3
    assert market.basket.call("position_of", owner)[1] == 0


def random_events(random: Random, held: dict[str, tuple[int, ...]]) -> list:
    """Events of a basket of eight legs that could have happened; `held` follows."""
    found = []
    for _ in range(random.randrange(5)):
        who = owner(random.randrange(3))
        *amounts, shares = held.get(who, (0,) * 9)
        leg, amount, fewer = random.randrange(8), random.randrange(2**127), random.randint(0, shares)
        less = random.randint(0, amounts[leg])
        kind = random.randrange(5)
        if kind == 0:
            found.append(event("Deposit(address,uint256,uint256)", who, leg, amount))
            amounts[leg] += amount
        elif kind == 1:
            found.append(event("Withdraw(address,address,uint256,uint256)", who, 1, leg, less))
            amounts[leg] -= less
        elif kind == 2:
            found.append(event("Borrow(address,address,uint256,uint256)", who, 1, 7, 1_000))
            shares += 1_000
        elif kind == 3:
            found.append(event("Repay(address,uint256,uint256)", who, 7, fewer))
            shares -= fewer
        else:
            seized = [random.randint(0, part) for part in amounts]
            lanes = packed_amounts(seized)
            found.append(event("Liquidation(address,uint256,uint256,uint256[4])", who, fewer, 7, *lanes))
            amounts = [part - taken for part, taken in zip(amounts, seized, strict=True)]
            shares -= fewer
        if max(amounts) >= 2**128:
            return found[:-1]
        held[who] = (*amounts, shares)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_random_events_are_replayed_and_taken_back(seed, tmp_path):
    """Eight legs, opened again now and then, and the newest blocks replaced by others."""
    random = Random(seed)
    chain, states = MemoryChain(), [{}]
    path = tmp_path / "index.sqlite"
    index = Index(path, 1, VAULT, 0, 8)
    for step in range(40):
        held = dict(states[-1])
        chain.add(random_events(random, held), repr(step).encode())
        states.append(held)
        if random.random() < 0.2:
            index.close()
            index = Index(path, 1, VAULT, 0, 8)
        if random.random() < 0.5:
            index.sync(chain)
            assert index.positions == {who: it for who, it in held.items() if any(it)}
        if random.random() < 0.2 and chain.head() > 5:
            count = random.randint(1, 4)
            chain.drop(count)
            del states[-count:]
    index.close()


def test_the_file_keeps_amounts_by_leg(tmp_path):
    """Opened again it says the same, and a reorganisation takes amounts of every leg back."""
    desk = BasketDesk()
    kept = Index(tmp_path / "index.sqlite", 1, desk.basket.address, 0, 3)
    kept.sync(desk.place, desk.place)
    before, engine = dict(kept.positions), desk.node.engine.snapshot()
    desk.venue.give(desk.third, desk.owners[0], WAD)
    desk.basket.send("deposit", 2, WAD, sender=desk.owners[0])
    desk.market.borrow(STRANGER, [0, 0, 400 * WAD], 0)
    desk.node.mine()
    kept.sync(desk.place, desk.place)
    assert kept.positions[STRANGER] == (0, 0, 400 * WAD, 0)
    assert kept.positions[desk.owners[0]][2] == POSITION[2] + WAD
    kept.close()
    kept = Index(tmp_path / "index.sqlite", 1, desk.basket.address, 0, 3)
    assert kept.positions[desk.owners[0]][2] == POSITION[2] + WAD
    desk.node.drop(engine)
    desk.node.mine(salt=b"fork")
    kept.sync(desk.place, desk.place)
    assert kept.positions == before
    kept.close()


def test_a_leg_that_differs_from_the_chain_stops_the_keeper():
    """A single base unit of the last leg."""
    desk = BasketDesk()
    *amounts, last, shares = desk.index.positions[desk.owners[1]]
    desk.index.positions[desk.owners[1]] = (*amounts, last - 1, shares)
    with pytest.raises(IndexFault, match="on the chain"):
        desk.index.verify(desk.place, Random(1))
    desk.fall(0.5)
    desk.index.sync(desk.place)
    desk.index.positions[desk.owners[1]] = (*amounts, last - 10**12, shares)
    with pytest.raises(IndexFault, match="in the index"):
        desk.keeper.tick()
    assert desk.node.sent == []


def test_a_leg_without_a_pair_is_left_out():
    """Closed one by one without it; nothing of it moves."""
    desk = BasketDesk(is_flash=True, has_pair=False)
    desk.fall(0.9)
    for _ in range(3):
        assert desk.look().startswith("sent a batch of 1")
        desk.node.mine()
    assert desk.look() == HEALTHY
    assert desk.healthy() == 3
    assert [desk.amounts(number)[2] for number in range(3)] == [POSITION[2]] * 3
    assert all(desk.amounts(number)[0] < POSITION[0] for number in range(3))
    assert desk.held()[0] > 0 and not any(desk.held()[1:])


def test_without_any_pair_there_is_no_way():
    desk = BasketDesk(has_pair=False)
    other = desk.venue.make("Liquidator", desk.venue.factory, desk.venue.make("UniswapV2Factory", DEPLOYER))
    with pytest.raises(Reverted, match="no pairs from any leg"):
        BasketFlash(desk.place, other.address)
    with pytest.raises(Reverted):
        BasketFlash(desk.place, desk.venue.usd.address)


def test_of_three_legs_one_can_be_sold():
    """Both others are left out of every close."""
    desk = BasketDesk(has_pair=False, owners=2)
    venue = desk.venue
    uniswap = venue.make("UniswapV2Factory", DEPLOYER)
    pair = uniswap.send("createPair", venue.weth.address, venue.usd.address, sender=DEPLOYER)
    venue.give(venue.weth, pair, 5_000 * WAD)
    venue.give(venue.usd, pair, 10**13)
    venue.pair(pair).send("mint", DEPLOYER, sender=DEPLOYER)
    liquidator = venue.make("Liquidator", venue.factory, uniswap)
    way = BasketFlash(desk.place, liquidator.address)
    assert way.barred == 0b110
    terms = Policy(coin_price=COIN)
    keeper = Keeper(desk.place, desk.index, Signer(), way, terms, desk.clock)
    desk.fall(0.95, only=0)
    desk.fall(0.75, only=1)
    before = desk.held()[1:]
    for _ in range(2):
        keeper.tick_safely()
        assert keeper.status.doing.startswith("sent a batch of 1")
        desk.node.mine()
    keeper.tick_safely()
    assert keeper.status.doing == HEALTHY
    assert [desk.amounts(number)[1:] for number in range(2)] == [POSITION[1:]] * 2
    assert desk.held()[1:] == before


def test_a_leg_whose_pair_is_thin_is_left_out():
    """It exists, and would eat what the other legs bring."""

    def thin(desk: BasketDesk) -> None:
        desk.venue.provide(desk.third, 5 * WAD, desk.venue.usd, 100 * TOKEN)

    desk = BasketDesk(is_flash=True, has_pair=False, before=thin, owners=1)
    desk.fall(0.9)
    assert desk.look().startswith("sent a batch of 1")
    desk.node.mine()
    assert desk.amounts(0)[2] == POSITION[2]
    assert desk.look() == HEALTHY


def test_over_another_leg():
    """`--via` WETH and BTC: a leg among them begins at its place; one pair for three sales."""

    def pair(desk: BasketDesk) -> None:
        desk.venue.provide(desk.third, 500_000 * WAD, desk.venue.weth, 5_000 * WAD)

    probe = BasketDesk(has_pair=False, before=pair, owners=0)
    via = ["0x" + token.address[2:].upper() for token in probe.market.tokens[:2]]
    way = BasketFlash(probe.place, probe.venue.liquidator.address, via)
    assert [len(path) for path in way._paths] == [2, 1, 3]
    seized = [WAD, 10**7, 100 * WAD]
    said = way.venue().proceeds_by_leg(seized)
    venue, done = probe.venue, []
    for token, amount, path in zip(probe.market.tokens, seized, way._paths, strict=True):
        names = [path[0].token_in, *(hop.token_out for hop in path)]
        venue.give(token, STRANGER, amount)
        token.send("approve", venue.router.address, MAX, sender=STRANGER)
        call = ("swapExactTokensForTokens", amount, 0, names, STRANGER, venue.engine.now)
        done.append(venue.router.send(*call, sender=STRANGER)[-1])
    assert said == done


@pytest.mark.parametrize("is_flash", [False, True])
def test_a_leg_that_is_halted_is_found_and_left_out(is_flash):
    """The simulation of the batch fails; the leg is found, left out, and taken again when it moves."""
    desk = BasketDesk(is_flash, owners=2)
    desk.third.send("set_halted", True, sender=STRANGER)
    desk.fall(0.9)
    assert desk.look() == f"{desk.place.collaterals[2]} cannot be moved; left out for ten minutes"
    for _ in range(2):
        assert desk.look().startswith("sent a batch of 1")
        desk.node.mine()
    assert desk.look() == HEALTHY
    assert [desk.amounts(number)[2] for number in range(2)] == [POSITION[2]] * 2
    desk.third.send("set_halted", False, sender=STRANGER)
    desk.fall(0.6)
    desk.clock.now += 600
    assert desk.look().startswith("sent a batch of")
    desk.node.mine()
    desk.look()
    assert min(desk.amounts(number)[2] for number in range(2)) < POSITION[2]


def test_a_leg_that_answers_false_is_found_too():
    desk = BasketDesk(third="FalseReturnToken", owners=1)
    desk.third.send("fail", 1, sender=DEPLOYER)
    desk.fall(0.9)
    assert "cannot be moved" in desk.look()
    assert desk.look().startswith("sent a batch of 1")
    desk.node.mine()
    assert desk.look() == HEALTHY
    assert desk.amounts(0)[2] == POSITION[2]


def test_a_leg_that_its_pair_may_not_hold_is_found_too():
    """It reaches the Liquidator and is not sold."""
    desk = BasketDesk(is_flash=True, owners=1)
    pair = desk.venue.uniswap.call("getPair", desk.third.address, desk.venue.usd.address)
    desk.third.send("set_blocked", pair, True, sender=STRANGER)
    desk.fall(0.9)
    assert "cannot be moved" in desk.look()
    assert desk.look().startswith("sent a batch of 1")
    desk.node.mine()
    assert desk.look() == HEALTHY


@pytest.mark.parametrize("is_flash", [False, True])
def test_a_silent_leg_stays_and_live_legs_close(is_flash):
    """As long as they cover debt and bonus; what is silent counts at its ceiling."""
    desk = BasketDesk(is_flash, owners=0)
    desk.owners = ["0x" + "77" * 20]
    desk.market.borrow(desk.owners[0], [8 * WAD, 0, 10 * WAD], 12_700 * TOKEN)
    desk.node.mine()
    desk.look()
    desk.market.oracles[2].send("set_silent", True, sender=DEPLOYER)
    desk.fall(0.9, only=0)
    assert desk.look().startswith("sent a batch of 1")
    desk.node.mine()
    assert desk.look() == HEALTHY
    assert desk.amounts(0)[2] == 10 * WAD and desk.amounts(0)[0] < 8 * WAD


def test_silence_that_leaves_open_what_positions_are_worth_is_said():
    """The live legs do not cover the debt: nobody can close, and nobody is told healthy."""
    desk = BasketDesk(owners=2)
    desk.market.borrow(STRANGER, [8 * WAD, 0, 10 * WAD], 12_700 * TOKEN)
    desk.market.oracles[2].send("set_silent", True, sender=DEPLOYER)
    desk.fall(0.2, only=0)
    assert desk.healthy() == 2  # at four times its price the silent leg covers all of theirs
    assert desk.basket.call("preview_liquidate", STRANGER, MAX, 0)[:2] == (True, False)
    said = "silent oracles leave open what 1 positions are worth; nothing can be closed"
    assert desk.look() == said
    assert desk.node.sent == []


def test_all_oracles_are_silent():
    desk = BasketDesk(owners=1)
    for oracle in desk.market.oracles:
        oracle.send("set_silent", True, sender=DEPLOYER)
    desk.node.mine()
    assert desk.look() == HEALTHY  # a silence makes nobody liquidatable
    assert desk.node.sent == []


ODD = [
    (method, answer)
    for method in (
        "eth_blockNumber", "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_gasPrice",
        "eth_estimateGas", "eth_getTransactionCount", "eth_getBalance", "eth_sendRawTransaction",
    )
    for answer in (
        {"result": None}, {"result": "0x"}, {"result": {"hash": None}}, None, "busy",
        {"error": {"code": -32005, "message": None}}, {"error": {"code": 3, "message": "execution reverted"}},
    )
]  # fmt: skip


@pytest.mark.parametrize(("method", "answer"), ODD, ids=str)
def test_an_odd_answer_ends_nothing(method, answer):
    """Said at most; the next looks do what there is to do, once."""
    desk = BasketDesk()
    desk.fall(0.9)
    desk.node.instead[method] = lambda *_: answer
    for _ in range(3):
        desk.look()
    desk.node.instead.clear()
    desk.clock.now += 600  # whom it left alone, and what it took for stuck
    for _ in range(4):
        desk.look()
        desk.node.mine()
    assert desk.look() == HEALTHY
    assert (desk.healthy(), desk.node.nonce, desk.keeper.status.counts["mined"]) == (3, 1, 1)


def test_the_allowance_comes_first_and_is_judged():
    desk = BasketDesk(approved=0)
    desk.fall(0.9)
    assert desk.look().startswith("sent an allowance")
    desk.node.mine()
    assert desk.look().startswith("sent a batch of 3")
    desk.node.mine()
    assert desk.look() == HEALTHY


def test_a_rival_is_faster():
    """The batch reverts, its owners cool down."""
    desk = BasketDesk(cooldown=60)
    desk.fall(0.9)
    assert desk.look().startswith("sent a batch of 3")
    (waiting,) = desk.node.pool.values()
    del desk.node.pool[0]
    for each in desk.owners:
        desk.venue.give(desk.venue.usd, STRANGER, 10**11)
        desk.venue.usd.send("approve", desk.basket.address, MAX, sender=STRANGER)
        desk.basket.send("liquidate", each, MAX, [], 0, STRANGER, b"", sender=STRANGER)
    desk.node.pool[0] = waiting
    desk.node.mine()
    assert desk.look() == HEALTHY
    assert (desk.keeper.status.counts["reverted"], desk.keeper.status.counts["mined"]) == (1, 0)


def test_the_batch_does_not_lose_when_the_price_rises_meanwhile():
    """Own funds: less of any leg than pays for all is refused by the basket."""
    desk = BasketDesk(floor=TOKEN, owners=1)
    desk.fall(0.9)
    assert desk.look().startswith("sent a batch of 1")
    desk.fall(0.93)  # fewer base units of each leg for the same debt
    desk.look()
    assert desk.keeper.status.counts["reverted"] == 1


def test_a_stuck_batch_that_no_longer_pays_is_cancelled():
    desk = BasketDesk()
    desk.fall(0.9)
    desk.look()
    desk.node.pool, waiting = {}, desk.node.pool
    desk.fall(1)
    desk.node.pool = waiting
    desk.clock.now += PATIENCE
    assert "no longer pays; sent a cancellation" in desk.look()


def test_what_lacks_is_poked():
    """Without funds it pokes, one transaction a look."""
    desk = BasketDesk(owners=2, upkeep=100 * TOKEN)
    desk.venue.usd.send("transfer", STRANGER, desk.held()[0], sender=LIQUIDATOR)
    desk.fall(0.6)
    for number in range(2):
        assert desk.look().startswith("sent a poke of 0x")
        desk.node.mine()
        assert sum(desk.basket.call("provision_of", owner) > 0 for owner in desk.owners) == number + 1
    assert "pay for no close" in desk.look()
    assert len(desk.node.sent) == 2


def test_what_a_silent_leg_may_cover_is_not_poked():
    """At its ceiling, four times its price, the third leg covers what the others lack."""
    desk = BasketDesk(upkeep=100 * TOKEN)
    desk.market.oracles[2].send("set_silent", True, sender=DEPLOYER)
    desk.fall(0.3, only=0)
    desk.fall(0.3, only=1)
    desk.look()
    assert desk.node.sent == []


def test_what_does_not_pay_is_closed_within_a_budget():
    """Gas costs more than the bonus: closes that together lose no more than the day's budget."""
    for budget, healthy in ((0, 0), (2_000, 3)):
        desk = BasketDesk(clean_up=budget * TOKEN)
        desk.node.gas_price = 2_000 * 10**9
        desk.fall(0.9)
        for _ in range(6):
            desk.look()
            desk.node.mine()
        assert desk.healthy() == healthy
        assert desk.keeper.status.spent <= budget * TOKEN
        assert (desk.keeper.status.spent > 0) == (budget > 0)


def test_a_dry_run_and_a_floor_send_nothing():
    desk = BasketDesk(is_dry=True)
    desk.fall(0.9)
    assert desk.look().startswith("dry run: 3 closes bring ")
    desk = BasketDesk(floor=10_000 * TOKEN)
    desk.fall(0.9)
    assert "below the floor" in desk.look()
    assert desk.node.sent == []


def test_funds_that_are_short_pay_for_some():
    desk = BasketDesk()
    due = desk.market
    desk.fall(0.9)
    owed, _ = due.preview(desk.owners[0])
    desk.venue.usd.send("transfer", STRANGER, desk.held()[0] - owed - 10**6, sender=LIQUIDATOR)
    assert desk.look().startswith("sent a batch of 1")


def test_a_preview_that_differs_is_not_acted_upon():
    desk = BasketDesk()
    desk.fall(0.9)
    name = "eth_call 0x" + call_data("preview_liquidate(address,uint256,uint256)", (STRANGER, 0, 0))[:4].hex()
    desk.node.instead[name] = {"result": "0x" + "01".rjust(64, "0") * 12}
    assert desk.look() == "the vault's preview is not the forecast; nothing was sent"
    assert desk.node.sent == []
    desk.node.instead.clear()
    assert desk.look().startswith("sent a batch of 3")


def test_a_vault_is_no_basket_and_a_basket_no_vault():
    desk = BasketDesk(owners=0)
    node = Node(desk.node)
    with pytest.raises(Reverted):
        VaultNode(node, desk.basket.address)
    for address in (desk.venue.long.vault.address, desk.venue.usd.address, STRANGER):
        with pytest.raises(Reverted):
            BasketNode(node, address)
    name = "eth_call 0x" + call_data("legs()", ())[:4].hex()
    for words in ("", "ff" * 64, "20".rjust(64, "0") + "05".rjust(64, "0"), "00" * 31):
        desk.node.instead[name] = {"result": "0x" + words}
        with pytest.raises(Reverted, match=r"does not know legs\(\)"):
            BasketNode(node, desk.basket.address)


# ---------------------------------------------------------------------------------- the choice alone

LEGS = (slices.Leg(80 * WAD // 100, 83 * WAD // 100, 8_000 * PRICE_SCALE // 10**12),
        slices.Leg(80 * WAD // 100, 83 * WAD // 100, 160_000 * PRICE_SCALE // 10**2))  # fmt: skip
RISK = Risk.from_struct((0, 0, 2 * 10**16, 10**17, 93 * 10**16, 105 * 10**16, 2_500 * TOKEN, 10**17, 10**17))
TOTALS = DebtTotals(10**13 * FRACTION, 10**13)


def situation(positions, venue, **changes) -> BasketSituation:
    """At 1,750 and 35,000 dollars."""
    prices = (1_750 * PRICE_SCALE // 10**12, 35_000 * PRICE_SCALE // 10**2)
    given = {
        "positions": positions, "prices": prices, "legs": LEGS, "totals": TOTALS, "risk": RISK,
        "venue": venue, "gas": Gas(), "funds": MAX, "cooling": (), "barred": 0,
    }  # fmt: skip
    return BasketSituation(**given | changes)


def book(random: Random, count: int) -> dict[str, tuple[int, ...]]:
    """Positions of one leg or both, around the edge of health."""
    found = {}
    for number in range(count):
        amounts = [
            random.choice((0, random.randint(1, 20))) * WAD,
            random.choice((0, random.randint(1, 100))) * 10**6,
        ]
        worth = amounts[0] * 1_750 // 10**12 + amounts[1] * 350
        found[f"0x{number:040x}"] = (*amounts, worth * random.randint(60, 105) // 100)
    return found


PRICES = FixedPrices((1_740 * PRICE_SCALE // 10**12, 34_800 * PRICE_SCALE // 10**2))


@pytest.mark.parametrize("seed", range(10))
def test_at_fixed_prices_all_that_pay_are_taken(seed):
    """No batch of slices brings more: each one is worth its own gain."""
    positions = book(Random(seed), 40)
    gas = Gas(price=2 * 10**40, batch=9_600)  # 192 dollars for an order
    now = situation(positions, PRICES, gas=gas)
    quotes = {
        owner: slices.quote(*split(position), now.prices, LEGS, TOTALS, MAX, RISK)
        for owner, position in positions.items()
        if position[-1]
    }
    gains = [
        sum(PRICES.proceeds_by_leg(quote.seized)) - quote.paid - quote.fee
        for quote in quotes.values()
        if quote.executable
    ]
    one = gas.cost(2) - gas.cost(1)
    most = sum(gain - one for gain in gains if gain > one) - gas.cost(1) + one
    decision = decide_basket(now, Terms())
    assert most - len(gains) * 3 <= decision.batch.profit
    assert decision.liquidatable == len(gains)


def split(position: tuple[int, ...]) -> tuple[list[int], int]:
    """Amounts, and debt shares."""
    return list(position[:-1]), position[-1]


@pytest.mark.parametrize("seed", range(10))
def test_in_thin_pairs_less_is_taken_and_nothing_at_a_loss(seed):
    """What is chosen brings what it says, pair by pair."""
    held = {
        ("a", "x"): 50 * WAD,
        ("a", "loan"): 87_500 * TOKEN,
        ("b", "y"): 10**8,
        ("b", "loan"): 35_000 * TOKEN,
    }
    routes = Routes(((Hop("a", "x", "loan"),), (Hop("b", "y", "loan"),)), held)
    positions = book(Random(seed), 40)
    deep = decide_basket(situation(positions, PRICES), Terms()).batch
    decision = decide_basket(situation(positions, routes), Terms())
    if decision.batch:
        assert len(decision.batch.candidates) < len(deep.candidates)
        assert (
            decision.batch.profit == sum(routes.proceeds_by_leg(decision.batch.seized)) - decision.batch.due
        )
        assert decision.batch.profit > 0


def test_a_barred_leg_is_in_no_batch():
    """Who holds it is closed alone without it; who does not is in the batch."""
    worth = 17_500 * TOKEN
    positions = {
        "0x" + "01" * 20: (10 * WAD, 0, worth * 85 // 100),
        "0x" + "02" * 20: (5 * WAD, 25 * 10**6, worth * 85 // 100),
        "0x" + "03" * 20: (0, 5 * 10**7, worth * 85 // 100),
    }
    decision = decide_basket(situation(positions, PRICES, barred=2), Terms())
    assert decision.liquidatable == 2
    assert [each.owner for each in decision.batch.candidates] == ["0x" + "01" * 20]
    now = situation(positions, PRICES, cooling=["0x" + "01" * 20])
    assert "0x" + "01" * 20 not in [each.owner for each in decide_basket(now, Terms()).batch.candidates]
    del positions["0x" + "01" * 20]
    decision = decide_basket(situation(positions, PRICES, barred=2), Terms())
    assert (decision.batch.without, decision.batch.seized[1]) == (2, 0)
    cooling = ["0x" + "02" * 20]
    decision = decide_basket(situation(positions, PRICES, barred=2, cooling=cooling), Terms())
    assert decision.reason == "all that could be closed cool down after a failure"


def test_amounts_that_are_wanted_pay_for_what_is_due():
    """What own funds demand of each leg is worth debt, fee and the least income; no more than is seized."""

    class Place:
        address, legs = "0x" + "aa" * 20, LEGS

    way = BasketInventory(Place(), "0x" + "bb" * 20)
    now = situation({"0x" + "01" * 20: (5 * WAD, 25 * 10**6, 17_500 * TOKEN * 85 // 100)}, PRICES)
    batch = decide_basket(now, Terms()).batch
    for least in (0, batch.profit // 2, batch.profit):
        _, data = way.transaction(batch, least)
        words = [int.from_bytes(data[4 + at : 36 + at], "big") for at in range(0, len(data) - 4, 32)]
        start = words[1] // 32
        wanted = words[start + 1 : start + 3]
        assert all(0 < least_amount <= amount for least_amount, amount in
                   zip(wanted, batch.seized, strict=True))  # fmt: skip
        assert sum(PRICES.proceeds_by_leg(wanted)) >= batch.due + least - len(LEGS)
    assert isinstance(batch.candidates[0], Slice)
