"""The check of a release before it leaves: what output checkers ask of every table, figure and model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from precept_stats.ard import read_json, read_parquet
from precept_stats.data.policies import CountRule, Policy, read_policy
from precept_stats.errors import DataError
from precept_stats.evidence import names
from precept_stats.plan.reader import read_plan
from precept_stats.report.attack.programme import Bounded, attack
from precept_stats.report.attack.relations import COUNTS, sheet_of
from precept_stats.report.attack.releases import learn
from precept_stats.report.attack.sheet import Sheet
from precept_stats.report.disclosure import gate
from precept_stats.report.free_text import PSEUDONYM, cluster_of
from precept_stats.report.guarded import WITHHELD, counts_people, number
from precept_stats.report.guarded_few_clusters import few_clusters
from precept_stats.report.guarded_models import largest_shares
from precept_stats.report.sections.withheld import reasons_words
from precept_stats.report.story import story
from precept_stats.values import Results, Row

NARROW = 3
"""An assumption: a suppressed count of which fewer values are left is pointed out, though it is not told."""


@dataclass(frozen=True, slots=True)
class CountTable:
    """The counts of people of one part of the rows."""

    analysis: str
    context: str
    shown: int
    smallest: float | None
    primary: int
    secondary: int
    other: int


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """What is asked of the output of one model: its degrees of freedom, and why it is not shown, if so."""

    analysis: str
    df: float | None
    shown: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Dominance:
    """The share of the people of an arm that its largest cluster, and its two largest, hold."""

    outcome: str
    arm: str
    largest: float
    two: float


@dataclass(frozen=True, slots=True)
class Attacked:
    """What the attack left of the suppressed counts: how many values, how many of them."""

    suppressed: int
    told: tuple[str, ...]
    narrow: int
    contradicted: int
    values_left: tuple[tuple[int, int], ...]
    relations: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """Everything that was found; ``problems`` are reasons not to let the release go."""

    name: str
    policy: str
    policy_digest: str
    synthetic: bool
    tables: tuple[CountTable, ...]
    attack: Attacked
    models: tuple[ModelOutput, ...]
    dominance: tuple[Dominance, ...]
    displays: tuple[tuple[str, str, str], ...]
    earlier: tuple[str, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    rows: tuple[Row, ...]
    results: Results | None
    folder: Path | None


def check_release(given: Path, policy: str | None = None, earlier: Sequence[Path] = ()) -> ReleaseCheck:
    """Check a bundle, or a file of rows, as a reader would attack it, together with earlier releases.

    ``policy`` is that of the bundle unless given. Nothing is changed. Raises DataError, DisclosureError.
    """
    release = _read(given)
    chosen = policy or (release.results.provenance.policy if release.results else "")
    if not chosen:
        raise DataError("the policy is not told by these rows", found=release.name, allowed="--policy NAME")
    file = read_policy(chosen)
    before = [_read(path) for path in earlier]
    same = [one for one in before if _same_data(one, release)]
    left = _attacked(release, same, file.policy.counts)
    models, dominance = _models(release.rows), _dominance(release.rows)
    remarks = [*_untold(models, release.rows), *_enumerable(release.rows, file.policy.counts)]
    remarks += [
        f"{one.name} is of other data, and was not attacked together" for one in before if one not in same
    ]
    if left.contradicted:
        remarks.append(f"of {left.contradicted} suppressed counts the relations contradict each other")
    if left.narrow:
        remarks.append(f"{left.narrow} suppressed counts can be only one of fewer than {NARROW} values")
    return ReleaseCheck(
        name=release.name,
        policy=chosen,
        policy_digest=file.digest,
        synthetic=bool(release.results and release.results.provenance.synthetic),
        tables=_tables(release.rows, file.policy.counts),
        attack=left,
        models=models,
        dominance=dominance,
        displays=_displays(release),
        earlier=tuple(one.name for one in same),
        problems=tuple(_problems(release.rows, file.policy, left)),
        remarks=tuple(remarks),
    )


def _read(given: Path) -> _Read:
    folder = given if given.is_dir() else None
    path = given / names.ROWS if folder else given
    if path.suffix == ".parquet":
        return _Read(path.name, read_parquet(path), None, None)
    results = read_json(path)
    return _Read(given.name or str(given.resolve().name), results.rows, results, folder)


def _same_data(one: _Read, other: _Read) -> bool:
    """Whether two releases are of the same data, as far as they tell."""
    if one.results is None or other.results is None:
        return True
    return one.results.provenance.data_digests == other.results.provenance.data_digests


def _attacked(release: _Read, before: Sequence[_Read], rule: CountRule | None) -> Attacked:
    if rule is None:
        return Attacked(0, (), 0, 0, (), ())
    sheet = sheet_of(release.rows, rule)
    for place, one in enumerate(before, 1):
        learn(sheet, sheet_of(one.rows, rule), f"release {place}")
    found = attack(sheet)
    widths = [one.span[1] - one.span[0] + 1 for one in found if one.span is not None]
    most = rule.suppress_below - 1
    spread = {width: sum(min(each, most) == width for each in widths) for width in range(1, most + 1)}
    kinds: dict[str, int] = {}
    for each in sheet.sums:
        kinds[each.words] = kinds.get(each.words, 0) + 1
    return Attacked(
        suppressed=len(found),
        told=tuple(_words(one, sheet, release.rows) for one in found if one.told),
        narrow=sum(1 < width < NARROW for width in widths),
        contradicted=sum(one.span is None for one in found),
        values_left=tuple(spread.items()),
        relations=tuple(kinds.items()),
    )


def _words(found: Bounded, sheet: Sheet, rows: Sequence[Row]) -> str:
    """Which count is told, without the number."""
    places = sheet.cells[found.name].rows
    if not places:
        return "a count of an earlier release"
    row = rows[places[0]]
    about = ", ".join(f"{name} {level}" for name, level in row.groups)
    words = (row.analysis, row.context, row.variable, row.variable_level, about, row.stat_name)
    return " ".join(word for word in words if word)


def _is_count(row: Row) -> bool:
    return row.stat_name in COUNTS and counts_people(row) and not isinstance(row.stat, str)


def _tables(rows: Sequence[Row], rule: CountRule | None) -> tuple[CountTable, ...]:
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if _is_count(row):
            parts.setdefault((row.analysis, row.context), []).append(row)
    tables = []
    for (analysis, context), inside in parts.items():
        shown = [value for row in inside if (value := number(row)) is not None]
        primary = sum(
            row.status == "suppressed" and rule is not None and row.warning == rule.words for row in inside
        )
        secondary = sum(row.status == "suppressed" and row.warning == WITHHELD for row in inside)
        other = sum(row.status == "suppressed" for row in inside) - primary - secondary
        smallest = min((value for value in shown if value), default=None)
        tables.append(CountTable(analysis, context, len(shown), smallest, primary, secondary, other))
    return tuple(tables)


def _models(rows: Sequence[Row]) -> tuple[ModelOutput, ...]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row.context == "estimate":
            found.setdefault(row.analysis, {})[row.stat_name] = row
    return tuple(
        ModelOutput(
            analysis,
            number(told.get("df")),
            number(told.get("estimate")) is not None,
            told["estimate"].warning if "estimate" in told and told["estimate"].stat is None else "",
        )
        for analysis, told in found.items()
    )


def _untold(models: Sequence[ModelOutput], rows: Sequence[Row]) -> Iterator[str]:
    """Which answers the release is without, and why; means of arms where the estimate is shown."""
    gone = [one for one in models if not one.shown]
    if gone:
        reasons = reasons_words(Counter(one.reason or "no reason is told" for one in gone))
        which = "any analysis" if len(gone) == len(models) else f"{len(gone)} of {len(models)} analyses"
        yield f"this release shows no estimate of {which}: {reasons}"
    told = {one.analysis for one in models if one.shown}
    arms = (row for row in rows if row.context == "arm_summary" and row.stat_name == "estimate")
    means = Counter(row.warning for row in arms if row.status == "suppressed" and row.analysis in told)
    if means:
        yield f"{sum(means.values())} means of arms are not shown: {reasons_words(means)}"


def _enumerable(rows: Sequence[Row], rule: CountRule | None) -> Iterator[str]:
    """Outcomes with a suppressed count in a cluster, and the analyses that tell of it together."""
    for outcome in sorted(few_clusters(rows, rule)) if rule else ():
        about = {
            row.analysis
            for row in rows
            if row.context == "estimate" and row.variable == outcome and number(row) is not None
        }
        if about:
            yield (
                f"few of a cluster have or lack {outcome}: answers of {', '.join(sorted(about))} are coarse, "
                "but the attack knows counts only, and a reader who tries all counts may tell it from several"
            )


def _dominance(rows: Sequence[Row]) -> tuple[Dominance, ...]:
    one, two = largest_shares(rows, 1), largest_shares(rows, 2)
    return tuple(Dominance(outcome, arm, one[outcome, arm], two[outcome, arm]) for outcome, arm in one)


def _displays(release: _Read) -> tuple[tuple[str, str, str], ...]:
    """Every table and figure of the report: its id, its caption, and whether it is one or the other."""
    if release.folder is None or release.results is None or not (release.folder / names.PLAN).is_file():
        return ()
    report = story(read_plan(release.folder / names.PLAN), release.results)
    tables = [(table.id, table.caption, "table") for table in report.tables]
    return (*tables, *((figure.id, figure.caption, "figure") for figure in report.figures))


def _problems(rows: tuple[Row, ...], policy: Policy, left: Attacked) -> list[str]:
    rule = policy.counts
    if rule is None:
        return []
    problems = [f"can be worked out: {one}" for one in left.told]
    counts = [value for row in rows if _is_count(row) and (value := number(row)) is not None]
    small = sum(rule.is_small(value) for value in counts)
    if small:
        problems.append(f"{small} counts of {rule.words} are shown")
    named = {cluster_of(row) for row in rows} - {""}
    if any(not PSEUDONYM.match(label) for label in named):
        problems.append("clusters stand under their names")
    if gate(rows, policy.id) != rows:
        problems.append(f"these rows are not what the policy {policy.id} lets pass")
    return problems
