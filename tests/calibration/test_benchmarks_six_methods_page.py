"""docs/benchmarks_six_methods.md shows the record beside it, the programs agree, and no machine is named."""

import getpass
import json
import runpy
import socket
import sys

import pytest

from tests.calibration.tables import DOCS

RECORD = (DOCS / "benchmarks_six_methods.json").read_text(encoding="utf-8")


def test_the_page_shows_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DOCS.parent / "benchmarks"
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    made = runpy.run_path(str(folder / "six_methods.py"))["page"](json.loads(RECORD))
    assert (DOCS / "benchmarks_six_methods.md").read_text(encoding="utf-8") == made


@pytest.mark.parametrize("name", ["California", "drivers"])
def test_the_record_is_whole_and_the_programs_agree(name: str) -> None:
    one = json.loads(RECORD)["series"][name]
    tolerance = {"ols": 1e-8, "newey_west": 1e-8, "prais_winsten": 1e-8, "reml": 1e-6, "arima": 1e-4}
    assert set(one["level"]) == {*tolerance, "reml_satterthwaite"}
    for kind, within in tolerance.items():
        for part in ("level", "std_error"):
            assert one["r"][part][kind] == pytest.approx(one[part][kind], rel=within), (kind, part)


def test_the_table_takes_less_than_a_second() -> None:
    assert all(one["whole"] < 1.0 for one in json.loads(RECORD)["series"].values())


def test_the_record_names_no_machine() -> None:
    assert socket.gethostname() not in RECORD
    assert f"/{getpass.getuser()}/" not in RECORD
