"""What a sampled posterior tells beside the effect, as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.left_out import LeftOut
from precept_stats.inference.posterior_answers import Alternative, PosteriorAnswers, Replicates, Units
from precept_stats.inference.power_scaling import Sensitivity
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.ranks import ranks
from precept_stats.inference.rows import Header, context_rows
from precept_stats.inference.scales import to_reader
from precept_stats.inference.uncertainty import estimate
from precept_stats.values import Context, Row

Vector = NDArray[np.float64]
Groups = tuple[tuple[str, str], ...]

STATISTICS: tuple[tuple[str, str, Callable[[Vector], float]], ...] = (
    ("mean", "Mean of cluster means", lambda means: float(np.mean(means))),
    ("sd", "SD between cluster means", lambda means: float(np.std(means, ddof=1)) if len(means) > 1 else 0.0),
    ("smallest", "Smallest cluster mean", lambda means: float(np.min(means))),
    ("largest", "Largest cluster mean", lambda means: float(np.max(means))),
)
"""What is checked of the clusters of an arm."""

OF = {False: "outcome", True: "effect"}


@dataclass(frozen=True, slots=True)
class About:
    """The header of rows, their context and groups, and the level of intervals."""

    header: Header
    context: Context
    level: float
    groups: Groups = ()

    def row(self, name: str, label: str, stat: float | str, unit: str = "") -> Row:
        row = replace(self.header, status="ok", warning="").row(self.context, name, stat, label)
        return replace(row, unit=unit, groups=self.groups)

    def of(self, *groups: tuple[str, str]) -> About:
        return replace(self, groups=(*self.groups, *groups))

    def interval(self, drawn: Vector, unit: str) -> Iterator[Row]:
        """Median and equal-tailed limits of draws."""
        tail = (1.0 - self.level) / 2.0
        low, middle, high = np.quantile(drawn, (tail, 0.5, 1.0 - tail))
        yield self.row("estimate", "Median of the draws", float(middle), unit)
        yield self.row("conf_low", "Lower credible limit", float(low), unit)
        yield self.row("conf_high", "Upper credible limit", float(high), unit)


def posterior_rows(
    header: Header, found: PosteriorAnswers | None, effect: Quantity, level: float
) -> Iterator[Row]:
    """Rows of a prior grid, of sensitivity, of clusters and of checks; none for other methods."""
    if found is None:
        return
    for one in found.alternatives:
        yield from _alternative(About(header, "prior_grid", level, (("priors", one.name),)), one, effect)
    for part in found.sensitivities:
        yield from _sensitivity(About(header, "power_scaling", level, (("part", part.part),)), part, effect)
    if found.left_out is not None:
        yield from _left_out(About(header, "validation", level), found.left_out)
    for arm, drawn in found.new:
        yield from About(header, "new_cluster", level, (("arm", arm),)).interval(drawn, found.unit)
    if found.units is not None:
        yield from _units(About(header, "unit", level), found.units, found)
    for group in found.groups:
        yield from _units(About(header, "unit", level), group, found)
    if found.replicates is not None:
        yield from _checks(About(header, "predictive_check", level), found.replicates, found.unit)


def _alternative(about: About, one: Alternative, effect: Quantity) -> Iterator[Row]:
    yield about.row("prior_set", "Priors", one.kind)
    yield about.row("prior_of_effect", "Prior of the effect", one.words)
    if one.draws is None:
        failed = about.row("estimate", "Estimate", "")
        yield replace(failed, stat=None, error=one.problem, status="failed", measure=effect.measure)
        return
    plain = replace(about.header, status="ok", warning="")
    try:
        answered = estimate(one.draws, effect, about.level)
    except FitError as problem:
        failed = about.row("estimate", "Estimate", "")
        yield replace(failed, stat=None, error=problem.problem, status="failed", measure=effect.measure)
        return
    yield from context_rows(plain, about.context, answered, about.groups)
    for name, label, chance in one.chances:
        yield about.row(name, label, chance, "proportion")


def _sensitivity(about: About, one: Sensitivity, effect: Quantity) -> Iterator[Row]:
    """The distance, and the effect (mean on its scale) with the part at half and twice its strength."""
    yield about.row("sensitivity", "Power-scaling sensitivity", one.distance)
    yield about.row("sensitive", "At or above the threshold of 0.05", "yes" if one.is_sensitive else "no")
    told = (
        ("estimate", "Mean of the posterior", (one.mean, None)),
        ("halved", "With the part to the power 1/2", one.halved),
        ("doubled", "With the part to the power 2", one.doubled),
    )
    for name, label, (value, khat) in told:
        row = about.row(name, label, to_reader(effect.scale, value), effect.unit)
        yield replace(row, measure=effect.measure, scale=effect.scale)
        if khat is not None:
            yield about.row(f"{name}_khat", f"{label}: Pareto k of the weights", khat)


def _left_out(about: About, found: LeftOut) -> Iterator[Row]:
    yield about.row("elpd", "Log predictive density of left-out clusters", found.total)
    yield about.row("elpd_se", "Its standard error over clusters", found.std_error)
    yield about.row("p_loo", "Effective number of parameters", found.effective_parameters)
    yield about.row("n_clusters", "Clusters left out in turn", len(found.clusters), "clusters")
    yield about.row("n_refitted", "Clusters left out by a refit", int(found.refitted.sum()), "clusters")
    for place, name in enumerate(found.clusters):
        each = about.of(("left_out", name))
        yield each.row("elpd", "Log predictive density of the cluster", float(found.elpd[place]))
        yield each.row("khat", "Pareto k", float(found.khat[place]))
        yield each.row("refitted", "How", "refit" if found.refitted[place] else "importance sampling")


def _units(about: About, units: Units, found: PosteriorAnswers) -> Iterator[Row]:
    """Of clusters; or of groups of clusters, with what they are groups by."""
    placed = ranks(units.effects, units.worst, about.level, higher_better=found.higher_better)
    clusters = units.by == "cluster"
    what, own = ("Clusters", "cluster") if clusters else ("Groups", "group")
    for_all = about if clusters else about.of(("by", units.by), ("of", OF[units.of_effect]))
    if not units.of_effect:
        yield for_all.row("n_worst", f"{what} that count as the worst", units.worst, what.lower())
    for place, name in enumerate(units.names):
        each = for_all.of((own, name))
        if units.observed is not None:
            yield each.row("observed", "Observed", float(units.observed[place]), units.unit)
        yield from each.interval(units.means[:, place], units.unit)
        yield each.row("rank", "Expected rank, 1 the best", float(placed.expected[place]))
        yield each.row("rank_low", "Lower limit of the rank", float(placed.lower[place]))
        yield each.row("rank_high", "Upper limit of the rank", float(placed.upper[place]))
        if not units.of_effect:
            label = f"Probability of being among the worst {units.worst}"
            yield each.row("worst", label, float(placed.worst[place]), "proportion")


def _checks(about: About, found: Replicates, unit: str) -> Iterator[Row]:
    for place, name in enumerate(found.names):
        arm = (("arm", found.arms[found.arm[place]]),) if found.arms else ()
        each = about.of(("cluster", name), *arm)
        yield from _check(each, float(found.observed[place]), found.drawn[:, place], unit)
    for code, arm_name in enumerate(found.arms or ("all",)):
        inside = found.arm == code
        if not inside.any():
            continue
        for statistic, label, value in STATISTICS:
            drawn = np.array([value(means) for means in found.drawn[:, inside]])
            each = about.of(("arm", arm_name), ("statistic", statistic))
            for row in _check(each, value(found.observed[inside]), drawn, unit):
                yield replace(row, stat_label=f"{label}: {row.stat_label.lower()}")


def _check(about: About, observed: float, drawn: Vector, unit: str) -> Iterator[Row]:
    """What was observed among what the model would give; ties count half."""
    yield about.row("observed", "Observed", observed, unit)
    yield from about.interval(drawn, unit)
    above = float(np.mean(drawn > observed) + 0.5 * np.mean(drawn == observed))
    yield about.row("above", "Share of replicates above what was observed", above, "proportion")
