"""Every recorded number of other programs about the engines, and the known differences one by one."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pandas as pd
import pytest

from precept_stats.numerics.mixed.fit import fit_mixed
from tests.numerics.mixed.models import MODELS, table
from tests.numerics.mixed.numbers import recorded

from .cases import ROOT, data_folder
from .kernel_correlations import correlation_cases
from .kernel_further import further_cases
from .kernel_glmm import glmm_cases
from .kernel_inequality import inequality_cases
from .kernel_mixed import mixed_cases
from .kernel_printed import printed_cases
from .kernel_series import series_cases
from .kernels import KernelCase, compare, known_differences
from .pages import case_section

CASES = (
    *mixed_cases(),
    *glmm_cases(),
    *further_cases(),
    *printed_cases(),
    *correlation_cases(),
    *inequality_cases(),
    *series_cases(),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_number_agrees_or_differs_as_is_known_and_is_shown(case: KernelCase) -> None:
    if case.needs_data and data_folder() is None:
        pytest.skip("the data of this case do not ship; PRECEPT_DATA is not set")
    compared = compare(case)
    for found in compared:
        number = found.number
        assert found.agrees, f"{number.name}: ours {found.ours!r}, held to {found.held_to!r}"
        if number.by_our_rule is not None:
            size = number.scale or abs(number.theirs)
            gone = f"the known difference of {number.name} is gone"
            assert abs(found.ours - number.theirs) > number.rtol * size, gone
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert case_section(case, compared) in page, "run `make conformance`"


def test_known_differences_are_of_cases_that_stand() -> None:
    assert set(known_differences()) <= {case.name for case in CASES}


def test_names_are_said_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_kenward_roger_is_held_to_pbkrtest_on_many_kinds_of_fit() -> None:
    """Two variance components, slopes, crossed factors, singular fits and joint F tests among them."""
    kept = [c for c in CASES if not c.name.endswith("_printed")]
    held = [c for c in kept if any(n.name.startswith("kenward_roger.df") for n in c.numbers)]
    joint = [c for c in held if any(n.name.startswith("joint.kenward_roger") for n in c.numbers)]
    shipped = [c for c in held if not c.needs_data]
    kinds = {"machines", "twelve_slopes_periods", "crossed_slopes", "twelve_singular", "twelve_zero"}
    assert (len(held), len(shipped), len(joint)) == (41, 29, 23)
    assert kinds <= {c.name for c in joint}


def reml(d: pd.DataFrame, theta: Decimal) -> Decimal:
    """The part of the REML criterion of ``share`` that theta moves, in whole numbers and 60 digits.

    25 clusters with sizes n, totals of kscore and arm: (n - 2) log SS + log|V| + log|X'V^-1X|.
    """
    n = {k: Decimal(int(v)) for k, v in d.groupby("school")["kscore"].size().items()}
    s = {k: Decimal(int(v)) for k, v in d.groupby("school")["kscore"].sum().items()}
    arm = {k: Decimal(int(v)) for k, v in d.groupby("school")["arm"].first().items()}
    squares = Decimal(int((d["kscore"] ** 2).sum()))
    shrunk = {k: 1 / (1 + theta * theta * n[k]) for k in n}
    x = {k: (Decimal(1), arm[k]) for k in n}
    xx = {(i, j): sum(shrunk[k] * n[k] * x[k][i] * x[k][j] for k in n) for i in (0, 1) for j in (0, 1)}
    xy = [sum(shrunk[k] * s[k] * x[k][i] for k in n) for i in (0, 1)]
    yy = squares - sum(s[k] * s[k] / n[k] * (1 - shrunk[k]) for k in n)
    determinant = xx[0, 0] * xx[1, 1] - xx[0, 1] * xx[1, 0]
    explained = (xx[1, 1] * xy[0] ** 2 - 2 * xx[0, 1] * xy[0] * xy[1] + xx[0, 0] * xy[1] ** 2) / determinant
    logs = sum((1 + theta * theta * n[k]).ln() for k in n)
    return (sum(n.values()) - 2) * (yy - explained).ln() + logs + determinant.ln()


def test_the_criterion_is_lower_at_our_optimum_than_where_lme4_stops() -> None:
    """In doubles the two are the same number; in 60 digits ours is lower, and lowest where we say."""
    if data_folder() is None:
        pytest.skip("share does not ship; PRECEPT_DATA is not set")
    d = table("share")
    ours = Decimal(float(fit_mixed(MODELS["share"](d)).theta[0]))
    theirs = Decimal(recorded()["cases"]["share_unadj"]["numbers"]["reml"]["theta"]["school.(Intercept)"])
    with localcontext() as context:
        context.prec = 60
        assert abs(theirs / ours - 1) > Decimal("5e-7")
        assert reml(d, ours) < reml(d, theirs)
        step = Decimal("1e-9")
        assert all(reml(d, ours) < reml(d, ours * (1 + sign * step)) for sign in (-1, 1))
