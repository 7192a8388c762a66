"""The gate for whole results: nothing that leaves names a cluster or tells a small number."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import precept_stats as ps
from precept_stats.ard import from_json, to_json
from precept_stats.evidence.publish import publish
from precept_stats.plan.document import Disclosure
from precept_stats.report.disclosure import gate_results
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Failure, Result, Row
from tests.evidence.trial import write_trial

from .builder import VILLAGES, Village, results

NHS = "nhs_counts_v1"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shipped():
    loaded = ps.read_plan(ROOT / "analysis_plans" / "esp_vs_ssp.yaml")
    under_policy = loaded.plan.model_copy(update={"disclosure": Disclosure(policy=NHS)})
    loaded = dataclasses.replace(loaded, plan=under_policy)
    return loaded, ps.run(loaded)


def labels_in(made):
    return {row.group("cluster") for row in made.rows} - {""}


def test_no_label_of_a_unit_is_in_the_json_of_the_shipped_trial(shipped):
    _, made = shipped
    labels = labels_in(made)
    text = to_json(gate_results(made, NHS))
    assert len(labels) == 40
    assert not [label for label in labels if re.search(rf"\b{label}\b", text)]
    assert [label for label in labels if re.search(rf"\b{label}\b", to_json(made))]


def test_gated_results_gate_to_themselves_and_give_the_same_page(shipped):
    loaded, made = shipped
    gated = gate_results(made, NHS)
    assert gate_results(gated, NHS) == gated
    again = from_json(to_json(gated))
    assert render_html(story(loaded, again)) == render_html(story(loaded, made))


def test_the_published_files_are_the_gated_results(shipped, tmp_path):
    loaded, made = shipped
    publish(loaded, made, tmp_path / "out")
    assert (tmp_path / "out" / "rows.json").read_text("utf-8") == to_json(gate_results(made, NHS))


def test_a_count_in_a_warning_stands_among_sensitive_rows_alone(tmp_path):
    loaded = ps.read_plan(write_trial(tmp_path / "trial", NHS))
    made = dataclasses.replace(ps.run(loaded), warnings=("4 rows: Ashby",))
    publish(loaded, made, tmp_path / "out")
    assert "4 rows" not in (tmp_path / "out" / "rows.json").read_text("utf-8")
    assert "4 rows" in (tmp_path / "out" / "sensitive" / "rows.json").read_text("utf-8")


LABELS = ("Ashby", "St. Mary's (North)", "Unit 3", "R1H-02", "U07", "Ashby East")
EDGES = st.sampled_from(["", "(", "_", "'", ", ", " and ", ": ", "; ", "\n"])
SECRETS = st.one_of(st.sampled_from(LABELS), st.integers(1, 7).map(lambda n: f"{n} people"))
TEXTS = st.lists(st.tuples(EDGES, SECRETS, EDGES), min_size=1, max_size=4).map(
    lambda parts: " ".join("".join(part) for part in parts)
)


def with_texts(text):
    """Results that carry the text wherever a text can be that does not come from the plan."""
    villages = tuple(
        Village(name, "new" if place % 2 else "old", (10, 40), (12 + place, 40))
        for place, name in enumerate(LABELS)
    )
    made = results(villages=villages)
    row = Row("primary", "fit", "note", text, text, term=text, warning=text, error=text, variable_level=text)
    entries = [
        dataclasses.replace(entry, problem=text, found=text, allowed=text, rows=(*entry.rows, row))
        if isinstance(entry, Failure)
        else dataclasses.replace(
            entry,
            warnings=(text,),
            rows=(*entry.rows, row),
            estimates=tuple(dataclasses.replace(answer, contrast=text) for answer in entry.estimates),
        )
        for entry in made.analyses
    ]
    return dataclasses.replace(made, analyses=tuple(entries), warnings=(text,), shared=(*made.shared, row))


def free_texts(made):
    """Texts in which the gate looks for numbers too."""
    yield from made.warnings
    for entry in made.analyses:
        yield from (
            (entry.problem, entry.found, entry.allowed) if isinstance(entry, Failure) else entry.warnings
        )
    for row in made.rows:
        yield from (row.warning, row.error, str(row.stat) if row.stat_name == "note" else "")


@given(text=TEXTS)
def test_no_text_field_leaks_a_label_or_a_small_number(text):
    gated = gate_results(with_texts(text), NHS)
    told = json.dumps(json.loads(to_json(gated)), ensure_ascii=False)
    assert not [label for label in LABELS if label in told]
    assert not [found for found in free_texts(gated) if re.search(r"\b[1-7] people", found)]
    assert gate_results(gated, NHS) == gated


def test_a_list_of_clusters_that_no_row_names_is_cut():
    made = dataclasses.replace(results(), warnings=("2 clusters are not analysed (see the flow): Yarm, Ely",))
    assert gate_results(made, NHS).warnings == ("2 clusters are not analysed (see the flow): [not shown]",)


def test_what_a_failure_found_stays_behind():
    (failure,) = gate_results(results(), NHS).failed[:1]
    assert failure.problem == results().failed[0].problem
    found = dataclasses.replace(results().failed[0], found="Yarm, Ely")
    made = dataclasses.replace(results(), analyses=(found,))
    assert "Yarm" not in to_json(gate_results(made, NHS))


def test_the_order_of_rows_is_that_of_the_numbers():
    for made in (results(), results(villages=VILLAGES[::-1])):
        for context in ("cluster_outcome", "missingness"):
            rows = [row for row in gate_results(made, NHS).rows if row.context == context]
            for period in {row.group("period") for row in rows}:
                shown = [row.group("cluster") for row in rows if row.group("period") == period]
                numbers = [int(name.split("\u00a0")[1]) for name in shown if name]
                assert numbers == sorted(numbers)
    backwards = gate_results(results(villages=VILLAGES[::-1]), NHS)
    assert to_json(gate_results(results(), NHS)) == to_json(backwards)


def test_policy_none_leaves_results_alone():
    made = results()
    assert gate_results(made, "none") is made


def test_estimates_of_arms_leave_with_their_rows(however_few_clusters):
    small = tuple(Village(v.name, v.arm, v.before, (1, v.after[1])) for v in VILLAGES)
    for villages, hidden in ((VILLAGES, False), (small, True)):
        made = results(villages=villages)
        two = [
            dataclasses.replace(e, estimates=e.estimates * 2) if isinstance(e, Result) else e
            for e in made.analyses
        ]
        gated = gate_results(dataclasses.replace(made, analyses=tuple(two)), NHS)
        kept = [len(entry.estimates) for entry in gated.analyses if isinstance(entry, Result)]
        assert kept == [1 if hidden else 2] * len(kept)
