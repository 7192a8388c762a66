# Shared by the cases of two_stage_its: the synthetic programme by unit and quarter since its start, pooled by metafor.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages({ library(metafor); library(sandwich) })
number_of <- function(month) as.integer(substr(month, 1, 4)) * 12L + as.integer(substr(month, 6, 7)) - 1L
quarters <- function(levels) {
  folder <- file.path(plans_folder, "data", "npp")
  d <- merge(read.csv(file.path(folder, "unit_months.csv")), subset(read.csv(file.path(folder, "units.csv")), select = -data_origin), by = "unit")
  d <- d[d$level %in% levels & d$denominator > 0, ]
  d$period <- number_of(d$month) %/% 3L
  d$start <- number_of(d$start_month) %/% 3L
  d <- aggregate(cbind(numerator, denominator) ~ unit + start + period, d, sum)
  d$time <- d$period - d$start
  d$step <- as.numeric(d$time >= 0); d$ramp <- pmax(d$time, 0); d$y <- d$numerator / d$denominator
  d[order(d$unit, d$period), ]
}
by_unit <- function(d, one) { found <- t(sapply(split(d, d$unit), one)); data.frame(y = found[, 1], v = found[, 2]) }
tight <- list(threshold = 1e-15, maxiter = 10000, tol = 1e-14)
pooled <- function(est, method, log = FALSE, rtol = 1e-8, interval = "knha") {
  fit <- rma(y, v, data = est, method = method, test = interval, control = tight)
  known <- confint(fit, control = tight)$random; new <- predict(fit)
  df <- nrow(est) - 1; back <- if (log) exp else identity
  far <- if (interval == "knha") qt(0.975, df) else qnorm(0.975)
  wide <- far * sqrt(fit$se^2 + fit$tau2)
  c(list(number("estimate.estimate", back(c(fit$b)), rtol), number("estimate.std_error", fit$se, rtol),
         number("estimate.conf_low", back(fit$ci.lb), rtol), number("estimate.conf_high", back(fit$ci.ub), rtol),
         number("estimate.p_value", fit$pval, 1e-6)),
    if (interval == "knha") list(number("estimate.df", df)),
    list(number("inference_beside.conf_low[inference=prediction]", back(new$pi.lb), rtol), number("inference_beside.conf_high[inference=prediction]", back(new$pi.ub), rtol),
         number("fit.variance[term=unit]", fit$tau2, if (fit$tau2 > 0) 10 * rtol else 1e-12), number("fit.i2", fit$I2 / 100, 10 * rtol),
         number("fit.q", fit$QE, rtol), number("fit.q_p", fit$QEp, 1e-6), number("fit.tau2_high", known["tau^2", 3], 1e-6)),
    blups(fit, rownames(est)))
}
blups <- function(fit, units, rtol = 1e-7) {
  found <- ranef(fit)
  out <- list()
  for (unit in units[1:3]) {
    name <- paste0("[cluster=", unit, "]")
    out <- c(out, list(number(paste0("prediction.prediction", name), found$pred[units == unit], rtol)))
  }
  out
}
