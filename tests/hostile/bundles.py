# ruff: noqa: E501, S108
"""Attacks by bundles: zip files and folders that are meant for `precept verify`."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from precept_stats.evidence.keys import keygen, read_signers
from precept_stats.evidence.lock import lock
from precept_stats.evidence.publish import Writing, run_bundle
from precept_stats.plan.reader import read_plan
from tests.evidence.trial import write_trial
from tests.hostile.attack import CANARY, Attack


@cache
def honest(*, locked: bool = False) -> Path:
    """A bundle of a synthetic trial, made once; its folder is removed with the other temporary ones."""
    folder = Path(tempfile.mkdtemp(prefix="precept-hostile-"))
    plan = write_trial(folder)
    if locked:
        keygen(folder / "key")
        lock(plan, read_signers([folder / "key"], ["A Statistician"]))
    run_bundle(read_plan(plan), None, folder / "out", Writing())
    return folder / "out"


def _copied(folder: Path) -> Path:
    return Path(shutil.copytree(honest(), folder / "out"))


def entries(*given: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> Any:
    """A zip file of these entries."""

    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "x.zip", "w", how) as archive:
            for name, content in given:
                archive.writestr(name, content)
        return folder / "x.zip"

    return build


def _info(name: str, mode: int = 0o100644, **fields: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def patched(old: bytes, new: bytes) -> Callable[[Path], Path]:
    """A zip file of one long text in which bytes are put in place of others."""

    def build(folder: Path) -> Path:
        path: Path = entries(("manifest.json", b"some text " * 1000))(folder)
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))
        return path

    return build


def _bomb(folder: Path) -> Path:
    path = folder / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as stream:
        for _ in range(60):
            stream.write(bytes(1_000_000))
    return path


def _many_small_bombs(folder: Path) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(15):
            archive.writestr(f"f{n}", bytes(9_000_000))
    (folder / "x.zip").write_bytes(packed.getvalue())
    return folder / "x.zip"


def _nested(folder: Path) -> Path:
    inner = folder / "x.zip"
    _bomb(folder)
    content = inner.read_bytes()
    return Path(entries(("inner.zip", content))(folder))


def _many(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        for n in range(20_500):
            archive.writestr(f"{n}", b"")
    return folder / "x.zip"


def _long_directory(folder: Path) -> Path:
    path: Path = entries(("manifest.json", b"{}"))(folder)
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x05\x06")
    content[at + 12 : at + 16] = (2**31).to_bytes(4, "little")
    path.write_bytes(content)
    return path


def _for_64_bits(folder: Path) -> Path:
    path: Path = entries(("manifest.json", b"{}"))(folder)
    content = path.read_bytes()
    at = content.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(4) + bytes(8) + b"\1\0\0\0"
    path.write_bytes(content[:at] + locator + content[at:])
    return path


def _overlapping(folder: Path) -> Path:
    """Two names in the directory for the same packed bytes."""
    path: Path = entries(("aaaa", bytes(100_000)), ("bbbb", b"x"))(folder)
    with zipfile.ZipFile(path) as archive:
        second = archive.getinfo("bbbb").header_offset
    content = path.read_bytes()
    at = content.rfind(b"PK\x01\x02")
    path.write_bytes(content[: at + 42] + bytes(4) + content[at + 46 :])
    assert second
    return path


def _cut(folder: Path) -> Path:
    path: Path = entries(("manifest.json", b"x" * 1000))(folder)
    path.write_bytes(path.read_bytes()[:-10])
    return path


def failed(*words: str) -> Callable[[Any], None]:
    """A check that the verification failed, and says these words."""

    def check(found: Any) -> None:
        said = " ".join(text for one in found for text in one.found)
        assert found
        assert all(word in said for word in words), said

    return check


def _zip(name: str, tried: str, content: Any, harmless: Any = None) -> Attack:
    return Attack(f"zip: {name}", "bundle", tried, content, harmless)


LINK, PIPE = stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644
X = b"x"

ZIPS = (
    _zip("climbing", "write outside the folder", entries((f"../{CANARY}", X))),
    _zip("climbing later", "write outside the folder", entries((f"a/../../{CANARY}", X))),
    _zip("absolute", "write anywhere", entries((f"/tmp/{CANARY}", X))),
    _zip("drive", "write to a drive", entries((f"C:/{CANARY}", X))),
    _zip("backslash", "write outside the folder, on Windows", entries((f"..\\{CANARY}", X))),
    _zip("link", "have a file outside read", entries((_info("report.html", LINK), b"/etc/passwd"))),
    _zip("through a link", "write outside through a link", entries((_info("a", LINK), b"/tmp"), (f"a/{CANARY}", X))),
    _zip("pipe", "hang on a pipe", entries((_info("plan.yaml", PIPE), b""))),
    _zip("twice", "show one file and mean another", entries(("plan.yaml", X), ("plan.yaml", b"y"))),
    _zip("twice but for case", "write one file over another on some systems", entries(("plan.yaml", X), ("PLAN.yaml", b"y"))),
    _zip("device", "hang on a device, on Windows", entries(("figures/con.svg", X))),
    _zip("dot at the end", "be another file, on Windows", entries(("plan.yaml.", X))),
    _zip("file and folder", "crash by a file that is also a folder", entries(("a", X), ("a/b", X))),
    _zip("terminal escape", "clear the reader's screen by a path", entries(("a\x1b[2Jb", X))),
    _zip("long path", "crash by a path of 5,000 characters", entries(("a" * 5_000, X))),
    _zip("empty path", "write to the folder itself", entries(("./", b""), (".", X))),
    _zip("bomb", "unpack 60 MB from 60 kB", _bomb),
    _zip("many bombs", "unpack 135 MB from 130 kB by files under the limit", _many_small_bombs),
    _zip("bomb in a zip", "have a zip inside unpacked too", _nested),
    _zip("20,500 files", "stall on files", _many),
    _zip("long directory", "have 2 GB of entries read", _long_directory),
    _zip("64-bit directory", "hide the length of the directory", _for_64_bits),
    _zip("overlapping", "unpack the same bytes under many names", _overlapping),
    _zip("LZMA", "ask for 4 GB of dictionary", entries(("a", X * 100), how=zipfile.ZIP_LZMA)),
    _zip("bzip2", "stall on slow unpacking", entries(("a", X * 100), how=zipfile.ZIP_BZIP2)),
    _zip("encrypted", "have a password asked for", patched(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")),
    _zip("broken data", "crash the unpacker", lambda folder: _damaged(folder)),
    _zip("cut off", "crash by a file that ends early", _cut),
    _zip("not a zip", "crash by noise", lambda folder: _noise(folder)),
    _zip("hook of git", "have a hook run where it is unpacked", entries((".git/hooks/post-checkout", f"touch {CANARY}".encode()), ("manifest.json", b"{}")), failed()),
)  # fmt: skip


def _damaged(folder: Path) -> Path:
    path: Path = entries(("manifest.json", os.urandom(64) + b"some text " * 100))(folder)
    content = bytearray(path.read_bytes())
    content[50:90] = b"\xff" * 40
    path.write_bytes(content)
    return path


def _noise(folder: Path) -> Path:
    (folder / "x.zip").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 10)
    return folder / "x.zip"


def replaced(name: str, content: bytes) -> Callable[[Path], Path]:
    """An honest bundle in which one file has other bytes."""

    def build(folder: Path) -> Path:
        out = _copied(folder)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
        return out

    return build


def linked(name: str, target: str) -> Callable[[Path], Path]:
    """An honest bundle in which a link stands in place of a file or folder."""

    def build(folder: Path) -> Path:
        out = _copied(folder)
        shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink()
        (out / name).symlink_to(target)
        return out

    return build


def _piped(folder: Path) -> Path:
    out = _copied(folder)
    (out / "plan.yaml").unlink()
    os.mkfifo(out / "plan.yaml")
    return out


def _without(name: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        out = _copied(folder)
        (out / name).unlink()
        return out

    return build


def _terabyte(folder: Path) -> Path:
    out = _copied(folder)
    with (out / "rows.parquet").open("wb") as stream:
        stream.truncate(2**40)
    return out


def _folder(name: str, tried: str, content: Any, *words: str) -> Attack:
    return Attack(f"bundle: {name}", "bundle", tried, content, failed(*words))


DEEP = b"[" * 300_000
FOLDERS = (
    _folder("link to a file", "have a file outside read", linked("report.html", "/etc/passwd"), "a link"),
    _folder("link to a folder", "have a folder outside read", linked("figures", "/etc"), "a link"),
    _folder("endless rows", "read a device without end", linked("rows.json", "/dev/zero"), "a link"),
    _folder("pipe", "hang on a pipe that nobody writes to", _piped, "a link or a device"),
    _folder("a terabyte of nothing", "have a sparse file hashed for hours", _terabyte, "bytes, more than"),
    _folder("beside", "bring a file that no digest covers", replaced(".env", b"x"), ".env: not listed"),
    _folder("deep status", "overflow the stack", replaced("status.json", DEEP), "status.json"),
    _folder("deep log", "overflow the stack", replaced("log.jsonl", DEEP + b"\n"), "log.jsonl"),
    _folder("deep metadata", "overflow the stack", replaced("ro-crate-metadata.json", DEEP), "metadata"),
    _folder("graph of numbers", "confuse the reader by another kind", replaced("ro-crate-metadata.json", b'{"@graph": 1}'), "changed"),
    _folder("no log", "crash by a file that is missing", _without("log.jsonl"), "log.jsonl: absent"),
    _folder("no data record", "crash by a file that is missing", _without("data.json"), "data.json"),
    _folder("tag in the plan", "run a command by the plan of a bundle", replaced("plan.yaml", b"id: !!python/object/apply:os.system ['touch canary']"), "tags are not allowed"),
    _folder("tag in a schema", "run a command by a schema of a bundle", replaced("data_schemas/people.yaml", b"name: !!python/name:os.system ''"), "changed"),
    _folder("draws", "have an archive of draws opened", replaced("sensitive/draws/primary.zarr.zip", b"PK\x03\x04" + bytes(50)), "not listed"),
    _folder("pickle beside", "have a pickle loaded", replaced("sensitive/rows.pkl", b"cos\nsystem\n(S'touch canary'\ntR."), "not listed"),
    _folder("rows that are none", "break what compares", replaced("rows.json", b'{"precept_results": "1"}'), "not a results file"),
    _folder("signature of noise", "crash whoever decodes it", replaced("manifest.signature.json", b'{"sha256": 1, "signatures": 2}'), "signature"),
    _folder("locks of noise", "crash whoever reads the chain", replaced("plan.locks/0000.json", b"\xff\xfe"), "0000.json"),
)  # fmt: skip
