"""Storage and event words as bit vectors: what is written is what is read, and no lane touches another."""

from collections.abc import Callable

import z3

from proofs.lemma import PAIR, WORDS, Claim, Term, Terms, lemma


def below(word: Term, bits: int) -> Term:
    """`word < 2**bits`."""
    return z3.ULE(word, 2**bits - 1)


def lane(word: Term, low: int, bits: int) -> Term:
    """What the source reads: `(word >> low) & (2**bits - 1)`."""
    return z3.LShR(word, low) & (2**bits - 1)


def written(values: Terms, lows: list[int]) -> Term:
    """What the source writes: the `|` of shifted values."""
    word = values[0] << lows[0]
    for value, low in zip(values[1:], lows[1:], strict=True):
        word = word | (value << low)
    return word


def packs(values: Terms, lows: list[int], bits: list[int], wider: int) -> PAIR:
    """Every value is read back; wrong: also if value number `wider` has one bit more."""
    word = written(values, lows)
    then = z3.And(*(lane(word, low, width) == v for v, low, width in zip(values, lows, bits, strict=True)))
    given = [below(value, width) for value, width in zip(values, bits, strict=True)]
    loose = list(given)
    loose[wider] = below(values[wider], bits[wider] + 1)
    return Claim(given, then), Claim(loose, then)


@lemma(
    "2 Pool.books",
    WORDS,
    "Totals and time are read as they were written; the spare bits stay 0, so `books >> 220` is the time.",
    "Also with total assets of 111 bits.",
)
def books(total_assets: Term, total_debt: Term, time: Term) -> PAIR:
    right, wrong = packs([total_assets, total_debt, time], [0, 110, 220], [110, 110, 32], 0)
    exact = z3.LShR(written([total_assets, total_debt, time], [0, 110, 220]), 220) == time
    return Claim(right.given, z3.And(right.then, exact)), wrong


@lemma(
    "2 Pool.counts",
    WORDS,
    "Shares, rate and flags are read as they were written; the flags are all of `counts >> 240`.",
    "Also with debt shares of 105 bits.",
)
def counts(supply: Term, debt_shares: Term, log_rate: Term, flags: Term) -> PAIR:
    return packs([supply, debt_shares, log_rate, flags], [0, 104, 208, 240], [104, 104, 32, 16], 1)


@lemma(
    "2 Pool.lines",
    WORDS,
    "A line is read as it was written: drawn shares, limit, level, time, whether it is paced, and known.",
    "Also with a limit of 95 bits.",
)
def line(drawn: Term, limit: Term, level: Term, time: Term, paced: Term) -> PAIR:
    known = z3.BitVecVal(1, 256)
    values, lows = [drawn, limit, level, time, paced, known], [0, 104, 198, 222, 254, 255]
    return packs(values, lows, [104, 94, 24, 32, 1, 1], 1)


@lemma(
    "2 Pool.lines",
    WORDS,
    "A new level and time leave the other lanes of a line.",
    "Also with a level of 25 bits.",
)
def line_paces(word: Term, level: Term, time: Term) -> PAIR:
    lanes = (2**56 - 1) << 198
    new = (word & ~z3.BitVecVal(lanes, 256)) | (level << 198) | (time << 222)
    kept = [lane(new, low, bits) == lane(word, low, bits) for low, bits in ((0, 198), (254, 2))]
    then = z3.And(lane(new, 198, 24) == level, lane(new, 222, 32) == time, *kept)
    return (
        Claim([below(level, 24), below(time, 32)], then),
        Claim([below(level, 25), below(time, 32)], then),
    )


@lemma(
    "2 basket.amounts",
    WORDS,
    "Both amounts of a word of two legs are read as they were written.",
    "Also with an amount of 129 bits.",
)
def lanes(even: Term, odd: Term) -> PAIR:
    return packs([even, odd], [0, 128], [128, 128], 0)


@lemma(
    "2 basket.amounts",
    WORDS,
    "Adding to an amount of a word of two legs changes that leg and not the other, if the sum fits.",
    "If it has 129 bits.",
)
def lanes_grow(word: Term, leg: Term, amount: Term) -> PAIR:
    offset = (leg & 1) << 7
    grown = (z3.LShR(word, offset) & (2**128 - 1)) + amount
    then = lane_changed(word, word + (amount << offset), offset, grown, z3.UGE)
    given = [below(amount, 128)]
    return Claim([*given, below(grown, 128)], then), Claim([*given, below(grown, 129)], then)


@lemma(
    "2 basket.amounts",
    WORDS,
    "Taking from an amount of a word of two legs changes that leg and not the other, if it is there.",
    "If only the word is as large.",
)
def lanes_shrink(word: Term, leg: Term, amount: Term) -> PAIR:
    offset = (leg & 1) << 7
    held = z3.LShR(word, offset) & (2**128 - 1)
    then = lane_changed(word, word - (amount << offset), offset, held - amount, z3.ULE)
    given = [below(amount, 128)]
    return Claim([*given, z3.ULE(amount, held)], then), Claim([*given, z3.ULE(amount << offset, word)], then)


def lane_changed(word: Term, new: Term, offset: Term, amount: Term, order: Callable[..., Term]) -> Term:
    """One of two amounts is `amount`, the other as it was; nothing has wrapped."""
    top = 2**128 - 1
    return z3.And(
        z3.LShR(new, offset) & top == amount,
        z3.LShR(new, 128 - offset) & top == z3.LShR(word, 128 - offset) & top,
        order(new, word),
    )


