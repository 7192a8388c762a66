"""The self-test: it passes here, offline, and notices when a number is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from precept_stats.cli import app
from precept_stats.data.shipped import shipped
from precept_stats.errors import OutputError, PreceptError
from precept_stats.evidence.selftest import run as running
from precept_stats.evidence.selftest.page import as_html, outcome_in_words, write_selftest
from precept_stats.evidence.selftest.run import SelfTest, selftest
from precept_stats.evidence.selftest.strd import CertifiedSet, agreeing_digits, certified_sets

FEW = ("cluster_summaries",)


@pytest.fixture(scope="module")
def found() -> SelfTest:
    return selftest(methods=FEW)


def test_an_installation_that_works_passes(found: SelfTest) -> None:
    assert found.passed
    assert {case.name.split("/")[0] for case in found.cases} == set(FEW)
    assert all(case.digits is None or case.digits > 5 for case in found.cases)
    assert "achievement_awards" in {plan.name for plan in found.plans}


def test_a_number_that_is_wrong_is_noticed(found: SelfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(case: running.Case) -> list:
        first, *rest = right(case)
        return [replace(first, ours=first.ours * (1 + 1e-4)), *rest]

    right = running.compare
    monkeypatch.setattr(running, "compare", wrong)
    again = selftest(methods=FEW)
    assert not again.passed
    assert "FAILED" in outcome_in_words(again)
    assert "FAILED" in as_html(again)
    assert found.passed


def test_every_set_of_nist_is_there_and_has_its_digits() -> None:
    sets = {one.name: one for one in certified_sets()}
    assert len(sets) == 22
    assert all(one.agrees for one in sets.values())
    assert min(sets["Filip"].digits) > 7
    assert [name for name, one in sets.items() if one.refused] == ["SmLs07", "SmLs08", "SmLs09"]


def test_fewer_digits_than_may_be_lost_fail() -> None:
    assert not CertifiedSet("x", "linear regression", "lower", (9.0, 14.0), (12.0, 14.0)).agrees
    assert CertifiedSet("x", "linear regression", "lower", (9.6, 14.0), (12.0, 14.0)).agrees
    assert not CertifiedSet("x", "linear regression", "lower", None, (12.0, 14.0), "refused").agrees


def test_agreeing_digits_by_hand() -> None:
    assert agreeing_digits(1.001, 1.0) == pytest.approx(3.0)
    assert agreeing_digits(0.0, 0.0) == 15.0
    assert agreeing_digits(1e-9, 0.0) == pytest.approx(9.0)
    assert agreeing_digits(-1.0, 1.0) == 0.0


@pytest.mark.parametrize("name", ["Norris", "Pontius", "NoInt1", "Longley", "Wampler5", "Filip"])
def test_the_certified_values_are_the_exact_solution_of_the_shipped_data(name: str) -> None:
    """A value that was copied wrongly would not solve the normal equations."""
    stated = json.loads((shipped("reference") / "nist_strd.json").read_text(encoding="utf-8"))["linear"][name]
    rows = [[Fraction(cell) for cell in row] for row in stated["x"]]
    if stated["model"].startswith("polynomial"):
        rows = [[row[0] ** power for power in range(int(stated["model"].split()[1]) + 1)] for row in rows]
    elif stated["model"] != "line through 0":
        rows = [[Fraction(1), *row] for row in rows]
    y = [Fraction(value) for value in stated["y"]]
    size = len(rows[0])
    table = [
        [
            *(sum(row[i] * row[j] for row in rows) for j in range(size)),
            sum(r[i] * v for r, v in zip(rows, y, strict=True)),
        ]
        for i in range(size)
    ]
    for i in range(size):
        table[i] = [value / table[i][i] for value in table[i]]
        for j in set(range(size)) - {i}:
            table[j] = [a - table[j][i] * b for a, b in zip(table[j], table[i], strict=True)]
    exact = [float(row[-1]) for row in table]
    assert [float(value) for value in stated["estimates"]] == pytest.approx(exact, rel=1e-13)


def test_the_command_writes_a_page_and_a_document(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = CliRunner().invoke(app, ["selftest", "--method", "cluster_summaries", "--report", str(folder)])
    assert done.exit_code == 0, done.output
    assert "passed" in done.output
    document = json.loads((folder / "selftest.json").read_text(encoding="utf-8"))
    assert document["passed"] is True
    assert {case["agrees"] for case in document["cases"]} == {True}
    page = (folder / "selftest.html").read_text(encoding="utf-8")
    assert "Norris" in page
    assert "<script" not in page
    again = ["selftest", "--method", "before_after", "--report", str(folder), "--force"]
    assert CliRunner().invoke(app, again).exit_code == 0
    assert json.loads((folder / "selftest.json").read_text(encoding="utf-8")) != document


def test_nothing_is_written_over(found: SelfTest, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError):
        write_selftest(found, tmp_path / "mine")


def test_a_method_without_cases_is_named() -> None:
    with pytest.raises(PreceptError) as caught:
        selftest(methods=("astrology",))
    assert caught.value.found == "astrology"
    assert "gee" in caught.value.allowed
