"""The command line: arguments, exit codes and nothing else.

Exit codes: 0 done; 1 an analysis failed; 2 the plan (or the command) is wrong; 3 the data are
wrong; 4 the results cannot be written; 130 interrupted.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from precept_stats import console
from precept_stats.errors import PlanError, PreceptError
from precept_stats.plan.amendment_classes import AmendmentClass, Timing

if TYPE_CHECKING:
    from precept_stats.evidence.folder import FolderKind
    from precept_stats.evidence.keys import Signer

INTERRUPTED = 130

app = typer.Typer(
    name="precept",
    help="Run, check and explain prespecified analysis plans.",
    epilog="Exit codes: 0 done, 1 an analysis failed, 2 bad plan or command, 3 bad data, "
    "4 cannot write, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Check data files against schemas.", no_args_is_help=True)
app.add_typer(data_app, name="data")

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The analysis plan, a YAML file.")]
Tables = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="NAME=FILE", help="A table of the plan; repeat for more."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what stands there, in one step.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write; results/<plan id> unless given.")]

Key = Annotated[
    list[Path] | None, typer.Option("--key", help="A key of `precept keygen` to sign with; repeat for more.")
]
SignedBy = Annotated[
    list[str] | None, typer.Option("--signed-by", metavar="NAME", help="Who signs, once for each --key.")
]

UpTo = Annotated[Literal["L0", "L1", "L2", "L3", "L4", "L5"], typer.Option("--level", help="How far to go.")]
TwinFolder = Annotated[Path | None, typer.Option("--twin", help="L4: a folder for R's script and tables.")]
RunR = Annotated[bool, typer.Option("--run-r", help="L4: start R on that script.")]


def main() -> None:
    """Entry point: turns this library's errors into a message and an exit code."""
    try:
        app()
    except PreceptError as problem:
        console.show_error(problem, as_json="--json" in sys.argv)
        sys.exit(problem.exit_code)
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            console.note("interrupted: results are either what they were or complete")
        raise


@app.command()
def check(plan: PlanFile, as_json: AsJson = False) -> None:
    """Read a plan and say everything that is wrong or doubtful about it."""
    from precept_stats.plan.lint import lint
    from precept_stats.plan.reader import read_plan

    loaded = read_plan(plan)
    findings = lint(loaded)
    if as_json:
        console.show_json(
            {"plan": loaded.plan.id, "digest": loaded.digest, "findings": [asdict(f) for f in findings]}
        )
    else:
        console.show_findings(findings)
        count = sum(finding.severity == "warning" for finding in findings)
        asked = f"{len(loaded.plan.analyses)} analyses"
        if loaded.plan.of_areas:
            asked = f"{len(loaded.plan.disparities)} disparities"
        console.show(f"{plan}: {asked}, no errors, {count} warnings")


@app.command()
def run(
    plan: PlanFile,
    data: Tables = None,
    out: Out = None,
    force: Force = False,
    as_json: AsJson = False,
    key: Key = None,
    signed_by: SignedBy = None,
) -> None:
    """Run every analysis of a plan and write its bundle: report, rows and all that is needed to check them.

    Killed, it goes on from the analyses that had finished when the same command is given again.
    """
    from precept_stats.ard import read_json
    from precept_stats.evidence.bundle import failed_analyses
    from precept_stats.evidence.kept_chains import KeptChains
    from precept_stats.evidence.names import REPORT, ROWS
    from precept_stats.evidence.publish import Writing, run_bundle
    from precept_stats.plan.reader import read_plan

    loaded = read_plan(plan)
    target = out if out is not None else Path("results") / loaded.plan.id
    signers = _signers(key, signed_by)
    chains = KeptChains.beside(target)
    try:
        with console.progress(loaded.plan.id) as steps:
            writing = Writing(force, signers, steps.analysed, chains.watch(steps.sampled))
            results = run_bundle(loaded, console.named_files(data or []), target, writing)
    except KeyboardInterrupt:
        console.note_kept(chains.count)
        raise
    chains.clear()
    if as_json:
        sys.stdout.write((target / ROWS).read_text(encoding="utf-8"))
    else:
        console.show_results(read_json(target / ROWS))
        console.show(f"report: {target / REPORT}")
    if failed_analyses(loaded, results):
        raise typer.Exit(1)


