"""The schema of a table: a Table Schema (Data Package v2) document with an ``x-precept`` block.

https://datapackage.org/standard/table-schema/. Supported is what docs/data.md lists; any other
keyword is an error, so that nothing a schema says is silently left unchecked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from precept_stats.data.canonical import canonical_digest
from precept_stats.data.declared import Declared
from precept_stats.data.parquet import MAX_COLUMNS
from precept_stats.data.patterns import pattern_fault
from precept_stats.data.rules import AnyRule, NoGaps
from precept_stats.data.selection import DATE, MONTH
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import MAX_BYTES, StrictDocument, hidden_texts, load_strict
from precept_stats.errors import PlanError

FieldType = Literal["string", "integer", "number", "boolean", "date", "yearmonth"]
Level = Literal["cluster", "individual", "period"]
Sensitivity = Literal["identifier", "quasi", "sensitive", "safe"]
FieldsMatch = Literal["exact", "equal", "subset", "superset"]
Role = Literal[
    "identifier",
    "cluster",
    "arm",
    "stratum",
    "pair",
    "sequence",
    "region",
    "period",
    "start",
    "outcome",
    "numerator",
    "denominator",
    "missing_count",
    "covariate",
    "provenance",
    "other",
]
Value = str | bool | int | float
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]

MAX_RULES, MOST_FAULTS = 500, 200
LONGEST_COMPARED, MOST_COMPARED = 100, 300
"""Names that are longer, or more, are not searched for one that is near."""
_COMPARABLE: dict[str, str] = {"integer": "number"}
PROVENANCE_COLUMN = "data_origin"


class _Standard(Declared):
    """A part of the document: known by the keywords of the standard only, not by Python's names."""

    model_config = ConfigDict(populate_by_name=False)


class Constraints(_Standard):
    """What each value of a column must satisfy. ``pattern`` matches the whole text (RE2 syntax)."""

    required: bool = False
    unique: bool = False
    enum: tuple[Value, ...] | None = Field(default=None, min_length=1)
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    exclusive_minimum: int | float | str | None = Field(default=None, alias="exclusiveMinimum")
    exclusive_maximum: int | float | str | None = Field(default=None, alias="exclusiveMaximum")
    min_length: int | None = Field(default=None, alias="minLength", ge=0)
    max_length: int | None = Field(default=None, alias="maxLength", ge=0)
    pattern: str | None = Field(default=None, max_length=200)

    def limits(self) -> dict[str, Value]:
        """The values that must be of the column's own type, by keyword."""
        bounds = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.exclusive_minimum,
            "exclusiveMaximum": self.exclusive_maximum,
        }
        return {name: bound for name, bound in bounds.items() if bound is not None}


class FieldNotes(_Standard):
    """What this library needs to know of a column and Table Schema has no word for.

    ``unit`` is the unit of measurement. ``optional`` columns may be absent from a file whatever
    ``fieldsMatch`` says. A column without a stated sensitivity is treated as sensitive.
    """

    role: Role = "other"
    level: Level = "individual"
    unit: str = ""
    sensitivity: Sensitivity = "sensitive"
    optional: bool = False


class FieldSchema(_Standard):
    """One column."""

    name: ColumnName
    type: FieldType
    title: str = ""
    description: str = ""
    example: Value | None = None
    format: Literal["default"] = "default"
    rdf_type: str = Field(default="", alias="rdfType")
    constraints: Constraints = Constraints()
    missing_values: tuple[str, ...] | None = Field(default=None, alias="missingValues")
    true_values: tuple[str, ...] = Field(default=("true", "True", "TRUE", "1"), alias="trueValues")
    false_values: tuple[str, ...] = Field(default=("false", "False", "FALSE", "0"), alias="falseValues")
    notes: FieldNotes = Field(default=FieldNotes(), alias="x-precept")

    @property
    def label(self) -> str:
        return self.title or self.name

    @model_validator(mode="after")
    def _coherent(self) -> FieldSchema:
        constraints = self.constraints
        for keyword, limit in constraints.limits().items():
            if self.type in ("string", "boolean"):
                raise ValueError(f"{keyword} has no meaning for type {self.type}")
            self.check_value(keyword, limit)
        for value in constraints.enum or ():
            self.check_value("enum", value)
        texts = (constraints.pattern, constraints.min_length, constraints.max_length)
        if self.type != "string" and any(given is not None for given in texts):
            raise ValueError(f"pattern, minLength and maxLength are for type string, not {self.type}")
        if fault := pattern_fault(constraints.pattern or ""):
            raise ValueError(f"pattern is not an expression of RE2: {fault}")
        both = set(self.true_values) & set(self.false_values)
        if both:
            raise ValueError(f"both true and false: {', '.join(sorted(both))}")
        return self

    def check_value(self, keyword: str, value: Value) -> None:
        """Raise ValueError where a value that ``keyword`` gives is not of the column's type."""
        fits = {
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "integer": type(value) is int,
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "date": isinstance(value, str) and DATE.match(value) is not None,
            "yearmonth": isinstance(value, str) and MONTH.match(value) is not None,
        }
        if not fits[self.type]:
            raise ValueError(
                f"{keyword} gives {value!r}, which is not of type {self.type} (quote it if it is text)"
            )


