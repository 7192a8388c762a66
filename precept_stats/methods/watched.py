"""A method whose chains are watched while they are sampled: everything else is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import Watch
from precept_stats.methods.contract import Method
from precept_stats.studies.design import AnyDesign


@runtime_checkable
class Samples(Protocol):
    """A method that samples chains, and can say how far they are."""

    @property
    def kind(self) -> str: ...

    def fit_watched(self, design: AnyDesign, seed: Seed | None, watch: Watch) -> Fit:
        """What ``fit`` gives."""
        ...

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]: ...


@dataclass(frozen=True, slots=True)
class _Watched:
    method: Samples
    watch: Watch

    @property
    def kind(self) -> str:
        return self.method.kind

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        return self.method.fit_watched(design, seed, self.watch)

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        return self.method.targets(design)


def watched(method: Method, watch: Watch) -> Method:
    """The method, watched where it samples chains."""
    return cast(Method, _Watched(method, watch)) if isinstance(method, Samples) else method
