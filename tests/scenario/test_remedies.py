"""What would have helped: changes that a scenario allows."""

from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.scenario.remedies import remedies
from tests.utils.laboratory import BASKET, SHIPPED, TINY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path / "tiny.yaml"


def said(found) -> list[str]:
    return [remedy.said.split(" ")[0] for remedy, _ in found]


def test_the_first_three_that_there_are_are_tried(file) -> None:
    (awake, first), (safer, second), (dearer, third) = remedies(file, ())
    assert awake.settings == ("liquidators.0.outages=[]", "liquidators.1.latency=0")
    assert not any(each.outages or each.latency for each in first.liquidators)
    assert second.vaults[0].ltv == Decimal("0.72")
    assert safer.settings[1] == "borrowers.0.health={min: 1.1528, max: 1.6}"  # 0.83 / 0.72
    assert dearer.settings == ("vaults.0.bonus_max=0.1204",)  # 0.93 / 0.83 - 1
    assert third.vaults[0].bonus_max == Decimal("0.1204")
    assert third.liquidators[0].outages


def test_settings_of_the_command_are_kept(file) -> None:
    settings = ("liquidators.0.outages=[]", "liquidators.1.latency=0", "vaults.0.oracle.delay=2")
    found = remedies(file, settings)
    assert said(found) == ["feeds", "an", "a"]
    assert found[0][1].vaults[0].oracle.delay == 0
    assert all(not scenario.liquidators[0].outages for _, scenario in found)


def test_a_bonus_rises_by_half_where_there_is_room(file) -> None:
    """And not at all where there is none."""
    settings = [remedy.settings for remedy, _ in remedies(file, ("vaults.0.bonus_max=0.04",))]
    assert ("vaults.0.bonus_max=0.0600",) in settings
    assert said(remedies(file, ("vaults.0.bonus_max=0.1204",))) == ["liquidators", "an", "DEXs"]


def test_what_is_refused_is_left_away(file) -> None:
    """A DEX twice as deep would hold more than any may."""
    alone = ("liquidators=[]", "vaults.0.bonus_max=0.1204", "vaults.0.dex.depth=600_000_000_000")
    assert said(remedies(file, alone)) == ["an", "a"]


def test_loans_by_ltv_keep_to_the_lower_one(file) -> None:
    ltv = "borrowers=[{count: 4, total_debt: 40_000, ltv: {min: 0.5, max: 0.8}}]"
    found = {remedy.said: scenario for remedy, scenario in remedies(file, (ltv,))}
    (group,) = found["an LTV a tenth lower, with loans that keep to it"].borrowers
    assert (float(group.ltv.min), float(group.ltv.max)) == pytest.approx((0.5, 0.72))


def test_legs_of_a_basket_are_changed_in_their_place(tmp_path) -> None:
    (tmp_path / "basket.yaml").write_text(BASKET)
    found = remedies(tmp_path / "basket.yaml", ("vaults.0.legs.1.oracle.delay=3",))
    assert found[0][0].settings == ("vaults.0.legs.1.oracle.delay=0",)
    assert said(found) == ["feeds", "a", "DEXs"]
    assert found[2][0].settings[1] == "vaults.0.legs.1.dex.depth=6000000"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_has_something_to_try(path) -> None:
    assert remedies(path, ())
