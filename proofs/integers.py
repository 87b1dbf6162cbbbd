"""The rounding lemmas over the integers.

`t` is a total in fractions, `n` its shares, `k` some of the shares, `a` base units; `F` fractions in a base
unit (also the virtual base unit), `N` virtual shares. A price of shares is `(t + F)/(n + N)`; comparisons of
prices are written as products.
"""

import z3

from proofs.lemma import (
    INTEGERS,
    PAIR,
    REALS,
    SCALE,
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
)

INDEX_1000 = INTEGERS + ", debt per share up to 1,000 times par"


def price_kept(t: Term, n: Term, t2: Term, n2: Term) -> Term:
    """The price of shares has not fallen from `(t, n)` to `(t2, n2)`."""
    return (t2 + F) * (n + N) >= (t + F) * (n2 + N)


# ------------------------------------------------------------------------------------------- 3 shares: prices


@lemma(
    "3; 5 deposit",
    INTEGERS,
    "A deposit, shares rounded down, does not lower the share price.",
    "Also with shares rounded up.",
)
def deposit_keeps_price(t: Term, n: Term, a: Term, k: Term) -> PAIR:
    then = price_kept(t, n, t + a * F, n + k)
    shares = a * (n + N) * F
    return exchanged([], floor(k, shares, t + F), ceil(k, shares, t + F), then)


@lemma(
    "3; 5 mint",
    INTEGERS,
    "A mint, assets rounded up, does not lower the share price.",
    "Also with assets rounded down.",
)
def mint_keeps_price(t: Term, n: Term, a: Term, k: Term) -> PAIR:
    then = price_kept(t, n, t + a * F, n + k)
    value = k * (t + F)
    return exchanged([], ceil(a, value, (n + N) * F), floor(a, value, (n + N) * F), then)


@lemma(
    "3; 5 withdraw, exit",
    INTEGERS,
    "A withdrawal or exit, shares rounded up, does not lower the share price.",
    "Also with shares rounded down.",
)
def withdraw_keeps_price(t: Term, n: Term, a: Term, k: Term) -> PAIR:
    sizes = [a * F <= t, k <= n]
    then = price_kept(t, n, t - a * F, n - k)
    shares = a * (n + N) * F
    return exchanged(sizes, ceil(k, shares, t + F), floor(k, shares, t + F), then)


@lemma(
    "3; 5 redeem",
    INTEGERS,
    "A redemption, assets rounded down, does not lower the share price.",
    "Also with assets rounded up.",
)
def redeem_keeps_price(t: Term, n: Term, a: Term, k: Term) -> PAIR:
    sizes = [a * F <= t, k <= n]
    then = price_kept(t, n, t - a * F, n - k)
    value = k * (t + F)
    return exchanged(sizes, floor(a, value, (n + N) * F), ceil(a, value, (n + N) * F), then)


# -------------------------------------------------------------------------------------- 3 shares: round trips


@lemma(
    "3, no round trip",
    INTEGERS,
    "to_assets_down(to_shares_down(a)) <= a at the same totals.",
    "With both rounded up.",
)
def there_and_back(t: Term, n: Term, a: Term, k: Term, out: Term) -> PAIR:
    shares, value = a * (n + N) * F, k * (t + F)
    return (
        Claim([floor(k, shares, t + F), floor(out, value, (n + N) * F)], out <= a),
        Claim([ceil(k, shares, t + F), ceil(out, value, (n + N) * F)], out <= a),
    )


@lemma(
    "3, no round trip",
    INTEGERS,
    "Deposit, then redeem the shares on the books as they then stand: no more comes out.",
    "Nothing is ever lost either.",
)
def deposit_redeem(t: Term, n: Term, a: Term, k: Term, out: Term) -> PAIR:
    into = floor(k, a * (n + N) * F, t + F)
    given = [into, floor(out, k * (t + a * F + F), (n + k + N) * F)]
    return Claim(given, out <= a), Claim(given, out >= a)


@lemma(
    "3, no round trip",
    INTEGERS,
    "Deposit, then withdraw the same amount: at least the shares received are burnt.",
    "No more than those.",
)
def deposit_withdraw(t: Term, n: Term, a: Term, k: Term, burnt: Term) -> PAIR:
    into = floor(k, a * (n + N) * F, t + F)
    given = [into, ceil(burnt, a * (n + k + N) * F, t + a * F + F)]
    return Claim(given, burnt >= k), Claim(given, burnt <= k)


