source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- wedge(); refit <- function(d) { d$.id <- match(d$cluster, unique(d$cluster))
  unname(coef(geeglm(y ~ treated + factor(period), data = d, id = .id, corstr = "exchangeable", control = geese.control(epsilon = 1e-13, maxit = 500)))) }
beta <- refit(d); V <- jackknife(refit, d, beta)
write_expected("geepack (exchangeable) without each cluster in turn", effect(beta[2], sqrt(V[2, 2]), 10 - 2, rtol = 1e-8), packages = "geepack")
