"""The series that the numbers of other programs are about."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.numerics.series.ar1 import Series
from precept_stats.numerics.series.counts import Totals
from precept_stats.numerics.series.terms import fourier_pairs, ramp, step

HERE = Path(__file__).parent
PLANS = Path(__file__).resolve().parents[3] / "analysis_plans" / "data"
LEFT_OUT = (11, 12, 30, 36, 37, 38, 51)
"""Positions of the synthetic series that `gapped` has not."""
HERE_ONLY = ("quetiapine",)


def data_folder() -> Path | None:
    """The folder of data that do not ship, when there is one."""
    given = os.environ.get("PRECEPT_DATA")
    return Path(given) if given else None


@cache
def expected() -> dict:
    """Numbers of R, and of plain formulas, by make.R."""
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@cache
def recorded() -> dict:
    """Numbers of R recorded elsewhere: nlme, sandwich, lmtest, prais and forecast."""
    return json.loads((HERE / "recorded.json").read_text(encoding="utf-8"))


@cache
def synthetic() -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / "synthetic.csv")


@cache
def drivers() -> pd.DataFrame:
    return pd.read_csv(PLANS / "seatbelts" / "drivers.csv")


@cache
def sales() -> pd.DataFrame:
    return pd.read_csv(PLANS / "prop99" / "cigarette_sales.csv")


@cache
def dispensings() -> pd.DataFrame:
    folder = data_folder()
    assert folder is not None, "quetiapine does not ship; PRECEPT_DATA is not set"
    return pd.read_csv(folder / "its_quetiapine_tidy.csv")


def columns(frame: pd.DataFrame, *names: str) -> np.ndarray:
    return np.column_stack([np.ones(len(frame)), *(frame[name] for name in names)]).astype(np.float64)


def seatbelts() -> Series:
    """Log drivers, time from 1, the law at 170, a ramp from 1, two harmonics counted from month 1."""
    at = np.arange(1, 193)
    shapes = [np.ones(192), at, step(at, 170), ramp(at, 169)]
    X = np.column_stack([*shapes, fourier_pairs(at, 12, 2)])
    return Series(X, np.log(drivers()["killed_or_injured"].to_numpy(np.float64)), at)


def prop99() -> Series:
    """Packs in California, time from 1 in 1970, the law in 1989, a ramp from 1."""
    california = sales()[sales()["area"] == "California"]
    at = california["year"].to_numpy() - 1969
    X = np.column_stack([np.ones(31), at, step(at, 20), ramp(at, 19)])
    return Series(X, california["packs"].to_numpy(np.float64), at)


def quetiapine() -> Series:
    frame = dispensings()
    return Series(
        columns(frame, "time", "step", "ramp"),
        frame["dispensings"].to_numpy(np.float64),
        frame["time"].to_numpy(),
    )


def of_synthetic(frame: pd.DataFrame) -> Series:
    return Series(
        columns(frame, "position", "step", "ramp"), frame["value"].to_numpy(), frame["position"].to_numpy()
    )


def gapped() -> Series:
    return of_synthetic(synthetic()[~synthetic()["position"].isin(LEFT_OUT)])


def totals(events: str) -> Totals:
    frame = synthetic()
    return Totals(
        columns(frame, "position", "step", "ramp"),
        frame[events].to_numpy(np.float64),
        frame["births"].to_numpy(np.float64),
    )


SERIES = {
    "seatbelts": seatbelts,
    "quetiapine": quetiapine,
    "synthetic": lambda: of_synthetic(synthetic()),
    "gapped": gapped,
}
"""Those of expected.json."""
RECORDED = {"seatbelts": seatbelts, "prop99": prop99, "quetiapine": quetiapine}
"""Those of recorded.json."""
