"""Baskets: slices, legs left out, silent legs.

`c` is an amount of a leg, `V` a value in base units of the loan asset, and `W` one weighted with thresholds,
times WAD; `S` in a name is of the legs taken. `ds` are a position's debt shares, `k` those that a close
extinguishes, `D` the debt, `g` the value handed over. Sums over legs are written for two, which may be
sums themselves.
"""

import z3

from proofs.bounds import DEBT_TOP, FIELDS
from proofs.integers import (
    shortfall_collateral_per_share_kept,
    taken_is_pro_rata,
    there_and_back,
)
from proofs.lemma import INTEGERS, PAIR, REALS, SCALE, WAD, Claim, Term, ceil, exchanged, floor, least, lemma
from proofs.source import MAX

LANE = 2**128 - 1
VALUE_TOP = MAX // SCALE  # where values saturate

# ------------------------------------------------------------------------------------------------ theorem 4


@lemma(
    "17, theorem 4",
    INTEGERS,
    "A slice takes of a leg at most what is there, and its part: no leg per debt share falls (L2b).",
    "When what is seized is rounded up.",
    uses=[taken_is_pro_rata],
)
def slice_keeps_every_leg(c: Term, V: Term, ds: Term, k: Term, g: Term, got: Term) -> PAIR:
    given = [V > 0, k < ds, g * ds <= k * V]
    then = z3.And(got <= c, (c - got) * ds >= c * (ds - k))
    return exchanged(given, floor(got, c * g, V), ceil(got, c * g, V), then)


@lemma(
    "17, theorem 4",
    INTEGERS,
    "Where no leg per debt share falls, value and health do not at any prices, true or false.",
    "Also where one leg may fall if the amounts together do not.",
    uses=[slice_keeps_every_leg, shortfall_collateral_per_share_kept],
)
def no_prices_lower_health(
    c: Term, other: Term, c2: Term, other2: Term, ds: Term, k: Term, p: Term, p_other: Term
) -> PAIR:
    given = [k < ds]
    then = (c2 * p + other2 * p_other) * ds >= (c * p + other * p_other) * (ds - k)
    legs = [c2 * ds >= c * (ds - k), other2 * ds >= other * (ds - k)]
    together = (c2 + other2) * ds >= (c + other) * (ds - k)
    return Claim([*given, *legs], then), Claim([*given, together], then)


# ------------------------------------------------------------------------------------------------ theorem 5


@lemma(
    "17, theorem 5",
    REALS,
    "Liquidatable, health and x* are those of one collateral of the value V with the threshold W/V.",
    "With the mean of the thresholds that does not weigh them by value.",
)
def theorem_5(
    V: Term, other: Term, w: Term, w_other: Term, mean: Term, D: Term, T: Term, s: Term, x: Term, h: Term
) -> PAIR:
    whole, weight = V + other, V * w + other * w_other
    given = [whole > 0, D > 0, h * D == whole * mean, x * (T - s * mean) == T * D - whole * mean]
    then = z3.And(
        (weight < D) == (whole * mean < D),
        h * D == weight,
        x * (T * whole - s * weight) == (T * D - weight) * whole,
    )
    return exchanged(given, mean * whole == weight, 2 * mean == w + w_other, then)


@lemma(
    "17, theorem 5",
    INTEGERS,
    "What every threshold satisfies, (1 + b)*w <= h, the effective one does: (1 + b)*W <= h*V.",
    "If one leg's satisfies it.",
)
def mean_threshold_fits(V: Term, other: Term, w: Term, w_other: Term, s: Term, h: Term) -> PAIR:
    then = (V * w + other * w_other) * s <= h * (V + other) * WAD
    one = w * s <= h * WAD
    return exchanged([one], w_other * s <= h * WAD, s == WAD, then)


@lemma(
    "17, theorem 5",
    REALS,
    "A slice leaves the effective threshold as it was.",
    "Also when it leaves a leg out.",
)
def slice_keeps_the_threshold(
    V: Term, other: Term, w: Term, w_other: Term, part: Term, V2: Term, other2: Term
) -> PAIR:
    given = [part < 1, V2 == V * (1 - part)]
    then = (V2 * w + other2 * w_other) * (V + other) == (V * w + other * w_other) * (V2 + other2)
    return exchanged(given, other2 == other * (1 - part), other2 == other, then)


