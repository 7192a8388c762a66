source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); df <- length(unique(d$cluster)) - 2
fit <- laplace_of(cbind(events, n - events) ~ treated + P + x + (1 + treated | cluster), d, binomial())
G <- function(t) { s <- exp(t[fit$spread[1:2]]); r <- t[fit$spread[3]]; r <- r / sqrt(1 + r^2)
  c(s[1]^2, s[1]^2 + 2 * r * s[1] * s[2] + s[2]^2) }
X <- model.matrix(~ treated + P + x, d); n <- d$n * (d$period > 1); share <- by_clusters(n, d$cluster)
arm <- function(a) mean_of(replace(X, cbind(seq_len(nrow(X)), 2), a), share, "logit", fit, function(t) G(t)[a + 1])
p0 <- arm(0); p1 <- arm(1)
write_expected("glmmTMB (Laplace), with Newton steps on its own gradient; risks by integrate(), clusters weighted equally",
  asked(function(t) qlogis(p1(t)) - qlogis(p0(t)), fit, df, log = TRUE), means_asked(p0, p1, fit, df), log_likelihood(fit),
  quantity(function(t) 0.5 * log(G(t)[1]), fit, df, "sd_between_clusters", "0", exp),
  quantity(function(t) 0.5 * log(G(t)[2]), fit, df, "sd_between_clusters", "1", exp),
  quantity(function(t) qlogis(G(t)[2] / (G(t)[2] + pi^2 / 3)), fit, df, "icc_latent", "1"), packages = "glmmTMB")
