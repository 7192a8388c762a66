# ---- segmented regression of series: lm and sandwich, Prais and Winsten by a loop, nlme's gls, MASS, likelihoods --
suppressPackageStartupMessages({library(sandwich); library(nlme); library(MASS)})
# Columns of every row: levels and trend, the shapes of each interruption (marked by its number), season, covariates.
series_columns <- function(d, s) {
  controlled <- any(d$treated == 0); z <- d$treated; one <- rep(1, nrow(d)); own <- 0L
  X <- if (controlled) cbind(one, d$time, z, z * d$time)
       else if (length(unique(d$unit)) > 1 && s$levels == "unit") cbind(model.matrix(~ factor(unit) - 1, d), d$time)
       else cbind(one, d$time)
  owner <- rep(0L, ncol(X)); kind <- rep("", ncol(X))
  for (i in seq_along(s$shapes)) {
    since <- d[[paste0("since", i)]] - s$first_after; since[is.na(since)] <- -1e9
    for (shape in s$shapes[[i]]) {
      v <- switch(shape$kind, step = as.numeric(since >= 0), ramp = ifelse(since >= 0, since + s$ramp_from, 0),
        phased = pmin(1, pmax(0, (since + 1) / shape$by)), pulse = as.numeric(since >= 0 & since < shape$by),
        decay = ifelse(since >= 0, 0.5^(since / shape$by), 0))
      if (controlled) { X <- cbind(X, v, z * v); owner <- c(owner, 0L, i); kind <- c(kind, "", shape$kind) }
      else { X <- cbind(X, v); owner <- c(owner, i); kind <- c(kind, shape$kind) }
    }
  }
  Q <- switch(s$season$kind, none = matrix(0, nrow(d), 0), month_dummies = dummies(d$period %% s$season$length),
    fourier = do.call(cbind, lapply(seq_len(s$season$count), function(k) {
      a <- 2 * pi * k * d$period / s$season$length
      if (2 * k == s$season$length) cos(a) else cbind(sin(a), cos(a))
    })),
    spline = {
      k <- s$season$count + 1; h <- s$season$length / k; t <- d$period %% s$season$length
      B <- splines::splineDesign(h * ((-3):(k + 3)), t, ord = 4); B[, 1:3] <- B[, 1:3] + B[, k + 1:3]; B[, 2:k]
    })
  C <- covariates(d); if (ncol(C)) C <- sweep(C, 2, colMeans(C[d$used == 1, , drop = FALSE]))
  X <- cbind(X, Q, C); colnames(X) <- paste0("b", seq_len(ncol(X)))
  more <- ncol(X) - length(owner)
  list(X = X, owner = c(owner, rep(0L, more)), kind = c(kind, rep("", more)))
}
least_squares <- function(X, y) {
  fit <- lm.fit(X, y); e <- fit$residuals
  list(b = fit$coefficients, e = e, V = sum(e^2) / (length(y) - ncol(X)) * chol2inv(qr.R(fit$qr)))
}
# Rounds of the autocorrelation of residuals and of whitened least squares, within each series.
prais <- function(X, y, block) {
  first <- !duplicated(block); phi <- 0; fit <- least_squares(X, y)
  white <- function(M, phi) {
    M <- as.matrix(M); lag <- rbind(0, M[-nrow(M), , drop = FALSE])
    out <- M - phi * lag; out[first, ] <- sqrt(1 - phi^2) * M[first, ]; out
  }
  for (round in 1:5000) {
    e <- as.vector(y - X %*% fit$b); old <- phi
    phi <- sum(e[!first] * e[which(!first) - 1]) / sum(e[which(!first) - 1]^2)
    fit <- least_squares(white(X, phi), as.vector(white(y, phi)))
    if (abs(phi - old) < 1e-14) break
  }
  c(fit, phi = phi)
}
# Errors of first-order autocorrelation at any distance: nlme's gls, its likelihood maximised to the last digit.
ar1 <- function(X, y, time, reml) {
  profile <- function(phi) {
    L <- chol(phi^abs(outer(time, time, "-"))); Xw <- backsolve(L, X, transpose = TRUE); yw <- backsolve(L, y, transpose = TRUE)
    e <- lm.fit(Xw, yw)$residuals; n <- length(y) - reml * ncol(X)
    -sum(log(diag(L))) - reml * sum(log(abs(diag(qr.R(qr(Xw)))))) - 0.5 * n * log(sum(e^2))
  }
  d <- data.frame(y = y, time = time); d$X <- X
  theirs <- gls(y ~ X - 1, d, corAR1(0.3, form = ~ time), method = if (reml) "REML" else "ML",
                control = glsControl(tolerance = 1e-12, msTol = 1e-12, msMaxIter = 500, maxIter = 500))
  start <- coef(theirs$modelStruct$corStruct, unconstrained = FALSE)[[1]]
  slope <- function(phi) numDeriv::grad(profile, phi, method.args = list(r = 6, d = 1e-3))
  phi <- uniroot(slope, c(max(start - 0.02, -0.9999), min(start + 0.02, 0.9999)), tol = 1e-14)$root
  L <- chol(phi^abs(outer(time, time, "-"))); fit <- least_squares(backsolve(L, X, transpose = TRUE), backsolve(L, y, transpose = TRUE))
  c(fit, phi = phi)
}
# Autocovariances, up to the variance of the innovations, of a (seasonal) autoregression or moving average.
autocovariances <- function(p, s, n) {
  poly <- function(a, b) { out <- numeric(length(a) + length(b) - 1); for (i in seq_along(a)) out[i + seq_along(b) - 1] <- out[i + seq_along(b) - 1] + a[i] * b; out }
  spaced <- function(v) { out <- numeric(1 + length(v) * s$period); out[1] <- 1; out[1 + seq_along(v) * s$period] <- v; out }
  k <- s$ar + s$ma; low <- p[seq_len(k)]; high <- p[k + seq_len(length(p) - k)]
  if (s$ar + s$seasonal_ar > 0) {
    a <- -poly(c(1, -low), spaced(-high))[-1]; r <- ARMAacf(ar = a, lag.max = n - 1)
    return(as.vector(r) / (1 - sum(a * r[1 + seq_along(a)])))
  }
  m <- poly(c(1, low), spaced(high)); g <- vapply(seq_along(m) - 1, function(h) sum(m[seq_len(length(m) - h)] * m[h + seq_len(length(m) - h)]), 0)
  c(g, numeric(max(0, n - length(g))))[seq_len(n)]
}
# Errors of (seasonal) autoregressions or moving averages after differences: R's arima, then Newton's steps on the
# likelihood written out, whose second differences give the covariance.
arima_errors <- function(X, y, s) {
  for (i in seq_len(s$d)) { X <- diff(X); y <- diff(y) }
  for (i in seq_len(s$seasonal_d)) { X <- diff(X, lag = s$period); y <- diff(y, lag = s$period) }
  kept <- apply(abs(X), 2, max) > 1e-12; Z <- X[, kept, drop = FALSE]; n <- length(y)
  fit <- arima(y, c(s$ar, 0, s$ma), list(order = c(s$seasonal_ar, 0, s$seasonal_ma), period = s$period), xreg = Z,
               include.mean = FALSE, method = "ML", optim.control = list(reltol = 1e-15, maxit = 1000))
  k <- s$ar + s$ma + s$seasonal_ar + s$seasonal_ma; p <- ncol(Z); scale <- apply(Z, 2, sd); scale[scale == 0] <- abs(Z[1, scale == 0])
  like <- function(q) {  # correlations, coefficients in units of their columns, log of the innovations' variance
    g <- autocovariances(q[seq_len(k)], s, n)
    if (any(!is.finite(g)) || g[1] <= 0) return(-1e10)
    L <- chol(toeplitz(g)); e <- backsolve(L, y - Z %*% (q[k + seq_len(p)] / scale), transpose = TRUE)
    -sum(log(diag(L))) - 0.5 * n * q[k + p + 1] - 0.5 * sum(e^2) / exp(q[k + p + 1])
  }
  q <- c(coef(fit)[seq_len(k)], coef(fit)[k + seq_len(p)] * scale, log(fit$sigma2)); small <- list(d = 1e-2, r = 6, zero.tol = 1e-3, eps = 1e-2)
  for (i in 1:5) { H <- numDeriv::hessian(like, q, method.args = list(d = 1e-2, r = 5)); q <- q - solve(H, numDeriv::grad(like, q, method.args = list(d = 1e-3, r = 5))) }
  H <- numDeriv::hessian(like, q, method.args = list(d = 1e-2, r = 5))
  V <- solve(-H)[k + seq_len(p), k + seq_len(p)] / outer(scale, scale)
  full <- matrix(0, ncol(X), ncol(X)); full[kept, kept] <- V
  list(b = replace(numeric(ncol(X)), kept, q[k + seq_len(p)] / scale), V = full)
}
counts <- function(X, d, s) {
  tight <- glm.control(epsilon = 1e-15, maxit = 200); events <- d$y * d$size
  fit <- switch(s$kind,
    quasi_poisson = glm(events ~ X - 1 + offset(log(size)), quasipoisson, d, control = tight),
    quasi_binomial = glm(cbind(events, size - events) ~ X - 1, quasibinomial, d, control = tight),
    negative_binomial = glm.nb(events ~ X - 1 + offset(log(size)), d, control = tight))
  V <- if (s$lag < 0) vcov(fit) else NeweyWest(fit, lag = s$lag, prewhite = FALSE, adjust = s$small)
  list(b = coef(fit), V = V)
}
fitted_series <- function(kind, X, d, s) switch(kind,
  independent = least_squares(X, d$y),
  newey_west = { fit <- lm(d$y ~ X - 1); list(b = coef(fit), V = NeweyWest(fit, lag = s$lag, prewhite = FALSE, adjust = s$small)) },
  prais_winsten = prais(X, d$y, d$unit),
  reml_ar1 = ar1(X, d$y, d$period, TRUE), ml_ar1 = ar1(X, d$y, d$period, FALSE),
  arima = arima_errors(X, d$y, s$arima),
  counts(X, d, s))
