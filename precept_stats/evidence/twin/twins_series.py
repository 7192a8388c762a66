"""The twins of methods for series and programmes; imported by ``posed``, so that they are known."""

from __future__ import annotations

from precept_stats.evidence.twin.script import Call, NoTwin, Value
from precept_stats.evidence.twin.twins import Posed, scale_of, twin
from precept_stats.methods.before_after import BeforeAfter
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.methods.multilevel_model import multilevel_model
from precept_stats.methods.segmented_regression import DeltaInterval, SegmentedRegression
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_before_after import (
    Denominators,
    FewClusterInference,
    NoStudyMonth,
    StartCategories,
    UnitWindows,
)
from precept_stats.methods.settings_multilevel import Alike, AnyRandom, ChangesDiffer, Normal
from precept_stats.methods.settings_series import Arima, NeweyWest, PraisWinsten
from precept_stats.methods.settings_series_counts import CorrelatedResiduals
from precept_stats.methods.six_methods import SixMethods
from precept_stats.studies.changes import AtTime, Cumulative, LevelChange, OverWindow, SlopeChange
from precept_stats.studies.interruptions import (
    AnyShape,
    Decay,
    Fourier,
    NoSeasonality,
    PhasedTransition,
    Pulse,
    SeasonDummies,
    Step,
)
from precept_stats.studies.series_design import InterruptionAt, SeriesDesign

COUNTS = ("quasi_poisson", "negative_binomial", "quasi_binomial")


@twin.register
def _(method: BeforeAfter, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, SeriesDesign):
        return NoTwin("the twin is of programmes")
    if isinstance(method.rows, UnitWindows):
        return NoTwin("rows of whole windows have none")
    if isinstance(method.start_month, StartCategories):
        return NoTwin("categories of start months have none")
    dummies = isinstance(design.seasonality, SeasonDummies)
    if design.every == "week" and dummies:
        return NoTwin("weeks of the year as a season have none")
    settings: dict[str, Value] = {
        "weights": "denominators" if isinstance(method.weights, Denominators) else "equal",
        "start": method.start_month.kind,
        "study_month": not isinstance(method.study_month, NoStudyMonth),
        "season": int(design.season_length or 0) if dummies else 0,
        "variance": method.variance.kind,
        "df": method.reference.kind,
        "beside": isinstance(method.beside, FewClusterInference),
        "level": posed.level,
    }
    packages = ("sandwich", "clubSandwich")
    return Call("before_after", "before_after", settings, "R: lm, sandwich and clubSandwich", packages)


@twin.register
def _(method: SegmentedRegression, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, SeriesDesign):
        return NoTwin("the twin is of series")
    model = method.autocorrelation
    if not isinstance(method.interval, DeltaInterval):
        return NoTwin("an interval from simulated series has none")
    settings = _series(design, method.levels, posed.level)
    if isinstance(settings, NoTwin):
        return settings
    reason = _errors_without(model, design)
    if reason:
        return NoTwin(reason)
    settings |= _errors(model, design)
    link = model.link
    settings |= {"link": link, "log": link != "identity" or posed_ratio(design)}
    if isinstance(design.change, Cumulative):
        settings["log"] = False
    engine = {"reml_ar1": "nlme's gls", "negative_binomial": "MASS's glm.nb", "arima": "arima"}
    said = engine.get(model.kind, "glm and sandwich" if model.kind in COUNTS else "lm and sandwich")
    return Call("segmented_regression", "series", settings, f"R: {said}", ("sandwich", "nlme", "MASS"))


@twin.register
def _(method: SixMethods, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, SeriesDesign):
        return NoTwin("the twin is of series")
    settings = _series(design, method.levels, posed.level)
    if isinstance(settings, NoTwin):
        return settings
    models = method.autocorrelation.models()
    reason = _errors_without(models["newey_west"], design) or _errors_without(models["reml"], design)
    if reason:
        return NoTwin(reason)
    own = method.own
    settings |= _errors(models["newey_west"], design)
    settings |= {"kind": "ml_ar1" if isinstance(own, Arima) else own.kind, "df": _df(own)}
    settings |= {"link": "identity", "log": posed_ratio(design)}
    return Call("six_methods", "series", settings, "R: lm, sandwich and nlme", ("sandwich", "nlme", "MASS"))


@twin.register
def _(method: MultilevelIts, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, SeriesDesign):
        return NoTwin("the twin is of programmes and series")
    law = method.distribution
    if isinstance(law, Normal):
        return NoTwin("many series with normal residuals have none")
    if law.nodes > 1:
        return NoTwin("quadrature over several random effects has none")
    if not design.treated.all():
        return NoTwin("many series with controls have none")
    settings = _series(design, "common", posed.level)
    if isinstance(settings, NoTwin):
        return settings
    named = (("unit", method.units), ("region", method.regions))
    settings |= {
        "link": law.link,
        "df": law.df.kind,
        "groups": multilevel_model(design, method.between).groups,
        "random": [_random(by, differ) for by, differ in named if not isinstance(differ, Alike)],
    }
    return Call("multilevel_its", "many_series", settings, "R: glmmTMB, Laplace", ("glmmTMB", "sandwich"))


