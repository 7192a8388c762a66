"""Reading: what is refused and where it is said to be, what `based_on` means, what a digest holds."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.errors import PlanError
from precept_stats.methods import PlannedMethod
from precept_stats.plan.document import Plan
from precept_stats.plan.findings import Finding, InvalidPlanError
from precept_stats.plan.json_schema import plan_json_schema
from precept_stats.plan.reader import read_plan, read_plan_text

from .plans import change, findings_of, good, read, spoilt
from .regenerate import DOCUMENT, SCHEMA, document_with_table, plan_json_schema_text
from .test_rules import SEVERITIES

SHIPPED = sorted(shipped("analysis_plans").glob("*.yaml"))


def errors_of(text: str) -> tuple[Finding, ...]:
    with pytest.raises(InvalidPlanError) as caught:
        read_plan_text(text, "plan.yaml")
    return caught.value.findings


# --- where and what


def test_positions_are_those_of_the_file() -> None:
    text = (shipped("analysis_plans") / "esp_vs_ssp.yaml").read_text(encoding="utf-8")
    wrong = text.replace("direction: higher_better", "directon: higher_better")
    line = 1 + wrong.splitlines().index("    directon: higher_better")
    unknown, missing = sorted(errors_of(wrong), key=lambda finding: finding.id)
    assert (unknown.id, unknown.line, unknown.column) == ("PL-0003", line, 5)
    assert unknown.allowed.startswith("direction (did you mean that?)")
    assert (missing.id, missing.pointer) == ("PL-0004", "/outcomes/uptake/direction")
    outcome_line = 1 + wrong.splitlines().index("  uptake:")
    assert (missing.line, missing.column) == (outcome_line, 3)
    assert str(unknown).startswith(
        f"plan.yaml:{line}:5 PL-0003 error /outcomes/uptake/directon: unknown field"
    )


def test_all_errors_are_listed_at_once_one_a_line() -> None:
    document = spoilt(change("titel", "twice"))
    document["estimands"]["effect"]["summary"] = "odds"
    document["analyses"]["crude"]["based_on"] = "nothing"
    with pytest.raises(InvalidPlanError) as caught:
        read(document)
    head, *lines = str(caught.value).splitlines()
    assert {finding.id for finding in caught.value.findings} >= {"PL-0003", "PL-0006", "PL-0008"}
    assert head == f"plan.yaml: the plan has {len(lines)} errors"
    assert lines == [str(finding) for finding in caught.value.findings]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("place", "value", "near"),
    [
        ("prespecification.data_stat", "x", "data_state"),
        ("analyses.primary.study.strat", [], "strata"),
        ("analyses.primary.study.periods.baseline.too", 1, "to"),
        ("analyses.primary.method.variances", {}, "variance"),
        ("analyses.primary.method.variance", {"kind": "cr2", "workin": "x"}, "working"),
        ("analyses.crude.basd_on", "primary", "based_on"),
        ("populations.eligible.where.0.belo", 1, "below"),
        ("analyses.primary.method.kind", "cluster_regresion", "cluster_regression"),
        ("estimands.effect.target", "cluster_averag", "cluster_average"),
    ],
)
def test_the_nearest_allowed_word_is_named(place: str, value: object, near: str) -> None:
    said = [finding.allowed for finding in findings_of(spoilt(change(place, value)))]
    assert any(allowed.startswith(f"{near} (did you mean that?)") for allowed in said)


def test_python_names_of_fields_are_not_a_second_spelling() -> None:
    document = good()
    source = document["data"]["births"]
    source["schema_id"] = source.pop("schema")
    assert {"PL-0003", "PL-0004"} <= {finding.id for finding in findings_of(document)}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("seed", "1"),
        ("seed", 1.5),
        ("seed", True),
        ("estimands.effect.compare", 1),
        ("multiplicity.level", "0.9"),
    ],
)
def test_types_are_not_guessed(place: str, value: object) -> None:
    (finding,) = findings_of(spoilt(change(place, value)))
    assert finding.id == "PL-0005"
    assert finding.found == json.dumps(value)


def test_a_missing_kind_lists_the_kinds() -> None:
    (finding,) = findings_of(spoilt(change("analyses.primary.method", {"weights": {"kind": "equal"}})))
    assert (finding.id, finding.pointer) == ("PL-0004", "/analyses/primary/method/kind")
    kinds = [method.model_fields["kind"].default for method in get_args(get_args(PlannedMethod)[0])]
    assert finding.allowed == ", ".join(sorted(kinds))


def test_an_inherited_mistake_is_told_once() -> None:
    document = spoilt(change("analyses.primary.study.clustr", "unit"))
    told = [finding for finding in findings_of(document) if finding.id == "PL-0003"]
    assert [finding.pointer for finding in told] == ["/analyses/primary/study/clustr"]


# --- strict YAML, and nothing executed

HOSTILE = {
    "duplicate key": ("precept_plan: '1'\nid: a\nid: b\n", 3),
    "python tag": ("title: !!python/object/apply:os.system ['touch hacked']\n", 1),
    "own tag": ("title: !thing x\n", 1),
    "anchor": ("title: &a x\n", 1),
    "alias": ("a: [x]\nb: *a\n", 2),
    "merge key": ("a: &a {b: 1}\nc: {<<: *a}\n", 1),
    "bomb": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 1),
    "not finite": ("seed: .nan\n", 1),
    "two documents": ("a: 1\n---\nb: 2\n", 2),
    "key not text": ("1: a\n", 1),
    "too deep": ("[" * 100 + "]" * 100, 1),
    "not yaml": ("a: [1\n", 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_one_finding_with_its_line(name: str) -> None:
    text, line = HOSTILE[name]
    (finding,) = errors_of(text)
    assert (finding.id, finding.severity, finding.file) == ("PL-0001", "error", "plan.yaml")
    assert abs(finding.line - line) <= (1 if name == "not yaml" else 0)


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "12\n"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    (finding,) = errors_of(text)
    assert finding.id == "PL-0002"


def test_an_empty_or_overlong_document_is_refused() -> None:
    assert errors_of("")[0].id == "PL-0001"
    assert errors_of("a: " + "x" * 1_000_001)[0].message == "the document is too large"


def _places(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _places(item, (*at, step))


def _get(document: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        document = document[step]
    return document


MAPPINGS = [
    place
    for place in _places(good())
    if isinstance(_get(good(), place), dict)
    and place not in [(name,) for name in ("data", "populations", "outcomes", "estimands", "analyses")]
]
TEXTS = [place for place in _places(good()) if isinstance(_get(good(), place), str)]
PAYLOAD = "__import__('os').system('touch hacked')"


@given(
    st.sampled_from(MAPPINGS),
    st.text(string.ascii_letters + string.digits + "_$/~. '\"\\é", min_size=1, max_size=30),
)
def test_an_unknown_field_anywhere_is_refused(place: tuple[Any, ...], field: str) -> None:
    document = good()
    fields = _get(document, place)
    if field in fields or field in _known(place):
        return
    fields[field] = None
    assert "PL-0003" in {finding.id for finding in findings_of(document)}
    fields[field] = "x"
    assert "PL-0003" in {finding.id for finding in findings_of(document)}


def _known(place: tuple[Any, ...]) -> set[str]:
    """Every field name of any type: names too dangerous to be sure that they are unknown."""
    schema = plan_json_schema()
    return {name for node in schema["$defs"].values() for name in node.get("properties", {})} | set(
        schema["properties"]
    )


@pytest.mark.parametrize("place", TEXTS, ids=lambda place: ".".join(map(str, place)))
def test_code_in_a_text_stays_text(place: tuple[Any, ...], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    document = good()
    _get(document, place[:-1])[place[-1]] = PAYLOAD
    findings = findings_of(document)
    if any(finding.severity == "error" for finding in findings):
        assert any(PAYLOAD in finding.found for finding in findings)
    else:
        assert PAYLOAD in read(document).plan.model_dump_json(by_alias=True)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300)
@given(
    st.sampled_from([place for place in _places(good()) if place]),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=5
    ),
)
def test_any_value_in_any_place_gives_findings_or_a_plan(place: tuple[Any, ...], value: object) -> None:
    document = good()
    _get(document, place[:-1])[place[-1]] = copy.deepcopy(value)
    assert {finding.id for finding in findings_of(document)} <= set(SEVERITIES)


# --- based_on


def test_a_derived_analysis_states_only_what_differs() -> None:
    loaded = read(good())
    primary, crude = loaded.plan.analyses["primary"], loaded.plan.analyses["crude"]
    assert crude.study == primary.study.model_copy(update={"strata": (), "adjust": ()})
    assert (crude.reason, crude.estimand) == (primary.reason, primary.estimand)
    assert crude.method.kind == "cluster_summaries"
    assert crude.on_failure == ()
    assert loaded.bases == {"crude": "primary"}


def test_the_same_kind_merges_and_another_replaces() -> None:
    document = good()
    analyses = document["analyses"]
    analyses["primary"]["method"] |= {"weights": {"kind": "size"}, "variance": {"kind": "cr2"}}
    analyses["a"] = {
        "based_on": "primary",
        "purpose": "exploratory",
        "method": {"df": {"kind": "satterthwaite"}},
    }
    analyses["b"] = {"based_on": "a", "method": {"kind": "cluster_regression", "variance": None, "df": None}}
    plan = read(document).plan.analyses
    stated = {name: plan[name].method.model_dump(exclude_unset=True) for name in ("a", "b", "crude")}
    assert stated == {
        "a": {
            "kind": "cluster_regression",
            "weights": {"kind": "size"},
            "variance": {"kind": "cr2"},
            "df": {"kind": "satterthwaite"},
        },
        "b": {"kind": "cluster_regression", "weights": {"kind": "size"}},
        "crude": {"kind": "cluster_summaries"},
    }


def test_chains_may_stand_in_any_order_and_labels_are_not_inherited() -> None:
    document = good()
    grandchild = {"based_on": "crude", "purpose": "exploratory"}
    document["analyses"] = {"grandchild": grandchild, **document["analyses"]}
    loaded = read(document)
    assert list(loaded.plan.analyses) == ["grandchild", "primary", "crude"]
    assert loaded.plan.analyses["grandchild"].study == loaded.plan.analyses["crude"].study
    assert loaded.plan.analyses["grandchild"].label == ""


def test_a_cleared_required_field_is_missing_where_it_was_cleared() -> None:
    text = json.dumps(spoilt(change("analyses.crude.estimand", None)), indent=1)
    (finding,) = errors_of(text)
    line = 1 + max(n for n, row in enumerate(text.splitlines()) if '"estimand": null' in row)
    assert (finding.id, finding.pointer, finding.line) == ("PL-0004", "/analyses/crude/estimand", line)


def test_an_analysis_based_on_itself_is_a_circle() -> None:
    findings = findings_of(spoilt(change("analyses.primary.based_on", "primary")))
    assert [finding.found for finding in findings if finding.id == "PL-0009"] == ["primary -> primary"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefz"), min_size=1))
def test_expansion_always_ends_and_says_what_is_wrong(parents: dict[str, str]) -> None:
    document = good()
    for name, parent in parents.items():
        document["analyses"][name] = {"based_on": parent, "purpose": "exploratory"}
    ids = {finding.id for finding in findings_of(document)}
    assert ids & {"PL-0008", "PL-0009"}, "no chain among these can reach a complete analysis"


def test_differences_are_those_of_values_not_of_words() -> None:
    document = good()
    document["analyses"]["crude"] = {
        "based_on": "primary",
        "label": "Weighted",
        "purpose": "sensitivity",
        "study": {"cluster": "unit", "strata": ["stratum"], "adjust": None},
        "method": {"kind": "cluster_regression", "df": {"kind": "clusters_minus_parameters"}},
    }
    loaded = read(document)
    assert loaded.differences("primary") == ()
    assert loaded.differences("crude") == (
        ("/purpose", "primary", "sensitivity"),
        ("/study/adjust", ["baseline_outcome"], []),
    )


# --- files, digests, schema


def test_the_digest_holds_content_and_nothing_else() -> None:
    document = good()
    reversed_order = {name: document[name] for name in reversed(document)}
    commented = "# a comment\n" + json.dumps(reversed_order, indent=4)
    first = read(document).digest
    assert read_plan_text(commented, "other.yaml").digest == first
    assert read(spoilt(change("populations.eligible.where.0.below", 30.0))).digest == first
    assert read(spoilt(change("populations.eligible.where.0.below", 31))).digest != first
    written_out = good()
    crude = read(document).plan.analyses["crude"].model_dump(mode="json", by_alias=True, exclude_unset=True)
    written_out["analyses"]["crude"] = crude
    assert read(written_out).digest == first


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_plan_survives_the_round_trip(path: Path) -> None:
    loaded = read_plan(path)
    assert loaded.text == path.read_text(encoding="utf-8")
    written = loaded.plan.model_dump_json(by_alias=True, exclude_unset=True)
    again = read_plan_text(written, "again")
    assert again.plan == loaded.plan
    assert again.digest == loaded.digest


def test_a_file_that_cannot_be_read_is_a_plan_error(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("title: é\n".encode("latin-1"))
    (tmp_path / "huge").write_bytes(b"# \xff" + b"x" * 2_000_000)
    for name in ("absent", ".", "latin", "huge"):
        with pytest.raises(PlanError):
            read_plan(tmp_path / name)


def test_committed_files_are_those_that_the_code_makes() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == plan_json_schema_text()
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == document_with_table(text)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_json_schema_accepts_shipped_plans(path: Path) -> None:
    validator = Draft202012Validator(plan_json_schema())
    document = load_strict(path.read_text(encoding="utf-8"), path.name).value
    assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("titel", "x"),
        ("analyses.crude.purpos", "x"),
        ("analyses.crude.method", {"kind": "gees"}),
        ("analyses.crude.study", {"strat": []}),
        ("analyses.primary.study.strata", None),
        ("estimands.effect.summary", "odds"),
    ],
)
def test_the_json_schema_refuses_what_reading_refuses(place: str, value: object) -> None:
    document = spoilt(change(place, value))
    assert not Draft202012Validator(plan_json_schema()).is_valid(document)
    with pytest.raises(InvalidPlanError):
        read(document)


def test_the_types_refuse_to_be_changed() -> None:
    plan = read(good()).plan
    with pytest.raises(ValueError, match="frozen"):
        plan.title = "other"
    assert isinstance(plan, Plan)
