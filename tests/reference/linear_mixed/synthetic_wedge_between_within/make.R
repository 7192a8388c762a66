source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
suppressPackageStartupMessages(library(nlme))
d <- wedge(); d$C <- cbind(periods_of(d, "period"), about(cbind(d$x, dummies(d$stage)), d$period > 1))
fit <- tight_fit(y ~ treated + C + (1 | cluster) + (1 | cp), d); L <- as.numeric(seq_along(fixef(fit)) == 2)
theirs <- nlme::lme(y ~ treated + C, random = ~ 1 | cluster/period, data = d)  # df of treated: of cluster-periods
df <- unname(theirs$fixDF$X["treated"])
write_expected("synthetic stepped wedge; lme4 REML, df of nlme::lme with periods within clusters (inner-outer); of the mean of the reference arm clusters - 1",
  numbers_asked(fit, 0:1, L, "fixed", df, c(9, min(9, df))), packages = c(versions, "nlme"))
