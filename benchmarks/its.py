"""Many interrupted series at once: 150 units, 84 months, up to 15 births a cell, beside R's glmer.

Data are synthetic. The budget is 3 seconds of processor time for the whole method: fit, effect and its
interval, curve; reading data is not timed. Of glmer the fit alone is timed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import precept_stats as ps
from precept_stats.data.dataset import load_table
from precept_stats.inference.uncertainty import estimate
from precept_stats.studies.prepare import prepare
from precept_stats.studies.series_design import SeriesDesign

UNITS, MONTHS, BIRTHS, REPEATS, BUDGET = 150, 84, 15, 3, 3.0
NONE = {"kind": "none", "reason": "made without"}
METHODS = {
    "binomial, random level, step and ramp": ps.MultilevelIts(
        distribution={"kind": "binomial"}, autocorrelation=NONE
    ),
    "linear, the same, Satterthwaite": ps.MultilevelIts(
        distribution={"kind": "normal"}, autocorrelation=NONE
    ),
    "linear, the same, AR(1)": ps.MultilevelIts(
        distribution={"kind": "normal"}, autocorrelation={"kind": "ar1"}
    ),
    "two stages, Newey-West": ps.TwoStageIts(
        autocorrelation={"kind": "newey_west", "lag": {"kind": "rule_of_thumb"}}
    ),
}
GLMER = """
suppressMessages(library(lme4)); d <- read.csv(commandArgs(TRUE)[1])
model <- cbind(events, n - events) ~ time + step + years + (step + years | unit)
t <- system.time(suppressWarnings(f <- glmer(model, d, binomial)))
cat(t[["user.self"]], fixef(f)[["step"]], as.character(packageVersion("lme4")))
"""


def table(seed: int = 1) -> pd.DataFrame:
    """Units with staggered starts, random levels and changes."""
    rng = np.random.default_rng(seed)
    unit, month = (one.ravel() for one in np.meshgrid(range(UNITS), range(MONTHS), indexing="ij"))
    start = rng.integers(36, 48, UNITS)
    time_ = month - start[unit]
    u = rng.standard_normal((UNITS, 3)) * np.array([0.6, 0.3, 0.01])
    step, ramp = (time_ >= 0).astype(float), np.maximum(time_, 0)
    eta = -0.2 + 0.01 * time_ + u[unit, 0] + (0.4 + u[unit, 1]) * step + (0.005 + u[unit, 2]) * ramp
    n = rng.integers(1, BIRTHS + 1, len(unit))
    named = [f"{2016 + m // 12:04d}-{m % 12 + 1:02d}" for m in range(MONTHS)]
    return pd.DataFrame(
        {
            "unit": [f"U{k:03d}" for k in unit],
            "month": [named[m] for m in month],
            "start": [named[m] for m in start[unit]],
            "events": rng.binomial(n, 1 / (1 + np.exp(-eta))),
            "n": n,
            "time": time_,
            "step": step,
            "years": ramp / 12,
        }
    )


def design(frame: pd.DataFrame) -> SeriesDesign:
    study = ps.Programme.model_validate(
        {
            "unit": "unit",
            "time": {"column": "month", "every": "month"},
            "interruptions": {
                "programme": {
                    "column": "start",
                    "effects": [{"kind": "step"}, {"kind": "ramp"}],
                    "transition": {"kind": "none"},
                }
            },
            "coding": {"interrupted_period": "after", "ramp_from": 0},
            "seasonality": {"kind": "none", "reason": "made without"},
        }
    )
    estimand = ps.Estimand.model_validate(
        {
            "population": "all",
            "outcome": "share",
            "compare": "after",
            "reference": "before",
            "summary": "risk_difference",
            "effect": "marginal",
            "target": "participant_average",
            "change": {"kind": "over_window", "interruption": "programme", "from": 0, "to": 11},
            "intercurrent_events": [],
        }
    )
    outcome = ps.Outcome(column="events", denominator="n", type="binary", direction="higher_better")
    question = ps.Question("asked", estimand, ps.Population(of="rows"), outcome)
    return prepare(study, {"rows": load_table(frame, None, "rows")}, question).design  # type: ignore[return-value]


def seconds(method: ps.MultilevelIts | ps.TwoStageIts, of: SeriesDesign) -> float:
    """The least processor time of a few fits, each with its effect, interval, changes and curve."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        fit = method.fit(of)
        for asked in (*method.targets(of), *fit.changes, *(point.quantity for point in fit.curve)):
            estimate(fit.uncertainty, asked, 0.95)
        times.append(time.process_time() - begin)
    return min(times)


def glmer(frame: pd.DataFrame) -> dict[str, object] | None:
    """Processor seconds of glmer for the same model; None where there is no R."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder) / "d.csv", Path(folder) / "glmer.R"
        frame.to_csv(path, index=False)
        script.write_text(GLMER, encoding="utf-8")
        command = [program, str(script), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    taken, step, version = done.stdout.split()
    return {"seconds": float(taken), "step": float(step), "lme4": version}


def page(record: dict[str, object]) -> str:
    """The record as a page."""
    ours, peer = record["ours"], record["glmer"]
    lines = [
        "# Speed: many interrupted series at once",
        "",
        f"{UNITS} synthetic units, {MONTHS} months, up to {BIRTHS} births a cell. Processor seconds, the "
        f"least of {REPEATS}: the fit with its effect, interval, changes and curve with bands. Budget of the "
        f"first: {BUDGET:g} s. Of glmer the fit alone, run once. Made by `python -m benchmarks.its`.",
        "",
        "| model | seconds |",
        "|---|--:|",
        *(f"| {name} | {taken:.2f} |" for name, taken in ours.items()),  # type: ignore[attr-defined]
    ]
    if isinstance(peer, dict):
        lines.append(f"| R, lme4 {peer['lme4']} `glmer`, the first model | {peer['seconds']:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks_its.json"))
    out = parser.parse_args().out
    frame = table()
    of = design(frame)
    record = {"ours": {name: seconds(method, of) for name, method in METHODS.items()}, "glmer": glmer(frame)}
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    out.with_suffix(".md").write_text(page(record), encoding="utf-8")
    print(page(record))
    return int(next(iter(record["ours"].values())) > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
