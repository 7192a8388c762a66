"""Addressed seeds: the same address gives the same numbers, and no two addresses share a stream."""

import subprocess
import sys

import numpy as np
import pytest

from precept_stats.inference.seeds import Seed


def draws(seed: Seed) -> tuple[float, ...]:
    return tuple(seed.generator().random(4))


def test_a_stream_is_never_used_up():
    seed = Seed(20).at("primary")
    assert draws(seed) == draws(seed)


def test_addresses_have_streams_of_their_own():
    root = Seed(20)
    streams = [
        root,
        root.at(0),
        root.at(0, 0),
        root.at(1),
        root.at("a"),
        root.at("b"),
        root.at("a", 0),
        root.at("ab"),
    ]
    streams += [Seed(21).at("a"), root.at("a").at("b"), root.at("b").at("a")]
    assert len({draws(stream) for stream in streams}) == len(streams)


def test_a_longer_address_is_the_same_in_one_step_or_several():
    assert Seed(3).at("primary", 17) == Seed(3).at("primary").at(17)


def test_another_process_finds_the_same_numbers():
    code = "from precept_stats.inference.seeds import Seed; "
    code += "print(list(Seed(7).at('primary', 4).generator().random(3)))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout.strip()
        for hash_seed in ("1", "2")
    ]
    assert runs == [str(list(Seed(7).at("primary", 4).generator().random(3)))] * 2


def test_neighbouring_replicates_look_independent():
    drawn = np.array([Seed(1).at("x", r).generator().standard_normal(2) for r in range(4000)])
    assert np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1] == pytest.approx(0.0, abs=4 / np.sqrt(4000))
    assert drawn.mean() == pytest.approx(0.0, abs=4 / np.sqrt(8000))


@pytest.mark.parametrize("step", [-1, 2**32])
def test_a_step_that_would_take_more_words_is_refused(step):
    with pytest.raises(ValueError, match="address"):
        Seed(1).at(step)
