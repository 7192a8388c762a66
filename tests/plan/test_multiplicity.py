"""Families in a plan: what is accepted, what is refused and how it is said."""

from __future__ import annotations

import pytest

from precept_stats.plan.explain import explain

from .plans import change, findings_of, read, spoilt

GRAPH = {
    "kind": "graphical",
    "weights": {"primary": 1, "second": 0, "third": 0},
    "transitions": {"primary": {"second": 0.5, "third": 0.5}, "second": {"third": 1}},
}


def three(procedure: object, **more: object) -> dict[str, object]:
    """The plan with three analyses in its confirmatory family."""
    document = spoilt(change("multiplicity", {"family": ["primary", "second", "third"], "level": 0.9} | more))
    document["multiplicity"]["procedure"] = procedure
    for name in ("second", "third"):
        document["analyses"][name] = {"based_on": "primary", "label": name, "purpose": "secondary"}
    return document


def test_a_plan_without_a_procedure_is_what_it_was() -> None:
    plan = read(spoilt(change("multiplicity", {"family": ["primary"]}))).plan
    assert plan.multiplicity.procedure == "none"
    assert plan.multiplicity.controlled() == {}


@pytest.mark.parametrize("kind", ["bonferroni", "holm", "hochberg", "fixed_sequence"])
def test_alpha_is_what_the_level_leaves_unless_it_is_given(kind: str) -> None:
    for given, alpha in (({}, 0.1), ({"alpha": 0.025}, 0.025)):
        multiplicity = read(three({"kind": kind, **given})).plan.multiplicity
        (family,) = multiplicity.controlled().values()
        assert family.alpha(multiplicity.level) == alpha
        assert family.members == ("primary", "second", "third")


def test_only_bonferroni_has_simultaneous_intervals() -> None:
    levels = {
        kind: read(three({"kind": kind})).plan.multiplicity.simultaneous_level("second")
        for kind in ("bonferroni", "holm", "hochberg", "fixed_sequence")
    }
    assert levels.pop("bonferroni") == ("confirmatory", pytest.approx(1 - 0.1 / 3))
    assert set(levels.values()) == {None}


def test_further_families_stand_beside_the_confirmatory_one() -> None:
    document = three("none")
    document["multiplicity"] |= {
        "family": ["primary"],
        "families": {"others": {"members": ["second", "third"], "procedure": {"kind": "holm"}}},
    }
    loaded = read(document)
    assert list(loaded.plan.multiplicity.controlled()) == ["others"]
    assert "Family        others: second, third; Holm (1979), alpha 0.1." in explain(loaded)


def test_a_graph_is_told_in_words() -> None:
    said = explain(read(three(GRAPH)))
    assert "weights: primary 1, second 0, third 0" in said
    assert "handed on: primary -> second 0.5, primary -> third 0.5, second -> third 1" in said


WRONG = [
    ({"weights": {"primary": 0.7, "second": 0.7, "third": 0}}, "PL-0007", "the weights add to 1.4"),
    ({"transitions": {"primary": {"primary": 0.5}}}, "PL-0007", "primary hands weight on to itself"),
    (
        {"transitions": {"primary": {"second": 0.7, "third": 0.7}}},
        "PL-0007",
        "the transitions of primary add to 1.4",
    ),
    ({"weights": {"primary": 1.5, "second": 0, "third": 0}}, "PL-0006", "not allowed"),
    ({"weights": {"primary": 1, "secnd": 0, "third": 0}}, "PL-0110", "no such member of this family"),
    ({"transitions": {"primary": {"thrd": 1}}}, "PL-0110", "no such member of this family"),
    ({"weights": {"primary": 1}}, "PL-0110", "members without a weight"),
]


@pytest.mark.parametrize(("changed", "rule", "said"), WRONG)
def test_a_graph_that_is_none_is_refused(changed: dict[str, object], rule: str, said: str) -> None:
    findings = findings_of(three(GRAPH | changed))
    assert [finding for finding in findings if finding.id == rule and said in finding.message]
    assert all(finding.pointer.startswith("/multiplicity/procedure") for finding in findings)


def test_the_near_member_is_named() -> None:
    findings = findings_of(three(GRAPH | {"transitions": {"primary": {"thrd": 1}}}))
    assert findings[0].allowed.startswith("third (did you mean that?)")


@pytest.mark.parametrize("wrong", ["holm", 3, ["holm"]])
def test_a_procedure_that_is_no_block_is_refused_in_one_finding(wrong: object) -> None:
    (finding,) = findings_of(three(wrong))
    assert (finding.id, finding.pointer) == ("PL-0006", "/multiplicity/procedure")
    assert "bonferroni, fixed_sequence, graphical, hochberg, holm" in finding.allowed


def test_unknown_kinds_and_fields_name_the_near_one() -> None:
    (finding,) = findings_of(three({"kind": "holms"}))
    assert finding.allowed.startswith("holm (did you mean that?)")
    (finding,) = findings_of(three({"kind": "holm", "alfa": 0.05}))
    assert (finding.id, finding.pointer) == ("PL-0003", "/multiplicity/procedure/alfa")
    assert finding.allowed.startswith("alpha (did you mean that?)")


def test_an_analysis_is_in_one_family() -> None:
    twice = {"again": {"members": ["second"], "procedure": {"kind": "holm"}}}
    (finding,) = findings_of(three({"kind": "holm"}, families=twice))
    assert (finding.id, finding.pointer) == ("PL-0107", "/multiplicity/families/again/members")


def test_the_name_of_the_confirmatory_family_is_taken() -> None:
    twice = {"confirmatory": {"members": ["crude"], "procedure": {"kind": "holm"}}}
    assert "PL-0007" in [finding.id for finding in findings_of(three("none", families=twice))]
