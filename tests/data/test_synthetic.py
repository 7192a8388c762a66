"""The synthetic trial and programme against their declared truth.

Sampled quantities are compared within four Monte Carlo standard errors (MCSE), each found from
the same sample by a delete-a-group jackknife over units or by its closed form: a right generator
fails such a test about once in 16,000 seeds, and the seeds here are fixed.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.dataset import load_table
from precept_stats.data.schema import find_schema
from precept_stats.data.shipped import shipped
from precept_stats.data.synthetic import (
    SHIPPED_SEED,
    ProgrammeScenario,
    TrialScenario,
    constants_table,
    declared_effect,
    programme_tables,
    published_percentages,
    trial_tables,
    trial_truth,
    write_tables,
)
from precept_stats.data.synthetic_draws import (
    Mothers,
    Stream,
    draw_rate,
    extreme_share,
    individual_probability,
    stream,
)
from precept_stats.errors import DataError
from tests.data.measures import MCSE_BOUND, between_period, icc, months_of, uptake, within_mcse

DOCS = Path(__file__).resolve().parents[2] / "docs" / "synthetic.md"


def by_unit(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Eligible mothers of each unit before and at follow-up: treated, and recorded."""
    births = tables["births"].merge(tables["units"][["unit", "start_month"]], on="unit")
    births = births[(births["birth_order"] == 1) & births["mgso4"].isin(["yes", "no"])]
    since = months_of(births["birth_month"]) - months_of(births["start_month"])
    counts = tables["units"][["unit", "arm"]].set_index("unit")
    for name, window in (("before", since < 0), ("after", since >= 9)):
        grouped = births[window].groupby("unit")["mgso4"]
        counts[f"treated_{name}"] = grouped.agg(lambda given: int((given == "yes").sum()))
        counts[f"recorded_{name}"] = grouped.size()
    return counts.fillna(0).reset_index()


LARGE = TrialScenario(
    units_standard=400,
    units_enhanced=200,
    births_per_year=100,
    births_cv=0.4,
    icc=0.05,
    period_correlation=0.7,
)


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return by_unit(trial_tables(LARGE, 1))


@pytest.fixture(scope="module")
def trial() -> dict[str, pd.DataFrame]:
    return trial_tables(published_percentages(), 3)


# ------------------------------------------------------------------ truth


def test_published_percentages_are_the_truth_of_the_default() -> None:
    truth = trial_truth(published_percentages())
    arms = [(arm.uptake_before, arm.uptake_follow_up) for arm in (truth.standard, truth.enhanced)]
    assert np.array(arms) == pytest.approx(np.array([(0.68, 0.84), (0.64, 0.85)]), abs=1e-12)
    assert truth.risk_difference == pytest.approx(0.01, abs=1e-12)
    assert truth.risk_ratio == pytest.approx(0.85 / 0.84, abs=1e-12)


@pytest.mark.parametrize("effect", [-0.0084, 0.0, 0.05])
def test_a_declared_effect_is_the_truth_and_the_arms_are_alike_before(effect: float) -> None:
    truth = trial_truth(declared_effect(effect))
    assert truth.risk_difference == pytest.approx(effect, abs=1e-12)
    assert truth.baseline_difference == pytest.approx(0, abs=1e-12)
    assert truth.standard.uptake_before == pytest.approx((27 * 0.68 + 13 * 0.64) / 40, abs=1e-12)


def test_without_trend_the_icc_and_period_correlation_are_as_declared() -> None:
    scenario = TrialScenario(trend_per_year=0, icc=0.08, period_correlation=0.45)
    truth = trial_truth(scenario)
    for arm in (truth.standard, truth.enhanced):
        assert arm.icc_before == pytest.approx(0.08, abs=1e-9)
        assert arm.icc_follow_up == pytest.approx(0.08, abs=1e-9)
    assert truth.standard.between_period == pytest.approx(0.45, abs=1e-9)
    assert truth.enhanced.between_period == pytest.approx(0.45, abs=0.01)