@lemma(
    "11, integers; 17",
    INTEGERS,
    "A vault's denominator of x* is as from w alone: ceil(s*V*w/(V*WAD)) = ceil(s*w/WAD).",
    "With the first rounded down.",
)
def vault_path_unchanged(V: Term, w: Term, s: Term, alone: Term, whole: Term) -> PAIR:
    given = [V > 0, ceil(alone, s * w, WAD)]
    then = z3.And(alone < whole + 1, whole < alone + 1)  # integers: equal
    product = s * V * w
    return exchanged(given, ceil(whole, product, V * WAD), floor(whole, product, V * WAD), then)


# ------------------------------------------------------------------------------------- legs left out, covered


@lemma(
    "17, legs left out",
    INTEGERS,
    "A unit paid with any legs at bonus_min or less takes less weight than the target: d_S, d > 0.",
    "Also where thresholds are only bound to be below 1.",
    uses=[mean_threshold_fits],
)
def part_denominator(W: Term, V: Term, low: Term, b: Term, T: Term, cost: Term) -> PAIR:
    given = [V > 0, b <= low, low <= WAD, 1_000 * T >= 1_005 * WAD, ceil(cost, (WAD + b) * W, V * WAD)]
    then = cost + 1 <= T
    return exchanged(given, 100 * W * (WAD + low) <= 98 * V * WAD * WAD, W <= V * WAD, then)


@lemma(
    "17, legs left out",
    INTEGERS,
    "The value handed over is at most what the legs taken are worth, and of each at most what is there.",
    "Also without the limit by what they are worth.",
    uses=[there_and_back],
)
def part_taken_exists(V: Term, s: Term, limit: Term, x: Term, A: Term, g: Term, c: Term, got: Term) -> PAIR:
    # A <= x: A_down(k) of the k that x buys, or of one share, which costs at most the limit
    given = [V > 0, s >= WAD, floor(limit, V * WAD, s), A <= x, floor(g, A * s, WAD), floor(got, c * g, V)]
    then = z3.And(g <= V, got <= c)
    return Claim([*given, x <= limit], then), Claim(given, then)


@lemma(
    "17, legs left out",
    INTEGERS,
    "Taking weight of at most HF for a unit repaid does not lower health at the oracle's prices (L2b).",
    "Without that refusal.",
)
def part_keeps_health(
    W: Term,
    low: Term,
    D: Term,
    q: Term,
    s: Term,
    WS: Term,
    VS: Term,
    cost: Term,
    A: Term,
    g: Term,
    lost: Term,
) -> PAIR:
    # lost: the weighted value of g; flooring is `leg_value_left`
    given = [D > 0, VS > 0, A <= D, low <= W, floor(q, low, D), ceil(cost, s * WS, VS * WAD)]
    given += [floor(g, A * s, WAD), lost * VS <= g * WS]
    then = (W - lost) * D >= W * (D - A)
    return Claim([*given, cost <= q], then), Claim([*given, s <= 2 * WAD, lost <= W], then)


@lemma(
    "17, tolerances",
    INTEGERS,
    "Rounding lowers what is left of a leg by less than a base unit of value below its exact part.",
    "By nothing.",
)
def leg_value_left(c: Term, p: Term, V: Term, whole: Term, g: Term, got: Term, V2: Term) -> PAIR:
    given = [whole > 0, g <= whole, floor(V, c * p, SCALE), floor(got, c * g, whole)]
    given += [floor(V2, (c - got) * p, SCALE)]
    return (
        Claim(given, (V2 + 1) * whole > V * (whole - g)),
        Claim(given, V2 * whole >= V * (whole - g)),
    )


