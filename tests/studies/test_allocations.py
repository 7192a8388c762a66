"""Allocations that a study declares: what is read, what is refused, what is said."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.leave_out import without_cluster
from precept_stats.studies.stepped_wedge import SteppedWedge

from .trials import ask, made
from .wedges import Given, Wedge, ask_wedge, prepare_wedge

UNITS = ("A", "B", "C", "D", "E", "F")
USED = ("ESP", "SSP", "ESP", "SSP", "ESP", "SSP")
LONG = {"kind": "listed", "table": "schemes"}


def births(units: tuple[str, ...] = UNITS, used: tuple[str, ...] = USED) -> pd.DataFrame:
    """Synthetic rows: three births a unit, with two covariates of units."""
    rows = [
        (unit, arm, (place + born) % 3 == 0, float(place**2), "town" if place < 3 else "country")
        for place, (unit, arm) in enumerate(zip(units, used, strict=True))
        for born in range(3)
    ]
    return pd.DataFrame(rows, columns=["unit", "arm", "y", "deprivation", "area"]).astype({"y": int})


def every() -> list[tuple[str, ...]]:
    """All 20 allocations of three of six units."""
    return [
        tuple("ESP" if place in chosen else "SSP" for place in range(6))
        for chosen in itertools.combinations(range(6), 3)
    ]


def long(allocations: list[tuple[str, ...]], used: tuple[str, ...] = USED) -> pd.DataFrame:
    rows = [
        (number, unit, arm, int(given == used))
        for number, given in enumerate(allocations)
        for unit, arm in zip(UNITS, given, strict=True)
    ]
    return pd.DataFrame(rows, columns=["allocation", "unit", "arm", "chosen"])


def wide(allocations: list[tuple[str, ...]], used: tuple[str, ...] = USED) -> pd.DataFrame:
    frame = pd.DataFrame(allocations, columns=list(UNITS))
    return frame.assign(chosen=[int(given == used) for given in allocations])


def study(allocation: dict[str, object], **fields: object) -> ClusterTrial:
    return ClusterTrial.model_validate({"cluster": "unit", "arm": "arm", "allocation": allocation, **fields})


def with_mirrors(number: int) -> list[tuple[str, ...]]:
    """The allocation used, its mirror, and pairs of others, ``number`` in all."""
    opposite = {"ESP": "SSP", "SSP": "ESP"}
    order = [USED, *(given for given in every() if given != USED)]
    found: list[tuple[str, ...]] = []
    for given in order:
        if given not in found and len(found) < number:
            found += [given, tuple(opposite[arm] for arm in given)]
    return found


def test_long_and_wide_are_the_same_set_whatever_the_order() -> None:
    allocations = with_mirrors(8)
    rng = np.random.default_rng(2)
    shuffled = long(allocations).iloc[rng.permutation(48)]
    by_long = made(births(), study({**LONG, "layout": {"kind": "long", "used": "chosen"}}), schemes=shuffled)
    by_wide = made(
        births(), study({**LONG, "layout": {"kind": "wide", "used": "chosen"}}), schemes=wide(allocations)
    )
    one, other = by_long.design.allocations, by_wide.design.allocations
    expected = {tuple(int(arm == "ESP") for arm in given) for given in allocations}
    for found in (one, other):
        assert {tuple(row) for row in found.codes} == expected
        assert found.phrase == "8 acceptable allocations listed in table schemes"
        assert not found.codes.flags.writeable
    assert not any("mirror" in text for text in by_long.warnings)


def test_arms_may_be_written_otherwise() -> None:
    codes = long(with_mirrors(8)).replace({"arm": {"ESP": 1, "SSP": 0}})
    found = made(births(), study({**LONG, "compare": "1", "reference": "0"}), schemes=codes)
    assert len(found.design.allocations.codes) == 8


FAULTS = {
    "stand more than once": lambda s: pd.concat([s, s[s["allocation"] == 3].assign(allocation=99)]),
    "do not have one row each": lambda s: s.iloc[1:],
    "are not in the listed allocations": lambda s: s[s["unit"] != "F"],
    "not one of the arms": lambda s: s.replace({"arm": {"SSP": "usual"}}),
    "do not mark one as used": lambda s: s.assign(chosen=0),
    "some of its rows only": lambda s: s.assign(chosen=[1, *[0] * (len(s) - 1)]),
    "is not understood": lambda s: s.assign(chosen="perhaps"),
    "is not in their table": lambda s: s.drop(columns="chosen"),
    "no name": lambda s: s.assign(unit=s["unit"].where(s["unit"] != "A")),
}


@pytest.mark.parametrize("problem", FAULTS)
def test_a_set_that_cannot_be_that_of_the_trial_is_refused(problem: str) -> None:
    schemes = FAULTS[problem](long(with_mirrors(8)))
    with pytest.raises(DataError, match=problem):
        made(births(), study({**LONG, "layout": {"kind": "long", "used": "chosen"}}), schemes=schemes)


def test_the_mark_must_be_on_the_allocation_of_the_data() -> None:
    schemes = long(with_mirrors(8), used=with_mirrors(8)[3])
    with pytest.raises(DataError, match="not among those declared") as caught:
        made(births(), study({**LONG, "layout": {"kind": "long", "used": "chosen"}}), schemes=schemes)
    assert "marked as used" in caught.value.where


def test_an_allocation_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(DataError, match="not among those declared") as caught:
        made(births(), study(LONG), schemes=long(with_mirrors(8)[1:]))
    assert "none of 7 allocations is it; the nearest differs in 2 clusters" in caught.value.found


def test_an_absent_table_is_named() -> None:
    with pytest.raises(DataError, match="was not given"):
        made(births(), study(LONG))


def test_missing_mirrors_and_tied_units_are_said() -> None:
    found = made(births(), study(LONG), schemes=long(with_mirrors(8)[:-1]))
    assert "1 of 7 allocations have no mirror image" in found.warnings[0]
    together = [given for given in every() if (given[0] == given[1])] + [USED]
    assert not any("always" in text for text in made(births(), study(LONG), schemes=long(together)).warnings)
    apart = [given for given in every() if given[0] != given[1]]
    (told,) = made(births(), study(LONG), schemes=long(apart)).warnings
    assert told == "always allocated alike or opposite: A and B (different arms)"
    fixed = [given for given in every() if given[0] == "ESP"]
    assert any(
        "in the same arm in every" in text
        for text in made(births(), study(LONG), schemes=long(fixed)).warnings
    )


def test_other_numbers_by_arm_are_left_out_and_said() -> None:
    lopsided = [*with_mirrors(8), ("ESP", "ESP", "ESP", "ESP", "SSP", "SSP")]
    found = made(births(), study(LONG), schemes=long(lopsided))
    assert len(found.design.allocations.codes) == 8
    assert found.design.allocations.phrase == "8 of the 9 acceptable allocations listed in table schemes"
    assert "1 of 9 allocations have other numbers" in found.warnings[-1]


def test_units_without_data_leave_a_conditional_set() -> None:
    """Unit F is not analysed: the allocations that give the other five the same numbers, each as often."""
    frame = births()
    frame.loc[frame["unit"] == "F", "y"] = np.nan
    found = made(frame, study(LONG), schemes=long(every()))
    codes = found.design.allocations.codes
    assert codes.shape == (10, 5)
    assert {tuple(row) for row in codes} == {
        tuple(int(arm == "ESP") for arm in given[:5]) for given in every() if given[:5].count("ESP") == 3
    }
    assert any(
        "1 clusters of the declared allocations are not analysed (F)" in text for text in found.warnings
    )
    gone = made(births()[births()["unit"] != "F"], study(LONG), schemes=long(every()))
    assert np.array_equal(gone.design.allocations.codes, codes)


def test_leaving_a_unit_out_conditions_the_set() -> None:
    design = made(births(), study(LONG), schemes=long(every())).design
    left = without_cluster(design, 5).allocations
    assert left.codes.shape == (10, 5)
    assert left.own.tolist() == [1, 0, 1, 0, 1]


def rule(accept: dict[str, object], *covariates: dict[str, object], **fields: object) -> dict[str, object]:
    chosen = covariates or ({"column": "deprivation"}, {"column": "area"})
    return {"kind": "constrained", "covariates": list(chosen), "accept": accept, **fields}


def slow_scores(frame: pd.DataFrame) -> dict[tuple[str, ...], float]:
    units = frame.groupby("unit").first()
    X = np.column_stack([units["deprivation"], units["area"] == "town"]).astype(float)
    found = {}
    for given in every():
        z = np.array(given) == "ESP"
        gaps = (X[z].mean(axis=0) - X[~z].mean(axis=0)) / X.std(axis=0, ddof=1)
        found[given] = float(np.sum((9 / 6 * gaps) ** 2))
    return found


def test_a_rule_gives_its_set_again() -> None:
    held = slow_scores(births())
    limit = sorted(held.values())[9]
    expected = {given for given, score in held.items() if score <= limit * (1 + 1e-9)}
    used = sorted(expected)[0]
    frame = births(used=used)
    as_codes = {tuple(int(arm == "ESP") for arm in given) for given in expected}
    for accept in ({"kind": "best_share", "share": 0.5}, {"kind": "score_at_most", "limit": limit}):
        found = made(frame, study(rule(accept))).design.allocations
        assert {tuple(row) for row in found.codes} == as_codes
    exactly = made(frame, study(rule({"kind": "best_number", "number": 10}))).design.allocations
    assert len(exactly.codes) == 10
    drawn = {"kind": "drawn", "draws": 5000, "seed": 3}
    some = made(
        frame, study(rule({"kind": "score_at_most", "limit": limit}, candidates=drawn))
    ).design.allocations
    assert {tuple(row) for row in some.codes} == as_codes
    assert some.sampled
    assert "draws from the acceptable allocations" in some.phrase
    assert len(some.codes) == pytest.approx(5000 * len(expected) / 20, rel=0.1)


def test_a_limit_for_each_covariate() -> None:
    accept = {"kind": "each_within_limit"}
    limited = {"column": "deprivation", "limit": 6.0}
    units = births().groupby("unit").first()["deprivation"].to_numpy()
    held = {
        tuple(int(arm == "ESP") for arm in given)
        for given in every()
        if abs(units[np.array(given) == "ESP"].mean() - units[np.array(given) == "SSP"].mean()) <= 6.0
    }
    found = made(births(), study(rule(accept, limited))).design.allocations
    assert {tuple(row) for row in found.codes} == held
    with pytest.raises(DataError, match="does not accept") as caught:
        made(births(), study(rule(accept, limited | {"limit": 1.0})))
    assert "deprivation differs by" in caught.value.found


def test_a_rule_that_the_data_do_not_keep_is_refused() -> None:
    worst = max(slow_scores(births()).items(), key=lambda entry: entry[1])[0]
    frame = births(used=worst)
    for accept in ({"kind": "best_share", "share": 0.1}, {"kind": "best_number", "number": 2}):
        with pytest.raises(DataError, match="does not accept the allocation of the data") as caught:
            made(frame, study(rule(accept)))
        assert "score is" in caught.value.found
    with pytest.raises(DataError, match="the same in all clusters"):
        made(births().assign(deprivation=1.0), study(rule({"kind": "best_share", "share": 0.5})))
    torn = births()
    torn.loc[0, "deprivation"] = 9.0
    with pytest.raises(DataError, match="varies within 1 cluster"):
        made(torn, study(rule({"kind": "best_share", "share": 0.5})))
    holes = births()
    holes.loc[holes["unit"] == "B", "deprivation"] = np.nan
    with pytest.raises(DataError, match="is missing"):
        made(holes, study(rule({"kind": "best_share", "share": 0.5})))
    with pytest.raises(DataError, match=r"baseline .* does not occur"):
        made(
            births(), study(rule({"kind": "best_share", "share": 0.5}, {"column": "area", "baseline": "sea"}))
        )
    with pytest.raises(DataError, match="more allocations are to be accepted"):
        made(births(), study(rule({"kind": "best_number", "number": 21})))
    third = births()
    third.loc[third["unit"] == "F", "arm"] = "other"
    with pytest.raises(DataError, match="of two arms"):
        made(third, study(rule({"kind": "best_share", "share": 0.5})), ask())


def test_an_allocation_cut_off_at_a_tie_is_said_to_be_so() -> None:
    held = slow_scores(births())
    last = sorted(held.values())[8]
    tied = sorted(given for given, score in held.items() if score == pytest.approx(last, rel=1e-9))
    nine = {"kind": "best_number", "number": 9}
    assert len(tied) == 2
    kept, cut = tied
    assert made(births(used=kept), study(rule(nine))).design.allocations.codes.shape == (9, 6)
    with pytest.raises(DataError, match="does not accept") as caught:
        made(births(used=cut), study(rule(nine)))
    assert "is that of the last one accepted, and ties are cut after 9" in caught.value.found
    assert "compare and reference exchanged" in caught.value.found


def test_what_a_rule_must_say() -> None:
    for wrong in (
        rule({"kind": "each_within_limit"}),
        rule({"kind": "best_share", "share": 0.5}, {"column": "deprivation", "limit": 1.0}),
        rule({"kind": "best_number", "number": 5}, candidates={"kind": "drawn", "seed": 1}),
        rule({"kind": "best_share", "share": 0.5}, {"column": "area"}, {"column": "area"}),
    ):
        with pytest.raises(ValueError, match=r"limit|best_number|more than once"):
            study(wrong)


def test_listed_switches_of_a_wedge() -> None:
    wedge = Wedge(clusters=4, periods=3, never=1)
    frame = wedge.frame()
    first = {"S1": "2", "S2": "3", "S3": "2", "S4": "never"}
    other = {"S1": "3", "S2": "2", "S3": "never", "S4": "2"}
    rows = [(m, site, when) for m, given in enumerate((first, other)) for site, when in given.items()]
    schemes = pd.DataFrame(rows, columns=["allocation", "site", "arm"])
    study = SteppedWedge.model_validate(
        {"cluster": "site", "period": "period", "arm": "arm", "allocation": LONG}
    )

    def design(table: pd.DataFrame) -> np.ndarray:
        tables = {"rows": Given("rows", frame), "schemes": Given("schemes", table)}
        return prepare_wedge(study, tables, ask_wedge()).design.allocations.codes

    assert design(schemes).tolist() == [[1, 2, 1, 3], [2, 1, 3, 1]]
    with pytest.raises(DataError, match="that is no period"):
        design(schemes.replace({"arm": {"3": "4"}}))
    with pytest.raises(DataError, match="not among those declared"):
        design(schemes[schemes["allocation"] == 1])