def _random(by: str, differ: AnyRandom) -> dict[str, Value]:
    """The random effects of a grouping."""
    if not isinstance(differ, ChangesDiffer):
        return {"by": by, "trend": False, "shapes": [], "correlated": False}
    every = ("step", "ramp", "pulse", "decay", "phased")
    shapes = every if differ.of is None else (*differ.of, *(("phased",) if "step" in differ.of else ()))
    return {"by": by, "trend": differ.trend, "shapes": shapes, "correlated": differ.correlated}


def posed_ratio(design: SeriesDesign) -> bool:
    """Whether a ratio is asked for."""
    return scale_of(design.summary) != "difference" and not isinstance(design.change, Cumulative)


def _series(design: SeriesDesign, levels: str, level: float) -> dict[str, Value] | NoTwin:
    """What every segmented model is told: columns, season, the change that is sought."""
    if design.weights is not None:
        return NoTwin("weights of periods have none")
    if not design.treated.all() and design.control_levels != "pooled":
        return NoTwin("a level for each control series has none")
    if any(one.affects == "all" for one in design.interruptions):
        return NoTwin("an interruption that controls share has none")
    season = _season(design)
    if isinstance(season, NoTwin):
        return season
    change, names = design.change, [one.name for one in design.interruptions]
    if not isinstance(change, LevelChange | SlopeChange | AtTime | OverWindow | Cumulative):
        return NoTwin(f"the change {change.kind} has none")
    found: dict[str, Value] = {
        "levels": levels,
        "first_after": design.first_after,
        "ramp_from": design.coding.ramp_from,
        "shapes": [[_shape(one, shape) for shape in one.shapes] for one in design.interruptions],
        "season": season,
        "change": change.kind,
        "at": names.index(change.interruption) + 1,
        "scale": scale_of(design.summary) if not isinstance(change, Cumulative) else "difference",
        "level": level,
    }
    if isinstance(change, AtTime):
        found |= {"from": change.time, "to": change.time}
    if isinstance(change, OverWindow | Cumulative):
        found |= {"from": change.first, "to": change.last}
    return found


def _season(design: SeriesDesign) -> dict[str, Value] | NoTwin:
    seasonality = design.seasonality
    if isinstance(seasonality, NoSeasonality):
        return {"kind": "none", "length": 0.0, "count": 0}
    if isinstance(seasonality, SeasonDummies):
        if design.every == "week":
            return NoTwin("weeks of the year as a season have none")
        return {"kind": "month_dummies", "length": float(design.season_length or 0), "count": 0}
    length = float(seasonality.period or design.season_length or 0)
    count = seasonality.pairs if isinstance(seasonality, Fourier) else seasonality.df
    return {"kind": seasonality.kind, "length": length, "count": count}


def _shape(one: InterruptionAt, shape: AnyShape) -> dict[str, Value]:
    if isinstance(shape, Step) and isinstance(one.transition, PhasedTransition):
        return {"kind": "phased", "by": float(one.transition.periods)}
    by = shape.periods if isinstance(shape, Pulse) else shape.half_life if isinstance(shape, Decay) else 0
    return {"kind": shape.kind, "by": float(by)}


def _errors_without(model: Choice, design: SeriesDesign) -> str:
    used = design.cells(design.used)
    several = len(set(used.row_unit.tolist())) > 1
    steps = zip(used.row_unit[1:] == used.row_unit[:-1], used.period[1:] - used.period[:-1], strict=True)
    gaps = any(same and apart != 1 for same, apart in steps)
    correlated = isinstance(model, NeweyWest) or isinstance(
        getattr(model, "residuals", None), CorrelatedResiduals
    )
    if gaps and (correlated or isinstance(model, PraisWinsten | Arima)):
        return "series with gaps have none but by independent errors and REML"
    if several and (correlated or isinstance(model, Arima) or model.kind == "reml_ar1"):
        return f"several series together have none by {model.kind}"
    if isinstance(model, PraisWinsten) and not model.iterate:
        return "Prais and Winsten without rounds has none"
    if isinstance(model, Arima):
        autoregressive = model.order[0] + model.seasonal[0]
        moving = model.order[2] + model.seasonal[2]
        if autoregressive and moving:
            return "errors with both an autoregression and a moving average have none"
    return ""


def _errors(model: Choice, design: SeriesDesign) -> dict[str, Value]:
    """The error model: its kind, df rule and lag (-1: none)."""
    points = int(design.used.sum())
    found: dict[str, Value] = {"kind": model.kind, "df": _df(model), "lag": -1, "small": True}
    if isinstance(model, NeweyWest):
        found |= {"lag": model.lag.of(points), "small": model.small_sample}
    residuals = getattr(model, "residuals", None)
    if isinstance(residuals, CorrelatedResiduals):
        found |= {"lag": residuals.lag.of(points), "small": residuals.small_sample}
    if isinstance(model, Arima):
        (ar, d, ma), (seasonal_ar, seasonal_d, seasonal_ma) = model.order, model.seasonal
        found["arima"] = {
            "ar": ar,
            "d": d,
            "ma": ma,
            "seasonal_ar": seasonal_ar,
            "seasonal_d": seasonal_d,
            "seasonal_ma": seasonal_ma,
            "period": model.season or 1,
        }
    return found


def _df(model: Choice) -> str:
    if isinstance(model, Arima):
        return "normal"
    rule = getattr(model, "df", None)
    return rule.kind if isinstance(rule, Choice) else "residual"
