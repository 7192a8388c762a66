"""Calendar months as integers, so that starts and windows are plain arithmetic."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import StringConstraints

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""A calendar month written YYYY-MM."""


def month_number(month: str) -> int:
    """Months since year 0, so that differences count months."""
    year, number = month.split("-")
    return 12 * int(year) + int(number) - 1


def month_name(number: int) -> str:
    """The YYYY-MM of a month number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_names(numbers: NDArray[np.int_]) -> list[str]:
    """The YYYY-MM of each month number."""
    return [month_name(int(number)) for number in numbers]
