"""Verifying an honest bundle: what a reviewer brings decides how far it goes, and all of it is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.evidence.keys import keygen
from precept_stats.evidence.verify.page import as_statement, report_of, write_verification
from precept_stats.evidence.verify.tolerances import agreeing
from precept_stats.plan.reader import read_plan
from tests.evidence.forged_answers import with_number
from tests.evidence.forger import Honest, honest, made_again, with_manifest
from tests.evidence.trial import write_trial


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    return honest(tmp_path_factory.mktemp("verify") / "trial")


def exit_code(*arguments: str | Path) -> int:
    """Of ``precept verify`` with these arguments."""
    command = [sys.executable, "-m", "precept_stats", "verify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def found_in(verification: ps.Verification, name: str) -> tuple[str, tuple[str, ...]]:
    check = next(check for check in verification.checks if check.name == name)
    return check.outcome, check.found


def test_a_reviewer_who_has_everything_gets_a_clean_verdict(base: Honest) -> None:
    with_all = ps.Against({"people": base.data}, (base.fingerprint,), base.locks)
    found = ps.verify(base.bundle, with_all)
    assert found.verdict == "passed"
    assert {check.outcome for check in found.checks} == {"passed"}
    assert {check.level for check in found.checks} == {"L0", "L1", "L2", "L3"}
    assert len(found.compared) > 100
    assert all(one.theirs == one.ours for one in found.compared)


def test_without_data_the_numbers_are_not_made_again_and_the_check_says_what_it_needs(base: Honest) -> None:
    found = ps.verify(base.bundle)
    assert found.verdict == "passed with differences"
    outcome, said = found_in(found, "Numbers made again from the data")
    assert outcome == "not run"
    assert "--data people=FILE" in said[0]
    assert not found.compared


def test_levels_above_the_one_asked_for_are_not_run(base: Honest) -> None:
    found = ps.verify(base.bundle, ps.Against(level="L1"))
    assert {check.level for check in found.checks} == {"L0", "L1"}


def test_data_in_another_order_and_format_pass_and_the_difference_is_told(
    base: Honest, tmp_path: Path
) -> None:
    frame = pd.read_csv(base.data, dtype={"village": str}).sample(frac=1.0, random_state=3)
    frame.reset_index(drop=True).to_parquet(tmp_path / "people.parquet")
    found = ps.verify(base.bundle, ps.Against({"people": tmp_path / "people.parquet"}, (base.fingerprint,)))
    assert found.verdict == "passed with differences"
    assert found_in(found, "The data are those that were analysed") == (
        "differs",
        ("people: the same contents in another file, format or order of rows",),
    )
    assert all(one.within for one in found.compared)


def test_other_data_fail_and_nothing_is_compared_with_them(base: Honest, tmp_path: Path) -> None:
    lines = base.data.read_text().splitlines()
    lines[1] = lines[1].replace(",0,", ",9,").replace(",1,", ",0,").replace(",9,", ",1,")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    found = ps.verify(base.bundle, ps.Against({"people": tmp_path / "people.csv"}))
    assert found.verdict == "failed"
    assert found_in(found, "The data are those that were analysed")[0] == "failed"
    assert not found.compared


def test_a_zip_file_and_a_released_copy_are_verified(base: Honest, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(base.bundle, copy, ignore=shutil.ignore_patterns("sensitive"))
    archive = shutil.make_archive(str(tmp_path / "sent"), "zip", copy)
    found = ps.verify(archive, ps.Against({"people": base.data}, (base.fingerprint,)))
    assert found.verdict == "passed with differences"
    assert found_in(found, "The sensitive part is there")[0] == "differs"
    assert found_in(found, "Numbers of people add up")[0] == "not run"
    assert found.compared
    assert all(one.within for one in found.compared)


def test_a_plan_that_was_not_locked_passes_and_the_reader_is_told(tmp_path: Path) -> None:
    plan = write_trial(tmp_path)
    loaded = read_plan(plan)
    ps.publish(loaded, ps.run(loaded), tmp_path / "out")
    found = ps.verify(tmp_path / "out", ps.Against({"people": tmp_path / "people.csv"}))
    assert found.verdict == "passed with differences"
    outcome, said = found_in(found, "The chain of locks holds")
    assert outcome == "differs"
    assert "nothing shows when it was fixed" in said[0]


def test_a_stranger_has_not_signed(base: Honest, tmp_path: Path) -> None:
    public = keygen(tmp_path / "stranger")
    assert exit_code(base.bundle, "--level", "L0", "--signer", public) == 1
    own = base.bundle.parent / "key.pub"
    assert exit_code(base.bundle, "--level", "L0", "--signer", own) == 0


def test_numbers_from_another_version_of_a_package_are_judged_by_their_class(
    base: Honest, tmp_path: Path
) -> None:
    """Sampling error is let through where numbers are drawn, and nowhere else."""
    shutil.copytree(base.bundle, tmp_path / "copy")
    rows = ps.read_json(base.bundle / "sensitive" / "rows.json").rows
    place = next(
        number
        for number, row in enumerate(rows)
        if row.context == "estimate" and row.stat_name == "std_error" and row.analysis == "welch"
    )
    made_again(tmp_path / "copy", lambda results: with_number(place, float(rows[place].stat or 0.0), results))
    found = ps.verify(tmp_path / "copy", ps.Against({"people": base.data}))
    wrong = [one for one in found.compared if not one.within]
    assert [one.row for one in wrong] == [
        "welch / estimate / well / new - old / risk_difference / std_error",
        "welch / estimate / 1 / new - old / risk_difference / std_error",
    ]
    assert all(2.9 < one.digits < 3.1 for one in wrong)


def test_another_version_that_draws_may_move_a_line_and_nothing_else(base: Honest, tmp_path: Path) -> None:
    shutil.copytree(base.bundle, tmp_path / "copy")
    environment = tmp_path / "copy" / "environment.json"
    said = json.loads(environment.read_text(encoding="utf-8"))
    said["packages"]["matplotlib"] = "3.0.0"
    environment.write_text(json.dumps(said), encoding="utf-8")
    figure = min((tmp_path / "copy" / "figures").glob("*.svg"))
    figure.write_text(figure.read_text(encoding="utf-8").replace('d="M ', 'd="M 1', 1), encoding="utf-8")
    with_manifest(tmp_path / "copy")
    found = ps.verify(tmp_path / "copy", ps.Against(level="L2"))
    assert found.verdict == "passed with differences"
    assert found_in(found, "Figures are what the rows give")[0] == "differs"


@pytest.mark.parametrize(
    ("a", "b", "digits"), [(1.0, 1.0, 15.0), (1.0, 1.001, 3.0), (0.0, 0.0, 15.0), (100.0, 100.0001, 6.0)]
)
def test_digits_of_agreement(a: float, b: float, digits: float) -> None:
    assert agreeing(a, b) == pytest.approx(digits, abs=0.01)


def test_the_verification_is_a_page_a_document_and_a_statement(base: Honest, tmp_path: Path) -> None:
    found = ps.verify(base.bundle, ps.Against({"people": base.data}))
    write_verification(found, tmp_path / "out")
    page = (tmp_path / "out" / "verification.html").read_text(encoding="utf-8")
    assert "Numbers made again agree within their tolerance" in page
    document = json.loads((tmp_path / "out" / "verification.json").read_text(encoding="utf-8"))
    assert document["verdict"] == found.verdict
    assert len(document["compared"]) == len(found.compared)
    statement = json.loads((tmp_path / "out" / "statement.json").read_text(encoding="utf-8"))
    assert statement == as_statement(found)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicate"]["result"] == "WARNED"
    assert statement["subject"][0]["digest"]["sha256"] == found.digest
    assert len(report_of(found).blocks) > 8


def test_the_command_line_says_so_with_its_exit_code(base: Honest, tmp_path: Path) -> None:
    """0 where nothing failed, 1 where a check did, 3 where it is no bundle."""
    command = [sys.executable, "-m", "precept_stats", "verify"]
    good = subprocess.run(
        [*command, str(base.bundle), "--level", "L1"], capture_output=True, text=True, check=False
    )
    assert good.returncode == 0
    assert "PASSED" in good.stdout
    shutil.copytree(base.bundle, tmp_path / "copy")
    (tmp_path / "copy" / "more.txt").write_text("x")
    assert exit_code(tmp_path / "copy", "--level", "L0") == 1
    assert exit_code(tmp_path / "nothing") == 3
    (tmp_path / "empty").mkdir()
    assert exit_code(tmp_path / "empty") == 1
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../out.txt", "x")
    assert exit_code(tmp_path / "bad.zip") == 3
    assert not (tmp_path.parent / "out.txt").exists()


def test_data_under_a_name_that_the_plan_has_not_are_refused(base: Honest) -> None:
    with pytest.raises(ps.PreceptError, match="no such table"):
        ps.verify(base.bundle, ps.Against({"poeple": base.data}, level="L1"))


def test_every_signer_that_is_named_must_have_signed(base: Honest) -> None:
    found = ps.verify(base.bundle, ps.Against(signers=(base.fingerprint, "0" * 64), level="L0"))
    assert found_in(found, "Signed by whom it should be")[0] == "failed"


def test_verifying_changes_nothing(base: Honest) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        files = (path for path in base.bundle.rglob("*") if path.is_file())
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = state()
    ps.verify(base.bundle, ps.Against({"people": base.data}))
    assert state() == before
