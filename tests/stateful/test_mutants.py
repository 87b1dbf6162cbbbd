"""The campaign can fail: each of these mistakes, made on purpose in a copy of the sources, is found by it.

A mistake is an exact text that stands once in a file, and what stands there instead; when the source changes
under it, the test says so. A machine makes those of `make mutation`, these are from the history of lending.
"""

import multiprocessing
import os
from typing import NamedTuple

import pytest

from plimsoll.chain.artifacts import artifact, standing_in
from plimsoll.chain.engine import CallReverted
from plimsoll.testing.engines import in_process
from quality.compiling import ROOT, build, contracts_with
from quality.judging import play
from quality.recompiling import prepare, rebuild
from tests.stateful.world import BORROWER, CURATOR, DEPLOYER, LENDER, Lockstep

STEPS = 6_000
BASKET, SLICES, LEGS = "contracts/Basket.vy", "contracts/modules/slices.vy", "contracts/modules/basket.vy"

pytestmark = pytest.mark.skipif(
    "FUZZ_STEPS" not in os.environ, reason="compiles a contract for each mistake; make fuzz does"
)


class Mistake(NamedTuple):
    file: str
    right: str
    wrong: str


MISTAKES = {
    "a borrower's health is not checked": Mistake(
        "contracts/modules/limits.vy", "    self._check_collateralised(collateral, debt)\n", "    pass\n"
    ),
    "a debt is rounded down": Mistake(
        "contracts/Pool.vy",
        "share_math._to_shares_up(amount, t.total_debt, t.total_debt_shares)",
        "share_math._to_shares_down(amount, t.total_debt, t.total_debt_shares)",
    ),
    "no interest accrues": Mistake(
        "contracts/modules/ledger.vy",
        "elapsed: uint256 = unsafe_sub(block.timestamp, books >> 220) & CLOCK_TOP",
        "elapsed: uint256 = 0",
    ),
    "the fee is taken of the whole, not of the bonus": Mistake(
        "contracts/modules/liquidation.vy",
        "unsafe_div(unsafe_mul(risk.liquidation_fee, bonus), WAD), unsafe_sub",
        "risk.liquidation_fee, unsafe_sub",
    ),
    "the bonus may exceed the borrower's equity": Mistake(
        "contracts/modules/liquidation.vy", "        bonus = min(bonus, equity)\n", ""
    ),
    "lenders lose before the backstop": Mistake(
        "contracts/modules/waterfall.vy",
        "        borne = min(shortfall, worth)\n",
        "        borne = min(worth, shortfall - min(shortfall, t.total_assets // units.FRACTION - worth))\n",
    ),
    "a vault can be entered while it opens a position": Mistake(
        "contracts/Vault.vy", "@external\ndef open(", "@external\n@reentrant\ndef open("
    ),
    "a vault can be entered while it liquidates": Mistake(
        "contracts/Vault.vy", "@external\ndef liquidate(", "@external\n@reentrant\ndef liquidate("
    ),
    "a line refills after a loss": Mistake(
        "contracts/modules/credit_lines.vy", "unsafe_sub(line, lost << 104)", "line"
    ),
    "a loss is what the vault says it is": Mistake(
        "contracts/Pool.vy",
        "cash._backing(balance, t.total_debt)\n    received",
        "t.total_assets - (extinguished - min(extinguished, counted * units.FRACTION))\n    received",
    ),
    "a debt may be of any size": Mistake(
        "contracts/modules/limits.vy",
        '    assert debt >= liquidation.RISK.min_debt, "vault: below the minimum debt"\n',
        "",
    ),
    "a pause stops exits": Mistake(
        "contracts/Pool.vy",
        "    share_token._burn(owner, shares)\n",
        '    assert not gates._is_paused(t.flags), "pool: paused"\n    share_token._burn(owner, shares)\n',
    ),
    "a queued change needs no waiting": Mistake(
        "contracts/Council.vy", '    assert block.timestamp >= change.ready, "council: too early"\n', ""
    ),
    "an operator may do anything": Mistake(
        "contracts/modules/operators.vy",
        "self.rights_of[owner][msg.sender] & right != 0",
        "self.rights_of[owner][msg.sender] != 0",
    ),
    "who asks to leave the backstop may leave at once": Mistake(
        "contracts/periphery/Backstop.vy",
        "matures: uint256 = block.timestamp + COOLDOWN",
        "matures: uint256 = block.timestamp",
    ),
    "who waits to leave the backstop bears no loss": Mistake(
        "contracts/periphery/Backstop.vy",
        "self._ceil_div(rest * books.escrow.assets, books.stake.assets + books.escrow.assets)",
        "rest - min(rest, books.stake.assets)",
    ),
    "a liquidation may yield less than the caller asked for": Mistake(
        "contracts/periphery/Liquidator.vy",
        '        assert profit >= self.min_profit, "liquidator: profit too small"\n',
        "",
    ),
    "what a sale yields beyond the repayment stays": Mistake(
        "contracts/periphery/Leverage.vy",
        "    tokens._send(loan, msg.sender, self.rest)\n    self._end(vault, min_health, signed)\n",
        "    self._end(vault, min_health, signed)\n",
    ),
    "what is sold or repaid may be pulled again": Mistake(
        "contracts/modules/tokens.vy",
        "IERC20(token).approve(spender, amount, default",
        "IERC20(token).approve(spender, max_value(uint256), default",
    ),
    "anybody is an operator": Mistake(
        "contracts/modules/operators.vy",
        '        assert self.rights_of[owner][msg.sender] & right != 0, "vault: not authorised"\n',
        "        pass\n",
    ),
    "a vault is charged with whatever is short when it settles": Mistake(
        "contracts/modules/waterfall.vy",
        "    if loss > 0:\n        credit_lines._lose(vault, loss)\n",
        "    if vault != empty(address):\n        credit_lines._lose(vault, max(loss, shortfall))\n",
    ),
    "a witness may raise the basis": Mistake(
        "contracts/Council.vy",
        "assets: uint256 = min(self.queued.assets, staticcall POOL.totalAssets())",
        "assets: uint256 = staticcall POOL.totalAssets()",
    ),
    "a refused payout uses up the announcement": Mistake(
        "contracts/Council.vy", '    assert amount > 0, "council: nothing to pay out"\n', ""
    ),
    "a level refills from the beginning of time": Mistake(
        "contracts/modules/credit_lines.vy",
        "return (level << 198) | ((block.timestamp & CLOCK_TOP) << 222)",
        "return level << 198",
    ),
    "who leaves the backstop is paid what the books say": Mistake(
        "contracts/periphery/Backstop.vy",
        "    assets: uint256 = self._to_assets_down(shares, self._net(books))\n",
        "    assets: uint256 = self._to_assets_down(shares, books.escrow)\n",
    ),
    "a provision falls with the price alone": Mistake(
        "contracts/modules/limits.vy",
        "return min(noted, liquidation._shortfall(",
        "return min(found, liquidation._shortfall(",
    ),
    "any haircut is taken without consent": Mistake(
        "contracts/modules/waterfall.vy", "return exit_price * 1_000 >= price * 999", "return price > 0"
    ),
    "what is provided for is paid out": Mistake(
        "contracts/modules/waterfall.vy",
        "kept: uint256 = target + self.provisions * units.FRACTION",
        "kept: uint256 = target",
    ),
    "a leg is withdrawn without a look at health": Mistake(
        BASKET, "            basket_limits._check_collateralised(rest, lanes, totals, 0)\n", ""
    ),
    "who may borrow may withdraw a leg": Mistake(
        BASKET, "operators._authorise(owner, operators.RIGHT_WITHDRAW)", "operators._authorise(owner, 3)"
    ),
    "a liquidation writes one lane": Mistake(
        BASKET,
        "            basket.amounts[owner][j] = lane\n",
        "            basket.amounts[owner][0] = lane\n",
    ),
    "a liquidator's least amounts do not count": Mistake(
        BASKET,
        '        assert i >= len(min_seized) or seized[i] >= min_seized[i], "basket: too little of a leg"\n',
        "",
    ),
    "a basket can be entered while it liquidates": Mistake(
        BASKET, "@external\ndef liquidate(", "@external\n@reentrant\ndef liquidate("
    ),
    "a basket does not report what a poke finds": Mistake(
        BASKET, "    payments._report_provisions()\n    return shortfall\n", "    return shortfall\n"
    ),
    "a slice is rounded up": Mistake(
        SLICES,
        "taken: uint256 = unsafe_div(unsafe_mul(amount, numerator), denominator)",
        "taken: uint256 = min(amount, unsafe_div(unsafe_mul(amount, numerator), denominator) + 1)",
    ),
    "a basket of unknown value is closed": Mistake(
        SLICES, "elif worth.low == worth.high:", "elif worth.low <= worth.high:"
    ),
    "the smallest bonus is the same whatever is left out": Mistake(
        SLICES,
        "        unsafe_div(unsafe_mul(risk.bonus_min, unsafe_sub(risk.target_health, cost)), of_slice),\n",
        "        risk.bonus_min,\n",
    ),
    "leaving legs out may lower health": Mistake(
        SLICES, "if bonus == 0 or cost > unsafe_div(worth.low_weighted, debt):", "if bonus == 0:"
    ),
    "some legs pay for all of a shortfall": Mistake(
        SLICES, "shares = unsafe_div(unsafe_mul(debt_shares, worth.part), worth.high)", "shares = debt_shares"
    ),
    "a silent leg is worth nothing": Mistake(
        LEGS, "most: uint256 = self._value_up(amount, leg.ceiling)", "most: uint256 = 0"
    ),
    "lending believes any safe price": Mistake(
        LEGS,
        'min(self._answer(leg.oracle, method_id("safe_price()")), leg.ceiling)',
        'self._answer(leg.oracle, method_id("safe_price()"))',
    ),
    "a leg that is gone stays in the mask": Mistake(
        BASKET, "            rest &= ~(basket._without_amount(lane) << (j << 1))\n", ""
    ),
    "dust of a new leg is taken": Mistake(
        "contracts/modules/basket_limits.vy",
        '    assert worth * ENTRY_DIVISOR >= liquidation.RISK.min_debt, "basket: too little of a new leg"\n',
        "",
    ),
    "a basket's provision falls with the price alone": Mistake(
        "contracts/modules/basket_limits.vy",
        "return min(noted, self._shortfall(",
        "return min(found, self._shortfall(",
    ),
}
NO_ARRIVAL = Mistake(
    "contracts/modules/payments.vy",
    '    assert balance == before + amount or amount == 0, "vault: payment did not arrive"\n',
    "",
)


