"""The folder of a second engine: written, run where the reviewer asks for it, and found again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from precept_stats.errors import OutputError
from precept_stats.evidence.folder import write_folder
from precept_stats.evidence.twin.posing import Posing
from precept_stats.evidence.twin.script import OUTPUT, SCRIPT

PATIENCE = 3600.0
"""Seconds that R may take."""
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "R_HOME", "R_LIBS", "R_LIBS_USER", "R_LIBS_SITE")
"""Variables of the environment that R is given."""


def write_twin(posing: Posing, folder: Path) -> None:
    """Write script, tables and README to a new folder that only its owner may read. Raises OutputError."""

    def write(inside: Path) -> None:
        inside.chmod(0o700)
        for name, text in posing.files.items():
            (inside / name).write_bytes(text.encode("utf-8"))

    write_folder(folder, write, force=False)


def other_than_posed(posing: Posing, folder: Path) -> tuple[str, ...]:
    """Files of a folder that are not what this bundle and these data give; empty when all are."""
    found = []
    for name, text in posing.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            found.append(f"{name}: not there")
        elif path.read_bytes() != text.encode("utf-8"):
            found.append(f"{name}: not what the bundle and the data give")
    return tuple(found)


def run_r(folder: Path, patience: float = PATIENCE) -> str:
    """Run the script by Rscript, without a shell; what went wrong, empty when it wrote its output.

    Raises OutputError where there is no Rscript.
    """
    program = shutil.which("Rscript")
    if program is None:
        raise OutputError(
            "Rscript is not on the PATH",
            found="no R",
            allowed=f"R, or run {SCRIPT} elsewhere and bring {OUTPUT} back",
        )
    (folder / OUTPUT).unlink(missing_ok=True)
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603  (no shell; the script is the one that was written or compared)
            [program, "--vanilla", str((folder / SCRIPT).resolve())],
            cwd=folder,
            env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"R took longer than {patience:.0f} seconds"
    if ended.returncode or not (folder / OUTPUT).is_file():
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        return f"R ended with {ended.returncode}: {' '.join(lines[-3:])[-400:]}"
    return ""
