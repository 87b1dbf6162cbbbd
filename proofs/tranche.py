"""The arithmetic of the Backstop and of provisions over the integers.

A part of the Backstop (stake or escrow) has `a` assets, which are pool shares, and `n` shares; `N` virtual
ones of each count along. In provisions `t` and `n` are total assets (fractions) and supply of the pool, as in
`proofs.integers`.
"""

import z3

from proofs.integers import price_kept
from proofs.lemma import (
    INTEGERS,
    PAIR,
    REALS,
    WAD,
    Claim,
    F,
    N,
    Term,
    ceil,
    exchanged,
    floor,
    least,
    lemma,
    most,
)

WIPED = 10**9
WORN = 10**6


def worth_kept(a: Term, n: Term, a2: Term, n2: Term) -> Term:
    """The worth of a share of a part has not fallen from `(a, n)` to `(a2, n2)`."""
    return (a2 + N) * (n + N) >= (a + N) * (n2 + N)


# ------------------------------------------------------------------------------------------ entering, leaving


@lemma(
    "7, the backstop",
    INTEGERS,
    "Who enters a part (deposit, request, cancel), shares rounded down, lowers nobody's share.",
    "Also with shares rounded up.",
)
def entering_keeps_worth(a: Term, n: Term, x: Term, k: Term) -> PAIR:
    then = worth_kept(a, n, a + x, n + k)
    return exchanged([], floor(k, x * (n + N), a + N), ceil(k, x * (n + N), a + N), then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "Who mints shares of the stake, assets rounded up, lowers nobody's share.",
    "Also with assets rounded down.",
)
def minting_keeps_worth(a: Term, n: Term, x: Term, k: Term) -> PAIR:
    then = worth_kept(a, n, a + x, n + k)
    return exchanged([], ceil(x, k * (a + N), n + N), floor(x, k * (a + N), n + N), then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "Who leaves a part with shares (request, cancel, redeem), assets rounded down and at most what there is, "
    "lowers nobody's share.",
    "Also with assets rounded up.",
)
def leaving_keeps_worth(a: Term, n: Term, x: Term, k: Term, fair: Term) -> PAIR:
    given, then = [k <= n, least(x, a, fair)], worth_kept(a, n, a - x, n - k)
    return exchanged(given, floor(fair, k * (a + N), n + N), ceil(fair, k * (a + N), n + N), then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "Who withdraws assets from the escrow, shares rounded up, lowers nobody's share.",
    "Also with shares rounded down.",
)
def withdrawing_keeps_worth(a: Term, n: Term, x: Term, k: Term) -> PAIR:
    given, then = [x <= a, k <= n], worth_kept(a, n, a - x, n - k)
    return exchanged(given, ceil(k, x * (n + N), a + N), floor(k, x * (n + N), a + N), then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "Deposit, ask to leave and leave, with nothing earned meanwhile: no more comes out than went in.",
    "When the deposit rounds up.",
    uses=[entering_keeps_worth, leaving_keeps_worth],
)
def staking_gains_nothing(
    a: Term, n: Term, x: Term, k: Term, moved: Term, e: Term, m: Term, made: Term, out: Term
) -> PAIR:
    # out of the stake what k shares are worth, into the escrow (e assets, m shares), out of the escrow
    asked = [floor(moved, k * (a + x + N), n + k + N), floor(made, moved * (m + N), e + N)]
    given = [*asked, floor(out, made * (e + moved + N), m + made + N)]
    # integers: out < x + 1, hence out <= x
    return exchanged(given, floor(k, x * (n + N), a + N), ceil(k, x * (n + N), a + N), out < x + 1)


# ----------------------------------------------------------------------------------------------------- income


@lemma(
    "7, the backstop",
    INTEGERS,
    "What time releases of the income is at most the income: the stream never pays more than came in.",
    "Also when the time that is left is not counted as passed before.",
)
def stream_pays_what_came_in(income: Term, elapsed: Term, left: Term, released: Term) -> PAIR:
    given, then = [left > 0], released <= income
    return exchanged(
        given,
        floor(released, income * elapsed, left + elapsed),
        floor(released, income * elapsed, left),
        then,
    )


@lemma(
    "7, the backstop",
    INTEGERS,
    "Income that arrives moves the stream's end to between what was left and a cooldown from now, if no more "
    "was left than that.",
    "The end never moves.",
)
def arrival_moves_the_end(income: Term, left: Term, arrived: Term, cooldown: Term, end: Term) -> PAIR:
    given = [arrived > 0, left <= cooldown, ceil(end, income * left + arrived * cooldown, income + arrived)]
    # integers: end < cooldown + 1, hence end <= cooldown
    return Claim(given, z3.And(end >= left, end < cooldown + 1)), Claim(given, end <= left)