@app.command()
def report(
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="rows.json of a results folder.")],
    plan: Annotated[Path, typer.Option("--plan", help="The plan that the rows answer.")],
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")] = Path("report.html"),
    force: Force = False,
) -> None:
    """Make the report again from rows, without data and without fitting anything."""
    from precept_stats.ard import read_json
    from precept_stats.evidence.folder import write_file
    from precept_stats.plan.reader import read_plan
    from precept_stats.report.render_html import render_html
    from precept_stats.report.story import story

    loaded, results = read_plan(plan), read_json(rows)
    if loaded.digest != results.provenance.plan_digest:
        raise PlanError(
            "the rows were not made from this plan",
            found=f"rows of plan digest {results.provenance.plan_digest}",
            allowed=f"rows of plan digest {loaded.digest}",
            where=str(plan),
        )
    write_file(out, render_html(story(loaded, results)), force=force)
    console.show(f"report: {out}")


@app.command()
def explain(
    plan: PlanFile,
    analysis: Annotated[str | None, typer.Argument(help="One analysis; all unless given.")] = None,
) -> None:
    """Say in words what a plan will do: estimand, model equation, df rule, defaults."""
    from precept_stats.plan.explain import explain as explain_plan
    from precept_stats.plan.reader import read_plan

    console.show(explain_plan(read_plan(plan), analysis))


@app.command()
def synth(
    kind: Annotated[
        Literal["trial", "programme", "bundle", "nations"], typer.Argument(help="What to imitate.")
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed; the same seed gives the same files.")],
    out: Annotated[Path, typer.Option("--out", help="The new folder for the CSV files.")],
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="A YAML file of scenario settings; defaults unless given."),
    ] = None,
    force: Force = False,
) -> None:
    """Write synthetic data with a known truth; every table says that it is synthetic."""
    from precept_stats.evidence.synthetic_files import write_synthetic

    for path in write_synthetic(kind, scenario, seed, out, force=force):
        console.show(f"synthetic: {path}")


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="`plan`, or a data schema such as `births`.")],
) -> None:
    """Print a schema: the JSON Schema of plans, or a data schema as shipped."""
    from precept_stats.data.schema import schema_text
    from precept_stats.plan.json_schema import plan_json_schema

    if name == "plan":
        console.show_json(plan_json_schema())
    else:
        sys.stdout.write(schema_text(name))


@data_app.command("check")
def check_data(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    schema_name: Annotated[str, typer.Option("--schema", help="A schema's name, or its YAML file.")],
    as_json: AsJson = False,
) -> None:
    """Check one data file against a schema; every violated rule is listed with its first rows."""
    from precept_stats.ard import flatten
    from precept_stats.data.dataset import load_table
    from precept_stats.data.quality import quality_rows
    from precept_stats.data.schema import find_schema, read_schema

    named_file = Path(schema_name).suffix in (".yaml", ".yml")
    declared = read_schema(Path(schema_name)) if named_file else find_schema(schema_name, beside=file.parent)
    table = load_table(file, declared, file.stem)
    rows = quality_rows(table)
    if as_json:
        console.show_json({"file": file.name, "digest": table.digest, "rows": [flatten(row) for row in rows]})
    else:
        console.show_quality(rows)
        console.show(f"{file}: {len(table.frame):,} rows conform to schema {schema_name}")


@app.command()
def keygen(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The new key; its public half is FILE.pub.")],
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Ask for one for the key.")] = False,
) -> None:
    """Make a key to sign locks and bundles with (Ed25519), offline. Whoever has the file can sign as you."""
    from precept_stats.evidence.keys import key_fingerprint
    from precept_stats.evidence.keys import keygen as make_key

    words = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True) if passphrase else ""
    public = make_key(out, words)
    console.show(f"private key: {out} (keep it to yourself)")
    console.show(f"public key:  {public}")
    console.show(f"fingerprint: {key_fingerprint(public)}")


@app.command()
def lock(plan: PlanFile, key: Key = None, signed_by: SignedBy = None, as_json: AsJson = False) -> None:
    """Lock a plan: fix what it and its schemas state, before the data are seen.

    Refused, with all reasons, while something is undecided, a schema is not pinned, or the primary
    analysis names no fallback.
    """
    from precept_stats.evidence.lock import lock as lock_plan

    console.show_lock(plan, lock_plan(plan, _signers(key, signed_by)), as_json=as_json)


