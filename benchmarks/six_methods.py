"""The table of six methods on two series that ship: from arrays, and from a table to rows, beside R.

    python benchmarks/six_methods.py [--alone] [--record]

Cigarette sales in California (31 years) and drivers killed or injured (192 months, a level for every month of
the year). R: lm, sandwich, a loop for Prais and Winsten, nlme and arima; it has no Satterthwaite degrees of
freedom of an autoregression, and so gives five. Shown are CPU seconds of one core, the median of runs. Run
with one BLAS thread (OMP_NUM_THREADS=1). ``--record`` writes docs/benchmarks_six_methods.json and .md.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from mixed import machine
from page import DOCS, Record, machine_words, times

import precept_stats as ps
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.six_methods import LABELS, SixMethods
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.studies.series_tables import prepare_series

REPEATS = 15
AIM = 1.0
"""Seconds that the table may take, from a table to rows."""
PLANS = ps.shipped("analysis_plans")


@dataclass(frozen=True)
class Source:
    """A table without a schema."""

    name: str
    frame: pd.DataFrame
    schema: None = None


@dataclass(frozen=True)
class Series:
    """One series with its interruption: columns time, step, ramp and y for R, and the study for us."""

    title: str
    frame: pd.DataFrame
    study: ps.InterruptedSeries
    lag: int

    @property
    def question(self) -> ps.Question:
        change = {"kind": "level_change", "interruption": "law"}
        estimand = ps.Estimand(
            population="all", outcome="y", compare="with", reference="without", summary="mean_difference",
            effect="marginal", target="cluster_average", change=change, intercurrent_events=(),
        )  # fmt: skip
        outcome = ps.Outcome(column="y", type="continuous", direction="lower_better")
        return ps.Question("level", estimand, ps.Population(of="rows"), outcome)

    @property
    def method(self) -> SixMethods:
        lag = {"kind": "fixed", "periods": self.lag}
        named = {"kind": "first_order", "answer": "reml_satterthwaite", "lag": lag}
        return SixMethods(autocorrelation=named)


def study(column: str, every: str, at: str | int, seasonality: dict[str, str]) -> ps.InterruptedSeries:
    law = {"at": at, "effects": [{"kind": "step"}, {"kind": "ramp"}], "transition": {"kind": "none"}}
    return ps.InterruptedSeries(
        time={"column": column, "every": every},
        interruptions={"law": law},
        coding={"interrupted_period": "after", "ramp_from": 0},
        seasonality=seasonality,
    )


def shaped(frame: pd.DataFrame, start: int) -> pd.DataFrame:
    """With the columns of the model written out, for R."""
    time_ = np.arange(len(frame)) - start
    return frame.assign(time=time_, step=(time_ >= 0).astype(int), ramp=np.maximum(time_, 0))


def california() -> Series:
    frame = pd.read_csv(PLANS / "data/prop99/cigarette_sales.csv")
    frame = frame[frame["area"] == "California"].rename(columns={"packs": "y"}).reset_index(drop=True)
    none = {"kind": "none", "reason": "one point a year"}
    return Series("31 years, 4 terms", shaped(frame[["year", "y"]], 19), study("year", "year", 1989, none), 1)


def drivers() -> Series:
    frame = pd.read_csv(PLANS / "data/seatbelts/drivers.csv").rename(columns={"killed_or_injured": "y"})
    frame = shaped(frame[["month", "y"]], 169).assign(season=np.arange(len(frame)) % 12 + 1)
    months = study("month", "month", "1983-02", {"kind": "month_dummies"})
    return Series("192 months, 15 terms", frame, months, 12)


SERIES: dict[str, Callable[[], Series]] = {"California": california, "drivers": drivers}


def table(one: Series, design: SeriesDesign) -> dict[str, tuple[float, float]]:
    """Estimate and standard error by each method, from a design."""
    fit = one.method.fit(design)
    found = {each.kind: estimate(each.uncertainty, each.quantity, 0.95) for each in fit.beside}
    return {name: (answer.value, answer.std_error) for name, answer in found.items()}


def whole(one: Series) -> ps.Result:
    """From a table to rows, with curves and diagnostics."""
    found = ps.analyse(one.study, one.method, {"rows": one.frame}, one.question)
    assert isinstance(found, ps.Result)
    return found


def median_seconds(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def of_r(one: Series) -> dict[str, object] | None:
    """Seconds, estimates and standard errors by R; None without R or its packages."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        one.frame.to_csv(path, index=False)
        script = str(Path(__file__).with_name("six_methods_peer.R"))
        asked = [rscript, script, str(path), str(one.lag), str(REPEATS)]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=600, check=True)
        except subprocess.CalledProcessError:
            return None
    found: dict[str, object] = json.loads(done.stdout)
    return found


