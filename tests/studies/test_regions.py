"""Tables into areas over periods: what is computed, and what is refused with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.data.selection import Condition, Population
from precept_stats.errors import DataError, PlanError
from precept_stats.studies.question import Outcome
from precept_stats.studies.region_design import AreaQuestion, PreparedRegions
from precept_stats.studies.region_tables import prepare_regions
from precept_stats.studies.regions import Regions

COUNTS = Outcome(column="events", denominator="births", type="binary", direction="lower_better")
RATES = Outcome(column="events", denominator="births", type="count", direction="lower_better")
GIVEN = Outcome(column="rate", type="continuous", direction="higher_better")


@dataclass(frozen=True)
class Source:
    """A table without a schema."""

    name: str
    frame: pd.DataFrame
    schema: None = None


def table(**changed: Any) -> pd.DataFrame:
    """Three areas in two years."""
    columns: dict[str, Any] = {
        "area": ["N", "S", "W"] * 2,
        "year": ["2021"] * 3 + ["2022"] * 3,
        "events": [10, 30, 12, 16, 24, 20],
        "births": [100, 200, 300, 110, 190, 310],
    }
    return pd.DataFrame(columns | changed)


def study(**fields: Any) -> Regions:
    return Regions.model_validate({"area": "area", "period": "year", "scale": "per_cent"} | fields)


def prepared(frame: pd.DataFrame, asked: Regions | None = None, outcome: Outcome = COUNTS) -> PreparedRegions:
    question = AreaQuestion(Population(of="areas"), outcome)
    return prepare_regions(asked or study(), {"areas": Source("areas", frame)}, question)


def test_shares_their_errors_and_weights() -> None:
    design = prepared(table()).design
    assert (design.areas, design.periods) == (("N", "S", "W"), ("2021", "2022"))
    assert design.y[0] == pytest.approx([10.0, 15.0, 4.0])
    assert design.std_error[0] == pytest.approx(100 * np.sqrt([0.09 / 100, 0.1275 / 200, 0.04 * 0.96 / 300]))
    assert design.share[0] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert (design.bounds, design.unit, design.sign) == ((0.0, 100.0), "per cent", -1.0)
    assert not design.y.flags.writeable


def test_the_order_of_rows_changes_nothing() -> None:
    frame = table()
    other = prepared(frame.sample(frac=1.0, random_state=4)).design
    assert np.array_equal(other.y, prepared(frame).design.y)


def test_rates_are_poisson_and_have_no_upper_bound() -> None:
    design = prepared(table(), study(scale="per_1000"), RATES).design
    assert design.y[0, 2] == pytest.approx(40.0)
    assert design.std_error[0, 2] == pytest.approx(1000 * np.sqrt(12) / 300)
    assert design.bounds == (0.0, np.inf)


def test_people_are_counted_by_area() -> None:
    people = pd.DataFrame({"area": ["N"] * 4 + ["S"] * 5, "events": [1, 0, 0, 1, 1, 0, 0, 0, None]})
    outcome = Outcome(column="events", type="binary", direction="higher_better")
    found = prepared(people, study(period=None, scale="proportion"), outcome)
    assert found.design.y[0] == pytest.approx([0.5, 0.25])
    assert found.design.size[0] == pytest.approx([4, 4])
    assert found.warnings == ("1 rows without an outcome are in no estimate",)


def test_estimates_with_standard_errors() -> None:
    frame = table(rate=[10.0, 15, 4, 14, 13, 6], error=[3.0, 2, 1, 3, 2, 1])
    design = prepared(frame, study(std_error="error", people="births"), GIVEN).design
    assert design.std_error[1] == pytest.approx([3, 2, 1])
    assert design.share[0] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert np.isnan(design.events).all()
    equal = prepared(frame, study(std_error="error", weights="equal"), GIVEN).design
    assert equal.share[0] == pytest.approx([1 / 3] * 3)


def test_rounding_adds_the_variance_of_a_uniform_error() -> None:
    plain, rounded = prepared(table()).design, prepared(table(), study(rounded_to=5)).design
    added = rounded.std_error**2 - plain.std_error**2
    share = plain.y / 100
    assert added == pytest.approx(100**2 * 25 / 12 * (1 + share**2) / plain.size**2)
    assert rounded.rounding == pytest.approx(added)


def test_counts_that_are_not_rounded_as_declared_are_said() -> None:
    found = prepared(table(), study(rounded_to=5)).warnings
    assert any("3 of 12 counts are no multiples of 5" in text for text in found)
    even = table(events=[10, 30, 15, 15, 25, 20])
    assert not any("multiples" in text for text in prepared(even, study(rounded_to=5)).warnings)
    rates = prepared(even.assign(births=even.births + 0.5), study(rounded_to=5, scale="per_1000"), RATES)
    assert not any("multiples" in text for text in rates.warnings)


def test_standard_errors_that_no_scale_so_narrow_can_have() -> None:
    frame = table(rate=[0.10, 0.15, 0.04, 0.14, 0.13, 0.06], error=[3.0, 0.02, 0.01, 0.03, 0.02, 0.01])
    with pytest.raises(DataError, match="larger than their scale") as refused:
        prepared(frame, study(std_error="error", weights="equal", scale="proportion"), GIVEN)
    assert "0.5" in str(refused.value)


def test_rounding_variance_is_that_of_simulated_rounding() -> None:
    generator = np.random.default_rng(8)
    events, births = generator.uniform(400, 600, 20_000), generator.uniform(1000, 1010, 20_000)
    off = (5 * np.round(events / 5)) / (5 * np.round(births / 5)) - events / births
    share = events / births
    told = np.sqrt(np.mean(25 / 12 * (1 + share**2) / births**2))
    assert np.std(off) == pytest.approx(told, rel=0.02)


def test_no_events_have_the_error_of_half_an_event_and_it_is_said() -> None:
    frame = table(events=[0, 200, 12, 16, 24, 20])
    found = prepared(frame)
    half = 0.5 / 100
    assert found.design.y[0, 0] == 0.0
    assert found.design.std_error[0, 0] == pytest.approx(100 * np.sqrt(half * (1 - half) / 100))
    assert found.design.std_error[0, 1] == pytest.approx(100 * np.sqrt(0.5 / 200 * 199.5 / 200 / 200))
    assert any("half an event" in text for text in found.warnings)
    with pytest.raises(DataError, match="seem to have no error"):
        prepared(frame, study(zero_counts="error"))


def test_an_area_that_is_not_in_every_period() -> None:
    frame = table().drop(index=4)
    with pytest.raises(DataError, match="not in every period") as refused:
        prepared(frame)
    assert "S not in 2022" in refused.value.found
    found = prepared(frame, study(incomplete="drop"))
    assert (found.design.areas, found.dropped) == (("N", "W"), ("S",))
    assert any("left out" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("frame", "fields", "said"),
    [
        (table(area=["N", "N", "W"] * 2), {}, "more than one row"),
        (table(), {"period": None}, "more than one row"),
        (table(area=["N"] * 6).iloc[[0, 3]], {}, "fewer than two areas"),
        (table(area=["N", None, "W"] * 2), {}, "where, or when"),
        (table(births=[100, -200, 300, 110, 190, 310]), {}, "above 0|0 or less|positive|below"),
        (table(births=[100, 0, 300, 110, 190, 310]), {}, "above 0|0 or less|positive|below"),
        (table(events=[101, 30, 12, 16, 24, 20]), {}, "more events than"),
        (table(), {"reference": {"kind": "named", "area": "n"}}, "reference area is not among"),
        (table(rank=[1, 1, 1, 1, 2, 3]), {"rank": "rank"}, "same rank"),
        (table(), {"rank": "deprivation"}, "not in the data"),
        (table(people=[1, 2, 3, 0, 5, 6]), {"people": "people"}, "above 0"),
    ],
)
def test_what_is_refused(frame: pd.DataFrame, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        prepared(frame, study(**fields))


def test_a_scale_is_declared_and_never_guessed() -> None:
    frame = table(rate=[0.10, 0.15, 0.04, 0.14, 0.13, 0.06], error=[0.01] * 6)
    asked = {"std_error": "error", "weights": "equal"}
    assert prepared(frame, study(**asked, scale="proportion"), GIVEN).warnings == ()
    (told,) = prepared(frame, study(**asked), GIVEN).warnings
    assert "is the `scale` a proportion?" in told
    with pytest.raises(DataError, match="outside of what their scale"):
        prepared(
            table(rate=[10.0, 15, 4, 14, 13, 6], error=[1.0] * 6), study(**asked, scale="proportion"), GIVEN
        )


def test_ranks_are_one_an_area() -> None:
    people = pd.DataFrame({"area": ["N", "N", "S"], "rank": [1, 2, 3], "events": [0, 1, 1]})
    outcome = Outcome(column="events", type="binary", direction="higher_better")
    with pytest.raises(DataError, match="more than one rank"):
        prepared(people, study(period=None, rank="rank", scale="proportion"), outcome)


def test_the_outcome_fits_the_study() -> None:
    with pytest.raises(PlanError, match="do not fit together"):
        prepared(table(), outcome=GIVEN)
    with pytest.raises(PlanError, match="do not fit together"):
        prepared(table(error=[1.0] * 6), study(std_error="error", weights="equal"))
    with pytest.raises(PlanError, match="has a scale"):
        prepared(table(), study(scale="own"))


def test_conditions_of_the_population() -> None:
    where = (Condition.model_validate({"column": "area", "not_in": ["W"]}),)
    question = AreaQuestion(Population(of="areas", where=where), COUNTS)
    found = prepare_regions(study(), {"areas": Source("areas", table())}, question)
    assert found.design.areas == ("N", "S")


@pytest.mark.parametrize(
    "fields",
    [
        {"std_error": "error", "rounded_to": 5, "people": "births"},
        {"std_error": "error"},
        {"reference": {"kind": "highest_rank"}},
        {"rank": "area"},
        {"scale": "percent"},
        {"rounded_to": 0},
    ],
)
def test_studies_that_contradict_themselves(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        study(**fields)
