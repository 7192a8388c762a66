"""A run that was stopped goes on from what had finished, gives the same rows, and reuses nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import precept_stats as ps
from precept_stats.ard import entry_from_json, entry_to_json
from precept_stats.errors import DataError
from precept_stats.evidence.checkpoints import KeptAnalyses
from precept_stats.evidence.publish import run_bundle
from precept_stats.plan.reader import read_plan
from precept_stats.values import Failure, Result
from tests.evidence.killing import kill_words
from tests.evidence.trial import edited, write_trial

ROOT = Path(__file__).resolve().parents[2]


class Stopped(BaseException):
    """What a kill is to a program: nothing catches it."""


def stopped_after(analyses: int, plan: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until some analyses are kept, then stop without any tidying, as a kill does."""
    done: list[str] = []
    put = KeptAnalyses.put

    def stopping(self: KeptAnalyses, entry: Result | Failure) -> None:
        put(self, entry)
        done.append(entry.analysis)
        if len(done) == analyses:
            raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(KeptAnalyses, "put", stopping)
        with pytest.raises(Stopped):
            run_bundle(read_plan(plan), None, out)


def events(out: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("analyses", [1, 2, 3])
def test_rows_are_those_of_a_run_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analyses: int
) -> None:
    plan = write_trial(tmp_path)
    alone = ps.run(plan)
    stopped_after(analyses, plan, tmp_path / "out", monkeypatch)
    assert not (tmp_path / "out").exists()
    resumed = run_bundle(read_plan(plan), None, tmp_path / "out")
    assert resumed.rows == alone.rows
    assert resumed.analyses == alone.analyses
    assert events(tmp_path / "out").count("resumed") == analyses
    assert not (tmp_path / ".out.unfinished").exists()


@pytest.mark.parametrize("what", ["plan", "data", "order", "schema"])
def test_nothing_is_taken_over_from_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    plan = write_trial(tmp_path)
    stopped_after(2, plan, tmp_path / "out", monkeypatch)
    people, schema = tmp_path / "people.csv", tmp_path / "data_schemas" / "people.yaml"
    if what == "plan":
        edited(plan, "level: 0.95", "level: 0.9")
    elif what == "schema":
        edited(plan, "schema_sha256: ", "source: synthetic, file: people.csv} #")
        schema.write_text(schema.read_text() + "description: another\n")
    elif what == "data":
        people.write_text(people.read_text() + "16,new,1,synthetic\n")
    else:
        header, *lines = people.read_text().splitlines(keepends=True)
        people.write_text(header + "".join(reversed(lines)))
    alone = ps.run(plan)
    assert run_bundle(read_plan(plan), None, tmp_path / "out").rows == alone.rows
    assert "resumed" not in events(tmp_path / "out")


def test_a_spoilt_file_is_fitted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write_trial(tmp_path)
    stopped_after(2, plan, tmp_path / "out", monkeypatch)
    kept = tmp_path / ".out.unfinished" / "analyses" / "primary.json"
    kept.write_text(kept.read_text().replace("0.", "1.", 1))
    assert run_bundle(read_plan(plan), None, tmp_path / "out").rows == ps.run(plan).rows
    assert events(tmp_path / "out").count("resumed") == 1


def test_tables_in_memory_are_fitted_again(tmp_path: Path) -> None:
    plan = write_trial(tmp_path)
    table = ps.load_table(
        tmp_path / "people.csv", ps.read_schema(tmp_path / "data_schemas" / "people.yaml"), "p"
    )
    run_bundle(read_plan(plan), {"people": table.frame}, tmp_path / "out")
    assert not (tmp_path / ".out.unfinished").exists()
    with pytest.raises(ps.DataError):
        run_bundle(read_plan(plan), {"people": table.frame.assign(arm="x")}, tmp_path / "other")
    assert not (tmp_path / ".other.unfinished").exists()


def test_an_entry_reads_back_as_itself(tmp_path: Path) -> None:
    for entry in ps.run(write_trial(tmp_path)):
        assert entry_from_json(entry_to_json(entry)) == entry
    with pytest.raises(DataError):
        entry_from_json("{}")


def test_a_folder_moved_aside_by_a_killed_run_is_put_back(tmp_path: Path) -> None:
    plan = write_trial(tmp_path)
    run_bundle(read_plan(plan), None, tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    (tmp_path / ".out.unfinished" / "new").mkdir(parents=True)
    (tmp_path / "out").rename(tmp_path / ".out.unfinished" / "old")
    with pytest.raises(ps.PreceptError, match="exists already"):
        run_bundle(read_plan(plan), None, tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert not (tmp_path / ".out.unfinished").exists()


def killed(moments: int, folder: Path) -> dict[str, object]:
    """The record of the study, made in a process of its own, as it forks."""
    record = folder / "record.json"
    command = [sys.executable, "-m", "tests.evidence.killing", "--moments", str(moments)]
    done = subprocess.run(
        [*command, "--record", str(record)], cwd=ROOT, capture_output=True, text=True, timeout=3600
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(record.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="processor time is read as Linux tells it")
@pytest.mark.parametrize("moments", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, moments: int) -> None:
    found = killed(moments, tmp_path)
    assert found["moments"] == found["identical_rows_after_resuming"] == moments
    assert found["half_written_bundles"] == found["workshops_left_over"] == 0


def test_the_recorded_study_found_nothing_half_written() -> None:
    found = json.loads((ROOT / "docs" / "kill_study.json").read_text())
    assert found["moments"] == found["identical_rows_after_resuming"] == 50
    assert found["half_written_bundles"] == found["workshops_left_over"] == 0
    page = (ROOT / "docs" / "bundle.md").read_text()
    assert kill_words(found) in page
