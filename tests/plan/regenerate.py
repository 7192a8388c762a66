"""Write what is made from the code: the table of rules in docs/plans.md and data_schemas/plan.schema.json."""

from pathlib import Path

from precept_stats.plan.json_schema import plan_json_schema_text
from precept_stats.plan.lint import rules_table

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "plans.md"
SCHEMA = ROOT / "data_schemas" / "plan.schema.json"
OPENING, CLOSING = "<!-- rules -->\n", "<!-- /rules -->"


def document_with_table(text: str) -> str:
    before, _, rest = text.partition(OPENING)
    _, _, after = rest.partition(CLOSING)
    return before + OPENING + rules_table() + CLOSING + after


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(plan_json_schema_text(), encoding="utf-8")
