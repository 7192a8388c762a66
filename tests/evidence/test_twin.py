"""L4: what is posed to R, and what becomes of its answers, which twin_recorded has; no R is needed."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import precept_stats as ps
from precept_stats.ard import read_json
from precept_stats.errors import DataError, OutputError
from precept_stats.evidence.twin.answers import read_answers
from precept_stats.evidence.twin.posing import Posing, pose
from precept_stats.evidence.twin.running import run_r
from precept_stats.evidence.twin.script import function_text, written
from precept_stats.evidence.verify.completeness import Contents
from precept_stats.evidence.verify.page import in_words, report_of
from precept_stats.evidence.verify.second_engine import Twin, second_engine
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Heading
from precept_stats.runner import load_tables
from tests.evidence.twin_recorded import RECORDED, write_bundle_of

WITH_TWIN = ("primary", "welch", "shuffled", "cr2", "mixed", "logistic", "marginal")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_bundle_of(tmp_path_factory.mktemp("twin") / "trial")


def verified(trial: tuple[Path, Path], twin: Path | None) -> ps.Verification:
    """Level L4 alone: those below are tested elsewhere."""
    bundle, data = trial
    rows = read_json(bundle / "rows.json")
    contents = Contents(bundle, read_plan(bundle / "plan.yaml"), rows, rows)
    checks, compared = second_engine(contents, {"people": data}, None if twin is None else Twin(twin))
    return ps.Verification("bundle", "small", "", "", tuple(checks), compared)


def answered(trial: tuple[Path, Path], folder: Path) -> Path:
    """A folder with script and tables, and R's recorded output."""
    verified(trial, folder)
    shutil.copy(RECORDED, folder / "output.csv")
    return folder


def outcomes(found: ps.Verification) -> dict[str, str]:
    return {check.name.partition(",")[0]: check.outcome for check in found.at("L4")}


def posed(trial: tuple[Path, Path]) -> Posing:
    loaded = read_plan(trial[0] / "plan.yaml")
    return pose(loaded, load_tables(loaded, {"people": trial[1]}))


def test_the_folder_is_written_and_the_reviewer_is_told_what_to_run(
    trial: tuple[Path, Path], tmp_path: Path
) -> None:
    found = verified(trial, tmp_path / "twin")
    check = found.at("L4")[0]
    assert check.outcome == "not run"
    assert "Rscript twin.R" in check.found[0]
    assert sorted(path.name for path in (tmp_path / "twin").iterdir()) == [
        "README.txt",
        "analysis_data.csv",
        "twin.R",
    ]
    assert (tmp_path / "twin").stat().st_mode & 0o077 == 0
    assert "Keep this folder where the data are kept" in (tmp_path / "twin" / "README.txt").read_text()


def test_without_data_or_folder_it_says_what_it_needs(trial: tuple[Path, Path]) -> None:
    (without_folder,) = verified(trial, None).at("L4")
    assert (without_folder.outcome, "--twin FOLDER" in without_folder.found[0]) == ("not run", True)
    (without_data,) = ps.verify(trial[0], ps.Against(level="L4")).at("L4")
    assert (without_data.outcome, "--data people=FILE" in without_data.found[0]) == ("not run", True)


def test_what_r_answered_agrees_in_every_number(trial: tuple[Path, Path], tmp_path: Path) -> None:
    found = verified(trial, answered(trial, tmp_path / "twin"))
    told = outcomes(found)
    assert {name: told[f"Analysis {name}"] for name in WITH_TWIN} == dict.fromkeys(WITH_TWIN, "passed")
    assert told["Analysis robust"] == "not run"
    beside = [one for one in found.compared if one.level == "L4"]
    assert len(beside) > 90
    assert all(one.within for one in beside)
    assert min(one.digits for one in beside if one.kind == "closed form") > 9.0
    assert not found.failed