@app.command()
def amend(
    plan: PlanFile,
    reason: Annotated[str, typer.Option("--reason", help="Why the plan is changed.")],
    kind: Annotated[AmendmentClass, typer.Option("--class", help="What the change is about.")],
    timing: Annotated[Timing, typer.Option("--timing", help="Before or after data by arm were seen.")],
    seen: Annotated[str, typer.Option("--seen", help="Who had seen what of the data when this was decided.")],
    decided_by: Annotated[str, typer.Option("--decided-by", help="Who decided.")] = "",
    impact: Annotated[str, typer.Option("--impact", help="What the change is expected to do.")] = "",
    key: Key = None,
    signed_by: SignedBy = None,
    as_json: AsJson = False,
) -> None:
    """Amend a locked plan: record how its file differs now, field by field, and why."""
    from precept_stats.evidence.lock import Why
    from precept_stats.evidence.lock import amend as amend_plan

    why = Why(kind, reason, timing, seen, decided_by, impact)
    console.show_lock(plan, amend_plan(plan, why, _signers(key, signed_by)), as_json=as_json)


@app.command()
def verify(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A folder of `precept run`, or a zip of it.")
    ],
    data: Tables = None,
    level: UpTo = "L3",
    signer: Annotated[
        list[Path] | None,
        typer.Option("--signer", help="A .pub file that must have signed; repeat for more."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="The folder of locks that you were given before.")
    ] = None,
    twin: TwinFolder = None,
    run_r: RunR = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="A new folder for the verification as HTML and JSON.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Verify a bundle that somebody else made: L0 integrity, L1 completeness, L2 report, L3 numbers.

    L3 needs the data; so does L4, which poses the analyses to R. L5 runs the plan on generated data.
    Nothing is changed. Exit code 1 when a check failed, 3 when it is not a bundle.
    """
    from precept_stats.evidence.keys import key_fingerprint
    from precept_stats.evidence.verify.page import WRITTEN, as_document, in_words, write_verification
    from precept_stats.evidence.verify.run import Against
    from precept_stats.evidence.verify.run import verify as verify_bundle

    _ensure_free(report, WRITTEN, force)
    keys = tuple(key_fingerprint(one) for one in signer or ())
    brought = Against(console.named_files(data or []), keys, against, level, twin, run_r)
    with console.progress("verify") as steps:
        found = verify_bundle(bundle, brought, progress=steps.analysed)
    page = write_verification(found, report, force=force) if report is not None else None
    console.show_outcome(in_words(found), as_document(found), page, as_json=as_json)
    if found.failed:
        raise typer.Exit(1)


@app.command()
def disclose(
    release: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A bundle, or its rows.json or rows.parquet.")
    ],
    policy: Annotated[str | None, typer.Option("--policy", help="That of the bundle unless given.")] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option("--earlier", help="A release of the same data that is out; repeat for more."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="A new folder for the check as HTML and JSON.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check a release before it leaves: attack its suppressed counts, say what checkers ask of each table.

    Nothing is changed. Exit code 1 when something forbids the release.
    """
    from precept_stats.evidence.release_check import check_release
    from precept_stats.evidence.release_page import WRITTEN, as_document, in_words, write_check

    _ensure_free(report, WRITTEN, force)
    found = check_release(release, policy, earlier or ())
    page = write_check(found, report, force=force) if report is not None else None
    console.show_outcome(in_words(found), as_document(found), page, as_json=as_json)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def selftest(
    report: Annotated[
        Path | None, typer.Option("--report", help="A new folder for selftest.html and selftest.json.")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="Only reference cases of this method; repeat for more."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Qualify an installation: what is installed, and whether it gives the numbers that it should.

    Answers every reference case that ships, and NIST's data sets, without a network. A minute or two.
    """
    from precept_stats.evidence.selftest.page import WRITTEN, as_document, outcome_in_words, write_selftest
    from precept_stats.evidence.selftest.run import selftest as run_selftest

    _ensure_free(report, WRITTEN, force)
    with console.progress("selftest") as steps:
        found = run_selftest(methods=tuple(method or ()), progress=steps.analysed)
    page = write_selftest(found, report, force=force) if report is not None else None
    console.show_outcome(outcome_in_words(found), as_document(found), page, as_json=as_json)
    if not found.passed:
        raise typer.Exit(1)


def _ensure_free(report: Path | None, kind: FolderKind, force: bool) -> None:
    """Refuse a place for a report before the work that it would tell of."""
    from precept_stats.evidence.folder import ensure_writable

    if report is not None:
        ensure_writable(report, force=force, kind=kind)


def _signers(keys: list[Path] | None, signed_by: list[str] | None) -> tuple[Signer, ...]:
    """The signers that the options name; a key that has a passphrase asks for it."""
    if not keys and not signed_by:
        return ()
    from precept_stats.evidence.keys import is_protected, read_signers

    asked = any(is_protected(key) for key in keys or ())
    words = typer.prompt("Passphrase of the key", hide_input=True, err=True) if asked else ""
    return read_signers(keys or [], signed_by or [], words)
