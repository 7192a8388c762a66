# Numbers of glmmTMB (Laplace) for models with several random effects.
#   Rscript tests/numerics/glmm/joint.R
# glmmTMB stops early, so Newton steps on its own exact gradient are taken from where it stops.
# theta is (beta, log dispersion of nbinom2, log SDs, and for a correlation r: r / sqrt(1 - r^2)).
# The trial is drawn here: it is synthetic.
suppressPackageStartupMessages({library(glmmTMB); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
set.seed(20263)
K <- 24; P <- 6
d <- expand.grid(x = 0:2, period = 1:P, cluster = 1:K)
d$region <- (d$cluster - 1) %/% 4 + 1
d$cell <- (d$cluster - 1) * P + d$period
d$arm <- as.integer(d$period > (d$cluster %% (P - 1)) + 1)
d$shift <- round(rnorm(nrow(d), 0, 0.3), 3)
draw <- function(sd) rnorm(200, 0, sd)
eta <- -0.8 + 0.5 * d$arm + 0.1 * d$period - 0.2 * d$x + draw(0.5)[d$region] + draw(0.6)[d$cluster] +
  draw(0.4)[d$cell] + draw(0.5)[d$cluster] * d$arm + draw(0.3)[d$period]
d$n <- sample(2:9, nrow(d), TRUE)
d$y <- rbinom(nrow(d), d$n, plogis(eta))
d$person_years <- round(runif(nrow(d), 0.5, 6), 2)
d$events <- rpois(nrow(d), d$person_years * exp(eta))
d$bursts <- rnbinom(nrow(d), size = 1.7, mu = d$person_years * exp(eta))
d$data_origin <- "synthetic"
write.csv(d, file.path(here, "data/wedge.csv"), row.names = FALSE)
d$period <- factor(d$period)
contraception <- read.csv(file.path(here, "data/contraception.csv")); contraception$livch <- factor(contraception$livch)

hessian <- function(obj, at, h) optimHess(at, obj$fn, obj$gr, control = list(ndeps = rep(h, length(at))))
answer <- function(formula, fam, random, data = d, y, polish = TRUE) {
  m <- suppressWarnings(glmmTMB(as.formula(formula), data, family = fam,
                                control = glmmTMBControl(optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14))))
  at <- m$fit$par
  if (polish) for (round in 1:5) {
    H <- (4 * hessian(m$obj, at, 1e-3) - hessian(m$obj, at, 2e-3)) / 3
    at <- at - solve(H, as.vector(m$obj$gr(at)))
  }
  out <- list(formula = formula, family = fam$family, link = fam$link, y = y, random = random,
              log_likelihood = -m$obj$fn(at), params = unname(at[names(at) == "beta"]),
              theta = unname(at[names(at) == "theta"]), log_shape = unname(at[names(at) == "betad"]))
  if (polish) {
    se <- sqrt(diag(solve(H)))
    out$se <- unname(se[names(at) == "beta"]); out$se_theta <- unname(se[names(at) == "theta"])
    out$se_log_shape <- unname(se[names(at) == "betad"]); out$gradient <- max(abs(m$obj$gr(at)))
  }
  out
}
b <- "cbind(y, n - y) ~ arm + period + x"; p <- "events ~ arm + period + x + offset(log(person_years))"
o <- "bursts ~ arm + period + x + offset(log(person_years))"
short <- "cbind(y, n - y) ~ arm + x"
nested <- "(1 | cluster) + (1 | cell)"
out <- list(
  nested_logit = answer(paste(b, "+", nested), binomial(), c("cluster", "cell"), y = "y"),
  nested_probit = answer(paste(b, "+", nested), binomial("probit"), c("cluster", "cell"), y = "y"),
  nested_cloglog = answer(paste(b, "+", nested), binomial("cloglog"), c("cluster", "cell"), y = "y"),
  crossed = answer(paste(short, "+ (1 | cluster) + (1 | period)"), binomial(), c("cluster", "period"), y = "y"),
  region = answer(paste(b, "+ (1 | region) +", nested), binomial(), c("region", "cluster", "cell"), y = "y"),
  crossed_cells = answer(paste(short, "+ (1 | period) +", nested), binomial(), c("period", "cluster", "cell"), y = "y"),
  slope = answer(paste(b, "+ (1 + arm | cluster)"), binomial(), "cluster:arm", y = "y"),
  slope_cells = answer(paste(b, "+ (1 + arm | cluster) + (1 | cell)"), binomial(), c("cluster:arm", "cell"), y = "y"),
  uncorrelated = answer(paste(b, "+ (1 | cluster) + (0 + arm | cluster)"), binomial(), c("cluster", "cluster:0:arm"), y = "y"),
  offset = answer(paste(b, "+ offset(shift) +", nested), binomial(), c("cluster", "cell"), y = "y"),
  poisson = answer(paste(p, "+", nested), poisson(), c("cluster", "cell"), y = "events"),
  poisson_slope = answer(paste(p, "+ (1 + arm | cluster)"), poisson(), "cluster:arm", y = "events"),
  nb2 = answer(paste(o, "+ (1 | cluster)"), nbinom2(), "cluster", y = "bursts"),
  nb2_nested = answer(paste(o, "+", nested), nbinom2(), c("cluster", "cell"), y = "bursts"),
  nb2_slope = answer(paste(o, "+ (1 + arm | cluster)"), nbinom2(), "cluster:arm", y = "bursts"),
  contraception_slope = answer("use01 ~ urb + age + livch + (1 + urb | district)", binomial(), "district:urb", contraception, "use01")
)
out$software <- paste(R.version.string, paste("glmmTMB", packageVersion("glmmTMB")), sep = ", ")
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "joint.json"))
