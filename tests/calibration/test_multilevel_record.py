"""The recorded study of models of many series: the docs show it, the code gives it, what they say is so."""

import json
from itertools import product

import pytest

from precept_stats.methods.multilevel_its import MultilevelIts
from tests.calibration import multilevel_its
from tests.calibration.grids import MARGIN, beyond, coverage, limits
from tests.calibration.multilevel_tables import COLOURS, NAME, of_method, page, sections, span
from tests.calibration.tables import DOCS
from tests.conformance.pages import block

RECORD = json.loads((DOCS / f"{NAME}.json").read_text(encoding="utf-8"))
RIGHT, FIXED, STAGES = COLOURS


def test_the_study_is_whole() -> None:
    found = [(c["months"], c["phi"], c["method"]) for c in RECORD["cells"]]
    assert found == [(*at, name) for at, name in product(multilevel_its.SCENARIOS, multilevel_its.METHODS)]
    assert RECORD["programmes"] == 200
    assert all(c["estimated"] == RECORD["programmes"] for c in RECORD["cells"])


@pytest.mark.parametrize("number", [0, 2, 5])
def test_the_code_still_gives_what_was_recorded(number: int) -> None:
    drawn = multilevel_its.drawn(number, 0, RECORD["units"])
    errors = multilevel_its.judged(drawn)[:, 2]
    recorded = RECORD["cells"][3 * number : 3 * number + 3]
    assert errors == pytest.approx([c["error_of_first"][0] for c in recorded], abs=1e-5)


def test_the_pages_show_the_record() -> None:
    assert (DOCS / f"{NAME}.md").read_text(encoding="utf-8") == page(RECORD)
    for kind, text in sections(RECORD).items():
        shown = (DOCS / "methods" / f"{kind}.md").read_text(encoding="utf-8")
        assert block(shown, "coverage") == text


def test_what_the_method_says_of_itself_is_what_was_recorded() -> None:
    words = " ".join((MultilevelIts.__doc__ or "").split())
    assert f"in {span(RECORD, RIGHT)} per cent with random changes" in words
    assert f"in {span(RECORD, FIXED)} with random levels alone" in words


def test_random_changes_and_two_stages_cover_and_random_levels_do_not() -> None:
    low, high = limits(RECORD["programmes"])
    for name in (RIGHT, STAGES):
        assert all(low <= coverage(c) <= high for c in of_method(RECORD, name))
    assert all(coverage(c) < low for c in of_method(RECORD, FIXED) if c["months"] == 48)
    for months in (24, 48):
        shares = [coverage(c) for c in of_method(RECORD, FIXED) if c["months"] == months]
        assert shares == sorted(shares, reverse=True)


def test_no_method_is_biased() -> None:
    assert all(abs(beyond(c)) <= MARGIN for c in RECORD["cells"])
