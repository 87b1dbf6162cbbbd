"""Why no `unsafe_*` of the pool and its vaults can wrap: lemmas, and the tables that `proofs.source` asks.

A reason is the name of a lemma, `result of ...` (the interval of another function's result, which is
checked), or `door: ...`, a check that stands elsewhere in the contracts.
"""

import z3

import proofs.integers  # noqa: F401  its lemmas are reasons, too
from proofs.lemma import INTEGERS, PAIR, SCALE, WAD, Claim, F, N, Term, ceil, exchanged, floor, lemma
from proofs.source import MAX, Facts

FIELDS = INTEGERS + " up to the field's width"
VALUE_TOP, COUNT_TOP, COLLATERAL_TOP = 2**110 - 1, 2**104 - 1, 2**128 - 1
DEBT_TOP = 2**95 - 1
RATE_LIMIT, SPEED_LIMIT = 10 * WAD // 31_536_000, 1_000 * WAD // 31_536_000

# ------------------------------------------------------------------------------------------------ the lemmas


@lemma(
    "2; 6 draw",
    FIELDS,
    "Debt at or above par whose total fits 110 bits has shares that fit 104 bits.",
    "103 bits.",
)
def debt_shares_fit(t: Term, n: Term) -> PAIR:
    given = [t * N >= n * F, t <= VALUE_TOP]
    return Claim(given, n <= COUNT_TOP), Claim(given, n < 2**103)


@lemma(
    "11, integers",
    FIELDS,
    "A position's debt is below 2**95 base units, as its shares are part of the total.",
    "Below 2**94.",
)
def debt_fits(t: Term, n: Term, ds: Term, D: Term) -> PAIR:
    given = [ds <= n, t <= VALUE_TOP, ceil(D, ds * (t + F), (n + N) * F)]
    return Claim(given, D <= DEBT_TOP), Claim(given, D < 2**94 - 1)


@lemma(
    "11, integers",
    INTEGERS,
    "What k of a position's shares extinguish, rounded down, is at most its debt.",
    "Less than it.",
)
def extinguished_at_most_debt(t: Term, n: Term, ds: Term, D: Term, k: Term, A: Term) -> PAIR:
    given = [k <= ds, ceil(D, ds * (t + F), (n + N) * F), floor(A, k * (t + F), (n + N) * F)]
    return Claim(given, A <= D), Claim(given, A < D)


@lemma(
    "10",
    INTEGERS,
    "A repayment below the debt extinguishes fewer shares than the position has.",
    "A repayment of the debt, rounded up, does.",
)
def repaid_at_most_owed(t: Term, n: Term, ds: Term, D: Term, a: Term, k: Term) -> PAIR:
    given = [ceil(D, ds * (t + F), (n + N) * F), floor(k, a * (n + N) * F, t + F)]
    return exchanged(given, a <= D - 1, a <= D, k < ds)


@lemma(
    "11, integers",
    INTEGERS,
    "What is liquidatable owes something, on at least one debt share.",
    "A position at the threshold does.",
)
def liquidatable_owes(t: Term, n: Term, ds: Term, D: Term, V: Term, w: Term) -> PAIR:
    given = [ceil(D, ds * (t + F), (n + N) * F)]
    then = z3.And(D > 0, z3.Implies(D >= 1, ds > 0))  # integers: D > 0 is D >= 1
    return exchanged(given, V * w < D * WAD, V * w <= D * WAD, then)


@lemma(
    "11, integers",
    INTEGERS,
    "At least one debt share owes at least one base unit.",
    "At least two.",
)
def a_share_owes(t: Term, n: Term, ds: Term, D: Term) -> PAIR:
    given = [ds >= 1, ceil(D, ds * (t + F), (n + N) * F)]
    return Claim(given, D > 0), Claim(given, D > 1)


