"""What the page of bayesian_its says of coverage is what was recorded."""

from __future__ import annotations

import json

from tests.calibration.bayesian_its import PAGE, words
from tests.calibration.tables import CLOSE, DOCS, OPEN

RECORD = json.loads((DOCS / "bayesian_its_calibration.json").read_text(encoding="utf-8"))


def test_the_page_shows_the_record() -> None:
    shown = PAGE.read_text(encoding="utf-8").split(OPEN + "\n", 1)[1].split(CLOSE, 1)[0]
    assert shown == words(RECORD)


def test_the_posterior_covers_as_it_should_and_is_not_biased() -> None:
    for cell in RECORD["cells"]:
        assert cell["programmes"] >= 100
        share = cell["covered"] / cell["estimated"]
        assert abs(share - 0.95) < 3 * (0.95 * 0.05 / cell["estimated"]) ** 0.5
        assert abs(cell["bias"]) < 3 * cell["bias_mcse"]
