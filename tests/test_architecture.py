"""The shape of the house, held by reading the source: layers, doors, sizes, and what goes with a method."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import precept_stats
from precept_stats.methods import AnyMethod, TimeMethod

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "precept_stats"

# Left to right: a module imports from its own name and from names before it.
LAYERS = [
    "errors",
    "values",
    "numerics",
    "inference",
    "data",
    "studies",
    "methods",
    "plan",
    "runner",
    "ard",
    "report",
    "evidence",
    "console",
    "cli",
    "__main__",
]

# Values show themselves in a notebook: the one import that points right, made when it is called.
POINTS_RIGHT = {("values.py", "precept_stats.report.notebook")}

# Where each library enters. A folder ends in "/". What is not listed here enters nowhere.
DOORS = {
    "numpy": (
        "numerics/",
        "inference/",
        "data/",
        "studies/",
        "methods/",
        "evidence/selftest/strd.py",
        "evidence/twin/sheet.py",
    ),
    "pydantic": (
        "data/",
        "studies/",
        "methods/",
        "plan/",
        "evidence/synthetic_files.py",
        "evidence/manifest.py",
        "evidence/selftest/cases.py",
        "ard.py",
    ),
    "pydantic_core": ("data/policies.py",),
    "pandas": ("data/", "studies/", "ard.py", "evidence/selftest/cases.py", "report/tables.py"),
    "scipy": (
        "numerics/",
        "inference/",
        "data/synthetic_programme.py",
        "data/synthetic_trial_tables.py",
        "evidence/verify/arithmetic.py",
    ),
    "matplotlib": ("report/figures/",),
    "great_tables": ("report/tables.py",),
    "jinja2": ("report/render_html.py",),
    "ruamel": ("data/strict_yaml.py",),
    "pandera": ("data/checks.py",),
    "pyarrow": ("data/readers.py", "data/columns.py", "data/parquet.py", "data/patterns.py", "ard.py"),
    "typer": ("cli.py",),
    "rich": ("console.py",),
    "cryptography": ("plan/signatures.py", "evidence/keys.py"),
    "threadpoolctl": ("evidence/environment.py",),
    "patsy": ("studies/formula.py",),
    "statsmodels": (),
    "linearmodels": ("numerics/two_stage.py", "numerics/panel/ols.py"),
    "arviz_base": ("evidence/draw_files.py",),
    "zarr": ("evidence/draw_files.py",),
    "arviz_stats": ("inference/convergence.py", "inference/left_out.py", "inference/power_scaling.py"),
    "numba": ("numerics/posterior/kernels_cells.py",),
    "nutpie": ("inference/nuts.py",),
    "pymc": ("inference/nuts.py",),
    "pytensor": ("inference/nuts.py",),
}

# Files that import inside functions, so that a command or a notebook loads only what it uses.
LAZY = {
    "ard.py",
    "cli.py",
    "console.py",
    "evidence/draw_files.py",
    "inference/convergence.py",
    "inference/left_out.py",
    "inference/nuts.py",
    "inference/power_scaling.py",
    "numerics/panel/ols.py",
    "numerics/posterior/counts.py",
    "numerics/posterior/surface.py",
    "numerics/posterior/units.py",
    "numerics/two_stage.py",
    "plan/signatures.py",
    "report/blocks.py",
    "values.py",
}

HEAVY = [
    "pandas",
    "scipy",
    "matplotlib",
    "great_tables",
    "jinja2",
    "pandera",
    "pyarrow",
    "statsmodels",
    "linearmodels",
    "patsy",
    "pymc",
    "pytensor",
    "nutpie",
    "numba",
    "arviz_base",
    "arviz_stats",
    "zarr",
]

HEADINGS = ["Estimates", "Model", "Assumes", "Small samples", "Not for", "Source"]

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS = 400, 40, 5

FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
METHODS = {
    method.model_fields["kind"].default: method
    for method in (*get_args(get_args(AnyMethod)[0]), *get_args(TimeMethod))
}


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module a file names in an import, with its line; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import, line {node.lineno}"
            yield str(node.module), node.lineno
            if node.module == "precept_stats":
                yield from ((f"precept_stats.{alias.name}", node.lineno) for alias in node.names)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def forbidden(called: str) -> bool:
    """Calls that run text, talk past the console, or draw from a global random state."""
    runs_text = {"eval", "exec", "compile", "__import__"}
    talks = {"print", "input", "breakpoint"}
    seeded = {"np.random.default_rng", "np.random.SeedSequence", "np.random.Generator"}
    return (
        called in runs_text | talks
        or called.endswith((".eval", ".query"))
        or (called.startswith("np.random.") and called not in seeded)
    )


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command of the command line, whose parameters are its options."""
    return any(ast.unparse(decorator).startswith("app.command") for decorator in function.decorator_list)


def layer(name: str) -> int:
    """The place of a file among the layers; the package's own __init__ sees all of them."""
    return len(LAYERS) if name == "__init__.py" else LAYERS.index(name.split("/")[0].removesuffix(".py"))


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring left out."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return length
    opening = function.body[0]
    return length - ((opening.end_lineno or opening.lineno) - opening.lineno + 1)


def test_the_layers_are_the_modules_that_stand() -> None:
    tops = {name.split("/")[0].removesuffix(".py") for name in TREES} - {"__init__"}
    assert tops == set(LAYERS), f"not in the layers: {tops - set(LAYERS)}; not there: {set(LAYERS) - tops}"


