"""docs/few_clusters.json is what the code gives, its page what the record says, and trials as described."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.calibration.few_cluster_analyses import ANALYSES
from tests.calibration.few_cluster_tables import page
from tests.calibration.few_cluster_trials import Scenario, simulate
from tests.calibration.few_cluster_verdicts import Result, relative_width, results, verdict
from tests.calibration.few_clusters import (
    FIRST,
    SCENARIOS,
    Part,
    drawn,
    first_counts,
    judged,
    stored,
    work,
)
from tests.calibration.tables import DOCS

RECORD = json.loads((DOCS / "few_clusters.json").read_text(encoding="utf-8"))
FOUND = results(RECORD)
QUICK = [analysis for analysis in ANALYSES if not analysis.dear]
SMALL = Scenario(6, unequal=True, icc=0.2, rare=True, effect=False)


def place(scenario: Scenario, variant: str) -> Result | None:
    return next(
        (
            r
            for r in FOUND
            if (r.clusters, r.sizes, r.icc, r.outcome, r.effect, r.variant)
            == (
                scenario.clusters,
                scenario.sizes,
                scenario.icc,
                scenario.outcome,
                scenario.effect,
                variant,
            )
        ),
        None,
    )


def test_every_cell_is_there() -> None:
    found = [tuple(cell["scenario"].values()) for cell in RECORD["cells"]]
    assert found == [(s.clusters, s.sizes, s.icc, s.outcome, s.effect) for s in SCENARIOS]
    for r in FOUND:
        assert r.trials >= 100, r
        assert r.rejected <= r.answered <= r.trials, r


@pytest.mark.parametrize("number", [0, 27, 38, 75])
def test_the_code_still_gives_what_was_recorded(number: int) -> None:
    """The first trials of a cell, by every analysis that takes little time and by one that takes more."""
    scenario = SCENARIOS[number]
    for analysis in [*QUICK, ANALYSES[-1]]:
        values = np.array([judged(analysis, scenario, replicate)[0] for replicate in range(FIRST)])
        for k, variant in enumerate(analysis.variants):
            recorded = place(scenario, variant)
            if recorded is not None:
                counts = (recorded.rejected_of_first, recorded.covered_of_first)
                assert first_counts(values[:, k]) == counts, (variant, scenario.name)


def test_the_page_shows_the_record() -> None:
    assert (DOCS / "few_clusters.md").read_text(encoding="utf-8") == page(RECORD)


@pytest.mark.parametrize("icc", [0.0, 0.05, 0.2])
@pytest.mark.parametrize(("rare", "effect"), [(False, True), (True, False)])
def test_trials_are_drawn_as_the_page_says(icc: float, rare: bool, effect: bool) -> None:
    """Risks, the correlation of two people of a cluster (from their pairs) and sizes, in a large trial."""
    scenario = Scenario(20_000, unequal=True, icc=icc, rare=rare, effect=effect)
    design = simulate(scenario, np.random.default_rng(1))
    people, events = design.cluster_size, design.cluster_total
    for arm, risk in enumerate(scenario.risks):
        n, y = people[design.arm == arm], events[design.arm == arm]
        assert np.mean(y / n) == pytest.approx(risk, abs=0.01)
        both = np.mean(y * (y - 1) / (n * (n - 1)))
        assert (both - np.mean(y / n) ** 2) / (risk * (1 - risk)) == pytest.approx(icc, abs=0.015)
    assert scenario.truth["risk_difference"] == scenario.risks[1] - scenario.risks[0]
    assert people.min() == 3
    assert people.mean() == pytest.approx(30, abs=0.5)
    assert people.std() / people.mean() == pytest.approx(0.9, abs=0.02)
    assert np.corrcoef(people, events / people)[0, 1] == pytest.approx(0, abs=0.03)


def test_a_trial_is_its_number() -> None:
    """The same again, another for another number, and the same whatever other cells there are."""
    one, again, other = drawn(SMALL, 3), drawn(SMALL, 3), drawn(SMALL, 4)
    assert np.array_equal(one.y, again.y)
    assert np.array_equal(one.size, again.size)
    assert not np.array_equal(one.size, other.size)
    assert len({scenario.address for scenario in SCENARIOS}) == len(SCENARIOS)


def test_a_stopped_study_goes_on(tmp_path: Path) -> None:
    """What is there is kept, what is lacking is added, and refusals are counted with their reasons."""
    part = Part(SMALL, 0, 3, tmp_path)
    assert work(part, dear=False)
    before = part.done()
    lacking = QUICK[0].name
    part.keep({name: held for name, held in before.items() if lacking not in name})
    assert work(part, dear=False).endswith("1 analyses")
    after = part.done()
    assert after.keys() == before.keys()
    for name, held in before.items():
        assert np.array_equal(held, after[name], equal_nan=held.dtype.kind == "f"), name
    assert work(part, dear=False) == ""
    (held,) = stored(SMALL, tmp_path)
    refused = np.isnan(held[lacking][:, 0, 0])
    assert np.array_equal(refused, held[f"why {lacking}"] != "")


def test_a_gap_ends_what_is_recorded(tmp_path: Path) -> None:
    for start in (0, 4):
        Part(SMALL, start, start + 2, tmp_path).keep({})
    assert len(stored(SMALL, tmp_path)) == 1


def test_verdicts_follow_their_rule() -> None:
    """With 1,000 trials three Monte Carlo standard errors are 2.07 points, with 300 they are 3.77."""
    base = replace(FOUND[0], trials=1000, answered=1000, rejected=50, effect=False)

    def word(rejected: int, answered: int = 1000) -> str:
        return verdict([base, replace(base, rejected=rejected, answered=answered)])

    assert [word(29), word(30), word(70), word(71)] == ["cautious", "keeps", "keeps", "too often"]
    assert word(45, answered=899) == "unanswered"
    assert word(45, answered=900) == "keeps"
    assert verdict([]) == ""
    few = replace(base, trials=300, answered=300, rejected=26)
    assert verdict([few]) == "open"
    assert verdict([replace(few, rejected=21)]) == "keeps"
    assert verdict([replace(few, rejected=27)]) == "too often"


def test_widths_are_beside_those_of_unweighted_summaries() -> None:
    assert relative_width(FOUND, ANALYSES[0].name, 20) == 1.0


def test_z_with_a_plain_sandwich_rejects_too_often_and_a_t_test_of_cluster_means_does_not() -> None:
    """What every source on the page agrees on."""
    plain = [r for r in FOUND if "normal" in r.variant and not r.effect and r.outcome == "common"]
    assert all(r.too_often for r in plain if r.clusters <= 12)
    means = [r for r in FOUND if r.variant == ANALYSES[0].name and not r.effect]
    assert not any(r.too_often for r in means)
