"""Files of a plan lie in their folder, and nothing a plan says leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.errors import DataError, PlanError, PreceptError
from precept_stats.plan.document import DataSource
from precept_stats.plan.files import path_problem, resolve_file

ESCAPES = [
    "/etc/passwd",
    "../secret.csv",
    "data/../../secret.csv",
    "..",
    "~/secret.csv",
    "C:/secret.csv",
    "C:secret.csv",
    "data\\..\\..\\secret.csv",
    "\\\\host\\share.csv",
    "file:///etc/passwd",
    "births.csv\0.txt",
    "births\n.csv",
    "",
    " ",
    "data/nul",
    "COM1.csv",
]


def source(file: str | None, *, folder: str = "plan", offered: str = "") -> DataSource:
    return DataSource.model_validate({"schema": "births", "file": file, "folder": folder, "source": offered})


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plans"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "births.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return folder / "plan.yaml"


def test_a_file_below_the_plan_is_found(plan: Path) -> None:
    assert resolve_file(plan, "births", source("data/births.csv")) == plan.parent / "data" / "births.csv"


@pytest.mark.parametrize("file", ESCAPES)
def test_no_name_leads_out_of_the_folder(plan: Path, file: str) -> None:
    assert path_problem(file)
    with pytest.raises(PlanError):
        resolve_file(plan, "births", source(file))


@given(
    st.lists(st.sampled_from(["..", ".", "", "data", "/", "\\", "~", "C:", "births.csv", "\0"]), max_size=6)
)
def test_what_resolves_lies_inside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fixed"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "births.csv").touch()
    try:
        found = resolve_file(folder / "plan.yaml", "births", source("/".join(parts)))
    except PreceptError:
        return
    assert found.is_relative_to(folder.resolve())


def test_links_may_stay_inside_but_not_leave(plan: Path) -> None:
    inside, outside, folder = (plan.parent / name for name in ("inside.csv", "outside.csv", "linked"))
    inside.symlink_to(plan.parent / "data" / "births.csv")
    outside.symlink_to(plan.parent.parent / "secret.csv")
    folder.symlink_to(plan.parent.parent)
    assert resolve_file(plan, "births", source("inside.csv")).name == "births.csv"
    for file in ("outside.csv", "linked/secret.csv"):
        with pytest.raises(PlanError, match="symbolic link"):
            resolve_file(plan, "births", source(file))


def test_what_is_not_an_ordinary_file_is_a_data_error(plan: Path) -> None:
    for file in ("data", "absent.csv"):
        with pytest.raises(DataError, match="is not there"):
            resolve_file(plan, "births", source(file))


def test_the_data_folder_is_asked_for_with_the_place_to_get_it(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = source("secret.csv", folder="PRECEPT_DATA", offered="https://doi.org/10.7910/DVN/YXMQZM")
    monkeypatch.delenv("PRECEPT_DATA", raising=False)
    with pytest.raises(DataError, match=r"(?s)PRECEPT_DATA is not set.*doi\.org/10\.7910") as caught:
        resolve_file(plan, "births", asked)
    assert caught.value.exit_code == 3
    monkeypatch.setenv("PRECEPT_DATA", str(plan.parent.parent))
    assert resolve_file(plan, "births", asked) == plan.parent.parent / "secret.csv"


def test_a_table_without_a_file_must_be_given(plan: Path) -> None:
    with pytest.raises(DataError, match="--data births=FILE"):
        resolve_file(plan, "births", source(None))
    with pytest.raises(PlanError, match="not read from a file"):
        resolve_file(None, "births", source("data/births.csv"))
