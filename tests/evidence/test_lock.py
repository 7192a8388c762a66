"""Locking: what is refused, what a lock says, chains that hold, and every way in which they do not."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

import precept_stats as ps
from precept_stats.data.canonical import canonical_json
from precept_stats.errors import OutputError, PlanError
from precept_stats.evidence.keys import Signer, key_fingerprint, keygen, read_signers
from precept_stats.evidence.lock import Why, amend, lock
from precept_stats.plan.lock_chain import LockError, locks_folder, read_chain
from precept_stats.plan.reader import read_plan
from precept_stats.plan.signatures import fingerprint, signature_holds
from precept_stats.plan.standing import standing
from precept_stats.report.disclosure import gate
from tests.evidence.trial import edited, write_trial

WHY = Why("analysis", "The registry asked for it.", "before_data_access", "Nobody had seen outcomes by arm.")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_trial(tmp_path)


def signer(folder: Path, name: str = "A Statistician") -> Signer:
    keygen(folder / f"{name}.key")
    return read_signers([folder / f"{name}.key"], [name])[0]


def next_version(plan: Path, number: int = 1) -> None:
    edited(plan, f"version: 1.{number - 1}.0", f"version: 1.{number}.0")
    edited(plan, "draws: 999" if number == 1 else f"draws: {998 + number}", f"draws: {999 + number}")


def test_a_lock_holds_the_digests_that_sha256_gives(plan: Path) -> None:
    file = lock(plan)
    stored = plan.with_suffix(".locks") / "0000.json"
    content = stored.read_bytes()
    assert hashlib.sha256(content).hexdigest() == file.digest
    said = json.loads(content)
    assert said["plan"]["raw_sha256"] == hashlib.sha256(plan.read_bytes()).hexdigest()
    assert said["plan"]["canonical_sha256"] == read_plan(plan).digest
    schema = (plan.parent / "data_schemas" / "people.yaml").read_bytes()
    assert said["schemas"]["people"]["raw_sha256"] == hashlib.sha256(schema).hexdigest()
    assert said["prespecification"]["data_state"] == "locked_blinded"
    assert said["parent"] is None
    assert standing(read_plan(plan)).state == "locked"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Written before", "TBD before", "/prespecification/statement is not decided"),
        ("A small trial", "A trial, margin to be decided", "/title is not decided"),
        ("A small trial", "A trial, todo", "/title is not decided"),
        ("schema_sha256: ", "source: synthetic, file: people.csv} #", "add `schema_sha256: "),
        ("    on_failure: [{if: not_estimable, use: welch}]\n", "", "has no fallback rule"),
    ],
)
def test_what_is_not_ready_is_not_locked(plan: Path, old: str, new: str, said: str) -> None:
    edited(plan, old, new)
    with pytest.raises(PlanError) as refused:
        lock(plan)
    assert said in str(refused.value)
    assert not locks_folder(plan).exists()


def test_a_plan_with_errors_and_a_schema_that_is_another_are_not_locked(plan: Path) -> None:
    edited(plan, "use: welch", "use: wlech")
    with pytest.raises(PlanError, match="1 error"):
        lock(plan)
    edited(plan, "use: wlech", "use: welch")
    schema = plan.parent / "data_schemas" / "people.yaml"
    schema.write_text(schema.read_text() + "description: another\n")
    with pytest.raises(PlanError, match="not the one that the plan pins"):
        lock(plan)
    assert not locks_folder(plan).exists()


def test_a_plan_is_locked_once(plan: Path) -> None:
    lock(plan)
    with pytest.raises(PlanError, match="locked already"):
        lock(plan)


def test_comments_do_not_depart_and_anything_else_does(plan: Path) -> None:
    lock(plan)
    plan.write_text("# a remark\n" + plan.read_text())
    assert standing(read_plan(plan)).state == "locked"
    edited(plan, "level: 0.95", "level: 0.9")
    found = standing(read_plan(plan))
    assert found.state == "departs"
    (change,) = found.departures
    assert (change.document, change.pointer, change.old, change.new) == (
        "plan",
        "/multiplicity/level",
        0.95,
        0.9,
    )


def test_openssl_accepts_a_signature(plan: Path, tmp_path: Path) -> None:
    """The signature is held to a program that is not ours."""
    try:
        version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl is not installed")
    if int(version.split()[1].split(".")[0]) < 3:
        pytest.skip("openssl 3 is needed")
    found = lock(plan, [signer(tmp_path)]).lock
    (tmp_path / "message").write_bytes(found.signed_bytes())
    (tmp_path / "signature").write_bytes(base64.b64decode(found.signatures[0].signature))
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        tmp_path / "A Statistician.key.pub",
        "-rawin",
    ]
    command += ["-in", tmp_path / "message", "-sigfile", tmp_path / "signature"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout, done.stderr
    assert fingerprint(found.signatures[0]) == key_fingerprint(tmp_path / "A Statistician.key.pub")


def test_the_signatures_of_rfc_8032_hold() -> None:
    """RFC 8032, section 7.1, TEST 2: the message 0x72."""
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    from precept_stats.plan.lock_document import Signature

    one = Signature(
        name="RFC 8032",
        public_key=base64.b64encode(bytes.fromhex(public)).decode(),
        signature=base64.b64encode(bytes.fromhex(signature)).decode(),
    )
    assert signature_holds(one, b"\x72")
    assert not signature_holds(one, b"\x73")
    assert not signature_holds(one.model_copy(update={"public_key": "no base 64"}), b"\x72")


def test_keys_are_private_and_never_replaced(tmp_path: Path) -> None:
    keygen(tmp_path / "key", "open sesame")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    with pytest.raises(OutputError):
        keygen(tmp_path / "key")
    with pytest.raises(PlanError, match="passphrase"):
        read_signers([tmp_path / "key"], ["A"])
    with pytest.raises(PlanError, match="passphrase"):
        read_signers([tmp_path / "key"], ["A"], "wrong")
    assert read_signers([tmp_path / "key"], ["A"], "open sesame")[0].name == "A"
    with pytest.raises(PlanError, match="name of who signs"):
        read_signers([tmp_path / "key"], [])


def test_an_amendment_lists_the_fields_that_changed(plan: Path, tmp_path: Path) -> None:
    key = signer(tmp_path)
    first = lock(plan, [key])
    next_version(plan)
    second = amend(plan, WHY, [key])
    assert second.lock.parent == first.digest
    assert second.lock.amendment is not None
    changed = {(change.pointer, change.old, change.new) for change in second.lock.amendment.changes}
    assert changed == {
        ("/version", "1.0.0", "1.1.0"),
        ("/analyses/shuffled/method/allocations/draws", 999, 1000),
    }
    assert [file.lock.sequence for file in read_chain(locks_folder(plan))] == [0, 1]
    assert standing(read_plan(plan)).state == "locked"


def test_an_amendment_that_does_not_follow_is_refused(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="not locked"):
        amend(plan, WHY)
    key = signer(tmp_path)
    lock(plan, [key])
    with pytest.raises(PlanError, match="nothing differs"):
        amend(plan, WHY, [key])
    edited(plan, "level: 0.95", "level: 0.9")
    edited(plan, "data_state: locked_blinded", "data_state: unblinded")
    with pytest.raises(PlanError) as refused:
        amend(plan, WHY)
    said = str(refused.value)
    assert "the version does not go up" in said
    assert "before data access, and the plan says unblinded" in said
    assert "this amendment is not: give --key" in said
    edited(plan, "version: 1.0.0", "version: 1.1.0")
    amend(plan, Why("analysis", "Seen.", "after_data_access", "All had."), [key])
    next_version_text = ("data_state: unblinded", "data_state: locked_blinded")
    edited(plan, *next_version_text)
    edited(plan, "version: 1.1.0", "version: 1.2.0")
    with pytest.raises(PlanError, match="less has been seen") as refused:
        amend(plan, WHY, [key])
    assert "the one before it was after" in str(refused.value)


def rewritten(plan: Path, number: int, change: dict[str, object]) -> None:
    """Replace top-level fields of a lock, in canonical form."""
    file = locks_folder(plan) / f"{number:04d}.json"
    file.write_bytes(canonical_json(json.loads(file.read_bytes()) | change))


@pytest.fixture
def chain(plan: Path, tmp_path: Path) -> Path:
    """A signed lock with two amendments."""
    key = signer(tmp_path)
    lock(plan, [key])
    for number in (1, 2):
        next_version(plan, number)
        amend(plan, WHY, [key])
    assert len(read_chain(locks_folder(plan))) == 3
    return plan


def test_every_change_of_a_chain_is_found(chain: Path, tmp_path: Path) -> None:
    folder = locks_folder(chain)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    first = json.loads(kept["0000.json"])
    said: dict[str, str] = {}

    def try_(name: str) -> None:
        with pytest.raises(LockError) as refused:
            read_chain(folder)
        said[name] = str(refused.value)
        for path in folder.iterdir():
            path.unlink()
        for file, content in kept.items():
            (folder / file).write_bytes(content)

    rewritten(chain, 0, {"created": "2020-01-01T00:00:00Z"})
    try_("date")
    rewritten(chain, 0, {"plan": first["plan"] | {"text": first["plan"]["text"] + "\n"}})
    try_("text")
    rewritten(chain, 0, {"plan": first["plan"] | {"stated": first["plan"]["stated"] | {"title": "x"}}})
    try_("stated")
    (folder / "0000.json").write_bytes(kept["0000.json"] + b"\n")
    try_("layout")
    (folder / "0001.json").unlink()
    try_("gap")
    (folder / "0001.json").write_bytes(kept["0002.json"])
    (folder / "0002.json").write_bytes(kept["0001.json"])
    try_("order")
    (folder / "0002.json").unlink()
    (folder / "0002.json").symlink_to(chain)
    try_("link")
    (folder / "note.txt").write_text("x")
    try_("extra")
    amendment = json.loads(kept["0002.json"])["amendment"]
    rewritten(chain, 2, {"amendment": amendment | {"changes": amendment["changes"][:1]}})
    try_("changes")
    rewritten(chain, 2, {"amendment": amendment | {"reason": "another"}})
    try_("reason")
    rewritten(chain, 0, {"signatures": []})
    try_("unsigned")
    rewritten(chain, 2, {"sequence": 1})
    try_("sequence")
    assert "signature of 'A Statistician' does not hold" in said["date"]
    assert "its parent is not 0000.json as it is" in said["date"]
    assert "digest of the text of the plan is another" in said["text"]
    assert "not what its text states" in said["stated"]
    assert "not canonical JSON" in said["layout"]
    assert "0002.json stands where 0001.json belongs" in said["gap"]
    assert "does not stand in its place" in said["order"]
    assert "not an ordinary file" in said["link"]
    assert "note.txt stands where" in said["extra"]
    assert "changes that it lists are not those" in said["changes"]
    assert "does not hold" in said["reason"]
    assert "its parent is not 0000.json as it is" in said["unsigned"]
    assert "does not stand in its place" in said["sequence"]


def test_a_first_lock_signed_again_by_another_breaks_the_chain(chain: Path, tmp_path: Path) -> None:
    folder = locks_folder(chain)
    other = signer(tmp_path, "Somebody Else")
    found = read_chain(folder)[0].lock
    forged = found.model_copy(update={"signatures": (other.sign(found.signed_bytes()),)})
    (folder / "0000.json").write_bytes(forged.content())
    with pytest.raises(LockError, match="hold together") as refused:
        read_chain(folder)
    assert refused.value.problems == ("0001.json: its parent is not 0000.json as it is",)


def test_the_policy_changes_nothing_that_a_lock_says(tmp_path: Path) -> None:
    """The villages are called 1 to 16, and so are parts of dates and of digests."""
    plan = write_trial(tmp_path, "nhs_counts_v1")
    found = lock(plan)
    rows = gate(ps.run(plan).rows, "nhs_counts_v1")
    said = {row.stat_name: row.stat for row in rows if row.context == "lock"}
    assert said["created"] == found.lock.created
    assert said["digest"] == found.digest


def test_a_broken_chain_stops_the_run(chain: Path) -> None:
    rewritten(chain, 0, {"created": "2020-01-01T00:00:00Z"})
    with pytest.raises(LockError):
        ps.run(chain)


def test_departures_and_unplanned_analyses_are_rows_and_printed_apart(chain: Path) -> None:
    edited(chain, "  shuffled:\n", "  shuffled:\n    label: Shuffled again\n")
    text = chain.read_text()
    chain.write_text(
        text.replace(
            "multiplicity:", "  looked:\n    based_on: primary\n    purpose: exploratory\nmultiplicity:", 1
        )
    )
    results = ps.run(chain)
    assert results.provenance.lock_state == "departs"
    assert results.provenance.lock == read_chain(locks_folder(chain))[-1].digest
    places = {
        row.variable_level for row in results.shared if row.context == "lock" and row.group("departure")
    }
    assert places == {"/analyses/shuffled/label", "/analyses/looked"}
    unplanned = [row.stat for row in results["looked"].rows if row.stat_name == "unplanned"]
    assert unplanned == ["not prespecified: it is not in the locked plan"]
    report = ps.story(read_plan(chain), results)
    assert report.mark == "Differs from the locked plan"
    assert [row.cells[0] for row in report.table("departures").rows] == [
        "analyses / shuffled / label",
        "analyses / looked",
    ]
    amended = [row.cells for row in report.table("amendments").rows]
    assert ("Reason", "The registry asked for it.") in amended
    assert sum(row.kind == "group" for row in report.table("amendments").rows) == 2


def test_an_analysis_added_after_the_data_were_seen_is_unplanned(plan: Path) -> None:
    lock(plan)
    edited(plan, "multiplicity:", "  looked:\n    based_on: primary\n    purpose: exploratory\nmultiplicity:")
    edited(plan, "data_state: locked_blinded", "data_state: unblinded")
    edited(plan, "version: 1.0.0", "version: 2.0.0")
    amend(plan, Why("analysis", "Asked at the meeting.", "after_data_access", "All had seen all."))
    found = standing(read_plan(plan))
    assert found.state == "locked"
    assert found.unplanned == {"looked": "not prespecified: amendment 1 added it after data access"}


def test_a_plan_that_is_not_locked_runs_and_says_so(plan: Path) -> None:
    results = ps.run(plan)
    assert results.provenance.lock_state == "unlocked"
    assert not [row for row in results.shared if row.context == "lock"]
    report = ps.story(read_plan(plan), results)
    assert "Plan not locked" in report.badges
    assert report.mark == "Plan not locked"
    lock(plan)
    report = ps.story(read_plan(plan), ps.run(plan))
    assert "Plan locked" in report.badges
    assert report.mark == ""