@lemma(
    "3, no round trip",
    INTEGERS,
    "Mint shares, then redeem them: no more comes out.",
    "Something is always lost.",
)
def mint_redeem(t: Term, n: Term, a: Term, k: Term, out: Term) -> PAIR:
    given = [ceil(a, k * (t + F), (n + N) * F), floor(out, k * (t + a * F + F), (n + k + N) * F)]
    return Claim(given, out <= a), Claim([*given, k > 0], out < a)


@lemma(
    "3, no round trip",
    INTEGERS,
    "Mint shares, then withdraw what they cost: at least the shares received are burnt.",
    "When the mint rounds down.",
)
def mint_withdraw(t: Term, n: Term, a: Term, k: Term, burnt: Term) -> PAIR:
    value, shares = k * (t + F), (n + N) * F
    back = ceil(burnt, a * (n + k + N) * F, t + a * F + F)
    return Claim([ceil(a, value, shares), back], burnt >= k), Claim(
        [floor(a, value, shares), back], burnt >= k
    )


@lemma(
    "3, no round trip",
    INTEGERS,
    "Redeem shares, then deposit the proceeds: no more shares come back.",
    "When the redemption rounds up.",
)
def redeem_deposit(t: Term, n: Term, a: Term, k: Term, back: Term) -> PAIR:
    sizes = [a * F <= t, k <= n]
    value, shares = k * (t + F), (n + N) * F
    again = floor(back, a * (n - k + N) * F, t - a * F + F)
    return (
        Claim([*sizes, floor(a, value, shares), again], back <= k),
        Claim([*sizes, ceil(a, value, shares), again], back <= k),
    )


@lemma(
    "3, no round trip",
    INTEGERS,
    "Withdraw an amount, then mint the shares burnt: it costs at least that amount.",
    "When the withdrawal rounds down.",
)
def withdraw_mint(t: Term, n: Term, a: Term, k: Term, cost: Term) -> PAIR:
    sizes = [a * F <= t, k <= n]
    value, total = a * (n + N) * F, t + F
    again = ceil(cost, k * (t - a * F + F), (n - k + N) * F)
    return (
        Claim([*sizes, ceil(k, value, total), again], cost >= a),
        Claim([*sizes, floor(k, value, total), again], cost >= a),
    )


@lemma(
    "3, no round trip",
    REALS,
    "Whoever enters and leaves in any order, alone between others, cannot become richer: with others' shares "
    "(and the virtual ones) unchanged and the price not fallen, his cash and shares are worth no more.",
    "If the price may fall.",
    uses=[deposit_keeps_price, mint_keeps_price, withdraw_keeps_price, redeem_keeps_price],
)
def any_order(others: Term, own: Term, own2: Term, p: Term, p2: Term, gained: Term, paid: Term) -> PAIR:
    # total + F = price * shares; what the books lose he gains
    given = [others >= N, p2 * (others + own2) - p * (others + own) == paid - gained]
    then = gained + own2 * p2 <= paid + own * p
    return Claim([*given, p2 >= p], then), Claim(given, then)


# ------------------------------------------------------------------------------------------- 3, 6 debt shares


@lemma(
    "6 draw",
    INTEGERS,
    "A draw books at least what is sent and does not lower debt per debt share.",
    "When the value of the new shares is rounded down.",
)
def draw_keeps_price(t: Term, n: Term, a: Term, k: Term, v: Term) -> PAIR:
    then = z3.And(v >= a * F, price_kept(t, n, t + v, n + k))
    shares = ceil(k, a * (n + N) * F, t + F)
    return exchanged([shares], ceil(v, k * (t + F), n + N), floor(v, k * (t + F), n + N), then)


@lemma(
    "6 settle",
    INTEGERS,
    "A settlement that leaves shares does not lower debt per debt share.",
    "When the value of the shares is rounded up.",
)
def settle_keeps_price(t: Term, n: Term, k: Term, v: Term) -> PAIR:
    sizes = [k < n, v <= t]
    then = price_kept(t, n, t - v, n - k)
    value = k * (t + F)
    return exchanged(sizes, floor(v, value, n + N), ceil(v, value, n + N), then)


