"""Rewrite docs/conformance.md and the made parts of docs/methods: python -m tests.conformance."""

import sys

from . import kernels
from .cases import ROOT, all_cases, compare, data_folder
from .kernel_correlations import correlation_cases
from .kernel_further import further_cases
from .kernel_glmm import glmm_cases
from .kernel_inequality import inequality_cases
from .kernel_mixed import mixed_cases
from .kernel_printed import printed_cases
from .kernel_series import series_cases
from .pages import METHODS, PAGES, checked_table, page, settings_table, with_block

if data_folder() is None and any(case.needs_data for case in all_cases()):
    sys.exit("set PRECEPT_DATA to the folder of the data that do not ship: the pages show every case")
found = [(case, compare(case)) for case in all_cases()]
of_engines = (
    *mixed_cases(),
    *glmm_cases(),
    *further_cases(),
    *printed_cases(),
    *correlation_cases(),
    *inequality_cases(),
    *series_cases(),
)
engines = [(case, kernels.compare(case)) for case in of_engines]
(ROOT / "docs" / "conformance.md").write_text(page([*found, *engines]), encoding="utf-8")
for kind in METHODS:
    path = PAGES / f"{kind}.md"
    text = with_block(path.read_text(encoding="utf-8"), "settings", settings_table(kind))
    mine = [(case, compared) for case, compared in found if case.method == kind]
    path.write_text(with_block(text, "checked", checked_table(mine)), encoding="utf-8")
