"""A bundle as it is handed over: a folder, or a zip file that is unpacked with care."""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from precept_stats.errors import DataError, hidden
from precept_stats.evidence.names import MANIFEST
from precept_stats.plan.files import RESERVED

LARGEST = 2_000_000_000
"""Bytes that all files of a zip may have together, unpacked."""
LARGEST_RATIO = 200
"""How many times its packed size a file may unpack to, beyond ``SMALL`` bytes."""
SMALL = 10_000_000
MOST_FILES = 20_000
LONGEST_PATH = 500
LARGEST_DIRECTORY = 10_000_000
"""Bytes that the list of a zip file's entries may have."""
READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways to pack a file that are unpacked; others ask for as much memory as they like."""
_DAMAGED: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError),
)
"""What the standard library raises at a zip file that was made to break it."""
SHOWN = 5
"""Names of a zip file's top that a message shows."""
_END, _END_SIZE, _LONGEST_COMMENT, _FOR_64_BITS = b"PK\x05\x06", 22, 65_535, b"PK\x06\x07"


@contextmanager
def opened(given: Path) -> Iterator[Path]:
    """The folder of a bundle; that of a zip file is temporary. Raises DataError when it is neither."""
    if given.is_dir():
        yield given
        return
    if not given.is_file() or not _is_zip(given):
        raise DataError(
            "this is not a bundle",
            found=str(given) if given.exists() else f"{given} is not there",
            allowed="the folder that `precept run` wrote, or a zip file of it",
        )
    inside = Path(tempfile.mkdtemp(prefix="precept-verify-"))
    try:
        unpack(given, inside)
        yield _root(inside, given.name)
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip file. Raises DataError for a path that leaves it, a link, or far too much inside."""
    _check_directory(archive)
    try:
        with zipfile.ZipFile(archive) as content:
            entries = content.infolist()
            _refuse(entries, archive.name, archive.stat().st_size)
            for entry in entries:
                if not entry.is_dir():
                    _copy(content, entry, target)
    except _DAMAGED as problem:
        raise DataError("the zip file cannot be read", found=str(problem)[:200], where=archive.name) from None


def _is_zip(given: Path) -> bool:
    try:
        return zipfile.is_zipfile(given)
    except (OSError, ValueError, struct.error):
        return False


def _check_directory(archive: Path) -> None:
    """Refuse a list of entries that is too long before it is read: it alone can fill the memory."""
    with archive.open("rb") as stream:
        stream.seek(max(0, archive.stat().st_size - _END_SIZE - _LONGEST_COMMENT - len(_FOR_64_BITS) - 16))
        tail = stream.read()
    at = tail.rfind(_END)
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if _FOR_64_BITS in tail[max(0, at - 20) : max(0, at)] or size > LARGEST_DIRECTORY:
        raise DataError("too many files", allowed=f"{MOST_FILES:,}", where=archive.name)


def _refuse(entries: list[zipfile.ZipInfo], name: str, packed: int) -> None:
    if len(entries) > MOST_FILES:
        raise DataError("too many files", found=f"{len(entries):,}", allowed=f"{MOST_FILES:,}", where=name)
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST or (total > SMALL and total > LARGEST_RATIO * packed):
        raise DataError("the files are too large, unpacked", allowed=f"{LARGEST:,} bytes", where=name)
    seen: set[str] = set()
    for entry in entries:
        problem = _problem(entry)
        if not problem and entry.filename.casefold() in seen:
            problem = "a path that stands there twice"
        if problem:
            raise DataError(problem, found=repr(entry.filename)[:LONGEST_PATH], where=name)
        seen.add(entry.filename.casefold())


def _problem(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not unpacked; empty when it is."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or not parts:
        return "a path that leaves the bundle"
    if len(name) > LONGEST_PATH or any(map(hidden, name)):
        return "a path that is too long, or holds what cannot be seen"
    if any(part.split(".")[0].strip().lower() in RESERVED or part.endswith((" ", ".")) for part in parts):
        return "a path that is another one, or a device, on some systems"
    if (mode := entry.external_attr >> 16) and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device, not a file"
    if entry.file_size > SMALL and entry.file_size > LARGEST_RATIO * max(1, entry.compress_size):
        return "a file that unpacks to far too much"
    if entry.compress_type not in READ:
        return "a file packed in a way that is not read"
    return "an encrypted file" if entry.flag_bits & 1 else ""


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


def _root(folder: Path, name: str) -> Path:
    """The folder of the manifest: the zip's own top, or the only folder in it. DataError without either."""
    inside = sorted(folder.iterdir())
    if (folder / MANIFEST).exists():
        return folder
    if len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    found = ", ".join(repr(one.name) for one in inside[:SHOWN]) or "nothing"
    raise DataError(
        "there is no bundle in this zip file",
        found=f"{found} at its top, and no {MANIFEST}",
        allowed="a bundle's folder and nothing beside it (a Mac's archiver adds __MACOSX: use `zip -r`)",
        where=name,
    )
