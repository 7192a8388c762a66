"""What is timed: the fits of the benchmark table, their data and formulas, and who is asked."""

from __future__ import annotations

from dataclasses import dataclass

PERIODS = "trt + per + x1 + x2"


@dataclass(frozen=True)
class Task:
    """A fit. ``goal`` is what is aimed at, as it will be shown: seconds at most, or a ratio to a program."""

    name: str
    title: str
    kind: str  # lmm, kr, or glmm
    data: str
    formula: str
    goal: str
    asked: tuple[str, ...]
    nodes: int = 1


EVERY = ("lme4", "glmmTMB", "glmm", "lme-python", "gpboost", "statsmodels")
LOGISTIC = ("glmmTMB", "lme4", "glmm", "gpboost")
COUNTED = "cbind(s, f) ~ trt + per + x1 + (1 | cl)"
TASKS = (
    Task(
        "lmm_d1",
        "LMM, random intercept, 12 columns",
        "lmm",
        "d1",
        f"y ~ {PERIODS} + (1 | cl)",
        "within noise of the best, 15x lme4",
        EVERY,
    ),
    Task(
        "lmm_d2",
        "LMM, random intercept, 51 columns",
        "lmm",
        "d2",
        f"y ~ {PERIODS} + (1 | cl)",
        "4x the best, 100x lme4",
        EVERY,
    ),
    Task(
        "lmm_d3",
        "LMM, random intercept, 13 columns",
        "lmm",
        "d3",
        f"y ~ {PERIODS} + (1 | cl)",
        "5x the best, 75x lme4, memory below twice the frame",
        ("lme4", "glmm", "lme-python", "gpboost", "statsmodels"),
    ),
    Task(
        "lmm_inst",
        "LMM, crossed, InstEval",
        "lmm",
        "inst",
        "y ~ service + (1 | s) + (1 | d)",
        "the best",
        ("lme4", "glmm", "gpboost"),
    ),
    Task(
        "glmm_rows_d2",
        "logistic, Laplace, 51 columns",
        "glmm",
        "d2",
        f"yb ~ {PERIODS} + (1 | cl)",
        "5x the best",
        LOGISTIC,
    ),
    Task(
        "glmm_rows_d3",
        "logistic, Laplace, 13 columns",
        "glmm",
        "d3",
        f"yb ~ {PERIODS} + (1 | cl)",
        "6x the best",
        ("glmm", "gpboost"),
    ),
    Task("glmm_cells_d2", "logistic, counts", "glmm", "d2 cells", COUNTED, "the best", LOGISTIC),
    Task("glmm_cells_d3", "logistic, counts", "glmm", "d3 cells", COUNTED, "the best", LOGISTIC),
    Task(
        "glmm_two_d2",
        "logistic, counts, clusters and cluster-periods",
        "glmm",
        "d2 cells",
        f"{COUNTED} + (1 | cp)",
        "10x glmmTMB",
        LOGISTIC,
    ),
    Task(
        "glmm_agq_d2",
        "logistic, 7 nodes, 51 columns",
        "glmm",
        "d2",
        f"yb ~ {PERIODS} + (1 | cl)",
        "20x the best",
        ("glmm", "lme4"),
        nodes=7,
    ),
    Task(
        "kr_quarter",
        "Kenward-Roger, random intercept",
        "kr",
        "quarter",
        f"y ~ {PERIODS} + (1 | cl)",
        "0.1 s",
        ("pbkrtest", "lme-python"),
    ),
    Task(
        "kr_d2",
        "Kenward-Roger, random intercept",
        "kr",
        "d2",
        f"y ~ {PERIODS} + (1 | cl)",
        "0.5 s, memory linear in rows",
        ("pbkrtest", "lme-python"),
    ),
)
