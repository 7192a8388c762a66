"""The house around the code: the lock, the Makefile, the texts and what they promise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import precept_stats

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOOLS = ("sh", "make", "awk", "cat", "grep", "head", "mktemp", "rm", "sed")


def tracked(*patterns: str) -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_lock_names_versions_and_hashes_only() -> None:
    entry = re.compile(r"[a-z0-9][a-z0-9.-]*==[^\s;]+( ; [^\\]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    odd = [
        line
        for line in text("requirements.lock").splitlines()
        if not (entry.fullmatch(line) or digest.fullmatch(line))
    ]
    assert not odd


def test_the_lock_covers_what_the_project_asks_for() -> None:
    locked = {line.split("==")[0] for line in text("requirements.lock").splitlines() if "==" in line}
    asked = [
        *PROJECT["dependencies"],
        *(name for extra in PROJECT["optional-dependencies"].values() for name in extra),
    ]
    names = {
        re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower() for requirement in asked
    }
    assert names <= locked, f"run `make lock`: {sorted(names - locked)} not locked"


def fake(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """A search path with the plainest tools, and Pythons that are broken, old or absent."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"{tool} is not installed")
        (folder / tool).symlink_to(found)
    fake(folder, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    fake(folder, "python3.12", "echo 'No module named ensurepip' >&2; exit 1")
    fake(folder, "python3", "echo 'is Python 3.9.2, older than 3.12' >&2; exit 1")
    fake(folder, "uv", "echo 'error: No interpreter found' >&2; exit 2")
    return {"PATH": str(folder), "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path / "pyenv")}


def make_python(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-s", "python", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_a_python_that_is_broken_or_old_is_passed_over(bare_machine: dict[str, str]) -> None:
    fake(Path(bare_machine["PATH"]), "python3.14", f'exec "{sys.executable}" "$@"')
    done = make_python(bare_machine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Python: python3.14 (3.")


def test_a_python_is_found_where_pyenv_keeps_it(bare_machine: dict[str, str]) -> None:
    folder = Path(bare_machine["PYENV_ROOT"]) / "versions" / "3.12.0" / "bin"
    folder.mkdir(parents=True)
    fake(folder, "python3.12", f'exec "{sys.executable}" "$@"')
    done = make_python(bare_machine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Python: {folder}/python3.12 (3.")


def test_it_is_said_plainly_that_there_is_no_python(bare_machine: dict[str, str]) -> None:
    done = make_python(bare_machine, "PLACES=/nonexistent")
    assert done.returncode != 0
    said = done.stderr
    assert "No Python 3.12 or later" in said
    assert "python3.13: pyenv: python3.13: command not found" in said
    assert "python3.12: No module named ensurepip" in said
    assert "python3.14: not there" in said
    assert "python3: is Python 3.9.2, older than 3.12" in said
    assert "Install one" in said


def test_a_python_that_is_named_is_the_only_one_tried(bare_machine: dict[str, str]) -> None:
    done = make_python(bare_machine, "PYTHON=/no/such/python")
    assert done.returncode != 0
    assert "/no/such/python: not there" in done.stderr
    assert "python3.13" not in done.stderr


def test_continuous_integration_runs_the_readme_test_command() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)
    assert text(".ci/run").rstrip().splitlines()[-1].startswith("make test")
    assert "make test" in text("README.md")
    assert "make demo" in text("README.md")


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), flags=re.MULTILINE))
    named = {
        (path.name, target)
        for path in tracked("*.md")
        for target in re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert not {entry for entry in named if entry[1] not in targets}


def test_links_between_the_texts_lead_somewhere() -> None:
    broken = []
    for path in tracked("*.md"):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", link) and not (path.parent / link).exists():
                broken.append(f"{path.relative_to(ROOT)}: {link}")
    assert not broken, "\n".join(broken)


def test_documents_that_the_code_names_exist() -> None:
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in tracked("precept_stats", "analysis_plans", "data_schemas", "tests")
        if path.suffix in (".py", ".yaml")
        for name in re.findall(r"docs/[a-z_/]+\.md", path.read_text(encoding="utf-8"))
    }
    assert named
    assert not {entry for entry in named if not (ROOT / entry[1]).is_file()}


def test_one_version_everywhere() -> None:
    version = PROJECT["version"]
    assert precept_stats.__version__ == version
    assert re.search(rf"^version: \"?{re.escape(version)}\"?$", text("CITATION.cff"), flags=re.MULTILINE)
    assert f"## {version}" in text("CHANGELOG.md")


def test_all_data_that_ship_have_their_terms_in_the_notice() -> None:
    """A case under tests/reference is named after its data; what is made up is named synthetic."""
    headings = re.findall(r"^(\w+) \(", text("NOTICE"), flags=re.MULTILINE)
    folders = {
        path.parent.name
        for path in tracked("analysis_plans/data", "tests/reference")
        if path.suffix == ".csv"
    }
    assert folders
    assert not {name for name in folders if not name.startswith(("synthetic", *headings))}


def test_the_product_speaks_of_itself_alone() -> None:
    """No path of a machine, no folder beside the repository, no index host, no token."""
    home, beside, index = "/" + "root/", ".." + "/shared", "py" + "pi.org"
    files = [path for path in tracked() if path.suffix not in (".csv", ".parquet", ".png", ".json")]
    assert files
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for word in (home, beside, index, "/" + "work/", "extra-index" + "-url", "files.python" + "hosted")
        if word in path.read_text(encoding="utf-8") and (path.name, word) != ("run", beside)
    ]
    assert not found, "\n".join(found)