@lemma(
    "17, legs left out",
    INTEGERS,
    "The bonus is at most bonus_min, and for the health restored at most what a slice earns at bonus_min.",
    "With bonus_min unscaled.",
)
def part_bonus_scaled(low: Term, of_part: Term, of_slice: Term, scaled: Term, b: Term) -> PAIR:
    then = z3.And(b <= low, b * of_slice <= low * of_part)
    given = [of_slice > 0, floor(scaled, low * of_part, of_slice)]
    return exchanged(given, least(b, low, scaled), b == low, then)


@lemma(
    "17, legs left out",
    INTEGERS,
    "A close with legs left out takes at most the equity: V' >= D', as its bonus is at most bonus_min (L3b).",
    "Also at a bonus above it.",
)
def part_leaves_equity(V: Term, D: Term, low: Term, b: Term, A: Term, g: Term, V2: Term, D2: Term) -> PAIR:
    # V2 >= V - g but for rounding (leg_value_left), D2 <= D - A by debt_left
    given = [A <= D, V * WAD >= D * (WAD + low), floor(g, A * (WAD + b), WAD), V2 >= V - g, D2 <= D - A]
    return exchanged(given, b <= low, b <= WAD, V2 >= D2)


# ------------------------------------------------------------------------------ legs left out, in shortfall


@lemma(
    "17, legs left out",
    INTEGERS,
    "In a shortfall legs extinguish their part: m <= n, and of each leg at most what is there is taken.",
    "When the part of the debt is rounded up.",
)
def part_of_a_shortfall(
    V: Term, VS: Term, ds: Term, most: Term, k: Term, m: Term, c: Term, got: Term
) -> PAIR:
    given = [ds > 0, VS > 0, VS <= V, k <= most, floor(m, k * V, VS), floor(got, c * m, ds)]
    then = z3.And(m < ds + 1, got < c + 1)  # integers: m <= ds, got <= c
    return exchanged(given, floor(most, ds * VS, V), ceil(most, ds * VS, V), then)


@lemma(
    "17, legs left out",
    INTEGERS,
    "In a shortfall the legs taken are worth at most what a slice is: V per debt share stays (L2b).",
    "When m is rounded up.",
)
def part_keeps_value_per_share(V: Term, VS: Term, ds: Term, k: Term, m: Term, lost: Term) -> PAIR:
    given = [ds > 0, k <= ds, VS > 0, VS <= V, lost * ds <= VS * m]
    then = (V - lost) * ds >= V * (ds - k)
    return exchanged(given, floor(m, k * V, VS), ceil(m, k * V, VS), then)


@lemma(
    "17, L7b",
    INTEGERS,
    "In a shortfall what legs are worth is at most paid*(1 + b), but for rounding their values down.",
    "When what is paid is rounded down.",
)
def part_shortfall_gain(V: Term, ds: Term, k: Term, s: Term, full: Term, paid: Term, worth: Term) -> PAIR:
    given = [ds > 0, k <= ds, s >= WAD, ceil(full, V * WAD, s), worth * ds <= k * V]
    then = worth * WAD <= paid * s
    return exchanged(given, ceil(paid, full * k, ds), floor(paid, full * k, ds), then)


# ------------------------------------------------------------------------------------------------ silent legs


def value_down(v: Term, c: Term, p: Term) -> Term:
    """`v = basket._value_down(c, p)`."""
    return z3.If(c * p > MAX, v == VALUE_TOP, floor(v, c * p, SCALE))


def value_up(u: Term, c: Term, p: Term) -> Term:
    """`u = basket._value_up(c, p)`."""
    return z3.If(c * p > MAX - SCALE, u == VALUE_TOP, ceil(u, c * p, SCALE))


@lemma(
    "17, prices and values",
    INTEGERS,
    "A leg is worth at most what it counts for at its ceiling, if its price is below that; saturated or not.",
    "Also if its price is up to twice the ceiling.",
)
def ceiling_counts_most(c: Term, p: Term, ceiling: Term, v: Term, u: Term) -> PAIR:
    given = [value_down(v, c, p), value_up(u, c, ceiling)]
    then = v < u + 1  # integers: v <= u
    return exchanged(given, p <= ceiling, p <= 2 * ceiling, then)


