"""Every number that the synthetic data rest on, each with its source or the word "assumption".

Nothing else in the generator holds a number about the world: scenario defaults and the draws read
these. A source is a page that prints the number; "derived" shows the arithmetic on printed numbers;
"assumption" means that no source was read, and the value is only plausible.
"""

from __future__ import annotations

from dataclasses import dataclass

TRIAL = "Edwards 2024, BJOG 131:256, abstract"
TRIAL_NEWS = "Health Innovation West, news on the BJOG paper"
PROTOCOL = "trial protocol 2021, BMJ Open Qual 10:e001204, abstract"
REGISTRY = "trial registry entry ISRCTN40938673"
NATIONS = "Devolved Nations report, medRxiv 10.1101/2024.07.30.24311213, executive summary"
SERIES = "Sillero-Rejon 2026, Front Health Serv 5:1655385, abstract"
EXTENDED = "Edwards 2025, BMJ Qual Saf, doi 10.1136/bmjqs-2024-017763, abstract"
QUALITATIVE = "Pithara-McKeown 2024, preprint rs.3.rs-5004623/v2"
AHSN = "AHSN Network programme page"
NNAP_2016 = "National Neonatal Audit Programme 2017 report (2016 data), as quoted by RCPCH QI Central"
NHS_ENGLAND = "NHS England, PReCePT long read"
BUNDLE = "Glover Williams 2022, BMJ Open Qual 11:e001904, Table 1"
PERIPREM = "Health Innovation South West, public PERIPrem reporting code"
IMD = "NNRD admissions 2012-22, PAS 2024 poster 648537"
ASSUMED = "assumption"

Shares = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Constant[Value: (int, float, str, Shares)]:
    """A number of the generator, what it means, and where it comes from."""

    name: str
    value: Value
    meaning: str
    source: str


UNITS_STANDARD = Constant("units_standard", 27, "units in the SSP arm", TRIAL)
UNITS_ENHANCED = Constant("units_enhanced", 13, "units in the ESP arm", TRIAL)
STRATA = Constant(
    "strata",
    2,
    "strata of the randomisation, cut at quantiles of baseline uptake",
    f"{ASSUMED} (stratified by previous uptake: {PROTOCOL}; number and cut points not published)",
)
MONTHS_BEFORE = Constant("months_before", 12, "months before the start month", REGISTRY)
MONTHS_IMPLEMENTATION = Constant("months_implementation", 9, "months of implementation", PROTOCOL)
MONTHS_FOLLOW_UP = Constant("months_follow_up", 9, "months of follow-up", PROTOCOL)
TRIAL_FIRST_START = Constant(
    "first_start",
    "2018-05",
    "earliest start month of a trial unit",
    f"{ASSUMED} (the trial ran in 2018: {TRIAL})",
)
TRIAL_LAST_START = Constant(
    "last_start",
    "2018-12",
    "latest start month of a trial unit",
    f"{ASSUMED} (the trial ran in 2018: {TRIAL})",
)
BIRTHS_MINIMUM = Constant(
    "births_minimum",
    10,
    "births below 30 weeks a year that a trial unit must have",
    f"{REGISTRY}; {PROTOCOL}",
)
TRIAL_BIRTHS = Constant(
    "births_per_year",
    30.0,
    "mean deliveries below 30 weeks a year in a trial unit",
    f"{ASSUMED} (England: about 23)",
)
TRIAL_BIRTHS_CV = Constant("births_cv", 0.5, "coefficient of variation of that rate over units", ASSUMED)
SCREENING_YEAR = Constant(
    "screening_year",
    2016,
    "year of eligibility and of stratification",
    f"{REGISTRY}; {PROTOCOL}; that it is also the year of stratification: {ASSUMED}",
)
SCREENING_UPTAKE = Constant(
    "screening_uptake",
    0.44,
    "mean uptake in 2016",
    f"{ASSUMED} (44% for all units: {NNAP_2016}; another definition)",
)
SCREENING_LIMIT = Constant(
    "screening_limit", 0.70, "highest 2016 uptake of an eligible unit", f"{REGISTRY}; {PROTOCOL}"
)
STANDARD_BEFORE = Constant("uptake_before.standard", 0.68, "SSP uptake, 12 months before", TRIAL_NEWS)
ENHANCED_BEFORE = Constant("uptake_before.enhanced", 0.64, "ESP uptake, 12 months before", TRIAL_NEWS)
STANDARD_FOLLOW_UP = Constant("uptake_follow_up.standard", 0.84, "SSP uptake, follow-up", TRIAL_NEWS)
ENHANCED_FOLLOW_UP = Constant("uptake_follow_up.enhanced", 0.85, "ESP uptake, follow-up", TRIAL_NEWS)
PUBLISHED_EFFECT = Constant(
    "declared_effect", -0.0084, "published adjusted difference, ESP - SSP (95% CI -0.0503 to 0.0335)", TRIAL
)
TRIAL_TREND = Constant("trend_per_year", 0.03, "secular rise of uptake a year within a window", ASSUMED)
TRIAL_ICC = Constant("icc", 0.02, "intraclass correlation of uptake within a unit and month", ASSUMED)
TRIAL_PERIOD_CORRELATION = Constant(
    "period_correlation", 0.6, "correlation of a unit's true uptake before and at follow-up", ASSUMED
)
UNKNOWN = Constant("unknown", 0.03, "mean fraction of eligible mothers with MgSO4 not recorded", ASSUMED)
UNKNOWN_CONCENTRATION = Constant(
    "unknown_concentration", 20.0, "beta concentration of that fraction over units", ASSUMED
)

