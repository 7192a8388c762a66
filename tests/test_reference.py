"""One runner for every reference case: a folder of data, a question, and numbers from another program."""

from __future__ import annotations

import pytest

from tests.conformance.cases import Case, Comparison, all_cases, answer, data_folder, number_called


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.method}/{case.name}")
def test_reference(case: Case) -> None:
    if case.needs_data and data_folder() is None:
        pytest.skip("the data of this case do not ship; PRECEPT_DATA is not set")
    result = answer(case)
    wrong = []
    for plain in case.numbers:
        number, ours = plain.beside(result), number_called(plain.name, result)
        found = Comparison(case, number, ours)
        if not found.agrees:
            wrong.append(f"{number.name}: ours {ours!r}, reference {found.held_to!r}")
        if number.by_our_rule is not None and ours == pytest.approx(number.theirs, rel=number.rtol):
            wrong.append(f"{number.name}: the known difference is gone: {number.reason}")
    assert not wrong, "\n".join(wrong)
