"""What a ChainlinkOracle refuses to be made of, and every path of its two prices, each beside its neighbour.

Every test takes an engine and nothing else, so that a judge of mutants can call it by itself. The random
shapes of tests/stateful/oracle_world.py meet the same paths with an exact model; here are their exact edges.
"""

from typing import Any

from plimsoll.chain.engine import CallReverted, Contract, Engine
from plimsoll.units import DAY, HOUR, NOBODY, WAD, YEAR
from tests.property.edges import accepted, make, refused
from tests.stateful.world import DEPLOYER
from tests.utils.oracles import SOURCE_GAS, rate_cap

ANSWER = 3_200 * 10**8
LOAN_ANSWER = 10**8
PRICE = 3_200 * 10**36
GROWTH_TOP = WAD // YEAR
RATE_TOP = 2**128
DEATH = 14 * DAY
NO_FEED = (NOBODY, 0, 0, 0)


class Yard:
    """A plain oracle's parts: two feeds of 8 decimals, tokens of 18; every part can be replaced."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.feed = make(engine, "MockFeed", 8, ANSWER)
        self.loan_feed = make(engine, "MockFeed", 8, LOAN_ANSWER)
        token = self.token(18)
        self.parts: dict[str, Any] = {
            "collateral": token,
            "loan": token,
            "expected_price": PRICE,
            "collateral_feed": self.terms(self.feed),
            "loan_feed": self.terms(self.loan_feed),
            "collateral_rate": (NOBODY, 0, 0),
            "loan_rate": (NOBODY, 0, 0),
            "second": NOBODY,
            "fallback": NOBODY,
            "sequencer": NOBODY,
            "grace": 0,
        }

    def terms(self, feed: Contract, heartbeat: int = 7 * DAY, low: int = 1, high: int = 10**15) -> tuple:
        return (feed.address, heartbeat, low, high)

    def token(self, decimals: int) -> str:
        return make(self.engine, "MockRateVault", NOBODY, decimals, 1).address

    def rate(self, rate: int = 10**18, decimals: int = 18, asset_decimals: int = 18) -> Contract:
        """An ERC-4626 vault; asset base units per whole share."""
        return make(self.engine, "MockRateVault", self.token(asset_decimals), decimals, rate)

    def oracle(self, **changes: Any) -> Contract:
        assert changes.keys() <= self.parts.keys()
        return make(self.engine, "ChainlinkOracle", tuple((self.parts | changes).values()))

    def refuses(self, reason: str, **changes: Any) -> None:
        refused(reason, self.oracle, **changes)

    def accepts(self, **changes: Any) -> None:
        accepted(self.engine, self.oracle, **changes)

    def set(self, contract: Contract, function: str, *arguments: Any) -> None:
        contract.send(function, *arguments, sender=DEPLOYER)

    def refresh(self) -> None:
        """New rounds of both feeds."""
        self.set(self.feed, "set_answer", ANSWER)
        self.set(self.loan_feed, "set_answer", LOAN_ANSWER)


def says(oracle: Contract, price: int | str, safe_price: int | str | None = None) -> None:
    """Both prices; a string is the reason of a revert."""
    for name, expected in (("price", price), ("safe_price", price if safe_price is None else safe_price)):
        try:
            found: int | str = oracle.call(name)
        except CallReverted as revert:
            found = revert.reason
        assert found == expected, f"{name}: {found!r} instead of {expected!r}"


# ----------------------------------------------------------------------------------------- constructor


def test_an_oracle_refuses_feeds(engine: Engine) -> None:
    yard = Yard(engine)
    feed, loan_feed = yard.parts["collateral_feed"], yard.parts["loan_feed"]
    yard.accepts()
    yard.refuses("oracle: no collateral feed", collateral_feed=NO_FEED)
    yard.refuses("oracle: no expected price", expected_price=0)
    for which, (address, *_) in (("collateral_feed", feed), ("loan_feed", loan_feed)):
        for heartbeat in (0, 7 * DAY + 1):
            yard.refuses("oracle: heartbeat out of range", **{which: (address, heartbeat, 1, 10**15)})
        yard.accepts(**{which: (address, 1, 1, 10**15)})
        for bounds in ((0, 10**15), (-1, 10**15), (10**15, 10**15), (10**15 + 1, 10**15)):
            yard.refuses("oracle: wrong bounds", **{which: (address, DAY, *bounds)})
        answer = ANSWER if which == "collateral_feed" else LOAN_ANSWER
        for bounds in ((answer, answer + 1), (answer - 1, answer)):
            yard.refuses("oracle: out of bounds", **{which: (address, DAY, *bounds)})
        yard.accepts(**{which: (address, DAY, answer - 1, answer + 1)})
        wide = make(engine, "MockFeed", 19, answer * 10**11)
        yard.refuses("oracle: feed decimals", **{which: yard.terms(wide, high=10**40)})
        fine = make(engine, "MockFeed", 18, answer * 10**10)
        yard.accepts(**{which: yard.terms(fine, high=10**40)})
    for part in ((NOBODY, 1, 0, 0), (NOBODY, 0, 1, 0), (NOBODY, 0, 0, 1)):
        yard.refuses("oracle: no loan feed", loan_feed=part)
    yard.accepts(loan_feed=NO_FEED)


def test_an_oracle_refuses_decimals(engine: Engine) -> None:
    yard = Yard(engine)
    for decimals in (0, 27):
        yard.accepts(collateral=yard.token(decimals), expected_price=PRICE * 10**18 // 10**decimals)
    yard.refuses("oracle: collateral decimals", collateral=yard.token(28))
    for decimals in (6, 18):
        yard.accepts(loan=yard.token(decimals), expected_price=PRICE * 10**decimals // 10**18)
    for decimals in (5, 19):
        yard.refuses("oracle: loan decimals", loan=yard.token(decimals))
    yard.refuses("", collateral=NOBODY)


def test_an_oracle_refuses_a_sequencer(engine: Engine) -> None:
    yard = Yard(engine)
    sequencer = make(engine, "MockFeed", 0, 0)
    yard.refuses("oracle: no sequencer", grace=1)
    engine.advance(DAY + 1)
    for grace in (0, DAY + 1):
        yard.refuses("oracle: grace out of range", sequencer=sequencer.address, grace=grace)
    for grace in (1, DAY):
        yard.accepts(sequencer=sequencer.address, grace=grace)
    yard.set(sequencer, "set_answer", 1)
    yard.refuses("oracle: sequencer down", sequencer=sequencer.address, grace=DAY)


def test_an_oracle_refuses_rates(engine: Engine) -> None:
    yard = Yard(engine)
    address = yard.rate().address
    source = make(engine, "LyingOracle", PRICE).address
    for which in ("collateral_rate", "loan_rate"):
        for part in ((NOBODY, 1, 0), (NOBODY, 0, 1)):
            yard.refuses("oracle: no rate vault", **{which: part})
        for growth in (0, GROWTH_TOP + 1):
            yard.refuses("oracle: growth out of range", **{which: (address, growth, WAD)})
        for growth in (1, GROWTH_TOP):
            yard.accepts(**{which: (address, growth, WAD)})
        for fall in (0, WAD + 1):
            yard.refuses("oracle: fall out of range", **{which: (address, 1, fall)}, second=source)
        for fall in (1, WAD - 1):
            yard.refuses("oracle: fall needs a fallback", **{which: (address, 1, fall)})
            yard.accepts(**{which: (address, 1, fall)}, second=source)
            yard.accepts(**{which: (address, 1, fall)}, fallback=source)
        yard.accepts(**{which: (yard.rate(decimals=27).address, 1, WAD)})
        yard.refuses("oracle: rate decimals", **{which: (yard.rate(decimals=28).address, 1, WAD)})
        yard.accepts(**{which: (yard.rate(rate=10**27, asset_decimals=27).address, 1, WAD)})
        yard.refuses("oracle: rate decimals", **{which: (yard.rate(10**28, 18, 28).address, 1, WAD)})
        for rate in (0, RATE_TOP):
            terms = (yard.rate(rate=rate).address, 1, WAD)
            yard.refuses("oracle: first rate out of range", **{which: terms})
    high = (yard.rate(rate=RATE_TOP - 1).address, 1, WAD)
    yard.accepts(collateral_rate=high, expected_price=PRICE * (RATE_TOP - 1) // 10**18)


def test_an_oracle_refuses_products_that_do_not_fit(engine: Engine) -> None:
    yard = Yard(engine)
    reason, top = "oracle: scale overflow", 2**256 - 1
    # above the line: the highest answer times the scale, 10**(36 + 18 + 8 - 18 - 8)
    for high, fits in ((top // 10**36, True), (top // 10**36 + 1, False)):
        feed = yard.terms(yard.feed, high=high)
        yard.accepts(collateral_feed=feed) if fits else yard.refuses(reason, collateral_feed=feed)
    # with a rate: the highest answer times the bound of rates
    for which, part in (("collateral_rate", "collateral_feed"), ("loan_rate", "loan_feed")):
        rate = (yard.rate().address, GROWTH_TOP, WAD)
        feed = yard.feed if part == "collateral_feed" else yard.loan_feed
        # the loan's side is multiplied once more when decimals go below the line, by 1 here
        for high, fits in ((top // RATE_TOP, True), (top // RATE_TOP + 1, False)):
            changes = {which: rate, part: yard.terms(feed, high=high)}
            yard.accepts(**changes) if fits else yard.refuses(reason, **changes)


def test_an_oracle_refuses_a_scale_that_does_not_fit(engine: Engine) -> None:
    """10**77 is the largest power of ten: 36 + 18 + 18 + 18 - 13 - 0 decimals are too many by none or one."""
    yard = Yard(engine)
    loan_feed = make(engine, "MockFeed", 18, 10**18)
    loan_rate = (yard.rate(rate=10**5, decimals=18, asset_decimals=5).address, 1, WAD)
    feed = make(engine, "MockFeed", 0, 2)
    changes = {
        "loan_feed": yard.terms(loan_feed, high=10**19),
        "loan_rate": loan_rate,
        "collateral": yard.token(0),
        "collateral_feed": yard.terms(feed, high=3),
        "expected_price": 2 * 10**54,
    }
    yard.accepts(**changes)
    changes["loan_rate"] = (yard.rate(rate=10**6, decimals=18, asset_decimals=6).address, 1, WAD)
    yard.refuses("oracle: scale overflow", **changes)


def test_an_oracle_below_the_line(engine: Engine) -> None:
    """More decimals below than above: 27 + 18 + 27 against 36 + 6 + 8."""
    yard = Yard(engine)
    feed = make(engine, "MockFeed", 18, 10**18)
    oracle = yard.oracle(
        collateral=yard.token(27),
        loan=yard.token(6),
        collateral_feed=yard.terms(feed, high=10**30),
        collateral_rate=(yard.rate(rate=10**27, asset_decimals=27).address, 1, WAD),
        expected_price=10**15,
    )
    assert oracle.call("scale") == (1, 10 ** (27 + 18 + 27 - 36 - 6 - 8))
    says(oracle, 10**15)


def test_an_oracle_refuses_what_its_sources_say(engine: Engine) -> None:
    """Five percent either way of the expected price, for the own feeds and for the other oracles."""
    yard = Yard(engine)
    for answer, near in ((3_040 * 10**8, True), (3_040 * 10**8 - 1, False), (3_360 * 10**8, True),
                         (3_360 * 10**8 + 1, False)):  # fmt: skip
        yard.set(yard.feed, "set_answer", answer)
        yard.accepts() if near else yard.refuses("oracle: unexpected price")
    yard.set(yard.feed, "set_answer", ANSWER)
    lows, highs = PRICE - PRICE // 20, PRICE + PRICE // 20
    for which in ("second", "fallback"):
        other = make(engine, "LyingOracle", PRICE)
        for price, safe_price in ((PRICE, PRICE), (highs, lows), (lows, lows), (highs, highs)):
            yard.set(other, "set_prices", price, safe_price)
            yard.accepts(**{which: other.address})
        for price, safe_price in ((highs + 1, PRICE), (PRICE, lows - 1), (lows - 1, lows - 1)):
            yard.set(other, "set_prices", price, safe_price)
            yard.refuses("oracle: source disagrees", **{which: other.address})
        for price, safe_price in ((PRICE, PRICE + 1), (PRICE, 0), (0, 0)):
            yard.set(other, "set_prices", price, safe_price)
            yard.refuses("oracle: source not live", **{which: other.address})
        yard.set(other, "set_price", PRICE)
        yard.set(other, "set_appetite", SOURCE_GAS - 10_000)
        yard.accepts(**{which: other.address})
        for spoil, value in (("set_appetite", SOURCE_GAS), ("set_silent", True)):
            yard.set(other, spoil, value)
            yard.refuses("oracle: source not live", **{which: other.address})


def test_an_oracle_keeps_what_it_was_made_of(engine: Engine) -> None:
    yard = Yard(engine)
    oracle = yard.oracle()
    assert oracle.call("config") == tuple(yard.parts.values())
    assert oracle.call("scale") == (10**36, 1)
    assert (oracle.call("collateral_rate_cap"), oracle.call("loan_rate_cap")) == (0, 0)


# ---------------------------------------------------------------------------------------------- prices


def test_a_round_is_believed_while_it_is_young(engine: Engine) -> None:
    yard = Yard(engine)
    oracle = yard.oracle(
        collateral_feed=yard.terms(yard.feed, HOUR), loan_feed=yard.terms(yard.loan_feed, HOUR + 1)
    )
    assert oracle.call("own_price") == PRICE
    engine.advance(HOUR)
    says(oracle, PRICE)
    engine.advance(1)
    says(oracle, "oracle: stale")
    yard.set(yard.feed, "set_answer", ANSWER)
    says(oracle, PRICE)
    engine.advance(1)
    says(oracle, "oracle: stale")  # the loan's
    yard.refresh()
    yard.set(yard.feed, "set_round", ANSWER, engine.now + 1)
    says(oracle, "oracle: stale")
    yard.set(yard.feed, "set_round", ANSWER, 0)
    says(oracle, "oracle: stale")


def test_an_answer_is_believed_between_its_bounds(engine: Engine) -> None:
    yard = Yard(engine)
    oracle = yard.oracle(collateral_feed=yard.terms(yard.feed, DAY, ANSWER - 2, ANSWER + 2))
    for answer, fits in ((-2, False), (-1, True), (1, True), (2, False)):
        yard.set(yard.feed, "set_answer", ANSWER + answer)
        says(oracle, (ANSWER + answer) * 10**28 if fits else "oracle: out of bounds")
    yard.set(yard.feed, "set_answer", -1)
    says(oracle, "oracle: out of bounds")


def test_a_price_of_zero_is_refused(engine: Engine) -> None:
    yard = Yard(engine)
    feed = make(engine, "MockFeed", 18, 10**16)
    oracle = yard.oracle(
        collateral=yard.token(27),
        loan=yard.token(6),
        collateral_feed=yard.terms(feed, high=10**20),
        loan_feed=yard.terms(make(engine, "MockFeed", 0, 10**13), high=10**14),
        expected_price=1,
    )
    says(oracle, 1)
    yard.set(feed, "set_answer", 10**16 - 1)
    says(oracle, "oracle: zero price")


def test_the_sequencer_is_asked_first(engine: Engine) -> None:
    yard = Yard(engine)
    sequencer = make(engine, "MockFeed", 0, 0)
    engine.advance(HOUR + 1)
    yard.refresh()
    terms: dict[str, Any] = {"sequencer": sequencer.address, "grace": HOUR}
    alone = yard.oracle(**terms)
    pair = yard.oracle(
        **terms,
        second=make(engine, "LyingOracle", PRICE).address,
        fallback=make(engine, "LyingOracle", PRICE).address,
    )
    for oracle in (alone, pair):
        for answer, started, expected in (
            (0, engine.now - HOUR - 1, PRICE),
            (0, engine.now - HOUR, "oracle: sequencer grace"),
            (0, engine.now + 1, "oracle: sequencer grace"),
            (0, 0, "oracle: sequencer grace"),
            (1, engine.now - HOUR - 1, "oracle: sequencer down"),
        ):
            yard.set(sequencer, "set_round", answer, started)
            says(oracle, expected)
            if oracle is pair and expected != PRICE:
                refused(str(expected), pair.send, "mark", sender=DEPLOYER)
        yard.set(sequencer, "set_round", 0, 1)
        pair.send("mark", sender=DEPLOYER)


def test_rates_and_their_caps(engine: Engine) -> None:
    """A cap restricts lending alone: live above the line and at most the cap below it liquidate."""
    yard = Yard(engine)
    growth, first, loan_first = GROWTH_TOP, 11 * 10**17, 10**18
    above, below = yard.rate(rate=first), yard.rate(rate=loan_first)
    oracle = yard.oracle(
        collateral_rate=(above.address, growth, WAD),
        loan_rate=(below.address, growth, WAD),
        expected_price=PRICE * 11 // 10,
    )
    says(oracle, PRICE * 11 // 10)
    for elapsed in (0, YEAR, 100 * YEAR, 100 * YEAR + 1):
        before = engine.snapshot()
        engine.advance(elapsed)
        yard.refresh()
        cap, loan_cap = (rate_cap(rate, growth, elapsed) for rate in (first, loan_first))
        assert (oracle.call("collateral_rate_cap"), oracle.call("loan_rate_cap")) == (cap, loan_cap)
        rates = ((cap, loan_cap), (cap + 1, loan_cap + 1), (cap - 1, loan_cap - 1), (first, 7 * 10**17))
        for live, loan in (
            *rates,
            (RATE_TOP - 1, loan_first),
            (first, 1),
            (1, loan_first),
            (10**18, RATE_TOP - 1),
        ):
            yard.set(above, "set_rate", live)
            yard.set(below, "set_rate", loan)
            price = PRICE * live // min(loan, loan_cap)
            safe_price = PRICE * min(live, cap) // max(loan, loan_first)
            says(oracle, price, safe_price)
        engine.revert(before)
    for part in (above, below):
        before = engine.snapshot()
        for rate in (0, RATE_TOP):
            yard.set(part, "set_rate", rate)
            says(oracle, "oracle: rate out of range")
        yard.set(part, "set_silent", True)
        says(oracle, "rate vault: silent")
        engine.revert(before)


def test_a_safe_price_of_zero_is_refused(engine: Engine) -> None:
    """Nor is the other answered, so that both fail together."""
    yard = Yard(engine)
    feed, rate = make(engine, "MockFeed", 18, 10**16), yard.rate()
    oracle = yard.oracle(
        collateral=yard.token(27),
        loan=yard.token(6),
        collateral_feed=yard.terms(feed, high=10**20),
        loan_feed=yard.terms(make(engine, "MockFeed", 0, 10**13), high=10**14),
        collateral_rate=(rate.address, 1, WAD),
        expected_price=1,
    )
    yard.set(rate, "set_rate", 2 * 10**18)
    says(oracle, 2, 1)
    yard.set(feed, "set_answer", 10**16 - 1)
    says(oracle, "oracle: zero safe price")


def test_a_rate_that_fell_is_none(engine: Engine) -> None:
    yard = Yard(engine)
    second = make(engine, "LyingOracle", PRICE)
    for which in ("collateral_rate", "loan_rate"):
        rate = yard.rate(rate=10**18 + 1)
        oracle = yard.oracle(**{which: (rate.address, 1, WAD // 10)}, second=second.address)
        least = (10**18 + 1) * 9 // 10
        yard.set(second, "set_prices", 10**60, 1)
        yard.set(rate, "set_rate", least)
        own = PRICE * least // 10**18 if which == "collateral_rate" else PRICE * 10**18 // least
        assert oracle.call("own_price") == own
        says(oracle, 10**60, 1)
        yard.set(second, "set_silent", True)
        safe = own if which == "collateral_rate" else PRICE * 10**18 // (10**18 + 1)
        says(oracle, own, safe)
        yard.set(rate, "set_rate", least - 1)
        says(oracle, "oracle: rate fell")
        yard.set(second, "set_silent", False)
        says(oracle, 10**60, 1)
        yard.set(second, "set_prices", PRICE, PRICE)


def test_two_sources_are_both_asked(engine: Engine) -> None:
    """The higher liquidates, the lower lends; one alone answers when the other is out."""
    yard = Yard(engine)
    second = make(engine, "LyingOracle", PRICE)
    oracle = yard.oracle(second=second.address)
    for price, safe_price in ((PRICE + 2, PRICE + 1), (PRICE - 1, PRICE - 2), (PRICE + 1, PRICE - 1)):
        yard.set(second, "set_prices", price, safe_price)
        says(oracle, max(PRICE, price), min(PRICE, safe_price))
    for answers in ((0, 0), (PRICE + 1, 0), (PRICE + 1, PRICE + 2)):
        yard.set(second, "set_prices", *answers)
        says(oracle, PRICE)
    yard.set(second, "set_silent", True)
    says(oracle, PRICE)
    assert oracle.call("is_dead") is False
    yard.set(yard.feed, "set_silent", True)
    says(oracle, "feed: silent")
    assert oracle.call("is_dead") is False  # there is no fallback
    yard.set(second, "set_silent", False)
    yard.set(second, "set_prices", 7, 5)
    says(oracle, 7, 5)
    refused("oracle: no fallback", oracle.send, "mark", sender=DEPLOYER)


def test_less_than_a_word_is_no_answer(engine: Engine) -> None:
    yard = Yard(engine)
    second = make(engine, "StutteringOracle", PRICE + 1)
    oracle = yard.oracle(second=second.address)
    says(oracle, PRICE + 1, PRICE)
    for length, price in ((31, PRICE), (0, PRICE), (32, PRICE + 1)):
        yard.set(second, "set_length", length)
        says(oracle, price, PRICE)


def test_the_fallback_answers_for_a_dead_feed(engine: Engine) -> None:
    """Fourteen days after the last round of the older feed; not for one that reverts or is in the future."""
    yard = Yard(engine)
    fallback = make(engine, "LyingOracle", PRICE)
    oracle = yard.oracle(fallback=fallback.address, loan_feed=NO_FEED)
    both = yard.oracle(fallback=fallback.address)
    yard.set(fallback, "set_prices", PRICE + 1, PRICE - 1)
    says(oracle, PRICE)
    assert oracle.call("last_update") == engine.now
    engine.advance(DEATH)
    for place in (oracle, both):
        says(place, "oracle: stale")
        assert place.call("is_dead") is False
    engine.advance(1)
    for place in (oracle, both):
        says(place, PRICE + 1, PRICE - 1)
        assert place.call("is_dead") is True
    yard.set(yard.loan_feed, "set_answer", LOAN_ANSWER)  # the collateral's is still the older
    says(both, PRICE + 1, PRICE - 1)
    yard.set(yard.feed, "set_answer", ANSWER)
    for place in (oracle, both):
        says(place, PRICE)
        assert place.call("is_dead") is False
    engine.advance(DEATH + 1)
    yard.set(yard.feed, "set_answer", ANSWER)
    says(both, PRICE + 1, PRICE - 1)
    for time in (0, engine.now + 1):
        yard.set(yard.feed, "set_round", ANSWER, time)
        says(oracle, "oracle: stale")
    yard.set(yard.feed, "set_round", ANSWER, engine.now - DEATH - 1)
    yard.set(yard.feed, "set_silent", True)
    says(oracle, "feed: silent")
    yard.set(yard.feed, "set_silent", False)
    for price, safe_price in ((0, 0), (PRICE, 0), (PRICE, PRICE + 1)):
        yard.set(fallback, "set_prices", price, safe_price)
        says(oracle, "oracle: stale")
    yard.set(fallback, "set_silent", True)
    says(oracle, "oracle: stale")


def test_marks_of_fourteen_days_prove_a_failure(engine: Engine) -> None:
    """At most two days apart; a mark that finds the primary working forgets them."""
    yard = Yard(engine)
    fallback = make(engine, "LyingOracle", PRICE)
    oracle = yard.oracle(fallback=fallback.address, loan_feed=NO_FEED)
    yard.set(fallback, "set_price", PRICE - 1)

    def mark(events: int) -> None:
        oracle.send("mark", sender=DEPLOYER)
        assert len(engine.logs()) == events

    def marks() -> tuple[int, int]:
        return oracle.call("marked_at"), oracle.call("confirmed_at")

    mark(0)
    assert marks() == (0, 0)
    yard.set(yard.feed, "set_silent", True)
    since = engine.now
    mark(1)
    mark(0)  # in the same second
    assert marks() == (since, since)
    engine.advance(2 * DAY)
    mark(1)
    assert marks() == (since, engine.now)
    engine.advance(2 * DAY + 1)
    mark(1)
    since = engine.now
    assert marks() == (since, since)
    for _ in range(6):
        engine.advance(2 * DAY)
        mark(1)
    engine.advance(2 * DAY - 1)
    mark(1)
    says(oracle, "feed: silent")
    assert oracle.call("is_dead") is False
    engine.advance(1)
    mark(1)
    assert marks() == (since, since + DEATH)
    says(oracle, PRICE - 1)
    assert oracle.call("is_dead") is True
    engine.advance(DEATH)
    assert oracle.call("is_dead") is True
    mark(1)  # proven: 14 days are near enough
    assert marks() == (since, since + 2 * DEATH)
    engine.advance(DEATH)
    says(oracle, PRICE - 1)
    engine.advance(1)
    says(oracle, "feed: silent")
    assert oracle.call("is_dead") is False
    mark(1)
    assert marks() == (engine.now, engine.now)
    yard.set(yard.feed, "set_silent", False)
    yard.set(yard.feed, "set_answer", ANSWER)
    says(oracle, PRICE)
    mark(1)
    assert marks() == (0, 0)


def test_an_answer_between_two_marks_begins_anew(engine: Engine) -> None:
    """Feeds that are stale at both: an older round is none, and time that has not come is another failure."""
    yard = Yard(engine)
    fallback = make(engine, "LyingOracle", PRICE)
    hour = yard.terms(yard.feed, HOUR)
    oracle = yard.oracle(fallback=fallback.address, collateral_feed=hour, loan_feed=NO_FEED)
    first, since = engine.now, engine.now + DAY
    for update, known, anew in (
        (first, first, True),
        (first, first, False),
        (first - 1, first - 1, False),
        (first, first, False),
        (first + 1, first + 1, True),
        (first + 10 * DAY, 0, False),
        (first + 2, first + 2, False),
        (0, 0, False),
        (first + 3, first + 3, False),
        (first + 4, first + 4, True),
    ):
        engine.advance(DAY)
        yard.set(yard.feed, "set_round", ANSWER, update)
        assert oracle.call("stale_update") == known
        oracle.send("mark", sender=DEPLOYER)
        since = engine.now if anew else since
        assert (oracle.call("marked_at"), oracle.call("confirmed_at")) == (since, engine.now), update


def test_when_stale_feeds_were_updated(engine: Engine) -> None:
    yard = Yard(engine)
    terms = {"collateral_feed": yard.terms(yard.feed, HOUR), "loan_feed": yard.terms(yard.loan_feed, DAY)}
    oracle, single = yard.oracle(**terms), yard.oracle(**terms | {"loan_feed": NO_FEED})
    for age, loan_age, stale in (
        (HOUR, DAY, False),
        (HOUR + 1, DAY, True),
        (HOUR, DAY + 1, True),
        (HOUR + 1, 0, True),
        (-1, 0, False),
        (0, -1, False),
    ):
        yard.set(yard.feed, "set_round", ANSWER, engine.now - age)
        yard.set(yard.loan_feed, "set_round", LOAN_ANSWER, engine.now - loan_age)
        assert oracle.call("stale_update") == (engine.now - max(age, loan_age) if stale else 0)
        assert single.call("stale_update") == (engine.now - age if age > HOUR else 0)
        assert oracle.call("last_update") == engine.now - max(age, loan_age)


def test_a_mark_asks_both_sources(engine: Engine) -> None:
    yard = Yard(engine)
    second, fallback = make(engine, "LyingOracle", PRICE), make(engine, "LyingOracle", PRICE)
    oracle = yard.oracle(second=second.address, fallback=fallback.address)
    yard.set(yard.feed, "set_silent", True)
    oracle.send("mark", sender=DEPLOYER)
    assert oracle.call("marked_at") == 0
    yard.set(second, "set_silent", True)
    oracle.send("mark", sender=DEPLOYER)
    assert oracle.call("marked_at") == engine.now
    engine.advance(1)
    yard.set(second, "set_silent", False)
    oracle.send("mark", sender=DEPLOYER)
    assert oracle.call("marked_at") == 0


def test_too_little_gas_is_no_dead_source(engine: Engine) -> None:
    """A source that ran out of gas counts as dead only when it had all that it may need."""
    yard = Yard(engine)
    second, miser = make(engine, "LyingOracle", PRICE + 1), make(engine, "Miser")
    oracle = yard.oracle(second=second.address)
    most = SOURCE_GAS  # that it may burn and still answers
    yard.set(second, "set_appetite", most)
    while oracle.call("price") == PRICE:
        most -= 50
        yard.set(second, "set_appetite", most)
    for appetite, price in ((most, PRICE + 1), (0, PRICE + 1), (10**9, PRICE)):
        yard.set(second, "set_appetite", appetite)
        found = [
            miser.call("ask", oracle.address, oracle.encode("price"), gas)
            for gas in range(20_000, 500_000, 500)
        ]
        assert set(found) == {(False, 0), (True, price)}
        if not appetite:
            assert found.index((True, price)) < 320  # at 180,000


def test_all_sources_together_need_less_than_was_promised(engine: Engine) -> None:
    """Each burns nearly all it gets, and only the fallback counts in the end."""
    yard = Yard(engine)
    feed, miser = make(engine, "HungryFeed", 8, ANSWER), make(engine, "Miser")
    second, fallback = (make(engine, "LyingOracle", PRICE) for _ in range(2))
    oracle = yard.oracle(
        collateral_feed=yard.terms(feed, HOUR),
        loan_feed=NO_FEED,
        second=second.address,
        fallback=fallback.address,
    )
    yard.set(feed, "set_updated_at", engine.now - DEATH - 1)
    yard.set(second, "set_prices", PRICE, PRICE + 1)
    yard.set(fallback, "set_prices", PRICE + 2, PRICE - 2)
    for source in (second, fallback):
        yard.set(source, "set_appetite", SOURCE_GAS - 4_500)
    for name, answer in (("price", PRICE + 2), ("safe_price", PRICE - 2)):
        ask = ("ask", oracle.address, oracle.encode(name))
        assert miser.call(*ask, 7 * SOURCE_GAS - 20_000) == (False, 0)
        assert miser.call(*ask, 1_000_000) == (True, answer)
