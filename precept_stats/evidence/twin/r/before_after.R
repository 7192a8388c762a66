# ---- after against before: lm, sandwich and clubSandwich ----------------------------------------------------------
before_after <- function(d, s) {
  d <- d[d$used == 1, ]; w <- if (s$weights == "denominators") d$size else rep(1, nrow(d)); w <- w / mean(w)
  S <- switch(s$start, none = matrix(0, nrow(d), 0), time_from_start = matrix(d$time), start_line = matrix(d$period - d$time))
  M <- if (s$study_month) matrix(d$period) else matrix(0, nrow(d), 0)
  Q <- if (s$season > 0) dummies(d$period %% s$season) else matrix(0, nrow(d), 0)
  X <- cbind(before = 1, effect = d$after, about(cbind(S, M, covariates(d), Q), w)); colnames(X) <- paste0("b", seq_len(ncol(X)))
  fit <- lm(d$y ~ X - 1, weights = w); b <- coef(fit); p <- length(b); K <- length(unique(d$cluster))
  cr2 <- function() clubSandwich::vcovCR(fit, cluster = d$cluster, type = "CR2")
  V <- switch(s$variance, classical = vcov(fit), hc1 = sandwich::vcovHC(fit, type = "HC1"),
    cr1 = sandwich::vcovCL(fit, cluster = d$cluster, type = "HC1", cadjust = TRUE), cr2 = cr2())
  plain <- unclass(as.matrix(V))
  satterthwaite <- function(V, slope) clubSandwich::Wald_test(fit, constraints = matrix(slope, 1), vcov = V, test = "HTZ")$df_denom
  df <- function(slope) switch(s$df, normal = Inf, residual = df.residual(fit), clusters_minus_one = K - 1, satterthwaite = satterthwaite(V, slope))
  at <- function(i) replace(numeric(p), i, 1); se <- function(V, slope) sqrt(sum(slope * (V %*% slope)))
  say_effect(b[2], se(plain, at(2)), df(at(2)), s$level)
  say_mean(0, b[1], se(plain, at(1)), df(at(1)), s$level)
  say_mean(1, b[1] + b[2], se(plain, at(1:2)), df(at(1:2)), s$level)
  if (s$beside) {
    V <- cr2(); say_effect(b[2], se(unclass(as.matrix(V)), at(2)), satterthwaite(V, at(2)), s$level, context = "inference_beside[inference=cr2]")
  }
}
