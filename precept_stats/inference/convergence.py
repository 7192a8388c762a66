"""Whether chains can be trusted: R-hat, effective sample sizes, divergences and energies, by ArviZ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.nuts import Chains

Cube = NDArray[np.float64]

TAILS = (0.05, 0.95)
"""The quantiles whose effective sample size is that of the tails."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """The worst over all quantities, and where it was found.

    R-hat is the larger of rank-normalised split and folded; ``bulk`` and ``tail`` are effective sample
    sizes; ``ebfmi`` the least over chains of the energy's fraction of missing information (Vehtari et al.
    2021, Bayesian Anal 16:667; Betancourt 2016, arXiv:1604.00695).
    """

    rhat: float
    bulk: float
    tail: float
    divergences: int
    ebfmi: float
    worst: str

    @property
    def evidence(self) -> tuple[tuple[str, float | str], ...]:
        """As rows of a fit."""
        return (
            ("rhat", self.rhat),
            ("ess_bulk", self.bulk),
            ("ess_tail", self.tail),
            ("divergences", float(self.divergences)),
            ("ebfmi", self.ebfmi),
            ("least_ess_of", self.worst),
        )


def convergence(chains: Chains, drawn: Cube, names: tuple[str, ...]) -> Convergence:
    """Of the quantities ``drawn`` (chains, draws, Q), which have ``names``."""
    from arviz_stats.base import array_stats  # lazy: heavy, and in an extra

    rhats = np.atleast_1d(array_stats.rhat(drawn, chain_axis=0, draw_axis=1))
    bulk, tail = (
        np.atleast_1d(array_stats.ess(drawn, chain_axis=0, draw_axis=1, method=kind, prob=within))
        for kind, within in (("bulk", None), ("tail", TAILS))
    )
    energies = np.atleast_1d(array_stats.bfmi(chains.energy, chain_axis=0, draw_axis=1))
    return Convergence(
        rhat=float(np.max(rhats)),
        bulk=float(np.min(bulk)),
        tail=float(np.min(tail)),
        divergences=int(np.count_nonzero(chains.diverging)),
        ebfmi=float(np.min(energies)),
        worst=names[int(np.argmin(np.minimum(bulk, tail)))],
    )
