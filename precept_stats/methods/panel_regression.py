"""Regression of a panel with effects of units and periods, by event time, or by imputation."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.curve import Beside, EventPoint
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.panel_plan import panel_gap, panel_objections
from precept_stats.methods.panel_rows import Asked, PanelRows, asked_of, panel_rows
from precept_stats.methods.series_effects import unit_of
from precept_stats.methods.series_rows import require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_before_after import (
    ClustersMinusOne,
    Denominators,
    NormalReference,
    NothingBeside,
    SatterthwaiteReference,
)
from precept_stats.methods.settings_panel import (
    ClusteredPanel,
    DriscollKraay,
    EventWindow,
    PanelAutocorrelation,
    PanelBeside,
    PanelReference,
    PanelVariance,
    PanelWeights,
    ReducedPanel,
)
from precept_stats.methods.settings_panel_estimators import (
    Asking,
    Errors,
    Imputed,
    PanelAnswer,
    PanelEstimator,
    TwoWay,
)
from precept_stats.numerics.panel.effects import absorbed_columns
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import Cumulative
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]

FEW = 40
"""Below so many clusters a normal reference for a cluster sandwich is doubtful."""
ERRORS = {
    "clustered": "clustered errors",
    "cr2": "clustered errors (CR2)",
    "driscoll_kraay": "Driscoll and Kraay errors",
}
NAMES = {
    "two_way": "Two-way fixed effects",
    "event_study": "Event study with two-way fixed effects",
    "imputation": "Imputation from cells not yet treated",
}


class PanelRegression(Declared):
    """Regression of a panel with an effect for each unit and each period, and units that started in turn.

    Estimates:
        The effect of the programme on the units that it reached, over the time since their start that is
        asked for: one coefficient (`two_way`), the coefficients of these times (`event_study`), or the mean
        of what was observed less what was imputed from cells that were not treated yet (`imputation`).

    Model:
        The proportion, mean or rate of each unit and period was regressed by (weighted) least squares on an
        effect of each unit, an effect of each period, and either an indicator of being at or after the unit's
        own start, or one of each time since it with the ends taken together. By imputation the effects of
        units and periods were fitted to cells before their unit's start alone.

    Assumes:
        Parallel trends: without the programme, all units would have moved up and down alike, whenever they
        started; nothing changed before the start. For `two_way` also that the effect is whole at once, stays,
        and is the same for all units; for `event_study` that it is the same by time since the start whenever
        a unit started. Clusters (or with Driscoll and Kraay's errors distant periods) are independent.

    Small samples:
        The cluster sandwich is too small with few clusters, and t on clusters minus one mends it in part; CR2
        with Satterthwaite's degrees of freedom is for them. Driscoll and Kraay's errors need many periods.
        The variance of imputation is conservative where effects differ within its groups, and too small where
        groups are of one cluster or a few: average by time there.

    Not for:
        A trend that units share with the programme's start. Later periods where every unit has started:
        nothing is left to compare with. Ratios. Staggered starts with `two_way` where effects grow or differ.

    Source:
        Goodman-Bacon (2021), J Econometrics 225:254; de Chaisemartin and D'Haultfoeuille (2020), Am Econ
        Rev 110:2964; Sun and Abraham (2021), J Econometrics 225:175; Borusyak, Jaravel and Spiess (2024),
        Rev Econ Stud 91:3253; Driscoll and Kraay (1998), Rev Econ Stat 80:549. Least squares are PanelOLS
        of linearmodels.
    """

    accepts: ClassVar[tuple[type, ...]] = (Programme, InterruptedSeries)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["panel_regression"] = "panel_regression"
    estimator: PanelEstimator = TwoWay()
    weights: PanelWeights = Denominators()
    event_window: EventWindow = EventWindow()
    variance: PanelVariance = ClusteredPanel()
    reference: PanelReference = ClustersMinusOne()
    autocorrelation: PanelAutocorrelation
    beside: PanelBeside = NothingBeside()

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        return tuple(panel_objections(self, study, question))

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        return panel_gap(self, study, question)

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        effect = {
            "two_way": "effect * after[unit, period]",
            "event_study": "effect[time since start]",
            "imputation": "effect[unit, period] where treated",
        }[self.estimator.kind]
        others = "".join(f" + slope * {name}" for name in study.adjust)
        weighted = ", weighted by denominators" if isinstance(self.weights, Denominators) else ""
        equation = f"mean[unit, period] = unit + period + {effect}{others} + error{weighted}"
        return MethodWords(self._estimator(), equation, self._df_rule(), listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {
            "estimator": self.estimator,
            "weights": self.weights,
            "event_window": self.event_window,
            "variance": self.variance,
            "reference": self.reference,
            "autocorrelation": self.autocorrelation,
            "beside": self.beside,
        }

    def _estimator(self) -> str:
        return f"{NAMES[self.estimator.kind]}, {ERRORS[self.variance.kind]}"

    def _df_rule(self) -> str:
        return self.reference.meaning.rstrip(".")

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for terms that effects absorb, times without rows, no counterfactual."""
        rows, asked = self._rows(design), asked_of(design)
        require_variation(rows.panel)
        if absorbed_columns(rows.panel, rows.panel.y[:, None]):
            raise FitError(
                "effects of units and periods fit the outcome without error",
                found=f"nothing left of it in {len(rows.panel.y)} cells",
                allowed="an outcome that varies beyond levels of units and periods",
            )
        if rows.panel.n_clusters < 2 and not isinstance(self.variance, DriscollKraay):
            raise FitError(
                "one cluster says nothing of how clusters differ", found="1", allowed="2 clusters or more"
            )
        found = self.estimator.answered(self._asking(rows, asked))
        warnings = (*found.warnings, *self._warnings(rows))
        points = tuple(
            EventPoint(
                rows.time(one.since),
                one.label,
                one.n_units,
                one.uncertainty,
                linear(design.summary, f"time {one.label}", one.weights, unit=unit_of(design)),
            )
            for one in found.points
        )
        return Fit(
            uncertainty=found.uncertainty,
            status="warning" if warnings else "ok",
            warnings=warnings,
            facts=(*self._facts(design, rows), *found.facts),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            changes=self._averted(design, found),
            beside=self._beside(design, rows, found),
            events=points,
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The declared change alone."""
        asked = asked_of(design)
        weights, size = self.estimator.contrast(self._asking(self._rows(design), asked))
        return (self._effect(design, asked, (weights, size)),)

    def _rows(self, design: SeriesDesign) -> PanelRows:
        return panel_rows(design, isinstance(self.weights, Denominators))

    def _asking(self, rows: PanelRows, asked: Asked) -> Asking:
        return Asking(rows, asked, Errors(self.variance, self.reference), self.event_window)

    def _effect(self, design: SeriesDesign, asked: Asked, of: tuple[Vector, float]) -> Quantity:
        """The weighted parameters; of a total times the denominators."""
        weights, size = of
        contrast = f"{' - '.join(design.names[::-1])}{asked.words}"
        scale, unit = (size, "events") if asked.total else (1.0, unit_of(design))
        return linear(asked.measure, contrast, scale * weights, unit=unit)

    def _averted(self, design: SeriesDesign, found: PanelAnswer) -> tuple[Quantity, ...]:
        change = design.change
        if not isinstance(change, Cumulative) or change.number_needed is None:
            return ()
        weights = found.size / change.number_needed * found.weights
        return (linear("cases_averted", " - ".join(design.names[::-1]), weights, unit="cases"),)

    def _beside(self, design: SeriesDesign, rows: PanelRows, found: PanelAnswer) -> tuple[Beside, ...]:
        """CR2 of the same regression, which an imputation is not."""
        if isinstance(self.beside, NothingBeside) or isinstance(self.estimator, Imputed):
            return ()
        errors = Errors(ReducedPanel(), SatterthwaiteReference())
        _, other = self.estimator.regressed(Asking(rows, asked_of(design), errors, self.event_window))
        effect = self._effect(design, asked_of(design), (found.weights, found.size))
        return (Beside("cr2", "CR2, Satterthwaite's df", other, effect),)

    def _warnings(self, rows: PanelRows) -> tuple[str, ...]:
        few = rows.panel.n_clusters < FEW and isinstance(self.variance, ClusteredPanel)
        if few and isinstance(self.reference, NormalReference):
            return (
                f"{rows.panel.n_clusters} clusters and a normal reference; intervals of the cluster sandwich "
                "are then too narrow",
            )
        return ()

    def _facts(self, design: SeriesDesign, rows: PanelRows) -> tuple[Fact, ...]:
        panel = rows.panel
        n, p = len(panel.y), panel.n_effects
        facts = [
            Fact("estimator", "Estimator", self._estimator()),
            Fact("df_rule", "Reference distribution", self._df_rule()),
            Fact("n_rows", "Cells regressed", n, "rows"),
            Fact("n_units", "Units", panel.n_units, "clusters"),
            Fact("n_periods", "Periods", panel.n_periods),
            Fact("n_effects", "Effects of units and periods", p),
            Fact("n_clusters_of_units", "Clusters of units", panel.n_clusters, "clusters"),
            Fact("n_starts", "Different starts", len(set(rows.cohort[rows.cohort >= 0].tolist()))),
            Fact("n_never", "Units that never start", int((rows.cohort < 0).sum()), "clusters"),
        ]
        if isinstance(self.variance, DriscollKraay):
            facts.append(Fact("lag", "Lag of the variance", self.variance.lag_of(panel), "periods"))
        people = "individuals" if design.outcome.type == "binary" else "person-time"
        for name, mine in zip(design.names, (~rows.treated, rows.treated), strict=True):
            side = (("arm", name),)
            facts.append(Fact("n_points", "Cells", int(mine.sum()), "points", side))
            if design.outcome.type != "continuous":
                facts.append(Fact("n", "People", float(rows.size[mine].sum()), people, side))
        return tuple(facts)
