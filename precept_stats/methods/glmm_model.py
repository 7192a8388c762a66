"""The regression of a generalised linear mixed model: its columns, populations, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.fit import BySubgroup
from precept_stats.inference.interaction import by_subgroup
from precept_stats.inference.marginal import (
    AverageMean,
    Mean,
    StandardisedContrast,
    StandardisedMean,
    standardised_mean,
)
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.arm_model import unit_of_means
from precept_stats.methods.glmm_variances import (
    RowVariance,
    latent_parts,
    latent_shares,
    proportion_iccs,
    row_weights,
    spreads,
    term_columns,
)
from precept_stats.methods.mixed_random import RandomPart, random_part
from precept_stats.methods.mixed_terms import EFFECT, FixedPart, fixed_part, people_compared
from precept_stats.methods.scatter import MEAN_OF
from precept_stats.methods.settings_random import EffectOverTime, RandomTerm
from precept_stats.methods.subgroups import subgroup_in
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.mixed.covariance import Entry, structure
from precept_stats.numerics.mixed.model import Fixed, MixedModel, Rows
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class GlmmModel:
    """A design with its fixed and random part, on the scale of a link.

    Counts with a shape of their own (``shaped``, negative binomial) have its log as a parameter after the
    fixed effects.
    """

    design: AnyDesign
    link: str
    family: Family
    fixed: FixedPart
    random: RandomPart

    @property
    def shaped(self) -> bool:
        return isinstance(self.family, NegativeBinomialLog)

    @cached_property
    def X(self) -> Floats:  # noqa: N802
        """The intercept and the columns of the fixed part (N, p)."""
        return np.column_stack(
            [np.ones(len(self.design.y)), *(column.values for column in self.fixed.columns)]
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The variances and covariances of the random effects, in order."""
        return structure(MixedModel(Rows(self.design.y), Fixed(), self.random.terms)).entries

    @property
    def rows(self) -> StructuredRows:
        design = self.design
        return StructuredRows(self.X, design.y, design.size, self.random.terms, design.offset)

    @property
    def alone(self) -> bool:
        """Whether the only random effect is an intercept of clusters."""
        return self.random.by == ("cluster",) and self.random.terms[0].names == ("(Intercept)",)

    @property
    def n_parameters(self) -> int:
        return int(self.X.shape[1]) + self.shaped + len(self.entries) + 1

    def named(self, place: int) -> str:
        """A fixed effect as it is told to a reader."""
        name = self.fixed.names[place]
        return (
            name.replace(EFFECT, f"effect of {self.design.arm_names[1]}", 1)
            if place in self.fixed.effects
            else name
        )

    def effect(self) -> Quantity:
        """What the estimand asks for; by subgroup, how it differs."""
        split = self.by_subgroup()
        return (
            self._contrast(self._compared(), "", self.fixed.effect)
            if split is None
            else split.interactions[-1]
        )

    def by_subgroup(self) -> BySubgroup | None:
        """The effect in each subgroup, averaged over its own people; None without subgroups."""
        subgroup = subgroup_in(self.design)
        if subgroup is None:
            return None
        place = self.fixed.effects[0]
        effects = (
            self._contrast(self._mean(place, code), "", weights, self._mean(None, code))
            for code, weights in enumerate(self.fixed.within)
        )
        return by_subgroup(subgroup.name, subgroup.levels, tuple(effects))

    def by_exposure(self) -> tuple[Quantity, ...]:
        """The effect at each exposure time, where there is one for each."""
        if len(self.fixed.effects) == 1:
            return ()
        rows = np.eye(len(self.fixed.names))
        return tuple(
            self._contrast(self._mean(place), f", exposure time {time}", rows[place])
            for time, place in enumerate(self.fixed.effects, start=1)
        )

    def _contrast(
        self, compare: Mean, about: str, weights: Floats, reference: Mean | None = None
    ) -> Quantity:
        design = self.design
        if design.effect == "conditional" or self._ratio_is_conditional(about):
            return self._ratio_given_clusters(weights, about)
        means = reference or self._mean(None), compare
        contrast = StandardisedContrast(design.summary, design.arm_names, *means, about)
        if design.summary == "odds_ratio":
            return contrast.odds_ratio()
        if design.summary.endswith("_ratio"):
            return contrast.ratio()
        return contrast.difference(unit_of_means(design.outcome))

    def _ratio_is_conditional(self, about: str) -> bool:
        """Rate ratios on the log scale are the same given the clusters, unless their effects differ."""
        differ = any(slope.name == "arm" for term in self.random.terms for slope in term.slopes)
        averaged = len(self.fixed.effects) > 1 and not about
        return self.design.summary == "rate_ratio" and not differ and not averaged

    def _ratio_given_clusters(self, weights: Floats, about: str) -> Quantity:
        """The ratio whose log is a contrast of the fixed effects; the variances have no part in it."""
        padded = np.concatenate([weights, np.zeros(self.n_parameters - len(weights))])
        name = " / ".join(self.design.arm_names[::-1]) + about
        return Quantity(
            self.design.summary, name, "log", "ratio", 1.0,
            lambda b: float(weights @ b[: len(weights)]), lambda b: padded, padded,
        )  # fmt: skip

    def arm_means(self) -> tuple[Quantity, ...]:
        """The standardised risk or rate of each arm, the reference arm first."""
        measure, unit = MEAN_OF[self.design.outcome.type], unit_of_means(self.design.outcome)
        means = (self._mean(None), self._compared())
        return tuple(
            standardised_mean(measure, name, mean, unit)
            for name, mean in zip(self.design.arm_names, means, strict=True)
        )

    def _compared(self) -> Mean:
        means = tuple(self._mean(place) for place in self.fixed.effects)
        return means[0] if len(means) == 1 else AverageMean(means)

    def _mean(self, place: int | None, level: int | None = None) -> StandardisedMean:
        """Everyone in the reference arm (None), or under the intervention that has its effect at a place.

        With a ``level``, everyone in that level of the subgroup.
        """
        lead, shares = self._patterns
        subgroup, kept = subgroup_in(self.design), np.ones(len(lead), dtype=np.bool_)
        X = self.X[lead].copy()
        X[:, [*self.fixed.effects, *self.fixed.interactions]] = 0.0
        if place is not None:
            X[:, place] = 1.0
        if subgroup is not None and place is not None:
            X[:, list(self.fixed.interactions)] = np.eye(len(subgroup.levels))[subgroup.codes[lead], 1:]
        if subgroup is not None and level is not None:
            kept = subgroup.codes[lead] == level
        offset = np.zeros(len(lead)) if self.design.offset is None else self.design.offset[lead]
        variance = np.sum(list(self._row_weights(place is not None).values()), axis=0)
        share = shares[kept] / shares[kept].sum() if level is not None else shares
        return StandardisedMean(X[kept], offset[kept], share, self.family, RowVariance(variance[kept]))

    def _row_weights(self, compared: bool) -> dict[str, Floats]:
        lead, _ = self._patterns
        Z = tuple(term_columns(term, int(compared), lead) for term in self.random.terms)
        return row_weights(self.random, self.entries, Z)

    @cached_property
    def _patterns(self) -> tuple[Ints, Floats]:
        """A row of each distinct pattern of covariates (and of what has random slopes), and its share."""
        people = people_of(self.design)
        used = np.flatnonzero(people > 0.0)
        arm = (*self.fixed.effects, *self.fixed.interactions)
        nuisance = [j for j in range(self.X.shape[1]) if j not in arm]
        columns = [self.X[used][:, nuisance]]
        slopes = [s.values[used] for t in self.random.terms for s in t.slopes if s.name != "arm"]
        columns += [values[:, None] for values in slopes]
        if self.design.offset is not None:
            columns.append(self.design.offset[used, None])
        _, lead, pattern = np.unique(np.hstack(columns), axis=0, return_index=True, return_inverse=True)
        shares = np.bincount(pattern.ravel(), weights=_shares(self.design, people)[used], minlength=len(lead))
        return used[lead], shares

    def further(self) -> tuple[Quantity, ...]:
        """The effect by exposure time; how much clusters differ, and how alike their people are."""
        counts = self.design.outcome.type == "count"
        median = "median_rate_ratio" if counts else "median_odds_ratio" if self.link == "logit" else ""
        parts = latent_parts(self.design, self.random, self.entries)
        found: list[Quantity] = [*self.by_exposure()]
        for one in parts:
            found += [*spreads(one, median), *latent_shares(one, counts=counts)]
        if self.shaped:
            place = self.X.shape[1]
            found.append(_dispersion(place, self.n_parameters))
        return (*found, *(() if counts else self.proportion_iccs()))

    def proportion_iccs(self) -> tuple[Quantity, ...]:
        """The correlation of two people's outcomes in each arm (by exposure time: in the first)."""
        parts = latent_parts(self.design, self.random, self.entries)
        found: list[Quantity] = []
        for arm, name in enumerate(self.design.arm_names):
            mean = self._mean(self.fixed.effects[0] if arm else None)
            about = parts[min(arm, len(parts) - 1)]
            found += proportion_iccs(mean, name, (about, self._row_weights(bool(arm))))
        return tuple(found)

    def variance_name(self, entry: Entry) -> str:
        """A variance or covariance: ``cluster``, ``cluster: arm``, ``cluster: arm, intercept``."""
        by, names = self.random.by[entry.term], self.random.terms[entry.term].names
        found = list(dict.fromkeys((names[entry.a], names[entry.b])))
        if found == ["(Intercept)"]:
            return by
        return f"{by}: {', '.join('intercept' if name == '(Intercept)' else name for name in found)}"

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name a parameter, in their order."""
        variances = (
            f"{'variance' if e.on_diagonal else 'covariance'}[{self.variance_name(e)}]" for e in self.entries
        )
        return (*self.fixed.names, *(("log_shape",) * self.shaped), *variances, "variance[link]")


def _dispersion(place: int, count: int) -> Quantity:
    """What variances of negative binomial counts gain: mean^2 times this, one over the shape."""
    weights = -np.eye(1, count, place).ravel()
    return Quantity("overdispersion", "", "log", "", 1.0, lambda b: -float(b[place]), lambda _: weights)


def people_of(design: AnyDesign) -> Floats:
    """The people (or person-time) of each row that means are averaged over (N,)."""
    return people_compared(design) if isinstance(design, PeriodDesign) else design.size


def _shares(design: AnyDesign, people: Floats) -> Floats:
    """Each row's share of the population that is averaged over (N,)."""
    if design.target == "participant_average":
        shares: Floats = people / people.sum()
        return shares
    of_cluster = np.bincount(design.row_cluster, weights=people, minlength=design.n_clusters)
    total = of_cluster[design.row_cluster]
    return np.divide(people, total, out=np.zeros_like(people), where=total > 0.0) / np.count_nonzero(
        of_cluster
    )


def model_of(
    design: AnyDesign, law: tuple[str, Family], of: tuple[tuple[RandomTerm, ...], EffectOverTime]
) -> GlmmModel:
    """The regression for a link and its family; ``of`` are the random terms and the effect over time."""
    terms, over_time = of
    return GlmmModel(design, *law, fixed_part(design, over_time), random_part(design, terms))
