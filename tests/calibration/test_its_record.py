"""The recorded study of models of series: the docs show it, the code gives it, the known order is there."""

import json
from itertools import product

import numpy as np
import pytest

from tests.calibration import series, series_turner
from tests.calibration.series_tables import (
    MARGIN,
    beyond,
    coverage,
    least_biased,
    limits,
    mean_coverage,
    mean_error,
    page,
    sections,
)
from tests.calibration.series_trials import ANALYSES, SIX
from tests.calibration.tables import DOCS
from tests.conformance.pages import block

RECORD = json.loads((DOCS / "its_calibration.json").read_text(encoding="utf-8"))
TURNER = RECORD["turner"]


def cell(points: int, phi: float, analysis: str, of: dict = RECORD) -> dict:
    return next(c for c in of["cells"] if (c["points"], c["phi"], c["analysis"]) == (points, phi, analysis))


def test_the_study_is_whole() -> None:
    found = [(c["points"], c["phi"], c["analysis"]) for c in RECORD["cells"]]
    assert found == [(s.points, s.phi, a.name) for s, a in product(series.SCENARIOS, ANALYSES)]
    assert RECORD["series"] == 500
    found = [(c["points"], c["phi"], c["analysis"]) for c in TURNER["cells"]]
    assert found == [(s.points, s.phi, name) for s, name in product(series_turner.SCENARIOS, SIX)]
    assert TURNER["series"] >= 50


@pytest.mark.parametrize("number", range(len(series.SCENARIOS)))
def test_the_code_still_gives_what_was_recorded(number: int) -> None:
    found = np.array([series.one_series(number, replicate) for replicate in range(series.FIRST)])
    recorded = RECORD["cells"][number * len(ANALYSES) : (number + 1) * len(ANALYSES)]
    for k, name in ((0, "level"), (3, "slope")):
        covered = np.nansum(found[:, :, k], axis=0).astype(int).tolist()
        assert covered == [c[name]["covered_of_first"] for c in recorded]


def test_the_pages_show_the_record() -> None:
    assert (DOCS / "its_calibration.md").read_text(encoding="utf-8") == page(RECORD)
    for kind, text in sections(RECORD).items():
        shown = (DOCS / "methods" / f"{kind}.md").read_text(encoding="utf-8")
        assert block(shown, "coverage") == text


def test_no_method_is_biased() -> None:
    """Of 264 mean errors hardly one is beyond three Monte Carlo standard errors."""
    every = [abs(beyond(c, of)) for c in RECORD["cells"] for of in ("level", "slope")]
    assert sum(one > MARGIN for one in every) <= 3
    assert max(every) < 4.5


@pytest.mark.parametrize("points", [8, 12, 24, 48])
def test_least_squares_covers_independent_errors(points: int) -> None:
    low, high = limits(RECORD)
    for of in ("level", "slope"):
        assert low <= coverage(cell(points, 0.0, "OLS"), of) <= high


def test_coverage_gets_worse_with_autocorrelation_that_is_ignored() -> None:
    for points in (12, 24, 48):
        shares = [coverage(cell(points, phi, "OLS"), "slope") for phi in (0.0, 0.2, 0.5)]
        assert shares == sorted(shares, reverse=True)
    assert coverage(cell(48, 0.5, "OLS"), "slope") < 0.80
    assert coverage(cell(48, 0.5, "REML, Kenward-Roger"), "slope") > 0.90


def test_degrees_of_freedom_mend_what_short_series_spoil() -> None:
    for points, phi in product((8, 12, 24), (0.0, 0.2, 0.5)):
        plain, mended = (cell(points, phi, name) for name in ("REML", "REML, Satterthwaite"))
        assert coverage(mended, "level") > coverage(plain, "level")


def test_the_ordering_of_turner_is_there() -> None:
    """REML has the least biased autocorrelation; least squares is best below 12 points, REML above."""
    won, of = least_biased(TURNER)
    assert won >= 0.9 * of
    others = [name for name in SIX if not name.startswith("REML, ")]
    short = {name: mean_coverage(TURNER, name, 12) for name in others}
    assert max(short, key=short.__getitem__) == "OLS"
    errors = {name: mean_error(TURNER, name, 12) for name in ("OLS", "Prais-Winsten", "REML", "ARIMA(1,0,0)")}
    assert min(errors, key=errors.__getitem__) == "OLS"
    long = {name: mean_coverage(TURNER, name, 10**6, 12) for name in others}
    assert max(long, key=long.__getitem__) == "REML"
