"""The wheel: built, installed where nothing else is, and asked for the report that the checkout gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from precept_stats.ard import compare, read_json

ROOT = Path(__file__).resolve().parent.parent
PLAN = "achievement_awards"


def run(command: list[str | Path], cwd: Path, *, home: Path | None = None) -> str:
    """Run a command without the checkout on its path and return what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    clean |= {"SOURCE_DATE_EPOCH": "1700000000", "HOME": str(home or cwd)}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], ROOT, home=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment with the wheel in it; dependencies are lent by this environment.

    A folder that a .pth file adds has its own .pth files ignored, so the editable install of the
    checkout, which is one, is not lent with the rest.
    """
    folder = tmp_path_factory.mktemp("environment") / "empty"
    run([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], folder.parent)
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def test_the_wheel_carries_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    shipped = "precept_stats/_shipped/"
    for folder, kind in (
        ("data_schemas", ""),
        ("analysis_plans", ""),
        ("disclosure_policies", ""),
        ("tests/reference", "reference"),
    ):
        tracked = run(["git", "ls-files", "--", folder], ROOT, home=ROOT.parent).split()
        assert tracked, f"nothing in {folder}"
        missing = {f"{shipped}{kind or folder}{name.removeprefix(folder)}" for name in tracked} - names
        assert not missing, f"the wheel lacks {sorted(missing)}"
    assert "precept_stats/py.typed" in names
    assert not [name for name in names if not name.startswith("precept_stats/")]
    assert not [name for name in names if "__pycache__" in name]


def test_the_terms_travel_with_the_data(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    for name in ("LICENSE", "NOTICE"):
        assert [entry for entry in inside if entry.endswith(f".dist-info/licenses/{name}")], f"no {name}"


def test_the_wheel_is_what_is_imported(environment: Path, tmp_path: Path) -> None:
    code = "import precept_stats, numpy; print(precept_stats.__file__); print(numpy.__file__)"
    ours, lent = run([environment / "bin" / "python", "-c", code], tmp_path).split()
    assert Path(ours).is_relative_to(environment)
    assert not Path(lent).is_relative_to(environment)


def test_a_shipped_plan_gives_the_report_of_the_checkout(environment: Path, tmp_path: Path) -> None:
    find = f"from precept_stats import shipped; print(shipped('analysis_plans') / '{PLAN}.yaml')"
    plan = Path(run([environment / "bin" / "python", "-c", find], tmp_path).strip())
    assert plan.is_relative_to(environment)
    said = run([environment / "bin" / "precept", "run", plan, "--out", "installed"], tmp_path)
    assert "report.html" in said

    checkout = [sys.executable, "-m", "precept_stats"]
    run(
        [*checkout, "run", ROOT / "analysis_plans" / f"{PLAN}.yaml", "--out", tmp_path / "checkout"],
        ROOT,
        home=tmp_path,
    )

    ours, theirs = tmp_path / "installed", tmp_path / "checkout"
    assert "<html" in (ours / "report.html").read_text(encoding="utf-8")
    assert not compare(read_json(ours / "rows.json").rows, read_json(theirs / "rows.json").rows)
    estimates = [
        row
        for analysis in json.loads((ours / "rows.json").read_text(encoding="utf-8"))["analyses"]
        for row in analysis["rows"]
        if row["context"] == "estimate" and row["stat_name"] == "estimate"
    ]
    assert len(estimates) >= 4, "a primary and three sensitivity analyses were expected"
    assert (ours / "rows.json").read_bytes() == (theirs / "rows.json").read_bytes()
