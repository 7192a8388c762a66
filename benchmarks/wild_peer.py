"""A wild cluster bootstrap by wildboottest, from arrays, in its own environment: wild_peer.py table.npz."""

from __future__ import annotations

import sys

import numpy as np
from timing import measure, report
from wildboottest.wildboottest import WildboottestCL


def tested(X: np.ndarray, y: np.ndarray, cluster: np.ndarray, draws: int) -> dict[str, float]:
    """Steps of its function for OLS objects, without the OLS object; all vectors when draws exceed them."""
    one = np.zeros(X.shape[1])
    one[1] = 1.0
    boot = WildboottestCL(X, y, cluster, one, draws, seed=1, parallel=False)
    boot.get_scores("11", impose_null=True)
    boot.get_weights("rademacher")
    boot.get_numer()
    boot.get_denom()
    boot.get_tboot()
    boot.get_vcov()
    boot.get_tstat()
    boot.get_pvalue()
    return {"p": float(boot.pvalue), "t": float(np.squeeze(boot.t_stat))}


if __name__ == "__main__":
    found = np.load(sys.argv[1])
    X, y, cluster, draws = found["X"], found["y"], found["cluster"], int(found["draws"])
    report(measure(lambda: tested(X, y, cluster, draws)))
