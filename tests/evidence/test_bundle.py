"""The bundle: what it holds, that it stands alone, and that every change to it is found."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.ard import read_json, read_parquet
from precept_stats.cli import main
from precept_stats.errors import OutputError
from precept_stats.evidence.bundle import write_bundle
from precept_stats.evidence.figure_files import neutral
from precept_stats.evidence.keys import keygen, read_signers
from precept_stats.evidence.lock import lock
from precept_stats.evidence.manifest import manifest_problems, read_manifest
from precept_stats.evidence.publish import Writing, publish, run_bundle
from precept_stats.evidence.workshop import workshop
from precept_stats.inference.seeds import Seed
from precept_stats.plan.reader import read_plan
from precept_stats.report.disclosure import gate_results
from precept_stats.report.render_html import render_html
from tests.evidence.trial import write_trial


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle of a locked plan under the policy for small numbers."""
    folder = tmp_path_factory.mktemp("trial")
    plan = write_trial(folder, "nhs_counts_v1")
    keygen(folder / "key")
    signers = read_signers([folder / "key"], ["A Statistician"])
    lock(plan, signers)
    run_bundle(read_plan(plan), None, folder / "out", Writing(signers=signers))
    return folder / "out"


def document(bundle: Path, name: str) -> dict[str, object]:
    found = json.loads((bundle / name).read_text())
    assert isinstance(found, dict)
    return found


