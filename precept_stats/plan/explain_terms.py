"""The words of a plan's explanation for the values that a plan may hold."""

from __future__ import annotations

DATA_STATES = {
    "before_recruitment": "written before recruitment",
    "collecting_blinded": "written while data were collected, blind to arm",
    "locked_blinded": "written after the data were locked, blind to arm",
    "unblinded": "written after unblinding",
    "results_seen": "written after the results had been seen",
    "no_data_yet": "written before there were any data",
}
REASONS = {
    "specified_in_protocol": "specified in the protocol",
    "specified_in_sap": "specified in the statistical analysis plan",
    "data_driven": "data driven, not prespecified",
    "requested_by_reviewer": "requested by a reviewer, not prespecified",
    "reanalysis": "a re-analysis, planned after the results were published",
}
TARGETS = {
    "participant_average": "averaged over participants (every participant counts the same)",
    "cluster_average": "averaged over clusters (every cluster counts the same)",
}
REMOVED = {
    "nothing": "all clusters with each other",
    "arm": "clusters within their arm, whose mean is removed",
    "arm_and_strata": "clusters within their stratum (or pair) of an arm, whose mean is removed",
}
EFFECTS = {
    "marginal": "marginal (for the population as a whole)",
    "conditional": "conditional (within levels of the covariates)",
}
