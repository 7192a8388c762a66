"""Synthetic tables as a folder of CSV files, with the settings that made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from precept_stats.data.declared import Declared
from precept_stats.data.schema import suggest
from precept_stats.data.strict_yaml import load_strict
from precept_stats.data.synthetic import (
    BundleScenario,
    NationsScenario,
    ProgrammeScenario,
    Scenario,
    TrialScenario,
    scenario_tables,
    write_tables,
)
from precept_stats.errors import PlanError
from precept_stats.evidence.folder import FolderKind, write_folder

SETTINGS = "SYNTHETIC.json"
TABLES = FolderKind(SETTINGS)
Kind = Literal["trial", "programme", "bundle", "nations"]
SCENARIOS: dict[Kind, type[Scenario]] = {
    "trial": TrialScenario,
    "programme": ProgrammeScenario,
    "bundle": BundleScenario,
    "nations": NationsScenario,
}


def write_synthetic(
    kind: Kind,
    scenario: Path | None,
    seed: int,
    target: Path,
    *,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write the tables of a scenario to a new folder, and return the paths of the files.

    ``scenario`` is a YAML file of the scenario's fields; the defaults are used for the rest.
    Beside the tables stands SYNTHETIC.json: the settings and the seed. Raises PlanError or OutputError.
    """
    settings = _scenario(kind, scenario)
    tables = scenario_tables(settings, seed)
    record = {"kind": kind, "seed": seed, "scenario": settings.model_dump(mode="json")}

    def write(folder: Path) -> None:
        write_tables(tables, folder)
        (folder / SETTINGS).write_text(json.dumps({"synthetic": True, **record}, indent=1), encoding="utf-8")

    write_folder(target, write, force=force, kind=TABLES)
    return tuple(target / f"{name}.csv" for name in tables)


def _scenario(kind: Kind, path: Path | None) -> Scenario:
    model = SCENARIOS[kind]
    if path is None:
        return model()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise PlanError("the scenario cannot be read", found=str(problem), where=str(path)) from problem
    try:
        return model.model_validate(load_strict(text, path.name).value)
    except ValidationError as problem:
        found = "; ".join(
            _said(error["loc"], error["msg"], error["type"], model) for error in problem.errors()
        )
        allowed = ", ".join(model.model_fields)
        raise PlanError(
            "the scenario cannot be used", found=found, allowed=allowed, where=str(path)
        ) from None


def _said(location: tuple[int | str, ...], message: str, kind: str, model: type[Declared]) -> str:
    name = ".".join(map(str, location))
    hint = suggest(name, tuple(model.model_fields)) if kind == "extra_forbidden" else ""
    return f"{name or 'the file'}: {message}{hint}"
