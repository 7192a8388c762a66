"""The No-U-Turn sampler on any density: nutpie where it is installed, PyMC's where it is not.

The one file that knows either. A chain is a function of the density, the settings and the seed, however many
run at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Evaluate = Callable[[Vector], tuple[float, Vector]]
Sampler = Literal["nutpie", "pymc"]

SPREAD = 1.0
"""Chains start at draws from a normal law of this standard deviation, in every direction."""


class Density(Protocol):
    """A density that is nearly standard normal, with slopes."""

    @property
    def dimension(self) -> int: ...

    def evaluator(self) -> Evaluate:
        """The log density and its slopes, for one chain to call."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many chains, draws and tuning steps a chain, and the acceptance to tune to."""

    chains: int = 4
    draws: int = 1000
    warmup: int = 500
    target_accept: float = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Draws (chains, draws, D), where steps diverged (chains, draws), energies, and who sampled."""

    draws: Cube
    diverging: NDArray[np.bool_]
    energy: Matrix
    sampler: Sampler


def available() -> Sampler:
    """The sampler that is installed, nutpie before PyMC. FitError when there is none."""
    if find_spec("numba") is not None:
        if find_spec("nutpie") is not None and find_spec("arviz_stats") is not None:
            return "nutpie"
        if find_spec("pymc") is not None:
            return "pymc"
    raise FitError(
        "no sampler for a posterior is installed",
        found="neither nutpie nor PyMC",
        allowed="the extra `bayes` (pip install 'precept_stats[bayes]')",
    )


def sample(density: Density, how: Sampling, seed: Seed, sampler: Sampler) -> Chains:
    """All chains. Raises FitError when the sampler stops with an error."""
    root = int(seed.at("chains").generator().integers(2**31))
    run = _with_nutpie if sampler == "nutpie" else _with_pymc
    try:
        found = run(density, how, root)
    except RuntimeError as problem:
        raise FitError(
            "the sampler stopped",
            found=str(problem).splitlines()[0],
            allowed="priors that keep the parameters where the likelihood has a value",
        ) from problem
    return found


def _cores(chains: int) -> int:
    """As many at once as this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(chains, usable)


def _start(dimension: int, seed: int) -> Vector:
    rng = np.random.default_rng(seed)
    start: Vector = SPREAD * rng.standard_normal(dimension)
    return start


def _with_nutpie(density: Density, how: Sampling, root: int) -> Chains:
    import nutpie  # lazy: heavy, and in an extra
    from nutpie.compiled_pyfunc import from_pyfunc

    def expand(_one: int, _other: int, _chain: int) -> Callable[[Vector], dict[str, Vector]]:
        return lambda z: {"z": np.array(z)}

    model = from_pyfunc(
        density.dimension,
        density.evaluator,
        expand,
        [np.dtype(np.float64)],
        [(density.dimension,)],
        ["z"],
        make_initial_point_fn=lambda seed: _start(density.dimension, seed),
    )
    trace = nutpie.sample(
        model,
        draws=how.draws,
        tune=how.warmup,
        chains=how.chains,
        cores=_cores(how.chains),
        seed=root,
        progress_bar=False,
        save_warmup=False,
        target_accept=how.target_accept,
    )
    return _gathered(trace, "nutpie")


def _operation(density: Density) -> Any:
    """The density as PyMC takes one: value and slopes in one call."""
    from pytensor.graph import Apply, Op  # lazy: heavy, and in an extra
    from pytensor.tensor import TensorVariable, dscalar, dvector

    class LogDensity(Op):  # type: ignore[misc]
        """Value and slopes of the density."""

        def __init__(self) -> None:
            self.evaluate = density.evaluator()

        def make_node(self, z: TensorVariable) -> Apply:
            return Apply(self, [z], [dscalar(), dvector()])

        def perform(self, node: Apply, inputs: list[Vector], outputs: list[list[Any]]) -> None:
            value, slope = self.evaluate(inputs[0])
            outputs[0][0], outputs[1][0] = np.array(value), slope

        def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[TensorVariable]:
            return [cotangents[0] * outputs[1]]

        L_op = pullback

    return LogDensity()


def _with_pymc(density: Density, how: Sampling, root: int) -> Chains:
    import pymc  # lazy: heavy, and in an extra

    several = np.random.SeedSequence(root)
    seeds = [int(one) for one in several.generate_state(how.chains)]
    with pymc.Model():
        z = pymc.Flat("z", shape=density.dimension)
        pymc.Potential("density", _operation(density)(z)[0])
        trace = pymc.sample(
            draws=how.draws,
            tune=how.warmup,
            chains=how.chains,
            cores=1,
            random_seed=seeds,
            initvals=[{"z": _start(density.dimension, one)} for one in seeds],
            init="adapt_diag",
            target_accept=how.target_accept,
            progressbar=False,
            nuts_sampler="pymc",
            compile_kwargs={"mode": "FAST_COMPILE"},
            compute_convergence_checks=False,
        )
    return _gathered(trace, "pymc")


def _gathered(trace: Any, sampler: Sampler) -> Chains:
    stats = trace.sample_stats
    return Chains(
        draws=np.asarray(trace.posterior["z"], dtype=np.float64),
        diverging=np.asarray(stats["diverging"], dtype=np.bool_),
        energy=np.asarray(stats["energy"], dtype=np.float64),
        sampler=sampler,
    )
