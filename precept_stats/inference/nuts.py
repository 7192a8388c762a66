"""The No-U-Turn sampler on any density: nutpie where it is installed, PyMC's where it is not.

The one file that knows either. A chain is a function of the density, the settings and its own seed, however
many run at once, so that a chain that was finished before an interrupt need not be sampled again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import NOBODY, Chain, Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Evaluate = Callable[[Vector], tuple[float, Vector]]
Sampler = Literal["nutpie", "pymc"]

PATIENCE = 0.02
"""Seconds to wait for one chain before looking at the next."""

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
    warmup: int = 300
    target_accept: float = 0.9

    @property
    def steps(self) -> int:
        """Of one chain, with those to tune."""
        return self.draws + self.warmup


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


def sample(density: Density, how: Sampling, seed: Seed, sampler: Sampler, watch: Watch = NOBODY) -> Chains:
    """All chains. Raises FitError when the sampler stops with an error.

    An interrupt loses no finished chain that ``watch`` keeps.
    """
    roots = [int(seed.at("chains", number).generator().integers(2**31)) for number in range(how.chains)]
    keys = [_fingerprint(density, how, root, sampler) for root in roots]
    kept = {number: chain for number, key in enumerate(keys) if (chain := watch.find(key)) is not None}
    left = {number: root for number, root in enumerate(roots) if number not in kept}
    progress = Progress(watch, how, dict.fromkeys(kept, how.steps))
    run = _with_nutpie if sampler == "nutpie" else _with_pymc
    try:
        for number, chain in run(density, how, left, progress):
            watch.keep(keys[number], chain)
            kept[number] = chain
    except RuntimeError as problem:
        raise FitError(
            "the sampler stopped",
            found=str(problem).splitlines()[0],
            allowed="priors that keep the parameters where the likelihood has a value",
        ) from problem
    parts = [kept[number] for number in range(how.chains)]
    return Chains(
        draws=np.stack([chain.draws for chain in parts]),
        diverging=np.stack([chain.diverging for chain in parts]),
        energy=np.stack([chain.energy for chain in parts]),
        sampler=sampler,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How many steps each chain has made; told on the thread that waits for them."""

    watch: Watch
    how: Sampling
    steps: dict[int, int] = field(default_factory=dict)

    def tell(self) -> None:
        self.watch.told(sum(self.steps.values()), self.how.chains * self.how.steps)


def _fingerprint(density: Density, how: Sampling, root: int, sampler: Sampler) -> str:
    """A digest of all that a chain depends on; the density by its values and slopes at three places."""
    evaluate = density.evaluator()
    digest = hashlib.sha256(repr((sampler, version(sampler), astuple(how), root, density.dimension)).encode())
    for place in range(3):
        value, slope = evaluate(_start(density.dimension, place))
        digest.update(np.append(slope, value).tobytes())
    return digest.hexdigest()


def _cores(chains: int) -> int:
    """As many at once as this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(chains, usable)


def _start(dimension: int, seed: int) -> Vector:
    rng = np.random.default_rng(seed)
    start: Vector = SPREAD * rng.standard_normal(dimension)
    return start


def _with_nutpie(
    density: Density, how: Sampling, roots: dict[int, int], progress: Progress
) -> Iterator[tuple[int, Chain]]:
    """Chains as they finish, some at a time, each by a sampler of its own."""
    start, waiting = _nutpie_chains(density, how, progress), dict(roots)
    running: dict[int, Any] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _cores(how.chains):
                number = next(iter(waiting))
                running[number] = start(number, waiting.pop(number))
            for number in list(running):
                progress.tell()
                with suppress(TimeoutError):
                    trace = running[number].wait(timeout=PATIENCE)
                    del running[number]
                    progress.steps[number] = how.steps
                    yield number, _chain_of(trace)
    finally:
        for one in running.values():
            one.cancel()


def _nutpie_chains(density: Density, how: Sampling, progress: Progress) -> Callable[[int, int], Any]:
    """What starts the chain of a number with a seed."""
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

    def start(number: int, root: int) -> Any:
        def heard(chains: list[Any]) -> None:
            progress.steps[number] = chains[0].finished_draws

        return nutpie.sample(
            model,
            draws=how.draws,
            tune=how.warmup,
            chains=1,
            cores=1,
            seed=root,
            progress_bar=False,
            progress_callback=heard,
            save_warmup=False,
            target_accept=how.target_accept,
            blocking=False,
        )

    return start


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


def _with_pymc(
    density: Density, how: Sampling, roots: dict[int, int], progress: Progress
) -> Iterator[tuple[int, Chain]]:
    """One chain after another."""
    import pymc  # lazy: heavy, and in an extra

    with pymc.Model():
        z = pymc.Flat("z", shape=density.dimension)
        pymc.Potential("density", _operation(density)(z)[0])
        for number, root in roots.items():
            trace = pymc.sample(
                draws=how.draws,
                tune=how.warmup,
                chains=1,
                cores=1,
                random_seed=[root],
                initvals={"z": _start(density.dimension, root)},
                init="adapt_diag",
                target_accept=how.target_accept,
                progressbar=False,
                nuts_sampler="pymc",
                callback=_counter(progress, number),
                compile_kwargs={"mode": "FAST_COMPILE"},
                compute_convergence_checks=False,
            )
            found = _chain_of(trace)
            if len(found.draws) < how.draws:
                raise KeyboardInterrupt
            yield number, found


def _counter(progress: Progress, number: int) -> Callable[..., None]:
    """What PyMC calls after each step of a chain."""

    def heard(*, trace: Any, draw: Any) -> None:  # noqa: ARG001 (named so by PyMC)
        progress.steps[number] = progress.steps.get(number, 0) + 1
        progress.tell()

    return heard


def _chain_of(trace: Any) -> Chain:
    stats = trace.sample_stats
    return Chain(
        draws=np.asarray(trace.posterior["z"], dtype=np.float64)[0],
        diverging=np.asarray(stats["diverging"], dtype=np.bool_)[0],
        energy=np.asarray(stats["energy"], dtype=np.float64)[0],
    )