@lemma(
    "11, integers",
    INTEGERS,
    "The health of what is liquidatable rounds to less than 1, and T*D exceeds V*w.",
    "Also at the threshold.",
)
def health_below_one(V: Term, w: Term, D: Term, T: Term, health: Term) -> PAIR:
    given = [floor(health, V * w, D), T >= WAD]
    then = z3.And(health < WAD, T * D > V * w)
    return exchanged(given, V * w < D * WAD, V * w <= D * WAD, then)


@lemma(
    "11, integers",
    INTEGERS,
    "Equity per debt of what is restorable rounds to at least bonus_min.",
    "Also of what covers its debt alone.",
)
def equity_covers_bonus_min(V: Term, D: Term, low: Term, cover: Term) -> PAIR:
    given = [D > 0, floor(cover, V * WAD, D)]
    then = cover + 1 > WAD + low  # integers: cover >= WAD + low
    return exchanged(given, V * WAD >= D * (WAD + low), V >= D, then)


@lemma(
    "11, integers",
    INTEGERS,
    "The ramp stays between bonus_min and bonus_max.",
    "Also below the health of the highest bonus.",
)
def ramp_in_range(low: Term, high: Term, h: Term, health: Term, climb: Term) -> PAIR:
    given = [low <= high, h < WAD, health <= WAD, floor(climb, (high - low) * (WAD - health), WAD - h)]
    then = low + climb <= high
    return Claim([*given, health >= h], then), Claim(given, then)


@lemma(
    "11, integers",
    INTEGERS,
    "The denominator of x*, its quotient rounded up, is at least one; of a vault W is V*w.",
    "Also without the constructor's w*(1 + bonus_max) <= h.",
)
def drop_is_positive(W: Term, V: Term, high: Term, h: Term, T: Term, b: Term, r: Term) -> PAIR:
    given = [V > 0, h < WAD, b <= high, 1_000 * T >= 1_005 * WAD, ceil(r, (WAD + b) * W, V * WAD)]
    return (
        Claim([*given, W * (WAD + high) <= h * V * WAD], T - r >= 1),
        Claim([*given, W <= V * WAD, high <= WAD], T - r >= 1),
    )


@lemma(
    "5 withdraw",
    INTEGERS,
    "What is paid out fits total assets.",
    "If debt could exceed assets after it.",
)
def payout_fits(assets: Term, debt: Term, total: Term) -> PAIR:
    then = assets * F <= total
    checked = z3.Or(assets * F + debt <= total, assets == 0)
    return exchanged([], checked, z3.Or(assets * F <= total + debt, assets == 0), then)


@lemma(
    "3; P1",
    FIELDS,
    "A balance after a transfer or mint is at most the supply, which fits 104 bits.",
    "If balances did not add up to the supply.",
)
def balances_fit(supply: Term, others: Term, source: Term, to: Term, amount: Term) -> PAIR:
    given = [amount <= source, supply <= COUNT_TOP]
    then = to + amount <= COUNT_TOP
    return exchanged(given, others + source + to == supply, to <= supply, then)


@lemma(
    "4",
    INTEGERS,
    "The deviation of utilisation, over the room on its side of the target, is at most 1.",
    "Over the room on the other side.",
)
def deviation_at_most_one(u: Term, target: Term, d: Term) -> PAIR:
    given = [target < u, u <= WAD, target < WAD]
    # below target it is the same with WAD - u and WAD - target
    return exchanged(
        given, floor(d, (u - target) * WAD, WAD - target), floor(d, (u - target) * WAD, target), d <= WAD
    )


@lemma(
    "4",
    INTEGERS,
    "`x - (x // LN2)*LN2` is at least 0 and below LN2.",
    "With the quotient rounded up.",
)
def remainder(x: Term, k: Term, r: Term) -> PAIR:
    ln2 = 693_147_180_559_945_309
    # integers: r < LN2, and the difference is written as a sum
    return (
        Claim([floor(k, x, ln2), r == x - k * ln2], z3.And(k * ln2 <= x, r < ln2)),
        Claim([ceil(k, x, ln2)], k * ln2 <= x),
    )