@lemma(
    "3, a part",
    INTEGERS,
    "At a price of at least par a part, rounded down, is worth at most the total: settle cannot underflow.",
    "Also below par.",
)
def part_at_most_total(t: Term, n: Term, k: Term, v: Term) -> PAIR:
    given = [k <= n, floor(v, k * (t + F), n + N)]
    return Claim([*given, t * N >= n * F], v <= t), Claim(given, v <= t)


@lemma(
    "3, a part",
    INTEGERS,
    "Debt is never below par: a change that does not lower the price of debt keeps it at par or above. "
    "(An empty pool is at par, interest only adds to the total.)",
    "If the price may fall.",
    uses=[draw_keeps_price, settle_keeps_price],
)
def par_is_kept(t: Term, n: Term, t2: Term, n2: Term) -> PAIR:
    given = [t * N >= n * F]
    then = t2 * N >= n2 * F
    return Claim([*given, price_kept(t, n, t2, n2)], then), Claim(given, then)


@lemma(
    "6 settle",
    INTEGERS,
    "What A_up(k) pays covers what settling k shares extinguishes, unless they are the last.",
    "When the payment is rounded down.",
)
def paid_covers_extinguished(t: Term, n: Term, k: Term, paid: Term, v: Term) -> PAIR:
    value = k * (t + F)
    given = [floor(v, value, n + N)]
    return exchanged(given, ceil(paid, value, (n + N) * F), floor(paid, value, (n + N) * F), paid * F >= v)


@lemma(
    "6 settle",
    INTEGERS,
    "With the last shares all debt goes: paying A_up(n) for it lacks at most N*(t + F)/(n + N) - F "
    "fractions, the debt index in base units less one.",
    "It lacks nothing.",
)
def last_share(t: Term, n: Term, paid: Term) -> PAIR:
    given = [n > 0, t * N >= n * F, ceil(paid, n * (t + F), (n + N) * F)]
    return (
        Claim(given, (t - paid * F + F) * (n + N) <= N * (t + F)),
        Claim(given, paid * F >= t),
    )


@lemma(
    "6 settle; 11, theorem 3",
    INTEGERS,
    "Two settlements extinguish together at most what one of both would.",
    "At least as much as one.",
)
def split_extinguishes_no_more(t: Term, n: Term, k: Term, k2: Term, v: Term, v2: Term, both: Term) -> PAIR:
    given = [k + k2 <= n, floor(v, k * (t + F), n + N), floor(v2, k2 * (t - v + F), n - k + N)]
    given += [v <= t, floor(both, (k + k2) * (t + F), n + N)]
    return Claim(given, v + v2 < both + 1), Claim(given, v + v2 >= both)


@lemma(
    "6; P3",
    INTEGERS,
    "A settlement whose payment covers what it extinguishes leaves the books backed if they were.",
    "Also when it is paid one base unit too little.",
)
def payment_keeps_backing(cash: Term, debt: Term, assets: Term, v: Term, paid: Term) -> PAIR:
    given = [v <= debt, cash * F + debt >= assets]
    then = (cash + paid) * F + debt - v >= assets
    return exchanged(given, paid * F >= v, (paid + 1) * F >= v, then)


# -------------------------------------------------------------------------------------------------- 7 losses


@lemma(
    "7",
    INTEGERS,
    "The shortfall is at most total assets; taken off, it leaves them backed to less than one base unit.",
    "Exactly backed.",
)
def shortfall_fits(assets: Term, backing: Term, shortfall: Term) -> PAIR:
    given = [backing < assets, floor(shortfall, assets - backing, F)]
    left = assets - shortfall * F
    return (
        Claim(given, z3.And(shortfall * F <= assets, left >= backing, left < backing + F)),
        Claim(given, left == backing),
    )


