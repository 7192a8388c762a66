"""An attack, and the room it is let loose in: a child process without much memory, time or reach."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from precept_stats.errors import PreceptError, hidden

CANARY = "canary"
MEMORY = 1_000_000_000
"""Bytes that a child may ask for beyond what it begins with."""
SECONDS = 5
"""Seconds of processor time that a child may take; on the clock it has ten times as many."""
LONGEST_MESSAGE, LONGEST_LINE = 30_000, 9_000
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.bind", "os.system", "os.exec", "os.posix_spawn")
FORBIDDEN += ("os.fork", "subprocess.Popen", "pickle.find_class", "urllib.Request", "ctypes.dlopen")

Content = str | bytes | Callable[[Path], Any]


@dataclass(frozen=True)
class Attack:
    """What is handed over, at which door, and what it is meant to do there.

    ``content`` is text, bytes, or a function of an empty folder that builds what is handed over.
    ``harmless`` looks at what the door gave, and fails unless that does no harm; without it the door
    must refuse.
    """

    name: str
    door: str
    tried: str
    content: Content
    harmless: Callable[[Any], None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an attack: ``refused``, ``harmless``, or what went wrong."""

    ended: str
    said: str


def let_loose(
    attack: Attack, door: Callable[[Path, Any], Any], folder: Path, seconds: int = SECONDS
) -> Outcome:
    """Build an attack, run it through its door in a child, and say what happened."""
    content = attack.content(folder) if callable(attack.content) else attack.content
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _inside(lambda: _through(attack, door, folder, content), folder, write, seconds)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) or not told:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return Outcome("killed", f"signal {signal.Signals(number).name if number else 'none'}")
    if (folder / CANARY).exists():
        return Outcome("executed", "the canary is there")
    return Outcome(*json.loads(told))


def _inside(through: Callable[[], Outcome], folder: Path, write: int, seconds: int) -> NoReturn:
    outcome = Outcome("crashed", "")
    try:
        os.chdir(folder)
        _bound(seconds)
        seen = _watch(folder)
        outcome = through()
        if seen:
            outcome = Outcome("reached out", "; ".join(seen[:5]))
    except BaseException as problem:
        outcome = Outcome("crashed", f"{type(problem).__name__}: {problem}"[:2000])
    finally:
        os.write(write, json.dumps([outcome.ended, outcome.said[:4000]]).encode())
        os._exit(0)


def _through(attack: Attack, door: Callable[[Path, Any], Any], folder: Path, content: object) -> Outcome:
    try:
        given = door(folder, content)
    except PreceptError as refusal:
        return Outcome("refused", str(refusal)) if _legible(str(refusal)) else Outcome("spoke", str(refusal))
    except Exception:
        return Outcome("crashed", traceback.format_exc()[-3000:])
    if attack.harmless is None:
        return Outcome("accepted", repr(given)[:500])
    attack.harmless(given)
    return Outcome("harmless", "")


def _legible(message: str) -> bool:
    """Whether a message is short, and sends nothing to a terminal but words."""
    longest = max(map(len, message.splitlines()), default=0)
    return len(message) < LONGEST_MESSAGE and longest < LONGEST_LINE and not any(map(hidden, message))


def _bound(seconds: int) -> None:
    """Limit memory and time; the end is a signal, which the parent sees."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(10 * seconds)


def _watch(folder: Path) -> list[str]:
    """A list that fills with what the child must not do: reach out, run something, write elsewhere."""
    seen: list[str] = []
    inside = (str(folder.resolve()), "/dev/null", os.environ.get("TMPDIR", "/tmp"))  # noqa: S108

    def hook(event: str, told: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            seen.append(f"{event} {told!r}"[:200])
        elif event == "open" and isinstance(told[0], str) and (told[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            if not os.path.realpath(told[0]).startswith(inside):
                seen.append(f"wrote {told[0]}")
        elif event in ("os.remove", "os.rename", "os.mkdir", "os.symlink"):
            path = os.path.realpath(os.fsdecode(told[0])) if isinstance(told[0], str | bytes) else inside[0]
            if not path.startswith(inside) and told[-1] == -1:
                seen.append(f"{event} {path}")

    sys.addaudithook(hook)
    return seen
