"""Random effects that are sampled with the rest: their joint normal law, on one of two coordinates.

A block has q effects of standard deviation sigma, independent or, in order of time, of the first order of
autoregression with correlation rho. Not centred, its coordinates are the standard normal innovations z, with
b[1] = sigma z[1] and b[t] = rho b[t - 1] + sigma sqrt(1 - rho^2) z[t]; centred, they are b itself. The first
is the better one where data say little of an effect, the second where they say much (Papaspiliopoulos,
Roberts and Skold 2007, Stat Sci 22:59).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEAST = 1e-8
"""A standard deviation below which a centred block's is taken as this."""


@dataclass(frozen=True, slots=True)
class Block:
    """Effects at coordinates ``first`` to ``first + count``, their SD at ``scale``.

    ``correlation`` is the place of the logit of rho, None where effects are independent.
    """

    first: int
    count: int
    scale: int
    correlation: int | None = None
    centred: bool = False

    @property
    def at(self) -> slice:
        return slice(self.first, self.first + self.count)

    def rho(self, coordinates: Vector) -> float:
        """The correlation of successive effects."""
        if self.correlation is None:
            return 0.0
        logit = min(max(float(coordinates[self.correlation]), -30.0), 30.0)
        return min(1.0 / (1.0 + math.exp(-logit)), 1.0 - 1e-9)

    def effects(self, coordinates: Vector) -> Vector:
        """The effects (q,) at coordinates (P,)."""
        if self.centred:
            return coordinates[self.at]
        return self._built(coordinates[self.at], float(coordinates[self.scale]), self.rho(coordinates))

    def innovations(self, effects: Vector, coordinates: Vector) -> Vector:
        """The z (q,) that effects (q,) are of."""
        rho, sigma = self.rho(coordinates), self._held(coordinates)
        out = effects / sigma
        out[1:] = (effects[1:] - rho * effects[:-1]) / (sigma * math.sqrt(1.0 - rho * rho))
        return out

    def _held(self, coordinates: Vector) -> float:
        sigma = float(coordinates[self.scale])
        return math.copysign(max(abs(sigma), LEAST), sigma)

    def _built(self, z: Vector, sigma: float, rho: float) -> Vector:
        if self.correlation is None:
            return sigma * z
        out, root = sigma * z, math.sqrt(1.0 - rho * rho)
        for t in range(1, len(z)):
            out[t] = rho * out[t - 1] + root * out[t]
        return out

    def add(self, slope: Vector, coordinates: Vector) -> float:
        """The log density of the block's coordinates; ``slope`` (P,), of effects till now, is made theirs."""
        return self._add_centred(slope, coordinates) if self.centred else self._add(slope, coordinates)

    def log_densities(self, shown: Vector) -> Vector:
        """Of each effect given those before (q,), at coordinates that have the effects themselves."""
        z, rho = self.innovations(shown[self.at], shown), self.rho(shown)
        width = np.full(len(z), abs(self._held(shown)) * math.sqrt(1.0 - rho * rho))
        width[0] = abs(self._held(shown))
        found: Vector = -0.5 * z * z - np.log(width) - 0.5 * math.log(2.0 * math.pi)
        return found

    def _add(self, slope: Vector, coordinates: Vector) -> float:
        effects = self.effects(coordinates)
        z, sigma, rho = coordinates[self.at], float(coordinates[self.scale]), self.rho(coordinates)
        back, root = np.array(slope[self.at]), math.sqrt(1.0 - rho * rho)
        for t in range(len(back) - 2, -1, -1) if self.correlation is not None else ():
            back[t] += rho * back[t + 1]
        weight = np.full(len(z), root)
        weight[0] = 1.0
        slope[self.scale] += float(back @ (weight * z))
        if self.correlation is not None:
            of_rho = float(back[1:] @ (effects[:-1] - sigma * rho / root * z[1:]))
            slope[self.correlation] += of_rho * rho * (1.0 - rho)
        slope[self.at] = sigma * weight * back - z
        return -0.5 * float(z @ z) - 0.5 * len(z) * math.log(2.0 * math.pi)

    def _add_centred(self, slope: Vector, coordinates: Vector) -> float:
        b, sigma, rho = coordinates[self.at], self._held(coordinates), self.rho(coordinates)
        z, root = self.innovations(b, coordinates), math.sqrt(1.0 - rho * rho)
        width = np.full(len(b), sigma * root)
        width[0] = sigma
        pull = z / width
        slope[self.at] -= pull
        slope[self.first : self.first + self.count - 1] += rho * pull[1:]
        slope[self.scale] += (float(z @ z) - len(b)) / sigma
        if self.correlation is not None:
            of_rho = float(pull[1:] @ b[:-1]) - rho / root**2 * float(z[1:] @ z[1:] - (len(b) - 1))
            slope[self.correlation] += of_rho * rho * (1.0 - rho)
        log_widths = float(np.log(np.abs(width)).sum())
        return -0.5 * float(z @ z) - log_widths - 0.5 * len(z) * math.log(2.0 * math.pi)

    def drawn(self, rng: np.random.Generator, coordinates: Matrix) -> Matrix:
        """Effects (R, q) of the prior given the SD and correlation in coordinates (R, P)."""
        z = rng.standard_normal((len(coordinates), self.count))
        return np.array(
            [
                self._built(one, float(row[self.scale]), self.rho(row))
                for one, row in zip(z, coordinates, strict=True)
            ]
        )
