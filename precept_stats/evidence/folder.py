"""Folders of results and of checks: written beside their place and moved in whole, never half-written."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from precept_stats.errors import OutputError

Write = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class FolderKind:
    """What is written into a folder: the file it is known by and, where nothing else may be lost, all files.

    ``--force`` replaces a folder of the same kind only. Where ``only`` is given, a folder that holds
    anything more is not of the kind.
    """

    mark: str
    only: tuple[str, ...] = ()

    def made(self, folder: Path) -> bool:
        """Whether this library wrote a folder of this kind there."""
        if not (folder / self.mark).is_file():
            return False
        return not self.only or all(one.name in self.only and one.is_file() for one in folder.iterdir())


RESULTS = FolderKind("rows.json")


def ensure_replaceable(target: Path, *, force: bool, kind: FolderKind = RESULTS) -> None:
    """Refuse a folder that exists; with ``force``, one that is not of the kind. Raises OutputError."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError("the place to write to is not a folder", found=str(target), allowed="a new folder")
    if target.exists() and any(target.iterdir()):
        if not force:
            raise OutputError(
                "the folder exists already; nothing was changed",
                found=str(target),
                allowed="a new folder, or --force to replace it",
            )
        if not kind.made(target):
            alone = f", and nothing but {', '.join(kind.only)}" if kind.only else ""
            raise OutputError(
                "the folder to replace was not written by this command; nothing was changed",
                found=str(target),
                allowed=f"a folder with {kind.mark}{alone}; or a new folder",
            )


def ensure_writable(target: Path, *, force: bool, kind: FolderKind = RESULTS) -> None:
    """Refuse early, before any work, a folder that exists or cannot be made.

    Raises OutputError. With ``force`` an existing folder of the same kind may be replaced, but never a
    file, nor a folder that this library did not write.
    """
    ensure_replaceable(target, force=force, kind=kind)
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


def write_folder(target: Path, write: Write, *, force: bool, kind: FolderKind = RESULTS) -> None:
    """Let ``write`` fill a temporary folder, then move it to ``target``.

    Interrupted at any point, ``target`` is either what it was or the complete new folder. Only a
    kill between two renames leaves it under another name beside its place, still whole.
    """
    ensure_writable(target, force=force, kind=kind)
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
            "the folder cannot be written; nothing was changed",
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
