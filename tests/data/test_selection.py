"""Conditions compare like with like: text has an order only as months and dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from precept_stats.data.selection import Condition
from precept_stats.errors import DataError


def kept(condition: dict[str, object], values: object) -> list[bool]:
    return Condition.model_validate({"column": "x", **condition}).mask(pd.DataFrame({"x": values})).tolist()


@pytest.mark.parametrize("operator", ["below", "at_most", "above", "at_least"])
@pytest.mark.parametrize(
    ("values", "operand"),
    [
        (["28", "100", "30"], "30"),
        (pd.Series(["28", "100"], dtype=object), "30"),
        (["mild", "severe"], "moderate"),
        (["2018-05", "2018-5"], "2018-06"),
        (["2018-05", "2018-06"], "2018-6"),
        (["2018-05-31", "2018-06-01"], "2018-05"),
        (["2018-05", "2018-13"], "2018-06"),
    ],
)
def test_text_is_not_compared_by_the_alphabet(operator: str, values: object, operand: str) -> None:
    with pytest.raises(DataError, match="text has no order") as raised:
        kept({operator: operand}, values)
    assert "'x'" in raised.value.found
    assert "YYYY-MM" in raised.value.allowed


def test_months_and_dates_are_compared_as_text() -> None:
    assert kept({"below": "2018-06"}, ["2018-05", "2018-06", None]) == [True, False, False]
    assert kept({"at_least": "2018-06-01"}, ["2018-05-31", "2018-06-01"]) == [False, True]
    assert kept({"above": "2018-06-01"}, pd.to_datetime(["2018-05-31", "2018-06-02"])) == [False, True]
    assert kept({"at_most": 30}, [28.0, 100.0, np.nan]) == [True, False, False]


def test_text_is_still_equal_to_itself() -> None:
    assert kept({"equals": "30"}, ["28", "30"]) == [False, True]
    assert kept({"in": ["28", "x"]}, ["28", "30"]) == [True, False]
