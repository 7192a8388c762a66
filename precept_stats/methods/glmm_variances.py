"""The variances of a generalised mixed model: weights on them, correlations and shares with intervals.

The parameters of a fit are the fixed effects, the log shape of negative binomial counts where there is one,
the variances and covariances of the random effects, and last the variance of the link's own law (for
counts 0), which is known: so sums of variances are linear in the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.marginal import Alike, StandardisedMean
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.linear_mixed_variances import RESIDUAL, Parts, shared_in_cluster, shares
from precept_stats.methods.mixed_random import RandomPart
from precept_stats.methods.settings_random import WORD_OF
from precept_stats.numerics.glmm.spread import LOG_MEDIAN_RATIO
from precept_stats.numerics.mixed.covariance import Entry
from precept_stats.numerics.mixed.model import Random
from precept_stats.studies.design import AnyDesign

Floats = NDArray[np.float64]

ON_LATENT_SCALE = {
    "icc": "icc_latent",
    "icc_within_period": "icc_latent_within_period",
    "icc_between_periods": "icc_latent_between_periods",
}


@dataclass(frozen=True, slots=True, eq=False)
class RowVariance:
    """The variance of the random part of rows: ``weights`` (m, R + 1) on the last R + 1 parameters."""

    weights: Floats

    def variance(self, params: Floats) -> Floats:
        """One variance a row (m,)."""
        found: Floats = self.weights @ params[-self.weights.shape[1] :]
        return found

    def slope(self, params: Floats) -> Floats:
        """Its gradient (m, P)."""
        out = np.zeros((len(self.weights), len(params)))
        out[:, -self.weights.shape[1] :] = self.weights
        return out


def row_weights(random: RandomPart, entries: tuple[Entry, ...], Z: tuple[Floats, ...]) -> dict[str, Floats]:
    """What each variance adds to that of rows, by grouping (m, R + 1); Z are the terms' columns."""
    of = {by: np.zeros((len(Z[0]), len(entries) + 1)) for by in random.by}
    for place, entry in enumerate(entries):
        columns = Z[entry.term]
        product = columns[:, entry.a] * columns[:, entry.b]
        of[random.by[entry.term]][:, place] = product if entry.on_diagonal else 2.0 * product
    return of


def term_columns(term: Random, arm: int, rows: NDArray[np.intp]) -> Floats:
    """The columns of a term for chosen rows, everyone being in ``arm``: (m, width)."""
    slopes = [
        np.full(len(rows), float(arm)) if slope.name == "arm" else slope.values[rows] for slope in term.slopes
    ]
    return np.column_stack([np.ones(len(rows))] * term.intercept + slopes)


def latent_parts(design: AnyDesign, random: RandomPart, entries: tuple[Entry, ...]) -> tuple[Parts, ...]:
    """The parts in each arm, or once where no effect of the arm is random; covariates at people's average."""
    shared = shared_in_cluster(design, random.groupings)
    found = []
    for arm in (0, 1):
        every = np.arange(len(design.y))
        columns = [term_columns(term, arm, every) for term in random.terms]
        Z = tuple(np.average(one, axis=0, weights=design.size)[None] for one in columns)
        of = {by: weights[0] for by, weights in row_weights(random, entries, Z).items()}
        of[RESIDUAL] = np.eye(1, len(entries) + 1, len(entries)).ravel()
        found.append(of)
    if all(np.array_equal(found[0][name], found[1][name]) for name in found[0]):
        return (Parts("", found[0], shared),)
    return tuple(Parts(name, of, shared) for name, of in zip(design.arm_names, found, strict=True))


def latent_shares(parts: Parts, *, counts: bool) -> tuple[Quantity, ...]:
    """Correlations and shares on the scale of the link; for counts only those without the link's law."""
    found = tuple(replace(q, measure=ON_LATENT_SCALE.get(q.measure, q.measure)) for q in shares(parts))
    return tuple(q for q in found if q.measure == "cluster_autocorrelation") if counts else found


@dataclass(frozen=True, slots=True, eq=False)
class LogSpread:
    """Half the log of a variance plus a constant; ``weights`` are on the last parameters."""

    weights: Floats
    constant: float = 0.0

    def of(self, params: Floats) -> float:
        """The value; minus infinity for a variance of 0."""
        with np.errstate(divide="ignore"):
            variance = np.float64(self.weights @ params[-len(self.weights) :])
            return self.constant + 0.5 * float(np.log(variance))

    def slope(self, params: Floats) -> Floats:
        """Its gradient (P,)."""
        out = np.zeros(len(params))
        variance = float(self.weights @ params[-len(self.weights) :])
        if variance > 0.0:
            out[-len(self.weights) :] = 0.5 * self.weights / variance
        return out


def spreads(parts: Parts, median_ratio: str) -> tuple[Quantity, ...]:
    """The SD of each grouping's random effects, and the median ratio that it means, where it has a name."""
    found = []
    for by, weights in parts.of.items():
        if by == RESIDUAL:
            continue
        alone = by == "cluster"
        about = ", ".join(filter(None, ("" if alone else WORD_OF.get(by, by), parts.condition)))
        sd = LogSpread(weights)
        measure = "sd_between_clusters" if alone else "sd_random_effect"
        found.append(Quantity(measure, about, "log", "", 1.0, sd.of, sd.slope))
        if median_ratio:
            ratio = LogSpread(weights, float(np.log(LOG_MEDIAN_RATIO)))
            found.append(
                Quantity(median_ratio, about, "log_above_one", "ratio", NO_NULL, ratio.of, ratio.slope)
            )
    return tuple(found)


NO_NULL = 2.0
"""A value that is no hypothesis: a median ratio of 1 is at the boundary."""


def proportion_iccs(
    mean: StandardisedMean, arm: str, of: tuple[Parts, dict[str, Floats]]
) -> tuple[Quantity, ...]:
    """The correlation of two people's outcomes in an arm; within and between periods where these differ.

    ``of`` are the parts (for which groupings are shared) and the weights of rows by grouping. Nothing is
    given where a shared random effect is multiplied by a covariate: two people with other covariates then
    share no single normal deviate, which is what is integrated over.
    """
    parts, by_row = of
    kinds = {"icc_proportion": parts.in_cluster}
    if not np.array_equal(parts.within_period, parts.between_periods):
        kinds = {
            "icc_proportion_within_period": (*parts.in_cluster, "cluster_period", "period"),
            "icc_proportion_between_periods": parts.in_cluster,
        }
    found = []
    for measure, shared in kinds.items():
        if any(np.ptp(weights, axis=0).any() for by, weights in by_row.items() if by in shared):
            continue
        inside, outside = (
            RowVariance(np.sum([w for by, w in by_row.items() if (by in shared) is wanted] or [zero], axis=0))
            for wanted, zero in ((True, 0.0 * _any(by_row)), (False, 0.0 * _any(by_row)))
        )
        found.append(_logit_quantity(measure, arm, Alike(mean, inside, outside)))
    return tuple(found)


def _any(by_row: dict[str, Floats]) -> Floats:
    return next(iter(by_row.values()))


def _logit_quantity(measure: str, arm: str, alike: Alike) -> Quantity:
    """The correlation on the logit scale."""

    def value(params: Floats) -> float:
        found = np.float64(max(alike.correlation(params), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(found) - np.log1p(-found))

    def gradient(params: Floats) -> Floats:
        found = alike.correlation(params)
        scale = 1.0 / (found * (1.0 - found)) if 0.0 < found < 1.0 else 0.0
        slope: Floats = scale * alike.slope(params)
        return slope

    return Quantity(measure, arm, "logit", "proportion", 0.5, value, gradient)
