"""Joint tests: whether several coefficients could all be zero."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, Table, TableRow
from precept_stats.report.format import df_text, number, p_text
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.results import WITH_P
from precept_stats.report.words import NONE, capital, plain
from precept_stats.values import Row

NOTE = (
    "F: the test statistic, on df1 and df2 degrees of freedom (no df2: chi-squared divided by df1). p: given "
    "for primary and secondary analyses only, as in the table of results."
)


def joint_tests(material: Material) -> tuple[Block, ...]:
    """One row a test, by analysis; nothing where no analysis has one."""
    rows: list[TableRow] = []
    for name, analysis in material.plan.analyses.items():
        tests = grouped(material.rows("joint_test", name), lambda row: row.group("test"))
        if tests:
            rows.append(TableRow((material.label(name),), "group"))
        for test, found in tests.items():
            rows.append(_row(test, by_stat(found), shows_p=analysis.purpose in WITH_P))
    if not rows:
        return ()
    columns = (Column("Test", "left"), Column("F"), Column("df1"), Column("df2"), Column("p"))
    table = Table("joint-tests", "Joint tests", columns, tuple(rows), (NOTE,))
    return Heading(3, "Several coefficients at once"), table


def _row(test: str, found: dict[str, Row], *, shows_p: bool) -> TableRow:
    def told(name: str) -> float | None:
        return number_of(found.get(name))

    statistic, p_value = told("statistic"), told("p_value")
    df1, df2 = (NONE if told(name) is None else df_text(told(name)) for name in ("df1", "df2"))
    return TableRow(
        (
            capital(plain(test)),
            NONE if statistic is None else number(statistic),
            df1,
            df2,
            NONE if p_value is None or not shows_p else p_text(p_value),
        )
    )
