"""A results folder is complete, or what was there before."""

import os
from pathlib import Path

import pytest

from precept_stats.errors import OutputError
from precept_stats.evidence.folder import ensure_writable, write_file, write_folder


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
    with pytest.raises(OutputError, match="does not hold results"):
        write_folder(tmp_path / "thesis", fill("x"), force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


@pytest.mark.parametrize("existing", [False, True])
def test_interrupted_in_the_middle_nothing_is_half_written(tmp_path, existing):
    if existing:
        write_folder(tmp_path / "out", fill("one"), force=False)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "out", interrupted, force=True)
    assert listing(tmp_path) == (["out"] if existing else [])
    if existing:
        assert (tmp_path / "out" / "rows.json").read_text() == "one"


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
