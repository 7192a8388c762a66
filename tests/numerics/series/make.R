# Numbers of R, and of plain n by n formulas, for numerics.series beside those recorded in recorded.json.
#   Rscript tests/numerics/series/make.R [folder of the data that do not ship]
# ar1: restricted likelihood written out with the n by n covariance; derivatives by numDeriv; Satterthwaite
#   with the observed information, Kenward and Roger (1997) with the expected one, in (variance, phi).
# arima: stats::arima on data that were differenced beforehand (so without its prior variance of 1e6), then
#   the log-likelihood written out with the n by n covariance and its Hessian by numDeriv.
# durbin_watson: lmtest::dwtest with its exact p, which it gives by itself up to 100 points only.
# counts: stats::glm and MASS::glm.nb with sandwich's Newey-West.
suppressPackageStartupMessages({library(jsonlite); library(sandwich); library(MASS); library(numDeriv); library(lmtest)})
options(digits = 17)
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
elsewhere <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
plans <- file.path(here, "../../../analysis_plans/data")
sales <- read.csv(file.path(plans, "prop99/cigarette_sales.csv"))
belts <- read.csv(file.path(plans, "seatbelts/drivers.csv"))
quetiapine <- read.csv(file.path(elsewhere, "its_quetiapine_tidy.csv"))

set.seed(20267)
n <- 60
synthetic <- data.frame(position = 0:(n - 1), data_origin = "synthetic")
synthetic$step <- as.integer(synthetic$position >= 36)
synthetic$ramp <- pmax(synthetic$position - 36, 0)
synthetic$births <- rpois(n, 220)
noise <- as.vector(arima.sim(list(ar = 0.55), n, sd = 0.18))
synthetic$value <- round(50 + 0.2 * synthetic$position + 6 * synthetic$step - 0.3 * synthetic$ramp + 12 * noise, 4)
rate <- exp(-2 + 0.004 * synthetic$position + 0.25 * synthetic$step + noise)
synthetic$events <- rpois(n, synthetic$births * rate)
share <- plogis(-0.4 + 0.01 * synthetic$position + 0.5 * synthetic$step + noise)
synthetic$treated <- rbinom(n, synthetic$births, share)
write.csv(synthetic, file.path(here, "data/synthetic.csv"), row.names = FALSE)
gapped <- synthetic[!(synthetic$position %in% c(11, 12, 30, 36, 37, 38, 51)), ]

# --- one series: X, y, positions
segmented <- function(position, step, ramp) cbind(1, position, step, ramp)
k <- 1:192; after <- k >= 170
season <- function(m) cbind(sin(2 * pi * m / 12), cos(2 * pi * m / 12), sin(4 * pi * m / 12), cos(4 * pi * m / 12))
cases <- list(
  seatbelts = list(X = cbind(1, k, after, pmax(k - 169, 0), season(k)), y = log(belts$killed_or_injured), at = k),
  quetiapine = list(X = cbind(1, quetiapine$time, quetiapine$step, quetiapine$ramp), y = quetiapine$dispensings, at = quetiapine$time),
  synthetic = list(X = with(synthetic, segmented(position, step, ramp)), y = synthetic$value, at = synthetic$position),
  gapped = list(X = with(gapped, segmented(position, step, ramp)), y = gapped$value, at = gapped$position))

