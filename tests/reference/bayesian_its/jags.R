# Shared by the cases of bayesian_its: the synthetic programme by unit and month, and posteriors by JAGS with every effect sampled.
here <- file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..")
source(file.path(here, "multilevel_its", "oracle.R"))
source(file.path(here, "bayesian_hierarchical", "jags.R"))
load.module("glm", quiet = TRUE)
change_limits <- function(measure, draws) limits("change", paste0("[measure=", measure, "]"), draws)
spread_limits <- function(term, draws) of_measure("sd_random_effect", draws, term)
# How far a unit's coefficient is drawn to differ: mean and SD over the posterior.
unit_numbers <- function(unit, term, draws) {
  about <- paste0("[cluster=", unit, "; term=", term, "]")
  list(mc(paste0("prediction.prediction", about), draws, mean, function(v) sd(v)),
       mc(paste0("prediction.std_error", about), draws, sd, one_sd))
}
