"""From an Arrow column to the type that a schema gives it: exact, or not at all.

A cell that is not of the type is marked and becomes missing; nothing is rounded, trimmed or
guessed. The lexical forms are those of Table Schema, and two more that programs write: a whole
number as ``3.0``, and a month as a full date.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from precept_stats.data.schema import FieldSchema, FieldType

Booleans = NDArray[np.bool_]

_INTEGER = r"^[-+]?[0-9]{1,18}(?:\.0*)?$"
_NUMBER = r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"
_NOT_FINITE = r"^[-+]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)$"
_MONTH = r"^[0-9]{4}-(?:0[1-9]|1[0-2])$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_EXACT_FLOAT = 2.0**53
_NAMES_FROM = 1e15


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """A column in its type. ``wrong`` marks cells that are not of it, ``not_finite`` NaN and infinities.

    ``values`` are ``str``, ``int64`` (``Int64`` where some are missing), ``float64``, ``bool``
    (``boolean``) or ``datetime64``; months are text, YYYY-MM. Marked cells are missing.
    """

    values: pd.Series
    wrong: Booleans
    not_finite: Booleans


def convert(raw: pa.ChunkedArray, field: FieldSchema, missing: tuple[str, ...]) -> Converted:
    """A column as ``field`` declares it; ``missing`` are the texts that stand for a missing value."""
    array = _without_codes(plain(raw), missing)
    if pa.types.is_null(array.type):
        array = pa.nulls(len(array), pa.string())
    text = pa.types.is_string(array.type)
    if field.type == "boolean":
        result, not_finite = (_text_to_boolean if text else _typed_to_boolean)(array, field)
    else:
        result, not_finite = (_FROM_TEXT if text else _FROM_TYPED)[field.type](array)
    lost = _mask(pc.and_(pc.is_valid(array), pc.is_null(result)))
    series = _to_pandas(result, field.type).rename(field.name)
    return Converted(series, lost & ~not_finite, lost & not_finite)


def plain(raw: pa.ChunkedArray) -> pa.Array:
    """One array with dictionaries decoded, and every kind of text and decimal made plain."""
    array = raw.combine_chunks() if isinstance(raw, pa.ChunkedArray) else raw
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    return _from_decimal(array) if pa.types.is_decimal(array.type) else array


def _from_decimal(array: pa.Array) -> pa.Array:
    """Decimals without loss where all are whole: int64, or their digits as text; else float64."""
    try:
        whole = array.cast(pa.decimal256(76, 0))
    except pa.ArrowInvalid:
        return array.cast(pa.float64())
    try:
        return whole.cast(pa.int64())
    except pa.ArrowInvalid:
        return whole.cast(pa.string())


def is_categories(raw: pa.ChunkedArray) -> bool:
    """Whether the source itself says that a column holds categories (pandas, polars, Arrow dictionaries)."""
    return bool(pa.types.is_dictionary(raw.type))


def infer_type(raw: pa.ChunkedArray, missing: tuple[str, ...], *, written: bool = True) -> FieldType:
    """The type of a column that no schema declares: what its values are without exception.

    Text is a number only where it is ``written`` in a file that has nothing but text (CSV), and
    only when each number, written again, is the same text: ``01``, ``1.10``, ``+5``, 16 digits or
    ``5`` beside ``5.0`` are names, which numbers would change or merge.
    """
    array = _without_codes(plain(raw), missing)
    kind = array.type
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_temporal(kind):
        return "date" if _all_dates(array) else "string"
    recorded = array.drop_null()
    if not pa.types.is_string(kind) or not len(recorded) or not written:
        return "string"
    if pc.all(pc.match_substring_regex(recorded, r"^(?:true|True|TRUE|false|False|FALSE)$")).as_py():
        return "boolean"
    return _number_type(recorded) or ("date" if _days(recorded).notna().all() else "string")


def _number_type(recorded: pa.Array) -> FieldType | None:
    """Integer or number where every text is what that number is written as, and none is written twice."""
    if pc.all(pc.match_substring_regex(recorded, r"^(?:0|-?[1-9][0-9]{0,14})$")).as_py():
        return "integer"
    if not pc.all(pc.match_substring_regex(recorded, _NUMBER)).as_py():
        return None
    texts = pc.unique(recorded).to_pylist()
    values = [float(text) for text in texts]
    same = all(_is_written(text, value) for text, value in zip(texts, values, strict=True))
    return "number" if same and len(set(values)) == len(texts) else None


def _is_written(text: str, value: float) -> bool:
    """Whether programs write the number so.

    ``0.5``; ``7e-04`` and ``1e+05``, as R does where that is shorter; ``5.0`` and ``5`` for whole
    numbers of up to 15 digits.
    """
    if text == repr(value):
        return True
    if "e" in text:
        return text == np.format_float_scientific(value, trim="-", exp_digits=2)
    return value.is_integer() and abs(value) < _NAMES_FROM and text == str(int(value))


def _mask(values: pa.Array) -> Booleans:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _all_dates(array: pa.Array) -> bool:
    dates = _dates_of(array)
    return dates is not None and dates.null_count == array.null_count


def _without_codes(array: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    """The array with the codes for missing made missing, whether they are text or numbers here."""
    if pa.types.is_string(array.type):
        codes = pa.array(missing, pa.string())
    elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        numbers = pc.match_substring_regex(pa.array(missing, pa.string()), _NUMBER)
        codes = pa.array(
            [float(code) for code, is_number in zip(missing, numbers, strict=True) if is_number.as_py()]
        )
        if not len(codes):
            return array
        found = pc.is_in(array.cast(pa.float64(), safe=False), value_set=codes)
        return pc.if_else(found, pa.scalar(None, array.type), array)
    else:
        return array
    return pc.if_else(pc.is_in(array, value_set=codes), pa.scalar(None, pa.string()), array)


_Outcome = tuple[pa.Array, Booleans]
_Conversion = Callable[[pa.Array], _Outcome]


def _keep(array: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(fits, False), array, pa.scalar(None, array.type))


def _none(array: pa.Array) -> Booleans:
    return np.zeros(len(array), dtype=np.bool_)


def _text_as_is(array: pa.Array) -> _Outcome:
    return array, _none(array)


def _text_to_integer(array: pa.Array) -> _Outcome:
    kept = _keep(array, pc.match_substring_regex(array, _INTEGER))
    digits = pc.utf8_ltrim(pc.replace_substring_regex(kept, r"\.0*$", ""), characters="+")
    return digits.cast(pa.int64()), _text_not_finite(array)


def _text_to_number(array: pa.Array) -> _Outcome:
    kept = _keep(array, pc.match_substring_regex(array, _NUMBER))
    numbers = np.array([math.nan if text is None else float(text) for text in kept.to_pylist()], dtype=float)
    too_large = np.isinf(numbers)
    result = pa.array(np.where(too_large, math.nan, numbers), from_pandas=True)
    return result, _text_not_finite(array) | too_large


def _text_not_finite(array: pa.Array) -> Booleans:
    return _mask(pc.match_substring_regex(array, _NOT_FINITE))


def _text_to_boolean(array: pa.Array, field: FieldSchema) -> _Outcome:
    true = pc.is_in(array, value_set=pa.array(field.true_values, pa.string()))
    false = pc.is_in(array, value_set=pa.array(field.false_values, pa.string()))
    return _keep(true, pc.or_(true, false)), _none(array)


def _days(array: pa.Array) -> pd.Series:
    """Days from text written YYYY-MM-DD; NaT for anything else, such as 30 February."""
    kept = _keep(array, pc.match_substring_regex(array, _DATE))
    texts = pd.Series(kept.to_pylist(), dtype="str")
    return pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")


def _text_to_date(array: pa.Array) -> _Outcome:
    return pa.array(_days(array), pa.timestamp("us"), from_pandas=True), _none(array)


def _text_to_month(array: pa.Array) -> _Outcome:
    valid = pc.or_(pc.match_substring_regex(array, _MONTH), pa.array(_days(array).notna().to_numpy()))
    return pc.utf8_slice_codeunits(_keep(array, valid), 0, 7), _none(array)


def _whole(array: pa.Array) -> pa.Array:
    """Whole numbers as int64; missing where a value is not whole or does not fit."""
    if pa.types.is_integer(array.type):
        if pa.types.is_uint64(array.type):
            array = _keep(array, pc.less_equal(array, pa.scalar(2**63 - 1, pa.uint64())))
        return array.cast(pa.int64())
    numbers = array.cast(pa.float64())
    whole = pc.and_(pc.equal(pc.trunc(numbers), numbers), pc.less_equal(pc.abs(numbers), _EXACT_FLOAT))
    return _keep(numbers, whole).cast(pa.int64())


def _typed_not_finite(array: pa.Array) -> Booleans:
    if not pa.types.is_floating(array.type):
        return _none(array)
    return ~_mask(pc.fill_null(pc.is_finite(array), True))


def _is_number(array: pa.Array) -> bool:
    return bool(pa.types.is_integer(array.type) or pa.types.is_floating(array.type))


def _nothing(array: pa.Array, kind: pa.DataType) -> _Outcome:
    return pa.nulls(len(array), kind), _none(array)


def _typed_to_text(array: pa.Array) -> _Outcome:
    if _is_number(array):
        return _whole(array).cast(pa.string()), _typed_not_finite(array)
    if pa.types.is_temporal(array.type):
        return (array.cast(pa.date32()) if _all_dates(array) else array).cast(pa.string()), _none(array)
    return _nothing(array, pa.string())


def _typed_to_integer(array: pa.Array) -> _Outcome:
    if not _is_number(array):
        return _nothing(array, pa.int64())
    return _whole(array), _typed_not_finite(array)


def _typed_to_number(array: pa.Array) -> _Outcome:
    if not _is_number(array):
        return _nothing(array, pa.float64())
    numbers = array.cast(pa.float64(), safe=False)
    return _keep(numbers, pc.is_finite(numbers)), _typed_not_finite(array)


def _typed_to_boolean(array: pa.Array, field: FieldSchema) -> _Outcome:
    if pa.types.is_boolean(array.type):
        return array, _none(array)
    if not _is_number(array):
        return _nothing(array, pa.bool_())
    return _text_to_boolean(_whole(array).cast(pa.string()), field)[0], _typed_not_finite(array)


def _dates_of(array: pa.Array) -> pa.Array | None:
    """Dates without a time of day or a time zone, as timestamps; None for another kind of column."""
    if pa.types.is_date(array.type):
        return array.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(array.type) or array.type.tz is not None:
        return None
    moments = array.cast(pa.timestamp("us"), safe=False)
    return _keep(moments, pc.equal(pc.floor_temporal(array, unit="day"), array))


def _typed_to_date(array: pa.Array) -> _Outcome:
    dates = _dates_of(array)
    return _nothing(array, pa.timestamp("us")) if dates is None else (dates, _none(array))


def _typed_to_month(array: pa.Array) -> _Outcome:
    zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
    if zoned or not (pa.types.is_date(array.type) or pa.types.is_timestamp(array.type)):
        return _nothing(array, pa.string())
    return pc.strftime(array.cast(pa.timestamp("s"), safe=False), format="%Y-%m"), _none(array)


_FROM_TEXT: dict[FieldType, _Conversion] = {
    "string": _text_as_is,
    "integer": _text_to_integer,
    "number": _text_to_number,
    "date": _text_to_date,
    "yearmonth": _text_to_month,
}
_FROM_TYPED: dict[FieldType, _Conversion] = {
    "string": _typed_to_text,
    "integer": _typed_to_integer,
    "number": _typed_to_number,
    "date": _typed_to_date,
    "yearmonth": _typed_to_month,
}


def _to_pandas(array: pa.Array, kind: FieldType) -> pd.Series:
    """A pandas column that owns its memory: what becomes of it cannot reach the caller's data."""
    if kind in ("string", "yearmonth"):
        return pd.Series(array.to_pandas(), dtype="str")
    if kind == "date":
        return pd.Series(np.array(array.to_numpy(zero_copy_only=False), dtype="datetime64[us]", copy=True))
    if kind == "number":
        return pd.Series(np.array(array.to_numpy(zero_copy_only=False), dtype=float, copy=True))
    if not array.null_count:
        dtype = np.int64 if kind == "integer" else np.bool_
        return pd.Series(np.array(array.to_numpy(zero_copy_only=False), dtype=dtype, copy=True))
    return pd.Series(array.to_pylist(), dtype="Int64" if kind == "integer" else "boolean")
