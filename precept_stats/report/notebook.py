"""Results as a small table for notebooks. It has passed no disclosure gate, and says so."""

from __future__ import annotations

from html import escape

from precept_stats.report.format import (
    df_text,
    icc_text,
    interval_text,
    number,
    number_text,
    p_text,
    scale_for,
)
from precept_stats.report.material import by_stat, grouped, number_of
from precept_stats.report.words import compares, contrast_words, plain, scale_words
from precept_stats.values import (
    Correlations,
    Disparity,
    Estimate,
    Failure,
    Provenance,
    Result,
    Results,
    Row,
)

BANNER = "Not disclosure-checked: do not copy out of the place where the data are kept."
SYNTHETIC = "Synthetic data."
OF_CLUSTERS = ("icc", "cluster_autocorrelation")
HEADINGS = ("Analysis", "Purpose", "Measure", "Estimate", "Interval", "df", "p", "Status")


def result_html(result: Result) -> str:
    """One analysis: the effect, then what else it estimates, then its warnings."""
    rows = [_row(result, estimate) for estimate in result.estimates]
    warnings = ((SYNTHETIC,) if result.synthetic else ()) + result.warnings
    return _page(f"{result.analysis} ({result.method})", rows, warnings)


def results_html(results: Results) -> str:
    """All analyses of a plan, failures among them."""
    rows = [
        _failure(entry) if isinstance(entry, Failure) else _row(entry, entry.estimate) for entry in results
    ]
    made = results.provenance
    warnings = ((SYNTHETIC,) if made.synthetic else ()) + _of_lock(made) + results.warnings
    return _page(f"{made.plan_id} {made.plan_version}", rows, warnings)


def _of_lock(made: Provenance) -> tuple[str, ...]:
    """What has to be said of the lock; nothing where what ran is the plan as it is locked."""
    said = {"unlocked": "Plan not locked.", "departs": "What ran differs from the locked plan."}
    return (said[made.lock_state],) if made.lock_state in said else ()


def correlations_html(found: Correlations) -> str:
    """Intracluster correlations, a row an estimator and arm, with design effects and reasons of failures."""
    groups = grouped((row for row in found.rows if row.measure.startswith(OF_CLUSTERS)), _of_correlation)
    effects = {
        row.groups: row.stat
        for row in found.rows
        if row.stat_name == "design_effect" and isinstance(row.stat, float)
    }
    rows: list[tuple[str, ...]] = []
    for (about, measure), mine in groups.items():
        cells = by_stat(mine)
        value, low, high = (number_of(cells.get(name)) for name in ("estimate", "conf_low", "conf_high"))
        first = cells.get("estimate", mine[0])
        shown = f"not estimable: {first.error}" if value is None else icc_text(value)
        interval = "" if low is None or high is None else f"{icc_text(low)} to {icc_text(high)}"
        effect = effects.get(about)
        inflation = number(effect) if isinstance(effect, float) and measure == "icc" else ""
        rows.append((", ".join(level for _, level in about), plain(measure), shown, interval, inflation))
    notes = (SYNTHETIC,) if found.synthetic else ()
    headings = ("Estimator", "Correlation", "Estimate", "Interval", "Design effect")
    return _page(f"Intracluster correlations of {found.outcome}", rows, notes, headings)


def disparity_html(found: Disparity) -> str:
    """Indices of disparity, a row an index and period, with reasons for those that cannot be had."""
    about = (row for row in found.rows if row.context == "disparity")
    rows: list[tuple[str, ...]] = []
    for (groups, measure), mine in grouped(about, _of_correlation).items():
        cells = by_stat(mine)
        value, low, high = (number_of(cells.get(name)) for name in ("estimate", "conf_low", "conf_high"))
        first = cells.get("estimate", mine[0])
        shown = f"not estimable: {first.error}" if value is None else number(value)
        interval = "" if low is None or high is None else f"{number(low)} to {number(high)}"
        periods = ", ".join(level for _, level in groups)
        rows.append((plain(measure), periods, shown, interval, first.unit, contrast_words(first.term)))
    notes = ((SYNTHETIC,) if found.synthetic else ()) + found.warnings
    headings = ("Index", "Period", "Estimate", "Interval", "Unit", "Of")
    return _page(f"Disparity of {found.outcome}", rows, notes, headings)


def _of_correlation(row: Row) -> tuple[tuple[tuple[str, str], ...], str]:
    return row.groups, row.measure


def _row(result: Result, estimate: Estimate) -> tuple[str, ...]:
    measure = scale_words(estimate.measure, scale_for(estimate.measure, estimate.unit))
    return (
        result.analysis,
        result.purpose,
        f"{measure}: {contrast_words(estimate.contrast)}",
        number_text(estimate),
        interval_text(estimate),
        df_text(estimate.df, estimate.interval.method),
        p_text(estimate.p_value) if compares(estimate.measure) else "",
        result.status,
    )


def _failure(failure: Failure) -> tuple[str, ...]:
    return (failure.analysis, failure.purpose, f"not estimable: {failure.problem}", "", "", "", "", "failed")


def _page(
    title: str,
    rows: list[tuple[str, ...]],
    warnings: tuple[str, ...],
    headings: tuple[str, ...] = HEADINGS,
) -> str:
    def cells(texts: tuple[str, ...], mark: str) -> str:
        return "".join(f"<{mark} style='text-align:left'>{escape(text)}</{mark}>" for text in texts)

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    notes = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    return (
        f"<div><p><strong>{escape(BANNER)}</strong></p>"
        f"<table><caption>{escape(title)}</caption><thead><tr>{cells(headings, 'th')}</tr></thead>"
        f"<tbody>{body}</tbody></table>{f'<ul>{notes}</ul>' if notes else ''}</div>"
    )
