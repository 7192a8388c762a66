source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "jags.R"))
d <- read.csv(file.path(case_folder, "..", "..", "generalised_linear_mixed", "synthetic_wedge_nested", "data.csv"))
d <- aggregate(cbind(n, events) ~ cluster + period + treated, d, sum)
share <- d$n * (d$period > 1) / sum(d$n * (d$period > 1))   # everyone from the first treated period on
P <- sapply(2:5, function(t) (d$period == t) - sum(share * (d$period == t)))
model <- "model {
  for (i in 1:N) {
    y[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- reference + inprod(P[i, ], of[]) + effect * treated[i] + u[cluster[i]] + v[i]
    v[i] ~ dnorm(0, 1 / sd_v^2)
  }
  for (k in 1:K) { u[k] ~ dnorm(0, 1 / sd_u^2) }
  for (t in 1:4) { of[t] ~ dnorm(0, of_period) }
  reference ~ dnorm(0, of_reference)
  effect ~ dnorm(0, of_effect)
  sd_u ~ dnorm(0, of_u) T(1e-4,)
  sd_v ~ dnorm(0, of_v) T(1e-4,)
}"
found <- posterior(model, list(N = nrow(d), K = max(d$cluster), y = d$events, n = d$n, treated = d$treated, P = P,
  cluster = d$cluster, of_reference = precision(log(19) / UPPER), of_effect = precision(log(5) / UPPER),
  of_period = precision(log(8) / UPPER), of_u = precision(icc_scale(0.30)), of_v = precision(icc_scale(0.15))),
  c("reference", "effect", "of", "sd_u", "sd_v"), kept = 2500, thin = 40)
one <- function(name) found[, , name]
total <- sqrt(one("sd_u")^2 + one("sd_v")^2)
grid <- standard_normal(); by_period <- tapply(share, d$period, sum)
difference <- 0 * total
for (t in 2:5) {
  level <- one("reference")
  for (s in 2:5) level <- level + one(paste0("of[", s - 1, "]")) * ((s == t) - by_period[[s]])
  for (q in seq_along(grid$z)) difference <- difference + by_period[[t]] * grid$w[q] *
    (plogis(level + one("effect") + total * grid$z[q]) - plogis(level + total * grid$z[q]))
}
write_posterior("binomial with normal effects of clusters and of their periods by JAGS, all of them sampled",
  c(effect_numbers(difference), of_measure("sd_between_clusters", one("sd_u")),
    of_measure("sd_random_effect", one("sd_v"), "cluster-period"),
    of_measure("icc_latent_within_period", total^2 / (total^2 + pi^2 / 3))),
  c(parameter_numbers("mean[0]", one("reference")), parameter_numbers("effect", one("effect")),
    parameter_numbers("period[3]", one("of[2]")), parameter_numbers("variance[cluster]", one("sd_u")^2)))