# ----------------------------------------------------------------------------------------------------- losses


@lemma(
    "7, the backstop",
    INTEGERS,
    "A loss takes no more of the escrow and of the stake than they have, and all of it: the books fit what "
    "is left.",
    "Also a loss of more than both.",
)
def loss_fits_the_parts(stake: Term, escrow: Term, loss: Term, of_escrow: Term) -> PAIR:
    given = [stake + escrow > 0, ceil(of_escrow, loss * escrow, stake + escrow)]
    # integers: of_escrow < escrow + 1
    then = z3.And(of_escrow < escrow + 1, of_escrow < loss + 1, loss - of_escrow <= stake)
    return Claim([*given, loss <= stake + escrow], then), Claim(given, then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "A loss is split in proportion to within one pool share, the escrow's part rounded up: nobody bears less "
    "by having asked to leave.",
    "When the escrow's part is rounded down.",
)
def loss_is_pro_rata(stake: Term, escrow: Term, loss: Term, of_escrow: Term) -> PAIR:
    total = stake + escrow
    given = [total > 0, loss <= total]
    then = z3.And(of_escrow * total >= loss * escrow, (of_escrow - 1) * total < loss * escrow)
    return exchanged(
        given, ceil(of_escrow, loss * escrow, total), floor(of_escrow, loss * escrow, total), then
    )


@lemma(
    "7, the backstop",
    INTEGERS,
    "What an entry ends is worth less than 10^-6 of par in all (what a loss ends, less than 10^-9).",
    "Also what is worth more.",
)
def ended_is_dust(a: Term, n: Term, k: Term, fair: Term, worth: Term) -> PAIR:
    given = [k <= n, floor(fair, k * (a + N), n + N), least(worth, a, fair)]
    then = worth * WORN < n
    return Claim([*given, a * WORN < n], then), Claim(given, then)


@lemma(
    "7, the backstop",
    INTEGERS,
    "After an entry into a part that may be entered only a loss of more than 99.8 % of it can end it.",
    "Also one of more.",
    uses=[entering_keeps_worth],
)
def entered_part_is_far_from_its_end(a: Term, n: Term, x: Term, k: Term, loss: Term) -> PAIR:
    given = [a * WORN >= n, floor(k, x * (n + N), a + N), loss <= a + x]
    then = (a + x - loss) * WIPED >= n + k
    return Claim([*given, 1_000 * loss <= 998 * (a + x)], then), Claim(given, then)


# ------------------------------------------------------------------------------------------------- provisions


def exit_terms(t: Term, n: Term, stake: Term, missing: Term, left: Term, others: Term) -> Term:
    """`(left, others)` is what exits are priced by, where `missing` is more than the stake is worth."""
    return z3.And(
        stake <= n, missing * (n + N) > stake * (t + F), most(left, 0, t - missing), others == n - stake
    )


@lemma(
    "5, provisions",
    INTEGERS,
    "The price of exits with provisions is never above the normal one.",
    "Also where the backstop would carry all.",
)
def exits_at_most_normal(t: Term, n: Term, stake: Term, missing: Term, left: Term, others: Term) -> PAIR:
    then = price_kept(left, others, t, n)
    free = [stake <= n, most(left, 0, t - missing), others == n - stake]
    return (
        Claim([exit_terms(t, n, stake, missing, left, others), missing <= t], then),
        Claim([*free, missing <= t], then),
    )


@lemma(
    "5, provisions",
    INTEGERS,
    "Another's exit at the price of exits does not lower that price.",
    "When he gets the normal price.",
)
def exit_keeps_exit_price(left: Term, others: Term, k: Term, out: Term, t: Term, n: Term) -> PAIR:
    # the missing and the stake stay, so both pairs lose what he takes
    given = [k <= others, out * F <= left, left <= t, price_kept(left, others, t, n)]
    then = price_kept(left, others, left - out * F, others - k)
    return exchanged(
        given, floor(out, k * (left + F), (others + N) * F), floor(out, k * (t + F), (n + N) * F), then
    )


@lemma(
    "5, provisions",
    INTEGERS,
    "Another's entry at the normal price does not lower the price of exits.",
    "Nor does one at the price of exits lower the normal one.",
    uses=[exits_at_most_normal],
)
def entry_keeps_exit_price(left: Term, others: Term, t: Term, n: Term, x: Term, k: Term) -> PAIR:
    given = [price_kept(left, others, t, n)]
    return (
        Claim([*given, floor(k, x * (n + N) * F, t + F)], price_kept(left, others, left + x * F, others + k)),
        Claim([*given, floor(k, x * (others + N) * F, left + F)], price_kept(t, n, t + x * F, n + k)),
    )


