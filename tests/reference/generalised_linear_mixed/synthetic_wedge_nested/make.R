source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); df <- length(unique(d$cluster)) - 2
fit <- laplace_of(cbind(events, n - events) ~ treated + P + x + (1 | cluster) + (1 | cp), d, binomial())
v <- function(t) exp(2 * t[fit$spread]); total <- function(t) sum(v(t))
X <- model.matrix(~ treated + P + x, d); share <- d$n * (d$period > 1) / sum(d$n * (d$period > 1))
arm <- function(a) mean_of(replace(X, cbind(seq_len(nrow(X)), 2), a), share, "logit", fit, total)
p0 <- arm(0); p1 <- arm(1); latent <- pi^2 / 3; median <- sqrt(2) * qnorm(0.75)
alike <- function(a, shared) {  # the correlation of two people drawn from the population, by double integration
  Xa <- replace(X, cbind(seq_len(nrow(X)), 2), a)
  function(t) {
    eta <- as.vector(Xa %*% t[fit$beta]); e <- eta[!duplicated(eta)]; w <- as.numeric(tapply(share, factor(eta, unique(eta)), sum))
    own <- sqrt(total(t) - shared(t)); z <- hermite(61); y <- hermite(41)
    m <- vapply(z$z, function(u) sum(y$w * vapply(y$z, function(k) sum(w * plogis(e + sqrt(shared(t)) * u + own * k)), 0)), 0)
    p <- sum(z$w * m); qlogis((sum(z$w * m^2) - p^2) / (p * (1 - p)))
  }
}
write_expected("glmmTMB (Laplace), with Newton steps on its own gradient; risks and correlations by quadrature in R",
  asked(function(t) p1(t) - p0(t), fit, df), means_asked(p0, p1, fit, df), log_likelihood(fit),
  list(variance_number("cluster", v(fit$theta)[1]), variance_number("cluster_period", v(fit$theta)[2])),
  quantity(function(t) t[fit$spread[1]], fit, df, "sd_between_clusters", "", exp),
  quantity(function(t) t[fit$spread[2]], fit, df, "sd_random_effect", "cluster-period", exp),
  quantity(function(t) log(median) + t[fit$spread[2]], fit, df, "median_odds_ratio", "cluster-period", function(x) exp(exp(x))),
  quantity(function(t) qlogis(total(t) / (total(t) + latent)), fit, df, "icc_latent_within_period", ""),
  quantity(function(t) qlogis(v(t)[1] / (total(t) + latent)), fit, df, "icc_latent_between_periods", ""),
  quantity(function(t) qlogis(v(t)[1] / total(t)), fit, df, "cluster_autocorrelation", ""),
  quantity(function(t) qlogis(v(t)[2] / (total(t) + latent)), fit, df, "variance_share", "cluster-period"),
  quantity(alike(0, total), fit, df, "icc_proportion_within_period", "0"),
  quantity(alike(1, function(t) v(t)[1]), fit, df, "icc_proportion_between_periods", "1"), packages = "glmmTMB")
