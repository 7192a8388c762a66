source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "jags.R"))
d <- by_cluster(awards(), "school_id", "Bagrut_status", keep = "treated")
model <- "model {
  for (k in 1:K) {
    y[k] ~ dbin(p[k], n[k])
    p[k] ~ dbeta(m[k] / root^2, (1 - m[k]) / root^2)
    logit(m[k]) <- reference + effect * treated[k]
  }
  reference ~ dnorm(0, of_reference)
  effect ~ dnorm(0, of_effect)
  root ~ dnorm(0, of_root) T(1e-4,)
}"
found <- posterior(model, list(K = nrow(d), y = d$y, n = d$n, treated = d$treated,
  of_reference = precision(log(19) / UPPER), of_effect = precision(log(5) / UPPER),
  of_root = precision(sqrt(0.15 / 0.85) / UPPER)), c("reference", "effect", "root"))
reference <- found[, , "reference"]; effect <- found[, , "effect"]; root <- found[, , "root"]
write_posterior("beta-binomial by JAGS, the risk of every school sampled",
  c(effect_numbers(plogis(reference + effect) - plogis(reference)), of_measure("icc", root^2 / (1 + root^2))),
  c(parameter_numbers("mean[0]", reference), parameter_numbers("effect", effect), parameter_numbers("correlation", root)))
