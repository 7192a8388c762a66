"""The command line as a user meets it: messages, files and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from precept_stats.cli import main
from precept_stats.data.shipped import shipped
from precept_stats.evidence.manifest import manifest_problems

PLANS = shipped("analysis_plans")
AWARDS = PLANS / "achievement_awards.yaml"
TRIAL = PLANS / "esp_vs_ssp.yaml"


@pytest.fixture
def precept(monkeypatch, capsys):
    """Run ``precept`` in this process; gives (exit code, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["precept", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        printed = capsys.readouterr()
        return int(ending.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def small_trial(tmp_path):
    """A plan and a data file that tests may spoil."""
    (tmp_path / "data_schemas").mkdir()
    (tmp_path / "data_schemas" / "people.yaml").write_text(SCHEMA)
    (tmp_path / "plan.yaml").write_text(PLAN)
    lines = [
        f"{cluster},{'new' if cluster > 3 else 'old'},{person % 3 == cluster % 2:d}"
        for cluster in range(1, 7)
        for person in range(7 + cluster)
    ]
    (tmp_path / "people.csv").write_text("village,arm,well\n" + "\n".join(lines) + "\n")
    return tmp_path


SCHEMA = """\
$schema: https://datapackage.org/profiles/2.0/tableschema.json
name: people
fields:
  - name: village
    type: string
    constraints: {required: true}
    x-precept: {role: cluster, level: cluster, sensitivity: safe}
  - name: arm
    type: string
    constraints: {required: true, enum: [new, old]}
    x-precept: {role: arm, level: cluster, sensitivity: safe}
  - name: well
    type: integer
    constraints: {enum: [0, 1]}
    x-precept: {role: outcome, level: individual, sensitivity: sensitive}
missingValues: ["", NA]
x-precept: {level: individual}
"""
PLAN = """\
precept_plan: "1"
id: small
version: 1.0.0
title: A small trial
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Made for a test.}
data:
  people: {schema: people, file: people.csv}
populations:
  all: {of: people}
outcomes:
  well: {column: well, type: binary, direction: higher_better}
estimands:
  main: {population: all, outcome: well, compare: new, reference: old, summary: risk_difference,
         effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    purpose: primary
    reason: specified_in_sap
    estimand: main
    study: {kind: cluster_trial, cluster: village, arm: arm}
    method: {kind: cluster_summaries}
    on_failure: [{if: not_estimable, use: welch}]
  welch:
    based_on: primary
    purpose: sensitivity
    method: {kind: cluster_summaries, variance: {kind: welch}}
multiplicity: {family: [primary], procedure: none, level: 0.95}
disclosure: {policy: none}
"""


def test_run_writes_a_folder_and_prints_a_table(precept, small_trial):
    out = small_trial / "out"
    code, printed, _ = precept("run", small_trial / "plan.yaml", "--out", out)
    assert code == 0
    assert "primary" in printed
    assert str(out / "report.html") in printed
    assert {path.name for path in out.iterdir()} >= {"report.html", "rows.json", "rows.parquet", "plan.yaml"}
    assert not manifest_problems(out)
    rows = json.loads((out / "rows.json").read_text())
    assert [entry["analysis"] for entry in rows["analyses"]] == ["primary", "welch"]


def test_json_is_one_document_and_equals_the_rows_file(precept, small_trial):
    out = small_trial / "out"
    code, printed, _ = precept("run", small_trial / "plan.yaml", "--out", out, "--json")
    assert code == 0
    assert json.loads(printed) == json.loads((out / "rows.json").read_text())


def test_an_existing_folder_is_refused_before_any_work(precept, small_trial):
    arguments = ("run", small_trial / "plan.yaml", "--out", small_trial / "out")
    assert precept(*arguments)[0] == 0
    before = (small_trial / "out" / "rows.json").read_text()
    code, _, complaint = precept(*arguments)
    assert code == 4
    assert "--force" in complaint
    assert (small_trial / "out" / "rows.json").read_text() == before
    assert precept(*arguments, "--force")[0] == 0


def test_where_the_policy_lets_no_estimate_pass_every_page_says_so_first(precept, small_trial):
    plan, out = small_trial / "plan.yaml", small_trial / "out"
    plan.write_text(PLAN.replace("policy: none", "policy: onc_10"))
    code, printed, _ = precept("run", plan, "--out", out)
    assert code == 0
    why = "fewer than 10 residual degrees of freedom"
    raw = json.loads((out / "sensitive" / "rows.json").read_text())["analyses"][0]["estimates"][0]
    assert f"not shown: {why}" in " ".join(printed.split())
    assert f"{100 * raw['value']:.1f}".lstrip("-") not in printed, "the terminal showed what is withheld"
    page = (out / "report.html").read_text()
    summary = page[page.index("Summary</h2>") : page.index("The question</h2>")]
    assert "This report shows no estimate at all, since the disclosure policy onc_10" in summary
    assert why in summary
    assert "1 to 7" not in page
    code, printed, _ = precept("disclose", out, "--report", small_trial / "check")
    assert code == 0
    assert f"this release shows no estimate of any analysis: {why}" in printed
    checked = (small_trial / "check" / "disclosure.html").read_text()
    assert "forbids the release. It shows no estimate." in checked[: checked.index("Policy</h2>")]
    assert f"not shown: {why}" in checked[checked.index("Model output</h2>") :]


def test_some_estimates_that_are_withheld_are_counted(precept, small_trial):
    plan, out = small_trial / "plan.yaml", small_trial / "out"
    more = "based_on: primary, purpose: sensitivity, method: {kind: randomisation_test}"
    shuffled = f"  shuffled: {{{more}}}\n"
    text = PLAN.replace("policy: none", "policy: onc_10").replace("multiplicity:", f"{shuffled}multiplicity:")
    plan.write_text(text)
    precept("run", plan, "--out", out)
    page = (out / "report.html").read_text()
    assert "does not let the estimates of 2 of 3 analyses be shown" in page
    _, printed, _ = precept("disclose", out)
    assert "this release shows no estimate of 2 of 3 analyses" in printed


@pytest.mark.parametrize(
    ("command", "document"), [("verify", "verification.json"), ("disclose", "disclosure.json")]
)
def test_a_report_of_checks_replaces_its_like_and_nothing_else(precept, small_trial, command, document):
    out, checks = small_trial / "out", small_trial / "checks"
    precept("run", small_trial / "plan.yaml", "--out", out)
    arguments = (command, out, "--report", checks)
    assert precept(*arguments)[0] == 0
    (checks / document).write_text("old")
    code, _, complaint = precept(*arguments)
    assert code == 4
    assert "--force" in complaint
    assert (checks / document).read_text() == "old"
    assert precept(*arguments, "--force")[0] == 0
    assert json.loads((checks / document).read_text())["verdict"] != ""
    code, printed, complaint = precept(command, out, "--report", out, "--force")
    assert code == 4
    assert printed == "", "the work was done before the folder was refused"
    assert f"nothing but {document.replace('json', 'html')}, {document}" in complaint
    assert not manifest_problems(out)


def test_a_read_only_folder_is_exit_4(small_trial):
    target = small_trial / "locked"
    target.mkdir()
    target.chmod(0o500)
    if os.access(target, os.W_OK):
        target = Path("/proc/nothing-can-be-made-here")
    done = run_command("run", small_trial / "plan.yaml", "--out", target / "out")
    assert done.returncode == 4, done.stderr
    assert "cannot be written" in done.stderr


def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "precept_stats", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_analysis_that_fails_is_exit_1_and_in_the_report(precept, small_trial):
    flat = (small_trial / "people.csv").read_text().replace(",1\n", ",0\n")
    (small_trial / "people.csv").write_text(flat)
    code, printed, _ = precept("run", small_trial / "plan.yaml", "--out", small_trial / "out")
    assert code == 1
    assert "failed" in printed
    assert "not estimable" in (small_trial / "out" / "report.html").read_text()


def test_a_bad_plan_is_exit_2_and_names_the_near_match(precept, small_trial):
    (small_trial / "plan.yaml").write_text(PLAN.replace("purpose: primary", "purpse: primary", 1))
    code, _, complaint = precept("check", small_trial / "plan.yaml")
    assert code == 2
    assert "purpse" in complaint
    assert "purpose" in complaint
    code, printed, _ = precept("check", small_trial / "plan.yaml", "--json")
    assert code == 2
    document = json.loads(printed)
    assert document["exit_code"] == 2
    assert any("/analyses/primary/purpse" in finding["pointer"] for finding in document["findings"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("village,", "vilage,", 1), "village"),
        (lambda text: text.replace("1,old,", "1,new,", 1), "1"),
        (lambda text: text.replace(",old,", ",new,"), "old"),
        (lambda text: text.replace("\n1,old,1", "\n1,old,2", 1).replace("\n1,old,0", "\n1,old,2", 1), "2"),
        (lambda text: text.split("\n", 1)[0] + "\n", "no rows"),
    ],
)
def test_bad_data_is_exit_3_and_leaves_nothing(precept, small_trial, spoil, said):
    path = small_trial / "people.csv"
    path.write_text(spoil(path.read_text()))
    code, _, complaint = precept("run", small_trial / "plan.yaml", "--out", small_trial / "out")
    assert code == 3, complaint
    assert said in complaint
    assert not (small_trial / "out").exists()


def test_check_explain_schema_and_data_check(precept, small_trial):
    assert precept("check", AWARDS)[0] == 0
    code, printed, _ = precept("explain", AWARDS)
    assert code == 0
    assert "pair" in printed
    code, printed, _ = precept("schema", "plan")
    assert json.loads(printed)["type"] == "object"
    code, printed, _ = precept("schema", "births")
    assert "mgso4" in printed
    code, printed, _ = precept("data", "check", small_trial / "people.csv", "--schema", "people")
    assert code == 0
    assert "conform" in printed


def test_synth_writes_files_that_say_synthetic(precept, tmp_path):
    code, printed, _ = precept("synth", "trial", "--seed", 7, "--out", tmp_path / "made")
    assert code == 0
    assert "synthetic" in printed
    assert "synthetic" in (tmp_path / "made" / "births.csv").read_text().splitlines()[1]
    assert json.loads((tmp_path / "made" / "SYNTHETIC.json").read_text())["seed"] == 7


def test_synth_says_what_is_wrong_and_replaces_its_own_folder(precept, tmp_path):
    out, scenario = tmp_path / "made", tmp_path / "scenario.yaml"
    scenario.write_text("iccc: 0.1\n")
    ask = ("synth", "trial", "--seed", 7, "--out", out)
    code, _, complaint = precept(*ask, "--scenario", scenario)
    assert code == 2
    assert "iccc" in complaint
    assert "icc" in complaint.replace("iccc", "")
    assert "pydantic" not in complaint
    assert precept(*ask, "--scenario", tmp_path / "none.yaml")[0] == 2
    assert precept("synth", "trial", "--seed", -1, "--out", out)[0] == 2
    assert not out.exists()
    scenario.write_text("icc: 0.1\n")
    assert precept(*ask, "--scenario", scenario)[0] == 0
    before = (out / "births.csv").read_text()
    assert precept(*ask, "--force")[0] == 0
    assert (out / "births.csv").read_text() != before


def test_report_is_made_again_from_rows_alone(precept, small_trial):
    precept("run", small_trial / "plan.yaml", "--out", small_trial / "out")
    rows, again = small_trial / "out" / "rows.json", small_trial / "again.html"
    (small_trial / "people.csv").unlink()
    code, _, complaint = precept("report", rows, "--plan", small_trial / "plan.yaml", "--out", again)
    assert code == 0, complaint
    assert again.read_text() == (small_trial / "out" / "report.html").read_text()
    (small_trial / "plan.yaml").write_text(PLAN.replace("0.95", "0.9"))
    code, _, complaint = precept(
        "report", rows, "--plan", small_trial / "plan.yaml", "--out", again, "--force"
    )
    assert code == 2
    assert "not made from this plan" in complaint


def test_synthetic_is_said_at_the_prompt(precept, tmp_path):
    code, printed, _ = precept("run", TRIAL, "--out", tmp_path / "out")
    assert code == 0
    assert "SYNTHETIC" in printed


def test_interrupted_in_the_middle_nothing_is_left(tmp_path):
    command = [sys.executable, "-m", "precept_stats", "run", str(TRIAL), "--out", str(tmp_path / "out")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode in (130, 0)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"out", ".out.unfinished", ".out.chains"}, "something half-made was left"
    if "out" in left or running.returncode == 0:
        assert not manifest_problems(tmp_path / "out")