correlation <- function(at, phi) phi^abs(outer(at, at, "-"))
restricted <- function(par, s) {
  V <- par[1] * correlation(s$at, par[2])
  L <- chol(V)
  X <- backsolve(L, s$X, transpose = TRUE); y <- backsolve(L, s$y, transpose = TRUE)
  A <- crossprod(X); b <- solve(A, crossprod(X, y)); e <- y - X %*% b
  -sum(log(diag(L))) - 0.5 * determinant(A)$modulus[1] - 0.5 * sum(e^2) - 0.5 * (length(y) - ncol(X)) * log(2 * pi)
}
ar1 <- function(s) {
  m <- length(s$y) - ncol(s$X)
  profile <- function(phi) {
    L <- chol(correlation(s$at, phi))
    X <- backsolve(L, s$X, transpose = TRUE); y <- backsolve(L, s$y, transpose = TRUE)
    sum((y - X %*% solve(crossprod(X), crossprod(X, y)))^2) / m
  }
  best <- function(phi) restricted(c(profile(phi), phi), s)
  phi <- optimize(best, c(-0.9, 0.95), maximum = TRUE, tol = 1e-12)$maximum
  for (i in 1:3) phi <- phi - grad(best, phi) / as.vector(hessian(best, phi))
  theta <- c(profile(phi), phi)
  # the Hessian in units of the parameters, with steps that stay inside the stationary range
  H <- -hessian(function(u) restricted(theta * u, s), c(1, 1), method.args = list(d = 0.01)) / outer(theta, theta)
  A <- solve(H)
  d <- abs(outer(s$at, s$at, "-"))
  V <- theta[1] * phi^d
  V1 <- phi^d; V2 <- theta[1] * ifelse(d >= 1, d * phi^(d - 1), 0)
  V12 <- ifelse(d >= 1, d * phi^(d - 1), 0); V22 <- theta[1] * ifelse(d >= 2, d * (d - 1) * phi^(d - 2), 0)
  Vi <- solve(V); X <- s$X; Phi <- solve(t(X) %*% Vi %*% X)
  first <- list(V1, V2); second <- list(list(0 * V, V12), list(V12, V22))
  P <- lapply(first, function(G) -t(X) %*% Vi %*% G %*% Vi %*% X)
  gradient <- sapply(P, function(p) diag(-Phi %*% p %*% Phi))
  satterthwaite <- 2 * diag(Phi)^2 / rowSums((gradient %*% A) * gradient)
  I <- matrix(0, 2, 2); Q <- list(); R <- list()
  for (i in 1:2) for (j in 1:2) {
    q <- t(X) %*% Vi %*% first[[i]] %*% Vi %*% first[[j]] %*% Vi %*% X
    Q[[paste(i, j)]] <- q
    R[[paste(i, j)]] <- t(X) %*% Vi %*% second[[i]][[j]] %*% Vi %*% X
    I[i, j] <- 0.5 * (sum(diag(Vi %*% first[[i]] %*% Vi %*% first[[j]])) - 2 * sum(diag(Phi %*% q)) +
                      sum(diag(Phi %*% P[[i]] %*% Phi %*% P[[j]])))
  }
  W <- solve(I); U <- 0
  for (i in 1:2) for (j in 1:2)
    U <- U + W[i, j] * (Q[[paste(i, j)]] - P[[i]] %*% Phi %*% P[[j]] - R[[paste(i, j)]] / 4)
  adjusted <- Phi + 2 * Phi %*% U %*% Phi
  kr <- sapply(seq_len(ncol(X)), function(r) {
    l <- numeric(ncol(X)); l[r] <- 1; M <- l %*% t(l) / Phi[r, r]
    t1 <- sapply(P, function(p) sum(diag(M %*% Phi %*% p %*% Phi)))
    A1 <- sum(W * outer(t1, t1))
    A2 <- 0
    for (i in 1:2) for (j in 1:2)
      A2 <- A2 + W[i, j] * sum(diag(M %*% Phi %*% P[[i]] %*% Phi %*% M %*% Phi %*% P[[j]] %*% Phi))
    B <- (A1 + 6 * A2) / 2; g <- (2 * A1 - 5 * A2) / (3 * A2)
    c1 <- g / (3 + 2 * (1 - g)); c2 <- (1 - g) / (3 + 2 * (1 - g)); c3 <- (3 - g) / (3 + 2 * (1 - g))
    E <- 1 / (1 - A2); Vs <- 2 * (1 + c1 * B) / ((1 - c2 * B)^2 * (1 - c3 * B)); rho <- Vs / (2 * E^2)
    4 + 3 / (rho - 1)
  })
  list(phi = phi, variance = theta[1], log_likelihood = best(phi), se = sqrt(diag(Phi)), satterthwaite = satterthwaite,
       kenward_roger_se = sqrt(diag(adjusted)), kenward_roger_df = kr)
}

