"""Every rule fires on a plan with its one fault, points at it, and is silent on a plan without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from precept_stats.data.shipped import shipped
from precept_stats.methods import ClusterRegression
from precept_stats.plan.lint import lint
from precept_stats.plan.reader import read_plan
from precept_stats.plan.rules import RULES
from precept_stats.plan.rules.reading import READING_RULES
from precept_stats.plan.rules.wording import LOOKALIKES, UNDECIDED

from .plans import Document, both, change, findings_of, good, read, spoilt

PRIMARY, CRUDE = "analyses.primary", "analyses.crude"
OTHER_ESTIMAND = good()["estimands"]["effect"] | {"target": "participant_average"}
SEEN = change("prespecification.data_state", "results_seen")
TWO_PRIMARIES = change(f"{CRUDE}.purpose", "primary")


def _matched(document: Document) -> None:
    study = document["analyses"]["primary"]["study"]
    study |= {"strata": [], "pairs": "stratum", "incomplete_pairs": "drop"}


def _circle(document: Document) -> None:
    document["analyses"]["primary"]["based_on"] = "crude"


def _many_large(document: Document) -> None:
    document["analyses"]["primary"]["study"]["characteristics"] = ["sex"] * 5000
    for number in range(60):
        document["analyses"][f"copy-{number}"] = {"based_on": "primary"}


def _driven_windows(document: Document) -> None:
    document["analyses"]["crude"] |= {
        "reason": "data_driven",
        "study": {"periods": {"follow_up": {"from": 6, "to": 17}}},
    }


LIKENESS: Document = {
    "estimand": "effect",
    "study": {"kind": "cluster_trial", "cluster": "unit", "arm": "arm"},
}


def _correlation(**fields: object) -> Callable[[Document], object]:
    """A plan with a correlation of these fields, without a seed where ``seed`` is None."""

    def fault(document: Document) -> None:
        if "seed" in fields:
            document.pop("seed", None)
        stated = {name: value for name, value in fields.items() if name != "seed"}
        document["correlations"] = {"likeness": {**LIKENESS, **stated}}

    return fault


ELEMENTS = {"kind": "opportunity_weighted", "elements": ["uptake", "steroids"], "missing": "of_known"}
BUNDLE = {"type": "binary", "direction": "higher_better", "composite": ELEMENTS}


def _opportunities_in_a_mixed_model(document: Document) -> None:
    document["outcomes"]["steroids"] = document["outcomes"]["uptake"] | {"column": "antenatal_steroids"}
    document["outcomes"]["bundle"] = BUNDLE
    document["estimands"]["bundle"] = OTHER_ESTIMAND | {"outcome": "bundle"}
    document["analyses"]["crude"] |= {"estimand": "bundle", "method": {"kind": "linear_mixed"}}


# rule -> (how the plan is spoilt, where the finding points)
FAULTS: dict[str, tuple[Callable[[Document], object], str]] = {
    "PL-0003": (change(f"{PRIMARY}.purpos", "primary"), "/analyses/primary/purpos"),
    "PL-0004": (lambda d: d["estimands"]["effect"].pop("target"), "/estimands/effect/target"),
    "PL-0005": (change("seed", "12"), "/seed"),
    "PL-0006": (change("estimands.effect.summary", "risk_diference"), "/estimands/effect/summary"),
    "PL-0007": (change(f"{PRIMARY}.study.pairs", "stratum"), "/analyses/primary/study"),
    "PL-0008": (change(f"{CRUDE}.based_on", "primery"), "/analyses/crude/based_on"),
    "PL-0009": (_circle, "/analyses/primary/based_on"),
    "PL-0010": (_many_large, "/analyses/copy-38"),
    "PL-0011": (change("title", "safe\u202e"), "/title"),
    "PL-0101": (change(f"{PRIMARY}.estimand", "efect"), "/analyses/primary/estimand"),
    "PL-0102": (change("estimands.effect.population", "all"), "/estimands/effect/population"),
    "PL-0103": (change("estimands.effect.outcome", "uptak"), "/estimands/effect/outcome"),
    "PL-0104": (change("populations.eligible.join.0.table", "unit"), "/populations/eligible/join/0/table"),
    "PL-0105": (change(f"{PRIMARY}.on_failure.0.use", "crud"), "/analyses/primary/on_failure/0/use"),
    "PL-0106": (change("multiplicity.family", ["primary", "second"]), "/multiplicity/family/1"),
    "PL-0107": (change("multiplicity.family", ["primary", "primary"]), "/multiplicity/family"),
    "PL-0110": (
        change("multiplicity.procedure", {"kind": "graphical", "weights": {"primary": 0.5, "crude": 0.5}}),
        "/multiplicity/procedure/weights/crude",
    ),
    "PL-0108": (
        change(f"{CRUDE}.on_failure", [{"if": "not_estimable", "use": "primary"}]),
        "/analyses/primary/on_failure/0/use",
    ),
    "PL-0109": (
        change(f"{PRIMARY}.on_failure", [{"if": "not_estimable", "use": "crude"}] * 2),
        "/analyses/primary/on_failure",
    ),
    "PL-0111": (change("data.others", {"schema": "units"}), "/data/others"),
    "PL-0112": (change("populations.others", {"of": "births"}), "/populations/others"),
    "PL-0113": (change("outcomes.again", good()["outcomes"]["uptake"]), "/outcomes/again"),
    "PL-0114": (change("estimands.again", OTHER_ESTIMAND), "/estimands/again"),
    "PL-0115": (
        change("outcomes.bundle", BUNDLE | {"composite": ELEMENTS | {"elements": ["uptake", "cafeine"]}}),
        "/outcomes/bundle/composite/elements/1",
    ),
    "PL-0121": (change(f"{PRIMARY}.purpose", "secondary"), "/analyses"),
    "PL-0122": (TWO_PRIMARIES, "/multiplicity/family"),
    "PL-0123": (change("multiplicity.family", []), "/multiplicity/family"),
    "PL-0124": (
        both(TWO_PRIMARIES, change("multiplicity.family", ["primary", "crude"])),
        "/multiplicity/procedure",
    ),
    "PL-0125": (change(f"{PRIMARY}.on_failure", []), "/analyses/primary"),
    "PL-0126": (
        both(change("estimands.again", OTHER_ESTIMAND), change(f"{CRUDE}.estimand", "again")),
        "/analyses/primary/on_failure/0/use",
    ),
    "PL-0127": (change(f"{PRIMARY}.reason", "data_driven"), "/analyses/primary/reason"),
    "PL-0128": (change(f"{CRUDE}.purpose", "exploratory"), "/analyses/primary"),
    "PL-0129": (
        both(change("estimands.again", OTHER_ESTIMAND), change(f"{CRUDE}.estimand", "again")),
        "/analyses/crude/estimand",
    ),
    "PL-0130": (SEEN, "/analyses/primary/purpose"),
    "PL-0131": (SEEN, "/analyses/primary/reason"),
    "PL-0133": (
        change(
            "multiplicity", {"family": ["primary", "crude"], "procedure": {"kind": "holm"}, "level": 0.95}
        ),
        "/multiplicity",
    ),
    "PL-0142": (change("estimands.effect.summary", "odds_ratio"), "/analyses/primary/method"),
    "PL-0143": (change(f"{CRUDE}.method.weights", {"kind": "size"}), "/analyses/crude/method"),
    "PL-0144": (change("estimands.effect.summary", "mean_difference"), "/estimands/effect/summary"),
    "PL-0145": (change(f"{PRIMARY}.study.adjust", ["mgso4"]), "/analyses/primary/study/adjust/0"),
    "PL-0146": (change(f"{PRIMARY}.study.adjust", ["stratum"]), "/analyses/primary/study"),
    "PL-0147": (change(f"{PRIMARY}.study.arm", "unit"), "/analyses/primary/study/arm"),
    "PL-0148": (
        change(f"{PRIMARY}.study.periods.baseline.to", 2),
        "/analyses/primary/study/periods/baseline",
    ),
    "PL-0149": (_driven_windows, "/analyses/crude/study/periods"),
    "PL-0150": (_matched, "/analyses/primary/study/incomplete_pairs"),
    "PL-0151": (
        change(
            "estimands.effect.intercurrent_events",
            [
                {"event": "unit_left", "strategy": "treatment_policy"},
                {"event": "transfer", "strategy": "hypothetical", "level": "individual"},
            ],
        ),
        "/estimands/effect/intercurrent_events/1/strategy",
    ),
    "PL-0152": (
        change("populations.eligible.where", [{"column": "mgso4", "not_equals": "unknown"}]),
        "/populations/eligible/where/0/column",
    ),
    "PL-0153": (change(f"{PRIMARY}.study.weights", "birth_weight_z"), "/analyses/primary/study/weights"),
    "PL-0154": (change("design", "stepped_wedge"), "/design"),
    "PL-0155": (_opportunities_in_a_mixed_model, "/analyses/crude/method"),
    "PL-0156": (change("estimands.effect.target", "participant_average"), "/estimands/effect"),
    "PL-0161": (change("summary", "TBD by the statistician"), "/summary"),
    "PL-0162": (change("title", " "), "/title"),
    "PL-0163": (change(f"{CRUDE}.label", "Regression"), "/analyses/crude/label"),
    "PL-0171": (change("data.births.file", "../births.csv"), "/data/births/file"),
    "PL-0172": (
        change("data.births", {"schema": "births", "file": "b.csv", "folder": "PRECEPT_DATA"}),
        "/data/births",
    ),
    "PL-0173": (change("disclosure.policy", "none"), "/disclosure/policy"),
    "PL-0174": (change("outcomes.uptake.column", "mgso"), "/outcomes/uptake/column"),
    "PL-0176": (change("data.births.schema", "birth"), "/data/births/schema"),
    "PL-0177": (change("data.births.schema_sha256", "0" * 64), "/data/births/schema_sha256"),
    "PL-0181": (_correlation(estimand="efect"), "/correlations/likeness/estimand"),
    "PL-0182": (lambda d: d.update(correlations={"primary": LIKENESS}), "/correlations/primary"),
    "PL-0183": (
        _correlation(study={**LIKENESS["study"], "adjust": ["gestation_weeks"]}),
        "/correlations/likeness",
    ),
    "PL-0184": (
        _correlation(estimators=[{"kind": "mak"}], seed=None),
        "/correlations/likeness/estimators",
    ),
}
LISTED = {"kind": "listed", "table": "schemes"}
FAULTS |= {
    "PL-0190": (change(f"{PRIMARY}.study.allocation", LISTED), "/analyses/primary/study/allocation/table"),
    "PL-0191": (
        change(f"{PRIMARY}.study.allocation", LISTED | {"table": "units"}),
        "/analyses/primary/study/allocation/layout/allocation",
    ),
}
IMPUTED = change(f"{CRUDE}.missing_outcomes", {"kind": "multiple_imputation"})
SEEDED = change("seed", 1)
FAULTS |= {
    "PL-0201": (
        both(IMPUTED, SEEDED, change(f"{CRUDE}.method", {"kind": "randomisation_test"})),
        "/analyses/crude/missing_outcomes",
    ),
    "PL-0202": (IMPUTED, "/analyses/crude/missing_outcomes"),
    "PL-0203": (
        both(IMPUTED, SEEDED, change(f"{CRUDE}.influence", "leave_one_cluster_out")),
        "/analyses/crude/influence",
    ),
    "PL-0204": (
        change(f"{CRUDE}.study.auxiliary", ["gestation_weeks"]),
        "/analyses/crude/study/auxiliary",
    ),
    "PL-0205": (
        both(IMPUTED, SEEDED, change(f"{CRUDE}.study.auxiliary", ["mgso4"])),
        "/analyses/crude/study/auxiliary/0",
    ),
}
FAULTS |= {
    "PL-0211": (change(f"{PRIMARY}.study.subgroup", "level"), "/analyses/primary/purpose"),
    "PL-0212": (change(f"{CRUDE}.study.subgroup", "mgso4"), "/analyses/crude/study/subgroup"),
    "PL-0213": (change(f"{PRIMARY}.study.subgroup", "level"), "/analyses/primary"),
}
LEAVING_OUT = {"kind": "bayesian_hierarchical", "validation": {"kind": "leave_one_cluster_out"}}
FLAT = {
    "kind": "bayesian_hierarchical",
    "priors": {"kind": "weakly_informative", "clusters": {"kind": "half_normal", "scale": 10}},
}
AGAINST_PRIMARY = both(SEEDED, change(f"{CRUDE}.compared_with", "primary"))
FAULTS |= {
    "PL-0241": (
        both(SEEDED, change(f"{CRUDE}.compared_with", "primry")),
        "/analyses/crude/compared_with",
    ),
    "PL-0242": (AGAINST_PRIMARY, "/analyses/crude/compared_with"),
    "PL-0243": (
        both(
            AGAINST_PRIMARY,
            change(f"{CRUDE}.method", LEAVING_OUT),
            change(f"{PRIMARY}.method", LEAVING_OUT),
            change(f"{CRUDE}.study.cluster", "region"),
        ),
        "/analyses/crude/compared_with",
    ),
    "PL-0244": (both(SEEDED, change(f"{CRUDE}.method", FLAT)), "/analyses/crude/method/priors/clusters"),
}
# shown by tests of their own, below or in test_reading.py
ELSEWHERE = {"PL-0001", "PL-0002", "PL-0132", "PL-0141", "PL-0175"}
ELSEWHERE |= {f"PL-022{number}" for number in range(1, 7)}  # test_disparities.py
ELSEWHERE |= {f"PL-023{number}" for number in range(1, 9)}  # test_over_time.py
SEVERITIES = {rule.id: rule.severity for rule in RULES} | {name: "error" for name, _ in READING_RULES}


def test_the_good_plan_has_no_finding() -> None:
    assert findings_of(good()) == ()


def test_every_rule_has_a_fault_that_shows_it() -> None:
    assert set(FAULTS) | ELSEWHERE == set(SEVERITIES)


def test_ids_are_unique_and_in_order() -> None:
    ids = [name for name, _ in READING_RULES] + [rule.id for rule in RULES]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("rule", sorted(FAULTS))
def test_a_rule_fires_on_its_fault_and_points_at_it(rule: str) -> None:
    fault, pointer = FAULTS[rule]
    found = [finding for finding in findings_of(spoilt(fault)) if finding.id == rule]
    assert pointer in [finding.pointer for finding in found]
    assert {finding.severity for finding in found} == {SEVERITIES[rule]}
    assert all(finding.file == "plan.yaml" and finding.line > 0 and finding.column > 0 for finding in found)


def test_one_analysis_that_targets_an_estimand_is_enough() -> None:
    robust = change(f"{CRUDE}.method", {"kind": "model_robust"})
    document = spoilt(both(change("estimands.effect.target", "participant_average"), robust))
    assert "PL-0156" not in {finding.id for finding in findings_of(document)}


def test_a_claim_that_is_inherited_is_told_once() -> None:
    found = [one.pointer for one in findings_of(spoilt(SEEN)) if one.id == "PL-0131"]
    assert found == ["/analyses/primary/reason"]


def test_treatment_policy_is_what_is_computed() -> None:
    stated = [{"event": "unit_left", "strategy": "treatment_policy"}]
    assert findings_of(spoilt(change("estimands.effect.intercurrent_events", stated))) == ()


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u2028", "\U000e0041", "\u202e", "\x7f"]
)
def test_what_cannot_be_seen_is_refused_wherever_it_hides(hidden: str) -> None:
    for place in ("title", f"analyses.pri{hidden}mary", "estimands.effect.compare"):
        document = good()
        change(place, f"ES{hidden}P")(document)
        assert "PL-0011" in [finding.id for finding in findings_of(document)]


@pytest.mark.parametrize(
    "words", ["todo", "TBA", "XXXX", "a margin to be agreed with the funder", "mothers???", "Fixme: reason"]
)
def test_what_is_undecided_is_told_once_where_it_is_written(words: str) -> None:
    (finding,) = findings_of(spoilt(change(f"{PRIMARY}.label", words)))
    assert (finding.id, finding.pointer) == ("PL-0161", "/analyses/primary/label")
    document = good()
    document["analyses"]["tbd"] = {**document["analyses"]["crude"], "label": "Another"}
    (finding,) = (finding for finding in findings_of(document) if finding.id == "PL-0161")
    assert finding.pointer == "/analyses/tbd"


@pytest.mark.parametrize("words", ["Todorov", "to be determinedly kind", "why?", "XX"])
def test_words_that_are_like_undecided_ones_are_let_be(words: str) -> None:
    assert findings_of(spoilt(change(f"{PRIMARY}.label", words))) == ()


def test_a_no_break_space_can_be_seen() -> None:
    assert findings_of(spoilt(change("title", "Effect at 30\u00a0weeks, Orl\u00e9ans \u2014 \u4e2d"))) == ()


@pytest.mark.parametrize(("level", "allowed"), [(0.5, False), (0.51, True), (0.999, True), (0.9991, False)])
def test_confidence_levels_are_those_that_can_be_printed(level: float, allowed: bool) -> None:
    ids = [finding.id for finding in findings_of(spoilt(change("multiplicity.level", level)))]
    assert ids == ([] if allowed else ["PL-0006"])


def test_a_method_for_another_kind_of_study_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClusterRegression, "accepts", ())
    (finding,) = (finding for finding in findings_of(good()) if finding.id == "PL-0141")
    assert finding.pointer == "/analyses/primary/method"
    assert finding.severity == "error"


def test_a_method_that_draws_without_a_seed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClusterRegression, "needs_seed", True)
    assert findings_of(spoilt(change("seed", 0))) == ()
    (finding,) = (finding for finding in findings_of(good()) if finding.id == "PL-0132")
    assert finding.pointer == "/analyses/primary/method"
    assert finding.severity == "error"


def test_a_column_that_open_schemas_do_not_have_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "data_schemas"
    folder.mkdir()
    for name in ("births", "units"):
        text = (shipped("data_schemas") / f"{name}.yaml").read_text(encoding="utf-8")
        opened = re.sub(r"(?m)^fieldsMatch: .*$", "fieldsMatch: subset", text)
        (folder / f"{name}.yaml").write_text(opened, encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text(json.dumps(spoilt(change("outcomes.uptake.column", "mgso"))), encoding="utf-8")
    (finding,) = read_plan(plan).findings
    assert (finding.id, finding.severity) == ("PL-0175", "warning")
    assert finding.pointer == "/outcomes/uptake/column"
    assert finding.allowed.startswith("mgso4 (did you mean that?)")


def test_lint_gives_what_reading_kept() -> None:
    loaded = read(spoilt(SEEN))
    assert lint(loaded) == loaded.findings


@pytest.mark.parametrize("path", sorted(shipped("analysis_plans").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_plans_have_no_errors_and_enough_analyses(path: Path) -> None:
    loaded = read_plan(path)
    purposes = [analysis.purpose for analysis in loaded.plan.analyses.values()]
    if loaded.plan.of_areas:
        assert not purposes
        assert loaded.plan.disparities
    else:
        assert purposes.count("primary") == 1
        assert purposes.count("sensitivity") >= 3 or (loaded.plan.over_time and len(purposes) >= 3)
    assert {finding.id for finding in loaded.findings} <= {
        "PL-0130",
        "PL-0143",
        "PL-0150",
        "PL-0156",
        "PL-0173",
        "PL-0235",
    }


@pytest.mark.parametrize(
    "words",
    [
        "TBD", "T.B.D.", "tbc", "TBD_", "ТBD", "to be specified", "to be finalised", "to-be-determined",
        "to  be  decided", "not yet decided", "pending decision", "<placeholder>", "what???",
    ],
)  # fmt: skip
def test_words_that_leave_something_open_are_known_however_they_are_written(words: str) -> None:
    assert UNDECIDED.search(f"The visit is {words} by the team.".translate(LOOKALIKES)), words


@pytest.mark.parametrize(
    "words", ["decided to be kind", "stubs", "a bad thing", "it was decided", "tab delimited", "Tbilisi"]
)
def test_words_that_only_look_so_are_not(words: str) -> None:
    assert not UNDECIDED.search(words.translate(LOOKALIKES)), words