def make(mistake: Mistake) -> dict:
    """The contracts with the mistake in them, by name."""
    return {name: build(name, mistake.file, text_with(mistake)) for name in contracts_with(mistake.file)}


def text_with(mistake: Mistake) -> str:
    source = (ROOT / mistake.file).read_text()
    assert source.count(mistake.right) == 1, f"{mistake.file} has changed; adapt {mistake.right!r}"
    return source.replace(mistake.right, mistake.wrong)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_the_campaign_finds(mistake: Mistake) -> None:
    """T1 and the invariants are able to fail."""
    with standing_in(make(mistake)), pytest.raises((AssertionError, CallReverted)):
        play(STEPS)


@pytest.fixture(scope="module")
def prepared() -> None:
    prepare()


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_what_is_compiled_quickly_is_the_same(mistake: Mistake) -> None:
    """`make mutation` judges the compiler's code."""
    with multiprocessing.get_context("fork").Pool(1) as process:
        for name, made in make(mistake).items():
            assert process.apply(rebuild, (name, mistake.file, text_with(mistake))) == made


def repay_with_a_fee(artifacts: dict) -> None:
    """A loan asset that begins to keep a part of what is moved."""
    with standing_in(artifacts | {"PlainToken": artifact("FeeToken")}):
        world = Lockstep(in_process())
        vault, debt = world.chain["first_vault"], 10**10
        world.act("council", "set_limit", vault.address, 10 * debt, sender=CURATOR)
        world.act("council", "open_pool", sender=CURATOR)
        world.act("pool", "deposit", 10 * debt, LENDER, sender=LENDER)
        world.act("first_vault", "open", 10**19, debt, BORROWER, BORROWER, sender=BORROWER)
        world.chain["loan"].send("set_fee", 100, sender=DEPLOYER)
        vault.send("repay", debt // 10, BORROWER, sender=BORROWER)


def test_a_payment_that_does_not_arrive_is_found() -> None:
    """What only a token with a vice shows: the vault sees that the pool got what was paid."""
    with pytest.raises(CallReverted, match="vault: payment did not arrive"):
        repay_with_a_fee({})
    repay_with_a_fee(make(NO_ARRIVAL))


def test_the_right_code_passes() -> None:
    """Nothing is wrong with how the mistakes are played."""
    with standing_in({name: build(name) for name in ("Pool", "Vault", "Basket", "Council")}):
        assert play(STEPS // 4) > 0