class InferredField(FieldSchema):
    """A column that no schema declares: its type is that of its values, and nobody vouches for it."""


class Reference(_Standard):
    """Where a foreign key points: columns of another table, called by its name in the plan."""

    resource: str
    fields: tuple[ColumnName, ...] = Field(min_length=1)


class ForeignKey(_Standard):
    """Every combination of these columns is found in the table that ``reference`` names."""

    fields: tuple[ColumnName, ...] = Field(min_length=1)
    reference: Reference

    @model_validator(mode="after")
    def _same_length(self) -> ForeignKey:
        if len(self.fields) != len(self.reference.fields):
            raise ValueError("a foreign key has as many fields as its reference")
        return self


class TableNotes(_Standard):
    """What a row is, and the rules between columns and between rows."""

    level: Level = "individual"
    rules: tuple[AnyRule, ...] = Field(default=(), max_length=MAX_RULES)


class DataSchema(_Standard):
    """What one table must hold. ``missingValues`` are texts; a value equal to one is missing.

    ``fieldsMatch`` is read from the data's side, as the standard has it: data with ``equal`` have
    the fields of the schema and no others, in any order (``exact``: in its order); with
    ``subset`` they may have more; with ``superset`` they may not, and may lack only those that
    are ``optional`` (stricter than the standard, which lets any be absent).
    """

    standard: str = Field(default="", alias="$schema")
    name: str = Field(pattern=r"^[a-z][a-z0-9_\-]{0,63}$")
    title: str = ""
    description: str = ""
    example: str = ""
    fields_match: FieldsMatch = Field(default="exact", alias="fieldsMatch")
    missing_values: tuple[str, ...] = Field(default=("",), alias="missingValues")
    primary_key: tuple[ColumnName, ...] = Field(default=(), alias="primaryKey")
    unique_keys: tuple[tuple[ColumnName, ...], ...] = Field(default=(), alias="uniqueKeys")
    foreign_keys: tuple[ForeignKey, ...] = Field(default=(), alias="foreignKeys")
    columns: tuple[FieldSchema, ...] = Field(alias="fields", min_length=1, max_length=MAX_COLUMNS)
    notes: TableNotes = Field(default=TableNotes(), alias="x-precept")

    @property
    def level(self) -> Level:
        return self.notes.level

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> FieldSchema:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"schema {self.name} has no column {name!r}")

    def __contains__(self, name: object) -> bool:
        return name in self.column_names

    def missing_values_of(self, column: FieldSchema) -> tuple[str, ...]:
        return self.missing_values if column.missing_values is None else column.missing_values

    @model_validator(mode="after")
    def _coherent(self) -> DataSchema:
        names = self.column_names
        known = set(names)
        ids = [rule.id for rule in self.notes.rules]
        for what, given in (("field", list(names)), ("rule", ids)):
            repeated = sorted(name for name, times in Counter(given).items() if times > 1)
            if repeated:
                raise ValueError(f"two {what}s have the same name: {', '.join(repeated)}")
        for where, name in self._named():
            if name not in known:
                raise ValueError(f"{where} names {name!r}, which is not a field{suggest(name, names)}")
        for rule in self.notes.rules:
            self._check_types(rule)
        return self

    def _check_types(self, rule: AnyRule) -> None:
        for condition in rule.conditions:
            operands = condition.operand if isinstance(condition.operand, tuple) else (condition.operand,)
            for operand in operands if condition.operator != "missing" else ():
                column = self[condition.column]
                if not (column.type == "integer" and isinstance(operand, float)):
                    column.check_value(f"rule {rule.id}, on {column.name},", operand)
        kinds = {_COMPARABLE.get(self[name].type, self[name].type) for name in rule.compared}
        if len(kinds) > 1:
            raise ValueError(
                f"rule {rule.id} compares columns of different types: {', '.join(rule.compared)}"
            )
        if isinstance(rule, NoGaps) and self[rule.month].type != "yearmonth":
            raise ValueError(f"rule {rule.id} needs {rule.month!r} to be of type yearmonth")

    def _named(self) -> Iterator[tuple[str, str]]:
        keys = (("primaryKey", self.primary_key), *(("uniqueKeys", key) for key in self.unique_keys))
        groups = (
            *keys,
            *(("foreignKeys", key.fields) for key in self.foreign_keys),
            *((f"rule {rule.id}", rule.names) for rule in self.notes.rules),
        )
        return ((where, name) for where, names in groups for name in names)