def timed(name: str, *, alone: bool) -> dict[str, object]:
    one = SERIES[name]()
    design = prepare_series(one.study, {"rows": Source("rows", one.frame)}, one.question).design
    found = table(one, design)
    whole(one)
    record: dict[str, object] = {
        "title": one.title,
        "level": {kind: value for kind, (value, _) in found.items()},
        "std_error": {kind: error for kind, (_, error) in found.items()},
        "fit": median_seconds(lambda: table(one, design)),
        "whole": median_seconds(lambda: whole(one)),
    }
    if not alone and (other := of_r(one)) is not None:
        record["r"] = other
    return record


def lines(series: Record) -> list[str]:
    """The two tables of the page."""
    out = ["| series | what | CPU, s | R takes as many times |", "|---|---|--:|--:|"]
    for name, one in series.items():
        told = f"{name}: {one['title']}"
        other = one.get("r")
        ratio = "" if other is None else times(other["table"] / one["fit"])
        out.append(f"| {told} | ours, six methods, from arrays | {one['fit']:.4f} | {ratio} |")
        out.append(f"| {told} | ours, from a table to rows | {one['whole']:.4f} | |")
        if other is not None:
            out.append(f"| {told} | R, five methods, from arrays | {other['table']:.4f} | |")
            parts = ", ".join(f"{LABELS[kind]} {seconds:.4f}" for kind, seconds in other["seconds"].items())
            out.append(f"| {told} | R, of which | {parts} | |")
    out += ["", "| series | method | level change, ours | R | standard error, ours | R |"]
    out.append("|---|---|--:|--:|--:|--:|")
    for name, one in series.items():
        for kind, value in one["level"].items():
            other = one.get("r", {"level": {}, "std_error": {}})
            theirs = [_number(other[part].get(kind)) for part in ("level", "std_error")]
            error = one["std_error"][kind]
            out.append(f"| {name} | {LABELS[kind]} | {value:.6f} | {theirs[0]} | {error:.6f} | {theirs[1]} |")
    return out


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def page(record: Record) -> str:
    """The whole of docs/benchmarks_six_methods.md."""
    programs = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    slowest = max(one["whole"] for one in record["series"].values())
    return "\n".join(
        [
            "# Speed of the six methods",
            "",
            "Made by `python benchmarks/six_methods.py --record`; the record is "
            "`benchmarks_six_methods.json`. The series are real and ship: cigarette sales in California, and "
            "drivers killed or seriously injured in Great Britain.",
            "",
            f"Machine: {machine_words(record)}. Other programs: {programs or 'none'}.",
            "",
            f"Seconds are of one core's CPU with one BLAS thread, the median of {REPEATS} runs. Ours from "
            "arrays gives all six methods, residuals, their autocorrelation, tests and the counterfactual "
            "curve; R the level change and its standard error by five (nothing there has Satterthwaite's "
            f"degrees of freedom of an autoregression). The aim is a table under {AIM:g} s; the slowest, "
            f"from a table to rows, takes {slowest:.2f} s.",
            "",
            *lines(record["series"]),
            "",
            "REML of California runs to a unit root, which nlme does not say; ours is flagged `boundary`. "
            "Standard errors of ARIMA are from the information of coefficients and autocorrelation together, "
            "in both; R's search stops a little earlier.",
            "",
        ]
    )


def main(arguments: list[str]) -> None:
    start = machine()
    series = {name: timed(name, alone="--alone" in arguments) for name in SERIES}
    seen = [one["r"]["versions"] for one in series.values() if "r" in one]  # type: ignore[index]
    versions = seen[0] if seen else {}
    record = {"machine": start, "versions": versions, "series": series}
    sys.stdout.write("\n".join(lines(series)) + "\n")
    if "--record" in arguments:
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        (DOCS / "benchmarks_six_methods.json").write_text(text, encoding="utf-8")
        (DOCS / "benchmarks_six_methods.md").write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
