source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
suppressPackageStartupMessages(library(lme4))
d <- here_only("share.csv"); d <- d[!is.na(d$kscore) & !is.na(d$sex), ]
d <- transform(d, id = as.character(school), a = arm, y = kscore, n = 1)
predicted <- function(d) {
  fit <- lmer(y ~ a + sex + (1 | id), d, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12), calc.derivs = FALSE))
  sapply(0:1, function(arm) predict(fit, set_arm(d, arm), re.form = NA))
}
write_expected("the estimator and its jackknife by a loop, lmer (REML)",
               robust_numbers(d, predicted, shares(d), "difference", 2, rtol = 1e-6), packages = "lme4")
