"""Real trials, read from the folder that PRECEPT_DATA names; their licence keeps the files out of here."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from precept_stats.data.schema import find_schema
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_tables import describe, prepare
from precept_stats.studies.question import Outcome

from .trials import Given, ask, flow

FOLDER = os.environ.get("PRECEPT_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="PRECEPT_DATA names no folder with the trials' data")

# Cluster summaries of mkvtrial made in R, to 15 digits.
MKV_MEANS = [
    0.446902654867257, 0.70414201183432, 0.634703196347032, 0.582857142857143, 0.803921568627451,
    0.448453608247423, 0.555555555555556, 0.725738396624473, 0.71689497716895, 0.360215053763441,
    0.684466019417476, 0.593582887700535, 0.486725663716814, 0.445414847161572, 0.380116959064327,
    0.345679012345679, 0.494163424124514, 0.649122807017544, 0.387640449438202, 0.61734693877551,
]  # fmt: skip
MKV_ARM = [0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]
MKV_SIZE = [
    226, 169, 219, 175, 204, 194, 207, 237, 219, 186, 206, 187, 226, 229, 171, 243, 257, 171, 178, 196,
]  # fmt: skip
MKV_STRATUM = [1, 1, 2, 1, 3, 2, 2, 2, 1, 1, 3, 2, 3, 2, 3, 2, 1, 3, 3, 2]

MKV = ClusterTrial(
    cluster="community",
    arm="arm",
    strata=("stratum",),
    adjust=("agegp", "ethnicgp"),
    characteristics=("agegp", "ethnicgp", "lifepart", "stratum"),
)
KNOWLEDGE = Outcome(column="know", type="binary", direction="higher_better")
SHARE = ClusterTrial(cluster="school", arm="arm", adjust=("sex",), characteristics=("sex",))
SCORE = Outcome(column="kscore", type="continuous", direction="higher_better")


def read(name: str) -> dict[str, Given]:
    frame = pd.read_csv(Path(FOLDER or "") / f"{name}.csv")
    return {"births": Given("births", frame, find_schema(name))}


def test_mkvtrial_gives_the_cluster_table_made_elsewhere() -> None:
    prepared = prepare(MKV, read("mkvtrial"), ask(KNOWLEDGE, compare="1", reference="0"))
    design = prepared.design
    assert design.clusters == tuple(str(number) for number in range(1, 21))
    np.testing.assert_allclose(design.cluster_mean, MKV_MEANS, rtol=0, atol=1e-14)
    assert design.arm.tolist() == MKV_ARM
    assert design.cluster_size.tolist() == MKV_SIZE
    assert design.stratum is not None
    assert (design.stratum + 1).tolist() == MKV_STRATUM
    assert flow(prepared)["analysed"] == {"": (20, 4100), "0": (10, 2024), "1": (10, 2076)}


def test_age_group_of_mkvtrial_is_a_factor() -> None:
    design = prepare(MKV, read("mkvtrial"), ask(KNOWLEDGE, compare="1", reference="0")).design
    assert [covariate.columns for covariate in design.covariates] == [
        ("agegp[2]", "agegp[3]"),
        ("ethnicgp[1]",),
    ]
    assert {covariate.level for covariate in design.covariates} == {"individual"}


def test_share_has_its_schools_and_pupils() -> None:
    prepared = prepare(SHARE, read("share"), ask(SCORE, compare="1", reference="0"))
    assert prepared.design.n_clusters == 25
    assert np.bincount(prepared.design.arm).tolist() == [12, 13]
    assert (prepared.design.cluster_size.min(), prepared.design.cluster_size.max()) == (66, 371)


@pytest.mark.parametrize(
    ("name", "study", "outcome", "seconds"),
    [("mkvtrial", MKV, KNOWLEDGE, 0.15), ("share", SHARE, SCORE, 0.2)],
)
def test_preparing_is_quick(name: str, study: ClusterTrial, outcome: Outcome, seconds: float) -> None:
    data, question = read(name), ask(outcome, compare="1", reference="0")
    times = []
    for _ in range(3):
        begun = time.process_time()
        describe(prepare(study, data, question), "main")
        times.append(time.process_time() - begun)
    assert min(times) < seconds
