"""The names of what a bundle holds; docs/bundle.md says what each is."""

from __future__ import annotations

REPORT = "report.html"
STATUS = "status.json"
ROWS = "rows.json"
PARQUET = "rows.parquet"
PLAN = "plan.yaml"
LOCKS = "plan.locks"
SCHEMAS = "data_schemas"
FIGURES = "figures"
ENVIRONMENT = "environment.json"
DATA = "data.json"
SEEDS = "seeds.json"
LOG = "log.jsonl"
CRATE = "ro-crate-metadata.json"
SENSITIVE = "sensitive"
WARNING_FILE = "README.txt"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.signature.json"

UNLISTED = (MANIFEST, SIGNATURE)
"""Files that the manifest cannot list: itself, and what signs it."""
