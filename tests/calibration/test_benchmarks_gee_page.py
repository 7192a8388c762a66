"""docs/benchmarks_gee.md shows the record beside it, and the record names no machine or user."""

import getpass
import json
import runpy
import socket
import sys

import pytest

from tests.calibration.tables import DOCS

RECORD = (DOCS / "benchmarks_gee.json").read_text(encoding="utf-8")


def test_the_page_shows_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DOCS.parent / "benchmarks"
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    made = runpy.run_path(str(folder / "gee.py"))["page"](json.loads(RECORD))
    assert (DOCS / "benchmarks_gee.md").read_text(encoding="utf-8") == made


def test_the_record_is_whole_and_the_programs_agree() -> None:
    trials = json.loads(RECORD)["trials"]
    assert set(trials) == {"d1", "d2"}
    for one in trials.values():
        assert one["statsmodels"]["effect"] == pytest.approx(one["effect"], rel=1e-3)
        for kind in ("liang_zeger", "mancl_derouen"):
            assert one["statsmodels"][kind] == pytest.approx(one["std_errors"][kind], rel=1e-4)
    assert trials["d1"]["geepack"]["liang_zeger"] == pytest.approx(
        trials["d1"]["std_errors"]["liang_zeger"], 1e-5
    )


def test_the_record_names_no_machine() -> None:
    assert socket.gethostname() not in RECORD
    assert f"/{getpass.getuser()}/" not in RECORD