small <- list(d = 0.02)
polynomial <- function(parts, signs, s) {
  whole <- 1
  for (i in 1:2) {
    one <- if (i == 1) c(1, signs * parts[[1]]) else {
      z <- numeric(length(parts[[2]]) * s + 1); z[1] <- 1
      if (length(parts[[2]])) z[s * seq_along(parts[[2]]) + 1] <- signs * parts[[2]]
      z
    }
    whole <- convolve(whole, rev(one), type = "open")
  }
  whole
}
arma_likelihood <- function(par, X, y, at, order, s) {
  p <- order[1]; q <- order[2]; P <- order[3]; Q <- order[4]; k <- p + q + P + Q
  cut <- split(seq_len(k), rep(1:4, c(p, q, P, Q)))
  take <- function(i) if (is.null(cut[[as.character(i)]])) numeric(0) else par[cut[[as.character(i)]]]
  ar <- -polynomial(list(take(1), take(3)), -1, s)[-1]; ma <- polynomial(list(take(2), take(4)), 1, s)[-1]
  weights <- c(1, ARMAtoMA(ar, ma, 4000))
  gamma <- sapply(0:max(at - min(at)), function(h) sum(weights[1:(4001 - h)] * weights[(1 + h):4001]))
  V <- exp(par[length(par)]) * matrix(gamma[abs(outer(at, at, "-")) + 1], length(at))
  L <- chol(V); b <- par[k + seq_len(ncol(X))]
  e <- backsolve(L, y - X %*% b, transpose = TRUE)
  -sum(log(diag(L))) - 0.5 * sum(e^2) - 0.5 * length(y) * log(2 * pi)
}
arma <- function(X, y, order, s = 1) {
  # least squares columns of unit spread, so that the search and the differences are well scaled
  decomposed <- qr(X); Z <- qr.Q(decomposed) * sqrt(nrow(X)); back <- solve(qr.R(decomposed)) * sqrt(nrow(X))
  size <- sd(y); y <- y / size
  fit <- arima(y, order = c(order[1], 0, order[2]), seasonal = list(order = c(order[3], 0, order[4]), period = s),
               xreg = Z, include.mean = FALSE, optim.control = list(reltol = 1e-16, maxit = 5000))
  at <- seq_along(y)
  like <- function(par) arma_likelihood(par, Z, y, at, order, s)
  par <- c(coef(fit), log(fit$sigma2))
  for (i in 1:4) par <- par - solve(hessian(like, par, method.args = small), grad(like, par, method.args = small))
  k <- sum(order); b <- k + seq_len(ncol(X))
  V <- solve(-hessian(like, par, method.args = small))
  turn <- back * size
  list(arma = unname(par[seq_len(k)]), arma_se = unname(sqrt(diag(V)[seq_len(k)])), params = as.vector(turn %*% par[b]),
       se = sqrt(diag(turn %*% V[b, b] %*% t(turn))), variance = unname(exp(par[length(par)])) * size^2,
       log_likelihood = like(par) - length(y) * log(size))
}
lagged <- function(M, lag) M[-seq_len(lag), , drop = FALSE] - M[seq_len(nrow(M) - lag), , drop = FALSE]
Xs <- cases$seatbelts$X; ys <- as.matrix(cases$seatbelts$y)
Xq <- cases$quetiapine$X[, 3:4]; yq <- as.matrix(cases$quetiapine$y)
california <- sales[sales$area == "California", ]
Xp <- with(california, cbind(1, year - 1969, year > 1988, pmax(year - 1988, 0))); yp <- california$packs
Xw <- cases$synthetic$X; yw <- cases$synthetic$y
arimas <- list(
  seatbelts_100 = arma(Xs, cases$seatbelts$y, c(1, 0, 0, 0)),
  seatbelts_001 = arma(Xs, cases$seatbelts$y, c(0, 1, 0, 0)),
  seatbelts_101 = arma(Xs, cases$seatbelts$y, c(1, 1, 0, 0)),
  seatbelts_011 = arma(lagged(Xs, 1)[, -1], as.vector(lagged(ys, 1)), c(0, 1, 0, 0)),
  seatbelts_100_100 = arma(cbind(1, belts$kms, belts$petrol_price, belts$law), log10(belts$killed_or_injured), c(1, 0, 1, 0), 12),
  quetiapine_100 = arma(cases$quetiapine$X, cases$quetiapine$y, c(1, 0, 0, 0)),
  quetiapine_210_011 = arma(lagged(lagged(Xq, 1), 12), as.vector(lagged(lagged(yq, 1), 12)), c(2, 0, 0, 1), 12),
  synthetic_200 = arma(Xw, yw, c(2, 0, 0, 0)),
  prop99_100 = arma(Xp, yp, c(1, 0, 0, 0)),
  prop99_101 = arma(Xp, yp, c(1, 1, 0, 0)),
  prop99_011 = arma(lagged(Xp, 1)[, -1], diff(yp), c(0, 1, 0, 0)),
  quetiapine_001 = arma(cases$quetiapine$X, cases$quetiapine$y, c(0, 1, 0, 0)))

tight <- glm.control(epsilon = 1e-15, maxit = 100)
X <- with(synthetic, segmented(position, step, ramp))
count <- function(fit, lags = c(0, 3)) {
  se <- function(lag, adjust) sqrt(diag(NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = adjust)))
  out <- list(params = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), dispersion = summary(fit)$dispersion,
              pearson = unname(head(residuals(fit, "pearson"), 5)))
  for (lag in lags) { out[[paste0("newey_west_", lag)]] <- unname(se(lag, FALSE)); out[[paste0("newey_west_", lag, "_adjusted")]] <- unname(se(lag, TRUE)) }
  out
}
counts <- list(
  quasi_poisson = count(glm(events ~ X - 1 + offset(log(births)), quasipoisson, synthetic, control = tight)),
  quasi_binomial = count(glm(cbind(treated, births - treated) ~ X - 1, quasibinomial, synthetic, control = tight)))
negative <- glm.nb(events ~ X - 1 + offset(log(births)), synthetic, control = glm.control(epsilon = 1e-15, maxit = 500))
counts$negative_binomial <- c(count(negative), list(shape = negative$theta))
counts$negative_binomial$dispersion <- NULL

version <- function(name) unbox(as.character(packageVersion(name)))
software <- list(R = unbox(as.character(getRversion())), sandwich = version("sandwich"), MASS = version("MASS"),
                 numDeriv = version("numDeriv"))
watson <- lapply(cases[c("seatbelts", "synthetic")], function(s) {
  found <- dwtest(s$y ~ s$X - 1, alternative = "two.sided", exact = TRUE, tol = 1e-14)
  list(statistic = unname(found$statistic), p = unname(found$p.value))
})
write_json(list(software = software, durbin_watson = watson, ar1 = lapply(cases, ar1), arima = arimas, counts = counts),
           file.path(here, "expected.json"), digits = NA, pretty = 1)
