"""Chains that finish outlive an interrupt: what is sampled after it is what would have been."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.inference.nuts import Sampler, Sampling, available, sample
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import Chain, Watch

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

HOW = Sampling(chains=3, draws=100, warmup=100)
SEED = Seed(20261123)


class Normal:
    """A standard normal density that counts how often it was asked for."""

    dimension = 2

    def __init__(self, width: float = 1.0) -> None:
        self.width, self.evaluators = width, 0

    def evaluator(self) -> object:
        self.evaluators += 1
        return lambda z: (-0.5 * float(z @ z) / self.width, -z / self.width)


def interrupted_after(count: int, shelf: dict[str, Chain]) -> Watch:
    def keep(key: str, chain: Chain) -> None:
        shelf[key] = chain
        if len(shelf) == count:
            raise KeyboardInterrupt

    return Watch(find=shelf.get, keep=keep)


@pytest.mark.parametrize("sampler", ["nutpie", pytest.param("pymc", marks=pytest.mark.slow)])
def test_what_was_finished_is_taken_up_and_the_rest_is_the_same(sampler: Sampler) -> None:
    whole = sample(Normal(), HOW, SEED, sampler)
    shelf: dict[str, Chain] = {}
    with pytest.raises(KeyboardInterrupt):
        sample(Normal(), HOW, SEED, sampler, interrupted_after(1, shelf))
    assert len(shelf) == 1
    kept = next(iter(shelf.values()))
    resumed = sample(Normal(), HOW, SEED, sampler, Watch(find=shelf.get, keep=shelf.__setitem__))
    assert np.array_equal(resumed.draws, whole.draws)
    assert any(np.array_equal(kept.draws, one) for one in resumed.draws)
    assert len(shelf) == HOW.chains


def test_a_chain_of_other_data_or_settings_is_not_taken_up() -> None:
    shelf: dict[str, Chain] = {}
    watch = Watch(find=shelf.get, keep=shelf.__setitem__)
    for density, how in ((Normal(), HOW), (Normal(2.0), HOW), (Normal(), Sampling(3, 100, 101))):
        sample(density, how, SEED, available(), watch)
    assert len(shelf) == 3 * HOW.chains


def test_progress_is_told_up_to_the_last_step() -> None:
    heard: list[tuple[int, int]] = []
    shelf: dict[str, Chain] = {}
    slow = Sampling(chains=2, draws=3000, warmup=300)
    watch = Watch(lambda done, total: heard.append((done, total)), shelf.get, shelf.__setitem__)
    sample(Normal(), slow, SEED, available(), watch)
    assert {total for _, total in heard} == {2 * 3300}
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
