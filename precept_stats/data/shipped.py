"""Where the files that come with the library are: in a checkout, and in an installed wheel."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from precept_stats.errors import PreceptError

Kind = Literal["data_schemas", "analysis_plans", "disclosure_policies", "reference"]

_IN_CHECKOUT: dict[str, str] = {
    "data_schemas": "data_schemas",
    "analysis_plans": "analysis_plans",
    "disclosure_policies": "disclosure_policies",
    "reference": "tests/reference",
}


def shipped(kind: Kind) -> Path:
    """The folder of shipped schemas, plans (with their data), disclosure policies or reference cases.

    A wheel carries them in ``precept_stats/_shipped``; a checkout has them at its top.
    """
    if kind not in _IN_CHECKOUT:
        allowed = ", ".join(get_args(Kind))
        raise PreceptError("no such kind of shipped file", found=repr(kind), allowed=allowed)
    package = Path(str(files("precept_stats")))
    for folder in (package / "_shipped" / kind, package.parent / _IN_CHECKOUT[kind]):
        if folder.is_dir():
            return folder
    raise PreceptError(
        f"the shipped {kind} are not there",
        found="an installation without its data files",
        allowed="an installation from the wheel, or a checkout",
    )
