"""The record of the ladder on many programmes: the page shows it, and it comes out again."""

from __future__ import annotations

import json

import pytest

from tests.calibration.ladder import FIRST_SEED, PAGE, RECORD, answers, truths, with_table


def test_the_page_shows_the_record() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_table(text)


def test_the_first_programme_comes_out_again() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))[str(FIRST_SEED)]
    for model, answer in answers(FIRST_SEED).items():
        assert answer["estimate"] == pytest.approx(recorded[model]["estimate"], abs=1e-6)
        assert list(answer["wild_bootstrap"]) == pytest.approx(recorded[model]["wild_bootstrap"], abs=1e-5)


def test_what_the_page_says_of_the_ladder_is_in_the_record() -> None:
    known, true = json.loads(RECORD.read_text(encoding="utf-8")), truths()
    mean = {model: sum(one[model]["estimate"] for one in known.values()) / len(known) for model in true}
    assert all(mean[model] - true[model] > 0.04 for model in ("model_1", "model_2", "model_3"))
    assert all(mean[model] - true[model] < -0.02 for model in ("model_4", "model_5", "model_6"))
    assert all(
        mean[m] - true[m] == pytest.approx(0.055, abs=0.001) for m in ("model_1", "model_2", "model_3")
    )


def test_the_record_is_long_enough_to_be_quoted() -> None:
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    assert len(known) >= 300
    assert set(map(int, known)) == set(range(FIRST_SEED, FIRST_SEED + len(known)))
