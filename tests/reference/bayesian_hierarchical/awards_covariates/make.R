source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "jags.R"))
a <- awards(); school <- as.integer(factor(a$school_id)); y <- a$lagscore
treated <- as.vector(tapply(a$treated, school, function(v) v[1]))
centred <- function(v) v - mean(v)
levels <- sort(unique(a$school_type)); father <- centred(a$father_ed)
X <- cbind(sapply(levels[-1], function(l) centred((a$school_type == l) + 0)), father)
spread <- c(1, 1, sqrt(mean(father^2)))   # one unit of an indicator, one SD of a covariate
s <- sd(y)
model <- "model {
  for (i in 1:N) { y[i] ~ dnorm(level[school[i]] + inprod(X[i, ], b[]), 1 / residual^2) }
  for (k in 1:K) { level[k] ~ dnorm(reference + effect * treated[k], 1 / between^2) }
  for (j in 1:3) { b[j] ~ dnorm(0, of_b[j]) }
  reference ~ dnorm(middle, of_reference)
  effect ~ dnorm(0, of_effect)
  between ~ dnorm(0, of_between) T(1e-3,)
  residual ~ dnorm(0, of_residual) T(1e-3,)
}"
found <- posterior(model, list(N = length(y), K = max(school), y = y, X = X, school = school, treated = treated,
  middle = mean(y), of_reference = precision(5 * s / UPPER), of_effect = precision(s / UPPER),
  of_b = precision(2 * s / UPPER / spread), of_between = precision(sqrt(0.30) * s / UPPER),
  of_residual = precision(2 * s / UPPER)), c("reference", "effect", "b", "between", "residual"), kept = 2500, thin = 10)
one <- function(name) found[, , name]
write_posterior("normal outcomes with normal effects of schools and three covariates by JAGS, all of them sampled",
  c(effect_numbers(one("effect")), of_measure("sd_between_clusters", one("between")),
    of_measure("icc", one("between")^2 / (one("between")^2 + one("residual")^2))),
  c(parameter_numbers("mean[0]", one("reference")), parameter_numbers("effect", one("effect")),
    parameter_numbers("father_ed", one("b[3]")), parameter_numbers("variance[residual]", one("residual")^2)))
