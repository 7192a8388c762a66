source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- awards(); df <- length(unique(d$school_id)) - 2
fit <- laplace(Bagrut_status ~ treated * immigrant + (1 | school_id), d, binomial())
X <- model.matrix(~ treated * immigrant, d)
# the log of the marginal odds ratio in a level, everyone there in one arm and then in the other
log_odds_ratio <- function(level) {
  rows <- X[d$immigrant == level, ]; share <- rep(1 / nrow(rows), nrow(rows))
  side <- function(arm) {
    at <- rows; at[, "treated"] <- arm; at[, "treated:immigrant"] <- arm * level
    arm_risk(at, share, binomial())
  }
  one <- side(1); zero <- side(0)
  function(theta) qlogis(one(theta)) - qlogis(zero(theta))
}
native <- log_odds_ratio(0); immigrant <- log_odds_ratio(1)
found <- function(f) { told <- delta(f, fit); list(told[["value"]], told[["se"]], df, TRUE) }
numbers <- c(do.call(effect, found(function(t) immigrant(t) - native(t))),
             do.call(within_level, c("False", found(native))), do.call(within_level, c("True", found(immigrant))))
write_expected("glmmTMB (Laplace) with arm, immigrant and their product; ratio of marginal odds ratios, integrated numerically",
               lapply(numbers, function(one) replace(one, "rtol", 1e-6)), packages = "glmmTMB")
