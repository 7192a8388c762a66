"""The outcome's codes, however they are stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.studies.outcome_coding import code_outcome
from precept_stats.studies.question import Outcome

YES_NO = Outcome(column="y", type="binary", direction="higher_better")


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, 0, 1],
        [1.0, 0.0, 0.0, 1.0],
        ["1", "0", "0", "1"],
        ["1.0", "0", "0 ", "1"],
        [True, False, False, True],
        pd.array([True, False, False, True], dtype="boolean"),
        pd.Categorical([1, 0, 0, 1]),
    ],
)
def test_one_is_one(values: object) -> None:
    coded = code_outcome(pd.DataFrame({"y": values}), YES_NO, "table 't'")
    assert coded.y.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert coded.size.tolist() == [1.0] * 4
    assert not coded.missing.any()


def test_codes_of_magnesium_sulphate() -> None:
    outcome = Outcome(
        column="y",
        type="binary",
        direction="higher_better",
        event=("yes",),
        non_event=("no",),
        missing=("unknown",),
        excluded=("not_applicable",),
    )
    frame = pd.DataFrame({"y": ["yes", "no", "unknown", "not_applicable", None]})
    coded = code_outcome(frame, outcome, "table 't'")
    assert coded.y.tolist() == [1, 0, 0, 0, 0]
    assert coded.size.tolist() == [1, 1, 0, 0, 0]
    assert coded.missing.tolist() == [False, False, True, False, True]
    assert coded.excluded.tolist() == [False, False, False, True, False]


def test_codes_of_a_number() -> None:
    outcome = Outcome(
        column="y", type="continuous", direction="higher_better", missing=(-9,), excluded=("refused",)
    )
    frame = pd.DataFrame({"y": pd.Series([1.5, -9, "-9.0", "refused", np.nan, "2"], dtype=object)})
    coded = code_outcome(frame, outcome, "table 't'")
    assert coded.y.tolist() == [1.5, 0, 0, 0, 0, 2]
    assert coded.missing.tolist() == [False, True, True, False, True, False]
    assert coded.excluded.tolist() == [False, False, False, True, False, False]


def test_a_group_without_numerator_or_denominator_is_missing() -> None:
    outcome = Outcome(column="y", type="binary", direction="higher_better", denominator="n", missing=("*",))
    frame = pd.DataFrame({"y": pd.Series([3, "*", None, 2], dtype=object), "n": [5.0, 4.0, 3.0, np.nan]})
    coded = code_outcome(frame, outcome, "table 't'")
    assert coded.missing.tolist() == [False, True, True, True]
    assert coded.y.tolist() == [3, 0, 0, 0]
    assert coded.size.tolist() == [5, 0, 0, 0]


@pytest.mark.parametrize("given", [{"event": (2,)}, {"non_event": (0,)}, {"event": (1,), "non_event": (0,)}])
@pytest.mark.parametrize(
    "measured",
    [
        {"type": "binary", "denominator": "n"},
        {"type": "count", "denominator": "n"},
        {"type": "continuous"},
    ],
)
def test_codes_of_events_have_no_place_where_events_are_not_coded(
    measured: dict[str, object], given: dict[str, object]
) -> None:
    stated = {"column": "y", "direction": "higher_better", **measured}
    with pytest.raises(ValidationError, match="they list the values of a binary outcome"):
        Outcome.model_validate(stated | given)
    assert Outcome.model_validate(stated | {"missing": (0,)}).missing == (0,)
