"""The published ladder on many synthetic programmes: bias, and coverage of three kinds of interval.

    python -m tests.calibration.ladder 300     draws 300 programmes but for those that are recorded already

Every programme has its own seed, so that a run that was stopped goes on where it was. docs/ladder.json has
each programme's estimates and limits, docs/methods/before_after.md the table.
"""

from __future__ import annotations

import json
import math
import sys
from functools import cache
from pathlib import Path

from precept_stats.data.dataset import Table, load_table
from precept_stats.data.shipped import shipped
from precept_stats.data.synthetic import ProgrammeScenario, npp_tables
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.before_after import BeforeAfter
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.reader import read_plan
from precept_stats.studies.prepare import prepare
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.values import Estimate

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "docs" / "ladder.json"
PAGE = ROOT / "docs" / "methods" / "before_after.md"
MODELS = ("model_1", "model_2", "model_3", "model_4", "model_5", "model_6")
KINDS = ("own", "cr2", "wild_bootstrap")
FIRST_SEED = 70_000
LEVEL = 0.95

Limits = tuple[float, float]
Answer = dict[str, float | Limits]


@cache
def ladder() -> Plan:
    """The shipped plan."""
    return read_plan(shipped("analysis_plans") / "npp_before_after.yaml").plan


def answers(seed: int) -> dict[str, Answer]:
    """Estimate and limits of every model on one programme."""
    frames = npp_tables(ProgrammeScenario(), seed)
    tables = {name: load_table(frame, None, name) for name, frame in frames.items()}
    return {name: _answer(ladder().analyses[name], tables, ladder().question(name)) for name in MODELS}


def _answer(analysis: Analysis, tables: dict[str, Table], question: Question) -> Answer:
    """The model's own limits, and those of the inference beside it."""
    method = analysis.method
    assert isinstance(method, BeforeAfter)
    design = prepare(analysis.study, tables, question).design
    assert isinstance(design, SeriesDesign)
    fit = method.fit(design)
    own = estimate(fit.uncertainty, method.targets(design)[0], LEVEL)
    beside = {one.kind: _limits(estimate(one.uncertainty, one.quantity, LEVEL)) for one in fit.beside}
    return {"estimate": own.value, "own": _limits(own)} | {kind: beside[kind] for kind in KINDS[1:]}


def _limits(found: Estimate) -> Limits:
    return found.interval.lower, found.interval.upper


def record(programmes: int) -> None:
    """Draw what is not recorded yet, writing after each programme."""
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    for seed in range(FIRST_SEED, FIRST_SEED + programmes):
        if str(seed) not in known:
            known[str(seed)] = {
                model: {name: _rounded(value) for name, value in answer.items()}
                for model, answer in answers(seed).items()
            }
            lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in known.items())
            RECORD.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def _rounded(value: float | Limits) -> float | list[float]:
    return round(value, 6) if isinstance(value, float) else [round(end, 6) for end in value]


def truths() -> dict[str, float]:
    """What is true of the months that each model takes in, as the plan declares it."""
    declared = {name: ladder().analyses[name].known_truth for name in MODELS}
    return {name: one.value for name, one in declared.items() if one is not None}


def table() -> str:
    """Bias and coverage by model, from the record."""
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    n, true = len(known), truths()
    error = 100 * math.sqrt(0.95 * 0.05 / n)
    lines = [
        f"{n} synthetic programmes of the shipped scenario (seeds {FIRST_SEED} to {FIRST_SEED + n - 1}), in "
        "percentage points; coverage in per cent of nominal 95 % intervals "
        f"(Monte Carlo standard error {error:.1f} at 95).",
        "",
        "| model | truth | mean estimate (MCSE) | bias | SD | coverage, own | CR2 | wild bootstrap |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for model in MODELS:
        values = [one[model]["estimate"] for one in known.values()]
        mean = sum(values) / n
        sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
        held = [
            100 * sum(one[model][kind][0] <= true[model] <= one[model][kind][1] for one in known.values()) / n
            for kind in KINDS
        ]
        cells = [
            model.removeprefix("model_"),
            f"{100 * true[model]:.2f}",
            f"{100 * mean:.2f} ({100 * sd / math.sqrt(n):.2f})",
            f"{100 * (mean - true[model]):+.2f}",
            f"{100 * sd:.2f}",
            *(f"{one:.1f}" for one in held),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the table between its marks."""
    before, _, rest = page.partition("<!-- coverage -->\n")
    _, _, after = rest.partition("<!-- /coverage -->")
    return f"{before}<!-- coverage -->\n{table()}<!-- /coverage -->{after}"


if __name__ == "__main__":
    record(int(sys.argv[1]))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
