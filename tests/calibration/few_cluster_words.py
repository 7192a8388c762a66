"""The prose of docs/few_clusters.md: what is in print as abstracts have it, and how trials were drawn."""

from __future__ import annotations

from collections.abc import Mapping

from tests.calibration.few_cluster_analyses import DRAWS, FEW
from tests.calibration.few_cluster_trials import MEAN_SIZE, SIZE_CV, SMALLEST
from tests.calibration.few_cluster_verdicts import ENOUGH, MARGIN, NOMINAL, UNANSWERED

PRINTED = {
    "Thompson, Leyrat, Fielding and Hayes (2022), BMC Med Res Methodol 22:222": (
        "binary outcomes, 8 to 30 clusters",
        "Unweighted cluster summaries, logistic mixed models by restricted pseudo-likelihood (RSPL), and GEE "
        "with Fay-Graubard's variance kept their level in more than 97 % of scenarios, with degrees of "
        "freedom clusters minus cluster-level parameters; GEE had the least power. The first two are "
        "recommended for 30 clusters or fewer.",
    ),
    "Leyrat, Morgan, Leurent and Kahan (2018), Int J Epidemiol 47:321": (
        "continuous outcomes, 40 clusters or fewer",
        "Cluster summaries (unweighted, or weighted by variance), mixed models with corrected degrees of "
        "freedom, and GEE with a small-sample correction kept type I error at or below 5 % in most "
        "scenarios; without correction it was too high. Power was low below 20 clusters in all of them.",
    ),
    "Kahan et al. (2016), Trials 17:438": (
        "mixed models and GEE, and 100 published trials",
        "Without a correction the type I error was too high with as many as 70 clusters. Of 99 published "
        "trials that gave the number of clusters, 64 were at risk of this.",
    ),
    "Li and Redden (2015), Stat Med 34:281": (
        "binary outcomes, GEE",
        "z tests are to be avoided even with corrected variances. On t, Kauermann-Carroll kept its level "
        "from 10 clusters on where sizes vary moderately; where they vary a lot, Fay-Graubard is to be used.",
    ),
    "Pustejovsky and Tipton (2018), J Bus Econ Stat 36:672": (
        "linear models with fixed effects",
        "CR2 with Satterthwaite's degrees of freedom, which fall where a design is unbalanced, is near its "
        "level with few clusters.",
    ),
    "Cameron, Gelbach and Miller (2008), Rev Econ Stat 90:414": (
        "linear models, 5 to 30 clusters",
        "Tests with the plain sandwich reject too often; the wild cluster bootstrap of t with the null "
        "imposed is much nearer to its level.",
    ),
    "MacKinnon and Webb (2018), Econom J 21:114": (
        "linear models, few treated clusters",
        "Where few clusters are treated the wild cluster bootstrap fails; with the null imposed it then "
        "rejects too rarely.",
    ),
}


def literature() -> str:
    """What others found, as a table."""
    lines = ["| source | studied | found |", "|---|---|---|"]
    lines += [f"| {source} | {studied} | {found} |" for source, (studied, found) in PRINTED.items()]
    return "\n".join(lines)


def short_rule() -> str:
    """The rule of the first table."""
    return (
        "Find the number of clusters in all, and the average that is sought: that is decided before, from "
        "the question, and the pages of the methods say what each estimates. An analysis is named where in "
        "no cell with so many clusters (common and rare outcome, equal and very unequal sizes, every ICC) "
        f"its type I error exceeds {100 * NOMINAL:g} % by more than {MARGIN:g} Monte Carlo standard errors, "
        f"and where it has an answer in at least {100 * (1 - UNANSWERED):g} % of the trials of each. The "
        "narrowest intervals come first, then odds ratios, then intervals that mostly have no end. In "
        "brackets are the least and the greatest type I error in per cent: where the least is far below 5, "
        "power is lost. Left out are those that are `no`, `no answer` or `open` below."
    )


def long_rule() -> str:
    """The words in the tables by outcome."""
    return (
        "The verdict on each analysis, and its least and greatest type I error over equal and very unequal "
        f"sizes and every ICC. `yes`: within {MARGIN:g} Monte Carlo standard errors of {100 * NOMINAL:g} % "
        "in every cell. `cautious`: never above, but below in at least one cell, so that power is lost "
        "there. `no`: above in at least one cell. `no answer`: not above, but without an answer in more than "
        f"{100 * UNANSWERED:g} % of the trials of a cell (the greatest such share). "
        f"Where fewer than {ENOUGH:,} trials of a cell stand, their number is given; `open` is then a type I "
        "error that is not above by more than Monte Carlo error, but would be if it stayed with "
        f"{ENOUGH:,} trials."
    )


def drawing(risks: Mapping[str, tuple[float, float]]) -> str:
    """How trials were drawn and what was asked of them."""
    common, rare = risks["common"], risks["rare"]
    return (
        "Two arms with half of the clusters each, at random, no strata, no covariates. Cluster risks are "
        "beta, so that outcomes are beta-binomial and the ICC is the correlation of two people's outcomes in "
        "a cluster (the proportion scale), the same in both arms. Risks are "
        f"{common[0]:g} (common) or {rare[0]:g} (rare) in both arms, or under an effect {common[1]:g} and "
        f"{rare[1]:g} in the compared arm, with ICC 0.05. Equal sizes are {MEAN_SIZE} people a cluster; very "
        f"unequal sizes are gamma with that mean, a coefficient of variation of {SIZE_CV} and at least "
        f"{SMALLEST}. Size carries no information about risk, so the cluster and the participant average are "
        "one number here; where it does, they differ, and an analysis is right for its own average alone.\n\n"
        "Unless it says odds ratio an analysis is of the risk difference (from logistic models, of the "
        "standardised risks). Odds ratios of GEE are marginal, those of logistic mixed models given the "
        "cluster. `t` is on clusters minus 2. Randomisation tests enumerate all allocations, and wild "
        f"cluster bootstraps all signs, up to {FEW} clusters, and draw {DRAWS} above; Webb's points are all "
        "enumerated with 6 clusters, otherwise drawn."
    )
