source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- periods_of(d, "period")
fit <- tight_fit(y ~ treated + C + (treated | cluster), d)
G <- VarCorr(fit)$cluster; s2 <- sigma(fit)^2; L <- as.numeric(seq_along(fixef(fit)) == 2)
icc <- function(v) v / (v + s2)
write_expected("synthetic stepped wedge, random intercept and intervention effect; lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(G[1, 1], s2),
  term_variance("variance", "cluster: arm", G[2, 2]), term_variance("covariance", "cluster: arm, intercept", G[1, 2]),
  list(number("icc.icc_model[arm=0]", icc(G[1, 1]), 20 * rtol), number("icc.icc_model[arm=1]", icc(sum(G)), 20 * rtol)),
  packages = versions)