def test_imports_point_left() -> None:
    wrong = []
    for name, tree in TREES.items():
        own = layer(name)
        for module, line in imported(tree):
            right = module.startswith("precept_stats.") and LAYERS.index(module.split(".")[1]) > own
            if right and (name, module) not in POINTS_RIGHT:
                wrong.append(f"{name}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_each_library_enters_by_its_door() -> None:
    wrong = []
    for name, tree in TREES.items():
        for module, line in imported(tree):
            library = module.split(".")[0]
            if library in sys.stdlib_module_names or library == "precept_stats":
                continue
            doors = DOORS.get(library, ())
            if not any(name == door or (door.endswith("/") and name.startswith(door)) for door in doors):
                wrong.append(f"{name}:{line} imports {library}; it enters by {', '.join(doors) or 'no door'}")
    assert not wrong, "\n".join(wrong)


def test_every_door_is_used() -> None:
    used = {(name, module.split(".")[0]) for name, tree in TREES.items() for module, _ in imported(tree)}
    idle = [
        f"{library}: {door}"
        for library, doors in DOORS.items()
        for door in doors
        if not any(who.startswith(door) and what == library for who, what in used)
    ]
    assert not idle, "\n".join(idle)


def test_imports_inside_functions_only_where_named() -> None:
    lazy = {
        name
        for name, tree in TREES.items()
        for function in functions(tree)
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }
    assert lazy == LAZY, f"not named: {sorted(lazy - LAZY)}; named for nothing: {sorted(LAZY - lazy)}"


def test_files_are_short_enough_to_read() -> None:
    lengths = {name: len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) for name in TREES}
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_FILE}


def test_functions_are_small() -> None:
    wrong = []
    for name, tree in TREES.items():
        for function in functions(tree):
            where, given = f"{name}:{function.lineno} {function.name}", function.args
            parameters = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len([p for p in parameters if p not in ("self", "cls")])
            if body_length(function) > MAX_FUNCTION:
                wrong.append(f"{where}: {body_length(function)} lines, {MAX_FUNCTION} allowed")
            if count > MAX_PARAMETERS and not is_command(function):
                wrong.append(f"{where}: {count} parameters, {MAX_PARAMETERS} allowed")
            if given.kwarg is not None:
                wrong.append(f"{where}: takes **{given.kwarg.arg}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_executed_hidden_or_printed() -> None:
    wrong = []
    for name, tree in TREES.items():
        if Path(name).stem in ("utils", "helpers", "misc", "common"):
            wrong.append(f"{name}: a name that says nothing of what is inside")
        for module, line in imported(tree):
            if module.split(".")[0] in ("pickle", "marshal", "shelve", "dill", "yaml"):
                wrong.append(f"{name}:{line} imports {module}")
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{name}:{node.lineno} bare except")
            if isinstance(node, ast.Global):
                wrong.append(f"{name}:{node.lineno} global state")
            if isinstance(node, ast.Call) and forbidden(ast.unparse(node.func)):
                wrong.append(f"{name}:{node.lineno} calls {ast.unparse(node.func)}")
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_is() -> None:
    assert not [name for name, tree in TREES.items() if not ast.get_docstring(tree)]


@pytest.mark.parametrize("name", precept_stats.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(precept_stats, name)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        text = thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__
        assert text, f"{name} has no docstring of its own"
        assert not text.startswith(f"{name}("), f"{name} has only the docstring that dataclass writes"


def test_the_contents_page_lists_every_method() -> None:
    files = {path.stem for path in (PACKAGE / "methods").glob("*.py")} - {"__init__", "contract"}
    files = {name for name in files if name.split("_")[0] != "settings"}
    assert set(METHODS) <= files, "a kind is the name of its file"
    for kind, method in METHODS.items():
        assert method.__module__ == f"precept_stats.methods.{kind}"
    declaring = {
        name
        for name in files
        if "kind: Literal" in (PACKAGE / "methods" / f"{name}.py").read_text(encoding="utf-8")
    }
    assert declaring == set(METHODS), "a method is not in the union AnyMethod"


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_is_described_under_the_fixed_headings(kind: str) -> None:
    text = METHODS[kind].__doc__ or ""
    assert not [heading for heading in HEADINGS if not re.search(rf"^ *{heading}(:|$)", text, re.MULTILINE)]


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_brings_its_page_and_its_reference_cases(kind: str) -> None:
    assert (ROOT / "docs" / "methods" / f"{kind}.md").is_file(), f"docs/methods/{kind}.md is missing"
    cases = list((ROOT / "tests" / "reference" / kind).glob("*/expected.json"))
    assert cases, f"tests/reference/{kind}/<case>/expected.json: no case"


def test_the_reading_path_leads_somewhere() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    path = text.split("## Reading path", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"^\d+\. `([^`]+)`", path, flags=re.MULTILINE)
    assert len(named) >= 8
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"the reading path names files that do not exist: {missing}"
    layers = re.search(r"^    (errors .*)$", text, flags=re.MULTILINE)
    assert layers is not None
    assert layers[1].split() == LAYERS, "ARCHITECTURE.md gives other layers than the test"


def test_public_names_are_what_they_are_whatever_was_imported_before() -> None:
    """A submodule may not take the place of the public name that it shares."""
    code = (
        "import precept_stats as ps, precept_stats.cli, precept_stats.runner; from types import ModuleType; "
        "print([name for name in ps.__all__ for _ in '12' if isinstance(getattr(ps, name), ModuleType)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("statement", ["import precept_stats", "import precept_stats.cli"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.split() == []


def test_the_public_names_are_listed_for_type_checkers_as_they_are_loaded() -> None:
    import precept_stats

    assert sorted(precept_stats.__all__) == sorted(precept_stats._HOME_OF)