def suggest(name: str, known: tuple[str, ...]) -> str:
    """``; did you mean 'mgso4'?`` when something known is near, else nothing."""
    if len(name) > LONGEST_COMPARED or len(known) > MOST_COMPARED:
        return ""
    near = get_close_matches(name.casefold(), [other.casefold() for other in known], n=1, cutoff=0.7)
    chosen = next((other for other in known if near and other.casefold() == near[0]), None)
    return f"; did you mean {chosen!r}?" if chosen else ""


def read_schema(path: Path) -> DataSchema:
    """The schema in a YAML file. Raises PlanError that lists every fault with its line."""
    return schema_from_text(_text_of(path), path.name)


def schema_from_text(text: str, name: str) -> DataSchema:
    """The schema that YAML text states; ``name`` is the file name that errors show."""
    return schema_and_digest(text, name)[0]


@lru_cache(maxsize=64)
def schema_and_digest(text: str, name: str) -> tuple[DataSchema, str]:
    """A schema, and the SHA-256 of what it states in canonical JSON: comments and layout do not count."""
    document = load_strict(text, name)
    for location, _ in hidden_texts(document.value):
        raise PlanError("text with a character that cannot be seen", where=document.where(location))
    try:
        schema = DataSchema.model_validate(_scalar_keys(document.value))
    except ValidationError as problem:
        raise _schema_error(problem, document) from None
    return schema, canonical_digest(document.value)


def find_schema(schema_id: str, beside: Path | None = None) -> DataSchema:
    """The schema called ``schema_id``: beside a plan, one folder up, or shipped with the library."""
    return read_schema(_find(schema_id, beside))


def schema_text(schema_id: str, beside: Path | None = None) -> str:
    """The YAML text of a schema: one that lies beside a plan, or a shipped one."""
    return _text_of(_find(schema_id, beside))


def _find(schema_id: str, beside: Path | None) -> Path:
    folders = [shipped("data_schemas")]
    if beside is not None:
        folders = [beside / "data_schemas", beside.parent / "data_schemas", *folders]
    available = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.yaml"))}
    if schema_id not in available:
        raise PlanError(
            f"there is no data schema {schema_id!r}{suggest(schema_id, tuple(available))}",
            allowed=f"{', '.join(sorted(available))}, or a file in data_schemas beside the plan",
        )
    return available[schema_id]


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PlanError("the schema is too large", allowed=f"{MAX_BYTES:,} bytes", where=str(path))
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise PlanError("the schema cannot be read", found=str(problem.strerror), where=str(path)) from None
    except UnicodeDecodeError:
        raise PlanError("the schema is not UTF-8 text", where=str(path)) from None


def _scalar_keys(value: object) -> object:
    """The standard lets ``primaryKey`` be one text; here it is always a list."""
    if isinstance(value, dict) and isinstance(value.get("primaryKey"), str):
        return value | {"primaryKey": [value["primaryKey"]]}
    return value


def _keywords() -> tuple[str, ...]:
    models: tuple[type[_Standard], ...] = (DataSchema, TableNotes, FieldSchema, FieldNotes, Constraints)
    return tuple(field.alias or name for model in models for name, field in model.model_fields.items())


def _schema_error(problem: ValidationError, document: StrictDocument) -> PlanError:
    faults = []
    for error in problem.errors(include_url=False)[:MOST_FAULTS]:
        said = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            keyword = str(error["loc"][-1])
            said = f"{keyword!r} is not a keyword that is supported here{suggest(keyword, _keywords())}"
        elif error["type"] == "missing":
            said = f"{error['loc'][-1]!r} is missing"
        faults.append(f"{document.where(error['loc'])}: {said}")
    return PlanError(
        "the data schema is not valid",
        found="\n           ".join(dict.fromkeys(faults)),
        allowed="the keywords in docs/data.md",
        where=faults[0].split(": ", 1)[0],
    )