def test_with_trend_the_icc_is_that_of_a_fine_grid_over_starts_and_scores() -> None:
    scenario = TrialScenario(trend_per_year=0.1, icc=0.05)
    grid = np.linspace(-7.5, 7.5, 1501)
    weights = stats.norm.pdf(grid) * (grid[1] - grid[0])
    averages = []
    for start in range(8):
        means = 0.84 + 0.1 / 12 * (np.arange(9) - 4 + start - 3.5)
        margins = [stats.beta(mean * 19, (1 - mean) * 19) for mean in means]
        averages.append(np.mean([margin.ppf(stats.norm.cdf(grid)) for margin in margins], axis=0))
    mean, square = (float(np.mean([weights @ average**power for average in averages])) for power in (1, 2))
    truth = trial_truth(scenario)
    assert truth.standard.uptake_follow_up == pytest.approx(mean, abs=1e-9)
    assert truth.standard.icc_follow_up == pytest.approx((square - mean**2) / (mean * (1 - mean)), rel=1e-6)


def test_no_icc_leaves_no_correlation_to_speak_of() -> None:
    truth = trial_truth(TrialScenario(icc=0, trend_per_year=0))
    assert truth.standard.between_period is None
    assert truth.standard.icc_follow_up == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("arm", ["SSP", "ESP"])
@pytest.mark.parametrize("window", ["before", "after"])
def test_drawn_uptake_is_the_marginal_truth(large: pd.DataFrame, arm: str, window: str) -> None:
    truth = trial_truth(LARGE).standard if arm == "SSP" else trial_truth(LARGE).enhanced
    wanted = truth.uptake_before if window == "before" else truth.uptake_follow_up
    within_mcse(uptake(window), large[large["arm"] == arm], wanted)


def test_drawn_risk_difference_is_the_true_effect(large: pd.DataFrame) -> None:
    def difference(units: pd.DataFrame) -> float:
        arms = {arm: uptake("after")(units[units["arm"] == arm]) for arm in ("ESP", "SSP")}
        return arms["ESP"] - arms["SSP"]

    within_mcse(difference, large, trial_truth(LARGE).risk_difference)


def test_drawn_cluster_and_participant_averages_have_one_truth(large: pd.DataFrame) -> None:
    within_mcse(
        lambda units: float((units["treated_after"] / units["recorded_after"]).mean()),
        large[large["arm"] == "SSP"],
        trial_truth(LARGE).standard.uptake_follow_up,
    )


@pytest.mark.parametrize("window", ["before", "after"])
def test_drawn_icc_is_the_true_icc(large: pd.DataFrame, window: str) -> None:
    truth = trial_truth(LARGE).standard
    wanted = truth.icc_before if window == "before" else truth.icc_follow_up
    within_mcse(icc(window), large[large["arm"] == "SSP"], wanted)


def test_drawn_between_period_correlation_is_the_true_one(large: pd.DataFrame) -> None:
    wanted = trial_truth(LARGE).standard.between_period
    assert wanted is not None
    within_mcse(between_period, large[large["arm"] == "SSP"], wanted)


def test_individual_chances_average_to_the_units_and_stay_in_range() -> None:
    early, pressed = (np.array(flags) for flags in zip(*product([False, True], repeat=2), strict=True))
    four = Mothers(
        month=np.zeros(4, int),
        weeks=np.where(early, 24, 28),
        days=np.zeros(4, int),
        age=np.zeros(4),
        imd=np.zeros(4),
        ethnic=np.full(4, "white", object),
        hypertension=pressed,
    )
    share = constants.HYPERTENSION.value
    weight = np.where(early, extreme_share(), 1 - extreme_share()) * np.where(pressed, share, 1 - share)
    for p in (0.0, 0.01, 0.5, 0.84, 0.999, 1.0):
        chance = individual_probability(four, np.full(4, p))
        assert weight @ chance == pytest.approx(p, abs=1e-12)
        assert chance.min() >= 0
        assert chance.max() <= 1


# ------------------------------------------------------------------ the tables


def test_arms_are_two_to_one_in_every_stratum() -> None:
    for strata, seed in product((1, 2, 3, 4), range(2)):
        small = TrialScenario(strata=strata, births_per_year=12, births_cv=0.1, months_before=1)
        tables = trial_tables(small, seed)
        allocation = tables["allocation"]
        counts = allocation.groupby("stratum")["arm"].value_counts().unstack()
        assert counts.sum().to_dict() == {"ESP": 13, "SSP": 27}
        assert (abs(counts["ESP"] - counts.sum(axis=1) * 13 / 40) < 1).all()
        both = tables["units"][["unit", "stratum", "arm", "data_origin"]]
        pd.testing.assert_frame_equal(allocation[list(both.columns)], both)