REGIONS = Constant("regions", 15, "regions (AHSNs) of England", f"{AHSN}; {NHS_ENGLAND}")
NATION = Constant("nation", "England", "nation of every unit", TRIAL)
LNU_FROM = Constant("lnu_from", 15.0, "deliveries below 30 weeks a year from which a unit is an LNU", ASSUMED)
NICU_FROM = Constant(
    "nicu_from", 30.0, "deliveries below 30 weeks a year from which a unit is a NICU", ASSUMED
)

NOT_APPLICABLE_FROM = Constant(
    "not_applicable_from", 30, "completed weeks from which MgSO4 is not applicable", PERIPREM
)
GESTATION_SHARES: Constant[Shares] = Constant(
    "gestation",
    (
        *(("23", 0.05), ("24", 0.06), ("25", 0.07), ("26", 0.08), ("27", 0.10), ("28", 0.12)),
        *(("29", 0.15), ("30", 0.17), ("31", 0.20)),
    ),
    "deliveries by completed weeks",
    ASSUMED,
)
MULTIPLE_SHARES: Constant[Shares] = Constant(
    "plurality", (("1", 0.86), ("2", 0.13), ("3", 0.01)), "deliveries by number of babies", ASSUMED
)
SEX_SHARES: Constant[Shares] = Constant("sex", (("female", 0.47), ("male", 0.53)), "babies by sex", ASSUMED)
ETHNIC_SHARES: Constant[Shares] = Constant(
    "ethnic_group",
    (("white", 0.68), ("asian", 0.15), ("black", 0.09), ("mixed", 0.04), ("other", 0.04)),
    "mothers by ethnic group",
    ASSUMED,
)
IMD_MOST = Constant("imd_most_deprived", 0.137, "share of the most deprived decile (1)", IMD)
IMD_LEAST = Constant("imd_least_deprived", 0.056, "share of the least deprived decile (10)", IMD)
IMD_BETWEEN = Constant("imd_between", "linear", "shares of deciles 2 to 9, then scaled to 1", ASSUMED)
AGE_MEAN = Constant("maternal_age_mean", 30.5, "mean maternal age, years", ASSUMED)
AGE_SD = Constant("maternal_age_sd", 6.0, "standard deviation of maternal age, years", ASSUMED)
AGE_LEAST = Constant("maternal_age_least", 15.0, "lowest maternal age drawn, years", ASSUMED)
AGE_MOST = Constant("maternal_age_most", 50.0, "highest maternal age drawn, years", ASSUMED)
WEIGHT_Z_SD = Constant(
    "birth_weight_z_sd", 1.0, "standard deviation of the birth-weight z score (mean 0)", ASSUMED
)
WEIGHT_Z_LIMIT = Constant("birth_weight_z_limit", 4.0, "largest birth-weight z score drawn", ASSUMED)
HYPERTENSION = Constant("hypertension", 0.15, "fraction of mothers with hypertension", ASSUMED)
HYPERTENSION_PULL = Constant(
    "hypertension_pull", 0.3, "pull of hypertension on a mother's chance (docs: individual risks)", ASSUMED
)
EXTREME_PULL = Constant(
    "extreme_preterm_pull", -0.4, "pull of birth below 26 weeks on a mother's chance", ASSUMED
)
EXTREME_BELOW = Constant("extreme_preterm_below", 26, "completed weeks below which that pull acts", ASSUMED)
COVARIATE_MISSING: Constant[Shares] = Constant(
    "covariate_missing",
    (("birth_weight_z", 0.01), ("maternal_age", 0.01), ("imd_decile", 0.04), ("ethnic_group", 0.08)),
    "fraction of values not recorded",
    f"{ASSUMED} (characteristics more than 90% complete: Battersby 2018, PLoS One, abstract)",
)

