"""Simulated regions with a known disparity, their sizes as unequal as those of England's maternity data.

The sizes are quantiles of a lognormal law with the mean and the coefficient of variation of the denominators
of preterm birth in 2022-23 (seven regions: 76,600 and 0.24; 122 trusts: 4,460 and 0.52, clipped to 30), and
of 15 regions of a national programme with 200 people each (0.33). True log odds are normal scores in an order
that a seed gives, so that the variance is what is asked for and never a matter of chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

import precept_stats as ps
from precept_stats.studies.region_design import RegionDesign
from precept_stats.studies.regions import Regions

Floats = NDArray[np.float64]

PER_CENT = 100.0
ORDER = 20261123


@dataclass(frozen=True)
class World:
    """So many areas of so many people on average, around a share, with a SD of the true log odds."""

    name: str
    areas: int
    people: float
    variation: float
    share: float
    spread: float

    @property
    def size(self) -> Floats:
        sigma = np.sqrt(np.log1p(self.variation**2))
        z = special.ndtri((np.arange(self.areas) + 0.5) / self.areas)
        return np.maximum(np.round(self.people * np.exp(sigma * z - sigma**2 / 2.0)), 30.0)

    @property
    def truth(self) -> Floats:
        """The true shares; the SD of their log odds over areas is exactly ``spread``."""
        z = special.ndtri((np.arange(self.areas) + 0.5) / self.areas)
        z = np.random.default_rng(ORDER).permutation(z / z.std())
        found: Floats = special.expit(special.logit(self.share) + self.spread * z)
        return found


PLACES = (
    ("7 regions", 7, 76_600.0, 0.24, 0.08),
    ("15 regions", 15, 200.0, 0.33, 0.7),
    ("122 trusts", 122, 4_460.0, 0.52, 0.08),
)
SPREADS = {
    "7 regions": (0.0, 0.02, 0.08, 0.3),
    "15 regions": (0.0, 0.15, 0.4, 0.8),
    "122 trusts": (0.0, 0.05, 0.15, 0.4),
}
WORLDS = tuple(World(*place, spread) for place in PLACES for spread in SPREADS[place[0]])


def design_of(world: World, rng: np.random.Generator, later: Floats | None = None) -> RegionDesign:
    """Counts drawn from the true shares; with ``later`` a second period with those shares."""
    truths = [world.truth] if later is None else [world.truth, later]
    size = world.size
    events = np.array([rng.binomial(size.astype(np.int64), truth) for truth in truths], dtype=np.float64)
    seen = np.clip(events, 0.5, size - 0.5)
    share = seen / size
    template = Regions(area="area", period="period" if later is not None else None, scale="per_cent")
    every = np.broadcast_to(size, events.shape)
    return RegionDesign(
        areas=tuple(f"A{k}" for k in range(world.areas)),
        periods=tuple(f"P{t}" for t in range(len(truths))),
        y=PER_CENT * events / size,
        std_error=PER_CENT * np.sqrt(share * (1.0 - share) / size),
        events=events,
        size=every,
        people=every,
        share=every / size.sum(),
        rank=np.full(events.shape, np.nan),
        rounding=np.zeros(events.shape),
        law="binomial",
        study=template,
        outcome=ps.Outcome(column="d", denominator="n", type="binary", direction="lower_better"),
    )


def ordered(design: RegionDesign) -> RegionDesign:
    """The same areas from the smallest to the largest, an order that has nothing to do with their shares."""
    order = np.broadcast_to(np.arange(1.0, len(design.areas) + 1.0), design.y.shape)
    study = design.study.model_copy(update={"rank": "order"})
    return replace(design, rank=order, study=study)


def true_design(design: RegionDesign, world: World) -> RegionDesign:
    """The same areas with their true shares as estimates."""
    return replace(design, y=PER_CENT * world.truth[None])
