"""Settings of Bayesian models but for the priors: laws of cells, sampling, and when it has failed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.convergence import Convergence
from precept_stats.inference.nuts import Sampling
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_random import Exchangeable, NestedExchangeable, RandomTerms


class NormalCells(Choice):
    """Effects of clusters, and of their periods where named, are normal on the scale of the link."""

    kind: Literal["normal"] = "normal"


class BetaBinomialCells(Choice):
    """Within the finest grouping (the cluster, or its period) risks are beta: totals are beta-binomial."""

    kind: Literal["beta_binomial"] = "beta_binomial"


class NegativeBinomialCells(Choice):
    """Counts of a row are negative binomial given the cluster, with a dispersion of their own."""

    kind: Literal["negative_binomial"] = "negative_binomial"


CellLaws = Annotated[NormalCells | BetaBinomialCells | NegativeBinomialCells, Field(discriminator="kind")]


BayesRandom = Annotated[Exchangeable | NestedExchangeable | RandomTerms, Field(discriminator="kind")]


class SeparatePeriods(Choice):
    """Each period has an effect of its own, whose prior knows nothing of the others."""

    kind: Literal["separate"] = "separate"


class AutoregressivePeriods(Choice):
    """Effects of periods are a stationary autoregression: the nearer in time, the more alike.

    Periods count as one step apart. The standard deviation has the prior `periods`; the correlation of two
    neighbours is uniform between 0 and 1, an assumption.
    """

    kind: Literal["autoregressive"] = "autoregressive"


PeriodLaws = Annotated[SeparatePeriods | AutoregressivePeriods, Field(discriminator="kind")]


class Nuts(Choice):
    """The No-U-Turn sampler on what is left when the random effects are integrated out.

    nutpie samples where it is installed, PyMC where it is not; the report says which did.
    """

    kind: Literal["nuts"] = "nuts"
    chains: int = Field(default=4, ge=2, le=64, description="How many chains, from scattered starts.")
    draws: int = Field(default=1000, ge=100, le=1_000_000, description="Draws kept of each chain.")
    warmup: int = Field(default=300, ge=100, le=100_000, description="Steps of each chain to tune with.")
    target_accept: float = Field(default=0.9, gt=0.5, lt=1, description="The acceptance that steps aim at.")

    @property
    def how(self) -> Sampling:
        return Sampling(self.chains, self.draws, self.warmup, self.target_accept)


class ConvergenceGate(Choice):
    """Chains that are worse than this in any parameter give no answer: the analysis has failed."""

    kind: Literal["thresholds"] = "thresholds"
    rhat: float = Field(default=1.01, gt=1, le=1.1, description="The largest R-hat that is let through.")
    ess: float = Field(default=400.0, ge=100, description="The least effective sample size, bulk and tail.")
    divergences: int = Field(default=0, ge=0, description="The most divergent steps, over all chains.")
    ebfmi: float = Field(default=0.3, ge=0, lt=1, description="The least E-BFMI of any chain.")

    def failures(self, found: Convergence) -> tuple[str, ...]:
        """What is worse than let through; empty when all is well."""
        checks = (
            (not found.rhat <= self.rhat, f"R-hat {found.rhat:.4f} (at most {self.rhat:g})"),
            (
                not found.bulk >= self.ess,
                f"bulk effective sample size {found.bulk:.0f} (at least {self.ess:g})",
            ),
            (
                not found.tail >= self.ess,
                f"tail effective sample size {found.tail:.0f} (at least {self.ess:g})",
            ),
            (found.divergences > self.divergences, f"{found.divergences} divergent steps"),
            (not found.ebfmi >= self.ebfmi, f"E-BFMI {found.ebfmi:.2f} (at least {self.ebfmi:g})"),
        )
        return tuple(text for failed, text in checks if failed)

    def require(self, found: Convergence) -> None:
        """FitError where anything is worse than let through."""
        failures = self.failures(found)
        if failures:
            raise FitError(
                "the chains cannot be trusted",
                found="; ".join(failures),
                allowed="more draws or warm-up, a higher target_accept, or narrower priors",
            )
