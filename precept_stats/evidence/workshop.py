"""Where a bundle is made: a hidden folder beside its place, left for the next run where one is killed.

``.<name>.unfinished`` holds the analyses that have finished and, for a moment, the new folder and the one
that it replaces. It is not for reading: its rows have passed no disclosure policy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from precept_stats.errors import OutputError
from precept_stats.evidence.folder import Write, ensure_replaceable, refusals

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without them runs without the guard
    fcntl = None  # type: ignore[assignment]

KEPT, NEW, OLD, LOCK_FILE = "analyses", "new", "old", "lock"


@dataclass(frozen=True, slots=True)
class Workshop:
    """An open workshop; ``kept`` is the folder for finished analyses."""

    target: Path
    folder: Path
    force: bool

    @property
    def kept(self) -> Path:
        return self.folder / KEPT

    def deliver(self, write: Write) -> None:
        """Let ``write`` fill a new folder, and put it in its place as a whole."""
        fresh, aside = self.folder / NEW, self.folder / OLD
        with refusals(self.target):
            fresh.mkdir()
            write(fresh)
            ensure_replaceable(self.target, force=self.force)
            if self.target.exists():
                self.target.rename(aside)
            fresh.rename(self.target)
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def workshop(target: Path, *, force: bool) -> Iterator[Workshop]:
    """Open the workshop of a results folder, mending first what a killed run left. Raises OutputError.

    At any moment ``target`` is absent, what it was, or the complete new folder. One run at a time may
    write to it. What was kept stays when the work fails, so that the next run goes on from there.
    """
    folder = target.parent / f".{target.name}.unfinished"
    if not folder.exists():  # refused before anything is made
        ensure_replaceable(target, force=force)
    with refusals(target):
        descriptor = _locked(folder)
    try:
        with refusals(target):
            _mend(folder, target)
        ensure_replaceable(target, force=force)
        yield Workshop(target, folder, force)
    finally:
        _mend(folder, target)
        if not any((folder / KEPT).glob("*")):
            shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """The open lock of the folder, which its holder loses when it ends, however it ends."""
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if fcntl is None:
            return None
        try:
            descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # its holder has just cleared it away
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OutputError(
                "another run is writing there; nothing was changed",
                found=str(folder),
                allowed="one at a time",
            ) from None
        if _is_there(folder / LOCK_FILE, descriptor):
            return descriptor
        os.close(descriptor)


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _mend(folder: Path, target: Path) -> None:
    """Put back what was moved aside unless its successor stands; delete what was half-written."""
    aside = folder / OLD
    if aside.exists() and not target.exists():
        aside.rename(target)
    for leftover in (aside, folder / NEW):
        shutil.rmtree(leftover, ignore_errors=True)
