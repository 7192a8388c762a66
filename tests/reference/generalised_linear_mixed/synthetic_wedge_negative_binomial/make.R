source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); df <- length(unique(d$cluster)) - 2
fit <- laplace_of(falls ~ treated + P + x + offset(log(years)) + (1 | cluster) + (1 | cp), d, nbinom2())
X <- model.matrix(~ treated + P + x, d); share <- d$years * (d$period > 1) / sum(d$years * (d$period > 1))
v <- function(t) exp(2 * t[fit$spread])
arm <- function(a) mean_of(replace(X, cbind(seq_len(nrow(X)), 2), a), share, "log", fit, function(t) sum(v(t)))
p0 <- arm(0); p1 <- arm(1)
write_expected("glmmTMB (Laplace, nbinom2), with Newton steps on its own gradient",
  asked(function(t) p1(t) - p0(t), fit, df), means_asked(p0, p1, fit, df), log_likelihood(fit),
  list(variance_number("cluster", v(fit$theta)[1]), variance_number("cluster_period", v(fit$theta)[2])),
  quantity(function(t) -t[fit$shape], fit, df, "overdispersion", "", exp),
  quantity(function(t) qlogis(v(t)[1] / sum(v(t))), fit, df, "cluster_autocorrelation", ""), packages = "glmmTMB")
