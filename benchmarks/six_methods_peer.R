# Five of the six methods on a series of six_methods.py: Rscript six_methods_peer.R data.csv lag runs -> JSON
# (nlme has no Satterthwaite degrees of freedom for its first-order autoregression; no package here has prais.)
suppressPackageStartupMessages({library(nlme); library(sandwich); library(jsonlite)})
given <- commandArgs(trailingOnly = TRUE)
d <- read.csv(given[1]); lag <- as.integer(given[2]); runs <- as.integer(given[3])
if ("season" %in% names(d)) d$season <- factor(d$season)
mean_of <- as.formula(if ("season" %in% names(d)) "y ~ time + step + ramp + season" else "y ~ time + step + ramp")
X <- model.matrix(mean_of, d); y <- d$y; d$t <- seq_along(y)
prais <- function() {
  phi <- 0; b <- qr.coef(qr(X), y)
  for (round in 1:1000) {
    e <- as.vector(y - X %*% b); old <- phi; n <- length(e)
    phi <- sum(e[-1] * e[-n]) / sum(e[-n]^2)
    w <- function(M) rbind(sqrt(1 - phi^2) * M[1, , drop = FALSE], M[-1, , drop = FALSE] - phi * M[-n, , drop = FALSE])
    Xw <- w(X); yw <- w(as.matrix(y)); b <- qr.coef(qr(Xw), yw)
    if (abs(phi - old) <= 1e-12) break
  }
  e <- as.vector(yw - Xw %*% b)
  V <- sum(e^2) / (n - ncol(X)) * solve(crossprod(Xw))
  c(b[colnames(X) == "step"], sqrt(V["step", "step"]))
}
methods <- list(
  ols = function() coef(summary(lm(mean_of, d)))["step", 1:2],
  newey_west = function() {
    fit <- lm(mean_of, d)
    c(coef(fit)[["step"]], sqrt(NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = TRUE)["step", "step"]))
  },
  prais_winsten = prais,
  reml = function() {
    fit <- gls(mean_of, d, correlation = corAR1(form = ~t), method = "REML")
    c(coef(fit)[["step"]], sqrt(vcov(fit)["step", "step"]))
  },
  arima = function() {
    fit <- arima(y, order = c(1, 0, 0), xreg = X, include.mean = FALSE, method = "ML")
    c(coef(fit)[["step"]], sqrt(vcov(fit)["step", "step"]))
  })
cpu <- function(call) { t <- system.time(call()); sum(t[c("user.self", "sys.self")]) }
found <- lapply(methods, function(m) tryCatch(as.numeric(m()), error = function(e) c(NA, NA)))
taken <- replicate(runs, sapply(methods, function(m) tryCatch(cpu(function() for (i in 1:5) m()) / 5, error = function(e) NA)))
cat(toJSON(list(level = lapply(found, `[`, 1), std_error = lapply(found, `[`, 2),
                seconds = as.list(apply(taken, 1, median)), table = median(colSums(taken)),
                versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                                nlme = as.character(packageVersion("nlme")), sandwich = as.character(packageVersion("sandwich")))),
           auto_unbox = TRUE, digits = 12, na = "null"))
