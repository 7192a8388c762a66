"""From the terms of a formula to a study and the random effects of a mixed model, as a plan writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from precept_stats.errors import PlanError
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.formula_terms import INTERCEPT, Factor, RandomTerm, Term
from precept_stats.studies.formula_text import shown
from precept_stats.studies.stepped_wedge import SteppedWedge


@dataclass(frozen=True, slots=True)
class FormulaModel:
    """What a formula says of a trial: the study, the column of the outcome, and the random effects.

    ``random`` is the setting ``random`` of a mixed method, as a plan writes it.
    """

    study: AnyStudy
    outcome: str
    random: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns of a formula are the arm, the cluster, the period and the participant."""

    arm: str
    cluster: str = ""
    period: str = ""
    participant: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The parts of a formula; ``text`` is what messages call it."""

    response: Factor
    fixed: tuple[Term, ...]
    random: tuple[RandomTerm, ...]
    text: str

    def cannot(self, problem: str, found: str, allowed: str) -> PlanError:
        return PlanError(f"a cluster trial {problem}", found=found, allowed=allowed, where=self.text)

    def outcome(self) -> str:
        """The column of the outcome. Raises PlanError for a transform of it."""
        if self.response.transform:
            raise self.cannot("takes its outcome as recorded", str(self.response), "a plain column")
        return self.response.column

    def columns(self) -> tuple[str, ...]:
        """The columns of the fixed part, an intercept beside them and nothing else."""
        if INTERCEPT not in self.fixed:
            raise self.cannot("always has an intercept", "0 or - 1", "the formula without it")
        for term in self.fixed:
            if term.order > 1 or any(factor.transform for factor in term.factors):
                raise self.cannot("adjusts for plain columns", str(term), "columns joined by +")
        return tuple(factor.column for term in self.fixed for factor in term.factors)


def model_of(terms: Terms, roles: Roles) -> FormulaModel:
    """The study and random effects that a formula describes, its columns having ``roles``.

    With a period the study is a stepped wedge, else a cluster trial at one time. Raises PlanError for
    what neither can hold.
    """
    outcome, columns = terms.outcome(), terms.columns()
    _require_fixed(terms, columns, roles)
    roles = Roles(roles.arm, _cluster(terms, roles), roles.period, roles.participant)
    adjust = tuple(column for column in columns if column not in (roles.arm, roles.period))
    random, groups = _random(terms, roles, adjust)
    study = _valid(terms, lambda: _study(roles, adjust, groups))
    return FormulaModel(study, outcome, {"kind": "terms", "terms": random})


def trial_of(terms: Terms, arm: str) -> tuple[ClusterTrial, str]:
    """The cluster trial at one time of a formula with one random intercept, and its outcome's column."""
    outcome, columns = terms.outcome(), terms.columns()
    _require_fixed(terms, columns, Roles(arm))
    allowed = "one random intercept by one column, (1 | unit)"
    if len(terms.random) != 1:
        raise terms.cannot("has one random term", ", ".join(map(str, terms.random)) or "none", allowed)
    only = terms.random[0]
    if only.effects != (INTERCEPT,) or len(only.group) != 1:
        raise terms.cannot("has a random intercept by cluster and no more", str(only), allowed)
    cluster = _cluster(terms, Roles(arm))
    adjust = tuple(column for column in columns if column != arm)
    return _valid(terms, lambda: ClusterTrial(cluster=cluster, arm=arm, adjust=adjust)), outcome


def _valid[Study](terms: Terms, make: Callable[[], Study]) -> Study:
    """The study; a contradiction in it becomes a PlanError about the formula."""
    try:
        return make()
    except ValidationError as problem:
        said = "; ".join(error["msg"].removeprefix("Value error, ") for error in problem.errors())
        raise terms.cannot("cannot be made of this formula", said, "") from None


def _require_fixed(terms: Terms, columns: tuple[str, ...], roles: Roles) -> None:
    if roles.arm not in columns:
        found = shown(roles.arm) if isinstance(roles.arm, str) else f"a {type(roles.arm).__name__}"
        raise terms.cannot("needs its arm among the fixed terms", found, ", ".join(columns) or "none here")
    if roles.period and roles.period not in columns:
        found, there = shown(roles.period), ", ".join(columns)
        raise terms.cannot("over periods has their column among the fixed terms", found, there)
    if roles.participant and not roles.period:
        found = shown(roles.participant)
        raise terms.cannot("follows participants over periods", f"{found} and no period", "a period as well")


def _cluster(terms: Terms, roles: Roles) -> str:
    """The column of the clusters: as told, or the only one that groups the rows."""
    inner = {roles.period, roles.participant}
    named = dict.fromkeys(column for term in terms.random for column in term.group if column not in inner)
    if roles.cluster in named:
        cluster = roles.cluster
    elif roles.cluster:
        raise terms.cannot("has a random effect of its clusters", shown(roles.cluster), ", ".join(named))
    elif len(named) == 1:
        cluster = next(iter(named))
    else:
        found = ", ".join(named) or "no random term"
        allowed = "cluster=..., the column of what was randomised" if named else "(1 | unit)"
        raise terms.cannot("needs to know which group is the cluster", found, allowed)
    if cluster == roles.arm:
        raise terms.cannot("has arms that differ from its clusters", f"{cluster} as both", "two columns")
    return cluster


def _study(roles: Roles, adjust: tuple[str, ...], groups: tuple[str, ...]) -> AnyStudy:
    if not roles.period:
        return ClusterTrial(cluster=roles.cluster, arm=roles.arm, adjust=adjust, groups=groups)
    return SteppedWedge(
        cluster=roles.cluster,
        arm=roles.arm,
        period=roles.period,
        participant=roles.participant or None,
        adjust=adjust,
        groups=groups,
    )


def _random(
    terms: Terms, roles: Roles, adjust: tuple[str, ...]
) -> tuple[list[dict[str, object]], tuple[str, ...]]:
    """Every random term in the words of a study, and the columns that become its further groups."""
    written: list[dict[str, object]] = []
    groups: dict[str, None] = {}
    for term in terms.random:
        by = _by(term.group, roles)
        if by not in ("cluster", "cluster_period", "period", "participant"):
            groups[by] = None
        slopes = list(_slopes(terms, term, roles, adjust))
        one: dict[str, object] = {"by": by, "intercept": INTERCEPT in term.effects, "slopes": slopes}
        written.append(one | {"correlated": term.correlated})
    return written, tuple(groups)


def _by(group: tuple[str, ...], roles: Roles) -> str:
    """What a group is called in a study; ``a:b`` for a combination that has no name there.

    Clusters and participants have names of their own, so that ``region:unit`` and ``unit`` are one.
    """
    if set(group) == {roles.cluster, roles.period}:
        return "cluster_period"
    last = {roles.cluster: "cluster", roles.participant: "participant"}.get(group[-1])
    if last and roles.period not in group:
        return last
    return "period" if group == (roles.period,) else ":".join(group)


def _slopes(terms: Terms, term: RandomTerm, roles: Roles, adjust: tuple[str, ...]) -> Iterator[str]:
    for effect in term.effects:
        if effect == INTERCEPT:
            continue
        (factor,) = effect.factors
        if factor.transform or factor.column not in (roles.arm, *adjust):
            allowed = f"the arm, or a column of the fixed part: {', '.join((roles.arm, *adjust))}"
            raise terms.cannot("has random slopes of what is in the fixed part", str(effect), allowed)
        yield "arm" if factor.column == roles.arm else factor.column