@lemma(
    "17, silent legs",
    INTEGERS,
    "Silence liquidates nobody: who is healthy at prices below the ceilings is not liquidatable.",
    "Also where the price is above the ceiling.",
    uses=[ceiling_counts_most],
)
def silence_liquidates_nobody(rest: Term, v: Term, u: Term, w: Term, D: Term) -> PAIR:
    given = [rest + v * w >= D * WAD]
    then = rest + u * w >= D * WAD
    return exchanged(given, v <= u, v <= 2 * u, then)


@lemma(
    "17, silent legs",
    INTEGERS,
    "What the live legs cover is covered whatever the silent ones are worth: no loss is booked on a guess.",
    "If the silent ones counted at their ceilings.",
)
def covered_whatever_is_silent(live: Term, ceilings: Term, true: Term, D: Term, low: Term) -> PAIR:
    then = (live + true) * WAD >= D * (WAD + low)
    return (
        Claim([live * WAD >= D * (WAD + low)], then),
        Claim([(live + ceilings) * WAD >= D * (WAD + low), true <= ceilings], then),
    )


@lemma(
    "17, silent legs",
    INTEGERS,
    "A silent leg that is held counts for something: V_lo = V_hi only where none is silent.",
    "If its value were rounded down.",
)
def silent_leg_counts(c: Term, ceiling: Term, u: Term) -> PAIR:
    given = [c >= 1, ceiling >= 1]
    then = u > 0
    return exchanged(given, value_up(u, c, ceiling), value_down(u, c, ceiling), then)


# ----------------------------------------------------------------------------------------- the most of a leg


@lemma(
    "16, largest amounts",
    INTEGERS,
    "What must stay of a leg of which some may go is at most all of it.",
    "If what it must bear may be a unit above what it does.",
)
def leg_removed_at_most_all(c: Term, P: Term, lacking: Term, left: Term) -> PAIR:
    given = [ceil(left, lacking * c, P)]
    then = left < c + 1  # integers: left <= c
    return exchanged(given, lacking + 1 <= P, lacking <= P + 1, then)


@lemma(
    "16, largest amounts",
    INTEGERS,
    "What stays of a leg bears what the others lack, but for a base unit.",
    "Without that unit.",
)
def leg_that_stays_bears(
    c: Term, p: Term, V: Term, w: Term, P: Term, lacking: Term, left: Term, V2: Term
) -> PAIR:
    given = [P > 0, w <= WAD, floor(V, c * p, SCALE), floor(P, V * w, WAD), ceil(left, lacking * c, P)]
    given.append(floor(V2, left * p, SCALE))
    return Claim(given, V2 * w > (lacking - 1) * WAD - 1), Claim(given, V2 * w >= lacking * WAD)


# ------------------------------------------------------------------------------------------ unsafe arithmetic


@lemma(
    "17, prices and values",
    FIELDS,
    "The product behind a value does not wrap: both factors are below 2**128, or were compared.",
    "With amounts of 129 bits.",
)
def value_product_fits(c: Term, p: Term, e: Term, q: Term) -> PAIR:
    given = [e <= SCALE - 1, floor(q, MAX - e, p), z3.Or(p <= LANE, c <= q)]
    then = c * p + e <= MAX
    return exchanged(given, c <= LANE, c <= 2 * LANE, then)


@lemma(
    "17, integers",
    FIELDS,
    "What is liquidatable is worth less than 2**102: thresholds are at least 1 %.",
    "If they were at least 0.1 %.",
)
def liquidatable_value_fits(V: Term, W: Term, D: Term) -> PAIR:
    given = [W + 1 <= D * WAD, D <= DEBT_TOP]
    then = V < 2**102
    return exchanged(given, 100 * W >= V * WAD, 1_000 * W >= V * WAD, then)


@lemma(
    "11, integers; 17",
    INTEGERS,
    "What covers debt and smallest bonus is worth something.",
    "A debt of nothing too.",
)
def covered_has_value(V: Term, D: Term, low: Term) -> PAIR:
    given = [V * WAD >= D * (WAD + low)]
    return Claim([*given, D >= 1], V * WAD >= 1), Claim(given, V * WAD >= 1)
