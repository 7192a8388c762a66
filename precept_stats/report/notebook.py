"""Results as a small table for notebooks. It has passed no disclosure gate, and says so."""

from __future__ import annotations

from html import escape

from precept_stats.report.format import df_text, interval_text, number_text, p_text, scale_for
from precept_stats.report.words import compares, contrast_words, scale_words
from precept_stats.values import Estimate, Failure, Result, Results

BANNER = "Not disclosure-checked: do not copy out of the place where the data are kept."
SYNTHETIC = "Synthetic data."
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
    warnings = ((SYNTHETIC,) if made.synthetic else ()) + results.warnings
    return _page(f"{made.plan_id} {made.plan_version}", rows, warnings)


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


def _page(title: str, rows: list[tuple[str, ...]], warnings: tuple[str, ...]) -> str:
    def cells(texts: tuple[str, ...], mark: str) -> str:
        return "".join(f"<{mark} style='text-align:left'>{escape(text)}</{mark}>" for text in texts)

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    notes = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    return (
        f"<div><p><strong>{escape(BANNER)}</strong></p>"
        f"<table><caption>{escape(title)}</caption><thead><tr>{cells(HEADINGS, 'th')}</tr></thead>"
        f"<tbody>{body}</tbody></table>{f'<ul>{notes}</ul>' if notes else ''}</div>"
    )