@lemma(
    "7",
    INTEGERS,
    "The waterfall adds up: of the vault's loss and of the shortfall that stood before, reserve, backstop "
    "and lenders bear parts of at least 0 that make just both; lenders lose only when the backstop is used "
    "up (W1).",
    "The vault is charged with all of the shortfall.",
)
def waterfall_adds_up(
    loss: Term, shortfall: Term, worth: Term, borne: Term, own: Term, others_borne: Term
) -> PAIR:
    others = shortfall - own
    given = [least(borne, shortfall, worth), least(own, shortfall, loss), least(others_borne, others, borne)]
    of_others = [others_borne, others - others_borne]  # backstop, lenders
    of_vault = [loss - own, borne - others_borne, own - (borne - others_borne)]  # reserve, backstop, lenders
    parts = z3.And(*(part >= 0 for part in of_others + of_vault))
    sums = z3.And(sum(of_vault) == loss, sum(of_others) + sum(of_vault[1:]) == shortfall)
    lenders = of_others[1] + of_vault[2]
    return (
        Claim(given, z3.And(parts, sums, z3.Implies(lenders > 0, borne == worth))),
        Claim(given, sum(of_vault) >= shortfall),
    )


@lemma(
    "6, pace",
    INTEGERS,
    "Drawing costs at least its part of what may be drawn at once, repaying gives back at most its part, and "
    "a raise of the limit leaves at most what could be drawn before: in units of a full level, nothing is "
    "gained.",
    "When costs are rounded down.",
)
def pace_counts_net_drawing(
    amount: Term,
    paid: Term,
    room: Term,
    full: Term,
    cost: Term,
    back: Term,
    level: Term,
    limit: Term,
    raised: Term,
    after: Term,
) -> PAIR:
    given = [room > 0, full > 0, floor(back, paid * full, room), raised > limit, limit > 0]
    given += [floor(after, level * limit, raised)]
    then = z3.And(cost * room >= amount * full, back * room <= paid * full, after * raised <= level * limit)
    return exchanged(given, ceil(cost, amount * full, room), floor(cost, amount * full, room), then)


@lemma(
    "12, caps",
    INTEGERS,
    "Caps may restrict lending and never trigger a liquidation: with live rates r of the collateral and l "
    "of the loan asset, a price by r and min(l, cap) is at least that by r and l, and a safe price by "
    "min(r, cap) and max(l, l0) at most; so the safe price is at most the price.",
    "With caps on both sides of both prices.",
)
def caps_restrict_lending_alone(
    x: Term,
    y: Term,
    r: Term,
    l_: Term,
    low: Term,
    cheap: Term,
    dear: Term,
    price: Term,
    true: Term,
    safe: Term,
) -> PAIR:
    given = [y > 0, l_ > 0, cheap > 0, cheap <= l_, low <= r, floor(true, x * r, y * l_)]
    given += [floor(safe, x * low, y * dear)]
    then = z3.And(safe < true + 1, true < price + 1)  # integers: safe <= true <= price
    return (
        Claim([*given, dear >= l_, floor(price, x * r, y * cheap)], then),
        Claim([*given, dear >= cheap, floor(price, x * low, y * cheap)], then),
    )


@lemma(
    "7, 2",
    INTEGERS,
    "A backstop worth more than the shortfall holds the shares that are burnt for it.",
    "One worth as much holds more than them.",
)
def backstop_holds_enough(t: Term, n: Term, stake: Term, worth: Term, carried: Term, burnt: Term) -> PAIR:
    given = [floor(worth, stake * (t + F), (n + N) * F), ceil(burnt, carried * (n + N) * F, t + F)]
    # integers: burnt - 1 < stake, hence burnt <= stake
    return Claim([*given, carried < worth], burnt < stake + 1), Claim(
        [*given, carried == worth], burnt < stake
    )


@lemma(
    "7, 2",
    INTEGERS,
    "A shortfall that the backstop carries whole does not lower the price of the other shares.",
    "Also one that it carries in part.",
    uses=[withdraw_keeps_price, backstop_holds_enough],
)
def backstop_shields_lenders(
    t: Term, n: Term, stake: Term, worth: Term, shortfall: Term, carried: Term, burnt: Term
) -> PAIR:
    given = [stake <= n, shortfall * F <= t, floor(worth, stake * (t + F), (n + N) * F)]
    given += [least(carried, shortfall, worth)]
    some = ceil(burnt, carried * (n + N) * F, t + F)
    given += [z3.If(carried < worth, some, burnt == stake), burnt <= stake]
    then = price_kept(t, n, t - shortfall * F, n - burnt)
    return Claim([*given, carried == shortfall], then), Claim(given, then)


