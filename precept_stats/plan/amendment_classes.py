"""What an amendment can be about, and when it can have been made."""

from __future__ import annotations

from typing import Literal

AmendmentClass = Literal[
    "correction",
    "clarification",
    "design",
    "population",
    "outcome",
    "estimand",
    "analysis",
    "missing_data",
    "sensitivity_analysis",
    "data_source",
    "other",
]
"""A ``correction`` mends a mistake, a ``clarification`` changes no number, the others change a part."""

Timing = Literal["before_data_access", "after_data_access"]
"""Relative to the first look at outcomes by arm, of anyone who decided about the change."""