# ------------------------------------------------------------------------------------------------ the tables

Bounds = dict[tuple[str, str], tuple[int, int, str]]

STORED = "door: ledger._store refuses what the fields cannot hold"
RISK = "door: vault_params._check_risk"
PACE = "door: pool_params._check"
CURVE = "door: pool_params._check_rates"
MASKS = "door: the masks of the module that unpacks the word"
LANE = 2**128 - 1
LEG_TOP = MAX // SCALE  # where the value of a leg saturates
EIGHT = "door: at most eight legs"
SUMS = "door: sums over at most eight legs"
LEG_RISK = "door: basket_params._check, for each leg"
WEIGHED = "door: below debt*WAD, checked in slices._slice, and parts of it"
HANDED = "slice_keeps_every_leg, fewer_shares_than_all, part_taken_exists, part_of_a_shortfall"


def bounds(function: str, reason: str, **tops: int) -> Bounds:
    """Upper bounds of names in a function; `__` stands for a dot."""
    return {(function, name.replace("__", ".")): (0, top, reason) for name, top in tops.items()}


CONVERSIONS = (
    "to_value_up",
    "to_assets_up",
    "to_assets_down",
    "to_shares_up",
    "to_shares_down",
)

_DEBT = "share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)"
_A_SHARE = "share_math._part_to_assets_up(1, totals.debt, totals.shares)"