@lemma(
    "7, crumbs",
    INTEGERS,
    "A loss in two closes lowers the line by at least as much, and at most one base unit more, than in one.",
    "By exactly as much.",
    integral=True,
)
def split_loss_lowers_the_line(
    v: Term, p: Term, v2: Term, p2: Term, one: Term, two: Term, both: Term
) -> PAIR:
    given = [v >= p * F, v2 >= p2 * F, ceil(one, v - p * F, F), ceil(two, v2 - p2 * F, F)]
    given += [ceil(both, v + v2 - (p + p2) * F, F)]
    return Claim(given, z3.And(both <= one + two, one + two <= both + 1)), Claim(given, one + two == both)


# ------------------------------------------------------------------------------------------------ 4 interest


@lemma(
    "4",
    INTEGERS,
    "The reserve's part, rounded up, is at most the interest, for every factor up to 1.",
    "For a factor above 1.",
)
def reserve_part_fits(interest: Term, factor: Term, part: Term) -> PAIR:
    given = [ceil(part, interest * factor, WAD)]
    # integers: part < interest + 1, hence part <= interest
    then = part < interest + 1
    return exchanged(given, factor <= WAD, factor <= 2 * WAD, then)


@lemma(
    "4",
    INTEGERS,
    "Utilisation is at most 1, and 1 only when all is lent.",
    "Also with more debt than assets.",
)
def utilisation_at_most_one(debt: Term, assets: Term, u: Term) -> PAIR:
    given = [floor(u, debt * WAD, assets)]
    return Claim([*given, debt < assets], z3.And(u <= WAD, u < WAD)), Claim(given, u <= WAD)


# --------------------------------------------------------------------------------------------- 10, 11 vaults


@lemma(
    "10",
    INTEGERS,
    "The value of collateral at the safe price is at most that at the price.",
    "It is strictly less when the safe price is.",
)
def safe_value_is_less(c: Term, price: Term, safe: Term, V: Term, V_safe: Term) -> PAIR:
    given = [floor(V, c * price, SCALE), floor(V_safe, c * safe, SCALE)]
    # integers: V_safe < V + 1, hence V_safe <= V
    return Claim([*given, safe <= price], V_safe < V + 1), Claim([*given, safe < price], V_safe < V)


@lemma(
    "10; 14 creation",
    INTEGERS,
    "Who may borrow cannot be liquidated at once: V*w >= D*WAD follows from the check at the safe price.",
    "If the loan-to-value could exceed the threshold.",
    uses=[safe_value_is_less],
)
def fresh_borrow_is_healthy(V: Term, V_safe: Term, ltv: Term, w: Term, D: Term) -> PAIR:
    given = [V_safe <= V, V_safe * ltv >= D * WAD]
    return Claim([*given, ltv <= w], V * w >= D * WAD), Claim(given, V * w >= D * WAD)


@lemma(
    "11, restorable",
    INTEGERS,
    "What is paid for the shares of a repayment x is at most x, so at most max_repay and D.",
    "When the shares are rounded up.",
)
def paid_at_most_offered(t: Term, n: Term, x: Term, k: Term, paid: Term) -> PAIR:
    cost = ceil(paid, k * (t + F), (n + N) * F)
    shares = x * (n + N) * F
    # integers: paid < x + 1, hence paid <= x
    return (
        Claim([floor(k, shares, t + F), cost], paid < x + 1),
        Claim([ceil(k, shares, t + F), cost], paid < x + 1),
    )


@lemma(
    "11, restorable",
    INTEGERS,
    "A repayment below D extinguishes fewer shares than the position has.",
    "A repayment of D too.",
)
def fewer_shares_than_all(t: Term, n: Term, ds: Term, D: Term, x: Term, k: Term) -> PAIR:
    given = [ceil(D, ds * (t + F), (n + N) * F), floor(k, x * (n + N) * F, t + F)]
    return exchanged(given, x + 1 <= D, x <= D, k < ds)


@lemma(
    "11, restorable",
    INTEGERS,
    "What k shares extinguish, rounded down, is at most their share of the debt: A_down(k)*ds <= k*D.",
    "Rounded up too.",
)
def extinguished_is_pro_rata(t: Term, n: Term, ds: Term, D: Term, k: Term, A: Term) -> PAIR:
    given = [k <= ds, ceil(D, ds * (t + F), (n + N) * F)]
    value = k * (t + F)
    return exchanged(given, floor(A, value, (n + N) * F), ceil(A, value, (n + N) * F), A * ds <= k * D)