@pytest.mark.parametrize(
    ("analysis", "what"),
    [("primary", "estimate.conf_low"), ("mixed", "fit.variance_between"), ("cr2", "estimate.df")],
)
def test_a_number_that_was_changed_is_found(
    trial: tuple[Path, Path], tmp_path: Path, analysis: str, what: str
) -> None:
    folder = answered(trial, tmp_path / "twin")
    rows = list(csv.reader(io.StringIO((folder / "output.csv").read_text())))
    for row in rows:
        if row[:2] == [analysis, what]:
            row[2] = repr(float(row[2]) * 1.001)
    (folder / "output.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
    found = verified(trial, folder)
    assert outcomes(found)[f"Analysis {analysis}"] == "failed"
    assert found.verdict == "failed"


@pytest.mark.parametrize("name", ["twin.R", "analysis_data.csv", "README.txt"])
def test_another_script_or_table_is_found(trial: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    folder = answered(trial, tmp_path / "twin")
    (folder / name).write_text((folder / name).read_text() + "\n")
    check = verified(trial, folder).at("L4")[0]
    assert check.outcome == "failed"
    assert name in check.found[0]


def test_an_output_of_other_tables_is_found(trial: tuple[Path, Path], tmp_path: Path) -> None:
    folder = answered(trial, tmp_path / "twin")
    text = (folder / "output.csv").read_text()
    (folder / "output.csv").write_text(
        re.sub(r"(md5\.analysis_data\.csv,)[0-9a-f]+", r"\g<1>" + "0" * 32, text)
    )
    assert (
        outcomes(verified(trial, folder))["The folder of the second engine is what bundle and data give"]
        == "failed"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "analysis,what\nprimary,estimate.estimate\n",
        "analysis,what,value,mcse\nprimary,estimate.estimate,=1+1,\n",
        "analysis,what,value,mcse\nprimary,estimate.estimate,inf,\n",
        "analysis,what,value,mcse\nprimary,estimate.estimate\n",
    ],
)
def test_an_output_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "output.csv").write_text(text)
    with pytest.raises(DataError):
        read_answers(tmp_path / "output.csv")


def test_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "output.csv").symlink_to(RECORDED)
    with pytest.raises(DataError):
        read_answers(tmp_path / "output.csv")


def test_an_analysis_that_r_leaves_out_is_no_agreement(trial: tuple[Path, Path], tmp_path: Path) -> None:
    folder = answered(trial, tmp_path / "twin")
    lines = (folder / "output.csv").read_text().splitlines(keepends=True)
    (folder / "output.csv").write_text("".join(line for line in lines if not line.startswith("mixed,")))
    assert outcomes(verified(trial, folder))["Analysis mixed"] == "failed"


def test_all_levels_together_tell_both_kinds_of_numbers(trial: tuple[Path, Path], tmp_path: Path) -> None:
    folder = answered(trial, tmp_path / "twin")
    found = ps.verify(trial[0], ps.Against({"people": trial[1]}, level="L4", twin=folder))
    assert {one.level for one in found.compared} == {"L3", "L4"}
    titles = [block.text for block in report_of(found).blocks if isinstance(block, Heading)]
    assert titles[-2:] == ["Numbers made again", "Numbers by the second engine"]
    assert "by the second engine" in in_words(found)


def test_the_script_is_fixed_functions_and_typed_calls(trial: tuple[Path, Path]) -> None:
    text = posed(trial).files["twin.R"]
    for file in (
        "common",
        "clusters",
        "linear_mixed",
        "gee",
        "generalised_linear_mixed",
        "resampling",
        "closing",
    ):
        assert function_text(file) in text
        text = text.replace(function_text(file), "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    word = r'"[A-Za-z][A-Za-z0-9_-]*"'
    call = rf'one\({word}, "analysis_data(_\d+)?\.csv", [a-z_]+, list\([A-Za-z0-9_ =,.()"-]*\)\)'
    listed = r'(packages|files) <- c\((, )?("[A-Za-z0-9_.]+"(, )?)+\)'
    assert all(re.fullmatch(call, line) or re.fullmatch(listed, line) for line in lines)
    assert len(lines) == len(WITH_TWIN) + 2


@pytest.mark.parametrize(
    "value", ['a"); system("id', "a b", "", "é", "a\n", ["fine", "not fine"], {"a b": 1}]
)
def test_text_that_is_no_word_never_becomes_code(value: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        written(value)  # type: ignore[arg-type]


def test_values_are_written_as_r_reads_them() -> None:
    value = {
        "on": True,
        "n": 3,
        "x": 0.1,
        "top": np.inf,
        "words": ["a", "b"],
        "none": [],
        "deep": [{"by": "c"}],
    }
    said = 'on = TRUE, n = 3, x = 0.1, top = Inf, words = c("a", "b"), none = list()'
    assert written(value) == f'list({said}, deep = list(list(by = "c")))'


def test_tables_hold_numbers_alone_and_all_analysed_rows(trial: tuple[Path, Path]) -> None:
    posing = posed(trial)
    rows = list(csv.reader(io.StringIO(posing.files["analysis_data.csv"])))
    assert rows[0] == ["y", "size", "cluster", "arm"]
    assert len(rows) == 1 + len(trial[1].read_text().splitlines()) - 1
    assert all(re.fullmatch(r"[0-9.e-]+", cell) for row in rows[1:] for cell in row)


def test_no_r_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="Rscript"):
        run_r(tmp_path)


def test_r_that_takes_too_long_or_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "Rscript"
    program.write_text("#!/bin/sh\necho 'no package called lme4' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "no package called lme4" in run_r(tmp_path)
    program.write_text("#!/bin/sh\nexec sleep 5\n")
    assert "longer than" in run_r(tmp_path, patience=0.2)
