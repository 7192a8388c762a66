"""Write what is made from the code: tables of docs/plans.md and docs/correlations.md, the plan's schema."""

from pathlib import Path
from typing import get_args

from precept_stats.methods.settings_icc import AnyIcc, IccEstimator
from precept_stats.methods.settings_icc_intervals import AnyInterval
from precept_stats.plan.json_schema import plan_json_schema_text
from precept_stats.plan.lint import rules_table

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "plans.md"
CORRELATIONS = ROOT / "docs" / "correlations.md"
SCHEMA = ROOT / "data_schemas" / "plan.schema.json"
OPENING, CLOSING = "<!-- rules -->\n", "<!-- /rules -->"


def document_with_table(text: str) -> str:
    before, _, rest = text.partition(OPENING)
    _, _, after = rest.partition(CLOSING)
    return before + OPENING + rules_table() + CLOSING + after


def estimators_table() -> str:
    """Every estimator of a correlation: outcomes, intervals (the default first) and what it is."""
    lines = ["| `kind` | outcomes | `interval` | what it is |", "|---|---|---|---|"]
    kinds: tuple[type[IccEstimator], ...] = get_args(get_args(AnyIcc)[0])
    for one in kinds:
        field = one.model_fields["interval"]
        default = field.default.kind
        offered = [default, *(i for i in map(_kind, get_args(field.annotation)) if i != default)]
        outcomes = ", ".join(one.outcomes) + ("; over periods" if one.over_periods else "")
        intervals = ", ".join(f"`{kind}`" for kind in offered)
        lines.append(f"| `{_kind(one)}` | {outcomes} | {intervals} | {_meaning(one)} |")
    return "\n".join(lines) + "\n"


def intervals_table() -> str:
    """Every interval of a correlation, and how it is found."""
    lines = ["| `kind` | how it is found |", "|---|---|"]
    lines += [f"| `{_kind(one)}` | {_meaning(one)} |" for one in get_args(AnyInterval)]
    return "\n".join(lines) + "\n"


def _kind(choice: type) -> str:
    return str(choice.model_fields["kind"].default)  # type: ignore[attr-defined]


def _meaning(choice: type) -> str:
    return str(choice.model_construct().meaning)  # type: ignore[attr-defined]


def correlations_page(text: str) -> str:
    for name, table in (("estimators", estimators_table()), ("intervals", intervals_table())):
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(plan_json_schema_text(), encoding="utf-8")
    CORRELATIONS.write_text(correlations_page(CORRELATIONS.read_text(encoding="utf-8")), encoding="utf-8")
