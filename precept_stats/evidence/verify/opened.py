"""A bundle as it is handed over: a folder, or a zip file that is unpacked with care."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from precept_stats.errors import DataError
from precept_stats.evidence.names import MANIFEST

LARGEST = 2_000_000_000
"""Bytes that all files of a zip may have together, unpacked."""
LARGEST_RATIO = 200
"""How many times its packed size a file may unpack to, beyond ``SMALL`` bytes."""
SMALL = 10_000_000
MOST_FILES = 20_000


@contextmanager
def opened(given: Path) -> Iterator[Path]:
    """The folder of a bundle; that of a zip file is temporary. Raises DataError when it is neither."""
    if given.is_dir():
        yield given
        return
    if not given.is_file() or not zipfile.is_zipfile(given):
        raise DataError(
            "this is not a bundle",
            found=str(given) if given.exists() else f"{given} is not there",
            allowed="the folder that `precept run` wrote, or a zip file of it",
        )
    inside = Path(tempfile.mkdtemp(prefix="precept-verify-"))
    try:
        unpack(given, inside)
        yield _root(inside)
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip file. Raises DataError for a path that leaves it, a link, or far too much inside."""
    try:
        with zipfile.ZipFile(archive) as content:
            entries = content.infolist()
            _refuse(entries, archive.name)
            for entry in entries:
                if not entry.is_dir():
                    _copy(content, entry, target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as problem:
        raise DataError("the zip file cannot be read", found=str(problem), where=archive.name) from None


def _refuse(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MOST_FILES:
        raise DataError("too many files", found=f"{len(entries):,}", allowed=f"{MOST_FILES:,}", where=name)
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise DataError("the files are too large, unpacked", allowed=f"{LARGEST:,} bytes", where=name)
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise DataError("a path that leaves the bundle", found=repr(entry.filename), where=name)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DataError("a link, not a file", found=repr(entry.filename), where=name)
        if entry.file_size > SMALL and entry.file_size > LARGEST_RATIO * max(1, entry.compress_size):
            raise DataError("a file that unpacks to far too much", found=repr(entry.filename), where=name)
        if entry.filename.casefold() in seen:
            raise DataError("a path that stands there twice", found=repr(entry.filename), where=name)
        seen.add(entry.filename.casefold())


def _copy(content: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one file, and no more of it than was announced."""
    path = target / entry.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    with content.open(entry) as source, path.open("xb") as sink:
        left = entry.file_size
        while chunk := source.read(min(1 << 20, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise DataError("a file that is larger than announced", found=repr(entry.filename))
            sink.write(chunk)


def _root(folder: Path) -> Path:
    """The folder of the manifest: the zip's own top, or the only folder in it."""
    inside = sorted(folder.iterdir())
    if not (folder / MANIFEST).exists() and len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    return folder
