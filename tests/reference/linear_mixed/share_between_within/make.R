source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("share.csv")
fit <- mixed(d$kscore, d$arm, d$school, centred(d$sex))
nlme_df <- function(term) nlme::lme(kscore ~ arm + sex, random = ~ 1 | school, data = d)$fixDF$X[[term]]
write_expected("lme4 REML, t on 25 schools - 2 (the inner-outer df that nlme::lme gives the arm)", numbers_of(fit, 0:1, "fixed", nlme_df("arm")), packages = versions)