@lemma(
    "11, restorable",
    INTEGERS,
    "The capped bonus keeps D*(WAD + b) <= V*WAD; it is at least bonus_min where the position is restorable.",
    "When equity is rounded up.",
)
def bonus_fits_the_equity(V: Term, D: Term, e: Term, r: Term, b: Term, low: Term) -> PAIR:
    given = [D > 0, V * WAD >= D * (WAD + low), r >= low, least(b, r, e)]
    then = z3.And(D * (WAD + b) <= V * WAD, b + 1 > low)
    return exchanged(given, floor(e + WAD, V * WAD, D), ceil(e + WAD, V * WAD, D), then)


@lemma(
    "11, theorem 2",
    INTEGERS,
    "seized <= c in a restorable close: of the value V at most A_down(k)*s <= D*s <= V is taken.",
    "Also with a bonus above the equity.",
    uses=[extinguished_is_pro_rata, bonus_fits_the_equity],
)
def seized_at_most_collateral(
    c: Term, price: Term, V: Term, D: Term, A: Term, s: Term, g: Term, got: Term
) -> PAIR:
    given = [floor(V, c * price, SCALE), A <= D, floor(g, A * s, WAD), floor(got, g * SCALE, price)]
    return Claim([*given, D * s <= V * WAD], got <= c), Claim(
        [*given, D * WAD <= V * WAD, s <= 2 * WAD], got <= c
    )


@lemma(
    "11, theorem 1",
    INTEGERS,
    "The value g taken in a restorable close is at most the same share of V as the shares are of the debt.",
    "Also with a bonus above the equity.",
    uses=[extinguished_is_pro_rata, bonus_fits_the_equity],
)
def taken_is_pro_rata(V: Term, D: Term, ds: Term, k: Term, A: Term, s: Term, g: Term) -> PAIR:
    given = [D > 0, ds > 0, k <= ds, A * ds <= k * D, floor(g, A * s, WAD)]
    then = g * ds <= k * V
    return Claim([*given, s * D <= V * WAD], then), Claim([*given, V >= D, s <= 2 * WAD], then)


@lemma(
    "11, theorem 1",
    INTEGERS,
    "c/debt_shares never falls in a restorable close, without tolerance (L2).",
    "When seized is rounded up.",
    uses=[taken_is_pro_rata],
)
def collateral_per_share_kept(c: Term, price: Term, V: Term, ds: Term, k: Term, g: Term, got: Term) -> PAIR:
    given = [floor(V, c * price, SCALE), k < ds, g * ds <= k * V]
    then = (c - got) * ds >= c * (ds - k)
    return (
        Claim([*given, floor(got, g * SCALE, price)], then),
        Claim([*given, ceil(got, g * SCALE, price), got <= c], then),
    )


@lemma(
    "11, restorable",
    INTEGERS,
    "The fee is at most what is paid, and at most 30 % of the bonus on it, rounded up.",
    "At most 30 %, rounded down.",
)
def fee_at_most_paid(paid: Term, lf: Term, b: Term, part: Term, spare: Term, rate: Term, fee: Term) -> PAIR:
    given = [10 * lf <= 3 * WAD, b <= WAD, floor(part, lf * b, WAD), least(rate, part, spare)]
    given += [ceil(fee, paid * rate, WAD)]
    right = z3.And(fee < paid + 1, 10 * fee * WAD < 3 * paid * b + 10 * WAD)
    return Claim(given, right), Claim(given, 10 * fee * WAD <= 3 * paid * b)


@lemma(
    "11, L7",
    INTEGERS,
    "In a restorable close the liquidator gets at most paid*(1 + b).",
    "At most what is paid.",
)
def restorable_gain(A: Term, paid: Term, price: Term, b: Term, g: Term, got: Term) -> PAIR:
    given = [A <= paid, b <= WAD, floor(g, A * (WAD + b), WAD), floor(got, g * SCALE, price)]
    worth = got * price * WAD
    return Claim(given, worth <= paid * (WAD + b) * SCALE), Claim(given, worth <= paid * WAD * SCALE)


