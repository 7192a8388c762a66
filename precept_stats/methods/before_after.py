"""Regression of an outcome after each unit's start of a programme against before."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.curve import Beside, CurveName, CurvePoint
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.randomisation import Randomisation
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.before_after_rows import BeforeAfterData, rows_of, start_columns
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.series_effects import unit_of
from precept_stats.methods.series_rows import require_scatter, require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_before_after import (
    BeforeAfterRows,
    BesideIt,
    ClassicalErrors,
    ClusteredErrors,
    Denominators,
    EqualRows,
    FewClusterInference,
    IgnoredAutocorrelation,
    NormalReference,
    NoStartTerm,
    NoStudyMonth,
    NothingBeside,
    ReducedErrors,
    RowAutocorrelation,
    RowReference,
    RowVariance,
    RowWeights,
    SatterthwaiteReference,
    StartTerm,
    StudyMonth,
    TimeFromStart,
    UnitPeriods,
    UnitWindows,
)
from precept_stats.numerics.clustered_least_squares import cluster_scores, cr2_covariance
from precept_stats.numerics.linear import LinearFit, aliased_columns, weighted_least_squares
from precept_stats.numerics.signs import RADEMACHER, every_vector
from precept_stats.numerics.wild_bootstrap import cr1, wild_test
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import BeforeAfterChange
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

EFFECT = 1
"""Where the effect stands among the columns: after the mean before."""
FEW = 40
"""Below so many clusters a normal reference for a cluster sandwich is doubtful."""
ERRORS = {"classical": "classical", "hc1": "HC1", "cr1": "clustered (CR1)", "cr2": "clustered (CR2)"}
ENUMERATED = 19
"""Up to so many clusters every vector of signs is taken."""


class BeforeAfter(Declared):
    """Linear regression of a unit's outcome after its start against before, with the published settings.

    Estimates:
        The difference between the mean after and before each unit's own start, adjusted for what the settings
        name. It is the effect of the programme only if nothing else changed, or changed as a line that the
        settings take account of.

    Model:
        The proportion, mean or rate of each unit and period was regressed by (weighted) least squares on an
        indicator of being at or after the unit's own start, on the time terms and covariates that are named.
        Means before and after are given at the average of these.

    Assumes:
        Without a time term, no trend: uptake that was rising anyway is counted as effect. With one, a
        straight line that would have gone on unchanged. Rows (classical, hc1) or clusters (cr1, cr2) are
        independent.

    Small samples:
        The cluster sandwich with a normal or t reference rejects too often with few clusters; CR2 with
        Satterthwaite's degrees of freedom and the wild cluster bootstrap are given beside it.

    Not for:
        A claim of cause by itself: there is no concurrent comparison. Ratios. Counting 15 regions as many.

    Source:
        Edwards et al. (2023), Arch Dis Child Fetal Neonatal Ed, fetalneonatal-2022-324579, Table 3 (the
        ladder); Pustejovsky and Tipton (2018), J Bus Econ Stat 36:672 (CR2); Cameron, Gelbach and Miller
        (2008), Rev Econ Stat 90:414 (wild cluster bootstrap).
    """

    accepts: ClassVar[tuple[type, ...]] = (Programme,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["before_after"] = "before_after"
    rows: BeforeAfterRows = UnitPeriods()
    weights: RowWeights = EqualRows()
    start_month: StartTerm = NoStartTerm()
    study_month: StudyMonth = NoStudyMonth()
    variance: RowVariance = ClassicalErrors()
    reference: RowReference = NormalReference()
    autocorrelation: RowAutocorrelation
    beside: BesideIt = NothingBeside()

    @property
    def takes_trend_out(self) -> bool:
        """Whether a line in time is among the terms, so that a trend is not counted as effect."""
        moving = isinstance(self.start_month, TimeFromStart)
        return moving or not isinstance(self.study_month, NoStudyMonth)

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        found = []
        if not isinstance(question.estimand.change, BeforeAfterChange):
            found.append("it answers change: {kind: before_after} alone; for others use a segmented model")
        if question.estimand.summary.endswith("_ratio"):
            found.append("linear regression estimates differences, no ratios")
        if not isinstance(study, Programme) or study.before is None:
            found.append("it needs the study's windows `before` and `after`")
        if study.weights is not None:
            found.append("it does not use the study's weights: say `weights: {kind: denominators}`")
        clustered = isinstance(self.variance, ClusteredErrors | ReducedErrors)
        if clustered == isinstance(self.autocorrelation, IgnoredAutocorrelation):
            found.append(
                f"autocorrelation is said to be {self.autocorrelation.kind}, which the variance "
                f"{self.variance.kind} does not do: cr1 and cr2 are of what is alike within clusters"
            )
        if isinstance(self.reference, SatterthwaiteReference) and not isinstance(
            self.variance, ReducedErrors
        ):
            found.append("Satterthwaite's degrees of freedom are those of the cr2 variance")
        if isinstance(self.rows, UnitWindows) and self.takes_trend_out:
            found.append(
                "with one row a unit and window there is no trend to tell: rows: {kind: unit_periods}"
            )
        return tuple(found)

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        gaps = []
        if isinstance(self.weights, EqualRows) and question.estimand.target == "participant_average":
            gaps.append("every row counts the same, which is no participant-average")
        if isinstance(self.weights, Denominators) and question.estimand.target == "cluster_average":
            gaps.append("rows count as their denominators, which is no average of units")
        if not self.takes_trend_out:
            gaps.append("a trend that was there before is counted as effect")
        return "; ".join(gaps)

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        timed = [] if isinstance(self.start_month, NoStartTerm) else [self.start_month.kind.replace("_", " ")]
        timed += [] if isinstance(self.study_month, NoStudyMonth) else ["study month"]
        others = "".join(f" + slope * {name}" for name in (*timed, *study.adjust))
        weighted = "" if isinstance(self.weights, EqualRows) else ", weighted by denominators"
        equation = f"mean[unit, period] = before + effect * after{others} + error{weighted}"
        return MethodWords(self._estimator(), equation, self._df_rule(), listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        fields = (
            "rows",
            "weights",
            "start_month",
            "study_month",
            "variance",
            "reference",
            "autocorrelation",
            "beside",
        )
        return {name: getattr(self, name) for name in fields}

    def _estimator(self) -> str:
        weighting = "Linear" if isinstance(self.weights, EqualRows) else "Weighted linear"
        return f"{weighting} regression after against before, {ERRORS[self.variance.kind]} errors"

    def _df_rule(self) -> str:
        return self.reference.meaning.rstrip(".")

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for terms that cannot be told apart, too few clusters, no variation."""
        data = rows_of(design, isinstance(self.rows, UnitWindows))
        require_variation(data)
        names, X = self._columns(design, data)
        kernel = self._kernel(names, X, data)
        require_scatter(data, kernel.residuals)
        clusters = int(data.cluster.max()) + 1
        covariance, own = self.variance.found(kernel, data.cluster)
        warnings = self._warnings(clusters)
        return Fit(
            uncertainty=Asymptotic(
                names, kernel.params, covariance, self.reference.rule(kernel.df, clusters, own)
            ),
            status="warning" if warnings else "ok",
            warnings=warnings,
            facts=self._facts(design, data),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            curve=self._curve(design, kernel, data),
            beside=self._beside(design, kernel, data),
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The difference, then the mean before and after at the average of all other terms."""
        data = rows_of(design, isinstance(self.rows, UnitWindows))
        p = len(self._columns(design, data)[0])
        before, effect = np.eye(p)[0], np.eye(p)[EFFECT]
        unit = unit_of(design)
        return (
            self._effect(design, effect),
            linear("mean", design.names[0], before, unit=unit),
            linear("mean", design.names[1], before + effect, unit=unit),
        )

    def _effect(self, design: SeriesDesign, weights: Vector) -> Quantity:
        return linear(design.summary, " - ".join(design.names[::-1]), weights, unit=unit_of(design))

    def _columns(self, design: SeriesDesign, data: BeforeAfterData) -> tuple[tuple[str, ...], Matrix]:
        """Intercept, after, time terms and covariates about their (weighted) means."""
        started, start = start_columns(design, data, self.start_month.kind)
        timed = not isinstance(self.study_month, NoStudyMonth)
        month = data.period[:, None] if timed else np.empty((len(data.y), 0))
        others = np.column_stack([start, month, data.covariates])
        weights = data.size if isinstance(self.weights, Denominators) else np.ones_like(data.size)
        if others.shape[1]:
            others = others - np.average(others, axis=0, weights=weights)
        names = ("before", "effect", *started, *(("study month",) if timed else ()), *data.names)
        return names, np.column_stack([np.ones(len(data.y)), data.after.astype(np.float64), others])

    def _kernel(self, names: tuple[str, ...], X: Matrix, data: BeforeAfterData) -> LinearFit:
        aliased = aliased_columns(X)
        if aliased:
            raise FitError(
                "terms of the model cannot be told apart",
                found=", ".join(names[j] for j in aliased),
                allowed="rows before and after, and fewer terms",
            )
        clusters = int(data.cluster.max()) + 1
        if len(data.y) <= X.shape[1] or clusters < 2:
            raise FitError(
                "too little to estimate a variance from",
                found=f"{len(data.y)} rows in {clusters} clusters, {X.shape[1]} parameters",
                allowed="more rows than parameters, and two clusters or more",
            )
        weights = data.size if isinstance(self.weights, Denominators) else np.ones_like(data.size)
        return weighted_least_squares(X, data.y, weights / weights.mean())

    def _curve(
        self, design: SeriesDesign, kernel: LinearFit, data: BeforeAfterData
    ) -> tuple[CurvePoint, ...]:
        """The mean by time since the start, and without the change after it; none of rows taken together."""
        if isinstance(self.rows, UnitWindows):
            return ()
        points, unit = [], unit_of(design)
        for time in np.unique(data.time):
            rows = data.time == time
            row = np.average(kernel.X[rows], axis=0, weights=data.size[rows])
            place = int(time)
            points.append(_point("fitted", place, row, unit))
            if row[EFFECT] > 0.0:
                without = row * (np.arange(len(row)) != EFFECT)
                points.append(_point("counterfactual", place, without, unit))
        return tuple(points)

    def _beside(self, design: SeriesDesign, kernel: LinearFit, data: BeforeAfterData) -> tuple[Beside, ...]:
        """CR2 on Satterthwaite's df; the wild bootstrap where every vector of signs can be taken."""
        if not isinstance(self.beside, FewClusterInference):
            return ()
        p, clusters = kernel.X.shape[1], int(data.cluster.max()) + 1
        pieces = cr2_covariance(kernel, data.cluster)
        names = tuple(f"b{j}" for j in range(p))
        reduced = Asymptotic(names, kernel.params, pieces.covariance, pieces.df)
        found = [Beside("cr2", "CR2, Satterthwaite's df", reduced, self._effect(design, np.eye(p)[EFFECT]))]
        if clusters <= ENUMERATED:
            scores = cluster_scores(kernel, data.cluster, EFFECT)
            test = wild_test(
                float(kernel.params[EFFECT]),
                scores,
                cr1(float(len(data.y))),
                every_vector(RADEMACHER, clusters),
            )
            wild = Randomisation(
                ("effect",), np.array([test.estimate]), test, "confidence", "wild cluster bootstrap test"
            )
            label = f"Wild cluster bootstrap, all {2**clusters:,} vectors of signs"
            found.append(Beside("wild_bootstrap", label, wild, self._effect(design, np.ones(1))))
        return tuple(found)

    def _warnings(self, clusters: int) -> tuple[str, ...]:
        few = clusters < FEW and isinstance(self.variance, ClusteredErrors)
        if few and isinstance(self.reference, NormalReference):
            return (
                f"{clusters} clusters and a normal reference; intervals of the cluster sandwich are then too "
                "narrow; what few clusters deserve stands beside it",
            )
        return ()

    def _facts(self, design: SeriesDesign, data: BeforeAfterData) -> tuple[Fact, ...]:
        facts = [
            Fact("estimator", "Estimator", self._estimator()),
            Fact("df_rule", "Reference distribution", self._df_rule()),
            Fact("n_rows", "Rows regressed", len(data.y), "rows"),
            Fact("n_units", "Units", len(np.unique(data.unit)), "clusters"),
            Fact("n_clusters_of_units", "Clusters of units", int(data.cluster.max()) + 1, "clusters"),
        ]
        people = "individuals" if design.outcome.type == "binary" else "person-time"
        for name, mine in zip(design.names, (~data.after, data.after), strict=True):
            side = (("arm", name),)
            facts.append(Fact("n", "Denominator", round(float(data.size[mine].sum())), people, side))
            facts.append(Fact("n_clusters", "Units", len(np.unique(data.unit[mine])), "clusters", side))
        return tuple(facts)


def _point(curve: CurveName, time: int, weights: Vector, unit: str) -> CurvePoint:
    """A mean of the model at a time since the start."""
    return CurvePoint(curve, "all", "own_start", time, str(time), linear("mean", curve, weights, unit=unit))
