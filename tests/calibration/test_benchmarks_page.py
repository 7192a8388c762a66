"""docs/benchmarks.md shows the records beside it, and the records name no machine or user."""

import getpass
import json
import runpy
import socket

from tests.calibration.tables import DOCS

PAGE = runpy.run_path(str(DOCS.parent / "benchmarks" / "page.py"))
RECORDS = {name: (DOCS / f"{name}.json").read_text(encoding="utf-8") for name in ("benchmarks", "growth")}


def test_the_page_shows_the_records() -> None:
    made = PAGE["page"](*(json.loads(text) for text in RECORDS.values()))
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == made


def test_the_records_are_whole() -> None:
    tasks = json.loads(RECORDS["benchmarks"])["tasks"]
    assert all("seconds" in task["programs"]["precept_stats"] for task in tasks.values())
    points = json.loads(RECORDS["growth"])["points"]
    assert max(p["rows"] for p in points) == 10**7
    assert {p["clusters"] for p in points} == {10, 100, 1000, 10**4}


def test_the_records_name_no_machine() -> None:
    text = "".join(RECORDS.values())
    assert socket.gethostname() not in text
    assert f"/{getpass.getuser()}/" not in text
