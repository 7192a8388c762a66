# Model-robust standardisation from its formula (Li et al. 2025, arXiv 2505.19336): predictions of a working
# model corrected by residuals over the probability of the arm; a jackknife that refits without each cluster.
# d has columns id, a (0/1), y, n (denominator); predicted(d) gives rows' means in arms 0 and 1 as two columns,
# or with means = TRUE those of clusters.
four_means <- function(d, predicted, pi, means = FALSE) {
  ids <- unique(d$id); rows <- predicted(d); out <- c(0, 0, 0, 0); total <- 0
  for (k in seq_along(ids)) {
    mine <- d$id == ids[k]; size <- sum(d$n[mine]); observed <- sum(d$y[mine]) / size; a <- d$a[mine][1]
    expected <- if (means) rows[k, ] else colSums(rows[mine, , drop = FALSE] * d$n[mine]) / size
    chance <- c(1 - pi[[ids[k]]], pi[[ids[k]]])
    mu <- expected + (c(0, 1) == a) / chance * (observed - expected)
    out <- out + c(mu / length(ids), mu * size); total <- total + size
  }
  out / c(1, 1, total, total)
}
# The share of clusters in arm 1 of each stratum, by cluster.
shares <- function(d, stratum = rep(1, nrow(d))) {
  first <- !duplicated(d$id)
  setNames(ave(d$a[first], stratum[first]), d$id[first])
}
without_each <- function(d, predicted, pi, means = FALSE) {
  t(sapply(unique(d$id), function(id) four_means(d[d$id != id, ], predicted, pi, means)))
}
effect_in <- function(mu, summary) switch(summary,
  difference = mu[2] - mu[1], ratio = log(mu[2] / mu[1]), odds = qlogis(mu[2]) - qlogis(mu[1]))
slope_in <- function(mu, summary) switch(summary,
  difference = c(-1, 1), ratio = c(-1, 1) / mu, odds = c(-1, 1) / (mu * (1 - mu)))
# Rows of context average, the estimate, and arm means in the declared average (1 clusters, 2 participants).
robust_numbers <- function(d, predicted, pi, summary, declared, means = FALSE, type = 1, spent = 2,
                           arms = c("0", "1"), rtol = 1e-8) {
  mu <- four_means(d, predicted, pi, means); jack <- without_each(d, predicted, pi, means); m <- nrow(jack)
  centre <- if (type == 1) colMeans(jack) else mu
  away <- sweep(jack, 2, centre); V <- crossprod(away) * (if (type == 3) 1 else (m - 1) / m); df <- m - spent
  log <- summary != "difference"
  part <- list(1:2, 3:4)
  value <- sapply(part, function(p) effect_in(mu[p], summary))
  slope <- lapply(1:2, function(k) { s <- rep(0, 4); s[part[[k]]] <- slope_in(mu[part[[k]]], summary); s })
  se <- function(g) sqrt(drop(g %*% V %*% g))
  out <- effect(value[declared], se(slope[[declared]]), df, log, rtol = rtol)
  rename <- function(found, name) lapply(found, function(x) {
    x$name <- paste0(sub("estimate", "average", x$name), "[average=", name, "]"); x })
  out <- c(out, rename(effect(value[1], se(slope[[1]]), df, log, rtol = rtol), "cluster_average"),
           rename(effect(value[2], se(slope[[2]]), df, log, rtol = rtol), "participant_average"),
           rename(effect(value[2] - value[1], se(slope[[2]] - slope[[1]]), df, log, rtol = rtol), "comparison"))
  for (k in 1:2) {
    place <- part[[declared]][k]
    out <- c(out, lapply(arm_mean(arms[k], mu[place], sqrt(V[place, place]), df), function(x) { x$rtol <- rtol; x }))
  }
  out
}
# Columns of individual covariates beside their cluster means.
with_cluster_means <- function(d, columns) {
  for (c in columns) d[[paste0("mean_", c)]] <- ave(d[[c]], d$id)
  d
}
set_arm <- function(d, arm) { d$a <- arm; d }
in_arms <- function(fit, d) sapply(0:1, function(arm) predict(fit, set_arm(d, arm), type = "response"))
