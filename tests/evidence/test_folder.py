"""A results folder is complete, or what was there before."""

import os
import sys
from pathlib import Path

import pytest

from precept_stats.errors import OutputError
from precept_stats.evidence.folder import FolderKind, ensure_writable, write_file, write_folder

CHECKS = FolderKind("check.json", ("check.json", "check.html"))


def fill(text):
    def write(folder: Path) -> None:
        (folder / "rows.json").write_text(text)
        (folder / "report.html").write_text(text)

    return write


def interrupted(folder: Path) -> None:
    (folder / "rows.json").write_text("half")
    raise KeyboardInterrupt


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_whole_and_leaves_no_workshop(tmp_path):
    write_folder(tmp_path / "deep" / "out", fill("one"), force=False)
    assert listing(tmp_path / "deep") == ["out"]
    assert listing(tmp_path / "deep" / "out") == ["report.html", "rows.json"]


def test_refuses_an_existing_folder_and_changes_nothing(tmp_path):
    write_folder(tmp_path / "out", fill("one"), force=False)
    with pytest.raises(OutputError, match="exists already"):
        write_folder(tmp_path / "out", fill("two"), force=False)
    assert (tmp_path / "out" / "rows.json").read_text() == "one"


def test_force_replaces_everything(tmp_path):
    write_folder(tmp_path / "out", fill("one"), force=False)
    (tmp_path / "out" / "stale.txt").write_text("old")
    write_folder(tmp_path / "out", fill("two"), force=True)
    assert listing(tmp_path / "out") == ["report.html", "rows.json"]
    assert (tmp_path / "out" / "rows.json").read_text() == "two"
    assert listing(tmp_path) == ["out"]


def test_force_never_replaces_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(OutputError, match="was not written by this command"):
        write_folder(tmp_path / "thesis", fill("x"), force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def check(folder: Path, text: str) -> None:
    """A folder of checks as the library writes it."""

    def write(inside: Path) -> None:
        (inside / "check.json").write_text(text)
        (inside / "check.html").write_text(text)

    write_folder(folder, write, force=True, kind=CHECKS)


def test_force_replaces_a_folder_of_the_same_kind(tmp_path):
    check(tmp_path / "out", "one")
    check(tmp_path / "out", "two")
    assert (tmp_path / "out" / "check.json").read_text() == "two"


@pytest.mark.parametrize("more", ["notes.txt", "rows.json"])
def test_force_never_replaces_a_folder_of_checks_to_which_something_was_added(tmp_path, more):
    check(tmp_path / "out", "one")
    (tmp_path / "out" / more).write_text("mine")
    with pytest.raises(OutputError, match=r"nothing but check\.json, check\.html"):
        check(tmp_path / "out", "two")
    assert (tmp_path / "out" / "check.json").read_text() == "one"


def test_force_never_replaces_results_by_checks_nor_checks_by_results(tmp_path):
    write_folder(tmp_path / "results", fill("one"), force=False)
    with pytest.raises(OutputError, match="was not written by this command"):
        check(tmp_path / "results", "two")
    check(tmp_path / "checks", "one")
    with pytest.raises(OutputError, match=r"a folder with rows\.json"):
        write_folder(tmp_path / "checks", fill("two"), force=True)
    assert listing(tmp_path / "results") == ["report.html", "rows.json"]
    assert listing(tmp_path / "checks") == ["check.html", "check.json"]


def test_a_folder_inside_a_folder_of_checks_is_not_lost(tmp_path):
    check(tmp_path / "out", "one")
    (tmp_path / "out" / "check.html").unlink()
    (tmp_path / "out" / "check.html").mkdir()
    with pytest.raises(OutputError, match="was not written by this command"):
        check(tmp_path / "out", "two")


@pytest.mark.parametrize("existing", [False, True])
def test_interrupted_in_the_middle_nothing_is_half_written(tmp_path, existing):
    if existing:
        write_folder(tmp_path / "out", fill("one"), force=False)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "out", interrupted, force=True)
    assert listing(tmp_path) == (["out"] if existing else [])
    if existing:
        assert (tmp_path / "out" / "rows.json").read_text() == "one"


def lines_of_the_swap(tmp_path) -> int:
    return len(interrupt_before(tmp_path / "count", line=-1))


def interrupt_before(folder: Path, line: int) -> list[int]:
    """Replace results of "one" by "two", interrupted before the n-th line; gives the lines passed."""
    folder.mkdir()
    write_folder(folder / "out", fill("one"), force=False)
    passed: list[int] = []

    def trace(frame, event, _arg):
        if frame.f_code.co_name not in ("write_folder", "_clear_away"):
            return None
        if event == "line":
            passed.append(frame.f_lineno)
            if len(passed) == line:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        write_folder(folder / "out", fill("two"), force=True)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return passed


def test_interrupted_before_any_line_the_results_are_never_lost(tmp_path):
    lines = lines_of_the_swap(tmp_path)
    assert lines > 12
    for line in range(1, lines + 1):
        folder = tmp_path / f"line{line}"
        interrupt_before(folder, line)
        found = {path.read_text() for path in folder.rglob("rows.json")}
        assert found & {"one", "two"}, f"everything lost at line {line}"
        if (folder / "out").exists():
            assert listing(folder / "out") == ["report.html", "rows.json"]
        else:
            assert "one" in found, f"the old results are gone at line {line}"


def test_a_place_that_cannot_be_written_is_refused_early(tmp_path, monkeypatch):
    def refuse(*_args, **_settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(OutputError, match="cannot be written"):
        ensure_writable(tmp_path / "out", force=False)


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="not a folder"):
        ensure_writable(tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "a file"


def test_one_file_is_refused_or_replaced(tmp_path):
    write_file(tmp_path / "report.html", "one", force=False)
    with pytest.raises(OutputError, match="exists already"):
        write_file(tmp_path / "report.html", "two", force=False)
    write_file(tmp_path / "report.html", "two", force=True)
    assert (tmp_path / "report.html").read_text() == "two"
    assert listing(tmp_path) == ["report.html"]
