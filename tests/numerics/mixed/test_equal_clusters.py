"""Where Kenward-Roger has a closed form: equal clusters in two arms are the t-test on K - 2."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows


@pytest.mark.parametrize("clusters", [4, 6, 8, 20])
def test_degrees_of_freedom_are_clusters_less_two(clusters: int) -> None:
    """Six clusters have 4, where the moments of F that the rule matches run to infinity."""
    rng = np.random.default_rng(clusters)
    cluster = np.repeat(np.arange(clusters), 10)
    y = rng.normal(size=clusters)[cluster] + rng.normal(size=len(cluster))
    arm = Numeric("arm", (cluster % 2).astype(float))
    group = Grouping("cluster", cluster.astype(np.intp), clusters)
    fit = fit_mixed(MixedModel(Rows(y), Fixed((arm,)), (Random(group),)))
    assert not fit.boundary
    found = kenward_roger(fit)
    assert found.df(np.array([0.0, 1.0])) == pytest.approx(clusters - 2, rel=1e-8)
    assert found.covariance == pytest.approx(fit.covariance, rel=1e-8)
