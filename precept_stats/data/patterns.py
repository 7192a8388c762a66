"""Patterns on text, in RE2: linear time whatever the pattern, so one from a stranger does no harm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]


def matches(values: pd.Series, pattern: str) -> pd.Series[bool]:
    """Whether each text matches ``pattern`` from its first character to its last."""
    found = pc.match_substring_regex(pa.array(values, pa.string(), from_pandas=True), rf"\A(?:{pattern})\z")
    plain = np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
    return pd.Series(plain, index=values.index, dtype=bool)


def pattern_fault(pattern: str) -> str:
    """Why ``pattern`` is not a regular expression of RE2; empty when it is one."""
    try:
        for written in (pattern, rf"\A(?:{pattern})\z"):
            pc.match_substring_regex(pa.array([""]), written)
    except pa.ArrowInvalid as problem:
        return str(problem).split("\n", 1)[0].removeprefix("Invalid regular expression: ")
    return ""