def test_strata_do_not_overlap_and_units_were_eligible(trial: dict[str, pd.DataFrame]) -> None:
    units = trial["units"]
    lower, higher = (
        units.loc[units["stratum"] == name, "baseline_uptake"] for name in ("lower uptake", "higher uptake")
    )
    assert lower.max() < higher.min()
    assert units["baseline_uptake"].between(0, 0.70).all()


def test_allocation_is_random_within_strata() -> None:
    """Over 30 allocations the arms' 2016 uptake does not differ systematically."""
    scenario = TrialScenario(births_per_year=12, births_cv=0, icc=0.2, months_before=1, months_follow_up=1)
    draws = [trial_tables(scenario, seed)["units"] for seed in range(30)]
    gaps = [
        units.groupby("arm")["baseline_uptake"].mean().loc["ESP"]
        - units.groupby("arm")["baseline_uptake"].mean().loc["SSP"]
        for units in draws
    ]
    assert abs(np.mean(gaps)) < MCSE_BOUND * np.std(gaps, ddof=1) / np.sqrt(len(gaps))


def test_starts_and_months_are_in_range(trial: dict[str, pd.DataFrame]) -> None:
    starts = months_of(trial["units"]["start_month"])
    first, last = 2018 * 12 + 4, 2018 * 12 + 11
    assert starts.min() >= first
    assert starts.max() <= last
    assert len(set(starts)) > 3
    births = trial["births"].merge(trial["units"][["unit", "start_month"]], on="unit")
    since = months_of(births["birth_month"]) - months_of(births["start_month"])
    assert (since.min(), since.max()) == (-12, 17)


def test_unit_months_are_the_counts_of_births(trial: dict[str, pd.DataFrame]) -> None:
    wanted: dict[tuple[str, str], list[int]] = {}
    for baby in trial["births"].itertuples():
        if baby.gestation_weeks < 30 and baby.birth_order == 1:
            counts = wanted.setdefault((baby.unit, baby.birth_month), [0, 0, 0])
            counts[0] += baby.mgso4 == "yes"
            counts[1] += baby.mgso4 in ("yes", "no")
            counts[2] += baby.mgso4 == "unknown"
    found = {
        (row.unit, row.month): [row.numerator, row.denominator, row.missing]
        for row in trial["unit_months"].itertuples()
    }
    assert found == {key: counts for key, counts in wanted.items() if counts[1] > 0}


def test_magnesium_sulphate_does_not_apply_from_30_weeks(trial: dict[str, pd.DataFrame]) -> None:
    births = trial["births"]
    assert ((births["mgso4"] == "not_applicable") == (births["gestation_weeks"] >= 30)).all()
    assert births["gestation_weeks"].between(23, 31).all()
    assert set(births["mgso4"]) == {"yes", "no", "unknown", "not_applicable"}


def test_later_born_share_their_mothers_row(trial: dict[str, pd.DataFrame]) -> None:
    births = trial["births"]
    assert births["baby_id"].is_unique
    later = births.index[births["birth_order"] > 1]
    assert len(later) > 100
    assert births.loc[later, "multiple_birth"].all()
    assert not births.loc[~births["multiple_birth"], "birth_order"].gt(1).any()
    shared = [
        "unit",
        "birth_month",
        "gestation_weeks",
        "gestation_days",
        "imd_decile",
        "hypertension",
        "mgso4",
    ]
    before = births.loc[later - 1, shared].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, births.loc[later, shared].reset_index(drop=True))


def test_unit_sizes_have_the_declared_mean_variation_and_minimum() -> None:
    rng = stream(5, Stream.UNIT)
    rates = np.array([draw_rate(rng, 30, 0.5, 10) for _ in range(20_000)])
    draws = np.sqrt(rates.size)
    assert rates.min() >= 10
    assert abs(rates.mean() - 30) < MCSE_BOUND * 15 / draws
    kurtosis = ((rates - rates.mean()) ** 4).mean() / rates.var() ** 2
    assert abs(rates.std() - 15) < MCSE_BOUND * 15 * np.sqrt((kurtosis - 1) / 4) / draws
    assert draw_rate(rng, 30, 0, 10) == 30


def test_unknown_is_as_frequent_as_declared_in_both_arms() -> None:
    tables = trial_tables(TrialScenario(units_standard=80, units_enhanced=80, unknown=0.1), 4)
    births = tables["births"].merge(tables["units"][["unit", "arm"]], on="unit")
    births = births[births["gestation_weeks"] < 30]
    for _, rows in births.groupby("arm"):
        counts = rows["mgso4"].eq("unknown").groupby(rows["unit"]).agg(["sum", "size"])
        within_mcse(lambda units: units["sum"].sum() / units["size"].sum(), counts, 0.1)