PROGRAMME_UNITS = Constant("units", 150, "units in the programme", QUALITATIVE)
PROGRAMME_FIRST = Constant("first_month", "2016-01", "first month of the series", ASSUMED)
PROGRAMME_LAST = Constant("last_month", "2022-12", "last month of the series", EXTENDED)
PROGRAMME_FIRST_START = Constant(
    "first_start",
    "2018-05",
    "earliest start month of a region",
    "NPP project page, University of Bristol (plan: May and September 2018)",
)
PROGRAMME_LAST_START = Constant(
    "last_start",
    "2019-03",
    "latest start month of a unit",
    "AHSN Innovation Exchange (West Midlands launch 19 Mar 2019)",
)
UNIT_DELAY = Constant(
    "unit_delay", 2, "months by which a unit may follow its region, uniform from 0", ASSUMED
)
PROGRAMME_BIRTHS = Constant(
    "births_per_year",
    23.0,
    "mean deliveries below 30 weeks a year in a unit",
    f"derived: 14,270 treated Apr 2018-Mar 2023 / 5 years / 0.83 / 150 ({NHS_ENGLAND}; 0.83 an assumption)",
)
PROGRAMME_BIRTHS_CV = Constant("births_cv", 0.7, "coefficient of variation of that rate over units", ASSUMED)
PROGRAMME_BIRTHS_MINIMUM = Constant("births_minimum", 2, "smallest rate of a unit", ASSUMED)
UPTAKE_2017 = Constant("uptake_2017", 0.658, "England, NNRD definition, mean of 2017", EXTENDED)
UPTAKE_2022 = Constant("uptake_2022", 0.855, "England, NNRD definition, mean of 2022", EXTENDED)
PROGRAMME_EFFECT = Constant(
    "effect", 0.058, "rise due to the programme once complete (95% CI 0.0269 to 0.0886)", EXTENDED
)
RAMP_MONTHS = Constant(
    "ramp_months",
    9,
    "months over which the effect builds up evenly",
    f"{ASSUMED} (9 months in the trial: {PROTOCOL})",
)
PLATEAU_MONTH = Constant(
    "plateau_month",
    "2020-03",
    "last month of the secular rise",
    f"{ASSUMED} (gains mostly in the first two years: {EXTENDED})",
)
COVID_MONTH = Constant(
    "covid_month", "2020-04", "first month of the decline", f"{ASSUMED} (at COVID onset: {EXTENDED})"
)
COVID_DECLINE = Constant(
    "covid_decline_per_year",
    0.005,
    "decline a year from then to the end",
    f"{ASSUMED} (a slight decline: {EXTENDED})",
)
SPREAD_START = Constant(
    "spread_start",
    0.10,
    "SD of regional uptake up to the first start",
    f"{ASSUMED} (range 26-71% over networks: {NNAP_2016})",
)
SPREAD_END = Constant(
    "spread_end",
    0.015,
    "SD of regional uptake from the plateau on",
    f"{ASSUMED} (range 86.8-92.1% over 15 areas, 2021: {NHS_ENGLAND}; other areas and denominators)",
)
PROGRAMME_ICC = Constant(
    "icc", 0.02, "intraclass correlation within a unit and month, given the region", ASSUMED
)
PROGRAMME_PERIOD_CORRELATION = Constant(
    "period_correlation",
    0.6,
    "correlation of a unit's true uptake in two calendar years, given the region",
    ASSUMED,
)

BUNDLE_UNITS = Constant("units_per_arm", 12, "units in each arm, half of each level of care", ASSUMED)
BUNDLE_BABIES = Constant("babies_per_unit", 45.0, "mean babies of 23 to 33 weeks in a unit", ASSUMED)
BUNDLE_BABIES_CV = Constant("babies_cv", 0.4, "coefficient of variation of that mean over units", ASSUMED)
BUNDLE_BABIES_MINIMUM = Constant("babies_minimum", 10, "smallest mean of a unit", ASSUMED)
BUNDLE_GESTATION: Constant[Shares] = Constant(
    "gestation",
    (
        *(("23", 0.02), ("24", 0.03), ("25", 0.04), ("26", 0.04), ("27", 0.05), ("28", 0.07)),
        *(("29", 0.08), ("30", 0.11), ("31", 0.14), ("32", 0.18), ("33", 0.24)),
    ),
    "babies by completed weeks",
    ASSUMED,
)
BUNDLE_GIVEN: Constant[Shares] = Constant(
    "given",
    (
        *(("place", 0.80), ("steroids", 0.90), ("mgso4", 0.84), ("antibiotics", 0.68), ("cord", 0.72)),
        *(("thermal", 0.78), ("volume_guarantee", 0.85), ("caffeine", 0.93), ("embm", 0.70)),
        *(("probiotics", 0.82), ("hydrocortisone", 0.75)),
    ),
    "proportion given with usual care, of babies to whom the element applies",
    f"{ASSUMED} (the eleven names: {PERIPREM})",
)
BUNDLE_BELOW: Constant[Shares] = Constant(
    "applies_below",
    (
        *(("place", 27.0), ("steroids", 34.0), ("mgso4", 30.0), ("cord", 34.0), ("thermal", 34.0)),
        *(("volume_guarantee", 34.0), ("caffeine", 32.0), ("embm", 34.0), ("probiotics", 32.0)),
        ("hydrocortisone", 28.0),
    ),
    "completed weeks below which an element applies",
    f"place, steroids, mgso4, cord, thermal, volume_guarantee: {BUNDLE}; the others: {ASSUMED}",
)
BUNDLE_AMONG: Constant[Shares] = Constant(
    "applies_among",
    (("antibiotics", 0.70), ("volume_guarantee", 0.45)),
    "fraction of those babies to whom it applies: mother in active labour, invasive ventilation",
    ASSUMED,
)
BUNDLE_GAIN = Constant("gain", 0.25, "part of the gap to 1 that coaching closes, in every element", ASSUMED)
BUNDLE_ICC = Constant("icc", 0.02, "intraclass correlation of an element within a unit", ASSUMED)
BUNDLE_WITHIN = Constant(
    "within_baby", 0.2, "correlation of the elements of a baby, on the normal scale", ASSUMED
)
BUNDLE_UNKNOWN = Constant("unknown", 0.015, "fraction of applicable elements not recorded", ASSUMED)

