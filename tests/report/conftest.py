"""What tests of the report share."""

from __future__ import annotations

import pytest

from precept_stats.report import guarded_answers


@pytest.fixture
def however_few_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other rules, apart from those for few clusters (test_enumeration.py has these)."""
    monkeypatch.setattr(guarded_answers, "FEW", 0)
    monkeypatch.setattr(guarded_answers, "FEWEST", 0)
