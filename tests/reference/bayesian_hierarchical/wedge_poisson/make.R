source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "jags.R"))
d <- read.csv(file.path(case_folder, "..", "..", "generalised_linear_mixed", "synthetic_wedge_nested", "data.csv"))
share <- d$years * (d$period > 1) / sum(d$years * (d$period > 1))   # all person-time from the first treated period on
centred <- function(v) v - sum(share * v)
X <- cbind(sapply(2:5, function(t) centred((d$period == t) + 0)), centred(d$x))
model <- "model {
  for (i in 1:N) {
    y[i] ~ dpois(years[i] * exp(reference + inprod(X[i, ], b[]) + effect * treated[i] + u[cluster[i]]))
  }
  for (k in 1:K) { u[k] ~ dnorm(0, 1 / between^2) }
  for (j in 1:5) { b[j] ~ dnorm(0, of_b) }
  reference ~ dnorm(middle, of_reference)
  effect ~ dnorm(0, of_effect)
  between ~ dnorm(0, of_between) T(1e-4,)
}"
found <- posterior(model, list(N = nrow(d), K = max(d$cluster), y = d$falls, years = d$years, treated = d$treated, X = X,
  cluster = d$cluster, middle = log(sum(d$falls) / sum(d$years)), of_reference = precision(log(10) / UPPER),
  of_effect = precision(log(5) / UPPER), of_b = precision(log(8) / UPPER), of_between = precision(1 / UPPER)),
  c("reference", "effect", "b", "between"), thin = 40)
one <- function(name) found[, , name]
pattern <- unique(cbind(X, share = 0)); key <- apply(X, 1, paste, collapse = " "); of_key <- tapply(share, factor(key, unique(key)), sum)
rate <- 0 * one("effect")
for (j in seq_len(nrow(pattern))) {
  level <- one("reference"); for (c in 1:5) level <- level + pattern[j, c] * one(paste0("b[", c, "]"))
  rate <- rate + of_key[[j]] * exp(level + one("between")^2 / 2)
}
write_posterior("Poisson with normal effects of clusters, periods and a covariate by JAGS, all of them sampled",
  c(effect_numbers(rate * (exp(one("effect")) - 1), higher_better = FALSE),
    of_measure("sd_between_clusters", one("between"))),
  c(parameter_numbers("mean[0]", one("reference")), parameter_numbers("effect", one("effect")),
    parameter_numbers("x", one("b[5]")), parameter_numbers("variance[cluster]", one("between")^2)))
