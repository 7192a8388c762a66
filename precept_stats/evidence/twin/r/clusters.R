# ---- cluster summaries and their regression: lm, sandwich and clubSandwich --------------------------------------
# ANOVA intracluster correlation pooled within arms, of individual rows.
icc_anova <- function(d) {
  g <- factor(d$arm); k <- interaction(g, d$cluster, drop = TRUE)
  table <- anova(lm(d$y ~ g + k)); n <- table(k)
  arm_of <- tapply(as.character(g), k, function(v) v[1])
  n0 <- (sum(n) - sum(tapply(n^2, arm_of, sum) / tapply(n, arm_of, sum))) / table["k", "Df"]
  between <- table["k", "Mean Sq"]; within <- table["Residuals", "Mean Sq"]
  (between - within) / (between + (n0 - 1) * within)
}
weights_of <- function(c, d, kind) {
  if (kind == "equal") return(rep(1, nrow(c)))
  if (kind == "size") return(c$n)
  c$n / (1 + (c$n - 1) * max(icc_anova(d), 0))
}
# Stage one: what each cluster would be expected to show, from a model without the arm.
expected_totals <- function(d, outcome) {
  X <- covariates(d); first <- cluster_level(X, d$cluster)
  M <- cbind(1, blocks_of(d), X[, first, drop = FALSE], X[, !first, drop = FALSE])
  tight <- glm.control(epsilon = 1e-15, maxit = 100)
  fit <- switch(outcome,
    continuous = lm.fit(M, d$y),
    binary = suppressWarnings(glm.fit(M, cbind(d$y, d$size - d$y), family = binomial(), control = tight)),
    count = suppressWarnings(glm.fit(M, d$y, family = poisson(), offset = log(d$size), control = tight)))
  kept <- !is.na(fit$coefficients); from <- 1 + ncol(blocks_of(d))
  value <- if (outcome == "binary") fit$fitted.values * d$size else fit$fitted.values
  list(totals = as.vector(tapply(value, factor(d$cluster), sum)), rank = sum(kept[from + seq_len(sum(first))]))
}
cluster_summaries <- function(d, s) {
  c <- by_cluster(d); ratio <- s$ratio; value <- c$m; rank <- 0; adjusted <- ncol(covariates(d)) > 0
  denominator <- c$n
  if (adjusted) {
    stage <- expected_totals(d, s$outcome); rank <- stage$rank
    if (ratio == "none") value <- (c$total - stage$totals) / c$n else denominator <- stage$totals
  }
  if (ratio == "geometric") value <- log((c$total + if (any(c$total <= 0)) 0.5 else 0) / denominator)
  if (ratio == "arithmetic") value <- c$total / denominator
  w <- weights_of(c, d, s$weights); w <- w / mean(w); B <- about(blocks_of(c), w)
  zero <- 1 - c$arm; one <- c$arm
  fit <- if (ncol(B)) lm(value ~ zero + one + B - 1, weights = w) else lm(value ~ zero + one - 1, weights = w)
  V <- vcov(fit)[1:2, 1:2]; b <- coef(fit)[1:2]; df <- df.residual(fit) - rank; df_mean <- rep(df, 2)
  if (s$variance == "welch") {
    v <- tapply(value, c$arm, var) / table(c$arm); k <- table(c$arm) - 1
    V <- diag(as.vector(v)); df_mean <- as.vector(k)
    df_welch <- function(slope) sum(slope^2 * v)^2 / sum((slope^2 * v)^2 / k)
  } else df_welch <- function(slope) df
  if (ratio == "arithmetic" && ncol(B)) {
    relative <- lm(I(value / b[1 + c$arm]) ~ zero + one + B - 1, weights = w)
    V <- vcov(relative)[1:2, 1:2] * outer(b, b)
  }
  slope <- if (ratio == "arithmetic") c(-1, 1) / b else c(-1, 1)
  effect <- if (ratio == "arithmetic") log(b[2] / b[1]) else b[2] - b[1]
  say_effect(effect, sqrt(sum(slope * (V %*% slope))), df_welch(slope), s$level, log = ratio != "none")
  if (adjusted) return(invisible())
  back <- if (ratio == "geometric") exp else identity
  for (arm in 0:1) say_mean(arm, b[1 + arm], sqrt(V[1 + arm, 1 + arm]), df_mean[1 + arm], s$level, back)
}
cluster_regression <- function(d, s) {
  c <- by_cluster(d); w <- if (s$weights == "size") c$n else rep(1, nrow(c)); w <- w / mean(w)
  sub <- if (has(c, "subgroup")) factor(c$subgroup) else factor(rep(1, nrow(c)))
  L <- if (nlevels(sub) < 2) matrix(1, nrow(c), 1) else model.matrix(~ sub - 1, list(sub = sub))
  k <- ncol(L); X <- cbind((1 - c$arm) * L, c$arm * L, about(cbind(blocks_of(c), covariates(c)), w))
  colnames(X) <- paste0("b", seq_len(ncol(X)))
  fit <- lm(c$m ~ X - 1, weights = w); b <- coef(fit); p <- length(b)
  V <- switch(s$variance, classical = vcov(fit), cr2 = clubSandwich::vcovCR(fit, cluster = seq_len(nrow(c)), type = "CR2",
    target = if (s$working == "inverse_weights") 1 / w else NULL), sandwich::vcovHC(fit, type = toupper(s$variance)))
  df_of <- function(slope) {
    if (s$df != "satterthwaite") return(df.residual(fit))
    clubSandwich::Wald_test(fit, constraints = matrix(slope, 1), vcov = V, test = "HTZ")$df_denom
  }
  V_plain <- unclass(as.matrix(V)); se <- function(slope) sqrt(sum(slope * (V_plain %*% slope)))
  at <- function(i, v) replace(numeric(p), i, v); share <- colSums(w * L) / sum(w)
  within <- lapply(seq_len(k), function(i) at(k + i, 1) + at(i, -1))
  effect <- if (k == 1) within[[1]] else within[[k]] - within[[1]]
  say_effect(sum(effect * b), se(effect), df_of(effect), s$level)
  for (arm in 0:1) {
    slope <- at(arm * k + seq_len(k), share)
    say_mean(arm, sum(slope * b), se(slope), df_of(slope), s$level)
  }
}