NATIONS_FIRST = Constant("first_month", "2014-01", "first month of the series", SERIES)
NATIONS_LAST = Constant("last_month", "2022-12", "last month of the series", SERIES)
NATIONS_START = Constant(
    "start_month",
    "2018-05",
    "month in which the programme starts in England, all units at once",
    f"{ASSUMED} (first planned start: NPP project page, University of Bristol)",
)
NATIONS_LEVELS: Constant[Shares] = Constant(
    "uptake_2017",
    (("England", 0.658), ("Scotland", 0.62), ("Wales", 0.60)),
    "mean uptake of 2017",
    f"England: {EXTENDED}; Scotland and Wales: {ASSUMED}",
)
NATIONS_LATE: Constant[Shares] = Constant(
    "uptake_2022",
    (("England", 0.855), ("Scotland", 0.835), ("Wales", 0.855)),
    "mean uptake of 2022",
    f"England: {EXTENDED}; Wales as England, Scotland a little below: {ASSUMED} (Wales had caught up, "
    f"Scotland was not far behind: {NATIONS})",
)
NATIONS_MOTHERS: Constant[Shares] = Constant(
    "mothers_per_month",
    (("England", 287.5), ("Scotland", 18.4), ("Wales", 11.5)),
    "mean eligible mothers a month",
    "England: derived, 150 units of 23 a year; Scotland and Wales: derived, 8/125 and 5/125 of it, as the "
    f"benefits of 2022 ({NATIONS})",
)
NATIONS_EFFECT = Constant(
    "effect", 0.058, "rise due to the programme, complete in the month before the pandemic", EXTENDED
)
NATIONS_SEASON = Constant("season", 0.01, "amplitude of a yearly wave, highest in April", ASSUMED)
NATIONS_SD = Constant(
    "month_sd", 0.015, "standard deviation of a nation's true uptake about its course", ASSUMED
)
NATIONS_PHI = Constant("autocorrelation", 0.3, "correlation of that from month to month", ASSUMED)

AnyConstant = Constant[int] | Constant[float] | Constant[str] | Constant[Shares]


def _from(first: str, last: str | None) -> tuple[AnyConstant, ...]:
    """The constants declared from one name to another, in the order of this file."""
    declared = [(name, value) for name, value in globals().items() if isinstance(value, Constant)]
    names = [name for name, _ in declared]
    stop = len(names) if last is None else names.index(last)
    return tuple(value for _, value in declared[names.index(first) : stop])


SECTIONS: tuple[tuple[str, tuple[AnyConstant, ...]], ...] = (
    ("The trial", _from("UNITS_STANDARD", "REGIONS")),
    ("Units and mothers", _from("REGIONS", "PROGRAMME_UNITS")),
    ("The programme", _from("PROGRAMME_UNITS", "BUNDLE_UNITS")),
    ("The care bundle", _from("BUNDLE_UNITS", "NATIONS_FIRST")),
    ("Three nations", _from("NATIONS_FIRST", None)),
)


def constants_table() -> str:
    """Every constant with its source, as a Markdown table a section; the one in docs/synthetic.md."""
    blocks = []
    for title, constants in SECTIONS:
        lines = [f"### {title}", "", "| constant | value | meaning | source |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {_shown(c.value)} | {c.meaning} | {c.source} |" for c in constants]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _shown(value: int | float | str | Shares) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{name}: {share:g}" for name, share in value)
    return value if isinstance(value, str) else f"{value:g}"