BOUNDS: Bounds = {
    **{k: v for f in CONVERSIONS for k, v in bounds(f"share_math._{f}", STORED, total=VALUE_TOP).items()},
    # in `draw` the new debt shares are not stored yet: debt_shares_fit
    **{
        k: v
        for f in CONVERSIONS
        for k, v in bounds(f"share_math._{f}", "debt_shares_fit", total_shares=COUNT_TOP).items()
    },
    **bounds("share_math._part_to_value_down", STORED, total=VALUE_TOP),
    **bounds("share_math._part_to_value_down", "debt_shares_fit", shares=COUNT_TOP, total_shares=COUNT_TOP),
    **bounds("share_math._part_to_assets_up", STORED, total=VALUE_TOP),
    **bounds("share_math._part_to_assets_up", "debt_shares_fit", shares=COUNT_TOP, total_shares=COUNT_TOP),
    # credit lines
    **bounds("credit_lines._draw", PACE, DRAW_BURST=WAD),
    **bounds("credit_lines._draw", "door: the limit covers the debt, and that the amount", amount=2**94),
    **bounds("credit_lines._settle", PACE, DRAW_BURST=WAD),
    **bounds("credit_lines._settle", "door: Pool.settle counts at most 2**94", paid=2**94),
    **bounds("credit_lines._at_once", PACE, DRAW_BURST=WAD),
    ("credit_lines._level", "DRAW_REFILL"): (60, 30 * 86_400, PACE),
    ("credit_lines._draw", "room"): (1, 2**154, "door: what is owed is above 0 and at most the limit"),
    **{
        (f"credit_lines.{function}", name): (0, 2**24 - 1, "result of credit_lines._level[0]")
        for function, name in (
            ("_at_once", "self._level(line)"),
            ("_set_limit", "level"),
            ("_settle", "self._level(line)"),
            ("_packed", "level"),
        )
    },
    # ledger
    **bounds("ledger._utilisation", STORED, total_debt=VALUE_TOP),
    **bounds("ledger._accrued", STORED, t__total_debt=VALUE_TOP, t__total_assets=VALUE_TOP),
    **bounds("ledger._accrued", "result of rates._step[1]", rate=2**86),
    **bounds("ledger._accrued", "door: pool_params._check", RESERVE_FACTOR=WAD // 4),
    **bounds(
        "ledger._store", "door: asserted first", t__total_debt=VALUE_TOP, t__total_debt_shares=COUNT_TOP
    ),
    **bounds(
        "ledger._store",
        "door: LOG_RATE_TOP in rates; 16 bits were read",
        t__log_rate=2**32 - 1,
        t__flags=2**16 - 1,
    ),
    # rates
    **bounds("rates._times_exp", CURVE, base=RATE_LIMIT, x=27 * WAD),
    **bounds("rates._times_exp", "remainder", r=693_147_180_559_945_308),
    **bounds("rates._rate_at_target", CURVE, log_rate=2**32 - 1, LN_RANGE=27 * WAD),
    **bounds("rates.__init__", CURVE, params__speed=SPEED_LIMIT),
    **bounds("rates._step", CURVE, log_rate=2**32 - 1, elapsed=2**32 - 1, LN_RANGE=27 * WAD),
    **bounds("rates._step", CURVE, RISE=99 * WAD, FALL=WAD - 1, STEPS=(SPEED_LIMIT << 32) * WAD),
    **bounds("rates._step", "utilisation_at_most_one", utilisation=WAD),
    **bounds("rates._step", "deviation_at_most_one", deviation=WAD),
    ("rates._step", "CURVE.target_utilisation"): (1, WAD - 1, CURVE),
    ("rates._step", "self._times_exp(CURVE.rate_min, unsafe_mul(middle, LN_RANGE) >> LOG_RATE_BITS)"): (
        *(0, 2**79),
        "result of rates._times_exp[0]",
    ),
    ("rates._to_log", "self._ln_ratio(rate, CURVE.rate_min)"): (
        0,
        27 * WAD,
        "door: rates._ln_ratio starts at 27*WAD",
    ),
    # liquidation
    **bounds("liquidation._quote", STORED, totals__debt=VALUE_TOP, totals__shares=COUNT_TOP),
    **bounds("liquidation._quote", MASKS, collateral=COLLATERAL_TOP, debt_shares=COUNT_TOP),
    **bounds("liquidation._quote", RISK, risk__threshold=WAD - 1, risk__bonus_min=WAD, risk__bonus_max=WAD),
    **bounds(
        "liquidation._quote", RISK, risk__health_for_max_bonus=WAD - 1, risk__target_health=125 * WAD // 100
    ),
    **bounds("liquidation._quote", RISK, risk__shortfall_slope=WAD // 4, risk__liquidation_fee=3 * WAD // 10),
    **bounds(
        "liquidation._quote", "door: below debt*WAD of a basket, checked in slices._slice", weighted=2**155
    ),
    **bounds("liquidation._quote", "debt_fits", debt=DEBT_TOP),
    **bounds("liquidation._quote", "ramp_in_range", bonus=WAD),
    **bounds("liquidation._quote", "fewer_shares_than_all", shares=COUNT_TOP),
    **bounds("liquidation._quote", "extinguished_at_most_debt", quote__extinguished=DEBT_TOP),
    **bounds("liquidation._quote", "paid_at_most_offered", quote__paid=DEBT_TOP),
    **bounds("liquidation._quote", "whole_price_at_most_debt", whole=DEBT_TOP),
    ("liquidation._quote", "price"): (1, MAX, "door: limits._price, Lens._check_price, Lens._can_value"),
    ("liquidation._quote", "drop"): (1, 2**61, "drop_is_positive"),
    # position
    **bounds("position._add_debt", "debt_shares_fit", shares=COUNT_TOP),
    **bounds(
        "position._reduce",
        "door: at most what the position holds",
        collateral=COLLATERAL_TOP,
        shares=COUNT_TOP,
    ),
    **bounds("liquidation._whole_price", "door: collateral*price was checked", value_wad=MAX // 10**18),
    **bounds("liquidation._whole_price", RISK, bonus_min=WAD, bonus_max=WAD, slope=WAD // 4),
    **bounds("liquidation._whole_price", "debt_fits", debt=DEBT_TOP),
    **bounds(
        "liquidation._shortfall",
        "result of liquidation._value_down[0]",
        **{"self._value_down(collateral, price)": MAX // 10**36},
    ),
    **bounds("liquidation._shortfall", RISK, risk__bonus_min=WAD),
    **bounds("liquidation._shortfall", "debt_fits", debt=DEBT_TOP),
    # a position's debt and its provision
    **bounds("debts._rest_of", "debt_fits", **{_DEBT: DEBT_TOP, _A_SHARE: DEBT_TOP}),
    **bounds("book._kept_by_close", "debt_fits", **{"self.provision_of[owner]": DEBT_TOP}),
    **bounds(
        "book._kept_by_close",
        "result of position._debt_shares[0]",
        **{"debt_shares": COUNT_TOP, "position._debt_shares(rest)": COUNT_TOP},
    ),
    **bounds("liquidation._payment_word", "paid_at_most_offered", paid=DEBT_TOP),
    **bounds("liquidation._payment_word", "fee_at_most_paid", fee=DEBT_TOP),
    **bounds("liquidation._payment_word", "health_below_one", health_before=WAD),
    # Pool and Vault
    **bounds("cash._backing", STORED, total_debt=VALUE_TOP),
    **bounds("Pool.settle", STORED, t__total_debt=VALUE_TOP),
    **bounds("Vault.liquidate", "paid_at_most_offered", quote__paid=DEBT_TOP),
    **bounds("Vault.liquidate", "fee_at_most_paid", quote__fee=DEBT_TOP),
    **bounds("Vault.liquidate_batch", "seized_at_most_collateral", quote__seized=COLLATERAL_TOP),
    **bounds("Vault.liquidate_batch", "fewer_shares_than_all", quote__shares=COUNT_TOP),
    **bounds("Vault.liquidate_batch", "paid_at_most_offered", quote__paid=DEBT_TOP),
    **bounds("Vault.liquidate_batch", "fee_at_most_paid", quote__fee=DEBT_TOP),
    **bounds("Vault.liquidate_batch", "door: sums of at most 256 orders", shares=2**136, paid=2**136),
    **bounds("Vault.liquidate_batch", "door: sums of at most 256 orders", fee=2**136, seized=2**136),
    **bounds("vault_views.preview_liquidate_batch", "door: at most 256 orders", i=255),
    **bounds("limits._check_collateralised", "result of liquidation._value_down[0]", value=MAX // 10**36),
    **bounds("limits._check_collateralised", RISK, liquidation__RISK__ltv=WAD),
    **bounds("limits._check_collateralised", "debt_fits", debt=DEBT_TOP),
    **bounds("Vault._log_liquidation", "fewer_shares_than_all", quote__shares=COUNT_TOP),
    **bounds("Vault._log_call", STORED, totals__shares=COUNT_TOP),
    # baskets
    **bounds("basket._amount", EIGHT, leg=7),
    **bounds("basket._unpacked", "door: four words of two legs", j=3),
    **bounds("basket._lanes", "door: four words of two legs", j=3),
    **bounds("basket._with", "result of basket._amount[0]", **{"self._amount(lane, leg)": LANE}),
    **bounds("basket._with", "door: asserted first", amount=LANE),
    **bounds("basket._without", "door: asserted first", amount=LANE),
    **bounds("basket._prices", EIGHT, i=7),
    **bounds("basket._worth", EIGHT, i=7),
    **bounds("basket._worth", "result of basket._value_up[0]", most=LEG_TOP),
    **bounds("basket._worth", "result of basket._value_down[0]", found=LEG_TOP),
    **bounds("basket._worth", LEG_RISK, leg__threshold=WAD - 1),
    **bounds("basket._worth", SUMS, worth__high=8 * LEG_TOP, worth__low=8 * LEG_TOP, worth__part=8 * LEG_TOP),
    **bounds("basket._worth", SUMS, worth__high_weighted=2**200, worth__low_weighted=2**200),
    **bounds("basket._worth", SUMS, worth__part_weighted=2**200),
    **bounds("basket._safe_worth", EIGHT, i=7),
    **bounds("basket._safe_worth", LEG_RISK, ratio=WAD),
    **bounds("basket._safe_worth", "result of basket._value_down[0]", found=LEG_TOP),
    **bounds("basket._safe_worth", SUMS, worth=2**200),
    **bounds("basket._removable", "result of basket._amount[0]", amount=LANE),
    **bounds("basket._removable", "debt_fits", debt=DEBT_TOP),
    **bounds("basket_limits._check_collateralised", "debt_fits", debt=DEBT_TOP),
    **bounds("basket_limits._max_withdraw", "door: basket_limits._check_leg", leg=7),
    **bounds(
        "basket_limits._shortfall",
        "result of position._debt_shares[0]",
        **{"position._debt_shares(word)": COUNT_TOP},
    ),
    **bounds("slices._slice", "debt_fits", debt=DEBT_TOP),
    **bounds("slices._slice", "result of position._debt_shares[0]", debt_shares=COUNT_TOP),
    **bounds("slices._slice", RISK, liquidation__RISK__bonus_min=WAD),
    **bounds("slices._slice", "liquidatable_value_fits", worth__low=2**102),
    **bounds("slices._slice", HANDED, numerator=COUNT_TOP, taken=LANE),
    **bounds("slices._slice", EIGHT, i=7),
    **bounds("slices._slice", "result of basket._value_down[0]", left=LEG_TOP),
    **bounds("slices._slice", LEG_RISK, leg__threshold=WAD - 1),
    **bounds("slices._slice", SUMS, weighted=2**200),
    **bounds("slices._restoring", RISK, risk__bonus_min=WAD, risk__target_health=125 * WAD // 100),
    **bounds("slices._restoring", RISK, risk__liquidation_fee=3 * WAD // 10),
    **bounds("slices._restoring", "debt_fits", debt=DEBT_TOP),
    **bounds("slices._restoring", "liquidatable_value_fits", worth__high=2**102, worth__low=2**102),
    **bounds("slices._restoring", "liquidatable_value_fits", worth__part=2**102),
    **bounds("slices._restoring", WEIGHED, worth__high_weighted=2**155),
    ("slices._restoring", "of_slice"): (1, 2**61, "part_denominator"),
    **bounds("slices._restoring", "paid_at_most_offered", paid=DEBT_TOP),
    **bounds("slices._restoring", "extinguished_at_most_debt", extinguished=DEBT_TOP),
    **bounds("slices._weight_of", "door: WAD and at most bonus_min", with_bonus=2 * WAD),
    **bounds("slices._weight_of", WEIGHED, worth__part_weighted=2**155),
    **bounds("slices._weight_of", "liquidatable_value_fits", worth__part=2**102),
    **bounds("slices._losing", "liquidatable_value_fits", worth__high=2**102, worth__part=2**102),
    **bounds("slices._losing", "whole_price_at_most_debt", whole=DEBT_TOP),
    **bounds("slices._losing", MASKS, debt_shares=COUNT_TOP),
    **bounds("slices._losing", "part_of_a_shortfall", shares=COUNT_TOP),
    **bounds("Basket.liquidate_batch", HANDED, found__shares=COUNT_TOP),
    **bounds("Basket.liquidate_batch", "paid_at_most_offered", found__paid=DEBT_TOP),
    **bounds("Basket.liquidate_batch", "fee_at_most_paid", found__fee=DEBT_TOP),
    **bounds("Basket.liquidate_batch", "door: sums of at most 256 orders", shares=2**136, paid=2**136),
    **bounds("Basket.liquidate_batch", "door: sums of at most 256 orders", fee=2**136),
    ("Basket.liquidate_batch", "seized[leg]"): (0, 2**136, "door: sums of at most 256 orders"),
    ("Basket.liquidate_batch", "seized[leg | 1]"): (0, 2**136, "door: sums of at most 256 orders"),
    **bounds("Basket.liquidate_batch", "door: four words of two legs", j=3),
    **bounds("Basket._enter", "door: basket_limits._check_leg", leg=7),
    **bounds("Basket._open", "door: basket_limits._check_leg", leg=7),
    **bounds("Basket._close", "door: basket_limits._check_leg", leg=7),
    **bounds("Basket._settle", STORED, totals__shares=COUNT_TOP),
    **bounds("Basket._settle", EIGHT, i=7),
    **bounds("Basket._settle", "door: sums of at most 256 orders", paid=2**136, fee=2**136),
    **bounds("Basket._apply", "door: four words of two legs", j=3),
    **bounds("Basket._apply", "result of basket._without_amount[0]", **{"basket._without_amount(lane)": 3}),
}

_QUOTE = "liquidation._quote"
_CEIL_SW = "unsafe_div(unsafe_add(unsafe_mul(with_bonus, weight), unsafe_sub(value_wad, 1)), value_wad)"

_REST = "share_math._part_to_assets_up(unsafe_sub(debt_shares, found.shares), totals.debt, totals.shares)"
_OF_SLICE = (
    "unsafe_div(unsafe_mul(unsafe_add(WAD, risk.bonus_min), worth.high_weighted), "
    "unsafe_mul(worth.high, WAD))"
)

ORDERS: dict[tuple[str, str, str], str] = {
    ("credit_lines._draw", "unsafe_add(line, shares)", "MAX"): "line_draws",
    ("credit_lines._settle", "shares", "line"): "line_settles_and_loses",
    ("credit_lines._lose", "lost << 104", "line"): "line_settles_and_loses",
    (
        "credit_lines._lose",
        "unsafe_add(self.losses[vault], loss)",
        "MAX",
    ): "door: 2**161 losses below 2**95 each",
    ("credit_lines._level", "line >> 222", "block.timestamp"): "clock",
    ("ledger._accrued", "books >> 220", "block.timestamp"): "clock",
    ("ledger._accrued", "reserve_part", "interest"): "reserve_part_fits",
    ("rates._times_exp", "unsafe_mul(k, LN2)", "x"): "remainder",
    # each in its own branch of `rises`
    ("rates._step", "target", "utilisation"): "door: the branch where `rises`",
    ("rates._step", "utilisation", "target"): "door: the branch where not `rises`",
    (_QUOTE, "1", "debt"): "liquidatable_owes, a_share_owes",
    (_QUOTE, "1", "debt_shares"): "liquidatable_owes",
    (_QUOTE, "WAD", "unsafe_div(value_wad, debt)"): "equity_covers_bonus_min",
    (_QUOTE, "risk.bonus_min", "risk.bonus_max"): RISK,
    (_QUOTE, "quote.health_before", "WAD"): "health_below_one",
    (_QUOTE, _CEIL_SW, "risk.target_health"): "drop_is_positive",
    (_QUOTE, "weight", "unsafe_mul(risk.target_health, debt)"): "health_below_one",
    (_QUOTE, "1", "value_wad"): "covered_has_value, liquidatable_owes",
    (
        "liquidation._shortfall",
        "self._whole_price(value_wad, debt, risk.bonus_min, risk.bonus_max, risk.shortfall_slope)",
        "debt",
    ): "whole_price_at_most_debt",
    ("book._kept_by_close", "1", "debt_shares"): "liquidatable_owes",
    ("liquidation._whole_price", "1", "debt"): "liquidatable_owes, a_share_owes",
    ("liquidation._whole_price", "cover", "unsafe_add(WAD, bonus_min)"): "shortfall_bonus_in_range",
    (_QUOTE, "risk.bonus_min", "equity"): "equity_covers_bonus_min",
    (
        _QUOTE,
        "shares",
        "debt_shares",
    ): "fewer_shares_than_all, shortfall_paid_at_most_offered, liquidatable_owes",
    (_QUOTE, "quote.seized", "collateral"): "seized_at_most_collateral, shortfall_collateral_per_share_kept",
    (
        _QUOTE,
        "unsafe_mul(unsafe_sub(collateral, quote.seized), price)",
        "MAX",
    ): "door: collateral*price was checked",
    ("operators.set_operator_by_signature", "unsafe_add(nonce, 1)", "MAX"): "door: one a signature",
    ("share_token.permit", "unsafe_add(nonce, 1)", "MAX"): "door: one a signature",
    ("share_token._transfer", "unsafe_add(self.balanceOf[to], amount)", "MAX"): "balances_fit",
    ("share_token._mint", "unsafe_add(self.balanceOf[to], amount)", "MAX"): "balances_fit",
    ("position._add_collateral", "unsafe_add(word, amount)", "MAX"): "position_grows",
    ("position._add_debt", "unsafe_add(word, shares << 128)", "MAX"): "position_grows",
    ("position._reduce", "collateral | shares << 128", "word"): "position_shrinks",
    ("Pool.settle", "extinguished", "t.total_debt"): "part_at_most_total",
    (
        "Pool.settle",
        "shares",
        "t.total_debt_shares",
    ): "door: credit_lines._settle, and P2: drawn shares are part of the total",
    (
        "Pool._leave",
        "shares",
        "t.total_supply",
    ): "door: share_token._burn, and P1: balances are part of the supply",
    ("Pool._leave", "value", "t.total_assets"): "payout_fits",
    ("Vault.liquidate_batch", "bit << 1", "MAX"): "door: bit 256 is lost after the last order and not used",
    # baskets
    ("basket._with", "unsafe_add(lane, amount << ((leg & 1) << 7))", "MAX"): "lanes_grow",
    ("basket._without", "amount << ((leg & 1) << 7)", "lane"): "lanes_shrink",
    ("basket._value_down", "unsafe_mul(amount, price)", "MAX"): "value_product_fits",
    ("basket._value_up", "unsafe_mul(amount, price)", "MAX"): "value_product_fits",
    (
        "basket._value_up",
        "unsafe_add(unsafe_mul(amount, price), PRICE_SCALE - 1)",
        "MAX",
    ): "value_product_fits",
    ("basket._value_up", "1", "price"): "door: the price is above a lane, looked at first",
    (
        "basket._removable",
        "margin._ceil_div(unsafe_mul(lacking, amount), whole)",
        "amount",
    ): "leg_removed_at_most_all",
    ("slices._slice", "1", "debt"): "liquidatable_owes, a_share_owes",
    (
        "slices._slice",
        "worth.part_weighted",
        "worth.high_weighted",
    ): "door: basket._worth adds parts to the whole",
    (
        "slices._slice",
        "1",
        "denominator",
    ): "door: what is liquidatable owes; _restoring refuses parts of no value",
    ("slices._slice", "taken", "amount"): f"{HANDED}, shortfall_collateral_per_share_kept",
    ("slices._slice", "unsafe_add(found.seized[i >> 1], taken << ((i & 1) << 7))", "MAX"): "lanes_grow",
    ("slices._slice", "1", _REST): "a_share_owes",
    ("slices._restoring", "1", "unsafe_mul(worth.high, WAD)"): "door: at least the part, which is above 0",
    ("slices._restoring", _OF_SLICE, "risk.target_health"): "part_denominator",
    ("slices._restoring", "cost", "risk.target_health"): "part_denominator",
    ("slices._restoring", "1", "debt"): "liquidatable_owes, a_share_owes",
    ("slices._restoring", "worth.high_weighted", "unsafe_mul(risk.target_health, debt)"): "health_below_one",
    ("slices._restoring", "WAD", "unsafe_div(unsafe_mul(worth.low, WAD), debt)"): "equity_covers_bonus_min",
    ("slices._restoring", "risk.bonus_min", "equity"): "equity_covers_bonus_min",
    ("slices._losing", "1", "worth.part"): "door: some shares are at most debt_shares*part // high",
    ("Basket.liquidate_batch", "bit << 1", "MAX"): "door: bit 256 is lost after the last order and not used",
    ("Basket._apply", "found.seized[j]", "left[j]"): "lanes_shrink",
}

FACTS = Facts(BOUNDS, ORDERS)
