"""The recorded study of disparity: the docs show it, the code gives it, and what is claimed of it holds."""

from __future__ import annotations

import json
from itertools import product

import pytest

from tests.calibration.disparity_coverage import LATER, SETS, of_indices
from tests.calibration.disparity_tables import cell, coverage, margin, page
from tests.calibration.disparity_worlds import PLACES, SPREADS, WORLDS
from tests.calibration.tables import DOCS

RECORD = json.loads((DOCS / "disparity_calibration.json").read_text(encoding="utf-8"))
PLACED = [(world, spread) for world, *_ in PLACES for spread in SPREADS[world]]
DIFFER = [(world, spread) for world, spread in PLACED if spread > 0.0]


def test_the_page_is_that_of_the_record() -> None:
    assert (DOCS / "disparity_calibration.md").read_text(encoding="utf-8") == page(RECORD)
    assert RECORD["sets"] == SETS
    assert {(c["world"], c["spread"]) for c in RECORD["cells"]} == {(w.name, w.spread) for w in WORLDS}


@pytest.mark.parametrize("world", [WORLDS[1], WORLDS[5]], ids=lambda one: one.name)
def test_the_code_still_gives_what_was_recorded(world: object) -> None:
    for name, how, value, *_ in of_indices(world, 0):  # type: ignore[arg-type]
        recorded = cell(RECORD, world.name, world.spread, (name, how))["first"]  # type: ignore[attr-defined]
        assert value == pytest.approx(recorded, rel=1e-6), (name, how)


@pytest.mark.parametrize(("world", "spread"), PLACED)
def test_the_corrected_variance_is_unbiased_and_its_interval_holds(world: str, spread: float) -> None:
    found = cell(RECORD, world, spread, ("bgv_corrected", "inversion"))
    error = found["sd"] / RECORD["sets"][world] ** 0.5
    assert abs(found["mean"] - found["truth"]) < 4.0 * error
    share = coverage(found)
    assert share is not None
    assert share > 95.0 - 2.0 * margin(RECORD, world)


@pytest.mark.parametrize(("world", "spread"), PLACED)
def test_the_raw_variance_is_too_large_and_percentiles_have_the_noise_twice(
    world: str, spread: float
) -> None:
    raw = cell(RECORD, world, spread, ("bgv", "delta"))
    fair = cell(RECORD, world, spread, ("bgv_corrected", "inversion"))
    assert raw["mean"] > fair["mean"]
    if spread == 0.0:
        assert coverage(cell(RECORD, world, spread, ("bgv", "percentile bootstrap"))) == 0.0


@pytest.mark.parametrize(("world", "spread"), DIFFER)
def test_the_posterior_of_areas_holds(world: str, spread: float) -> None:
    share = coverage(cell(RECORD, world, spread, ("areas", "posterior")))
    assert share is not None
    assert share > 91.0


@pytest.mark.parametrize(("placed", "later"), list(product(PLACED, LATER)))
def test_the_change_and_its_parts_hold(placed: tuple[str, float], later: str) -> None:
    for part in ("total", "from_mean", "from_spread"):
        share = coverage(cell(RECORD, *placed, (f"{part}, {later}", "delta")))
        assert share is not None
        assert share > 95.0 - 2.5 * margin(RECORD, placed[0]), part
