"""Loading: the same table from any source, nothing mangled, nothing changed, or nothing at all."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from precept_stats.data.dataset import load_table
from precept_stats.data.schema import DataSchema, find_schema
from precept_stats.data.violations import InvalidDataError

KINDS = ("string", "integer", "number", "boolean", "date", "yearmonth")
MIXED = DataSchema.model_validate(
    {
        "name": "mixed",
        "fieldsMatch": "equal",
        "missingValues": ["", "NA"],
        "fields": [{"name": kind, "type": kind} for kind in KINDS],
    }
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).filter(
    lambda text: text not in ("", "NA")
)
MONTHS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)).map(lambda day: day.strftime("%Y-%m"))
VALUES = {
    "string": TEXTS,
    "integer": st.integers(-(10**15), 10**15),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)),
    "yearmonth": MONTHS,
}
ROWS = st.lists(
    st.fixed_dictionaries({kind: st.none() | values for kind, values in VALUES.items()}),
    min_size=1,
    max_size=8,
)
ARROW_TYPES = pa.schema(
    [
        ("string", pa.string()),
        ("integer", pa.int64()),
        ("number", pa.float64()),
        ("boolean", pa.bool_()),
        ("date", pa.date32()),
        ("yearmonth", pa.string()),
    ]
)


def write_csv(rows: list[dict[str, object]], path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(KINDS)
        writer.writerows([[_written(row[kind]) for kind in KINDS] for row in rows])
    return path


def _written(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def by_hand(rows: list[dict[str, object]]) -> str:
    """The digest by its documentation, written without the library."""

    def text(value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        return value.isoformat() if isinstance(value, dt.date) else str(value)

    names = sorted(rows[0])
    lines = sorted(json.dumps([text(row[name]) for name in names], separators=(",", ":")) for row in rows)
    document = "".join(line + "\n" for line in (json.dumps(names, separators=(",", ":")), *lines))
    return hashlib.sha256(document.encode("ascii")).hexdigest()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, shuffle=st.randoms(use_true_random=False))
def test_the_digest_is_of_the_content(tmp_path: Path, rows: list[dict[str, object]], shuffle: object) -> None:
    arrow = pa.Table.from_pylist(rows, schema=ARROW_TYPES)
    pq.write_table(arrow, tmp_path / "t.parquet")
    mixed_up = rows.copy()
    shuffle.shuffle(mixed_up)  # type: ignore[attr-defined]
    sources = {
        "CSV": write_csv(rows, tmp_path / "t.csv"),
        "CSV, rows shuffled": write_csv(mixed_up, tmp_path / "s.csv"),
        "Parquet": tmp_path / "t.parquet",
        "Arrow": arrow,
        "polars": pl.from_arrow(arrow),
        "pandas": arrow.to_pandas(),
        "pandas, columns reversed": arrow.to_pandas()[list(reversed(KINDS))],
        "Python objects": pd.DataFrame(rows, columns=KINDS, dtype=object),
    }
    expected = by_hand(rows)
    tables = {name: load_table(source, MIXED, "mixed") for name, source in sources.items()}
    assert {name: table.digest for name, table in tables.items()} == dict.fromkeys(sources, expected)
    for name in ("Parquet", "polars", "pandas"):
        pd.testing.assert_frame_equal(tables[name].frame, tables["CSV"].frame)


def test_a_changed_cell_changes_the_digest(frame: pd.DataFrame, schema: DataSchema) -> None:
    digest = load_table(frame, schema, "trial").digest
    assert load_table(frame.assign(events=[0, 1, 0, 1, 1, 1]), schema, "trial").digest != digest
    assert load_table(frame.iloc[:5], schema, "trial").digest != digest
    assert load_table(frame.sample(frac=1, random_state=1), schema, "trial").digest == digest


def one_column(kind: str, **field: object) -> DataSchema:
    return DataSchema.model_validate(
        {"name": "one", "missingValues": ["", "NA"], "fields": [{"name": "x", "type": kind, **field}]}
    )


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        ("string", ["01", "NO", "1e5", " a ", "null", "nan"], ["01", "NO", "1e5", " a ", "null", "nan"]),
        ("string", ["NA", "N/A"], [None, "N/A"]),
        ("integer", ["007", "-3", "+5", "12.0"], [7, -3, 5, 12]),
        ("number", ["1e3", ".5", "-0", "0.1"], [1000.0, 0.5, 0.0, 0.1]),
        ("boolean", ["true", "False", "1", "NA"], [True, False, True, None]),
        ("yearmonth", ["2018-05", "2018-05-31"], ["2018-05", "2018-05"]),
        ("date", ["2020-02-29", "NA"], [pd.Timestamp("2020-02-29"), None]),
    ],
)
def test_csv_text_is_read_by_the_schema(
    tmp_path: Path, kind: str, written: list[str], read: list[object]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "\n".join(written) + "\n", encoding="utf-8")
    column = load_table(path, one_column(kind), "t").frame["x"]
    assert [None if pd.isna(value) else value for value in column] == read


@pytest.mark.parametrize(
    ("kind", "written", "rule"),
    [
        ("integer", "1.5", "type"),
        ("integer", " 1", "type"),
        ("integer", "1,000", "type"),
        ("integer", "9" * 19, "type"),
        ("integer", "NaN", "finite"),
        ("number", "1,5", "type"),
        ("number", "0x1F", "type"),
        ("number", "nan", "finite"),
        ("number", "-Infinity", "finite"),
        ("number", "1e999", "finite"),
        ("boolean", "yes", "type"),
        ("boolean", "2", "type"),
        ("date", "2021-02-29", "type"),
        ("date", "29/02/2020", "type"),
        ("yearmonth", "2018-13", "type"),
        ("yearmonth", "201805", "type"),
        ("yearmonth", "2018-02-30", "type"),
    ],
)
def test_what_is_not_of_its_type_is_an_error(tmp_path: Path, kind: str, written: str, rule: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'x,y\n"{written}",a\n', encoding="utf-8")
    document = one_column(kind).model_dump(by_alias=True) | {"fieldsMatch": "subset"}
    with pytest.raises(InvalidDataError) as caught:
        load_table(path, DataSchema.model_validate(document), "t")
    (violation,) = caught.value.violations
    assert violation.rule == f"x.{rule}"
    assert (violation.first[0].row, violation.first[0].value) == (2, repr(written))
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("kind", "values", "rule"),
    [
        ("string", [1.5], "type"),
        ("string", [True], "type"),
        ("integer", [True, False], "type"),
        ("number", [float("inf"), 1.0], "finite"),
        ("boolean", [2, 0], "type"),
        ("date", [dt.datetime(2020, 1, 1, 12)], "type"),
        ("date", [20200101], "type"),
        ("yearmonth", [201805], "type"),
        ("integer", [[1]], "type"),
    ],
)
def test_typed_values_are_not_guessed_at(kind: str, values: list[object], rule: str) -> None:
    with pytest.raises(InvalidDataError) as caught:
        load_table(pd.DataFrame({"x": values}), one_column(kind), "t")
    assert [violation.rule for violation in caught.value.violations] == [f"x.{rule}"]


def test_nan_is_missing_in_pandas_and_an_error_elsewhere() -> None:
    schema = one_column("number")
    assert load_table(pd.DataFrame({"x": [1.0, np.nan]}), schema, "t").frame["x"].isna().tolist() == [
        False,
        True,
    ]
    with pytest.raises(InvalidDataError, match="breaks 1 rule"):
        load_table(pl.DataFrame({"x": [1.0, float("nan")]}), schema, "t")


@pytest.mark.parametrize(
    ("values", "kind", "read"),
    [
        (pd.Series([1, 2], dtype="int8"), "string", ["1", "2"]),
        (pd.Series([1.0, None]), "string", ["1", None]),
        (pd.Series([1.0, None]), "integer", [1, None]),
        (pd.Series([1, -99]), "integer", [1, None]),
        (pd.Series(["a", "b"], dtype="category"), "string", ["a", "b"]),
        (pd.Series(pd.period_range("2018-05", periods=2, freq="M")), "yearmonth", ["2018-05", "2018-06"]),
        (pd.Series(pd.to_datetime(["2018-05-31", None])), "yearmonth", ["2018-05", None]),
        (pd.Series([dt.date(2018, 5, 1), None]), "yearmonth", ["2018-05", None]),
        (pd.Series([1, "b", None], dtype=object), "string", ["1", "b", None]),
        (pd.Series([1, 0, None], dtype="Int64"), "boolean", [True, False, None]),
    ],
)
def test_what_pandas_holds_is_understood(values: pd.Series, kind: str, read: list[object]) -> None:
    schema = one_column(kind, missingValues=["", "-99"])
    column = load_table(values.to_frame("x"), schema, "t").frame["x"]
    assert [None if pd.isna(value) else value for value in column] == read


def test_the_callers_table_is_not_touched(frame: pd.DataFrame, schema: DataSchema) -> None:
    index = pd.Index([f"row {i}" for i in range(len(frame))], name="who")
    given_frame = frame.set_index(index)
    before = given_frame.copy(deep=True)
    buffers = given_frame["score"].to_numpy()
    table = load_table(given_frame, schema, "trial")
    for name in ("seat", "score", "treated", "born"):
        table.frame.loc[0, name] = table.frame[name].iloc[1]
        assert not np.shares_memory(table.frame[name].to_numpy(), given_frame[name].to_numpy())
    pd.testing.assert_frame_equal(given_frame, before)
    assert given_frame["score"].to_numpy() is buffers or np.shares_memory(
        given_frame["score"].to_numpy(), buffers
    )
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    copy = arrow.slice(0)
    table = load_table(arrow, schema, "trial")
    table.frame.loc[0, "seat"] = 9
    assert arrow.equals(copy)
    assert arrow["seat"][0].as_py() == 1


def test_a_table_can_be_loaded_again(frame: pd.DataFrame, schema: DataSchema) -> None:
    table = load_table(frame, schema, "trial")
    again = load_table(table, schema, "other")
    assert (again.name, again.digest) == ("other", table.digest)
    with pytest.raises(InvalidDataError):
        load_table(table, find_schema("births"), "births")


@pytest.mark.parametrize(
    ("origin", "synthetic"), [("synthetic", True), ("Synthetic ", True), ("registry", False)]
)
def test_synthetic_is_found_from_the_data(
    frame: pd.DataFrame, schema: DataSchema, origin: str, synthetic: bool
) -> None:
    assert load_table(frame.assign(data_origin=origin), schema, "trial").synthetic is synthetic
    assert load_table(frame, schema, "trial").synthetic is False
    one_row = frame.assign(data_origin=[origin, *["registry"] * 5])
    assert load_table(one_row, None, "trial").synthetic is synthetic


def test_a_column_that_never_repeats_is_taken_for_an_identifier(frame: pd.DataFrame) -> None:
    schema = load_table(frame, None, "trial").schema
    assert {c.name for c in schema.columns if c.notes.sensitivity == "identifier"} == {"person"}


def test_extra_columns_of_a_subset_are_kept(frame: pd.DataFrame) -> None:
    document = {"name": "t", "fieldsMatch": "subset", "fields": [{"name": "seat", "type": "string"}]}
    table = load_table(frame, DataSchema.model_validate(document), "t")
    assert table.frame["seat"].tolist() == ["1", "2", "3", "1", "2", "3"]
    assert table.frame["score"].tolist() == frame["score"].tolist()
    assert table.schema["score"].type == "number"


def test_a_mixed_stream_of_chunks_reads_as_one() -> None:
    chunks = [pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [3]})]
    table = load_table(pl.concat(chunks, rechunk=False), one_column("integer"), "t")
    assert table.frame["x"].tolist() == [1, 2, 3]
