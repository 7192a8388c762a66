"""The notebooks run from top to bottom, and their claims hold."""

from __future__ import annotations

import re

import nbformat
import numpy as np
import pytest

from tests import pages


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    return pages.executed(pages.NOTEBOOKS[0])


@pytest.fixture(scope="module")
def mixed() -> nbformat.NotebookNode:
    return pages.executed(pages.NOTEBOOKS[1])


@pytest.fixture(scope="module")
def few() -> nbformat.NotebookNode:
    return pages.executed(pages.NOTEBOOKS[2])


@pytest.fixture(scope="module")
def estimands() -> nbformat.NotebookNode:
    return pages.executed(pages.NOTEBOOKS[3])


@pytest.fixture(scope="module")
def bayesian() -> nbformat.NotebookNode:
    return pages.executed(pages.NOTEBOOKS[4])


def outputs(cell: nbformat.NotebookNode, kind: str) -> str:
    """All text of one kind (``text/plain``, ``text/html``) that a cell gave."""
    return "".join(
        output.get("text", "")
        if kind == "text/plain" and "text" in output
        else output.get("data", {}).get(kind, "")
        for output in cell.outputs
    )


def cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_short_and_says_that_the_data_are_synthetic(executed: nbformat.NotebookNode) -> None:
    assert len(cells(executed)) == 10
    assert "**The data are synthetic.**" in executed.cells[0].source


def test_the_interval_it_prints_holds_the_truth_it_set(executed: nbformat.NotebookNode) -> None:
    (cell,) = [cell for cell in cells(executed) if "interval.lower" in cell.source]
    words = outputs(cell, "text/plain").replace(",", "").split()
    truth, lower, upper = float(words[1]), float(words[-3]), float(words[-1])
    assert lower < truth < upper


def test_results_show_themselves_and_say_synthetic(executed: nbformat.NotebookNode) -> None:
    shown = {
        name: outputs(cell, "text/html")
        for cell in cells(executed)
        for name in ("result", "results")
        if cell.source.rstrip().endswith(f"\n{name}")
    }
    assert set(shown) == {"result", "results"}
    assert all("<table" in html for html in shown.values())
    assert "Synthetic" in shown["results"]


def test_the_last_cell_draws_a_figure_that_says_synthetic(executed: nbformat.NotebookNode) -> None:
    drawn = outputs(cells(executed)[-1], "image/svg+xml")
    assert drawn.lstrip().startswith(("<svg", "<?xml"))
    assert "SYNTHETIC" in drawn.upper()


