"""A study that is stopped goes on where it was, and finds what it would have found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.calibration.batches import Batches


def test_what_was_found_is_not_looked_for_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def one(number: int) -> np.ndarray:
        asked.append(number)
        return np.array([number, number**2])

    expected = [[k, k**2] for k in range(7)]
    assert Batches(tmp_path, 3).found(4, 7, one).tolist() == expected
    assert Batches(tmp_path, 3).found(4, 7, one).tolist() == expected
    assert asked == list(range(7))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "04-00000-00002.npy",
        "04-00003-00005.npy",
        "04-00006-00006.npy",
    ]


def test_a_run_that_stops_keeps_what_is_whole(tmp_path: Path) -> None:
    def stops(number: int) -> np.ndarray:
        if number == 5:
            raise KeyboardInterrupt
        return np.array([number])

    with pytest.raises(KeyboardInterrupt):
        Batches(tmp_path, 2).found(0, 6, stops)
    found = Batches(tmp_path, 2).found(0, 6, lambda number: np.array([100 + number]))
    assert found.ravel().tolist() == [0, 1, 2, 3, 104, 105]
