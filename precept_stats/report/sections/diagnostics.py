"""How far a model of a series can be believed: residuals, six methods side by side, placebo dates."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.diagnostic_figure_data import PlaceboData, ResidualsData
from precept_stats.report.format import (
    df_text,
    level_text,
    number,
    p_text,
    point_text,
    range_text,
    scale_for,
)
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.shared_rows import together
from precept_stats.report.words import NONE, sentence
from precept_stats.values import Row

TESTS = ("durbin_watson", "breusch_godfrey", "ljung_box")
CAVEAT = (
    "Durbin-Watson and Breusch-Godfrey are of the residuals of least squares, Ljung-Box of what the error "
    "model leaves. In short series these tests find little: a large p is no reason to take points for "
    "independent, and none of them chose the method, which the plan names."
)


def diagnostics(material: Material) -> tuple[Block, ...]:
    """Six methods where an analysis has them, placebo dates, then residuals of the primary analysis."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        blocks += _six(material, name)
    for name in material.plan.analyses:
        blocks += _placebo(material, name)
    blocks += _residuals(material, material.plan.primary)
    blocks += _tests(material)
    return (Heading(2, "How far the models can be believed"), *blocks) if blocks else ()


def _six(material: Material, name: str) -> list[Block]:
    """The effect by each of the six methods, with the autocorrelation that each works with."""
    compared = grouped(material.rows("method_compared", name), lambda row: row.group("method"))
    if not compared:
        return []
    beside = grouped(material.rows("inference_beside", name), lambda row: row.group("inference"))
    stats = {str(by_stat(rows)["label"].stat): by_stat(rows) for rows in beside.values()}
    rows = [_six_row(method, by_stat(told), stats.get(method, {})) for method, told in compared.items()]
    level = level_text(material.plan.multiplicity.level)
    columns = (
        Column("Method", "left"),
        Column(f"Estimate ({level} CI)"),
        Column("Standard error"),
        Column("df"),
        Column("Autocorrelation"),
    )
    note = (
        "One model of the mean, six ways to its uncertainty; the plan named beforehand which is the answer. "
        "Where they disagree, the answer rests on what is assumed of errors."
    )
    return [Table(f"six-{name}", f"{material.label(name)}: six methods", columns, tuple(rows), (note,))]


def _six_row(method: str, told: dict[str, Row], found: dict[str, Row]) -> TableRow:
    if "problem" in told:
        return TableRow((method, sentence(str(told["problem"].stat)), NONE, NONE, NONE))
    names = ("estimate", "conf_low", "conf_high", "std_error")
    value, low, high, error = (number_of(found.get(one)) for one in names)
    phi = number_of(told.get("phi"))
    shown = NONE if phi is None else f"{phi:.3f}"
    if told["status"].stat == "boundary":
        shown += " (unit root)"
    if value is None or low is None or high is None or error is None:
        return TableRow((method, "not shown", NONE, NONE, shown))
    scale = scale_for(found["estimate"].measure, found["estimate"].unit)
    cells = (
        f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})",
        number(error if found["estimate"].scale == "log" else scale.factor * error, 2),
        df_text(number_of(found.get("df"))),
        shown,
    )
    return TableRow((method, *cells))


def _placebo(material: Material, name: str) -> list[Block]:
    """The distribution of what the same model finds at dates at which nothing happened."""
    rows = material.rows("placebo", name)
    dates = grouped([row for row in rows if row.group("period")], lambda row: row.group("period"))
    told = by_stat(row for row in rows if not row.group("period"))
    if not dates:
        return (
            [Prose(f"{material.label(name)}: no placebo date has enough points on each side.")]
            if told
            else []
        )
    stats = [by_stat(found) for found in dates.values()]
    actual = number_of(by_stat(material.rows("estimate", name)).get("statistic"))
    places = tuple((_value(one["at"]), label) for label, one in zip(dates, stats, strict=True))
    points = tuple((_value(one["at"]), _value(one["statistic"])) for one in stats)
    below, beyond = _value(told["share_below"]), _value(told["share_beyond"])
    said = (
        f"Of {len(dates)} dates before the actual one, {100 * below:.0f} per cent have p below 0.05, where 5 "
        f"would be right; at {100 * beyond:.0f} per cent the statistic is as large as at the actual date."
    )
    heading = Heading(3, f"Placebo dates: {material.label(name)}")
    table = _placebo_table(name, dates)
    if actual is None:
        return [heading, Prose(said), table]
    figure = Figure(
        id=f"placebo-{name}",
        caption="The statistic of the same model at every date before the interruption with enough points on "
        "each side, from points before the interruption alone (dashed: at the actual date; grey: within "
        "1.96). Neighbouring dates are not independent.",
        alt=f"Dot plot of statistics at {len(dates)} placebo dates. {said}",
        data=PlaceboData(places, points, actual),
        behind=table,
    )
    return [heading, Prose(said), figure]


