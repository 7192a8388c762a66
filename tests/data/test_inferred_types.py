"""Tables without a schema: a type is what every value is, and text that a number would change stays text."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from precept_stats.data.dataset import load_table


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (["1", "-20", "NA"], "integer"),
        (["1", "02"], "string"),
        (["1", "+2"], "string"),
        (["1234567890123456", "1"], "string"),
        (["1.5", "2"], "number"),
        (["1.0", "2.0", "-3.5"], "number"),
        (["1e-05", "2.5"], "number"),
        (["1e5", ""], "string"),
        (["-7e-04", "0.0123", "NA"], "number"),
        (["1e+05", "123.5"], "number"),
        (["7e-04", "0.0007"], "string"),
        (["07e-04", "1.50e-04"], "string"),
        (["1.1", "1.10"], "string"),
        (["5", "5.0"], "string"),
        (["35", " 35"], "string"),
        (["0.12345678901234567890", "1.5"], "string"),
        (["0.0", "-0.0"], "string"),
        (["NO", "YES"], "string"),
        (["true", "False"], "boolean"),
        (["2018-05-01", "2018-06-01"], "date"),
        (["2018-05", "2018-06"], "string"),
        (["2018-02-30", "2018-06-01"], "string"),
        (["nan", "1"], "string"),
        (["NA", ""], "string"),
    ],
)
def test_without_a_schema_types_are_inferred_with_care(tmp_path: Path, written: list[str], kind: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{text},a\n" for text in written), encoding="utf-8")
    assert load_table(path, None, "t").schema["x"].type == kind


def test_text_of_a_frame_stays_text_whatever_it_looks_like() -> None:
    made = pd.DataFrame({"x": ["1.1", "1.10", "1.1"], "y": ["2020-01-01"] * 3, "z": ["true"] * 3})
    for source in (made, pa.Table.from_pandas(made)):
        table = load_table(source, None, "t")
        assert [field.type for field in table.schema.columns] == ["string"] * 3
        assert table.frame["x"].tolist() == ["1.1", "1.10", "1.1"]


@pytest.mark.parametrize(
    ("values", "kind", "held"),
    [
        (["9007199254740993", "9007199254740992"], "integer", [9007199254740993, 9007199254740992]),
        (["12345678901234567890", "12345678901234567891", None], "string", None),
        (["1.00", "2.00"], "integer", [1, 2]),
        (["1.10", "2.00"], "number", [1.1, 2.0]),
    ],
)
def test_decimals_of_parquet_lose_no_digit_of_a_whole_number(
    tmp_path: Path, values: list[str | None], kind: str, held: list[object] | None
) -> None:
    path = tmp_path / "t.parquet"
    numbers = [None if value is None else Decimal(value) for value in values]
    pq.write_table(pa.table({"x": pa.array(numbers)}), path)
    table = load_table(path, None, "t")
    assert table.schema["x"].type == kind
    assert table.frame["x"].dropna().tolist() == (held or [value for value in values if value is not None])


def test_numbers_as_r_writes_them_keep_their_values(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n-7e-04\n1.5e-05\n1e+05\n0.25\n", encoding="utf-8")
    assert load_table(path, None, "t").frame["x"].tolist() == [-0.0007, 0.000015, 100000.0, 0.25]
