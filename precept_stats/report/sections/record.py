"""What departs from the plan, how the analyses differ from each other, and where the numbers came from."""

from __future__ import annotations

from precept_stats.data.policies import read_policy
from precept_stats.methods.contract import gap_of, strategies_of
from precept_stats.plan.explain_terms import REASONS
from precept_stats.report.blocks import Block, Bullets, Column, Heading, Prose, Table, TableRow, Terms
from precept_stats.report.format import plural
from precept_stats.report.material import Material, answer, is_withheld, reason_of_failure, why_no_number
from precept_stats.report.sections.lock import lock_words
from precept_stats.report.words import NONE, capital, gap_words, plain, sentence, value_words
from precept_stats.values import Row

GAP = "PL-0143"
"""The finding that an analysis may differ from the estimand: said above of the analysis itself."""


def deviations(material: Material) -> tuple[Block, ...]:
    """Failures, fallbacks, unplanned analyses, warnings and gaps to the estimand, each named."""
    items: list[str] = []
    for name, analysis in material.plan.analyses.items():
        label = material.label(name)
        if answer(material, name) is None:
            items.append(f"{label}: {_no_number(material, name)}")
        items += [f"{label}: {sentence(str(row.stat))}" for row in _texts(material, name)]
        found = answer(material, name)
        if found is not None and found.warning:
            items.append(f"{label}: {sentence(found.warning)}")
        asked = material.plan.question(name)
        computed = strategies_of(analysis.method)
        gap = gap_words(gap_of(analysis.method, analysis.study, asked), asked.estimand, computed)
        if gap:
            items.append(f"{label}: may differ from the declared estimand. {sentence(gap)}")
    items += [
        f"The plan itself ({finding.id}): {sentence(finding.message)}"
        for finding in material.loaded.findings
        if finding.severity == "warning" and finding.id != GAP
    ]
    body: Block = (
        Bullets(tuple(dict.fromkeys(items)))
        if items
        else Prose("None: every analysis of the plan gave its estimate, without warnings.")
    )
    return Heading(2, "Deviations and remarks"), body


def _texts(material: Material, name: str) -> list[Row]:
    """What departs in an analysis, but for that it was not planned, which has a place of its own."""
    return [row for row in material.rows("deviation", name) if row.stat_name == "text"]


def _no_number(material: Material, name: str) -> str:
    if is_withheld(material, name):
        return sentence(why_no_number(material, name))
    return f"not estimable. {sentence(reason_of_failure(material, name))}"


def differences(material: Material) -> tuple[Block, ...]:
    """How each analysis differs from the one it is based on."""
    rows = []
    for name, analysis in material.plan.analyses.items():
        base = material.loaded.bases.get(name)
        if base is None:
            changes: tuple[tuple[str, str, str], ...] = (("", "", "stands on its own"),)
        else:
            changes = tuple(
                (_place(where), value_words(was), value_words(now))
                for where, was, now in material.loaded.differences(name)
                if where != "/purpose"
            )
        text = "; ".join(f"{where}: {now} in place of {was}" if where else now for where, was, now in changes)
        rows.append(
            TableRow(
                (
                    material.label(name),
                    material.label(base) if base else NONE,
                    text or "nothing",
                    REASONS[analysis.reason],
                ),
                "strong" if analysis.purpose == "primary" else "plain",
            )
        )
    headings = ("Analysis", "Based on", "What differs", "Why it is here")
    columns = tuple(Column(heading, "left") for heading in headings)
    table = Table("differences", "Each analysis beside the one it is based on", columns, tuple(rows))
    return Heading(2, "What differs between analyses"), table


def _place(pointer: str) -> str:
    """Where in an analysis: ``/method/variance`` is the variance, ``/method`` the method."""
    steps = pointer.strip("/").split("/")
    return plain(", ".join(steps[1:] or steps))


def provenance(material: Material) -> tuple[Block, ...]:
    """Plan, data, software, seed, time and disclosure policy."""
    made = material.provenance
    suppressed = material.released.suppressed
    policy = read_policy(material.released.policy).policy.words
    hidden = f" {capital(plural(suppressed, 'number'))} suppressed." if suppressed else ""
    entries = [
        ("Plan", f"{made.plan_id}, version {made.plan_version}"),
        ("Plan digest", f"SHA-256 {made.plan_digest}"),
        ("Plan lock", lock_words(material)),
        *((f"Data: {name}", f"SHA-256 {digest}") for name, digest in made.data_digests),
        ("Data source", "Synthetic data, made by a program." if made.synthetic else ""),
        ("Disclosure policy", f"{policy}{hidden}"),
        ("Disclosure policy digest", f"SHA-256 {made.policy_digest}" if made.policy_digest else ""),
        ("Software", ", ".join(f"{name} {version}" for name, version in made.software)),
        ("Random seed", "none used" if made.seed is None else str(made.seed)),
        ("Created", made.created),
    ]
    sources = [
        (f"Source of {name}", source.source) for name, source in material.plan.data.items() if source.source
    ]
    return Heading(2, "Provenance"), Terms(tuple((name, text) for name, text in (*entries, *sources) if text))
