"""The results folder: written beside its place and moved in whole, so nothing is ever half-written."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from precept_stats.errors import OutputError

Write = Callable[[Path], None]

MARKS = ("rows.json", "SYNTHETIC.json")
"""A folder that holds one of these was written by this library, and may be replaced by it."""


def ensure_replaceable(target: Path, *, force: bool) -> None:
    """Refuse a folder that exists; with ``force``, what this library did not write. Raises OutputError."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError("the results folder is not a folder", found=str(target), allowed="a new folder")
    if target.exists() and any(target.iterdir()):
        if not force:
            raise OutputError(
                "the results folder exists already; nothing was changed",
                found=str(target),
                allowed="a new folder, or --force to replace it",
            )
        if not any((target / mark).is_file() for mark in MARKS):
            raise OutputError(
                "the folder to replace was not written by this library; nothing was changed",
                found=str(target),
                allowed=f"a folder with {' or '.join(MARKS)}, or a new folder",
            )


def ensure_writable(target: Path, *, force: bool) -> None:
    """Refuse early, before any work, a folder that exists or cannot be made.

    Raises OutputError. With ``force`` an existing results folder may be replaced, but never a
    file, nor a folder that this library did not write.
    """
    ensure_replaceable(target, force=force)
    with refusals(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(target)
        try:
            probe.mkdir(mode=0o700)
        finally:
            shutil.rmtree(probe, ignore_errors=True)


def _beside(target: Path) -> Path:
    """A new name beside the target, known before anything has it, so that an interrupt leaves nothing."""
    return target.parent / f".{target.name}.{secrets.token_hex(8)}"


def write_folder(target: Path, write: Write, *, force: bool) -> None:
    """Let ``write`` fill a temporary folder, then move it to ``target``.

    Interrupted at any point, ``target`` is either what it was or the complete new folder. Only a
    kill between two renames leaves it under another name beside its place, still whole.
    """
    ensure_writable(target, force=force)
    with refusals(target):
        workshop = _beside(target)
        fresh, aside = workshop / "new", workshop / "old"
        try:
            workshop.mkdir(mode=0o700)
            fresh.mkdir()
            write(fresh)
            if target.exists():
                target.rename(aside)
            fresh.rename(target)
        finally:
            _clear_away(workshop, aside, target)


def _clear_away(workshop: Path, aside: Path, target: Path) -> None:
    """Put back what was moved aside unless its successor stands; delete only what is not needed."""
    if aside.exists() and not target.exists():
        aside.rename(target)
    if target.exists() or not aside.exists():
        shutil.rmtree(workshop, ignore_errors=True)


@contextmanager
def refusals(target: Path) -> Iterator[None]:
    """Turn what the system refuses into an OutputError that names the folder."""
    try:
        yield
    except OSError as problem:
        raise OutputError(
            "the results folder cannot be written; nothing was changed",
            found=f"{problem.strerror or problem}",
            allowed="a folder that this user may write to",
            where=str(target),
        ) from problem


def write_file(target: Path, text: str, *, force: bool) -> None:
    """Write one file whole or not at all; refuse an existing one unless ``force``."""
    if target.exists() and not force:
        raise OutputError(
            "the file exists already; nothing was changed",
            found=str(target),
            allowed="a new file, or --force to replace it",
        )
    with refusals(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as workshop:
            fresh = Path(workshop) / "new"
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(target)