@lemma(
    "2 Basket.positions",
    WORDS,
    "The mask of the legs held and the debt shares of a basket's position are read as they were written.",
    "Also with a mask of 129 bits.",
)
def basket_position(mask: Term, debt_shares: Term) -> PAIR:
    right = packs([mask, debt_shares], [0, 128], [8, 104], 0)[0]
    return right, packs([mask, debt_shares], [0, 128], [128, 104], 0)[1]


@lemma(
    "2 Vault.positions",
    WORDS,
    "A position is read as it was written.",
    "Also with collateral of 129 bits.",
)
def position(collateral: Term, debt_shares: Term) -> PAIR:
    return packs([collateral, debt_shares], [0, 128], [128, 104], 0)


@lemma(
    "2 position",
    WORDS,
    "Adding to a position changes the lane that is added to and no other, if the sums fit their lanes.",
    "If only the collateral's sum does.",
)
def position_grows(word: Term, collateral: Term, shares: Term) -> PAIR:
    added = word + collateral + (shares << 128)
    c, d = lane(word, 0, 128) + collateral, lane(word, 128, 104) + shares
    then = z3.And(
        lane(added, 0, 128) == c,
        lane(added, 128, 104) == d,
        z3.LShR(added, 232) == z3.LShR(word, 232),
        z3.UGE(added, word),  # nothing left the word
    )
    given = [below(collateral, 128), below(shares, 104), below(c, 128)]
    return Claim([*given, below(d, 104)], then), Claim(given, then)


@lemma(
    "2 position",
    WORDS,
    "Taking from a position changes the lanes that are taken from and no other, if they hold as much.",
    "If only the word as a whole does.",
)
def position_shrinks(word: Term, collateral: Term, shares: Term) -> PAIR:
    part = collateral | (shares << 128)
    left = word - part
    then = z3.And(
        z3.ULE(part, word),
        lane(left, 0, 128) == lane(word, 0, 128) - collateral,
        lane(left, 128, 104) == lane(word, 128, 104) - shares,
        z3.LShR(left, 232) == z3.LShR(word, 232),
    )
    held = [z3.ULE(collateral, lane(word, 0, 128)), z3.ULE(shares, lane(word, 128, 104))]
    fits = [below(collateral, 128), below(shares, 104)]
    return Claim(held, then), Claim([*fits, z3.ULE(part, word)], then)


@lemma(
    "2 Pool.lines",
    WORDS,
    "A draw adds to what is drawn and changes neither limit nor the known bit, if the sum is below 2**104.",
    "If the sum may have 105 bits.",
)
def line_draws(word: Term, shares: Term) -> PAIR:
    drawn = lane(word, 0, 104) + shares
    added = word + shares
    then = z3.And(
        lane(added, 0, 104) == drawn, z3.LShR(added, 104) == z3.LShR(word, 104), z3.UGE(added, word)
    )
    return (
        Claim([below(shares, 104), below(drawn, 104)], then),
        Claim([below(shares, 104), below(drawn, 105)], then),
    )


@lemma(
    "2 Pool.lines",
    WORDS,
    "A settlement and a loss take from their lanes of a line and change no other.",
    "If the loss may exceed the limit.",
)
def line_settles_and_loses(word: Term, shares: Term, lost: Term) -> PAIR:
    settled = word - shares
    left = settled - (lost << 104)
    then = z3.And(
        z3.ULE(shares, word),
        z3.ULE(lost << 104, settled),
        lane(left, 0, 104) == lane(word, 0, 104) - shares,
        lane(left, 104, 94) == lane(word, 104, 94) - lost,
        z3.LShR(left, 198) == z3.LShR(word, 198),
    )
    given = [z3.ULE(shares, lane(word, 0, 104))]
    return (
        Claim([*given, z3.ULE(lost, lane(word, 104, 94))], then),
        Claim([*given, below(lost, 94), z3.ULE(1 << 255, word)], then),
    )


@lemma(
    "2 last_accrual",
    WORDS,
    "Elapsed time modulo 2**32 is right across the clock's overflow, if less than 2**32 seconds have passed.",
    "If the difference were not reduced.",
)
def clock(then_: Term, now: Term, stamp: Term) -> PAIR:
    given = [stamp == then_ & (2**32 - 1), z3.UGE(now, then_), below(now - then_, 32), below(now, 64)]
    return Claim(given, (now - stamp) & (2**32 - 1) == now - then_), Claim(given, now - stamp == now - then_)


@lemma(
    "13 close",
    WORDS,
    "`seized | (shares << 128)` gives both back.",
    "Also with collateral of 129 bits.",
)
def event_close(seized: Term, shares: Term) -> PAIR:
    return packs([seized, shares], [0, 128], [128, 104], 0)


@lemma(
    "13 payment",
    WORDS,
    "What is repaid, the fee and both healths are read back from `payment`.",
    "Also with a fee of 97 bits.",
)
def event_payment(paid: Term, fee: Term, before: Term, after: Term) -> PAIR:
    return packs([paid, fee, before, after], [0, 96, 192, 224], [96, 96, 32, 32], 1)


@lemma(
    "13 debt_totals",
    WORDS,
    "Total debt and its shares are read back from `debt_totals`.",
    "Also with a total of 111 bits.",
)
def event_debt_totals(total_debt: Term, total_debt_shares: Term) -> PAIR:
    return packs([total_debt, total_debt_shares], [0, 110], [110, 104], 0)


@lemma(
    "2 order of a batch",
    WORDS,
    "Owner and limit are read back from an order.",
    "Also with an owner of 161 bits.",
)
def order_word(owner: Term, limit: Term) -> PAIR:
    return packs([owner, limit], [0, 160], [160, 96], 0)