def _placebo_table(name: str, dates: dict[str, list[Row]]) -> Table:
    rows = []
    for label, found in dates.items():
        one = by_stat(found)
        rows.append(
            TableRow(
                (
                    label,
                    number(_value(one["estimate"])),
                    number(_value(one["std_error"])),
                    f"{_value(one['statistic']):.2f}",
                    p_text(_value(one["p_value"])),
                )
            )
        )
    columns = (
        Column("Placebo date", "left"),
        Column("Estimate"),
        Column("Standard error"),
        Column("Statistic"),
        Column("p"),
    )
    note = "Standard errors and statistics of ratios are on the log scale."
    return Table(f"placebo-{name}-data", "Effects at placebo dates", columns, tuple(rows), (note,))


def _residuals(material: Material, name: str) -> list[Block]:
    rows = material.rows("diagnostic", name)
    residuals = [row for row in rows if row.stat_name == "residual" and number_of(row) is not None]
    lags = [row for row in rows if row.stat_name == "acf"]
    bound = number_of(by_stat(rows).get("acf_bound"))
    if not residuals or not lags or bound is None:
        return []
    labels = list(dict.fromkeys(row.group("period") for row in residuals))
    place = {label: float(at) for at, label in enumerate(sorted(labels))}
    points = tuple((place[row.group("period")], _value(row)) for row in residuals)
    values = tuple(_value(row) for row in lags)
    partial = tuple(_value(row) for row in rows if row.stat_name == "pacf")
    large = [str(lag) for lag, value in enumerate(values, start=1) if abs(value) > bound]
    table = Table(
        "autocorrelations",
        f"{material.label(name)}: autocorrelation of what the model leaves",
        (Column("Lag", "left"), Column("Autocorrelation"), Column("Partial")),
        tuple(
            TableRow((row.group("lag"), f"{value:.3f}", f"{further:.3f}"))
            for row, value, further in zip(lags, values, partial, strict=True)
        ),
    )
    figure = Figure(
        id="residuals",
        caption=f"{material.label(name)}: residuals by period, every point, and autocorrelations of what the "
        "model leaves of them (grey: what noise rarely exceeds).",
        alt=f"Residuals of {len(points)} points over time, and autocorrelations of {len(values)} lags, "
        f"of which {', '.join(large) or 'none'} beyond {bound:.2f}.",
        data=ResidualsData(
            residuals[0].unit or "in units of the outcome",
            tuple((at, label) for label, at in place.items()),
            points,
            values,
            partial,
            bound,
        ),
        behind=table,
    )
    return [Heading(3, "Residuals"), figure]


def _tests(material: Material) -> list[Block]:
    parts = []
    for name in material.plan.analyses:
        found = [
            row for row in material.rows("diagnostic", name) if row.stat_name.removesuffix("_p") in TESTS
        ]
        groups = grouped(found, lambda row: (row.group("test"), row.group("lag")))
        told = tuple(_test(test, lag, of_one) for (test, lag), of_one in groups.items())
        parts.append((material.label(name), told))
    rows = together(parts)
    if not rows:
        return []
    columns = (Column("Test", "left"), Column("Up to lag"), Column("Statistic"), Column("p"))
    return [Table("residual-tests", "Tests of serial correlation", columns, tuple(rows), (CAVEAT,))]


def _test(name: str, lag: str, rows: list[Row]) -> TableRow:
    statistic, p_value = (number_of(row) for row in rows)
    shown = NONE if statistic is None else number(statistic)
    return TableRow((name, lag, shown, NONE if p_value is None else p_text(p_value)), "sub")


def _value(row: Row) -> float:
    found = number_of(row)
    return float("nan") if found is None else found
