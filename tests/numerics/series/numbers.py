"""Numbers of other programs about one series, and ours, as flat tables of named numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from precept_stats.inference.kenward_roger import adjustment
from precept_stats.inference.satterthwaite import satterthwaite_rule
from precept_stats.numerics.linear import LinearFit, weighted_least_squares
from precept_stats.numerics.sandwich import hc_covariance
from precept_stats.numerics.series.ar1 import Ar1Fit, Series, maximum_likelihood, prais_winsten
from precept_stats.numerics.series.ar1_information import covariance_information, theta_information
from precept_stats.numerics.series.arima import ArimaFit, fit_arima
from precept_stats.numerics.series.arma import Order
from precept_stats.numerics.series.counts import CountFit, fit_negative_binomial, fit_quasi
from precept_stats.numerics.series.newey_west import (
    automatic_bandwidth,
    newey_west,
    prewhitened_newey_west,
)
from precept_stats.numerics.series.residual_tests import (
    autocorrelations,
    breusch_godfrey,
    durbin_watson,
    ljung_box,
)

from .models import RECORDED, SERIES, drivers, expected, quetiapine, recorded, synthetic, totals

Numbers = dict[str, float]
LAGS = (0, 1, 2, 3, 4, 6, 12)
ORDERS = {
    "seatbelts_100": Order(1, 0, 0),
    "seatbelts_001": Order(0, 0, 1),
    "seatbelts_101": Order(1, 0, 1),
    "seatbelts_011": Order(0, 1, 1),
    "seatbelts_100_100": Order(1, 0, 0, 1, 0, 0, 12),
    "quetiapine_100": Order(1, 0, 0),
    "quetiapine_001": Order(0, 0, 1),
    "quetiapine_210_011": Order(2, 1, 0, 0, 1, 1, 12),
    "synthetic_200": Order(2, 0, 0),
    "prop99_100": Order(1, 0, 0),
    "prop99_101": Order(1, 0, 1),
    "prop99_011": Order(0, 1, 1),
}
SHOWN_P = 1e-10
"""Smaller p-values of R are 1 minus a probability, of which few digits are left."""


def their_recorded(name: str) -> Numbers:
    """Of least squares, its covariances and tests, Prais-Winsten, likelihood and ARIMA."""
    case = recorded()[name]
    found = dict(_table("ols", case["ols"], ("coef", "se", "t", "p_t")))
    found |= {f"ols.{what}": case["ols"][what] for what in ("sigma", "logLik")}
    for kind, one in case["hc"].items():
        found |= dict(_table(kind, one, ("se",)))
    for kind, one in case["newey_west"].items():
        found |= dict(_table(f"newey_west.{kind}", one, ("se",)))
    found["newey_west.bandwidth"] = case["newey_west"]["auto_bw_no_prewhite"]["bw"]
    found["durbin_watson.statistic"] = case["durbin_watson"]["dw"]
    if case["durbin_watson"]["exact"]:
        found["durbin_watson.p"] = case["durbin_watson"]["p_two_sided"]
    for test in case["breusch_godfrey"]:
        found |= _tested("breusch_godfrey", test["order"], test["LM"], test["p"])
    for test in case["ljung_box"]:
        found |= _tested("ljung_box", test["lag"], test["Q"], test["p"])
    found |= {f"acf[{lag}]": value for lag, value in enumerate(case["acf"], start=1)}
    for kind in ("twostep", "iterated"):
        found |= dict(_table(f"prais_winsten.{kind}", case[f"prais_winsten_{kind}"], ("coef", "se")))
        found[f"prais_winsten.{kind}.rho"] = case[f"prais_winsten_{kind}"]["rho"]
    for kind in criteria(name):
        found |= _likelihood(f"gls_{kind}", case[f"gls_ar1_{kind}"])
    for one in case["arima"]:
        found |= _arima(name, one)
    return found


def criteria(name: str) -> tuple[str, ...]:
    """REML of prop99 ends at a unit root: there is nothing to agree on but that."""
    return ("ml",) if name == "prop99" else ("reml", "ml")


def _likelihood(stem: str, one: dict) -> Numbers:
    found = dict(_table(stem, one, ("coef", "se")))
    return found | {
        f"{stem}.phi": one["phi"]["Phi"],
        f"{stem}.sigma": one["sigma"],
        f"{stem}.logLik": one["logLik"],
    }


def _tested(name: str, lag: int, statistic: float, p: float) -> Numbers:
    found = {f"{name}.statistic[{lag}]": statistic}
    return found | ({f"{name}.p[{lag}]": p} if p > SHOWN_P else {})


def _arima(name: str, one: dict) -> Numbers:
    """Of an ARMA parameter on the unit circle and of a lower optimum only the likelihood is held."""
    order, size = one["order"], sum(one["order"][::2])
    stem = f"arima{tuple(order)}".replace(" ", "")
    found = {f"{stem}.loglik": one["logLik"]}
    if (name, order) == ("quetiapine", [1, 0, 1]):
        return {f"{stem}.second_loglik": one["logLik"]}
    coefficients, errors = list(one["coef"].values()), list(one["se"].values())
    found |= {f"{stem}.coef[{j}]": value for j, value in enumerate(coefficients[size:])}
    if abs(coefficients[size - 1]) < 0.999:
        found |= {f"{stem}.arma[{j}]": value for j, value in enumerate(coefficients[:size])}
        found |= {f"{stem}.se[{j}]": value for j, value in enumerate(errors[size:])}
    return found


def our_recorded(name: str) -> Numbers:
    """Ours by the same names."""
    series = RECORDED[name]()
    fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
    names = list(recorded()[name]["ols"]["coef"])
    found = _least_squares(fit, series, names)
    for kind, iterate in (("twostep", False), ("iterated", True)):
        pw = prais_winsten(series, iterate=iterate)
        found |= _coefficients(f"prais_winsten.{kind}", names, pw) | {f"prais_winsten.{kind}.rho": pw.phi}
    for kind in criteria(name):
        found |= _our_likelihood(f"gls_{kind}", names, maximum_likelihood(series, kind))
    for one in recorded()[name]["arima"]:
        found |= _our_arima(series, Order(*one["order"]))
    return found


def _our_likelihood(stem: str, names: list[str], fit: Ar1Fit) -> Numbers:
    ml, (n, p) = stem.endswith("ml") and not stem.endswith("reml"), fit.series.X.shape
    sigma = np.sqrt(fit.variance * ((n - p) / n if ml else 1.0))
    found = _coefficients(stem, names, fit)
    return found | {f"{stem}.phi": fit.phi, f"{stem}.sigma": sigma, f"{stem}.logLik": fit.log_likelihood}


def _coefficients(stem: str, names: list[str], fit: Ar1Fit) -> Numbers:
    errors = np.sqrt(np.diag(fit.covariance))
    found = {f"{stem}.coef[{one}]": float(v) for one, v in zip(names, fit.params, strict=True)}
    return found | {f"{stem}.se[{one}]": float(v) for one, v in zip(names, errors, strict=True)}


def _our_arima(series: Series, order: Order) -> Numbers:
    fit = fit_arima(series, order)
    stem = f"arima({order.p},{order.d},{order.q})"
    found = {
        f"{stem}.loglik": fit.log_likelihood,
        f"{stem}.second_loglik": fit.optima[min(1, len(fit.optima) - 1)],
    }
    errors = np.sqrt(np.diag(fit.covariance))
    found |= {f"{stem}.coef[{j}]": float(v) for j, v in enumerate(fit.params)}
    found |= {f"{stem}.se[{j}]": float(v) for j, v in enumerate(errors)}
    return found | {f"{stem}.arma[{j}]": float(v) for j, v in enumerate(fit.arma)}


def _least_squares(fit: LinearFit, series: Series, names: list[str]) -> Numbers:
    from scipy import special

    errors = np.sqrt(fit.scale * np.diag(fit.bread))
    statistics = fit.params / errors
    p_values = 2.0 * special.stdtr(fit.df, -np.abs(statistics))
    values = {"coef": fit.params, "se": errors, "t": statistics, "p_t": p_values}
    found = {
        f"ols.{k}[{one}]": float(v) for k, of in values.items() for one, v in zip(names, of, strict=True)
    }
    n, squares = len(series.y), float(fit.residuals @ fit.residuals)
    found |= {"ols.sigma": np.sqrt(fit.scale), "ols.logLik": -0.5 * n * (np.log(2 * np.pi * squares / n) + 1)}
    for kind in ("hc0", "hc1", "hc2", "hc3"):
        found |= _errors(kind.upper(), names, hc_covariance(fit, kind))
    scores = series.X * fit.residuals[:, None]
    for lag in LAGS:
        for adjust, end in ((False, ""), (True, "_adj")):
            covariance = newey_west(fit.bread, scores, series.positions, lag, small_sample=adjust)
            found |= _errors(f"newey_west.lag{lag}{end}", names, covariance)
    return found | _automatic(fit, scores, series, names) | _our_tests(fit, series)


def _automatic(fit: LinearFit, scores: np.ndarray, series: Series, names: list[str]) -> Numbers:
    n, p = series.X.shape
    weights = np.r_[0.0, np.ones(p - 1)]
    width = automatic_bandwidth(scores, weights, n, 4)
    plain = newey_west(fit.bread, scores, series.positions, int(width), small_sample=True)
    white, _ = prewhitened_newey_west(
        fit.bread, scores, lambda left: automatic_bandwidth(left, weights, n, 3)
    )
    found = {"newey_west.bandwidth": width} | _errors("newey_west.auto_bw_no_prewhite", names, plain)
    return found | _errors("newey_west.auto_prewhite1", names, white)


def _our_tests(fit: LinearFit, series: Series) -> Numbers:
    at = series.positions
    watson = durbin_watson(series.X, fit.residuals, at)
    found = {"durbin_watson.statistic": watson.statistic, "durbin_watson.p": watson.p_value}
    for lag in (1, 2, 4, 10, 12):
        of_x, box = breusch_godfrey(series.X, fit.residuals, at, lag), ljung_box(fit.residuals, at, lag)
        found |= {
            f"breusch_godfrey.statistic[{lag}]": of_x.statistic,
            f"breusch_godfrey.p[{lag}]": of_x.p_value,
        }
        found |= {f"ljung_box.statistic[{lag}]": box.statistic, f"ljung_box.p[{lag}]": box.p_value}
    values = autocorrelations(fit.residuals, at, 12)
    return found | {f"acf[{lag}]": float(value) for lag, value in enumerate(values, start=1)}


def _errors(stem: str, names: Sequence[str], covariance: np.ndarray) -> Numbers:
    return {f"{stem}.se[{one}]": float(v) for one, v in zip(names, np.sqrt(np.diag(covariance)), strict=True)}


def _table(stem: str, one: dict, parts: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    for part in parts:
        for name, value in one[part].items():
            yield f"{stem}.{part}[{name}]", value


def their_sarima(program: str) -> Numbers:
    """Of ARIMA(2,1,0)(0,1,1)12 on quetiapine: the coefficients and their standard errors."""
    one = recorded()["quetiapine_sarima"][program]
    arma = {f"arma[{j}]": v for j, v in enumerate(list(one["coef"].values())[:3])}
    found = {f"coef[{name}]": one["coef"][name] for name in ("step", "ramp")} | arma
    return found | {f"se[{name}]": one["se"][name] for name in ("step", "ramp")} | {"loglik": one["loglik"]}


def our_sarima() -> Numbers:
    fit = fit_arima(of_order("quetiapine_210_011"), ORDERS["quetiapine_210_011"])
    errors = np.sqrt(np.diag(fit.covariance))
    found = {f"arma[{j}]": float(v) for j, v in enumerate(fit.arma)} | {"loglik": fit.log_likelihood}
    for j, name in enumerate(("step", "ramp")):
        found |= {f"coef[{name}]": float(fit.params[j]), f"se[{name}]": float(errors[j])}
    return found


def of_order(name: str) -> Series:
    """The series that an ARIMA case of expected.json is about."""
    stem = name.split("_")[0]
    if stem == "prop99":
        return RECORDED["prop99"]()
    if name == "quetiapine_210_011":
        series = quetiapine()
        return Series(series.X[:, 2:], series.y, series.positions)
    if name == "seatbelts_100_100":
        frame = drivers()
        X = np.column_stack([np.ones(192), frame["kms"], frame["petrol_price"], frame["law"]])
        return Series(X, np.log10(frame["killed_or_injured"].to_numpy(np.float64)), np.arange(192))
    return SERIES[stem]()


def their_arima(name: str) -> Numbers:
    one = expected()["arima"][name]
    found = {
        f"{what}[{j}]": v for what in ("arma", "arma_se", "params", "se") for j, v in enumerate(one[what])
    }
    return found | {"variance": one["variance"][0], "loglik": one["log_likelihood"][0]}


def our_arima(name: str) -> Numbers:
    fit: ArimaFit = fit_arima(of_order(name), ORDERS[name])
    of = {
        "arma": fit.arma,
        "arma_se": np.sqrt(np.diag(fit.arma_covariance)),
        "params": fit.params,
        "se": np.sqrt(np.diag(fit.covariance)),
    }
    found = {f"{what}[{j}]": float(v) for what, values in of.items() for j, v in enumerate(values)}
    return found | {"variance": fit.variance, "loglik": fit.log_likelihood}


AR1 = ("se", "satterthwaite", "kenward_roger_se", "kenward_roger_df")


def their_ar1(name: str) -> Numbers:
    one = expected()["ar1"][name]
    found = {f"{what}[{j}]": v for what in AR1 for j, v in enumerate(one[what])}
    return found | {"phi": one["phi"][0], "variance": one["variance"][0], "loglik": one["log_likelihood"][0]}


def our_ar1(name: str) -> Numbers:
    fit = maximum_likelihood(SERIES[name](), "reml")
    rule, adjusted = satterthwaite_rule(theta_information(fit)), adjustment(covariance_information(fit))
    unit = np.eye(len(fit.params))
    of = {
        "se": np.sqrt(np.diag(fit.covariance)),
        "satterthwaite": [rule(one) for one in unit],
        "kenward_roger_se": np.sqrt(np.diag(adjusted.covariance)),
        "kenward_roger_df": [adjusted.df(one) for one in unit],
    }
    found = {f"{what}[{j}]": float(v) for what, values in of.items() for j, v in enumerate(values)}
    return found | {"phi": fit.phi, "variance": fit.variance, "loglik": fit.log_likelihood}


def their_counts(name: str) -> Numbers:
    one = expected()["counts"][name]
    parts = [part for part in one if part not in ("shape", "dispersion")]
    found = {f"{part}[{j}]": v for part in parts for j, v in enumerate(one[part])}
    return found | {part: one[part][0] for part in ("shape", "dispersion") if part in one}


def our_counts(name: str) -> Numbers:
    data = totals("treated" if name == "quasi_binomial" else "events")
    fit: CountFit = (
        fit_negative_binomial(data)
        if name == "negative_binomial"
        else fit_quasi(data, "binomial" if name == "quasi_binomial" else "poisson")
    )
    plain = fit.bread if fit.shape is not None else fit.quasi_covariance
    at = synthetic()["position"].to_numpy()
    of = {"params": fit.params, "se": np.sqrt(np.diag(plain)), "pearson": fit.pearson[:5]}
    for lag in (0, 3):
        for adjust, end in ((False, ""), (True, "_adjusted")):
            covariance = newey_west(fit.bread, fit.scores, at, lag, small_sample=adjust)
            of[f"newey_west_{lag}{end}"] = np.sqrt(np.diag(covariance))
    found = {f"{what}[{j}]": float(v) for what, values in of.items() for j, v in enumerate(values)}
    return found | {"dispersion": fit.dispersion, "shape": fit.shape or np.nan}
