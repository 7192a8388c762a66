"""Whatever is done to a valid document, its reader gives a value or a PreceptError that can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import hidden
from tests.hostile.readers import READERS, STRUCTURED, edited, refused, seed, spoilt


def _shown(reader: str, content: bytes) -> None:
    problem = refused(reader, content)
    assert problem is None or not any(map(hidden, str(problem)))


@pytest.mark.parametrize("reader", READERS)
def test_the_document_that_is_spoilt_is_read_before(reader: str) -> None:
    assert refused(reader, seed(reader)) is None


@pytest.mark.parametrize("reader", STRUCTURED)
@settings(max_examples=15, derandomize=True)
@given(st.data())
def test_a_tree_that_was_edited_is_read_or_refused(reader: str, data: st.DataObject) -> None:
    _shown(reader, edited(reader, lambda below: data.draw(st.integers(0, below - 1))))


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=12, derandomize=True)
@given(st.data())
def test_bytes_that_were_changed_are_read_or_refused(reader: str, data: st.DataObject) -> None:
    _shown(reader, spoilt(reader, lambda below: data.draw(st.integers(0, below - 1))))
