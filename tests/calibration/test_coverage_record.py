"""The recorded coverage study: what the docs show is the record, and the record is what the code gives."""

import json

import numpy as np
import pytest

from tests.calibration.coverage import FIRST, SCENARIOS, VARIANTS, one_trial
from tests.calibration.tables import CLOSE, DOCS, METHODS, OPEN, limits, page, section, with_section

RECORD = json.loads((DOCS / "coverage.json").read_text(encoding="utf-8"))


def test_the_study_is_whole():
    assert RECORD["trials"] == 1000
    assert {(c["clusters"], c["sizes"], c["icc"]) for c in RECORD["cells"]} == {
        (s.clusters, "unequal" if s.unequal else "equal", s.icc) for s in SCENARIOS
    }
    assert [c["variant"] for c in RECORD["cells"]] == list(VARIANTS) * len(SCENARIOS)


@pytest.mark.parametrize("cell", [0, 3, 6, 11])
def test_the_code_still_gives_what_was_recorded(cell):
    outcomes = np.array([one_trial((cell, replicate)) for replicate in range(FIRST)])
    covered = np.nansum(outcomes[:, :, 0], axis=0).astype(int)
    recorded = RECORD["cells"][cell * len(VARIANTS) : (cell + 1) * len(VARIANTS)]
    assert dict(zip(VARIANTS, covered, strict=True)) == {
        c["variant"]: c["covered_of_first"] for c in recorded
    }


def test_the_docs_show_the_record():
    assert (DOCS / "coverage.md").read_text(encoding="utf-8") == page(RECORD)


@pytest.mark.parametrize("method", METHODS.values())
def test_each_method_s_page_shows_its_part_of_the_record(method):
    text = (DOCS / "methods" / f"{method}.md").read_text(encoding="utf-8")
    assert text == with_section(text, section(RECORD, method))
    assert text.index(OPEN) < text.index(CLOSE)


def test_the_plain_t_test_covers_everywhere():
    low, high = limits(RECORD)
    plain = [c["coverage"] for c in RECORD["cells"] if c["variant"] == "summaries, equal weights"]
    assert all(low <= coverage <= high for coverage in plain)
