source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
suppressPackageStartupMessages(library(lme4))
d <- transform(awards(), id = as.character(school_id), a = treated, y = Bagrut_status, n = 1, x = lagscore / 10)
predicted <- function(d) {
  fit <- glmer(y ~ a + x + (1 | id), d, binomial, nAGQ = 15,
               control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), calc.derivs = FALSE))
  s <- as.numeric(getME(fit, "theta")); z <- seq(-8, 8, by = 0.05); w <- dnorm(z) / sum(dnorm(z))
  sapply(0:1, function(arm) {
    eta <- predict(fit, set_arm(d, arm), re.form = NA)
    rowSums(plogis(outer(eta, s * z, "+")) * rep(w, each = length(eta)))
  })
}
write_expected("the estimator and its jackknife by a loop, glmer with the random intercept integrated out on a grid",
               robust_numbers(d, predicted, shares(d), "difference", 1, rtol = 2e-5), packages = "lme4")
