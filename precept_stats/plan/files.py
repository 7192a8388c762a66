"""Where a plan's files are: inside the plan's folder or the data folder, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from precept_stats.errors import DataError, PlanError
from precept_stats.plan.document import DataSource

DATA_FOLDER = "PRECEPT_DATA"
ALLOWED = "a path below the folder, such as data/births.csv, with / between its parts"
RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}


def path_problem(file: str) -> str:
    """Why a plan may not name this file; empty when it may. Looks at the text only."""
    parts = PurePosixPath(file).parts
    if not file.strip():
        return "the file name is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in file):
        return "the file name holds a control character"
    if file.startswith(("/", "~")) or "\\" in file or ":" in file:
        return "the file is not named relative to its folder"
    if ".." in parts:
        return "the file name climbs out of its folder with `..`"
    if any(part.split(".")[0].strip().lower() in RESERVED for part in parts):
        return "the file name is reserved for a device on some systems"
    return ""


def resolve_file(plan_path: Path | None, name: str, source: DataSource) -> Path:
    """The file of the table ``name``, links followed, proven to lie inside its folder.

    Raises PlanError for a name that a plan may not give, DataError when the file is not there.
    """
    where = f"/data/{name}"
    if source.file is None:
        raise DataError(
            f"no data were given for the table {name!r}, and the plan names no file for it",
            allowed=f"--data {name}=FILE{_offered(source)}",
            where=where,
        )
    problem = path_problem(source.file)
    if problem:
        raise PlanError(problem, found=repr(source.file), allowed=ALLOWED, where=f"{where}/file")
    folder = _folder(plan_path, name, source)
    path = (folder / source.file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise PlanError(
            "the file lies outside its folder, through a symbolic link",
            found=repr(source.file),
            allowed=ALLOWED,
            where=f"{where}/file",
        )
    if not path.is_file():
        raise DataError(
            f"the file of the table {name!r} is not there",
            found=str(folder / source.file),
            allowed=f"an ordinary file{_offered(source)}",
            where=f"{where}/file",
        )
    return path


def _folder(plan_path: Path | None, name: str, source: DataSource) -> Path:
    if source.folder == DATA_FOLDER:
        named = os.environ.get(DATA_FOLDER, "")
        if not named:
            raise DataError(
                f"the table {name!r} is read from a folder that this machine has not named",
                found=f"the environment variable {DATA_FOLDER} is not set",
                allowed=f"the folder that holds {source.file}{_offered(source)}",
                where=f"/data/{name}/folder",
            )
        return Path(named)
    if plan_path is None:
        raise PlanError(
            f"the table {name!r} has a file beside the plan, but this plan was not read from a file",
            found=repr(source.file),
            allowed="read_plan(path), or data given for the table",
            where=f"/data/{name}/file",
        )
    return plan_path.parent


def _offered(source: DataSource) -> str:
    return f". Where to obtain it: {source.source}" if source.source else ""
