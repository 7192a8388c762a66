"""Which folder of a zip file is verified, and which zip files hold none."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from precept_stats.errors import DataError
from precept_stats.evidence.names import MANIFEST
from precept_stats.evidence.verify.opened import opened


def zipped(place: Path, *names: str) -> Path:
    path = place / "sent.zip"
    with ZipFile(path, "w") as content:
        for name in names:
            content.writestr(name, "{}")
    return path


@pytest.mark.parametrize("lead", ["", "bundle/"])
def test_the_manifest_is_at_the_top_or_in_the_only_folder(tmp_path: Path, lead: str) -> None:
    with opened(zipped(tmp_path, f"{lead}{MANIFEST}", f"{lead}rows.json")) as folder:
        assert (folder / MANIFEST).is_file()


@pytest.mark.parametrize(
    ("names", "said"),
    [((), "nothing"), ((f"bundle/{MANIFEST}", "__MACOSX/x"), "__MACOSX"), (("report.html",), "report.html")],
)
def test_what_holds_no_bundle_is_no_bundle(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    with (
        pytest.raises(DataError, match="no bundle in this zip file") as raised,
        opened(zipped(tmp_path, *names)),
    ):
        pass
    assert said in raised.value.found
    assert raised.value.exit_code == 3
    assert str(tmp_path) not in str(raised.value)