def test_covariates_are_missing_as_often_as_declared() -> None:
    births = trial_tables(TrialScenario(births_per_year=150), 6)["births"]
    for column, share in constants.COVARIATE_MISSING.value:
        bound = MCSE_BOUND * np.sqrt(1.5 * share * (1 - share) / len(births))
        assert abs(births[column].isna().mean() - share) < bound, column


# ------------------------------------------------------------------ seeds and files


def test_the_same_seed_gives_the_same_tables_and_another_gives_others() -> None:
    once, again, other = (trial_tables(published_percentages(), seed) for seed in (8, 8, 9))
    for name, frame in once.items():
        pd.testing.assert_frame_equal(frame, again[name])
    assert not once["births"].equals(other["births"])


def test_another_unit_changes_no_other_units_draws() -> None:
    few = trial_tables(published_percentages(), 8)
    more = trial_tables(TrialScenario(units_standard=28), 8)
    units = few["units"].merge(more["units"], on="unit", suffixes=("", "_more"))
    for column in ("region", "level", "start_month", "baseline_uptake"):
        assert (units[column] == units[f"{column}_more"]).all()
    unmoved = set(units.loc[units["arm"] == units["arm_more"], "unit"])
    assert len(unmoved) > 20
    births = few["births"]
    others = more["births"][more["births"]["unit"].isin(births["unit"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(births.drop(columns="mgso4"), others.drop(columns="mgso4"))
    same = births["unit"].isin(unmoved)
    assert (births.loc[same, "mgso4"] == others.loc[same, "mgso4"]).all()


def test_every_row_says_synthetic_and_every_table_fits_its_schema(trial: dict[str, pd.DataFrame]) -> None:
    programme = programme_tables(ProgrammeScenario(), 2)
    for tables in (trial, programme):
        for name, frame in tables.items():
            table = load_table(frame, find_schema(name, None), name)
            assert table.synthetic
            assert len(table.frame) == len(frame)


def test_the_shipped_trial_is_what_the_generator_writes(tmp_path: Path) -> None:
    folder = shipped("analysis_plans") / "data" / "esp_vs_ssp"
    paths = write_tables(trial_tables(published_percentages(), SHIPPED_SEED), tmp_path)
    assert {path.name for path in paths} == {path.name for path in folder.glob("*.csv")}
    for path in paths:
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name
    assert (folder / "births.csv").stat().st_size < 600_000


def test_a_table_not_marked_synthetic_is_not_written(tmp_path: Path, trial: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(DataError, match="do not say so"):
        write_tables({"units": trial["units"].drop(columns="data_origin")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"trend_per_year": 0.4}, "every month must lie in"),
        ({"last_start": "2018-01"}, "is before first_start"),
        ({"first_start": "2018-13"}, "pattern"),
        ({"births_per_year": 10}, "cannot average"),
        ({"strata": 14}, "each arm needs a unit in each stratum"),
        ({"icc": 1.2}, "less than or equal to"),
        ({"iccc": 0.1}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_drawn_are_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TrialScenario.model_validate(fields)


# ------------------------------------------------------------------ constants


def test_the_documented_constants_are_those_of_the_code() -> None:
    document = DOCS.read_text(encoding="utf-8")
    inside = document.split("<!-- constants: begin -->\n")[1].split("<!-- constants: end -->")[0]
    assert inside == constants_table(), "paste constants_table() between the markers of docs/synthetic.md"


def test_every_constant_has_a_source_and_every_default_is_a_constant() -> None:
    sections = dict(constants.SECTIONS)
    for constant in (constant for section in sections.values() for constant in section):
        assert constant.source.strip()
        assert constant.meaning.strip()
    for scenario, title in ((TrialScenario(), "The trial"), (ProgrammeScenario(), "The programme")):
        declared = {
            constant.name: constant.value for constant in sections["Units and mothers"] + sections[title]
        }
        declared.setdefault("unknown", constants.UNKNOWN.value)
        for name, value in scenario.model_dump().items():
            fields = (
                {f"{name}.{arm}": share for arm, share in value.items()}
                if isinstance(value, dict)
                else {name: value}
            )
            for field, default in fields.items():
                assert declared[field] == default
