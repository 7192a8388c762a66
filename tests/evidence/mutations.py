"""Ways of tampering with a bundle, each with what its reviewer has and the level that is to find it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from precept_stats.data.canonical import canonical_json
from precept_stats.evidence import names
from precept_stats.values import Results
from tests.evidence.forged_answers import answers, numbers
from tests.evidence.forged_files import hidden_by_manifest, only_signed
from tests.evidence.forger import (
    Honest,
    changed_byte,
    changed_document,
    changed_text,
    forgotten,
    made_again,
    resigned,
    with_manifest,
)
from tests.evidence.mutation import Change, Mutation, swapped, then


def mutations(base: Honest, results: Results) -> Iterator[Mutation]:
    """Every mutation of the honest bundle, whose rows at full precision are ``results``."""
    yield from _bytes(base.bundle)
    yield from _places()
    yield from _locks()
    yield from hidden_by_manifest(base)
    yield from only_signed()
    yield from numbers(results)
    yield from answers()
    yield from _another_key(base)


def _bytes(bundle: Path) -> Iterator[Mutation]:
    """Every file: a bit at its beginning, middle and end; cut short; taken away; another file's content."""
    paths = sorted(path.relative_to(bundle) for path in bundle.rglob("*") if path.is_file())
    for path, other in zip(paths, paths[1:] + paths[:1], strict=True):
        done: dict[str, Change] = {
            **{f"a bit at {share:.0%}": partial(_bit, path, share) for share in (0.0, 0.5, 1.0)},
            "the last byte cut off": partial(_cut, path),
            "taken away": partial(_gone, path),
            f"the content of {other.as_posix()}": partial(swapped, path, other),
        }
        if path.as_posix() == names.SIGNATURE:
            del done["taken away"]  # a bundle need not be signed: another family
        for what, change in done.items():
            yield Mutation(
                "a file changed, the manifest not", f"{path.as_posix()}: {what}", "the bundle", "L0", change
            )


def _bit(path: Path, share: float, bundle: Path) -> None:
    changed_byte(bundle / path, share)


def _cut(path: Path, bundle: Path) -> None:
    (bundle / path).write_bytes((bundle / path).read_bytes()[:-1])


def _gone(path: Path, bundle: Path) -> None:
    (bundle / path).unlink()


def _places() -> Iterator[Mutation]:
    """Files and links put beside, and paths in the manifest that lead elsewhere."""
    added: dict[str, Change] = {
        "a note": lambda b: (b / "note.txt").write_text("x"),
        "a hidden file": lambda b: (b / ".hidden").write_text("x"),
        "an empty file": lambda b: (b / "figures" / "empty.svg").write_text(""),
        "a lock more": lambda b: (b / names.LOCKS / "0009.json").write_text("{}"),
        "a schema more": lambda b: (b / names.SCHEMAS / "more.yaml").write_text("name: more\n"),
        "a sensitive file more": lambda b: (b / names.SENSITIVE / "more.json").write_text("{}"),
        "a link to a file": lambda b: (b / "link").symlink_to("/etc/hostname"),
        "a link to a folder": lambda b: (b / "links").symlink_to("/etc"),
        "a link within": lambda b: (b / "again.html").symlink_to(b / names.REPORT),
        "a folder in the place of a file": lambda b: (
            (b / names.STATUS).unlink(),
            (b / names.STATUS).mkdir(),
        ),
        "a file behind a link": _behind_a_link,
    }
    for what, change in added.items():
        yield Mutation("something put beside", what, "the bundle", "L0", change)
    for path in ("../out.txt", "/etc/passwd", "a/../../b", "figures/../rows.json", "C:x"):
        yield Mutation("a path of the manifest", path, "the bundle", "L0", partial(_listed, path))
    yield Mutation("a path of the manifest", "a file listed twice", "the bundle", "L0", _listed_twice)


def _behind_a_link(bundle: Path) -> None:
    path = bundle / names.REPORT
    path.rename(bundle.parent / "kept.html")
    path.symlink_to(bundle.parent / "kept.html")


def _listed(path: str, bundle: Path) -> None:
    changed_document(bundle / names.MANIFEST, lambda said: said["files"][0].update(path=path))


