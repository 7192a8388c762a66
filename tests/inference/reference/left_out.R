# Log-likelihoods of six clusters in four chains of 400 draws, and what loo makes of them.
# Rscript left_out.R: writes left_out.json beside this file.
suppressMessages({library(loo); library(jsonlite)})
set.seed(20261123)
chains <- 4; draws <- 400; clusters <- 6
scale <- c(0.05, 0.1, 0.2, 0.3, 0.15, 0.8)
values <- array(0, c(draws, chains, clusters))
for (k in seq_len(clusters)) for (c in seq_len(chains)) {
  walk <- as.numeric(stats::filter(rnorm(draws), 0.3, method = "recursive"))
  values[, c, k] <- -20 - 3 * k - scale[k] * (walk^2 + 0.3 * walk)
}
values <- round(values, 4)
found <- loo(values, r_eff = relative_eff(exp(values)))
other <- loo(values[, , c(2, 1, 3, 4, 6, 5)] - 0.5, r_eff = NA)
points <- found$pointwise
both <- loo_compare(found, other)
write_json(list(
  made_by = paste("loo", packageVersion("loo"), "R", getRversion()),
  log_likelihood = aperm(values, c(2, 1, 3)),
  elpd = points[, "elpd_loo"], khat = points[, "influence_pareto_k"], p_loo = points[, "p_loo"],
  total = found$estimates["elpd_loo", ],
  other = other$pointwise[, "elpd_loo"],
  difference = as.numeric(both[2, c("elpd_diff", "se_diff")])
), "left_out.json", digits = 10, auto_unbox = TRUE)