@lemma(
    "11, theorem 2",
    INTEGERS,
    "At the same debt totals a restorable close leaves V' >= D'.",
    "V' > D'.",
    uses=[bonus_fits_the_equity, extinguished_is_pro_rata],
)
def equity_is_left(V: Term, D: Term, A: Term, s: Term, g: Term, V2: Term, D2: Term) -> PAIR:
    # V2 >= V - g by value_left, D2 <= D - A by debt_left
    given = [A <= D, s >= WAD, D * s <= V * WAD, floor(g, A * s, WAD), V2 >= V - g, D2 <= D - A]
    return Claim(given, V2 >= D2), Claim(given, V2 > D2)


@lemma(
    "11",
    INTEGERS,
    "The value that is left is at least V - g.",
    "More than that.",
)
def value_left(c: Term, price: Term, V: Term, g: Term, got: Term, V2: Term) -> PAIR:
    given = [floor(V, c * price, SCALE), floor(got, g * SCALE, price), got <= c]
    given += [floor(V2, (c - got) * price, SCALE)]
    # integers: V2 > V - g - 1
    return Claim(given, V2 + 1 > V - g), Claim(given, V2 > V - g)


@lemma(
    "11",
    INTEGERS,
    "At the same debt totals the debt that is left is at most D - A_down(k).",
    "At most D - A_up(k).",
)
def debt_left(t: Term, n: Term, ds: Term, D: Term, k: Term, A: Term, D2: Term) -> PAIR:
    given = [k <= ds, ceil(D, ds * (t + F), (n + N) * F), ceil(D2, (ds - k) * (t + F), (n + N) * F)]
    value = k * (t + F)
    # integers: D2 < D - A + 1
    return exchanged(given, floor(A, value, (n + N) * F), ceil(A, value, (n + N) * F), D2 < D - A + 1)


@lemma(
    "11; L2",
    INTEGERS,
    "Settling k shares adds at most one base unit to the debt of the shares that are left.",
    "Nothing.",
)
def settling_adds_at_most_one(t: Term, n: Term, k: Term, v: Term, j: Term, D: Term, D2: Term) -> PAIR:
    given = [k + j <= n, floor(v, k * (t + F), n + N), v <= t, ceil(D, j * (t + F), (n + N) * F)]
    given += [ceil(D2, j * (t - v + F), (n - k + N) * F)]
    # integers: D2 < D + 2
    return Claim(given, D2 < D + 2), Claim(given, D2 < D + 1)


@lemma(
    "11; V3",
    INTEGERS,
    "A restorable close that leaves debt leaves at least D - x, so at least min_debt, if k came from x.",
    "Also where k = 0 was lifted to one share.",
)
def rest_is_at_least(t: Term, n: Term, ds: Term, D: Term, x: Term, k: Term, D2: Term) -> PAIR:
    given = [x < D, k <= ds, ceil(D, ds * (t + F), (n + N) * F), ceil(D2, (ds - k) * (t + F), (n + N) * F)]
    shares = x * (n + N) * F
    # integers: D2 > D - x - 1
    return (
        Claim([*given, floor(k, shares, t + F)], D2 + 1 > D - x),
        Claim([*given, k == 1, shares < t + F, x > 0], D2 + 1 > D - x),
    )


@lemma(
    "11; V3",
    INDEX_1000,
    "x > 0 buys at least one share while a share is worth at most a base unit: k = 0 is not lifted.",
    "At any debt index.",
)
def a_unit_buys_a_share(t: Term, n: Term, x: Term, k: Term) -> PAIR:
    given = [x >= 1, floor(k, x * (n + N) * F, t + F)]
    # integers: k > 0
    return Claim([*given, t + F <= (n + N) * F], k > 0), Claim(given, k > 0)


@lemma(
    "11; L3",
    INTEGERS,
    "With the base unit that settling may add V' >= D' still holds, by 999 units, where min_debt is left.",
    "Also without min_debt*bonus_min >= 1000 base units.",
    uses=[value_left, debt_left, settling_adds_at_most_one, rest_is_at_least, bonus_fits_the_equity],
)
def equity_is_left_after_settling(
    V: Term, D: Term, A: Term, b: Term, e: Term, low: Term, md: Term, g: Term, V2: Term, D2: Term
) -> PAIR:
    given = [A + md <= D, low > 0, low <= b, b <= e, D * (WAD + e) <= V * WAD, floor(g, A * (WAD + b), WAD)]
    given += [V2 >= V - g, D2 <= D - A + 1]
    return Claim([*given, md * low >= 1_000 * WAD], V2 >= D2 + 999), Claim(given, V2 >= D2)


