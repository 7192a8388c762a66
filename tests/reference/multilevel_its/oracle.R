# Shared by the cases of multilevel_its and two_stage_its: the synthetic programme by unit and month, means over normal random effects by a dense grid, and the delta method with numDeriv.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages({ library(lme4); library(numDeriv); library(glmmTMB) })
number_of <- function(month) as.integer(substr(month, 1, 4)) * 12L + as.integer(substr(month, 6, 7)) - 1L
programme <- function(levels = c("NICU", "LNU", "SCU"), months = NULL) {
  folder <- file.path(plans_folder, "data", "npp")
  d <- merge(read.csv(file.path(folder, "unit_months.csv")), subset(read.csv(file.path(folder, "units.csv")), select = -data_origin), by = "unit")
  d <- d[d$level %in% levels & d$denominator > 0, ]
  d$period <- number_of(d$month)
  d$time <- d$period - number_of(d$start_month)
  if (!is.null(months)) d <- d[d$time >= -months & d$time < months, ]
  d$step <- as.numeric(d$time >= 0)
  d$ramp <- pmax(d$time, 0)
  d$years <- d$ramp / 12
  d$y <- d$numerator / d$denominator
  d$unit <- factor(d$unit)
  d[order(d$unit, d$period), ]
}
# Laplace's approximation by glmmTMB, brought to its optimum by Newton steps on exact gradients; parameters are beta, then for
# each random term logarithms of SDs and the correlations' Cholesky factor. V inverts the joint information.
at_optimum <- function(formula, d) {
  fit <- glmmTMB(formula, d, binomial)
  par <- fit$fit$par; gr <- function(p) as.vector(fit$obj$gr(p))
  for (step in 1:3) par <- par - solve(jacobian(gr, par), gr(par))
  V <- solve(jacobian(gr, par))
  list(par = par, V = (V + t(V)) / 2)
}
covariance_of <- function(theta, q) {
  U <- diag(q); U[upper.tri(U)] <- theta[-seq_len(q)]
  s <- diag(exp(theta[seq_len(q)]), q)
  s %*% cov2cor(crossprod(U)) %*% s
}
points <- seq(-9, 9, by = 0.02); density <- dnorm(points) / sum(dnorm(points))
over_effects <- function(eta, sd) mapply(function(e, s) sum(density * plogis(e + s * points)), eta, sd)
t_effect <- function(estimate, se, df, log = FALSE, rtol = 1e-6, prefix = "estimate", about = "") {
  back <- if (log) exp else identity
  half <- qt(0.975, df) * se
  name <- function(stat) paste0(prefix, ".", stat, about)
  list(number(name("estimate"), back(estimate), rtol), number(name("std_error"), se, 10 * rtol), number(name("df"), df, 1e-6),
       number(name("conf_low"), back(estimate - half), 10 * rtol), number(name("conf_high"), back(estimate + half), 10 * rtol))
}
variance_numbers <- function(G, names, by = "unit", rtol = 1e-5) {
  out <- list()
  for (b in seq_along(names)) for (a in b:length(names)) {
    what <- if (a == b) "variance" else "covariance"
    label <- paste0(by, ": ", paste(unique(c(names[b], names[a])), collapse = ", "))
    out <- c(out, list(number(paste0("fit.", what, "[term=", label, "]"), G[a, b], rtol)))
  }
  out
}
