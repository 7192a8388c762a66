"""One sentence for each sensitivity analysis: what it does otherwise than the primary one."""

from __future__ import annotations

import pytest

from precept_stats.report.disclosure import release
from precept_stats.report.material import Material
from precept_stats.report.sections.sensitivity import difference_from_primary
from precept_stats.report.story import story

from .builder import PLAN, plan, results

MORE = """\
  adjusted: {based_on: primary, purpose: sensitivity, study: {adjust: [age_group, size]}}
  less: {based_on: adjusted, purpose: sensitivity, study: {adjust: [size]}}
  strata: {based_on: primary, purpose: sensitivity, study: {strata: [region]}}
  pairs: {based_on: primary, purpose: sensitivity, study: {pairs: pair, incomplete_pairs: drop}}
  mixed: {based_on: adjusted, purpose: sensitivity, method: {kind: linear_mixed}}
  other: {based_on: primary, purpose: sensitivity, estimand: ratio}
  participants: {based_on: primary, purpose: sensitivity, estimand: people, method: {weights: {kind: size}}}
  shifted: {based_on: primary, purpose: sensitivity,
            missing_outcomes: {kind: multiple_imputation, delta: {compare: -100}}}
  same: {based_on: primary, purpose: sensitivity, influence: leave_one_cluster_out}
multiplicity"""
PEOPLE = """\
  people: {population: everyone, outcome: well, compare: new, reference: old, summary: risk_difference,
           effect: marginal, target: participant_average, intercurrent_events: []}
analyses:"""


@pytest.fixture(scope="module")
def material() -> Material:
    text = PLAN.replace("analyses:", PEOPLE, 1).replace("multiplicity", MORE, 1)
    text = text.replace("disclosure:", "seed: 3\ndisclosure:")
    made = results()
    return Material(plan(text=text), release(made.rows, "none"), made.provenance)


@pytest.mark.parametrize(
    ("analysis", "sentence"),
    [
        (
            "weighted",
            "Weights: size (a cluster counts as much as its denominator: every participant counts "
            "the same) in place of equal.",
        ),
        ("adjusted", "Adjusted for age group and size."),
        ("less", "Adjusted for size."),
        ("strata", "Stratified by region."),
        ("pairs", "Matched in pairs by pair."),
        (
            "mixed",
            "Analysed by mixed linear probability model, random intercept by cluster, REML, in place of "
            "unpaired t-test on cluster risks; adjusted for age group and size.",
        ),
        (
            "shifted",
            "Missing outcomes are handled by multiple imputation (20 imputations from a model for each arm), "
            "shifted by 0 in the reference arm and \u2212100 in the compared arm (on the log odds scale), in "
            "place of leaving out rows without an outcome.",
        ),
        ("other", "The measure is the risk ratio in place of the risk difference."),
        (
            "participants",
            "Averaged over participants (every participant counts the same); weights: size (a "
            "cluster counts as much as its denominator: every participant counts the same) in "
            "place of equal.",
        ),
        ("same", "Nothing that changes a number."),
    ],
)
def test_the_sentence_tells_the_difference_from_the_primary_analysis(
    material: Material, analysis: str, sentence: str
) -> None:
    assert difference_from_primary(material, analysis) == sentence


def test_each_stands_with_its_estimate_interval_and_p() -> None:
    table = story(plan(), results()).table("sensitivity")
    assert [column.label for column in table.columns] == [
        "Analysis",
        "What differs",
        "Estimate (95% CI)",
        "p",
    ]
    cells = {row.cells[0]: row.cells for row in table.rows}
    assert list(cells) == ["Main analysis", "Weighted", "Broken"]
    assert table.rows[0].kind == "strong"
    assert cells["Main analysis"][1:] == (
        "Unpaired t-test on cluster risks. The others are told apart from this.",
        "3.1 (\u22121.9 to 9.1)",
        "0.032",
    )
    assert cells["Weighted"][2:] == ("4.6 (\u22120.4 to 10.6)", "0.032")
    assert cells["Broken"][2:] == ("not estimable: every cluster of arm old is <empty>", "\u2013")


def test_a_plan_without_sensitivity_analyses_has_no_such_table() -> None:
    text = PLAN.replace("purpose: sensitivity", "purpose: exploratory")
    assert all(table.id != "sensitivity" for table in story(plan(text=text), results()).tables)
