"""docs/security.md says what the code does: limits, attacks and the record of fuzzing."""

from __future__ import annotations

import ast
from pathlib import Path

import precept_stats
from tests.hostile.corpus import ATTACKS
from tests.hostile.pages import BLOCKS, PAGE, written

NEVER = {"eval", "exec", "compile", "__import__"}
NOT_IMPORTED = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "socket",
    "urllib",
    "http",
    "requests",
    "ftplib",
}
STARTS_PROGRAMS = {"evidence/twin/running.py"}


def test_the_page_is_as_the_code_makes_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run `python -m tests.hostile.pages`"
    assert all(f"<!-- {name} -->" in page for name in BLOCKS)
    assert f"{len(ATTACKS)} attacks" in page


def test_nothing_is_evaluated_unpickled_or_fetched() -> None:
    root = Path(precept_stats.__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in NEVER, f"{name}:{node.lineno}"
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            packages = {module.split(".")[0] for module in modules}
            assert not packages & NOT_IMPORTED, f"{name}: {packages}"
            assert "subprocess" not in packages or name in STARTS_PROGRAMS, name
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "shell"):
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False