@lemma(
    "11, the end",
    INDEX_1000,
    "An uncapped restorable close that leaves at least min_debt is no longer liquidatable, even if settling "
    "adds one base unit to the debt that is left (L4).",
    "Also with a target health of 1.",
    uses=[value_left, debt_left, settling_adds_at_most_one, rest_is_at_least, a_unit_buys_a_share],
)
def ends_healthy(
    V: Term,
    D: Term,
    w: Term,
    T: Term,
    s: Term,
    drop: Term,
    x: Term,
    A: Term,
    g: Term,
    V2: Term,
    D2: Term,
    md: Term,
) -> PAIR:
    given = [
        s * w < WAD * WAD,
        s >= WAD,
        w < WAD,
        ceil(T - drop, s * w, WAD),
        drop > 0,
        ceil(x, T * D - V * w, drop),
    ]
    given += [A <= x, A + 2 >= x, x + md <= D, md >= 1_000, floor(g, A * s, WAD)]
    given += [V2 >= V - g, D2 <= D - A + 1]
    then = V2 * w >= D2 * WAD
    return exchanged(given, 1_000 * T >= 1_005 * WAD, T >= WAD, then)


@lemma(
    "11, shortfall",
    INTEGERS,
    "The price of a position in shortfall is at most its debt.",
    "At most its debt where it is restorable.",
)
def whole_price_at_most_debt(V: Term, D: Term, low: Term, b: Term, full: Term) -> PAIR:
    given = [b >= low, ceil(full, V * WAD, WAD + b)]
    # integers: full < D + 1, hence full <= D
    return exchanged(given, V * WAD < D * (WAD + low), V * WAD >= D * (WAD + low), full < D + 1)


@lemma(
    "11, shortfall",
    INTEGERS,
    "The equity that is missing to bonus_min is at least 0, so the bonus is at least bonus_min.",
    "Also in a restorable position.",
)
def shortfall_bonus_in_range(V: Term, D: Term, low: Term, cover: Term) -> PAIR:
    given = [D > 0, ceil(cover, V * WAD, D)]
    then = WAD + low - cover > -1  # integers: WAD + low - cover >= 0
    return exchanged(given, V * WAD < D * (WAD + low), V <= 2 * D, then)


@lemma(
    "11, shortfall",
    INTEGERS,
    "A partial shortfall close takes fewer shares than all, and pays at most the offer.",
    "When the shares are rounded up.",
)
def shortfall_paid_at_most_offered(ds: Term, full: Term, offer: Term, k: Term, paid: Term) -> PAIR:
    given = [offer < full, ds > 0, ceil(paid, full * k, ds)]
    # integers: paid < offer + 1, hence paid <= offer
    then = z3.And(k < ds, paid < offer + 1)
    return exchanged(given, floor(k, ds * offer, full), ceil(k, ds * offer, full), then)


@lemma(
    "11, theorem 3",
    INTEGERS,
    "A shortfall close seizes at most all collateral, and c/debt_shares never falls (L2).",
    "When seized is rounded up.",
)
def shortfall_collateral_per_share_kept(c: Term, ds: Term, k: Term, got: Term) -> PAIR:
    given = [ds > 0, k <= ds]
    then = z3.And(got <= c, (c - got) * ds >= c * (ds - k))
    return exchanged(given, floor(got, c * k, ds), ceil(got, c * k, ds), then)


@lemma(
    "11, L7",
    INTEGERS,
    "In a shortfall close the liquidator gets at most paid*(1 + b) and one base unit.",
    "At most paid*(1 + b) to the wei, even rounding what he gets down to base units.",
)
def shortfall_gain(
    c: Term, price: Term, V: Term, ds: Term, k: Term, s: Term, full: Term, paid: Term, got: Term, worth: Term
) -> PAIR:
    given = [k <= ds, s >= WAD, floor(V, c * price, SCALE), ceil(full, V * WAD, s), ceil(paid, full * k, ds)]
    given += [floor(got, c * k, ds), floor(worth, got * price, SCALE)]
    return Claim(given, worth * WAD <= paid * s + WAD), Claim(given, worth * WAD <= paid * s)
