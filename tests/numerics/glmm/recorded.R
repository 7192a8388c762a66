# The Laplace fits of recorded.json again, with Newton steps on glmmTMB's own gradient from where it stops.
#   Rscript tests/numerics/glmm/recorded.R [folder of the data that do not ship]
# Writes recorded_tight.json: what recorded.json has where glmmTMB and lme4 did not stop short.
suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
elsewhere <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
source(file.path(here, "../../reference/generalised_linear_mixed/oracle.R"))
answer <- function(formula, d) {
  fit <- laplace(formula, d, binomial()); p <- length(fit$theta) - 1
  list(logLik = fit$log_likelihood, estimate = fit$theta[1:p], log_sd = fit$theta[p + 1], se = sqrt(diag(fit$V))[1:p])
}
awards <- read.csv(file.path(here, "../../../analysis_plans/data/achievement_awards/achievement_awards_girls2001.csv"))
contraception <- read.csv(file.path(here, "data/contraception.csv")); mkv <- read.csv(file.path(elsewhere, "mkvtrial.csv"))
cbpp <- read.csv(file.path(here, "data/cbpp.csv")); cbpp$period <- factor(cbpp$period)
for (f in c("stratum", "agegp", "ethnicgp")) mkv[[f]] <- factor(mkv[[f]])
contraception$livch <- factor(contraception$livch)
trial <- read.csv(file.path(elsewhere, "sim_swcrt_small.csv")); trial$period <- factor(trial$period)
out <- list(cbpp = answer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp),
            mkv_unadj = answer(know ~ arm + (1 | community), mkv),
            mkv_adj = answer(know ~ arm + stratum + agegp + ethnicgp + (1 | community), mkv),
            contraception = answer(use01 ~ urb + age + livch + (1 | district), contraception),
            simsw_bin = answer(y_bin ~ treatment + period + (1 | id), trial),
            awards_girls = answer(Bagrut_status ~ treated + (1 | school_id), awards))
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA), file.path(here, "recorded_tight.json"))
