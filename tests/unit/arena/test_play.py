"""What does not depend on the rule: keepers, people, prices."""

from collections.abc import Sequence
from typing import Any, Self

import pytest

from plimsoll import lab
from plimsoll.arena.keepers import Keeper, keepers_of
from plimsoll.arena.play import play
from plimsoll.arena.rule import Account, Close, Field, Offer, Rule, Terms, wad
from plimsoll.arena.rules.morpho_blue import MorphoBlue
from plimsoll.arena.study import left_out, people
from plimsoll.scenario.reading import parse
from tests.utils.laboratory import TINY

UNIT = 10**6


class Shop(Rule):
    """Sells nothing real: a gain for each block, in whole tokens; 0: nothing is on offer."""

    name, source = "shop", "nowhere"

    def __init__(self, gains: Sequence[int]) -> None:
        super().__init__([Terms(0, 0)])
        self._gains = list(gains)
        self.sold: list[tuple[int, int]] = []  # block, gain
        self._block = 0

    @classmethod
    def alike(cls, terms: Sequence[Terms]) -> Self:
        raise NotImplementedError

    def block(self, field: Field) -> None:
        gain = self._gains[self._block] if self._block < len(self._gains) else 0

        def offers(_what: str) -> Sequence[Offer]:
            (price,) = field.prices
            seized = (1_000 * UNIT + gain * UNIT) * 10**36 // price
            whole = Offer(1_000 * UNIT, lambda most: Close(most, (seized * most // (1_000 * UNIT),), most))
            return [whole] if gain else []

        field.serve(["thing"], offers, lambda _what, _close: self.sold.append((self._block, gain)))
        self._block += 1

    def holdings(self, owner: str) -> Sequence[int]:
        return []


def sold(gains: Sequence[int], latency: int = 0, waits: bool = False) -> list[tuple[int, int]]:
    settings = ("vaults.0.price.points=[[0, 200], [3, 200]]", "vaults.0.dex=null")
    keeper = f"liquidators=[{{kind: capital, capital: 1_000_000, margin: 0.01, latency: {latency}}}]"
    scenario = parse(TINY, "tiny", (*settings, keeper))
    (one,) = keepers_of(scenario, 0)
    one.waits = waits
    rule = Shop(gains)
    play(scenario, 0, rule, [], keepers=[one])
    return rule.sold


def test_latency_counts_from_when_an_offer_came_back() -> None:
    """What is sent in block 1 lands in block 3, in which nothing is on offer; what in block 4, in 6."""
    assert sold([0, 50, 50, 0, 50, 50, 50, 50], latency=2) == [(6, 50)]


def test_who_waits_takes_what_no_longer_gets_better() -> None:
    assert sold([20, 30, 40, 50, 50, 0], waits=True) == [(4, 50)]
    assert sold([20, 30, 40, 50, 50, 0])[0] == (0, 20)
    assert sold([20, 0, 20, 0, 20], waits=True) == []  # each time as if for the first


class Greedy(MorphoBlue):
    """Its closes are changed by hand."""

    def __init__(self, lltv: int, **changes: Any) -> None:
        super().__init__(lltv)
        self._changes = changes

    def offers(self, account: Account, prices: tuple[int, ...]) -> Sequence[Offer]:
        (offer,) = super().offers(account, prices)
        return [Offer(offer.most, lambda most: offer.quote(most)._replace(**self._changes))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seized": (10**30,)}, r"seizes \(10{30},\) of \(\d+,\)"),
        ({"ended": 10**30}, r"ends 10{30} of \d+ that is owed"),
        ({"lost": -1}, "with -1 lost"),
        ({"passed": 10**30}, "passed on"),
        ({"passed": 1, "lost": 0}, r"passes 1 on; then the rule must say `hands_over = True`"),
    ],
)
def test_a_close_that_takes_more_than_there_is_ends_the_play(changes: dict[str, Any], said: str) -> None:
    scenario = parse(TINY, "tiny")
    rule = Greedy(wad(83), **changes)
    with pytest.raises(RuntimeError, match=rf"a close by morpho-blue of 0x\w+ .*{said}"):
        play(scenario, 0, rule, people(scenario, 0))


def test_keepers_are_asked_in_the_order_of_their_bids() -> None:
    scenario = parse(TINY, "tiny", ("liquidators.1.bid=99",))
    keepers: list[Keeper] = keepers_of(scenario, 0)
    assert [each.config.bid for each in keepers] == [99, 10]


def test_what_of_a_scenario_is_not_played_is_said() -> None:
    assert left_out(parse(TINY, "tiny")) == ["4 borrowers act"]
    settings = ("order=random", "liquidators.1.leaves_out=[WETH]")
    assert left_out(parse(TINY, "tiny", settings)) == [
        "4 borrowers act", "transactions come in a random order", "liquidators leave collaterals out"
    ]  # fmt: skip
    purse = "liquidators have one purse for several vaults"
    bleed = lab.load("slow-bleed")
    assert purse not in left_out(bleed.config)
    own = {"liquidators.0.kind": "capital", "liquidators.0.capital": 100_000}
    assert purse in left_out(bleed.with_(own).config)


def test_every_path_has_other_people_and_path_0_those_of_the_seed() -> None:
    scenario = parse(TINY, "tiny")
    assert people(scenario, 0) == people(scenario, 0)
    one, other = people(scenario, 0), people(scenario, 1)
    assert len(one) == len(other) == 16
    assert [each.debt for each in one] != [each.debt for each in other]
    assert abs(sum(each.debt for each in one) - sum(each.debt for each in other)) < 16 * UNIT