def table(notebook: nbformat.NotebookNode, of: str) -> list[list[str]]:
    """The cells of the table under the one cell whose text has ``of``, labels first."""
    (cell,) = [cell for cell in cells(notebook) if of in cell.source]
    (body,) = re.findall(r"<tbody>(.*)</tbody>", outputs(cell, "text/html"), re.DOTALL)
    return [
        re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def lines(notebook: nbformat.NotebookNode, of: str) -> dict[str, tuple[float, float, float, str]]:
    """Limits, df and status by label."""
    return {
        label: (float(lower), float(upper), float(df), status)
        for label, _, lower, upper, df, status in table(notebook, of)
    }


def lines_of(notebook: nbformat.NotebookNode, of: str) -> dict[str, list[float]]:
    """All numbers by label."""
    return {label: [float(number) for number in numbers] for label, *numbers in table(notebook, of)}


def test_the_second_is_of_synthetic_data_and_its_pictures_say_so(mixed: nbformat.NotebookNode) -> None:
    assert "**The data are synthetic**" in mixed.cells[0].source
    drawn = [svg for cell in cells(mixed) if (svg := outputs(cell, "image/svg+xml"))]
    assert len(drawn) == 4
    assert all("SYNTHETIC" in svg.upper() for svg in drawn)


def test_five_models_hold_the_truth_and_cannot_tell_it_from_none(mixed: nbformat.NotebookNode) -> None:
    found = lines(mixed, "TRIAL =")
    assert len(found) == 5
    assert all(lower < 0 < 0.05 < upper and status == "ok" for lower, upper, _, status in found.values())
    width = {label: upper - lower for label, (lower, upper, _, _) in found.items()}
    assert width["Linear, constrained baseline"] > 1.2 * width["Logistic, constrained baseline"]


def test_of_the_wedge_only_effects_by_exposure_time_average_to_the_truth(
    mixed: nbformat.NotebookNode,
) -> None:
    found = lines(mixed, "WEDGE =")
    assert [lower < 3 < upper for lower, upper, _, _ in found.values()] == [False, False, False, True]
    assert found["Hussey and Hughes"][2] > 100 > found["Nested exchangeable"][2]


def test_one_effect_for_a_growing_one_is_expected_to_be_about_1() -> None:
    """Generalised least squares of the effects that the second notebook sets, with its variances."""
    cluster, month = np.divmod(np.arange(12 * 7), 7)
    exposure = np.maximum(month - cluster // 2, 0)
    true = np.array([0.0, 1, 2, 3, 4, 4, 4])[exposure]
    one = np.column_stack([np.eye(7)[month], exposure > 0])
    each = np.column_stack([np.eye(7)[month], np.eye(7)[exposure][:, 1:]])
    for of_month in (1.0, 0.0):
        block = np.full((7, 7), 4.0) + np.eye(7) * (of_month + 64 / 40)
        weight = np.linalg.inv(np.kron(np.eye(12), block))
        assert np.linalg.solve(one.T @ weight @ one, one.T @ weight @ true)[-1] == pytest.approx(1, abs=0.1)
        by_exposure = np.linalg.solve(each.T @ weight @ each, each.T @ weight @ true)[7:]
        assert by_exposure.mean() == pytest.approx(3)


def test_the_wrong_set_of_allocations_widens_the_interval(few: nbformat.NotebookNode) -> None:
    assert "**The data are synthetic**" in few.cells[0].source
    found = lines_of(few, "PLAN =")
    right, wrong = (found[f"Randomisation test, {which} allocations"] for which in ("acceptable", "all"))
    assert wrong[2] - wrong[1] > 1.25 * (right[2] - right[1])
    assert all(lower < 0.08 < upper for _, lower, upper, *_ in found.values())


def test_without_an_effect_only_the_uncorrected_analysis_finds_many(few: nbformat.NotebookNode) -> None:
    found = {label: count for label, (count,) in lines_of(few, "found = dict").items()}
    uncorrected = found.pop("The same, uncorrected, on a normal distribution")
    assert uncorrected >= 10
    assert all(count <= 8 for count in found.values())
    (drawn,) = [svg for cell in cells(few) if (svg := outputs(cell, "image/svg+xml"))]
    assert "SYNTHETIC" in drawn.upper()


def test_each_average_is_found_by_what_targets_it(estimands: nbformat.NotebookNode) -> None:
    assert "**The data are synthetic**" in estimands.cells[0].source
    per_unit, per_mother = 0.085, 0.121
    found = {label: [float(one) for one in told[1:]] for label, *told in table(estimands, "PLAN =")}
    for label, truth in (("t-test of units", per_unit), ("Model-robust, adjusted for age", per_unit)):
        assert abs(found[label][0] - truth) < 0.02
    between = found["The same, exchangeable correlation"], found["Logistic mixed model, marginal risks"]
    assert all(found["t-test of units"][0] < estimate < 0.142 for estimate, *_ in between)
    both = lines_of(estimands, 'rows["context"] == "average"')
    assert both["participant_average"][1] < per_mother < both["participant_average"][2]
    drawn = [svg for cell in cells(estimands) if (svg := outputs(cell, "image/svg+xml"))]
    assert len(drawn) == 2
    assert all("SYNTHETIC" in svg.upper() for svg in drawn)


def test_a_posterior_of_synthetic_data_is_told_as_one(bayesian: nbformat.NotebookNode) -> None:
    """The interval of ranks is as wide as the text says, and the probability is one."""
    assert "**The data are synthetic**" in bayesian.cells[0].source
    (cell,) = [cell for cell in cells(bayesian) if "P(-0.02" in cell.source]
    said = outputs(cell, "text/plain")
    draws, chance = re.search(r"(\d+) draws", said), re.search(r"= (0\.\d+)", said)
    assert draws is not None
    assert chance is not None
    assert int(draws.group(1)) == 2000
    assert 0.5 < float(chance.group(1)) < 0.8
    pictures = [cell for cell in cells(bayesian) if "report.figure" in cell.source]
    assert all("SYNTHETIC DATA" in outputs(cell, "image/svg+xml") for cell in pictures)
    (ranks,) = [cell for cell in pictures if "ranks-bayesian" in cell.source]
    assert outputs(ranks, "image/svg+xml").count("Unit ") == 40
