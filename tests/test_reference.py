"""One runner for every reference case: a folder of data, a question, and numbers from another program."""

from __future__ import annotations

import pytest
from conformance.cases import Case, all_cases, answer, data_folder, number_called


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.method}/{case.name}")
def test_reference(case: Case) -> None:
    if case.needs_data and data_folder() is None:
        pytest.skip("the data of this case do not ship; PRECEPT_DATA is not set")
    result = answer(case)
    wrong = []
    for number in case.numbers:
        ours = number_called(number.name, result)
        held_to = number.theirs if number.by_our_rule is None else number.by_our_rule
        if ours != pytest.approx(held_to, rel=number.rtol, abs=1e-14):
            wrong.append(f"{number.name}: ours {ours!r}, reference {held_to!r}")
        if number.by_our_rule is not None and ours == pytest.approx(number.theirs, rel=number.rtol):
            wrong.append(f"{number.name}: the known difference is gone: {number.reason}")
    assert not wrong, "\n".join(wrong)
