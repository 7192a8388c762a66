"""What draws of an effect say: probabilities of benefit, and the prior beside the posterior in bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fact
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

BINS = 48
LIMITS = (0.025, 0.975)


def values_of(quantity: Quantity, params: Matrix) -> Vector:
    """The quantity at each of R parameters (R, P), as a reader thinks of it."""
    with np.errstate(all="ignore"):
        if quantity.of_many is None:
            return np.array([to_reader(quantity.scale, quantity.value(draw)) for draw in params])
        return np.array([to_reader(quantity.scale, one) for one in quantity.of_many(params)])


@dataclass(frozen=True, slots=True)
class Benefit:
    """Which side of the null is better, and how large a benefit is worth having.

    ``worthwhile`` is above 0 for a difference and above 1 for a ratio, whichever side is better; None where
    no size was declared.
    """

    ratio: bool
    higher_better: bool
    worthwhile: float | None

    @property
    def null(self) -> float:
        return 1.0 if self.ratio else 0.0

    @property
    def threshold(self) -> float | None:
        """The effect from which on benefit is worthwhile."""
        return None if self.worthwhile is None else self._side(self.worthwhile, better=True)

    @property
    def other_threshold(self) -> float | None:
        """As far on the side of harm."""
        return None if self.worthwhile is None else self._side(self.worthwhile, better=False)

    def _side(self, size: float, *, better: bool) -> float:
        if better is self.higher_better:
            return size
        return 1.0 / size if self.ratio else -size

    def beyond(self, effects: Vector, threshold: float) -> float:
        """The share of effects at least as good as a threshold."""
        good = effects > threshold if self.higher_better else effects < threshold
        return float(np.mean(good))


def probability_facts(effects: Vector, benefit: Benefit) -> Iterator[Fact]:
    """The probabilities that a reader asks for, as shares of draws."""

    def fact(name: str, label: str, stat: float) -> Fact:
        return Fact(name, label, stat, "proportion", context="probability")

    yield fact("benefit", "Probability of any benefit", benefit.beyond(effects, benefit.null))
    good, bad = benefit.threshold, benefit.other_threshold
    if good is None or bad is None:
        return
    worthwhile = benefit.beyond(effects, good)
    yield fact("worthwhile", "Probability of a worthwhile benefit", worthwhile)
    low, high = min(good, bad), max(good, bad)
    inside = float(np.mean((effects >= low) & (effects <= high)))
    yield fact("equivalence", "Probability of practical equivalence", inside)
    yield fact("harm", "Probability of harm as large", 1.0 - worthwhile - inside)
    yield Fact("threshold", "Smallest worthwhile effect", good, context="probability")
    yield Fact("other_threshold", "Harm of the same size", bad, context="probability")


def prior_facts(quantity: Quantity, prior: Matrix, about: tuple[str, str]) -> Iterator[Fact]:
    """Median and 95 % limits of a quantity before the data; ``about`` groups them."""
    drawn = values_of(quantity, prior)
    drawn = drawn[np.isfinite(drawn)]
    low, middle, high = np.quantile(drawn, (LIMITS[0], 0.5, LIMITS[1]))
    for name, label, value in (
        ("estimate", "Median of the prior", middle),
        ("conf_low", "2.5 % of the prior lies below", low),
        ("conf_high", "97.5 % of the prior lies below", high),
    ):
        yield Fact(name, label, float(value), quantity.unit, (about,), "prior")


def density_facts(effects: Vector, prior: Vector, benefit: Benefit, *, log: bool) -> Iterator[Fact]:
    """The shares of posterior and prior in bins of one width (of ratios on the log scale)."""
    ends = _edges(effects, prior[np.isfinite(prior)], benefit, log=log)
    laws: tuple[tuple[Literal["posterior", "prior"], Vector], ...] = (
        ("posterior", effects),
        ("prior", prior),
    )
    for law, drawn in laws:
        counts, _ = np.histogram(drawn, ends)
        for number, (low, high, count) in enumerate(zip(ends[:-1], ends[1:], counts, strict=True), 1):
            groups = (("law", law), ("bin", str(number)))
            yield Fact("lower", "Lower end of a bin", float(low), "", groups, "posterior")
            yield Fact("upper", "Upper end of a bin", float(high), "", groups, "posterior")
            yield Fact(
                "share", "Share of draws", float(count) / len(drawn), "proportion", groups, "posterior"
            )


def _edges(effects: Vector, prior: Vector, benefit: Benefit, *, log: bool) -> Vector:
    """All of the posterior, null (an edge) and thresholds, and the prior as far as that leaves room."""
    forward = np.log if log else np.asarray
    drawn = forward(effects)
    marked = [one for one in (benefit.null, benefit.threshold, benefit.other_threshold) if one is not None]
    low = min(float(np.quantile(drawn, 0.0005)), *(float(forward(one)) for one in marked))
    high = max(float(np.quantile(drawn, 0.9995)), *(float(forward(one)) for one in marked))
    reach = high - low
    before = forward(prior)
    low = max(min(low, float(np.quantile(before, LIMITS[0]))), low - 0.6 * reach)
    high = min(max(high, float(np.quantile(before, LIMITS[1]))), high + 0.6 * reach)
    step, null = (high - low) / (BINS - 1), float(forward(benefit.null))
    first = null - np.ceil((null - low) / step) * step
    ends = first + step * np.arange(BINS + 1)
    edges: Vector = np.exp(ends) if log else ends
    return edges


def require_finite(effects: Vector) -> None:
    """FitError where a draw has no effect."""
    lost = int(np.count_nonzero(~np.isfinite(effects)))
    if lost:
        raise FitError(
            "the effect has no value in some draws of the posterior",
            found=f"{lost} of {len(effects)} draws",
            allowed="priors that keep risks away from 0 and 1, or a difference",
        )