@lemma(
    "5, provisions; 7",
    INTEGERS,
    "Booking what was provided for does not lower the price of exits: the waterfall leaves just the pair by "
    "which they were priced, rounding for the lenders.",
    "Also when it books a base unit more.",
)
def booking_keeps_exit_price(
    t: Term, n: Term, stake: Term, missing: Term, left: Term, others: Term, shortfall: Term
) -> PAIR:
    given = [exit_terms(t, n, stake, missing, left, others), missing <= t, shortfall * F <= t]
    then = price_kept(left, others, t - shortfall * F, n - stake)
    return exchanged(given, floor(shortfall, missing, F), floor(shortfall - 1, missing, F), then)


@lemma(
    "7, the backstop",
    REALS,
    "While provisions stand, stakers who leave take the same part of what booking would leave, in any order: "
    "the haircut of who leaves first stays behind as income, which bears the loss first.",
    "Also when the haircut is taken along.",
)
def staker_exit_keeps_rate(
    income: Term, stake: Term, escrow: Term, loss: Term, gross: Term, rate: Term, after: Term, rest: Term
) -> PAIR:
    # a unit of stake and escrow is left with `rate` before somebody leaves with `gross`, with `after` then
    given = [gross < escrow, loss >= income, loss <= income + stake + escrow, after >= 0]
    given += [rate * (stake + escrow) == stake + escrow - (loss - income)]
    left = stake + escrow - gross
    kept = income + gross - rate * gross
    then = after >= rate
    return (
        Claim([*given, most(rest, 0, loss - kept), after * left == left - rest], then),
        Claim([*given, most(rest, 0, loss - income), after * left == left - rest], then),
    )


@lemma(
    "5, provisions; 11",
    INTEGERS,
    "A repayment lowers a shortfall by at least what the debt falls: with less debt the bonus of a shortfall "
    "close is at most what it was, so the price of the whole is at least what it was.",
    "With a larger bonus.",
)
def repayment_lowers_shortfall(
    V: Term, D: Term, D2: Term, b: Term, b2: Term, full: Term, full2: Term
) -> PAIR:
    given = [D2 <= D, ceil(full, V * WAD, WAD + b), ceil(full2, V * WAD, WAD + b2)]
    then = D2 - full2 < D - full - (D - D2) + 1  # integers: at most
    return exchanged(given, b2 <= b, b2 >= b, then)


@lemma(
    "5, provisions; 11",
    INTEGERS,
    "With less debt less equity is missing, so the bonus of a shortfall close is at most what it was.",
    "With more debt.",
)
def less_debt_smaller_bonus(
    V: Term, D: Term, D2: Term, low: Term, slope: Term, cover: Term, cover2: Term, rise: Term, rise2: Term
) -> PAIR:
    given = [D2 > 0, D > 0, ceil(cover, V * WAD, D), ceil(cover2, V * WAD, D2)]
    given += [cover <= WAD + low, cover2 <= WAD + low]
    given += [floor(rise, slope * (WAD + low - cover), WAD), floor(rise2, slope * (WAD + low - cover2), WAD)]
    then = rise2 < rise + 1  # integers: at most
    return Claim([*given, cover2 >= cover], then), Claim([*given, D2 >= D, cover2 <= cover], then)


@lemma(
    "5, provisions",
    INTEGERS,
    "What a repayment or a close releases is at most what was provided.",
    "It releases something whenever debt is repaid.",
)
def released_at_most_provided(old: Term, fall: Term, new: Term) -> PAIR:
    given = [most(new, 0, old - fall)]
    return Claim(given, z3.And(old - new >= 0, old - new <= old)), Claim([*given, fall > 0], new < old)


@lemma(
    "5, provisions",
    INTEGERS,
    "A close of k of n debt shares leaves at least that part of a provision, and of nothing nothing.",
    "When what is left is rounded down.",
)
def close_keeps_its_part(old: Term, n: Term, k: Term, kept: Term) -> PAIR:
    given, then = [n > 0, k <= n], z3.And(kept * n >= old * (n - k), kept < old + 1)
    return exchanged(given, ceil(kept, old * (n - k), n), floor(kept, old * (n - k), n), then)


@lemma(
    "5, provisions; 11",
    REALS,
    "A shortfall close of a share of a position releases that share of its provision: the loss booked.",
    "It releases all of it.",
)
def close_releases_its_share(D: Term, V: Term, s: Term, share: Term, old: Term, new: Term) -> PAIR:
    given = [s >= 1, V <= D * s, share <= 1, old == D - V / s, new == D * (1 - share) - V * (1 - share) / s]
    booked = D * share - V * share / s
    return Claim(given, old - new == booked), Claim(given, old - new == old)
