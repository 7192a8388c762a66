"""The only place that rounds: numbers in, text for readers out.

Decimals follow the precision of the estimate: an interval is shown with about two significant
digits of its width, so nothing is shown that the data cannot tell and nothing is rounded away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from precept_stats.values import Estimate

MINUS = "\u2212"
THIN = "\u202f"
SUMMARIES = ("mean_difference", "risk_difference", "rate_difference")
CHANGES = ("level_change", "slope_change", "pulse_change", "decaying_change")
DIFFERENCES = (
    *SUMMARIES,
    *CHANGES,
    *(f"{of}_{one}" for of in ("complier", "dose", "interaction") for one in SUMMARIES),
)
MAX_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers of one unit are shown: the factor, the least decimals, and the word after them."""

    factor: float
    least: int
    suffix: str
    words: str


def scale_of(unit: str, *, difference: bool) -> Scale:
    """A proportion is shown as per cent, and a difference of proportions in percentage points."""
    if unit == "proportion":
        return Scale(100, 1, "", "percentage points") if difference else Scale(100, 1, "%", "%")
    return Scale(1, 2, "", "") if unit == "ratio" else Scale(1, 0, "", unit)


def scale_for(measure: str, unit: str) -> Scale:
    """The scale of an effect or of a mean, told apart by the name of the measure."""
    return scale_of(unit, difference=measure in DIFFERENCES)


def decimals_for(width: float, least: int = 0) -> int:
    """Decimals that show about two significant digits of an interval of this width."""
    if not (math.isfinite(width) and width > 0):
        return max(least, 2)
    return min(MAX_DECIMALS, max(least, 1 - math.floor(math.log10(width))))


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, a true minus sign, thin thousands, and no negative zero."""
    if math.isinf(value):
        return "unbounded"
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN)
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return MINUS + text if negative else text


def count_text(value: float) -> str:
    """A count of people or clusters; a median may end in .5."""
    return fixed(value, 0 if float(value).is_integer() else 1)


def percent_text(proportion: float, decimals: int = 1) -> str:
    """A proportion as per cent."""
    return fixed(100 * proportion, decimals) + "%"


def number(value: float, significant: int = 3) -> str:
    """A number of no known precision, to so many significant digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return fixed(value, max(0, significant - 1 - math.floor(math.log10(abs(value)))))


def trimmed(text: str) -> str:
    """A number without zeros at the end of its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_text(p_value: float | None) -> str:
    """A p-value to three decimals; ``<0.001`` below. A posterior has none."""
    if p_value is None:
        return "none"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


WITHOUT_DF = {
    "": "normal",
    "estimate and standard error": "normal",
    "multiple imputation (Rubin's rules)": "normal",
    "profile likelihood": "profile",
    "studentised bootstrap": "bootstrap",
    "percentiles of the bootstrap": "bootstrap",
    "percentiles of the posterior": "posterior",
    "inversion of the randomisation test": "randomisation",
    "inversion of the wild cluster bootstrap test": "bootstrap",
}
"""What stands for degrees of freedom where there are none, by how the interval was found."""


def df_text(df: float | None, method: str = "") -> str:
    """Degrees of freedom: whole numbers as they are, others to one decimal.

    Without any, ``normal`` for an interval made of an estimate and its standard error, else what stands for
    the ``method`` by which it was found.
    """
    stands_for = WITHOUT_DF.get(method.split(";")[0], "none")
    if df is None or stands_for not in ("normal", "none"):
        return stands_for
    return fixed(df, 0 if float(df).is_integer() else 1)


def icc_text(icc: float) -> str:
    """An intraclass correlation to three decimals."""
    return fixed(icc, 3)


def level_text(level: float) -> str:
    """A confidence level with all its digits: ``95%``, ``99.999%``."""
    return f"{Decimal(str(level)) * 100:f}".rstrip("0").rstrip(".") + "%"


def point_text(value: float, width: float, scale: Scale) -> str:
    """An estimate with the decimals that its interval of ``width`` (unscaled) deserves."""
    return fixed(value * scale.factor, decimals_for(width * scale.factor, scale.least)) + scale.suffix


def range_text(lower: float, upper: float, scale: Scale) -> str:
    """An interval, ``a to b``; a side without end is called unbounded."""
    if math.isinf(lower) and math.isinf(upper):
        return "unbounded"
    decimals = decimals_for((upper - lower) * scale.factor, scale.least)
    return f"{fixed(lower * scale.factor, decimals)} to {fixed(upper * scale.factor, decimals)}{scale.suffix}"


def number_text(estimate: Estimate) -> str:
    """The value of an estimate, for tables."""
    return point_text(estimate.value, _width(estimate), scale_for(estimate.measure, estimate.unit))


def interval_text(estimate: Estimate) -> str:
    """The interval of an estimate, ``a to b``."""
    scale = scale_for(estimate.measure, estimate.unit)
    return range_text(*_ends(estimate), scale)


def _width(estimate: Estimate) -> float:
    lower, upper = _ends(estimate)
    return upper - lower


def _ends(estimate: Estimate) -> tuple[float, float]:
    """The limits as they are shown: infinite on a side without end, for a ratio too."""
    interval = estimate.interval
    below, above = interval.without_end
    return -math.inf if below else interval.lower, math.inf if above else interval.upper


def joined(parts: tuple[str, ...] | list[str]) -> str:
    """Words as a list in a sentence: ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def plural(n: float, one: str, many: str = "") -> str:
    """``1 cluster``, ``2 clusters``."""
    return f"{count_text(n)} {one if n == 1 else many or one + 's'}"