# The change that is sought, as estimate and standard error: a coefficient, or fitted against the counterfactual.
change_of <- function(fit, columns, d, s) {
  b <- fit$b; X <- columns$X; own <- columns$owner == s$at
  if (s$change %in% c("level_change", "slope_change")) {
    j <- which(own & columns$kind %in% (if (s$change == "level_change") c("step", "phased") else "ramp"))
    return(c(b[j], sqrt(fit$V[j, j])))
  }
  since <- d[[paste0("since", s$at)]]; rows <- which(d$treated == 1 & !is.na(since) & since >= s$from & since <= s$to)
  w <- d$size[rows] / sum(d$size[rows]); A <- X[rows, , drop = FALSE]; B <- A; B[, own] <- 0
  link <- switch(s$link, identity = list(identity, function(e) 1 + 0 * e), log = list(exp, exp), logit = list(plogis, dlogis))
  mean_of <- function(M) { eta <- as.vector(M %*% b); list(m = sum(w * link[[1]](eta)), slope = as.vector((w * link[[2]](eta)) %*% M)) }
  up <- mean_of(A); down <- mean_of(B); scale <- if (s$change == "cumulative") sum(d$size[rows]) else 1
  if (s$scale == "difference") { value <- scale * (up$m - down$m); slope <- scale * (up$slope - down$slope) }
  if (s$scale == "ratio") { value <- log(up$m / down$m); slope <- up$slope / up$m - down$slope / down$m }
  if (s$scale == "odds_ratio") { value <- qlogis(up$m) - qlogis(down$m); slope <- up$slope / (up$m * (1 - up$m)) - down$slope / (down$m * (1 - down$m)) }
  c(value, sqrt(sum(slope * (fit$V %*% slope))))
}
segmented_regression <- function(d, s) {
  columns <- series_columns(d, s); used <- d$used == 1; X <- columns$X[used, , drop = FALSE]; rows <- d[used, ]
  fit <- fitted_series(s$kind, X, rows, s); found <- change_of(fit, columns, d, s)
  df <- switch(s$df, residual = nrow(X) - ncol(X), normal = Inf, NA)
  if (is.na(df)) { say("estimate.estimate", if (s$log) exp(found[1]) else found[1]); say("estimate.std_error", found[2]) }
  else say_effect(found[1], found[2], df, s$level, s$log)
}
six_methods <- function(d, s) {
  columns <- series_columns(d, s); used <- d$used == 1; X <- columns$X[used, , drop = FALSE]; rows <- d[used, ]
  segmented_regression(d, s)
  names <- c(ols = "independent", newey_west = "newey_west", prais_winsten = "prais_winsten", reml = "reml_ar1", reml_satterthwaite = "reml_ar1")
  for (name in names(names)) tryCatch({
    found <- change_of(fitted_series(names[[name]], X, rows, s), columns, d, s)
    say(paste0("inference_beside.estimate[inference=", name, "]"), found[1])
    say(paste0("inference_beside.std_error[inference=", name, "]"), found[2])
  }, error = function(e) message(name, ": ", conditionMessage(e)))
}