def test_sha256sum_agrees_with_the_manifest(bundle: Path) -> None:
    manifest = document(bundle, "manifest.json")
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}  # type: ignore[attr-defined]
    there = {p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file()}
    open_files = {name for name in there if not name.startswith("sensitive/")}
    assert set(listed) == open_files - {"manifest.json", "manifest.signature.json"}
    lines = "".join(f"{digest}  {name}\n" for name, digest in listed.items())
    if shutil.which("sha256sum"):
        command = ["sha256sum", "-c", "--quiet"]
        done = subprocess.run(command, input=lines, cwd=bundle, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout
    assert not manifest_problems(bundle)


def test_it_stands_alone(bundle: Path, tmp_path: Path) -> None:
    """Plan, schemas and locks are those of the run, wherever it lies; the report is made again from it."""
    shutil.copytree(bundle, tmp_path / "elsewhere" / "bundle")
    bundle = tmp_path / "elsewhere" / "bundle"
    plan = read_plan(bundle / "plan.yaml")
    assert not [finding for finding in plan.findings if finding.severity == "warning"]
    stands = ps.standing(plan)
    assert stands.state == "locked"
    results = read_json(bundle / "rows.json")
    assert results.provenance.plan_digest == plan.digest
    assert results.provenance.lock == stands.digest
    assert tuple(read_parquet(bundle / "rows.parquet")) == results.rows
    schema = (bundle / "data_schemas" / "people.yaml").read_bytes()
    assert hashlib.sha256(schema).hexdigest() == stands.chain[0].lock.schemas["people"].raw_sha256
    assert render_html(ps.story(plan, results)) == (bundle / "report.html").read_text()


def test_full_rows_stand_in_the_sensitive_folder_alone(bundle: Path) -> None:
    full, shown = read_json(bundle / "sensitive" / "rows.json"), read_json(bundle / "rows.json")
    assert gate_results(full, "nhs_counts_v1") == shown
    assert full.rows != shown.rows
    assert (bundle / "sensitive").stat().st_mode & 0o077 == 0
    mentioned = (bundle / "ro-crate-metadata.json").read_text()
    assert "sensitive/" not in mentioned
    hidden = hashlib.sha256((bundle / "sensitive" / "rows.json").read_bytes()).hexdigest()
    assert hidden not in (bundle / "manifest.json").read_text()


def test_a_copy_without_the_sensitive_folder_is_complete(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "copy", ignore=shutil.ignore_patterns("sensitive"))
    assert not manifest_problems(tmp_path / "copy")


def test_data_digests_are_of_bytes_and_of_content(bundle: Path) -> None:
    source = bundle.parent / "people.csv"
    table = document(bundle, "data.json")["tables"]["people"]  # type: ignore[index]
    assert table["bytes_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    frame = pd.read_csv(source, dtype={"village": str}).sample(frac=1, random_state=1)
    frame.reset_index(drop=True).to_parquet(bundle.parent / "people.parquet")
    loaded = read_plan(bundle.parent / "plan.yaml")
    again = ps.run(loaded, {"people": bundle.parent / "people.parquet"})
    assert dict(again.provenance.data_digests)["people"] == table["content_sha256"]
    assert dict(again.provenance.file_digests)["people"] != table["bytes_sha256"]


def test_status_environment_seeds_and_log_are_readable_by_a_program(bundle: Path) -> None:
    status = document(bundle, "status.json")
    assert status["exit_code"] == 0
    assert status["lock"]["state"] == "locked"  # type: ignore[index]
    assert set(status["analyses"]) == {"primary", "welch", "shuffled"}  # type: ignore[call-overload]
    seeds = document(bundle, "seeds.json")
    assert seeds["streams"]["shuffled"] == list(Seed(20261123).at("shuffled").path)  # type: ignore[index]
    environment = document(bundle, "environment.json")
    assert environment["packages"]["numpy"]  # type: ignore[index]
    assert environment["blas"]
    assert os.uname().nodename not in environment.values()
    events = [json.loads(line)["event"] for line in (bundle / "log.jsonl").read_text().splitlines()]
    assert events == ["started", "finished", "finished", "finished", "analysed"]


def test_the_crate_meets_the_process_run_profile(bundle: Path) -> None:
    """The MUSTs of RO-Crate 1.1 and of Process Run Crate 0.5."""
    crate = document(bundle, "ro-crate-metadata.json")
    entities = {entity["@id"]: entity for entity in crate["@graph"]}  # type: ignore[attr-defined]
    assert len(entities) == len(crate["@graph"])  # type: ignore[arg-type]
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert root["conformsTo"]["@id"].startswith("https://w3id.org/ro/wfrun/process/")
    assert {"name", "description", "datePublished", "license"} <= set(root)
    (action,) = [entity for entity in entities.values() if entity["@type"] == "CreateAction"]
    assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    referred = [*root["hasPart"], *root["mentions"], *action["object"], *action["result"]]
    assert all(reference["@id"] in entities for reference in referred)
    files = {name for name, entity in entities.items() if entity["@type"] == "File"}
    assert all((bundle / name).is_file() for name in files)


def test_every_figure_has_its_numbers(bundle: Path) -> None:
    names = {path.stem for path in (bundle / "figures").iterdir()}
    assert names
    for name in names:
        assert (bundle / "figures" / f"{name}.svg").read_text().startswith("<svg")
        lines = (bundle / "figures" / f"{name}.csv").read_text().splitlines()
        assert len(lines) > 1
        assert all("Synthetic data" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2.5", "-2.5"),
        ("-cmd", "'-cmd"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
    ],
)
def test_no_cell_starts_a_formula(cell: str, written: str) -> None:
    assert neutral(cell) == written


def change_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def behind_a_link(path: Path) -> None:
    """Move a file out of the folder, and leave a link to it."""
    path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


TAMPERINGS: dict[str, Callable[[Path], object]] = {
    "a digit of a row": lambda b: change_byte(b / "rows.json"),
    "the plan": lambda b: change_byte(b / "plan.yaml"),
    "a hidden row": lambda b: change_byte(b / "sensitive" / "rows.json"),
    "the hidden manifest": lambda b: change_byte(b / "sensitive" / "manifest.json"),
    "a figure gone": lambda b: (b / "figures" / "forest.svg").unlink(),
    "a file more": lambda b: (b / "note.txt").write_text("x"),
    "a hidden file more": lambda b: (b / "sensitive" / "note.txt").write_text("x"),
    "a link": lambda b: (b / "link").symlink_to("/etc/hostname"),
    "a linked folder": lambda b: (b / "folder").symlink_to("/tmp"),  # noqa: S108
    "a file behind a link": lambda b: behind_a_link(b / "report.html"),
    "the manifest": lambda b: change_byte(b / "manifest.json"),
    "no manifest": lambda b: (b / "manifest.json").unlink(),
    "the signature": lambda b: (b / "manifest.signature.json").write_text("{}"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_changed_is_found(bundle: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    TAMPERINGS[name](copy)
    assert manifest_problems(copy)


def test_a_manifest_made_again_is_not_signed(bundle: Path, tmp_path: Path) -> None:
    """Whoever changes a row and the manifest with it still has not the key."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    old = hashlib.sha256((copy / "status.json").read_bytes()).hexdigest()
    text = (copy / "status.json").read_text().replace('"exit_code": 0', '"exit_code": 1')
    (copy / "status.json").write_text(text)
    manifest = (copy / "manifest.json").read_text().replace(old, hashlib.sha256(text.encode()).hexdigest())
    (copy / "manifest.json").write_text(manifest)
    found = manifest_problems(copy)
    assert found
    assert all("signature" in problem for problem in found)


@pytest.mark.parametrize("path", ["../out.txt", "/etc/passwd", "a/../../b", "C:x"])
def test_a_listed_path_does_not_leave_the_folder(bundle: Path, tmp_path: Path, path: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    document_ = json.loads((copy / "manifest.json").read_text())
    document_["files"][0]["path"] = path
    (copy / "manifest.json").write_text(json.dumps(document_))
    assert any("leaves the folder" in problem for problem in manifest_problems(copy))


def test_results_in_memory_become_a_bundle(tmp_path: Path) -> None:
    plan = write_trial(tmp_path)
    loaded = read_plan(plan)
    results = ps.run(loaded)
    publish(loaded, results, tmp_path / "out")
    assert not manifest_problems(tmp_path / "out")
    assert read_manifest(tmp_path / "out").lock.state == "unlocked"
    with pytest.raises(OutputError, match="exists already"):
        publish(loaded, results, tmp_path / "out")
    publish(loaded, results, tmp_path / "out", force=True)
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()


def test_a_failure_while_writing_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = read_plan(write_trial(tmp_path))
    results = ps.run(loaded)
    publish(loaded, results, tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()

    def half(*arguments: object) -> None:
        write_bundle(*arguments)  # type: ignore[arg-type]
        raise OSError("no space left on device")

    monkeypatch.setattr("precept_stats.evidence.publish.write_bundle", half)
    with pytest.raises(OutputError, match="cannot be written"):
        publish(loaded, results, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_two_runs_do_not_write_to_one_place(tmp_path: Path) -> None:
    place = tmp_path / "out"
    refused = pytest.raises(OutputError, match="another run")
    with workshop(place, force=False), refused, workshop(place, force=False):
        pass
    with workshop(tmp_path / "out", force=False):
        pass
    assert not list(tmp_path.iterdir())


def test_the_command_line_locks_amends_signs_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_trial(tmp_path)

    def precept(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["precept", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        printed = capsys.readouterr()
        assert not ending.value.code, printed.err
        return printed.out

    sign = ("--key", tmp_path / "key", "--signed-by", "A Statistician")
    assert "fingerprint: " in precept("keygen", tmp_path / "key")
    precept("lock", plan, *sign)
    plan.write_text(plan.read_text().replace("version: 1.0.0", "version: 1.0.1"))
    why = ("--reason", "A slip.", "--class", "correction", "--timing", "before_data_access")
    amended = precept("amend", plan, *why, "--seen", "Nobody had seen any.", *sign)
    assert 'plan /version: "1.0.0" -> "1.0.1"' in amended
    assert "Plan not locked" not in precept("run", plan, "--out", tmp_path / "out", *sign)
    assert not manifest_problems(tmp_path / "out")
    assert (tmp_path / "out" / "manifest.signature.json").is_file()
