"""The reference cases, which ship with the library: read, answered and compared by its self-test."""

from pathlib import Path

from precept_stats.evidence.selftest.cases import (
    HERE_ONLY,
    WITHIN,
    Asked,
    Case,
    Comparison,
    Number,
    all_cases,
    answer,
    asked,
    compare,
    data_folder,
    number_called,
    read_case,
)

__all__ = [
    "HERE_ONLY",
    "ROOT",
    "WITHIN",
    "Asked",
    "Case",
    "Comparison",
    "Number",
    "all_cases",
    "answer",
    "asked",
    "compare",
    "data_folder",
    "number_called",
    "read_case",
]

ROOT = Path(__file__).resolve().parents[2]