def _listed_twice(bundle: Path) -> None:
    changed_document(bundle / names.MANIFEST, lambda said: said["files"].append(said["files"][0]))


def _locks() -> Iterator[Mutation]:
    """The chain of locks, with the manifest made again so that it lists what is there."""
    changes: dict[str, Change] = {
        "amendments in the other order": partial(_exchanged, "0001.json", "0002.json"),
        "lock and amendment exchanged": partial(_exchanged, "0000.json", "0001.json"),
        "the lock taken away": lambda b: _lock(b, 0).unlink(),
        "the first amendment taken away": lambda b: _lock(b, 1).unlink(),
        "the first amendment taken away, the second renumbered": _renumbered,
        "an amendment twice": lambda b: shutil.copy(_lock(b, 2), b / names.LOCKS / "0003.json"),
        "a later reason": lambda b: changed_text(_lock(b, 1), "registry", "sponsor"),
        "another class": lambda b: changed_text(_lock(b, 1), '"class":"analysis"', '"class":"wording"'),
        "seen earlier": lambda b: changed_text(_lock(b, 2), "before_data_access", "after_data_access"),
        "another day": lambda b: changed_text(_lock(b, 0), '"created":"2', '"created":"1'),
        "another text of the plan": lambda b: changed_text(_lock(b, 0), "A small trial", "A large trial"),
        "another signer's name": lambda b: changed_text(_lock(b, 0), "A Statistician", "A Sponsor"),
        "signatures taken off": lambda b: _edited(_lock(b, 2), lambda said: said.update(signatures=[])),
        "another parent": lambda b: _edited(_lock(b, 2), lambda said: said.update(parent="0" * 64)),
        "a change left out": lambda b: _edited(_lock(b, 1), lambda said: said["amendment"]["changes"].pop()),
        "spaces put in": lambda b: changed_text(_lock(b, 1), '{"', '{ "'),
    }
    for what, change in changes.items():
        yield Mutation(
            "locks changed, manifest made again", what, "the bundle", "L0", then(change, with_manifest)
        )
    gone = then(lambda b: _lock(b, 2).unlink(), with_manifest)
    yield Mutation(
        "locks changed, manifest made again", "the last amendment taken away", "the bundle", "L1", gone
    )
    all_gone = then(lambda b: shutil.rmtree(b / names.LOCKS), with_manifest)
    yield Mutation(
        "locks changed, manifest made again", "every lock taken away", "the bundle", "L1", all_gone
    )
    kept = partial(forgotten, first=2)
    yield Mutation(
        "locks left out, bundle made again", "the last amendment", "a copy of the locks", "L0", kept
    )
    none = partial(forgotten, first=0)
    yield Mutation("locks left out, bundle made again", "all locks", "a copy of the locks", "L0", none)


def _lock(bundle: Path, number: int) -> Path:
    return bundle / names.LOCKS / f"{number:04d}.json"


def _edited(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    said = json.loads(path.read_bytes())
    change(said)
    path.write_bytes(canonical_json(said))


def _exchanged(one: str, other: str, bundle: Path) -> None:
    first, second = bundle / names.LOCKS / one, bundle / names.LOCKS / other
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])


def _renumbered(bundle: Path) -> None:
    _lock(bundle, 1).unlink()
    _lock(bundle, 2).rename(_lock(bundle, 1))


def _another_key(base: Honest) -> Iterator[Mutation]:
    """Whoever has no key signs with their own, under the same name."""
    signed = {
        "the manifest": lambda b: with_manifest(b, base.stranger),
        "the bundle": lambda b: made_again(b, lambda r: r, base.stranger),
        "locks and bundle": lambda b: resigned(b, base.stranger, lambda number, said: None),
        "locks of another day, and bundle": lambda b: resigned(b, base.stranger, _backdated),
        "another reason, and bundle": lambda b: resigned(b, base.stranger, _another_reason),
    }
    for what, change in signed.items():
        yield Mutation("signed with another key", what, "the key's fingerprint", "L0", change)


def _backdated(number: int, said: dict[str, object]) -> None:
    said["created"] = f"2019-01-0{number + 1}T00:00:00Z"


def _another_reason(number: int, said: dict[str, object]) -> None:
    amendment = said["amendment"]
    if isinstance(amendment, dict):
        amendment["reason"] = "An oversight."
