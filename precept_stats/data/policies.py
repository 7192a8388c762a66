"""Disclosure policies: what may be shown of small numbers, as versioned files that are read by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from precept_stats.data.declared import Declared
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.errors import DisclosureError


class CountRule(Declared):
    """Counts of people from 1 up to ``suppress_below`` are suppressed, others rounded; zero is shown."""

    suppress_below: int = Field(ge=2, le=1000)
    round_to: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _shown_counts_stay_shown(self) -> CountRule:
        if self.rounded(self.suppress_below) < self.suppress_below:
            raise ValueError("the least count that is shown rounds to one that is suppressed")
        return self

    @property
    def words(self) -> str:
        """The counts that are suppressed, such as ``1 to 7``."""
        return f"1 to {self.suppress_below - 1}"

    def is_small(self, value: float | None) -> bool:
        """Whether a count is one of those that are suppressed."""
        return value is not None and 0 < value < self.suppress_below

    def rounded(self, value: float) -> int:
        """To the nearest multiple of ``round_to``; a half goes up."""
        return self.round_to * int((value + self.round_to / 2) // self.round_to)

    def span(self, shown: float) -> tuple[int, int]:
        """The least and the greatest count that are shown as this number."""
        if shown == 0:
            return 0, 0
        low = int(shown) - self.round_to // 2
        high = low + self.round_to - 1
        return (low, high) if low >= self.suppress_below else (min(self.suppress_below, high), high)


class ModelRule(Declared):
    """Answers of models with fewer residual degrees of freedom than these are not shown."""

    min_df: int = Field(ge=1, le=1000)


class DominanceRule(Declared):
    """An arm in which the ``largest`` clusters hold more than a ``share`` of the people has no mean shown."""

    largest: int = Field(ge=1, le=10)
    share: float = Field(gt=0, lt=1)


class Policy(Declared):
    """One disclosure policy; without ``counts`` everything passes."""

    precept_disclosure_policy: Literal["1"]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    use: str = Field(description="What the policy is for.")
    words: str = Field(description="What it does, as reports tell it.")
    sources: tuple[str, ...]
    counts: CountRule | None
    model_output: ModelRule | None
    dominance: DominanceRule | None


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy and the SHA-256 of its file."""

    policy: Policy
    digest: str


def policy_names() -> tuple[str, ...]:
    """The policies that there are: ``none`` first, then by name."""
    found = sorted(path.stem for path in shipped("disclosure_policies").glob("*.yaml"))
    return ("none", *(name for name in found if name != "none"))


def _known(name: str) -> str:
    names = policy_names()
    if name not in names:
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": ", ".join(map(repr, names))}
        )
    return name


PolicyName = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(policy_names())})
]
"""The name of a policy that there is."""


@cache
def read_policy(name: str) -> PolicyFile:
    """The policy of that name. Raises DisclosureError when there is none, or its file does not hold one."""
    if name not in policy_names():
        raise DisclosureError("unknown disclosure policy", found=name, allowed=", ".join(policy_names()))
    path = shipped("disclosure_policies") / f"{name}.yaml"
    content = path.read_bytes()
    text = content.decode("utf-8")
    policy = read_policy_text(text, path.name)
    if policy.id != name:
        raise DisclosureError(
            "the file of a policy has its id", found=policy.id, allowed=name, where=path.name
        )
    return PolicyFile(policy, sha256(content).hexdigest())


def read_policy_text(text: str, name: str) -> Policy:
    """A policy given as YAML text. Raises DisclosureError with every field that is wrong."""
    document = load_strict(text, name)
    try:
        return Policy.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as problem:
        wrong = [f"{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors()]
        raise DisclosureError(
            "this is not a disclosure policy",
            found="; ".join(wrong),
            allowed="the fields of disclosure_policies/policy.schema.json",
            where=name,
        ) from None


def policy_schema_text() -> str:
    """The JSON Schema of policy files, as it ships."""
    return json.dumps(Policy.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
